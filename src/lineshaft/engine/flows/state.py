"""How far a flow has come: one cursor row, moved by every commit of the flow.

Its version is the flow's fence: a worker that was stopped and has lost the lease cannot commit, because
another one has moved the row since.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from lineshaft.feel import codec as values
from lineshaft.store.rows import Cursor

DELAYS_S: Final = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400)
"""Upper bounds of the classes in which delays are counted; beyond the last there is one more."""
_KEPT: Final = 20


@dataclass(slots=True)
class SideState:
    """How far one side was read."""

    position: bytes | None = None
    drained: datetime | None = None
    """When the last reading that reached the end began."""
    read_at: datetime | None = None


@dataclass(slots=True)
class FlowState:
    """What stands in the row."""

    version: int = 0
    sides: dict[str, SideState] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    """Batches that are under way: their lines in the effect ledger."""
    handled: int = 0
    """The version of the last order of a person that was carried out."""
    due_at: datetime | None = None
    """When a schedule is due next."""
    running: bool = False
    """A run that was asked for, or that a schedule has begun, has not reached the end of its source."""
    counts: Counter[str] = field(default_factory=Counter)
    delays: list[int] = field(default_factory=lambda: [0] * (len(DELAYS_S) + 1))
    overdue: list[dict[str, Any]] = field(default_factory=list)
    """The newest records that took longer than they may: ``key``, ``seconds``, ``at``."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    """The newest errors: ``key``, ``system``, ``text``, ``at``."""

    def side(self, system: str) -> SideState:
        """Return how far a side was read."""
        return self.sides.setdefault(system, SideState())

    def delayed(self, key: str, seconds: float, limit_s: float | None, at: datetime) -> None:
        """Count how long a record took."""
        self.delays[bisect_left(DELAYS_S, seconds)] += 1
        if limit_s is not None and seconds > limit_s:
            self.counts["overdue"] += 1
            self.overdue = [*self.overdue, {"key": key, "seconds": round(seconds, 3), "at": at}][-_KEPT:]

    def failed(self, key: str, system: str, words: str, at: datetime) -> None:
        """Keep an error for whoever looks."""
        self.errors = [*self.errors, {"key": key, "system": system, "text": words, "at": at}][-_KEPT:]

    def copy(self) -> FlowState:
        """Return one that can be changed without changing this one."""
        return replace(
            self,
            sides={name: replace(side) for name, side in self.sides.items()},
            counts=Counter(self.counts),
            delays=list(self.delays),
        )

    def row(self, tenant: str, flow: str, now: datetime) -> Cursor:
        """Return the row that stands behind this one's version."""
        sides = {
            name: {"position": _hex(side.position), "drained": side.drained, "read_at": side.read_at}
            for name, side in self.sides.items()
        }
        content = {
            "sides": sides,
            "open": list(self.open),
            "handled": self.handled,
            "due_at": self.due_at,
            "running": self.running,
            "counts": dict(self.counts),
            "delays": self.delays,
            "overdue": self.overdue,
            "errors": self.errors,
        }
        return Cursor(tenant, source_name(flow), values.encode(content), self.version + 1, now)

    @classmethod
    def of(cls, row: Cursor | None) -> FlowState:
        """Return what a row says."""
        if row is None:
            return cls()
        found = values.decode(row.position)
        sides = {
            name: SideState(_bytes(side["position"]), side["drained"], side["read_at"])
            for name, side in found["sides"].items()
        }
        return cls(
            row.version,
            sides,
            tuple(found["open"]),
            int(found["handled"]),
            found["due_at"],
            bool(found["running"]),
            Counter({name: int(count) for name, count in found["counts"].items()}),
            [int(count) for count in found["delays"]],
            list(found["overdue"]),
            list(found["errors"]),
        )


def source_name(flow: str) -> str:
    """Return the name of a flow's cursor and lease."""
    return f"flow/{flow}"


def _hex(position: bytes | None) -> str | None:
    return None if position is None else position.hex()


def _bytes(position: str | None) -> bytes | None:
    return None if position is None else bytes.fromhex(position)
