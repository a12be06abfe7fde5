# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""The hot statements of SQLite, written by hand: what each kind of batch becomes.

A statement lists the columns it takes in the order of its question marks; the writer reorders a batch to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lineshaft.store import schema as s
from lineshaft.store.batches import Batch
from lineshaft.store.cursors import EPOCH
from lineshaft.store.rows import AuditEntry, Definition, Document, Effect, Event, History, Instance
from lineshaft.store.shapes import KEPT, KEYS, ROW_SHAPES, Shape

_MICROSECONDS_A_DAY: Final = 86_400_000_000

NOW: Final = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000000.0) AS INTEGER)"
"""The database's clock, microseconds since 1970, to the millisecond. All processes on a file share it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for every row of a batch."""

    sql: str
    names: tuple[str, ...]


def _q(name: str) -> str:
    return f'"{name}"'


def _insert(table: str, names: Sequence[str], conflict: str) -> Statement:
    columns = ", ".join(map(_q, names))
    marks = ", ".join("?" * len(names))
    return Statement(f"INSERT INTO {_q(table)} ({columns}) VALUES ({marks}) {conflict}", tuple(names))


_IGNORE: Final = "ON CONFLICT DO NOTHING"


def _names(cls: type) -> tuple[str, ...]:
    return tuple(column.name for column in ROW_SHAPES[cls].columns)


def _upsert(cls: type) -> Statement:
    keys = KEYS[cls]
    sets = ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in _names(cls) if name not in keys)
    conflict = f"ON CONFLICT ({', '.join(map(_q, keys))}) DO UPDATE SET {sets}"
    return _insert(s.TABLES[cls].name, _names(cls), conflict)


_EMPTY: Final = {"payload": "x''"}


def _put_document() -> Statement:
    put = _upsert(Document)
    sql = put.sql
    for name, (first, second) in KEPT.items():
        said = f'nullif({first}."{name}", {_EMPTY[name]})' if name in _EMPTY else f'{first}."{name}"'
        sql = sql.replace(
            f'"{name}" = excluded."{name}"',
            f'"{name}" = coalesce({said}, {second}."{name}")'.replace("stored.", "document."),
        )
    return Statement(sql + ' WHERE excluded."source_version" >= document."source_version"', put.names)


def _delete(cls: type) -> Statement:
    where = " AND ".join(f"{_q(name)} = ?" for name in KEYS[cls])
    return Statement(f"DELETE FROM {_q(s.TABLES[cls].name)} WHERE {where}", KEYS[cls])


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


_MAY_STAND: Final = {
    "effect_up": "NOT IN ('done', 'refused', 'cancelled', 'superseded')",
    "effect_up_call": "= 'attempted'",
    "effect_up_late": "NOT IN ('done', 'refused', 'superseded')",
}


def _update_effect(kind: str, changed: Sequence[str]) -> Statement:
    sets = "".join(f", {_q(name)} = coalesce(?, {_q(name)})" for name in changed)
    where = f"tenant = ? AND id = ? AND status {_MAY_STAND[kind]}"
    return Statement(
        f"UPDATE effect SET status = ?{sets} WHERE {where}", ("status", *changed, "tenant", "id")
    )


_FIXED: Final[dict[str, tuple[Statement, ...]]] = {
    "event_in": (
        _insert("event_key", ("tenant", "source", "id", "received_at"), _IGNORE),
        _insert("event", _names(Event), ""),
    ),
    "event_route": (
        Statement(
            "UPDATE event SET routed_at = ?, note = ?"
            " WHERE tenant = ? AND source = ? AND id = ? AND routed_at IS NULL",
            ("at", "note", "tenant", "source", "id"),
        ),
    ),
    "instance_in": (_insert("instance", _names(Instance), _IGNORE),),
    "instance_up": (
        Statement(
            "UPDATE instance SET version = ?, status = ?, root = ?, scope0 = ?, incidents = ?,"
            ' ended_at = coalesce(?, ended_at), "release" = coalesce(?, "release"),'
            " program = coalesce(?, program) WHERE tenant = ? AND id = ? AND version = ?",
            (
                "version",
                "status",
                "root",
                "scope0",
                "incidents",
                "ended_at",
                "release",
                "program",
                "tenant",
                "id",
                "expected",
            ),
        ),
    ),
    "effect_in": (_insert("effect", _names(Effect), _IGNORE),),
    "job_take": (Statement("DELETE FROM job WHERE tenant = ? AND id = ?", ("tenant", "id")),),
    "letter_close": (
        Statement(
            "UPDATE dead_letter SET status = ?, closed_at = ?, closed_by = ?"
            " WHERE tenant = ? AND id = ? AND status = 'open'",
            ("status", "at", "by", "tenant", "id"),
        ),
    ),
    "task_end": (
        Statement(
            "UPDATE task SET status = ?, ended_at = ?, ended_by = ?"
            " WHERE tenant = ? AND instance_id = ? AND token = ? AND status = 'open'",
            ("status", "at", "by", "tenant", "instance_id", "token"),
        ),
    ),
    "incident_close": (
        Statement(
            "UPDATE incident SET closed_at = ?"
            " WHERE tenant = ? AND instance_id = ? AND number = ? AND closed_at IS NULL",
            ("at", "tenant", "instance_id", "number"),
        ),
    ),
    "document_put": (_put_document(),),
    "release_active": (
        Statement(
            'UPDATE "release" SET active = 0 WHERE tenant = ? AND id <> ? AND active', ("tenant", "id")
        ),
    ),
    "history": (_insert("history", _names(History), _IGNORE),),
    "insert": (_insert("audit", _names(AuditEntry), ""),),
    "audit_erase": (
        Statement(
            "UPDATE audit SET actor = '', subject = '', address = '', request_id = '', detail = x'',"
            " salt = x'', erased_at = ? WHERE tenant = ? AND seq = ? AND erased_at IS NULL",
            ("at", "tenant", "seq"),
        ),
    ),
}


def _by_class(kind: str, cls: type) -> tuple[Statement, ...]:
    table, names, keys = s.TABLES[cls].name, _names(cls), KEYS[cls]
    if kind == "delete":
        return (_delete(cls),)
    if kind == "put" and cls is Definition:
        return (
            _insert("content", ("tenant", "digest", "content"), _IGNORE),
            Statement(
                'INSERT INTO definition (tenant, "release", kind, name, digest) VALUES (?, ?, ?, ?, ?)'
                ' ON CONFLICT (tenant, "release", kind, name) DO UPDATE SET digest = excluded.digest',
                ("tenant", "release", "kind", "name", "digest"),
            ),
        )
    if kind in {"put", "variable_in"}:
        return (_upsert(cls),)
    if kind == "version_in":
        return (_insert(table, names, _IGNORE),)
    sets = ", ".join(f"{_q(name)} = ?" for name in names if name not in keys)
    where = " AND ".join(f"{_q(name)} = ?" for name in keys)
    rest = tuple(name for name in names if name not in keys)
    return (
        Statement(f"UPDATE {_q(table)} SET {sets} WHERE {where} AND version = ?", (*rest, *keys, "expected")),
    )


_by_kind: dict[tuple[Any, ...], list[tuple[str, tuple[int, ...]]]] = {}


def statements_of(batch: Batch) -> list[tuple[str, tuple[int, ...]]]:
    """Return the statements of a batch, each with the places of its columns in the batch."""
    kind, cls = batch.kind, batch.shape.cls
    changed = batch.changed(_EFFECT_CHANGES) if kind in _MAY_STAND else ()
    key = (kind, cls, changed)
    found = _by_kind.get(key)
    if found is None:
        places = {column.name: index for index, column in enumerate(batch.shape.columns)}
        if kind in _MAY_STAND:
            chosen: tuple[Statement, ...] = (_update_effect(kind, changed),)
        else:
            chosen = _FIXED.get(kind) or _by_class(kind, cls)
        found = [(each.sql, tuple(places[name] for name in each.names)) for each in chosen]
        _by_kind[key] = found
    return found


def encoded(shape: Shape, columns: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Return columns as SQLite keeps them: times as microseconds, lists of texts as JSON."""
    out: list[Any] = list(columns)
    for index, column in enumerate(shape.columns):
        if column.kind == "time":
            out[index] = _micros(columns[index])
        elif column.kind == "texts":
            out[index] = [msgspec.json.encode(value).decode() for value in columns[index]]
    return out


def _micros(values: Sequence[Any]) -> list[int | None]:
    out: list[int | None] = []
    append = out.append
    for value in values:
        if value is None:
            append(None)
        else:
            since = value - EPOCH
            append(since.days * _MICROSECONDS_A_DAY + since.seconds * 1_000_000 + since.microseconds)
    return out
