"""Polling: what changed since a cursor, page by page.

A cursor remembers the position that was read, the greatest value met since, and where in the list to go on,
so that a restart between two pages loses nothing. Every complete reading begins again a declared overlap
before the position: targets commit late. The hub drops what it has seen by the change's id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, as_text
from lineshaft.connectors.http.facts import as_list, changes_of
from lineshaft.connectors.http.model import ChangesRule
from lineshaft.sdk.outcomes import Change, ChangePage

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reading stands. Values keep whether they are numbers (``n``), texts (``s``) or nothing."""

    since: Any = None
    high: Any = None
    page: int = 1
    offset: int = 0
    token: str | None = None


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON, decimals as tagged text."""
    return msgspec.json.encode(
        {
            "v": _VERSION,
            "since": _tag(position.since),
            "high": _tag(position.high),
            "page": position.page,
            "offset": position.offset,
            "token": position.token,
        }
    )


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this engine.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != _VERSION:
            raise KeyError("v")
        return Position(_untag(raw["since"]), _untag(raw["high"]), raw["page"], raw["offset"], raw["token"])
    except (msgspec.DecodeError, KeyError, TypeError, ArithmeticError) as error:
        raise Invalid(
            text("Expected a cursor of the HTTP engine", "游标不是 HTTP 引擎的格式"), code="cursor_unreadable"
        ) from error


def _tag(value: Any) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ["n", str(value)]
    return ["s", as_text(value)]


def _untag(value: list[str] | None) -> Any:
    if value is None:
        return None
    kind, written = value
    return Decimal(written) if kind == "n" else written


Fetch = Callable[[Names], Awaitable[Names]]
"""Sends the list request with these names and returns the names of its (judged) answer."""


async def read_changes(
    rule: ChangesRule,
    cursor: bytes | None,
    settings: Names,
    clock: Clock,
    fetch: Fetch,
    *,
    zone: tzinfo = UTC,
) -> ChangePage:
    """Return one page of changes and the cursor behind it.

    Raises:
        Invalid: The records are not as declared.
        ConnectorError: What ``fetch`` raises.
    """
    position = decode_position(cursor) if cursor is not None else _start(rule, settings, clock)
    request_names = {
        "settings": settings,
        "cursor": _with_overlap(rule, position.since),
        "page": position.page,
        "offset": position.offset,
        "token": position.token,
        "page_size": rule.paging.size,
    }
    names = await fetch(request_names)
    try:
        records = as_list(rule.records.value({**request_names, **names}))
        changes: list[Change] = []
        high = position.high
        for record in records:
            inner = {"item": record, "settings": settings}
            if rule.cursor.field is not None:
                high = _greater(high, rule.cursor.field.value(inner))
            changes += changes_of(rule.event, inner, zone)
        following, more = _next(rule, position, names, records, high)
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    return ChangePage(tuple(changes), encode_position(following), more)


def _start(rule: ChangesRule, settings: Names, clock: Clock) -> Position:
    if rule.cursor.start is None:
        return Position()
    return Position(since=rule.cursor.start.value({"now": clock.now(), "settings": settings}))


def _with_overlap(rule: ChangesRule, since: Any) -> Any:
    if isinstance(since, int | Decimal) and not isinstance(since, bool):
        back = Decimal(since) - rule.cursor.overlap
        return max(Decimal(0), back) if since >= 0 else back
    if rule.cursor.overlap_s and isinstance(since, str) and since:
        try:
            return (datetime.fromisoformat(since) - timedelta(seconds=rule.cursor.overlap_s)).isoformat()
        except ValueError:
            return since
    if rule.cursor.overlap_s and isinstance(since, datetime):
        return since - timedelta(seconds=rule.cursor.overlap_s)
    return since


def _greater(high: Any, value: Any) -> Any:
    if value is None:
        return high
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = Decimal(value)
    else:
        value = as_text(value)
    if high is None:
        return value
    if isinstance(high, Decimal) != isinstance(value, Decimal):
        raise ExpressionError(
            text(
                "Expected the cursor field to stay a number or a text, but it is {high} and {value}",
                "游标字段的类型不一致:{high} 与 {value}",
                high=high,
                value=value,
            )
        )
    return max(_comparable(high), _comparable(value), key=lambda pair: pair[0])[1]


def _comparable(value: Any) -> tuple[Any, Any]:
    """Order time stamps by the moment they mean, other texts by their characters."""
    if isinstance(value, str):
        try:
            return (datetime.fromisoformat(value).timestamp(), value)
        except ValueError:
            return (value, value)
    return (value, value)


def _next(
    rule: ChangesRule, position: Position, names: Names, records: list[Any], high: Any
) -> tuple[Position, bool]:
    if rule.cursor.next is not None:
        # The answer's own cursor goes on from page to page and from poll to poll.
        value = rule.cursor.next.value(names)
        since = position.since if value in (None, "") else value
        if isinstance(since, int):
            since = Decimal(since)
        moved = since != position.since
        return Position(since=since), moved and len(records) >= rule.paging.size
    kind = rule.paging.kind
    full = len(records) >= rule.paging.size
    if kind == "page" and full:
        return Position(position.since, high, page=position.page + 1), True
    if kind == "offset" and full:
        return Position(position.since, high, offset=position.offset + len(records)), True
    if kind == "token" and rule.paging.next is not None:
        token = as_text(rule.paging.next.value(names))
        if token:
            return Position(position.since, high, token=token), True
    end = position.since if high is None else _greater(_plain(position.since), high)
    return Position(since=end), False


def _plain(value: Any) -> Any:
    if value is None:
        return None
    return (
        Decimal(value) if isinstance(value, int) else value if isinstance(value, Decimal) else as_text(value)
    )
