"""What comes in from outside: CloudEvents and webhooks, on a lean route of their own.

CloudEvents 1.0 over HTTP in all three modes: structured (one event in the body), batch (a list of them) and
binary (attributes as ``ce-`` headers, data in the body). An event is acknowledged when it is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.json_edge import Json, loads
from lineshaft.api.problems import problem
from lineshaft.api.services import Services
from lineshaft.api.sizes import TooLarge, too_large
from lineshaft.api.views import EventVerdictPage, EventVerdictView
from lineshaft.base.errors import InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.engine.intake import Incoming
from lineshaft.engine.pressure import Overloaded
from lineshaft.engine.traces import parts
from lineshaft.sdk.webhook import Delivery
from lineshaft.security.audit import ORIGIN
from lineshaft.security.people import Caller

_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"


async def take_events(request: Request) -> Response:
    """Take CloudEvents in: ``POST /api/v1/events``."""
    services: Services = request.app.state.services
    caller: Caller = request.scope["lineshaft.caller"]
    caller.require("events.send")
    if (full := _full(request, services)) is not None:
        return full
    limits = services.limits
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = await read_body(request, limits.event_bytes_max * (16 if content_type == _BATCH else 2))
    except TooLarge as error:
        return problem(request, 413, code=error.code, detail=error.message)
    if content_type == _BATCH:
        found = loads(body)
        if not isinstance(found, list) or len(found) > limits.batch_events_max:
            raise InputError(
                text(
                    "Expected a list of at most {limit} events.",
                    "应为不超过 {limit} 条的事件列表。",
                    limit=limits.batch_events_max,
                )
            )
        events = [structured(each) for each in found]
    elif content_type == _STRUCTURED:
        events = [structured(loads(body))]
    elif "ce-id" in request.headers:
        events = [binary(request.headers, body, content_type)]
    else:
        return problem(
            request,
            415,
            code="not_cloudevents",
            detail=text(
                "Expected {structured}, {batch} or headers ce-id, ce-source, ce-type, ce-specversion.",
                "应为 {structured}、{batch},或带有 ce-id、ce-source、ce-type、ce-specversion 请求头。",
                structured=_STRUCTURED,
                batch=_BATCH,
            ),
        )
    return await _accept(services, _traced(request, events))


async def take_webhook(request: Request) -> Response:
    """Take a system's webhook in: ``/hooks/{system}/{trigger}``; its signature is the ticket.

    Some systems first ask, by ``GET`` or ``POST``, whether the address is ours (a handshake), and some want
    an answer in their own words: both are told only when the events are durable.
    """
    services: Services = request.app.state.services
    system, trigger = request.path_params["system"], request.path_params["trigger"]
    if (full := _full(request, services)) is not None:
        return full
    address = ORIGIN.get().address
    if not await services.hook_gate.allows(system, trigger, address):
        await services.audit.note(
            "hook.refused",
            outcome="refused",
            subject_type="system",
            subject=f"{system}/{trigger}",
            detail={"why": "address", "address": address},
        )
        return problem(
            request,
            403,
            code="address_not_allowed",
            detail=text(
                "Webhooks of {system} may not come from {address}.",
                "不允许从 {address} 接收 {system} 的回调。",
                system=system,
                address=address,
            ),
        )
    try:
        body = await read_body(request, services.limits.event_bytes_max * 2)
        delivery = Delivery(dict(request.headers), body, dict(request.query_params), request.method)
        events, answer = services.systems.receive(system, trigger, delivery, services.clock.now())
    except TooLarge as error:
        return problem(request, 413, code=error.code, detail=error.message)
    except NotAllowed as error:
        return problem(request, 401, code=error.code, detail=error.message, hint=error.hint)
    if request.method != "POST" and not answer.handshake:
        return Response(status_code=405, headers={"Allow": "POST"})
    taken = await _accept(services, _traced(request, events)) if events else Json(EventVerdictPage([]), 202)
    if answer.body is None:
        return taken
    return Response(answer.body, answer.status, media_type=answer.content_type)


def _full(request: Request, services: Services) -> Response | None:
    """Return the answer while too much waits already: 429, with the seconds until it is worth trying."""
    try:
        if services.pressure is not None:
            services.pressure.check()
    except Overloaded as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return problem(request, 429, code=error.code, detail=error.message, headers=headers)
    return None


def _traced(request: Request, events: list[Incoming]) -> list[Incoming]:
    """Give events without a trace of their own the one of the request that brought them."""
    trace = request.headers.get("traceparent", "")
    if parts(trace) is None:
        return events
    return [each if each.traceparent else replace(each, traceparent=trace) for each in events]


async def _accept(services: Services, events: list[Incoming]) -> Response:
    verdicts = await services.intake.accept(events)
    pairs = zip(events, verdicts, strict=True)
    items = [EventVerdictView(event.id, event.source, verdict) for event, verdict in pairs]
    return Json(EventVerdictPage(items), 202)


async def read_body(request: Request, limit: int) -> bytes:
    """Return a body; raises ``TooLarge`` as soon as it is above ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


# -- CloudEvents -----------------------------------------------------------------------------------------


def structured(event: Any) -> Incoming:
    """Return an event of the JSON format (CloudEvents 1.0, JSON event format)."""
    if not isinstance(event, Mapping):
        raise _wrong(text("Expected an object per event.", "每个事件应为一个对象。"))
    return _incoming(event, event.get("data"))


def binary(headers: Mapping[str, str], body: bytes, content_type: str) -> Incoming:
    """Return an event of the binary mode; header values are percent-encoded (HTTP binding §3.1.3.2)."""
    attributes = {
        name.removeprefix("ce-"): unquote(value) for name, value in headers.items() if name.startswith("ce-")
    }
    if content_type not in ("application/json", "") and not content_type.endswith("+json"):
        raise _wrong(
            text(
                "Expected data in JSON, but it is {kind}.", "数据应为 JSON,实际为 {kind}。", kind=content_type
            )
        )
    return _incoming(attributes, loads(body) if body else None)


def _incoming(attributes: Mapping[str, Any], data: Any) -> Incoming:
    version = attributes.get("specversion")
    if version != "1.0":
        raise _wrong(
            text(
                "Expected specversion 1.0, but it is {version}.",
                "specversion 应为 1.0,实际为 {version}。",
                version=version,
            )
        )
    found: dict[str, str] = {}
    for name in ("id", "source", "type"):
        value = attributes.get(name)
        if not isinstance(value, str) or not value:
            raise _wrong(text("Expected the attribute `{name}`.", "缺少属性 `{name}`。", name=name))
        found[name] = value
    for name in ("subject", "partitionkey", "time"):
        value = attributes.get(name)
        if value is not None and not isinstance(value, str):
            raise _wrong(text("Expected text for `{name}`.", "`{name}` 应为文本。", name=name))
    moment = attributes.get("time")
    return Incoming(
        source=found["source"],
        id=found["id"],
        type=found["type"],
        data=data if isinstance(data, Mapping) else {} if data is None else {"value": data},
        subject=attributes.get("subject"),
        key=attributes.get("partitionkey"),
        occurred_at=_moment(moment) if moment else None,
        # CloudEvents, extension "distributed tracing".
        traceparent=str(attributes.get("traceparent") or ""),
    )


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise _wrong(
            text(
                "Expected an RFC 3339 time, but it is {value}.",
                "time 应为 RFC 3339 时间,实际为 {value}。",
                value=value,
            )
        ) from error
    if moment.tzinfo is None:
        raise _wrong(text("Expected a time with an offset.", "time 应带时区。"))
    return moment


def _wrong(message: Any) -> InputError:
    return InputError(message, code="event_invalid")
