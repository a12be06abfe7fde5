"""Connected systems: state, backlog, check, pause and resume."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body

from lineshaft.api.access import Operator, Reader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import ConnectedSystem
from lineshaft.api.views import CheckStepView, DoneView, SystemPage, SystemView, TitleView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.store.port import Backlog
from lineshaft.store.rows import SystemState

router = make_router("systems")


@router.get("/systems", response_model=SystemPage)
async def list_systems(services: ServicesOf, caller: Reader) -> Json:
    """Return every system of the active release with its state and what waits for it."""
    states = await services.store.system_states(caller.scope)
    backlog = await services.store.backlog(caller.scope)
    items = [_view(each, states.get(each.name), backlog) for each in services.systems.all()]
    return Json(SystemPage(items))


@router.get("/systems/{name}", response_model=SystemView)
async def get_system(name: str, services: ServicesOf, caller: Reader) -> Json:
    """Return one system."""
    system = _known(services, name)
    states = await services.store.system_states(caller.scope)
    return Json(_view(system, states.get(name), await services.store.backlog(caller.scope)))


@router.post("/systems/{name}/check", response_model=list[CheckStepView])
async def check_system(name: str, services: ServicesOf, caller: Operator) -> Json:
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
    name: str, services: ServicesOf, caller: Operator, reason: Annotated[str, Body(embed=True, min_length=1)]
) -> Json:
    """Hold every call to a system back, for a reason that everybody sees."""
    _known(services, name)
    await services.operations.pause(caller.scope, name, by=caller.name, reason=reason)
    return Json(DoneView(name, "paused"))


@router.post("/systems/{name}/resume", response_model=DoneView)
async def resume_system(name: str, services: ServicesOf, caller: Operator) -> Json:
    """Let a paused system be called again."""
    _known(services, name)
    await services.operations.resume(caller.scope, name, by=caller.name)
    return Json(DoneView(name, "resumed"))


def _known(services: ServicesOf, name: str) -> ConnectedSystem:
    for system in services.systems.all():
        if system.name == name:
            return system
    raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=name))


def _view(system: ConnectedSystem, state: SystemState | None, backlog: list[Backlog]) -> SystemView:
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
    elif circuit == "open":
        word = "down"
    else:
        word = "degraded" if system.problem is not None else "ok"
    return SystemView(
        name=system.name,
        title=TitleView(**system.title.to_dict()),
        connector=system.kind,
        state=word,
        circuit=circuit,
        paused=paused,
        reason=state.reason if state is not None else None,
        since=state.since if state is not None else None,
        changed_by=state.changed_by if state is not None else None,
        waiting=count("intended", "attempted"),
        oldest_at=min((each.oldest_at for each in waiting if each.oldest_at is not None), default=None),
        unknown=count("unknown"),
        parked=count("parked"),
        dead=count("dead"),
        operations=[each.name for each in system.spec.operations],
        triggers=[each.name for each in system.spec.triggers],
        problem=TitleView(**system.problem.to_dict()) if system.problem is not None else None,
    )
