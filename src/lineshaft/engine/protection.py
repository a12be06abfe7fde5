"""Protecting targets: how much a system may be asked at once, and whether it may be asked at all.

One gate per system and worker. It holds the worker's share of the concurrency cap and of the rate, keeps
everything back while the system is paused or its circuit is open, and while one call finds out whether the
system is there at all (*suspect*): an outage is one event, not a thousand.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineshaft.base.clock import Clock
from lineshaft.store.rows import Effect, SystemState


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
    _waiting: list[tuple[int, float, str]] = field(default_factory=list)
    _waiting_ids: set[str] = field(default_factory=set)
    _askers: deque[tuple[str, asyncio.Future[bool]]] = field(default_factory=deque)
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
        return len(self._waiting_ids) >= self._room

    @property
    def _room(self) -> int:
        return max(100, 4 * self.concurrency_max)

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

    def begin_poll(self) -> int:
        """A poll begins to read what lies in the store; ``end_poll`` is told what this returns."""
        self._asked = False
        self._late = []
        return self._marks

    def comes_late(self, effect: Effect, payload: dict[str, Any] | None) -> bool:
        """Keep a new effect until the poll that reads now has ended, if one does and there is room."""
        if self._late is None or not self.skipped or self.is_closed or self.suspect is not None:
            return False
        if len(self._late) + len(self._waiting_ids) >= self._room:
            return False
        self._late.append((effect, payload))
        return True

    def end_poll(self, marks: int, *, found_all: bool) -> list[tuple[Effect, dict[str, Any] | None]]:
        """The poll has handed over what it found; return what has come meanwhile, where that may follow."""
        late, self._late = self._late or [], None
        if found_all and marks == self._marks:
            self.skipped = False
            return late
        if late:
            self.leave_behind()
        return []

    def make_room(self, priority: int, created: float, effect_id: str) -> str | None:
        """Return what waits here and is to go back into the store for an older one; ``None``: nothing."""
        if not self.is_full or self.is_closed or self.suspect is not None:
            return None
        newest = max(each for each in self._waiting if each[2] in self._waiting_ids)
        if newest <= (priority, created, effect_id):
            return None
        self.forget(newest[2])
        self.leave_behind()
        return newest[2]

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
        """How many effects and questions wait here."""
        return len(self._waiting_ids) + len(self._askers)

    def try_enter(self, effect_id: str) -> bool:
        """Reserve a place to call now; the caller must ``leave``."""
        if not self._has_place():
            return False
        if self.suspect is not None and self.suspect != effect_id:
            return False
        if (
            (self._waiting_ids or self.skipped)
            and self.suspect is None
            and effect_id not in self._waiting_ids
        ):
            # Older work waits already: new work queues behind it.
            return False
        if not self._take_allowance():
            return False
        self._calling.add(effect_id)
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

    def wait(self, effect_id: str, priority: int, created: float) -> None:
        """Keep an effect until there is a place; by priority, then oldest first."""
        if effect_id not in self._waiting_ids:
            self._waiting_ids.add(effect_id)
            heapq.heappush(self._waiting, (priority, created, effect_id))

    def is_waiting(self, effect_id: str) -> bool:
        """Tell whether this effect waits here."""
        return effect_id in self._waiting_ids

    def forget(self, effect_id: str) -> None:
        """The effect does not wait here any more."""
        self._waiting_ids.discard(effect_id)
        self.clear_suspicion(effect_id)

    def wants_more(self) -> bool:
        """Tell, once until the next poll, that there is room again for the older work in the store."""
        if not self.skipped or self._asked or self.is_closed or self.suspect is not None:
            return False
        self._asked = len(self._waiting_ids) * 2 < self._room
        return self._asked

    def next_waiting(self) -> str | None:
        """Return the next effect that may call now, with its place reserved; ``None`` if none may."""
        if self.suspect is not None:
            if self.suspect in self._waiting_ids and self.try_enter(self.suspect):
                self._waiting_ids.discard(self.suspect)
                return self.suspect
            return None
        while self._waiting:
            _, _, effect_id = self._waiting[0]
            if effect_id not in self._waiting_ids:
                heapq.heappop(self._waiting)
                continue
            if not self.try_enter(effect_id):
                return None
            heapq.heappop(self._waiting)
            self._waiting_ids.discard(effect_id)
            return effect_id
        return None

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
        waiting = [each for each in self._waiting_ids if each != stays]
        self._waiting = [each for each in self._waiting if each[2] == stays]
        self._waiting_ids.intersection_update({stays} if stays is not None else ())
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
