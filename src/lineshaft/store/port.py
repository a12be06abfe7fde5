"""The port: all that the hub asks of its durable store, in domain words.

Three makes keep it (memory, SQLite, PostgreSQL) and one conformance suite proves them; its cases are the
laws of the store in docs/architecture.md. Nothing is visible before its commit, and what ``commit`` returned
is durable.

Every method that returns rows takes a ``Scope`` and returns nothing outside it: rows of another tenant never;
rows with a department only to who may see it; jobs, subscriptions and messages, which have none, to no scope
that is limited to departments; lines and links of documents with the documents they belong to. Bindings
without a department are the whole firm's.

Every method may raise ``StoreUnavailable``; then nothing was written, or (``commit`` only, when the answer
was lost) the caller must re-read before it trusts its memory: units carry expected versions, so a repeat is
safe.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from lineshaft.base.scope import Scope
from lineshaft.store.rows import (
    AuditEntry,
    AuditHead,
    Awaited,
    Binding,
    BindingChange,
    CodeAsked,
    Cursor,
    DeadLetter,
    Definition,
    Document,
    DocumentLine,
    DocumentLink,
    Effect,
    Event,
    Fact,
    FlowItem,
    FlowRecord,
    History,
    Incident,
    Instance,
    Job,
    Message,
    Parked,
    Party,
    Record,
    Release,
    StoredInstance,
    Subscription,
    SystemState,
    Task,
)
from lineshaft.store.upkeep import Cut, FoundRows, Rewrite, Slice
from lineshaft.store.writes import Fence, Unit, UnitResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease:
    """A lane (or source) owned for a while. ``token`` grows with every new owner."""

    name: str
    """The lane's number as text, or the source's name."""
    token: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a long list; ``next`` continues it, ``None`` at its end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for one system (or ``""`` for events to route): how much, and since when.

    A call that could not ask a system (the look-up of a code) waits for the system it asks.
    """

    system: str
    status: str
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What went on with one system since a time."""

    system: str
    calls: int
    """Effects that were asked for since then."""
    events: int
    """Events of its that were taken in since then."""
    error_at: datetime | None = None
    error_class: str | None = None
    error_text: str | None = None
    """The newest failure: of an effect that is still open, or of a dead letter written since then."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Dead letters of one status that failed for the same reason."""

    cause: str
    system: str | None
    operation: str | None
    error_class: str
    error_text: str
    """Of one of them."""
    count: int
    oldest_at: datetime
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class FlowBacklog:
    """What is open of one flow: how much of which status, and since when."""

    flow: str
    status: str
    count: int
    oldest_at: datetime


class Store(Protocol):
    """A durable store. Open it once; its methods may be awaited concurrently."""

    @property
    def name(self) -> str:
        """``memory``, ``sqlite`` or ``postgres``."""
        ...

    # -- life ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect; create or check the schema (``SchemaTooOld`` asks for ``migrate``)."""
        ...

    async def close(self) -> None:
        """Finish what is under way and disconnect."""
        ...

    async def migrate(self) -> None:
        """Bring the schema to this program's version; safe to run from many processes at once."""
        ...

    async def now(self) -> datetime:
        """Return the store's own time: the one clock that all workers share."""
        ...

    def listen(self) -> AsyncIterator[frozenset[int]]:
        """Yield the lanes in which somebody else put new work; may wake in vain, may miss a wake-up."""
        ...

    # -- leases ----------------------------------------------------------------------------------------

    async def register_worker(self, worker: str, ttl_s: float) -> int:
        """Say that ``worker`` lives; return how many workers live now, itself included."""
        ...

    async def forget_worker(self, worker: str) -> None:
        """Say that ``worker`` has stopped, and give back everything it holds."""
        ...

    async def acquire_lanes(self, worker: str, count: int, ttl_s: float) -> list[Lease]:
        """Take up to ``count`` lanes that nobody holds (or whose lease has expired by the store's clock)."""
        ...

    async def renew_lanes(self, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        """Prolong leases; return those still held. One that expired is gone even if nobody took it."""
        ...

    async def release_lanes(self, worker: str, leases: Collection[Lease]) -> None:
        """Give lanes back at once."""
        ...

    async def acquire_source(self, worker: str, source: str, ttl_s: float) -> Lease | None:
        """Take or prolong the lease of a source (poller, capture, schedule); ``None`` if another holds it."""
        ...

    # -- writing ---------------------------------------------------------------------------------------

    async def commit(self, units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
        """Write units in one transaction, in order; return a result for each.

        A unit that conflicts, is a duplicate, or holds a bad row is set aside (the group is split until it is
        found); the others are written. Every guarded unit's lane must be in ``fence`` with its current
        token and an unexpired lease, checked inside the transaction.

        Raises:
            LeaseLost: at least one lane is not held any more; nothing was written.
            StoreUnavailable: see the module's docstring.
        """
        ...

    # -- the engine's reads ----------------------------------------------------------------------------

    async def open_events(self, scope: Scope, lanes: Collection[int], limit: int) -> list[Event]:
        """Return events that are not routed yet, by priority, then oldest first."""
        ...

    async def open_effects(
        self,
        scope: Scope,
        lanes: Collection[int],
        due_before: datetime,
        limit: int,
        *,
        without_systems: Collection[str] = (),
        without_ids: Collection[str] = (),
    ) -> list[Effect]:
        """Return effects to call (``intended``, ``attempted``, ``unknown``) that are due, oldest first.

        By priority, then creation (``created_at``, then id). Of effects with an order key only the oldest
        that is not final is returned, even where that one is not due or left out by ``without_…``; an older
        one that is ``dead`` or ``parked`` holds the key back where it says ``hold_key``.
        ``unknown`` ones come only while a probe can still settle them (``due_at`` set by the engine).
        """
        ...

    async def effects_in_turns(
        self,
        scope: Scope,
        lanes: Collection[int],
        due_before: datetime,
        system: str,
        each: int,
        *,
        without_ids: Collection[str] = (),
    ) -> list[Effect]:
        """Return what ``open_effects`` would for one system, but of each process and class the oldest only.

        At most ``each`` of them: so none is hidden behind what another process owes. It reads all that waits
        for the system: for now and then. An effect of no process counts to its operation.
        """
        ...

    async def processes_of(self, scope: Scope, instance_ids: Collection[str]) -> dict[str, str]:
        """Return the processes of instances, by instance; those that are not there are left out."""
        ...

    async def due_jobs(
        self,
        scope: Scope,
        lanes: Collection[int],
        due_before: datetime,
        limit: int,
        *,
        without_ids: Collection[str] = (),
    ) -> list[Job]:
        """Return jobs that are due, by priority, then ``due_at``."""
        ...

    async def next_due(self, scope: Scope, lanes: Collection[int], after: datetime) -> datetime | None:
        """Return when the next job or effect falls due after ``after``."""
        ...

    async def load_instances(self, scope: Scope, ids: Collection[str]) -> dict[str, StoredInstance]:
        """Return instances with their scopes and variables; unknown ids are left out."""
        ...

    async def children(self, scope: Scope, parent_id: str) -> list[Instance]:
        """Return the instances that ``parent_id`` started."""
        ...

    async def subscriptions(
        self, scope: Scope, kind: str, name: str, key: str | None, limit: int
    ) -> list[Subscription]:
        """Return who waits for a message (name and key) or signal (name; key ``None``), oldest first."""
        ...

    async def messages(self, scope: Scope, name: str, key: str, now: datetime) -> list[Message]:
        """Return kept messages that have not expired, oldest first."""
        ...

    async def parked(self, scope: Scope, reference: str, limit: int) -> list[Effect]:
        """Return effects that wait for ``reference``, oldest first."""
        ...

    async def system_states(self, scope: Scope) -> dict[str, SystemState]:
        """Return the state of every system that ever had one."""
        ...

    async def outage_dead_letters(self, scope: Scope, system: str, limit: int) -> list[DeadLetter]:
        """Return the open dead letters that an outage of ``system`` left."""
        ...

    async def cursor(self, scope: Scope, source: str) -> Cursor | None:
        """Return how far a source has been read."""
        ...

    async def active_release(self, scope: Scope) -> Release | None:
        """Return the release that new work starts with."""
        ...

    async def releases(self, scope: Scope, limit: int) -> list[Release]:
        """Return the releases there were, the one that became active last first."""
        ...

    async def definitions(self, scope: Scope, release: str) -> list[Definition]:
        """Return all files of a release, sorted by kind and name."""
        ...

    async def bindings(
        self, scope: Scope, object_type: str, system: str, local_ids: Collection[str]
    ) -> dict[str, str]:
        """Return the object id of each local id that is bound, former ones too."""
        ...

    async def local_ids(
        self, scope: Scope, object_type: str, system: str, object_ids: Collection[str]
    ) -> dict[str, str]:
        """Return the local id in ``system`` of each object that is bound there; former ones do not count."""
        ...

    async def codes(self, scope: Scope, asked: Collection[CodeAsked]) -> dict[CodeAsked, str]:
        """Return which code the object of each has in its target, however many are asked, in one query.

        Former ids find their object; a code is never a former one. What has none is left out.
        """
        ...

    async def object_bindings(
        self, scope: Scope, object_type: str, object_ids: Collection[str]
    ) -> list[Binding]:
        """Return all bindings of objects, former ones too, by object, system and local id."""
        ...

    async def awaited(
        self, scope: Scope, *, references: Collection[str] | None = None, limit: int = 1_000
    ) -> list[Awaited]:
        """Return how much waits for each reference (of ``references`` where given), the oldest first."""
        ...

    async def parked_records(self, scope: Scope, reference: str, limit: int) -> list[Parked]:
        """Return records that wait for ``reference``, oldest first."""
        ...

    # -- people's reads --------------------------------------------------------------------------------

    async def event(self, scope: Scope, source: str, event_id: str) -> Event | None:
        """Return one event."""
        ...

    async def events(
        self,
        scope: Scope,
        *,
        key: str | None = None,
        event_type: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Event]:
        """Return events, newest first."""
        ...

    async def instances(
        self,
        scope: Scope,
        *,
        process_id: str | None = None,
        status: str | None = None,
        business_key: str | None = None,
        with_incidents: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Instance]:
        """Return instances, newest first."""
        ...

    async def history(self, scope: Scope, instance_id: str) -> list[History]:
        """Return the steps of an instance, oldest first."""
        ...

    async def effect(self, scope: Scope, effect_id: str) -> Effect | None:
        """Return one effect."""
        ...

    async def effects(
        self,
        scope: Scope,
        *,
        instance_id: str | None = None,
        business_key: str | None = None,
        system: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Effect]:
        """Return effects, newest first."""
        ...

    async def tasks(
        self,
        scope: Scope,
        *,
        status: str = "open",
        assignee: str | None = None,
        instance_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Task]:
        """Return tasks, oldest first."""
        ...

    async def incidents(
        self,
        scope: Scope,
        *,
        instance_id: str | None = None,
        open_only: bool = True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Incident]:
        """Return incidents, newest first."""
        ...

    async def dead_letter(self, scope: Scope, letter_id: str) -> DeadLetter | None:
        """Return one dead letter."""
        ...

    async def dead_letters(
        self,
        scope: Scope,
        *,
        status: str = "open",
        system: str | None = None,
        cause: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[DeadLetter]:
        """Return dead letters, oldest first."""
        ...

    async def dead_letter_causes(
        self, scope: Scope, *, status: str = "open", limit: int = 200
    ) -> list[Cause]:
        """Return why dead letters failed, the most frequent cause first."""
        ...

    async def find_documents(self, scope: Scope, number: str) -> list[Document]:
        """Return documents whose number, local id or business key is ``number``."""
        ...

    async def documents(self, scope: Scope, ids: Collection[str]) -> list[Document]:
        """Return documents by id."""
        ...

    async def documents_by_prefix(self, scope: Scope, prefix: str, limit: int) -> list[Document]:
        """Return documents whose number, local id or business key begins with ``prefix``.

        Of each of the three at most ``limit``, the greatest first (numbers grow with time).
        """
        ...

    async def recent_documents(
        self, scope: Scope, *, part: str = "", window: int = 5_000, limit: int = 50
    ) -> list[Document]:
        """Return of the tenant's ``window`` newest documents those that have ``part`` in their number.

        Newest first; ASCII letters match in either case.
        """
        ...

    async def parties(self, scope: Scope, part: str, limit: int) -> list[Party]:
        """Return the firms of documents that have ``part`` in their name or code, by name.

        Of the first 20,000 firms; ASCII letters match in either case.
        """
        ...

    async def party_documents(self, scope: Scope, party: Party, limit: int) -> list[Document]:
        """Return the newest documents of a firm, newest first."""
        ...

    async def document_lines(self, scope: Scope, ids: Collection[str]) -> list[DocumentLine]:
        """Return the lines of documents."""
        ...

    async def document_links(self, scope: Scope, ids: Collection[str]) -> list[DocumentLink]:
        """Return the links that touch any of these documents, in either direction."""
        ...

    async def find_bindings(self, scope: Scope, local_id: str) -> list[Binding]:
        """Return every binding of the objects that ``local_id`` (in any system, or their own) belongs to."""
        ...

    async def list_bindings(
        self,
        scope: Scope,
        *,
        object_type: str | None = None,
        system: str | None = None,
        part: str = "",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Binding]:
        """Return bindings with ``part`` in their local id, object or label, the newest first.

        ASCII letters match in either case.
        """
        ...

    async def binding_types(self, scope: Scope) -> dict[str, int]:
        """Return the types of objects that are bound, each with the number of its bindings."""
        ...

    async def binding_changes(
        self,
        scope: Scope,
        *,
        object_type: str | None = None,
        object_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[BindingChange]:
        """Return the history of cross-references, newest first; an object's has what was merged into it."""
        ...

    async def backlog(self, scope: Scope) -> list[Backlog]:
        """Return what is open, by system and status; events to route as system ``""``, status ``open``."""
        ...

    async def unrouted(self, scope: Scope) -> Backlog:
        """Return the events that wait to be routed, as ``backlog`` does; cheap enough to ask each second."""
        ...

    async def activity(
        self,
        scope: Scope,
        since: datetime,
        *,
        until: datetime | None = None,
        errors_since: datetime | None = None,
    ) -> list[Activity]:
        """Return what went on with each system since a time, by system; the quiet ones are left out.

        ``until`` ends the time in which calls and events are counted; dead letters count as failures since
        ``errors_since`` (``since`` where not given).
        """
        ...

    async def counts(self, scope: Scope) -> dict[str, int]:
        """Return the number of instances by each status, and of open work for people.

        The latter as ``incidents``, ``tasks`` and ``dead_letters``.
        """
        ...

    # -- upkeep ----------------------------------------------------------------------------------------

    async def prune(self, scope: Scope, cut: Cut, limit: int, after: str | None = None) -> Slice:
        """Examine up to ``limit`` records that had their time, and remove those that nothing needs.

        One short transaction; ``Slice.next`` is where the next slice goes on. Removing is repeatable: a slice
        that is run twice removes nothing more. The last one drops parts of tables where they are whole.
        """
        ...

    async def find_text(
        self, scope: Scope, table: str, texts: Sequence[str], limit: int, after: str | None = None
    ) -> FoundRows:
        """Return which of up to ``limit`` rows of a table hold one of these texts in their data.

        ``table`` is one of ``persons.NAMES``; texts are looked for as they are written, case and all.
        """
        ...

    async def rewrite(self, scope: Scope, changes: Sequence[Rewrite]) -> int:
        """Put other data into rows that ``find_text`` found; return how many still were as found."""
        ...

    # -- flows -----------------------------------------------------------------------------------------

    async def flow_records(
        self, scope: Scope, flow: str, side: str, keys: Collection[str]
    ) -> dict[str, FlowRecord]:
        """Return what a flow knows of these records, by key; nothing to a scope limited to departments."""
        ...

    async def open_flow_records(
        self, scope: Scope, flow: str, status: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[FlowRecord]:
        """Return the records of a flow of a status other than ``agreed``, newest first."""
        ...

    async def flow_items(
        self, scope: Scope, flow: str, status: str, due_before: datetime, limit: int
    ) -> list[FlowItem]:
        """Return what waits for a flow, of a status and due by then, oldest first."""
        ...

    async def flow_backlog(self, scope: Scope) -> list[FlowBacklog]:
        """Return what is open of each flow, by status: records that are not agreed, and items."""
        ...

    # -- the house's own, and what other programs are told ------------------------------------------------

    async def record(self, scope: Scope, kind: str, record_id: str) -> Record | None:
        """Return one record.

        To a scope that is limited to departments a record of none is not there, like all else of this part.
        """
        ...

    async def records(
        self,
        scope: Scope,
        kind: str,
        *,
        owner: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Record]:
        """Return the records of a kind, newest first."""
        ...

    async def due_records(
        self, scope: Scope, kind: str, due_before: datetime, limit: int, *, owners: Collection[str] = ()
    ) -> list[Record]:
        """Return the records of a kind (of ``owners`` where some are given) that are due, the first first.

        Whoever is limited to departments gets none: this is for what the hub does itself.
        """
        ...

    async def new_facts(self, scope: Scope, limit: int) -> list[Fact]:
        """Return facts that have no number yet, oldest first."""
        ...

    async def facts(self, scope: Scope, after: int, limit: int, *, kinds: Collection[str] = ()) -> list[Fact]:
        """Return the facts (of ``kinds`` where some are given) numbered above ``after``, in their order."""
        ...

    async def audit(
        self,
        scope: Scope,
        *,
        actor: str | None = None,
        subject: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Return lines of the audit log, newest first; ``action`` is its beginning."""
        ...

    async def audit_after(self, scope: Scope, seq: int, limit: int) -> list[AuditEntry]:
        """Return lines of the audit log behind the one numbered ``seq``, oldest first."""
        ...

    async def audit_head(self, scope: Scope) -> AuditHead:
        """Return the end of the audit log; number 0 where it is empty."""
        ...
