"""The properties that values have beside context entries.

``date.year``, ``range.start`` … (tables 65 to 67).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from lineshaft.feel.temporal import (
    DAY_NANOS,
    NANOS,
    DateTime,
    DaysTimeDuration,
    Time,
    YearsMonthsDuration,
    second_of,
    weekday_of,
)
from lineshaft.feel.values import Range, kind_of

_Reader = Callable[[Any], Any]


def _offset(value: Time | DateTime) -> DaysTimeDuration | None:
    offset = value.offset
    return None if offset is None else DaysTimeDuration(offset * NANOS)


def _zone_name(value: Time | DateTime) -> str | None:
    return value.zone if isinstance(value.zone, str) else None


def _size(value: DaysTimeDuration, unit: int, limit: int | None) -> Decimal:
    amount = abs(value.nanoseconds) // unit
    if limit is not None:
        amount %= limit
    return Decimal(-amount if value.nanoseconds < 0 else amount)


def _seconds(value: DaysTimeDuration) -> Decimal:
    amount = second_of(abs(value.nanoseconds))
    return -amount if value.nanoseconds < 0 and amount else amount


def _months(value: YearsMonthsDuration, *, years: bool) -> Decimal:
    amount = abs(value.months) // 12 if years else abs(value.months) % 12
    return Decimal(-amount if value.months < 0 else amount)


_DATE: Final[dict[str, _Reader]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(weekday_of(value)),
}
_CLOCK: Final[dict[str, _Reader]] = {
    "hour": lambda value: Decimal(value.nanoseconds // (3600 * NANOS)),
    "minute": lambda value: Decimal(value.nanoseconds // (60 * NANOS) % 60),
    "second": lambda value: second_of(value.nanoseconds),
    "time offset": _offset,
    "timezone": _zone_name,
}


def _of_date(reader: _Reader) -> _Reader:
    return lambda value: reader(value.date)


_PROPERTIES: Final[dict[str, dict[str, _Reader]]] = {
    "date": _DATE,
    "time": _CLOCK,
    "date and time": {**{name: _of_date(reader) for name, reader in _DATE.items()}, **_CLOCK},
    "days and time duration": {
        "days": lambda value: _size(value, DAY_NANOS, None),
        "hours": lambda value: _size(value, 3600 * NANOS, 24),
        "minutes": lambda value: _size(value, 60 * NANOS, 60),
        "seconds": _seconds,
        "years": lambda value: None,
        "months": lambda value: None,
    },
    "years and months duration": {
        "years": lambda value: _months(value, years=True),
        "months": lambda value: _months(value, years=False),
        "days": lambda value: None,
        "hours": lambda value: None,
        "minutes": lambda value: None,
        "seconds": lambda value: None,
    },
    "range": {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


def property_of(value: Any, name: str) -> tuple[bool, Any]:
    """Return whether the value's kind has the property, and the property."""
    kind = "range" if value.__class__ is Range else kind_of(value)
    reader = _PROPERTIES.get(kind, {}).get(name)
    return (False, None) if reader is None else (True, reader(value))
