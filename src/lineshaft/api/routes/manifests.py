"""Manifests before they stand in a pack: first ones, made of what a system says of itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field

from lineshaft.api.access import ReleasePublisher, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.system_views import ManifestDraftView
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.text import text

router = make_router("systems")

_NAME: Final = r"^[a-z][a-z0-9_]*$"


@dataclass(frozen=True, slots=True)
class Description:
    """What a system says of itself."""

    name: Annotated[str, Field(pattern=_NAME, max_length=60, description="of the system, as packs name it")]
    openapi: Annotated[str, Field(min_length=1, description="an OpenAPI description, JSON or YAML")]
    only: Annotated[
        list[str], Field(max_length=50, description="parts of paths, or tags; all where empty")
    ] = field(default_factory=list)


@router.post("/manifests/draft", response_model=ManifestDraftView)
async def draft_manifest(wish: Description, services: ServicesOf, caller: ReleasePublisher) -> Json:
    """Make the first manifest of a system from its OpenAPI description; nothing is kept or called."""
    if services.drafting is None:
        raise NotFound(text("Manifests are not drafted here.", "此处不提供清单初稿。"))
    content = wish.openapi.encode()
    most = services.limits.definition_bytes_max
    if len(content) > most:
        raise InputError(
            text(
                "Expected a description of at most {most} bytes, but it has {size}.",
                "描述不得超过 {most} 字节,实际 {size} 字节。",
                most=most,
                size=len(content),
            ),
            code="definition_too_large",
        )
    # A large one takes seconds; meanwhile others are served.
    draft = await asyncio.to_thread(services.drafting, wish.name, content, wish.only)
    return Json(ManifestDraftView.of(draft))
