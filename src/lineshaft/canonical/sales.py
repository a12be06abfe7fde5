"""Before the order: leads, opportunities, quotes, contracts. Pure values (UBL where it has words)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Posted, Sourced

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Lead(Sourced):
    """Somebody who may buy 线索."""

    number: str
    name: str
    company: str = ""
    phone: str = ""
    email: str = ""
    origin: str = ""
    """Where it came from: fair, website …"""
    sales_person: str | None = None
    status: Literal["open", "qualified", "lost"] = "open"


@dataclass(frozen=True, slots=True)
class Opportunity(Sourced):
    """A sale that may come 商机."""

    number: str
    name: str
    customer_code: str = ""
    lead_number: str | None = None
    expected_amount: Decimal | None = None
    currency: str = "CNY"
    probability: Decimal | None = None
    """A fraction: 0.6 is 60 %."""
    expected_close: date | None = None
    stage: str = ""
    sales_person: str | None = None
    status: Literal["open", "won", "lost"] = "open"


@dataclass(frozen=True, slots=True)
class QuoteLine(Extended):
    """A line of a quote."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    price: Decimal
    discount: Decimal = ZERO
    tax_rate: Decimal = ZERO
    item_name: str = ""
    delivery_date: date | None = None


@dataclass(frozen=True, slots=True)
class Quote(Posted):
    """An offer with prices 报价 (UBL ``Quotation``)."""

    number: str
    customer_code: str
    lines: tuple[QuoteLine, ...]
    opportunity_number: str | None = None
    currency: str = "CNY"
    price_includes_tax: bool = False
    valid_until: date | None = None
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    gross_amount: Decimal | None = None
    status: Literal["draft", "sent", "accepted", "refused", "expired"] = "draft"


@dataclass(frozen=True, slots=True)
class Contract(Posted):
    """A contract of sale 合同 (UBL ``Contract``)."""

    number: str
    customer_code: str
    title: str = ""
    quote_number: str | None = None
    opportunity_number: str | None = None
    order_numbers: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str = "CNY"
    valid_from: date | None = None
    valid_until: date | None = None
    status: Literal["draft", "signed", "running", "fulfilled", "ended", "cancelled"] = "draft"
