"""Group commit: many small units share one transaction.

While one commit is under way the next units gather, so the batch grows with the load and an idle hub
commits at once. Where the last groups show that units come in quick succession, the next one is given a few
milliseconds to grow: a commit of a hundred units costs hardly more than one of five. Units of one lane pass
through one committer in the order they were submitted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple

from lineshaft.base.errors import LeaseLost, StoreError, StoreUnavailable
from lineshaft.base.text import text
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.figures import Figures
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.port import Store
from lineshaft.store.writes import Unit, UnitResult, lanes_of

Settled = Callable[[UnitResult], None]
BUSY: Final = 4
"""From so many units on, the last group shows that more are coming."""
ENOUGH: Final = 100
"""So many units are not kept waiting for more."""
SLICES: Final = 5
"""How often, while a commit waits, it is looked whether units still come."""


class Submitted(NamedTuple):
    """A unit on its way, and the ownership of its lane under which it was decided."""

    unit: Unit
    settled: Settled
    token: int | None


class Committer:
    """Takes units in order and tells each what became of it."""

    def __init__(
        self, store: Store, keeper: LaneKeeper, config: EngineConfig, figures: Figures | None = None
    ) -> None:
        self._figures = figures or Figures()
        self._store = store
        self._keeper = keeper
        self._config = config
        self._waiting: deque[Submitted] = deque()
        self._wake = asyncio.Event()
        self._enough = asyncio.Event()
        self._last = 0
        """Units in the last commit."""
        self._idle = asyncio.Event()
        self._idle.set()
        self.on_trouble: Callable[[StoreError], None] = lambda error: None
        self.on_written: Callable[[], None] = lambda: None
        self.on_bug: Callable[[str, BaseException], None] = lambda where, error: None

    def submit(self, unit: Unit, settled: Settled) -> None:
        """Queue a unit; ``settled`` is called (never concurrently) once its fate is known."""
        token = self._keeper.token(unit.lane) if unit.lane is not None else None
        self._waiting.append(Submitted(unit, settled, token))
        self._idle.clear()
        self._wake.set()
        if len(self._waiting) >= ENOUGH:
            self._enough.set()

    async def commit(self, unit: Unit) -> UnitResult:
        """Queue a unit and wait for its fate."""
        future: asyncio.Future[UnitResult] = asyncio.get_running_loop().create_future()

        def settled(result: UnitResult) -> None:
            if not future.done():
                future.set_result(result)

        self.submit(unit, settled)
        return await future

    async def commit_all(self, units: Sequence[Unit]) -> list[UnitResult]:
        """Queue units and wait for the fate of each."""
        if not units:
            return []
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        results: dict[int, UnitResult] = {}

        def settled(place: int, result: UnitResult) -> None:
            results[place] = result
            if len(results) == len(units) and not future.done():
                future.set_result(None)

        for place, unit in enumerate(units):
            self.submit(unit, partial(settled, place))
        await future
        return [results[place] for place in range(len(units))]

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is queued or under way."""
        return self._idle.is_set()

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
            await self._gather()
            count = min(len(self._waiting), self._config.commit_batch_max)
            group = [self._waiting.popleft() for _ in range(count)]
            self._last = count
            await self._write(group)

    async def _gather(self) -> None:
        """Let whoever is ready add to the next commit; where many are, let a few more become ready."""
        # One turn of the loop.
        await asyncio.sleep(0)
        enough = min(ENOUGH, self._config.commit_batch_max)
        if max(self._last, len(self._waiting)) < BUSY:
            return
        for _ in range(SLICES):
            count = len(self._waiting)
            if count >= enough:
                return
            self._enough.clear()
            try:
                async with asyncio.timeout(self._config.commit_gather_s / SLICES):
                    await self._enough.wait()
            except TimeoutError:
                pass
            if len(self._waiting) == count:
                # Whoever was to come is there: they may all be waiting for this commit.
                return

    async def _write(self, group: list[Submitted]) -> None:
        while group := self._still_owned(group):
            units = [each.unit for each in group]
            try:
                lanes = lanes_of(units)
                fence = self._keeper.fence(lanes) if lanes else None
                began = perf_counter()
                results = await self._store.commit(units, fence)
                self._figures.commits.add(perf_counter() - began)
                self._figures.commit_units.add(len(units))
            except LeaseLost as error:
                group = self._without_lanes(group, error)
            except StoreUnavailable as error:
                self.on_trouble(error)
                await asyncio.sleep(self._config.commit_retry_s)
            except Exception as error:  # noqa: BLE001 - a bug below must not end all commits of this worker
                self.on_bug("commit", error)
                problem = error if isinstance(error, StoreError) else StoreError(str(error))
                for each in group:
                    self._tell(each, UnitResult("failed", problem))
                return
            else:
                self.on_written()
                for each, result in zip(group, results, strict=True):
                    self._tell(each, result)
                return

    def _still_owned(self, group: list[Submitted]) -> list[Submitted]:
        """Set aside what was decided under an ownership that has ended, even if the lane is ours again."""
        kept = []
        for each in group:
            lane = each.unit.lane
            if lane is None or (each.token is not None and each.token == self._keeper.token(lane)):
                kept.append(each)
            else:
                message = text(
                    "Lane {lane} had another owner meanwhile; nothing of this unit was written.",
                    "通道 {lane} 期间曾易主;该单元未写入。",
                    lane=lane,
                )
                self._tell(each, UnitResult("failed", LeaseLost(message, lanes=(lane,))))
        return kept

    def _without_lanes(self, group: list[Submitted], error: LeaseLost) -> list[Submitted]:
        """Set aside the units of lost lanes; with no lane named, all guarded ones."""
        lost = set(error.lanes) or {each.unit.lane for each in group if each.unit.lane is not None}
        self._keeper.lost(lane for lane in lost if lane is not None)
        kept = []
        for each in group:
            if each.unit.lane in lost:
                self._tell(each, UnitResult("failed", error))
            else:
                kept.append(each)
        return kept

    def _tell(self, each: Submitted, result: UnitResult) -> None:
        try:
            each.settled(result)
        except Exception as error:  # noqa: BLE001 - one unit's follower must not take the others with it
            self.on_bug("settled", error)
