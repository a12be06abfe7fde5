"""A worker: owns lanes, takes the work that is due in them, and carries it out.

Workers are equal and keep nothing: they meet in the store only. ``start`` makes one run, ``stop`` ends it in
good order (calls under way end, what they brought is committed, lanes are given back at once).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from lineshaft.base.clock import Clock
from lineshaft.base.errors import HubError, StoreError, StoreUnavailable
from lineshaft.base.ids import Ids
from lineshaft.engine.asking import Asking
from lineshaft.engine.calls import Calls
from lineshaft.engine.checks import Checks
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.jobs import Jobs
from lineshaft.engine.notices import Notices
from lineshaft.engine.outages import SourceOutages
from lineshaft.engine.protection import Protection
from lineshaft.engine.quotas import Quotas
from lineshaft.engine.router import Router
from lineshaft.engine.runtime import Observer, Runtime
from lineshaft.engine.schedules import Schedules
from lineshaft.engine.settle import Settle
from lineshaft.engine.starts import Starts
from lineshaft.engine.steps import RESTORED, Steps
from lineshaft.engine.systems import Operation, Systems
from lineshaft.feel import codec as values
from lineshaft.sdk import Connector
from lineshaft.store.port import Store
from lineshaft.store.rows import Effect, Event, Job


class Worker:
    """One worker."""

    def __init__(
        self,
        store: Store,
        connectors: Mapping[str, Connector],
        *,
        clock: Clock,
        ids: Ids,
        name: str,
        config: EngineConfig,
        observer: Observer,
    ) -> None:
        self.name = name
        self.config = config
        self.systems = Systems(connectors)
        self.runtime = Runtime(store, clock, ids, name, config, observer)
        self.protection = Protection(clock, self._limits)
        self.steps = Steps(self.runtime.instances, self.systems, ids, config, self, self._kernel_bug)
        self.steps.figures = self.runtime.figures
        self.notices = Notices(self.runtime, self._again, self.offer_job)
        settle = Settle(
            self.runtime,
            self.steps,
            self.protection,
            again=self._again,
            offer_job=self.offer_job,
            hold_back=self._hold_back,
            notices=self.notices,
        )
        self.calls = Calls(self.runtime, self.systems, self.protection, settle)
        self.calls.on_room = self.wake
        self.quotas = Quotas(self.runtime, self.protection, self.calls.pump_gate)
        self.protection.is_alone = self.quotas.is_alone
        self.protection.on_wanted = self.quotas.wanted
        self.asking = Asking(self.runtime, self.systems, self.protection, self.calls.pump_gate)
        starts = Starts(self.runtime)
        self.jobs = Jobs(self.runtime, self.steps, self._again, self.calls.let_go, starts)
        self.schedules = Schedules(self.runtime, self.steps, starts, self.offer_job)
        self.router = Router(self.runtime, self.steps, self.offer_job, self.notices)
        self.checks = Checks(
            self.runtime, self.systems, self.protection, self.offer_job, self._again, notices=self.notices
        )
        self.outages = SourceOutages(
            self.runtime, self.checks, self.protection, self.notices, hold_back=self._hold_back
        )
        self.jobs.handlers |= {
            "schedule": self.schedules.fire,
            "check": self.checks.check,
            "notice": self.notices.tell,
        }
        self.runtime.keeper.on_lost = self._lanes_lost
        self.runtime.keeper.on_gained = self._lanes_gained
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False

    # -- life --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to work; returns at once."""
        loops: list[Callable[[], Any]] = [self._beat, self._feed, self._listen]
        loops += [committer.run for committer in self.runtime.committers]
        loops.append(self.quotas.run)
        self._loops = [asyncio.create_task(loop()) for loop in loops]

    async def stop(self) -> None:
        """End in good order."""
        self._stopping = True
        beat, *others = self._loops
        feeders, committers = others[:2], others[2:]
        await _end(feeders)
        self.calls.stop()
        await self.runtime.drained(self.config.shutdown_s)
        for committer in self.runtime.committers:
            try:
                async with asyncio.timeout(self.config.shutdown_s):
                    await committer.flushed()
            except TimeoutError as error:
                self.runtime.observer.trouble("stop", error)
        await _end([beat, *committers])
        try:
            await self.runtime.keeper.stop()
        except StoreError as error:
            self.runtime.observer.trouble("stop", error)

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    # -- where new work goes (``Offers``) ----------------------------------------------------------------

    def admit(self, operation: Operation, effect_id: str) -> bool:
        """Reserve a place to call at once."""
        return not self._stopping and self.calls.admit(operation, effect_id)

    def give_back(self, operation: Operation, effect_id: str) -> None:
        """Give back what ``admit`` reserved."""
        self.calls.give_back(operation, effect_id)

    def offer_effect(self, effect: Effect, payload: dict[str, Any] | None, *, admitted: bool) -> None:
        """Hand over a new effect."""
        if admitted or not self._stopping:
            self.calls.offer(effect, payload, admitted=admitted)

    def offer_job(self, job: Job) -> None:
        """Hand over a new job."""
        if not self._stopping:
            self.jobs.offer(job)

    def offer_event(self, event: Event) -> None:
        """An event has become durable: look for it.

        It is taken from the store, not from here: an older event of its key may lie there that another
        worker took in, and new work queues behind old work.
        """
        if self.runtime.keeper.takes(event.lane):
            self.wake()

    def _again(self, effect: Effect, delay_s: float) -> None:
        """Take an effect in hand again in a while."""
        self.calls.again(effect, delay_s)

    # -- loops -------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Keep the leases, the shares and the systems' states up to date."""
        runtime = self.runtime
        knows_doubt = False
        while True:
            try:
                if not knows_doubt:
                    # Before the first lane is ours.
                    await self._read_doubt()
                    knows_doubt = True
                workers = await runtime.keeper.beat(runtime.is_busy)
                runtime.lives()
                self.quotas.workers = workers
                await runtime.releases.refresh()
                await self.schedules.follow()
                await self._read_system_states()
            except HubError as error:
                runtime.observer.trouble("heartbeat", error)
                if isinstance(error, StoreUnavailable):
                    runtime.health.bad("heartbeat", error)
            await asyncio.sleep(self.config.heartbeat_s)

    async def _read_doubt(self) -> None:
        """Learn whether the store was restored from a backup of a hub that went on."""
        restored = await self.runtime.store.record(self.runtime.scope, *RESTORED)
        if restored is not None:
            self.steps.doubt_before = values.decode(restored.content)["made_at"]
            self.steps.restored_at = restored.at

    async def _read_system_states(self) -> None:
        states = await self.runtime.store.system_states(self.runtime.scope)
        for system, state in states.items():
            gate = self.protection.gate(system)
            if gate.state is not None and gate.state.version > state.version:
                continue
            was_closed = gate.is_closed
            gate.state = state
            if gate.is_closed and not was_closed:
                self.calls.close_gate(gate)
            elif was_closed and not gate.is_closed:
                gate.clear_suspicion()
                self.wake()

    async def _listen(self) -> None:
        while True:
            try:
                async for lanes in self.runtime.store.listen():
                    if not lanes or lanes & self.runtime.keeper.lanes:
                        self.wake()
            except StoreUnavailable as error:
                self.runtime.observer.trouble("listen", error)
            await asyncio.sleep(self.config.poll_s)

    async def _feed(self) -> None:
        """Take what is due from the store into memory."""
        while True:
            wait_s = self.config.poll_s
            # Before the poll: whatever comes while it reads is looked for again.
            self._wake.clear()
            try:
                full = await self._poll()
                if full:
                    wait_s = min(wait_s, 0.01)
                else:
                    wait_s = await self._until_next()
            except StoreUnavailable as error:
                self.runtime.observer.trouble("poll", error)
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _poll(self) -> bool:
        """Read each queue once; return whether there is more than was read."""
        runtime = self.runtime
        lanes = runtime.keeper.lanes
        if not lanes:
            return False
        store, scope, now = runtime.store, runtime.scope, runtime.clock.now()
        config = self.config
        poll = runtime.freshness.begin_poll()
        more = False
        if any(gate.is_closed for gate in self.protection.gates()):
            # An outage ends for all workers at once, else one's backlog stands while another's goes out.
            await self._read_system_states()
        try:
            room = config.in_hand_max - len(self.jobs)
            if room > 0:
                jobs = await store.due_jobs(scope, lanes, now, room, without_ids=self.jobs.ids)
                more |= self.jobs.take(jobs, poll) == room
            room = config.in_hand_max - len(self.calls)
            if room > 0:
                more |= await self._poll_effects(lanes, poll, room)
            # No more events than there are places for the calls that they lead to.
            room = min(config.in_hand_max, self.calls.room) - len(self.router)
            if room <= 0:
                self.calls.held_back = True
            elif await runtime.releases.active() is not None:
                events = await store.open_events(scope, lanes, room)
                taken = self.router.take(events, poll)
                self.calls.held_back |= taken == room
        finally:
            runtime.freshness.end_poll(poll)
        self.calls.pump()
        return more

    async def _poll_effects(self, lanes: frozenset[int], poll: int, room: int) -> bool:
        """Read what is to be called; return whether there may be more than was read."""
        runtime, calls = self.runtime, self.calls
        away = [*self.protection.turned_away(), ""]
        gates = [gate for gate in self.protection.gates() if gate.system not in away]
        marks = [gate.begin_poll() for gate in gates]
        found_all = False
        try:
            effects = await runtime.store.open_effects(
                runtime.scope,
                lanes,
                runtime.clock.now(),
                room,
                without_systems=away,
                without_ids=calls.ids,
            )
            taken = calls.take(effects, poll)
            found_all = len(effects) < room
        finally:
            for gate, mark in zip(gates, marks, strict=True):
                calls.end_poll(gate, mark, found_all=found_all)
        return taken == room

    async def _until_next(self) -> float:
        if any(gate.is_closed for gate in self.protection.gates()):
            # So much may wait that looking for the next is dearer than looking again soon.
            return self.config.poll_s
        now = self.runtime.clock.now()
        due = await self.runtime.store.next_due(self.runtime.scope, self.runtime.keeper.lanes, now)
        if due is None or due - now > timedelta(seconds=self.config.poll_s):
            return self.config.poll_s
        return max(0.001, (due - now).total_seconds())

    def _hold_back(self, system: str) -> None:
        self.calls.close_gate(self.protection.gate(system))

    def _lanes_gained(self, lanes: frozenset[int]) -> None:
        del lanes
        for gate in self.protection.gates():
            # Older work may lie in them.
            gate.leave_behind()
        self.wake()

    def _kernel_bug(self, instance_id: str, error: BaseException) -> None:
        self.runtime.observer.bug(f"kernel {instance_id}", error)

    def _lanes_lost(self, lanes: frozenset[int]) -> None:
        self.runtime.instances.drop_lanes(lanes)
        self.calls.drop_lanes(lanes)

    def _limits(self, system: str) -> tuple[int, float | None]:
        connector = self.systems.connector(system)
        if connector is None:
            return 1, None
        return connector.spec.concurrency_max, connector.spec.rate_per_s_max


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
