"""How many instances a second the engine carries through a no-op process of five service tasks, durably.

Start, five service tasks one after another (an in-process connector that answers at once, declared with an
idempotency key), an exclusive gateway, one of two ends. Every task is a line of the effect ledger, marked
*attempted* before its call and closed with its evidence and the next step of the process after it; history
is written. Counted is the whole way: from the first event taken in until the last instance has completed.

Beside it, in the same run: a sketch of the same design without anything around it (``engine_sketch``), and
DBOS with five steps per workflow on the same PostgreSQL (``engine_dbos``).

    PYTHONPATH=src:. python -m bench.engine_bench [--instances N] [--rounds N] [--profile sqlite|postgres]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.engine_ground import SCOPE, Loud, fresh_database, run
from bench.engine_ground import server as find_server
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.ids import LANES
from lineshaft.base.text import Text
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.worker import Worker
from lineshaft.sdk import (
    CallContext,
    ChangePage,
    CheckStep,
    ConnectorSpec,
    ItemOutcome,
    OperationSpec,
    Outcome,
    ResourceSpec,
)
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore

TASKS = 5
ORDER: dict[str, Any] = {
    "orderNo": "SO-1001",
    "amount": 1500,
    "customer": {"tier": "A", "name": "Acme GmbH", "street": "Main 1", "city": "Berlin"},
    "lines": [
        {"sku": f"SKU-{number}", "qty": number, "price": 9.5, "text": "some article text " * 2}
        for number in range(8)
    ],
}


def _process() -> bytes:
    head = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' id="d" targetNamespace="urn:bench"><bpmn:process id="five" isExecutable="true">'
    )
    parts = ['<bpmn:startEvent id="start"/>']
    for number in range(1, TASKS + 1):
        parts.append(
            f'<bpmn:serviceTask id="t{number}"><bpmn:extensionElements>'
            f'<zeebe:taskDefinition type="noop.t{number}"/></bpmn:extensionElements></bpmn:serviceTask>'
        )
    parts.append('<bpmn:exclusiveGateway id="gw" default="f_b"/>')
    parts.append('<bpmn:endEvent id="ea"/><bpmn:endEvent id="eb"/>')
    chain = ["start", *(f"t{number}" for number in range(1, TASKS + 1)), "gw"]
    for number, (source, target) in enumerate(pairwise(chain)):
        parts.append(f'<bpmn:sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>')
    parts.append(
        '<bpmn:sequenceFlow id="f_a" sourceRef="gw" targetRef="ea"><bpmn:conditionExpression'
        ' xsi:type="bpmn:tFormalExpression">=amount &gt; 1000 and customer.tier = "A"'
        "</bpmn:conditionExpression></bpmn:sequenceFlow>"
        '<bpmn:sequenceFlow id="f_b" sourceRef="gw" targetRef="eb"/>'
    )
    return f"{head}{''.join(parts)}</bpmn:process></bpmn:definitions>".encode()


class Noop:
    """A connector that answers at once."""

    def __init__(self) -> None:
        self.spec = ConnectorSpec(
            "noop",
            Text("noop", "noop"),
            operations=tuple(
                OperationSpec(f"t{number}", Text("noop", "noop"), "idempotency_key")
                for number in range(1, TASKS + 1)
            ),
            concurrency_max=1_000,
        )

    async def open(self) -> None:
        """Nothing to make ready."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def check(self) -> list[CheckStep]:
        return []

    async def describe(self) -> list[ResourceSpec]:
        return []

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        del resource, record_id
        return None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        del resource
        return ChangePage((), cursor or b"")

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        context.sending()
        return Outcome({f"a{operation[1:]}": payload["amount"] + int(operation[1:])})

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        del operation, payload, context
        return None

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return [ItemOutcome(await self.call(operation, item, context)) for item in items]


CONFIG = EngineConfig(calls_max=1_000, in_hand_max=4_000, heartbeat_s=1.0)


def _worker(store: Store, name: str, committers: int) -> Worker:
    return Worker(
        store,
        {"noop": Noop()},
        clock=SystemClock(),
        ids=SystemIds(),
        name=name,
        config=replace(CONFIG, committers=committers),
        observer=Loud(),
    )


async def _carry(store: Store, instances: int, batch: int, committers: int, lanes: int = LANES) -> float:
    """Carry ``instances`` through a fresh store and return the seconds.

    The clock starts when this worker holds no more than ``lanes``, the others being in other hands.
    """
    clock = SystemClock()
    worker = _worker(store, "bench", committers)
    await worker.start()
    intake = Intake(worker.runtime.committer(None), clock, CONFIG.tenant, CONFIG.limits, worker.offer_event)
    while not 0 < len(worker.runtime.keeper.lanes) <= lanes:
        await asyncio.sleep(0.01)
    await asyncio.sleep(CONFIG.heartbeat_s * 1.5 if lanes < LANES else 0)
    collector.ease()
    started = time.perf_counter()
    for first in range(0, instances, batch):
        events = [
            Incoming(
                source="lineshaft/start",
                id=f"e{number}",
                type="lineshaft.process.start",
                data={"process_id": "five", "variables": ORDER, "business_key": f"k{number}"},
                key=f"k{number}",
            )
            for number in range(first, min(instances, first + batch))
        ]
        await intake.accept(events)
    while (await store.counts(SCOPE))["completed"] < instances:
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    await worker.stop()
    await store.close()
    return seconds


async def deploy(store: Store) -> None:
    await store.open()
    files = files_of({"processes/five.bpmn": _process()})
    await Releases(store, SCOPE).deploy(files, by="bench", now=SystemClock().now())


async def _help(dsn: str) -> None:
    """Be one more worker until the standard input ends."""
    store = PostgresStore(dsn)
    await store.open()
    worker = _worker(store, "helper", 1)
    await worker.start()
    collector.ease()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await worker.stop()
    await store.close()


def on_sqlite(instances: int) -> float:
    """Return instances a second on SQLite."""

    async def carry(store: Store) -> float:
        await deploy(store)
        return await _carry(store, instances, 200, committers=1)

    with tempfile.TemporaryDirectory(prefix="lineshaft-bench-") as folder:
        return instances / run(carry(SqliteStore(Path(folder) / "bench.sqlite")))


def on_postgres(instances: int, server: str, workers: int = 1) -> float:
    """Return instances a second on PostgreSQL; with two workers the second is a process of its own."""

    async def carry(dsn: str) -> float:
        store = PostgresStore(dsn)
        await deploy(store)
        if workers == 1:
            return await _carry(store, instances, 200, committers=1)
        helper = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.engine_bench", "--help-with", dsn, stdin=asyncio.subprocess.PIPE
        )
        try:
            return await _carry(store, instances, 200, committers=1, lanes=LANES // 2)
        finally:
            assert helper.stdin is not None
            helper.stdin.close()
            await helper.wait()

    with fresh_database(server) as dsn:
        return instances / run(carry(dsn))


def _dbos(server: str, workflows: int) -> float | None:
    """Return workflows a second of DBOS, measured in a process of its own; ``None`` where it is not there."""
    with fresh_database(server) as dsn:
        finished = subprocess.run(
            [sys.executable, "-m", "bench.engine_dbos", dsn, str(workflows), str(TASKS)],
            check=False, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    if finished.returncode:
        print(f"DBOS: {finished.stderr.strip().splitlines()[-1] if finished.stderr else 'failed'}")
        return None
    return float(finished.stdout.strip().splitlines()[-1])


def main(argv: list[str]) -> None:
    """Measure everything and print lines for people and one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dbos", type=int, default=300, help="workflows for DBOS; 0 leaves it out")
    parser.add_argument("--help-with", metavar="DSN", help="be the second worker of a run")
    parser.add_argument("--profile", choices=("sqlite", "postgres"))
    options = parser.parse_args(argv)
    if options.help_with:
        run(_help(options.help_with))
        return
    server = find_server()
    if options.profile:
        _profile(options.profile, options.instances, server)
        return
    from bench import engine_sketch

    figures: dict[str, float] = {}

    def measure(name: str, once: Any) -> None:
        rates = sorted(once() for _ in range(options.rounds))
        figures[name] = round(statistics.median(rates))
        print(f"{name}: {figures[name]} ({rates[0]:.0f} to {rates[-1]:.0f})", flush=True)

    measure("engine on SQLite, instances/s", lambda: on_sqlite(options.instances))
    measure("sketch on SQLite, instances/s", lambda: engine_sketch.on_sqlite(options.instances, ORDER))
    if server is None:
        print("PostgreSQL: none found; see LINESHAFT_TEST_POSTGRES")
        print(json.dumps({"figures": figures}))
        return
    measure("engine on PostgreSQL, instances/s", lambda: on_postgres(options.instances, server))
    measure(
        "engine on PostgreSQL with two workers, instances/s",
        lambda: on_postgres(options.instances, server, 2),
    )
    measure(
        "sketch on PostgreSQL, instances/s",
        lambda: engine_sketch.on_postgres(options.instances, ORDER, server),
    )
    rate = _dbos(server, options.dbos) if options.dbos else None
    if rate is not None:
        figures["DBOS on PostgreSQL, workflows/s"] = round(rate)
        print(f"DBOS on PostgreSQL: {rate:.0f} workflows/s of five steps")
        for name in ("engine on PostgreSQL", "engine on PostgreSQL with two workers"):
            figures[f"{name}, times DBOS"] = round(figures[f"{name}, instances/s"] / rate, 1)
            print(f"{name}: {figures[f'{name}, times DBOS']} times DBOS")
    for name in ("SQLite", "PostgreSQL"):
        share = figures[f"engine on {name}, instances/s"] / figures[f"sketch on {name}, instances/s"]
        figures[f"engine on {name}, share of the sketch"] = round(share, 2)
    print(json.dumps({"figures": figures}))


def _profile(where: str, instances: int, server: str | None) -> None:
    profile = cProfile.Profile()
    if where == "sqlite":
        rate = profile.runcall(on_sqlite, instances)
    else:
        assert server is not None, "no PostgreSQL"
        rate = profile.runcall(on_postgres, instances, server)
    print(f"{rate:.0f} instances/s under the profiler")
    statistic = pstats.Stats(profile)
    statistic.sort_stats("tottime").print_stats(45)
    statistic.sort_stats("cumtime").print_stats(60)


if __name__ == "__main__":
    main(sys.argv[1:])
