"""Key figures 指标: as they stand, the records behind each, and what they shall be."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from lineshaft.api.access import DocumentReader, LanguageOf, ServicesOf, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.kpi_views import KpiDetail, KpiPage, KpiRowView, KpiView, WishedKpi
from lineshaft.api.routing import make_router
from lineshaft.api.views import DoneView
from lineshaft.insight.kpis import read_one
from lineshaft.security.people import Caller

router = make_router("kpis")

Setter = Annotated[Caller, Depends(allow("kpis.set", noted=False))]
"""What is changed writes its own line, in the same transaction."""
Name = Annotated[str, Path(max_length=100, description="the figure's name")]


@router.get("/kpis", response_model=KpiPage)
async def list_kpis(services: ServicesOf, caller: DocumentReader, language: LanguageOf) -> Json:
    """Return all key figures as they stand now, within what the caller may see."""
    found = await services.kpis.all(caller.scope, services.systems.trail, language)
    return Json(KpiPage([KpiView.of_kpi(each) for each in found]))


@router.get("/kpis/{name}", response_model=KpiDetail)
async def get_kpi(
    name: Name,
    services: ServicesOf,
    caller: DocumentReader,
    language: LanguageOf,
    *,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> Json:
    """Return a key figure and the records behind it, the worst first."""
    kpi, rows = await services.kpis.one(name, caller.scope, services.systems.trail, language)
    return Json(KpiDetail(KpiView.of_kpi(kpi), [KpiRowView.of_row(each) for each in rows[:limit]]))


@router.put("/kpis/{name}", response_model=KpiView)
async def put_kpi(
    name: Name, wish: WishedKpi, services: ServicesOf, caller: Setter, language: LanguageOf
) -> Json:
    """Change a key figure of the release (its target, its formula …), or make one; it holds at once."""
    spec = read_one(name, wish.definition)
    line = services.audit.line(
        "kpi.changed", subject_type="kpi", subject=name, detail={"definition": dict(spec.definition)}
    )
    await services.kpis.put(name, wish.definition, caller.name, version=wish.version, note=line)
    kpi, _ = await services.kpis.one(name, caller.scope, services.systems.trail, language)
    return Json(KpiView.of_kpi(kpi))


@router.delete("/kpis/{name}", response_model=DoneView)
async def reset_kpi(name: Name, services: ServicesOf, caller: Setter) -> Json:
    """Let the release's figure hold again; a figure that users made is gone."""
    line = services.audit.line("kpi.reset", subject_type="kpi", subject=name)
    await services.kpis.reset(name, line)
    return Json(DoneView(name, "reset"))
