# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""The hot statements of PostgreSQL, written by hand: what each kind of batch becomes.

A batch is one statement: its columns travel as arrays and become rows again by ``unnest``. A statement lists
the columns it takes in the order of its parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lineshaft.store import schema as s
from lineshaft.store import writes as w
from lineshaft.store.batches import Batch
from lineshaft.store.rows import Definition, Document, Effect, Event, History, Instance
from lineshaft.store.shapes import KEYS, ROW_SHAPES, WRITE_SHAPES, Column, Shape


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for all rows of a batch."""

    sql: str
    names: tuple[str, ...]


_ARRAYS: Final = {
    "text": "text[]",
    "int": "bigint[]",
    "bool": "boolean[]",
    "time": "timestamptz[]",
    "bytes": "bytea[]",
    "texts": "text[]",
}
_EXPECTED: Final = Column("expected", "int", False)


def _q(name: str) -> str:
    return f'"{name}"'


def _list(names: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + _q(name) for name in names)


def _columns(shape: Shape, names: Sequence[str]) -> list[Column]:
    known = {column.name: column for column in (*shape.columns, _EXPECTED)}
    return [known[name] for name in names]


def unnested(columns: Sequence[Column]) -> str:
    """Return the rows of array parameters as the table ``x``."""
    arrays = ", ".join(f"${number}::{_ARRAYS[column.kind]}" for number, column in enumerate(columns, 1))
    return f"unnest({arrays}) AS x({_list([column.name for column in columns])})"


def _names(cls: type) -> tuple[str, ...]:
    return tuple(column.name for column in ROW_SHAPES[cls].columns)


def _insert(table: str, cls: type, names: Sequence[str], rest: str) -> Statement:
    columns = _columns(ROW_SHAPES[cls], names)
    sql = f"INSERT INTO {_q(table)} AS t ({_list(names)}) SELECT * FROM {unnested(columns)} {rest}"
    return Statement(sql, tuple(names))


_IGNORE: Final = "ON CONFLICT DO NOTHING"


def _upsert(cls: type) -> Statement:
    keys = KEYS[cls]
    sets = ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in _names(cls) if name not in keys)
    return _insert(s.TABLES[cls].name, cls, _names(cls), f"ON CONFLICT ({_list(keys)}) DO UPDATE SET {sets}")


def _put_document() -> Statement:
    put = _upsert(Document)
    sql = put.sql.replace(
        '"created_at" = excluded."created_at"',
        '"created_at" = coalesce(excluded."created_at", t."created_at")',
    )
    return Statement(sql + ' WHERE excluded."source_version" >= t."source_version"', put.names)


def _put_definition() -> tuple[Statement, Statement]:
    keys = KEYS[Definition]
    conflict = f"ON CONFLICT ({_list(keys)}) DO UPDATE SET digest = excluded.digest"
    first = _insert("content", Definition, ("tenant", "digest", "content"), _IGNORE)
    return first, _insert("definition", Definition, (*keys, "digest"), conflict)


def _delete(cls: type) -> Statement:
    keys = KEYS[cls]
    same = " AND ".join(f"t.{_q(name)} = x.{_q(name)}" for name in keys)
    rows = unnested(_columns(ROW_SHAPES[cls], keys))
    return Statement(f"DELETE FROM {_q(s.TABLES[cls].name)} AS t USING {rows} WHERE {same}", keys)


def _update(table: str, shape: Shape, sets: str, where: str, names: Sequence[str]) -> Statement:
    rows = unnested(_columns(shape, names))
    return Statement(f"UPDATE {_q(table)} AS t SET {sets} FROM {rows} WHERE {where}", tuple(names))


_EFFECT_CHANGES: Final = (
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


_CLOSED: Final = {
    "effect_up": "'done', 'refused', 'cancelled', 'superseded'",
    "effect_up_late": "'done', 'refused', 'superseded'",
}


def _update_effect(kind: str, changed: Sequence[str]) -> Statement:
    sets = "".join(f", {_q(name)} = coalesce(x.{_q(name)}, t.{_q(name)})" for name in changed)
    return _update(
        "effect",
        WRITE_SHAPES[w.UpdateEffect],
        f"status = x.status{sets}",
        f"t.tenant = x.tenant AND t.id = x.id AND t.status NOT IN ({_CLOSED[kind]})",
        ("tenant", "id", "status", *changed),
    )


_FIXED: Final[dict[str, tuple[Statement, ...]]] = {
    "event_in": (
        # in one order for all nodes, so that two that take the same events in wait, and do not deadlock
        _insert("event_key", Event, ("tenant", "source", "id", "received_at"), f"ORDER BY 1, 2, 3 {_IGNORE}"),
        _insert("event", Event, _names(Event), ""),
    ),
    "event_route": (
        _update(
            "event",
            WRITE_SHAPES[w.RouteEvent],
            "routed_at = x.at, note = x.note",
            "t.tenant = x.tenant AND t.source = x.source AND t.id = x.id AND t.routed_at IS NULL"
            " AND t.received_at = (SELECT k.received_at FROM event_key k"
            " WHERE k.tenant = x.tenant AND k.source = x.source AND k.id = x.id)",
            ("tenant", "source", "id", "at", "note"),
        ),
    ),
    "instance_in": (_insert("instance", Instance, _names(Instance), _IGNORE),),
    "instance_up": (
        _update(
            "instance",
            WRITE_SHAPES[w.UpdateInstance],
            "version = x.version, status = x.status, root = x.root, scope0 = x.scope0,"
            " incidents = x.incidents, ended_at = coalesce(x.ended_at, t.ended_at),"
            " release = coalesce(x.release, t.release), program = coalesce(x.program, t.program)",
            "t.tenant = x.tenant AND t.id = x.id AND t.version = x.expected",
            tuple(column.name for column in WRITE_SHAPES[w.UpdateInstance].columns),
        ),
    ),
    "effect_in": (_insert("effect", Effect, _names(Effect), _IGNORE),),
    "letter_close": (
        _update(
            "dead_letter",
            WRITE_SHAPES[w.CloseDeadLetter],
            "status = x.status, closed_at = x.at, closed_by = x.by",
            "t.tenant = x.tenant AND t.id = x.id AND t.status = 'open'",
            ("tenant", "id", "status", "at", "by"),
        ),
    ),
    "task_end": (
        _update(
            "task",
            WRITE_SHAPES[w.EndTask],
            "status = x.status, ended_at = x.at, ended_by = x.by",
            "t.tenant = x.tenant AND t.instance_id = x.instance_id AND t.token = x.token"
            " AND t.status = 'open'",
            ("tenant", "instance_id", "token", "status", "at", "by"),
        ),
    ),
    "incident_close": (
        _update(
            "incident",
            WRITE_SHAPES[w.CloseIncident],
            "closed_at = x.at",
            "t.tenant = x.tenant AND t.instance_id = x.instance_id AND t.number = x.number"
            " AND t.closed_at IS NULL",
            ("tenant", "instance_id", "number", "at"),
        ),
    ),
    "document_put": (_put_document(),),
    "release_active": (
        Statement(
            "UPDATE release AS t SET active = false FROM unnest($1::text[], $2::text[]) AS x(tenant, id)"
            " WHERE t.tenant = x.tenant AND t.id <> x.id AND t.active",
            ("tenant", "id"),
        ),
    ),
    "history": (_insert("history", History, _names(History), _IGNORE),),
}


def _by_class(kind: str, cls: type) -> tuple[Statement, ...]:
    table, names, keys = s.TABLES[cls].name, _names(cls), KEYS[cls]
    if kind in {"delete", "job_take"}:
        return (_delete(cls),)
    if kind == "put":
        return _put_definition() if cls is Definition else (_upsert(cls),)
    if kind == "version_in":
        return (_insert(table, cls, names, _IGNORE),)
    sets = ", ".join(f"{_q(name)} = x.{_q(name)}" for name in names if name not in keys)
    same = " AND ".join(f"t.{_q(name)} = x.{_q(name)}" for name in keys)
    return (
        _update(table, ROW_SHAPES[cls], sets, f"{same} AND t.version = x.expected", (*names, "expected")),
    )


_by_kind: dict[tuple[Any, ...], list[tuple[str, tuple[int, ...]]]] = {}


def statements_of(batch: Batch) -> list[tuple[str, tuple[int, ...]]]:
    """Return the statements of a batch, each with the places of its columns in the batch."""
    kind, cls = batch.kind, batch.shape.cls
    changed = batch.changed(_EFFECT_CHANGES) if kind in _CLOSED else ()
    key = (kind, cls, changed)
    found = _by_kind.get(key)
    if found is None:
        places = {column.name: index for index, column in enumerate(batch.shape.columns)}
        if kind in _CLOSED:
            chosen: tuple[Statement, ...] = (_update_effect(kind, changed),)
        else:
            chosen = _FIXED.get(kind) or _by_class(kind, cls)
        found = [(each.sql, tuple(places[name] for name in each.names)) for each in chosen]
        _by_kind[key] = found
    return found


def encoded(shape: Shape, columns: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
    """Return columns as PostgreSQL keeps them: lists of texts as JSON."""
    out: list[Any] | None = None
    for index, column in enumerate(shape.columns):
        if column.kind == "texts":
            out = list(columns) if out is None else out
            out[index] = [msgspec.json.encode(value).decode() for value in columns[index]]
    return columns if out is None else out
