"""Values between FEEL and a column: exact, or refused before anything is sent. Pure.

A time without an offset is of the manifest's time zone, in both directions. A number that a column would
round, and a text that it would cut, is wrong data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.driving import Family, LiveColumn
from lineshaft.connectors.sql.expressions import as_text
from lineshaft.connectors.sql.model import ColumnRule, ColumnType

FITTING: Final[dict[ColumnType, frozenset[Family]]] = {
    "string": frozenset({"text"}),
    "number": frozenset({"integer", "decimal", "float", "numeric_affinity", "text"}),
    "boolean": frozenset({"boolean", "integer"}),
    "date": frozenset({"date", "text"}),
    "time": frozenset({"time", "text"}),
    "date and time": frozenset({"moment", "moment_zoned", "moment_utc", "text"}),
}
"""Which columns can hold which FEEL type."""
_FLOAT_DIGITS: Final = 15
_NUL: Final = "\x00"
T = TypeVar("T", date, time, datetime)


class Unfit(Exception):
    """A value does not go into its column; ``message`` says why."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


def to_column(value: Any, rule: ColumnRule, live: LiveColumn, zone: tzinfo) -> Any:
    """Return a value as the driver wants it.

    Raises:
        Unfit: It has the wrong type, or would be rounded or cut.
    """
    if value is None:
        if not live.may_be_left_out:
            raise _unfit(rule, "a value", "有值", "null")
        return None
    if rule.type == "string":
        return _text(value, rule, live)
    if rule.type == "number":
        return _number(value, rule, live)
    if rule.type == "boolean":
        if not isinstance(value, bool):
            raise _unfit(rule, "true or false", "true 或 false", value)
        return value if live.family == "boolean" else int(value)
    if rule.type == "date":
        day = _parsed(date, value, rule)
        return day.isoformat() if live.family == "text" else day
    if rule.type == "time":
        clock = _parsed(time, value, rule).replace(tzinfo=None)
        return clock.isoformat() if live.family == "text" else clock
    moment = _parsed(datetime, value, rule)
    moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    if live.family == "text":
        return moment.isoformat()
    if live.family == "moment_utc":
        return moment.astimezone(UTC).replace(tzinfo=None)
    return moment if live.family == "moment_zoned" else moment.replace(tzinfo=None)


def all_to_column(values: Sequence[Any], rule: ColumnRule, live: LiveColumn, zone: tzinfo) -> list[Any]:
    """Return the values of many rows as the driver wants them; those that are so already, at once.

    Raises:
        Unfit: One has the wrong type, or would be rounded or cut.
    """
    if rule.type == "string":
        most = live.length if live.length is not None else sys.maxsize
        return [
            each
            if each.__class__ is str and len(each) <= most and _NUL not in each
            else to_column(each, rule, live, zone)
            for each in values
        ]
    if rule.type == "number" and live.family == "decimal":
        least = -live.scale if live.scale is not None else -sys.maxsize
        return [
            each
            if each.__class__ is Decimal and each.is_finite() and each.as_tuple().exponent >= least  # type: ignore[operator] # of a finite one it is a number
            else to_column(each, rule, live, zone)
            for each in values
        ]
    if rule.type == "date" and live.family == "date":
        return [each if each.__class__ is date else to_column(each, rule, live, zone) for each in values]
    return [to_column(each, rule, live, zone) for each in values]


def from_column(value: Any, rule: ColumnRule, live: LiveColumn, zone: tzinfo) -> Any:
    """Return a column's value as FEEL has it.

    Raises:
        Unfit: It is not of the declared type.
    """
    if value is None:
        return None
    if rule.type == "string":
        return value if isinstance(value, str) else as_text(value)
    if rule.type == "number":
        try:
            return Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value).strip())
        except InvalidOperation:
            raise _unfit(rule, "a number", "数字", value) from None
    if rule.type == "boolean":
        return bool(value)
    if rule.type == "date":
        return _parsed(date, value, rule)
    if rule.type == "time":
        if isinstance(value, timedelta):
            return (datetime(2000, 1, 1) + value).time()  # noqa: DTZ001 - only the time of day is kept
        return _parsed(time, value, rule)
    moment = _parsed(datetime, value, rule)
    if live.family == "moment_utc":
        moment = moment.replace(tzinfo=UTC)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _text(value: Any, rule: ColumnRule, live: LiveColumn) -> str:
    written = value if isinstance(value, str) else as_text(value)
    if _NUL in written:
        raise _unfit(rule, "a text without NUL", "不含 NUL 的文本", "NUL")
    if live.length is not None and len(written) > live.length:
        raise Unfit(
            text(
                "Expected at most {most} characters for {column}, but it has {count}",
                "{column} 最多 {most} 个字符,实际为 {count} 个",
                most=live.length,
                column=rule.column,
                count=len(written),
            )
        )
    return written


def _number(value: Any, rule: ColumnRule, live: LiveColumn) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise _unfit(rule, "a number", "数字", value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _unfit(rule, "a number", "数字", value) from None
    if not number.is_finite():
        raise _unfit(rule, "a number", "数字", value)
    if live.family == "integer":
        if number != number.to_integral_value():
            raise _unfit(rule, "a whole number", "整数", value)
        return int(number)
    if live.family == "decimal":
        if live.scale is not None and _places(number) > live.scale:
            raise Unfit(
                text(
                    "Expected at most {most} decimal places for {column}, but it is {value}",
                    "{column} 最多 {most} 位小数,实际为 {value}",
                    most=live.scale,
                    column=rule.column,
                    value=format(number, "f"),
                )
            )
        return number
    if live.family == "text":
        return format(number, "f")
    if len(number.normalize().as_tuple().digits) > _FLOAT_DIGITS:
        raise Unfit(
            text(
                "Expected at most 15 digits for the floating-point column {column}, but it is {value}",
                "{column} 为浮点列,最多 15 位有效数字,实际为 {value}",
                column=rule.column,
                value=format(number, "f"),
            )
        )
    return format(number, "f") if live.family == "numeric_affinity" else float(number)


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _parsed(kind: type[T], value: Any, rule: ColumnRule) -> T:
    if type(value) is kind:
        return value
    if kind is date and isinstance(value, datetime):
        return value.date()  # type: ignore[return-value]
    if kind is datetime and type(value) is date:
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if isinstance(value, kind):
        return value
    try:
        return kind.fromisoformat(str(value))
    except ValueError:
        raise _unfit(rule, f"a {kind.__name__} in ISO 8601", "ISO 8601 日期时间", value) from None


def _unfit(rule: ColumnRule, english: str, chinese: str, value: Any) -> Unfit:
    shown = as_text(value)
    return Unfit(
        text(
            "Expected {english} for {column}, but it is {value}",
            "{column} 应为{chinese},实际为 {value}",
            english=english,
            chinese=chinese,
            column=rule.column,
            value=shown if len(shown) <= 80 else shown[:77] + "…",
        )
    )
