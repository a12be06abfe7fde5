"""What a decision table leaves out and where its rules get in each other's way, told before publishing.

*Gaps*: values for which no rule matches, where the table has no default and its policy wants one answer.
*Overlaps*: two rules that both match, where the hit policy is U, or A and the outputs differ. *Rules that
never answer* under F, because earlier rules take everything. Only what is certain is reported: a cell that
cannot be analysed is named, its rule is left out of the overlaps and counts as covering in the gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lineshaft import feel
from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import Language, Text
from lineshaft.dmn.document import Decision, DecisionTable, InputClause, Knowledge, Variable
from lineshaft.dmn.domains import Atom, atoms_of, literals, taken, words
from lineshaft.dmn.errors import doubt
from lineshaft.dmn.item_types import ANYTHING, ItemType
from lineshaft.dmn.linking import Node
from lineshaft.dmn.model import Model
from lineshaft.feel.types import ANY

FINDINGS_MAX: Final = 50
"""Findings of one kind that are reported for one table."""
_STEPS_MAX: Final = 200_000
_OVERLAP: Final = (
    "Rules {first} and {second} both match for {values}.",
    "规则 {first} 与规则 {second} 同时命中：{values}。",
)
_GAP: Final = ("No rule matches for {values}.", "没有规则覆盖：{values}。")
_ONE_ANSWER: Final = frozenset({"U", "A", "P", "F"})


def analyse(model: Model) -> list[Problem]:
    """Return the findings for every decision table of a model."""
    found: list[Problem] = []
    for node in model.net.named(Decision, Knowledge):
        table = _table_of(node)
        if table is not None:
            found += _Analysis(node, table).findings()
    return found


def _table_of(node: Node) -> DecisionTable | None:
    element = node.element
    logic = element.logic if isinstance(element, Decision) else None
    if isinstance(element, Knowledge) and element.logic is not None:
        logic = element.logic.body
    return logic if isinstance(logic, DecisionTable) else None


@dataclass(slots=True)
class _Column:
    label: str
    atoms: list[Atom] | None
    rules: list[int | None]
    """For each rule the atoms that its cell takes, as bits; ``None`` where it cannot be analysed."""

    everything: int = 0
    """All atoms."""
    by_atom: list[int] = field(default_factory=list)
    """For each atom the rules that take it, as bits; rules that cannot be analysed take all."""

    def __post_init__(self) -> None:
        count = len(self.atoms or [])
        self.everything = (1 << count) - 1
        self.by_atom = [0] * count
        for rule, own in enumerate(self.rules):
            rest = self.everything if own is None else own
            while rest:
                low = rest & -rest
                self.by_atom[low.bit_length() - 1] |= 1 << rule
                rest ^= low


class _Analysis:
    def __init__(self, node: Node, table: DecisionTable) -> None:
        self.node = node
        self.table = table
        self.steps = 0
        self.covering: list[int] = []
        """For each column the rules that take everything from there on."""
        self.met: dict[tuple[int, int], int] = {}
        self.problems: list[Problem] = []
        self.columns = [self._column(position) for position in range(len(table.inputs))]

    def findings(self) -> list[Problem]:
        policy = self.table.hit_policy
        defaults = [clause.default for clause in self.table.outputs]
        has_default = any(default is not None and default.text for default in defaults)
        if policy in ("U", "A"):
            self._overlaps()
        if policy == "F":
            self._never()
        if policy in _ONE_ANSWER and not has_default:
            self._gaps()
        return self.problems

    # -- columns ----------------------------------------------------------------------------------

    def _column(self, position: int) -> _Column:
        clause = self.table.inputs[position]
        label = clause.label or clause.expression.text
        type_, allowed = self._domain(clause)
        cells: list[feel.UnaryTests | None] = []
        named: list[object] = []
        for rule in self.table.rules:
            cell = rule.inputs[position]
            tests = self._tests(cell.text or "-")
            values = None if tests is None or tests.names else literals(tests)
            if values is None:
                self._not_analysable(label, cell.text, cell.place)
                tests = None
            cells.append(tests)
            named += values or []
        if all(tests is not None and not tests.tree.tests for tests in cells):
            return _Column(label, None, [0] * len(cells))
        atoms = atoms_of(named, type_, allowed)
        if atoms is None:
            self._not_analysable(label, "", clause.expression.place)
            return _Column(label, None, [0 if tests and not tests.tree.tests else None for tests in cells])
        return _Column(label, atoms, [None if tests is None else taken(tests, atoms) for tests in cells])

    def _tests(self, written: str) -> feel.UnaryTests | None:
        try:
            return feel.compile_unary_tests(written)
        except feel.FeelSyntaxError:
            return None

    def _domain(self, clause: InputClause) -> tuple[feel.types.Type | None, feel.UnaryTests | None]:
        """Return what is declared of a column's values: by the column, its type, or what it names."""
        found = self.node.types.find(clause.expression.type_ref) or ANYTHING
        if found is ANYTHING:
            found = self._named(clause.expression.text)
        type_ = None if found.feel == ANY else found.feel
        allowed = None if clause.allowed is None else self._tests(clause.allowed.text)
        return type_, allowed or found.allowed

    def _named(self, expression: str) -> ItemType:
        known = {item.name: item.node.type for item in self.node.requires if not item.prefix}
        element = self.node.element
        if isinstance(element, Knowledge) and element.logic is not None:
            known |= {parameter.name: self._type(parameter) for parameter in element.logic.parameters}
        first, *path = (part.strip() for part in expression.split("."))
        found = known.get(first, ANYTHING)
        for name in path:
            found = dict(found.components).get(name, ANYTHING)
        return found

    def _type(self, parameter: Variable) -> ItemType:
        return self.node.types.find(parameter.type_ref) or ANYTHING

    def _not_analysable(self, label: str, cell: str, place: Place) -> None:
        found = doubt(
            "not_analysable",
            "`{label}` {cell} cannot be analysed for gaps and overlaps: it is more than literals.",
            "无法分析 `{label}` {cell} 的缺口与重叠：其中不止是字面值。",
            place, label=label, cell=f"`{cell}`" if cell else "",
        )  # fmt: skip
        if len(self.problems) < FINDINGS_MAX:
            self.problems.append(found)

    # -- overlaps ---------------------------------------------------------------------------------

    def _overlaps(self) -> None:
        analysed = sum(1 << rule for rule in range(len(self.table.rules)) if self._is_analysed(rule))
        count = 0
        for first in range(len(self.table.rules)):
            if not analysed >> first & 1:
                continue
            others = analysed & -(2 << first)
            for column in self.columns:
                others &= self._meeting(column, column.rules[first] or 0)
            while others:
                low = others & -others
                others ^= low
                second = low.bit_length() - 1
                common = self._common(first, second)
                if common is None or (self.table.hit_policy == "A" and self._same_outputs(first, second)):
                    continue
                count += 1
                if count > FINDINGS_MAX:
                    return
                self._told("overlap", _OVERLAP, common, self.table.rules[second].place, "error",
                           first=first + 1, second=second + 1)  # fmt: skip

    def _meeting(self, column: _Column, atoms: int) -> int:
        """Return the rules that take any of some atoms of a column."""
        if column.atoms is None:
            return -1
        known = self.met.get((id(column), atoms))
        if known is None:
            known, rest = 0, atoms
            while rest:
                low = rest & -rest
                known |= column.by_atom[low.bit_length() - 1]
                rest ^= low
            self.met[id(column), atoms] = known
        return known

    def _is_analysed(self, rule: int) -> bool:
        return all(column.rules[rule] is not None for column in self.columns)

    def _common(self, first: int, second: int) -> list[int] | None:
        found = []
        for column in self.columns:
            one, two = column.rules[first], column.rules[second]
            assert one is not None
            assert two is not None
            if column.atoms is not None and not one & two:
                return None
            found.append(one & two)
        return found

    def _same_outputs(self, first: int, second: int) -> bool:
        return all(
            _spelled(one.text) == _spelled(two.text)
            for one, two in zip(
                self.table.rules[first].outputs, self.table.rules[second].outputs, strict=True
            )
        )

    # -- gaps -------------------------------------------------------------------------------------

    def _gaps(self) -> None:
        alive = (1 << len(self.table.rules)) - 1
        self.covering = [alive]
        for column in reversed(self.columns):
            whole = sum(
                1 << rule for rule, own in enumerate(column.rules) if own in (None, column.everything)
            )
            self.covering.insert(0, self.covering[0] & whole)
        for count, box in enumerate(self._uncovered(0, alive, [])):
            if count >= FINDINGS_MAX:
                break
            self._told("gap", _GAP, box, self.table.place, "warning")
        if self.steps > _STEPS_MAX:
            self.problems.append(
                doubt("not_analysable", "The table is too large to find all of its gaps.",
                      "决策表过大，无法找出全部缺口。", self.table.place)
            )  # fmt: skip

    def _uncovered(self, position: int, alive: int, chosen: list[int]) -> Iterator[list[int]]:
        """Yield the boxes (atoms for each column) that no rule of those alive covers."""
        self.steps += 1
        if self.steps > _STEPS_MAX:
            return
        if not alive:
            yield [*chosen, *(column.everything for column in self.columns[position:])]
            return
        if position == len(self.columns) or self._covers(position, alive):
            return
        column = self.columns[position]
        if column.atoms is None:
            yield from self._uncovered(position + 1, alive, [*chosen, 0])
            return
        groups: dict[int, int] = {}
        for number, rules in enumerate(column.by_atom):
            left = alive & rules
            groups[left] = groups.get(left, 0) | 1 << number
        for left, atoms in groups.items():
            yield from self._uncovered(position + 1, left, [*chosen, atoms])

    def _covers(self, position: int, alive: int) -> bool:
        """Tell whether one of the rules takes everything in all columns that are left."""
        return bool(alive & self.covering[position])

    # -- rules that never answer ------------------------------------------------------------------

    def _never(self) -> None:
        earlier = 0
        for rule in range(len(self.table.rules)):
            if not self._is_analysed(rule):
                continue
            self.steps = 0
            if earlier and not self._is_left(0, earlier, rule) and self.steps <= _STEPS_MAX:
                self.problems.append(
                    doubt("never", "Rule {rule} never answers: the rules before it take all of its values.",
                          "规则 {rule} 永远不会生效：其取值已全部被前面的规则覆盖。",
                          self.table.rules[rule].place, rule=rule + 1)
                )  # fmt: skip
            earlier |= 1 << rule

    def _is_left(self, position: int, alive: int, rule: int) -> bool:
        """Tell whether a rule takes anything that those alive do not."""
        self.steps += 1
        if not alive:
            return True
        if position == len(self.columns) or self.steps > _STEPS_MAX:
            return False
        column = self.columns[position]
        own = column.rules[rule] or 0
        seen: set[int] = set()
        for number in range(len(column.atoms or [])):
            if not own >> number & 1:
                continue
            left = alive & column.by_atom[number]
            if left not in seen:
                seen.add(left)
                if self._is_left(position + 1, left, rule):
                    return True
        return not column.atoms and self._is_left(position + 1, alive, rule)

    # -- telling ----------------------------------------------------------------------------------

    def _told(
        self, code: str, texts: tuple[str, str], box: list[int], place: Place, severity: str, **values: object
    ) -> None:
        template_en = texts[0].replace("{values}", "{values_en}")
        template_zh = texts[1].replace("{values}", "{values_zh}")
        filled = {**values, "values_en": self._words(box, "en"), "values_zh": self._words(box, "zh")}
        message = Text(template_en, template_zh, filled)
        self.problems.append(Problem(f"dmn_{code}", message, place, severity))

    def _words(self, box: list[int], language: Language) -> str:
        parts = [
            f"{column.label}: {words(column.atoms, atoms, language)}"
            for column, atoms in zip(self.columns, box, strict=True)
            if column.atoms is not None and atoms != column.everything
        ]
        return "; ".join(parts) or ("任意输入" if language == "zh" else "any input")


def _spelled(written: str) -> str:
    """Return an expression as the printer writes it, so that white space makes no difference."""
    try:
        return str(feel.compile(written))
    except feel.FeelSyntaxError:
        return written
