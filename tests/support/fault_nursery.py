"""A process that has everything loaded and forks: so that a killed worker is back in milliseconds.

Run as ``python -m support.fault_nursery``. Each line of standard input is a JSON object that describes one
process (``role`` is ``target`` or ``hub``); the answer is a line with its process id.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import mmap
import os
import signal
import sqlite3
import struct
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.errors import HubError, StoreUnavailable
from lineshaft.engine.config import EngineConfig, RetryPolicy
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.worker import Worker
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from lineshaft.store.sqlite import file as sqlite_file
from support import faulty_target
from support.crash_worker import PrintingObserver
from support.faulty_connector import FaultyConnector

PR_SET_PDEATHSIG = 1
LEASE_S = 1.5
LOCK_WAIT_S = 0.3
CONFIG = EngineConfig(
    lease_ttl_s=LEASE_S,
    lease_margin_s=0.4,
    heartbeat_s=0.3,
    poll_s=0.15,
    retry=RetryPolicy((0.1, 0.2, 0.4)),
    check_gaps_s=(0.2, 0.4),
    commit_retry_s=0.1,
    shutdown_s=3.0,
)


class JumpingClock(SystemClock):
    """The machine's time, as far off as the lab has written into a shared file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        with Path(path).open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)

    @property
    def off_s(self) -> float:
        """How far it is off now."""
        found: float = struct.unpack("d", self._shared[:8])[0]
        return found

    def wall(self) -> datetime:
        """Return the time as this machine has it."""
        return datetime.now(UTC) + timedelta(seconds=self.off_s)

    def julian_day(self, word: str) -> float:
        """Stand in for SQLite's function, whose clock is the same machine's."""
        assert word == "now"
        return 2440587.5 + self.wall().timestamp() / 86400.0


def let_sqlite_jump(clock: JumpingClock) -> None:
    """Give every connection the machine's clock; keep the log of the database short."""
    connect = sqlite_file.connect

    def jumping(path: str, busy_timeout_s: float, *, read_only: bool) -> sqlite3.Connection:
        connection = connect(path, busy_timeout_s, read_only=read_only)
        connection.create_function("julianday", 1, clock.julian_day)
        # So that the file grows and shrinks: else a full disk is seldom noticed.
        connection.execute("PRAGMA journal_size_limit = 0")
        connection.execute("PRAGMA wal_autocheckpoint = 50")
        return connection

    sqlite_file.connect = jumping
    import lineshaft.store.sqlite.store as made

    made.connect = jumping  # type: ignore[attr-defined]


def store_of(address: str) -> Store:
    """Return the store that an address names; a lock is not waited for long."""
    if address.startswith("postgresql:"):
        return PostgresStore(address, connections=2)
    return SqliteStore(address, busy_timeout_s=LOCK_WAIT_S)


async def _work(
    name: str, address: str, target: str, clock_file: str, port: int, settings: dict[str, Any], cap: int
) -> None:
    config = replace(CONFIG, **settings)
    clock = JumpingClock(clock_file)
    let_sqlite_jump(clock)
    store = store_of(address)
    while True:
        try:
            await store.open()
            break
        except HubError as error:
            print(f"trouble open: {error}", flush=True)
            await asyncio.sleep(0.05)
    connector = FaultyConnector(target, cap)
    await connector.open()
    worker = Worker(
        store,
        {"target": connector},
        clock=clock,
        ids=SystemIds(),
        name=name,
        config=config,
        observer=PrintingObserver(),
    )
    await worker.start()
    runner = None
    if port:
        intake = Intake(
            worker.runtime.committer(None), clock, CONFIG.tenant, CONFIG.limits, worker.offer_event
        )
        intake.health = worker.runtime.health

        async def take(request: web.Request) -> web.Response:
            events = [Incoming(**each) for each in await request.json()]
            try:
                return web.json_response(await intake.accept(events))
            except StoreUnavailable as error:
                return web.json_response({"code": error.code}, status=503)

        application = web.Application()
        application.router.add_post("/events", take)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    print("ready", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    if runner is not None:
        await runner.cleanup()
    await worker.stop()
    await connector.close()
    await store.close()


def _child(order: dict[str, Any]) -> None:
    """Be what was ordered; never returns."""
    code = 1
    try:
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if sys.platform == "linux":
            # Not to outlive the nursery, whatever ends that.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if order["role"] == "target":
            asyncio.run(faulty_target.serve(order["port"], order["log"], order["plan"]))
        else:
            asyncio.run(
                _work(
                    order["name"],
                    order["address"],
                    order["target"],
                    order["clock"],
                    order["port"],
                    order.get("settings", {}),
                    order.get("cap", 16),
                )
            )
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    """Fork whatever is asked for, until nobody asks any more; then end them all."""
    # Whoever ends is buried by the system itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    born: list[int] = []
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _child(json.loads(line))
        born.append(child)
        print(child, flush=True)
    for child in born:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
