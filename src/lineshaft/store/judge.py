"""What a commit comes to: units judged in order, before anything is written.

``judge`` is the one place where the meaning of every write is decided (duplicate, conflict, which of two
writes of one row wins); the three makes only carry its ``Plan`` out. It works on what is known of the stored
rows; where nothing is known it *assumes* that a unit will succeed, and the make verifies it while writing
(counts of changed rows). Where that turns out wrong the make reads what the guards ask for and judges again.

It is pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lineshaft.base.errors import StoreError, WriteConflict
from lineshaft.base.ids import LANES
from lineshaft.base.text import text
from lineshaft.store import writes as w
from lineshaft.store.rows import (
    FINAL_EFFECTS,
    AuditEntry,
    Binding,
    Cursor,
    DeadLetter,
    Document,
    Effect,
    Event,
    Fact,
    FlowItem,
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
from lineshaft.store.shapes import KEPT, row_key

Key = tuple[Any, ...]

BEYOND_EVIDENCE: frozenset[str] = frozenset({"done", "refused", "superseded"})
"""What even late evidence does not overwrite: the target has answered already, or was never asked."""
SUPERSEDABLE: frozenset[str] = frozenset({"intended", "parked"})
"""Nothing of these has reached the target."""

_MISSING: Any = object()


def renewed(stored: Document, row: Document) -> Document:
    """Return ``row`` as it stands after it is put over ``stored``; see ``PutDocument``."""
    sides = {"stored": stored, "excluded": row}
    kept = {}
    for name, (first, second) in KEPT.items():
        value = getattr(sides[first], name)
        kept[name] = getattr(sides[second], name) if value is None or value == b"" else value
    return replace(row, **kept)


@dataclass(slots=True)
class Guards:
    """The keys whose stored state decides about units."""

    events: set[Key] = field(default_factory=set)
    instances: set[Key] = field(default_factory=set)
    effects: set[Key] = field(default_factory=set)
    order_keys: set[Key] = field(default_factory=set)
    """(tenant, order key) of effects that supersede older ones; always read before judging."""
    jobs: set[Key] = field(default_factory=set)
    letters: set[Key] = field(default_factory=set)
    states: set[Key] = field(default_factory=set)
    cursors: set[Key] = field(default_factory=set)
    records: set[Key] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """What is known of stored rows. A key that is not here is assumed to be as the unit expects."""

    events: dict[Key, bool | None] = field(default_factory=dict)
    """Is it routed? ``None``: there is no such event."""
    instances: dict[Key, int | None] = field(default_factory=dict)
    """Its version; ``None``: there is no such instance."""
    effects: dict[Key, str | None] = field(default_factory=dict)
    """Its status; ``None``: there is no such effect."""
    order_keys: dict[Key, list[tuple[str, str]]] = field(default_factory=dict)
    """Id and status of the effects of an order key that could be superseded."""
    jobs: dict[Key, bool] = field(default_factory=dict)
    letters: dict[Key, str | None] = field(default_factory=dict)
    states: dict[Key, int] = field(default_factory=dict)
    """Its version; 0: none yet."""
    cursors: dict[Key, int] = field(default_factory=dict)
    records: dict[Key, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What to write, one entry per row. The order of the fields is the order of writing."""

    results: list[w.UnitResult] = field(default_factory=list)
    event_in: dict[Key, Event] = field(default_factory=dict)
    """Must not exist yet."""
    event_route: dict[Key, w.RouteEvent] = field(default_factory=dict)
    """Must exist and not be routed."""
    instance_in: dict[Key, Instance] = field(default_factory=dict)
    instance_up: dict[Key, w.UpdateInstance] = field(default_factory=dict)
    """Must stand at ``expected``."""
    effect_up: dict[Key, w.UpdateEffect] = field(default_factory=dict)
    """Must not be final (with ``late_evidence``: not beyond evidence; ``of_call``: attempted). Several are
    merged into one."""
    effect_in: dict[Key, Effect] = field(default_factory=dict)
    jobs: dict[Key, tuple[bool, Job | None]] = field(default_factory=dict)
    """Must it exist before? And what stands there afterwards (``None``: nothing)."""
    letter_close: dict[Key, w.CloseDeadLetter] = field(default_factory=dict)
    """Must be open."""
    letter_put: dict[Key, DeadLetter] = field(default_factory=dict)
    states: dict[Key, tuple[int, SystemState]] = field(default_factory=dict)
    """The version that must stand there, and the row."""
    cursors: dict[Key, tuple[int, Cursor]] = field(default_factory=dict)
    records: dict[Key, tuple[int, Record]] = field(default_factory=dict)
    task_end: dict[Key, w.EndTask] = field(default_factory=dict)
    task_put: dict[Key, Task] = field(default_factory=dict)
    incident_close: dict[Key, w.CloseIncident] = field(default_factory=dict)
    incident_put: dict[Key, Incident] = field(default_factory=dict)
    documents: dict[Key, Document] = field(default_factory=dict)
    active_release: dict[str, str] = field(default_factory=dict)
    """By tenant: all other releases become inactive."""
    releases: dict[Key, Release] = field(default_factory=dict)
    plain: dict[type, dict[Key, Any]] = field(default_factory=dict)
    """Rows that are simply put (a row) or removed (``None``), by their class."""
    new_variables: dict[Key, bool] = field(default_factory=dict)
    """Those of ``plain`` that are not stored yet, as their writers say."""
    history: list[History] = field(default_factory=list)
    erased: dict[Key, w.EraseAudit] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    """Numbered and chained by the make as the last thing before its commit."""

    def new_work(self) -> set[int]:
        """Return the lanes in which there is something to do that was not there before.

        What all must know of a system (its circuit is closed again) is new work in all of them.
        """
        if self.states:
            return set(range(LANES))
        lanes = {row.lane for row in self.event_in.values() if row.routed_at is None}
        lanes.update(row.lane for row in self.effect_in.values() if row.status not in FINAL_EFFECTS)
        lanes.update(row.lane for _, row in self.jobs.values() if row is not None)
        return lanes


def guards_of(units: Iterable[w.Unit]) -> Guards:
    """Return the keys whose stored state decides about ``units``."""
    guards = Guards()
    for unit in units:
        for write in unit.writes:
            match write:
                case w.InsertEvent(row=event):
                    guards.events.add((event.tenant, event.source, event.id))
                case w.RouteEvent():
                    guards.events.add((write.tenant, write.source, write.id))
                case w.InsertInstance(row=instance):
                    guards.instances.add((instance.tenant, instance.id))
                case w.UpdateInstance():
                    guards.instances.add((write.tenant, write.id))
                case w.InsertEffect(row=effect):
                    guards.effects.add((effect.tenant, effect.id))
                    if write.supersede and effect.order_key is not None:
                        guards.order_keys.add((effect.tenant, effect.order_key))
                case w.UpdateEffect():
                    guards.effects.add((write.tenant, write.id))
                case w.TakeJob():
                    guards.jobs.add((write.tenant, write.id))
                case w.CloseDeadLetter():
                    guards.letters.add((write.tenant, write.id))
                case w.PutSystemState(row=state):
                    guards.states.add((state.tenant, state.system))
                case w.PutCursor(row=cursor):
                    guards.cursors.add((cursor.tenant, cursor.source))
                case w.PutRecord(row=record):
                    guards.records.add((record.tenant, record.kind, record.id))
                case _:
                    pass
    return guards


def order_keys_of(units: Iterable[w.Unit]) -> set[Key]:
    """Return the order keys in which something may be superseded."""
    return {
        (write.row.tenant, write.row.order_key)
        for unit in units
        for write in unit.writes
        if type(write) is w.InsertEffect and write.supersede and write.row.order_key is not None
    }


def judge(units: Sequence[w.Unit], known: Known, refused: dict[int, w.UnitResult] | None = None) -> Plan:
    """Judge units in order; units whose index is in ``refused`` were set aside before."""
    run = _Run(known, bool(known.order_keys))
    results = run.plan.results
    apply = run.apply
    if not refused:
        for unit in units:
            results.append(apply(unit))
        return run.plan
    for index, unit in enumerate(units):
        verdict = refused.get(index)
        results.append(apply(unit) if verdict is None else verdict)
    return run.plan


class _Refusal(Exception):
    """This unit is not written; carries its result out of the handlers."""

    def __init__(self, result: w.UnitResult) -> None:
        self.result = result


def _conflict(what: str, key: Key, expected: object, found: object) -> _Refusal:
    shown = " ".join(str(part) for part in key[1:])
    message = text(
        "Expected {what} {key} at {expected}, but it stands at {found}; read it again and decide anew.",
        "{what} {key} 应处于 {expected}，但实际为 {found}；请重新读取后再处理。",
        what=what,
        key=shown,
        expected=expected,
        found=found,
    )
    context: dict[str, object] = {"what": what, "key": shown}
    return _Refusal(w.UnitResult("failed", WriteConflict(message, context=context)))


class _Run:
    """One pass over the units of a commit."""

    def __init__(self, known: Known, superseding: bool) -> None:
        self.known = known
        self.plan = Plan()
        self.undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self.superseding = superseding
        self.by_order_key: dict[Key, list[str]] = {}

    def apply(self, unit: w.Unit) -> w.UnitResult:
        """Take a unit into the plan, or leave the plan as it was."""
        undo = self.undo
        undo.clear()
        history, audit = len(self.plan.history), len(self.plan.audit)
        handlers = _HANDLERS
        try:
            for write in unit.writes:
                handlers[type(write)](self, write)
        except _Refusal as refusal:
            for table, key, old in reversed(undo):
                if old is _MISSING:
                    del table[key]
                else:
                    table[key] = old
            del self.plan.history[history:]
            del self.plan.audit[audit:]
            return refusal.result
        return w.WRITTEN

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Set an entry of the plan so that it can be taken back."""
        self.undo.append((table, key, table.get(key, _MISSING)))
        table[key] = value

    # -- events ----------------------------------------------------------------------------------------

    def insert_event(self, write: w.InsertEvent) -> None:
        row = write.row
        key = (row.tenant, row.source, row.id)
        plan = self.plan
        known = key in plan.event_in or key in plan.event_route
        if known or self.known.events.get(key) is not None:
            raise _Refusal(w.DUPLICATE)
        self.put(plan.event_in, key, row)

    def route_event(self, write: w.RouteEvent) -> None:
        key = (write.tenant, write.source, write.id)
        plan = self.plan
        row = plan.event_in.get(key)
        if row is not None:
            if row.routed_at is not None:
                raise _Refusal(w.DUPLICATE)
            self.put(plan.event_in, key, replace(row, routed_at=write.at, note=write.note))
            return
        routed = self.known.events.get(key, False)
        if routed is None:
            raise _conflict("event", key, "open", "absent")
        if routed or key in plan.event_route:
            raise _Refusal(w.DUPLICATE)
        self.put(plan.event_route, key, write)

    # -- instances -------------------------------------------------------------------------------------

    def insert_instance(self, write: w.InsertInstance) -> None:
        row = write.row
        key = (row.tenant, row.id)
        plan = self.plan
        known = key in plan.instance_in or key in plan.instance_up
        if known or self.known.instances.get(key) is not None:
            raise _Refusal(w.DUPLICATE)
        self.put(plan.instance_in, key, row)

    def update_instance(self, write: w.UpdateInstance) -> None:
        key = (write.tenant, write.id)
        plan = self.plan
        row = plan.instance_in.get(key)
        if row is not None:
            if row.version != write.expected:
                raise _conflict("instance", key, write.expected, row.version)
            self.put(plan.instance_in, key, updated_instance(row, write))
            return
        earlier = plan.instance_up.get(key)
        if earlier is not None:
            if earlier.version != write.expected:
                raise _conflict("instance", key, write.expected, earlier.version)
            write = replace(
                write,
                expected=earlier.expected,
                ended_at=write.ended_at or earlier.ended_at,
                release=write.release or earlier.release,
                program=write.program or earlier.program,
            )
        else:
            version = self.known.instances.get(key, _MISSING)
            if version is not _MISSING and version != write.expected:
                raise _conflict("instance", key, write.expected, "absent" if version is None else version)
        self.put(plan.instance_up, key, write)

    def add_history(self, write: w.AddHistory) -> None:
        self.plan.history.append(write.row)

    # -- effects ---------------------------------------------------------------------------------------

    def insert_effect(self, write: w.InsertEffect) -> None:
        row = write.row
        key = (row.tenant, row.id)
        plan = self.plan
        known = key in plan.effect_in or key in plan.effect_up
        if known or self.known.effects.get(key) is not None:
            raise _Refusal(w.DUPLICATE)
        if self.superseding and row.order_key is not None:
            if write.supersede:
                self.supersede(row)
            self.by_order_key.setdefault((row.tenant, row.order_key), []).append(row.id)
        self.put(plan.effect_in, key, row)

    def supersede(self, newest: Effect) -> None:
        plan = self.plan
        order_key = (newest.tenant, newest.order_key)
        for older in self.by_order_key.get(order_key, ()):
            key = (newest.tenant, older)
            row = plan.effect_in.get(key)
            if row is not None and row.status in SUPERSEDABLE:
                over = replace(row, status="superseded", settled_at=newest.created_at)
                self.put(plan.effect_in, key, over)
        for older, status in self.known.order_keys.get(order_key, ()):
            key = (newest.tenant, older)
            earlier = plan.effect_up.get(key)
            if (status if earlier is None else earlier.status) not in SUPERSEDABLE:
                continue
            self.known.effects.setdefault(key, status)
            self.update_effect(
                w.UpdateEffect(newest.tenant, older, "superseded", settled_at=newest.created_at)
            )

    def update_effect(self, write: w.UpdateEffect) -> None:
        key = (write.tenant, write.id)
        plan = self.plan
        row = plan.effect_in.get(key)
        if row is not None:
            if not overwritable(row.status, write):
                raise _Refusal(w.DUPLICATE)
            self.put(plan.effect_in, key, updated_effect(row, write))
            return
        earlier = plan.effect_up.get(key)
        if earlier is not None:
            if not overwritable(earlier.status, write):
                raise _Refusal(w.DUPLICATE)
            write = _merged(earlier, write)
        else:
            status = self.known.effects.get(key, _MISSING)
            if status is None:
                raise _conflict("effect", key, "present", "absent")
            if status is not _MISSING and not overwritable(status, write):
                raise _Refusal(w.DUPLICATE)
        self.put(plan.effect_up, key, write)

    # -- jobs ------------------------------------------------------------------------------------------

    def put_job(self, write: w.PutJob) -> None:
        row = write.row
        key = (row.tenant, row.id)
        jobs = self.plan.jobs
        earlier = jobs.get(key)
        self.put(jobs, key, (earlier is not None and earlier[0], row))

    def delete_job(self, write: w.DeleteJob) -> None:
        key = (write.tenant, write.id)
        jobs = self.plan.jobs
        earlier = jobs.get(key)
        self.put(jobs, key, (earlier is not None and earlier[0], None))

    def take_job(self, write: w.TakeJob) -> None:
        key = (write.tenant, write.id)
        jobs = self.plan.jobs
        earlier = jobs.get(key)
        if earlier is not None:
            if earlier[1] is None:
                raise _Refusal(w.DUPLICATE)
            self.put(jobs, key, (earlier[0], None))
            return
        if not self.known.jobs.get(key, True):
            raise _Refusal(w.DUPLICATE)
        self.put(jobs, key, (True, None))

    # -- people ----------------------------------------------------------------------------------------

    def put_task(self, write: w.PutTask) -> None:
        row = write.row
        self.put(self.plan.task_put, (row.tenant, row.instance_id, row.token), row)

    def end_task(self, write: w.EndTask) -> None:
        key = (write.tenant, write.instance_id, write.token)
        row = self.plan.task_put.get(key)
        if row is not None:
            if row.status == "open":
                self.put(self.plan.task_put, key, ended_task(row, write))
        elif key not in self.plan.task_end:
            self.put(self.plan.task_end, key, write)

    def put_incident(self, write: w.PutIncident) -> None:
        row = write.row
        self.put(self.plan.incident_put, (row.tenant, row.instance_id, row.number), row)

    def close_incident(self, write: w.CloseIncident) -> None:
        key = (write.tenant, write.instance_id, write.number)
        row = self.plan.incident_put.get(key)
        if row is not None:
            if row.closed_at is None:
                self.put(self.plan.incident_put, key, replace(row, closed_at=write.at))
        elif key not in self.plan.incident_close:
            self.put(self.plan.incident_close, key, write)

    def put_dead_letter(self, write: w.PutDeadLetter) -> None:
        row = write.row
        self.put(self.plan.letter_put, (row.tenant, row.id), row)

    def close_dead_letter(self, write: w.CloseDeadLetter) -> None:
        key = (write.tenant, write.id)
        plan = self.plan
        row = plan.letter_put.get(key)
        if row is not None:
            if row.status != "open":
                raise _Refusal(w.DUPLICATE)
            self.put(plan.letter_put, key, closed_letter(row, write))
            return
        status = self.known.letters.get(key, "open")
        if status is None:
            raise _conflict("dead letter", key, "open", "absent")
        if status != "open" or key in plan.letter_close:
            raise _Refusal(w.DUPLICATE)
        self.put(plan.letter_close, key, write)

    # -- versions --------------------------------------------------------------------------------------

    def put_system_state(self, write: w.PutSystemState) -> None:
        key = (write.row.tenant, write.row.system)
        self.put_version("system state", self.plan.states, self.known.states, key, write)

    def put_cursor(self, write: w.PutCursor) -> None:
        key = (write.row.tenant, write.row.source)
        self.put_version("cursor", self.plan.cursors, self.known.cursors, key, write)

    def put_record(self, write: w.PutRecord) -> None:
        key = row_key(write.row)
        if key in self.plan.plain.get(Record, ()):
            raise _conflict("record", key, write.expected, "removed in this commit")
        self.put_version("record", self.plan.records, self.known.records, key, write)

    def put_version(
        self,
        what: str,
        pending: dict[Key, Any],
        stored: dict[Key, int],
        key: Key,
        write: w.PutSystemState | w.PutCursor | w.PutRecord,
    ) -> None:
        earlier = pending.get(key)
        found = earlier[1].version if earlier is not None else stored.get(key, write.expected)
        if found != write.expected:
            raise _conflict(what, key, write.expected, found)
        self.put(pending, key, (earlier[0] if earlier is not None else write.expected, write.row))

    # -- audit -----------------------------------------------------------------------------------------

    def add_audit(self, write: w.AddAudit) -> None:
        self.plan.audit.append(write.row)

    def erase_audit(self, write: w.EraseAudit) -> None:
        self.put(self.plan.erased, (write.tenant, write.seq), write)

    # -- the rest --------------------------------------------------------------------------------------

    def put_document(self, write: w.PutDocument) -> None:
        row = write.row
        key = (row.tenant, row.id)
        earlier = self.plan.documents.get(key)
        if earlier is not None:
            if row.source_version < earlier.source_version:
                return
            row = renewed(earlier, row)
        self.put(self.plan.documents, key, row)

    def put_release(self, write: w.PutRelease) -> None:
        row = write.row
        plan = self.plan
        if row.active:
            for key, other in plan.releases.items():
                if key[0] == row.tenant and other.active:
                    self.put(plan.releases, key, replace(other, active=False))
            self.put(plan.active_release, row.tenant, row.id)
        self.put(plan.releases, (row.tenant, row.id), row)

    def put_plain(self, write: Any) -> None:
        row = write.row
        cls = type(row)
        table = self.plan.plain.get(cls)
        if table is None:
            table = self.plan.plain[cls] = {}
        self.put(table, row_key(row), row)

    def put_variable(self, write: w.PutVariable) -> None:
        row = write.row
        key = (row.tenant, row.instance_id, row.scope, row.name)
        plan = self.plan
        table = plan.plain.get(Variable)
        if table is None:
            table = plan.plain[Variable] = {}
        if write.is_new and key not in table:
            self.put(plan.new_variables, key, True)
        self.put(table, key, row)

    def delete_plain(self, cls: type, key: Key) -> None:
        self.put(self.plan.plain.setdefault(cls, {}), key, None)

    def delete_scope(self, write: w.DeleteScope) -> None:
        self.delete_plain(InstanceScope, (write.tenant, write.instance_id, write.scope))

    def delete_variable(self, write: w.DeleteVariable) -> None:
        self.delete_plain(Variable, (write.tenant, write.instance_id, write.scope, write.name))

    def delete_subscription(self, write: w.DeleteSubscription) -> None:
        self.delete_plain(Subscription, (write.tenant, write.instance_id, write.number))

    def delete_record(self, write: w.DeleteRecord) -> None:
        self.delete_plain(Record, (write.tenant, write.kind, write.id))

    def delete_fact(self, write: w.DeleteFact) -> None:
        self.delete_plain(Fact, (write.tenant, write.id))

    def delete_flow_item(self, write: w.DeleteFlowItem) -> None:
        self.delete_plain(FlowItem, (write.tenant, write.flow, write.id))

    def delete_binding(self, write: w.DeleteBinding) -> None:
        self.delete_plain(Binding, (write.tenant, write.object_type, write.system, write.local_id))

    def delete_parked(self, write: w.DeleteParked) -> None:
        self.delete_plain(Parked, (write.tenant, write.id))

    def delete_message(self, write: w.DeleteMessage) -> None:
        self.delete_plain(Message, (write.tenant, write.id))


_HANDLERS: Final[dict[type, Callable[[_Run, Any], None]]] = {
    w.InsertEvent: _Run.insert_event,
    w.RouteEvent: _Run.route_event,
    w.InsertInstance: _Run.insert_instance,
    w.UpdateInstance: _Run.update_instance,
    w.AddHistory: _Run.add_history,
    w.InsertEffect: _Run.insert_effect,
    w.UpdateEffect: _Run.update_effect,
    w.PutJob: _Run.put_job,
    w.DeleteJob: _Run.delete_job,
    w.TakeJob: _Run.take_job,
    w.PutTask: _Run.put_task,
    w.EndTask: _Run.end_task,
    w.PutIncident: _Run.put_incident,
    w.CloseIncident: _Run.close_incident,
    w.PutDeadLetter: _Run.put_dead_letter,
    w.CloseDeadLetter: _Run.close_dead_letter,
    w.PutSystemState: _Run.put_system_state,
    w.PutCursor: _Run.put_cursor,
    w.PutRecord: _Run.put_record,
    w.DeleteRecord: _Run.delete_record,
    w.AddAudit: _Run.add_audit,
    w.EraseAudit: _Run.erase_audit,
    w.PutDocument: _Run.put_document,
    w.PutRelease: _Run.put_release,
    w.PutScope: _Run.put_plain,
    w.PutVariable: _Run.put_variable,
    w.PutSubscription: _Run.put_plain,
    w.PutMessage: _Run.put_plain,
    w.PutDocumentLine: _Run.put_plain,
    w.PutDocumentLink: _Run.put_plain,
    w.PutBinding: _Run.put_plain,
    w.DeleteBinding: _Run.delete_binding,
    w.AddBindingChange: _Run.put_plain,
    w.PutParked: _Run.put_plain,
    w.DeleteParked: _Run.delete_parked,
    w.PutDefinition: _Run.put_plain,
    w.DeleteScope: _Run.delete_scope,
    w.DeleteVariable: _Run.delete_variable,
    w.DeleteSubscription: _Run.delete_subscription,
    w.DeleteMessage: _Run.delete_message,
    w.PutRecord: _Run.put_record,
    w.DeleteRecord: _Run.delete_record,
    w.PutFlowRecord: _Run.put_plain,
    w.PutFlowItem: _Run.put_plain,
    w.DeleteFlowItem: _Run.delete_flow_item,
    w.PutFact: _Run.put_plain,
    w.DeleteFact: _Run.delete_fact,
}
"""Functions, not methods bound to a run: a run that refers to itself would keep all its rows until the
collector comes by.
"""


def overwritable(status: str, write: w.UpdateEffect) -> bool:
    """Tell whether an effect at ``status`` may become what ``write`` says."""
    if write.late_evidence:
        return status not in BEYOND_EVIDENCE
    return status == "attempted" if write.of_call else status not in FINAL_EFFECTS


_KEPT = (
    "due_at",
    "attempts",
    "attempted_at",
    "settled_at",
    "evidence",
    "error_class",
    "error_text",
    "reference",
    "request",
)


def _merged(earlier: w.UpdateEffect, later: w.UpdateEffect) -> w.UpdateEffect:
    """Join two updates of one effect; what must stand in the store is what the earlier one asks for."""
    values = {name: getattr(later, name) for name in _KEPT if getattr(later, name) is not None}
    return replace(earlier, status=later.status, **values)


def updated_effect(row: Effect, write: w.UpdateEffect) -> Effect:
    """Return the effect after an update."""
    values = {name: getattr(write, name) for name in _KEPT if getattr(write, name) is not None}
    return replace(row, status=write.status, **values)


def updated_instance(row: Instance, write: w.UpdateInstance) -> Instance:
    """Return the instance after an update."""
    return replace(
        row,
        version=write.version,
        status=write.status,
        root=write.root,
        scope0=write.scope0,
        incidents=write.incidents,
        ended_at=write.ended_at or row.ended_at,
        release=write.release or row.release,
        program=write.program or row.program,
    )


def ended_task(row: Task, write: w.EndTask) -> Task:
    """Return the task after its end."""
    return replace(row, status=write.status, ended_at=write.at, ended_by=write.by)


def closed_letter(row: DeadLetter, write: w.CloseDeadLetter) -> DeadLetter:
    """Return the dead letter after it was closed."""
    return replace(row, status=write.status, closed_at=write.at, closed_by=write.by)


def failed(error: StoreError) -> w.UnitResult:
    """Return the result of a unit that cannot be stored."""
    return w.UnitResult("failed", error)
