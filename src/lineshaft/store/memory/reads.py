"""What the memory make answers: plain Python over the rows, one function for each read of the port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from lineshaft.base.scope import Scope
from lineshaft.store.activity import Newest, merged
from lineshaft.store.cursors import EPOCH, Position, read_cursor, write_cursor
from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.port import Activity, Backlog, Cause, Page
from lineshaft.store.rows import (
    DeadLetter,
    Document,
    DocumentLine,
    DocumentLink,
    Effect,
    Event,
    Incident,
    Instance,
    Job,
    Message,
    Party,
    StoredInstance,
    Subscription,
    Task,
)
from lineshaft.store.searching import folded

T = TypeVar("T")

CALLABLE: frozenset[str] = frozenset({"intended", "attempted", "unknown"})
"""Effects that the engine still has to call or settle."""
INSTANCE_STATUSES = ("active", "completed", "terminated", "suspended", "frozen")


def seen(scope: Scope, rows: Iterable[Any]) -> Iterable[Any]:
    """Return the rows of a kind with departments that ``scope`` may see."""
    return [row for row in rows if row.tenant == scope.tenant and scope.sees(row.department)]


def page(
    rows: Iterable[T],
    position_of: Callable[[T], Position],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool,
) -> Page[T]:
    """Return one page of rows."""
    ordered = sorted(rows, key=position_of, reverse=newest_first)
    if cursor is not None:
        after = read_cursor(cursor)
        ordered = [
            row for row in ordered if (position_of(row) < after if newest_first else position_of(row) > after)
        ]
    items = ordered[:limit]
    more = len(ordered) > limit
    return Page(items, write_cursor(position_of(items[-1])) if more and items else None)


# -- the engine's reads --------------------------------------------------------------------------------


def open_events(db: MemoryDatabase, scope: Scope, lanes: Collection[int], limit: int) -> list[Event]:
    """See the port."""
    wanted = set(lanes)
    rows = [row for row in seen(scope, db.event.by("open", scope.tenant)) if row.lane in wanted]
    rows.sort(key=lambda row: (row.priority, row.received_at, row.source, row.id))
    return rows[:limit]


def open_effects(
    db: MemoryDatabase,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    limit: int,
    without_systems: Collection[str],
    without_ids: Collection[str],
) -> list[Effect]:
    """See the port."""
    out: list[Effect] = []
    for row in _callable(db, scope, lanes, due_before, without_ids):
        if row.system in without_systems:
            continue
        if len(out) >= limit:
            break
        if not _waits_for_older(db, row):
            out.append(row)
    return out


def _callable(
    db: MemoryDatabase,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    without_ids: Collection[str],
) -> list[Effect]:
    """Return what is due by class and age, whatever it waits for."""
    wanted = set(lanes)
    rows = [
        row
        for row in seen(scope, db.effect.by("open", scope.tenant))
        if row.status in CALLABLE
        and row.lane in wanted
        and row.due_at <= due_before
        and row.id not in without_ids
    ]
    rows.sort(key=lambda row: (row.priority, row.created_at, row.id))
    return rows


def effects_in_turns(
    db: MemoryDatabase,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    *,
    system: str,
    each: int,
    without_ids: Collection[str],
) -> list[Effect]:
    """See the port."""
    found = [row for row in _callable(db, scope, lanes, due_before, without_ids) if row.system == system]
    run_of = processes_of(db, scope, {row.instance_id for row in found if row.instance_id})
    places: Counter[tuple[int, str]] = Counter()
    out: list[Effect] = []
    for row in found:
        mark = (row.priority, run_of.get(row.instance_id or "", row.operation))
        if places[mark] < each and not _waits_for_older(db, row):
            places[mark] += 1
            out.append(row)
    return out


def processes_of(db: MemoryDatabase, scope: Scope, instance_ids: Collection[str]) -> dict[str, str]:
    """See the port."""
    found = (db.instance.rows.get((scope.tenant, each)) for each in instance_ids)
    return {row.id: row.process_id for row in seen(scope, [row for row in found if row is not None])}


def _waits_for_older(db: MemoryDatabase, row: Effect) -> bool:
    if row.order_key is None:
        return False
    place = (row.created_at, row.id)
    return any(
        (older.created_at, older.id) < place and (older.status in CALLABLE or older.on_stuck == "hold_key")
        for older in db.effect.by("order", (row.tenant, row.order_key))
    )


def due_jobs(
    db: MemoryDatabase,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    limit: int,
    without_ids: Collection[str],
) -> list[Job]:
    """See the port."""
    if scope.departments is not None:
        return []
    wanted = set(lanes)
    rows = [
        row
        for row in db.job.by("tenant", scope.tenant)
        if row.lane in wanted and row.due_at <= due_before and row.id not in without_ids
    ]
    rows.sort(key=lambda row: (row.priority, row.due_at, row.id))
    return rows[:limit]


def next_due(db: MemoryDatabase, scope: Scope, lanes: Collection[int], after: datetime) -> datetime | None:
    """See the port."""
    wanted = set(lanes)
    times = [
        row.due_at
        for row in seen(scope, db.effect.by("open", scope.tenant))
        if row.status in CALLABLE and row.lane in wanted and row.due_at > after
    ]
    if scope.departments is None:
        times += [
            row.due_at
            for row in db.job.by("tenant", scope.tenant)
            if row.lane in wanted and row.due_at > after
        ]
    return min(times, default=None)


def load_instances(db: MemoryDatabase, scope: Scope, ids: Collection[str]) -> dict[str, StoredInstance]:
    """See the port."""
    out: dict[str, StoredInstance] = {}
    for name in ids:
        key = (scope.tenant, name)
        row = db.instance.rows.get(key)
        if row is not None and scope.sees(row.department):
            out[name] = StoredInstance(
                row,
                {inner.scope: inner.state for inner in db.scope.by("instance", key)},
                {(item.scope, item.name): item.value for item in db.variable.by("instance", key)},
            )
    return out


def children(db: MemoryDatabase, scope: Scope, parent_id: str) -> list[Instance]:
    """See the port."""
    rows = seen(scope, db.instance.by("parent", (scope.tenant, parent_id)))
    return sorted(rows, key=lambda row: (row.started_at, row.id))


def subscriptions(
    db: MemoryDatabase, scope: Scope, kind: str, name: str, key: str | None, limit: int
) -> list[Subscription]:
    """See the port."""
    if scope.departments is not None:
        return []
    rows = db.subscription.by("wait", (scope.tenant, kind, name, key))
    return sorted(rows, key=lambda row: (row.created_at, row.instance_id, row.number))[:limit]


def messages(db: MemoryDatabase, scope: Scope, name: str, key: str, now: datetime) -> list[Message]:
    """See the port."""
    if scope.departments is not None:
        return []
    rows = [row for row in db.message.by("name", (scope.tenant, name, key)) if row.expires_at > now]
    return sorted(rows, key=lambda row: (row.created_at, row.id))


def parked(db: MemoryDatabase, scope: Scope, reference: str, limit: int) -> list[Effect]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.effect.by("open", scope.tenant))
        if row.status == "parked" and row.reference == reference
    ]
    return sorted(rows, key=lambda row: (row.created_at, row.id))[:limit]


# -- people's reads ------------------------------------------------------------------------------------


def effects(
    db: MemoryDatabase,
    scope: Scope,
    instance_id: str | None,
    business_key: str | None,
    system: str | None,
    status: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Effect]:
    """See the port."""
    everything = (
        db.effect.rows.values()
        if instance_id is None
        else db.effect.by("instance", (scope.tenant, instance_id))
    )
    rows = [
        row
        for row in seen(scope, everything)
        if (business_key is None or row.business_key == business_key)
        and (system is None or row.system == system)
        and (status is None or row.status == status)
    ]
    return page(rows, lambda row: (row.created_at, row.id, ""), cursor, limit, newest_first=True)


def tasks(
    db: MemoryDatabase,
    scope: Scope,
    status: str,
    assignee: str | None,
    instance_id: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Task]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.task.rows.values())
        if row.status == status
        and (assignee is None or row.assignee == assignee)
        and (instance_id is None or row.instance_id == instance_id)
    ]
    return page(
        rows, lambda row: (row.created_at, row.instance_id, row.token), cursor, limit, newest_first=False
    )


def incidents(
    db: MemoryDatabase,
    scope: Scope,
    instance_id: str | None,
    open_only: bool,
    cursor: str | None,
    limit: int,
) -> Page[Incident]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.incident.rows.values())
        if (instance_id is None or row.instance_id == instance_id)
        and (not open_only or row.closed_at is None)
    ]
    return page(
        rows, lambda row: (row.opened_at, row.instance_id, row.number), cursor, limit, newest_first=True
    )


def dead_letters(
    db: MemoryDatabase,
    scope: Scope,
    status: str,
    system: str | None,
    cause: str | None,
    cursor: str | None,
    limit: int,
) -> Page[DeadLetter]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.dead_letter.rows.values())
        if row.status == status
        and (system is None or row.system == system)
        and (cause is None or row.cause == cause)
    ]
    return page(rows, lambda row: (row.created_at, row.id, ""), cursor, limit, newest_first=False)


def find_documents(db: MemoryDatabase, scope: Scope, number: str) -> list[Document]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.document.rows.values())
        if number in (row.number, row.local_id, row.business_key)
    ]
    return sorted(rows, key=lambda row: row.id)


def documents(db: MemoryDatabase, scope: Scope, ids: Collection[str]) -> list[Document]:
    """See the port."""
    rows = [db.document.rows.get((scope.tenant, name)) for name in sorted(set(ids))]
    return [row for row in rows if row is not None and scope.sees(row.department)]


def documents_by_prefix(db: MemoryDatabase, scope: Scope, prefix: str, limit: int) -> list[Document]:
    """See the port."""
    rows = list(seen(scope, db.document.rows.values()))
    found: dict[str, Document] = {}
    for name in ("number", "local_id", "business_key"):
        fitting = [row for row in rows if (getattr(row, name) or "").startswith(prefix)]
        if name == "business_key":
            fitting = [row for row in fitting if row.business_key is not None]
        fitting.sort(key=lambda row: (getattr(row, name), row.id), reverse=True)
        found |= {row.id: found.get(row.id, row) for row in fitting[:limit]}
    return list(found.values())


def recent_documents(db: MemoryDatabase, scope: Scope, part: str, window: int, limit: int) -> list[Document]:
    """See the port."""
    own = [row for row in db.document.rows.values() if row.tenant == scope.tenant]
    newest = sorted((row for row in own if row.created_at), key=_made, reverse=True)[:window]
    rows = [row for row in seen(scope, newest) if folded(part) in folded(row.number)]
    return rows[:limit]


def parties(db: MemoryDatabase, scope: Scope, part: str, limit: int) -> list[Party]:
    """See the port."""
    firms = {
        (row.party, row.party_code)
        for row in seen(scope, db.document.rows.values())
        if row.party is not None and row.party_code is not None
    }
    wanted = folded(part)
    fitting = [Party(*firm) for firm in sorted(firms) if any(wanted in folded(text) for text in firm)]
    return fitting[:limit]


def party_documents(db: MemoryDatabase, scope: Scope, party: Party, limit: int) -> list[Document]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.document.rows.values())
        if (row.party, row.party_code) == (party.name, party.code)
    ]
    return sorted(rows, key=_made, reverse=True)[:limit]


def _made(row: Document) -> tuple[datetime, str]:
    return (row.created_at or EPOCH, row.id)


def document_lines(db: MemoryDatabase, scope: Scope, ids: Collection[str]) -> list[DocumentLine]:
    """See the port."""
    return [
        row
        for name in sorted(set(ids))
        if _document_seen(db, scope, name)
        for row in sorted(db.line.by("document", (scope.tenant, name)), key=lambda row: row.line)
    ]


def document_links(db: MemoryDatabase, scope: Scope, ids: Collection[str]) -> list[DocumentLink]:
    """See the port."""
    rows = {
        (row.from_id, row.from_line, row.to_id, row.to_line): row
        for name in ids
        for index in ("start", "end")
        for row in db.link.by(index, (scope.tenant, name))
        if _document_seen(db, scope, row.from_id) and _document_seen(db, scope, row.to_id)
    }
    return [rows[key] for key in sorted(rows)]


def _document_seen(db: MemoryDatabase, scope: Scope, name: str) -> bool:
    if scope.departments is None:
        return True
    row = db.document.rows.get((scope.tenant, name))
    return row is not None and scope.sees(row.department)


def backlog(db: MemoryDatabase, scope: Scope) -> list[Backlog]:
    """See the port."""
    groups: dict[tuple[str, str], list[datetime]] = {}
    for event in seen(scope, db.event.by("open", scope.tenant)):
        groups.setdefault(("", "open"), []).append(event.received_at)
    for effect in seen(scope, db.effect.by("open", scope.tenant)):
        groups.setdefault((effect.held_by, effect.status), []).append(effect.created_at)
    return [Backlog(*key, len(times), min(times)) for key, times in sorted(groups.items())]


def unrouted(db: MemoryDatabase, scope: Scope) -> Backlog:
    """See the port."""
    times = [event.received_at for event in seen(scope, db.event.by("open", scope.tenant))]
    return Backlog("", "open", len(times), min(times, default=None))


def activity(
    db: MemoryDatabase, scope: Scope, since: datetime, until: datetime | None, errors_since: datetime
) -> list[Activity]:
    """See the port."""

    def within(at: datetime) -> bool:
        return at >= since and (until is None or at < until)

    calls = Counter(row.system for row in seen(scope, db.effect.rows.values()) if within(row.created_at))
    events_ = Counter(row.source for row in seen(scope, db.event.rows.values()) if within(row.received_at))
    failures = [
        Newest(row.system, row.attempted_at or row.created_at, row.error_class, row.error_text)
        for row in seen(scope, db.effect.by("open", scope.tenant))
        if row.status in CALLABLE and row.error_text is not None
    ]
    failures += [
        Newest(row.system, row.created_at, row.error_class, row.error_text)
        for row in seen(scope, db.dead_letter.rows.values())
        if row.created_at >= errors_since and row.system is not None
    ]
    return merged(calls.items(), events_.items(), failures)


def dead_letter_causes(db: MemoryDatabase, scope: Scope, *, status: str, limit: int) -> list[Cause]:
    """See the port."""
    groups: dict[tuple[str, str | None, str | None], list[DeadLetter]] = {}
    for row in seen(scope, db.dead_letter.rows.values()):
        if row.status == status:
            groups.setdefault((row.cause, row.system, row.operation), []).append(row)
    found = [
        Cause(
            *key,
            min(row.error_class for row in rows),
            min(row.error_text for row in rows),
            len(rows),
            min(row.created_at for row in rows),
            max(row.created_at for row in rows),
        )
        for key, rows in groups.items()
    ]
    found.sort(key=lambda each: (-each.count, each.cause, each.system or "", each.operation or ""))
    return found[:limit]


def counts(db: MemoryDatabase, scope: Scope) -> dict[str, int]:
    """See the port."""
    out = dict.fromkeys(INSTANCE_STATUSES, 0)
    for row in seen(scope, db.instance.rows.values()):
        out[row.status] += 1
    out["incidents"] = sum(row.closed_at is None for row in seen(scope, db.incident.rows.values()))
    out["tasks"] = sum(row.status == "open" for row in seen(scope, db.task.rows.values()))
    out["dead_letters"] = sum(row.status == "open" for row in seen(scope, db.dead_letter.rows.values()))
    return out
