"""A store full of waiting instances and of history: memory, time to work after a kill, rate.

On PostgreSQL. One instance is brought by the engine itself to where it waits for a message and, beside it,
for a timer; then the database copies its rows: ``LINESHAFT_BENCH_WAITING`` instances (100,000 unless it says
otherwise; 1,000,000 is the size to be shown), each with a key of its own, and ``LINESHAFT_BENCH_HISTORY``
rows of history (300,000; 10,000,000). Measured: the resident memory of a worker on it above one on an empty
store; the time from a worker's ``kill -9`` until its successor has carried a message to one of them; and how
many no-op orders of five tasks (``engine_bench``) a worker carries on it, as a share of what it carries on an
empty store, by the median of turns on both.

    PYTHONPATH=src:. python -m bench.waiting_bench [--waiting N] [--history N] [--orders N] [--rounds N]
    python -m bench.run waiting_bench -- --waiting 1000000 --history 10000000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench import engine_bench
from bench.engine_ground import SCOPE, Loud, fresh_database, run, server
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.app.worker_lock import WorkerLocks
from lineshaft.base.ids import LANES
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.worker import Worker
from lineshaft.store.postgres import PostgresStore

WAITING: Final = int(os.environ.get("LINESHAFT_BENCH_WAITING", "100000"))
HISTORY: Final = int(os.environ.get("LINESHAFT_BENCH_HISTORY", "300000"))
FIRST: Final = "first"
"""The instance that is copied."""
PROCESS: Final = (
    b'<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    b' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="urn:bench">'
    b'<bpmn:message id="m" name="go"><bpmn:extensionElements>'
    b'<zeebe:subscription correlationKey="=key"/></bpmn:extensionElements></bpmn:message>'
    b'<bpmn:process id="waits" isExecutable="true"><bpmn:startEvent id="s"/>'
    b'<bpmn:receiveTask id="r" messageRef="m"/>'
    b'<bpmn:boundaryEvent id="b" attachedToRef="r"><bpmn:timerEventDefinition>'
    b"<bpmn:timeDuration>P30D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    b'<bpmn:endEvent id="e"/><bpmn:endEvent id="l"/>'
    b'<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="r"/>'
    b'<bpmn:sequenceFlow id="f2" sourceRef="r" targetRef="e"/>'
    b'<bpmn:sequenceFlow id="f3" sourceRef="b" targetRef="l"/></bpmn:process></bpmn:definitions>'
)


def _worker(store: PostgresStore, name: str) -> Worker:
    return Worker(
        store,
        {"noop": engine_bench.Noop()},
        clock=SystemClock(),
        ids=SystemIds(),
        name=name,
        config=EngineConfig(),
        observer=Loud(),
    )


async def _prepare(dsn: str) -> None:
    """Deploy both processes; bring one instance to where it waits."""
    store = PostgresStore(dsn)
    await store.open()
    clock = SystemClock()
    files = {"processes/five.bpmn": engine_bench._process(), "processes/waits.bpmn": PROCESS}
    await Releases(store, SCOPE).deploy(files_of(files), by="bench", now=clock.now())
    worker = _worker(store, "first")
    await worker.start()
    config = worker.config
    intake = Intake(worker.runtime.committer(None), clock, config.tenant, config.limits, worker.offer_event)
    await intake.start("waits", {"key": "W-0"}, business_key="W-0", instance_id=FIRST)
    while not await store.subscriptions(SCOPE, "message", "go", "W-0", 1):
        await asyncio.sleep(0.02)
    # Its look for a message that came before it is over, too.
    while await store.due_jobs(SCOPE, range(LANES), clock.now(), 1):
        await asyncio.sleep(0.02)
    await worker.stop()
    await store.close()


async def _copy(dsn: str, waiting: int) -> None:
    """Copy the waiting instance."""
    own = f"'{FIRST}-' || g"
    lane = f"g % {LANES}"
    changed: dict[str, dict[str, str]] = {
        "instance": {"id": own, "lane": lane, "business_key": "'W-' || g"},
        "variable": {"instance_id": own},
        "subscription": {"instance_id": own, "lane": lane, "key": "'W-' || g"},
        "job": {"id": f"replace(id, '/{FIRST}/', '/{FIRST}-' || g || '/')", "instance_id": own, "lane": lane},
        "history": {"instance_id": own},
    }
    connection = await asyncpg.connect(dsn)
    try:
        for table, columns in changed.items():
            which = "id" if table == "instance" else "instance_id"
            await _copy_rows(connection, table, columns, f"\"{which}\" = '{FIRST}'", waiting)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _add_history(dsn: str, rows: int) -> None:
    """Copy one instance's history until there are so many rows more."""
    connection = await asyncpg.connect(dsn)
    try:
        each = await connection.fetchval("SELECT count(*) FROM history WHERE instance_id = $1", FIRST)
        columns = {"instance_id": "'past-' || g"}
        await _copy_rows(connection, "history", columns, f"instance_id = '{FIRST}'", max(1, rows // each))
        await connection.execute("ANALYZE history")
    finally:
        await connection.close()


async def _copy_rows(connection: Any, table: str, changed: dict[str, str], where: str, times: int) -> None:
    rows = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
        " AND table_schema = 'public' ORDER BY ordinal_position",
        table,
    )
    names = [row["column_name"] for row in rows]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    await connection.execute(
        f'INSERT INTO "{table}" ({listed}) SELECT {values} FROM "{table}", generate_series(1, {times}) AS g'
        f" WHERE {where}",
        timeout=3600,
    )


# -- a worker of its own -------------------------------------------------------------------------------------


async def _be_worker(dsn: str, folder: Path) -> None:
    store = PostgresStore(dsn)
    await store.open()
    worker = _worker(store, f"child-{os.getpid()}")
    # As a hub does: one that was killed on this machine is known to be gone.
    locks = WorkerLocks(folder)
    await locks.forget_killed(store.forget_worker)
    locks.take(worker.name)
    await worker.start()
    collector.ease()
    while len(worker.runtime.keeper.lanes) < LANES:
        await asyncio.sleep(0.02)
    # A look at every queue, and what that leaves in memory.
    await asyncio.sleep(2 * worker.config.poll_s)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await worker.stop()
    locks.release()
    await store.close()


@contextmanager
def _child(dsn: str, folder: str) -> Any:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.waiting_bench", "--worker", dsn, "--data", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()


def _ready(child: subprocess.Popen[str]) -> float:
    """Wait until a child has all lanes; return its resident memory in MB."""
    assert child.stdout is not None
    if child.stdout.readline().strip() != "ready":
        raise RuntimeError("the worker did not come up")
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def _memory(dsn: str) -> float:
    with tempfile.TemporaryDirectory() as folder, _child(dsn, folder) as child:
        return _ready(child)


async def _carried_after_kill(dsn: str, folder: str) -> float:
    """Kill a worker, start another; return the seconds until a message has ended a waiting instance."""
    store = PostgresStore(dsn, connections=2)
    await store.open()
    desk = Operations(store, SystemClock(), SystemIds())
    with _child(dsn, folder) as killed:
        _ready(killed)
        killed.kill()
        began = time.perf_counter()
    with _child(dsn, folder):
        await desk.publish(SCOPE, "go", "W-7", {})
        while not (await store.instances(SCOPE, business_key="W-7", status="completed", limit=1)).items:
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - began
    await store.close()
    return seconds


async def _rate(dsn: str, orders: int, mark: str) -> float:
    """Return how many orders a second a worker carries; none is counted in the store while it does."""
    store = PostgresStore(dsn)
    await store.open()
    worker = _worker(store, mark)
    await worker.start()
    config = worker.config
    intake = Intake(
        worker.runtime.committer(None), SystemClock(), config.tenant, config.limits, worker.offer_event
    )
    while len(worker.runtime.keeper.lanes) < LANES:
        await asyncio.sleep(0.02)
    collector.ease()
    before = (await store.counts(SCOPE))["completed"]
    began = time.perf_counter()
    for first in range(0, orders, 200):
        await intake.accept([_order(f"{mark}{each}") for each in range(first, min(orders, first + 200))])
    while (
        len(worker.router) or len(worker.runtime.instances) or await store.open_events(SCOPE, range(LANES), 1)
    ):
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - began
    completed = (await store.counts(SCOPE))["completed"] - before
    if completed != orders:
        raise AssertionError(f"expected {orders} completed orders, but {completed} are")
    await worker.stop()
    await store.close()
    return orders / seconds


def _order(name: str) -> Incoming:
    return Incoming(
        source="lineshaft/start",
        id=name,
        type="lineshaft.process.start",
        data={"process_id": "five", "variables": engine_bench.ORDER, "business_key": name},
        key=name,
    )


def _rates(dsns: list[str], orders: int, rounds: int, mark: str) -> list[float]:
    """Return the median rate on each database, measured in turns."""
    found: list[list[float]] = [[] for _ in dsns]
    for number in range(rounds):
        for dsn, rates in zip(dsns, found, strict=True):
            rates.append(run(_rate(dsn, orders, f"{mark}-{number}-")))
    return [statistics.median(each) for each in found]


def main(argv: list[str]) -> None:
    """Measure everything and print lines for people and one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--waiting", type=int, default=WAITING)
    parser.add_argument("--history", type=int, default=HISTORY)
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", metavar="DSN")
    parser.add_argument("--data", type=Path, default=Path())
    options = parser.parse_args(argv)
    if options.worker:
        run(_be_worker(options.worker, options.data))
        return
    found = server()
    if found is None:
        print("SKIP: no PostgreSQL")
        return
    figures: dict[str, float] = {}

    def note(name: str, value: float) -> None:
        figures[name] = value
        print(f"{name}: {value:,}", flush=True)

    with fresh_database(found) as empty, fresh_database(found) as full:
        for dsn in (empty, full):
            run(_prepare(dsn))
        idle_mb = _memory(empty)
        run(_copy(full, options.waiting))
        note("instances that wait", options.waiting)
        note(
            "a worker's memory above one on an empty store, MB (aim < 300)", round(_memory(full) - idle_mb, 1)
        )
        with tempfile.TemporaryDirectory() as folder:
            seconds = run(_carried_after_kill(full, folder))
        note("from a kill until a message is carried, s (aim < 5)", round(seconds, 2))
        rates = _rates([empty, full], options.orders, options.rounds, "waiting")
        note("rate with them, share of the empty store's (aim >= 0.9)", round(rates[1] / rates[0], 2))
        run(_add_history(full, options.history))
        note("rows of history besides", options.history)
        rates = _rates([empty, full], options.orders, options.rounds, "history")
        note("rate with both, share of the empty store's (aim >= 0.9)", round(rates[1] / rates[0], 2))
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
