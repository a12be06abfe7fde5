"""What the memory make answers about cross-references and what waits for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from lineshaft.base.scope import Scope
from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.memory.reads import page, seen
from lineshaft.store.port import Page
from lineshaft.store.rows import Awaited, Binding, BindingChange, CodeAsked, Parked
from lineshaft.store.searching import folded


def bindings(
    db: MemoryDatabase, scope: Scope, object_type: str, system: str, local_ids: Collection[str]
) -> dict[str, str]:
    """See the port."""
    rows = [db.binding.rows.get((scope.tenant, object_type, system, name)) for name in local_ids]
    return {row.local_id: row.object_id for row in rows if row is not None and _shown(scope, row)}


def local_ids(
    db: MemoryDatabase, scope: Scope, object_type: str, system: str, object_ids: Collection[str]
) -> dict[str, str]:
    """See the port."""
    out: dict[str, str] = {}
    for name in object_ids:
        rows = [
            row
            for row in _of_object(db, scope, object_type, name)
            if row.system == system and row.state != "former"
        ]
        if rows:
            out[name] = max(rows, key=lambda row: (row.bound_at, row.local_id)).local_id
    return out


def codes(db: MemoryDatabase, scope: Scope, asked: Collection[CodeAsked]) -> dict[CodeAsked, str]:
    """See the port."""
    out: dict[CodeAsked, str] = {}
    for each in asked:
        found = bindings(db, scope, each.object_type, each.system, [each.local_id])
        for name in found.values():
            code = local_ids(db, scope, each.object_type, each.target, [name]).get(name)
            if code is not None:
                out[each] = code
    return out


def object_bindings(
    db: MemoryDatabase, scope: Scope, object_type: str, object_ids: Collection[str]
) -> list[Binding]:
    """See the port."""
    rows = [row for name in set(object_ids) for row in _of_object(db, scope, object_type, name)]
    return sorted(rows, key=_by_object)


def find_bindings(db: MemoryDatabase, scope: Scope, local_id: str) -> list[Binding]:
    """See the port."""
    found = [
        *db.binding.by("local", (scope.tenant, local_id)),
        *db.binding.by("own", (scope.tenant, local_id)),
    ]
    known = [row for row in found if _shown(scope, row)]
    objects = {(row.object_type, row.object_id) for row in known}
    rows = [row for pair in objects for row in _of_object(db, scope, *pair)]
    return sorted(rows, key=_by_object)


def list_bindings(
    db: MemoryDatabase,
    scope: Scope,
    chosen: tuple[str | None, str | None, str],
    cursor: str | None,
    limit: int,
) -> Page[Binding]:
    """See the port; ``chosen``: the type and the system where they are asked for, and a part of the text."""
    object_type, system, part = chosen
    wanted = folded(part)
    rows = [
        row
        for row in db.binding.by("tenant", scope.tenant)
        if _shown(scope, row)
        and (object_type is None or row.object_type == object_type)
        and (system is None or row.system == system)
        and any(wanted in folded(text) for text in (row.local_id, row.object_id, row.label))
    ]
    return page(
        rows,
        lambda row: (row.bound_at, row.local_id, f"{row.object_type}/{row.system}"),
        cursor,
        limit,
        newest_first=True,
    )


def binding_types(db: MemoryDatabase, scope: Scope) -> dict[str, int]:
    """See the port."""
    out: dict[str, int] = {}
    for row in db.binding.by("tenant", scope.tenant):
        if _shown(scope, row):
            out[row.object_type] = out.get(row.object_type, 0) + 1
    return out


def binding_changes(
    db: MemoryDatabase,
    scope: Scope,
    chosen: tuple[str | None, str | None],
    cursor: str | None,
    limit: int,
) -> Page[BindingChange]:
    """See the port; ``chosen``: the type and the id of the object where they are asked for."""
    object_type, object_id = chosen
    rows = [
        row
        for row in db.binding_change.by("tenant", scope.tenant)
        if _shown(scope, row)
        and (object_type is None or row.object_type == object_type)
        and (
            object_id is None
            or row.object_id == object_id
            or (row.what == "merged" and row.other == object_id)
        )
    ]
    return page(rows, lambda row: (row.at, row.id, ""), cursor, limit, newest_first=True)


def awaited(
    db: MemoryDatabase, scope: Scope, references: Collection[str] | None, limit: int
) -> list[Awaited]:
    """See the port."""
    effects: dict[str, list[datetime]] = {}
    records: dict[str, list[datetime]] = {}
    for effect in seen(scope, db.effect.by("open", scope.tenant)):
        if effect.status == "parked" and effect.reference is not None:
            effects.setdefault(effect.reference, []).append(effect.created_at)
    for record in seen(scope, db.waiting.by("tenant", scope.tenant)):
        records.setdefault(record.reference, []).append(record.created_at)
    found = [
        Awaited(
            name,
            len(effects.get(name, ())),
            len(records.get(name, ())),
            min(effects.get(name, []) + records.get(name, [])),
        )
        for name in effects.keys() | records.keys()
        if references is None or name in references
    ]
    return sorted(found, key=lambda each: (each.oldest_at, each.reference))[:limit]


def parked_records(db: MemoryDatabase, scope: Scope, reference: str, limit: int) -> list[Parked]:
    """See the port."""
    rows = list(seen(scope, db.waiting.by("reference", (scope.tenant, reference))))
    return sorted(rows, key=lambda row: (row.created_at, row.id))[:limit]


def _of_object(db: MemoryDatabase, scope: Scope, object_type: str, object_id: str) -> Iterable[Binding]:
    rows = db.binding.by("object", (scope.tenant, object_type, object_id))
    return [row for row in rows if _shown(scope, row)]


def _shown(scope: Scope, row: Binding | BindingChange) -> bool:
    return row.department is None or scope.sees(row.department)


def _by_object(row: Binding) -> tuple[str, str, str, str]:
    return (row.object_type, row.object_id, row.system, row.local_id)
