"""Simulated nodes: a worker each, on its own handle of the one database, alive until it is killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from lineshaft.base.errors import StoreUnavailable
from lineshaft.base.ids import encode_id
from lineshaft.engine.config import EngineConfig, RetryPolicy
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.worker import Worker
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from simulation.loop import Process, SimulatedClock, SimulatedLoop
from simulation.targets import Target, TargetConnector

CONFIG = EngineConfig(
    lease_ttl_s=6.0,
    lease_margin_s=1.0,
    heartbeat_s=2.0,
    poll_s=3.0,
    retry=RetryPolicy((0.5, 1.0, 2.0)),
    check_gaps_s=(1.0, 2.0, 4.0),
    commit_retry_s=0.2,
    shutdown_s=5.0,
    calls_max=20,
    in_hand_max=60,
    live_instances_max=12,
    notice_operation="mail.notify",
    notice_gather_s=1.0,
    notice_quiet_s=20.0,
)


@dataclass
class Weather:
    """How badly the database behaves just now."""

    chance: random.Random
    away: float = 0.0
    """How likely a call finds it away."""
    slow: float = 0.05
    """How likely a call takes a while."""
    slow_s: float = 0.05
    lost: int = 0
    """Answers of commits that were lost."""

    cut_off: set[str] = field(default_factory=set)
    """Nodes that cannot reach the database, though others can."""

    def way_of(self, node: str) -> Callable[[str], Awaitable[None]]:
        """Return the way of one node to the database and back."""

        async def pause(method: str) -> None:
            if node in self.cut_off:
                if self.chance.random() < 0.5:
                    await asyncio.sleep(self.chance.random() * 3)
                raise StoreUnavailable(f"{node} cannot reach the database ({method})")
            await self.pause(method)
            if node in self.cut_off:
                raise StoreUnavailable(f"{node} lost the database ({method})")

        return pause

    async def pause(self, method: str) -> None:
        """Stand in for the way to the database and back."""
        draw = self.chance.random
        value = draw()
        if value < self.away:
            if method == "committed":
                self.lost += 1
            raise StoreUnavailable(f"the database is away ({method})")
        if draw() < self.slow:
            await asyncio.sleep(draw() * self.slow_s)
        elif value < 0.7:
            await asyncio.sleep(0)


class SimulatedIds:
    """Ids that grow with the virtual time and differ between nodes."""

    def __init__(self, loop: SimulatedLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self._last = (0, 0)

    def new(self) -> str:
        milliseconds = int(self._loop.time() * 1000)
        # Within a millisecond the chance part grows, so that ids of one node stay in order.
        chance = self._last[1] + 1 if milliseconds == self._last[0] else self._chance.getrandbits(79)
        self._last = (milliseconds, chance)
        return encode_id(milliseconds, chance)


@dataclass(slots=True)
class Watch:
    """The engine's observer: keeps what it was told."""

    name: str
    bugs: list[tuple[str, str, BaseException]] = field(default_factory=list)
    troubles: int = 0

    def bug(self, where: str, error: BaseException) -> None:
        self.bugs.append((self.name, where, error))

    def trouble(self, where: str, error: BaseException) -> None:
        del where, error
        self.troubles += 1


class Node:
    """One node."""

    def __init__(
        self,
        name: str,
        loop: SimulatedLoop,
        database: MemoryDatabase,
        targets: dict[str, Target],
        weather: Weather,
        release: LoadedRelease,
        chance: random.Random,
        watch: Watch,
        *,
        skew_s: float = 0.0,
        committers: int = 1,
    ) -> None:
        self.committers = committers
        self.name = name
        self.loop = loop
        self.process = Process(name)
        self.clock = SimulatedClock(loop, skew_s)
        self.store = MemoryStore(database, SimulatedClock(loop), weather.way_of(name))
        self._targets = targets
        self._release = release
        self._chance = chance
        self._watch = watch
        self.worker: Worker | None = None
        self.intake: Intake | None = None

    @property
    def is_up(self) -> bool:
        """Tell whether it can be spoken to."""
        return self.process.alive and not self.process.paused and self.intake is not None

    def start(self) -> None:
        """Begin to live; returns at once."""
        self.loop.spawn(self.process, self._live())

    async def _live(self) -> None:
        while True:
            try:
                await self.store.open()
                break
            except StoreUnavailable:
                await asyncio.sleep(0.3)
        worker = Worker(
            self.store,
            {name: TargetConnector(target) for name, target in self._targets.items()},
            clock=self.clock,
            ids=SimulatedIds(self.loop, self._chance),
            name=self.name,
            config=replace(CONFIG, committers=self.committers),
            observer=self._watch,
        )
        worker.runtime.releases.know(self._release)
        await worker.start()
        self.worker = worker
        self.intake = Intake(
            worker.runtime.committer(None), self.clock, CONFIG.tenant, CONFIG.limits, worker.offer_event
        )

    def kill(self) -> None:
        """Crash."""
        if self.process.alive:
            self.loop.kill(self.process)

    def died(self) -> None:
        """What the machine does when a process is gone."""
        self.store.kill()

    async def stop(self) -> None:
        """End in good order; returns when it has ended, or has died meanwhile."""
        worker = self.worker
        if worker is None or not self.process.alive:
            self.kill()
            return
        self.intake = None
        ended = asyncio.Event()

        async def end() -> None:
            await worker.stop()
            ended.set()

        self.loop.spawn(self.process, end())
        for _ in range(200):
            if ended.is_set() or not self.process.alive:
                break
            await asyncio.sleep(0.25)
        self.kill()

    async def accept(self, incoming: Sequence[Incoming]) -> bool:
        """Send events to this node as a web-hook would; tell whether it acknowledged them in time."""
        intake = self.intake
        if intake is None or not self.is_up:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def receive() -> None:
            try:
                await intake.accept(incoming)
            except StoreUnavailable:
                # The sender hears "not now", and sends them again.
                taken = False
            else:
                taken = True
            if not answer.done():
                answer.set_result(taken)

        self.loop.spawn(self.process, receive())
        try:
            async with asyncio.timeout(4.0):
                return await answer
        except TimeoutError:
            return False
