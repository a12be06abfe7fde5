"""Time tables: when a timer is due, reckoned from a given ``now``; no clock is read.

Takes ISO 8601 dates (with offset or ``@Zone``; a local one is UTC), durations, repeating intervals
(``R3/PT10S``, ``R/2026-03-01T08:00:00Z/P1D``, ``R2/PT1H/2026-…``, ``PT1S###PT2S`` for a first time and then
the others), and cron with five or six fields, whose zone may stand before it
(``TZ=Asia/Shanghai 0 0 9 * * MON-FRI``).
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import Text, text
from lineshaft.bpmn.kernel import cron, workdays

FOREVER = -1
_DURATION = re.compile(
    r"^(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?$"
)
_DATE = re.compile(
    r"^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?"
    r"(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?(?:\[([\w/+\-]+)\]|@([\w/+\-]+))?$"
)
_REPEAT = re.compile(r"^R(-1|\d*)/(.+)$")


class ScheduleError(ExpressionError):
    """A timer's value is no date, duration or cycle."""

    default_code = "timer_invalid"


def _bad(value: object, what: Text) -> ScheduleError:
    return ScheduleError(
        text(
            f"Expected {what.en}, but found {{value!r}}",
            f"应为{what.zh}，但为 {{value!r}}",
            value=value,
        )
    )


_DURATION_NAME = text("an ISO 8601 duration such as PT1H", "ISO 8601 时长（如 PT1H）")
_DATE_NAME = text("an ISO 8601 date and time such as 2026-03-01T08:00:00Z", "ISO 8601 日期时间")
_CYCLE_NAME = text("a cycle such as R3/PT10S or a cron expression", "循环（如 R3/PT10S）或 cron 表达式")


def parse_duration(value: str) -> tuple[int, timedelta]:
    """Return a duration as months and the exact rest.

    Raises:
        ScheduleError: It is none.
    """
    found = _DURATION.match(value.strip())
    if found is None or value.strip().rstrip("T") in ("P", "-P") or value.strip().endswith("T"):
        raise _bad(value, _DURATION_NAME)
    parts = found.groupdict(default="0")
    sign = -1 if found.group("sign") else 1
    seconds = float(parts["seconds"].replace(",", "."))
    try:
        rest = timedelta(
            weeks=int(parts["weeks"]),
            days=int(parts["days"]),
            hours=int(parts["hours"]),
            minutes=int(parts["minutes"]),
            seconds=seconds,
        )
    except OverflowError:
        raise _bad(value, _DURATION_NAME) from None
    return sign * (int(parts["years"]) * 12 + int(parts["months"])), sign * rest


def add_duration(start: datetime, value: str) -> datetime:
    """Return ``start`` later by a duration; months keep the day where the month has it."""
    months, rest = parse_duration(value)
    try:
        if months:
            index = start.year * 12 + start.month - 1 + months
            year, month = divmod(index, 12)
            day = min(start.day, calendar.monthrange(year, month + 1)[1])
            start = start.replace(year=year, month=month + 1, day=day)
        return start + rest
    except (OverflowError, ValueError):
        raise _bad(value, _DURATION_NAME) from None


def parse_date(value: Any) -> datetime:
    """Return a date as an aware datetime in UTC.

    Raises:
        ScheduleError: It is none.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    found = _DATE.match(str(value).strip())
    if found is None:
        raise _bad(value, _DATE_NAME)
    year, month, day, hour, minute, second, fraction, offset, zone_a, zone_b = found.groups()
    zone = zone_a or zone_b
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(  # noqa: DTZ001  (its zone is set below)
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro
        )
        if zone and not offset:
            return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return moment.replace(tzinfo=_offset(offset)).astimezone(UTC)
    except (ValueError, OverflowError, KeyError, OSError):
        raise _bad(value, _DATE_NAME) from None


def _offset(value: str | None) -> timezone:
    if value is None or value == "Z":
        return UTC
    digits = value[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if value[0] == "-" else delta)


def _working(start: datetime, value: str, calendar_text: str) -> datetime:
    """Return ``start`` later by a duration of working days and working time."""
    months, rest = parse_duration(value)
    days, hours = divmod(rest, timedelta(days=1))
    try:
        if months:
            start = add_duration(start, f"P{months}M")
        return workdays.add(start, days, hours, workdays.calendar_of(calendar_text))
    except ValueError:
        raise _bad(value, _DURATION_NAME) from None


def first(
    kind: str, value: Any, now: datetime, calendar_text: str | None = None
) -> tuple[datetime, str | None, int]:
    """Return when a timer is first due, its cycle, and how often it fires after that (-1: for ever).

    Args:
        kind: ``date``, ``duration`` or ``cycle``.
        value: Text, or a FEEL value whose text is ISO 8601.
        now: The time of the step.
        calendar_text: A working calendar; a duration then counts working time only.

    Raises:
        ScheduleError: The value is not of that kind.
    """
    if value is None:
        raise _bad(value, _DURATION_NAME if kind == "duration" else _DATE_NAME)
    if kind == "date":
        return parse_date(value), None, 0
    shown = _duration_text(value) if isinstance(value, timedelta) else str(value).strip()
    if kind == "duration" and calendar_text is not None:
        return _working(now, shown, calendar_text), None, 0
    if kind == "duration":
        return add_duration(now, shown), None, 0
    return _first_of_cycle(shown, now)


def _duration_text(value: timedelta) -> str:
    seconds = value.total_seconds()
    return f"-PT{-seconds:f}S" if seconds < 0 else f"PT{seconds:f}S"


def _first_of_cycle(value: str, now: datetime) -> tuple[datetime, str | None, int]:
    if "###" in value:
        delay, _, interval = value.partition("###")
        parse_duration(interval)
        return add_duration(now, delay), interval, FOREVER
    found = _REPEAT.match(value)
    if found is None:
        if cron.is_cron(value):
            due = cron.next_after(value, now)
            if due is None:
                raise _bad(value, _CYCLE_NAME)
            return due, value, FOREVER
        raise _bad(value, _CYCLE_NAME)
    times = FOREVER if found.group(1) in ("", "-1") else int(found.group(1))
    parts = found.group(2).split("/")
    if len(parts) == 1:
        interval, due = parts[0], add_duration(now, parts[0])
    elif len(parts) == 2 and parts[1].startswith(("P", "-P")):
        interval, due = parts[1], parse_date(parts[0])
        parse_duration(interval)
        if due < now and times != 0:
            due, times = _catch_up(due, interval, now, times)
    elif len(parts) == 2:
        interval, end = parts[0], parse_date(parts[1])
        due = add_duration(now, interval)
        if times == FOREVER and due > end:
            due = end
    else:
        raise _bad(value, _CYCLE_NAME)
    if times == 0:
        raise _bad(value, _CYCLE_NAME)
    return due, interval, times if times == FOREVER else times - 1


def _catch_up(start: datetime, interval: str, now: datetime, times: int) -> tuple[datetime, int]:
    """Skip the repetitions of a started interval that are over."""
    months, rest = parse_duration(interval)
    due = start
    if not months and rest > timedelta():
        skipped = -((start - now) // rest)
        if times != FOREVER:
            skipped = min(skipped, times - 1)
            times -= skipped
        return start + rest * skipped, times
    while due < now and times not in (0, 1) and (months > 0 or rest > timedelta()):
        due = add_duration(due, interval)
        times = times if times == FOREVER else times - 1
    return due, times


def following(cycle: str, due: datetime, now: datetime) -> datetime | None:
    """Return when a cycle is due after it was due at ``due``; ``None`` where it never is again."""
    if cycle.startswith(("P", "-P")):
        return add_duration(due, cycle)
    return cron.next_after(cycle, max(due, now))
