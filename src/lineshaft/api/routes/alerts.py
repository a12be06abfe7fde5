"""What did not happen in time: alerts of watches, and what is expected."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from fastapi import Query

from lineshaft.api.access import InstanceReader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.keeping_views import AlertPage, AlertView, ExpectationPage, ExpectationView
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import TitleView
from lineshaft.insight.watches import EXPECTED

router = make_router("alerts")

State = Annotated[Literal["open", "closed"] | None, Query(description="all where not given")]
Watch = Annotated[
    str | None, Query(max_length=300, description="`kind/watch`, e.g. `missing/shipment-posted`")
]


@router.get("/alerts", response_model=AlertPage)
async def list_alerts(
    services: ServicesOf,
    caller: InstanceReader,
    *,
    state: State = "open",
    watch: Watch = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return what stands still, is late or is missing, newest first."""
    page = await services.alerts.page(caller.scope, state, watch, cursor, limit)
    return Json(AlertPage([AlertView.of(kept) for kept in page.items], page.next))


@router.get("/expectations", response_model=ExpectationPage)
async def list_expectations(services: ServicesOf, caller: InstanceReader) -> Json:
    """Return what the active release expects to follow, how it stands, and the number of open alerts."""
    store, scope = services.store, caller.scope
    views = []
    for each in services.watches.spec.expectations:
        pending = await store.records(scope, EXPECTED, owner=each.name, state="pending", limit=500)
        late = await store.records(scope, EXPECTED, owner=each.name, state="late", limit=500)
        views.append(
            ExpectationView(
                each.name,
                TitleView.of(each.title),
                each.after,
                f"{each.evidence} {each.subject}",
                each.within_s,
                each.node,
                TitleView.of(each.owner),
                len(pending.items),
                len(late.items),
            )
        )
    page = await services.alerts.page(scope, "open", None, None, 500)
    return Json(ExpectationPage(views, dict(Counter(kept.alert.kind for kept in page.items))))
