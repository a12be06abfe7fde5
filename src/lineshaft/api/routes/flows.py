"""Flows: how they stand, pause, resume, run, rewind, and the decisions that people owe them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import Field

from lineshaft.api.access import (
    LanguageOf,
    LetterReader,
    LetterRepairer,
    ServicesOf,
    SystemOperator,
    SystemReader,
)
from lineshaft.api.flow_views import DecisionPage, DecisionView, FlowView
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DoneView

router = make_router("flows")


@dataclass(frozen=True, slots=True)
class Rewind:
    """From where to read again: a side's position as the flow shows it, or the beginning."""

    side: Annotated[str, Field(max_length=100, description="a system; all where empty")] = ""
    position: Annotated[
        str | None, Field(max_length=20_000, description="hex; the beginning where not given")
    ] = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to stand in an open field on both sides."""

    key: Annotated[str, Field(min_length=1, max_length=400)]
    field: Annotated[str, Field(min_length=1, max_length=200)]
    choice: Annotated[str, Field(description="the system whose value counts, or `value`")]
    value: Any = None


@router.get("/flows", response_model=list[FlowView])
async def list_flows(services: ServicesOf, caller: SystemReader, language: LanguageOf) -> Json:
    """Return the flows of the active release and how they stand."""
    return Json([FlowView.of(each, language) for each in await services.flows.standings(caller.scope)])


@router.get("/flows/{name}", response_model=FlowView)
async def get_flow(name: str, services: ServicesOf, caller: SystemReader, language: LanguageOf) -> Json:
    """Return one flow: counts, delays, what waits, the newest errors."""
    return Json(FlowView.of(await services.flows.standing(caller.scope, name), language))


@router.post("/flows/{name}/pause", response_model=DoneView)
async def pause_flow(
    name: str,
    services: ServicesOf,
    caller: SystemOperator,
    reason: Annotated[str, Body(embed=True, min_length=1, max_length=500)],
) -> Json:
    """Let a flow read and write nothing until it is resumed."""
    await services.flows.pause(caller.scope, name, by=caller.name, reason=reason)
    return Json(DoneView(name, "paused"))


@router.post("/flows/{name}/resume", response_model=DoneView)
async def resume_flow(name: str, services: ServicesOf, caller: SystemOperator) -> Json:
    """Let a paused flow go on from where it was."""
    await services.flows.resume(caller.scope, name, by=caller.name)
    return Json(DoneView(name, "resumed"))


@router.post("/flows/{name}/run", response_model=DoneView, status_code=202)
async def run_flow(name: str, services: ServicesOf, caller: SystemOperator) -> Json:
    """Read a flow's sources now, to their end."""
    await services.flows.run(caller.scope, name, by=caller.name)
    return Json(DoneView(name, "asked"), 202)


@router.post("/flows/{name}/rewind", response_model=DoneView, status_code=202)
async def rewind_flow(name: str, rewind: Rewind, services: ServicesOf, caller: SystemOperator) -> Json:
    """Read again from a position or from the beginning; what is unchanged is not written again."""
    await services.flows.rewind(
        caller.scope, name, by=caller.name, side=rewind.side, position=rewind.position
    )
    return Json(DoneView(name, "asked"), 202)


@router.get("/flows/{name}/decisions", response_model=DecisionPage)
async def list_flow_decisions(
    name: str,
    services: ServicesOf,
    caller: LetterReader,
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
    key: Annotated[str | None, Query(max_length=400, description="of one record only")] = None,
) -> Json:
    """Return the records that both sides have changed, with both edits, newest first."""
    page = await services.flows.decisions(caller.scope, name, cursor=cursor, limit=limit)
    items = [DecisionView.of(each) for each in page.items if key is None or each.key == key]
    return Json(DecisionPage(items, page.next))


@router.post("/flows/{name}/decisions", response_model=DoneView, status_code=202)
async def decide_flow_conflict(
    name: str, choice: Choice, services: ServicesOf, caller: LetterRepairer
) -> Json:
    """Say what is to stand in an open field on both sides."""
    await services.flows.decide(
        caller.scope, name, choice.key, choice.field, choice.choice, by=caller.name, value=choice.value
    )
    return Json(DoneView(choice.key, "decided"), 202)
