"""Looking for calls so that nobody's backlog hides what others owe.

A poll reads what waits, oldest first, up to what a worker holds. Where one system's backlog fills that, the
poll goes on without that system. Where one process's backlog fills its system's queue, the others' calls are
looked for process by process. That look reads the whole backlog; so it takes a small share of the time only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from lineshaft.engine.calls import Calls
from lineshaft.engine.protection import Gate, Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.store.rows import Effect

LOOK_S: Final = 0.2
"""A system's backlog is looked through this seldom, at least …"""
SHARE: Final = 0.05
"""… and so seldom that it takes no more than this share of the time."""


class FairPolls:
    """Reads what is to be called."""

    def __init__(
        self, runtime: Runtime, calls: Calls, protection: Protection, wake: Callable[[], None]
    ) -> None:
        self._runtime = runtime
        self._calls = calls
        self._protection = protection
        self._not_before: dict[str, float] = {}
        """When a system's backlog may be looked through again, by the steady clock."""
        self._wake = wake
        self._wanted: set[str] = set()
        """Systems for which a poll will come because something is hidden there."""
        calls.on_hidden = self._hidden

    async def poll(self, lanes: frozenset[int], poll: int, room: int) -> bool:
        """Read what is to be called; return whether there may be more than was read."""
        runtime, calls = self._runtime, self._calls
        away = [*self._protection.turned_away(), ""]
        gates = [gate for gate in self._protection.gates() if gate.system not in away]
        marks = [gate.begin_poll() for gate in gates]
        full: set[str] = set()
        found_all = more = False
        try:
            while not found_all and room > 0:
                effects = await runtime.store.open_effects(
                    runtime.scope,
                    lanes,
                    runtime.clock.now(),
                    room,
                    without_systems=[*away, *full],
                    without_ids=calls.ids,
                )
                more = await self._take(effects, poll) == room
                found_all = len(effects) < room
                crowded = {gate.system for gate in gates if gate.is_full} - full
                if not crowded:
                    break
                full |= crowded
                room = runtime.config.in_hand_max - len(calls)
            for gate in gates:
                if gate.is_full and self._runtime.clock.monotonic() >= self._not_before.get(gate.system, 0.0):
                    await self._look(gate, lanes, poll)
            # Where there is room, nothing is hidden.
            self._wanted -= {gate.system for gate in gates if not gate.is_full}
        finally:
            for gate, mark in zip(gates, marks, strict=True):
                calls.end_poll(gate, mark, found_all=found_all and gate.system not in full)
        return more

    def _hidden(self, gate: Gate) -> None:
        """Let the next look come as soon as it may."""
        if gate.system not in self._wanted:
            self._wanted.add(gate.system)
            wait_s = self._not_before.get(gate.system, 0.0) - self._runtime.clock.monotonic()
            asyncio.get_running_loop().call_later(max(0.0, wait_s), self._wake)

    async def _look(self, gate: Gate, lanes: frozenset[int], poll: int) -> None:
        """Look through a system's backlog for the processes that are hidden by others."""
        runtime = self._runtime
        began = runtime.clock.monotonic()
        effects = await runtime.store.effects_in_turns(
            runtime.scope,
            lanes,
            runtime.clock.now(),
            gate.system,
            gate.room // 2,
            without_ids=self._calls.ids,
        )
        ended = runtime.clock.monotonic()
        self._wanted.discard(gate.system)
        self._not_before[gate.system] = ended + max(LOOK_S, (ended - began) / SHARE)
        await self._take(effects, poll)

    async def _take(self, effects: list[Effect], poll: int) -> int:
        """Hand over what was found, with the processes that are not known from memory."""
        unknown = {
            each.instance_id
            for each in effects
            if each.instance_id is not None and self._calls.flow_of(each) is None
        }
        runtime = self._runtime
        processes = await runtime.store.processes_of(runtime.scope, unknown) if unknown else {}
        return self._calls.take(effects, poll, processes)
