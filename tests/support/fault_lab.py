"""The laboratory of the fault matrix: real processes and real databases, and one kind of fault at a time.

A *cell* is one fault on one database. It is made of several labs that run side by side, each with a store, a
target and hubs of its own, because most faults are waiting. Each point at which a fault happens follows from
the seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.scope import Scope
from lineshaft.engine.releases import Releases, files_of
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from simulation.processes import ON_REFUSED, REFUSED, Flow, file_of
from support.cut_wire import CutWire
from support.fault_nursery import CONFIG
from support.whole_store import all_effects, all_instances
from tools.postgres import free_port

CLOCK = SystemClock()
ROOT = Path(__file__).resolve().parents[2]
SCOPE = Scope.of_engine(CONFIG.tenant)
STEPS = {
    "sure": {"a": "keyed", "b": "natural", "c": "probed"},
    "doubt": {"a": "keyed", "b": "probed", "c": "bare"},
    "waits": {"a": "probed", "b": "natural"},
}
QUIET_S = 240.0


def pack() -> dict[str, bytes]:
    """Return the processes of the lab and their routes."""
    order = 'variables: "{order: data.order}"'
    routes = "".join(f"  - {{on: order.{name}, start: {name}, {order}}}\n" for name in STEPS)
    routes += '  - {on: payment, message: paid, key: data.order, variables: "{paid: true}", ttl_s: 3600}\n'
    files = {"flows/routes.yaml": f"format: 1\nroutes:\n{routes}".encode()}
    message = (
        '<bpmn:message id="paid" name="paid"><bpmn:extensionElements>'
        '<zeebe:subscription correlationKey="=order"/></bpmn:extensionElements></bpmn:message>'
    )
    for name, steps in STEPS.items():
        flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "sorry")
        for step, operation in steps.items():
            flow.call(step, f"target.{operation}")
        flow.boundary("no", "a", ON_REFUSED).link("no", "sorry")
        way = list(steps)
        if name == "waits":
            flow.wait_for("wait", "paid")
            way.insert(1, "wait")
        files[f"processes/{name}.bpmn"] = file_of(name, flow.chain("start", *way, "end"), REFUSED + message)
    return files


class Nursery:
    """Forks hubs and targets, of this tree or of another one."""

    def __init__(self, root: Path = ROOT) -> None:
        path = os.pathsep.join([str(root / "src"), str(root / "tests")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.fault_nursery"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fork(self, **order: Any) -> int:
        """Start a process; return its id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End all that it forked, and itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass(slots=True)
class Order:
    """One business case."""

    id: str
    process: str


@dataclass(slots=True)
class FaultLab:
    """One store, one target, some hubs."""

    nursery: Nursery
    address: str
    folder: Path
    seed: int
    orders_min: int = 20
    workers: int = 0
    """Processes that only work, beside the hub that also takes in."""
    fault: str = ""
    """What the target does wrong (``support.faulty_target``)."""
    rate: float = 0.0
    takes_s: float | None = None
    """How long each call of the target takes."""
    cap: int = 16
    """Calls that the target allows at once."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the engine, beside those of ``support.fault_nursery``."""
    hub: bool = True
    """One of the processes takes events in."""
    repeats: bool = False
    """Events come several times and out of order."""
    chance: random.Random = field(init=False)
    pids: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)
    orders: list[Order] = field(default_factory=list)
    wire: CutWire = field(init=False)
    target: int = 0
    """The id of the target's process."""
    started: int = 0
    acts_done: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def log(self) -> Path:
        """What the target wrote down."""
        return self.folder / "target.log"

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the store is a file."""
        return not self.address.startswith("postgresql:")

    def store(self) -> Store:
        """Return a handle of our own on the store."""
        if self.is_sqlite:
            return SqliteStore(self.address)
        return PostgresStore(self.address, connections=2)

    # -- processes ----------------------------------------------------------------------------------------

    def start_hub(self, name: str) -> None:
        """Start a hub or worker, or start it again."""
        self.started += 1
        self.pids[name] = self.nursery.fork(
            role="hub",
            name=f"{name}/{self.started}",
            address=self.address,
            target=f"http://127.0.0.1:{self.wire.port}",
            clock=str(self.folder / "clock"),
            port=self.ports[name],
            settings=self.settings,
            cap=self.cap,
            output=str(self.folder / f"{name}.out"),
        )

    async def start(self) -> None:
        """Deploy, and start everything."""
        store = self.store()
        await store.open()
        await Releases(store, SCOPE).deploy(files_of(pack()), by="test", now=CLOCK.now())
        await store.close()
        await self.start_processes()

    async def start_processes(self) -> None:
        """Start everything on a store that has its release."""
        self.log.touch()
        self.set_clock(0.0)
        port = free_port()
        self.target = self.nursery.fork(
            role="target",
            port=port,
            log=str(self.log),
            plan={"seed": self.seed, "fault": self.fault, "rate": self.rate, "takes_s": self.takes_s},
            output=str(self.folder / "target.out"),
        )
        self.wire = CutWire(port)
        await self.wire.start()
        self.ports = ({"hub": free_port()} if self.hub else {}) | {
            f"worker{number}": 0 for number in range(self.workers)
        }
        for name in self.ports:
            self.start_hub(name)

    def set_clock(self, off_s: float) -> None:
        """Let the clocks of this lab's machines be off."""
        path = self.folder / "clock"
        # In place: others have it in their memory.
        with path.open("r+b" if path.exists() else "wb") as file:
            file.write(struct.pack("d", off_s))

    def alive(self, name: str) -> bool:
        """Tell whether a process of ours lives."""
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return False
        return True

    # -- the course of things -------------------------------------------------------------------------------

    async def run(
        self,
        points: int,
        act: Callable[[FaultLab], Awaitable[None]] | None,
        together: asyncio.Barrier | None = None,
    ) -> None:
        """Send orders while ``act`` happens ``points`` times, then let everything come to rest.

        Labs that share what an act befalls wait for each other (``together``) and go on sending meanwhile.
        """
        sender = asyncio.create_task(self._send())
        try:
            for _ in range(points if act is not None else 0):
                await asyncio.sleep(0.03 + self.chance.random() * 0.25)
                assert act is not None
                await act(self)
                self.figures["points"] += 1
            if together is not None:
                await together.wait()
            self.acts_done = True
            await sender
            await self.until_quiet()
        finally:
            sender.cancel()

    async def _send(self) -> None:
        timeout = aiohttp.ClientTimeout(total=4.0)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            number = 0
            while number < self.orders_min or not self.acts_done:
                order = self._order(number)
                self.orders.append(order)
                for delay_s, event in self._events(order):
                    group.create_task(self._deliver(session, delay_s, event))
                number += 1
                await asyncio.sleep(0.04 if self.acts_done else 0.25)

    def _order(self, number: int) -> Order:
        draw = self.chance.random()
        process = "doubt" if draw < 0.1 else "waits" if draw < 0.25 else "sure"
        kind = self.chance.choices("ori", (90, 6, 4))[0]
        return Order(f"{kind}{number}", process)

    def _events(self, order: Order) -> list[tuple[float, dict[str, Any]]]:
        """Return what is sent about an order, each with its delay."""

        def event(source: str, event_id: str, kind: str) -> dict[str, Any]:
            data = {"order": order.id}
            return {"source": source, "id": event_id, "type": kind, "data": data, "key": order.id}

        events = [event("shop", order.id, f"order.{order.process}")]
        if order.process == "waits":
            events.append(event("bank", f"p-{order.id}", "payment"))
        if not self.repeats:
            return [(0.1 * place, each) for place, each in enumerate(events)]
        several = [each for each in events for _ in range(self.chance.randint(1, 4))]
        self.chance.shuffle(several)
        self.figures["points"] += len(several) - len(events)
        return [(self.chance.random() * 0.5, each) for each in several]

    async def _deliver(self, session: aiohttp.ClientSession, delay_s: float, event: dict[str, Any]) -> None:
        """Send until it is acknowledged."""
        await asyncio.sleep(delay_s)
        while True:
            try:
                async with session.post(
                    f"http://127.0.0.1:{self.ports['hub']}/events", json=[event]
                ) as response:
                    if response.status == 200:
                        self.figures["acknowledged"] += 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)

    async def until_quiet(self) -> None:
        """Wait until nothing is left to do but what only a person can decide."""
        store = self.store()
        deadline = CLOCK.monotonic() + QUIET_S
        await store.open()
        try:
            while open_ends := await self._open_ends(store):
                assert CLOCK.monotonic() < deadline, f"seed {self.seed}: never comes to rest: {open_ends[:5]}"
                await asyncio.sleep(0.1)
        finally:
            await store.close()

    async def _open_ends(self, store: Store) -> list[str]:
        settled = ("unknown", "dead")
        ends = [
            f"{each.count} {each.status} of {each.system!r}"
            for each in await store.backlog(SCOPE)
            if each.status not in settled
        ]
        if ends:
            return ends
        rows = [row for row in await all_effects(store, SCOPE) if row.status in settled]
        ends = [
            f"{row.id} is looked for" for row in rows if row.status == "unknown" and row.due_at.year < 9000
        ]
        states = (await store.system_states(SCOPE)).values()
        ends += [f"circuit of {each.system} is open" for each in states if each.circuit != "closed"]
        held = {row.instance_id for row in rows}
        instances = await all_instances(store, SCOPE)
        ends += [f"{row.id} is active" for row in instances if row.status == "active" and row.id not in held]
        missing = len({order.id for order in self.orders}) - len(instances)
        return ends + ([f"{missing} orders have no instance"] if missing > 0 else [])

    # -- what came out -------------------------------------------------------------------------------------

    def received(self) -> list[dict[str, Any]]:
        """Return what the target wrote down; a line that was cut by its end is left out."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def said(self) -> str:
        """Return what the hubs printed."""
        files = [path for path in self.folder.glob("*.out") if path.name != "target.out"]
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)

    def close(self) -> None:
        """End its processes and its wire."""
        for pid in [*self.pids.values(), *([self.target] if self.target else [])]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wire.close()
