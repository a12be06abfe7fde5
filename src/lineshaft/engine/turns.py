"""Turns: calls share a task as long as they do not wait.

A task and a timer for every call cost more than the call itself where the target answers at once (an
operation within this process, an answer from memory). So one task makes the calls that are ready one after
another; as soon as one of them has to wait, that call keeps its task and the next ones go on in another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from lineshaft.engine.runtime import Runtime

STRETCH_MAX: Final = 50
"""Calls that one task makes before everything else has its turn."""


class Turn:
    """The task of some calls."""

    def __init__(self) -> None:
        self.is_over = False
        """It has waited once, or it has had its stretch: it ends with the call it is at."""
        self._limit: asyncio.Timeout | None = None
        self._seconds = 0.0

    def within(self, seconds: float) -> asyncio.Timeout:
        """Return the time limit of the next await; it has a timer only if that has to wait.

        ``returned`` must be called afterwards.
        """
        limit = asyncio.timeout(seconds if self.is_over else None)
        if not self.is_over:
            self._limit, self._seconds = limit, seconds
        return limit

    def returned(self) -> None:
        """What had a limit is over."""
        self._limit = None

    def end(self) -> None:
        """Take no more calls; what is waited for now gets its timer."""
        self.is_over = True
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)


class _Ready(NamedTuple):
    work: Callable[[str, Turn], Awaitable[None]]
    effect_id: str
    lane: int


class Turns:
    """Carries out what is ready, in the order in which it was given."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ready: deque[_Ready] = deque()
        self._is_taken = False
        """A task will look at what is ready without waiting for anything."""

    def put(self, work: Callable[[str, Turn], Awaitable[None]], effect_id: str, lane: int) -> None:
        """Carry out ``work(effect_id, turn)`` soon; an exception that escapes it is a bug and is told."""
        self._runtime.enter(lane)
        self._ready.append(_Ready(work, effect_id, lane))
        if not self._is_taken:
            self._next()

    def _next(self) -> None:
        self._is_taken = True
        self._runtime.spawn(self._run(Turn()))

    async def _run(self, turn: Turn) -> None:
        asyncio.get_running_loop().call_soon(self._look, turn)
        for _ in range(STRETCH_MAX):
            if turn.is_over or not self._ready:
                return
            work, effect_id, lane = self._ready.popleft()
            try:
                await work(effect_id, turn)
            except Exception as error:  # noqa: BLE001 - one call's bug must not take the others with it
                self._runtime.observer.bug("work item", error)
            finally:
                self._runtime.leave(lane)

    def _look(self, turn: Turn) -> None:
        """The task of ``turn`` waits, or has ended."""
        turn.end()
        self._is_taken = False
        if self._ready:
            self._next()
