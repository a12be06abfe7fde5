"""Whether the hub runs, who is calling, and the figures of the whole."""

from __future__ import annotations

from lineshaft.api.access import Reader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.views import HealthView, MeView, OverviewView, TitleView
from lineshaft.base.errors import StoreUnavailable
from lineshaft.engine.health import Trouble

router = make_router("status")


@router.get("/health", response_model=HealthView)
async def get_health(services: ServicesOf) -> Json:
    """Say whether the hub runs and takes things in, and if not, why; open to everybody."""
    trouble = services.health.trouble if services.health is not None else None
    if trouble is None:
        try:
            await services.store.now()
        except StoreUnavailable as error:
            trouble = Trouble("database_away", services.clock.now(), error)
    if trouble is None:
        return Json(HealthView("ok", services.version, services.store.name))
    view = HealthView(
        "down",
        services.version,
        services.store.name,
        trouble.reason,
        TitleView.of(trouble.words),
        trouble.since,
    )
    return Json(view, 503)


@router.get("/me", response_model=MeView)
async def get_me(caller: Reader) -> Json:
    """Say who is calling and what they may do."""
    return Json(MeView.of(caller))


@router.get("/overview", response_model=OverviewView)
async def get_overview(services: ServicesOf, caller: Reader) -> Json:
    """Count instances by status, open incidents, tasks, dead letters, and events that wait."""
    counts = await services.counting.counts(caller.scope)
    backlog = await services.store.backlog(caller.scope)

    def count(status: str) -> int:
        return sum(each.count for each in backlog if each.status == status and each.system)

    events = [each for each in backlog if each.system == ""]
    oldest = min((each.oldest_at for each in events if each.oldest_at is not None), default=None)
    return Json(
        OverviewView(
            counts,
            sum(each.count for each in events),
            oldest,
            waiting=count("intended") + count("attempted"),
            parked=count("parked"),
            unknown=count("unknown"),
            dead=count("dead"),
        )
    )
