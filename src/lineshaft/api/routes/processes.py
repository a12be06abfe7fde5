"""Processes of releases: what there is, and the drawing of each as it was deployed."""

from __future__ import annotations

from starlette.responses import Response

from lineshaft.api.access import ProcessReader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.api.views import ProcessPage, ProcessView, TitleView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text

router = make_router("processes")


@router.get("/processes", response_model=ProcessPage)
async def list_processes(
    services: ServicesOf, caller: ProcessReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return the processes of the active release, by id."""
    release = await services.store.active_release(caller.scope)
    found = await services.processes.of(caller.scope, release.id) if release is not None else {}
    views = [
        ProcessView(each.id, TitleView(**each.title.to_dict()), each.version, release.id)
        for each in sorted(found.values(), key=lambda process: process.id)
        if release is not None
    ]
    return Json(ProcessPage(*page_of(views, lambda each: each.id, cursor, limit)))


@router.get("/processes/{process_id}/versions/{version}/xml", response_class=Response)
async def get_process_xml(
    process_id: str, version: str, services: ServicesOf, caller: ProcessReader
) -> Response:
    """Return a process's BPMN file; ``version`` is a release's id, or ``active``."""
    release = version
    if version == "active":
        active = await services.store.active_release(caller.scope)
        release = active.id if active is not None else ""
    found = await services.processes.get(caller.scope, release, process_id)
    if found is None:
        raise NotFound(text("There is no process {id}.", "没有流程 {id}。", id=process_id))
    # A release never changes, the active one does.
    kept = "no-cache" if version == "active" else "private, max-age=86400, immutable"
    return Response(found.xml, media_type="application/xml", headers={"Cache-Control": kept})
