"""Lanes: what this worker owns, for how long, and whether it may still act for a lane.

A lease is given by the store's clock and counted here by this process's steady clock, from before the
request was sent: so this worker's idea of the end is never later than the store's. A process that was stopped
and goes on finds its leases expired before it calls anybody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from lineshaft.base.clock import Clock
from lineshaft.base.errors import LeaseLost
from lineshaft.base.ids import LANES
from lineshaft.base.text import text
from lineshaft.engine.config import EngineConfig
from lineshaft.store.port import Lease, Store
from lineshaft.store.writes import Fence


class LaneKeeper:
    """Keeps this worker's share of the lanes."""

    def __init__(self, store: Store, clock: Clock, worker: str, config: EngineConfig) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self.worker = worker
        self._tokens: dict[int, int] = {}
        self._since: dict[int, datetime] = {}
        self._until = 0.0
        self._leaving: set[int] = set()
        self.on_gained: Callable[[frozenset[int]], None] = lambda lanes: None
        self.on_lost: Callable[[frozenset[int]], None] = lambda lanes: None

    @property
    def lanes(self) -> frozenset[int]:
        """The lanes that new work is taken for."""
        return frozenset(self._tokens) - self._leaving

    def takes(self, lane: int) -> bool:
        """Tell whether new work is taken for ``lane``."""
        return lane in self._tokens and lane not in self._leaving

    def token(self, lane: int) -> int | None:
        """Return the fencing token under which this worker holds ``lane``: it stands for one ownership."""
        return self._tokens.get(lane)

    def held_since(self, lane: int) -> datetime | None:
        """Return when this ownership of ``lane`` began: no earlier owner began a call after that."""
        return self._since.get(lane)

    def holds(self, lane: int) -> bool:
        """Tell whether this worker may act for ``lane`` right now."""
        return lane in self._tokens and self._clock.monotonic() < self._until

    @property
    def is_in_time(self) -> bool:
        """Tell whether the leases last beyond the margin: outside it no call begins, whatever the lane."""
        return self._clock.monotonic() < self._until - self._config.lease_margin_s

    def may_call(self, lane: int) -> bool:
        """Tell whether a call may begin for ``lane``: the lease lasts beyond the margin."""
        return lane in self._tokens and self.is_in_time

    def assert_may_call(self, lane: int) -> None:
        """Raise ``LeaseLost`` where no call may begin for ``lane``."""
        if not self.may_call(lane):
            raise LeaseLost(
                text(
                    "Lane {lane} is not owned by this worker any more; nothing was sent.",
                    "通道 {lane} 已不属于本工作进程;未发送任何内容。",
                    lane=lane,
                ),
                lanes=(lane,),
            )

    def fence(self, lanes: Collection[int]) -> Fence:
        """Return the proof of ownership for ``lanes``; raises ``LeaseLost`` for those not held."""
        missing = [lane for lane in lanes if lane not in self._tokens]
        if missing:
            raise LeaseLost(
                text("Lanes {lanes} are not owned.", "通道 {lanes} 不属于本进程。", lanes=missing),
                lanes=missing,
            )
        return Fence(self.worker, {lane: self._tokens[lane] for lane in lanes})

    async def beat(self, busy: Callable[[int], bool]) -> int:
        """Renew, give back what is too much (when not ``busy``), take what is too little.

        Returns how many workers live.
        """
        started = self._clock.monotonic()
        workers = await self._store.register_worker(self.worker, self._config.lease_ttl_s)
        share = math.ceil(LANES / max(1, workers))
        await self._renew(started)
        await self._give_back(share, busy)
        if len(self._tokens) - len(self._leaving) < share:
            await self._take(share - len(self._tokens))
        return workers

    async def stop(self) -> None:
        """Give everything back."""
        self._lose(self._tokens)
        await self._store.forget_worker(self.worker)

    def lost(self, lanes: Iterable[int]) -> None:
        """Take note that the store refused these lanes."""
        self._lose(lanes)

    async def _renew(self, started: float) -> None:
        if not self._tokens:
            self._until = started + self._config.lease_ttl_s
            return
        held = await self._store.renew_lanes(
            self.worker,
            [Lease(str(lane), token) for lane, token in self._tokens.items()],
            self._config.lease_ttl_s,
        )
        kept = {int(lease.name): lease.token for lease in held}
        gone = [lane for lane, token in self._tokens.items() if kept.get(lane) != token]
        self._until = started + self._config.lease_ttl_s
        self._lose(gone)

    async def _give_back(self, share: int, busy: Callable[[int], bool]) -> None:
        surplus = len(self._tokens) - share
        if surplus <= 0:
            self._leaving.clear()
            return
        self._leaving = set(sorted(self._tokens)[-surplus:])
        idle = [lane for lane in self._leaving if not busy(lane)]
        if idle:
            leases = [Lease(str(lane), self._tokens[lane]) for lane in idle]
            self._lose(idle)
            await self._store.release_lanes(self.worker, leases)

    async def _take(self, count: int) -> None:
        if count <= 0:
            return
        leases = await self._store.acquire_lanes(self.worker, count, self._config.lease_ttl_s)
        gained = {int(lease.name): lease.token for lease in leases}
        self._tokens.update(gained)
        now = self._clock.now()
        self._since.update(dict.fromkeys(gained, now))
        if gained:
            self.on_gained(frozenset(gained))

    def _lose(self, lanes: Iterable[int]) -> None:
        gone = frozenset(lane for lane in lanes if lane in self._tokens)
        for lane in gone:
            del self._tokens[lane]
            self._since.pop(lane, None)
            self._leaving.discard(lane)
        if gone:
            self.on_lost(gone)
