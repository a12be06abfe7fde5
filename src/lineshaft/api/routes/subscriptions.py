"""Subscriptions: signed webhooks to other programs, with a log of their deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.access import Administrator, ServicesOf
from lineshaft.api.idempotency import id_of
from lineshaft.api.json_edge import Json
from lineshaft.api.problems import problem
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.base.text import text
from lineshaft.engine.outlets import Kept, Sent, Subscription
from lineshaft.feel import codec as values

router = make_router("subscriptions")


@dataclass(frozen=True, slots=True)
class WishedSubscription:
    """What shall be sent where."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    types: list[str] = field(default_factory=list)
    """Types of the event feed; none: all."""
    process_id: Annotated[str | None, Field(max_length=200)] = None
    """Only what is about this process."""
    state: Literal["active", "paused"] = "active"
    reason: Annotated[str, Field(max_length=500)] = ""
    """Why it is paused."""

    def what(self, by: str) -> Subscription:
        """Return what is stored."""
        return Subscription(
            name=self.name,
            url=self.url,
            kinds=list(dict.fromkeys(self.types)),
            process_id=self.process_id,
            by=by,
            departments=None,
            position=0,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription and how it does."""

    id: str
    name: str
    url: str
    types: list[str]
    process_id: str | None
    state: str
    """``active``, ``paused`` by a person, or ``disabled`` after long failure."""
    reason: str
    created_at: datetime
    created_by: str
    failing_since: datetime | None
    last_error: str
    former_secret_until: datetime | None
    """Until when deliveries carry a signature by the former secret too."""
    etag: str
    secret: str | None = None
    """Shown when it is made or renewed, and never again."""

    @classmethod
    def of(cls, kept: Kept, secret: str | None = None) -> SubscriptionView:
        """Return the view of a subscription."""
        what = kept.what
        return cls(
            kept.id,
            what.name,
            what.url,
            what.kinds,
            what.process_id,
            kept.state,
            what.reason,
            kept.at,
            what.by,
            what.failing_since,
            what.last_error,
            what.former_until,
            _etag(kept),
            secret,
        )


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """Subscriptions, newest first."""

    items: list[SubscriptionView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One fact sent to one receiver."""

    id: str
    state: str
    """``waiting``, ``delivered``, ``failed``."""
    type: str
    subject: str
    happened_at: datetime
    created_at: datetime
    tries: int
    status: int
    """The receiver's last answer; 0: none."""
    error: str
    took_ms: int
    tried_at: datetime | None
    next_try_at: datetime | None
    data: dict[str, Any]

    @classmethod
    def of(cls, sent: Sent) -> DeliveryView:
        """Return the view of a delivery."""
        what = sent.what
        return cls(
            sent.id,
            sent.state,
            what.kind,
            what.subject,
            what.happened_at,
            sent.at,
            what.tries,
            what.status,
            what.error,
            what.took_ms,
            what.tried_at,
            sent.due_at if sent.state == "waiting" else None,
            values.decode(what.data),
        )


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, newest first; those that have ended are kept for seven days."""

    items: list[DeliveryView]
    next: str | None = None


IfMatch = Annotated[str | None, Header(description="the `ETag` of what was read before it was changed")]


@router.get("/subscriptions", response_model=SubscriptionPage)
async def list_subscriptions(
    services: ServicesOf,
    caller: Administrator,
    state: Literal["active", "paused", "disabled"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return subscriptions, newest first."""
    page = await services.outlets.all(state=state, cursor=cursor, limit=limit)
    return Json(SubscriptionPage([SubscriptionView.of(each) for each in page.items], page.next))


@router.post("/subscriptions", response_model=SubscriptionView, status_code=201)
async def make_subscription(
    request: Request, wish: WishedSubscription, services: ServicesOf, caller: Administrator
) -> Json:
    """Send what happens from now on to a declared host, signed (Standard Webhooks); shows the secret once."""
    kept = await services.outlets.make(caller.scope, wish.what(caller.name), wanted_id=id_of(request))
    view = SubscriptionView.of(kept, services.webhook_secret(kept))
    return Json(view, 201, headers={"ETag": _etag(kept)})


@router.get("/subscriptions/{subscription_id}", response_model=SubscriptionView)
async def get_subscription(subscription_id: str, services: ServicesOf, caller: Administrator) -> Json:
    """Return a subscription; `ETag` is asked for when it is changed."""
    kept = await services.outlets.find(subscription_id)
    return Json(SubscriptionView.of(kept), headers={"ETag": _etag(kept)})


@router.put(
    "/subscriptions/{subscription_id}", response_model=SubscriptionView, openapi_extra={"x-if-match": True}
)
async def change_subscription(
    request: Request,
    subscription_id: str,
    wish: WishedSubscription,
    services: ServicesOf,
    caller: Administrator,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Change a subscription, pause it, or let a disabled one go on; `If-Match` must name what was read."""
    kept = await services.outlets.find(subscription_id)
    if if_match is None:
        return problem(
            request,
            428,
            code="if_match_missing",
            detail=text("Expected the header If-Match.", "缺少请求头 If-Match。"),
            hint=text("Read it first; its ETag goes there.", "请先读取,并填入其 ETag。"),
        )
    if if_match not in (_etag(kept), "*"):
        return problem(
            request,
            412,
            code="version_changed",
            detail=text("The subscription was changed meanwhile.", "该订阅已被他人修改。"),
            hint=text("Read it again and decide anew.", "请重新读取后再修改。"),
        )
    changed = await services.outlets.change(subscription_id, kept.version, wish.what(caller.name), wish.state)
    return Json(SubscriptionView.of(changed), headers={"ETag": _etag(changed)})


@router.delete("/subscriptions/{subscription_id}", status_code=204, response_class=Response)
async def end_subscription(subscription_id: str, services: ServicesOf, caller: Administrator) -> Response:
    """End a subscription; what waits to be sent is not sent any more."""
    await services.outlets.remove(subscription_id)
    return Response(status_code=204)


@router.post("/subscriptions/{subscription_id}/secret", response_model=SubscriptionView)
async def renew_subscription_secret(
    subscription_id: str, services: ServicesOf, caller: Administrator
) -> Json:
    """Make a new secret and show it; for a day deliveries are signed with the former one too."""
    kept = await services.outlets.rotate(subscription_id)
    view = SubscriptionView.of(kept, services.webhook_secret(kept))
    return Json(view, headers={"ETag": _etag(kept)})


@router.get("/subscriptions/{subscription_id}/deliveries", response_model=DeliveryPage)
async def list_deliveries(
    subscription_id: str,
    services: ServicesOf,
    caller: Administrator,
    *,
    state: Literal["waiting", "delivered", "failed"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return what was sent and what became of it, newest first."""
    page = await services.outlets.deliveries(subscription_id, state=state, cursor=cursor, limit=limit)
    return Json(DeliveryPage([DeliveryView.of(each) for each in page.items], page.next))


@router.post(
    "/subscriptions/{subscription_id}/deliveries/{delivery_id}/redeliver",
    response_model=DeliveryView,
    status_code=202,
)
async def redeliver(
    subscription_id: str, delivery_id: str, services: ServicesOf, caller: Administrator
) -> Json:
    """Send a delivery once more, whatever became of it; it carries the same id."""
    return Json(DeliveryView.of(await services.outlets.send_again(subscription_id, delivery_id)), 202)


def _etag(kept: Kept) -> str:
    return f'"{kept.id}-{kept.version}"'
