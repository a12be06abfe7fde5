"""An event loop without a machine behind it: virtual time, and chance decides who runs next.

Every callback belongs to a *process* (by a context variable that tasks inherit), so that one simulated node
can be stopped, paused or killed between any two of its callbacks, which is at every ``await``. Within one
process callbacks run in the order in which they became ready, as in asyncio, unless the loop is told to
shuffle them; between processes a seeded choice decides. Time stands still while anybody can run and then
jumps to the next timer.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context, ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LIVELOCK_STEPS = 50_000
"""So many callbacks at one instant mean that somebody turns in a circle."""


class Livelock(AssertionError):
    """Callbacks follow each other without end while time stands still."""


class Process:
    """What lives and dies together: one simulated operating-system process."""

    __slots__ = ("alive", "dies_in", "name", "paused", "ready", "tasks")

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready: deque[Handle] = deque()
        self.alive = True
        self.paused = False
        self.dies_in = -1
        """How many more callbacks it runs before it is killed; -1: it is not to die."""
        self.tasks: list[asyncio.Task[Any]] = []

    def __repr__(self) -> str:
        return self.name


OUTSIDE = Process("outside")
_process: ContextVar[Process] = ContextVar("process", default=OUTSIDE)


class Handle:
    """A callback to run, now or at ``at``."""

    __slots__ = ("args", "at", "callback", "context", "gone", "process")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None, at: float
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = context if context is not None else contextvars.copy_context()
        self.process = self.context.get(_process, OUTSIDE)
        self.at = at
        self.gone = False

    def cancel(self) -> None:
        self.gone = True

    def cancelled(self) -> bool:
        return self.gone

    def when(self) -> float:
        return self.at


class SimulatedLoop(asyncio.AbstractEventLoop):
    """The loop. ``seed`` decides everything it decides."""

    def __init__(self, chance: random.Random, *, shuffle: float = 0.0) -> None:
        self._random = chance.random
        self.shuffle = shuffle
        self._time = 0.0
        self._timers: list[tuple[float, int, Handle]] = []
        self._count = 0
        self._active: list[Process] = []
        self._closed = False
        self._running = False
        self.steps = 0
        self.errors: list[dict[str, Any]] = []
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], Process] = WeakKeyDictionary()
        self.process_now = OUTSIDE
        """Whose callback is running."""
        self.on_death: Callable[[Process], None] = lambda process: None

    # -- what asyncio asks of a loop -----------------------------------------------------------------

    def time(self) -> float:
        return self._time

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, context, self._time)
        self._enqueue(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        return self.call_at(self._time + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, context, when)
        if handle.process.alive and not self._closed:
            self._count += 1
            heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        # A killed process leaves its tasks pending for ever: that is what a crash is.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks[task] = (context.get(_process) if context else None) or _process.get()
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True
        self._timers.clear()
        for process in self._active:
            process.ready.clear()
        self._active.clear()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def unheard(self) -> Iterator[asyncio.Task[Any]]:
        """Yield the tasks that failed and whose error nobody asked for.

        asyncio tells of them when the garbage collector comes by, which is not for chance to decide. What a
        killed process left behind is no error of its own.
        """
        for task, process in list(self._tasks.items()):
            if process.alive and task.done() and task._log_traceback:  # type: ignore[attr-defined]
                yield task

    # -- processes -------------------------------------------------------------------------------------

    def spawn(self, process: Process, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as part of ``process``; all that follows from it belongs to it too."""
        context = contextvars.copy_context()
        context.run(_process.set, process)
        return context.run(self.create_task, coroutine)

    def kill(self, process: Process) -> None:
        """End a process: nothing of it ever runs again."""
        process.alive = False
        process.dies_in = -1
        process.ready.clear()
        if process in self._active:
            self._active.remove(process)
        self.on_death(process)

    def pause(self, process: Process) -> None:
        """Stop a process between two callbacks; its timers and answers wait for it."""
        process.paused = True
        if process in self._active:
            self._active.remove(process)

    def go_on(self, process: Process) -> None:
        """Let a paused process run again."""
        process.paused = False
        if process.ready and process.alive and process not in self._active:
            self._active.append(process)

    # -- running ---------------------------------------------------------------------------------------

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run until ``main`` is done."""
        asyncio._set_running_loop(self)
        self._running = True
        try:
            task = self.create_task(main)
            instant, since = -1.0, 0
            active = self._active
            while not task.done():
                if not active:
                    self._advance()
                    continue
                if self._time != instant:
                    instant, since = self._time, self.steps
                elif self.steps - since > LIVELOCK_STEPS:
                    raise Livelock(f"{LIVELOCK_STEPS} callbacks at {instant:.3f} s: {active}")
                self._turn(active)
            return task.result()
        finally:
            self._running = False
            asyncio._set_running_loop(None)

    def _turn(self, active: list[Process]) -> None:
        process = active[int(self._random() * len(active))] if len(active) > 1 else active[0]
        ready = process.ready
        if self.shuffle and len(ready) > 1 and self._random() < self.shuffle:
            ready.rotate(-int(self._random() * len(ready)))
        handle = ready.popleft()
        if not ready:
            active.remove(process)
        if handle.gone:
            return
        self.steps += 1
        self.process_now = process
        try:
            handle.context.run(handle.callback, *handle.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - reported with the history
            self.errors.append({"message": f"callback {handle.callback}", "exception": error})
        if process.dies_in > 0:
            process.dies_in -= 1
            if process.dies_in == 0:
                self.kill(process)

    def _enqueue(self, handle: Handle) -> None:
        process = handle.process
        if not process.alive or self._closed:
            return
        if not process.ready and not process.paused:
            self._active.append(process)
        process.ready.append(handle)

    def _advance(self) -> None:
        timers = self._timers
        while timers and (timers[0][2].gone or not timers[0][2].process.alive):
            heapq.heappop(timers)
        if not timers:
            raise Livelock("Nothing is left to do, yet the history has not ended.")
        self._time = max(self._time, timers[0][0])
        while timers and timers[0][0] <= self._time:
            handle = heapq.heappop(timers)[2]
            if not handle.gone:
                self._enqueue(handle)


class SimulatedClock:
    """A node's clocks on the loop's time. ``skew_s`` is how wrong its wall clock is."""

    def __init__(self, loop: SimulatedLoop, skew_s: float = 0.0) -> None:
        self._loop = loop
        self._start = START + timedelta(seconds=skew_s)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()
