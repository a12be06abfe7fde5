"""Date and time functions and the clock (DMN 1.5, 10.3.4.6, 10.3.4.8 and 10.3.4.12)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault
from lineshaft.feel.operators import equal
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.temporal import Date, DateTime, FarDate, Time, days_of, days_of_date, weekday_of
from lineshaft.feel.values import Range, kind_of, plain

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def date_part(value: Any) -> Date:
    """Return the date of a date or date and time."""
    if isinstance(value, DateTime):
        return value.date
    if isinstance(value, datetime.date | FarDate):
        return value
    raise Fault(
        "expected a date or date and time, but found {found}",
        "应为日期或日期时间，实际为 {found}",
        found=short(value),
    )


def _same(s: Runtime, one: Any, other: Any) -> bool:
    """Tell whether two values are the same element of the semantic domain."""
    one, other = plain(one), plain(other)
    if kind_of(one) != kind_of(other):
        return False
    if isinstance(one, Time) and isinstance(other, Time):
        return one.nanoseconds == other.nanoseconds and _same_zone(one, other)
    if isinstance(one, DateTime) and isinstance(other, DateTime):
        return one.local == other.local and _same_zone(one, other)
    if isinstance(one, list) and isinstance(other, list):
        s.spend(len(one))
        return len(one) == len(other) and all(_same(s, a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        s.spend(len(one))
        return one.keys() == other.keys() and all(_same(s, item, other[key]) for key, item in one.items())
    if isinstance(one, Range):
        return bool(one == other)
    return equal(one, other, s) is True


def _same_zone(one: Time | DateTime, other: Time | DateTime) -> bool:
    if isinstance(one.zone, str) and isinstance(other.zone, str):
        return one.zone == other.zone
    return one.offset == other.offset


def _day_of_year(value: Any) -> Decimal:
    date = date_part(value)
    return Decimal(days_of_date(date) - days_of(date.year, 1, 1) + 1)


def _week_of_year(value: Any) -> Decimal:
    date = date_part(value)
    # The ISO week of a date is that of the Thursday in its week.
    thursday = days_of_date(date) + 4 - weekday_of(date)
    year = date.year
    for candidate in (year + 1, year, year - 1):
        first = days_of(candidate, 1, 1)
        if thursday >= first:
            return Decimal((thursday - first) // 7 + 1)
    raise AssertionError("every day lies in a year")


def _now(s: Runtime) -> DateTime:
    moment = s.now()
    if moment is None:
        raise Fault("no clock was given to this evaluation", "本次计算没有提供时钟")
    return moment


def _today(s: Runtime) -> Date:
    return _now(s).date


_DATE: Final = (Param("date", "value"),)

FUNCTIONS: Final = (
    Builtin(
        "is",
        "temporal",
        (Overload((Param("value1", "any"), Param("value2", "any")), _same, needs_runtime=True),),
        "boolean",
        "Whether both values are the same element of the semantic domain.",
        "两个值是否是语义域中的同一元素。",
        (
            ('is(date("2012-12-25"), time("23:00:50"))', "false"),
            ('is(date("2012-12-25"), date("2012-12-25"))', "true"),
            ('is(time("23:00:50Z"), time("23:00:50"))', "false"),
            ('is(time("23:00:50Z"), time("23:00:50+00:00"))', "true"),
        ),
    ),
    Builtin(
        "now",
        "temporal",
        (Overload((), _now, needs_runtime=True),),
        "date and time",
        "The date and time of the given clock.",
        "给定时钟的日期时间。",
        (("now() instance of date and time", "true"),),
    ),
    Builtin(
        "today",
        "temporal",
        (Overload((), _today, needs_runtime=True),),
        "date",
        "The date of the given clock.",
        "给定时钟的日期。",
        (("today() instance of date", "true"),),
    ),
    Builtin(
        "day of year",
        "temporal",
        (Overload(_DATE, _day_of_year),),
        "number",
        "The day within the year.",
        "一年中的第几天。",
        (("day of year(date(2019, 9, 17))", "260"),),
    ),
    Builtin(
        "day of week",
        "temporal",
        (Overload(_DATE, lambda value: DAYS[weekday_of(date_part(value)) - 1]),),
        "string",
        "The English name of the day of the week.",
        "星期的英文名。",
        (("day of week(date(2019, 9, 17))", '"Tuesday"'),),
    ),
    Builtin(
        "month of year",
        "temporal",
        (Overload(_DATE, lambda value: MONTHS[date_part(value).month - 1]),),
        "string",
        "The English name of the month.",
        "月份的英文名。",
        (("month of year(date(2019, 9, 17))", '"September"'),),
    ),
    Builtin(
        "week of year",
        "temporal",
        (Overload(_DATE, _week_of_year),),
        "number",
        "The week within the year (ISO 8601).",
        "一年中的第几周（ISO 8601）。",
        (
            ("week of year(date(2019, 9, 17))", "38"),
            ("week of year(date(2003, 12, 29))", "1"),
            ("week of year(date(2005, 1, 1))", "53"),
        ),
    ),
)
