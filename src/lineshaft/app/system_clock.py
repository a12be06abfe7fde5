"""The system clock: the one place where the hub reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's own time, which never goes back.

    Where the machine's wall clock is set back by an hour, what was due at once would be due in an hour, and
    new work would stand before old. So this clock goes on, at half its speed, until the wall clock is there.
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)
        self._counted_at = 0.0

    def wall(self) -> datetime:
        """Return what the machine's clock shows."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC; never earlier than before."""
        wall, counted_at = self.wall(), _steady()
        if wall < self._last:
            wall = self._last + timedelta(seconds=max(0.0, counted_at - self._counted_at) / 2)
        self._last, self._counted_at = wall, counted_at
        return wall

    def monotonic(self) -> float:
        """Return seconds that never go back and go on while the process is stopped.

        A lease must run out while this process is stopped (SIGSTOP, a sleeping laptop), so the clock that
        counts suspended time is taken where the system has one.
        """
        return _steady()


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


_steady = _boottime if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
