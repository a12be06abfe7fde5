"""Polling: what changed since a cursor, page by page.

A cursor remembers the position that was read, the greatest value met since, and where in the list to go on,
so that a restart between two pages loses nothing. Every complete reading begins again a declared overlap
before the position: targets commit late. The hub drops what it has seen by the change's id.

Where a target has no time of change, the whole list is read and compared with what the cursor remembers of
the last one (``snapshot``): an id and a digest for each record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import msgspec

from lineshaft import feel
from lineshaft.base.clock import Clock
from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Expression, Names
from lineshaft.connectors.http.facts import as_list, changes_of, planned
from lineshaft.connectors.http.model import ChangesRule, CursorRule
from lineshaft.connectors.http.paging import Place, following, is_recheck
from lineshaft.connectors.http.shortcuts import ASIDE, counter
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.times import NotATime, earlier, format_moment, moment_of
from lineshaft.connectors.http.transport import Reply
from lineshaft.connectors.http.wire import encode_json
from lineshaft.sdk.outcomes import Change, ChangePage

_VERSION: Final = 2
SAMPLE_DAYS: Final = 366
OVERLAP_DEFAULT_S: Final = 2.0
"""Time stamps of seconds: two records of the same second may fall on both sides of a reading."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reading stands. Values keep whether they are numbers (``n``), texts (``s``) or nothing."""

    since: Any = None
    high: Any = None
    page: int = 1
    offset: int = 0
    token: str | None = None
    full: int = 0
    doubt: int = 0
    """What was learned of the size of pages; see ``paging.Place``."""
    mark: str = ""
    """Digest of the last page, to notice a list that stands still."""
    known: Mapping[str, str] = field(default_factory=dict)
    """``snapshot``: each record's digest at the last complete reading."""
    met: Mapping[str, str] = field(default_factory=dict)
    """``snapshot``: those of the reading under way."""
    missed: Sequence[str] = ()
    """``snapshot``: ids that a reading over several pages did not meet; this one looks for them again."""


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON, decimals as tagged text."""
    raw = {
        "v": _VERSION,
        "since": _tag(position.since),
        "high": _tag(position.high),
        "page": position.page,
        "offset": position.offset,
        "token": position.token,
    }
    for name in ("full", "doubt", "mark", "known", "met", "missed"):
        if getattr(position, name):
            raw[name] = getattr(position, name)
    return msgspec.json.encode(raw)


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this engine.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] not in (1, _VERSION):
            raise KeyError("v")
        return Position(
            _untag(raw["since"]),
            _untag(raw["high"]),
            raw["page"],
            raw["offset"],
            raw["token"],
            raw.get("full", 0),
            raw.get("doubt", 0),
            raw.get("mark", ""),
            raw.get("known", {}),
            raw.get("met", {}),
            raw.get("missed", ()),
        )
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


Fetch = Callable[[Names], Awaitable[tuple[Names, Reply | None]]]
"""Sends the list request with these names and returns the names of its (judged) answer."""
Detail = Callable[[Any], Awaitable[Any]]
"""Reads one record of a list in full; ``None``: it is gone meanwhile."""
Fits = Callable[[Any], None]
"""Raises ``Invalid`` where a record does not fit the declared fields."""


@dataclass(frozen=True, slots=True)
class Source:
    """How a list is asked for, and what else happens to its records."""

    fetch: Fetch
    detail: Detail | None = None
    fits: Fits | None = None


async def read_changes(
    rule: ChangesRule,
    cursor: bytes | None,
    settings: Names,
    clock: Clock,
    source: Source,
    *,
    zone: tzinfo = UTC,
) -> ChangePage:
    """Return one page of changes and the cursor behind it.

    Raises:
        Invalid: The records are not as declared.
        ConnectorError: What ``source`` raises.
    """
    position = decode_position(cursor) if cursor is not None else _start(rule, settings, clock)
    place = Place(position.page, position.offset, position.token, position.full, position.doubt)
    try:
        since = _since(rule.cursor, position.since, zone)
    except NotATime:
        since = position.since
    request_names = {"settings": settings, "cursor": since, **place.names(rule.paging)}
    names, reply = await source.fetch(request_names)
    try:
        records = as_list(rule.records.value({**request_names, **names}))
        if source.fits is not None:
            for record in records:
                source.fits(record)
        mark = _mark(records)
        further = (
            None if rule.cursor.next is not None else following(rule.paging, place, names, records, reply)
        )
        if (
            further is not None
            and records
            and mark == position.mark
            and rule.paging.kind in ("page", "offset")
        ):
            raise _repeats(rule)
        if further is not None and is_recheck(rule.paging, place, records):
            return ChangePage((), encode_position(_at(position, further)), True)
        if rule.cursor.snapshot is not None:
            return await _compared(rule, position, records, further, _Told(settings, zone, source, mark))
        high = position.high
        if rule.cursor.field is not None:
            high = _greatest(high, _values(rule.cursor.field, records, settings), zone)
        changes = await _told(rule, records, _Told(settings, zone, source, mark))
        if rule.cursor.next is not None:
            next_position, more = _by_answer(rule, position, names, records)
        elif further is not None:
            next_position = replace(_at(position, further), high=high, mark=mark)
            more = True
        else:
            next_position, more = _end(rule, position, high, zone), False
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    return ChangePage(tuple(changes), encode_position(next_position), more)


@dataclass(frozen=True, slots=True)
class _Told:
    """What telling a list's records takes besides them."""

    settings: Names
    zone: tzinfo
    source: Source
    mark: str


async def _told(rule: ChangesRule, records: Sequence[Any], how: _Told) -> list[Change]:
    found: list[Change] = []
    inner = {"item": None, "settings": how.settings, "detail": None, "change": "changed", "digest": ""}
    if rule.detail is None:
        plan = rule.event.plan
        for record in records:
            quick = planned(plan, record, how.zone) if plan is not None else None
            if quick is not None:
                found.append(quick)
                continue
            inner["item"] = record
            if rule.digests:
                inner["digest"] = _digest(record)
            found += changes_of(rule.event, inner, how.zone)
        return found
    details = await _details(rule, records, how.source.detail)
    for record, detail in zip(records, details, strict=True):
        if detail is not None:
            inner |= {"item": record, "detail": detail, "digest": _digest(detail) if rule.digests else ""}
            found += changes_of(rule.event, inner, how.zone)
    return found


async def _details(rule: ChangesRule, records: Sequence[Any], detail: Detail | None) -> list[Any]:
    if rule.detail is None or detail is None:
        return [None] * len(records)
    gate = asyncio.Semaphore(rule.detail.concurrency)

    async def one(record: Any) -> Any:
        async with gate:
            return await detail(record)

    found = list(await asyncio.gather(*(one(record) for record in records)))
    if records and all(each is None for each in found):
        # One that was deleted meanwhile is left out; all of them at once means a wrong path.
        raise ExpressionError(
            text(
                "Expected the records of the list to be read in full, but not one of them was found",
                "列表中的记录无一能读取明细",
            ),
            hint=text("look at changes.detail.path", "请核对 changes.detail.path"),
        )
    return found


async def _compared(
    rule: ChangesRule, position: Position, records: list[Any], further: Place | None, how: _Told
) -> ChangePage:
    """Tell what is new, different or gone since the last complete reading of the list."""
    assert rule.cursor.snapshot is not None
    first = position.since is None
    met = dict(position.met)
    fresh = []
    for record in records:
        identity = as_text(rule.cursor.snapshot.value({"item": record, "settings": how.settings}))
        digest = _digest(record)
        if position.known.get(identity) != digest and met.get(identity) != digest:
            fresh.append((record, identity, digest))
        met[identity] = digest
    if len(met) > rule.cursor.records_max:
        raise ExpressionError(
            text(
                "Expected at most {limit} records to be compared, but there are more",
                "全量比较的记录不得超过 {limit} 条",
                limit=rule.cursor.records_max,
            ),
            hint=text(
                "use a cursor over a time of change, or raise cursor.max",
                "改用修改时间游标,或提高 cursor.max",
            ),
        )
    changes = await _fresh(rule, fresh, position, how)
    if further is not None:
        following_position = replace(_at(position, further), mark=how.mark, met=met)
        return ChangePage(tuple(changes), encode_position(following_position), True)
    gone = [identity for identity in position.known if identity not in met]
    if first or not rule.cursor.deleted:
        gone = []
    elif gone and not position.missed and position.met and rule.paging.kind in ("page", "offset"):
        # What was deleted between two pages moved the others up, and one of them slipped past the reading: a
        # record is gone when a second reading does not meet it either.
        again = Position(position.since, page=rule.paging.first, known={**position.known, **met}, missed=gone)
        return ChangePage(tuple(changes), encode_position(again), True)
    for identity in gone:
        if position.missed and identity not in position.missed:
            # Missed by this reading only: it is known still, and looked for the next time.
            met[identity] = position.known[identity]
            continue
        inner = {
            "item": {"id": identity},
            "settings": how.settings,
            "detail": None,
            "change": "deleted",
            "digest": _digest([identity, position.known[identity]]),
        }
        changes += changes_of(rule.event, inner, how.zone)
    end = Position(since="read", page=rule.paging.first, known=met)
    return ChangePage(tuple(changes), encode_position(end), False)


async def _fresh(
    rule: ChangesRule, fresh: list[tuple[Any, str, str]], position: Position, how: _Told
) -> list[Change]:
    details = await _details(rule, [record for record, _, _ in fresh], how.source.detail)
    found: list[Change] = []
    for (record, identity, digest), detail in zip(fresh, details, strict=True):
        if rule.detail is not None and detail is None:
            continue
        inner = {
            "item": record,
            "settings": how.settings,
            "detail": detail,
            "change": "changed" if identity in position.known else "created",
            "digest": digest,
        }
        found += changes_of(rule.event, inner, how.zone)
    return found


def _at(position: Position, place: Place) -> Position:
    return replace(
        position,
        page=place.page,
        offset=place.offset,
        token=place.token,
        full=place.full,
        doubt=place.doubt,
        mark="",
    )


def _digest(record: Any) -> str:
    # The order of keys says nothing; 12 bytes are enough for a list of some thousands.
    return blake2b(encode_json(_sorted(record)), digest_size=12).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(entry) for entry in value]
    return value


def _mark(records: list[Any]) -> str:
    return _digest([records[0], records[-1], len(records)]) if records else ""


def _repeats(rule: ChangesRule) -> ExpressionError:
    return ExpressionError(
        text(
            "Expected page after page, but the target gives the same one again",
            "应逐页返回,目标系统却重复返回同一页",
        ),
        hint=text(
            "look at `paging` ({kind}) and at the names of its parameters in `query`",
            "请核对 `paging`({kind})与 `query` 中的翻页参数名",
            kind=rule.paging.kind,
        ),
    )


def _start(rule: ChangesRule, settings: Names, clock: Clock) -> Position:
    first = rule.paging.first
    if rule.cursor.start is None:
        return Position(page=first)
    since = rule.cursor.start.value({"now": clock.now(), "settings": settings})
    return Position(since=since, page=first)


def sample_cursor(rule: ChangesRule, settings: Names, clock: Clock, zone: tzinfo) -> Any:
    """Return the cursor of a look at some records: a year of them, where readings begin now."""
    since = _start(rule, settings, clock).since
    if isinstance(since, feel.DateTime):
        since = since.to_python()
    if isinstance(since, datetime):
        since -= timedelta(days=SAMPLE_DAYS)
    try:
        return _since(rule.cursor, since, zone)
    except NotATime:
        return since


def _since(rule: CursorRule, since: Any, zone: tzinfo) -> Any:
    """Return the cursor as the request sees it: the overlap earlier, in the declared style."""
    if since is None:
        return None
    if isinstance(since, int | Decimal) and not isinstance(since, bool):
        back = Decimal(since) - rule.overlap
        if rule.overlap_s:
            # A number that is a time: seconds, or milliseconds.
            back -= Decimal(str(rule.overlap_s)) * (1000 if abs(Decimal(since)) >= 100_000_000_000 else 1)
        return max(Decimal(0), back) if since >= 0 else back
    overlap_s = OVERLAP_DEFAULT_S if rule.overlap_s is None else rule.overlap_s
    if isinstance(since, feel.DateTime):  # `start: now`
        since = since.to_python()
    if isinstance(since, datetime):
        since = since - timedelta(seconds=overlap_s)
        return since if rule.style is None else format_moment(since, rule.style, zone)
    if not isinstance(since, str) or not since:
        return since
    if rule.style is not None:
        own = rule.style if "%" in rule.style else None
        try:
            moment = moment_of(since, zone)
        except NotATime:
            moment = moment_of(since, zone, own)
        return format_moment(moment - timedelta(seconds=overlap_s), rule.style, zone)
    return earlier(since, overlap_s, zone) if overlap_s else since


def _values(field: Expression, records: Sequence[Any], settings: Names) -> Iterator[Any]:
    names = {"item": None, "settings": settings}
    short = counter(field.source)
    for record in records:
        names["item"] = record
        value = ASIDE if short is None else short(names)
        yield field.value(names) if value is ASIDE else value


def _greatest(high: Any, values: Iterable[Any], zone: tzinfo) -> Any:
    """Return the greatest of ``high`` and ``values``; whole numbers, the common case, without a detour."""
    number: int | None = None
    for value in values:
        if type(value) is int:
            if number is None or value > number:
                number = value
        else:
            high = _greater(high, value, zone)
    return high if number is None else _greater(high, number, zone)


def _greater(high: Any, value: Any, zone: tzinfo) -> Any:
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
    try:
        return max(_comparable(high, zone), _comparable(value, zone), key=lambda pair: pair[0])[1]
    except TypeError:
        # One of the two is a time stamp and the other is not: they are ordered as texts.
        return max(high, value)


def _comparable(value: Any, zone: tzinfo) -> tuple[Any, Any]:
    """Order time stamps by the moment they mean, other texts by their characters."""
    if isinstance(value, str):
        try:
            return (moment_of(value, zone).timestamp(), value)
        except NotATime:
            return (value, value)
    return (value, value)


def _by_answer(
    rule: ChangesRule, position: Position, names: Names, records: list[Any]
) -> tuple[Position, bool]:
    """The answer's own cursor goes on from page to page and from poll to poll."""
    assert rule.cursor.next is not None
    value = rule.cursor.next.value(names)
    since = position.since if value in (None, "") else value
    if isinstance(since, int):
        since = Decimal(since)
    moved = since != position.since
    if rule.paging.more is not None:
        return Position(since=since), moved and rule.paging.more.lenient(names) is True
    return Position(since=since), moved and len(records) >= rule.paging.size


def _end(rule: ChangesRule, position: Position, high: Any, zone: tzinfo) -> Position:
    end = position.since if high is None else _greater(_plain(position.since), high, zone)
    return Position(since=end, page=rule.paging.first)


def _plain(value: Any) -> Any:
    if value is None:
        return None
    return (
        Decimal(value) if isinstance(value, int) else value if isinstance(value, Decimal) else as_text(value)
    )
