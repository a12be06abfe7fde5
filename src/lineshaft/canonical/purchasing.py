"""Buying: requests, orders, receipts, invoices of suppliers, payments. Pure values in the words of UBL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Moment, Posted

ZERO = Decimal(0)
PurchaseStatus = Literal[
    "draft", "created", "confirmed", "shipped", "partially_received", "received", "closed", "cancelled"
]


@dataclass(frozen=True, slots=True)
class PurchaseLine(Extended):
    """A line of a request or order."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    price: Decimal | None = None
    tax_rate: Decimal = ZERO
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    gross_amount: Decimal | None = None
    item_name: str = ""
    needed_on: date | None = None
    received_quantity: Decimal = ZERO
    request_number: str = ""
    request_line: str = ""


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state and since when."""

    state: str
    at: Moment
    by: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseRequest(Posted):
    """Somebody needs something 采购申请."""

    number: str
    lines: tuple[PurchaseLine, ...]
    requested_by: str = ""
    reason: str = ""
    status: Literal["draft", "under_review", "approved", "rejected", "ordered", "closed", "cancelled"] = (
        "draft"
    )


@dataclass(frozen=True, slots=True)
class PurchaseOrder(Posted):
    """An order to a supplier 采购订单."""

    number: str
    supplier_code: str
    lines: tuple[PurchaseLine, ...]
    currency: str = "CNY"
    base_currency: str = "CNY"
    exchange_rate: Decimal = Decimal(1)
    price_includes_tax: bool = False
    expected_on: date | None = None
    request_numbers: tuple[str, ...] = ()
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    gross_amount: Decimal | None = None
    status: PurchaseStatus = "created"
    history: tuple[StateChange, ...] = ()


@dataclass(frozen=True, slots=True)
class GoodsReceiptLine(Extended):
    """What came of an order line."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    order_line: str = ""
    accepted_quantity: Decimal | None = None
    rejected_quantity: Decimal = ZERO
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsReceipt(Posted):
    """Goods from a supplier 采购收货 (UBL ``ReceiptAdvice``)."""

    number: str
    order_number: str
    supplier_code: str
    lines: tuple[GoodsReceiptLine, ...]
    warehouse: str = ""
    status: Literal["draft", "received", "inspected", "returned", "reversed"] = "received"


@dataclass(frozen=True, slots=True)
class PurchaseInvoice(Posted):
    """A supplier's bill 采购发票."""

    number: str
    supplier_code: str
    gross_amount: Decimal
    order_numbers: tuple[str, ...] = ()
    receipt_numbers: tuple[str, ...] = ()
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    currency: str = "CNY"
    due_date: date | None = None
    tax_invoice_number: str = ""
    status: Literal["draft", "matched", "disputed", "posted", "reversed"] = "draft"


@dataclass(frozen=True, slots=True)
class PaymentApplication(Posted):
    """Money is asked for, to pay a supplier 付款申请."""

    number: str
    supplier_code: str
    amount: Decimal
    currency: str = "CNY"
    order_numbers: tuple[str, ...] = ()
    invoice_numbers: tuple[str, ...] = ()
    requested_by: str = ""
    pay_on: date | None = None
    status: Literal["draft", "under_review", "approved", "rejected", "paid", "cancelled"] = "draft"
