"""A flow in both directions between the simulated CRM and a MariaDB table, under edits, faults and kills.

A short form in one process in every run; 10,000 customers and kills of the real worker in `make proof`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.scope import Scope
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.releases import Releases
from lineshaft.feel import codec as values
from lineshaft.store.port import Store
from lineshaft.store.sqlite import SqliteStore
from support.crash_worker import CONFIG, store_of
from support.flow_lab import FILES, FlowLab
from support.flow_worker import FlowWorker
from support.postgres import throw_away_database
from support.proof import ProofRecord

SEED = int(os.environ.get("LINESHAFT_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
ROOT = Path(__file__).resolve().parents[3]
SCOPE = Scope.of_engine(CONFIG.tenant)


@asynccontextmanager
async def laboratory(folder: Path, customers: int) -> AsyncIterator[FlowLab]:
    print(f"seed {SEED} (LINESHAFT_TEST_SEED)")
    command = [sys.executable, "-m", "plantbox", "crm", "--port", "0", "--data", str(folder / "crm")]
    process = subprocess.Popen(  # noqa: ASYNC220 - the system's own process, made at once
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        lab = FlowLab(ready["url"], ready["admin_url"], SEED, customers)
        await lab.open()
        try:
            yield lab
        finally:
            await lab.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


async def deploy(store: Store) -> None:
    releases = Releases(store, SCOPE)
    await releases.deploy(FILES, by="test", now=SystemClock().now())


async def decisions(store: Store) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = await store.open_flow_records(SCOPE, "customers", "conflict", cursor=cursor, limit=500)
        found |= {row.key: values.decode(row.content)["open"] for row in page.items}
        cursor = page.next
        if cursor is None:
            return found


async def state(store: Store) -> FlowState:
    return FlowState.of(await store.cursor(SCOPE, source_name("customers")))


async def settled(store: Store, lab: FlowLab, within_s: float) -> None:
    """Wait until both sides stand still and nothing is under way; the judge says what is wrong then."""
    async with asyncio.timeout(within_s):
        last, quiet = None, 0
        while quiet < 4:
            await asyncio.sleep(0.5)
            crm, books = await lab.records()
            waiting = await store.flow_backlog(SCOPE)
            busy = any(each.status == "due" for each in waiting) or (await state(store)).open
            now = (crm, books)
            quiet = quiet + 1 if now == last and not busy and len(crm) == len(books) else 0
            last = now


async def test_edits_on_both_sides_meet_although_the_worker_is_dropped(tmp_path: Path) -> None:
    async with laboratory(tmp_path, 300) as lab:
        store = SqliteStore(str(tmp_path / "hub.sqlite"))
        await store.migrate()
        await store.open()
        await deploy(store)
        worker = FlowWorker(store, "w1", lab.crm_url, lab.database)
        await worker.start()
        await settled(store, lab, 60)
        await lab.fault(kind="lost_reply", match="accounts.update", probability=0.1)
        for number in range(120):
            await lab.edit(hot=number % 3 == 0)
            if number == 60:
                # What is under way is dropped where it stands.
                await worker.stop()
                worker = FlowWorker(store, "w2", lab.crm_url, lab.database)
                await worker.start()
        await lab.calm()
        await settled(store, lab, 60)
        figures = await lab.judge(await decisions(store))
        counts = (await state(store)).counts
        await worker.stop()
        await store.close()
        print(dict(figures), dict(counts))
        assert figures["writes that changed something"] <= figures["edits"]
        assert figures["edits"] == 120


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


def workers(folder: Path, database: str, lab: FlowLab) -> Callable[[], subprocess.Popen[bytes]]:
    """Return what starts the next worker; each has its own name and its own file of output."""
    numbers = itertools.count(1)
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])

    def start() -> subprocess.Popen[bytes]:
        name = f"w{next(numbers)}"
        command = [sys.executable, "-m", "support.flow_worker", database, name, lab.crm_url, lab.database]
        with (folder / f"worker-{name}.out").open("wb") as out:
            return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stdout=out, stderr=out)

    return start


def bugs_told(folder: Path) -> int:
    return sum(path.read_bytes().count(b"BUG ") for path in folder.glob("worker-*.out"))


@pytest.mark.proof
@pytest.mark.needs("postgres")
async def test_ten_thousand_customers_are_kept_equal_through_faults_and_kills(
    tmp_path: Path, database: str, proof_record: ProofRecord
) -> None:
    customers = int(os.environ.get("LINESHAFT_FLOW_CUSTOMERS", "10000"))
    edits = int(os.environ.get("LINESHAFT_FLOW_EDITS", "1500"))
    chance = random.Random(SEED)
    async with laboratory(tmp_path, customers) as lab:
        store = store_of(database)
        await store.migrate()
        await store.open()
        await deploy(store)
        start = workers(tmp_path, database, lab)
        worker = start()
        kills = 0
        try:
            await settled(store, lab, 600)
            for kind in ("lost_reply", "reset"):
                await lab.fault(kind=kind, match="accounts.update", probability=0.05)
            await lab.fault(kind="reset", match="changes.list", probability=0.05)
            for number in range(edits):
                await lab.edit(hot=number % 100 == 0)
                # As fast as a large office types, not as fast as a machine: else most edits meet.
                await asyncio.sleep(chance.random() * 0.15)
                if chance.random() < 15 / edits:
                    worker.kill()
                    worker.wait()
                    kills += 1
                    worker = start()
            await lab.calm()
            await settled(store, lab, 600)
        finally:
            worker.terminate()
            worker.wait(30)
        figures = await lab.judge(await decisions(store))
        counts = (await state(store)).counts
        await store.close()
    print(dict(figures), dict(counts), f"{kills} kills")
    assert not bugs_told(tmp_path)
    share = figures["equal"] / figures["customers"]
    assert share >= 0.999
    assert figures["writes that changed something"] <= figures["edits"]
    proof_record(
        "two-way-flow",
        {
            **{name: figures[name] for name in sorted(figures)},
            "kills": kills,
            "equal, share": round(share, 5),
            "echoes recognised": counts["echoes"],
            "guarded writes turned away": counts["guarded"],
        },
        seed=SEED,
    )
