"""The reads of cross-references and of what waits for them, in SQLAlchemy Core; as those of ``queries``."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lineshaft.store import schema as s
from lineshaft.store.queries import Condition, Queries, Select, page_of, text_of, whole


def _shared(q: Queries, t: sa.FromClause, restricted: bool) -> list[Condition]:
    """Return the conditions of a scope on rows that are the whole firm's where they have no department."""
    out: list[Condition] = [t.c.tenant == text_of("tenant")]
    if restricted:
        out.append(sa.or_(t.c.department.is_(None), q.among(t.c.department, "departments")))
    return out


def _unindexed(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return a column so that no index is chosen for it: of one type or system there may be a million."""
    return sa.func.coalesce(column, sa.literal_column("''"), type_=sa.Text)


def bindings(q: Queries, restricted: bool) -> Select:
    """Return object ids by local ids."""
    t = s.binding
    where = [
        *_shared(q, t, restricted),
        t.c.object_type == text_of("object_type"),
        t.c.system == text_of("system"),
        q.among(t.c.local_id, "ids"),
    ]
    return sa.select(t.c.local_id, t.c.object_id).where(*where)


def local_ids(q: Queries, restricted: bool) -> Select:
    """Return local ids by object ids; the one bound last comes last."""
    t = s.binding
    where = [
        *_shared(q, t, restricted),
        _unindexed(t.c.object_type) == text_of("object_type"),
        _unindexed(t.c.system) == text_of("system"),
        sa.text("binding.state <> 'former'"),
        q.among(t.c.object_id, "ids"),
    ]
    return sa.select(t.c.object_id, t.c.local_id).where(*where).order_by(t.c.bound_at, t.c.local_id)


def codes(q: Queries, restricted: bool) -> Select:
    """Return the codes of many questions at once; of several codes the one bound last comes last."""
    if q.dialect == "sqlite":
        parts = ", ".join(
            f"json_extract(value, '$[{n}]') AS {name}"
            for n, name in enumerate(("object_type", "system", "local_id", "target"))
        )
        source = f"SELECT {parts} FROM json_each(:asked)"  # noqa: S608 - our own names
    else:
        names = ("types", "systems", "locals", "targets")
        arrays = ", ".join(f"CAST(:{name} AS text[])" for name in names)
        source = f"SELECT * FROM unnest({arrays}) AS u(object_type, system, local_id, target)"  # noqa: S608
    asked = (
        sa.text(source)
        .columns(object_type=sa.Text, system=sa.Text, local_id=sa.Text, target=sa.Text)
        .subquery("asked")
    )
    here, there = s.binding.alias("here"), s.binding.alias("there")
    joined = asked.join(
        here,
        sa.and_(
            *_shared(q, here, restricted),
            here.c.object_type == asked.c.object_type,
            here.c.system == asked.c.system,
            here.c.local_id == asked.c.local_id,
        ),
    ).join(
        there,
        sa.and_(
            *_shared(q, there, restricted),
            there.c.object_id == here.c.object_id,
            there.c.object_type == here.c.object_type,
            there.c.system == asked.c.target,
            sa.text("there.state <> 'former'"),
        ),
    )
    return (
        sa.select(
            asked.c.object_type,
            asked.c.system,
            asked.c.local_id,
            asked.c.target,
            there.c.local_id.label("code"),
        )
        .select_from(joined)
        .order_by(there.c.bound_at, there.c.local_id)
    )


def object_bindings(q: Queries, restricted: bool) -> Select:
    """Return all bindings of objects."""
    t = s.binding
    where = [
        *_shared(q, t, restricted),
        _unindexed(t.c.object_type) == text_of("object_type"),
        q.among(t.c.object_id, "ids"),
    ]
    return sa.select(t).where(*where).order_by(t.c.object_type, t.c.object_id, t.c.system, t.c.local_id)


def find_bindings(q: Queries, restricted: bool) -> Select:
    """Return all bindings of the objects that an id (a local one, or their own) belongs to."""
    t, known = s.binding, s.binding.alias("known")
    objects = sa.select(known.c.object_type, known.c.object_id).where(
        *_shared(q, known, restricted),
        sa.or_(known.c.local_id == text_of("local_id"), known.c.object_id == text_of("local_id")),
    )
    where = [*_shared(q, t, restricted), sa.tuple_(t.c.object_type, t.c.object_id).in_(objects)]
    return sa.select(t).where(*where).order_by(t.c.object_type, t.c.object_id, t.c.system, t.c.local_id)


def list_bindings(q: Queries, restricted: bool, after: bool, *asked: bool) -> Select:
    """Return a page of bindings; asked for by type, by system, by a part of an id or label."""
    by_type, by_system, with_part = asked
    t = s.binding
    where = _shared(q, t, restricted)
    if by_type:
        where.append(t.c.object_type == text_of("object_type"))
    if by_system:
        where.append(t.c.system == text_of("system"))
    if with_part:
        columns = (t.c.local_id, t.c.object_id, t.c.label)
        where.append(sa.or_(*[q.contains(column) for column in columns]))
    mark = t.c.object_type + sa.literal_column("'/'") + t.c.system
    return page_of(t, where, (t.c.bound_at, t.c.local_id, mark), after, newest_first=True)


def binding_types(q: Queries, restricted: bool) -> Select:
    """Return the types of objects and how many bindings each has."""
    t = s.binding
    return (
        sa.select(t.c.object_type, sa.func.count())
        .where(*_shared(q, t, restricted))
        .group_by(t.c.object_type)
        .order_by(t.c.object_type)
    )


def binding_changes(q: Queries, restricted: bool, after: bool, by_type: bool, by_object: bool) -> Select:
    """Return a page of the history of cross-references."""
    t = s.binding_change
    where = _shared(q, t, restricted)
    if by_type:
        where.append(t.c.object_type == text_of("object_type"))
    if by_object:
        merged = sa.and_(sa.text("binding_change.what = 'merged'"), t.c.other == text_of("object_id"))
        where.append(sa.or_(t.c.object_id == text_of("object_id"), merged))
    return page_of(t, where, (t.c.at, t.c.id), after, newest_first=True)


def awaited(q: Queries, restricted: bool, some: bool) -> Select:
    """Return how many effects and records wait for each reference, and since when."""
    e, p = s.effect, s.parked
    one: sa.ColumnElement[int] = sa.literal_column("1")
    none: sa.ColumnElement[int] = sa.literal_column("0")
    chosen = [q.among(t.c.reference, "references") if some else t.c.reference.is_not(None) for t in (e, p)]
    both = sa.union_all(
        sa.select(e.c.reference, e.c.created_at, one.label("effects"), none.label("records")).where(
            *q.visible(e, restricted), sa.text("effect.status = 'parked'"), chosen[0]
        ),
        sa.select(p.c.reference, p.c.created_at, none, one).where(*q.visible(p, restricted), chosen[1]),
    ).subquery("waiting")
    oldest = sa.func.min(both.c.created_at, type_=s.Moment)
    return (
        sa.select(both.c.reference, sa.func.sum(both.c.effects), sa.func.sum(both.c.records), oldest)
        .group_by(both.c.reference)
        .order_by(oldest, both.c.reference)
        .limit(whole("limit"))
    )


def parked_records(q: Queries, restricted: bool) -> Select:
    """Return records that wait for a reference."""
    t = s.parked
    where = [*q.visible(t, restricted), t.c.reference == text_of("reference")]
    return sa.select(t).where(*where).order_by(t.c.created_at, t.c.id).limit(whole("limit"))


ALL_READS: Final = (
    (bindings, 1), (local_ids, 1), (codes, 1), (object_bindings, 1), (find_bindings, 1), (list_bindings, 5),
    (binding_types, 1), (binding_changes, 4), (awaited, 2), (parked_records, 1),
)  # fmt: skip
"""Every read of this file and how many flags it takes; see ``queries.ALL_READS``."""
