"""Messages that processes wait for, and events as they came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.requests import Request

from lineshaft.api.access import EventReader, EventSender, ServicesOf
from lineshaft.api.idempotency import id_of
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DoneView, EventPage, EventView

router = make_router("messages")


@dataclass(frozen=True, slots=True)
class Publication:
    """A message by name and correlation key; kept for ``ttl_s`` seconds where nobody waits yet."""

    name: str
    key: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    ttl_s: Annotated[float, Field(ge=0, le=31_536_000)] = 3600.0


@router.post("/messages", response_model=DoneView, status_code=202)
async def publish_message(
    request: Request, publication: Publication, services: ServicesOf, caller: EventSender
) -> Json:
    """Publish a message."""
    await services.operations.publish(
        caller.scope,
        publication.name,
        publication.key,
        publication.variables,
        ttl_s=float(publication.ttl_s),
        message_id=id_of(request),
    )
    return Json(DoneView(publication.name), 202)


@router.get("/events", response_model=EventPage)
async def list_events(
    services: ServicesOf,
    caller: EventReader,
    key: str | None = None,
    event_type: Annotated[str | None, Query(alias="type")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return events, newest first."""
    page = await services.store.events(
        caller.scope, key=key, event_type=event_type, cursor=cursor, limit=limit
    )
    return Json(EventPage([EventView.of(each) for each in page.items], page.next))
