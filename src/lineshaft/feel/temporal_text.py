"""Reading dates, times, date-times and durations from text (DMN 1.5, 10.3.4.1).

Every function returns ``None`` for text that is not of its kind; nothing is guessed.
"""

from __future__ import annotations

import re
from typing import Final

from lineshaft.feel.temporal import (
    DAY_NANOS,
    NANOS,
    OFFSET_SECONDS_MAX,
    Date,
    DateTime,
    DaysTimeDuration,
    Time,
    YearsMonthsDuration,
    Zone,
    date_of_days,
    days_of_date,
    make_date,
    zone_exists,
)

_DATE: Final = r"(?P<year>-?(?:[1-9][0-9]{4,8}|[0-9]{4}))-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME: Final = (
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,30})?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
    r"(?:@(?P<at>[A-Za-z0-9_+\-/]{1,64})|\[(?P<bracket>[A-Za-z0-9_+\-/]{1,64})\])?"
)
_DATE_RE: Final = re.compile(_DATE)
_TIME_RE: Final = re.compile(f"T?{_TIME}")
_DATE_TIME_RE: Final = re.compile(f"{_DATE}(?:T{_TIME})?")
_DAYS_TIME_RE: Final = re.compile(
    r"(?P<sign>-)?P(?=[0-9T])(?:(?P<days>[0-9]{1,18})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,18})H)?(?:(?P<minutes>[0-9]{1,18})M)?"
    r"(?:(?P<seconds>[0-9]{1,18})(?P<fraction>\.[0-9]{1,30})?S)?)?"
)
_YEARS_MONTHS_RE: Final = re.compile(
    r"(?P<sign>-)?P(?=[0-9])(?:(?P<years>[0-9]{1,18})Y)?(?:(?P<months>[0-9]{1,18})M)?"
)
_NOT_A_ZONE: Final = object()


def parse_date(value: str) -> Date | None:
    """Read ``2012-12-25``; years from -999999999 to 999999999."""
    match = _DATE_RE.fullmatch(value)
    return None if match is None else _date(match)


def _date(match: re.Match[str]) -> Date | None:
    return make_date(int(match["year"]), int(match["month"]), int(match["day"]))


def _fraction(digits: str | None) -> int:
    return int((digits[1:] + "000000000")[:9]) if digits else 0


def _clock(match: re.Match[str]) -> int | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if minute > 59 or second > 59:
        return None
    clock = (hour * 3600 + minute * 60 + second) * NANOS + _fraction(match["fraction"])
    # 24:00:00 is the end of the day in XML Schema, and nothing behind it is.
    return clock if clock <= DAY_NANOS else None


def _zone(match: re.Match[str]) -> Zone | object:
    offset, at, bracket = match["zone"], match["at"], match["bracket"]
    if at is not None:
        # An offset together with an id by "@" is two zones in one time.
        return at if offset is None and zone_exists(at) else _NOT_A_ZONE
    if bracket is not None:
        return bracket if zone_exists(bracket) else _NOT_A_ZONE
    if offset is None:
        return None
    if offset in "Zz":
        return 0
    parts = [int(part) for part in offset[1:].split(":")]
    if parts[1] > 59 or parts[-1] > 59:
        return _NOT_A_ZONE
    seconds = parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)
    if seconds > OFFSET_SECONDS_MAX:
        return _NOT_A_ZONE
    return -seconds if offset[0] == "-" else seconds


def parse_time(value: str) -> Time | None:
    """Read ``11:45:30``, ``11:45:30.5Z``, ``11:45:30+02:00``, ``11:45:30@Europe/Paris``."""
    match = _TIME_RE.fullmatch(value)
    if match is None:
        return None
    clock, zone = _clock(match), _zone(match)
    if clock is None or zone is _NOT_A_ZONE:
        return None
    return Time(clock % DAY_NANOS, zone)  # type: ignore[arg-type]


def parse_date_time(value: str) -> DateTime | None:
    """Read a date, optionally followed by ``T`` and a time; without a time it is midnight, local."""
    match = _DATE_TIME_RE.fullmatch(value)
    if match is None:
        return None
    date = _date(match)
    if date is None:
        return None
    if match["hour"] is None:
        return DateTime(date, 0, None)
    clock, zone = _clock(match), _zone(match)
    if clock is None or zone is _NOT_A_ZONE:
        return None
    if clock == DAY_NANOS:
        following = date_of_days(days_of_date(date) + 1)
        return None if following is None else DateTime(following, 0, zone)  # type: ignore[arg-type]
    return DateTime(date, clock, zone)  # type: ignore[arg-type]


def parse_duration(value: str) -> DaysTimeDuration | YearsMonthsDuration | None:
    """Read ``P1Y2M`` or ``P3DT4H5M6.7S``; a mixture of both is neither."""
    match = _YEARS_MONTHS_RE.fullmatch(value)
    if match is not None:
        months = int(match["years"] or 0) * 12 + int(match["months"] or 0)
        return YearsMonthsDuration(-months if match["sign"] else months)
    match = _DAYS_TIME_RE.fullmatch(value)
    if match is None:
        return None
    size = int(match["days"] or 0) * DAY_NANOS + _fraction(match["fraction"])
    size += (int(match["hours"] or 0) * 3600 + int(match["minutes"] or 0) * 60) * NANOS
    size += int(match["seconds"] or 0) * NANOS
    return DaysTimeDuration(-size if match["sign"] else size)


def parse_at(value: str) -> Date | Time | DateTime | DaysTimeDuration | YearsMonthsDuration | None:
    """Read the text of an ``@"…"`` literal: whichever of the five kinds it is."""
    if value[:1] == "P" or value[:2] == "-P":
        return parse_duration(value)
    return parse_date(value) or parse_date_time(value) or parse_time(value)
