"""From where webhooks may come: a rule for a system or for one of its hooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.api.access import ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.tokens import TokenManager
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.security.hook_gate import HookRule

router = make_router("hooks")


@dataclass(frozen=True, slots=True)
class HookAddressesWish:
    """Addresses and networks, e.g. ``10.1.0.0/16``."""

    addresses: list[str]


@dataclass(frozen=True, slots=True)
class HookAddressesView:
    """From where the webhooks of a system (``crm``), or of one hook (``crm/orders``), may come."""

    hook: str
    addresses: list[str]
    configured: bool
    """Whether it stands in the configuration file, and is changed only there."""
    set_at: datetime | None
    set_by: str

    @staticmethod
    def of(rule: HookRule) -> HookAddressesView:
        """Return a rule's view."""
        return HookAddressesView(rule.hook, list(rule.addresses), rule.configured, rule.set_at, rule.set_by)


@dataclass(frozen=True, slots=True)
class HookAddressesPage:
    """All rules, by name. A hook that no rule names takes deliveries from anywhere."""

    items: list[HookAddressesView]
    next: str | None = None


@router.get("/hook-addresses", response_model=HookAddressesPage)
async def list_hook_addresses(services: ServicesOf, caller: TokenManager) -> Json:
    """Return from where webhooks may come."""
    return Json(HookAddressesPage([HookAddressesView.of(each) for each in await services.hook_gate.rules()]))


@router.put("/hook-addresses/{hook:path}", response_model=HookAddressesView)
async def put_hook_addresses(
    hook: str, wish: HookAddressesWish, services: ServicesOf, caller: TokenManager
) -> Json:
    """Set from where the webhooks of a system, or of one hook, may come."""
    _check_known(services, hook)
    return Json(HookAddressesView.of(await services.hook_gate.put(hook, wish.addresses, caller)))


@router.delete("/hook-addresses/{hook:path}", response_model=DoneView)
async def remove_hook_addresses(hook: str, services: ServicesOf, caller: TokenManager) -> Json:
    """Take a rule away: from anywhere again, as far as the configuration and other rules let it."""
    await services.hook_gate.remove(hook)
    return Json(DoneView(hook, "removed"))


def _check_known(services: Services, hook: str) -> None:
    """Refuse a rule for what there is not: it would protect nothing."""
    system, slash, name = hook.partition("/")
    known = {
        each.name: sorted(trigger.name for trigger in each.spec.triggers) for each in services.systems.all()
    }
    if system not in known or (slash and name not in known[system]):
        wanted = (
            ", ".join(f"{system}/{each}" for each in known[system]) if system in known else ", ".join(known)
        )
        raise InputError(
            text(
                "There is no system or hook {hook}; there are: {known}.",
                "没有系统或回调 {hook};现有:{known}。",
                hook=ascii(hook[:120]),
                known=wanted or "-",
            ),
            code="hook_unknown",
        )
