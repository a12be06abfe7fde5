"""One history: a seed decides what happens to the hub, and the oracle says whether it kept its promises."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from typing import Any
from zlib import crc32

from lineshaft.base.errors import HubError
from lineshaft.base.scope import Scope
from lineshaft.bpmn.kernel import commands
from lineshaft.engine.crossref import CrossReference, Wish
from lineshaft.engine.intake import Incoming
from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import LoadedRelease, Releases, compile_release, files_of
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Instance, Release
from simulation import processes
from simulation.loop import OUTSIDE, Livelock, Process, SimulatedClock, SimulatedLoop
from simulation.nodes import CONFIG, Node, SimulatedIds, Watch, Weather
from simulation.oracle import Oracle, is_for_people
from simulation.targets import Target
from simulation.watchdog import Watchdog

STORM_S = 14.0
"""How long faults happen."""
REST_S = 240.0
"""How long the hub may take afterwards until everything stands still."""


@cache
def _release() -> LoadedRelease:
    return compile_release(files_of(processes.FILES))


@dataclass(slots=True)
class Order:
    """One business case that is sent to the hub."""

    id: str
    process: str
    group: str | None = None
    paid: bool = True


@dataclass(slots=True)
class Result:
    """What came out of a history."""

    seed: int
    steps: int
    figures: Counter[str]
    violations: list[str]
    digest: str
    """Stands for everything that happened."""
    trace: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {len(self.violations)} violations after {self.steps} simulated steps"]
        lines += [f"  ! {each}" for each in self.violations[:12]]
        lines += ["  the last of what happened:", *(f"    {each}" for each in self.trace[-60:])]
        return "\n".join(lines)


class World:
    """One seeded world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = chance = random.Random(seed)
        self.shuffled = chance.random() < 0.25
        shuffle = 0.3 if self.shuffled else 0.0
        self.loop = SimulatedLoop(random.Random(chance.getrandbits(64)), shuffle=shuffle)
        self.loop.on_death = self._died
        self.database = MemoryDatabase()
        self.clock = SimulatedClock(self.loop)
        self.watchdog = Watchdog(self.database, self.clock)
        self.weather = Weather(random.Random(chance.getrandbits(64)))
        self.ordinary = chance.choice(((0.05, 0.05), (0.05, 0.05), (0.3, 0.4)))
        self.weather.slow, self.weather.slow_s = self.ordinary
        trouble = chance.choice((0.0, 0.1, 0.3, 0.6))
        self.targets = {
            name: Target(name, self.loop, random.Random(chance.getrandbits(64)), trouble)
            for name in ("alpha", "beta", "mail")
        }
        self._hasty: set[asyncio.Task[None]] = set()
        for target in self.targets.values():
            target.on_missing = self._hear  # type: ignore[method-assign]
            target.note = self.watchdog.note
        self.nodes: list[Node] = []
        self.nodes_made = 0
        self.nodes_at_start = chance.choice((1, 1, 2, 2, 3))
        self.watch = Watch("nodes")
        self.figures: Counter[str] = Counter()
        self.orders: list[Order] = []
        self.accepted: set[str] = set()
        """Ids of events that were acknowledged."""
        self.is_calm = False
        self.appeared: set[str] = set()
        """References that somebody has bound."""
        self.committers = chance.choice((1, 1, 2))
        self.lazy = 0.2
        """How likely the operator leaves something for ever."""
        self.skew_s = chance.choice((0.0, 0.0, 0.1, 1.0))
        """How wrong the wall clocks of nodes may be."""
        self.scope = Scope.of_engine()
        self.store = MemoryStore(self.database, self.clock, _no_pause)
        self.desk = MemoryStore(self.database, self.clock, self.weather.pause)
        self.oracle = Oracle(self)
        self._pending: list[asyncio.Task[Any]] = []

    def run(self) -> Result:
        """Let it happen."""
        violations: list[str] = []
        try:
            self.loop.run(self._history())
        except Livelock as error:
            violations.append(str(error))
        violations += self.watchdog.violations + self.oracle.violations
        violations += [
            f"bug at {who}, {where}: {''.join(traceback.format_exception(error)[-4:])}"
            for who, where, error in self.watch.bugs
        ]
        violations += [f"escaped: {each}" for each in self.loop.errors]
        violations += [f"nobody heard: {task!r}" for task in self.loop.unheard()]
        self.figures["steps of instances"] = self.watchdog.steps
        trace = self.watchdog.trace
        digest = blake2b("\n".join(trace).encode("utf-8", "replace"), digest_size=8).hexdigest()
        result = Result(
            self.seed, self.loop.steps, self.figures, violations, digest, trace if violations else []
        )
        self.loop.close()
        return result

    def note(self, what: str) -> None:
        """Keep what happened for the trace."""
        self.watchdog.note(f"-- {what}")

    # -- the plot -----------------------------------------------------------------------------------------

    async def _history(self) -> None:
        await self.store.open()
        await self.desk.open()
        await self._deploy()
        for _ in range(self.nodes_at_start):
            self.start_node()
        storm = [self._later(at, work) for at, work in self._plot()]
        senders = [self._later(at, work) for at, work in self._mail()]
        operator = asyncio.create_task(self._operator())
        watcher = asyncio.create_task(self.oracle.watch())
        await asyncio.sleep(STORM_S)
        await asyncio.gather(*storm)
        self._calm()
        await asyncio.gather(*senders)
        await self._rest()
        for helper in (operator, watcher):
            if helper.done():
                # A cancelled task no longer tells that it failed long ago: nobody would have watched.
                helper.result()
            helper.cancel()
        self.oracle.judge()
        await self._restart_everything()

    async def _deploy(self) -> None:
        """Deploy the processes; compiled once, written down in every history."""
        if not _deployed:
            releases = Releases(self.store, self.scope)
            await releases.deploy(_files(), by="test", now=self.clock.now())
            _deployed.extend(self.database.release.rows.values())
            _deployed.extend(self.database.definition.rows.values())
            return
        for row in _deployed:
            table: Any = self.database.release if isinstance(row, Release) else self.database.definition
            table.put(row)

    def _plot(self) -> list[tuple[float, Any]]:
        chance = self.chance
        plot: list[tuple[float, Any]] = []
        acts = [self._crash] * 4 + [self._pause] * 3 + [self._database_trouble] * 2 + [self._outage] * 3
        acts += [self._cut_off] * 2
        acts += [self._hand_over, self._join, self._hold_system, self._hold_instance, self._cancel]
        for _ in range(chance.choice((0, 1, 2, 3, 5, 8))):
            plot.append((chance.random() * (STORM_S - 1), chance.choice(acts)))
        return plot

    def _mail(self) -> list[tuple[float, Any]]:
        chance = self.chance
        mail: list[tuple[float, Any]] = []
        names = [name for name in processes.STEPS if name != "ordered"]
        for number in range(chance.choice((1, 2, 3, 5, 8))):
            order = Order(f"o{number}", chance.choice(names), paid=chance.random() < 0.9)
            self.orders.append(order)
            at = chance.random() * STORM_S * 0.8
            mail.append((at, lambda order=order: self._send(order)))
            if order.process == "waits" and order.paid:
                paid_at = max(0.0, at + (chance.random() - 0.3) * 5)
                mail.append((paid_at, lambda order=order: self._pay(order)))
        # Order of a key across nodes rests on equal clocks.
        if chance.random() < 0.5 and not self.skew_s:
            group = [Order(f"g{number}", "ordered", "G") for number in range(chance.randint(2, 5))]
            self.orders += group
            mail.append((chance.random() * 4, lambda: self._send_in_turn(group)))
        return mail

    async def _at(self, at: float, work: Any) -> None:
        await asyncio.sleep(max(0.0, at - self.loop.time()))
        await work()

    def _later(self, at: float, work: Any) -> asyncio.Task[Any]:
        return asyncio.create_task(self._at(at, work))

    # -- what happens --------------------------------------------------------------------------------------

    def start_node(self, name: str | None = None) -> Node:
        """A new node joins."""
        self.nodes_made += 1
        node = Node(
            name or f"n{self.nodes_made}",
            self.loop,
            self.database,
            self.targets,
            self.weather,
            _release(),
            random.Random(self.chance.getrandbits(64)),
            self.watch,
            committers=self.committers,
            skew_s=(self.chance.random() * 2 - 1) * self.skew_s,
        )
        self.nodes.append(node)
        self.note(f"node {node.name} starts")
        node.start()
        return node

    def _died(self, process: Process) -> None:
        for node in self.nodes:
            if node.process is process:
                node.died()
                self.note(f"node {node.name} is dead")

    def _somebody(self) -> Node | None:
        living = self._living()
        return self.chance.choice(living) if living else None

    def _living(self) -> list[Node]:
        return [node for node in self.nodes if node.process.alive]

    async def _crash(self) -> None:
        """A node dies at some await; another starts later."""
        node = self._somebody()
        if node is None:
            return
        node.process.dies_in = self.chance.choice((1, 3, 10, 30, 100, 300))
        self.figures["crashes"] += 1
        await asyncio.sleep(self.chance.random() * 3)
        if not node.process.paused:
            node.kill()
        await asyncio.sleep(self.chance.random() * 5)
        node.kill()
        self.start_node(node.name if self.chance.random() < 0.3 else None)

    async def _pause(self) -> None:
        """A node is stopped, perhaps beyond its lease, and goes on."""
        node = self._somebody()
        if node is None or node.process.paused:
            return
        self.figures["pauses"] += 1
        length_s = self.chance.choice((0.5, 3.0, CONFIG.lease_ttl_s + 0.5, CONFIG.lease_ttl_s * 2.5))
        self.note(f"node {node.name} stands still for {length_s} s")
        self.loop.pause(node.process)
        await asyncio.sleep(length_s)
        self.note(f"node {node.name} goes on")
        self.loop.go_on(node.process)

    async def _database_trouble(self) -> None:
        self.figures["database troubles"] += 1
        weather, chance = self.weather, self.chance
        weather.away = chance.choice((0.1, 0.5, 1.0))
        weather.slow, weather.slow_s = chance.choice(((0.05, 0.05), (0.5, 0.3), (0.3, 2.0)))
        await asyncio.sleep(chance.random() * 4)
        weather.away, weather.slow, weather.slow_s = 0.0, *self.ordinary

    async def _cut_off(self) -> None:
        """One node loses the database while the others keep it."""
        node = self._somebody()
        if node is None:
            return
        self.figures["nodes cut off"] += 1
        self.note(f"node {node.name} is cut off")
        self.weather.cut_off.add(node.name)
        await asyncio.sleep(self.chance.choice((1.0, CONFIG.lease_ttl_s + 1, CONFIG.lease_ttl_s * 2.5)))
        self.weather.cut_off.discard(node.name)
        self.note(f"node {node.name} is back")

    async def _outage(self) -> None:
        target = self.targets[self.chance.choice(("alpha", "alpha", "beta", "mail"))]
        if target.is_down:
            return
        self.figures["outages"] += 1
        target.is_down = True
        target.outages += 1
        self.note(f"{target.name} is down")
        await asyncio.sleep(self.chance.choice((1.0, 6.0, 12.0)))
        target.is_down = False
        self.note(f"{target.name} is back")

    async def _hand_over(self) -> None:
        """A node ends in good order while another starts."""
        self.figures["hand-overs"] += 1
        node = self._somebody()
        if node is None or node.process.paused:
            return
        self.start_node()
        self.note(f"node {node.name} is asked to stop")
        await node.stop()

    async def _join(self) -> None:
        self.start_node()

    async def _hold_system(self) -> None:
        """A person pauses a system and lets it go on."""
        system = self.chance.choice(("alpha", "beta"))
        if await self._try(lambda desk: desk.pause(self.scope, system, by="op", reason="maintenance")):
            self.note(f"{system} is paused by a person")
        await asyncio.sleep(self.chance.random() * 4)

    async def _hold_instance(self) -> None:
        """A person suspends an instance and lets it go on."""
        row = self._some_instance()
        if row is None:
            return
        # Where the answer was lost it may be suspended all the same.
        await self._try(lambda desk: desk.command(self.scope, row.id, commands.Suspend("look")))
        self.note(f"instance {row.id} is suspended by a person")
        self.figures["suspensions"] += 1
        await asyncio.sleep(self.chance.random() * 4)
        while not await self._try(lambda desk: desk.command(self.scope, row.id, commands.Resume("looked"))):
            await asyncio.sleep(0.5)

    async def _cancel(self) -> None:
        """A person ends an instance."""
        row = self._some_instance()
        if row is not None and row.parent_id is None:
            await self._try(lambda desk: desk.command(self.scope, row.id, commands.Cancel("wrong")))
            self.note(f"instance {row.id} is cancelled by a person")
            self.figures["cancellations"] += 1

    def _some_instance(self) -> Instance | None:
        rows = [row for row in self.database.instance.rows.values() if row.status == "active"]
        return self.chance.choice(rows) if rows else None

    async def _try(self, act: Any) -> bool:
        desk = Operations(self.desk, self.clock, SimulatedIds(self.loop, self.chance))
        try:
            await act(desk)
        except HubError:
            return False
        return True

    def _calm(self) -> None:
        """No more faults."""
        self.is_calm = True
        self.note("calm")
        self.weather.away = self.weather.slow = 0.0
        for target in self.targets.values():
            target.trouble = 0.0
            target.is_down = False
        for node in self.nodes:
            self.loop.go_on(node.process)
            node.process.dies_in = -1
        if not self._living():
            self.start_node()

    # -- mail ----------------------------------------------------------------------------------------------

    async def _send(self, order: Order) -> None:
        data = {"order": order.id} | ({"group": order.group} if order.group else {})
        event = Incoming(
            "shop", order.id, f"order.{order.process}", data, subject=order.id, key=order.group or order.id
        )
        await self._deliver(event)

    async def _pay(self, order: Order) -> None:
        await self._deliver(Incoming("bank", f"p-{order.id}", "payment", {"order": order.id}, key=order.id))

    async def _send_in_turn(self, group: list[Order]) -> None:
        for order in group:
            await self._send(order)
            await asyncio.sleep(self.chance.random())

    async def _deliver(self, event: Incoming) -> None:
        """Send until it is acknowledged, and now and then once more."""
        while True:
            nodes = [node for node in self.nodes if node.is_up]
            if nodes and await self.chance.choice(nodes).accept([event]):
                self.accepted.add(event.id)
                if self.chance.random() < 0.75:
                    return
                self.figures["duplicate events"] += 1
                await asyncio.sleep(self.chance.random() * 4)
            await asyncio.sleep(0.2 + self.chance.random())

    # -- people --------------------------------------------------------------------------------------------

    async def _operator(self) -> None:
        """Somebody who looks after what stands still, not always, and always truthfully."""
        chance = self.chance
        ignored: set[str] = set()
        while True:
            await asyncio.sleep(1.0 + chance.random() * 3)
            for system, state in list(self.database.system_state.rows.items()):
                if state.paused:
                    await self._try(lambda desk, name=system[1]: desk.resume(self.scope, name, by="op"))
            for letter in list(self.database.dead_letter.rows.values()):
                if letter.status == "open" and not letter.outage and letter.id not in ignored:
                    if chance.random() < self.lazy:
                        ignored.add(letter.id)
                        continue
                    self.oracle.mend(letter.subject_id)
                    await self._try(lambda desk, i=letter.id: desk.replay(self.scope, i, by="op"))
            for task in list(self.database.task.rows.values()):
                if task.status == "open" and chance.random() < 0.7:
                    await self._try(
                        lambda desk, t=task: desk.complete_task(
                            self.scope, t.instance_id, t.token, {"approved": True}, by="op"
                        )
                    )
            for effect in list(self.database.effect.rows.values()):
                if effect.status == "parked":
                    await self._appear(effect.reference or "")
                elif effect.status == "unknown" and is_for_people(effect) and effect.id not in ignored:
                    if chance.random() < self.lazy:
                        ignored.add(effect.id)
                        continue
                    await self._decide(effect)

    def _hear(self, reference: str) -> None:
        """Some hear of what is missed before the hub does, and bind it while the answer is on its way."""
        if crc32(reference.encode()) % 3 == 0:
            # Not of the node that hears of it: the steward goes on when that dies.
            task = self.loop.spawn(OUTSIDE, self._appear(reference))
            self._hasty.add(task)
            task.add_done_callback(self._hasty.discard)

    async def _appear(self, reference: str) -> None:
        """A steward creates and binds what is missed, once: whoever missed it then must not wait for ever."""
        if reference in self.appeared:
            return
        self.appeared.add(reference)
        kind, system, local_id = reference.split(":", 2)
        self.targets[system].known.add(local_id)
        table = CrossReference(self.desk, self.clock, SimulatedIds(self.loop, self.chance))
        wish = Wish(kind, system, local_id)
        while not await self._try(lambda desk: table.bind([wish], by="op", again=True)):
            await asyncio.sleep(0.5)
        self.note(f"{reference} is bound")

    async def _decide(self, effect: Any) -> None:
        deed = self.oracle.deed_of(effect)
        if deed is not None and deed.pending:
            return
        answer = self.targets[effect.system].answers.get(effect.idempotency_key, {"number": "?"})
        verdict: Any = "done" if deed is not None and deed.done else "not_done"
        self.note(f"a person decides {effect.id}: {verdict}")
        await self._try(
            lambda desk: desk.decide_unknown(self.scope, effect.id, verdict, by="op", answer=answer)
        )

    # -- the end -------------------------------------------------------------------------------------------

    async def _rest(self) -> None:
        """Wait until nothing moves any more."""
        until = self.loop.time() + REST_S
        quiet = 0
        while quiet < 2:
            await asyncio.sleep(1.0)
            open_ends = self.oracle.open_ends()
            quiet = 0 if open_ends else quiet + 1
            if self.loop.time() > until:
                self.oracle.violations.append(f"never comes to rest: {'; '.join(open_ends[:5])}")
                return

    async def _restart_everything(self) -> None:
        """Whoever starts anew from the store finds the same state, and has nothing to do."""
        before = self.oracle.picture()
        for node in self._living():
            node.kill()
        self.start_node()
        await asyncio.sleep(CONFIG.lease_ttl_s * 2)
        after = self.oracle.picture()
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                self.oracle.violations.append(
                    f"a restart changed {name}: {before.get(name)} -> {after.get(name)}"
                )


_deployed: list[Any] = []
"""The rows of the release, as the first history wrote them."""


@cache
def _files() -> list[Any]:
    return files_of(processes.FILES)


async def _no_pause(_: str) -> None:
    return None
