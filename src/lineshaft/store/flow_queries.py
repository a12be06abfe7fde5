"""The reads of flows, in SQLAlchemy Core; as those of ``queries``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Condition, Queries, Select, page_of, text_of, time_at, whole


def flow_records(q: Queries) -> Select:
    """Return what a flow knows of some records."""
    t = s.flow_record
    return sa.select(t).where(
        *q.visible(t, False),
        t.c.flow == text_of("flow"),
        t.c.side == text_of("side"),
        q.among(t.c.key, "keys"),
    )


def open_flow_records(q: Queries, after: bool) -> Select:
    """Return a page of a flow's records of a status."""
    t = s.flow_record
    where: list[Condition] = [
        *q.visible(t, False),
        t.c.flow == text_of("flow"),
        t.c.status == text_of("status"),
        sa.text("flow_record.status <> 'agreed'"),
    ]
    return page_of(t, where, (t.c.at, t.c.key, t.c.side), after, newest_first=True)


def flow_items(q: Queries, is_due: bool) -> Select:
    """Return what waits for a flow."""
    t = s.flow_item
    status: Condition = sa.text("flow_item.status = 'due'")
    if not is_due:
        status = sa.and_(t.c.status == text_of("status"), sa.text("flow_item.status <> 'due'"))
    where = [*q.visible(t, False), t.c.flow == text_of("flow"), status, t.c.due_at <= time_at("due_before")]
    return sa.select(t).where(*where).order_by(t.c.at, t.c.id).limit(whole("limit"))


def flow_backlog(q: Queries) -> Select:
    """Return what is open, by flow and status."""
    n = sa.func.count()
    r, i = s.flow_record, s.flow_item
    records = (
        sa.select(r.c.flow, r.c.status, n, sa.func.min(r.c.at))
        .where(*q.visible(r, False), sa.text("flow_record.status <> 'agreed'"))
        .group_by(r.c.flow, r.c.status)
    )
    items = (
        sa.select(i.c.flow, i.c.status, n, sa.func.min(i.c.at))
        .where(*q.visible(i, False))
        .group_by(i.c.flow, i.c.status)
    )
    return sa.union_all(records, items)


ALL_READS: Final = (
    (flow_records, 0), (open_flow_records, 1), (flow_items, 1), (flow_backlog, 0),
)  # fmt: skip
"""Every read of this file and how many flags it takes; see ``queries.ALL_READS``."""
