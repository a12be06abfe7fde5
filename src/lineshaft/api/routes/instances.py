"""Process instances: start, look, follow their history, cancel; and their incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.api.access import Operator, Reader, Sender, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import (
    DoneView,
    HistoryPage,
    HistoryView,
    IncidentPage,
    IncidentView,
    InstanceDetailView,
    InstancePage,
    InstanceView,
)
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import commands

router = make_router("instances")


@dataclass(frozen=True, slots=True)
class ProcessStart:
    """A process to start; the same ``idempotency_key`` again starts nothing."""

    process_id: str
    variables: dict[str, Any] = field(default_factory=dict)
    business_key: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody does it."""

    reason: str = ""


@router.get("/instances", response_model=InstancePage)
async def list_instances(
    services: ServicesOf,
    caller: Reader,
    process_id: str | None = None,
    status: str | None = None,
    business_key: str | None = None,
    with_incidents: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return instances, newest first."""
    page = await services.store.instances(
        caller.scope,
        process_id=process_id,
        status=status,
        business_key=business_key,
        with_incidents=with_incidents,
        cursor=cursor,
        limit=limit,
    )
    return Json(InstancePage([InstanceView.of(each) for each in page.items], page.next))


@router.post("/instances", response_model=DoneView, status_code=202)
async def start_instance(start: ProcessStart, services: ServicesOf, caller: Sender) -> Json:
    """Start a process by its id."""
    instance_id = services.ids.new()
    verdict = await services.intake.start(
        start.process_id,
        start.variables,
        instance_id=instance_id,
        business_key=start.business_key,
        idempotency_key=start.idempotency_key,
    )
    return Json(DoneView(instance_id if verdict == "accepted" else "", verdict), 202)


@router.get("/instances/{instance_id}", response_model=InstanceDetailView)
async def get_instance(instance_id: str, services: ServicesOf, caller: Reader) -> Json:
    """Return one instance with its variables."""
    found = await services.store.load_instances(caller.scope, [instance_id])
    if instance_id not in found:
        raise NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=instance_id))
    return Json(InstanceDetailView.of(found[instance_id]))


@router.get("/instances/{instance_id}/history", response_model=HistoryPage)
async def get_instance_history(instance_id: str, services: ServicesOf, caller: Reader) -> Json:
    """Return what an instance did, step by step, oldest first."""
    rows = await services.store.history(caller.scope, instance_id)
    return Json(HistoryPage([HistoryView.of(each) for each in rows]))


@router.post("/instances/{instance_id}/cancel", response_model=DoneView, status_code=202)
async def cancel_instance(instance_id: str, reason: Reason, services: ServicesOf, caller: Operator) -> Json:
    """End an instance; what it has done in other systems stays done."""
    command = commands.Cancel(f"{caller.name}: {reason.reason}")
    return Json(DoneView(await services.operations.command(caller.scope, instance_id, command)), 202)


@router.get("/incidents", response_model=IncidentPage)
async def list_incidents(
    services: ServicesOf,
    caller: Reader,
    instance_id: str | None = None,
    open_only: bool = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return incidents, newest first."""
    page = await services.store.incidents(
        caller.scope, instance_id=instance_id, open_only=open_only, cursor=cursor, limit=limit
    )
    return Json(IncidentPage([IncidentView.of(each) for each in page.items], page.next))


@router.post("/incidents/{instance_id}/{number}/resolve", response_model=DoneView, status_code=202)
async def resolve_incident(
    instance_id: str, number: int, reason: Reason, services: ServicesOf, caller: Operator
) -> Json:
    """Let an instance try again where it was stuck."""
    command = commands.ResolveIncident(number, f"{caller.name}: {reason.reason}")
    return Json(DoneView(await services.operations.command(caller.scope, instance_id, command)), 202)
