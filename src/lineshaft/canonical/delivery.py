"""Going out: delivery orders, shipments, receipts of finished goods (UBL despatch and receipt advice)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.base.text import Text, text
from lineshaft.canonical.extended import Extended, Moment, Posted, Sourced


@dataclass(frozen=True, slots=True)
class DeliveryLine(Extended):
    """A line of a delivery and the order line it serves."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    order_number: str = ""
    order_line: str = ""
    lot: str | None = None
    serial_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryOrder(Posted):
    """Goods to be sent 发货单 (UBL ``DespatchAdvice``)."""

    number: str
    customer_code: str
    lines: tuple[DeliveryLine, ...]
    ship_to: str = ""
    planned_date: date | None = None
    warehouse: str = ""
    status: Literal["draft", "approved", "picking", "shipped", "delivered", "cancelled"] = "draft"


@dataclass(frozen=True, slots=True)
class Shipment(Sourced):
    """Goods on their way 物流."""

    number: str
    delivery_number: str
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: Moment | None = None
    expected_on: date | None = None
    delivered_at: Moment | None = None
    status: Literal["waiting", "shipped", "in_transit", "delivered", "returned", "lost"] = "waiting"

    def words(self, today: date) -> Text:
        """Return where it stands, for a customer: 已发货,预计 N 天到达."""
        if self.status == "delivered":
            return text("delivered", "已送达")
        if self.status in ("returned", "lost"):
            return text(self.status, "已退回" if self.status == "returned" else "已丢失")
        if self.status == "waiting":
            return text("not sent yet", "待发货")
        if self.expected_on is None:
            return text("sent", "已发货")
        days = (self.expected_on - today).days
        if days < 0:
            return text("sent, {days} days late", "已发货,逾期 {days} 天", days=-days)
        return text("sent, arrives in {days} days", "已发货,预计 {days} 天到达", days=days)


@dataclass(frozen=True, slots=True)
class FinishedGoodsReceipt(Posted):
    """Finished goods into the warehouse 成品入库."""

    number: str
    job_order_number: str
    item_code: str
    quantity: Decimal
    unit: str
    warehouse: str = ""
    lot: str | None = None
    serial_numbers: tuple[str, ...] = ()
    status: Literal["draft", "received", "reversed"] = "received"
