"""What ``sale.save`` is given, read and checked before anything is asked or sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lineshaft.base.errors import Invalid
from lineshaft.base.text import text


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. ``line`` is our number of it; it becomes Tryton's sequence, by which it is found again."""

    line: int
    product: str
    quantity: Decimal
    unit_price: Decimal | None
    base_price: Decimal | None
    """The price before a discount, where Tryton has its discount module."""
    amount: Decimal | None
    """What the line must come to."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sale to save. ``reference`` is our number: by it a sale is found again."""

    reference: str
    party: str
    currency: str | None
    sale_date: date | None
    description: str | None
    lines: tuple[OrderLine, ...]


def read_order(payload: Mapping[str, Any]) -> Order:
    """Read the payload of ``sale.save``.

    Raises:
        Invalid: A field is missing or has no readable value; names the field.
    """
    document = payload.get("document")
    if not isinstance(document, Mapping):
        raise _missing("document")
    lines = document.get("lines")
    if not isinstance(lines, list | tuple) or not lines:
        raise _missing("document.lines")
    found = tuple(_line(entry, index) for index, entry in enumerate(lines, 1))
    if len({line.line for line in found}) != len(found):
        raise Invalid(text("Expected every line number once", "行号重复"), code="lines_invalid")
    return Order(
        needed_text(document, "reference"),
        needed_text(document, "party"),
        optional_text(document, "currency"),
        _day(document.get("sale_date"), "sale_date"),
        optional_text(document, "description"),
        found,
    )


def _line(entry: Any, index: int) -> OrderLine:
    if not isinstance(entry, Mapping):
        raise _missing(f"lines[{index}]")
    number = decimal_of(entry.get("line"), f"lines[{index}].line")
    quantity = decimal_of(entry.get("quantity"), f"lines[{index}].quantity")
    if number is None or quantity is None:
        raise _missing(f"lines[{index}].{'line' if number is None else 'quantity'}")
    return OrderLine(
        int(number),
        needed_text(entry, "product"),
        quantity,
        *(
            decimal_of(entry.get(name), f"lines[{index}].{name}")
            for name in ("unit_price", "base_price", "amount")
        ),
    )


def needed_text(values: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there.

    Raises:
        Invalid: It is not.
    """
    found = optional_text(values, name)
    if found is None:
        raise _missing(name)
    return found


def optional_text(values: Mapping[str, Any], name: str) -> str | None:
    """Return a text; ``None`` where it is missing or empty."""
    value = values.get(name)
    return None if value is None or str(value) == "" else str(value)


def decimal_of(value: Any, name: str) -> Decimal | None:
    """Return a number, given as a number or as text, exactly.

    Raises:
        Invalid: It is no number.
    """
    if value is None:
        return None
    try:
        found = Decimal(str(value)) if not isinstance(value, Decimal) else value
        if found.is_finite():
            return found
    except InvalidOperation:
        pass
    raise Invalid(
        text(
            "Expected a number for {name}, but it is {value}",
            "{name} 应为数字,实际为 {value}",
            name=name,
            value=value,
        ),
        code="field_invalid",
    )


def _day(value: Any, name: str) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise Invalid(
            text(
                "Expected a date for {name}, but it is {value}",
                "{name} 应为日期,实际为 {value}",
                name=name,
                value=value,
            ),
            code="field_invalid",
        ) from error


def _missing(name: str) -> Invalid:
    return Invalid(text("Expected {name}, but it is missing", "缺少 {name}", name=name), code="field_missing")
