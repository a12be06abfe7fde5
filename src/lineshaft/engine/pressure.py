"""Back-pressure: while too much waits to be routed, intake takes no more and says when to come again.

What waits is looked up now and then, not at every request: the limit is kept roughly, the store is spared.
Nothing that was acknowledged is ever dropped; who is turned away has been told so and sends again.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from lineshaft.base.errors import HubError, OperationalError
from lineshaft.base.text import text
from lineshaft.engine.runtime import Runtime

LOOK_S: Final = 1.0
_RETRY_S_MAX: Final = 120


class Overloaded(OperationalError):
    """Too much waits already; come again after ``retry_after_s``."""

    default_code = "overloaded"

    def __init__(self, waiting: int, retry_after_s: int) -> None:
        super().__init__(
            text(
                "Expected room for more events, but {waiting} wait to be routed; send again in {seconds} s.",
                "待处理事件已积压 {waiting} 条,请 {seconds} 秒后重发。",
                waiting=waiting,
                seconds=retry_after_s,
            )
        )
        self.retry_after_s = retry_after_s


class Pressure:
    """Knows whether more can be taken in."""

    def __init__(self, runtime: Runtime, events_max: int, age_s_max: float) -> None:
        self._runtime = runtime
        self._events_max = events_max
        self._age_s_max = age_s_max
        self._waiting = 0
        self._age_s = 0.0
        self._routed_per_s = 0.0

    @property
    def is_high(self) -> bool:
        """Tell whether nothing more is taken in."""
        return self._waiting > self._events_max or (self._waiting > 0 and self._age_s > self._age_s_max)

    def check(self) -> None:
        """Raise ``Overloaded`` where nothing more is taken in."""
        if self.is_high:
            raise Overloaded(self._waiting, self._retry_after_s())

    def _retry_after_s(self) -> int:
        """Return when there should be room: what is too much, at the rate at which it goes down now."""
        surplus = max(0, self._waiting - self._events_max * 9 // 10)
        wait_s = surplus / self._routed_per_s if self._routed_per_s > 0 else 10.0
        return max(1, min(_RETRY_S_MAX, math.ceil(wait_s)))

    async def look(self) -> None:
        """Look once what waits."""
        runtime = self._runtime
        events = await runtime.store.unrouted(runtime.scope)
        waiting = events.count
        self._routed_per_s = max(0.0, (self._waiting - waiting) / LOOK_S)
        self._waiting = waiting
        oldest_at = events.oldest_at
        age = runtime.clock.now() - oldest_at if oldest_at is not None else None
        self._age_s = age.total_seconds() if age is not None else 0.0

    async def run(self) -> None:
        """Look for ever; end it by cancelling."""
        while True:
            try:
                await self.look()
            except HubError as error:
                self._runtime.observer.trouble("backlog", error)
            await asyncio.sleep(LOOK_S)
