"""The reads of cross-references over ``crossref_queries``, shared by the SQL makes."""

from __future__ import annotations

from collections.abc import Collection

from lineshaft.base.scope import Scope
from lineshaft.store import crossref_queries as q
from lineshaft.store.port import Page
from lineshaft.store.rows import Awaited, Binding, BindingChange, CodeAsked, Parked
from lineshaft.store.searching import folded
from lineshaft.store.sql_reads import (
    SqlMake,
    after,
    is_sound,
    paged,
    read_records,
    read_rows,
    restricted,
    scoped,
)


async def bindings(
    self: SqlMake, scope: Scope, object_type: str, system: str, local_ids: Collection[str]
) -> dict[str, str]:
    """See the port."""
    values = scoped(scope, object_type=object_type, system=system, ids=list(local_ids))
    return {
        record[0]: record[1] for record in await read_records(self, values, q.bindings, restricted(scope))
    }


async def local_ids(
    self: SqlMake, scope: Scope, object_type: str, system: str, object_ids: Collection[str]
) -> dict[str, str]:
    """See the port."""
    values = scoped(scope, object_type=object_type, system=system, ids=list(object_ids))
    return {
        record[0]: record[1] for record in await read_records(self, values, q.local_ids, restricted(scope))
    }


async def codes(self: SqlMake, scope: Scope, asked: Collection[CodeAsked]) -> dict[CodeAsked, str]:
    """See the port."""
    listed = [
        (each.object_type, each.system, each.local_id, each.target)
        for each in asked
        if is_sound(f"{each.object_type}{each.system}{each.local_id}{each.target}")
    ]
    if not listed:
        return {}
    columns = [list(column) for column in zip(*listed, strict=True)]
    values = scoped(scope, asked=[list(each) for each in listed])
    values |= dict(zip(("types", "systems", "locals", "targets"), columns, strict=True))
    found = await read_records(self, values, q.codes, restricted(scope))
    return {CodeAsked(*record[:4]): record[4] for record in found}


async def object_bindings(
    self: SqlMake, scope: Scope, object_type: str, object_ids: Collection[str]
) -> list[Binding]:
    """See the port."""
    values = scoped(scope, object_type=object_type, ids=list(object_ids))
    return await read_rows(self, Binding, values, q.object_bindings, restricted(scope))


async def find_bindings(self: SqlMake, scope: Scope, local_id: str) -> list[Binding]:
    """See the port."""
    return await read_rows(
        self, Binding, scoped(scope, local_id=local_id), q.find_bindings, restricted(scope)
    )


async def list_bindings(
    self: SqlMake,
    scope: Scope,
    *,
    object_type: str | None = None,
    system: str | None = None,
    part: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Binding]:
    """See the port."""
    values = scoped(scope, object_type=object_type, system=system, part=folded(part))
    flags = (after(cursor, limit, values), object_type is not None, system is not None, part != "")
    found = await read_rows(self, Binding, values, q.list_bindings, restricted(scope), *flags)
    return paged(found, limit, lambda row: (row.bound_at, row.local_id, f"{row.object_type}/{row.system}"))


async def binding_types(self: SqlMake, scope: Scope) -> dict[str, int]:
    """See the port."""
    found = await read_records(self, scoped(scope), q.binding_types, restricted(scope))
    return {record[0]: record[1] for record in found}


async def binding_changes(
    self: SqlMake,
    scope: Scope,
    *,
    object_type: str | None = None,
    object_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[BindingChange]:
    """See the port."""
    values = scoped(scope, object_type=object_type, object_id=object_id)
    flags = (after(cursor, limit, values), object_type is not None, object_id is not None)
    found = await read_rows(self, BindingChange, values, q.binding_changes, restricted(scope), *flags)
    return paged(found, limit, lambda row: (row.at, row.id, ""))


async def awaited(
    self: SqlMake, scope: Scope, *, references: Collection[str] | None = None, limit: int = 1_000
) -> list[Awaited]:
    """See the port."""
    values = scoped(scope, references=list(references or ()), limit=limit)
    flags = (restricted(scope), references is not None)
    found = await read_records(self, values, q.awaited, *flags)
    return [Awaited(record[0], int(record[1]), int(record[2]), self.time_of(record[3])) for record in found]


async def parked_records(self: SqlMake, scope: Scope, reference: str, limit: int) -> list[Parked]:
    """See the port."""
    values = scoped(scope, reference=reference, limit=limit)
    return await read_rows(self, Parked, values, q.parked_records, restricted(scope))
