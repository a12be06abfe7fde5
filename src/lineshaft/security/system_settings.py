"""Settings of connected systems (addresses, zones, names) that people keep in the hub; secrets are not here.

What the configuration file says about a system goes before: whoever runs the machine has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.security.audit import Audit
from lineshaft.security.people import Caller
from lineshaft.security.records import TRIES, Shelf, changed_meanwhile, written
from lineshaft.store.port import Store

Value = str | int | float | bool
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_VALUE_MAX: Final = 4_000


class KeptSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one system; the record's id is the system's name."""

    values: dict[str, Value]
    set_at: datetime
    set_by: str


class SystemSettings:
    """The settings of all systems of one tenant."""

    def __init__(self, store: Store, clock: Clock, audit: Audit) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._shelf: Shelf[KeptSettings] = Shelf(store, audit.tenant, "system-settings", KeptSettings)

    async def kept(self) -> dict[str, Mapping[str, Any]]:
        """Return what is kept, by system."""
        return {each.id: each.value.values for each in await self._shelf.all()}

    async def put(self, system: str, values: Mapping[str, Value], by: Caller) -> None:
        """Keep the settings of a system in place of those that were kept.

        Raises:
            InputError: A name or a value cannot be a setting's.
            Conflict: Somebody else went on changing them at the same time.
        """
        for name, value in values.items():
            if not _NAME.fullmatch(name) or (isinstance(value, str) and len(value) > _VALUE_MAX):
                raise InputError(
                    text(
                        "Expected a setting of at most {most} characters, but {name} is none.",
                        "{name} 不是有效的设置项(最多 {most} 个字符)。",
                        name=ascii(name[:80]),
                        most=_VALUE_MAX,
                    ),
                    code="setting_wrong",
                )
        for _ in range(TRIES):
            known, now = await self._shelf.get(system), self._clock.now()
            settings = KeptSettings(dict(values), now, by.name)
            # Which were set, not to what: an address may hold a user's name.
            detail = {"settings": sorted(values)}
            line = self._audit.line("system.settings", subject_type="system", subject=system, detail=detail)
            if await written(self._store, self._shelf.put(system, settings, known, now), line):
                return
        raise changed_meanwhile(system)
