"""How many units of work a store carries through ``commit``, durably, in the shape of a five-task process.

One unit is what one completed task writes: the instance's next state, the effect that is done, the effect
that comes next (attempted), a line of history, one variable. Nothing is called and nothing is decided, so
this is the upper bound that an engine works below.

    PYTHONPATH=src python -m bench.store_bench sqlite
    PYTHONPATH=src python -m bench.store_bench postgres --dsn postgresql://postgres@127.0.0.1:5432/scratch

A PostgreSQL database that is named must be empty or a store's own; rows are added under a tenant of their
own. Where none is named, one is made for the run and dropped afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from lineshaft.base.clock import FixedClock
from lineshaft.base.ids import LANES, encode_id, lane_of
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.rows import Effect, History, Instance, Variable
from lineshaft.store.sqlite import SqliteStore
from lineshaft.store.writes import (
    WRITTEN,
    AddHistory,
    Fence,
    InsertEffect,
    InsertInstance,
    PutVariable,
    Unit,
    UpdateEffect,
    UpdateInstance,
)

ROWS_PER_UNIT = 5
TASKS = 5
ROOT, SCOPE, VALUE, REQUEST, EVENTS = (bytes(size) for size in (180, 420, 60, 400, 260))


class Load:
    """The units of many five-task instances, in rounds."""

    def __init__(self, count: int, tenant: str) -> None:
        self.tenant = tenant
        self.start = datetime(2026, 11, 1, tzinfo=UTC)
        self.names = [encode_id(1_790_000_000_000 + n, secrets.randbits(80)) for n in range(count)]
        self.lanes = [lane_of(tenant, name) for name in self.names]

    def begin(self, n: int) -> Unit:
        """Return the unit that starts an instance and its first call."""
        name, lane = self.names[n], self.lanes[n]
        row = Instance(
            self.tenant,
            name,
            lane,
            "order_to_cash",
            "r1",
            "d1",
            "active",
            1,
            ROOT,
            SCOPE,
            self.start,
            f"SO-{n}",
        )
        return Unit([InsertInstance(row), InsertEffect(self.effect(n, 1))], lane)

    def effect(self, n: int, task: int) -> Effect:
        """Return the call of one task."""
        now = self.start + timedelta(milliseconds=n * 10 + task)
        return Effect(
            self.tenant,
            f"{self.names[n]}-{task}",
            self.lanes[n],
            "erp",
            "sales_order.create",
            "idempotency_key",
            f"{self.names[n]}-{task}",
            "attempted",
            now,
            now,
            REQUEST,
            instance_id=self.names[n],
            token=task,
            element=f"task_{task}",
            business_key=f"SO-{n}",
            attempts=1,
            attempted_at=now,
            release="r1",
        )

    def step(self, n: int, task: int) -> Unit:
        """Return the unit of one completed task."""
        name, lane, tenant = self.names[n], self.lanes[n], self.tenant
        now = self.start + timedelta(milliseconds=n * 10 + task)
        return Unit(
            [
                UpdateInstance(tenant, name, task, task + 1, "active", ROOT, SCOPE),
                UpdateEffect(tenant, f"{name}-{task}", "done", settled_at=now, evidence=b"4711"),
                InsertEffect(self.effect(n, task + 1)),
                AddHistory(History(tenant, name, task + 1, now, EVENTS)),
                PutVariable(Variable(tenant, name, 0, f"answer_{task}", VALUE)),
            ],
            lane,
        )


def _groups(load: Load, task: int, size: int) -> list[list[Unit]]:
    make = load.begin if task == 0 else lambda n: load.step(n, task)
    every = range(len(load.names))
    return [[make(n) for n in every[at : at + size]] for at in range(0, len(every), size)]


async def _commit_all(store: Store, groups: list[list[Unit]], fence: Fence, width: int) -> None:
    waiting = iter(groups)

    async def worker() -> None:
        for group in waiting:
            results = await store.commit(group, fence)
            assert all(result is WRITTEN for result in results)

    await asyncio.gather(*[worker() for _ in range(width)])


async def measure(store: Store, count: int, group: int, width: int, profile: bool) -> dict[str, float]:
    """Carry ``count`` instances through five tasks; return figures per second."""
    await store.open()
    leases = await store.acquire_lanes("bench", LANES, 600)
    fence = Fence("bench", {int(lease.name): lease.token for lease in leases})
    load = Load(count, "bench-" + secrets.token_hex(4))
    await _commit_all(store, _groups(load, 0, group), fence, width)
    rounds = [_groups(load, task, group) for task in range(1, TASKS + 1)]
    profiler = cProfile.Profile() if profile else None
    if profiler is not None:
        profiler.enable()
    wall, cpu = time.perf_counter(), time.process_time()
    for groups in rounds:
        await _commit_all(store, groups, fence, width)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if profiler is not None:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    await store.release_lanes("bench", leases)
    await store.close()
    units = count * TASKS
    return {"units": units / wall, "rows": units * ROWS_PER_UNIT / wall, "cpu_us": cpu / units * 1e6}


MAKES = ("memory", "sqlite", "postgres")


def _store(make: str, dsn: str, width: int, path: Path) -> Store:
    if make == "memory":
        return MemoryStore(MemoryDatabase(), FixedClock())
    if make == "sqlite":
        return SqliteStore(path)
    return PostgresStore(dsn, connections=max(width, 2))


@contextmanager
def _database(named: str | None) -> Iterator[str]:
    """Yield the address of the database to use: the one named, or one that is dropped afterwards."""
    if named is not None:
        yield named
        return
    server = urlsplit(
        os.environ.get("LINESHAFT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    )
    name = f"lineshaft_bench_{secrets.token_hex(6)}"
    asyncio.run(_execute(server.geturl(), f"CREATE DATABASE {name}"))
    try:
        yield server._replace(path=f"/{name}").geturl()
    finally:
        asyncio.run(_execute(server.geturl(), f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark on the makes asked for (all where none is); print words and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("makes", nargs="*", metavar="make", help=f"some of {', '.join(MAKES)}")
    parser.add_argument("--dsn", help="a PostgreSQL database for this alone")
    parser.add_argument("--instances", type=int, default=4000)
    parser.add_argument("--group", type=int, default=200, help="units in one commit")
    parser.add_argument("--width", type=int, default=0, help="commits under way at once")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", help="where the SQLite file lies (default: a temporary folder)")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args(argv)
    unknown = set(args.makes) - set(MAKES)
    if unknown:
        parser.error(f"expected some of {', '.join(MAKES)}, but got {', '.join(sorted(unknown))}")
    figures: dict[str, float] = {}
    for make in args.makes or MAKES:
        figures |= _figures(args, make)
    print(json.dumps({"figures": figures}))


def _figures(args: argparse.Namespace, make: str) -> dict[str, float]:
    width = args.width or (3 if make == "postgres" else 1)
    runs = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=args.folder)))
        dsn = stack.enter_context(_database(args.dsn)) if make == "postgres" else ""
        for number in range(args.repeat):
            store = _store(make, dsn, width, folder / f"bench{number}.sqlite")
            runs.append(asyncio.run(measure(store, args.instances, args.group, width, args.profile)))
    units = [run["units"] for run in runs]
    middle, rows = round(statistics.median(units)), round(statistics.median(run["rows"] for run in runs))
    cpu = round(statistics.median(run["cpu_us"] for run in runs), 1)
    print(
        f"{make}: {middle:,} units/s ({round(min(units)):,} to {round(max(units)):,}), {rows:,} rows/s, "
        f"{cpu} us of this process's CPU per unit; commits of {args.group}, {width} at once"
    )
    return {
        f"{make}: units/s, median of {args.repeat}, commits of {args.group}, {width} at once": middle,
        f"{make}: rows/s": rows,
        f"{make}: CPU of this process, µs/unit": cpu,
    }


if __name__ == "__main__":
    main()
