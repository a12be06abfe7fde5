# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""What may be pruned and what goes with it, said once for both SQL makes.

A slice is a generator that yields statements and is sent their rows (or how many rows they changed): SQLite
runs it in its writer's thread, PostgreSQL awaits each statement; both inside one short transaction, so that
what a slice looked at cannot change before it is removed. Candidates are walked in the order of an index,
oldest first, from where the slice before ended: what may not go yet is looked at once per sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.store.cursors import micros_of
from lineshaft.store.record_kinds import NOTICES, OF_RUNS, is_live_record
from lineshaft.store.upkeep import Cut, Kept, Slice

LIVE: Final = "('active', 'suspended', 'frozen')"
ENDED: Final = ("completed", "terminated")
CLOSED: Final = ("replayed", "resolved", "discarded")
SETTLED: Final = "('done', 'refused', 'cancelled', 'superseded')"


@dataclass(frozen=True, slots=True)
class Ask:
    """One statement; ``:name`` stands for a value, ``= ANY(:name)`` for one of a list of texts."""

    sql: str
    values: Mapping[str, Any]
    reads: bool = True
    """Whether rows are wanted; else the number of rows that it changed."""


Steps = Generator[Ask, Any, Slice]


@dataclass(frozen=True, slots=True)
class Places:
    """How a make writes and reads the times in a position."""

    time_out: Callable[[Any], int]
    """A time as it came from the database, as microseconds."""
    time_in: Callable[[int], Any]
    """Microseconds as the database takes them."""
    whole_parts: datetime | None = None
    """History before this moment lies in parts that are dropped whole: it is left to that."""


def steps_of(tenant: str, cut: Cut, limit: int, after: str | None, places: Places) -> Steps:
    """Return the slice that examines up to ``limit`` records after the position ``after``."""
    return _KINDS[cut.kind](tenant, cut, limit, _read(after), places)


def _read(after: str | None) -> list[Any]:
    if after is None:
        return []
    try:
        found: list[Any] = msgspec.json.decode(after, type=list[Any])
    except msgspec.MsgspecError as error:
        raise InputError(
            text("Expected the position of an earlier slice.", "应为先前批次的位置。"), code="position_wrong"
        ) from error
    return found


def _write(position: Sequence[Any]) -> str:
    return msgspec.json.encode(list(position)).decode()


def _next(rows: Sequence[Any], limit: int, position: Callable[[Any], Sequence[Any]]) -> str | None:
    return _write(position(rows[-1])) if len(rows) >= limit else None


def _run_of(column: str, alias: str) -> str:
    """Return the condition that a run with this business key is under way."""
    return (
        f"EXISTS (SELECT 1 FROM instance live WHERE live.tenant = {alias}.tenant"
        f" AND live.business_key = {alias}.{column} AND live.business_key IS NOT NULL"
        f" AND live.status IN {LIVE})"
    )


# -- instances -------------------------------------------------------------------------------------------


def _instances(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    status = after[0] if after else ENDED[0]
    values = {"tenant": tenant, "status": status, "latest": cut.latest, "limit": limit}
    beyond = ""
    if len(after) > 1:
        beyond = " AND (i.started_at, i.id) > (:at, :id)"
        values |= {"at": places.time_in(after[1]), "id": after[2]}
    rows = yield Ask(
        "SELECT i.id, i.started_at, i.ended_at, i.process_id FROM instance i WHERE i.tenant = :tenant"
        f" AND i.status = :status AND i.started_at < :latest{beyond}"
        " ORDER BY i.started_at, i.id LIMIT :limit",
        values,
    )
    over = [
        row[0]
        for row in rows
        if row[2] is not None and places.time_out(row[2]) < micros_of(cut.before_of(row[3]))
    ]
    counts: dict[str, int] = {}
    if over:
        free = yield Ask(
            "SELECT i.id FROM instance i WHERE i.tenant = :tenant AND i.id = ANY(:ids)"
            f" AND NOT ({_run_of('business_key', 'i')})"
            " AND NOT EXISTS (SELECT 1 FROM instance p WHERE p.tenant = i.tenant AND p.id = i.parent_id"
            f" AND p.status IN {LIVE})"
            " AND NOT EXISTS (SELECT 1 FROM instance c WHERE c.tenant = i.tenant AND c.parent_id = i.id"
            f" AND c.parent_id IS NOT NULL AND c.status IN {LIVE})",
            {"tenant": tenant, "ids": over},
        )
        calling = yield Ask(
            "SELECT DISTINCT i.id FROM instance i JOIN effect e ON e.tenant = i.tenant AND e.id >= i.id"
            " AND e.id < i.id || '0' AND e.instance_id = i.id"
            f" WHERE i.tenant = :tenant AND i.id = ANY(:ids) AND e.status NOT IN {SETTLED}",
            {"tenant": tenant, "ids": over},
        )
        ids = sorted({row[0] for row in free} - {row[0] for row in calling})
        if ids:
            yield from _remove_instances(tenant, ids, counts, places)
    following = _next(rows, limit, lambda row: (status, places.time_out(row[1]), row[0]))
    if following is None and status == ENDED[0]:
        following = _write([ENDED[1]])
    return Slice(len(rows), counts, following)


def _remove_instances(
    tenant: str, ids: list[str], counts: dict[str, int], places: Places
) -> Generator[Ask, Any, None]:
    values: dict[str, Any] = {"tenant": tenant, "ids": ids}
    for table in ("variable", "instance_scope", "subscription", "task", "incident"):
        counts[table] = yield _delete(table, tenant, "instance_id", ids)
    counts["record"] = yield Ask(
        "DELETE FROM record WHERE tenant = :tenant AND kind = ANY(:kinds) AND owner = ANY(:ids)",
        {**values, "kinds": list(OF_RUNS)},
        False,
    )
    if places.whole_parts is None:
        counts["history"] = yield _delete("history", tenant, "instance_id", ids)
    else:
        # What lies in a part that is dropped whole is left to that; what no part holds is not.
        rest = yield _delete("history_rest", tenant, "instance_id", ids)
        young = yield Ask(
            "DELETE FROM history WHERE tenant = :tenant AND instance_id = ANY(:ids) AND at >= :whole",
            values | {"whole": places.whole_parts},
            False,
        )
        counts["history"] = rest + young
    calls = yield Ask(
        "SELECT e.id FROM instance i JOIN effect e ON e.tenant = i.tenant AND e.id >= i.id"
        " AND e.id < i.id || '0' AND e.instance_id = i.id WHERE i.tenant = :tenant AND i.id = ANY(:ids)",
        values,
    )
    counts["effect"] = 0
    if calls:
        counts["effect"] = yield _delete("effect", tenant, "id", [row[0] for row in calls])
    counts["instance"] = yield Ask(
        "DELETE FROM instance WHERE tenant = :tenant AND id = ANY(:ids)", values, False
    )


# -- effects, events and their keys ----------------------------------------------------------------------


def _effects(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    values = {"tenant": tenant, "before": cut.before, "limit": limit}
    beyond = _beyond(after, values, places, "created_at", "id")
    rows = yield Ask(
        "SELECT e.id, e.created_at, e.instance_id, e.status, e.settled_at FROM effect e"
        " WHERE e.tenant = :tenant AND e.status NOT IN ('intended', 'attempted', 'unknown')"
        f" AND e.created_at < :before{beyond} ORDER BY e.created_at, e.id LIMIT :limit",
        values,
    )
    cut_at = micros_of(cut.before)
    over = [
        row[0]
        for row in rows
        if row[2] is None
        and row[3] in ("done", "refused", "cancelled", "superseded")
        and (row[4] is None or places.time_out(row[4]) < cut_at)
    ]
    counts = {}
    if over:
        counts["effect"] = yield _delete("effect", tenant, "id", over)
    return Slice(len(rows), counts, _next(rows, limit, lambda row: (places.time_out(row[1]), row[0])))


def _events(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    values = {"tenant": tenant, "before": cut.before, "limit": limit}
    beyond = _beyond(after, values, places, "received_at", "source", "id")
    rows = yield Ask(
        "SELECT e.source, e.id, e.received_at, e.routed_at, e.key FROM event e WHERE e.tenant = :tenant"
        f" AND e.received_at < :before{beyond} ORDER BY e.received_at, e.source, e.id LIMIT :limit",
        values,
    )
    routed = [row for row in rows if row[3] is not None]
    counts: dict[str, int] = {}
    if routed:
        busy = yield Ask(
            "SELECT DISTINCT live.business_key FROM instance live WHERE live.tenant = :tenant"
            f" AND live.business_key = ANY(:keys) AND live.status IN {LIVE}",
            {"tenant": tenant, "keys": sorted({row[4] for row in routed})},
        )
        kept = {row[0] for row in busy}
        open_letters = yield Ask(
            "SELECT d.subject_id FROM dead_letter d WHERE d.tenant = :tenant AND d.status = 'open'"
            " AND d.subject = 'event' AND d.subject_id = ANY(:subjects)",
            {"tenant": tenant, "subjects": [f"{row[0]} {row[1]}" for row in routed]},
        )
        held = {row[0] for row in open_letters}
        over = [row for row in routed if row[4] not in kept and f"{row[0]} {row[1]}" not in held]
        if over:
            counts["event"] = yield Ask(
                "DELETE FROM event WHERE tenant = :tenant AND received_at >= :first AND received_at <= :last"
                " AND source || ' ' || id = ANY(:subjects)",
                {
                    "tenant": tenant,
                    "subjects": [f"{row[0]} {row[1]}" for row in over],
                    "first": over[0][2],
                    "last": over[-1][2],
                },
                False,
            )
    return Slice(len(rows), counts, _next(rows, limit, lambda row: (places.time_out(row[2]), row[0], row[1])))


def _event_keys(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    values = {"tenant": tenant, "limit": limit}
    beyond = ""
    if after:
        beyond = " AND (k.source, k.id) > (:source, :id)"
        values |= {"source": after[0], "id": after[1]}
    rows = yield Ask(
        f"SELECT k.source, k.id, k.received_at FROM event_key k WHERE k.tenant = :tenant{beyond}"
        " ORDER BY k.source, k.id LIMIT :limit",
        values,
    )
    cut_at = micros_of(cut.before)
    over = [row for row in rows if places.time_out(row[2]) < cut_at]
    counts = {}
    if over:
        # All candidates are neighbours in the key's order, so a range and the time find them again.
        counts["event_key"] = yield Ask(
            "DELETE FROM event_key WHERE tenant = :tenant AND (source, id) >= (:source, :id)"
            " AND (source, id) <= (:last_source, :last_id) AND received_at < :before AND NOT EXISTS"
            " (SELECT 1 FROM event e WHERE e.tenant = event_key.tenant AND e.source = event_key.source"
            " AND e.id = event_key.id AND e.received_at = event_key.received_at)",
            {
                "tenant": tenant,
                "source": over[0][0],
                "id": over[0][1],
                "last_source": over[-1][0],
                "last_id": over[-1][1],
                "before": cut.before,
            },
            False,
        )
    return Slice(len(rows), counts, _next(rows, limit, lambda row: (row[0], row[1])))


# -- what people see -------------------------------------------------------------------------------------


def _dead_letters(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    status = after[0] if after else CLOSED[0]
    values = {"tenant": tenant, "status": status, "before": cut.before, "limit": limit}
    beyond = _beyond(after[1:], values, places, "created_at", "id")
    rows = yield Ask(
        "SELECT e.id, e.created_at, e.closed_at FROM dead_letter e WHERE e.tenant = :tenant"
        f" AND e.status = :status AND e.created_at < :before{beyond} ORDER BY e.created_at, e.id"
        " LIMIT :limit",
        values,
    )
    cut_at = micros_of(cut.before)
    over = [row[0] for row in rows if row[2] is None or places.time_out(row[2]) < cut_at]
    counts = {}
    if over:
        counts["dead_letter"] = yield _delete("dead_letter", tenant, "id", over)
    following = _next(rows, limit, lambda row: (status, places.time_out(row[1]), row[0]))
    if following is None and status != CLOSED[-1]:
        following = _write([CLOSED[CLOSED.index(status) + 1]])
    return Slice(len(rows), counts, following)


def _messages(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    values = {"tenant": tenant, "limit": limit}
    beyond = ""
    if after:
        beyond = " AND m.id > :id"
        values["id"] = after[0]
    rows = yield Ask(
        f"SELECT m.id, m.expires_at FROM message m WHERE m.tenant = :tenant{beyond}"
        " ORDER BY m.id LIMIT :limit",
        values,
    )
    cut_at = micros_of(cut.before)
    over = [row[0] for row in rows if places.time_out(row[1]) < cut_at]
    counts = {}
    if over:
        counts["message"] = yield _delete("message", tenant, "id", over)
    return Slice(len(rows), counts, _next(rows, limit, lambda row: (row[0],)))


def _documents(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    values = {"tenant": tenant, "before": cut.before, "limit": limit}
    beyond = _beyond(after, values, places, "created_at", "id")
    rows = yield Ask(
        "SELECT e.id, e.created_at, e.updated_at FROM document e WHERE e.tenant = :tenant"
        f" AND e.created_at < :before{beyond} ORDER BY e.created_at, e.id LIMIT :limit",
        values,
    )
    cut_at = micros_of(cut.before)
    over = [row[0] for row in rows if places.time_out(row[2]) < cut_at]
    counts: dict[str, int] = {}
    if over:
        newer = f"(o.updated_at >= :before OR {_run_of('business_key', 'o')})"
        free = yield Ask(
            "SELECT d.id FROM document d WHERE d.tenant = :tenant AND d.id = ANY(:ids)"
            f" AND NOT ({_run_of('business_key', 'd')})"
            " AND NOT EXISTS (SELECT 1 FROM document_link l JOIN document o ON o.tenant = l.tenant"
            f" AND o.id = l.to_id WHERE l.tenant = d.tenant AND l.from_id = d.id AND {newer})"
            " AND NOT EXISTS (SELECT 1 FROM document_link l JOIN document o ON o.tenant = l.tenant"
            f" AND o.id = l.from_id WHERE l.tenant = d.tenant AND l.to_id = d.id AND {newer})",
            {"tenant": tenant, "ids": over, "before": cut.before},
        )
        ids = [row[0] for row in free]
        if ids:
            counts["document_line"] = yield _delete("document_line", tenant, "document_id", ids)
            linked = yield _delete("document_link", tenant, "from_id", ids)
            counts["document_link"] = linked + (yield _delete("document_link", tenant, "to_id", ids))
            counts["document"] = yield _delete("document", tenant, "id", ids)
    return Slice(len(rows), counts, _next(rows, limit, lambda row: (places.time_out(row[1]), row[0])))


def _notices(tenant: str, cut: Cut, limit: int, after: list[Any], places: Places) -> Steps:
    kind = after[0] if after else NOTICES[0]
    values = {"tenant": tenant, "kind": kind, "before": cut.before, "limit": limit}
    beyond = _beyond(after[1:], values, places, "at", "id")
    rows = yield Ask(
        "SELECT e.id, e.at, e.state FROM record e WHERE e.tenant = :tenant AND e.kind = :kind"
        f" AND e.at < :before{beyond} ORDER BY e.at, e.id LIMIT :limit",
        values,
    )
    over = [row[0] for row in rows if not is_live_record(kind, row[2])]
    counts = {}
    if over:
        counts["record"] = yield Ask(
            "DELETE FROM record WHERE tenant = :tenant AND kind = :kind AND id = ANY(:ids)",
            {"tenant": tenant, "kind": kind, "ids": over},
            False,
        )
    following = _next(rows, limit, lambda row: (kind, places.time_out(row[1]), row[0]))
    if following is None and kind != NOTICES[-1]:
        following = _write([NOTICES[NOTICES.index(kind) + 1]])
    return Slice(len(rows), counts, following)


_KINDS: Final[dict[Kept, Callable[[str, Cut, int, list[Any], Places], Steps]]] = {
    "instances": _instances,
    "effects": _effects,
    "events": _events,
    "event_keys": _event_keys,
    "dead_letters": _dead_letters,
    "messages": _messages,
    "documents": _documents,
    "notices": _notices,
}


# -- parts -----------------------------------------------------------------------------------------------


def _delete(table: str, tenant: str, column: str, ids: list[str]) -> Ask:
    return Ask(
        f"DELETE FROM {table} WHERE tenant = :tenant AND {column} = ANY(:ids)",
        {"tenant": tenant, "ids": ids},
        False,
    )


def _beyond(after: list[Any], values: dict[str, Any], places: Places, time: str, *rest: str) -> str:
    """Return the condition that a row comes after a position that begins with its time."""
    if not after:
        return ""
    values["at"] = places.time_in(after[0])
    values |= {f"after_{name}": value for name, value in zip(rest, after[1:], strict=True)}
    columns = ", ".join(f"e.{name}" for name in (time, *rest))
    return f" AND ({columns}) > (:at, {', '.join(f':after_{name}' for name in rest)})"


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of counts by table."""
    out: dict[str, int] = {}
    for each in counts:
        for table, count in each.items():
            out[table] = out.get(table, 0) + count
    return out
