"""What stands in a cell, as a value of its declared type and back. Pure; decimals stay exact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lineshaft.base.text import Text, text
from lineshaft.connectors.files.model import ColumnRule, Formats

_TRUE: Final = frozenset({"true", "1", "y", "yes", "是", "t"})
_FALSE: Final = frozenset({"false", "0", "n", "no", "否", "f"})
_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日")
_CLOCKS: Final = (" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M")
_MOMENTS: Final = tuple(day + clock for day in _DATES for clock in _CLOCKS)
_DIGITS_MAX: Final = 60
BROKEN: Final = "\ufffd"
"""What a decoder leaves where the bytes are none of its encoding's."""


class Unfit(Exception):
    """A value is not of its column's type."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(str(message))
        self.field = field
        self.message = message


def record_of(columns: tuple[ColumnRule, ...], raw: Mapping[str, Any], formats: Formats) -> dict[str, Any]:
    """Return the declared fields of one raw record.

    Raises:
        Unfit: A value is missing or not of its type; names the first such field.
    """
    found = {}
    for column in columns:
        value = _looked_up(raw, column.source)
        try:
            found[column.name] = typed(value, column, formats)
        except (ValueError, InvalidOperation, OverflowError):
            raise Unfit(column.name, _complaint(column, value)) from None
    return found


def typed(value: Any, column: ColumnRule, formats: Formats) -> Any:
    """Return one value in its column's type; an empty one is ``None``.

    Raises:
        ValueError: It is not of that type, or required and empty.
    """
    if isinstance(value, str):
        if BROKEN in value:
            raise ValueError("not of this encoding")
        if column.type == "string":
            value = value.strip(" \t\u3000")
            if value:
                return value
        else:
            value = value.strip()
    if value is None or value == "":
        if column.required:
            raise ValueError("empty")
        return None
    match column.type:
        case "string":
            return _words(value)
        case "number":
            return _number(value, formats)
        case "boolean":
            return _truth(value)
        case "date":
            return _date(value, formats)
        case "date and time":
            return _moment(value, formats)
        case "context" if not isinstance(value, Mapping):
            raise ValueError("no context")
        case "list" if not isinstance(value, list):
            return [exact(value)]
    return exact(value)


def exact(value: Any) -> Any:
    """Return a value without floats or plain integers: every number is a ``Decimal``."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        # A workbook's number is a double; its shortest form is what people typed and see.
        return Decimal(repr(value))
    if isinstance(value, list | tuple):
        return [exact(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): exact(one) for name, one in value.items()}
    return value


def _words(value: Any) -> str:
    if isinstance(value, Mapping | list):
        raise ValueError("no text")
    value = exact(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # A number typed into a column of codes: 4711.0 is the code 4711.
        whole = value == value.to_integral_value()
        return format(value.quantize(Decimal(1)) if whole and value.adjusted() < _DIGITS_MAX else value, "f")
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def _number(value: Any, formats: Formats) -> Decimal:
    value = exact(value)
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or len(value) > _DIGITS_MAX * 2:
        raise ValueError("no number")
    plain = value.replace("\u00a0", "").replace(" ", "")
    if formats.group and formats.group in plain:
        group, point = re.escape(formats.group), re.escape(formats.decimal)
        # 1,23 is not 123: who groups digits does it by threes.
        if not re.fullmatch(rf"[-+]?\d{{1,3}}({group}\d{{3}})+({point}\d+)?", plain, re.ASCII):
            raise ValueError("no number")
        plain = plain.replace(formats.group, "")
    if formats.decimal != ".":
        if "." in plain:
            raise ValueError("no number")
        plain = plain.replace(formats.decimal, ".")
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", plain, re.ASCII):
        raise ValueError("no number")
    return Decimal(plain)


def _truth(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("no truth value")


def _date(value: Any, formats: Formats) -> date:
    if isinstance(value, datetime):
        if value.time() != time(0):
            raise ValueError("a moment, not a day")
        return value.date()
    if isinstance(value, date):
        return value
    for pattern in (*formats.dates, *_DATES):
        try:
            found = datetime.strptime(str(value), pattern).replace(tzinfo=formats.zone)
        except ValueError:
            continue
        if found.timetz().replace(tzinfo=None) == time(0):
            return found.date()
    raise ValueError("no date")


def _moment(value: Any, formats: Formats) -> datetime:
    """Return a moment with its zone; without one it is in the connection's."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=formats.zone)
    words = str(value)
    for pattern in (*formats.dates, *_MOMENTS):
        try:
            return datetime.strptime(words, pattern).replace(tzinfo=formats.zone)
        except ValueError:
            continue
    found = datetime.fromisoformat(words)
    return found if found.tzinfo is not None else found.replace(tzinfo=formats.zone)


def _looked_up(raw: Mapping[str, Any], source: str) -> Any:
    if source in raw:
        return raw[source]
    value: Any = raw
    for part in source.split("/"):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _complaint(column: ColumnRule, value: Any) -> Text:
    if isinstance(value, str) and BROKEN in value:
        return text(
            "{column}: expected text in the file's encoding, but some bytes are not: {value}",
            "{column}:部分字节不是该文件的编码:{value}",
            column=column.source,
            value=value[:60],
        )
    if value is None or (isinstance(value, str) and not value.strip()):
        return text("{column}: expected a value, but it is empty", "{column}:不应为空", column=column.source)
    return text(
        "{column}: expected a value of type {type}, but it is {value}",
        "{column}:应为 {type} 类型,实际为 {value}",
        column=column.source,
        type=column.type,
        value=str(value)[:60],
    )
