# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""The hot statements of PostgreSQL, written by hand: what each kind of batch becomes.

A batch is one statement: its columns travel as arrays and become rows again by ``unnest``. A statement lists
the columns it takes in the order of its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lineshaft.store import schema as s
from lineshaft.store import writes as w
from lineshaft.store.batches import Batch
from lineshaft.store.rows import AuditEntry, Definition, Document, Effect, Event, History, Instance, Variable
from lineshaft.store.shapes import KEPT, KEYS, ROW_SHAPES, WRITE_SHAPES, Column, Shape


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for all rows of a batch, in which ``{rows}`` stands for the batch as a table."""

    template: str
    columns: tuple[Column, ...]
    joined: frozenset[str] = frozenset()
    """Columns by which stored rows are found: always arrays, since the planner takes a single value for a
    reason to read the whole tenant instead of following the primary key."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it takes, in the order of its parameters."""
        return tuple(column.name for column in self.columns)

    def sql(self, constant: frozenset[int] = frozenset(), first: int = 1) -> str:
        """Return its text; the columns at the places in ``constant`` are one value for all rows.

        ``first`` is the number of its first parameter.
        """
        return self.template.replace(_ROWS, table_of(self.columns, constant, first))


_ROWS: Final = "{rows}"
_TYPES: Final = {
    "text": "text",
    "int": "bigint",
    "bool": "boolean",
    "time": "timestamptz",
    "bytes": "bytea",
    "texts": "text",
}
_EXPECTED: Final = Column("expected", "int", False)


def _q(name: str) -> str:
    return f'"{name}"'


def _list(names: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + _q(name) for name in names)


def _columns(shape: Shape, names: Sequence[str]) -> list[Column]:
    known = {column.name: column for column in (*shape.columns, _EXPECTED)}
    return [known[name] for name in names]


def table_of(columns: Sequence[Column], constant: frozenset[int] = frozenset(), first: int = 1) -> str:
    """Return the parameters as the table ``x``: an array per column, or one value where it is constant."""
    arrays, names, values = [], [], []
    for place, column in enumerate(columns):
        kind = _TYPES[column.kind]
        if place in constant:
            values.append(f"${first + place}::{kind} AS {_q(column.name)}")
        else:
            arrays.append(f"${first + place}::{kind}[]")
            names.append(_q(column.name))
            values.append(f"u.{_q(column.name)}")
    rows = f"unnest({', '.join(arrays)}) AS u({', '.join(names)})"
    return f"(SELECT {', '.join(values)} FROM {rows}) AS x"


def _names(cls: type) -> tuple[str, ...]:
    return tuple(column.name for column in ROW_SHAPES[cls].columns)


def _insert(table: str, cls: type, names: Sequence[str], rest: str) -> Statement:
    columns = _columns(ROW_SHAPES[cls], names)
    template = f"INSERT INTO {_q(table)} AS t ({_list(names)}) SELECT * FROM {_ROWS} {rest}"
    return Statement(template, tuple(columns))


_IGNORE: Final = "ON CONFLICT DO NOTHING"


def _upsert(cls: type) -> Statement:
    keys = KEYS[cls]
    sets = ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in _names(cls) if name not in keys)
    return _insert(s.TABLES[cls].name, cls, _names(cls), f"ON CONFLICT ({_list(keys)}) DO UPDATE SET {sets}")


_EMPTY: Final = {"payload": r"'\x'::bytea"}


def _put_document() -> Statement:
    put = _upsert(Document)
    template = put.template
    for name, (first, second) in KEPT.items():
        said = f'nullif({first}."{name}", {_EMPTY[name]})' if name in _EMPTY else f'{first}."{name}"'
        template = template.replace(
            f'"{name}" = excluded."{name}"',
            f'"{name}" = coalesce({said}, {second}."{name}")'.replace("stored.", "t."),
        )
    return Statement(template + ' WHERE excluded."source_version" >= t."source_version"', put.columns)


def _put_definition() -> tuple[Statement, Statement]:
    keys = KEYS[Definition]
    conflict = f"ON CONFLICT ({_list(keys)}) DO UPDATE SET digest = excluded.digest"
    first = _insert("content", Definition, ("tenant", "digest", "content"), _IGNORE)
    return first, _insert("definition", Definition, (*keys, "digest"), conflict)


def _delete(cls: type) -> Statement:
    keys = KEYS[cls]
    same = " AND ".join(f"t.{_q(name)} = x.{_q(name)}" for name in keys)
    columns = tuple(_columns(ROW_SHAPES[cls], keys))
    template = f"DELETE FROM {_q(s.TABLES[cls].name)} AS t USING {_ROWS} WHERE {same}"
    return Statement(template, columns, frozenset(keys))


def _update(table: str, shape: Shape, sets: str, where: str, names: Sequence[str]) -> Statement:
    template = f"UPDATE {_q(table)} AS t SET {sets} FROM {_ROWS} WHERE {where}"
    joined = frozenset(re.findall(r'\bx\."?(\w+)', where))
    return Statement(template, tuple(_columns(shape, names)), joined)


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
    sets = "".join(f", {_q(name)} = coalesce(x.{_q(name)}, t.{_q(name)})" for name in changed)
    return _update(
        "effect",
        WRITE_SHAPES[w.UpdateEffect],
        f"status = x.status{sets}",
        f"t.tenant = x.tenant AND t.id = x.id AND t.status {_MAY_STAND[kind]}",
        ("tenant", "id", "status", *changed),
    )


_FIXED: Final[dict[str, tuple[Statement, ...]]] = {
    "event_in": (
        # in one order for all nodes, so that two that take the same events in wait, and do not deadlock
        _insert("event_key", Event, ("tenant", "source", "id", "received_at"), f"ORDER BY 1, 2, 3 {_IGNORE}"),
        _insert("event", Event, _names(Event), ""),
    ),
    "event_route": (
        # by the key's own row to the time it came, and so to the one part that holds it
        Statement(
            f"UPDATE event AS t SET routed_at = x.at, note = x.note FROM {_ROWS} JOIN event_key AS k"
            " ON k.tenant = x.tenant AND k.source = x.source AND k.id = x.id"
            " WHERE t.tenant = k.tenant AND t.source = k.source AND t.id = k.id"
            # not "IS NULL": it would lead the planner to compare each key with all that is open
            " AND t.received_at = k.received_at AND coalesce(t.routed_at, 'infinity') = 'infinity'",
            tuple(_columns(WRITE_SHAPES[w.RouteEvent], ("tenant", "source", "id", "at", "note"))),
            frozenset({"tenant", "source", "id"}),
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
            f"UPDATE release AS t SET active = false FROM {_ROWS}"
            " WHERE t.tenant = x.tenant AND t.id <> x.id AND t.active",
            (Column("tenant", "text", False), Column("id", "text", False)),
            frozenset({"tenant", "id"}),
        ),
    ),
    "history": (_insert("history", History, _names(History), _IGNORE),),
    "insert": (_insert("audit", AuditEntry, _names(AuditEntry), ""),),
    "audit_erase": (
        _update(
            "audit",
            WRITE_SHAPES[w.EraseAudit],
            "actor = '', subject = '', address = '', request_id = '', detail = ''::bytea, salt = ''::bytea,"
            " erased_at = x.at",
            "t.tenant = x.tenant AND t.seq = x.seq AND t.erased_at IS NULL",
            ("tenant", "seq", "at"),
        ),
    ),
}

_ASSUMED: Final[dict[str, tuple[Statement, ...]]] = {
    "instance_in": (_insert("instance", Instance, _names(Instance), ""),),
    "effect_in": (_insert("effect", Effect, _names(Effect), ""),),
    "variable_in": (_insert("variable", Variable, _names(Variable), ""),),
    "history": (_insert("history", History, _names(History), ""),),
}
"""What is certainly new if the instances stand where the units assume them: a look for an older row, and a
second record in the log of each row, are saved."""


def _by_class(kind: str, cls: type) -> tuple[Statement, ...]:
    table, names, keys = s.TABLES[cls].name, _names(cls), KEYS[cls]
    if kind in {"delete", "job_take"}:
        return (_delete(cls),)
    if kind in {"put", "variable_in"}:
        return _put_definition() if cls is Definition else (_upsert(cls),)
    if kind == "version_in":
        return (_insert(table, cls, names, _IGNORE),)
    sets = ", ".join(f"{_q(name)} = x.{_q(name)}" for name in names if name not in keys)
    same = " AND ".join(f"t.{_q(name)} = x.{_q(name)}" for name in keys)
    return (
        _update(table, ROW_SHAPES[cls], sets, f"{same} AND t.version = x.expected", (*names, "expected")),
    )


Part = tuple[Statement, frozenset[int], list[Any]]
"""A statement, the places of its columns that hold one value only, and its columns."""

_by_kind: dict[tuple[Any, ...], list[tuple[Statement, tuple[int, ...]]]] = {}
_texts: dict[tuple[int, frozenset[int]], str] = {}
_SAME_FROM: Final = 8
"""Batches smaller than this are written as they are: looking for constant columns would not pay."""
_SAME_VARIANTS_MAX: Final = 64
"""Texts of one statement; beyond it the plain one serves, so that the prepared statements stay few."""


def parts_of(batch: Batch, columns: Sequence[Sequence[Any]], *, is_assumed: bool = True) -> list[Part]:
    """Return the statements of a batch with their columns, as the ordinary case has them.

    A column that is the same in all rows travels as one value: most of a batch's columns are (the tenant, the
    release, what is empty), and encoding arrays is what a large commit costs this process most.
    """
    parts = []
    for statement, places in _chosen(batch, is_assumed=is_assumed):
        arguments: list[Any] = [columns[place] for place in places]
        constant = _constant(statement, arguments) if batch.count >= _SAME_FROM else frozenset()
        parts.append((statement, constant, arguments))
    return parts


def statements_of(batch: Batch, columns: Sequence[Sequence[Any]]) -> list[tuple[str, list[Any]]]:
    """Return the statements of a batch with their arguments, ready for rows that are there already."""
    bound = []
    for statement, constant, arguments in parts_of(batch, columns, is_assumed=False):
        text = _texts.get((id(statement), constant))
        if text is None:
            known = sum(1 for key in _texts if key[0] == id(statement))
            if known >= _SAME_VARIANTS_MAX:
                constant = frozenset()
            text = _texts[id(statement), constant] = statement.sql(constant)
        for place in constant:
            arguments[place] = arguments[place][0]
        bound.append((text, arguments))
    return bound


def _constant(statement: Statement, arguments: Sequence[Sequence[Any]]) -> frozenset[int]:
    """Return the places of the columns that hold one value only; never all of them."""
    found = [
        place
        for place, (column, values) in enumerate(zip(statement.columns, arguments, strict=True))
        if values[0] == values[-1]
        and column.name not in statement.joined
        and values.count(values[0]) == len(values)
    ]
    return frozenset(found) if len(found) < len(arguments) else frozenset()


def _chosen(batch: Batch, *, is_assumed: bool) -> list[tuple[Statement, tuple[int, ...]]]:
    """Return the statements of a kind of batch, each with the places of its columns in the batch."""
    kind, cls = batch.kind, batch.shape.cls
    changed = batch.changed(_EFFECT_CHANGES) if kind in _MAY_STAND else ()
    key = (kind, cls, changed, is_assumed)
    found = _by_kind.get(key)
    if found is None:
        places = {column.name: index for index, column in enumerate(batch.shape.columns)}
        if kind in _MAY_STAND:
            chosen: tuple[Statement, ...] = (_update_effect(kind, changed),)
        else:
            chosen = (is_assumed and _ASSUMED.get(kind)) or _FIXED.get(kind) or _by_class(kind, cls)
        found = [(each, tuple(places[name] for name in each.names)) for each in chosen]
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
