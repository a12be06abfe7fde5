"""The reads of flows over ``flow_queries``, shared by the SQL makes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lineshaft.base.scope import Scope
from lineshaft.store import flow_queries as q
from lineshaft.store.port import FlowBacklog, Page
from lineshaft.store.rows import FlowItem, FlowRecord
from lineshaft.store.sql_reads import SqlMake, after, paged, read_rows, restricted, scoped


async def flow_records(
    self: SqlMake, scope: Scope, flow: str, side: str, keys: Collection[str]
) -> dict[str, FlowRecord]:
    """See the port."""
    if restricted(scope) or not keys:
        return {}
    values = scoped(scope, flow=flow, side=side, keys=list(keys))
    return {row.key: row for row in await read_rows(self, FlowRecord, values, q.flow_records)}


async def open_flow_records(
    self: SqlMake, scope: Scope, flow: str, status: str, *, cursor: str | None = None, limit: int = 50
) -> Page[FlowRecord]:
    """See the port."""
    if restricted(scope):
        return Page([])
    values = scoped(scope, flow=flow, status=status)
    rows = await read_rows(self, FlowRecord, values, q.open_flow_records, after(cursor, limit, values))
    return paged(rows, limit, lambda row: (row.at, row.key, row.side))


async def flow_items(
    self: SqlMake, scope: Scope, flow: str, status: str, due_before: datetime, limit: int
) -> list[FlowItem]:
    """See the port."""
    if restricted(scope):
        return []
    values = scoped(scope, flow=flow, status=status, due_before=due_before, limit=limit)
    return await read_rows(self, FlowItem, values, q.flow_items, status == "due")


async def flow_backlog(self: SqlMake, scope: Scope) -> list[FlowBacklog]:
    """See the port."""
    if restricted(scope):
        return []
    records = await self.fetch(self.queries.get(q.flow_backlog), scoped(scope))
    found: dict[tuple[str, str], FlowBacklog] = {}
    for flow, status, count, oldest in records:
        since = self.time_of(oldest)
        known = found.get((flow, status))
        if known is not None:
            count, since = count + known.count, min(since, known.oldest_at)
        found[flow, status] = FlowBacklog(flow, status, count, since)
    return [found[key] for key in sorted(found)]
