"""The ordinary commit on PostgreSQL is one statement; what is not ordinary comes to the same end without."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from lineshaft.base.errors import LeaseLost
from lineshaft.store import writes as w
from lineshaft.store.batches import batches_of
from lineshaft.store.judge import Known, judge
from lineshaft.store.postgres import PostgresStore, store
from lineshaft.store.postgres.statements import parts_of
from lineshaft.store.writes import Fence, Unit
from support import store_rows as a
from support.store_rows import ENGINE, statuses, unit


async def _one_by_one(*_: Any) -> None:
    raise AssertionError("the batches were written one by one")


async def test_ordinary_step_is_written_at_once(
    fresh_postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_write_batches", _one_by_one)
    made = PostgresStore(fresh_postgres_dsn)
    await made.open()
    try:
        leases = await made.acquire_lanes("w1", 256, 60)
        fence = Fence("w1", {int(lease.name): lease.token for lease in leases})
        assert statuses(await made.commit([unit(w.InsertEvent(a.event()))])) == ["written"]
        start = [w.InsertInstance(a.instance()), w.PutVariable(a.variable(), is_new=True)]
        step = [a.step("i1", 1), w.InsertEffect(a.effect("f1")), w.AddHistory(a.history("i1"))]
        assert statuses(await made.commit([Unit([*start, *step], 7)], fence)) == ["written"]
        ended = [a.step("i1", 2), a.settle("f1", "done"), w.AddHistory(a.history("i1", seq=2))]
        assert statuses(await made.commit([Unit(ended, 7)], fence)) == ["written"]
        found = (await made.load_instances(ENGINE, ["i1"]))["i1"]
        assert found.instance.version == 3
    finally:
        await made.close()


async def test_lease_that_is_lost_takes_everything_back(fresh_postgres_dsn: str) -> None:
    made = PostgresStore(fresh_postgres_dsn)
    await made.open()
    try:
        leases = await made.acquire_lanes("w1", 256, 60)
        fence = Fence("w1", {int(lease.name): lease.token + (lease.name == "9") for lease in leases})
        with pytest.raises(LeaseLost) as lost:
            await made.commit([Unit([w.InsertInstance(a.instance())], lane) for lane in (8, 9)], fence)
        assert lost.value.lanes == (9,)
        assert await made.load_instances(ENGINE, ["i1"]) == {}
    finally:
        await made.close()


async def test_routing_does_not_look_through_all_that_is_open(fresh_postgres_dsn: str) -> None:
    made = PostgresStore(fresh_postgres_dsn)
    await made.open()
    try:
        await made.commit([unit(w.InsertEvent(a.event(f"e{n}"))) for n in range(300)])
        units = [unit(w.RouteEvent("default", a.event().source, f"e{n}", a.T0)) for n in range(100)]
        (batch,) = batches_of(judge(units, Known()))
        ((statement, constant, columns),) = parts_of(batch, batch.columns)
        arguments = [values[0] if n in constant else values for n, values in enumerate(columns)]
        connection = await asyncpg.connect(fresh_postgres_dsn, server_settings=store._SETTINGS)
        lines = await connection.fetch("EXPLAIN " + statement.sql(constant), *arguments)
        await asyncio.wait_for(connection.close(), 5)
        plan = "\n".join(line[0] for line in lines)
        assert "priority" not in plan, plan
        assert "Seq Scan" not in plan, plan
        assert statuses(await made.commit(units)) == ["written"] * 100
    finally:
        await made.close()
