"""One node's handle on a memory database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from lineshaft.base.clock import Clock
from lineshaft.base.errors import StoreUnavailable
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.store.memory import crossref, flows, reads, records, upkeep
from lineshaft.store.memory.database import Held, MemoryDatabase
from lineshaft.store.port import Activity, Backlog, Cause, FlowBacklog, Lease, Page
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

Pause = Callable[[str], Awaitable[None]]
"""Awaited with the method's name wherever a real database would keep the caller waiting."""


async def _yield_once(_: str) -> None:
    await asyncio.sleep(0)


class MemoryStore:
    """A store in memory: deterministic, no threads.

    Args:
        database: What this handle shares with the handles of other nodes.
        clock: The database's clock; all handles of one database should get the same.
        pause: Awaited before every access, and after every commit (so a crash there loses the answer, not
            the commit). It may interleave, delay, or raise. Yields once where not given.
    """

    def __init__(self, database: MemoryDatabase, clock: Clock, pause: Pause = _yield_once) -> None:
        self._db = database
        self._clock = clock
        self._pause = pause
        self._state = "new"
        self._woken: set[int] = set()
        self._wake = asyncio.Event()

    @property
    def name(self) -> str:
        """``memory``."""
        return "memory"

    # -- life ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Join the database."""
        if self._state != "killed":
            self._state = "open"
        await self._enter("open")
        if self not in self._db.handles:
            self._db.handles.append(self)

    async def close(self) -> None:
        """Leave the database."""
        if self._state != "killed":
            self._leave("closed")

    def kill(self) -> None:
        """Crash: every call under way or to come raises; what was committed stays."""
        self._leave("killed")

    def _leave(self, state: str) -> None:
        self._state = state
        if self in self._db.handles:
            self._db.handles.remove(self)
        self._wake.set()

    async def migrate(self) -> None:
        """Do nothing: rows in memory are always of this program's version."""

    async def now(self) -> datetime:
        """Return the database's time."""
        await self._enter("now")
        return self._clock.now()

    async def listen(self) -> AsyncIterator[frozenset[int]]:
        """Yield the lanes in which another handle put new work."""
        while True:
            await self._wake.wait()
            self._check()
            self._wake.clear()
            lanes, self._woken = frozenset(self._woken), set()
            yield lanes

    def wake(self, lanes: set[int]) -> None:
        """Say that another handle put new work into ``lanes``."""
        self._woken |= lanes
        self._wake.set()

    def _check(self) -> None:
        if self._state != "open":
            raise StoreUnavailable(
                text(
                    "Expected an open store, but this handle is {state}; open it first.",
                    "存储句柄状态为 {state}；请先打开。",
                    state=self._state,
                )
            )
        if self._db.down:
            raise StoreUnavailable(
                text(
                    "The database is away; nothing was written. Try again when it is back.",
                    "数据库不可用；未写入任何数据。请在其恢复后重试。",
                )
            )

    async def _enter(self, method: str) -> None:
        self._check()
        await self._pause(method)
        self._check()

    # -- leases ----------------------------------------------------------------------------------------

    async def register_worker(self, worker: str, ttl_s: float) -> int:
        """See the port."""
        await self._enter("register_worker")
        now = self._clock.now()
        self._db.workers[worker] = now + timedelta(seconds=ttl_s)
        return sum(until > now for until in self._db.workers.values())

    async def forget_worker(self, worker: str) -> None:
        """See the port."""
        await self._enter("forget_worker")
        self._db.workers.pop(worker, None)
        for held in (*self._db.lanes, *self._db.sources.values()):
            if held.worker == worker:
                held.until = None

    async def acquire_lanes(self, worker: str, count: int, ttl_s: float) -> list[Lease]:
        """See the port."""
        await self._enter("acquire_lanes")
        return self._db.acquire_lanes(worker, count, self._clock.now(), ttl_s)

    async def renew_lanes(self, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        """See the port."""
        await self._enter("renew_lanes")
        now = self._clock.now()
        kept = [lease for lease in leases if self._db.held_by(worker, int(lease.name), lease.token, now)]
        until = now + timedelta(seconds=ttl_s)
        for lease in kept:
            self._db.lanes[int(lease.name)].until = until
        return kept

    async def release_lanes(self, worker: str, leases: Collection[Lease]) -> None:
        """See the port."""
        await self._enter("release_lanes")
        now = self._clock.now()
        for lease in leases:
            if self._db.held_by(worker, int(lease.name), lease.token, now):
                self._db.lanes[int(lease.name)].until = None

    async def acquire_source(self, worker: str, source: str, ttl_s: float) -> Lease | None:
        """See the port."""
        await self._enter("acquire_source")
        now = self._clock.now()
        held = self._db.sources.setdefault(source, Held())
        if held.free(now):
            held.worker, held.token = worker, held.token + 1
        elif held.worker != worker:
            return None
        held.until = now + timedelta(seconds=ttl_s)
        return Lease(source, held.token)

    # -- writing ---------------------------------------------------------------------------------------

    async def commit(self, units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
        """See the port."""
        await self._enter("commit")
        results, lanes = self._db.commit(units, fence, self._clock.now())
        if lanes:
            for handle in self._db.handles:
                if handle is not self:
                    handle.wake(lanes)
        await self._pause("committed")
        self._check()
        return results

    # -- the engine's reads ----------------------------------------------------------------------------

    async def open_events(self, scope: Scope, lanes: Collection[int], limit: int) -> list[Event]:
        """See the port."""
        await self._enter("open_events")
        return reads.open_events(self._db, scope, lanes, limit)

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
        """See the port."""
        await self._enter("open_effects")
        return reads.open_effects(self._db, scope, lanes, due_before, limit, without_systems, without_ids)

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
        """See the port."""
        await self._enter("effects_in_turns")
        return reads.effects_in_turns(
            self._db, scope, lanes, due_before, system=system, each=each, without_ids=without_ids
        )

    async def processes_of(self, scope: Scope, instance_ids: Collection[str]) -> dict[str, str]:
        """See the port."""
        await self._enter("processes_of")
        return reads.processes_of(self._db, scope, instance_ids)

    async def due_jobs(
        self,
        scope: Scope,
        lanes: Collection[int],
        due_before: datetime,
        limit: int,
        *,
        without_ids: Collection[str] = (),
    ) -> list[Job]:
        """See the port."""
        await self._enter("due_jobs")
        return reads.due_jobs(self._db, scope, lanes, due_before, limit, without_ids)

    async def next_due(self, scope: Scope, lanes: Collection[int], after: datetime) -> datetime | None:
        """See the port."""
        await self._enter("next_due")
        return reads.next_due(self._db, scope, lanes, after)

    async def load_instances(self, scope: Scope, ids: Collection[str]) -> dict[str, StoredInstance]:
        """See the port."""
        await self._enter("load_instances")
        return reads.load_instances(self._db, scope, ids)

    async def children(self, scope: Scope, parent_id: str) -> list[Instance]:
        """See the port."""
        await self._enter("children")
        return reads.children(self._db, scope, parent_id)

    async def subscriptions(
        self, scope: Scope, kind: str, name: str, key: str | None, limit: int
    ) -> list[Subscription]:
        """See the port."""
        await self._enter("subscriptions")
        return reads.subscriptions(self._db, scope, kind, name, key, limit)

    async def messages(self, scope: Scope, name: str, key: str, now: datetime) -> list[Message]:
        """See the port."""
        await self._enter("messages")
        return reads.messages(self._db, scope, name, key, now)

    async def parked(self, scope: Scope, reference: str, limit: int) -> list[Effect]:
        """See the port."""
        await self._enter("parked")
        return reads.parked(self._db, scope, reference, limit)

    async def system_states(self, scope: Scope) -> dict[str, SystemState]:
        """See the port."""
        await self._enter("system_states")
        rows = self._db.system_state.rows.values()
        return {row.system: row for row in rows if row.tenant == scope.tenant}

    async def outage_dead_letters(self, scope: Scope, system: str, limit: int) -> list[DeadLetter]:
        """See the port."""
        await self._enter("outage_dead_letters")
        rows = [
            row
            for row in reads.seen(scope, self._db.dead_letter.rows.values())
            if row.status == "open" and row.outage and row.system == system
        ]
        return sorted(rows, key=lambda row: (row.created_at, row.id))[:limit]

    async def cursor(self, scope: Scope, source: str) -> Cursor | None:
        """See the port."""
        await self._enter("cursor")
        return self._db.cursor.rows.get((scope.tenant, source))

    async def active_release(self, scope: Scope) -> Release | None:
        """See the port."""
        await self._enter("active_release")
        rows = self._db.release.rows.values()
        return next((row for row in rows if row.tenant == scope.tenant and row.active), None)

    async def releases(self, scope: Scope, limit: int) -> list[Release]:
        """See the port."""
        await self._enter("releases")
        rows = [row for row in self._db.release.rows.values() if row.tenant == scope.tenant]
        return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)[:limit]

    async def definitions(self, scope: Scope, release: str) -> list[Definition]:
        """See the port."""
        await self._enter("definitions")
        rows = self._db.definition.by("release", (scope.tenant, release))
        return sorted(rows, key=lambda row: (row.kind, row.name))

    async def bindings(
        self, scope: Scope, object_type: str, system: str, local_ids: Collection[str]
    ) -> dict[str, str]:
        """See the port."""
        await self._enter("bindings")
        return crossref.bindings(self._db, scope, object_type, system, local_ids)

    async def local_ids(
        self, scope: Scope, object_type: str, system: str, object_ids: Collection[str]
    ) -> dict[str, str]:
        """See the port."""
        await self._enter("local_ids")
        return crossref.local_ids(self._db, scope, object_type, system, object_ids)

    # -- people's reads --------------------------------------------------------------------------------

    async def event(self, scope: Scope, source: str, event_id: str) -> Event | None:
        """See the port."""
        await self._enter("event")
        row = self._db.event.rows.get((scope.tenant, source, event_id))
        return row if row is not None and scope.sees(row.department) else None

    async def events(
        self,
        scope: Scope,
        *,
        key: str | None = None,
        event_type: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Event]:
        """See the port."""
        await self._enter("events")
        rows = [
            row
            for row in reads.seen(scope, self._db.event.rows.values())
            if (key is None or row.key == key) and (event_type is None or row.type == event_type)
        ]
        return reads.page(
            rows, lambda row: (row.received_at, row.source, row.id), cursor, limit, newest_first=True
        )

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
        """See the port."""
        await self._enter("instances")
        rows = [
            row
            for row in reads.seen(scope, self._db.instance.rows.values())
            if (process_id is None or row.process_id == process_id)
            and (status is None or row.status == status)
            and (business_key is None or row.business_key == business_key)
            and (not with_incidents or row.incidents > 0)
        ]
        return reads.page(rows, lambda row: (row.started_at, row.id, ""), cursor, limit, newest_first=True)

    async def history(self, scope: Scope, instance_id: str) -> list[History]:
        """See the port."""
        await self._enter("history")
        rows = reads.seen(scope, self._db.history.by("instance", (scope.tenant, instance_id)))
        return sorted(rows, key=lambda row: (row.seq, row.at))

    async def effect(self, scope: Scope, effect_id: str) -> Effect | None:
        """See the port."""
        await self._enter("effect")
        row = self._db.effect.rows.get((scope.tenant, effect_id))
        return row if row is not None and scope.sees(row.department) else None

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
        """See the port."""
        await self._enter("effects")
        return reads.effects(self._db, scope, instance_id, business_key, system, status, cursor, limit)

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
        """See the port."""
        await self._enter("tasks")
        return reads.tasks(self._db, scope, status, assignee, instance_id, cursor, limit)

    async def incidents(
        self,
        scope: Scope,
        *,
        instance_id: str | None = None,
        open_only: bool = True,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Incident]:
        """See the port."""
        await self._enter("incidents")
        return reads.incidents(self._db, scope, instance_id, open_only, cursor, limit)

    async def dead_letter(self, scope: Scope, letter_id: str) -> DeadLetter | None:
        """See the port."""
        await self._enter("dead_letter")
        row = self._db.dead_letter.rows.get((scope.tenant, letter_id))
        return row if row is not None and scope.sees(row.department) else None

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
        """See the port."""
        await self._enter("dead_letters")
        return reads.dead_letters(self._db, scope, status, system, cause, cursor, limit)

    async def find_documents(self, scope: Scope, number: str) -> list[Document]:
        """See the port."""
        await self._enter("find_documents")
        return reads.find_documents(self._db, scope, number)

    async def documents(self, scope: Scope, ids: Collection[str]) -> list[Document]:
        """See the port."""
        await self._enter("documents")
        return reads.documents(self._db, scope, ids)

    async def documents_by_prefix(self, scope: Scope, prefix: str, limit: int) -> list[Document]:
        """See the port."""
        await self._enter("documents_by_prefix")
        return reads.documents_by_prefix(self._db, scope, prefix, limit)

    async def recent_documents(
        self, scope: Scope, *, part: str = "", window: int = 5_000, limit: int = 50
    ) -> list[Document]:
        """See the port."""
        await self._enter("recent_documents")
        return reads.recent_documents(self._db, scope, part, window, limit)

    async def parties(self, scope: Scope, part: str, limit: int) -> list[Party]:
        """See the port."""
        await self._enter("parties")
        return reads.parties(self._db, scope, part, limit)

    async def party_documents(self, scope: Scope, party: Party, limit: int) -> list[Document]:
        """See the port."""
        await self._enter("party_documents")
        return reads.party_documents(self._db, scope, party, limit)

    async def document_lines(self, scope: Scope, ids: Collection[str]) -> list[DocumentLine]:
        """See the port."""
        await self._enter("document_lines")
        return reads.document_lines(self._db, scope, ids)

    async def document_links(self, scope: Scope, ids: Collection[str]) -> list[DocumentLink]:
        """See the port."""
        await self._enter("document_links")
        return reads.document_links(self._db, scope, ids)

    async def codes(self, scope: Scope, asked: Collection[CodeAsked]) -> dict[CodeAsked, str]:
        """See the port."""
        await self._enter("codes")
        return crossref.codes(self._db, scope, asked)

    async def object_bindings(
        self, scope: Scope, object_type: str, object_ids: Collection[str]
    ) -> list[Binding]:
        """See the port."""
        await self._enter("object_bindings")
        return crossref.object_bindings(self._db, scope, object_type, object_ids)

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
        """See the port."""
        await self._enter("list_bindings")
        return crossref.list_bindings(self._db, scope, (object_type, system, part), cursor, limit)

    async def binding_types(self, scope: Scope) -> dict[str, int]:
        """See the port."""
        await self._enter("binding_types")
        return crossref.binding_types(self._db, scope)

    async def binding_changes(
        self,
        scope: Scope,
        *,
        object_type: str | None = None,
        object_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[BindingChange]:
        """See the port."""
        await self._enter("binding_changes")
        return crossref.binding_changes(self._db, scope, (object_type, object_id), cursor, limit)

    async def awaited(
        self, scope: Scope, *, references: Collection[str] | None = None, limit: int = 1_000
    ) -> list[Awaited]:
        """See the port."""
        await self._enter("awaited")
        return crossref.awaited(self._db, scope, references, limit)

    async def parked_records(self, scope: Scope, reference: str, limit: int) -> list[Parked]:
        """See the port."""
        await self._enter("parked_records")
        return crossref.parked_records(self._db, scope, reference, limit)

    async def find_bindings(self, scope: Scope, local_id: str) -> list[Binding]:
        """See the port."""
        await self._enter("find_bindings")
        return crossref.find_bindings(self._db, scope, local_id)

    async def backlog(self, scope: Scope) -> list[Backlog]:
        """See the port."""
        await self._enter("backlog")
        return reads.backlog(self._db, scope)

    async def unrouted(self, scope: Scope) -> Backlog:
        """See the port."""
        await self._enter("unrouted")
        return reads.unrouted(self._db, scope)

    async def activity(
        self,
        scope: Scope,
        since: datetime,
        *,
        until: datetime | None = None,
        errors_since: datetime | None = None,
    ) -> list[Activity]:
        """See the port."""
        await self._enter("activity")
        return reads.activity(self._db, scope, since, until, errors_since or since)

    async def dead_letter_causes(
        self, scope: Scope, *, status: str = "open", limit: int = 200
    ) -> list[Cause]:
        """See the port."""
        await self._enter("dead_letter_causes")
        return reads.dead_letter_causes(self._db, scope, status=status, limit=limit)

    async def counts(self, scope: Scope) -> dict[str, int]:
        """See the port."""
        await self._enter("counts")
        return reads.counts(self._db, scope)

    # -- upkeep ----------------------------------------------------------------------------------------

    async def prune(self, scope: Scope, cut: Cut, limit: int, after: str | None = None) -> Slice:
        """See the port; one slice does everything."""
        await self._enter("prune")
        return upkeep.prune(self._db, scope.tenant, cut)

    async def find_text(
        self, scope: Scope, table: str, texts: Sequence[str], limit: int, after: str | None = None
    ) -> FoundRows:
        """See the port; one part is the whole table."""
        await self._enter("find_text")
        return upkeep.find_text(self._db, scope.tenant, table, texts)

    async def rewrite(self, scope: Scope, changes: Sequence[Rewrite]) -> int:
        """See the port."""
        await self._enter("rewrite")
        return upkeep.rewrite(self._db, scope.tenant, changes)

    # -- flows -----------------------------------------------------------------------------------------

    async def flow_records(
        self, scope: Scope, flow: str, side: str, keys: Collection[str]
    ) -> dict[str, FlowRecord]:
        """See the port."""
        await self._enter("flow_records")
        return flows.flow_records(self._db, scope, flow, side, keys)

    async def open_flow_records(
        self, scope: Scope, flow: str, status: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[FlowRecord]:
        """See the port."""
        await self._enter("open_flow_records")
        return flows.open_flow_records(self._db, scope, flow, status, cursor=cursor, limit=limit)

    async def flow_items(
        self, scope: Scope, flow: str, status: str, due_before: datetime, limit: int
    ) -> list[FlowItem]:
        """See the port."""
        await self._enter("flow_items")
        return flows.flow_items(self._db, scope, flow, status, due_before=due_before, limit=limit)

    async def flow_backlog(self, scope: Scope) -> list[FlowBacklog]:
        """See the port."""
        await self._enter("flow_backlog")
        return flows.flow_backlog(self._db, scope)

    # -- the house's own reads ---------------------------------------------------------------------------

    async def record(self, scope: Scope, kind: str, record_id: str) -> Record | None:
        """See the port."""
        await self._enter("record")
        return records.record(self._db, scope, kind, record_id)

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
        """See the port."""
        await self._enter("records")
        return records.records(self._db, scope, (kind, owner, state), cursor, limit)

    async def due_records(
        self, scope: Scope, kind: str, due_before: datetime, limit: int, *, owners: Collection[str] = ()
    ) -> list[Record]:
        """See the port."""
        await self._enter("due_records")
        return records.due_records(self._db, scope, kind, due_before, owners)[:limit]

    async def new_facts(self, scope: Scope, limit: int) -> list[Fact]:
        """See the port."""
        await self._enter("new_facts")
        return records.new_facts(self._db, scope, limit)

    async def facts(self, scope: Scope, after: int, limit: int, *, kinds: Collection[str] = ()) -> list[Fact]:
        """See the port."""
        await self._enter("facts")
        return records.facts(self._db, scope, after, limit, kinds)

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
        """See the port."""
        await self._enter("audit")
        wanted = records.AuditWish(actor, subject, action, since, until)
        return records.audit(self._db, scope, wanted, cursor, limit)

    async def audit_after(self, scope: Scope, seq: int, limit: int) -> list[AuditEntry]:
        """See the port."""
        await self._enter("audit_after")
        return records.audit_after(self._db, scope, seq, limit)

    async def audit_head(self, scope: Scope) -> AuditHead:
        """See the port."""
        await self._enter("audit_head")
        return records.audit_head(self._db, scope)
