"""Protecting targets: how much a system may be asked at once, and whether it may be asked at all.

One gate per system and worker. It holds the worker's share of the concurrency cap and of the rate, keeps
everything back while the system is paused or its circuit is open, and while one call finds out whether the
system is there at all (*suspect*): an outage is one event, not a thousand.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.engine.fair_queue import FairQueue
from lineshaft.store.rows import Effect, SystemState

AHEAD: Final = 3
"""Effects that may be marked ahead of their calls, for each call that the cap allows at a time."""


@dataclass(slots=True)
class Gate:
    """One system's gate. ``wait`` takes what cannot go now; ``open_up`` returns what may go."""

    system: str
    clock: Clock
    concurrency_max: int
    rate_per_s_max: float | None = None
    state: SystemState | None = None
    suspect: str | None = None
    """The effect whose retries find out whether the system is there; the others wait meanwhile."""
    skipped: bool = True
    """Older work may lie in the store: new work must queue behind it, until a poll has found all of it."""
    lease_until: float = math.inf
    """Until when this worker's share of the cap is its own, by the steady clock."""
    _calling: set[str] = field(default_factory=set)
    _waiting: FairQueue = field(default_factory=FairQueue)
    _askers: deque[tuple[str, asyncio.Future[bool]]] = field(default_factory=deque)
    _coming: set[str] = field(default_factory=set)
    """Effects that are being written as marked, and will wait here."""
    _left: int = 0
    """New effects that have stayed in the store since the last poll."""
    _marks: int = 0
    """How often work was left in the store."""
    _asked: bool = False
    """A poll was asked for and has not begun yet."""
    _late: list[tuple[Effect, dict[str, Any] | None]] | None = None
    """What became durable while a poll was reading; ``None``: none reads."""
    _allowance: float = 1.0
    _counted_at: float | None = None
    _not_before: float = 0.0

    @property
    def is_closed(self) -> bool:
        """Tell whether nothing may be called: paused, or the circuit is open."""
        return self.state is not None and (self.state.paused or self.state.circuit == "open")

    def has_recovered_since(self, moment: datetime | None) -> bool:
        """Tell whether an outage of the system ended after ``moment``."""
        state = self.state
        if state is None or state.since is None or moment is None:
            return False
        return state.circuit == "closed" and moment < state.since

    @property
    def is_full(self) -> bool:
        """Tell whether so much waits here that more would only crowd out the other systems."""
        return len(self._waiting) >= self.room

    @property
    def room(self) -> int:
        """How many may wait here; the others stay in the store."""
        return max(100, 4 * self.concurrency_max)

    @property
    def free(self) -> int:
        """How many calls more may be under way."""
        return max(0, self.concurrency_max - len(self._calling))

    def turns_away(self, effect_id: str) -> bool:
        """Tell whether an effect had better stay in the store: closed, another is suspect, or full."""
        away = self.is_closed or (self.suspect != effect_id and (self.suspect is not None or self.is_full))
        if away:
            self.leave_behind()
        return away

    def leave_behind(self) -> None:
        """Work stays in the store: what is newer must not overtake it."""
        self.skipped = True
        self._marks += 1

    def stays_behind(self) -> None:
        """A new effect stays in the store, until a poll brings it at its place in the order."""
        self._left += 1
        self.leave_behind()

    def begin_poll(self) -> int:
        """A poll begins to read what lies in the store; ``end_poll`` is told what this returns."""
        self._asked = False
        self._left = 0
        self._late = []
        return self._marks

    def comes_late(self, effect: Effect, payload: dict[str, Any] | None) -> bool:
        """Keep a new effect until the poll that reads now has ended, if one does and there is room."""
        if self._late is None or not self.skipped or self.is_closed or self.suspect is not None:
            return False
        if len(self._late) + len(self._waiting) >= self.room:
            return False
        self._late.append((effect, payload))
        return True

    def found(self, effect_id: str) -> None:
        """The poll has brought an effect itself: the copy that came late would be called a second time."""
        if self._late:
            self._late = [each for each in self._late if each[0].id != effect_id]

    def end_poll(self, marks: int, *, found_all: bool) -> list[tuple[Effect, dict[str, Any] | None]]:
        """The poll has handed over what it found; return what has come meanwhile, where that may follow."""
        late, self._late = self._late or [], None
        if found_all and marks == self._marks:
            self.skipped = False
            return late
        if late:
            self.leave_behind()
        return []

    def make_room(self, priority: int, created: float, effect_id: str, flow: str) -> str | None:
        """Return what waits here and is to go back into the store for another one; ``None``: nothing.

        That is a newer one of the same process, or one of a process that has more places here.
        """
        if not self.is_full or self.is_closed or self.suspect is not None:
            return None
        displaced = self._waiting.displaced_by(priority, created, effect_id, flow)
        if displaced is not None:
            self.forget(displaced)
            self.leave_behind()
        return displaced

    def suspect_is(self, effect_id: str) -> None:
        """From now on only this effect is called, until it is known whether the system is there."""
        if self.suspect is None:
            self.suspect = effect_id

    def clear_suspicion(self, effect_id: str | None = None) -> bool:
        """The system answered, or ``effect_id`` is not ours any more; return whether that frees others."""
        if self.suspect is None or (effect_id is not None and self.suspect != effect_id):
            return False
        self.suspect = None
        return True

    @property
    def calling(self) -> int:
        """How many calls are under way."""
        return len(self._calling)

    @property
    def waiting(self) -> int:
        """How many effects and questions wait here, or are about to."""
        return len(self._waiting) + len(self._coming) + len(self._askers) + self._left

    def try_enter(self, effect_id: str) -> bool:
        """Reserve a place to call now; the caller must ``leave``."""
        if not self._has_place():
            return False
        if self.suspect is not None and self.suspect != effect_id:
            return False
        if (len(self._waiting) or self.skipped) and self.suspect is None and effect_id not in self._waiting:
            # Older work waits already: new work queues behind it.
            return False
        if not self._take_allowance():
            return False
        self._calling.add(effect_id)
        return True

    def try_queue(self, effect_id: str) -> bool:
        """Reserve a place in the short queue of what is marked already and waits only for a free place.

        None where the wait may be long: behind older work in the store, a rate, a pause, an outage.
        """
        if self.is_closed or self.suspect is not None or self.skipped or self.rate_per_s_max is not None:
            return False
        if self.clock.monotonic() < self._not_before:
            return False
        if len(self._waiting) + len(self._coming) >= AHEAD * self.concurrency_max:
            return False
        self._coming.add(effect_id)
        return True

    def arrives(self, effect_id: str) -> bool:
        """What was marked ahead has been written, or was not; return whether it had been."""
        if effect_id not in self._coming:
            return False
        self._coming.discard(effect_id)
        return True

    def ask(self, name: str) -> asyncio.Future[bool] | None:
        """Reserve a place for a question of another call (``None``: reserved), or queue for one.

        The caller must ``leave`` where it got a place; ``False`` comes where the system was closed meanwhile.
        """
        if not self._askers and self._has_place() and self._take_allowance():
            self._calling.add(name)
            return None
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._askers.append((name, place))
        return place

    def serve_askers(self) -> None:
        """Give questions the places that are free: a call under way waits for each of them."""
        while self._askers:
            name, place = self._askers[0]
            if not place.done():
                if not self._has_place() or not self._take_allowance():
                    return
                self._calling.add(name)
                place.set_result(True)
            self._askers.popleft()

    def _has_place(self) -> bool:
        if self.is_closed or len(self._calling) >= self.concurrency_max:
            return False
        return self.lease_until == math.inf or self.clock.monotonic() < self.lease_until

    def leave(self, effect_id: str) -> None:
        """The call of ``effect_id`` has ended."""
        self._calling.discard(effect_id)

    def wait(self, effect_id: str, priority: int, created: float, flow: str = "") -> None:
        """Keep an effect until there is a place: see ``FairQueue``."""
        self._waiting.add(effect_id, priority, created, flow)

    def hides(self, priority: int, flow: str) -> bool:
        """Tell whether the queue is filled by others, so that nothing of a process can have its turn."""
        return len(self._waiting) > 0 and not self._waiting.has(priority, flow)

    def is_waiting(self, effect_id: str) -> bool:
        """Tell whether this effect waits here."""
        return effect_id in self._waiting

    def forget(self, effect_id: str) -> None:
        """The effect does not wait here any more."""
        self._waiting.discard(effect_id)
        self.clear_suspicion(effect_id)

    def wants_more(self) -> bool:
        """Tell, once until the next poll, that there is room again for the older work in the store."""
        if not self.skipped or self._asked or self.is_closed or self.suspect is not None:
            return False
        self._asked = len(self._waiting) * 2 < self.room
        return self._asked

    def next_waiting(self) -> str | None:
        """Return the next effect that may call now, with its place reserved; ``None`` if none may."""
        if self.suspect is not None:
            if self.suspect in self._waiting and self.try_enter(self.suspect):
                self._waiting.discard(self.suspect)
                return self.suspect
            return None
        effect_id = self._waiting.first()
        if effect_id is None or not self.try_enter(effect_id):
            return None
        self._waiting.take(effect_id)
        return effect_id

    def drain(self) -> list[str]:
        """Let go of what waits; it stays in the store.

        While one call finds out whether the system is there, that one stays: nobody else would take it up.
        """
        while self._askers:
            _, place = self._askers.popleft()
            if not place.done():
                place.set_result(False)
        self.leave_behind()
        stays = self.suspect if not self.is_closed else None
        waiting = [each for each in self._waiting.ids if each != stays]
        for each in waiting:
            self._waiting.discard(each)
        return waiting

    def slow_down(self, wait_s: float) -> None:
        """The target asked for a pause."""
        self._not_before = max(self._not_before, self.clock.monotonic() + wait_s)

    def resumes_in_s(self) -> float | None:
        """Return the seconds until the rate allows the next call; ``None``: the rate does not hold it."""
        now = self.clock.monotonic()
        if now < self._not_before:
            return self._not_before - now
        if self.rate_per_s_max is not None and self._allowance < 1.0:
            return (1.0 - self._allowance) / self.rate_per_s_max
        return None

    def _take_allowance(self) -> bool:
        now = self.clock.monotonic()
        if now < self._not_before:
            return False
        if self.rate_per_s_max is None:
            return True
        if self._counted_at is not None:
            gained = (now - self._counted_at) * self.rate_per_s_max
            # No saving up: a burst after a pause would break the cap as the target counts it.
            self._allowance = min(1.0, self._allowance + gained)
        self._counted_at = now
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True


class Protection:
    """All gates of this worker."""

    def __init__(self, clock: Clock, limits: Callable[[str], tuple[int, float | None]]) -> None:
        self._clock = clock
        self._limits = limits
        self._gates: dict[str, Gate] = {}
        self.is_alone = True
        """Nobody else works on the store: every cap is this worker's own."""
        self.on_wanted: Callable[[], None] = lambda: None

    def gate(self, system: str) -> Gate:
        """Return a system's gate."""
        gate = self._gates.get(system)
        if gate is None:
            concurrency, rate = self.limits(system)
            gate = self._gates[system] = Gate(system, self._clock, concurrency, rate)
            if not self.is_alone:
                gate.concurrency_max, gate.lease_until = 0, 0.0
            self._begin(gate)
        return gate

    def gates(self) -> list[Gate]:
        """Return all gates."""
        return list(self._gates.values())

    def turned_away(self) -> list[str]:
        """Return the systems whose effects stay in the store for now."""
        return [gate.system for gate in self._gates.values() if gate.turns_away("")]

    def limits_changed(self) -> None:
        """A system was connected anew: take its limits over."""
        for gate in self._gates.values():
            self._begin(gate)

    def limits(self, system: str) -> tuple[int, float | None]:
        """Return a system's cap and rate, over all workers."""
        concurrency, rate = self._limits(system)
        return max(1, concurrency), rate

    def _begin(self, gate: Gate) -> None:
        concurrency, rate = self.limits(gate.system)
        if self.is_alone:
            gate.concurrency_max, gate.rate_per_s_max = concurrency, rate
        self.on_wanted()
