"""The morning's briefing: what it would say now, and sending it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from lineshaft.api.access import DocumentReader, LanguageOf, ServicesOf, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.kpi_views import KpiView
from lineshaft.api.routing import make_router
from lineshaft.api.views import DoneView
from lineshaft.insight.board import BoardStage, Money
from lineshaft.insight.briefing import BriefingDesk
from lineshaft.security.people import Caller

router = make_router("briefing")

Sender = Annotated[Caller, Depends(allow("operate"))]


@dataclass(frozen=True, slots=True)
class BriefingView:
    """What the briefing says: see the board and the key figures for each of its numbers."""

    at: datetime
    open: int
    backlog: list[Money]
    late: int
    refused: int
    abnormal: list[Money]
    """What orders that are late or refused are worth."""
    stages: list[BoardStage]
    """Who has how many open orders in hand."""
    missed: list[KpiView]
    """Key figures that do not meet their target."""
    complete: bool


@router.get("/briefing", response_model=BriefingView)
async def get_briefing(services: ServicesOf, caller: DocumentReader, language: LanguageOf) -> Json:
    """Return what the morning's briefing would say now, within what the caller may see."""
    desk = BriefingDesk(services.board, services.kpis, lambda: services.systems.trail)
    found = await desk.now(caller.scope, language)
    view = BriefingView(
        found.at,
        found.open,
        found.backlog,
        found.late,
        found.refused,
        found.abnormal,
        found.stages,
        [KpiView.of_kpi(each) for each in found.missed],
        found.complete,
    )
    return Json(view)


@router.post("/briefing", response_model=DoneView)
async def send_briefing(services: ServicesOf, caller: Sender) -> Json:
    """Send the briefing now to those whom the configuration names."""
    await services.send_briefing()
    return Json(DoneView("briefing", "sent"))
