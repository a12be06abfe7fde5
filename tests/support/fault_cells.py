"""The cells of the fault matrix: one kind of fault on one database, made of labs that run side by side."""

from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from lineshaft.app.system_clock import SystemClock
from support import fault_acts as acts
from support.fault_judge import OUTCOMES, judge
from support.fault_lab import FaultLab, Nursery
from support.proof import ProofRecord
from support.store_lab import created
from tools import postgres
from tools.postgres import ThrowAwayPostgres

CLOCK = SystemClock()
SEED = int(os.environ.get("LINESHAFT_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
POINTS = int(os.environ.get("LINESHAFT_TEST_POINTS", "100"))
LONGER = {"lease_ttl_s": 3.0, "lease_margin_s": 0.6, "heartbeat_s": 0.6}
"""Leases for cells that need not wait for their end: a slow machine must not lose them all the time."""
LABS = 3
"""Labs of a cell side by side."""
SERVER = {"max_wal_size": "8MB", "min_wal_size": "2MB", "shared_buffers": "16MB"}
TEMPLATE = "lineshaft_lab"
SQLITE_DISK_MB = 24
POSTGRES_DISK_MB = 160


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a file system of its own that can be full."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a file system of its own needs root on Linux")
    # Not below the test's own folder, which the user of a PostgreSQL may not enter.
    folder = Path(tempfile.mkdtemp(prefix="lineshaft-disk-"))
    folder.chmod(0o755)
    size = f"size={megabytes}m,mode=1777"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@contextmanager
def own_server(parent: Path | None = None) -> Iterator[ThrowAwayPostgres]:
    """A PostgreSQL that may be ended and filled."""
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("no programs of a PostgreSQL to start")
    server = ThrowAwayPostgres(programs, parent=parent)
    server.settings = SERVER
    server.layout = ("--wal-segsize=1",)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()


async def _new_database(server: ThrowAwayPostgres, name: str) -> str:
    connection = await asyncpg.connect(server.url)
    try:
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE)
        dsn = server.url.rpartition("/")[0]
        if known is None:
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
            await created(f"{dsn}/{TEMPLATE}")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return f"{dsn}/{name}"
    finally:
        await connection.close()


@asynccontextmanager
async def running(lab: FaultLab) -> AsyncIterator[FaultLab]:
    lab.folder.mkdir(exist_ok=True)
    try:
        await lab.start()
        yield lab
    finally:
        lab.close()


async def one_lab(
    lab: FaultLab, points: int, act: acts.Act | None, together: asyncio.Barrier | None = None
) -> Counter[str]:
    async with running(lab):
        await lab.run(points, act, together)
        figures = await judge(lab)
    if lab.fault:
        # A late commit is written down twice: when its call comes, and when it is carried out.
        late = lab.fault == "late commit"
        met = [each for each in lab.received() if each.get("fault") == lab.fault]
        figures["points"] = sum(not late or "order" not in each for each in met)
    return figures


async def cell(labs: list[FaultLab], points: int, act: acts.Act | None, *, shared: bool) -> Counter[str]:
    """Run the labs of a cell side by side; an act on what they share is done by the first of them."""
    started = CLOCK.monotonic()
    together = asyncio.Barrier(len(labs)) if shared else None
    each = [
        points if shared and not number else 0 if shared else -(-points // len(labs))
        for number in range(len(labs))
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(one_lab(lab, count, act, together))
            for lab, count in zip(labs, each, strict=True)
        ]
    found = sum((task.result() for task in tasks), Counter())
    found["seconds"] = round(CLOCK.monotonic() - started)
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault; ``fault`` is the target's, ``act`` somebody else's."""

    name: str
    act: acts.Act | None = None
    fault: str = ""
    workers: int = 0
    repeats: bool = False
    shared: bool = False
    """Its acts befall all labs at once."""
    disk_full: bool = False
    """The store lies on a small file system of its own."""
    orders_min: int | None = None

    @property
    def orders(self) -> int:
        """Orders of each lab at least: as many as make the points with the rate of the target's faults."""
        return self.orders_min or (75 if self.fault or self.repeats else 25)


FAULTS = (
    Cell("worker killed", acts.kill_worker, workers=2),
    Cell("hub killed", acts.kill_hub),
    Cell("stopped beyond the lease", acts.pause, workers=1),
    Cell("database restarted, or its file locked", shared=True),
    Cell("network to the target cut", acts.cut_network),
    Cell("reply lost after the target committed", fault="lost reply"),
    Cell("late commit after the call is gone", fault="late commit"),
    Cell("events several times and out of order", repeats=True),
    Cell("target answers 500", fault="http 500"),
    Cell("target answers 429", fault="http 429"),
    Cell("target does not answer in time", fault="timeout"),
    Cell("target answers garbage", fault="garbage"),
    Cell("disk full", shared=True, disk_full=True),
    Cell("clock jumps", acts.jump_clock, workers=1),
)
SLUGS = {each.name: re.sub(r"[^a-z0-9]+", "-", each.name) for each in FAULTS}


async def sqlite_cell(
    one: Cell,
    points: int,
    labs: int,
    nursery: Nursery,
    template: Path,
    folder: Path,
    disk: Path | None = None,
) -> Counter[str]:
    """Run a cell on SQLite, the files on ``disk`` where that is given."""
    places = []
    for number in range(labs):
        place = (disk or folder) / f"hub{number}.sqlite"
        shutil.copyfile(template, place)
        places.append(str(place))
    act, shared = one.act, one.shared
    if disk is not None:
        act = acts.full_disk_of(disk)
    elif one.shared:
        act, shared = acts.lock_file, False
    # One hub works on a file, and does everything itself.
    made = labs_of(nursery, places, folder, replace(one, workers=0))
    return await cell(made, points, act, shared=shared)


async def postgres_cell(
    one: Cell, points: int, labs: int, nursery: Nursery, server: ThrowAwayPostgres, folder: Path
) -> Counter[str]:
    """Run a cell on a server of its own."""
    places = [await _new_database(server, f"lab{number}_{secrets.token_hex(3)}") for number in range(labs)]
    act = one.act
    if one.disk_full:
        act = acts.full_disk_of(server.folder, lambda: None if server.is_running else server.start())
    elif one.shared:
        act = acts.restart_of(server)
    return await cell(labs_of(nursery, places, folder, one), points, act, shared=one.shared)


def labs_of(nursery: Nursery, addresses: list[str], folder: Path, one: Cell) -> list[FaultLab]:
    chance = random.Random(SEED)
    return [
        FaultLab(
            nursery,
            address,
            folder / f"lab{number}",
            chance.randrange(2**31),
            orders_min=one.orders,
            workers=one.workers,
            fault=one.fault,
            rate=0.3 if one.fault else 0.0,
            settings={} if one.act is acts.pause else LONGER,
            repeats=one.repeats,
        )
        for number, address in enumerate(addresses)
    ]


def recorded(database: str, one: Cell, found: Counter[str], proof_record: ProofRecord) -> None:
    assert found["points"] >= POINTS, f"{found['points']} points"
    names = (
        "points",
        "accepted",
        *OUTCOMES,
        "lost",
        "twice",
        "calls",
        "repeats that the target knew",
        "seconds",
    )
    figures = {"database": database, "fault": one.name, **{name: found[name] for name in names}}
    proof_record(f"fault-{database}-{SLUGS[one.name]}", figures, seed=SEED)
