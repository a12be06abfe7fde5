"""Figures of the whole, counted no more often than is cheap.

To count millions of rows takes a while, and many screens ask for the same figures. What took ``t`` seconds to
count is given again for ``20 t`` seconds, at most half a minute: on a small hub that is next to nothing, and
on a large one counting takes no more than a twentieth of one connection's time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.store.port import Store

_SHARE: Final = 20
_LASTS_S_MAX: Final = 30.0
_SCOPES_MAX: Final = 200


@dataclass(slots=True)
class _Counted:
    counts: dict[str, int] = field(default_factory=dict)
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Counting:
    """Counts for many who ask the same."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._counted: dict[tuple[str, frozenset[str] | None], _Counted] = {}

    async def counts(self, scope: Scope) -> dict[str, int]:
        """Return the store's counts, at most half a minute old."""
        key = (scope.tenant, scope.departments)
        if len(self._counted) > _SCOPES_MAX:
            self._counted.clear()
        found = self._counted.setdefault(key, _Counted())
        async with found.lock:
            started = self._clock.monotonic()
            if started >= found.until:
                found.counts = await self._store.counts(scope)
                took = self._clock.monotonic() - started
                found.until = started + took + min(_LASTS_S_MAX, took * _SHARE)
        return found.counts
