"""Pruning beside the work: it holds nobody up, ends, and touches nothing that is under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.logs import LogObserver
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.retention import Retention, RetentionSettings, Sweep
from lineshaft.engine.runtime import Runtime
from lineshaft.sdk.retention import RetentionSpec
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.postgres import throw_away_database
from support.proof import ProofRecord
from support.store_rows import ENGINE, unit

CLOCK = SystemClock()
LONG_AGO = CLOCK.now() - timedelta(days=100)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def closed_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        yield SqliteStore(tmp_path / "hub.db")
        return
    with throw_away_database() as dsn:
        yield PostgresStore(dsn)


@pytest.fixture
async def store(closed_store: Store) -> AsyncIterator[Store]:
    await closed_store.open()
    yield closed_store
    await closed_store.close()


@dataclass
class Load:
    """Commits a step of a running instance again and again, and notes how long each takes."""

    store: Store
    number: int
    took_s: list[float]

    async def run(self) -> None:
        name = f"live{self.number}"
        version = 1
        while True:
            step = w.UpdateInstance("default", name, version, version + 1, "active", b"root", b"scope")
            history = w.AddHistory(a.history(name, version, at=CLOCK.now()))
            began = time.perf_counter()
            [result] = await self.store.commit([unit(step, history)])
            self.took_s.append(time.perf_counter() - began)
            assert result.status == "written"
            version += 1
            await asyncio.sleep(0)


async def _fill(store: Store, count: int) -> None:
    for start in range(0, count, 200):
        units = []
        for number in range(start, min(start + 200, count)):
            name = f"old{number}"
            moment = LONG_AGO + timedelta(seconds=number)
            row = a.instance(name, status="completed", started_at=moment, ended_at=moment, business_key=name)
            writes: list[Any] = [w.InsertInstance(row), w.PutVariable(a.variable(name, value=b"x" * 300))]
            writes += [w.AddHistory(a.history(name, step, at=moment)) for step in range(3)]
            effect = a.effect(f"{name}/1", instance_id=name, status="done", settled_at=moment)
            writes.append(w.InsertEffect(effect))
            writes.append(w.InsertEvent(a.event(name, key=name, received_at=moment, routed_at=moment)))
            units.append(unit(*writes))
        await store.commit(units)
    await store.commit([unit(w.InsertInstance(a.instance(f"live{n}"))) for n in range(4)])


async def _swept_under_load(store: Store, count: int) -> tuple[Sweep, list[float], list[float]]:
    await _fill(store, count)
    runtime = Runtime(store, CLOCK, SystemIds(), "w1", EngineConfig(), LogObserver())
    retention = Retention(runtime, RetentionSettings({"instances": 30, "events": 30}), RetentionSpec)
    loads = [Load(store, number, []) for number in range(4)]
    tasks = [asyncio.create_task(load.run()) for load in loads]
    while sum(len(load.took_s) for load in loads) < 40:
        await asyncio.sleep(0)
    alone = [took for load in loads for took in load.took_s]
    for load in loads:
        load.took_s.clear()
    sweep = await retention.sweep()
    beside = [took for load in loads for took in load.took_s]
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
    assert await retention.last() == sweep
    left = (await store.instances(ENGINE)).items
    assert {row.id for row in left} == {f"live{number}" for number in range(4)}
    assert (await store.events(ENGINE)).items == []
    assert (await store.effects(ENGINE)).items == []
    for number in range(4):
        assert len(await store.history(ENGINE, f"live{number}")) > 1
    return sweep, alone, beside


async def test_pruning_beside_the_work_ends_and_leaves_what_is_under_way(store: Store) -> None:
    sweep, _, beside = await _swept_under_load(store, 120)
    assert sweep.counts == {
        "instance": 120, "variable": 120, "history": 360, "effect": 120, "event": 120,
    }  # fmt: skip
    assert sweep.slices > 4
    assert len(beside) > sweep.slices, "nobody could work between the slices"


@pytest.mark.proof
@pytest.mark.alone
@pytest.mark.timeout(900)
async def test_pruning_of_a_hundred_thousand_runs_holds_nobody_up(
    store: Store, proof_record: ProofRecord
) -> None:
    count = 100_000
    sweep, alone, beside = await _swept_under_load(store, count)
    figures = {
        "runs pruned": count,
        "rows pruned": sum(sweep.counts.values()),
        "seconds": sweep.seconds,
        "rows per second": round(sum(sweep.counts.values()) / sweep.seconds),
        "slices": sweep.slices,
        "longest slice, ms": round(sweep.longest_slice_s * 1000, 1),
        "commit alone, p50 ms": round(sorted(alone)[len(alone) // 2] * 1000, 2),
        "commit beside, p50 ms": round(sorted(beside)[len(beside) // 2] * 1000, 2),
        "commit beside, p99 ms": round(sorted(beside)[len(beside) * 99 // 100] * 1000, 2),
        "commit beside, longest ms": round(max(beside) * 1000, 1),
        "commits beside": len(beside),
    }
    proof_record(f"retention-{store.name}", figures)
