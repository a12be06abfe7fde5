"""When a backlog will be gone: from how fast it has become smaller lately, on whatever number of workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lineshaft.base.errors import HubError
from lineshaft.engine.runtime import Runtime

LOOK_S: Final = 10.0
SPAN_S: Final = 120.0
"""The rate is that of the last two minutes: long enough to be calm, short enough to follow a change."""
_CLEARS_S_MAX: Final = 30 * 86_400.0


class Clearing:
    """Remembers how much waited for each system, and says when nothing will."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._looks: deque[tuple[datetime, dict[str, int]]] = deque()

    def seen(self, at: datetime, waiting: Mapping[str, int]) -> None:
        """Take note of what waits now, by system."""
        self._looks.append((at, dict(waiting)))
        while (at - self._looks[0][0]).total_seconds() > SPAN_S:
            self._looks.popleft()

    def clears_in_s(self, system: str, waiting: int) -> float | None:
        """Return the seconds until ``waiting`` calls have gone out; ``None``: it does not become less."""
        if waiting == 0:
            return 0.0
        counts = [(at, found.get(system, 0)) for at, found in self._looks]
        if len(counts) < 2:
            return None
        # From the highest point on: what still grew before that says nothing about the way down.
        top = max(range(len(counts)), key=lambda place: (counts[place][1], place))
        since, most = counts[top]
        until, now = counts[-1]
        gone, span_s = most - now, (until - since).total_seconds()
        if gone <= 0 or span_s <= 0:
            return None
        return min(waiting * span_s / gone, _CLEARS_S_MAX)

    async def look(self) -> None:
        """Look once."""
        backlog = await self._runtime.store.backlog(self._runtime.scope)
        waiting: dict[str, int] = {}
        for each in backlog:
            if each.status in ("intended", "attempted"):
                waiting[each.system] = waiting.get(each.system, 0) + each.count
        self.seen(self._runtime.clock.now(), waiting)

    async def run(self) -> None:
        """Look for ever; end it by cancelling."""
        while True:
            try:
                await self.look()
            except HubError as error:
                self._runtime.observer.trouble("backlog", error)
            await asyncio.sleep(LOOK_S)
