"""Wide parallel loops on SQLite, for ``kernel_bench``: one instance, one round per item, through the engine.

The body of the loop is a service task with a connector that answers at once: every round is a line of the
effect ledger, its answer a step of the instance, everything written as in production. Counted is the whole
way from the event taken in until the instance has completed.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench.engine_bench import Noop
from bench.engine_ground import SCOPE, Loud
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.worker import Worker
from lineshaft.store.sqlite import SqliteStore


def on_sqlite(model: str, width: int) -> float:
    """Return the cost of one round of a loop of ``width``, in microseconds."""
    with tempfile.TemporaryDirectory(prefix="lineshaft-bench-") as folder:
        return asyncio.run(_carry(model, width, Path(folder) / "bench.sqlite")) / width * 1e6


async def _carry(model: str, width: int, path: Path) -> float:
    store = SqliteStore(path)
    await store.open()
    clock = SystemClock()
    files = files_of({"processes/multi.bpmn": model.encode()})
    await Releases(store, SCOPE).deploy(files, by="bench", now=clock.now())
    config = EngineConfig()
    connectors = {"noop": Noop()}
    worker = Worker(
        store, connectors, clock=clock, ids=SystemIds(), name="bench", config=config, observer=Loud()
    )
    await worker.start()
    intake = Intake(worker.runtime.committer(None), clock, config.tenant, config.limits, worker.offer_event)
    while not worker.runtime.keeper.lanes:
        await asyncio.sleep(0.01)
    collector.ease()
    started = time.perf_counter()
    data = {"process_id": "multi", "variables": {"amount": 1, "items": list(range(width))}}
    await intake.accept([Incoming("lineshaft/start", "e1", "lineshaft.process.start", data, "k1")])
    while (await store.counts(SCOPE))["completed"] < 1:
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - started
    await worker.stop()
    await store.close()
    return seconds
