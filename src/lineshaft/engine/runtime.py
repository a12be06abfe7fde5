"""What all parts of a worker share: the store, its own lanes, and the way a transaction becomes durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from lineshaft.base.clock import Clock
from lineshaft.base.errors import BadRow, StoreError, StoreUnavailable
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.committer import Committer
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.figures import Figures
from lineshaft.engine.health import StoreHealth
from lineshaft.engine.instances import Instances, Live
from lineshaft.engine.leases import LaneKeeper
from lineshaft.engine.releases import Releases
from lineshaft.engine.traces import Spans
from lineshaft.engine.transaction import Transaction
from lineshaft.engine.unsettled import Unsettled
from lineshaft.engine.words import storable
from lineshaft.store.port import Store
from lineshaft.store.writes import UnitResult


class Observer(Protocol):
    """Who is told what an operator should know; never given payloads or secrets."""

    def bug(self, where: str, error: BaseException) -> None:
        """Something raised that must not: ours to mend."""
        ...

    def trouble(self, where: str, error: BaseException) -> None:
        """The world does not play along (database away …); the hub goes on by itself."""
        ...


class Runtime:
    """One worker's common ground."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, worker: str, config: EngineConfig, observer: Observer
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.config = config
        self.observer = observer
        self.scope = Scope.of_engine(config.tenant)
        self.keeper = LaneKeeper(store, clock, worker, config)
        self.releases = Releases(store, self.scope)
        self.instances = Instances(store, self.releases, self.scope, config.live_instances_max)
        self.figures = Figures()
        self.spans: Spans | None = None
        """Where traces go; nowhere unless it is set."""
        self.committers = [
            Committer(store, self.keeper, config, self.figures) for _ in range(config.committers)
        ]
        self.health = StoreHealth(clock)
        for number, committer in enumerate(self.committers):
            committer.on_bug = observer.bug
            committer.on_trouble = partial(self._cannot_commit, f"commit {number}")
            committer.on_written = partial(self.health.good, f"commit {number}")
        self.freshness = Freshness()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lane_work: dict[int, int] = {}
        self._unsettled = Unsettled()

    def _cannot_commit(self, writer: str, error: StoreError) -> None:
        self.observer.trouble("commit", error)
        if isinstance(error, StoreUnavailable):
            self.health.bad(writer, error)

    def lives(self) -> None:
        """The store has taken a sign of life: what no commit waits for is no trouble any more."""
        self.health.good("heartbeat")
        for number, committer in enumerate(self.committers):
            if committer.is_idle:
                self.health.good(f"commit {number}")

    @property
    def tenant(self) -> str:
        """The tenant this worker works for."""
        return self.config.tenant

    def committer(self, lane: int | None) -> Committer:
        """Return the committer that keeps the order of ``lane``."""
        return self.committers[(lane or 0) % len(self.committers)]

    def begin(self, lane: int | None) -> Transaction:
        """Begin a transaction guarded by ``lane``."""
        return Transaction(self.clock.now(), lane)

    def submit(self, tx: Transaction, settled: Callable[[UnitResult], None]) -> None:
        """Make a transaction durable; then what waits for it is done, and ``settled`` is told.

        Must be called in the same turn of the loop in which the transaction touched live state.
        """

        self._unsettled.begin(tx.touched)

        def done(result: UnitResult) -> None:
            self._unsettled.end(tx.touched)
            if result.status == "written":
                for action in tx.after:
                    action()
            else:
                for instance_id in tx.touched:
                    self.instances.drop(instance_id)
                for action in tx.undo:
                    action()
            settled(result)

        try:
            unit = tx.finish()
        except Exception as error:  # noqa: BLE001 - a value without an encoding, such as half a character
            message = text(
                "Expected values that can be stored, but: {error}",
                "有无法存储的值:{error}",
                error=storable(f"{type(error).__name__}: {error}"),
            )
            problem = UnitResult("failed", BadRow(message))
            asyncio.get_running_loop().call_soon(done, problem)
            self.instances.abandon(tx.touched)
            return
        self.committer(tx.lane).submit(unit, done)

    async def write(self, tx: Transaction) -> UnitResult:
        """Make a transaction durable and wait for it."""
        future: asyncio.Future[UnitResult] = asyncio.get_running_loop().create_future()
        self.submit(tx, lambda result: None if future.done() else future.set_result(result))
        return await future

    async def live(self, instance_id: str, lane: int) -> Live | None:
        """Return an instance, waiting while the database is away; ``None``: none, or the lane is lost."""
        live = self.instances.held(instance_id)
        if live is not None:
            return live
        while self.keeper.holds(lane):
            await self._unsettled.over(instance_id)
            try:
                return await self.instances.get(instance_id)
            except StoreUnavailable as error:
                self.observer.trouble("load instance", error)
                await asyncio.sleep(self.config.commit_retry_s)
        return None

    # -- work under way ------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None], lane: int | None = None) -> None:
        """Run ``work`` for ``lane`` in the background; an exception that escapes it is a bug and is told."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        if lane is not None:
            self.enter(lane)

        def ended(finished: asyncio.Task[None]) -> None:
            self._tasks.discard(finished)
            if lane is not None:
                self.leave(lane)
            if not finished.cancelled() and (error := finished.exception()) is not None:
                self.observer.bug("work item", error)

        task.add_done_callback(ended)

    def enter(self, lane: int) -> None:
        """Work for ``lane`` has been given to somebody who will ``leave``."""
        self._lane_work[lane] = self._lane_work.get(lane, 0) + 1

    def leave(self, lane: int) -> None:
        """The work is over."""
        count = self._lane_work[lane] - 1
        if count:
            self._lane_work[lane] = count
        else:
            del self._lane_work[lane]

    def is_busy(self, lane: int) -> bool:
        """Tell whether work for ``lane`` is under way."""
        return lane in self._lane_work

    async def drained(self, within_s: float) -> None:
        """Wait until no work is under way, at most ``within_s``; then end what is left."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while (self._tasks or self._lane_work) and (left_s := end - loop.time()) > 0:
            if self._tasks:
                await asyncio.wait(set(self._tasks), timeout=left_s)
            # Whoever ended may have left work to another task, which begins with the next turn.
            await asyncio.sleep(0)
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(set(self._tasks))


class Freshness:
    """Tells whether a row that a poll returned is older than what this worker did since.

    A poll may have read the store before a commit that finished meanwhile. Every poll has a number;
    an item finished at number *n* is stale in the answers of polls up to *n*.
    """

    def __init__(self) -> None:
        self._polls = 0
        self._running: set[int] = set()
        self._finished: dict[str, int] = {}

    def begin_poll(self) -> int:
        """Take the number of a poll that begins now."""
        self._polls += 1
        self._running.add(self._polls)
        return self._polls

    def end_poll(self, poll: int) -> None:
        """The poll's answer has been worked through."""
        self._running.discard(poll)
        oldest = min(self._running, default=self._polls + 1)
        if len(self._finished) > 10_000 or not self._running:
            self._finished = {item: number for item, number in self._finished.items() if number >= oldest}

    def finished(self, item: str) -> None:
        """The item's fate was committed just now."""
        if self._running:
            self._finished[item] = self._polls

    def is_stale(self, item: str, poll: int) -> bool:
        """Tell whether this poll may have read ``item`` before its fate was committed."""
        return self._finished.get(item, 0) >= poll
