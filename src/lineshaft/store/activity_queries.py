"""The reads of what went on at each system, in SQLAlchemy Core; as those of ``queries``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Condition, Queries, Select, time_at


def calls_since(q: Queries, restricted: bool) -> Select:
    """Return how many effects each system was asked for since a time, those at rest and the open apart."""
    t = s.effect
    where = [*q.visible(t, restricted), *_within(t.c.created_at)]
    parts = [
        sa.select(t.c.system, sa.func.count()).where(*where, sa.text(f"effect.{which}")).group_by(t.c.system)
        for which in (s.RESTING_EFFECT, s.OPEN_EFFECT)
    ]
    return sa.union_all(*parts)


def _within(column: sa.ColumnElement[Any]) -> list[Condition]:
    return [column >= time_at("since"), column < time_at("until")]


def events_since(q: Queries, restricted: bool) -> Select:
    """Return how many events each source brought since a time."""
    t = s.event
    where = [*q.visible(t, restricted), *_within(t.c.received_at)]
    return sa.select(t.c.source, sa.func.count()).where(*where).group_by(t.c.source)


def _newest_error(t: sa.Table, at: sa.ColumnElement[datetime], where: list[Condition]) -> sa.Select[Any]:
    """Return the newest failure of each system."""
    place = sa.func.row_number().over(partition_by=t.c.system, order_by=(at.desc(), t.c.id.desc()))
    ranked = (
        sa.select(t.c.system, at.label("at"), t.c.error_class, t.c.error_text, place.label("place"))
        .where(*where)
        .subquery()
    )
    first = ranked.c.place == sa.literal_column("1")
    return sa.select(ranked.c.system, ranked.c.at, ranked.c.error_class, ranked.c.error_text).where(first)


def open_errors(q: Queries, restricted: bool) -> Select:
    """Return the newest failure of each system among effects that still wait for an answer."""
    t = s.effect
    where = [
        *q.visible(t, restricted),
        sa.text(f"effect.{s.FAILING_EFFECT.replace('error_', 'effect.error_')}"),
    ]
    return _newest_error(t, sa.func.coalesce(t.c.attempted_at, t.c.created_at, type_=s.Moment), where)


def dead_errors(q: Queries, restricted: bool) -> Select:
    """Return the newest dead letter of each system since a time."""
    t = s.dead_letter
    where = [*q.visible(t, restricted), t.c.created_at >= time_at("errors_since"), t.c.system.is_not(None)]
    return _newest_error(t, t.c.created_at, where)


ALL_READS: Final = ((calls_since, 1), (events_since, 1), (open_errors, 1), (dead_errors, 1))
"""Every read of this file and how many flags it takes; see ``queries.ALL_READS``."""
