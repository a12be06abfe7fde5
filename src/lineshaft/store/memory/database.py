"""The shared state in which the memory stores of several nodes meet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from lineshaft.base.errors import BadRow
from lineshaft.base.ids import LANES
from lineshaft.base.text import text
from lineshaft.store import judge as j
from lineshaft.store.chain import erased, linked
from lineshaft.store.group import Refused, screened
from lineshaft.store.leases import lease_lost
from lineshaft.store.port import Lease
from lineshaft.store.rows import (
    FINAL_EFFECTS,
    AuditEntry,
    AuditHead,
    Binding,
    BindingChange,
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
    InstanceScope,
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
from lineshaft.store.shapes import row_key
from lineshaft.store.writes import Fence, Unit, UnitResult, lanes_of

Row = TypeVar("Row")


class Handle(Protocol):
    """A node's view of the database, as far as the database must know it."""

    def wake(self, lanes: set[int]) -> None:
        """Say that another handle put new work into ``lanes``."""
        ...


class Table(Generic[Row]):
    """Rows by key, and by whatever else they are looked up by."""

    def __init__(self, **indexes: Callable[[Row], Any]) -> None:
        self.rows: dict[j.Key, Row] = {}
        self._indexes: dict[str, tuple[Callable[[Row], Any], dict[Any, dict[j.Key, Row]]]] = {
            name: (value_of, {}) for name, value_of in indexes.items()
        }

    def put(self, row: Row) -> None:
        """Insert or replace a row."""
        key = row_key(row)
        self.remove(key)
        self.rows[key] = row
        for value_of, index in self._indexes.values():
            value = value_of(row)
            if value is not None:
                index.setdefault(value, {})[key] = row

    def remove(self, key: j.Key) -> bool:
        """Remove a row; tell whether it was there."""
        row = self.rows.pop(key, None)
        if row is None:
            return False
        for value_of, index in self._indexes.values():
            value = value_of(row)
            if value is not None:
                rest = index[value]
                del rest[key]
                if not rest:
                    del index[value]
        return True

    def by(self, name: str, value: Any) -> Collection[Row]:
        """Return the rows whose index ``name`` has ``value``."""
        return self._indexes[name][1].get(value, {}).values()


@dataclass(slots=True)
class Held:
    """Who holds a lane or a source, and until when. ``token`` never goes back."""

    worker: str = ""
    token: int = 0
    until: datetime | None = None

    def free(self, now: datetime) -> bool:
        """Tell whether nobody holds it."""
        return self.until is None or self.until <= now


def _instance_of(row: Any) -> Any:
    return (row.tenant, row.instance_id)


@dataclass(slots=True)
class MemoryDatabase:
    """What several ``MemoryStore`` handles share, as several processes share one database."""

    down: bool = False
    """Set to make every call of every handle raise ``StoreUnavailable``."""
    handles: list[Handle] = field(default_factory=list)
    event: Table[Event] = field(
        default_factory=lambda: Table(open=lambda row: row.tenant if row.routed_at is None else None)
    )
    instance: Table[Instance] = field(
        default_factory=lambda: Table(
            parent=lambda row: None if row.parent_id is None else (row.tenant, row.parent_id)
        )
    )
    scope: Table[InstanceScope] = field(default_factory=lambda: Table(instance=_instance_of))
    variable: Table[Variable] = field(default_factory=lambda: Table(instance=_instance_of))
    history: Table[History] = field(default_factory=lambda: Table(instance=_instance_of))
    effect: Table[Effect] = field(
        default_factory=lambda: Table(
            instance=_instance_of,
            open=lambda row: None if row.status in FINAL_EFFECTS else row.tenant,
            order=lambda row: (
                None if row.order_key is None or row.status in FINAL_EFFECTS else (row.tenant, row.order_key)
            ),
        )
    )
    job: Table[Job] = field(default_factory=lambda: Table(tenant=lambda row: row.tenant))
    subscription: Table[Subscription] = field(
        default_factory=lambda: Table(wait=lambda row: (row.tenant, row.kind, row.name, row.key))
    )
    message: Table[Message] = field(
        default_factory=lambda: Table(name=lambda row: (row.tenant, row.name, row.key))
    )
    task: Table[Task] = field(default_factory=Table)
    incident: Table[Incident] = field(default_factory=Table)
    dead_letter: Table[DeadLetter] = field(default_factory=Table)
    system_state: Table[SystemState] = field(default_factory=Table)
    document: Table[Document] = field(default_factory=Table)
    line: Table[DocumentLine] = field(
        default_factory=lambda: Table(document=lambda row: (row.tenant, row.document_id))
    )
    link: Table[DocumentLink] = field(
        default_factory=lambda: Table(
            start=lambda row: (row.tenant, row.from_id), end=lambda row: (row.tenant, row.to_id)
        )
    )
    binding: Table[Binding] = field(
        default_factory=lambda: Table(
            object=lambda row: (row.tenant, row.object_type, row.object_id),
            local=lambda row: (row.tenant, row.local_id),
            own=lambda row: (row.tenant, row.object_id),
            tenant=lambda row: row.tenant,
        )
    )
    binding_change: Table[BindingChange] = field(
        default_factory=lambda: Table(
            object=lambda row: (row.tenant, row.object_type, row.object_id),
            tenant=lambda row: row.tenant,
        )
    )
    waiting: Table[Parked] = field(
        default_factory=lambda: Table(
            reference=lambda row: (row.tenant, row.reference), tenant=lambda row: row.tenant
        )
    )
    cursor: Table[Cursor] = field(default_factory=Table)
    fact: Table[Fact] = field(
        default_factory=lambda: Table(
            new=lambda row: row.tenant if row.seq is None else None,
            told=lambda row: None if row.seq is None else row.tenant,
        )
    )
    release: Table[Release] = field(default_factory=Table)
    definition: Table[Definition] = field(
        default_factory=lambda: Table(release=lambda row: (row.tenant, row.release))
    )
    flow_record: Table[FlowRecord] = field(
        default_factory=lambda: Table(flow=lambda row: (row.tenant, row.flow))
    )
    flow_item: Table[FlowItem] = field(default_factory=lambda: Table(flow=lambda row: (row.tenant, row.flow)))
    event_keys: dict[j.Key, datetime] = field(default_factory=dict)
    """Of events that were pruned: they are known for longer than they are kept."""
    record: Table[Record] = field(default_factory=lambda: Table(kind=lambda row: (row.tenant, row.kind)))
    audit: Table[AuditEntry] = field(default_factory=lambda: Table(tenant=lambda row: row.tenant))
    audit_head: Table[AuditHead] = field(default_factory=Table)
    workers: dict[str, datetime] = field(default_factory=dict)
    lanes: list[Held] = field(default_factory=lambda: [Held() for _ in range(LANES)])
    sources: dict[str, Held] = field(default_factory=dict)

    # -- leases ----------------------------------------------------------------------------------------

    def acquire_lanes(self, worker: str, count: int, now: datetime, ttl_s: float) -> list[Lease]:
        """Take up to ``count`` free lanes, the lowest first."""
        out: list[Lease] = []
        until = now + timedelta(seconds=ttl_s)
        for lane, held in enumerate(self.lanes):
            if len(out) >= count:
                break
            if held.free(now):
                held.worker, held.token, held.until = worker, held.token + 1, until
                out.append(Lease(str(lane), held.token))
        return out

    def held_by(self, worker: str, lane: int, token: int | None, now: datetime) -> bool:
        """Tell whether ``worker`` holds ``lane`` under ``token`` now."""
        if not 0 <= lane < LANES:
            return False
        held = self.lanes[lane]
        return held.worker == worker and held.token == token and not held.free(now)

    # -- writing ---------------------------------------------------------------------------------------

    def commit(
        self, units: Sequence[Unit], fence: Fence | None, now: datetime
    ) -> tuple[list[UnitResult], set[int]]:
        """Write units; return their results and the lanes that have new work."""
        lost = sorted(
            lane
            for lane in lanes_of(units)
            if fence is None or not self.held_by(fence.worker, lane, fence.tokens.get(lane), now)
        )
        if lost:
            raise lease_lost(lost)
        known, refused = self._known(units), dict[int, UnitResult]()
        plan, _ = screened(units, known, refused)
        while (taken := self._taken(plan)) is not None:
            # The shortest beginning of the group that asks for the place twice ends with the bad unit.
            count = next(n for n in range(1, len(units) + 1) if self._taken(self._begun(units, n, refused)))
            refused[count - 1] = j.failed(_taken_twice(taken))
            plan, _ = screened(units, self._known(units), refused)
        self._carry_out(plan)
        return plan.results, plan.new_work()

    def _begun(self, units: Sequence[Unit], count: int, refused: Refused) -> j.Plan:
        some = units[:count]
        return screened(some, self._known(some), dict(refused))[0]

    def _taken(self, plan: j.Plan) -> Binding | None:
        """Return a cross-reference that would be the second where its object may have only one."""
        rows: dict[j.Key, Binding | None] = plan.plain.get(Binding, {})
        places: dict[j.Key, j.Key] = {}
        for key, row in rows.items():
            if row is None or row.state != "only":
                continue
            beside = [
                row_key(other)
                for other in self.binding.by("object", (row.tenant, row.object_type, row.object_id))
                if other.state == "only" and other.system == row.system and row_key(other) not in rows
            ]
            place = (row.tenant, row.object_type, row.object_id, row.system)
            if beside or places.setdefault(place, key) != key:
                return row
        return None

    def _known(self, units: Sequence[Unit]) -> j.Known:
        guards = j.guards_of(units)
        events, instances, effects = self.event.rows, self.instance.rows, self.effect.rows
        letters, states, cursors = self.dead_letter.rows, self.system_state.rows, self.cursor.rows
        records = self.record.rows
        return j.Known(
            events={
                key: events[key].routed_at is not None
                if key in events
                else (False if key in self.event_keys else None)
                for key in guards.events
            },
            instances={key: instances[key].version if key in instances else None for key in guards.instances},
            effects={key: effects[key].status if key in effects else None for key in guards.effects},
            order_keys={
                key: [(row.id, row.status) for row in self.effect.by("order", key)]
                for key in guards.order_keys
            },
            jobs={key: key in self.job.rows for key in guards.jobs},
            letters={key: letters[key].status if key in letters else None for key in guards.letters},
            states={key: states[key].version if key in states else 0 for key in guards.states},
            cursors={key: cursors[key].version if key in cursors else 0 for key in guards.cursors},
            records={key: records[key].version if key in records else 0 for key in guards.records},
        )

    def _carry_out(self, plan: j.Plan) -> None:
        self._put_all(self.event, plan.event_in.values())
        for key, route in plan.event_route.items():
            self.event.put(replace(self.event.rows[key], routed_at=route.at, note=route.note))
        self._put_all(self.instance, plan.instance_in.values())
        for key, update in plan.instance_up.items():
            self.instance.put(j.updated_instance(self.instance.rows[key], update))
        for key, change in plan.effect_up.items():
            self.effect.put(j.updated_effect(self.effect.rows[key], change))
        self._put_all(self.effect, plan.effect_in.values())
        for key, (_, job) in plan.jobs.items():
            self.job.remove(key)
            if job is not None:
                self.job.put(job)
        self._people(plan)
        for key, document in plan.documents.items():
            self._put_document(key, document)
        for tenant, active in plan.active_release.items():
            for release in list(self.release.rows.values()):
                if release.tenant == tenant and release.id != active and release.active:
                    self.release.put(replace(release, active=False))
        self._put_all(self.release, plan.releases.values())
        for cls, rows in plan.plain.items():
            table = self._plain(cls)
            for key, row in rows.items():
                if row is None:
                    table.remove(key)
                else:
                    table.put(row)
        for step in plan.history:
            if row_key(step) not in self.history.rows:
                self.history.put(step)
        self._audit(plan)

    def _people(self, plan: j.Plan) -> None:
        for key, closing in plan.letter_close.items():
            self.dead_letter.put(j.closed_letter(self.dead_letter.rows[key], closing))
        self._put_all(self.dead_letter, plan.letter_put.values())
        self._put_all(self.system_state, [state for _, state in plan.states.values()])
        self._put_all(self.cursor, [cursor for _, cursor in plan.cursors.values()])
        self._put_all(self.record, [record for _, record in plan.records.values()])
        for key, end in plan.task_end.items():
            task = self.task.rows.get(key)
            if task is not None and task.status == "open":
                self.task.put(j.ended_task(task, end))
        self._put_all(self.task, plan.task_put.values())
        for key, close in plan.incident_close.items():
            incident = self.incident.rows.get(key)
            if incident is not None and incident.closed_at is None:
                self.incident.put(replace(incident, closed_at=close.at))
        self._put_all(self.incident, plan.incident_put.values())

    def _audit(self, plan: j.Plan) -> None:
        for key, erasure in plan.erased.items():
            entry = self.audit.rows.get(key)
            if entry is not None and entry.erased_at is None:
                self.audit.put(erased(entry, erasure.at))
        if plan.audit:
            heads = {
                tenant: self.audit_head.rows.get((tenant,), AuditHead(tenant, 0, ""))
                for tenant in {entry.tenant for entry in plan.audit}
            }
            entries, ends = linked(heads, plan.audit)
            self._put_all(self.audit, entries)
            self._put_all(self.audit_head, ends)

    def _put_document(self, key: j.Key, document: Document) -> None:
        stored = self.document.rows.get(key)
        if stored is not None:
            if document.source_version < stored.source_version:
                return
            document = j.renewed(stored, document)
        self.document.put(document)

    def _plain(self, cls: type) -> Table[Any]:
        tables: dict[type, Table[Any]] = {
            InstanceScope: self.scope,
            Variable: self.variable,
            Subscription: self.subscription,
            Message: self.message,
            DocumentLine: self.line,
            DocumentLink: self.link,
            Binding: self.binding,
            BindingChange: self.binding_change,
            Parked: self.waiting,
            Definition: self.definition,
            Record: self.record,
            Fact: self.fact,
            FlowRecord: self.flow_record,
            FlowItem: self.flow_item,
        }
        return tables[cls]

    @staticmethod
    def _put_all(table: Table[Row], rows: Iterable[Row]) -> None:
        for row in rows:
            table.put(row)


def _taken_twice(row: Binding) -> BadRow:
    return BadRow(
        text(
            "{object_id} has another id in {system} already, where it may have one only.",
            "{object_id} 在 {system} 中已有编码，且只能有一个。",
            object_id=row.object_id,
            system=row.system,
        )
    )
