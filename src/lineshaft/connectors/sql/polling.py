"""Polling a listed table: one page of rows since a cursor, without a gap across restarts.

A cursor remembers the greatest value met and, inside a sweep, the row behind which to go on. Every sweep
begins a declared overlap before the greatest value, because rows with smaller values are committed late; the
hub drops what it has seen by the change's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import text
from lineshaft.connectors.sql import statements
from lineshaft.connectors.sql.driving import Session
from lineshaft.connectors.sql.expressions import Expression
from lineshaft.connectors.sql.facts import documents_of, needed
from lineshaft.connectors.sql.model import ChangesRule
from lineshaft.connectors.sql.tables import Seen
from lineshaft.sdk.outcomes import Change, ChangePage, told_by


@dataclass(frozen=True, slots=True)
class Position:
    """Where polling stands: the greatest value met before this sweep, in it, and the last row read in it."""

    since: Any = None
    high: Any = None
    after: tuple[Any, ...] | None = None


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON, values tagged with their type."""
    after = None if position.after is None else [_tag(value) for value in position.after]
    return msgspec.json.encode(
        {"v": 1, "since": _tag(position.since), "high": _tag(position.high), "after": after}
    )


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this connector.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        after = None if raw["after"] is None else tuple(_untag(value) for value in raw["after"])
        return Position(_untag(raw["since"]), _untag(raw["high"]), after)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Invalid(
            text("Expected a cursor of the SQL connector", "游标不是 SQL 连接器的格式"),
            code="cursor_unreadable",
        ) from error


def _tag(value: Any) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, int | Decimal):
        return ["n", str(value)]
    return ["s", str(value)]


def _untag(value: list[str] | None) -> Any:
    if value is None:
        return None
    kind, written = value
    if kind == "t":
        return datetime.fromisoformat(written)
    if kind == "d":
        return date.fromisoformat(written)
    return Decimal(written) if kind == "n" else written


async def first_position(session: Session, seen: Seen, rule: ChangesRule) -> Position:
    """Return where polling begins: at the beginning, or behind what is there now."""
    if not rule.from_now or rule.cursor is None:
        return Position()
    statement, values = statements.greatest(session, seen, rule.cursor)
    (row,) = await session.fetch(statement, values)
    value = row["greatest"]
    column = seen.column(rule.cursor)
    return Position(
        since=seen.decode({**{one.column: None for one in seen.rule.columns.values()}, column: value})[
            rule.cursor
        ]
    )


async def read_page(session: Session, seen: Seen, rule: ChangesRule, position: Position) -> ChangePage:
    """Return one page and the cursor behind it.

    Raises:
        Fault: The database does not answer.
        Unfit: A value is not of its declared type.
        Invalid: A row does not give an event.
    """
    order = [*([rule.cursor] if rule.cursor else []), *(key for key in seen.rule.key if key != rule.cursor)]
    since = None
    if rule.cursor is not None and position.since is not None:
        since = (rule.cursor, _back(rule, position.since))
    statement, values = statements.page(
        session, seen, where=rule.where, order=order, cursor=rule.cursor, since=since, after=position.after,
        limit=rule.page,
    )  # fmt: skip
    rows = [seen.decode(row) for row in await session.fetch(statement, values)]
    try:
        changes = _each_once(_change(rule, row, seen.zone) for row in rows)
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    high = position.high
    if rule.cursor is not None and rows and rows[-1][rule.cursor] is not None:
        high = rows[-1][rule.cursor]
    if len(rows) >= rule.page:
        after = tuple(rows[-1][column] for column in order)
        return ChangePage(changes, encode_position(Position(position.since, high, after)), more=True)
    candidates = [value for value in (position.since, high) if value is not None]
    return ChangePage(changes, encode_position(Position(since=max(candidates, default=None))))


def _each_once(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Several rows may tell the same thing, e.g. all lines of a refused document: the first one tells it."""
    found: dict[str, Change] = {}
    for change in changes:
        found.setdefault(change.id, change)
    return tuple(found.values())


def _back(rule: ChangesRule, value: Any) -> Any:
    if isinstance(value, Decimal):
        return value - rule.overlap
    if isinstance(value, datetime):
        return value - timedelta(seconds=rule.overlap_s)
    return value


def _change(rule: ChangesRule, row: Mapping[str, Any], zone: tzinfo) -> Change:
    names = {"item": row}
    assert rule.id is not None, "only what is captured has an id by itself"
    return Change(
        needed(rule.id, names),
        needed(rule.type, names),
        needed(rule.subject, names),
        row,
        _moment(rule.occurred_at, names, zone),
        **told_by(lambda: documents_of(rule.documents, names)),
    )


def _moment(expression: Expression | None, names: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    """Return when it happened: a moment or ISO 8601 text; without an offset it is of the tables' zone."""
    value = None if expression is None else expression.value(names)
    if value in (None, ""):
        return None
    if not isinstance(value, datetime):
        try:
            value = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise ExpressionError(
                text("Expected a time stamp, but it is {value}", "应为时间,实际为 {value}", value=value)
            ) from error
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)
