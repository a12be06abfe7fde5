"""Processes of releases: what there is, and the drawing of each as it was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from lineshaft.api.access import ProcessReader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.api.views import ProcessPage, ProcessView, TitleView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.insight.process_stats import COUNTED_MAX

router = make_router("processes")


@dataclass(frozen=True, slots=True)
class ProcessLineView:
    """A process of the active release with its runs, each figure up to `counted_max`."""

    id: str
    title: TitleView
    version: str
    release: str
    running: int
    ended: int
    stuck: int


@dataclass(frozen=True, slots=True)
class ProcessLinePage:
    """Processes with their runs, by id."""

    items: list[ProcessLineView]
    next: str | None = None
    counted_max: int = COUNTED_MAX


@dataclass(frozen=True, slots=True)
class ElementStatsView:
    """How one element went in the newest runs."""

    element: str
    title: TitleView
    type: str
    times: int
    here: int
    p50_s: float | None
    p95_s: float | None
    failed: int


@dataclass(frozen=True, slots=True)
class ProcessStatsView:
    """How a process went in its newest runs of the active release."""

    id: str
    title: TitleView
    version: str
    release: str
    runs: int
    since: datetime | None
    p50_s: float | None
    p95_s: float | None
    elements: list[ElementStatsView]


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


@router.get("/process-counts", response_model=ProcessLinePage)
async def list_process_counts(
    services: ServicesOf, caller: ProcessReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return the processes of the active release with how many runs go on, have ended, are stuck."""
    release = await services.store.active_release(caller.scope)
    found = await services.processes.of(caller.scope, release.id) if release is not None else {}
    rows, after = page_of(
        sorted(found.values(), key=lambda process: process.id), lambda each: each.id, cursor, limit
    )
    lines = []
    for each in rows:
        counts = await services.process_figures.counts(caller.scope, each.id)
        title = TitleView.of(each.title)
        lines.append(
            ProcessLineView(
                each.id,
                title,
                each.version,
                release.id if release is not None else "",
                counts.running,
                counts.ended,
                counts.stuck,
            )
        )
    return Json(ProcessLinePage(lines, after))


@router.get("/processes/{process_id}/stats", response_model=ProcessStatsView)
async def get_process_stats(process_id: str, services: ServicesOf, caller: ProcessReader) -> Json:
    """Return for each element how often it was passed, how long it took, and how many runs stand in it.

    Of the newest 300 runs of the active release.
    """
    release = await services.store.active_release(caller.scope)
    process = (
        await services.processes.get(caller.scope, release.id, process_id) if release is not None else None
    )
    if process is None or release is None:
        raise NotFound(text("There is no process {id}.", "没有流程 {id}。", id=process_id))
    stats = await services.process_figures.stats(caller.scope, process_id, release.id)
    elements = [
        ElementStatsView(
            each.element,
            TitleView.of(process.element(each.element)),
            process.elements[each.element].type if each.element in process.elements else "",
            each.times,
            each.here,
            each.p50_s,
            each.p95_s,
            each.failed,
        )
        for each in stats.elements
        if each.element != process_id
    ]
    return Json(
        ProcessStatsView(
            process_id,
            TitleView.of(process.title),
            process.version,
            release.id,
            stats.runs,
            stats.since,
            stats.p50_s,
            stats.p95_s,
            elements,
        )
    )


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
