"""Group commit: many small units share one transaction.

While one commit is under way the next units gather, so the batch grows with the load and an idle hub
commits at once. Units of one lane pass through one committer in the order they were submitted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from lineshaft.base.errors import LeaseLost, StoreError, StoreUnavailable
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.port import Store
from lineshaft.store.writes import Unit, UnitResult, lanes_of

Settled = Callable[[UnitResult], None]


class Committer:
    """Takes units in order and tells each what became of it."""

    def __init__(self, store: Store, keeper: LaneKeeper, config: EngineConfig) -> None:
        self._store = store
        self._keeper = keeper
        self._config = config
        self._waiting: deque[tuple[Unit, Settled]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.on_trouble: Callable[[StoreError], None] = lambda error: None

    def submit(self, unit: Unit, settled: Settled) -> None:
        """Queue a unit; ``settled`` is called (never concurrently) once its fate is known."""
        self._waiting.append((unit, settled))
        self._idle.clear()
        self._wake.set()

    async def commit(self, unit: Unit) -> UnitResult:
        """Queue a unit and wait for its fate."""
        future: asyncio.Future[UnitResult] = asyncio.get_running_loop().create_future()

        def settled(result: UnitResult) -> None:
            if not future.done():
                future.set_result(result)

        self.submit(unit, settled)
        return await future

    async def flushed(self) -> None:
        """Wait until nothing is queued or under way."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit for ever; end it by cancelling."""
        while True:
            if not self._waiting:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            # One turn of the loop lets whoever is ready add to this commit.
            await asyncio.sleep(0)
            count = min(len(self._waiting), self._config.commit_batch_max)
            group = [self._waiting.popleft() for _ in range(count)]
            await self._write(group)

    async def _write(self, group: list[tuple[Unit, Settled]]) -> None:
        while group:
            units = [unit for unit, _ in group]
            try:
                lanes = lanes_of(units)
                fence = self._keeper.fence(lanes) if lanes else None
                results = await self._store.commit(units, fence)
            except LeaseLost as error:
                group = self._without_lanes(group, error)
            except StoreUnavailable as error:
                self.on_trouble(error)
                await asyncio.sleep(self._config.commit_retry_s)
            else:
                for (_, settled), result in zip(group, results, strict=True):
                    settled(result)
                return

    def _without_lanes(
        self, group: list[tuple[Unit, Settled]], error: LeaseLost
    ) -> list[tuple[Unit, Settled]]:
        """Set aside the units of lost lanes; with no lane named, all guarded ones."""
        lost = set(error.lanes) or {unit.lane for unit, _ in group if unit.lane is not None}
        self._keeper.lost(lane for lane in lost if lane is not None)
        kept = []
        for unit, settled in group:
            if unit.lane in lost:
                settled(UnitResult("failed", error))
            else:
                kept.append((unit, settled))
        return kept
