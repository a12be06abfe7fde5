"""How a connected system is reached: what it asks for, and what is known; no secret's value is shown."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.api.access import ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.secrets import SecretManager
from lineshaft.api.routing import make_router
from lineshaft.api.system_views import SystemSettingsView
from lineshaft.base.errors import InputError
from lineshaft.base.text import text

router = make_router("systems")


@dataclass(frozen=True, slots=True)
class WishedSettings:
    """The settings to keep, by name; a name that is left out is forgotten."""

    values: dict[str, str | int | float | bool]


@router.get("/systems/{name}/settings", response_model=SystemSettingsView)
async def get_system_settings(name: str, services: ServicesOf, caller: SecretManager) -> Json:
    """Return what a system asks for, and what it was given."""
    return Json(SystemSettingsView.of(services.systems.settings(name)))


@router.put("/systems/{name}/settings", response_model=SystemSettingsView)
async def put_system_settings(
    name: str, wish: WishedSettings, services: ServicesOf, caller: SecretManager
) -> Json:
    """Keep a system's settings; it is connected anew at once, here and in every process of the hub."""
    known = {each.name for each in services.systems.settings(name).settings}
    strange = sorted(set(wish.values) - known)
    if strange:
        raise InputError(
            text(
                "Expected settings among {known}, but {strange} is none.",
                "设置项应为 {known} 之一,没有 {strange}。",
                known=", ".join(sorted(known)),
                strange=strange[0],
            ),
            code="setting_unknown",
        )
    given = {key: value for key, value in wish.values.items() if value != ""}
    await services.system_settings.put(name, given, caller)
    await services.refresh_settings()
    return Json(SystemSettingsView.of(services.systems.settings(name)))
