"""Connected systems: state, backlog, check, pause and resume."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import Body, Query

from lineshaft.api.access import LanguageOf, ServicesOf, SystemOperator, SystemReader
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.api.services import ConnectedSystem
from lineshaft.api.views import CheckStepView, DoneView, SystemPage, SystemView, TitleView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import Language, of_column, text
from lineshaft.store.port import Activity, Backlog
from lineshaft.store.rows import SystemState

router = make_router("systems")


Since = Annotated[
    datetime | None,
    Query(description="calls, events and errors since this time, e.g. the caller's midnight; default: a day"),
]


@router.get("/systems", response_model=SystemPage)
async def list_systems(
    services: ServicesOf,
    caller: SystemReader,
    *,
    language: LanguageOf,
    since: Since = None,
    state: Annotated[Literal["ok", "paused", "down", "degraded"] | None, Query()] = None,
    cursor: Cursor = None,
    limit: WholeLimit = 500,
) -> Json:
    """Return the systems of the active release, by name: state, what waits for each and what went on."""
    known = sorted(services.systems.all(), key=lambda each: each.name)
    views = await _views(services, caller, known, language, since)
    chosen = [each for each in views if state is None or each.state == state]
    return Json(SystemPage(*page_of(chosen, lambda each: each.name, cursor, limit)))


@router.get("/systems/{name}", response_model=SystemView)
async def get_system(
    name: str, services: ServicesOf, caller: SystemReader, language: LanguageOf, since: Since = None
) -> Json:
    """Return one system."""
    return Json((await _views(services, caller, [_known(services, name)], language, since))[0])


@router.post("/systems/{name}/check", response_model=list[CheckStepView])
async def check_system(name: str, services: ServicesOf, caller: SystemOperator) -> Json:
    """Test the connection step by step; nothing is changed there."""
    steps = await services.systems.check(name)
    return Json(
        [
            CheckStepView(TitleView(**each.name.to_dict()), each.ok, TitleView(**each.detail.to_dict()))
            for each in steps
        ]
    )


@router.post("/systems/{name}/pause", response_model=DoneView)
async def pause_system(
    name: str,
    services: ServicesOf,
    caller: SystemOperator,
    reason: Annotated[str, Body(embed=True, min_length=1)],
) -> Json:
    """Hold every call to a system back, for a reason that everybody sees."""
    _known(services, name)
    await services.operations.pause(caller.scope, name, by=caller.name, reason=reason)
    return Json(DoneView(name, "paused"))


@router.post("/systems/{name}/resume", response_model=DoneView)
async def resume_system(
    name: str, services: ServicesOf, caller: SystemOperator, reason: Annotated[str, Body(embed=True)] = ""
) -> Json:
    """Let a paused system be called again."""
    _known(services, name)
    by = f"{caller.name}: {reason.strip()}" if reason.strip() else caller.name
    await services.operations.resume(caller.scope, name, by=by)
    return Json(DoneView(name, "resumed"))


def _known(services: ServicesOf, name: str) -> ConnectedSystem:
    for system in services.systems.all():
        if system.name == name:
            return system
    raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=name))


async def _views(
    services: ServicesOf,
    caller: SystemReader,
    systems: list[ConnectedSystem],
    language: Language,
    since: datetime | None,
) -> list[SystemView]:
    now = services.clock.now()
    if since is None or since.tzinfo is None:
        # To the hour, so that what was counted for one look serves the next.
        since = (now - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    states = await services.store.system_states(caller.scope)
    backlog = await services.store.backlog(caller.scope)
    # A week at most: further back this is a question for reports.
    activity = await services.activity.since(caller.scope, max(since, _days_ago(now, 7)), now)
    busy = {each.system: each for each in activity}
    views = [
        _view(each, states.get(each.name), backlog, busy.get(each.name, Activity(each.name, 0, 0)), language)
        for each in systems
    ]
    clearing = services.clearing
    if clearing is None:
        return views
    return [replace(each, clears_in_s=clearing.clears_in_s(each.name, each.waiting)) for each in views]


def _days_ago(now: datetime, days: int) -> datetime:
    return (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


def _view(
    system: ConnectedSystem,
    state: SystemState | None,
    backlog: list[Backlog],
    activity: Activity,
    language: Language,
) -> SystemView:
    rows = [each for each in backlog if each.system == system.name]

    def count(*statuses: str) -> int:
        return sum(each.count for each in rows if each.status in statuses)

    waiting = [
        each for each in rows if each.status in ("intended", "attempted") and each.oldest_at is not None
    ]
    paused = state is not None and state.paused
    circuit = state.circuit if state is not None else "closed"
    if paused:
        word = "paused"
    elif system.problem is not None:
        # Nobody could reach it as it is configured: that is no outage, whatever its circuit says.
        word = "degraded"
    else:
        word = "down" if circuit == "open" else "ok"
    return SystemView(
        name=system.name,
        title=TitleView(**system.title.to_dict()),
        connector=system.kind,
        state=word,
        circuit=circuit,
        paused=paused,
        reason=_said(state.reason, language) if state is not None else None,
        since=state.since if state is not None else None,
        changed_by=state.changed_by if state is not None else None,
        waiting=count("intended", "attempted"),
        oldest_at=min((each.oldest_at for each in waiting if each.oldest_at is not None), default=None),
        unknown=count("unknown"),
        parked=count("parked"),
        dead=count("dead"),
        operations=[each.name for each in system.spec.operations],
        triggers=[each.name for each in system.spec.triggers],
        problem=TitleView.of(system.problem) if system.problem is not None else None,
        operation_titles={each.name: TitleView.of(each.label) for each in system.spec.operations},
        answers={
            each.name: [field.name for field in each.output] for each in system.spec.operations if each.output
        },
        calls=activity.calls,
        events=activity.events,
        error_at=activity.error_at,
        error_class=activity.error_class,
        error_text=_said(activity.error_text, language),
        home_url=system.home_url,
        page_url=system.page_url,
    )


def _said(column: str | None, language: Language) -> str | None:
    return of_column(column).in_language(language) if column is not None else None
