"""Order-tracking links: what a salesperson sends a customer, so that they see their own order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.api.access import LanguageOf, ServicesOf, Worker
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.trace import known_systems
from lineshaft.api.routing import make_router
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.insight.trail import trail
from lineshaft.security.tracking import DAYS_DEFAULT

router = make_router("trace")


@dataclass(frozen=True, slots=True)
class WishedTrackingLink:
    """A link for the customer of the order that ``number`` leads to, good for ``days`` days."""

    number: str
    days: int = DAYS_DEFAULT


@dataclass(frozen=True, slots=True)
class TrackingLink:
    """A link for a customer: whoever has it sees this one order until then."""

    number: str
    url: str
    ends_at: datetime


@router.post("/tracking-links", response_model=TrackingLink, status_code=201)
async def make_tracking_link(
    wished: WishedTrackingLink, services: ServicesOf, caller: Worker, language: LanguageOf
) -> Json:
    """Make a link by which a customer sees one order, without an account."""
    now = services.clock.now()
    found = await trail(
        services.store,
        caller.scope,
        services.processes,
        wished.number.strip(),
        spec=services.systems.trail,
        systems=known_systems(services),
        now=now,
        language=language,
    )
    if found.order is None:
        raise NotFound(
            text("Nothing is known of the order {number}.", "没有找到订单 {number}。", number=wished.number),
            code="order_missing",
        )
    url, ticket = services.tracking.make(caller.scope.tenant, found.order.document, now, days=wished.days)
    return Json(TrackingLink(found.order.number, url, ticket.ends_at), 201)
