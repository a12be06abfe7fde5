"""An upgrade under load: a former program's workers go on beside today's, on the schema these migrated."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lineshaft.engine.releases import Releases, files_of
from lineshaft.store.migrations import REVISIONS
from lineshaft.store.postgres import PostgresStore
from support.fault_judge import OUTCOMES, judge
from support.fault_lab import CLOCK, SCOPE, FaultLab, Nursery, pack
from support.former_program import FormerProgram, former_program
from support.postgres import throw_away_database
from support.proof import ProofRecord
from support.waiting import until_true

SEED = int(os.environ.get("LINESHAFT_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
ACTS = 12
"""Workers that are killed or stopped in good order while both programs work."""
DEPLOY = """
import asyncio, sys
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.scope import Scope
from lineshaft.engine.releases import File, Releases
from lineshaft.store.postgres import PostgresStore

async def main():
    store = PostgresStore(sys.argv[1])
    await store.migrate()
    await store.open()
    lines = [line.split() for line in sys.stdin]
    files = [File(kind, name, bytes.fromhex(content)) for kind, name, content in lines]
    releases = Releases(store, Scope.of_engine("default"))
    await releases.deploy(files, by="test", now=SystemClock().now())
    await store.close()

asyncio.run(main())
"""


@dataclass(slots=True)
class Upgrade(FaultLab):
    """A lab in which each process is of one of two programs."""

    former: Nursery | None = None
    new: Nursery | None = None

    def start_as(self, name: str, nursery: Nursery | None) -> None:
        """Start a process of a program."""
        assert nursery is not None
        self.nursery = nursery
        self.start_hub(name)

    async def have_called(self, calls: int) -> None:
        """Wait until the target has received so many calls."""
        await until_true(lambda: len(self.received()) >= calls, within_s=120)

    async def end(self, name: str, *, gently: bool) -> None:
        """Kill a process, or let it stop in good order."""
        os.kill(self.pids[name], signal.SIGTERM if gently else signal.SIGKILL)
        await until_true(lambda: not self.alive(name))


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> FormerProgram:
    return former_program(tmp_path_factory.mktemp("former"))


@asynccontextmanager
async def upgrading(lab: Upgrade, program: FormerProgram) -> AsyncIterator[Upgrade]:
    """A lab whose store and processes are the former program's."""
    lines = "".join(f"{each.kind} {each.name} {each.content.hex()}\n" for each in files_of(pack()))
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DEPLOY, lab.address],
        input=lines, text=True, check=True, cwd=program.root,
        env={**os.environ, "PYTHONPATH": str(program.root / "src")},
    )  # fmt: skip
    lab.former, lab.new = Nursery(program.root), Nursery()
    try:
        lab.nursery = lab.former
        await lab.start_processes()
        yield lab
    finally:
        lab.close()
        lab.former.close()
        lab.new.close()


@pytest.mark.proof
@pytest.mark.needs("postgres")
async def test_orders_end_once_while_a_former_programs_workers_give_way_to_todays(
    tmp_path: Path, database: str, program: FormerProgram, proof_record: ProofRecord
) -> None:
    print(
        f"seed {SEED} (LINESHAFT_TEST_SEED), former program {program.commit} of revision {program.revision}"
    )
    settings = {"lease_ttl_s": 3.0, "lease_margin_s": 0.6, "heartbeat_s": 0.6}
    unset: Any = None
    lab = Upgrade(unset, database, tmp_path, SEED, orders_min=40, workers=2, settings=settings)
    async with upgrading(lab, program):
        sender = asyncio.create_task(lab._send())
        await lab.have_called(15)
        store = PostgresStore(database, connections=2)
        # Under load, while the former workers write.
        await store.migrate()
        await store.open()
        await lab.have_called(45)
        ports = lab.ports
        for name in ("new0", "new1"):
            ports[name] = 0
            lab.start_as(name, lab.new)
        await lab.have_called(75)
        # Definitions deployed by today's program are carried out by both.
        await Releases(store, SCOPE).deploy(files_of(pack()), by="test", now=CLOCK.now())
        for act in range(ACTS):
            await lab.have_called(75 + 4 * act)
            name = lab.chance.choice(["worker0", "worker1", "new0", "new1"])
            await lab.end(name, gently=lab.chance.random() < 0.5)
            lab.start_as(name, lab.new if name.startswith("new") else lab.former)
        for name in ("worker0", "worker1"):
            await lab.end(name, gently=True)
        await lab.end("hub", gently=lab.chance.random() < 0.5)
        lab.start_as("hub", lab.new)
        lab.acts_done = True
        await sender
        await lab.until_quiet()
        await store.close()
        figures = await judge(lab)
    names = ("accepted", *OUTCOMES, "lost", "twice", "calls", "repeats that the target knew")
    found: dict[str, int | str] = {
        "former program": program.commit,
        "its schema": program.revision,
        "today's schema": REVISIONS[-1],
        "workers killed or stopped": ACTS + 3,
    }
    proof_record("upgrade-beside", found | {name: figures[name] for name in names}, seed=SEED)
