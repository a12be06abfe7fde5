"""Sources: pollers that read what changed in a system. Each is leased, so that one worker reads it at a time.

The cursor moves only after the changes are durable as events; a read after a crash overlaps, and what was
taken in already is a duplicate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from lineshaft.base.errors import ConnectorError, HubError
from lineshaft.engine.intake import Intake, incoming_of
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.sdk import TriggerSpec
from lineshaft.store.rows import Cursor
from lineshaft.store.writes import PutCursor, Unit


@dataclass(frozen=True, slots=True)
class Poll:
    """One poller: a trigger of a system."""

    system: str
    trigger: TriggerSpec

    @property
    def name(self) -> str:
        """The poller's name: lease and cursor go by it."""
        return f"{self.system}/{self.trigger.name}"


class Sources:
    """All pollers of the release, of which this worker runs those whose lease it holds."""

    def __init__(
        self, runtime: Runtime, systems: Systems, intake: Intake, *, can_call: Callable[[str], bool]
    ) -> None:
        self._runtime = runtime
        self._systems = systems
        self._intake = intake
        self._can_call = can_call
        self._loops: list[asyncio.Task[None]] = []

    def polls(self) -> list[Poll]:
        """Return the pollers that the systems declare."""
        found = []
        for system in self._systems:
            connector = self._systems.connector(system)
            if connector is not None:
                found += [Poll(system, each) for each in connector.spec.triggers if each.kind == "poll"]
        return found

    async def start(self) -> None:
        """Begin to poll; returns at once."""
        self._loops = [asyncio.create_task(self._run(poll)) for poll in self.polls()]

    async def stop(self) -> None:
        """End all pollers; their leases run out or go with the worker."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _run(self, poll: Poll) -> None:
        runtime = self._runtime
        while True:
            more = False
            try:
                if self._can_call(poll.system):
                    lease = await runtime.store.acquire_source(
                        runtime.keeper.worker,
                        poll.name,
                        max(runtime.config.lease_ttl_s, poll.trigger.interval_s * 3),
                    )
                    if lease is not None:
                        more = await self.read_once(poll)
            except (ConnectorError, TimeoutError) as error:
                runtime.observer.trouble(f"poll {poll.name}", error)
            except HubError as error:
                runtime.observer.trouble(f"poll {poll.name}", error)
            except Exception as error:  # noqa: BLE001 - a connector's bug must not end the poller
                runtime.observer.bug(f"poll {poll.name}", error)
            if not more:
                await asyncio.sleep(poll.trigger.interval_s)

    async def read_once(self, poll: Poll) -> bool:
        """Read one page of changes and take it in; return whether there is more."""
        runtime = self._runtime
        connector = self._systems.connector(poll.system)
        assert connector is not None
        resource = poll.trigger.resource or poll.trigger.name
        known = await runtime.store.cursor(runtime.scope, poll.name)
        async with asyncio.timeout(60):
            page = await connector.changes(resource, known.position if known is not None else None)
        if page.changes:
            release = await runtime.releases.active()
            rule = release.source(poll.system, poll.trigger.name) if release is not None else None
            await self._intake.accept([incoming_of(poll.system, each, rule) for each in page.changes])
        version = known.version if known is not None else 0
        if known is None or page.cursor != known.position:
            cursor = Cursor(runtime.tenant, poll.name, page.cursor, version + 1, runtime.clock.now())
            result = (await runtime.store.commit([Unit([PutCursor(cursor, version)])]))[0]
            if result.error is not None:
                raise result.error
        return page.more
