"""Law 2: lanes and sources are owned by leases on the database's clock; without a valid one nobody writes."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import LeaseLost
from lineshaft.base.ids import LANES
from lineshaft.store import writes as w
from lineshaft.store.port import Lease
from support import store_rows as a
from support.store_lab import Lab
from support.store_rows import ENGINE, fence, statuses, unit


async def test_lanes_are_shared_out_when_two_workers_ask(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    first = await one.acquire_lanes("one", 100, 60)
    second = await two.acquire_lanes("two", LANES, 60)
    assert len(first) == 100
    assert len(second) == LANES - 100
    assert not {lease.name for lease in first} & {lease.name for lease in second}
    assert await one.acquire_lanes("one", 5, 60) == []


async def test_token_grows_when_an_expired_lane_is_taken_over(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    mine = await one.acquire_lanes("one", LANES, 0.05)
    await lab.elapse(0.05)
    taken = await two.acquire_lanes("two", LANES, 60)
    before = {lease.name: lease.token for lease in mine}
    assert len(taken) == LANES
    assert all(lease.token > before[lease.name] for lease in taken)


async def test_renewal_keeps_a_lane_beyond_its_first_lease(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    mine = await one.acquire_lanes("one", 3, 5)
    assert await one.renew_lanes("one", mine, 60) == mine
    taken = await two.acquire_lanes("two", LANES, 60)
    assert len(taken) == LANES - 3


async def test_renewal_gives_nothing_back_when_the_lease_has_expired_though_nobody_took_it(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", 3, 0.05)
    await lab.elapse(0.05)
    assert await store.renew_lanes("one", mine, 60) == []


async def test_renewal_refuses_another_worker_and_another_token(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", 1, 60)
    assert await store.renew_lanes("two", mine, 60) == []
    assert await store.renew_lanes("one", [Lease(mine[0].name, mine[0].token + 1)], 60) == []


async def test_released_lanes_are_free_at_once(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", LANES, 60)
    await store.release_lanes("two", mine[:9])
    assert await store.acquire_lanes("two", LANES, 60) == []
    await store.release_lanes("one", mine[:2])
    assert len(await store.acquire_lanes("two", LANES, 60)) == 2


async def test_forgotten_worker_gives_everything_back(lab: Lab) -> None:
    store = await lab.open()
    assert await store.register_worker("one", 60) == 1
    assert await store.register_worker("two", 60) == 2
    await store.acquire_lanes("one", LANES, 60)
    assert await store.acquire_source("one", "crm.orders", 60) is not None
    await store.forget_worker("one")
    assert await store.register_worker("two", 60) == 1
    assert len(await store.acquire_lanes("two", LANES, 60)) == LANES
    assert await store.acquire_source("two", "crm.orders", 60) is not None


async def test_worker_counts_no_longer_when_its_time_has_passed(lab: Lab) -> None:
    store = await lab.open()
    await store.register_worker("one", 0.05)
    await lab.elapse(0.05)
    assert await store.register_worker("two", 60) == 1


async def test_source_has_one_owner_at_a_time(lab: Lab) -> None:
    store = await lab.open()
    first = await store.acquire_source("one", "crm.orders", 60)
    assert first is not None
    assert await store.acquire_source("two", "crm.orders", 60) is None
    # The lease is short from here on only: on a busy machine even this test may stand still for a while.
    assert await store.acquire_source("one", "crm.orders", 0.05) == first
    assert await store.acquire_source("two", "erp.items", 60) is not None
    await lab.elapse(0.05)
    second = await store.acquire_source("two", "crm.orders", 60)
    assert second is not None
    assert second.token > first.token
    assert await store.acquire_source("one", "crm.orders", 60) is None


async def test_guarded_unit_is_written_when_its_lane_is_held(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", LANES, 60)
    results = await store.commit([unit(w.InsertInstance(a.instance()), lane=7)], fence("one", mine))
    assert statuses(results) == ["written"]


@pytest.mark.parametrize("worker", ["one", "two"])
async def test_nothing_is_written_when_one_lane_of_the_group_was_lost(lab: Lab, worker: str) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes(worker, LANES, 60)
    stale = w.Fence("one", {int(lease.name): lease.token for lease in mine} | {9: mine[9].token - 1})
    group = [
        unit(w.InsertInstance(a.instance("i1")), lane=7),
        unit(w.InsertInstance(a.instance("i2")), lane=9),
    ]
    with pytest.raises(LeaseLost) as lost:
        await store.commit(group, stale)
    assert lost.value.lanes == ((9,) if worker == "one" else (7, 9))
    assert await store.load_instances(ENGINE, ["i1", "i2"]) == {}


async def test_guarded_unit_is_refused_without_a_fence(lab: Lab) -> None:
    store = await lab.open()
    await store.acquire_lanes("one", LANES, 60)
    for proof in (None, w.Fence("one", {})):
        with pytest.raises(LeaseLost) as lost:
            await store.commit([unit(w.InsertInstance(a.instance()), lane=7)], proof)
        assert lost.value.lanes == (7,)


async def test_expired_lease_cannot_write_though_nobody_took_the_lane(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", LANES, 0.05)
    await lab.elapse(0.05)
    with pytest.raises(LeaseLost):
        await store.commit([unit(w.InsertInstance(a.instance()), lane=7)], fence("one", mine))


async def test_released_lease_cannot_write(lab: Lab) -> None:
    store = await lab.open()
    mine = await store.acquire_lanes("one", LANES, 60)
    await store.release_lanes("one", mine)
    with pytest.raises(LeaseLost):
        await store.commit([unit(w.InsertInstance(a.instance()), lane=7)], fence("one", mine))


async def test_unguarded_unit_needs_no_lease(lab: Lab) -> None:
    store = await lab.open()
    assert statuses(await store.commit([unit(w.InsertEvent(a.event()))])) == ["written"]
