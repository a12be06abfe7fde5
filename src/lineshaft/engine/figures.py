"""What a worker counts while it works: plain numbers, cheap enough for the hot path.

Label values come from closed lists only (systems of the release, classes of outcomes): the number of series
cannot grow with the data. Who shows them (``lineshaft.insight.metrics``) is not known here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

STEP_S: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0)
CALL_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
DELAY_S: Final = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 86400.0)
COMMIT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
UNITS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 400, 1000)
LAG_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Histogram:
    """Counts values by upper bounds."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.buckets)


@dataclass(slots=True)
class Figures:
    """The figures of one worker since it started."""

    steps: Histogram = field(default_factory=lambda: Histogram(STEP_S))
    """Seconds that one step of a process took in the kernel and around it."""
    commits: Histogram = field(default_factory=lambda: Histogram(COMMIT_S))
    """Seconds of a group commit."""
    commit_units: Histogram = field(default_factory=lambda: Histogram(UNITS))
    """Units in a group commit."""
    loop_lag: Histogram = field(default_factory=lambda: Histogram(LAG_S))
    """Seconds that the event loop came late."""
    calls: dict[str, Histogram] = field(default_factory=dict)
    """Seconds that a system took to answer."""
    delays: dict[str, Histogram] = field(default_factory=dict)
    """Seconds from a write being owed to its being done, by system."""
    outcomes: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """By system and class: ``done`` or the class of the error."""
    dead_letters: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By system."""
    events: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By verdict: ``accepted``, ``duplicate``, ``failed``."""
    pruned: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Rows removed by retention, by table."""

    def done(self, system: str, seconds: float) -> None:
        """A write was done, this long after it was owed."""
        histogram = self.delays.get(system)
        if histogram is None:
            histogram = self.delays[system] = Histogram(DELAY_S)
        histogram.add(seconds)

    def called(self, system: str, outcome: str, seconds: float | None) -> None:
        """A call ended; ``seconds`` where an answer came or was waited for."""
        self.outcomes[system, outcome] += 1
        if seconds is not None:
            histogram = self.calls.get(system)
            if histogram is None:
                histogram = self.calls[system] = Histogram(CALL_S)
            histogram.add(seconds)
