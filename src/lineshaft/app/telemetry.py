"""Looks up what a page of metrics needs, and measures the event loop; see ``lineshaft.insight.metrics``."""

from __future__ import annotations

import asyncio
import mmap
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from lineshaft.base.errors import HubError
from lineshaft.engine.runtime import Runtime
from lineshaft.insight.metrics import Snapshot, page

LOOK_S: Final = 10.0
"""Several collectors, or an eager one, ask the store once in this time."""
LAG_EVERY_S: Final = 0.25


class Telemetry:
    """Makes pages of metrics."""

    def __init__(self, runtime: Runtime, version: str, systems: Callable[[], Collection[str]]) -> None:
        self._runtime = runtime
        self._version = version
        self._systems = systems
        self._seen: Snapshot | None = None
        self._seen_at = 0.0
        self._looking = asyncio.Lock()
        self.last_backup: Callable[[], Awaitable[datetime | None]] | None = None

    async def page(self) -> str:
        """Return the page as it is now."""
        async with self._looking:
            clock = self._runtime.clock
            if self._seen is None or clock.monotonic() - self._seen_at >= LOOK_S:
                self._seen = await self._look()
                self._seen_at = clock.monotonic()
            found = self._seen
        found.now = clock.now()
        found.lanes = len(self._runtime.keeper.lanes)
        found.memory, found.cpu_s = _process()
        return page(self._runtime.figures, found)

    async def _look(self) -> Snapshot:
        runtime = self._runtime
        found = Snapshot(runtime.clock.now(), self._version, runtime.store.name, self._systems())
        scope = runtime.scope
        try:
            found.counts = await runtime.store.counts(scope)
            found.backlog = await runtime.store.backlog(scope)
            states = await runtime.store.system_states(scope)
            found.circuits = {name: state.circuit == "open" for name, state in states.items()}
            found.paused = {name: state.paused for name, state in states.items()}
            alerts = await runtime.store.records(scope, "alert", state="open", limit=500)
            found.alerts = Counter(row.owner.partition("/")[0] for row in alerts.items)
            if self.last_backup is not None:
                found.backup_at = await self.last_backup()
        except HubError as error:
            # The page says so: whoever watches the hub must not lose sight of it just then.
            runtime.observer.trouble("metrics", error)
            found.store_up = False
        return found

    async def run(self) -> None:
        """Measure how late the event loop comes; runs until it is cancelled."""
        clock, lag = self._runtime.clock, self._runtime.figures.loop_lag
        while True:
            began = clock.monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            lag.add(max(0.0, clock.monotonic() - began - LAG_EVERY_S))


def _process() -> tuple[int, float]:
    """Return resident memory in bytes, and user and system time in seconds."""
    times = os.times()
    try:
        memory = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE
    except OSError:  # not on this kind of machine
        memory = 0
    return memory, times.user + times.system
