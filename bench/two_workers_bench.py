"""Two workers beside one against a target that takes 20 ms: how much more they carry, and at which cost.

Each worker is a process of its own with places for a fixed number of calls, so that the target's time, not
the machine, bounds it. Five calls an instance. Taken is the rate while all of them have work (until four
fifths have ended), and the CPU of the workers and of the database's backends per instance, in one run.

Two processors that are busy at once slow each other down: they share caches, and on rented machines often one
core. What that costs is measured as well, by two workers *apart*: at the same time, each with a database of
its own, so that nothing of the hub can be in their way. Two that share one store are held against both.

    PYTHONPATH=src:. python -m bench.two_workers_bench [--instances N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import asyncpg

from bench import cpu
from bench.engine_bench import ORDER, Noop, deploy
from bench.engine_ground import Loud, fresh_database, run, server
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.ids import LANES
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.worker import Worker
from lineshaft.sdk import CallContext, Outcome
from lineshaft.store.postgres import PostgresStore

TAKES_S = 0.02
CALLS = 8
"""Places for calls of one worker."""
CONFIG = EngineConfig(calls_max=CALLS)
COUNTED = 0.8
"""The part of the instances until whose end is counted: afterwards a worker may run out of work."""


class Slow(Noop):
    """A target that takes its time."""

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        context.sending()
        await asyncio.sleep(TAKES_S)
        return Outcome({f"a{operation[1:]}": payload["amount"] + int(operation[1:])})


@dataclass(frozen=True, slots=True)
class Carried:
    """What one run took."""

    rate: float
    worker_ms: float
    """CPU of all workers per instance."""
    database_ms: float


async def _work(dsn: str, name: str) -> None:
    """Be a worker until the standard input ends."""
    store = PostgresStore(dsn)
    await store.open()
    worker = Worker(
        store,
        {"noop": Slow()},
        clock=SystemClock(),
        ids=SystemIds(),
        name=name,
        config=CONFIG,
        observer=Loud(),
    )
    await worker.start()
    collector.ease()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await worker.stop()
    await store.close()


async def _carry(dsn: str, instances: int, workers: int, turn: asyncio.Lock | None = None) -> Carried:
    store = PostgresStore(dsn)
    # Alembic knows one migration at a time in a process.
    async with turn or asyncio.Lock():
        await deploy(store)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.two_workers_bench", "--work", dsn, str(number),
            stdin=asyncio.subprocess.PIPE,
        )
        for number in range(workers)
    ]  # fmt: skip
    connection = await asyncpg.connect(dsn)
    try:
        await _shared(connection, workers)
        events = await _events(store, instances)
        await store.close()
        assert events == instances
        return await _watched(connection, [each.pid for each in processes], instances)
    finally:
        await connection.close()
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in processes:
            await process.wait()


async def _shared(connection: Any, workers: int) -> None:
    """Wait until all lanes are held, each worker having its share."""
    while True:
        rows = await connection.fetch(
            "SELECT count(*) FROM lane_lease WHERE until > now() AND worker <> '' GROUP BY worker"
        )
        if [row[0] for row in rows] == [LANES // workers] * workers:
            return
        await asyncio.sleep(0.1)


async def _events(store: PostgresStore, instances: int) -> int:
    intake = Direct(store)
    count = 0
    for first in range(0, instances, 200):
        count += await intake.accept(range(first, min(instances, first + 200)))
    return count


class Direct:
    """Takes orders in without being a worker."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._intake = Intake(
            cast("Any", self), SystemClock(), CONFIG.tenant, DEFAULT_LIMITS, lambda event: None
        )

    async def accept(self, numbers: range) -> int:
        await self._intake.accept([_start(number) for number in numbers])
        return len(numbers)

    async def commit_all(self, units: Any) -> Any:
        """What the intake asks of a committer: units of no lane."""
        return await self._store.commit(units)


def _start(number: int) -> Incoming:
    return Incoming(
        source="lineshaft/start",
        id=f"e{number}",
        type="lineshaft.process.start",
        data={"process_id": "five", "variables": ORDER, "business_key": f"k{number}"},
        key=f"k{number}",
    )


async def _watched(connection: Any, pids: list[int], instances: int) -> Carried:
    async def completed() -> int:
        found: int = await connection.fetchval("SELECT count(*) FROM instance WHERE status = 'completed'")
        return found

    async def spent_s() -> tuple[float, float]:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'lineshaft'"
        )
        database = sum(cpu.of_process(row[0]) or 0.0 for row in rows)
        return sum(cpu.of_process(pid) or 0.0 for pid in pids), database

    while (first := await completed()) < instances * 0.05:
        await asyncio.sleep(0.05)
    began, before = time.perf_counter(), await spent_s()
    while (last := await completed()) < instances * COUNTED:
        await asyncio.sleep(0.05)
    seconds, after = time.perf_counter() - began, await spent_s()
    count = last - first
    worker_ms, database_ms = ((b - a) * 1000 / count for a, b in zip(before, after, strict=True))
    while await completed() < instances:
        await asyncio.sleep(0.1)
    return Carried(count / seconds, worker_ms, database_ms)


def _once(dsn_of_server: str, instances: int, workers: int) -> Carried:
    with fresh_database(dsn_of_server) as dsn:
        carried: Carried = run(_carry(dsn, instances, workers))
        return carried


def _apart(dsn_of_server: str, instances: int) -> Carried:
    """Two workers at the same time that share nothing but the machine."""
    with fresh_database(dsn_of_server) as one, fresh_database(dsn_of_server) as other:
        both: list[Carried] = run(_both(one, other, instances))
    return Carried(
        sum(each.rate for each in both),
        statistics.mean(each.worker_ms for each in both),
        statistics.mean(each.database_ms for each in both),
    )


async def _both(one: str, other: str, instances: int) -> list[Carried]:
    turn = asyncio.Lock()
    return list(await asyncio.gather(_carry(one, instances, 1, turn), _carry(other, instances, 1, turn)))


def _figures(runs: Mapping[str, list[Carried]]) -> dict[str, float]:
    """Medians of the rates; of CPU times the least, since a disturbance only ever adds."""
    figures: dict[str, float] = {}
    for name, rounds in runs.items():
        figures[f"{name}, instances/s"] = round(statistics.median(each.rate for each in rounds), 1)
        for whose, what in (("the workers", "worker_ms"), ("the database", "database_ms")):
            spent_ms = min(getattr(each, what) for each in rounds)
            figures[f"{name}, CPU of {whose} per instance, ms"] = round(spent_ms, 2)
    one, two, apart = (
        min(each.worker_ms + each.database_ms for each in runs[name])
        for name in ("one worker", "two workers", "two apart")
    )
    ratios = [two.rate / one.rate for one, two in zip(runs["one worker"], runs["two workers"], strict=True)]
    return figures | {
        "two workers, times one (must be >= 1.9)": round(statistics.median(ratios), 2),
        "two workers, CPU per instance to that of one (must be <= 1.15)": round(two / one, 2),
        "two apart, CPU per instance to that of one": round(apart / one, 2),
        "two workers, CPU per instance to that of two apart": round(two / apart, 2),
    }


def main(argv: list[str]) -> None:
    """Measure one, two, and two apart in turn; print lines for people and one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, default=600, help="for each worker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", nargs=2, metavar=("DSN", "NAME"), help="be a worker")
    options = parser.parse_args(argv)
    if options.work:
        run(_work(*options.work))
        return
    dsn = server()
    if dsn is None:
        print("SKIP: no PostgreSQL")
        return
    runs: dict[str, list[Carried]] = {"one worker": [], "two workers": [], "two apart": []}
    for _ in range(options.rounds):
        # As many as two have, for the same backlog and equally full tables.
        runs["one worker"].append(_once(dsn, options.instances * 2, 1))
        runs["two workers"].append(_once(dsn, options.instances * 2, 2))
        runs["two apart"].append(_apart(dsn, options.instances))
    figures = _figures(runs)
    for name, value in figures.items():
        print(f"{name}: {value}")
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
