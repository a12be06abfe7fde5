"""What an editor of mappings is shown and sends: tables with their faults, trials, samples, offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from lineshaft.api.design_views import TEXT_MAX, DrawnFile
from lineshaft.api.views import TitleView
from lineshaft.mapping.sheet import Sheet

WORKBOOK_MAX = 8_000_000
"""Characters of a workbook in base64."""

_Cell = Annotated[str | None, Field(max_length=40_000)]
_Row = Annotated[list[_Cell], Field(max_length=60)]
Sheets = Annotated[dict[str, Annotated[list[_Row], Field(max_length=100_001)]], Field(max_length=8)]


@dataclass(frozen=True, slots=True)
class MappingCellFaultView:
    """What is wrong with one cell."""

    sheet: str
    row: int
    """From 1 below the heading; 0: the heading or the sheet itself."""
    column: str
    message: TitleView
    hint: TitleView | None


@dataclass(frozen=True, slots=True)
class MappingTestView:
    """An example of the file, and how it went."""

    name: str
    wrong: list[TitleView]
    """Nothing: it passed."""


@dataclass(frozen=True, slots=True)
class MappingSheetsView:
    """A mapping file as sheets: `mapping`, `fields`, `maps`, `tests`; each begins with its heading."""

    text: str
    written: bool
    """Whether `text` says what the sheets say; if not, the faults tell why, and `text` is the one before."""
    sheets: dict[str, list[list[str | None]]]
    faults: list[MappingCellFaultView]
    tests: list[MappingTestView]

    @classmethod
    def of(cls, sheet: Sheet, tests: list[MappingTestView]) -> MappingSheetsView:
        """Return the view of a sheet."""
        faults = [
            MappingCellFaultView(
                each.sheet,
                each.row,
                each.column,
                TitleView.of(each.message),
                TitleView.of(each.hint) if each.hint is not None else None,
            )
            for each in sheet.faults
        ]
        sheets = {name: [list(row) for row in rows] for name, rows in sheet.sheets.items()}
        return cls(sheet.text, sheet.written, sheets, faults, tests)


@dataclass(frozen=True, slots=True)
class WishedSheets:
    """A mapping file, and its sheets as they are to be; without them it is only read."""

    file: DrawnFile
    sheets: Sheets | None = None


@dataclass(frozen=True, slots=True)
class WishedMapping:
    """A mapping as it is drawn."""

    file: DrawnFile


@dataclass(frozen=True, slots=True)
class SampleView:
    """A record to try a mapping on."""

    origin: Literal["past", "test"]
    """`past`: a process has given it to the mapping; `test`: an example of the file."""
    name: str
    at: datetime | None
    record: Any
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SamplesView:
    """Samples, what came in last first."""

    items: list[SampleView]


@dataclass(frozen=True, slots=True)
class WishedMappingTrial:
    """A mapping to be tried on a record: as it is drawn, nothing is kept or asked of a system."""

    file: DrawnFile
    record: Any
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappedValueView:
    """A value of the result and where it came from."""

    target: str
    value: Any
    sources: list[str]
    how: list[str]
    """What was done, in order: `value`, `default`, names of conversions, `map:NAME`, `lookup:KIND`."""


@dataclass(frozen=True, slots=True)
class MappingTroubleView:
    """What is wrong with one field of the result."""

    target: str
    severity: Literal["error", "warning"]
    message: TitleView
    hint: TitleView | None


@dataclass(frozen=True, slots=True)
class MissingCodeView:
    """A code that the cross-reference has not, and what is near."""

    type: str
    system: str
    id: str
    wanted_in: str
    candidates: list[str]


@dataclass(frozen=True, slots=True)
class MappingTrialView:
    """What came out."""

    records: list[Any]
    values: list[MappedValueView]
    troubles: list[MappingTroubleView]
    missing: list[MissingCodeView]


@dataclass(frozen=True, slots=True)
class SourceFieldView:
    """A field that there is: its path (`lines[].unit_price`), type, and samples."""

    path: str
    type: str
    label: TitleView | None
    samples: list[str]


@dataclass(frozen=True, slots=True)
class OfferView:
    """A source field that may be meant for a target field."""

    source: str
    score: float
    why: TitleView


@dataclass(frozen=True, slots=True)
class TargetOffersView:
    """A field of the target that nothing fills, or that is filled with nothing, and what may be meant."""

    target: str
    declared: bool
    """The target has the field; it is not in the table yet."""
    offers: list[OfferView]


@dataclass(frozen=True, slots=True)
class WishedOffers:
    """A mapping, and a record to take samples from."""

    file: DrawnFile
    record: Any = None


@dataclass(frozen=True, slots=True)
class MappingOffersView:
    """The source's fields, and suggestions for the target's."""

    sources: list[SourceFieldView]
    targets: list[TargetOffersView]


@dataclass(frozen=True, slots=True)
class WishedMappingComparison:
    """Two versions of a mapping."""

    old: Annotated[str, Field(max_length=TEXT_MAX)]
    new: Annotated[str, Field(max_length=TEXT_MAX)]


@dataclass(frozen=True, slots=True)
class MappingChangeView:
    """A difference in words; layout and spelling make none."""

    field: str
    text: TitleView


@dataclass(frozen=True, slots=True)
class MappingChangesView:
    """What the new version does otherwise."""

    items: list[MappingChangeView]


@dataclass(frozen=True, slots=True)
class WishedWorkbook:
    """An Excel workbook that says a mapping."""

    path: Annotated[str, Field(min_length=1, max_length=200)]
    content: Annotated[str, Field(max_length=WORKBOOK_MAX, description="the .xlsx in base64")]
