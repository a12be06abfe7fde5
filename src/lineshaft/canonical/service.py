"""After the sale and in the plant: repairs, service, spare parts, knowledge. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Moment, Sourced
from lineshaft.canonical.money import line_amount, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class SparePartUse(Extended):
    """A part that a repair took 备件消耗."""

    item_code: str
    quantity: Decimal
    unit: str
    price: Decimal = ZERO
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class RepairTicket(Sourced):
    """A repair 维修工单."""

    number: str
    equipment_code: str
    description: str
    fault_code: str = ""
    reported_by: str = ""
    assigned_to: str = ""
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    parts: tuple[SparePartUse, ...] = ()
    labour_amount: Decimal = ZERO
    currency: str = "CNY"
    article_number: str | None = None
    """The article that tells how it was mended."""
    status: Literal["open", "assigned", "repairing", "waiting_parts", "closed", "cancelled"] = "open"

    @property
    def cost(self) -> Decimal:
        """Parts and labour."""
        return total([self.labour_amount, *(line_amount(each.quantity, each.price) for each in self.parts)])


@dataclass(frozen=True, slots=True)
class ServiceRequest(Sourced):
    """A customer asks for service 服务派单."""

    number: str
    customer_code: str
    description: str
    product_code: str = ""
    serial_number: str = ""
    contact: str = ""
    phone: str = ""
    assigned_to: str = ""
    planned_at: Moment | None = None
    closed_at: Moment | None = None
    repair_number: str | None = None
    status: Literal["open", "dispatched", "on_site", "closed", "cancelled"] = "open"


@dataclass(frozen=True, slots=True)
class KnowledgeArticle(Sourced):
    """How something is mended 知识库."""

    number: str
    title: str
    body: str
    fault_codes: tuple[str, ...] = ()
    equipment_models: tuple[str, ...] = ()
    status: Literal["draft", "published", "withdrawn"] = "draft"
