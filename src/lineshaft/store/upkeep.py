"""Upkeep: what the store is asked for beside the daily work, in slices that hold no lock for long.

Values only; ``port.Upkeep`` is the port, ``pruning`` says once for both SQL makes what may go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

Kept = Literal[
    "instances", "effects", "events", "event_keys", "dead_letters", "messages", "documents", "notices"
]
KEPT: Final[tuple[Kept, ...]] = get_args(Kept)
"""The kinds of record that are kept for a time, in the order in which they are pruned."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What has had its time: records of one kind that were over before a moment.

    ``instances``: ended runs with their scopes, variables, history, effects, tasks (with what was
    done with them) and incidents; none while
    another run of its business key, its parent or a child is under way, or an effect of it is open.
    ``effects``: settled ones of no run. ``events``: routed ones, none whose key has a run under way or that
    stands in an open dead letter. ``event_keys``: by which a repeated event is known; none whose event is
    still there. ``dead_letters``: closed ones. ``messages``: by the end of their life. ``documents``: with
    their lines and links; none whose key has a run under way, or that is linked to a newer one. ``notices``:
    closed alerts, briefings that were sent, entries of people's boxes.
    """

    kind: Kept
    before: datetime
    by_process: Mapping[str, datetime] = field(default_factory=dict)
    """Instances of these processes go by another moment; ``datetime.min`` (aware) keeps them for ever."""

    def before_of(self, process_id: str) -> datetime:
        """Return the moment for the runs of a process."""
        return self.by_process.get(process_id, self.before)

    @property
    def latest(self) -> datetime:
        """The latest of all moments."""
        return max((self.before, *self.by_process.values()))


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice did. ``counts`` are rows by table; ``next`` goes on after it, ``None``: at the end."""

    examined: int
    counts: Mapping[str, int]
    next: str | None = None
    seconds: float = 0.0
    """How long its transaction was open, without what it waited for its turn."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row in which a text stands: the columns that may hold it, as they are stored."""

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]
    """Encoded values as bytes, others as text."""
    is_live: bool
    """Whether work that is under way still needs it."""


@dataclass(frozen=True, slots=True)
class FoundRows:
    """What a part of a table holds; ``next`` goes on after it, ``None``: at the end."""

    rows: Sequence[FoundRow]
    examined: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """New values for columns of a row that was found; the others stay."""

    row: FoundRow
    new: Mapping[str, Any]
