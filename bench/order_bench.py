"""The order process, durable: ten elements, five HTTP calls, a payload of 1 KB; beside DBOS and Node-RED.

All orders are taken in, then carried: each of its five service tasks is a line of the effect ledger, marked
before its call, sent by the manifest engine to a stub that is a process of its own, and closed with its
evidence and the next step. DBOS makes the same five calls as steps of a workflow on the same PostgreSQL. n8n
and Node-RED (``bench.rivals``) make them behind a webhook, driven with 32 requests at a time; Node-RED keeps
nothing. Also: 1,000 orders at once (time to the last, p95 of each, calls doubled), and how soon an order is
found as completed by its number while all this goes on.

    PYTHONPATH=src:. python -m bench.order_bench [--orders N] [--rounds N] [--profile sqlite|postgres]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from bench import cpu, order_process, rivals
from bench.engine_ground import SCOPE, Loud, fresh_database, run, server
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.connectors.http import HTTP
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.worker import Worker
from lineshaft.sdk.registry import Connection
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore

CONFIG = EngineConfig(calls_max=200, in_hand_max=4_000)
BURST = 1_000
PROBES = 60
"""Orders that are looked up by number while a burst goes on."""


class Stub:
    """The stub as a process of its own."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.order_stub"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def counts(self) -> dict[str, int]:
        """Return how many calls came, and with how many different keys."""
        with urllib.request.urlopen(f"{self.url}/counts") as answer:
            counted: dict[str, int] = json.load(answer)
        return counted


@dataclass(frozen=True, slots=True)
class Carried:
    """What one run took."""

    seconds: float
    each_s: list[float]
    """From the moment all were there until each had ended, sorted."""
    found_s: list[float]
    """From the moment a looked-up order had ended until it was found as completed, sorted."""
    worker_ms: float
    """CPU of the worker's process per order."""
    database_ms: float
    """CPU of the database's backends per order; 0 on SQLite, which is a part of the worker."""


async def _carry(store: Store, orders: int, url: str, probes: int = 0, dsn: str | None = None) -> Carried:
    """Deploy, take all orders in at once, and carry them to their ends."""
    clock = SystemClock()
    await store.open()
    await Releases(store, SCOPE).deploy(files_of(order_process.files()), by="bench", now=clock.now())
    definition = HTTP.read(order_process.manifest(), "stub.yaml")
    stub = definition.connect(Connection("stub", {"base_url": url}, _no_secret, clock))
    await stub.open()
    worker = Worker(
        store, {"stub": stub}, clock=clock, ids=SystemIds(), name="bench", config=CONFIG, observer=Loud()
    )
    await worker.start()
    intake = Intake(worker.runtime.committer(None), clock, CONFIG.tenant, CONFIG.limits, worker.offer_event)
    while not worker.runtime.keeper.lanes:
        await asyncio.sleep(0.01)
    collector.ease()
    worker_s, database_s = cpu.of_us(), await cpu.of_database(dsn)
    begun, started = clock.now(), time.perf_counter()
    for first in range(0, orders, 200):
        await intake.accept([_order(number) for number in range(first, min(orders, first + 200))])
    numbers = random.Random(1).sample(range(orders), probes)
    looking = [asyncio.create_task(_look(store, number)) for number in numbers]
    while (await store.counts(SCOPE))["completed"] < orders:
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - started
    worker_s, database_s = cpu.of_us() - worker_s, await cpu.of_database(dsn) - database_s
    found_s = sorted([await each for each in looking])
    await worker.stop()
    each_s = await _lasted(store, begun) if probes else []
    await stub.close()
    await store.close()
    return Carried(seconds, each_s, found_s, worker_s * 1000 / orders, database_s * 1000 / orders)


def _order(number: int) -> Incoming:
    return Incoming(
        source="lineshaft/start",
        id=f"e{number}",
        type="lineshaft.process.start",
        data={
            "process_id": "order",
            "variables": {"order": {**order_process.ORDER, "orderNo": f"SO-{number}"}},
            "business_key": f"SO-{number}",
        },
        key=f"SO-{number}",
    )


async def _look(store: Store, number: int) -> float:
    """Ask for an order by its number until it is there as completed; return how long after its end."""
    while True:
        page = await store.instances(SCOPE, business_key=f"SO-{number}", limit=1)
        if page.items and page.items[0].ended_at is not None:
            return max(0.0, (SystemClock().now() - page.items[0].ended_at).total_seconds())
        await asyncio.sleep(0.02)


async def _lasted(store: Store, begun: datetime) -> list[float]:
    lasted: list[float] = []
    cursor = None
    while True:
        page = await store.instances(SCOPE, limit=500, cursor=cursor)
        lasted += [
            (each.ended_at - begun).total_seconds() for each in page.items if each.ended_at is not None
        ]
        cursor = page.next
        if cursor is None:
            return sorted(lasted)


def _no_secret(name: str) -> str:
    raise KeyError(name)


def on_sqlite(orders: int, url: str, probes: int = 0) -> Carried:
    """Carry orders on SQLite."""
    with tempfile.TemporaryDirectory(prefix="lineshaft-bench-") as folder:
        carried: Carried = run(_carry(SqliteStore(Path(folder) / "bench.sqlite"), orders, url, probes))
        return carried


def on_postgres(orders: int, url: str, dsn_of_server: str, probes: int = 0) -> Carried:
    """Carry orders on PostgreSQL."""
    with fresh_database(dsn_of_server) as dsn:
        carried: Carried = run(_carry(PostgresStore(dsn), orders, url, probes, dsn))
        return carried


def _dbos(dsn_of_server: str, workflows: int, url: str) -> dict[str, float] | None:
    with fresh_database(dsn_of_server) as dsn:
        finished = subprocess.run(
            [sys.executable, "-m", "bench.order_dbos", dsn, str(workflows), url],
            check=False, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    if finished.returncode:
        print(f"DBOS: {finished.stderr.strip().splitlines()[-1] if finished.stderr else 'failed'}")
        return None
    found: dict[str, float] = json.loads(finished.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def _counted(stub: Stub, what: str, orders: int, doubled: dict[str, float]) -> Any:
    before = stub.counts()
    yield
    after = stub.counts()
    calls, keys = (after[each] - before[each] for each in ("calls", "keys"))
    if keys != orders * order_process.CALLS:
        raise AssertionError(f"{what}: expected {orders * order_process.CALLS} calls, but {keys} came")
    doubled[f"{what}, calls doubled"] = calls - keys


def main(argv: list[str]) -> None:
    """Measure everything and print lines for people and one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dbos", type=int, default=300, help="workflows for DBOS; 0 leaves it out")
    parser.add_argument(
        "--rivals", type=int, default=2_000, help="requests for n8n and Node-RED; 0 leaves them out"
    )
    parser.add_argument("--profile", choices=("sqlite", "postgres"))
    options = parser.parse_args(argv)
    dsn = server()
    figures: dict[str, float] = {}
    with Stub() as stub:
        if options.profile:
            _profile(options.profile, options.orders, stub.url, dsn)
            return
        makes: dict[str, Callable[[int, int], Carried]] = {
            "SQLite": lambda orders, probes: on_sqlite(orders, stub.url, probes)
        }
        if dsn is not None:
            makes["PostgreSQL"] = lambda orders, probes: on_postgres(orders, stub.url, dsn, probes)
        for name, carry in makes.items():
            rounds = [carry(options.orders, 0) for _ in range(options.rounds)]
            rates = [options.orders / each.seconds for each in rounds]
            _note(figures, f"engine on {name}, orders/s", round(statistics.median(rates)))
            for what in ("worker", "database") if name == "PostgreSQL" else ("worker",):
                spent_ms = statistics.median(getattr(each, f"{what}_ms") for each in rounds)
                _note(figures, f"engine on {name}, CPU of the {what} per order, ms", round(spent_ms, 2))
        for name, carry in makes.items():
            with _counted(stub, f"{BURST} orders at once on {name}", BURST, figures):
                carried = carry(BURST, PROBES)
            _note(
                figures,
                f"{BURST} orders at once on {name}, s until the last ended",
                round(carried.seconds, 2),
            )
            _note(
                figures, f"{BURST} orders at once on {name}, p95 of one, s", _quantile(carried.each_s, 0.95)
            )
            _note(
                figures,
                f"found as completed by its number on {name}, p99, s",
                _quantile(carried.found_s, 0.99),
            )
        compared: dict[str, float | None] = {}
        if dsn is not None and options.dbos and (found := _dbos(dsn, options.dbos, stub.url)) is not None:
            compared["DBOS on PostgreSQL"] = found["rate"]
            for what in ("worker", "database"):
                _note(figures, f"DBOS on PostgreSQL, CPU of the {what} per order, ms", found[f"{what}_ms"])
        if options.rivals:
            for rival in rivals.ALL:
                compared[rival.name] = rivals.rate(rival, stub.url, order_process.ORDER, options.rivals)
    ours = figures.get("engine on PostgreSQL, orders/s", figures["engine on SQLite, orders/s"])
    for name, rate in compared.items():
        if rate is not None:
            _note(figures, f"{name}, orders/s", round(rate, 1))
            _note(figures, f"engine, times {name}", round(ours / rate, 1))
    print(json.dumps({"figures": figures}))


def _note(figures: dict[str, float], name: str, value: float) -> None:
    figures[name] = value
    print(f"{name}: {value}", flush=True)


def _quantile(values: list[float], part: float) -> float:
    return round(values[min(len(values) - 1, int(len(values) * part))], 3)


def _profile(where: str, orders: int, url: str, dsn: str | None) -> None:
    profile = cProfile.Profile()
    if where == "sqlite":
        carried = profile.runcall(on_sqlite, orders, url)
    else:
        assert dsn is not None, "no PostgreSQL"
        carried = profile.runcall(on_postgres, orders, url, dsn)
    print(f"{orders / carried.seconds:.0f} orders/s under the profiler")
    statistic = pstats.Stats(profile)
    statistic.sort_stats("tottime").print_stats(45)
    statistic.sort_stats("cumtime").print_stats(60)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", "src:.")
    main(sys.argv[1:])
