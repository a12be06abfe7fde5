"""Pruning in memory: the rules of ``lineshaft.store.pruning``, on dicts; a slice is all there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from lineshaft.store import persons
from lineshaft.store.memory.database import MemoryDatabase, Table
from lineshaft.store.record_kinds import NOTICES, OF_RUNS, is_live_record
from lineshaft.store.rows import FINAL_EFFECTS, DeadLetter, Document, Instance, Record
from lineshaft.store.shapes import row_key
from lineshaft.store.upkeep import Cut, FoundRow, FoundRows, Rewrite, Slice

_LIVE = frozenset({"active", "suspended", "frozen"})


def prune(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    """Remove what has had its time."""
    return _KINDS[cut.kind](db, tenant, cut)


def _own(table: Table[Any], tenant: str) -> list[Any]:
    return [row for row in table.rows.values() if row.tenant == tenant]


def _busy_keys(db: MemoryDatabase, tenant: str) -> set[str | None]:
    return {row.business_key for row in _own(db.instance, tenant) if row.status in _LIVE} - {None}


def _removed(table: Table[Any], rows: Iterable[Any]) -> int:
    return sum(table.remove(row_key(row)) for row in list(rows))


def _instances(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    rows = [row for row in _own(db.instance, tenant) if row.status in ("completed", "terminated")]
    busy = _busy_keys(db, tenant)

    def may_go(row: Instance) -> bool:
        parent = db.instance.rows.get((tenant, row.parent_id)) if row.parent_id is not None else None
        return (
            row.ended_at is not None
            and row.ended_at < cut.before_of(row.process_id)
            and row.business_key not in busy
            and (parent is None or parent.status not in _LIVE)
            and not any(child.status in _LIVE for child in db.instance.by("parent", (tenant, row.id)))
            and all(each.status in FINAL_EFFECTS for each in db.effect.by("instance", (tenant, row.id)))
        )

    going = [row for row in rows if may_go(row)]
    ids = {row.id for row in going}
    tables: dict[str, Table[Any]] = {
        "variable": db.variable,
        "instance_scope": db.scope,
        "subscription": db.subscription,
        "task": db.task,
        "incident": db.incident,
        "history": db.history,
        "effect": db.effect,
    }
    counts = {
        name: _removed(table, (row for row in _own(table, tenant) if row.instance_id in ids))
        for name, table in tables.items()
    }
    acts = (row for row in _own(db.record, tenant) if row.kind in OF_RUNS and row.owner in ids)
    counts["record"] = _removed(db.record, acts)
    counts["instance"] = _removed(db.instance, going)
    return Slice(len(rows), counts if going else {})


def _effects(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    going = [
        row
        for row in _own(db.effect, tenant)
        if row.instance_id is None
        and row.status in FINAL_EFFECTS
        and row.created_at < cut.before
        and (row.settled_at is None or row.settled_at < cut.before)
    ]
    return _slice(db.effect, "effect", going)


def _events(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    busy = _busy_keys(db, tenant)
    held = {row.subject_id for row in _own(db.dead_letter, tenant) if _holds_event(row)}
    going = [
        row
        for row in _own(db.event, tenant)
        if row.routed_at is not None
        and row.received_at < cut.before
        and row.key not in busy
        and f"{row.source} {row.id}" not in held
    ]
    for row in going:
        db.event_keys[row_key(row)] = row.received_at
    return _slice(db.event, "event", going)


def _holds_event(row: DeadLetter) -> bool:
    return row.status == "open" and row.subject == "event"


def _event_keys(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    going = [key for key, at in db.event_keys.items() if key[0] == tenant and at < cut.before]
    for key in going:
        del db.event_keys[key]
    return Slice(len(going), {"event_key": len(going)} if going else {})


def _dead_letters(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    going = [
        row
        for row in _own(db.dead_letter, tenant)
        if row.status != "open" and row.created_at < cut.before and (row.closed_at or cut.before) < cut.before
    ]
    return _slice(db.dead_letter, "dead_letter", going)


def _messages(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    return _slice(
        db.message, "message", [row for row in _own(db.message, tenant) if row.expires_at < cut.before]
    )


def _documents(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    busy = _busy_keys(db, tenant)

    def neighbours(row: Document) -> Iterable[Document | None]:
        for link in db.link.by("start", (tenant, row.id)):
            yield db.document.rows.get((tenant, link.to_id))
        for link in db.link.by("end", (tenant, row.id)):
            yield db.document.rows.get((tenant, link.from_id))

    def is_alive(row: Document) -> bool:
        return row.updated_at >= cut.before or row.business_key in busy

    going = [
        row
        for row in _own(db.document, tenant)
        if row.created_at is not None
        and row.created_at < cut.before
        and row.updated_at < cut.before
        and row.business_key not in busy
        and not any(each is not None and is_alive(each) for each in neighbours(row))
    ]
    ids = {row.id for row in going}
    counts = {
        "document_line": _removed(db.line, (row for row in _own(db.line, tenant) if row.document_id in ids)),
        "document_link": _removed(
            db.link, (row for row in _own(db.link, tenant) if row.from_id in ids or row.to_id in ids)
        ),
        "document": _removed(db.document, going),
    }
    return Slice(len(going), counts if going else {})


def _slice(table: Table[Any], name: str, going: list[Any]) -> Slice:
    return Slice(len(going), {name: _removed(table, going)} if going else {})


def _table_of(db: MemoryDatabase, name: str) -> Table[Any]:
    others = {"instance_scope": "scope"}
    found: Table[Any] = getattr(db, others.get(name, name))
    return found


def find_text(db: MemoryDatabase, tenant: str, table: str, texts: Sequence[str]) -> FoundRows:
    """Look through a table."""
    cls = persons.CLASS_OF[table]
    found = []
    rows = _own(_table_of(db, table), tenant)
    for row in rows:
        values = {name: getattr(row, name) for name in persons.SEARCHED[cls]}
        values = {name: value for name, value in values.items() if value is not None}
        if any(
            (text.encode() if isinstance(value, bytes) else text) in value
            for text in texts
            for value in values.values()
        ):
            key = {name: getattr(row, name) for name in persons.key_of(cls)}
            found.append(FoundRow(table, key, values, _is_live(db, table, row)))
    return FoundRows(found, len(rows))


def _is_live(db: MemoryDatabase, table: str, row: Any) -> bool:
    if table in ("job", "message") or (table == "event" and row.routed_at is None):
        return True
    if type(row) in persons.OWN_STATUS and row.status in persons.LIVE | persons.OPEN:
        return True
    owner = getattr(row, "instance_id", None)
    if isinstance(row, Record):
        if is_live_record(row.kind, row.state):
            return True
        owner = row.owner if row.kind in OF_RUNS else None
    run = db.instance.rows.get((row.tenant, owner)) if owner is not None else None
    return run is not None and run.status in _LIVE


def rewrite(db: MemoryDatabase, tenant: str, changes: Sequence[Rewrite]) -> int:
    """Put other data into rows."""
    count = 0
    for change in changes:
        table = _table_of(db, change.row.table)
        for row in _own(table, tenant):
            same = all(getattr(row, name) == value for name, value in change.row.key.items())
            if same and all(getattr(row, name) == change.row.values[name] for name in change.new):
                table.put(replace(row, **change.new))
                count += 1
    return count


def _notices(db: MemoryDatabase, tenant: str, cut: Cut) -> Slice:
    going = [
        row
        for row in _own(db.record, tenant)
        if row.kind in NOTICES and row.at < cut.before and not is_live_record(row.kind, row.state)
    ]
    return _slice(db.record, "record", going)


_KINDS: dict[str, Callable[[MemoryDatabase, str, Cut], Slice]] = {
    "instances": _instances,
    "effects": _effects,
    "events": _events,
    "event_keys": _event_keys,
    "dead_letters": _dead_letters,
    "messages": _messages,
    "documents": _documents,
    "notices": _notices,
}
