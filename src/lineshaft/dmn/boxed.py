"""From boxed expressions to Python functions (DMN 1.5, chapter 10.2), all but decision tables.

Every function takes the scope (names to values) and the evaluation. What cannot be compiled is a problem of
the model and null with an error whenever it is evaluated, so that one bad cell does not take down the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lineshaft import feel
from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import text
from lineshaft.dmn.code import NULL, Code, Names, Scope, constant, item_shape, names_within, typed
from lineshaft.dmn.document import (
    Boxed,
    Conditional,
    Context,
    DecisionTable,
    Filter,
    FunctionDefinition,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    Relation,
    Variable,
)
from lineshaft.dmn.errors import problem
from lineshaft.dmn.evaluation import Evaluation
from lineshaft.dmn.item_types import ANYTHING, ItemType, TypeTable, convert
from lineshaft.feel import calls, operators, tree
from lineshaft.feel.types import FunctionType, ListType


class LogicCompiler:
    """Compiles the logic of one element."""

    def __init__(
        self, types: TypeTable, owner: str, language: str | None, problems: list[Problem], place: Place
    ) -> None:
        self.types = types
        self.owner = owner
        self.language = language
        self.problems = problems
        self.place = place
        self.free: set[str] = set()
        self._compilers: dict[type, Callable[[Any, Names], Code]] = {
            Literal: self.literal,
            Context: self._context,
            Invocation: self._invocation,
            FunctionDefinition: self.function,
            ListOf: self._list,
            Relation: self._relation,
            Conditional: self._conditional,
            Filter: self._filter,
            Iteration: self._iteration,
            DecisionTable: self._table,
        }

    # -- entries ----------------------------------------------------------------------------------

    def code(self, node: Boxed | None, names: Names) -> Code:
        """Compile an expression; nothing gives null."""
        if node is None:
            return NULL
        code = self._compilers[node.__class__](node, names)
        if isinstance(node, FunctionDefinition):
            return code
        wanted = self.type(node.type_ref, node.place)
        if isinstance(node, DecisionTable) and node.hit_policy in ("R", "O", "C") and wanted.item is None:
            # Some modellers write the type of one answer where the type of the list belongs.
            return code
        return typed(code, wanted, node.place)

    def type(self, name: str | None, place: Place) -> ItemType:
        """Return a type by its name; an unknown one is a problem and takes anything."""
        found = self.types.find(name)
        if found is None:
            self.problems.append(
                problem(
                    "type_unknown",
                    "There is no type `{name}`.",
                    "没有名为 `{name}` 的类型。",
                    place,
                    name=name,
                )
            )
            return ANYTHING
        return found

    def broken(self, place: Place, en: str, zh: str, **values: object) -> Code:
        """Return code that is null with an error whenever it is evaluated; note the problem."""
        found = Problem("dmn_expression", text(en, zh, **values), place)
        self.problems.append(found)

        def run(scope: Scope, ev: Evaluation) -> None:
            ev.error("expression", found.message, place)

        return Code(run)

    # -- literal expressions ----------------------------------------------------------------------

    def literal(self, node: Literal, names: Names) -> Code:
        """Compile a literal expression, without its type."""
        if not node.text:
            return NULL
        language = node.language or self.language
        if language is not None and "feel" not in language.lower():
            return self.broken(
                node.place, "Expected FEEL, but the expression language is `{language}`.",
                "应为 FEEL，实际表达式语言为 `{language}`。", language=language,
            )  # fmt: skip
        try:
            expression = feel.compile(node.text, names, types=self.types.feel_types)
        except feel.FeelSyntaxError as error:
            return self.broken(_within(node.place, error), "{why}", "{why}", why=error.message)
        self.free |= expression.names - names.keys()
        found = expression.tree
        if isinstance(found, tree.Number | tree.String | tree.Boolean):
            return constant(expression.evaluate())
        if isinstance(found, tree.Null):
            return NULL
        evaluate, place = expression.evaluate_in, node.place

        def run(scope: Scope, ev: Evaluation) -> Any:
            warnings = ev.runtime.warnings
            mark = len(warnings)  # type: ignore[arg-type]
            value = evaluate(scope, ev.runtime)
            if len(warnings) > mark:  # type: ignore[arg-type]
                ev.drain(mark, place)
            return value

        return Code(run, _shape_of_tree(found, names))

    # -- contexts, lists, relations ---------------------------------------------------------------

    def _context(self, node: Context, names: Names) -> Code:
        inner = dict(names)
        shape: Names = {}
        entries: list[tuple[str, Code]] = []
        result: Code | None = None
        for entry in node.entries:
            code = self.code(entry.value, inner)
            if entry.variable is None:
                result = code
                continue
            name = entry.variable.name
            if not isinstance(entry.value, FunctionDefinition):
                code = typed(code, self.type(entry.variable.type_ref, node.place), node.place)
            inner[name] = shape[name] = code.shape
            entries.append((name, code))

        def run(scope: Scope, ev: Evaluation) -> Any:
            known, made = dict(scope), {}
            for name, code in entries:
                known[name] = made[name] = code.run(known, ev)
            return made if result is None else result.run(known, ev)

        return Code(run, shape if result is None else result.shape)

    def _list(self, node: ListOf, names: Names) -> Code:
        items = [self.code(item, names) for item in node.items]
        shape = items[0].shape if items else None
        return Code(lambda scope, ev: [item.run(scope, ev) for item in items], shape)

    def _relation(self, node: Relation, names: Names) -> Code:
        columns = [(column.name, self.type(column.type_ref, node.place)) for column in node.columns]
        rows = [
            [
                (name, typed(self.code(cell, names), wanted, node.place))
                for (name, wanted), cell in zip(columns, row, strict=True)
            ]
            for row in node.rows
        ]

        def run(scope: Scope, ev: Evaluation) -> list[dict[str, Any]]:
            return [{name: cell.run(scope, ev) for name, cell in row} for row in rows]

        return Code(run, {name: wanted.feel for name, wanted in columns})

    # -- functions --------------------------------------------------------------------------------

    def function(self, node: FunctionDefinition, names: Names, result: ItemType = ANYTHING) -> Code:
        """Compile a function definition; ``result`` is what it shall return."""
        if node.kind.upper() != "FEEL":
            return self.broken(
                node.place, "Functions of the kind `{kind}` are not supported; write it in FEEL.",
                "不支持 `{kind}` 类型的函数，请用 FEEL 编写。", kind=node.kind,
            )  # fmt: skip
        wanted = [(parameter.name, self._parameter(parameter, node)) for parameter in node.parameters]
        body = self.code(node.body, {**names, **{name: item.feel for name, item in wanted}})
        declared = self.type(node.type_ref, node.place)
        if isinstance(declared.feel, FunctionType):
            declared = declared.result or ANYTHING
        body = typed(typed(body, declared, node.place), result, node.place)
        parameters = tuple(feel.Parameter(name, item.feel) for name, item in wanted)
        strict = [(name, item) for name, item in wanted if item is not ANYTHING]
        owner = self.owner

        def run(scope: Scope, ev: Evaluation) -> feel.Function:
            def implementation(runtime: feel.Runtime, *arguments: Any) -> Any:
                known = dict(scope)
                for (name, _), argument in zip(wanted, arguments, strict=True):
                    known[name] = argument
                for name, item in strict:
                    known[name] = convert(known[name], item)
                return body.run(known, ev)

            return feel.Function(parameters, implementation, owner, needs_runtime=True)

        return Code(run)

    def _parameter(self, parameter: Variable, node: FunctionDefinition) -> ItemType:
        return self.type(parameter.type_ref, node.place)

    def _invocation(self, node: Invocation, names: Names) -> Code:
        called = self.code(node.called, names)
        keys = tuple(binding.parameter.name for binding in node.bindings)
        values = [
            typed(
                self.code(binding.value, names), self.type(binding.parameter.type_ref, node.place), node.place
            )
            for binding in node.bindings
        ]
        place = node.place

        def run(scope: Scope, ev: Evaluation) -> Any:
            function = called.run(scope, ev)
            arguments = tuple(value.run(scope, ev) for value in values)
            if function is None:
                message = text("what shall be invoked is not there", "要调用的函数不存在")
                ev.error("not_a_function", message, place)
                return None
            return invoke(function, keys, arguments, ev, place)

        return Code(run)

    # -- choices and loops ------------------------------------------------------------------------

    def _conditional(self, node: Conditional, names: Names) -> Code:
        condition = self.code(node.condition, names)
        then, otherwise = self.code(node.then, names), self.code(node.otherwise, names)
        place = node.place

        def run(scope: Scope, ev: Evaluation) -> Any:
            chosen = condition.run(scope, ev)
            if chosen is True:
                return then.run(scope, ev)
            if chosen is not None and chosen is not False:
                _not_boolean(chosen, ev, place)
            return otherwise.run(scope, ev)

        return Code(run, then.shape or otherwise.shape)

    def _filter(self, node: Filter, names: Names) -> Code:
        source = self.code(node.source, names)
        below = item_shape(source.shape)
        match = self.code(node.match, {**names, **names_within(below), "item": below})
        place = node.place

        def run(scope: Scope, ev: Evaluation) -> Any:
            items = operators.as_list(source.run(scope, ev))
            if items is None:
                return None
            ev.runtime.spend(len(items))
            found = []
            for item in items:
                known = {**scope, **item} if isinstance(item, dict) else dict(scope)
                known["item"] = item
                passed = match.run(known, ev)
                if passed is True:
                    found.append(item)
                elif operators.is_number(passed):
                    return operators.index(items, passed, ev.runtime, 0)
                elif passed is not None and passed is not False:
                    _not_boolean(passed, ev, place)
            return found

        return Code(run, source.shape)

    def _iteration(self, node: Iteration, names: Names) -> Code:
        source = self.code(self._range(node.source, names), names)
        inner = {**names, node.variable: item_shape(source.shape)}
        if node.kind == "for":
            inner["partial"] = None
        body = self.code(node.body, inner)
        finish = {"for": _collected, "every": _every, "some": _some}[node.kind]
        place, variable, kind = node.place, node.variable, node.kind
        asks_partial = kind == "for" and "partial" in repr(node.body)

        def run(scope: Scope, ev: Evaluation) -> Any:
            over = source.run(scope, ev)
            mark = len(ev.runtime.warnings)  # type: ignore[arg-type]
            items = operators.iterable(over, 1, ev.runtime, 0)
            ev.drain(mark, place)
            if items is None:
                return None
            made: list[Any] = []
            for item in items:
                known = {**scope, variable: item}
                if asks_partial:
                    known["partial"] = list(made)
                made.append(body.run(known, ev))
            return finish(made)

        return Code(run, body.shape if kind == "for" else None)

    def _range(self, source: Boxed | None, names: Names) -> Boxed | None:
        """Return what is iterated over; ``1..10``, which is no expression by itself, as a list."""
        if not isinstance(source, Literal) or ".." not in source.text:
            return source
        try:
            feel.compile(source.text, names, types=self.types.feel_types)
        except feel.FeelSyntaxError:
            return replace(source, text=f"for each in {source.text} return each")
        return source

    def _table(self, node: DecisionTable, names: Names) -> Code:
        from lineshaft.dmn.table import compile_table

        return compile_table(self, node, names)


def invoke(
    function: Any, names: tuple[str, ...], arguments: tuple[Any, ...], ev: Evaluation, place: Place
) -> Any:
    """Call a function with named arguments; what goes wrong is an error of that place."""
    runtime = ev.runtime
    mark = len(runtime.warnings)  # type: ignore[arg-type]
    source, runtime.source = runtime.source, ""
    try:
        value = calls.call_named(function, names, arguments, runtime, 0)
    finally:
        runtime.source = source
    ev.drain(mark, place)
    return value


def _not_boolean(value: Any, ev: Evaluation, place: Place) -> None:
    found = feel.to_text(value)[:40]
    message = text("expected a boolean, but found {found}", "应为布尔值，实际为 {found}", found=found)
    ev.error("not_boolean", message, place)


def _collected(values: list[Any]) -> Any:
    return values


def _every(values: list[Any]) -> Any:
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else None


def _some(values: list[Any]) -> Any:
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else None


def _within(place: Place, error: feel.FeelSyntaxError) -> Place:
    line = error.line if place.line is None else place.line + error.line - 1
    return Place(file=place.file, line=line, column=error.column, element=place.element)


def _shape_of_tree(node: tree.Node, names: Names) -> Any:
    """Return what is known of the value of an expression: only what stands in it."""
    if isinstance(node, tree.ContextNode):
        return {entry.key: _shape_of_tree(entry.value, names) for entry in node.entries}
    if isinstance(node, tree.ListNode) and node.items:
        return _shape_of_tree(node.items[0], names)
    if isinstance(node, tree.Name):
        return names.get(node.name)
    if isinstance(node, tree.Filter):
        return _shape_of_tree(node.base, names)
    if isinstance(node, tree.For):
        return _shape_of_tree(node.body, names)
    if isinstance(node, tree.If):
        return _shape_of_tree(node.then, names)
    if isinstance(node, tree.Path):
        base = _shape_of_tree(node.base, names)
        while isinstance(base, ListType):
            base = base.item
        return names_within(base).get(node.name)
    return None
