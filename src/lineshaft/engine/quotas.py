"""Quotas: each system's cap is leased out in slices, so that all workers together never exceed it.

A cap is cut into a few slices, each a lease in the store. A worker may have as many calls under way at a
system as its slices hold; without one it calls nothing. Each worker has the same number of slices for its
own, and what is left over goes to whoever has work for it. Where there are more workers than slices they go
round: a worker that has nothing to do, or has had its turn, gives its slice back. A slice is given back only
when the calls under way fit into the others.

What no lease can hold: a call that is under way when its worker loses the database goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from lineshaft.base.errors import HubError
from lineshaft.engine.protection import Gate, Protection
from lineshaft.engine.runtime import Runtime

SLICES_MAX: Final = 4
"""Slices of one cap: more would be finer, and more to renew."""
_STARVING_S: Final = 0.25
"""How often a worker without a slice looks for one while work waits."""


@dataclass(slots=True)
class Holding:
    """What this worker holds of one system's cap."""

    slices: dict[int, float] = field(default_factory=dict)
    """Slice → until when, by the steady clock."""
    since: float = 0.0
    """When its turn began."""
    not_before: float = 0.0
    """After its turn it lets others take theirs."""


class Quotas:
    """Keeps this worker's slices of every cap."""

    def __init__(self, runtime: Runtime, protection: Protection, pump: Callable[[Gate], None]) -> None:
        self._runtime = runtime
        self._protection = protection
        self._pump = pump
        self._held: dict[str, Holding] = {}
        self._wake = asyncio.Event()
        self.workers = 1

    @property
    def is_alone(self) -> bool:
        """Tell whether nobody else can work on this store: then a cap need not be shared."""
        return self._runtime.store.name == "sqlite"

    def wanted(self) -> None:
        """A system is called for the first time, or its limits have changed: look at once."""
        self._wake.set()

    async def run(self) -> None:
        """Renew and share out for ever; end it by cancelling."""
        config = self._runtime.config
        while not self.is_alone:
            self._wake.clear()
            starving = False
            for gate in self._protection.gates():
                try:
                    starving |= await self._balance(gate)
                except HubError as error:
                    self._runtime.observer.trouble(f"quota of {gate.system}", error)
                    starving = True
            wait_s = _STARVING_S if starving else min(config.heartbeat_s, config.lease_ttl_s / 3)
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _balance(self, gate: Gate) -> bool:
        """Renew, give back and take slices of one cap; return whether work waits for want of one."""
        cap = self._protection.limits(gate.system)[0]
        count = min(cap, SLICES_MAX)
        held = self._held.setdefault(gate.system, Holding())
        demand = gate.calling > 0 or gate.waiting > 0
        kept = self._kept(held, count, demand=demand)
        turn_is_over = bool(held.slices) and not kept
        # From now on only what is kept counts; the others go back when the calls under way fit.
        self._grant(gate, kept, held)
        for each in sorted(set(held.slices) - kept):
            if gate.calling <= gate.concurrency_max:
                await self._give_back(gate.system, held, each, turn_is_over=turn_is_over)
            else:
                await self._renew(gate.system, held, each)
        for each in sorted(kept):
            await self._renew(gate.system, held, each)
        if not turn_is_over and (demand or self.workers <= count):
            await self._take_more(gate, held, count, demand=demand)
        kept = self._kept(held, count, demand=demand) if not turn_is_over else set()
        self._grant(gate, kept, held)
        self._pump(gate)
        return not kept and gate.waiting > 0

    def _own(self, count: int) -> tuple[int, int]:
        """Return how many slices are shared out evenly, and how many of them are each worker's own."""
        if self.workers > count:
            return count, 1
        each = count // max(1, self.workers)
        return each * self.workers, each

    def _kept(self, held: Holding, count: int, *, demand: bool) -> set[int]:
        """Return the slices that this worker goes on holding."""
        shared, own = self._own(count)
        now = self._runtime.clock.monotonic()
        had_its_turn = now - held.since > self._runtime.config.heartbeat_s
        if self.workers > count and (not demand or had_its_turn):
            return set()
        even = [each for each in sorted(held.slices) if each < shared][:own]
        left_over = [each for each in sorted(held.slices) if shared <= each < count][: 1 if demand else 0]
        return {*even, *left_over}

    async def _take_more(self, gate: Gate, held: Holding, count: int, *, demand: bool) -> None:
        now = self._runtime.clock.monotonic()
        if now < held.not_before:
            return
        shared, own = self._own(count)
        first = crc32(self._runtime.keeper.worker.encode())
        for offset in range(shared):
            if sum(1 for each in held.slices if each < shared) >= own:
                break
            each = (first + offset) % shared
            if each not in held.slices and await self._take(gate.system, held, each):
                held.since = now
        for each in range(shared, count) if demand else ():
            if any(one >= shared for one in held.slices):
                break
            await self._take(gate.system, held, each)

    def _grant(self, gate: Gate, kept: set[int], held: Holding) -> None:
        cap, rate = self._protection.limits(gate.system)
        count = min(cap, SLICES_MAX)
        places = sum(cap * (each + 1) // count - cap * each // count for each in kept if each in held.slices)
        gate.concurrency_max = places
        gate.rate_per_s_max = rate * max(1, places) / cap if rate is not None else None
        until = min((held.slices[each] for each in kept if each in held.slices), default=0.0)
        gate.lease_until = until - self._runtime.config.lease_margin_s

    async def _renew(self, system: str, held: Holding, index: int) -> None:
        """Prolong a slice when half of its time is over."""
        half_s = self._runtime.config.lease_ttl_s / 2
        if held.slices[index] - self._runtime.clock.monotonic() < half_s:
            await self._take(system, held, index)

    async def _take(self, system: str, held: Holding, index: int) -> bool:
        """Take or renew a slice."""
        runtime = self._runtime
        begun = runtime.clock.monotonic()
        ttl_s = runtime.config.lease_ttl_s
        lease = await runtime.store.acquire_source(runtime.keeper.worker, _name(system, index), ttl_s)
        if lease is None:
            held.slices.pop(index, None)
            return False
        held.slices[index] = begun + ttl_s
        return True

    async def _give_back(self, system: str, held: Holding, index: int, *, turn_is_over: bool) -> None:
        runtime = self._runtime
        await runtime.store.acquire_source(runtime.keeper.worker, _name(system, index), 0.0)
        held.slices.pop(index, None)
        if turn_is_over:
            held.not_before = runtime.clock.monotonic() + runtime.config.heartbeat_s


def _name(system: str, index: int) -> str:
    return f"quota/{system}/{index}"
