"""The laboratory of the crash test: real processes, killed and stopped at random moments."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.scope import Scope
from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import Releases, files_of
from lineshaft.feel import codec as values
from lineshaft.store.port import Store
from simulation.processes import Flow, file_of
from support.crash_worker import CONFIG, LEASE_S, store_of
from support.whole_store import all_effects, all_instances
from tools.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
SCOPE = Scope.of_engine(CONFIG.tenant)
STEPS = {
    "sure": {"a": "keyed", "b": "natural", "c": "probed"},
    "doubt": {"a": "keyed", "b": "probed", "c": "bare"},
}


def pack() -> dict[str, bytes]:
    """Return the two processes of three calls and their routes."""
    files = {
        "flows/routes.yaml": b"""format: 1
routes:
  - {on: order.sure, start: sure, variables: "{order: data.order}"}
  - {on: order.doubt, start: doubt, variables: "{order: data.order}"}
"""
    }
    for name, steps in STEPS.items():
        flow = Flow().element("startEvent", "start").element("endEvent", "end")
        for step, operation in steps.items():
            flow.call(step, f"target.{operation}")
        files[f"processes/{name}.bpmn"] = file_of(name, flow.chain("start", *steps, "end"))
    return files


@dataclass(slots=True)
class Child:
    """One process of ours."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(slots=True)
class CrashLab:
    """One store, one target, some workers."""

    address: str
    folder: Path
    workers: int
    seed: int
    instances: int
    kills: int
    stops: int
    chance: random.Random = field(init=False)
    children: dict[str, Child] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    target_port: int = 0
    started: int = 0
    figures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def log(self) -> Path:
        return self.folder / "target.log"

    # -- processes ----------------------------------------------------------------------------------------

    def _spawn(self, name: str, *arguments: str) -> Child:
        output = self.folder / f"{name}-{self.started}.out"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, stdout=file, stderr=file
            )
        self.started += 1
        return Child(name, process, output)

    def start_worker(self, name: str) -> None:
        """Start a worker, or start it again after it was killed."""
        target = f"http://127.0.0.1:{self.target_port}"
        self.children[name] = self._spawn(
            name,
            "support.crash_worker",
            self.address,
            f"{name}/{self.started}",
            str(self.ports[name]),
            target,
        )

    async def start(self) -> None:
        """Deploy, and start target and workers."""
        self.target_port = free_port()
        store = store_of(self.address)
        await store.open()
        await Releases(store, SCOPE).deploy(files_of(pack()), by="test", now=SystemClock().now())
        await store.close()
        self.children["target"] = self._spawn(
            "target", "support.recording_target", str(self.target_port), str(self.log)
        )
        for number in range(self.workers):
            name = f"w{number}"
            self.ports[name] = free_port()
            self.start_worker(name)

    def end(self) -> None:
        """End every process that is left."""
        for child in self.children.values():
            if child.process.poll() is None:
                os.kill(child.pid, signal.SIGCONT)
                child.process.kill()
            child.process.wait()

    # -- what happens to it --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send everything while killing and stopping workers, then let them finish."""
        sender = asyncio.create_task(self._send())
        acts = ["kill"] * self.kills + ["stop"] * self.stops
        self.chance.shuffle(acts)
        for act in acts:
            await asyncio.sleep(0.05 + self.chance.random() * 0.9)
            name = self.chance.choice(list(self.ports))
            if act == "kill":
                self._kill(name)
                self.start_worker(name)
            else:
                await self._stop(name)
        await sender
        await self._until_quiet()

    def _kill(self, name: str) -> None:
        child = self.children[name]
        os.kill(child.pid, signal.SIGKILL)
        child.process.wait()
        self.figures["kills"] += 1

    async def _stop(self, name: str) -> None:
        """Stop a worker beyond its lease, then let it go on."""
        pid = self.children[name].pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(LEASE_S * (1.2 + self.chance.random()))
        os.kill(pid, signal.SIGCONT)
        self.figures["stops"] += 1

    async def _send(self) -> None:
        """Send the orders evenly over the time that the faults take; each until it is acknowledged."""
        pause_s = (self.kills * 0.5 + self.stops * (0.5 + LEASE_S * 1.7)) / self.instances
        timeout = aiohttp.ClientTimeout(total=3.0)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            for number in range(self.instances):
                group.create_task(self._deliver(session, number))
                await asyncio.sleep(pause_s)

    async def _deliver(self, session: aiohttp.ClientSession, number: int) -> None:
        process = "sure" if number % 2 else "doubt"
        event = {
            "source": "shop",
            "id": f"e{number}",
            "type": f"order.{process}",
            "data": {"order": f"o{number}"},
            "key": f"o{number}",
        }
        while True:
            port = self.ports[self.chance.choice(list(self.ports))]
            try:
                async with session.post(f"http://127.0.0.1:{port}/events", json=[event]) as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)

    async def _until_quiet(self, within_s: float = 60.0) -> None:
        """Wait until nothing is left to do but what only a person can decide."""
        store = store_of(self.address)
        await store.open()
        deadline = time.monotonic() + within_s
        try:
            while open_ends := await self._open_ends(store):
                assert time.monotonic() < deadline, f"never comes to rest: {open_ends}"
                await asyncio.sleep(0.2)
        finally:
            await store.close()

    async def _open_ends(self, store: Store) -> list[str]:
        ends = []
        for each in await store.backlog(SCOPE):
            if each.status != "unknown" and each.count:
                ends.append(f"{each.count} {each.status} of {each.system!r}")
        if not ends:
            unknown = [row for row in await all_effects(store, SCOPE) if row.status == "unknown"]
            ends = [f"{row.id} {row.operation} unknown" for row in unknown if row.due_at.year < 9000]
            waiting = {row.instance_id for row in unknown}
            # An answer that a person gave is carried out by a job, a moment later.
            ends += [
                f"instance {row.id} is active"
                for row in await all_instances(store, SCOPE)
                if row.status == "active" and row.id not in waiting
            ]
        return ends

    # -- what came out -------------------------------------------------------------------------------------

    def received(self) -> list[dict[str, Any]]:
        """Return the calls that the target wrote down; a line that is being written is left out."""
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def bugs(self) -> list[str]:
        """Return what any worker printed that must not happen."""
        found = []
        for path in sorted(self.folder.glob("*.out")):
            said = path.read_text(encoding="utf-8", errors="replace")
            if "BUG" in said or "Traceback" in said:
                found.append(f"{path.name}: {said[-2000:]}")
        return found

    async def judge(self) -> None:
        """Each call exactly once where the target gives a handle; the doubtful ones stand as unknown."""
        done = Counter((each["order"], each["step"]) for each in self.received() if each["effect"])
        keys: dict[tuple[str, str], set[str]] = {}
        for each in self.received():
            keys.setdefault((each["order"], each["step"]), set()).add(each["key"])
        store = store_of(self.address)
        await store.open()
        try:
            rows = await all_effects(store, SCOPE)
            instances = await all_instances(store, SCOPE)
        finally:
            await store.close()
        twice = {mark: count for mark, count in done.items() if count > 1}
        assert not twice, f"done more than once: {twice}"
        several = {mark: found for mark, found in keys.items() if len(found) > 1}
        assert not several, f"sent under several keys: {several}"
        assert len(instances) == self.instances
        for row in rows:
            payload = values.decode(row.request)["payload"]
            count = done[payload["order"], payload["step"]]
            if row.status == "done":
                assert count == 1, f"{row.id} {row.operation} is done, the target did it {count} times"
            else:
                assert (row.status, row.operation) == ("unknown", "bare"), (row.id, row.operation, row.status)
                self.figures["unknown, and done" if count else "unknown, and not done"] += 1
        waiting = {row.instance_id for row in rows if row.status == "unknown"}
        for instance in instances:
            if instance.id not in waiting:
                assert instance.status == "completed", (instance.id, instance.status)
                for step in STEPS[instance.process_id]:
                    assert done[instance.business_key, step] == 1
        assert not self.bugs()
        self.figures["instances"] = len(instances)
        self.figures["calls received"] = len(self.received())
        self.figures["repeats that the target knew"] = sum(not each["effect"] for each in self.received())

    async def decide(self) -> None:
        """A person who looks at the target settles what is unknown."""
        done = {each["key"]: each["number"] for each in self.received()}
        store = store_of(self.address)
        await store.open()
        desk = Operations(store, SystemClock(), SystemIds())
        try:
            for row in await all_effects(store, SCOPE):
                if row.status == "unknown":
                    number = done.get(row.idempotency_key)
                    await desk.decide_unknown(
                        SCOPE,
                        row.id,
                        "done" if number else "not_done",
                        by="test",
                        answer={"number": str(number)},
                    )
        finally:
            await store.close()
        await self._until_quiet()
