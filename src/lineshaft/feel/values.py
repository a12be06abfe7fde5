"""The values of FEEL as Python values: what an expression takes and what it gives.

==========================  ==========================================================================
number                      ``decimal.Decimal``; ``int`` and ``float`` are taken in
string, boolean, null       ``str``, ``bool``, ``None``
list, context               ``list`` (``tuple`` is taken in), ``dict`` with ``str`` keys
date                        ``datetime.date``; ``FarDate`` outside the years 1 to 9999
time, date and time         ``Time``, ``DateTime`` (``datetime.time``, ``datetime.datetime`` are taken in)
durations                   ``DaysTimeDuration`` (``datetime.timedelta`` is taken in), ``YearsMonthsDuration``
range                       ``Range``
function                    ``Function``
==========================  ==========================================================================

All are immutable or treated so: an expression never changes a value it was given, and a list or context
that passes through unchanged is the same object. They compare as FEEL compares.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lineshaft.feel.numbers import normalised, number_of
from lineshaft.feel.temporal import (
    Date,
    DateTime,
    DaysTimeDuration,
    FarDate,
    Time,
    YearsMonthsDuration,
    date_time_from_python,
    duration_from_python,
    time_from_python,
)

if TYPE_CHECKING:
    from lineshaft.feel.types import Type

__all__ = [
    "Date",
    "DateTime",
    "DaysTimeDuration",
    "FarDate",
    "Function",
    "Parameter",
    "Range",
    "Time",
    "YearsMonthsDuration",
    "from_python",
    "kind_of",
]


@dataclass(frozen=True, slots=True)
class Range:
    """A range of any comparable type; an endpoint of ``None`` is open-ended, as in ``> 5``.

    ``not_equal`` marks the one range that is not an interval, ``!= x`` (start and end are both x).
    """

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    not_equal: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A function's formal parameter; without a type it takes any value."""

    name: str
    type: Type | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function as a value: written in FEEL, built in, or given by the program.

    Args:
        parameters: The formal parameters in order.
        implementation: Takes the arguments by position, after conversion to the parameters' types, and
            returns a FEEL value. It may raise ``feel.Fault``: the call's value is then null, with the
            fault's text as the warning. Anything else it raises goes through to the caller.
        name: For messages.
        result: The declared type of the result.
        needs_runtime: The implementation takes the running evaluation as its first argument (functions
            that are written in FEEL).
        variadic: The last parameter takes all further arguments, as one list.
        required: How many arguments a positional call must have at least; all, where not given.
        dispatches: The implementation takes the runtime, the list of arguments and their names (empty for a
            positional call) as they come, and checks them itself (built-in functions).
    """

    parameters: tuple[Parameter, ...]
    implementation: Callable[..., Any]
    name: str = "function"
    result: Type | None = None
    needs_runtime: bool = False
    variadic: bool = False
    required: int | None = None
    dispatches: bool = False

    def __repr__(self) -> str:
        return f"<FEEL function {self.name}({', '.join(p.name for p in self.parameters)})>"


_KINDS: dict[type, str] = {
    Decimal: "number",
    int: "number",
    float: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    list: "list",
    tuple: "list",
    dict: "context",
    datetime.date: "date",
    FarDate: "date",
    Time: "time",
    datetime.time: "time",
    DateTime: "date and time",
    datetime.datetime: "date and time",
    DaysTimeDuration: "days and time duration",
    datetime.timedelta: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    Range: "range",
    Function: "function",
}

_FALLBACK: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float, Decimal), "number"),
    (str, "string"),
    (Mapping, "context"),
    ((list, tuple), "list"),
    (datetime.datetime, "date and time"),
    (datetime.date, "date"),
    (datetime.time, "time"),
    (datetime.timedelta, "days and time duration"),
)


def kind_of(value: object) -> str:
    """Return the name of a value's FEEL kind, e.g. ``days and time duration``."""
    kind = _KINDS.get(value.__class__)
    if kind is not None:
        return kind
    for types, name in _FALLBACK:
        if isinstance(value, types):
            return name
    return "unknown"


def is_function(value: Any) -> bool:
    """Tell whether a value can be called."""
    return value.__class__ is Function


def plain(value: Any) -> Any:
    """Return one value (not what it contains) in the form that this package calculates with."""
    kind = kind_of(value)
    if kind == "number":
        return number_of(value)
    if isinstance(value, datetime.datetime):
        return date_time_from_python(value)
    if isinstance(value, datetime.time):
        return time_from_python(value)
    if isinstance(value, datetime.timedelta):
        return duration_from_python(value)
    if kind == "list" and value.__class__ is not list:
        return list(value)
    if kind == "context" and not isinstance(value, dict):
        return dict(value)
    if kind == "unknown":
        return None
    return value


def from_python(value: Any) -> Any:
    """Return ``value`` with everything in it in the documented form: numbers as ``Decimal``, no tuples.

    What has no FEEL kind becomes ``None``.
    """
    kind = value.__class__
    if kind is Decimal:
        return normalised(value) if value.is_finite() else None
    if kind is list or kind is tuple:
        return [from_python(item) for item in value]
    if kind is dict or isinstance(value, Mapping):
        return {str(key): from_python(item) for key, item in value.items()}
    value = plain(value)
    return normalised(value) if value.__class__ is Decimal else value
