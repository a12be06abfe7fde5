"""What a connected system offers, records as they stand in it, and one call by hand."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query
from starlette.requests import Request

from lineshaft.api.access import ServicesOf, SystemOperator, SystemReader, allow
from lineshaft.api.idempotency import id_of
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import ConnectedSystem, Services
from lineshaft.api.system_views import CallView, ChangesView, ChangeView, DescriptionView, RecordView
from lineshaft.base.errors import Conflict, InputError, Invalid, NotFound, Refused, Unavailable
from lineshaft.base.text import text
from lineshaft.sdk import OperationSpec
from lineshaft.security.fields import Masking, reveal
from lineshaft.security.people import Caller

router = make_router("systems")

_READ_S: Final = 60.0
SystemCaller = Annotated[Caller, Depends(allow("systems.call"))]
Name = Annotated[str, Path(max_length=200)]


@dataclass(frozen=True, slots=True)
class WishedCall:
    """The payload of one call; ``business_key`` is the number under which people find it again."""

    payload: dict[str, Any] = field(default_factory=dict)
    business_key: str | None = None


@router.get("/systems/{name}/description", response_model=DescriptionView)
async def get_description(name: Name, services: ServicesOf, caller: SystemReader) -> Json:
    """Return the resources and operations that a system's manifest declares; the system is not asked."""
    system = _known(services, name)
    return Json(DescriptionView.of(name, system.kind, system.spec))


@router.post("/systems/{name}/describe", response_model=DescriptionView)
async def describe_system(name: Name, services: ServicesOf, caller: SystemOperator) -> Json:
    """Ask a system which fields its records have now, with a sample of each; nothing is changed there."""
    system, masking = _known(services, name), _masking(services, caller, name)
    async with _asking(name):
        live = await services.systems.describe(name)
    view = DescriptionView.of(name, system.kind, system.spec, live, masking)
    reveal(masking.shown)
    return Json(view)


@router.get("/systems/{name}/resources/{resource}/records/{record_id:path}", response_model=RecordView)
async def read_record(
    name: Name, resource: Name, record_id: str, services: ServicesOf, caller: SystemOperator
) -> Json:
    """Return one record as it stands in the system now."""
    _known(services, name)
    async with _asking(name):
        found = await services.systems.record(name, resource, record_id)
    if found is None:
        raise NotFound(
            text(
                "{system} has no {resource} {id}.",
                "{system} 中没有 {resource} {id}。",
                system=name,
                resource=resource,
                id=record_id,
            )
        )
    masking = _masking(services, caller, name)
    data = masking.value(dict(found))
    reveal(masking.shown)
    return Json(RecordView(name, resource, record_id, data))


@router.get("/systems/{name}/resources/{resource}/changes", response_model=ChangesView)
async def read_changes(
    name: Name,
    resource: Name,
    services: ServicesOf,
    caller: SystemOperator,
    cursor: Annotated[str | None, Query(max_length=100_000, description="`next` of the page before")] = None,
) -> Json:
    """Return a page of what changed in the system, as its poller would read it; nothing is taken in."""
    _known(services, name)
    async with _asking(name):
        page = await services.systems.changes(name, resource, _position(cursor))
    masking = _masking(services, caller, name)
    items = [ChangeView.of(each, masking) for each in page.changes]
    reveal(masking.shown)
    following = base64.urlsafe_b64encode(page.cursor).decode() if page.more else None
    return Json(ChangesView(items, following))


@router.post(
    "/systems/{name}/operations/{operation}/call",
    response_model=CallView,
    status_code=202,
    responses={200: {"model": CallView}},
)
async def call_operation(
    request: Request,
    name: Name,
    operation: Name,
    wish: WishedCall,
    services: ServicesOf,
    *,
    caller: SystemCaller,
) -> Json:
    """Carry out an operation by hand: a reading at once (200), a write by the effect ledger (202)."""
    system = _known(services, name)
    spec = system.spec.operation(operation)
    if spec is None:
        raise NotFound(
            text(
                "{system} has no operation {name}.", "{system} 没有操作 {name}。", system=name, name=operation
            )
        )
    _check(spec, wish.payload)
    if spec.reads_only:
        async with _asking(name):
            outcome = await services.systems.ask(name, operation, wish.payload)
        masking = _masking(services, caller, name)
        answer = masking.value(dict(outcome.answer))
        reveal(masking.shown)
        return Json(CallView(None, outcome.number, answer))
    effect = await services.operations.call(
        caller.scope,
        name,
        spec,
        wish.payload,
        by=caller.name,
        call_id=id_of(request),
        business_key=wish.business_key,
    )
    return Json(CallView(effect), 202)


def _known(services: Services, name: str) -> ConnectedSystem:
    for system in services.systems.all():
        if system.name == name:
            return system
    raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=name))


def _masking(services: Services, caller: Caller, system: str) -> Masking:
    # What stands in a system belongs to no department that the hub knows.
    return Masking(services.systems.sensitive, caller.scope.masked_in(None), system)


def _check(spec: OperationSpec, payload: Mapping[str, Any]) -> None:
    """Say what is missing before anything becomes durable."""
    missing = [each.name for each in spec.input if each.required and payload.get(each.name) is None]
    if missing:
        raise InputError(
            text(
                "Expected {names} in the payload of {operation}, but there is none.",
                "操作 {operation} 缺少字段:{names}。",
                names=", ".join(missing),
                operation=spec.name,
            ),
            code="field_missing",
        )


def _position(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            text("Expected the `next` of an answer.", "应为上一页应答中的 `next`。"), code="cursor_invalid"
        ) from error


@asynccontextmanager
async def _asking(system: str) -> AsyncIterator[None]:
    """Tell the caller what the system (or its connector) says: wrong request, a no, or not now."""
    try:
        async with asyncio.timeout(_READ_S):
            yield
    except TimeoutError as error:
        raise Unavailable(
            text("{system} did not answer in time.", "{system} 未及时应答。", system=system), code="timeout"
        ) from error
    except Invalid as error:
        raise InputError(error.message, code=error.code, hint=error.hint) from error
    except Refused as error:
        raise Conflict(error.message, code=error.code, hint=error.hint) from error
