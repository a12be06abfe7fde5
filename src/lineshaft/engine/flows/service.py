"""The flows of the active release at work: each under a lease, on one worker at a time.

A worker that was stopped beyond its lease finds it run out by its own steady clock before it writes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.errors import Conflict, ConnectorError, HubError, LeaseLost
from lineshaft.base.text import text
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.model import Flow
from lineshaft.engine.flows.run import FlowRun, wait_after
from lineshaft.engine.flows.state import source_name
from lineshaft.engine.held import HeldSource
from lineshaft.engine.outages import SourceOutages

_IDLE_S: Final = 1.0
_BUSY_S: Final = 2.0


@dataclass(slots=True)
class Standing:
    """How a flow of this worker stands."""

    failures: int = 0
    error: HubError | None = None


class Flows:
    """All flows of the active release; this worker runs those whose lease it holds."""

    def __init__(
        self, ground: Ground, *, can_call: Callable[[str], bool], outages: SourceOutages | None = None
    ) -> None:
        self._ground = ground
        self._can_call = can_call
        self._outages = outages
        self._loops: list[asyncio.Task[None]] = []
        self._leases: list[HeldSource] = []
        self._under_way: set[asyncio.Task[float]] = set()
        self._wakes: dict[str, asyncio.Event] = {}
        self.standing: dict[str, Standing] = {}

    async def chosen(self) -> list[Flow]:
        """Return the flows of the active release."""
        release = await self._ground.runtime.releases.active()
        return list(release.flows) if release is not None else []

    async def start(self) -> None:
        """Begin to work; returns at once."""
        self._wakes = {flow.name: asyncio.Event() for flow in await self.chosen()}
        self._loops = [asyncio.create_task(self._run(flow)) for flow in await self.chosen()]

    async def stop(self) -> None:
        """End all rounds and give the leases back."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, *self._under_way, return_exceptions=True)
        self._loops = []
        for lease in self._leases:
            if lease.is_held:
                await lease.let_go()
        self._leases = []

    def wake(self, names: Iterable[str] | None = None) -> None:
        """Look for work now, of some flows or of all."""
        for name in self._wakes if names is None else names:
            wake = self._wakes.get(name)
            if wake is not None:
                wake.set()

    async def _run(self, flow: Flow) -> None:
        runtime = self._ground.runtime
        lease = HeldSource(runtime, source_name(flow.name))
        guard = Guarded(lease, self._ground, self._under_way)
        run = FlowRun(self._ground, flow, guard.check)
        standing = self.standing[flow.name] = Standing()
        where = f"flow {flow.name}"
        self._leases.append(lease)
        while True:
            wait_s = _IDLE_S
            try:
                if all(map(self._can_call, flow.systems)):
                    await guard.hold()
                    wait_s = await guard.within(run.round())
                    standing.failures, standing.error = 0, None
            except Conflict:
                wait_s = _BUSY_S
            except ConnectorError as error:
                standing.failures, standing.error = standing.failures + 1, error
                runtime.observer.trouble(where, error)
                wait_s = wait_after(error, standing.failures, flow.retry_gaps_s).total_seconds()
                await self._doubt(flow, standing.failures, error)
            except HubError as error:
                standing.error = error
                runtime.observer.trouble(where, error)
            except Exception as error:  # noqa: BLE001 - our bug must not end the other flows
                runtime.observer.bug(where, error)
                wait_s = flow.retry_gaps_s[-1]
            await self._pause(flow, guard, wait_s)

    async def _doubt(self, flow: Flow, failures: int, error: ConnectorError) -> None:
        """A system has failed again and again: perhaps it is away, then all hold back from it."""
        if self._outages is None or error.default_code != "unavailable":
            return
        for system in flow.systems:
            try:
                await self._outages.failed(system, "poll", failures, error)
            except HubError as trouble:
                self._ground.runtime.observer.trouble(f"outage of {system}", trouble)

    async def _pause(self, flow: Flow, guard: Guarded, wait_s: float) -> None:
        wake = self._wakes[flow.name]
        wake.clear()
        while wait_s > 0 and not wake.is_set():
            slice_s = min(wait_s, _IDLE_S)
            wait_s -= slice_s
            try:
                async with asyncio.timeout(slice_s):
                    await wake.wait()
            except TimeoutError:
                await guard.keep()
        await asyncio.sleep(0)


class Guarded:
    """A lease, and whether it may still be acted on."""

    def __init__(self, lease: HeldSource, ground: Ground, under_way: set[asyncio.Task[float]]) -> None:
        self._lease = lease
        self._ground = ground
        self._under_way = under_way

    async def hold(self) -> None:
        """Take or prolong it; raises ``Conflict`` where another worker has it."""
        await self._lease.hold()

    async def keep(self) -> None:
        """Prolong it where it is ours."""
        if self._lease.is_held:
            try:
                await self._lease.hold()
            except HubError as error:
                self._ground.runtime.observer.trouble("flow lease", error)

    def check(self) -> None:
        """Raise ``LeaseLost`` where it has run out, or is about to."""
        if not self._lease.lasts(self._ground.runtime.config.lease_margin_s):
            raise LeaseLost(
                text(
                    "The flow is not this worker's any more; nothing was sent.",
                    "该同步流已不属于本工作进程;未发送任何内容。",
                )
            )

    async def within(self, work: Coroutine[Any, Any, float]) -> float:
        """Let a round go on, prolonging the lease meanwhile."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        every_s = self._ground.runtime.config.heartbeat_s
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=every_s)
                if not task.done():
                    await self.keep()
            return task.result()
        finally:
            # ``stop`` waits for its end.
            task.cancel()
            task.add_done_callback(self._under_way.discard)
