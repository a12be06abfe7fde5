"""What the memory make answers about flows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from lineshaft.base.scope import Scope
from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.memory.reads import page
from lineshaft.store.port import FlowBacklog, Page
from lineshaft.store.rows import FlowItem, FlowRecord


def flow_records(
    db: MemoryDatabase, scope: Scope, flow: str, side: str, keys: Collection[str]
) -> dict[str, FlowRecord]:
    """See the port."""
    if scope.departments is not None:
        return {}
    rows = db.flow_record.rows
    found = ((key, rows.get((scope.tenant, flow, side, key))) for key in keys)
    return {key: row for key, row in found if row is not None}


def open_flow_records(
    db: MemoryDatabase, scope: Scope, flow: str, status: str, *, cursor: str | None, limit: int
) -> Page[FlowRecord]:
    """See the port."""
    rows = [
        row
        for row in (db.flow_record.by("flow", (scope.tenant, flow)) if scope.departments is None else ())
        if row.status == status != "agreed"
    ]
    return page(rows, lambda row: (row.at, row.key, row.side), cursor, limit, newest_first=True)


def _oldest_first(rows: Iterable[FlowItem], limit: int) -> list[FlowItem]:
    return sorted(rows, key=lambda row: (row.at, row.id))[:limit]


def flow_items(
    db: MemoryDatabase, scope: Scope, flow: str, status: str, *, due_before: datetime, limit: int
) -> list[FlowItem]:
    """See the port."""
    if scope.departments is not None:
        return []
    rows = db.flow_item.by("flow", (scope.tenant, flow))
    return _oldest_first((row for row in rows if row.status == status and row.due_at <= due_before), limit)


def flow_backlog(db: MemoryDatabase, scope: Scope) -> list[FlowBacklog]:
    """See the port."""
    if scope.departments is not None:
        return []
    oldest: dict[tuple[str, str], tuple[int, datetime]] = {}
    rows: list[FlowRecord | FlowItem] = [*db.flow_record.rows.values(), *db.flow_item.rows.values()]
    for row in rows:
        if row.tenant == scope.tenant and row.status != "agreed":
            count, since = oldest.get((row.flow, row.status), (0, row.at))
            oldest[row.flow, row.status] = count + 1, min(since, row.at)
    return [FlowBacklog(*key, *value) for key, value in sorted(oldest.items())]
