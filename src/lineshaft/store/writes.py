"""Writes: what a unit of work asks the store to put down, all of it or nothing.

``Put…`` means insert or replace by key. ``Insert…`` of something that exists already makes the whole unit a
duplicate (an ordinary result, not an error). Everything that one step decided is one ``Unit``; many units
share one commit (group commit), and one bad unit never takes the others with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from lineshaft.base.errors import StoreError
from lineshaft.store.rows import (
    AuditEntry,
    Binding,
    BindingChange,
    Cursor,
    DeadLetter,
    Definition,
    Document,
    DocumentLine,
    DocumentLink,
    Effect,
    EffectStatus,
    Event,
    Fact,
    FlowItem,
    FlowRecord,
    History,
    Incident,
    Instance,
    InstanceScope,
    InstanceStatus,
    Job,
    Message,
    Parked,
    Record,
    Release,
    Subscription,
    SystemState,
    Task,
    Variable,
)

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from lineshaft.store.values import dataclass


@dataclass(frozen=True, slots=True)
class InsertEvent:
    """Take an event in; a second one with the same (tenant, source, id) makes the unit a duplicate."""

    row: Event


@dataclass(frozen=True, slots=True)
class RouteEvent:
    """Mark an event as routed. One that is routed already makes the unit a duplicate.

    One that was never taken in is a ``WriteConflict``.
    """

    tenant: str
    source: str
    id: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class InsertInstance:
    """Begin an instance."""

    row: Instance


@dataclass(frozen=True, slots=True)
class UpdateInstance:
    """Write an instance's next state; a version other than ``expected`` is a ``WriteConflict``.

    ``None`` leaves ``ended_at``, ``release`` and ``program`` as they are.
    """

    tenant: str
    id: str
    expected: int
    version: int
    status: InstanceStatus
    root: bytes
    scope0: bytes
    incidents: int = 0
    ended_at: datetime | None = None
    release: str | None = None
    """Given where the instance moved to another release (migration)."""
    program: str | None = None


@dataclass(frozen=True, slots=True)
class PutScope:
    """Write an inner scope."""

    row: InstanceScope


@dataclass(frozen=True, slots=True)
class DeleteScope:
    """Remove an inner scope."""

    tenant: str
    instance_id: str
    scope: int


@dataclass(frozen=True, slots=True)
class PutVariable:
    """Write a variable.

    ``is_new`` says that it is not stored yet, which is cheaper to write; one that is there all the same is
    replaced.
    """

    row: Variable
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class DeleteVariable:
    """Remove a variable."""

    tenant: str
    instance_id: str
    scope: int
    name: str


@dataclass(frozen=True, slots=True)
class AddHistory:
    """Append to the history; a second line with the same instance, ``seq`` and time changes nothing."""

    row: History


@dataclass(frozen=True, slots=True)
class InsertEffect:
    """Add a line to the effect ledger.

    With ``supersede`` the older effects of the same order key of which nothing has reached the target yet
    (``intended``, ``parked``) become ``superseded``, settled at this row's ``created_at``.
    """

    row: Effect
    supersede: bool = False


@dataclass(frozen=True, slots=True)
class UpdateEffect:
    """Move an effect on. ``None`` leaves a column as it is.

    A final status is never overwritten: the unit becomes a duplicate, unless ``late_evidence`` says that the
    verdict (``unknown``, ``dead``, ``cancelled``) is corrected by what the target showed afterwards. What the
    target answered (``done``, ``refused``) or was never asked (``superseded``) stays even then. An effect
    that is not there is a ``WriteConflict``.
    """

    tenant: str
    id: str
    status: EffectStatus
    due_at: datetime | None = None
    attempts: int | None = None
    attempted_at: datetime | None = None
    settled_at: datetime | None = None
    evidence: bytes | None = None
    error_class: str | None = None
    error_text: str | None = None
    reference: str | None = None
    request: bytes | None = None
    """Given where a person edited the payload."""
    late_evidence: bool = False
    of_call: bool = False
    """It says how a call ended that was marked as attempted. Where the effect is not attempted any more, this
    unit was written before (its answer was lost), and somebody may have moved the effect on: a duplicate."""


@dataclass(frozen=True, slots=True)
class PutJob:
    """Owe a piece of work; a job with the same id is replaced."""

    row: Job


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """The piece of work is done or no longer wanted; one that is gone already is fine."""

    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class TakeJob:
    """The piece of work is done by this unit; one that is gone already makes the unit a duplicate."""

    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class PutSubscription:
    """Begin to wait for a message or signal."""

    row: Subscription


@dataclass(frozen=True, slots=True)
class DeleteSubscription:
    """Stop waiting."""

    tenant: str
    instance_id: str
    number: int


@dataclass(frozen=True, slots=True)
class PutMessage:
    """Keep a message that nobody waits for yet."""

    row: Message


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """The kept message was delivered or has expired."""

    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class PutTask:
    """Write a task."""

    row: Task


@dataclass(frozen=True, slots=True)
class EndTask:
    """End an open task; one that is not open any more is left as it is."""

    tenant: str
    instance_id: str
    token: int
    status: Literal["completed", "cancelled"]
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class PutIncident:
    """Write an incident."""

    row: Incident


@dataclass(frozen=True, slots=True)
class CloseIncident:
    """An incident is over."""

    tenant: str
    instance_id: str
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PutDeadLetter:
    """Write a dead letter."""

    row: DeadLetter


@dataclass(frozen=True, slots=True)
class CloseDeadLetter:
    """A dead letter was replayed, resolved or discarded; one that is closed makes the unit a duplicate.

    One that is not there is a ``WriteConflict``.
    """

    tenant: str
    id: str
    status: Literal["replayed", "resolved", "discarded"]
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class PutSystemState:
    """Write what all must know of a system; a version other than ``expected`` (0: none yet) conflicts."""

    row: SystemState
    expected: int


@dataclass(frozen=True, slots=True)
class PutDocument:
    """Write a document; one with a smaller ``source_version`` than stored changes nothing.

    ``created_at`` stays as it was first written. What the new row leaves open (an empty payload; no business
    key, party or party code) stays as stored: a short notice does not wipe what a full one has told.
    """

    row: Document


@dataclass(frozen=True, slots=True)
class PutDocumentLine:
    """Write a line of a document."""

    row: DocumentLine


@dataclass(frozen=True, slots=True)
class PutDocumentLink:
    """Write a link between documents."""

    row: DocumentLink


@dataclass(frozen=True, slots=True)
class PutBinding:
    """Write a cross-reference; ``local_id`` of a system belongs to one object of a type.

    An object may have several local ids in a system; of those that are not ``former`` the one bound last is
    its local id there. A second ``only`` one of an object in a system makes the unit fail (``BadRow``).
    """

    row: Binding


@dataclass(frozen=True, slots=True)
class DeleteBinding:
    """Take a cross-reference away; one that is gone already is fine."""

    tenant: str
    object_type: str
    system: str
    local_id: str


@dataclass(frozen=True, slots=True)
class AddBindingChange:
    """Add a line to the history of cross-references."""

    row: BindingChange


@dataclass(frozen=True, slots=True)
class PutParked:
    """Let a piece of work wait for a reference; one with the same id is replaced."""

    row: Parked


@dataclass(frozen=True, slots=True)
class DeleteParked:
    """It waits no longer; one that is gone already is fine."""

    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class PutCursor:
    """Move a source's cursor; a version other than ``expected`` (0: none yet) conflicts."""

    row: Cursor
    expected: int


@dataclass(frozen=True, slots=True)
class PutRelease:
    """Write a release; an active one makes all others inactive."""

    row: Release


@dataclass(frozen=True, slots=True)
class PutDefinition:
    """Write a file of a release."""

    row: Definition


@dataclass(frozen=True, slots=True)
class PutRecord:
    """Write a record; a version other than ``expected`` (0: none yet) conflicts."""

    row: Record
    expected: int


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Remove a record; one that is gone already is fine."""

    tenant: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class AddAudit:
    """Append to the audit log. The store numbers and chains the entry, in the transaction that writes it."""

    row: AuditEntry


@dataclass(frozen=True, slots=True)
class EraseAudit:
    """Take out of an entry what names a person or holds data; its place in the chain stays proven."""

    tenant: str
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PutFlowRecord:
    """Write what a flow knows of a record."""

    row: FlowRecord


@dataclass(frozen=True, slots=True)
class PutFlowItem:
    """Let a record wait to be carried by a flow; one with the same id is replaced."""

    row: FlowItem


@dataclass(frozen=True, slots=True)
class DeleteFlowItem:
    """It was carried; one that is gone already is fine."""

    tenant: str
    flow: str
    id: str


@dataclass(frozen=True, slots=True)
class PutFact:
    """Tell other programs that something has happened, or number what was told."""

    row: Fact


@dataclass(frozen=True, slots=True)
class DeleteFact:
    """Forget what was told."""

    tenant: str
    id: str


Write = (
    InsertEvent
    | RouteEvent
    | InsertInstance
    | UpdateInstance
    | PutScope
    | DeleteScope
    | PutVariable
    | DeleteVariable
    | AddHistory
    | InsertEffect
    | UpdateEffect
    | PutJob
    | DeleteJob
    | TakeJob
    | PutSubscription
    | DeleteSubscription
    | PutMessage
    | DeleteMessage
    | PutTask
    | EndTask
    | PutIncident
    | CloseIncident
    | PutDeadLetter
    | CloseDeadLetter
    | PutSystemState
    | PutDocument
    | PutDocumentLine
    | PutDocumentLink
    | PutBinding
    | DeleteBinding
    | AddBindingChange
    | PutParked
    | DeleteParked
    | PutCursor
    | PutRelease
    | PutDefinition
    | PutRecord
    | DeleteRecord
    | AddAudit
    | EraseAudit
    | PutFlowRecord
    | PutFlowItem
    | DeleteFlowItem
    | PutFact
    | DeleteFact
)


@dataclass(frozen=False, slots=True)
class Unit:
    """What must be written together. Applied in the order given, in one transaction with other units.

    ``lane`` is the lane whose lease guards the unit; ``None`` for intake and for people's requests, which
    only add (events, jobs) or carry their own expected version.
    """

    writes: list[Write] = field(default_factory=list)
    lane: int | None = None


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What became of a unit: ``written``, ``duplicate`` (nothing written, ordinary) or ``failed``."""

    status: Literal["written", "duplicate", "failed"]
    error: StoreError | None = None
    """For ``failed``: ``WriteConflict`` or ``BadRow``. An error of the whole commit is raised instead."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof of ownership: the fencing token of every lane that the units of a commit belong to."""

    worker: str
    tokens: Mapping[int, int]


WRITTEN = UnitResult("written")
DUPLICATE = UnitResult("duplicate")


def lanes_of(units: Sequence[Unit]) -> frozenset[int]:
    """Return the lanes that guard ``units``."""
    return frozenset(unit.lane for unit in units if unit.lane is not None)
