"""Money: sales invoices, receipts, what is owed, cost, profit. Pure values (UBL invoice and remittance)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Posted, Sourced
from lineshaft.canonical.money import half_up, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class InvoiceLine(Extended):
    """A line of an invoice and the delivery line it bills."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    net_amount: Decimal
    tax_rate: Decimal
    tax_amount: Decimal
    gross_amount: Decimal
    price: Decimal | None = None
    order_number: str = ""
    order_line: str = ""
    delivery_number: str = ""
    delivery_line: str = ""


@dataclass(frozen=True, slots=True)
class SalesInvoice(Posted):
    """A bill to a customer 销售发票 (UBL ``Invoice``)."""

    number: str
    customer_code: str
    lines: tuple[InvoiceLine, ...]
    gross_amount: Decimal
    net_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    currency: str = "CNY"
    base_currency: str = "CNY"
    exchange_rate: Decimal = Decimal(1)
    due_date: date | None = None
    tax_invoice_number: str = ""
    """税务发票号码."""
    reverses: str | None = None
    """红冲: the number of the invoice that this one takes back; its amounts are below 0."""
    status: Literal["draft", "posted", "reversed", "cancelled"] = "posted"


@dataclass(frozen=True, slots=True)
class Receipt(Posted):
    """Money from a customer 回款 (UBL ``RemittanceAdvice``)."""

    number: str
    customer_code: str
    amount: Decimal
    currency: str = "CNY"
    invoice_numbers: tuple[str, ...] = ()
    bank_reference: str = ""
    status: Literal["draft", "posted", "reversed"] = "posted"


@dataclass(frozen=True, slots=True)
class Receivable(Sourced):
    """What a customer owes 应收余额."""

    customer_code: str
    balance: Decimal
    overdue: Decimal = ZERO
    currency: str = "CNY"
    as_of: date | None = None
    days_outstanding: Decimal | None = None
    """应收账款周转天数: balance ÷ sales of the period × its days."""


@dataclass(frozen=True, slots=True)
class ProductCost(Sourced):
    """What a piece costs by actual use 产品成本."""

    item_code: str
    quantity: Decimal
    material_amount: Decimal
    labour_amount: Decimal
    overhead_amount: Decimal = ZERO
    currency: str = "CNY"
    period: str = ""
    """``2026-05``."""

    @property
    def unit_cost(self) -> Decimal:
        """Material, labour and overhead per piece, 4 digits."""
        return half_up(
            total([self.material_amount, self.labour_amount, self.overhead_amount]) / self.quantity, 4
        )


@dataclass(frozen=True, slots=True)
class Profit(Sourced):
    """What an order or item brought 利润."""

    subject: str
    """Number of the order, or code of the item or customer."""
    revenue: Decimal
    cost: Decimal
    currency: str = "CNY"
    period: str = ""

    @property
    def margin(self) -> Decimal:
        """Revenue less cost."""
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True)
class LossRate(Sourced):
    """How much of the material was lost 损耗率."""

    item_code: str
    used_quantity: Decimal
    lost_quantity: Decimal
    unit: str
    period: str = ""

    @property
    def rate(self) -> Decimal:
        """Lost of used, a fraction with 4 digits."""
        return half_up(self.lost_quantity / self.used_quantity, 4) if self.used_quantity else ZERO


def receivable_of(
    customer_code: str,
    invoices: Iterable[SalesInvoice],
    receipts: Iterable[Receipt],
    as_of: date,
    *,
    currency: str,
) -> Receivable:
    """Return what a customer owes on a day: posted invoices less posted receipts, in one currency.

    Receipts pay the oldest due invoices first; what stays unpaid past its due date is overdue.
    """
    open_invoices = sorted(
        (
            each
            for each in invoices
            if each.customer_code == customer_code
            and each.currency == currency
            and each.status in ("posted", "reversed")
            and each.business_date <= as_of
        ),
        key=lambda each: (each.due_date or date.max, each.number),
    )
    paid = total(
        [
            each.amount
            for each in receipts
            if each.customer_code == customer_code
            and each.currency == currency
            and each.status == "posted"
            and each.business_date <= as_of
        ]
    )
    billed = total([each.gross_amount for each in open_invoices])
    due = total(
        [each.gross_amount for each in open_invoices if each.due_date is not None and each.due_date < as_of]
    )
    return Receivable(customer_code, billed - paid, max(ZERO, due - paid), currency, as_of)
