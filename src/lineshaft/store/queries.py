"""The reads of both SQL makes, in SQLAlchemy Core: built and compiled once for each database, then only text.

Lists of values are one parameter (a JSON array on SQLite, an array on PostgreSQL), so that the text of a
query never depends on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg

from lineshaft.store import schema as s
from lineshaft.store.rows import ASKING_SYSTEM

DialectName = Literal["sqlite", "postgresql"]
Select = sa.sql.expression.SelectBase
Condition = sa.ColumnElement[bool] | sa.TextClause


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled read: its text, and the names of its parameters by position."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values by position."""
        constants = self.constants
        return [values[name] if name in values else constants[name] for name in self.names]


class Queries:
    """The compiled reads of one database."""

    def __init__(self, dialect: DialectName) -> None:
        self.dialect = dialect
        self._compiled: dict[tuple[Any, ...], Query] = {}

    def get(self, build: Callable[..., Select], *flags: bool) -> Query:
        """Return the query that ``build`` makes with ``flags``."""
        key = (build, flags)
        query = self._compiled.get(key)
        if query is None:
            query = self._compiled[key] = self._compile(build(self, *flags))
        return query

    def _compile(self, select: Select) -> Query:
        dialect = sqlite.dialect() if self.dialect == "sqlite" else asyncpg.dialect()  # type: ignore[no-untyped-call]
        compiled = select.compile(dialect=dialect)
        return Query(str(compiled), tuple(compiled.positiontup or ()), compiled.params)

    def among(self, column: sa.ColumnElement[Any], name: str, kind: str = "text") -> sa.ColumnElement[bool]:
        """Return the condition that ``column`` is one of the values of the list parameter ``name``."""
        if self.dialect == "sqlite":
            return column.in_(sa.text(f"SELECT value FROM json_each(:{name})"))  # noqa: S608 - our own names
        array = sa.text(f"CAST(:{name} AS {kind}[])")
        return column == sa.func.any(array)

    def contains(self, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Return the condition that a text has the parameter ``part`` in it, ASCII letters in either case."""
        place = sa.func.instr if self.dialect == "sqlite" else sa.func.strpos
        found = place(sa.func.lower(column), text_of("part"))
        return sa.cast(found, sa.Integer) > sa.literal_column("0")

    def visible(self, table: sa.FromClause, restricted: bool) -> list[Condition]:
        """Return the conditions of a scope: its tenant, and its departments where it has some."""
        out: list[Condition] = [table.c.tenant == sa.bindparam("tenant", type_=sa.Text)]
        if restricted:
            # Said apart, so that an index over rows with a department is seen to fit.
            out += [table.c.department.is_not(None), self.among(table.c.department, "departments")]
        return out


def text_of(name: str) -> sa.BindParameter[str]:
    """Return a text parameter."""
    return sa.bindparam(name, type_=sa.Text)


def time_at(name: str) -> sa.BindParameter[datetime]:
    """Return a time parameter."""
    return sa.bindparam(name, type_=s.Moment)


def whole(name: str) -> sa.BindParameter[int]:
    """Return an integer parameter."""
    return sa.bindparam(name, type_=sa.BigInteger)


# -- the engine's reads --------------------------------------------------------------------------------


def open_events(q: Queries, restricted: bool, all_lanes: bool) -> Select:
    """Return events to route."""
    t = s.event
    where = [*q.visible(t, restricted), t.c.routed_at.is_(None)]
    if not all_lanes:
        where.append(q.among(t.c.lane, "lanes", "bigint"))
    order = (t.c.priority, t.c.received_at, t.c.source, t.c.id)
    return sa.select(t).where(*where).order_by(*order).limit(whole("limit"))


def waits_for_older(t: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that an older effect of the same key comes before one."""
    older = t.alias("older")
    return sa.exists().where(
        older.c.tenant == t.c.tenant,
        older.c.order_key == t.c.order_key,
        sa.text(
            "older.order_key IS NOT NULL"
            " AND older.status IN ('intended', 'attempted', 'unknown', 'parked', 'dead')"
        ),
        sa.tuple_(older.c.created_at, older.c.id) < sa.tuple_(t.c.created_at, t.c.id),
        sa.or_(
            sa.text("older.status IN ('intended', 'attempted', 'unknown')"),
            older.c.on_stuck == sa.literal_column("'hold_key'"),
        ),
    )


def systems_with_open_effects(q: Queries, restricted: bool) -> Select:
    """Return the systems that effects wait for, from one to the next in the index, without counting any."""
    t = s.effect

    def least(*where: Condition) -> sa.ScalarSelect[str]:
        own: list[Condition] = [*q.visible(t, restricted), sa.text(f"effect.{s.OPEN_EFFECT}")]
        return sa.select(sa.func.min(t.c.system)).where(*own, *where).scalar_subquery()

    first = sa.select(least().label("system")).cte("waiting", recursive=True)
    following = sa.select(least(t.c.system > first.c.system)).where(first.c.system.is_not(None))
    every = first.union_all(following)
    return sa.select(every.c.system).where(every.c.system.is_not(None))


def open_effects(q: Queries, restricted: bool, all_lanes: bool, ids: bool) -> Select:
    """Return effects to call at one system."""
    t = s.effect
    where = [
        *q.visible(t, restricted),
        sa.text(f"effect.{s.OPEN_EFFECT}"),
        t.c.system == text_of("system"),
        t.c.due_at <= time_at("due_before"),
    ]
    if not all_lanes:
        where.append(q.among(t.c.lane, "lanes", "bigint"))
    if ids:
        where.append(sa.not_(q.among(t.c.id, "without_ids")))
    where.append(sa.or_(t.c.order_key.is_(None), sa.not_(waits_for_older(t))))
    order = (t.c.priority, t.c.created_at, t.c.id)
    return sa.select(t).where(*where).order_by(*order).limit(whole("limit"))


def due_jobs(q: Queries, all_lanes: bool, ids: bool) -> Select:
    """Return due jobs: each of the usual priorities from its own part of the index, then the unusual."""
    t = s.job

    def part(*priority: sa.ColumnElement[bool]) -> sa.Select[Any]:
        where = [t.c.tenant == text_of("tenant"), *priority, t.c.due_at <= time_at("due_before")]
        if not all_lanes:
            where.append(q.among(t.c.lane, "lanes", "bigint"))
        if ids:
            where.append(sa.not_(q.among(t.c.id, "without_ids")))
        chosen = sa.select(t).where(*where).order_by(t.c.priority, t.c.due_at, t.c.id).limit(whole("limit"))
        return sa.select(chosen.subquery())

    every = sa.union_all(*[part(priority) for priority in _priorities(t)]).subquery("due")
    order = (every.c.priority, every.c.due_at, every.c.id)
    return sa.select(every).order_by(*order).limit(whole("limit"))


def next_due(q: Queries, restricted: bool, all_lanes: bool) -> Select:
    """Return when the next effect falls due, and the next job of each part of its index."""
    e, t = s.effect, s.job

    def part(table: sa.Table, *where: Condition) -> sa.Select[Any]:
        conditions = [*where, table.c.due_at > time_at("after")]
        if not all_lanes:
            conditions.append(q.among(table.c.lane, "lanes", "bigint"))
        return sa.select(sa.func.min(table.c.due_at)).where(*conditions)

    effects_ = part(e, *q.visible(e, restricted), sa.text(f"effect.{s.OPEN_EFFECT}"))
    if restricted:
        return effects_
    own = t.c.tenant == text_of("tenant")
    return sa.union_all(effects_, *[part(t, own, priority) for priority in _priorities(t)])


def _priorities(t: sa.Table) -> list[sa.ColumnElement[bool]]:
    """Return conditions that part a queue: each of the usual priorities by itself, then the unusual."""
    usual = [t.c.priority == sa.literal_column(str(number)) for number in (0, 1, 2)]
    return [*usual, t.c.priority < sa.literal_column("0"), t.c.priority > sa.literal_column("2")]


def instances_by_id(q: Queries, restricted: bool) -> Select:
    """Return instances by id."""
    return sa.select(s.instance).where(*q.visible(s.instance, restricted), q.among(s.instance.c.id, "ids"))


def scopes_by_instance(q: Queries) -> Select:
    """Return the inner scopes of instances."""
    t = s.instance_scope
    return sa.select(t).where(t.c.tenant == text_of("tenant"), q.among(t.c.instance_id, "ids"))


def variables_by_instance(q: Queries) -> Select:
    """Return the variables of instances."""
    t = s.variable
    return sa.select(t).where(t.c.tenant == text_of("tenant"), q.among(t.c.instance_id, "ids"))


def children(q: Queries, restricted: bool) -> Select:
    """Return the instances that one started."""
    t = s.instance
    where = [*q.visible(t, restricted), t.c.parent_id == text_of("parent")]
    return sa.select(t).where(*where).order_by(t.c.started_at, t.c.id)


def subscriptions(q: Queries, keyed: bool) -> Select:
    """Return who waits for a message or signal."""
    t = s.subscription
    where = [t.c.tenant == text_of("tenant"), t.c.kind == text_of("kind"), t.c.name == text_of("name")]
    where.append(t.c.key == text_of("key") if keyed else t.c.key.is_(None))
    return (
        sa.select(t).where(*where).order_by(t.c.created_at, t.c.instance_id, t.c.number).limit(whole("limit"))
    )


def messages(q: Queries) -> Select:
    """Return kept messages."""
    t = s.message
    where = [
        t.c.tenant == text_of("tenant"),
        t.c.name == text_of("name"),
        t.c.key == text_of("key"),
        t.c.expires_at > time_at("now"),
    ]
    return sa.select(t).where(*where).order_by(t.c.created_at, t.c.id)


def parked(q: Queries, restricted: bool) -> Select:
    """Return effects that wait for a reference."""
    t = s.effect
    where = [
        *q.visible(t, restricted),
        sa.text("effect.status = 'parked'"),
        t.c.reference == text_of("reference"),
    ]
    return sa.select(t).where(*where).order_by(t.c.created_at, t.c.id).limit(whole("limit"))


def system_states(q: Queries) -> Select:
    """Return the states of all systems."""
    return sa.select(s.system_state).where(s.system_state.c.tenant == text_of("tenant"))


def outage_dead_letters(q: Queries, restricted: bool) -> Select:
    """Return what an outage left."""
    t = s.dead_letter
    where = [
        *q.visible(t, restricted),
        t.c.status == sa.literal_column("'open'"),
        t.c.outage.is_(sa.true()),
        t.c.system == text_of("system"),
    ]
    return sa.select(t).where(*where).order_by(t.c.created_at, t.c.id).limit(whole("limit"))


def cursor(q: Queries) -> Select:
    """Return a source's cursor."""
    t = s.cursor
    return sa.select(t).where(t.c.tenant == text_of("tenant"), t.c.source == text_of("source"))


def active_release(q: Queries) -> Select:
    """Return the active release."""
    t = s.release
    return (
        sa.select(t)
        .where(t.c.tenant == text_of("tenant"), t.c.active.is_(sa.true()))
        .limit(sa.literal_column("1"))
    )


def releases(q: Queries) -> Select:
    """Return releases, the one that became active last first."""
    t = s.release
    where = t.c.tenant == text_of("tenant")
    return sa.select(t).where(where).order_by(t.c.created_at.desc(), t.c.id.desc()).limit(whole("limit"))


def definitions(q: Queries) -> Select:
    """Return the files of a release with their content."""
    t, c = s.definition, s.content
    joined = t.join(c, sa.and_(c.c.tenant == t.c.tenant, c.c.digest == t.c.digest))
    where = [t.c.tenant == text_of("tenant"), t.c.release == text_of("release")]
    return sa.select(t, c.c.content).select_from(joined).where(*where).order_by(t.c.kind, t.c.name)


# -- people's reads ------------------------------------------------------------------------------------


def event(q: Queries, restricted: bool) -> Select:
    """Return one event, found through its key, which knows its part of the table."""
    t, k = s.event, s.event_key
    joined = k.join(
        t,
        sa.and_(
            t.c.tenant == k.c.tenant,
            t.c.source == k.c.source,
            t.c.id == k.c.id,
            t.c.received_at == k.c.received_at,
        ),
    )
    where = [
        *q.visible(t, restricted),
        k.c.tenant == text_of("tenant"),
        k.c.source == text_of("source"),
        k.c.id == text_of("id"),
    ]
    return sa.select(t).select_from(joined).where(*where)


def page_of(
    t: sa.Table,
    where: list[Condition],
    order: tuple[sa.ColumnElement[Any], ...],
    after: bool,
    *,
    newest_first: bool,
    last: Literal["text", "int"] = "text",
) -> Select:
    """Return one page of a table in an order, behind the cursor where there is one."""
    if after:
        rest = text_of("after_rest") if last == "text" else whole("after_rest")
        marks = (time_at("after_at"), text_of("after_id"), rest)[: len(order)]
        here, there = sa.tuple_(*order), sa.tuple_(*marks)
        where = [*where, here < there if newest_first else here > there]
    ordered = [column.desc() for column in order] if newest_first else list(order)
    return sa.select(t).where(*where).order_by(*ordered).limit(whole("limit"))


def events(q: Queries, restricted: bool, after: bool, by_key: bool, by_type: bool) -> Select:
    """Return a page of events."""
    t = s.event
    where = q.visible(t, restricted)
    if by_key:
        where.append(t.c.key == text_of("key"))
    if by_type:
        where.append(t.c.type == text_of("type"))
    return page_of(t, where, (t.c.received_at, t.c.source, t.c.id), after, newest_first=True)


def instances(
    q: Queries,
    restricted: bool,
    after: bool,
    by_process: bool,
    by_status: bool,
    by_business_key: bool,
    with_incidents: bool,
) -> Select:
    """Return a page of instances."""
    t = s.instance
    where = q.visible(t, restricted)
    if by_process:
        where.append(t.c.process_id == text_of("process_id"))
    if by_status:
        where.append(t.c.status == text_of("status"))
    if by_business_key:
        where.append(t.c.business_key == text_of("business_key"))
    if with_incidents:
        where.append(sa.text("instance.incidents > 0"))
    return page_of(t, where, (t.c.started_at, t.c.id), after, newest_first=True)


def history(q: Queries, restricted: bool) -> Select:
    """Return the steps of an instance."""
    t = s.history
    where = [*q.visible(t, restricted), t.c.instance_id == text_of("instance_id")]
    return sa.select(t).where(*where).order_by(t.c.seq, t.c.at)


def effect(q: Queries, restricted: bool) -> Select:
    """Return one effect."""
    return sa.select(s.effect).where(*q.visible(s.effect, restricted), s.effect.c.id == text_of("id"))


def effects_of_instance(
    q: Queries, restricted: bool, after: bool, by_system: bool, by_status: bool
) -> Select:
    """Return a page of an instance's effects, which lie side by side in the primary key.

    ``business_key`` is empty where it does not matter.
    """
    t = s.effect
    key = text_of("business_key")
    where = [
        *q.visible(t, restricted),
        t.c.id >= text_of("first_id"),
        t.c.id < text_of("end_id"),
        t.c.instance_id == text_of("instance_id"),
        sa.or_(key == "", t.c.business_key == key),
    ]
    if by_system:
        where.append(t.c.system == text_of("system"))
    if by_status:
        # not the column alone: it would lead the planner to walk an index by time
        where.append(sa.func.coalesce(t.c.status, "") == text_of("status"))
    return page_of(t, where, (t.c.created_at, t.c.id), after, newest_first=True)


def effects(
    q: Queries,
    restricted: bool,
    after: bool,
    by_business_key: bool,
    by_system: bool,
    by_status: bool,
    is_open: bool,
) -> Select:
    """Return a page of effects: from the index of what is at rest, and each part of that of what is open.

    A status that is asked for is in one of them only.
    """
    t = s.effect
    where = q.visible(t, restricted)
    if by_business_key:
        where.append(t.c.business_key == text_of("business_key"))
    if by_system:
        where.append(t.c.system == text_of("system"))
    order = (t.c.created_at, t.c.id)
    if by_status:
        where.append(t.c.status == text_of("status"))
    parts: list[list[Condition]] = []
    if not (by_status and is_open):
        parts.append([sa.text(f"effect.{s.RESTING_EFFECT}")])
    if is_open or not by_status:
        parts += [[sa.text(f"effect.{s.OPEN_EFFECT}"), priority] for priority in _priorities(t)]
    pages = [page_of(t, [*where, *part], order, after, newest_first=True) for part in parts]
    if len(pages) == 1:
        return pages[0]
    every = sa.union_all(*[sa.select(page.subquery()) for page in pages]).subquery("every")
    newest = (every.c.created_at.desc(), every.c.id.desc())
    return sa.select(every).order_by(*newest).limit(whole("limit"))


def tasks(q: Queries, restricted: bool, after: bool, by_assignee: bool, by_instance: bool) -> Select:
    """Return a page of tasks."""
    t = s.task
    where = [*q.visible(t, restricted), t.c.status == text_of("status")]
    if by_assignee:
        where.append(t.c.assignee == text_of("assignee"))
    if by_instance:
        where.append(t.c.instance_id == text_of("instance_id"))
    order = (t.c.created_at, t.c.instance_id, t.c.token)
    return page_of(t, where, order, after, newest_first=False, last="int")


def incidents(q: Queries, restricted: bool, after: bool, by_instance: bool, open_only: bool) -> Select:
    """Return a page of incidents."""
    t = s.incident
    where = q.visible(t, restricted)
    if by_instance:
        where.append(t.c.instance_id == text_of("instance_id"))
    if open_only:
        where.append(t.c.closed_at.is_(None))
    order = (t.c.opened_at, t.c.instance_id, t.c.number)
    return page_of(t, where, order, after, newest_first=True, last="int")


def dead_letter(q: Queries, restricted: bool) -> Select:
    """Return one dead letter."""
    t = s.dead_letter
    return sa.select(t).where(*q.visible(t, restricted), t.c.id == text_of("id"))


def dead_letters(q: Queries, restricted: bool, after: bool, by_system: bool, by_cause: bool) -> Select:
    """Return a page of dead letters."""
    t = s.dead_letter
    where = [*q.visible(t, restricted), t.c.status == text_of("status")]
    if by_system:
        where.append(t.c.system == text_of("system"))
    if by_cause:
        where.append(t.c.cause == text_of("cause"))
    return page_of(t, where, (t.c.created_at, t.c.id), after, newest_first=False)


def find_documents(q: Queries, restricted: bool) -> Select:
    """Return documents by any of their numbers."""
    t = s.document
    number = text_of("number")
    any_number = sa.or_(
        t.c.number == number,
        t.c.local_id == number,
        sa.and_(t.c.business_key.is_not(None), t.c.business_key == number),
    )
    return sa.select(t).where(*q.visible(t, restricted), any_number).order_by(t.c.id)


def documents(q: Queries, restricted: bool) -> Select:
    """Return documents by id."""
    t = s.document
    return sa.select(t).where(*q.visible(t, restricted), q.among(t.c.id, "ids")).order_by(t.c.id)


def documents_by_prefix(q: Queries, restricted: bool) -> Select:
    """Return documents whose number, local id or business key lies between two texts."""
    t = s.document

    def part(column: sa.ColumnElement[str], *also: Condition) -> sa.Select[Any]:
        where = [*q.visible(t, restricted), *also, column >= text_of("low"), column < text_of("high")]
        chosen = sa.select(t).where(*where).order_by(column.desc(), t.c.id.desc()).limit(whole("limit"))
        return sa.select(chosen.subquery())

    named = sa.text("business_key IS NOT NULL")
    return sa.union_all(part(t.c.number), part(t.c.local_id), part(t.c.business_key, named))


def recent_documents(q: Queries, restricted: bool, with_part: bool) -> Select:
    """Return the newest documents; the window counts the tenant's own, seen or not, so that it is bounded."""
    t = s.document
    order = (t.c.created_at.desc(), t.c.id.desc())
    own = [t.c.tenant == text_of("tenant"), t.c.created_at.is_not(None)]
    newest = sa.select(t).where(*own).order_by(*order).limit(whole("window")).subquery("newest")
    where = q.visible(newest, restricted)
    if with_part:
        where.append(q.contains(newest.c.number))
    return (
        sa.select(newest)
        .where(*where)
        .order_by(newest.c.created_at.desc(), newest.c.id.desc())
        .limit(whole("limit"))
    )


PARTIES_MAX: Final = 20_000


def parties(q: Queries, restricted: bool) -> Select:
    """Return firms that have a text in their name or code.

    The firms are found by steps from one to the next over the index, so that the work grows with the number
    of firms and not with that of documents.
    """
    t = s.document
    known: list[Any] = [t.c.tenant == text_of("tenant"), sa.text("document.party IS NOT NULL")]

    one: sa.ColumnElement[int] = sa.literal_column("1")

    def next_ones(*columns: sa.ColumnElement[Any], after: Sequence[Condition] = ()) -> sa.Select[Any]:
        chosen = sa.select(*columns).where(*known, *after).order_by(t.c.party, t.c.party_code)
        return chosen.limit(one)

    def next_one(column: sa.ColumnElement[Any], *after: Condition) -> Any:
        return next_ones(column, after=after).scalar_subquery()

    first = sa.select(
        next_one(t.c.party).label("party"), next_one(t.c.party_code).label("party_code"), one.label("place")
    )
    firms = first.cte("firms", recursive=True)
    after = sa.tuple_(t.c.party, t.c.party_code) > sa.tuple_(firms.c.party, firms.c.party_code)
    if q.dialect == "postgresql":
        # One step is one look into the index; SQLite has no such join and looks twice.
        following = next_ones(t.c.party, t.c.party_code, after=[after]).lateral("following")
        step = sa.select(following.c.party, following.c.party_code, firms.c.place + one).select_from(
            firms.join(following, sa.true())
        )
    else:
        step = sa.select(next_one(t.c.party, after), next_one(t.c.party_code, after), firms.c.place + one)
    step = step.where(firms.c.party.is_not(None), firms.c.place < sa.literal_column(str(PARTIES_MAX)))
    firms = firms.union_all(step)
    where: list[Condition] = [
        firms.c.party.is_not(None),
        sa.or_(q.contains(firms.c.party), q.contains(firms.c.party_code)),
    ]
    order = (firms.c.party, firms.c.party_code)
    found = sa.select(*order).where(*where).order_by(*order)
    if not restricted:
        return found.limit(whole("limit"))
    # A fence: whether a firm has a document that is seen is asked for one after the other, until enough have.
    every: sa.ColumnElement[int] = sa.literal_column("-1" if q.dialect == "sqlite" else "NULL")
    fits = found.limit(every).offset(sa.literal_column("0")).subquery("fits")
    shown = t.alias("shown")
    has_one = sa.exists().where(
        *q.visible(shown, True),
        sa.text("shown.party IS NOT NULL"),
        shown.c.party == fits.c.party,
        shown.c.party_code == fits.c.party_code,
    )
    order = (fits.c.party, fits.c.party_code)
    return sa.select(*order).where(has_one).order_by(*order).limit(whole("limit"))


def party_documents(q: Queries, restricted: bool) -> Select:
    """Return the newest documents of a firm."""
    t = s.document
    where = [
        *q.visible(t, restricted),
        sa.text("document.party IS NOT NULL"),
        t.c.party == text_of("party"),
        t.c.party_code == text_of("party_code"),
    ]
    return sa.select(t).where(*where).order_by(t.c.created_at.desc(), t.c.id.desc()).limit(whole("limit"))


def _shown_document(q: Queries, column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    d = s.document.alias(name)
    return sa.exists().where(*q.visible(d, True), d.c.id == column)


def document_lines(q: Queries, restricted: bool) -> Select:
    """Return the lines of documents."""
    t = s.document_line
    where = [t.c.tenant == text_of("tenant"), q.among(t.c.document_id, "ids")]
    if restricted:
        where.append(_shown_document(q, t.c.document_id, "shown"))
    return sa.select(t).where(*where).order_by(t.c.document_id, t.c.line)


def document_links(q: Queries, restricted: bool) -> Select:
    """Return the links that touch documents."""
    t = s.document_link
    where = [
        t.c.tenant == text_of("tenant"),
        sa.or_(q.among(t.c.from_id, "ids"), q.among(t.c.to_id, "ids")),
    ]
    if restricted:
        where += [_shown_document(q, t.c.from_id, "start"), _shown_document(q, t.c.to_id, "target")]
    return sa.select(t).where(*where).order_by(t.c.from_id, t.c.from_line, t.c.to_id, t.c.to_line)


def backlog_events(q: Queries, restricted: bool) -> Select:
    """Return how many events wait to be routed, and since when."""
    t = s.event
    oldest = sa.func.min(t.c.received_at, type_=s.Moment)
    return sa.select(sa.func.count(), oldest).where(*q.visible(t, restricted), t.c.routed_at.is_(None))


def backlog_effects(q: Queries, restricted: bool) -> Select:
    """Return how many effects are not final, by system and status, and since when."""
    t = s.effect
    oldest = sa.func.min(t.c.created_at, type_=s.Moment)

    def part(status: str, which: str) -> Select:
        """Count one status in the order of the index: nothing is sorted, however much there is."""
        named: sa.ColumnElement[str] = sa.literal_column(f"'{status}'")
        where = [*q.visible(t, restricted), sa.text(f"effect.{which}"), t.c.status == named]
        return sa.select(t.c.system, named, sa.func.count(), oldest).where(*where).group_by(t.c.system)

    parts = [part(status, s.OPEN_EFFECT) for status in ("intended", "attempted", "unknown")]
    return sa.union_all(*parts, *[part(status, s.STUCK_EFFECT) for status in ("parked", "dead")])


def backlog_asking(q: Queries, restricted: bool) -> Select:
    """Return how many calls that ask others are not final, by what they wait for, and since when."""
    t = s.effect
    oldest = sa.func.min(t.c.created_at, type_=s.Moment)
    asking: sa.ColumnElement[str] = sa.literal_column(f"'{ASKING_SYSTEM}'")

    def part(which: str) -> Select:
        where = [*q.visible(t, restricted), sa.text(f"effect.{which}"), t.c.system == asking]
        columns = (t.c.reference, t.c.status)
        return sa.select(*columns, sa.func.count(), oldest).where(*where).group_by(*columns)

    return sa.union_all(part(s.OPEN_EFFECT), part(s.STUCK_EFFECT))


def dead_letter_causes(q: Queries, restricted: bool) -> Select:
    """Return dead letters of a status by cause."""
    t = s.dead_letter
    number = sa.func.count()
    return (
        sa.select(
            t.c.cause,
            t.c.system,
            t.c.operation,
            sa.func.min(t.c.error_class),
            sa.func.min(t.c.error_text),
            number,
            sa.func.min(t.c.created_at, type_=s.Moment),
            sa.func.max(t.c.created_at, type_=s.Moment),
        )
        .where(*q.visible(t, restricted), t.c.status == text_of("status"))
        .group_by(t.c.cause, t.c.system, t.c.operation)
        .order_by(number.desc(), t.c.cause, t.c.system, t.c.operation)
        .limit(whole("limit"))
    )


def counts(q: Queries, restricted: bool) -> Select:
    """Return the number of instances by status, and of what is open for people."""
    n = sa.func.count()
    i, c, t, d = s.instance, s.incident, s.task, s.dead_letter
    is_open: sa.ColumnElement[str] = sa.literal_column("'open'")

    def named(name: str, table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.Select[str, int]:
        label: sa.ColumnElement[str] = sa.literal_column(f"'{name}'")
        return sa.select(label, n).select_from(table).where(*q.visible(table, restricted), *where)

    return sa.union_all(
        sa.select(i.c.status, n).where(*q.visible(i, restricted)).group_by(i.c.status),
        named("incidents", c, c.c.closed_at.is_(None)),
        named("tasks", t, t.c.status == is_open),
        named("dead_letters", d, d.c.status == is_open),
    )


ALL_READS: Final = (
    (open_events, 2), (open_effects, 3), (systems_with_open_effects, 1), (due_jobs, 2), (next_due, 2),
    (instances_by_id, 1),
    (scopes_by_instance, 0), (variables_by_instance, 0), (children, 1), (subscriptions, 1), (messages, 0),
    (parked, 1), (system_states, 0), (outage_dead_letters, 1), (cursor, 0), (active_release, 0),
    (releases, 0), (definitions, 0), (event, 1), (events, 4), (instances, 6), (history, 1),
    (effect, 1), (effects, 6),
    (effects_of_instance, 4), (tasks, 4), (incidents, 4), (dead_letter, 1), (dead_letters, 4),
    (find_documents, 1), (documents, 1), (documents_by_prefix, 1), (recent_documents, 2), (parties, 1),
    (party_documents, 1), (document_lines, 1), (document_links, 1),
    (backlog_events, 1), (backlog_effects, 1), (backlog_asking, 1), (counts, 1), (dead_letter_causes, 1),
)  # fmt: skip
"""Every read and how many flags it takes, so that a test can try each of them on each database."""
