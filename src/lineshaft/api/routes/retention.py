"""How long records are kept, and pruning them now."""

from __future__ import annotations

from lineshaft.api.access import Administrator, Reader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.keeping_views import RetentionView, SweepView
from lineshaft.api.routing import make_router

router = make_router("retention")


@router.get("/retention", response_model=RetentionView)
async def get_retention(services: ServicesOf, caller: Reader) -> Json:
    """Return how long each kind of record is kept, and what the last sweep removed."""
    return Json(RetentionView.of(services.retention.policy(), await services.retention.last()))


@router.post("/retention/run", response_model=SweepView)
async def run_retention(services: ServicesOf, caller: Administrator) -> Json:
    """Prune now what has had its time; answers when it is done."""
    return Json(SweepView.of(await services.retention.sweep()))
