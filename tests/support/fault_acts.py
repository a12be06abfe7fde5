"""What happens to the labs of the fault matrix: each function is one point of a cell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from support.cut_wire import Break
from support.fault_lab import FaultLab
from support.fault_nursery import LEASE_S, LOCK_WAIT_S
from tools.postgres import ThrowAwayPostgres

Act = Callable[[FaultLab], Awaitable[None]]


async def kill_worker(lab: FaultLab) -> None:
    """A process that carries work out ends at once; another takes its place."""
    workers = [name for name in lab.pids if name != "hub"] or ["hub"]
    await _kill(lab, lab.chance.choice(workers))


async def kill_hub(lab: FaultLab) -> None:
    """The process that takes events in ends at once."""
    await _kill(lab, "hub")


async def _kill(lab: FaultLab, name: str) -> None:
    os.kill(lab.pids[name], signal.SIGKILL)
    while lab.alive(name):
        await asyncio.sleep(0.005)
    lab.start_hub(name)


async def pause(lab: FaultLab) -> None:
    """A process is stopped beyond its lease, and goes on."""
    pid = lab.pids[lab.chance.choice(list(lab.pids))]
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(LEASE_S * (1.1 + 0.4 * lab.chance.random()))
    os.kill(pid, signal.SIGCONT)


async def lock_file(lab: FaultLab) -> None:
    """Somebody else holds the database file."""
    connection = sqlite3.connect(lab.address, isolation_level=None, timeout=5.0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(LOCK_WAIT_S * (1.2 + lab.chance.random()))
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def restart_of(server: ThrowAwayPostgres) -> Act:
    """Return the act that ends the database server, in order or by a crash, and starts it again."""

    async def restart(lab: FaultLab) -> None:
        # In this thread: the server ends with the thread that started it.
        server.halt(crash=lab.chance.random() < 0.5)
        await asyncio.sleep(0.2 * lab.chance.random())
        server.start()

    return restart


async def cut_network(lab: FaultLab) -> None:
    """The way to the target is cut: refused, or silent."""
    ways: tuple[Break, Break] = ("refuse", "swallow")
    await lab.wire.cut(lab.chance.choice(ways))
    await asyncio.sleep(lab.chance.choice((0.05, 0.3, 1.0)))
    await lab.wire.mend()


async def jump_clock(lab: FaultLab) -> None:
    """The machine's wall clock jumps by seconds, minutes or an hour, forth or back."""
    lab.set_clock(lab.chance.choice((-3600.0, -60.0, -2.0, 0.0, 2.0, 60.0, 3600.0)))
    await asyncio.sleep(0.2 * lab.chance.random())


def full_disk_of(folder: Path, revive: Callable[[], None] = lambda: None) -> Act:
    """Return the act that fills the file system of ``folder`` to the last byte, and frees it again.

    ``revive`` starts what could not live without space.
    """

    async def full_disk(lab: FaultLab) -> None:
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        await asyncio.sleep(0.2 + 0.4 * lab.chance.random())
        filler.unlink()
        revive()

    return full_disk
