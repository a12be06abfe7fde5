"""Two workers do nearly twice the work of one; the lanes of one that is killed go on within ten seconds."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.ids import LANES, lane_of
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.postgres import PostgresStore
from support import race
from support.fault_lab import SCOPE, Nursery
from support.postgres import throw_away_database
from support.proof import ProofRecord
from support.race import Race, settled_in
from support.waiting import until_true

CALL_S = 0.02
CALLS_MAX = 3
"""Calls under way of each worker: so few that two cores suffice for two workers, a database and a target."""
ORDERS = 250
SETTINGS = {**race.SETTINGS, "calls_max": CALLS_MAX}


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


async def rate(dsn: str, folder: Path, nursery: Nursery, workers: int) -> float:
    """Return the calls per second of so many workers, measured in the middle of their work."""
    lab = Race(nursery, dsn, folder, 1, workers=workers, settings=SETTINGS, cap=64, takes_s=CALL_S, hub=False)
    try:
        await lab.start()
        store = PostgresStore(dsn, connections=2)
        await store.open()
        await settled_in(dsn, workers)
        await lab.put(store, 0, [f"o{number}" for number in range(ORDERS)])
        total = 3 * ORDERS
        await lab.until(total // 5)
        done = lab.calls()
        seconds = await lab.until(total * 4 // 5)
        found = (lab.calls() - done) / seconds
        await lab.until(total)
        await store.close()
        return found
    finally:
        lab.close()


@pytest.mark.proof
@pytest.mark.alone
@pytest.mark.needs("postgres")
def test_two_workers_do_nearly_twice_the_work_of_one(
    tmp_path_factory: pytest.TempPathFactory, nursery: Nursery, proof_record: ProofRecord
) -> None:
    rates: dict[int, float] = {}
    for workers in (1, 2):
        with throw_away_database() as dsn:
            folder = tmp_path_factory.mktemp("workers")
            rates[workers] = asyncio.run(rate(dsn, folder, nursery, workers))
    ratio = rates[2] / rates[1]
    figures = {
        "milliseconds of each call": round(CALL_S * 1000),
        "calls at once of each worker": CALLS_MAX,
        "calls per second of one worker": round(rates[1], 1),
        "calls per second of two workers": round(rates[2], 1),
        "ratio": round(ratio, 2),
    }
    print(figures)
    assert ratio >= 1.9
    proof_record("two-workers", figures)


async def until_its_lanes_go_on(
    lab: Race, store: PostgresStore, turn: int, how: signal.Signals, chance: random.Random
) -> float:
    """End one of two workers; return the seconds until the target is called for one of its lanes."""
    held = await settled_in(lab.address, 2)
    name = chance.choice(["worker0", "worker1"])
    lanes = next(found for worker, found in held.items() if worker.startswith(f"{name}/"))
    keys = [f"o{turn}-{number}" for number in range(400)]
    keys = [key for key in keys if lane_of(SCOPE.tenant, key) in lanes][:20]
    before = lab.calls()
    os.kill(lab.pids[name], how)
    if how is signal.SIGTERM:
        await until_true(lambda: not lab.alive(name))
    await lab.put(store, turn * 1000, keys)
    seconds = await lab.until(before + 1)
    await lab.until(before + 3 * len(keys))
    lab.start_hub(name)
    return seconds


@pytest.mark.proof
@pytest.mark.alone
@pytest.mark.needs("postgres")
async def test_lanes_of_a_killed_worker_go_on_within_ten_seconds_and_of_a_stopped_one_at_the_next_beat(
    tmp_path: Path, database: str, nursery: Nursery, proof_record: ProofRecord
) -> None:
    seed = int(os.environ.get("LINESHAFT_TEST_SEED", "4"))
    chance = random.Random(seed)
    lab = Race(
        nursery, database, tmp_path, 1, workers=2, settings=SETTINGS, cap=64, takes_s=CALL_S, hub=False
    )
    try:
        await lab.start()
        store = PostgresStore(database, connections=2)
        await store.open()
        ways = [signal.SIGKILL] * 5 + [signal.SIGTERM] * 3
        seconds = [await until_its_lanes_go_on(lab, store, *each, chance) for each in enumerate(ways)]
        await store.close()
    finally:
        lab.close()
    print([round(each, 1) for each in seconds])
    figures = {
        "lease, seconds": race.DEFAULTS.lease_ttl_s,
        "kills": 5,
        "seconds until its lanes went on, at most": round(max(seconds[:5]), 1),
        "stops in good order": 3,
        "seconds until its lanes went on then, at most": round(max(seconds[5:]), 1),
    }
    print(figures)
    assert max(seconds[:5]) < 10.0
    assert max(seconds[5:]) < 4.0
    proof_record("killed-worker", figures, seed=seed)


@pytest.mark.needs("postgres")
async def test_lanes_change_hands_by_the_databases_clock_when_the_workers_clocks_differ_by_an_hour(
    database: str,
) -> None:
    config = EngineConfig(lease_ttl_s=1.0, lease_margin_s=0.2)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    stores = [PostgresStore(database, connections=1) for _ in range(2)]
    for store in stores:
        await store.open()
    behind = LaneKeeper(stores[0], FixedClock(noon), "behind", config)
    ahead = LaneKeeper(stores[1], FixedClock(noon + timedelta(hours=1)), "ahead", config)
    await behind.beat(lambda lane: False)
    await ahead.beat(lambda lane: False)
    assert not ahead.lanes, "what is leased is not taken, whatever one's own clock says"
    await behind.beat(lambda lane: False)
    await ahead.beat(lambda lane: False)
    assert (len(behind.lanes), len(ahead.lanes)) == (128, 128)
    # The one that is ahead dies: its leases end by the database's clock, not an hour later.
    async with asyncio.timeout(20):
        while len(behind.lanes) < LANES:
            await behind.beat(lambda lane: False)
    for store in stores:
        await store.close()
