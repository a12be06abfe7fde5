"""Secrets: set, never shown. What stands behind ``secret:NAME`` in settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from lineshaft.api.access import LanguageOf, ServicesOf, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.people_views import SecretPage, SecretView
from lineshaft.api.routing import make_router
from lineshaft.api.views import DoneView
from lineshaft.security.people import Caller

router = make_router("secrets")

SecretManager = Annotated[Caller, Depends(allow("secrets.manage", noted=False))]


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A secret's value; it cannot be read back."""

    value: str


@router.get("/secrets", response_model=SecretPage)
async def list_secrets(services: ServicesOf, caller: SecretManager, language: LanguageOf) -> Json:
    """Return the names of all secrets that were set here; never their values."""
    known = await services.secrets.known()
    await services.refresh_secrets()
    lost = services.secrets.lost
    items = [
        SecretView(
            each.name,
            each.set_at,
            each.set_by,
            each.key_id,
            lost[each.name].message.in_language(language) if each.name in lost else None,
            each.version,
        )
        for each in known
    ]
    return Json(SecretPage(items))


@router.put("/secrets/{name}", response_model=DoneView)
async def set_secret(name: str, wish: SecretValue, services: ServicesOf, caller: SecretManager) -> Json:
    """Set a secret; systems that wait for it are connected anew."""
    await services.secrets.put(name, wish.value, caller)
    await services.refresh_secrets()
    return Json(DoneView(name, "set"))


@router.delete("/secrets/{name}", response_model=DoneView)
async def remove_secret(name: str, services: ServicesOf, caller: SecretManager) -> Json:
    """Forget a secret."""
    await services.secrets.remove(name)
    await services.refresh_secrets()
    return Json(DoneView(name, "removed"))


@router.post("/secrets/reseal", response_model=DoneView)
async def reseal_secrets(services: ServicesOf, caller: SecretManager) -> Json:
    """Bring everything sealed under the newest master key; then the old one can go."""
    done = await services.secrets.reseal() + await services.signing_in.resealed()
    return Json(DoneView(str(done), "resealed"))
