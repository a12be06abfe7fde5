"""Lists of what is few beside all there is, each by a small index of its own; see ``queries``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Queries, Select, page_of, text_of


def unfinished_instances(q: Queries, restricted: bool, after: bool) -> Select:
    """Return a page of a process's instances of a status other than completed: few, by an index of theirs."""
    t = s.instance
    where = [
        *q.visible(t, restricted),
        t.c.process_id == text_of("process_id"),
        t.c.status == text_of("status"),
        sa.text(f"instance.{s.UNFINISHED_INSTANCE}"),
    ]
    return page_of(t, where, (t.c.started_at, t.c.id), after, newest_first=True)


def stuck_effects(
    q: Queries, restricted: bool, after: bool, by_business_key: bool, by_system: bool
) -> Select:
    """Return a page of effects that wait for a reference or a person: few, by an index of theirs."""
    t = s.effect
    where = [
        *q.visible(t, restricted),
        t.c.status == text_of("status"),
        sa.text(f"effect.{s.STUCK_EFFECT}"),
    ]
    if by_business_key:
        where.append(t.c.business_key == text_of("business_key"))
    if by_system:
        where.append(t.c.system == text_of("system"))
    return page_of(t, where, (t.c.created_at, t.c.id), after, newest_first=True)


ALL_READS: Final = ((unfinished_instances, 2), (stuck_effects, 4))
"""Every read here and how many flags it takes; see ``queries.ALL_READS``."""
