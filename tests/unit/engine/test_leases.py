"""Lanes: shares, take-over, and what may be done under a lease."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import LeaseLost
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Lease

CONFIG = EngineConfig(lease_ttl_s=10.0, lease_margin_s=2.0)


def idle(lane: int) -> bool:
    return False


async def keeper(database: MemoryDatabase, clock: FixedClock, name: str) -> LaneKeeper:
    store = MemoryStore(database, clock)
    await store.open()
    return LaneKeeper(store, clock, name, CONFIG)


async def test_keepers_share_the_lanes_when_a_second_one_comes() -> None:
    database, clock = MemoryDatabase(), FixedClock()
    first, second = await keeper(database, clock, "a"), await keeper(database, clock, "b")
    await first.beat(idle)
    assert len(first.lanes) == 256
    await second.beat(idle)
    await first.beat(idle)
    await second.beat(idle)
    assert (len(first.lanes), len(second.lanes)) == (128, 128)
    assert not first.lanes & second.lanes


async def test_keeper_takes_over_all_lanes_when_the_lease_of_a_dead_worker_has_ended() -> None:
    database, clock = MemoryDatabase(), FixedClock()
    dead, alive = await keeper(database, clock, "dead"), await keeper(database, clock, "alive")
    for each in (dead, alive, dead, alive):
        await each.beat(idle)
    clock.advance(CONFIG.lease_ttl_s / 2)
    await alive.beat(idle)
    clock.advance(CONFIG.lease_ttl_s / 2)
    await alive.beat(idle)
    assert len(alive.lanes) == 256


async def test_keeper_refuses_a_call_when_the_lease_is_about_to_end() -> None:
    database, clock = MemoryDatabase(), FixedClock()
    one = await keeper(database, clock, "a")
    await one.beat(idle)
    one.assert_may_call(7)
    clock.advance(CONFIG.lease_ttl_s - CONFIG.lease_margin_s)
    with pytest.raises(LeaseLost):
        one.assert_may_call(7)
    assert one.holds(7)
    clock.advance(CONFIG.lease_margin_s)
    assert not one.holds(7)


async def test_keeper_tells_since_when_it_holds_a_lane_when_it_has_come_back() -> None:
    database, clock = MemoryDatabase(), FixedClock()
    one = await keeper(database, clock, "a")
    await one.beat(idle)
    since, token = one.held_since(7), one.token(7)
    clock.advance(CONFIG.lease_ttl_s + 1)
    await one.beat(idle)
    assert one.held_since(7) == clock.now() != since
    assert one.token(7) != token


async def test_lease_is_counted_from_before_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    database, clock = MemoryDatabase(), FixedClock()
    store = MemoryStore(database, clock)
    await store.open()
    one = LaneKeeper(store, clock, "a", CONFIG)
    await one.beat(idle)
    renew = store.renew_lanes

    async def slowly(worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        held = await renew(worker, leases, ttl_s)
        clock.advance(3)
        return held

    monkeypatch.setattr(store, "renew_lanes", slowly)
    await one.beat(idle)
    clock.advance(CONFIG.lease_ttl_s - 3)
    assert not one.holds(7), "the answer took three seconds, in which the lease went on running"
