"""What the API answers about cross-references, what waits for them, and state maps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.engine.crossref import Likely
from lineshaft.store.rows import Binding, BindingChange


@dataclass(frozen=True, slots=True)
class BindingView:
    """Which record in which system a business object is."""

    object_type: str
    object_id: str
    system: str
    local_id: str
    label: str
    bound_at: datetime
    state: str
    """``only``, ``several``, or ``former``: no longer used, but it still finds the object."""
    bound_by: str
    department: str | None

    @classmethod
    def of(cls, row: Binding) -> BindingView:
        """Return the view of a cross-reference."""
        own = (row.object_type, row.object_id, row.system, row.local_id, row.label, row.bound_at)
        return cls(*own, row.state, row.bound_by, row.department)


@dataclass(frozen=True, slots=True)
class BindingPage:
    """Cross-references."""

    items: list[BindingView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class BindingChangeView:
    """A line of the history of cross-references."""

    id: str
    object_type: str
    object_id: str
    at: datetime
    what: str
    """``bound``, ``moved``, ``unbound``, ``rekeyed`` or ``merged``."""
    by: str
    system: str
    local_id: str
    other: str
    """Of a re-key the new id, of a merge the surviving object, of a move the object before."""
    why: str

    @classmethod
    def of(cls, row: BindingChange) -> BindingChangeView:
        """Return the view of a change."""
        own = (row.id, row.object_type, row.object_id, row.at, row.what, row.by)
        return cls(*own, row.system, row.local_id, row.other, row.why)


@dataclass(frozen=True, slots=True)
class BindingChangePage:
    """History, newest first."""

    items: list[BindingChangeView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectTypeView:
    """A type of business object that is cross-referenced."""

    type: str
    label: dict[str, str]
    bindings: int
    several: list[str]
    """Systems in which one object may have several ids."""


@dataclass(frozen=True, slots=True)
class ObjectTypes:
    """The types of objects, by name."""

    items: list[ObjectTypeView]


@dataclass(frozen=True, slots=True)
class WorkbookView:
    """An Excel file."""

    name: str
    content: str
    """The file in base64."""
    truncated: bool = False
    """There was more than one file takes."""


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an Excel file would change, or has changed."""

    rows: int
    changed: int
    """Bindings that are new or other than before."""
    problems: list[str]
    """Of a row each; where there are some, nothing was written."""
    written: bool


@dataclass(frozen=True, slots=True)
class LikelyView:
    """An object that may be meant."""

    object_id: str
    label: str
    ids: dict[str, str]
    """Its id in each system."""
    score: float
    """1: the same letters and digits."""

    @classmethod
    def of(cls, found: Likely) -> LikelyView:
        """Return the view of a candidate."""
        return cls(found.object_id, found.label, dict(found.ids), found.score)


@dataclass(frozen=True, slots=True)
class LikelyList:
    """Objects that may be meant, the likeliest first."""

    items: list[LikelyView]


@dataclass(frozen=True, slots=True)
class WaitingItemView:
    """Something that waits for a reference."""

    id: str
    kind: str
    """``call`` (an effect) or ``record`` (of a flow)."""
    number: str
    """The business number, or the record's own."""
    what: str
    """The operation, or the flow."""
    since: datetime
    instance_id: str | None
    error: str


@dataclass(frozen=True, slots=True)
class AwaitedView:
    """How much waits for one reference."""

    reference: str
    object_type: str
    label: dict[str, str]
    """The type in words."""
    system: str
    id: str
    count: int
    oldest_at: datetime
    text: dict[str, str]
    """The line for people: 14 wait for material M-77."""


@dataclass(frozen=True, slots=True)
class AwaitedList:
    """What is waited for, the oldest first."""

    items: list[AwaitedView]


@dataclass(frozen=True, slots=True)
class AwaitedDetail:
    """One reference: what waits for it, and what may be meant."""

    awaited: AwaitedView
    items: list[WaitingItemView]
    candidates: list[LikelyView]


@dataclass(frozen=True, slots=True)
class MappedStateView:
    """One of the firm's own states and what the systems call it."""

    state: str
    label: dict[str, str]
    systems: dict[str, list[str]]
    """By system: all its states that mean this one."""
    writes: dict[str, str]
    """By system: which of them is written."""


@dataclass(frozen=True, slots=True)
class DocumentStatesView:
    """The state map of a kind of document."""

    document: str
    states: list[MappedStateView]


@dataclass(frozen=True, slots=True)
class UnmappedStateView:
    """A state that documents have and no map knows; it stays as the system wrote it."""

    document: str
    system: str
    state: str
    count: int
    """Among the newest 5,000 documents."""
    numbers: list[str]
    """Of some of them."""


@dataclass(frozen=True, slots=True)
class StateMaps:
    """All state maps, and what is in none."""

    items: list[DocumentStatesView]
    unmapped: list[UnmappedStateView]


@dataclass(frozen=True, slots=True)
class TranslatedState:
    """What a state is called elsewhere."""

    state: str | None
    target_state: str | None
    mapped: bool
    raw: str
