"""The reads of records, the audit log and facts, in SQLAlchemy Core; as those of ``queries``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Condition, Queries, Select, page_of, text_of, time_at, whole


def record(q: Queries, restricted: bool) -> Select:
    """Return one record."""
    t = s.record
    return sa.select(t).where(*q.visible(t, restricted), t.c.kind == text_of("kind"), t.c.id == text_of("id"))


def records(q: Queries, restricted: bool, after: bool, by_owner: bool, by_state: bool) -> Select:
    """Return a page of records."""
    t = s.record
    where: list[Condition] = [*q.visible(t, restricted), t.c.kind == text_of("kind")]
    if by_owner:
        where.append(t.c.owner == text_of("owner"))
    if by_state:
        where.append(t.c.state == text_of("state"))
    return page_of(t, where, (t.c.at, t.c.id), after, newest_first=True)


def due_records(q: Queries, by_owner: bool) -> Select:
    """Return records that are due."""
    t = s.record
    where: list[Condition] = [
        *q.visible(t, False),
        t.c.kind == text_of("kind"),
        sa.text("record.due_at IS NOT NULL"),
        t.c.due_at <= time_at("due_before"),
    ]
    if by_owner:
        where.append(q.among(t.c.owner, "owners"))
    return sa.select(t).where(*where).order_by(t.c.due_at, t.c.id).limit(whole("limit"))


def audit(q: Queries, after: bool, by_actor: bool, by_subject: bool, by_action: bool) -> Select:
    """Return a page of the audit log, newest first."""
    t = s.audit
    where = [*q.visible(t, False), t.c.at >= time_at("since"), t.c.at < time_at("until")]
    if by_actor:
        where.append(t.c.actor == text_of("actor"))
    if by_subject:
        where.append(t.c.subject == text_of("subject"))
    if by_action:
        where += [t.c.action >= text_of("action"), t.c.action <= text_of("action_end")]
    if after:
        where.append(t.c.seq < whole("after_rest"))
    return sa.select(t).where(*where).order_by(t.c.seq.desc()).limit(whole("limit"))


def audit_after(q: Queries) -> Select:
    """Return entries of the audit log behind a number, oldest first."""
    t = s.audit
    where = (*q.visible(t, False), t.c.seq > whole("seq"))
    return sa.select(t).where(*where).order_by(t.c.seq).limit(whole("limit"))


def audit_head(q: Queries) -> Select:
    """Return the end of the audit log."""
    return sa.select(s.audit_head).where(*q.visible(s.audit_head, False))


def new_facts(q: Queries, restricted: bool) -> Select:
    """Return facts without a number."""
    t = s.fact
    where = [*q.visible(t, restricted), sa.text("fact.seq IS NULL")]
    return sa.select(t).where(*where).order_by(t.c.at, t.c.id).limit(whole("limit"))


def facts(q: Queries, restricted: bool, by_kind: bool) -> Select:
    """Return numbered facts."""
    t = s.fact
    where = [*q.visible(t, restricted), sa.text("fact.seq IS NOT NULL"), t.c.seq > whole("after_seq")]
    if by_kind:
        where.append(q.among(t.c.kind, "kinds"))
    return sa.select(t).where(*where).order_by(t.c.seq).limit(whole("limit"))


ALL_READS: Final = (
    (record, 1), (records, 4), (due_records, 1), (audit, 4), (audit_after, 0), (audit_head, 0),
    (new_facts, 1), (facts, 2),
)  # fmt: skip
"""Every read of this file and how many flags it takes; see ``queries.ALL_READS``."""
