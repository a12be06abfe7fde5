"""What is watched at every write: laws that no later write could make good again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lineshaft.store.memory import MemoryDatabase
from lineshaft.store.rows import FINAL_EFFECTS, DeadLetter, Effect, Event, Instance, SystemState
from simulation.loop import SimulatedClock


class Watchdog:
    """Looks at each row on its way into the database."""

    def __init__(self, database: MemoryDatabase, clock: SimulatedClock) -> None:
        self._clock = clock
        self.violations: list[str] = []
        self.openings: Counter[str] = Counter()
        """By system: how often its circuit opened."""
        self.steps = 0
        """Committed steps of instances."""
        self.trace: list[str] = []
        self._guard(database.effect, self._effect)
        self._guard(database.instance, self._instance)
        self._guard(database.dead_letter, self._letter)
        self._guard(database.event, self._event)
        self._guard(database.system_state, self._state)

    def note(self, what: str) -> None:
        """Keep what happened for the trace."""
        self.trace.append(f"{self._clock.monotonic():8.3f} {what}")

    def _guard(self, table: Any, look: Any) -> None:
        put = table.put
        rows = table.rows

        def guarded(row: Any) -> None:
            look(rows.get(_key(row)), row)
            put(row)

        table.put = guarded

    def _effect(self, old: Effect | None, new: Effect) -> None:
        self.note(f"effect {new.id} {new.system}.{new.operation} {new.status} #{new.attempts}")
        if old is None:
            return
        corrected = old.status == "cancelled" and new.status in ("done", "refused")
        if old.status in FINAL_EFFECTS and new.status != old.status and not corrected:
            self.violations.append(f"effect {new.id}: final {old.status} was overwritten by {new.status}")

    def _instance(self, old: Instance | None, new: Instance) -> None:
        self.steps += 1
        self.note(f"instance {new.id} {new.process_id} {new.status} v{new.version}")
        if old is None:
            return
        if old.status in ("completed", "terminated"):
            self.violations.append(f"instance {new.id} was changed after it had {old.status}")
        if new.version <= old.version:
            self.violations.append(f"instance {new.id} went from version {old.version} to {new.version}")

    def _letter(self, old: DeadLetter | None, new: DeadLetter) -> None:
        self.note(f"dead letter of {new.subject_id} {new.status} {'outage' if new.outage else ''}")
        if old is not None and old.status != "open":
            self.violations.append(f"dead letter {new.id}: {old.status} was overwritten by {new.status}")

    def _event(self, old: Event | None, new: Event) -> None:
        self.note(f"event {new.id} {'routed' if new.routed_at else 'taken in'} {new.note or ''}")
        if old is not None and old.routed_at is not None:
            self.violations.append(f"event {new.id} was routed twice")

    def _state(self, old: SystemState | None, new: SystemState) -> None:
        self.note(f"system {new.system} {new.circuit} {'paused' if new.paused else ''} v{new.version}")
        if new.circuit == "open" and (old is None or old.circuit == "closed"):
            self.openings[new.system] += 1


def _key(row: Any) -> Any:
    from lineshaft.store.shapes import row_key

    return row_key(row)
