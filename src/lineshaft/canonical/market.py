"""What is expected and known of customers: forecasts, behaviour, profiles. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lineshaft.canonical.extended import Moment, Sourced


@dataclass(frozen=True, slots=True)
class SalesForecast(Sourced):
    """What is expected to be sold 需求预测."""

    item_code: str
    period: str
    """``2026-05`` or ``2026-W21``."""
    quantity: Decimal
    unit: str
    customer_code: str | None = None
    region: str = ""
    made_on: date | None = None


@dataclass(frozen=True, slots=True)
class CustomerBehaviour(Sourced):
    """Something a customer did 客户行为."""

    customer_code: str
    kind: str
    """``visit``, ``inquiry``, ``order``, ``complaint`` …"""
    at: Moment
    subject: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class CustomerProfile(Sourced):
    """What is known of a customer as a whole 客户画像."""

    customer_code: str
    level: str = ""
    industry: str = ""
    region: str = ""
    first_order_on: date | None = None
    last_order_on: date | None = None
    order_count: int = 0
    revenue: Decimal | None = None
    currency: str = "CNY"
    tags: tuple[str, ...] = ()
