"""The system clock: the one place where the hub reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back and go on while the process is stopped.

        A lease must run out while this process is stopped (SIGSTOP, a sleeping laptop), so the clock that
        counts suspended time is taken where the system has one.
        """
        return _steady()


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


_steady = _boottime if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
