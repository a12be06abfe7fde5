"""The reads of the port over ``queries``, shared by the SQL makes: each takes them as its own methods.

A make supplies ``fetch`` (run one query) and ``decoder`` (a record into a row); everything else is here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from lineshaft.base.ids import LANES
from lineshaft.base.scope import Scope
from lineshaft.store import activity_queries, few_queries, turn_queries
from lineshaft.store import queries as q
from lineshaft.store.activity import Newest, merged
from lineshaft.store.cursors import Position, read_cursor, write_cursor
from lineshaft.store.port import Activity, Backlog, Cause, Page
from lineshaft.store.rows import (
    ASKING_SYSTEM,
    OPEN_EFFECTS,
    STUCK_EFFECTS,
    Cursor,
    DeadLetter,
    Definition,
    Document,
    DocumentLine,
    DocumentLink,
    Effect,
    Event,
    History,
    Incident,
    Instance,
    InstanceScope,
    Job,
    Message,
    Party,
    Release,
    StoredInstance,
    Subscription,
    SystemState,
    Task,
    Variable,
    held_by,
)
from lineshaft.store.searching import LAST_CHARACTER, folded
from lineshaft.store.shapes import ids_of_instance

T = TypeVar("T")
Values = Mapping[str, Any]

FAR = datetime(9000, 1, 1, tzinfo=UTC)
INSTANCE_STATUSES = ("active", "completed", "terminated", "suspended", "frozen")


class SqlMake(Protocol):
    """What a SQL make brings to the shared reads."""

    @property
    def queries(self) -> q.Queries:
        """Its compiled reads."""
        ...

    async def fetch(self, query: q.Query, values: Values) -> Sequence[Sequence[Any]]:
        """Run one read."""
        ...

    def decoder(self, cls: type[T]) -> Callable[[Sequence[Any]], T]:
        """Return what turns a record into a row."""
        ...

    def time_of(self, value: Any) -> datetime:
        """Turn a time outside a row into a time."""
        ...


def _storable(values: Values) -> dict[str, Any] | None:
    """Leave out what no database could hold; ``None`` where that leaves nothing to look for."""
    out = dict(values)
    for name, value in values.items():
        if isinstance(value, str):
            if not is_sound(value):
                return None
        elif isinstance(value, list) and value and isinstance(value[0], str):
            out[name] = [item for item in value if is_sound(item)]
    return out


def is_sound(value: str) -> bool:
    """Tell whether any database could hold a text."""
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in value.encode()
    except UnicodeError:
        return False


async def read_rows(
    make: SqlMake, cls: type[T], values: Values, build: Callable[..., q.Select], *flags: bool
) -> list[T]:
    """Run a read that returns rows of a class."""
    return list(map(make.decoder(cls), await read_records(make, values, build, *flags)))


async def read_records(
    make: SqlMake, values: Values, build: Callable[..., q.Select], *flags: bool
) -> Sequence[Sequence[Any]]:
    """Run a read that returns records."""
    sound = _storable(values)
    return [] if sound is None else await make.fetch(make.queries.get(build, *flags), sound)


def scoped(scope: Scope, **values: Any) -> dict[str, Any]:
    """Return the values of a read with those of its scope."""
    values["tenant"] = scope.tenant
    if scope.departments is not None:
        values["departments"] = sorted(scope.departments)
    return values


def restricted(scope: Scope) -> bool:
    """Tell whether a scope sees some departments only."""
    return scope.departments is not None


def _all(lanes: Collection[int]) -> bool:
    return len(lanes) >= LANES and set(lanes) >= set(range(LANES))


# -- the engine's reads --------------------------------------------------------------------------------


async def open_events(self: SqlMake, scope: Scope, lanes: Collection[int], limit: int) -> list[Event]:
    """See the port."""
    values = scoped(scope, lanes=list(lanes), limit=limit)
    return await read_rows(self, Event, values, q.open_events, restricted(scope), _all(lanes))


async def open_effects(
    self: SqlMake,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    limit: int,
    *,
    without_systems: Collection[str] = (),
    without_ids: Collection[str] = (),
) -> list[Effect]:
    """See the port."""
    values = scoped(
        scope, lanes=list(lanes), due_before=due_before, limit=limit, without_ids=list(without_ids)
    )
    limited = restricted(scope)
    waiting = await read_records(self, scoped(scope), q.systems_with_open_effects, limited)
    found: list[Effect] = []
    for (system,) in waiting:
        if system not in without_systems:
            flags = (limited, _all(lanes), bool(without_ids))
            found += await read_rows(self, Effect, {**values, "system": system}, q.open_effects, *flags)
    found.sort(key=lambda row: (row.priority, row.created_at, row.id))
    return found[:limit]


async def effects_in_turns(
    self: SqlMake,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    system: str,
    each: int,
    *,
    without_ids: Collection[str] = (),
) -> list[Effect]:
    """See the port."""
    values = scoped(scope, lanes=list(lanes), due_before=due_before, system=system, each=each)
    values["without_ids"] = list(without_ids)
    flags = (restricted(scope), _all(lanes))
    return await read_rows(self, Effect, values, turn_queries.effects_in_turns, *flags)


async def processes_of(self: SqlMake, scope: Scope, instance_ids: Collection[str]) -> dict[str, str]:
    """See the port."""
    values = scoped(scope, ids=list(instance_ids))
    records = await read_records(self, values, turn_queries.processes_of, restricted(scope))
    return {record[0]: record[1] for record in records}


async def due_jobs(
    self: SqlMake,
    scope: Scope,
    lanes: Collection[int],
    due_before: datetime,
    limit: int,
    *,
    without_ids: Collection[str] = (),
) -> list[Job]:
    """See the port."""
    if restricted(scope):
        return []
    values = scoped(
        scope, lanes=list(lanes), due_before=due_before, limit=limit, without_ids=list(without_ids)
    )
    return await read_rows(self, Job, values, q.due_jobs, _all(lanes), bool(without_ids))


async def next_due(self: SqlMake, scope: Scope, lanes: Collection[int], after: datetime) -> datetime | None:
    """See the port."""
    values = scoped(scope, lanes=list(lanes), after=after)
    records = await read_records(self, values, q.next_due, restricted(scope), _all(lanes))
    return min((self.time_of(record[0]) for record in records if record[0] is not None), default=None)


async def load_instances(self: SqlMake, scope: Scope, ids: Collection[str]) -> dict[str, StoredInstance]:
    """See the port."""
    found = await read_rows(
        self, Instance, scoped(scope, ids=list(ids)), q.instances_by_id, restricted(scope)
    )
    out = {row.id: StoredInstance(row) for row in found}
    if out:
        values = {"tenant": scope.tenant, "ids": list(out)}
        for inner in await read_rows(self, InstanceScope, values, q.scopes_by_instance):
            out[inner.instance_id].scopes[inner.scope] = inner.state
        for item in await read_rows(self, Variable, values, q.variables_by_instance):
            out[item.instance_id].variables[item.scope, item.name] = item.value
    return out


async def children(self: SqlMake, scope: Scope, parent_id: str) -> list[Instance]:
    """See the port."""
    return await read_rows(self, Instance, scoped(scope, parent=parent_id), q.children, restricted(scope))


async def subscriptions(
    self: SqlMake, scope: Scope, kind: str, name: str, key: str | None, limit: int
) -> list[Subscription]:
    """See the port."""
    if restricted(scope):
        return []
    values = scoped(scope, kind=kind, name=name, key=key, limit=limit)
    return await read_rows(self, Subscription, values, q.subscriptions, key is not None)


async def messages(self: SqlMake, scope: Scope, name: str, key: str, now: datetime) -> list[Message]:
    """See the port."""
    if restricted(scope):
        return []
    return await read_rows(self, Message, scoped(scope, name=name, key=key, now=now), q.messages)


async def parked(self: SqlMake, scope: Scope, reference: str, limit: int) -> list[Effect]:
    """See the port."""
    values = scoped(scope, reference=reference, limit=limit)
    return await read_rows(self, Effect, values, q.parked, restricted(scope))


async def system_states(self: SqlMake, scope: Scope) -> dict[str, SystemState]:
    """See the port."""
    rows = await read_rows(self, SystemState, scoped(scope), q.system_states)
    return {row.system: row for row in rows}


async def outage_dead_letters(self: SqlMake, scope: Scope, system: str, limit: int) -> list[DeadLetter]:
    """See the port."""
    values = scoped(scope, system=system, limit=limit)
    return await read_rows(self, DeadLetter, values, q.outage_dead_letters, restricted(scope))


async def cursor(self: SqlMake, scope: Scope, source: str) -> Cursor | None:
    """See the port."""
    rows = await read_rows(self, Cursor, scoped(scope, source=source), q.cursor)
    return rows[0] if rows else None


async def active_release(self: SqlMake, scope: Scope) -> Release | None:
    """See the port."""
    rows = await read_rows(self, Release, scoped(scope), q.active_release)
    return rows[0] if rows else None


async def releases(self: SqlMake, scope: Scope, limit: int) -> list[Release]:
    """See the port."""
    return await read_rows(self, Release, scoped(scope, limit=limit), q.releases)


async def definitions(self: SqlMake, scope: Scope, release: str) -> list[Definition]:
    """See the port."""
    return await read_rows(self, Definition, scoped(scope, release=release), q.definitions)


# -- people's reads ------------------------------------------------------------------------------------


async def event(self: SqlMake, scope: Scope, source: str, event_id: str) -> Event | None:
    """See the port."""
    values = scoped(scope, source=source, id=event_id)
    rows = await read_rows(self, Event, values, q.event, restricted(scope))
    return rows[0] if rows else None


def after(cursor: str | None, limit: int, values: dict[str, Any]) -> bool:
    """Put the place of a page into the values of its read; tell whether it is not the first page."""
    values["limit"] = limit + 1
    if cursor is None:
        return False
    values["after_at"], values["after_id"], values["after_rest"] = read_cursor(cursor)
    return True


def paged(rows: list[T], limit: int, position_of: Callable[[T], Position]) -> Page[T]:
    """Return a page of one row more than it may hold."""
    items = rows[:limit]
    return Page(items, write_cursor(position_of(items[-1])) if len(rows) > limit and items else None)


async def events(
    self: SqlMake,
    scope: Scope,
    *,
    key: str | None = None,
    event_type: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Event]:
    """See the port."""
    values = scoped(scope, key=key, type=event_type)
    flags = (restricted(scope), after(cursor, limit, values), key is not None, event_type is not None)
    rows = await read_rows(self, Event, values, q.events, *flags)
    return paged(rows, limit, lambda row: (row.received_at, row.source, row.id))


async def instances(
    self: SqlMake,
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
    values = scoped(scope, process_id=process_id, status=status, business_key=business_key)
    flags = (
        restricted(scope),
        after(cursor, limit, values),
        process_id is not None,
        status is not None,
        business_key is not None,
        with_incidents,
    )
    if flags[2:] == (True, True, False, False) and status != "completed":
        rows = await read_rows(self, Instance, values, few_queries.unfinished_instances, *flags[:2])
    else:
        rows = await read_rows(self, Instance, values, q.instances, *flags)
    return paged(rows, limit, lambda row: (row.started_at, row.id, ""))


async def history(self: SqlMake, scope: Scope, instance_id: str) -> list[History]:
    """See the port."""
    return await read_rows(
        self, History, scoped(scope, instance_id=instance_id), q.history, restricted(scope)
    )


async def effect(self: SqlMake, scope: Scope, effect_id: str) -> Effect | None:
    """See the port."""
    rows = await read_rows(self, Effect, scoped(scope, id=effect_id), q.effect, restricted(scope))
    return rows[0] if rows else None


async def effects(
    self: SqlMake,
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
    values = scoped(scope, instance_id=instance_id, business_key=business_key, system=system, status=status)
    page = (restricted(scope), after(cursor, limit, values))
    asked = (system is not None, status is not None)
    if instance_id is not None:
        values["first_id"], values["end_id"] = ids_of_instance(instance_id)
        values["business_key"] = business_key or ""
        rows = await read_rows(self, Effect, values, q.effects_of_instance, *page, *asked)
    elif status in STUCK_EFFECTS:
        chosen = (*page, business_key is not None, system is not None)
        rows = await read_rows(self, Effect, values, few_queries.stuck_effects, *chosen)
    else:
        flags = (*page, business_key is not None, *asked, status in OPEN_EFFECTS)
        rows = await read_rows(self, Effect, values, q.effects, *flags)
    return paged(rows, limit, lambda row: (row.created_at, row.id, ""))


async def tasks(
    self: SqlMake,
    scope: Scope,
    *,
    status: str = "open",
    assignee: str | None = None,
    instance_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Task]:
    """See the port."""
    values = scoped(scope, status=status, assignee=assignee, instance_id=instance_id)
    flags = (
        restricted(scope),
        after(cursor, limit, values),
        assignee is not None,
        instance_id is not None,
    )
    rows = await read_rows(self, Task, values, q.tasks, *flags)
    return paged(rows, limit, lambda row: (row.created_at, row.instance_id, row.token))


async def incidents(
    self: SqlMake,
    scope: Scope,
    *,
    instance_id: str | None = None,
    open_only: bool = True,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Incident]:
    """See the port."""
    values = scoped(scope, instance_id=instance_id)
    flags = (restricted(scope), after(cursor, limit, values), instance_id is not None, open_only)
    rows = await read_rows(self, Incident, values, q.incidents, *flags)
    return paged(rows, limit, lambda row: (row.opened_at, row.instance_id, row.number))


async def dead_letter(self: SqlMake, scope: Scope, letter_id: str) -> DeadLetter | None:
    """See the port."""
    rows = await read_rows(self, DeadLetter, scoped(scope, id=letter_id), q.dead_letter, restricted(scope))
    return rows[0] if rows else None


async def dead_letters(
    self: SqlMake,
    scope: Scope,
    *,
    status: str = "open",
    system: str | None = None,
    cause: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DeadLetter]:
    """See the port."""
    values = scoped(scope, status=status, system=system, cause=cause)
    flags = (restricted(scope), after(cursor, limit, values), system is not None, cause is not None)
    rows = await read_rows(self, DeadLetter, values, q.dead_letters, *flags)
    return paged(rows, limit, lambda row: (row.created_at, row.id, ""))


async def find_documents(self: SqlMake, scope: Scope, number: str) -> list[Document]:
    """See the port."""
    return await read_rows(self, Document, scoped(scope, number=number), q.find_documents, restricted(scope))


async def documents(self: SqlMake, scope: Scope, ids: Collection[str]) -> list[Document]:
    """See the port."""
    return await read_rows(self, Document, scoped(scope, ids=list(ids)), q.documents, restricted(scope))


async def documents_by_prefix(self: SqlMake, scope: Scope, prefix: str, limit: int) -> list[Document]:
    """See the port."""
    values = scoped(scope, low=prefix, high=prefix + LAST_CHARACTER, limit=limit)
    found = await read_rows(self, Document, values, q.documents_by_prefix, restricted(scope))
    return list({row.id: row for row in found}.values())


async def recent_documents(
    self: SqlMake, scope: Scope, *, part: str = "", window: int = 5_000, limit: int = 50
) -> list[Document]:
    """See the port."""
    values = scoped(scope, part=folded(part), window=window, limit=limit)
    return await read_rows(self, Document, values, q.recent_documents, restricted(scope), bool(part))


async def parties(self: SqlMake, scope: Scope, part: str, limit: int) -> list[Party]:
    """See the port."""
    values = scoped(scope, part=folded(part), limit=limit)
    records = await read_records(self, values, q.parties, restricted(scope))
    return [Party(record[0], record[1]) for record in records]


async def party_documents(self: SqlMake, scope: Scope, party: Party, limit: int) -> list[Document]:
    """See the port."""
    values = scoped(scope, party=party.name, party_code=party.code, limit=limit)
    return await read_rows(self, Document, values, q.party_documents, restricted(scope))


async def document_lines(self: SqlMake, scope: Scope, ids: Collection[str]) -> list[DocumentLine]:
    """See the port."""
    values = scoped(scope, ids=list(ids))
    return await read_rows(self, DocumentLine, values, q.document_lines, restricted(scope))


async def document_links(self: SqlMake, scope: Scope, ids: Collection[str]) -> list[DocumentLink]:
    """See the port."""
    values = scoped(scope, ids=list(ids))
    return await read_rows(self, DocumentLink, values, q.document_links, restricted(scope))


async def backlog(self: SqlMake, scope: Scope) -> list[Backlog]:
    """See the port."""
    values, limited = scoped(scope), restricted(scope)
    waiting = await unrouted(self, scope)
    records = await read_records(self, values, q.backlog_effects, limited)
    groups: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
    for system, status, count, oldest in records:
        if system != ASKING_SYSTEM:
            groups.setdefault((system, status), []).append((count, self.time_of(oldest)))
    if any(system == ASKING_SYSTEM for system, *_ in records):
        for reference, status, count, oldest in await read_records(self, values, q.backlog_asking, limited):
            system = held_by(ASKING_SYSTEM, status, reference)
            groups.setdefault((system, status), []).append((count, self.time_of(oldest)))
    return [
        *([waiting] if waiting.count else []),
        *(
            Backlog(*key, sum(count for count, _ in parts), min(oldest for _, oldest in parts))
            for key, parts in sorted(groups.items())
        ),
    ]


async def unrouted(self: SqlMake, scope: Scope) -> Backlog:
    """See the port."""
    [(count, oldest)] = await read_records(self, scoped(scope), q.backlog_events, restricted(scope))
    return Backlog("", "open", count, self.time_of(oldest) if oldest is not None else None)


async def activity(
    self: SqlMake,
    scope: Scope,
    since: datetime,
    *,
    until: datetime | None = None,
    errors_since: datetime | None = None,
) -> list[Activity]:
    """See the port."""
    span = {"since": since, "until": until or FAR, "errors_since": errors_since or since}
    values, limited = scoped(scope, **span), restricted(scope)
    failures = [
        Newest(system, self.time_of(at), error_class, error_text)
        for build in (activity_queries.open_errors, activity_queries.dead_errors)
        for system, at, error_class, error_text in await read_records(self, values, build, limited)
    ]
    return merged(
        await read_records(self, values, activity_queries.calls_since, limited),
        await read_records(self, values, activity_queries.events_since, limited),
        failures,
    )


async def dead_letter_causes(
    self: SqlMake, scope: Scope, *, status: str = "open", limit: int = 200
) -> list[Cause]:
    """See the port."""
    values = scoped(scope, status=status, limit=limit)
    found = []
    for record in await read_records(self, values, q.dead_letter_causes, restricted(scope)):
        cause, system, operation, error_class, words, count, oldest, newest = record
        times = (self.time_of(oldest), self.time_of(newest))
        found.append(Cause(cause, system, operation, error_class, words, count, *times))
    return found


async def counts(self: SqlMake, scope: Scope) -> dict[str, int]:
    """See the port."""
    out = dict.fromkeys(INSTANCE_STATUSES, 0)
    for name, number in await read_records(self, scoped(scope), q.counts, restricted(scope)):
        out[name] = number
    return out
