"""Working time: durations that only pass while a firm works.

A calendar is one line of text, on the process or the timer's element as the property ``workingCalendar``::

    TZ=Asia/Shanghai MON-FRI 08:00-12:00,13:30-17:30; off 2026-10-01..2026-10-07; on 2026-10-10

Days and weeks of a duration count working days and keep the time of day; hours, minutes and seconds count
working time only. ``off`` takes days out, ``on`` puts days in (with the hours of the first rule).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")
_DAYS_AHEAD_MAX = 3660
_MIDNIGHT = time.max
"""Stands for 24:00, which no clock shows."""

Span = tuple[time, time]


class WorkCalendar:
    """When a firm works."""

    __slots__ = ("off", "on", "week", "zone")

    def __init__(self, source: str) -> None:
        self.zone: ZoneInfo | None = None
        self.week: dict[int, tuple[Span, ...]] = {}
        self.off: set[date] = set()
        self.on: set[date] = set()
        source = source.strip()
        if source.startswith("TZ="):
            zone, _, source = source[3:].partition(" ")
            self.zone = ZoneInfo(zone)
        for rule in source.split(";"):
            words = rule.split()
            if not words:
                continue
            if words[0].lower() in ("off", "on"):
                chosen = self.off if words[0].lower() == "off" else self.on
                for word in words[1:]:
                    chosen.update(_dates(word))
            elif len(words) == 2:
                spans = tuple(_span(part) for part in words[1].split(","))
                for day in _weekdays(words[0].upper()):
                    self.week[day] = spans
            else:
                raise ValueError(rule)
        if not self.week:
            raise ValueError(source)

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the working hours of a day."""
        if day in self.off:
            return ()
        found = self.week.get(day.weekday(), ())
        return found or (next(iter(self.week.values())) if day in self.on else ())


def _span(text: str) -> Span:
    found = _HOURS.match(text)
    if found is None:
        raise ValueError(text)
    hour, minute, last_hour, last_minute = map(int, found.groups())
    end = _MIDNIGHT if (last_hour, last_minute) == (24, 0) else time(last_hour, last_minute)
    start = time(hour, minute)
    if start >= end:
        raise ValueError(text)
    return start, end


def _weekdays(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = _DAYS.index(first)
        end = _DAYS.index(last) if dash else start
        found += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return found


def _dates(text: str) -> list[date]:
    first, _, last = text.partition("..")
    start = date.fromisoformat(first)
    end = date.fromisoformat(last) if last else start
    if not 0 <= (end - start).days <= _DAYS_AHEAD_MAX:
        raise ValueError(text)
    return [start + timedelta(days=index) for index in range((end - start).days + 1)]


@lru_cache(maxsize=64)
def calendar_of(source: str) -> WorkCalendar:
    """Return the calendar that a text describes.

    Raises:
        ValueError: The text is no calendar.
    """
    try:
        return WorkCalendar(source)
    except (KeyError, OSError) as error:
        raise ValueError(str(error)) from None


def add(start: datetime, days: int, rest: timedelta, calendar: WorkCalendar) -> datetime:
    """Return ``start`` later by working days and working time, in UTC.

    Raises:
        ValueError: The firm does not work that long within ten years.
    """
    zone = calendar.zone or UTC
    moment = start.astimezone(zone).replace(tzinfo=None)
    day = moment.date()
    for _ in range(_DAYS_AHEAD_MAX):
        if days <= 0:
            break
        day += timedelta(days=1)
        if calendar.spans(day):
            days -= 1
    moment = datetime.combine(day, moment.time())  # its zone is set at the end
    if rest > timedelta():
        moment = _pass(moment, rest, calendar)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _pass(moment: datetime, rest: timedelta, calendar: WorkCalendar) -> datetime:
    day = moment.date()
    for _ in range(_DAYS_AHEAD_MAX):
        for first, last in calendar.spans(day):
            begin, end = datetime.combine(day, first), datetime.combine(day, last)
            if last == _MIDNIGHT:
                end = datetime.combine(day + timedelta(days=1), time())
            begin = max(begin, moment)
            if begin >= end:
                continue
            if rest <= end - begin:
                return begin + rest
            rest -= end - begin
        day += timedelta(days=1)
    raise ValueError("no working time in sight")
