"""Decision tables, compiled once (DMN 1.5, chapter 8): columns to sets of rules, a hit policy to a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Place
from lineshaft.base.text import text
from lineshaft.dmn.boxed import LogicCompiler
from lineshaft.dmn.code import VARIES, Code, Names, Run, Scope, typed
from lineshaft.dmn.columns import Cell, Mask, column_mask, literals_of
from lineshaft.dmn.document import DecisionTable, Literal, OutputClause
from lineshaft.dmn.errors import doubt, problem
from lineshaft.dmn.evaluation import Evaluation, number
from lineshaft.dmn.item_types import ANYTHING, ItemType
from lineshaft.feel import operators, tree
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.builtins.declaration import as_function
from lineshaft.feel.calls import call
from lineshaft.feel.names import tokens_of

_AGGREGATORS: Final = {"C+": "sum", "C<": "min", "C>": "max"}
_MULTIPLE: Final = frozenset({"R", "O", "C"})


def compile_table(c: LogicCompiler, node: DecisionTable, names: Names) -> Code:
    """Compile a table; its code gives the value and keeps which rules matched."""
    noted = len(c.problems)
    inputs = [_Input(c, node, position, names) for position in range(len(node.inputs))]
    # What the index answers comes first: it leaves fewer rules for the cells that must be run.
    inputs.sort(key=lambda column: column.is_costly)
    outputs = _Outputs(c, node, names)
    finish = _FINISHERS[node.hit_policy]
    everything = (1 << len(node.rules)) - 1
    owner, policy, place = c.owner, node.hit_policy, node.place
    broken = [found for found in c.problems[noted:] if found.code == "dmn_expression"]

    def run(scope: Scope, ev: Evaluation) -> Any:
        for found in broken:
            ev.error("expression", found.message, found.place, found.hint)
        alive = everything
        for column in inputs:
            value = column.value(scope, ev)
            if value is _REFUSED:
                ev.matched_rules(owner, ())
                return None
            if alive:
                alive = column.mask(value, scope, ev, alive)
        matched = _positions(alive)
        if policy == "F" and matched:
            matched = matched[:1]
        ev.matched_rules(owner, tuple(position + 1 for position in matched))
        if not matched:
            return outputs.default(scope, ev, policy)
        return finish(matched, outputs, scope, ev, place)

    return Code(run, outputs.shape)


def _positions(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


# -- inputs --------------------------------------------------------------------------------------

_REFUSED: Final = object()


class _Input:
    """One input column: its value and its cells."""

    __slots__ = ("is_costly", "mask", "value")

    def __init__(self, c: LogicCompiler, node: DecisionTable, position: int, names: Names) -> None:
        clause = node.inputs[position]
        code = c.code(clause.expression, names)
        allowed = None
        if clause.allowed is not None:
            allowed = compile_tests(c, clause.allowed, {**names, "?": code.shape})
        self.value: Run = _guarded(code, allowed, clause.label or clause.expression.text, node.place)
        known = {**names, "?": code.shape}
        cells: dict[str, Cell] = {}
        anything = 0
        for number_, rule in enumerate(node.rules):
            written, bit = rule.inputs[position], 1 << number_
            if written.text in ("", "-"):
                anything |= bit
            elif written.text in cells:
                cells[written.text].rules |= bit
            else:
                tests = compile_tests(c, written, known)
                if tests is not None:
                    cells[written.text] = Cell(tests, bit, written.place)
        self.mask: Mask = column_mask(cells.values(), anything)
        self.is_costly = any(literals_of(cell.tests) is None for cell in cells.values())


def compile_tests(c: LogicCompiler, written: Literal, names: Names) -> feel.UnaryTests | None:
    """Compile the tests of a cell; ``None``, and a problem, where they cannot be read."""
    language = written.language or c.language
    try:
        if language is not None and "feel" not in language.lower():
            c.broken(
                written.place, "Expected FEEL, but the expression language is `{language}`.",
                "应为 FEEL，实际表达式语言为 `{language}`。", language=language,
            )  # fmt: skip
            return None
        tests = feel.compile_unary_tests(written.text, names, types=c.types.feel_types)
        c.free |= tests.names - names.keys()
        _doubt_bare_names(c, tests.tree.tests, names, written)
        return tests
    except feel.FeelSyntaxError as error:
        c.problems.append(
            problem("expression", "{why}", "{why}", written.place, why=error.message, hint=error.hint)
        )
        return None


def _doubt_bare_names(c: LogicCompiler, nodes: tuple[tree.Node, ...], names: Names, written: Literal) -> None:
    """Note a cell that is just a name nothing declares: it is mostly text without its quotation marks."""
    for node in nodes:
        if isinstance(node, tree.Name) and node.name not in names and node.name not in BUILTINS:
            c.problems.append(
                doubt(
                    "name_undeclared", "Nothing is named `{name}`.", "没有名为 `{name}` 的变量。",
                    written.place,
                    hint=text("text is written in quotation marks: {quoted}", "文本要加引号：{quoted}",
                              quoted=feel.to_text(node.name)),
                    name=node.name,
                )
            )  # fmt: skip


def _guarded(code: Code, allowed: feel.UnaryTests | None, label: str, place: Place) -> Run:
    if allowed is None:
        return code.run
    evaluate = allowed.evaluate_in

    def value(scope: Scope, ev: Evaluation) -> Any:
        found = code.run(scope, ev)
        if found is None or evaluate(found, scope, ev.runtime):
            return found
        _not_allowed(found, label, ev, place)
        return _REFUSED

    return value


def _not_allowed(value: Any, label: str, ev: Evaluation, place: Place) -> None:
    message = text(
        "`{label}`: expected a value of the list, but found {found}",
        "`{label}`：应为允许的取值，实际为 {found}",
        label=label,
        found=feel.to_text(value)[:60],
    )
    ev.error("not_allowed", message, place)


# -- outputs -------------------------------------------------------------------------------------


class _Outputs:
    """The output columns: values of rules, defaults, ranks."""

    __slots__ = ("_constants", "_defaults", "_ranks", "_rows", "names", "shape")

    def __init__(self, c: LogicCompiler, node: DecisionTable, names: Names) -> None:
        types = [c.type(clause.type_ref, clause.place) for clause in node.outputs]
        if len(types) == 1 and types[0] is ANYTHING and node.hit_policy not in _MULTIPLE:
            types = [c.type(node.type_ref, node.place)]
        if node.hit_policy in _MULTIPLE:
            # Some modellers write the type of the list where the type of one answer belongs.
            types = [ANYTHING if type_.item is not None else type_ for type_ in types]
        allowed = [_allowed_of(c, clause, names) for clause in node.outputs]
        self.names = [clause.name for clause in node.outputs]
        for rule in node.rules:
            for cell in rule.outputs:
                _doubt_bare_output(c, cell, names)
        self._rows = [
            [
                _output(c.code(cell, names), clause, type_, tests)
                for cell, clause, type_, tests in zip(rule.outputs, node.outputs, types, allowed, strict=True)
            ]
            for rule in node.rules
        ]
        self._constants = [
            [cell.constant for cell in row] if all(cell.constant is not VARIES for cell in row) else None
            for row in self._rows
        ]
        self._defaults = _defaults_of(c, node, types, names)
        self._ranks = [_rank_of(tests or type_.allowed) for tests, type_ in zip(allowed, types, strict=True)]
        shapes = [row.shape for row in self._rows[0]] if self._rows else [None] * len(types)
        known = [shape or type_.feel for shape, type_ in zip(shapes, types, strict=True)]
        self.shape: Any = known[0] if len(known) == 1 else dict(zip(self.names, known, strict=True))

    def cells(self, rule: int, scope: Scope, ev: Evaluation) -> list[Any]:
        """Return the values of a rule's output cells."""
        known = self._constants[rule]
        if known is not None:
            return known
        return [cell.run(scope, ev) for cell in self._rows[rule]]

    def joined(self, cells: list[Any]) -> Any:
        """Return the value that output cells make: the only one, or a context."""
        return cells[0] if len(cells) == 1 else dict(zip(self.names, cells, strict=True))

    def default(self, scope: Scope, ev: Evaluation, policy: str) -> Any:
        """Return the value where no rule matched."""
        if self._defaults is not None:
            return self.joined([cell.run(scope, ev) for cell in self._defaults])
        if policy in _MULTIPLE:
            return []
        return number(0) if policy == "C#" else None

    def rank(self, cells: list[Any]) -> tuple[int, ...]:
        """Return the priority of a rule's outputs; the lowest is the first."""
        return tuple(rank(value) for rank, value in zip(self._ranks, cells, strict=True))


def _doubt_bare_output(c: LogicCompiler, cell: Literal, names: Names) -> None:
    try:
        found = feel.compile(cell.text, names).tree if tokens_of(cell.text) else None
    except feel.FeelSyntaxError:
        return
    if isinstance(found, tree.Name):
        _doubt_bare_names(c, (found,), names, cell)


def _allowed_of(c: LogicCompiler, clause: OutputClause, names: Names) -> feel.UnaryTests | None:
    return None if clause.allowed is None else compile_tests(c, clause.allowed, names)


def _output(code: Code, clause: OutputClause, type_: ItemType, allowed: feel.UnaryTests | None) -> Code:
    code = typed(code, type_, clause.place)
    if allowed is None:
        return code
    evaluate, inner = allowed.evaluate_in, code.run
    if code.constant is not VARIES and (code.constant is None or _passes(allowed, code.constant)):
        return code

    def run(scope: Scope, ev: Evaluation) -> Any:
        value = inner(scope, ev)
        if value is None or evaluate(value, scope, ev.runtime):
            return value
        _not_allowed(value, clause.label or clause.name, ev, clause.place)
        return None

    return Code(run, code.shape)


def _passes(tests: feel.UnaryTests, value: Any) -> bool:
    return not tests.names and tests.evaluate(value) is True


def _defaults_of(
    c: LogicCompiler, node: DecisionTable, types: list[ItemType], names: Names
) -> list[Code] | None:
    written = [clause.default for clause in node.outputs]
    if not any(default is not None and default.text for default in written):
        return None
    return [
        typed(c.code(default, names), ANYTHING if _is_list(default, node) else type_, clause.place)
        for default, type_, clause in zip(written, types, node.outputs, strict=True)
    ]


def _is_list(default: Literal | None, node: DecisionTable) -> bool:
    """A table with many hits may have a list as its default."""
    return default is not None and node.hit_policy in _MULTIPLE and default.text.startswith("[")


def _rank_of(allowed: feel.UnaryTests | None) -> Callable[[Any], int]:
    if allowed is None:
        return lambda value: 0
    tests = [feel.compile_unary_tests(_text_of(node)) for node in allowed.tree.tests]

    def rank(value: Any) -> int:
        for position, test in enumerate(tests):
            if test.evaluate(value):
                return position
        return len(tests)

    return rank


def _text_of(node: tree.Node) -> str:
    from lineshaft.feel.printer import print_tree

    return print_tree(node)


# -- hit policies --------------------------------------------------------------------------------


def _unique(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    if len(matched) > 1:
        return _clash(
            "expected one rule to match (hit policy U), but {rules} match",
            "命中策略 U 要求只有一条规则命中，但命中了 {rules}",
            matched, ev, place,
        )  # fmt: skip
    return outputs.joined(outputs.cells(matched[0], scope, ev))


def _clash(en: str, zh: str, matched: list[int], ev: Evaluation, place: Place) -> None:
    rules = ", ".join(str(position + 1) for position in matched)
    ev.error("hit_policy", text(en, zh, rules=rules), place)


def _any(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    first = outputs.joined(outputs.cells(matched[0], scope, ev))
    for rule in matched[1:]:
        other = outputs.joined(outputs.cells(rule, scope, ev))
        if operators.equal(first, other, ev.runtime) is not True:
            return _clash(
                "expected rules with the same outputs (hit policy A), but {rules} differ",
                "命中策略 A 要求各规则输出相同，但 {rules} 的输出不同",
                matched, ev, place,
            )  # fmt: skip
    return first


def _first(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    return outputs.joined(outputs.cells(matched[0], scope, ev))


def _priority(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    rows = [outputs.cells(rule, scope, ev) for rule in matched]
    return outputs.joined(min(rows, key=outputs.rank))


def _in_order(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    return [outputs.joined(outputs.cells(rule, scope, ev)) for rule in matched]


def _output_order(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    rows = [outputs.cells(rule, scope, ev) for rule in matched]
    return [outputs.joined(row) for row in sorted(rows, key=outputs.rank)]


def _count(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
    return number(len(matched))


def _aggregated(name: str) -> Callable[..., Any]:
    function = as_function(BUILTINS[name])

    def finish(matched: list[int], outputs: _Outputs, scope: Scope, ev: Evaluation, place: Place) -> Any:
        rows = [outputs.cells(rule, scope, ev) for rule in matched]
        runtime = ev.runtime
        mark = len(runtime.warnings)  # type: ignore[arg-type]
        source, runtime.source = runtime.source, ""
        found = [call(function, (list(column),), runtime, 0) for column in zip(*rows, strict=True)]
        runtime.source = source
        ev.drain(mark, place)
        return outputs.joined(found)

    return finish


_FINISHERS: Final[dict[str, Callable[..., Any]]] = {
    "U": _unique,
    "A": _any,
    "P": _priority,
    "F": _first,
    "R": _in_order,
    "O": _output_order,
    "C": _in_order,
    "C#": _count,
    **{policy: _aggregated(name) for policy, name in _AGGREGATORS.items()},
}
