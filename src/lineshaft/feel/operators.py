"""What the operators mean at run time (DMN 1.5, 10.3.2.15).

Compiled expressions handle the frequent cases in line (two decimals, two strings, a path in a ``dict``) and
come here for all others. ``s`` is the running evaluation, ``at`` the place for a warning. An operator that is
not defined for its values warns and gives ``None``.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.text import Text, text
from lineshaft.feel import temporal_arithmetic as moments
from lineshaft.feel.numbers import CONTEXT, KNOWN_FLOATS, ONE, integer_of, number_of
from lineshaft.feel.properties import property_of
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.temporal import (
    Date,
    DateTime,
    DaysTimeDuration,
    FarDate,
    Time,
    YearsMonthsDuration,
    date_of_days,
    days_of_date,
)
from lineshaft.feel.values import Range, kind_of, plain

_READY: Final = frozenset(
    {Decimal, str, bool, datetime.date, FarDate, Time, DateTime, DaysTimeDuration, YearsMonthsDuration, Range}
)
_ORDERED: Final = frozenset(
    {
        "number",
        "string",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
    }
)
_POWER_MAX: Final = Decimal(999_999_999)
_NUMBERS: Final = frozenset({Decimal, int})
POWER_STEPS: Final = 20
"""What a power, logarithm or exponential costs: as much as so many turns of a loop."""
_float_known: Final = KNOWN_FLOATS.get
_add: Final[Callable[[Any, Any], Decimal]] = CONTEXT.add
_subtract: Final[Callable[[Any, Any], Decimal]] = CONTEXT.subtract
_multiply: Final[Callable[[Any, Any], Decimal]] = CONTEXT.multiply
_divide: Final[Callable[[Any, Any], Decimal]] = CONTEXT.divide


# -- equality ------------------------------------------------------------------------------------


def equal(left: Any, right: Any, s: Runtime) -> bool | None:
    """Return whether two values are equal; ``None`` where they are of different kinds (table 53)."""
    if left is None or right is None:
        return left is right
    kind = left.__class__
    if kind not in _READY or kind is not right.__class__:
        left, right = plain(left), plain(right)
        kind = left.__class__
        if left is None or right is None:
            return None
        name = kind_of(left)
        if name != kind_of(right):
            return None
        if name == "list":
            return _lists_equal(left, right, s)
        if name == "context":
            return _contexts_equal(left, right, s)
        if name == "range":
            return bool(left == right)
        if name == "function":
            return left is right
    return bool(left == right)


def _lists_equal(left: list[Any], right: list[Any], s: Runtime) -> bool:
    if len(left) != len(right):
        return False
    s.spend(len(left))
    return all(equal(one, other, s) is True for one, other in zip(left, right, strict=True))


def _contexts_equal(left: dict[str, Any], right: dict[str, Any], s: Runtime) -> bool:
    if left.keys() != right.keys():
        return False
    s.spend(len(left))
    return all(equal(item, right[key], s) is True for key, item in left.items())


def eq(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left = right``."""
    result = equal(left, right, s)
    if result is None:
        s.mismatch("=", left, right, at)
    return result


def ne(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left != right``."""
    result = equal(left, right, s)
    if result is None:
        s.mismatch("!=", left, right, at)
        return None
    return not result


# -- order ---------------------------------------------------------------------------------------


def compare(left: Any, right: Any) -> int | None:
    """Return -1, 0, 1 for two values of one ordered kind, else ``None`` (table 54).

    0 stands for *neither less nor greater*; a local and a zoned time may be that without being equal.
    """
    if left.__class__ is not right.__class__ or left.__class__ not in _READY:
        left, right = plain(left), plain(right)
    name = kind_of(left)
    if name not in _ORDERED or name != kind_of(right):
        return None
    if name == "date" and left.__class__ is not right.__class__:
        left = (left.year, left.month, left.day)
        right = (right.year, right.month, right.day)
    if left < right:
        return -1
    return 1 if right < left else 0


def lt(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left < right``."""
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        return one < other
    order = compare(left, right)
    if order is None:
        s.mismatch("<", left, right, at)
        return None
    return order < 0


def gt(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left > right``."""
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        return one > other
    order = compare(left, right)
    if order is None:
        s.mismatch(">", left, right, at)
        return None
    return order > 0


def le(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left <= right``."""
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        return one <= other
    order = compare(left, right)
    if order is None:
        s.mismatch("<=", left, right, at)
        return None
    return order < 0 or (order == 0 and equal(left, right, s) is True)


def ge(left: Any, right: Any, s: Runtime, at: int) -> bool | None:
    """Return ``left >= right``."""
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        return one >= other
    order = compare(left, right)
    if order is None:
        s.mismatch(">=", left, right, at)
        return None
    return order > 0 or (order == 0 and equal(left, right, s) is True)


# -- arithmetic ----------------------------------------------------------------------------------


def _unwrapped(value: Any) -> Any:
    """Return the only item of a list of one: the conversion *from singleton list* (10.3.2.15)."""
    if value.__class__ is list and len(value) == 1:
        return value[0]
    return value


def _overflow(operator: str, left: Any, right: Any, s: Runtime, at: int) -> None:
    if not s.is_quiet:
        message = text(
            "the result of `{operator}` for {left} and {right} is out of range",
            "{left} 与 {right} 的 `{operator}` 运算结果超出范围",
            operator=operator,
            left=short(left),
            right=short(right),
        )
        s.warn(at, message)


def plus(left: Any, right: Any, s: Runtime, at: int) -> Any:
    """Return ``left + right`` (table 57)."""
    # JSON's floats: their decimals are remembered, so most cost one look-up each.
    one: Any = _float_known(left) if left.__class__ is float else left
    other: Any = _float_known(right) if right.__class__ is float else right
    if one.__class__ in _NUMBERS and other.__class__ in _NUMBERS:
        try:
            return _add(one, other)
        except ArithmeticError:
            pass
    left, right = _unwrapped(left), _unwrapped(right)
    if isinstance(left, str) and isinstance(right, str):
        length = len(left) + len(right)
        if length > 256:
            s.made_string(length)
        return left + right
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        try:
            return CONTEXT.add(one, other)
        except ArithmeticError:
            return _overflow("+", left, right, s, at)
    result = moments.add(plain(left), plain(right))
    return _temporal(result, "+", (left, right), s, at)


def minus(left: Any, right: Any, s: Runtime, at: int) -> Any:
    """Return ``left - right`` (table 57)."""
    # JSON's floats: their decimals are remembered, so most cost one look-up each.
    one: Any = _float_known(left) if left.__class__ is float else left
    other: Any = _float_known(right) if right.__class__ is float else right
    if one.__class__ in _NUMBERS and other.__class__ in _NUMBERS:
        try:
            return _subtract(one, other)
        except ArithmeticError:
            pass
    left, right = _unwrapped(left), _unwrapped(right)
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        try:
            return CONTEXT.subtract(one, other)
        except ArithmeticError:
            return _overflow("-", left, right, s, at)
    result = moments.subtract(plain(left), plain(right))
    return _temporal(result, "-", (left, right), s, at)


def _temporal(result: Any, operator: str, operands: tuple[Any, Any], s: Runtime, at: int) -> Any:
    left, right = operands
    if result is NotImplemented:
        return s.mismatch(operator, left, right, at)
    if result is None:
        return _overflow(operator, left, right, s, at)
    return result


def times(left: Any, right: Any, s: Runtime, at: int) -> Any:
    """Return ``left * right`` (table 59)."""
    # JSON's floats: their decimals are remembered, so most cost one look-up each.
    one: Any = _float_known(left) if left.__class__ is float else left
    other: Any = _float_known(right) if right.__class__ is float else right
    if one.__class__ in _NUMBERS and other.__class__ in _NUMBERS:
        try:
            return _multiply(one, other)
        except ArithmeticError:
            pass
    left, right = _unwrapped(left), _unwrapped(right)
    one, other = number_of(left), number_of(right)
    try:
        if one is not None and other is not None:
            return CONTEXT.multiply(one, other)
        duration, factor = (left, other) if other is not None else (right, one)
        duration = plain(duration)
        if factor is not None and isinstance(duration, DaysTimeDuration | YearsMonthsDuration):
            return _temporal(moments.scale(duration, factor), "*", (left, right), s, at)
    except ArithmeticError:
        return _overflow("*", left, right, s, at)
    return s.mismatch("*", left, right, at)


def over(left: Any, right: Any, s: Runtime, at: int) -> Any:
    """Return ``left / right`` (table 59)."""
    # JSON's floats: their decimals are remembered, so most cost one look-up each.
    one: Any = _float_known(left) if left.__class__ is float else left
    other: Any = _float_known(right) if right.__class__ is float else right
    if one.__class__ in _NUMBERS and other.__class__ in _NUMBERS:
        try:
            return _divide(one, other)
        except ArithmeticError:
            pass
    left, right = _unwrapped(left), _unwrapped(right)
    one, other = number_of(left), number_of(right)
    if other is not None and not other:
        if not s.is_quiet:
            s.warn(at, text("division by zero", "除数为零"))
        return None
    try:
        if one is not None and other is not None:
            return CONTEXT.divide(one, other)
        duration, second = plain(left), plain(right)
        if isinstance(duration, DaysTimeDuration | YearsMonthsDuration):
            if other is not None:
                return _temporal(moments.scale(duration, other, divide=True), "/", (left, right), s, at)
            if duration.__class__ is second.__class__:
                return _temporal(moments.ratio(duration, second), "/", (left, right), s, at)
    except ArithmeticError:
        return _overflow("/", left, right, s, at)
    return s.mismatch("/", left, right, at)


def power(left: Any, right: Any, s: Runtime, at: int) -> Any:
    """Return ``left ** right`` (table 60)."""
    left, right = _unwrapped(left), _unwrapped(right)
    one, other = number_of(left), number_of(right)
    if one is None or other is None:
        return s.mismatch("**", left, right, at)
    if not other:
        return ONE
    if abs(other) > _POWER_MAX:
        return _overflow("**", left, right, s, at)
    s.spend(POWER_STEPS)
    try:
        return CONTEXT.power(one, other)
    except ArithmeticError:
        return _overflow("**", left, right, s, at)


def negate(value: Any, s: Runtime, at: int) -> Any:
    """Return ``-value`` (table 62)."""
    value = _unwrapped(value)
    number = number_of(value)
    if number is not None:
        return CONTEXT.minus(number)
    duration = plain(value)
    if isinstance(duration, DaysTimeDuration):
        return DaysTimeDuration(-duration.nanoseconds)
    if isinstance(duration, YearsMonthsDuration):
        return YearsMonthsDuration(-duration.months)
    return s.mismatch("-", None, value, at)


# -- paths and filters ---------------------------------------------------------------------------

_COUNT_WORDS: Final = frozenset({"length", "size", "count"})


def path(base: Any, name: str, s: Runtime, at: int) -> Any:
    """Return ``base.name``: an entry, a property, or for a list the list of them (10.3.2.5, table 64)."""
    if isinstance(base, Mapping):
        if name in base:
            return base[name]
        if not s.is_quiet:
            s.missing(name, base, at)
        return None
    if base.__class__ is list or isinstance(base, list | tuple):
        s.spend(len(base))
        if name in _COUNT_WORDS and not s.is_quiet and not any(isinstance(i, Mapping) for i in base):
            hint = text("did you mean `count(list)`?", "是否想写 `count(list)`？")
            s.warn(at, text("a list has no property `{name}`", "列表没有属性 `{name}`", name=name), hint)
            return [None] * len(base)
        return [
            item[name] if item.__class__ is dict and name in item else path(item, name, s, at)
            for item in base
        ]
    found, value = property_of(plain(base), name)
    if not found and not s.is_quiet:
        advice: Text | None = None
        if name in _COUNT_WORDS:
            advice = text("did you mean `string length(string)`?", "是否想写 `string length(string)`？")
        message = text(
            "{found} has no entry `{name}`", "{found} 没有名为 `{name}` 的项", found=short(base), name=name
        )
        s.warn(at, message, advice)
    return value


def as_list(value: Any) -> list[Any] | None:
    """Return the list to be filtered: a single value is a list of one; ``None`` stays."""
    if value.__class__ is list:
        return value
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return list(value)
    return [value]


def index(base: Any, position: Any, s: Runtime, at: int) -> Any:
    """Return ``base[position]``; the first is 1, the last -1."""
    items = as_list(base)
    if items is None:
        return None
    number = integer_of(position)
    if number is not None and 1 <= number <= len(items):
        return items[number - 1]
    if number is not None and 1 <= -number <= len(items):
        return items[number]
    if not s.is_quiet:
        message = text(
            "there is no item {position} in a list of {length}",
            "长度为 {length} 的列表没有第 {position} 项",
            position=str(position),
            length=len(items),
        )
        s.warn(at, message)
    return None


def is_number(value: Any) -> bool:
    """Tell whether a filter's value is a position."""
    return number_of(value) is not None


# -- ranges and tests ----------------------------------------------------------------------------


def make_range(start: Any, end: Any, included: tuple[bool, bool], s: Runtime, at: int) -> Any:
    """Return the range between two values of one ordered kind, the start not after the end."""
    start, end = plain(start), plain(end)
    order = compare(start, end) if start is not None and end is not None else None
    if order is None:
        return s.mismatch("..", start, end, at)
    if order > 0:
        if not s.is_quiet:
            message = text(
                "the start of a range must not be after its end ({start}, {end})",
                "区间的起点不能大于终点（{start}，{end}）",
                start=short(start),
                end=short(end),
            )
            s.warn(at, message)
        return None
    return Range(start, end, *included)


def operator_range(operator: str, endpoint: Any, s: Runtime, at: int) -> Any:
    """Return the range that an operator and one endpoint make, e.g. ``>= 5`` (table 42)."""
    endpoint = plain(endpoint)
    if operator == "=":
        return Range(endpoint, endpoint, True, True)
    if operator == "!=":
        return Range(endpoint, endpoint, True, True, not_equal=True)
    if kind_of(endpoint) not in _ORDERED:
        return s.mismatch(operator, None, endpoint, at)
    if operator[0] == "<":
        return Range(None, endpoint, False, operator == "<=")
    return Range(endpoint, None, operator == ">=", False)


def in_range(value: Any, test: Range, s: Runtime) -> bool | None:
    """Return whether a value lies in a range; ``None`` where they cannot be compared."""
    if test.not_equal:
        result = equal(value, test.start, s)
        return None if result is None else not result
    if test.start is not None and test.start is test.end:
        return equal(value, test.start, s) if test.start_included else False
    if value is None:
        return None
    if test.start is None and test.end is None:
        return value is None
    if test.start is not None:
        order = compare(value, test.start)
        if order is None:
            return None
        if order < 0 or (order == 0 and not test.start_included):
            return False
    if test.end is not None:
        order = compare(value, test.end)
        if order is None:
            return None
        if order > 0 or (order == 0 and not test.end_included):
            return False
    return True


def satisfies(value: Any, test: Any, s: Runtime) -> bool | None:
    """Return whether a value passes a test that is itself a value: a range, a list, or something to equal."""
    if test.__class__ is Range:
        return in_range(value, test, s)
    if isinstance(test, list | tuple):
        s.spend(len(test))
        if isinstance(value, list | tuple) and equal(value, test, s) is True:
            return True
        for item in test:
            if item.__class__ is Range:
                passed = in_range(value, item, s)
            else:
                passed = equal(value, item, s)
            if passed is True:
                return True
        return False
    result = equal(value, test, s)
    if result is None and isinstance(value, list | tuple) and len(value) == 1:
        # A list passes a test on its items where it has one item only (from singleton list).
        return equal(value[0], test, s)
    return result


def is_in(value: Any, test: Any, s: Runtime, at: int) -> bool | None:
    """Return ``value in test`` with a warning where it is undefined."""
    result = satisfies(value, test, s)
    if result is None:
        s.mismatch("in", value, test, at)
    return result


def test_result(value: Any, test: Any, is_condition: bool, s: Runtime, at: int) -> bool | None:
    """Return the outcome of a unary test that is an expression.

    ``is_condition`` says that the expression is of the kind that yields a boolean (a comparison, a
    call): then its own outcome counts, unless the input is boolean and so is to be compared with it.
    """
    if is_condition and isinstance(test, bool) and value is not None and not isinstance(value, bool):
        return test
    return is_in(value, test, s, at)


# -- iteration -----------------------------------------------------------------------------------


def iterable(value: Any, weight: int, s: Runtime, at: int) -> Any:
    """Return what a loop goes over: a list, a closed range of numbers or dates, or a single value.

    ``weight`` is what one turn of the loop costs: 1 and the entries of the contexts and lists it makes.
    """
    if value.__class__ is list:
        s.spend(len(value) * weight)
        return value
    if value is None:
        if not s.is_quiet:
            s.warn(at, text("expected a list to go over, but found null", "应为可遍历的列表，实际为 null"))
        return None
    if isinstance(value, list | tuple):
        s.spend(len(value) * weight)
        return list(value)
    if value.__class__ is Range:
        items = _range_items(value)
        if items is not None:
            return span(*items, weight, s, at) if compare(*items) != 1 else []
        return s.mismatch("for", None, value, at)
    s.spend(1)
    return [value]


def _range_items(value: Range) -> tuple[Any, Any] | None:
    if value.start is None or value.end is None:
        return None
    start, end = value.start, value.end
    if kind_of(start) == "number":
        first, last = integer_of(start), integer_of(end)
        if first is None or last is None:
            return None
        return Decimal(first + (not value.start_included)), Decimal(last - (not value.end_included))
    if kind_of(start) == "date":
        first, last = days_of_date(start), days_of_date(end)
        first_date = date_of_days(first + (not value.start_included))
        last_date = date_of_days(last - (not value.end_included))
        return None if first_date is None or last_date is None else (first_date, last_date)
    return None


def span(start: Any, end: Any, weight: int, s: Runtime, at: int) -> Any:
    """Return the numbers or dates from start to end, up or down, made one by one (10.3.2.14)."""
    start, end = plain(start), plain(end)
    first, last = integer_of(start), integer_of(end)
    if first is not None and last is not None:
        step = 1 if first <= last else -1
        s.spend((abs(last - first) + 1) * weight)
        return map(Decimal, range(first, last + step, step))
    if isinstance(start, Date) and isinstance(end, Date):
        first, last = days_of_date(start), days_of_date(end)
        step = 1 if first <= last else -1
        s.spend((abs(last - first) + 1) * weight)
        return map(date_of_days, range(first, last + step, step))
    return s.mismatch("..", start, end, at)
