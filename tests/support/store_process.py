"""A store in a process of its own, driven line by line; and the places where SQL stores lie.

As a program: ``python -m support.store_process MAKE ADDRESS`` reads one JSON command per line and answers
each with one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineshaft.base.errors import HubError, LeaseLost
from lineshaft.store import writes as w
from lineshaft.store.port import Lease, Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.store_rows import fence, statuses, unit

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store lies."""

    make: str
    address: str

    def store(self) -> Store:
        if self.make == "sqlite":
            return SqliteStore(self.address)
        return PostgresStore(self.address, connections=2)


class Process:
    """One worker process."""

    def __init__(self, place: Place) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "support.store_process", place.make, place.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def tell(self, command: str, **arguments: Any) -> None:
        """Send a command."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._popen.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer to the oldest command; ``None`` when the process has ended."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def ask(self, command: str, **arguments: Any) -> Any:
        self.tell(command, **arguments)
        return self.answer()

    def stop(self) -> None:
        """Freeze it, as a machine that sleeps."""
        self._popen.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()


class _Worker:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.leases: list[Lease] = []

    async def open(self) -> str:
        await self.store.open()
        return "open"

    async def migrate(self) -> str:
        await self.store.migrate()
        return "migrated"

    async def acquire(self, worker: str, ttl_s: float) -> int:
        self.leases = await self.store.acquire_lanes(worker, 256, ttl_s)
        return len(self.leases)

    async def commit(self, worker: str, name: str) -> list[str]:
        group = [unit(w.InsertInstance(a.instance(name)), lane=7)]
        return statuses(await self.store.commit(group, fence(worker, self.leases)))

    async def events(self, first: int, count: int) -> list[str]:
        group = [unit(w.InsertEvent(a.event(f"e{n:06}"))) for n in range(first, first + count)]
        return statuses(await self.store.commit(group))

    async def stream(self) -> None:
        """Commit pairs of rows for ever, saying after each commit which it was."""
        number = 0
        while True:
            group = [
                unit(w.InsertInstance(a.instance(f"i{n}")), w.InsertEffect(a.effect(f"f{n}")))
                for n in range(number, number + 20)
            ]
            assert statuses(await self.store.commit(group)) == ["written"] * 20
            number += 20
            print(json.dumps(number), flush=True)


async def _serve(make: str, address: str) -> None:
    worker = _Worker(Place(make, address).store())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        arguments = json.loads(line)
        try:
            found = await getattr(worker, arguments.pop("command"))(**arguments)
        except LeaseLost as error:
            found = {"error": error.code, "lanes": list(error.lanes)}
        except HubError as error:
            found = {"error": error.code}
        print(json.dumps(found), flush=True)
    await worker.store.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
