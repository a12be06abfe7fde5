"""Documents of trade in the words of UBL 2.3: the sales order and its lines.

Pure values. Quantities, prices and amounts are ``Decimal``; rates and discounts are fractions (0.13 is 13 %).
Every object carries ``custom_1`` to ``custom_5`` and open ``extensions`` from end to end. Not for the shape
of any one system's record: mappings make these out of those.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from lineshaft.canonical.codes import LineStatus, OrderStatus
from lineshaft.canonical.extended import Extended, Sourced
from lineshaft.canonical.money import line_amount, split_tax, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class SalesOrderLine(Extended):
    """A line of a sales order (UBL ``OrderLine``)."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    price: Decimal
    """Per unit, before discount; with tax where the order's ``price_includes_tax`` says so."""
    discount: Decimal = ZERO
    tax_rate: Decimal = ZERO
    amount: Decimal | None = None
    """``half-up(quantity × price × (1 − discount), 2)``, in the price's own kind."""
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    gross_amount: Decimal | None = None
    item_name: str = ""
    specification: str = ""
    dimensions: str = ""
    """规格尺寸, as the customer orders it."""
    delivery_date: date | None = None
    lot: str | None = None
    serial_numbers: tuple[str, ...] = ()
    status: LineStatus = "open"
    delivered_quantity: Decimal = ZERO
    source_line: str = ""
    """The line's number in the source, where it differs."""


@dataclass(frozen=True, slots=True)
class SalesOrder(Sourced):
    """A customer's order as the seller holds it (UBL ``Order``)."""

    number: str
    customer_code: str
    lines: tuple[SalesOrderLine, ...]
    business_date: date
    currency: str = "CNY"
    base_currency: str = "CNY"
    exchange_rate: Decimal = Decimal(1)
    """Base currency per unit of ``currency``."""
    price_includes_tax: bool = False
    posting_date: date | None = None
    delivery_date: date | None = None
    organisation: str = ""
    """组织: the legal or selling unit."""
    ledger: str = ""
    """账套: the set of books it is posted to."""
    customer_name: str = ""
    sales_person: str | None = None
    department: str | None = None
    status: OrderStatus = "confirmed"
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    gross_amount: Decimal | None = None
    remark: str = ""


def with_amounts(order: SalesOrder) -> SalesOrder:
    """Return the order with the amounts that it does not carry computed; given amounts are never altered."""
    lines = tuple(_line_with_amounts(line, includes_tax=order.price_includes_tax) for line in order.lines)
    counted = [line for line in lines if line.status != "cancelled"]
    return replace(
        order,
        lines=lines,
        net_amount=_given(order.net_amount, [line.net_amount for line in counted]),
        tax_amount=_given(order.tax_amount, [line.tax_amount for line in counted]),
        gross_amount=_given(order.gross_amount, [line.gross_amount for line in counted]),
    )


def _line_with_amounts(line: SalesOrderLine, *, includes_tax: bool) -> SalesOrderLine:
    amount = line.amount
    if amount is None:
        amount = line_amount(line.quantity, line.price, line.discount)
    net, tax, gross = split_tax(amount, line.tax_rate, includes_tax=includes_tax)
    return replace(
        line,
        amount=amount,
        net_amount=net if line.net_amount is None else line.net_amount,
        tax_amount=tax if line.tax_amount is None else line.tax_amount,
        gross_amount=gross if line.gross_amount is None else line.gross_amount,
    )


def _given(amount: Decimal | None, parts: list[Decimal | None]) -> Decimal:
    return total([part for part in parts if part is not None]) if amount is None else amount
