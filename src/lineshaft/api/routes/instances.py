"""Process instances: start, look, follow their history, cancel; and their incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request

from lineshaft.api.access import InstanceOperator, InstanceReader, InstanceStarter, ServicesOf
from lineshaft.api.idempotency import id_of
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routes.trace import known_systems
from lineshaft.api.routing import Cursor, Limit, WholeLimit, make_router
from lineshaft.api.services import Services
from lineshaft.api.standing_in import person_of
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
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import commands
from lineshaft.insight.run import run_picture
from lineshaft.insight.timeline import call_of
from lineshaft.insight.trail import trail_calls
from lineshaft.store.rows import Instance

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
    caller: InstanceReader,
    *,
    process_id: str | None = None,
    status: str | None = None,
    business_key: str | None = None,
    number: Annotated[str | None, Query(max_length=200, description="any number of any system")] = None,
    with_incidents: bool = False,
    element: Annotated[
        str | None, Query(max_length=200, description="with `process_id`: where a run stands now")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return instances, newest first; with ``number`` those that carry that document, without paging.

    With ``element`` those of the newest 300 of a process that stand in it, without paging.
    """
    if element and process_id:
        ids = await services.process_figures.standing_in(caller.scope, process_id, element)
        stored = await services.store.load_instances(caller.scope, ids[:limit])
        rows: list[Instance] = [stored[each].instance for each in ids[:limit] if each in stored]
        after: str | None = None
    elif number:
        rows, after = (
            await carrying(services, caller.scope, number, process_id=process_id, status=status, limit=limit),
            None,
        )
    else:
        page = await services.store.instances(
            caller.scope,
            process_id=process_id,
            status=status,
            business_key=business_key,
            with_incidents=with_incidents,
            cursor=cursor,
            limit=limit,
        )
        rows, after = page.items, page.next
    releases = {each.release for each in rows}
    books = {each: await services.processes.of(caller.scope, each) for each in releases}
    views = [InstanceView.of(each, books[each.release].get(each.process_id)) for each in rows]
    return Json(InstancePage(views, after))


_KEYS_MAX = 20
"""Business keys that one number may lead to."""


async def carrying(
    services: Services,
    scope: Scope,
    number: str,
    *,
    process_id: str | None,
    status: str | None,
    limit: int,
) -> list[Instance]:
    """Return the instances of the business keys that the documents of a number have."""
    documents = await services.store.find_documents(scope, number)
    documents += await services.store.documents_by_prefix(scope, number, _KEYS_MAX)
    keys = dict.fromkeys([number, *(each.business_key for each in documents if each.business_key)])
    found: dict[str, Instance] = {}
    for key in list(keys)[:_KEYS_MAX]:
        page = await services.store.instances(
            scope, business_key=key, process_id=process_id, status=status, limit=limit
        )
        found |= {each.id: each for each in page.items}
    return sorted(found.values(), key=lambda each: (each.started_at, each.id), reverse=True)[:limit]


@router.post("/instances", response_model=DoneView, status_code=202)
async def start_instance(
    request: Request, start: ProcessStart, services: ServicesOf, caller: InstanceStarter
) -> Json:
    """Start a process by its id."""
    instance_id = services.ids.new()
    verdict = await services.intake.start(
        start.process_id,
        start.variables,
        instance_id=instance_id,
        business_key=start.business_key,
        idempotency_key=start.idempotency_key or id_of(request),
    )
    if verdict == "accepted":
        person = await person_of(services, caller, with_others=False)
        await services.inbox.started(person, instance_id, start.process_id, start.business_key)
    return Json(DoneView(instance_id if verdict == "accepted" else "", verdict), 202)


@router.get("/instances/{instance_id}", response_model=InstanceDetailView)
async def get_instance(instance_id: str, services: ServicesOf, caller: InstanceReader) -> Json:
    """Return one instance: elements and flows it took, calls, incidents, variables as rights allow."""
    scope, store = caller.scope, services.store
    stored = (await store.load_instances(scope, [instance_id])).get(instance_id)
    if stored is None:
        raise NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=instance_id))
    instance = stored.instance
    process = await services.processes.get(scope, instance.release, instance.process_id)
    effects = (await store.effects(scope, instance_id=instance_id, limit=_CALLS_MAX)).items
    picture = run_picture(
        instance,
        process,
        await store.history(scope, instance_id),
        effects=effects,
        tasks=(await store.tasks(scope, instance_id=instance_id, limit=_CALLS_MAX)).items,
        incidents=(await store.incidents(scope, instance_id=instance_id, limit=_CALLS_MAX)).items,
        now=services.clock.now(),
    )
    ordered = sorted(effects, key=lambda each: (each.created_at, each.id))
    return Json(
        InstanceDetailView(
            InstanceView.of(instance, process),
            process.version if process is not None else "",
            picture.nodes,
            picture.flows,
            picture.incidents,
            trail_calls([call_of(each) for each in ordered], known_systems(services)),
            InstanceDetailView.variables_of(stored) if caller.may("instances.values") else None,
        )
    )


_CALLS_MAX = 500
"""Calls of one instance that are shown."""


@router.get("/instances/{instance_id}/history", response_model=HistoryPage)
async def get_instance_history(
    instance_id: str,
    services: ServicesOf,
    caller: InstanceReader,
    cursor: Cursor = None,
    limit: WholeLimit = 500,
) -> Json:
    """Return what an instance did, step by step, oldest first."""
    rows, after = page_of(
        await services.store.history(caller.scope, instance_id), lambda each: each.seq, cursor, limit
    )
    return Json(HistoryPage([HistoryView.of(each) for each in rows], after))


@router.post("/instances/{instance_id}/cancel", response_model=DoneView, status_code=202)
async def cancel_instance(
    instance_id: str, reason: Reason, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """End an instance; what it has done in other systems stays done."""
    command = commands.Cancel(f"{caller.name}: {reason.reason}")
    return Json(DoneView(await services.operations.command(caller.scope, instance_id, command)), 202)


@router.get("/incidents", response_model=IncidentPage)
async def list_incidents(
    services: ServicesOf,
    caller: InstanceReader,
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
    instance_id: str, number: int, reason: Reason, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Let an instance try again where it was stuck."""
    command = commands.ResolveIncident(number, f"{caller.name}: {reason.reason}")
    return Json(DoneView(await services.operations.command(caller.scope, instance_id, command)), 202)
