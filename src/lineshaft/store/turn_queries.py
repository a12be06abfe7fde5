"""What waits, process by process: asked only where more waits than a worker can hold; see ``queries``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Queries, Select, text_of, time_at, waits_for_older, whole


def effects_in_turns(q: Queries, restricted: bool, all_lanes: bool) -> Select:
    """Return the oldest effects of every process and class that may be called at one system."""
    t, i = s.effect, s.instance
    where = [
        *q.visible(t, restricted),
        sa.text(f"effect.{s.OPEN_EFFECT}"),
        t.c.system == text_of("system"),
        t.c.due_at <= time_at("due_before"),
        sa.not_(q.among(t.c.id, "without_ids")),
        sa.or_(t.c.order_key.is_(None), sa.not_(waits_for_older(t))),
    ]
    if not all_lanes:
        where.append(q.among(t.c.lane, "lanes", "bigint"))
    # Outside any process it is an operation that asks.
    asks = sa.func.coalesce(i.c.process_id, t.c.operation)
    place = sa.func.row_number().over(partition_by=(t.c.priority, asks), order_by=(t.c.created_at, t.c.id))
    run = sa.and_(*q.visible(i, restricted), i.c.id == t.c.instance_id)
    placed = (
        sa.select(t.c.tenant, t.c.id, place.label("place"))
        .select_from(t.outerjoin(i, run))
        .where(*where)
        .subquery("placed")
    )
    chosen = t.alias("chosen")
    same = sa.and_(chosen.c.tenant == placed.c.tenant, chosen.c.id == placed.c.id)
    order = (chosen.c.priority, chosen.c.created_at, chosen.c.id)
    return (
        sa.select(chosen)
        .select_from(placed.join(chosen, same))
        .where(*q.visible(chosen, restricted), placed.c.place <= whole("each"))
        .order_by(*order)
    )


def processes_of(q: Queries, restricted: bool) -> Select:
    """Return the processes of instances."""
    t = s.instance
    return sa.select(t.c.id, t.c.process_id).where(*q.visible(t, restricted), q.among(t.c.id, "ids"))


ALL_READS: Final = ((effects_in_turns, 2), (processes_of, 1))
"""Every read here and how many flags it takes; see ``queries.ALL_READS``."""
