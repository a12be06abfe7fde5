"""What people ask of a flow: pause, resume, run now, rewind. One small record; the flow's worker obeys it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lineshaft.feel import codec as values
from lineshaft.store.rows import Record

KIND: Final = "flow"


@dataclass(frozen=True, slots=True)
class Order:
    """How a flow is to run."""

    version: int = 0
    paused: bool = False
    by: str = ""
    reason: str = ""
    run: int = 0
    """The version at which a run was asked for last."""
    rewind: Mapping[str, str | None] = field(default_factory=dict)
    """By side: the position to read from (hex; ``None``: from the beginning)."""
    rewind_at: int = 0
    """The version at which that was asked for."""

    def content(self) -> bytes:
        """Return it as stored."""
        return values.encode(
            {
                "paused": self.paused,
                "by": self.by,
                "reason": self.reason,
                "run": self.run,
                "rewind": dict(self.rewind),
                "rewind_at": self.rewind_at,
            }
        )

    @classmethod
    def of(cls, row: Record | None) -> Order:
        """Return what a record says."""
        if row is None:
            return cls()
        found: Mapping[str, Any] = values.decode(row.content)
        return cls(
            row.version,
            bool(found["paused"]),
            found["by"],
            found["reason"],
            int(found["run"]),
            found["rewind"],
            int(found["rewind_at"]),
        )
