"""Sources: what the release reads from systems, by polling or by listening, one worker at a time for each.

Which triggers are used, and how often, is what the release's ``sources`` say; a trigger that none of them
names is left alone. Each source is leased: without its lease nobody asks the system. The lease is renewed
while work is under way, and work that outlives it is broken off.

Events are durable before the cursor moves, and the cursor has moved before the next page is asked for: a
read after a crash overlaps, and what was taken in already is a duplicate. A listener is asked for its next
page only then, so a protocol with acknowledgements acknowledges nothing that could still be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, cast

from lineshaft.base.errors import ConnectorError, HubError, InputError, Unavailable
from lineshaft.base.text import text
from lineshaft.engine.intake import Intake, incoming_of
from lineshaft.engine.outages import SourceOutages
from lineshaft.engine.routes import SourceRule
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.sdk import ChangePage, Connector, Listener, TriggerSpec
from lineshaft.store.rows import Cursor
from lineshaft.store.writes import PutCursor, Unit

_READ_TIMEOUT_S: Final = 60.0
_LATE: Final = text("It did not answer in time.", "未在限定时间内应答。")
_LEASE_S_MAX: Final = 60.0
"""A crashed worker's sources go on after this, however seldom they are polled."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source that this worker may read."""

    rule: SourceRule
    trigger: TriggerSpec

    @property
    def system(self) -> str:
        """The system that is read."""
        return self.rule.system

    @property
    def name(self) -> str:
        """What its lease and its cursor go by."""
        return f"{self.rule.system}/{self.trigger.name}"

    @property
    def interval_s(self) -> float:
        """The pause between two polls: the release's word, else the manifest's."""
        return self.rule.interval_s or self.trigger.interval_s

    @property
    def resource(self) -> str:
        """What is read."""
        return self.trigger.resource or self.trigger.name


class Sources:
    """All polled and listened sources of the active release; this worker reads those whose lease it holds."""

    def __init__(
        self,
        runtime: Runtime,
        systems: Systems,
        intake: Intake,
        *,
        can_call: Callable[[str], bool],
        outages: SourceOutages | None = None,
    ) -> None:
        self._outages = outages
        self._runtime = runtime
        self._systems = systems
        self._intake = intake
        self._can_call = can_call
        self._loops: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[bool]] = set()
        self._held_until: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    async def chosen(self) -> list[Source]:
        """Return what the active release reads."""
        release = await self._runtime.releases.active()
        found = []
        for rule in release.sources if release is not None else ():
            if rule.kind == "webhook":
                continue
            trigger = self._trigger(rule)
            if trigger is None:
                error = LookupError(f"{rule.system} has no trigger {rule.trigger} to {rule.kind}")
                self._runtime.observer.trouble("source", error)
            else:
                found.append(Source(rule, trigger))
        return found

    def _trigger(self, rule: SourceRule) -> TriggerSpec | None:
        connector = self._systems.connector(rule.system)
        for each in connector.spec.triggers if connector is not None else ():
            if each.name == rule.trigger and each.kind == "poll":
                return each
        return None

    async def start(self) -> None:
        """Begin to read; returns at once."""
        self._loops = [asyncio.create_task(self._run(source)) for source in await self.chosen()]

    async def stop(self) -> None:
        """End all reading and give the leases back, so that another worker goes on at once."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, *self._under_way, return_exceptions=True)
        self._loops = []
        runtime = self._runtime
        for name in list(self._held_until):
            try:
                await runtime.store.acquire_source(runtime.keeper.worker, name, 0.0)
            except HubError as error:
                # It runs out by itself.
                runtime.observer.trouble(f"source {name}", error)
        self._held_until.clear()

    # -- one source ----------------------------------------------------------------------------------------

    async def _run(self, source: Source) -> None:
        observer = self._runtime.observer
        where = f"{source.rule.kind} {source.name}"
        while True:
            wait_s = self._lease_s(source) / 3
            try:
                if self._can_call(source.system) and await self._hold(source):
                    wait_s = await self._round(source)
            except (ConnectorError, TimeoutError) as error:
                observer.trouble(where, error)
                wait_s = self._gap_s(source)
                await self._doubt(source, error)
            except HubError as error:
                observer.trouble(where, error)
            except Exception as error:  # noqa: BLE001 - a connector's bug must not end the source
                observer.bug(where, error)
                wait_s = self._gap_s(source)
            await self._pause(source, wait_s)

    async def _doubt(self, source: Source, error: ConnectorError | TimeoutError) -> None:
        """A source has failed: perhaps its system is away."""
        if self._outages is None:
            return
        known = error if isinstance(error, ConnectorError) else Unavailable(_LATE, code="timeout")
        try:
            failures = self._failures.get(source.name, 0)
            await self._outages.failed(source.system, source.rule.kind, failures, known)
        except HubError as trouble:
            self._runtime.observer.trouble(f"outage of {source.system}", trouble)

    async def _round(self, source: Source) -> float:
        """Read once, or listen until it ends; return how long to wait before the next time."""
        connector: object = self._systems.connector(source.system)
        if source.rule.kind == "listen" and isinstance(connector, Listener):
            await self._under_lease(source, self._listen(source, connector))
            return 0.0 if self._can_call(source.system) else self._lease_s(source) / 3
        more = await self._under_lease(source, self.read_once(source))
        self._failures.pop(source.name, None)
        return 0.0 if more else source.interval_s

    async def read_once(self, source: Source) -> bool:
        """Read one page of changes and take it in; return whether there is more."""
        connector = cast(Connector, self._systems.connector(source.system))
        known = await self._cursor(source)
        async with asyncio.timeout(_READ_TIMEOUT_S):
            page = await connector.changes(source.resource, known.position if known is not None else None)
        await self._take(source, page, known)
        return page.more

    async def _listen(self, source: Source, connector: Listener) -> bool:
        """Take in what the system tells, page by page, until the connection ends."""
        known = await self._cursor(source)
        position = known.position if known is not None else None
        pages = cast(AsyncGenerator[ChangePage, None], connector.listen(source.resource, position))
        try:
            async for page in pages:
                known = await self._take(source, page, known)
                self._failures.pop(source.name, None)
        except (asyncio.CancelledError, Exception):
            await pages.aclose()
            raise
        return False

    async def _take(self, source: Source, page: ChangePage, known: Cursor | None) -> Cursor | None:
        """Make the events durable, then move the cursor."""
        runtime = self._runtime
        if page.changes:
            await self._intake.accept(
                [incoming_of(source.system, each, source.rule) for each in page.changes]
            )
            for change in page.changes:
                if change.doubt is not None:
                    where = f"{source.name} {change.subject}"
                    runtime.observer.trouble(where, InputError(change.doubt, code="documents_unreadable"))
        if known is not None and page.cursor == known.position:
            return known
        version = known.version if known is not None else 0
        moved = Cursor(runtime.tenant, source.name, page.cursor, version + 1, runtime.clock.now())
        result = (await runtime.store.commit([Unit([PutCursor(moved, version)])]))[0]
        if result.error is not None:
            raise result.error
        return moved

    async def _cursor(self, source: Source) -> Cursor | None:
        return await self._runtime.store.cursor(self._runtime.scope, source.name)

    # -- leases --------------------------------------------------------------------------------------------

    def _lease_s(self, source: Source) -> float:
        """How long a lease lasts: long enough that a poller keeps it between two polls."""
        least = self._runtime.config.lease_ttl_s
        wanted = 3 * source.interval_s if source.rule.kind == "poll" else least
        return min(max(least, wanted), max(least, _LEASE_S_MAX))

    async def _hold(self, source: Source) -> bool:
        """Take or prolong the lease; ``False`` where another worker reads this source."""
        runtime = self._runtime
        begun = runtime.clock.monotonic()
        ttl_s = self._lease_s(source)
        if await runtime.store.acquire_source(runtime.keeper.worker, source.name, ttl_s) is None:
            self._held_until.pop(source.name, None)
            return False
        self._held_until[source.name] = begun + ttl_s
        return True

    async def _under_lease(self, source: Source, work: Coroutine[Any, Any, bool]) -> bool:
        """Let ``work`` go on as long as the lease is ours and the system may be called."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        look_s = min(self._lease_s(source) / 3, self._runtime.config.heartbeat_s)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=look_s)
                if not task.done() and not (self._can_call(source.system) and await self._keep(source)):
                    task.cancel()
                    await asyncio.wait({task})
                    return False
            return task.result()
        finally:
            # ``stop`` waits for its end.
            task.cancel()
            task.add_done_callback(self._under_way.discard)

    async def _keep(self, source: Source) -> bool:
        """Prolong the lease; a database that is away takes it from us only when it has run out."""
        try:
            return await self._hold(source)
        except HubError as error:
            self._runtime.observer.trouble(f"lease {source.name}", error)
            until = self._held_until.get(source.name, 0.0)
            return self._runtime.clock.monotonic() < until - self._runtime.config.lease_margin_s

    async def _pause(self, source: Source, wait_s: float) -> None:
        """Wait, keeping a lease that is ours."""
        clock = self._runtime.clock
        until = clock.monotonic() + wait_s
        slice_s = self._lease_s(source) / 3
        while (left := until - clock.monotonic()) > 0:
            await asyncio.sleep(min(left, slice_s))
            if until - clock.monotonic() > 0 and source.name in self._held_until:
                await self._keep(source)

    def _gap_s(self, source: Source) -> float:
        """Return the pause after a failure: growing, never shorter than the interval of a poll."""
        gaps = self._runtime.config.check_gaps_s
        failures = self._failures[source.name] = self._failures.get(source.name, 0) + 1
        gap_s = gaps[min(failures, len(gaps)) - 1]
        return max(gap_s, source.interval_s) if source.rule.kind == "poll" else gap_s
