"""Backups of the whole store: what was made, when the next is due, and one now."""

from __future__ import annotations

from lineshaft.api.access import Administrator, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.keeping_views import BackupPage, BackupRunView
from lineshaft.api.routing import make_router

router = make_router("backups")


@router.get("/backups", response_model=BackupPage)
async def list_backups(services: ServicesOf, caller: Administrator) -> Json:
    """Return which backups the hub made, and when it makes the next."""
    plan = services.backups.plan()
    runs = [BackupRunView.of(run) for run in await services.backups.runs(100)]
    return Json(BackupPage(plan.nightly, plan.at, plan.keep, plan.folder, plan.next_at, runs))


@router.post("/backups", response_model=BackupRunView)
async def make_backup(services: ServicesOf, caller: Administrator) -> Json:
    """Make a backup in the hub's own folder; answers when it is verified."""
    return Json(BackupRunView.of(await services.backups.make()))
