"""The timeline of any number 单据联查."""

from __future__ import annotations

from lineshaft.api.access import Reader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.insight.timeline import Timeline, trace

router = make_router("trace")


@router.get("/trace/{number:path}", response_model=Timeline)
async def trace_number(number: str, services: ServicesOf, caller: Reader) -> Json:
    """Return everything that belongs to a number: documents, lines, runs, calls, and what went wrong."""
    return Json(await trace(services.store, caller.scope, number))
