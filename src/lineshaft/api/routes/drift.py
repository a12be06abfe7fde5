"""Whether connected systems' interfaces are still those that were accepted, and accepting a new one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.access import ServicesOf, SystemOperator, SystemReader
from lineshaft.api.conditional import IfMatch, unmet
from lineshaft.api.drift_views import DriftPage, DriftView, etag_of
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.insight.drift import Snapshot
from lineshaft.security.records import Kept

router = make_router("systems")


@router.get("/drift", response_model=DriftPage)
async def list_drift(
    services: ServicesOf, caller: SystemReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return how the interface of each system stands against what was accepted, by name."""
    views = [DriftView.of(each) for each in await services.drift.all()]
    return Json(DriftPage(*page_of(views, lambda each: each.system, cursor, limit)))


@router.get("/systems/{name}/drift", response_model=DriftView)
async def get_drift(name: str, services: ServicesOf, caller: SystemReader) -> Json:
    """Return how one system's interface stands; `ETag` is asked for when it is accepted."""
    return _shown(await services.drift.find(name))


@router.post("/systems/{name}/drift/look", response_model=DriftView)
async def look_for_drift(name: str, services: ServicesOf, caller: SystemOperator) -> Json:
    """Look at a system's interface now; nothing is changed there."""
    return _shown(await services.drift.look(name))


@router.post("/systems/{name}/drift/accept", response_model=DriftView, openapi_extra={"x-if-match": True})
async def accept_drift(
    request: Request, name: str, services: ServicesOf, caller: SystemOperator, if_match: IfMatch = None
) -> Response:
    """Take a system's interface as it is now; what waited goes on. `If-Match` names what was read."""
    kept = await services.drift.find(name)
    answer = unmet(request, if_match, etag_of(kept))
    if answer is not None:
        return answer
    return _shown(await services.drift.accept(name, caller.name, kept.version))


def _shown(kept: Kept[Snapshot]) -> Json:
    return Json(DriftView.of(kept), headers={"ETag": etag_of(kept)})
