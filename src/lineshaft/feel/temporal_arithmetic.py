"""Calculating with dates, times and durations (DMN 1.5, tables 57 and 59).

Every function returns ``None`` where the result is outside the calendar or not defined.
"""

from __future__ import annotations

import datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any, Final

from lineshaft.feel.numbers import CONTEXT
from lineshaft.feel.temporal import (
    DAY_NANOS,
    YEAR_MAX,
    Date,
    DateTime,
    DaysTimeDuration,
    FarDate,
    Time,
    YearsMonthsDuration,
    date_of_days,
    date_time_of_instant,
    days_in_month,
    days_of_date,
    make_date,
)

_NANOSECONDS_MAX: Final = 10**30
_MONTHS_MAX: Final = 10**20
_TRUNCATE: Final = Context(prec=60, rounding=ROUND_DOWN)


def add_months(date: Date, months: int) -> Date | None:
    """Return the date some months later; a day that month lacks becomes its last day."""
    years, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if abs(years) > YEAR_MAX:
        return None
    return make_date(years, month + 1, min(date.day, days_in_month(years, month + 1)))


def add_days_time(value: Any, nanoseconds: int) -> Any:
    """Return a date, date-time or time moved by a days and time duration.

    A date counts as midnight UTC and the result is a date; a time stays within its day.
    """
    if isinstance(value, Time):
        return Time((value.nanoseconds + nanoseconds) % DAY_NANOS, value.zone)
    if isinstance(value, DateTime):
        if value.zone is None:
            return date_time_of_instant(value.local + nanoseconds, None)
        return date_time_of_instant(value.instant + nanoseconds, value.zone)
    return date_of_days(days_of_date(value) + nanoseconds // DAY_NANOS)


def add_years_months(value: Any, months: int) -> Any:
    """Return a date or date-time moved by a years and months duration."""
    if isinstance(value, DateTime):
        date = add_months(value.date, months)
        return None if date is None else DateTime(date, value.nanoseconds, value.zone)
    return add_months(value, months)


def add(left: Any, right: Any) -> Any:
    """Return the sum of two values of which at least one is temporal; ``NotImplemented`` if undefined."""
    if isinstance(left, DaysTimeDuration | YearsMonthsDuration) and not isinstance(
        right, DaysTimeDuration | YearsMonthsDuration
    ):
        left, right = right, left
    if isinstance(right, DaysTimeDuration):
        if isinstance(left, DaysTimeDuration):
            return days_time(left.nanoseconds + right.nanoseconds)
        if isinstance(left, Time | DateTime | datetime.date | FarDate):
            return add_days_time(left, right.nanoseconds)
    elif isinstance(right, YearsMonthsDuration):
        if isinstance(left, YearsMonthsDuration):
            return years_months(left.months + right.months)
        if isinstance(left, DateTime | datetime.date | FarDate):
            return add_years_months(left, right.months)
    return NotImplemented


def subtract(left: Any, right: Any) -> Any:
    """Return the difference; ``NotImplemented`` if undefined."""
    if isinstance(right, DaysTimeDuration):
        if isinstance(left, YearsMonthsDuration):
            return NotImplemented
        return add(left, DaysTimeDuration(-right.nanoseconds))
    if isinstance(right, YearsMonthsDuration):
        if isinstance(left, DaysTimeDuration):
            return NotImplemented
        return add(left, YearsMonthsDuration(-right.months))
    if isinstance(left, Time) and isinstance(right, Time):
        if (left.zone is None) != (right.zone is None):
            return NotImplemented
        return DaysTimeDuration(left.in_utc - right.in_utc)
    moments = []
    for value in (left, right):
        if isinstance(value, datetime.date | FarDate):
            moments.append(DateTime(value, 0, 0))
        elif isinstance(value, DateTime):
            moments.append(value)
    if len(moments) != 2 or (moments[0].zone is None) != (moments[1].zone is None):
        return NotImplemented
    return DaysTimeDuration(moments[0].instant - moments[1].instant)


def days_time(nanoseconds: int) -> DaysTimeDuration | None:
    """Return a duration, or ``None`` where it is absurdly long."""
    return DaysTimeDuration(nanoseconds) if abs(nanoseconds) <= _NANOSECONDS_MAX else None


def years_months(months: int) -> YearsMonthsDuration | None:
    """Return a duration, or ``None`` where it is absurdly long."""
    return YearsMonthsDuration(months) if abs(months) <= _MONTHS_MAX else None


def _whole(number: Decimal) -> int | None:
    if number.adjusted() > 31:
        return None
    return int(number.to_integral_value(rounding=ROUND_DOWN, context=_TRUNCATE))


def scale(duration: Any, factor: Decimal, *, divide: bool = False) -> Any:
    """Return a duration multiplied or divided by a number; parts below its unit are cut off."""
    calculate = _TRUNCATE.divide if divide else _TRUNCATE.multiply
    if isinstance(duration, DaysTimeDuration):
        size = _whole(calculate(Decimal(duration.nanoseconds), factor))
        return None if size is None else days_time(size)
    size = _whole(calculate(Decimal(duration.months), factor))
    return None if size is None else years_months(size)


def ratio(left: Any, right: Any) -> Decimal | None:
    """Return how often one duration fits into another of its kind; ``None`` for one of zero length."""
    if isinstance(left, DaysTimeDuration):
        top, bottom = left.nanoseconds, right.nanoseconds
    else:
        top, bottom = left.months, right.months
    return CONTEXT.divide(Decimal(top), Decimal(bottom)) if bottom else None


def months_between(start: Date, end: Date) -> int:
    """Return the whole months from one date to another, toward zero."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        return months - 1
    if months < 0 and end.day > start.day:
        return months + 1
    return months
