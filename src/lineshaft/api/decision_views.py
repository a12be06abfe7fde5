"""What an editor of decision tables is shown and sends: tables as plain grids, trials, differences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from lineshaft.api.design_views import TEXT_MAX, DesignFindingView, DrawnFile
from lineshaft.api.views import TitleView
from lineshaft.dmn.document import DecisionTable

_Cells = Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class TableColumnView:
    """A column: what its head says, and the expression it asks or the name it answers."""

    label: str
    name: str


@dataclass(frozen=True, slots=True)
class TableRuleView:
    """A row of a table, its cells in FEEL as they are written."""

    inputs: _Cells
    outputs: _Cells
    annotations: _Cells = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CellFaultView:
    """A cell that the engine's parser cannot read."""

    rule: int
    """From 1, as the rules that matched are numbered."""
    kind: str
    """`input` or `output`."""
    column: int
    """From 1."""
    message: TitleView
    hint: TitleView | None


@dataclass(frozen=True, slots=True)
class TableView:
    """A decision table as a grid."""

    name: str
    hit_policy: str
    """`U`, `A`, `P`, `F`, `R`, `O`, `C`, `C+`, `C<`, `C>` or `C#`."""
    inputs: list[TableColumnView]
    outputs: list[TableColumnView]
    annotations: list[str]
    rules: list[TableRuleView]
    faults: list[CellFaultView]

    @classmethod
    def of(cls, name: str, table: DecisionTable, faults: list[CellFaultView]) -> TableView:
        """Return the view of a table."""
        return cls(
            name,
            table.hit_policy,
            [
                TableColumnView(each.label or each.expression.text, each.expression.text)
                for each in table.inputs
            ],
            [TableColumnView(each.label or each.name, each.name) for each in table.outputs],
            list(table.annotations),
            [
                TableRuleView(
                    [cell.text for cell in rule.inputs],
                    [cell.text for cell in rule.outputs],
                    list(rule.annotations),
                )
                for rule in table.rules
            ],
            faults,
        )


@dataclass(frozen=True, slots=True)
class TablesView:
    """The tables of a file, and the file they stand in."""

    text: str
    tables: list[TableView]


@dataclass(frozen=True, slots=True)
class WishedRules:
    """A table's rules as they are to be; its columns stay."""

    name: Annotated[str, Field(max_length=300)]
    rules: Annotated[list[TableRuleView], Field(max_length=20_000)]


@dataclass(frozen=True, slots=True)
class WishedTables:
    """A file, and what is to change in its tables; without changes it is only read."""

    text: Annotated[str, Field(max_length=TEXT_MAX)]
    changes: Annotated[list[WishedRules], Field(max_length=100)] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WishedTrial:
    """A decision to be tried on values: as it is drawn, nothing is kept."""

    file: DrawnFile
    decision: Annotated[str, Field(max_length=300)]
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialView:
    """What a decision answered."""

    value: Any
    rules: dict[str, list[int]]
    """The rules that matched, from 1, by the table's name."""
    findings: list[DesignFindingView]


@dataclass(frozen=True, slots=True)
class WishedComparison:
    """Two versions of a model."""

    old: Annotated[str, Field(max_length=TEXT_MAX)]
    new: Annotated[str, Field(max_length=TEXT_MAX)]


@dataclass(frozen=True, slots=True)
class DecisionChangeView:
    """A difference in words; spelling that makes none to FEEL is none."""

    element: str
    text: TitleView


@dataclass(frozen=True, slots=True)
class DecisionChangesView:
    """What is different in the new version."""

    items: list[DecisionChangeView]
    next: str | None = None
