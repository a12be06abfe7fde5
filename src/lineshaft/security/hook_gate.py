"""From where webhooks may come: rules of the configuration, and rules that are set while the hub runs.

A rule is about a system (``crm``) or about one of its hooks (``crm/orders``). Every rule that fits a delivery
must allow its address, so that a rule which is set over the API narrows what the configuration says and never
widens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.text import text
from lineshaft.security.addresses import Network, is_in, networks
from lineshaft.security.audit import Audit
from lineshaft.security.people import Caller
from lineshaft.security.records import TRIES, Shelf, changed_meanwhile, written
from lineshaft.store.port import Store

NETWORKS_MAX: Final = 200
_KNOWN_FOR: Final = timedelta(seconds=5)
"""How long another node may go by rules that have been changed since."""


class HookAddresses(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a rule; the record's id is ``system`` or ``system/hook``."""

    addresses: tuple[str, ...]
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class HookRule:
    """From where the webhooks of a system, or of one hook, may come."""

    hook: str
    addresses: tuple[str, ...]
    configured: bool
    """Whether it stands in the configuration, where the API does not change it."""
    set_at: datetime | None = None
    set_by: str = ""


class HookGate:
    """All rules of one tenant."""

    def __init__(
        self, store: Store, clock: Clock, audit: Audit, configured: Mapping[str, Sequence[Network]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._configured = configured
        self._shelf: Shelf[HookAddresses] = Shelf(store, audit.tenant, "hook-addresses", HookAddresses)
        self._known: dict[str, tuple[Network, ...]] = {}
        self._known_until: datetime | None = None

    async def allows(self, system: str, hook: str, address: str) -> bool:
        """Tell whether a delivery may come from an address."""
        now = self._clock.now()
        if self._known_until is None or now >= self._known_until:
            self._known = {each.id: networks(each.value.addresses) for each in await self._shelf.all()}
            self._known_until = now + _KNOWN_FOR
        rules = (self._configured.get(system), self._known.get(system), self._known.get(f"{system}/{hook}"))
        return all(is_in(address, rule) for rule in rules if rule is not None)

    async def rules(self) -> list[HookRule]:
        """Return all rules by name, those of the configuration first."""
        found = [
            HookRule(system, tuple(map(str, allowed)), True) for system, allowed in self._configured.items()
        ]
        found += [
            HookRule(each.id, each.value.addresses, False, each.value.set_at, each.value.set_by)
            for each in await self._shelf.all()
        ]
        return sorted(found, key=lambda each: (each.hook, not each.configured))

    async def put(self, hook: str, addresses: Sequence[str], by: Caller) -> HookRule:
        """Set from where a system's webhooks, or those of one hook, may come."""
        if not addresses or len(addresses) > NETWORKS_MAX:
            raise InputError(
                text(
                    "Expected 1 to {most} addresses or networks.",
                    "应填写 1 到 {most} 个地址或网段。",
                    most=NETWORKS_MAX,
                ),
                code="addresses_invalid",
                hint=text("To allow any address, remove the rule.", "如需不限来源,请删除该规则。"),
            )
        listed = tuple(dict.fromkeys(map(str, networks(addresses))))
        for _ in range(TRIES):
            kept, now = await self._shelf.get(hook), self._clock.now()
            value = HookAddresses(listed, now, by.name)
            line = self._audit.line(
                "hook.addresses_set", subject_type="hook", subject=hook, detail={"addresses": list(listed)}
            )
            if await written(self._store, self._shelf.put(hook, value, kept, now), line):
                self._known_until = None
                return HookRule(hook, listed, False, now, by.name)
        raise changed_meanwhile(hook)

    async def remove(self, hook: str) -> None:
        """Take a rule away; raises ``NotFound``."""
        if await self._shelf.get(hook) is None:
            raise NotFound(text("There is no rule for {hook}.", "{hook} 没有来源规则。", hook=hook))
        line = self._audit.line("hook.addresses_removed", subject_type="hook", subject=hook)
        await self._audit.write(self._shelf.remove(hook), line)
        self._known_until = None
