"""A source that one worker holds at a time: the lease of a sweep that must not run twice at once."""

from __future__ import annotations

from lineshaft.base.errors import Conflict, StoreUnavailable
from lineshaft.base.text import text
from lineshaft.engine.runtime import Runtime


class HeldSource:
    """The lease of a source; call ``hold`` before every part of the work."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self._name = name
        self._ttl_s = runtime.config.lease_ttl_s * 3
        self._until = 0.0

    @property
    def is_held(self) -> bool:
        """Tell whether it was taken and has not run out, by this process's steady clock."""
        return self.lasts(0.0)

    def lasts(self, margin_s: float) -> bool:
        """Tell whether it is held for longer than ``margin_s`` from now."""
        return self._runtime.clock.monotonic() < self._until - margin_s

    async def hold(self) -> None:
        """Take or prolong the lease, where it is due; raises ``Conflict`` where another worker has it."""
        runtime = self._runtime
        now = runtime.clock.monotonic()
        if now < self._until - self._ttl_s * 2 / 3:
            return
        if await runtime.store.acquire_source(runtime.keeper.worker, self._name, self._ttl_s) is None:
            self._until = 0.0
            raise Conflict(
                text("Another worker does this just now.", "另一个工作进程正在执行。"),
                code=f"{self._name}_busy",
            )
        self._until = now + self._ttl_s

    async def let_go(self) -> None:
        """Give it back."""
        self._until = 0.0
        try:
            await self._runtime.store.acquire_source(self._runtime.keeper.worker, self._name, 0.0)
        except StoreUnavailable as error:
            # It runs out by itself.
            self._runtime.observer.trouble(self._name, error)
