"""From a syntax tree to a Python function.

Each node becomes a few lines of Python that leave its value in a local name. The frequent case stands in
line,
guarded by a class check; everything else is a call into ``operators``. Scopes are Python locals; only names
that no scope binds are looked up in the context. Loops, conditions and conjunctions are flat, and what
is nested deeply moves into a function of its own, because Python bounds the nesting of blocks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.text import text
from lineshaft.feel import calls, operators, tree, writing_calls, writing_tests
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.builtins.declaration import Builtin, as_function
from lineshaft.feel.emitter import Emitter
from lineshaft.feel.errors import Fault, FeelSyntaxError, place_of
from lineshaft.feel.numbers import CONTEXT
from lineshaft.feel.temporal_text import parse_at
from lineshaft.feel.type_names import resolve_type
from lineshaft.feel.types import is_instance
from lineshaft.feel.values import Parameter, is_function

_INDENT_MAX: Final = 9

_HELPERS: Final[dict[str, Any]] = {
    "__builtins__": {
        "ArithmeticError": ArithmeticError,
        "bool": bool,
        "dict": dict,
        "isinstance": isinstance,
        "len": len,
        "list": list,
        "str": str,
    },
    "YES": True,
    "NO": False,
    "NIL": None,
    # Python's decimals calculate and compare with ints exactly, so both take the short way.
    "N": frozenset({Decimal, int}),
    "Fault": Fault,
    "add": CONTEXT.add,
    "subtract": CONTEXT.subtract,
    "multiply": CONTEXT.multiply,
    "divide": CONTEXT.divide,
    **{
        name: getattr(operators, name)
        for name in [
            "eq",
            "ne",
            "lt",
            "gt",
            "le",
            "ge",
            "plus",
            "minus",
            "times",
            "over",
            "power",
            "negate",
            "path",
            "as_list",
            "index",
            "is_number",
            "make_range",
            "operator_range",
            "satisfies",
            "is_in",
            "in_range",
            "test_result",
            "iterable",
            "span",
        ]
    },
    "call": calls.call,
    "call_named": calls.call_named,
    "make_function": calls.make_function,
    "missing_function": calls.missing_function,
    "is_function": is_function,
    "is_instance": is_instance,
}
_ARITHMETIC: Final = {
    "+": ("add", "plus"),
    "-": ("subtract", "minus"),
    "*": ("multiply", "times"),
    "/": ("divide", "over"),
}
_COMPARISONS: Final = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_PYTHON: Final = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_BOOLEAN_NODES: Final = (
    tree.Comparison,
    tree.And,
    tree.Or,
    tree.Between,
    tree.In,
    tree.InstanceOf,
    tree.Quantified,
    tree.Boolean,
)


Operand = tuple[str, Any]
"""The local name of a value, and the node it comes from (``None`` where nothing is known of it)."""


@dataclasses.dataclass(slots=True)
class Compiled:
    """What a compilation gives: the function, and what is known about it."""

    run: Callable[..., Any]
    names: frozenset[str]
    is_plain: bool
    """It neither loops nor calls what might: it needs no bounds."""
    mutes: bool = True
    """It asks for null somewhere, for which the runtime's warnings are muted for a moment."""


class _Item:
    """A scope whose names are the entries of a list item, found out at run time."""

    __slots__ = ("atom",)

    def __init__(self, atom: str) -> None:
        self.atom = atom


class Compiler:
    """One compilation."""

    def __init__(self, source: str, declared: frozenset[str], types: Mapping[str, Any]) -> None:
        self.source = source
        self.declared = declared
        self.types = types
        self.out = Emitter(_HELPERS)
        self.scope: list[dict[str, str] | _Item] = []
        self.partials: set[str] = set()
        self.free: set[str] = set()
        self.is_plain = True
        self.mutes = False
        self.loops = 0
        self.uses_input: dict[int, bool] = {}

    # -- entries ----------------------------------------------------------------------------------

    def expression(self, node: tree.Node) -> Compiled:
        """Compile an expression to ``main(context, runtime)``."""
        with self.out.function("main", ["c", "s"]):
            self.out.line(f"return {self.value(node)}")
        return self._finished()

    def tests(self, node: tree.Tests) -> Compiled:
        """Compile unary tests to ``main(context, runtime, input)``."""
        with self.out.function("main", ["c", "s", "v"]):
            if not node.tests:
                self.out.line("return True")
            else:
                self.scope.append({"?": "v"})
                result = writing_tests.any_test(self, "v", node.tests, unary=True)
                self.scope.pop()
                if node.negated:
                    result = self.out.assign(f"None if {result} is None else {result} is False")
                self.out.line(f"return {result}")
        return self._finished()

    def _finished(self) -> Compiled:
        main = self.out.build()["main"]
        return Compiled(main, frozenset(self.free), self.is_plain, self.mutes)

    # -- dispatch ---------------------------------------------------------------------------------

    def value(self, node: tree.Node) -> str:
        """Write the code of a node; return the local name or constant that holds its value."""
        if self.out.unit.indent > _INDENT_MAX and isinstance(node, _NESTING):
            return self._moved(node)
        return _WRITERS[node.__class__](self, node)

    def _visible(self) -> list[str]:
        """Return the local names that the present scopes are made of."""
        found: dict[str, None] = {}
        for frame in self.scope:
            atoms = [frame.atom] if isinstance(frame, _Item) else list(frame.values())
            for atom in atoms:
                if atom[0] in "tv":
                    found[atom] = None
        return list(found)

    def _moved(self, node: tree.Node) -> str:
        """Write a node into a function of its own and call that."""
        name, visible = self.out.fresh("f"), self._visible()
        with self.out.function(name, ["c", "s", *visible]):
            self.out.line(f"return {self.value(node)}")
        return self.out.assign(f"{name}({', '.join(['c', 's', *visible])})")

    def muted(self, node: tree.Node) -> str:
        """Write a node whose warnings nobody wants: it is being asked whether it is there."""
        self.mutes = True
        self.out.line("s.muted += 1")
        atom = self.value(node)
        self.out.line("s.muted -= 1")
        return atom

    # -- literals ---------------------------------------------------------------------------------

    def _literal(self, node: tree.Number | tree.String) -> str:
        return self.out.constant(node.value)

    def _boolean(self, node: tree.Boolean) -> str:
        return "YES" if node.value else "NO"

    def _null(self, node: tree.Null) -> str:
        return "NIL"

    def _at(self, node: tree.At) -> str:
        return self.out.constant(parse_at(node.text))

    # -- names and paths --------------------------------------------------------------------------

    def _name(self, node: tree.Name) -> str:
        atom = self.lookup(node.name, node.at)
        if atom in self.partials:
            # What a loop has made so far goes on growing; whoever reads it gets a copy.
            self.out.line(f"s.spend(len({atom}) >> 3)")
            return self.out.assign(f"list({atom})")
        return atom

    def lookup(self, name: str, at: int, *, missing: str | None = None) -> str:
        """Write the code that finds a name: local scopes, list items, the context, the built-ins."""
        items: list[str] = []
        found: str | None = None
        for frame in reversed(self.scope):
            if isinstance(frame, _Item):
                items.append(frame.atom)
                if name == "item":
                    found = frame.atom
                    break
            elif name in frame:
                found = frame[name]
                break
        key = self.out.constant(name)
        if found is None:
            if name not in BUILTINS or missing is None:
                self.free.add(name)
            if missing is None:
                builtin = BUILTINS.get(name)
                missing = (
                    f"s.missing({key}, c, {at})"
                    if builtin is None
                    else self.out.constant(as_function(builtin))
                )
            found = f"(c[{key}] if {key} in c else {missing})"
        elif not items:
            return found
        for atom in reversed(items):
            found = f"({atom}[{key}] if isinstance({atom}, dict) and {key} in {atom} else {found})"
        return self.out.assign(found)

    def _path(self, node: tree.Path) -> str:
        base = self.value(node.base)
        key = self.out.constant(node.name)
        return self.out.assign(
            f"{base}[{key}] if {base}.__class__ is dict and {key} in {base}"
            f" else path({base}, {key}, s, {node.at})"
        )

    # -- filters ----------------------------------------------------------------------------------

    def _filter(self, node: tree.Filter) -> str:
        base = self._raw(node.base)
        condition = node.condition
        if isinstance(condition, tree.Number | tree.Arithmetic | tree.Negate) or self.gives_number(condition):
            position = self.value(condition)
            return self.out.assign(f"index({base}, {position}, s, {node.at})")
        self.is_plain = False
        out = self.out
        items = out.assign(f"as_list({base})")
        result = out.fresh()
        item = out.fresh("v")
        out.line(f"{result} = None")
        with out.block(f"if {items} is not None:"):
            out.line(f"s.spend(len({items}))")
            out.line(f"{result} = []")
            with out.block(f"for {item} in {items}:"):
                self.scope.append(_Item(item))
                self.loops += 1
                passed = self.value(condition)
                self.loops -= 1
                self.scope.pop()
                with out.block(f"if {passed} is True:"):
                    out.line(f"{result}.append({item})")
                if not self.gives_boolean(condition):
                    with out.block(f"elif {passed} is not None and {passed} is not False:"):
                        with out.block(f"if is_number({passed}):"):
                            out.line(f"{result} = index({items}, {passed}, s, {node.at})")
                            out.line("break")
                        out.line(f"s.truth({passed}, {condition.at})")
            if isinstance(condition, tree.Name | tree.Path):
                # An empty list has no item to evaluate the condition for; a position in it is null.
                with out.block(f"if not {items}:"):
                    position = self.muted(condition)
                    with out.block(f"if is_number({position}):"):
                        out.line(f"{result} = index({items}, {position}, s, {node.at})")
        return result

    def _raw(self, node: tree.Node) -> str:
        """Write the base of a filter: there, the results of a loop so far need not be copied."""
        if isinstance(node, tree.Name):
            return self.lookup(node.name, node.at)
        return self.value(node)

    def gives_boolean(self, node: tree.Node) -> bool:
        """Tell whether a node gives a boolean or null and nothing else."""
        return isinstance(node, _BOOLEAN_NODES) or self._result_of(node) == "boolean"

    def gives_number(self, node: tree.Node) -> bool:
        """Tell whether a node gives a number or null and nothing else."""
        return self._result_of(node) == "number"

    def _result_of(self, node: tree.Node) -> str:
        if isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
            builtin = self.builtin(node.function.name)
            if builtin is not None:
                return builtin.result
        return ""

    # -- arithmetic -------------------------------------------------------------------------------

    def _arithmetic(self, node: tree.Arithmetic) -> str:
        chain: list[tree.Arithmetic] = []
        first: tree.Node = node
        while isinstance(first, tree.Arithmetic):
            chain.append(first)
            first = first.left
        left = self.value(first)
        left_is_number = isinstance(first, tree.Number)
        for link in reversed(chain):
            right = self.value(link.right)
            right_is_number = isinstance(link.right, tree.Number)
            left = self._operation(link, left, right, left_is_number, right_is_number)
            left_is_number = False
        return left

    def _operation(
        self, node: tree.Arithmetic, left: str, right: str, left_is_number: bool, right_is_number: bool
    ) -> str:
        out = self.out
        if node.operator == "**":
            return out.assign(f"power({left}, {right}, s, {node.at})")
        fast, slow = _ARITHMETIC[node.operator]
        general = f"{slow}({left}, {right}, s, {node.at})"
        checks = [
            f"{atom}.__class__ in N"
            for atom, is_known in ((left, left_is_number), (right, right_is_number))
            if not is_known
        ]
        result = out.fresh()
        with out.block(f"if {' and '.join(checks) or 'True'}:"):
            with out.block("try:"):
                out.line(f"{result} = {fast}({left}, {right})")
            with out.block("except ArithmeticError:"):
                out.line(f"{result} = {general}")
        with out.block("else:"):
            out.line(f"{result} = {general}")
        return result

    def _negate(self, node: tree.Negate) -> str:
        return self.out.assign(f"negate({self.value(node.operand)}, s, {node.at})")

    # -- comparison -------------------------------------------------------------------------------

    def _comparison(self, node: tree.Comparison) -> str:
        left, right, operator = node.left, node.right, node.operator
        if operator in ("=", "!="):
            for one, other in ((left, right), (right, left)):
                if isinstance(other, tree.Null):
                    asks = isinstance(one, tree.Name | tree.Path)
                    atom = self.muted(one) if asks else self.value(one)
                    return self.out.assign(f"{atom} is {'not ' if operator == '!=' else ''}None")
        return self.compared(operator, (self.value(left), left), (self.value(right), right), node.at)

    def compared(self, operator: str, left_operand: Operand, right_operand: Operand, at: int) -> str:
        """Write a comparison of two values; their nodes tell what is known of their classes."""
        (left, left_node), (right, right_node) = left_operand, right_operand
        general = f"{_COMPARISONS[operator]}({left}, {right}, s, {at})"
        kinds = {_literal_class(left_node), _literal_class(right_node)} - {""}
        if len(kinds) == 2:
            return self.out.assign(general)
        kind = kinds.pop() if kinds else "D"
        guard = "in N" if kind == "D" else f"is {kind}"
        checks = [
            f"{atom}.__class__ {guard}"
            for atom, node in ((left, left_node), (right, right_node))
            if _literal_class(node) != kind
        ]
        if kind not in ("D", "str"):
            return self.out.assign(general)
        if not checks:
            return self.out.assign(general)
        return self.out.assign(f"{left} {_PYTHON[operator]} {right} if {' and '.join(checks)} else {general}")

    def _between(self, node: tree.Between) -> str:
        value, low, high = self.value(node.value), self.value(node.low), self.value(node.high)
        first = self.compared(">=", (value, None), (low, node.low), node.at)
        second = self.compared("<=", (value, None), (high, node.high), node.at)
        return self.out.assign(
            f"False if {first} is False or {second} is False else True if {first} and {second} else None"
        )

    def _and(self, node: tree.And) -> str:
        return self._junction(node.operands, "True", "False")

    def _or(self, node: tree.Or) -> str:
        return self._junction(node.operands, "False", "True")

    def _junction(self, operands: tuple[tree.Node, ...], neutral: str, decisive: str) -> str:
        """Write a conjunction or disjunction: ends at the first decisive operand (table 50)."""
        out = self.out
        result = out.fresh()
        out.line(f"{result} = {neutral}")
        with out.block("while True:"):
            for operand in operands:
                atom = self.value(operand)
                with out.block(f"if {atom} is {decisive}:"):
                    out.line(f"{result} = {decisive}")
                    out.line("break")
                with out.block(f"if {atom} is not {neutral}:"):
                    out.line(f"{result} = None")
                    if not self.gives_boolean(operand):
                        out.line(f"s.truth({atom}, {operand.at})")
            out.line("break")
        return result

    def _instance_of(self, node: tree.InstanceOf) -> str:
        value = self.value(node.value)
        type_ = resolve_type(node.type, self.types)
        if type_ is None:
            fault = Fault("there is no type `{name}`", "没有名为 `{name}` 的类型", name=node.type.name)
            return self.out.assign(f"s.fault({self.out.constant(fault)}, {node.type.at})")
        return self.out.assign(f"is_instance({value}, {self.out.constant(type_)})")

    # -- conditions and loops ---------------------------------------------------------------------

    def _if(self, node: tree.If) -> str:
        out = self.out
        result = out.fresh()
        with out.block("while True:"):
            last: tree.Node = node
            while isinstance(last, tree.If):
                condition = self.value(last.condition)
                with out.block(f"if {condition} is True:"):
                    out.line(f"{result} = {self.value(last.then)}")
                    out.line("break")
                if not self.gives_boolean(last.condition):
                    out.line(f"s.truth({condition}, {last.condition.at})")
                last = last.otherwise
            out.line(f"{result} = {self.value(last)}")
            out.line("break")
        return result

    def _source_of(self, iterator: tree.Iterator, weight: int) -> str:
        start = self.value(iterator.start)
        if iterator.end is None:
            return self.out.assign(f"iterable({start}, {weight}, s, {iterator.start.at})")
        return self.out.assign(f"span({start}, {self.value(iterator.end)}, {weight}, s, {iterator.at})")

    def _for(self, node: tree.For) -> str:
        self.is_plain = False
        if len(node.iterators) > 1:
            return self._product(node, node.iterators)
        out = self.out
        iterator = node.iterators[0]
        source = self._source_of(iterator, _weight(node.body))
        result, item = out.fresh(), out.fresh("v")
        out.line(f"{result} = None")
        with out.block(f"if {source} is not None:"):
            out.line(f"{result} = []")
            with out.block(f"for {item} in {source}:"):
                self._loop_body(node, {iterator.name: item}, result)
        return result

    def _loop_body(self, node: tree.For, names: dict[str, str], result: str) -> None:
        self.partials.add(result)
        self.scope.append({"partial": result, **names})
        self.loops += 1
        self.out.line(f"{result}.append({self.value(node.body)})")
        self.loops -= 1
        self.scope.pop()
        self.partials.discard(result)

    def _quantified(self, node: tree.Quantified) -> str:
        self.is_plain = False
        return self._product(node, node.iterators)

    def _product(self, node: tree.For | tree.Quantified, iterators: tuple[tree.Iterator, ...]) -> str:
        """Write a loop over several lists as a function of its own, so that it can end early."""
        out = self.out
        name, visible = out.fresh("f"), self._visible()
        depth = len(self.scope)
        with out.function(name, ["c", "s", *visible]):
            result = out.fresh()
            start = {"some": "False", "every": "True"}.get(getattr(node, "kind", ""), "[]")
            out.line(f"{result} = {start}")
            self._nested_loops(node, list(iterators), result)
            out.line(f"return {result}")
        del self.scope[depth:]
        return out.assign(f"{name}({', '.join(['c', 's', *visible])})")

    def _nested_loops(
        self, node: tree.For | tree.Quantified, iterators: list[tree.Iterator], result: str
    ) -> None:
        out = self.out
        outer = out.unit.indent
        weight = _weight(node.body if isinstance(node, tree.For) else node.condition)
        for iterator in iterators:
            if out.unit.indent > 16:
                at = place_of(self.source, node.at)
                message = text(
                    "Expected at most {limit} loops in one expression.",
                    "一个表达式最多 {limit} 层循环。",
                    limit=15,
                )
                raise FeelSyntaxError(message, at.line or 1, at.column or 1)
            source = self._source_of(iterator, weight)
            with out.block(f"if {source} is None:"):
                out.line("return None")
            item = out.fresh("v")
            out.line(f"for {item} in {source}:")
            out.unit.indent += 1
            self.scope.append({iterator.name: item})
        if isinstance(node, tree.For):
            self._loop_body(node, {}, result)
        else:
            self.loops += 1
            passed = self.value(node.condition)
            self.loops -= 1
            decisive, neutral = ("True", "False") if node.kind == "some" else ("False", "True")
            with out.block(f"if {passed} is {decisive}:"):
                out.line(f"return {decisive}")
            with out.block(f"if {passed} is not {neutral}:"):
                out.line(f"{result} = None")
                if not self.gives_boolean(node.condition):
                    out.line(f"s.truth({passed}, {node.condition.at})")
        out.unit.indent = outer

    # -- lists, contexts, functions ---------------------------------------------------------------

    def _list(self, node: tree.ListNode) -> str:
        return self.out.assign(f"[{', '.join([self.value(item) for item in node.items])}]")

    def _context(self, node: tree.ContextNode) -> str:
        self.is_plain = self.is_plain and all(
            isinstance(entry.value, _SIMPLE_ENTRIES) for entry in node.entries
        )
        frame: dict[str, str] = {}
        self.scope.append(frame)
        parts: list[str] = []
        for entry in node.entries:
            if isinstance(entry.value, tree.FunctionDefinition):
                atom = self._function(entry.value, entry.key)
            else:
                atom = self.value(entry.value)
            frame[entry.key] = atom
            parts.append(f"{self.out.constant(entry.key)}: {atom}")
        self.scope.pop()
        return self.out.assign(f"{{{', '.join(parts)}}}")

    def _function(self, node: tree.FunctionDefinition, name: str = "") -> str:
        """Write a function definition; ``name`` is the context entry it stands in, for recursion."""
        self.is_plain = False
        out = self.out
        code, visible = out.fresh("f"), self._visible()
        own = out.fresh("v")
        arguments = [out.fresh("v") for _ in node.parameters]
        frame = {parameter.name: atom for parameter, atom in zip(node.parameters, arguments, strict=True)}
        with out.function(code, ["c", "s", own, *visible, *arguments]):
            self.scope.append({name: own} if name else {})
            self.scope.append(frame)
            self.loops += 1
            out.line(f"return {self.value(node.body)}")
            self.loops -= 1
            del self.scope[-2:]
        parameters = tuple(
            Parameter(
                parameter.name, None if parameter.type is None else self._parameter_type(parameter.type)
            )
            for parameter in node.parameters
        )
        captured = "".join(f"{atom}, " for atom in visible)
        known = f"{out.constant(parameters)}, {out.constant(name or 'function')}"
        return out.assign(f"make_function({code}, c, ({captured}), {known})")

    def _parameter_type(self, node: tree.TypeNode) -> Any:
        type_ = resolve_type(node, self.types, lenient=True)
        if type_ is None:
            place = place_of(self.source, node.at)
            message = text("There is no type `{name}`.", "没有名为 `{name}` 的类型。", name=node.name)
            raise FeelSyntaxError(message, place.line or 1, place.column or 1)
        return type_

    # -- calls ------------------------------------------------------------------------------------

    # -- calls ------------------------------------------------------------------------------------

    def builtin(self, name: str) -> Builtin | None:
        """Return the built-in function that a name means, unless a nearer scope has the name."""
        if name in self.declared or any(isinstance(frame, dict) and name in frame for frame in self.scope):
            return None
        return BUILTINS.get(name)


def _literal_class(node: Any) -> str:
    if isinstance(node, tree.Number):
        return "D"
    if isinstance(node, tree.String):
        return "str"
    if isinstance(node, tree.Boolean | tree.At | tree.Null):
        return "other"
    return ""


def _weight(node: Any) -> int:
    """Return what one turn of a loop costs: 1, and 1 for every entry and item that its body makes."""
    weight = 1
    stack: list[Any] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif dataclasses.is_dataclass(part):
            if isinstance(part, tree.ContextNode):
                weight += len(part.entries)
            elif isinstance(part, tree.ListNode):
                weight += len(part.items)
            stack.extend(getattr(part, each.name) for each in dataclasses.fields(part))
    return weight


_NESTING: Final = (tree.And, tree.Or, tree.If, tree.For, tree.Filter, tree.In, tree.Quantified)
_SIMPLE_ENTRIES: Final = (tree.Number, tree.String, tree.Boolean, tree.Null, tree.At, tree.Name, tree.Path)
_WRITERS: Final[dict[type, Callable[..., str]]] = {
    tree.Number: Compiler._literal,
    tree.String: Compiler._literal,
    tree.Boolean: Compiler._boolean,
    tree.Null: Compiler._null,
    tree.At: Compiler._at,
    tree.Name: Compiler._name,
    tree.Path: Compiler._path,
    tree.Filter: Compiler._filter,
    tree.Call: writing_calls.write_call,
    tree.Negate: Compiler._negate,
    tree.Arithmetic: Compiler._arithmetic,
    tree.Comparison: Compiler._comparison,
    tree.And: Compiler._and,
    tree.Or: Compiler._or,
    tree.Between: Compiler._between,
    tree.In: writing_tests.write_in,
    tree.InstanceOf: Compiler._instance_of,
    tree.If: Compiler._if,
    tree.For: Compiler._for,
    tree.Quantified: Compiler._quantified,
    tree.FunctionDefinition: Compiler._function,
    tree.ListNode: Compiler._list,
    tree.ContextNode: Compiler._context,
    tree.Interval: writing_tests.write_interval,
    tree.OperatorTest: writing_tests.write_operator_test,
}
