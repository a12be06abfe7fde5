"""Cron: the next time a five- or six-field expression matches.

Fields: [second] minute hour day-of-month month day-of-week, with ``*``, ``?``, lists, ranges, steps, names
(JAN, MON), ``L`` (last day, ``5L`` last Friday), ``W`` (nearest weekday) and ``#`` (``MON#2``); macros such
as ``@daily``. A zone may stand before it as ``TZ=Asia/Shanghai``; otherwise it is UTC.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS = {
    name: index
    for index, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_DAYS = {name: index for index, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
_ZONE = re.compile(r"^(?:CRON_)?TZ=(\S+)\s+")
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_YEARS_AHEAD = 30


class Cron:
    """A parsed expression."""

    __slots__ = ("days", "hours", "minutes", "months", "seconds", "weekdays", "zone")

    def __init__(self, fields: list[str], zone: ZoneInfo | None) -> None:
        self.seconds = _numbers(fields[0], 0)
        self.minutes = _numbers(fields[1], 1)
        self.hours = _numbers(fields[2], 2)
        self.days = fields[3].upper()
        self.months = _numbers(fields[4], 4, _MONTHS)
        self.weekdays = fields[5].upper()
        self.zone = zone
        _month_days(self.days, 2026, 1)
        _week_days(self.weekdays, 2026, 1)

    def on(self, day: date) -> bool:
        """Tell whether a date matches."""
        if day.month not in self.months:
            return False
        return day.day in _month_days(self.days, day.year, day.month) and day.day in _week_days(
            self.weekdays, day.year, day.month
        )


def is_cron(value: str) -> bool:
    """Tell whether a text is a cron expression."""
    try:
        _parse(value)
    except (ValueError, KeyError, OSError):
        return False
    return True


@lru_cache(maxsize=256)
def _parse(value: str) -> Cron:
    value = value.strip()
    zone: ZoneInfo | None = None
    found = _ZONE.match(value)
    if found is not None:
        zone = ZoneInfo(found.group(1))
        value = value[found.end() :].strip()
    fields = _MACROS.get(value.lower(), value).split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != 6:
        raise ValueError(value)
    return Cron(fields, zone)


def _number(word: str, index: int, names: dict[str, int]) -> int:
    value = names.get(word.upper())
    if value is None:
        value = int(word)
    low, high = _BOUNDS[index]
    if not low <= value <= high:
        raise ValueError(word)
    return value


def _numbers(field: str, index: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    names = names or {}
    low, high = _BOUNDS[index]
    found: set[int] = set()
    for part in field.split(","):
        body, slash, step_text = part.partition("/")
        step = int(step_text) if slash else 1
        if step < 1:
            raise ValueError(field)
        if body in ("*", "?"):
            start, end = low, high
        elif "-" in body:
            first, _, last = body.partition("-")
            start, end = _number(first, index, names), _number(last, index, names)
        else:
            start = _number(body, index, names)
            end = high if slash else start
        if start <= end:
            found.update(range(start, end + 1, step))
        else:
            found.update(range(start, high + 1, step))
            found.update(range(low, end + 1, step))
    if not found:
        raise ValueError(field)
    return tuple(sorted(found))


def _month_days(field: str, year: int, month: int) -> frozenset[int]:
    last = calendar.monthrange(year, month)[1]
    found: set[int] = set()
    for part in field.split(","):
        if part == "L":
            found.add(last)
        elif part.startswith("L-") and part[2:].isdigit():
            found.add(last - int(part[2:]))
        elif part == "LW":
            found.add(_nearest_weekday(year, month, last))
        elif part.endswith("W") and part[:-1].isdigit():
            found.add(_nearest_weekday(year, month, min(int(part[:-1]), last)))
        else:
            found.update(day for day in _numbers(part, 3) if day <= last)
    return frozenset(found)


def _nearest_weekday(year: int, month: int, day: int) -> int:
    weekday = calendar.weekday(year, month, day)
    last = calendar.monthrange(year, month)[1]
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _week_days(field: str, year: int, month: int) -> frozenset[int]:
    first, last = calendar.monthrange(year, month)
    found: set[int] = set()
    for part in field.split(","):
        if "#" in part:
            name, _, nth = part.partition("#")
            day = 1 + ((_number(name, 5, _DAYS) - 1) % 7 - first) % 7 + 7 * (int(nth) - 1)
            if not 1 <= int(nth) <= 5:
                raise ValueError(field)
            if day <= last:
                found.add(day)
        elif part.endswith("L") and len(part) > 1:
            weekday = (_number(part[:-1], 5, _DAYS) - 1) % 7
            found.add(last - (calendar.weekday(year, month, last) - weekday) % 7)
        else:
            wanted = {(number - 1) % 7 for number in _numbers(part, 5, _DAYS)}
            found.update(day for day in range(1, last + 1) if (first + day - 1) % 7 in wanted)
    return frozenset(found)


def next_after(value: str, moment: datetime) -> datetime | None:
    """Return the first time after ``moment`` that matches, in UTC; ``None`` where there is none in sight.

    Raises:
        ValueError: The text is no cron expression.
    """
    cron = _parse(value)
    zone = cron.zone or UTC
    start = moment.astimezone(zone).replace(microsecond=0, tzinfo=None) + timedelta(seconds=1)
    day = start.date()
    clock = (start.hour, start.minute, start.second)
    for _ in range(366 * _YEARS_AHEAD):
        if cron.on(day):
            found = _time_of_day(cron, clock)
            if found is not None:
                return datetime(day.year, day.month, day.day, *found, tzinfo=zone).astimezone(UTC)
        day += timedelta(days=1)
        clock = (0, 0, 0)
    return None


def _time_of_day(cron: Cron, clock: tuple[int, int, int]) -> tuple[int, int, int] | None:
    for hour in cron.hours:
        if hour < clock[0]:
            continue
        for minute in cron.minutes:
            if hour == clock[0] and minute < clock[1]:
                continue
            for second in cron.seconds:
                if (hour, minute) == clock[:2] and second < clock[2]:
                    continue
                return hour, minute, second
    return None
