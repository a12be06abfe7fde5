"""What did not happen in time: alerts of watches, what people do with them, and what is expected."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, Path, Query

from lineshaft.api.access import InstanceReader, ServicesOf, allow
from lineshaft.api.alert_views import (
    ActedAlerts,
    AlertDetail,
    AlertFiguresView,
    AlertNoteView,
    AlertPage,
    AlertView,
    WishedAct,
    WishedTarget,
)
from lineshaft.api.json_edge import Json
from lineshaft.api.keeping_views import ExpectationPage, ExpectationView
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import TitleView
from lineshaft.insight.alert_acts import Wish
from lineshaft.insight.alerting import KeptAlert
from lineshaft.insight.watches import EXPECTED
from lineshaft.security.people import Caller
from lineshaft.store.writes import Write

router = make_router("alerts")

State = Annotated[Literal["open", "closed"] | None, Query(description="all where not given")]
Watch = Annotated[
    str | None, Query(max_length=300, description="`kind/watch`, e.g. `missing/shipment-posted`")
]
Handler = Annotated[Caller, Depends(allow("work", noted=False))]
"""Each act writes its own line of the audit log, in the same transaction."""
Setter = Annotated[Caller, Depends(allow("operate", noted=False))]
Days = Annotated[int, Query(ge=1, le=366, description="of how many days")]


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


@router.get("/alert-figures", response_model=AlertFiguresView)
async def alert_figures(services: ServicesOf, caller: InstanceReader, days: Days = 30) -> Json:
    """Return how soon alerts were acknowledged and mended, and how many were noise."""
    return Json(AlertFiguresView.of(await services.alert_desk.figures(caller.scope, days)))


@router.put("/alert-target", response_model=AlertFiguresView)
async def set_alert_target(wish: WishedTarget, services: ServicesOf, caller: Setter) -> Json:
    """Set what the mean time to repair shall be."""
    line = services.audit.line(
        "alert.target_set", subject_type="alert_target", detail={"repair_s": wish.repair_s}
    )
    await services.alert_desk.set_target(wish.repair_s, line)
    return Json(AlertFiguresView.of(await services.alert_desk.figures(caller.scope, 30)))


@router.post("/alert-acts", response_model=ActedAlerts)
async def act_on_alerts(wish: WishedAct, services: ServicesOf, caller: Handler) -> Json:
    """Acknowledge, assign, comment, close, mute or rate alerts."""
    until = services.clock.now() + timedelta(seconds=wish.mute_s) if wish.mute_s else None
    person = ""
    if wish.act == "assign" and wish.person:
        person = (await services.directory.user(wish.person)).id
    todo = Wish(wish.act, caller.name, wish.text.strip(), person, wish.useful, until)

    def note(kept: KeptAlert) -> Write:
        said = {"person": person, "text": todo.text, "useful": todo.useful}
        return services.audit.line(
            f"alert.{wish.act}",
            subject_type="alert",
            subject=kept.record.id,
            detail={name: value for name, value in said.items() if value not in ("", None)},
        )

    acted = [
        await services.alert_desk.act(caller.scope, each, todo, note) for each in dict.fromkeys(wish.ids)
    ]
    return Json(ActedAlerts([AlertView.of(kept) for kept in acted]))


@router.get("/alerts/{alert_id:path}", response_model=AlertDetail)
async def get_alert(
    alert_id: Annotated[str, Path(max_length=400)], services: ServicesOf, caller: InstanceReader
) -> Json:
    """Return an alert and what was done with it."""
    kept = await services.alert_desk.one(caller.scope, alert_id)
    notes = [AlertNoteView.of(each) for each in kept.care.notes]
    return Json(AlertDetail(AlertView.of(kept), notes))


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
