"""A model that can be evaluated: decisions, knowledge models, services, each compiled once.

Missing inputs are null; errors are null and stand in ``Result.errors``; nothing is raised for data.
Names that a decision uses although nothing declares them are taken from the inputs, as modellers without
requirements (Camunda's) expect it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.clock import Clock
from lineshaft.base.errors import NotFound, Problem
from lineshaft.base.text import Text, text
from lineshaft.dmn.boxed import LogicCompiler
from lineshaft.dmn.code import NULL, Code, Names, Scope, typed
from lineshaft.dmn.document import Decision, InputData, Knowledge, Service
from lineshaft.dmn.evaluation import Evaluation, Result
from lineshaft.dmn.item_types import ANYTHING, ItemType, completed, convert
from lineshaft.dmn.linking import Net, Node, Required
from lineshaft.feel import calls
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.errors import AssertionFailed, LimitReached

_EMPTY: Final[dict[str, Any]] = {}
ClockOrTime = Clock | datetime.datetime
"""What ``now()`` and ``today()`` read."""


class Model:
    """One DMN model with what it imports; made by ``dmn.load`` and ``dmn.loads``. Threads may share it.

    Attributes:
        name: The model's name.
        namespace: Its namespace.
        version: The version of DMN it is written in, e.g. ``1.5``.
        problems: Types and expressions that cannot be read: what they stand for is null with an error.
    """

    def __init__(self, net: Net, doubts: Sequence[Problem]) -> None:
        self.net = net
        self.document = net.root
        self.name = net.root.name
        self.namespace = net.root.namespace
        self.version = net.root.version
        for node in net.order:
            _compiled(net, node)
        self.problems: list[Problem] = [*doubts, *net.problems]

    # -- what there is ----------------------------------------------------------------------------

    @property
    def decisions(self) -> list[str]:
        """The names of the decisions."""
        return [node.element.name for node in self.net.named(Decision)]

    @property
    def decision_ids(self) -> list[str]:
        """The ids of the decisions, as business-rule tasks name them."""
        return [node.element.id for node in self.net.named(Decision)]

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs."""
        return [node.element.name for node in self.net.named(InputData)]

    @property
    def invocables(self) -> list[str]:
        """The names of the business knowledge models and decision services."""
        return [node.element.name for node in self.net.named(Knowledge, Service)]

    def input_types(self) -> dict[str, feel.types.Type]:
        """Return the type of each input."""
        return {node.element.name: node.type.feel for node in self.net.named(InputData)}

    def __repr__(self) -> str:
        return f"<DMN model {self.name!r}>"

    # -- evaluation -------------------------------------------------------------------------------

    def evaluate(
        self,
        decision: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        clock: ClockOrTime | None = None,
        bounds: feel.Bounds | None = None,
    ) -> Result:
        """Evaluate a decision and what it requires.

        Args:
            decision: Its name or id; of an imported one ``import.name``.
            inputs: The values of the inputs by name. Those of imported models stand in a mapping under the
                import's name, or under ``import.name``. What is missing is null.
            clock: What ``now()`` and ``today()`` read; without it they are null with an error.
            bounds: See ``feel.Bounds``; they hold for the evaluation as a whole.

        Raises:
            NotFound: There is no such decision.
        """
        node = self.net.find(decision, Decision)
        if node is None:
            raise _not_found(decision, self.decisions)
        ev = _begin(inputs, clock, bounds)
        return _finished(_decide(node, ev), node, ev)

    def invoke(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        clock: ClockOrTime | None = None,
        bounds: feel.Bounds | None = None,
    ) -> Result:
        """Call a decision service or a business knowledge model.

        Args:
            name: Its name or id; of an imported one ``import.name``.
            arguments: The values of the parameters by name; what is missing is null. A service's parameters
                are its input data and its input decisions.
            clock: What ``now()`` and ``today()`` read.
            bounds: See ``feel.Bounds``.

        Raises:
            NotFound: There is no such service or knowledge model.
        """
        node = self.net.find(name, Service, Knowledge)
        if node is None:
            raise _not_found(name, self.invocables)
        ev = _begin(arguments, clock, bounds)
        function = _fetch(node, ev)
        given = {key: feel.from_python(value) for key, value in ev.inputs.items()}
        if isinstance(node.element, Service):
            for item in node.parameters:
                if item.prefix and item.name not in given:
                    given[item.name] = _from_outside(item.node, given)
        value = None
        if function is not None:
            value = _guard(partial(_call, function, given, node, ev), node, ev)
        return _finished(value, node, ev)


def _begin(
    inputs: Mapping[str, Any] | None, clock: ClockOrTime | None, bounds: feel.Bounds | None
) -> Evaluation:
    runtime = feel.Runtime("", clock=clock, warnings=[], bounds=bounds or feel.Bounds())
    return Evaluation(_EMPTY if inputs is None else inputs, runtime, None)


def _finished(value: Any, node: Node, ev: Evaluation) -> Result:
    rules = ev.rules
    matched = rules.get(node.label, rules.get(ev.last, ()))
    return Result(value, ev.errors, ev.decisions, matched, rules)


def _not_found(name: str, known: list[str]) -> NotFound:
    return NotFound(
        text("There is nothing named `{name}` to evaluate.", "没有可求值的 `{name}`。", name=name),
        code="decision_unknown",
        hint=text("known: {known}", "已有：{known}", known=", ".join(known) or "-"),
    )


def _call(function: feel.Function, given: dict[str, Any], node: Node, ev: Evaluation) -> Any:
    known = [parameter.name for parameter in function.parameters]
    prefixes = {part for item in node.parameters for part in item.prefix}
    for name in given:
        if name not in known and name.split(".")[0] not in prefixes:
            message = text("there is no parameter `{name}`", "没有参数 `{name}`", name=name)
            ev.error("parameter_unknown", message, node.element.place)
    runtime = ev.runtime
    value = calls.call(function, tuple(given.get(name) for name in known), runtime, 0)
    ev.drain(0, node.element.place)
    return value


# -- what nodes give -----------------------------------------------------------------------------


def _guard(run: Any, node: Node, ev: Evaluation) -> Any:
    """Run, and turn what stops an evaluation (bounds, assertions) into null with an error."""
    try:
        return run()
    except (LimitReached, AssertionFailed) as stopped:
        message: Text = stopped.text
    except RecursionError:
        message = text("it is nested too deeply", "嵌套过深")
    except ArithmeticError:
        message = text("a number is out of range", "数字超出范围")
    ev.runtime.muted = 0
    ev.error("stopped", message, node.element.place)
    return None


def _fetch(node: Node, ev: Evaluation) -> Any:
    """Return what a node stands for in the scope of another."""
    kind = node.element.__class__
    if kind is InputData:
        return _input(node, ev)
    if kind is Decision:
        return _decide(node, ev)
    found = ev.functions.get(node.key)
    if found is None:
        found = _knowledge(node, ev) if kind is Knowledge else _service(node, ev)
        if found is not None:
            ev.functions[node.key] = found
    return found


def _input(node: Node, ev: Evaluation) -> Any:
    values = ev.values
    if node.key in values:
        return values[node.key]
    found = _from_outside(node, ev.inputs)
    value = None if found is None else feel.from_python(found)
    wanted = node.type
    if wanted is not ANYTHING and not wanted.fits(value):
        try:
            value = convert(completed(value, wanted), wanted)
        except feel.Fault as fault:
            ev.fault(fault, node.element.place)
            value = None
    values[node.key] = value
    return value


def _from_outside(node: Node, inputs: Mapping[str, Any]) -> Any:
    if not any(node.routes):
        found = inputs.get(node.name)
        return inputs.get(node.element.name) if found is None else found
    for route in node.routes:
        level: Any = inputs
        for part in (*route, node.name):
            level = level.get(part) if isinstance(level, Mapping) else None
        if level is not None:
            return level
        for start in range(len(route)):
            found = inputs.get(".".join((*route[start:], node.name)))
            if found is not None:
                return found
    return inputs.get(node.name)


def _decide(node: Node, ev: Evaluation) -> Any:
    """Return the value of a decision; what it needs is evaluated first, without recursion."""
    values = ev.values
    stack = [node]
    while stack:
        top = stack[-1]
        if top.key in values:
            stack.pop()
            continue
        missing = [below for below in top.needs if below.key not in values]
        if missing:
            stack += reversed(missing)
            continue
        assert top.code is not None
        value = _guard(partial(top.code.run, _scope(top, ev), ev), top, ev)
        values[top.key] = ev.decisions[top.label] = value
    return values[node.key]


def _scope(node: Node, ev: Evaluation) -> Scope:
    scope: Scope = {}
    for item in node.requires:
        value = _fetch(item.node, ev)
        _bind(scope, item, value)
    for name in node.free:
        if name in ev.inputs:
            scope[name] = feel.from_python(ev.inputs[name])
    return scope


def _bind(scope: Scope, item: Required, value: Any) -> None:
    """Enter a value under its name; that of an imported element within a context per import."""
    for part in item.prefix:
        scope = scope.setdefault(part, {})
    scope[item.name] = value


def _knowledge(node: Node, ev: Evaluation) -> Any:
    assert node.code is not None
    scope: Scope = {}
    made = node.code.run(scope, ev)
    # The function may call itself, and others may call it: it is there before what it requires.
    ev.functions[node.key] = made
    for item in node.requires:
        value = _fetch(item.node, ev)
        _bind(scope, item, value)
    if node.name not in BUILTINS:
        scope.setdefault(node.name, made)
    return made


def _service(node: Node, ev: Evaluation) -> feel.Function:
    wanted = [(item.node, item.node.type) for item in node.parameters]
    outputs = [(item.name, item.node) for item in node.outputs]
    result = _result_of(node.type)
    is_outermost = ev.runtime.depth == 0

    def implementation(runtime: feel.Runtime, *arguments: Any) -> Any:
        inner = Evaluation(_EMPTY, runtime, ev)
        for (target, type_), argument in zip(wanted, arguments, strict=True):
            inner.values[target.key] = convert(completed(argument, type_), type_)
        values = {name: _decide(target, inner) for name, target in outputs}
        if is_outermost:
            ev.decisions.update(inner.decisions)
        ev.last = inner.last or ev.last
        value = next(iter(values.values())) if len(outputs) == 1 else values or None
        return convert(value, result)

    # Structures are completed before they are held against their type; the others are so by FEEL.
    parameters = tuple(
        feel.Parameter(item.name, None if item.node.type.components else item.node.type.feel)
        for item in node.parameters
    )
    return feel.Function(parameters, implementation, node.name, needs_runtime=True)


def _result_of(type_: ItemType) -> ItemType:
    """Return what a function returns, given the type of its variable: models name either there."""
    return type_.result if type_.result is not None else type_


# -- compiling -----------------------------------------------------------------------------------


def _compiled(net: Net, node: Node) -> Code:
    """Compile a node's logic, what it requires first; return its code."""
    if node.code is not None:
        return node.code
    element = node.element
    if isinstance(element, InputData | Service):
        node.code = Code(NULL.run, node.type.feel if isinstance(element, InputData) else None)
        return node.code
    names: Names = {}
    compiler = LogicCompiler(node.types, node.label, node.document.language, net.problems, element.place)
    for item in node.requires:
        is_value = isinstance(item.node.element, InputData | Decision)
        shape = _shape(net, item.node) if is_value else None
        _bind(names, item, shape)
    if isinstance(element, Knowledge):
        if node.name not in BUILTINS:
            names.setdefault(node.name, None)
        result = _result_of(node.type)
        code = (
            _nothing(compiler) if element.logic is None else compiler.function(element.logic, names, result)
        )
    else:
        inner = _nothing(compiler) if element.logic is None else compiler.code(element.logic, names)
        code = typed(inner, node.type, element.place)
        node.free = tuple(
            sorted(name for name in compiler.free if name not in BUILTINS and not net.is_declared(name))
        )
    node.code = code
    return code


def _shape(net: Net, node: Node) -> Any:
    code = _compiled(net, node)
    return code.shape if code.shape is not None else None if node.type is ANYTHING else node.type.feel


def _nothing(compiler: LogicCompiler) -> Code:
    place = compiler.place
    message = text("there is no expression", "没有表达式")

    def run(scope: Scope, ev: Evaluation) -> None:
        ev.error("no_logic", message, place)

    return Code(run)
