"""The trail of any number 单据联查, and the search that leads to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from lineshaft.api.access import DocumentReader, LanguageOf, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.insight.search import TEXT_MAX, Found, search
from lineshaft.insight.trail import KnownSystem, Trail, trail

router = make_router("trace")


def known_systems(services: Services) -> dict[str, KnownSystem]:
    """Return the connected systems as a trail names and links them."""
    return {
        each.name: KnownSystem(each.title, each.spec, each.home_url, each.page_url, each.problem)
        for each in services.systems.all()
    }


@router.get("/search", response_model=Found)
async def search_everything(
    services: ServicesOf,
    caller: DocumentReader,
    language: LanguageOf,
    q: Annotated[str, Query(max_length=TEXT_MAX, description="a number, a part of it, or a customer")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Json:
    """Return what a text may mean, best first: documents of any system, customers; nothing: newest orders."""
    return Json(
        await search(services.store, caller.scope, services.systems.trail, q, limit, language=language)
    )


@router.get("/trace/{number:path}", response_model=Trail)
async def trace_number(
    number: str, services: ServicesOf, caller: DocumentReader, language: LanguageOf
) -> Json:
    """Return everything that belongs to a number: order, stages, documents, lines, runs, calls, story."""
    found = await trail(
        services.store,
        caller.scope,
        services.processes,
        number,
        spec=services.systems.trail,
        systems=known_systems(services),
        now=services.clock.now(),
        language=language,
    )
    return Json(found)
