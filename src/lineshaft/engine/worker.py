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
from lineshaft.engine.fair_polls import FairPolls
from lineshaft.engine.jobs import Jobs
from lineshaft.engine.notices import Notices
from lineshaft.engine.outages import SourceOutages
from lineshaft.engine.parking import Parking
from lineshaft.engine.protection import Protection
from lineshaft.engine.quotas import Quotas
from lineshaft.engine.router import Router
from lineshaft.engine.runtime import Observer, Runtime
from lineshaft.engine.schedules import Schedules
from lineshaft.engine.settle import Settle
from lineshaft.engine.starts import Starts
from lineshaft.engine.steps import RESTORED, Steps
from lineshaft.engine.systems import Operation, Systems
from lineshaft.engine.task_due import KIND as TASK_DUE
from lineshaft.engine.task_due import TaskDeadlines
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
        self.polls = FairPolls(self.runtime, self.calls, self.protection, self.wake)
        self.quotas = Quotas(self.runtime, self.protection, self.calls.pump_gate)
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
            TASK_DUE: TaskDeadlines(self.runtime, self.offer_job, self.notices).due,
            **Parking(self.runtime, self._again, self.offer_job, self.offer_event).handlers,
        }
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False
        self._held_back = False
        """Events stayed in the store because there was no room for what they would lead to."""
        self._only_events = True
        """Whoever woke the feeder since its last look asks for events only."""
        self._listen_to_each_other()

    def _listen_to_each_other(self) -> None:
        """Let the parts tell each other what happens."""
        self.calls.on_room = self.wake
        self.calls.on_left = self.router.on_routed = self._take_more
        self.protection.is_alone = self.quotas.is_alone
        self.protection.on_wanted = self.quotas.wanted
        self.runtime.keeper.on_lost = self._lanes_lost
        self.runtime.keeper.on_gained = self._lanes_gained

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
        self._only_events = False
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
                self.calls.pump()
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
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while True:
            whole = not self._only_events or loop.time() >= look_at
            # Before the poll: whatever comes while it reads is looked for again.
            self._wake.clear()
            self._only_events = True
            if whole:
                look_at = loop.time() + self.config.poll_s
            try:
                if not whole:
                    await self._poll_events(self.runtime.keeper.lanes)
                elif await self._poll():
                    look_at = loop.time() + min(self.config.poll_s, 0.01)
                else:
                    look_at = loop.time() + await self._until_next()
            except StoreUnavailable as error:
                self.runtime.observer.trouble("poll", error)
                look_at = loop.time() + self.config.poll_s
            try:
                async with asyncio.timeout_at(look_at):
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
                more |= await self.polls.poll(lanes, poll, room)
        finally:
            runtime.freshness.end_poll(poll)
        await self._poll_events(lanes)
        self.calls.pump()
        return more

    async def _poll_events(self, lanes: frozenset[int]) -> None:
        """Read events, as many as there is room for."""
        runtime = self.runtime
        room = self._room_for_events
        if room <= 0:
            self._held_back = True
            return
        if not lanes or await runtime.releases.active() is None:
            return
        poll = runtime.freshness.begin_poll()
        try:
            # Those in hand are open still, and the oldest.
            count = room + len(self.router)
            events = await runtime.store.open_events(runtime.scope, lanes, count)
            self.router.take(events, poll)
            self._held_back |= len(events) == count
        finally:
            runtime.freshness.end_poll(poll)

    @property
    def _room_for_events(self) -> int:
        """No more events than there are places for the calls that they lead to."""
        return min(self.config.in_hand_max, self.calls.room) - len(self.router)

    def _take_more(self) -> None:
        """A call or an event is over: look for the events that were left in the store.

        A quarter at a time: a look into the store costs much the same for one as for fifty. Many events lead
        to no call, so the end of calls alone would leave the rest to the next round of polling.
        """
        if self._held_back and self._room_for_events * 4 >= self.config.calls_max:
            self._held_back = False
            self._wake.set()

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
