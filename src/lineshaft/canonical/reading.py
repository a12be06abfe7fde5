"""Plain records into business objects and back. Pure.

Decimals and dates stay what they are; a float is refused, because it is not the number that was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.canonical.master import Customer, Product
from lineshaft.canonical.trade import SalesOrder, with_amounts

T = TypeVar("T", SalesOrder, Customer, Product)

TYPES: Final[Mapping[str, type[SalesOrder] | type[Customer] | type[Product]]] = {
    "sales_order": SalesOrder,
    "customer": Customer,
    "product": Product,
}
"""The business objects by the name that mappings use."""


def read_object(kind: type[T], record: Mapping[str, Any]) -> T:
    """Return the business object that a record describes.

    Raises:
        InputError: A field is missing, unknown or of the wrong type; the message names it.
    """
    _refuse_floats(record, "")
    unknown = sorted(set(record) - set(kind.__dataclass_fields__))
    if unknown:
        raise InputError(
            text(
                "Expected only fields of {kind}, but {names} is not one",
                "{kind} 没有字段 {names}",
                kind=kind.__name__,
                names=", ".join(unknown),
            ),
            code="field_unknown",
            hint=text("put it under extensions", "请放入 extensions"),
        )
    try:
        return msgspec.convert(_whole_numbers(kind, _without_nulls(record)), kind)
    except msgspec.ValidationError as error:
        raise InputError(
            text(
                "Expected a {kind}, but {error}", "应为 {kind}:{error}", kind=kind.__name__, error=str(error)
            ),
            code="object_invalid",
        ) from error


def completed(kind: type[SalesOrder] | type[Customer] | type[Product], record: Mapping[str, Any]) -> Any:
    """Return the business object of a record, with the amounts that it does not carry computed.

    Raises:
        InputError: See ``read_object``.
    """
    value: Any = read_object(kind, record)  # type: ignore[type-var]
    return with_amounts(value) if isinstance(value, SalesOrder) else value


def write_object(value: SalesOrder | Customer | Product) -> dict[str, Any]:
    """Return a business object as a plain record; lists for tuples, decimals and dates kept."""
    record = msgspec.to_builtins(value, builtin_types=(Decimal, date, datetime))
    assert isinstance(record, dict), "a dataclass is written as a dict"
    return record


def _whole_numbers(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    """A whole number may come as a decimal without a fraction: expressions know only one kind of number."""
    for name, field in kind.__dataclass_fields__.items():
        value = record.get(name)
        if field.type == "int" and isinstance(value, Decimal) and value == value.to_integral_value():
            record[name] = int(value)
    return record


def _refuse_floats(value: Any, path: str) -> None:
    if isinstance(value, float):
        raise InputError(
            text(
                "Expected an exact number in {path}, but it is the float {value}",
                "{path} 应为精确数字,实际为浮点数 {value}",
                path=path,
                value=value,
            ),
            code="number_not_exact",
        )
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _refuse_floats(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, entry in enumerate(value):
            _refuse_floats(entry, f"{path}[{index}]")


def _without_nulls(value: Any) -> Any:
    """A null means that the field is not given: its default counts."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(entry) for entry in value]
    return value
