"""Simulated time: a day may pass in a minute, and a restart goes on where it stopped.

The only place of plantbox that reads a clock. Simulated time is aware, in the plant's zone (+08:00); real
time is kept apart, for what must not be sped up: webhook time stamps and retries.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))
START = datetime(2026, 1, 5, 8, 0, tzinfo=ZONE)


def real_seconds() -> float:
    """Return the real time in Unix seconds."""
    return time.time()  # noqa: TID251 - plantbox stands alone; this is its only clock


class SimClock:
    """Simulated time that runs ``speed`` times as fast as real time from ``start``."""

    def __init__(self, start: datetime = START, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = start
        self._anchor = time.monotonic()  # noqa: TID251 - see above

    def now(self) -> datetime:
        """Return the simulated time, to the second."""
        passed = time.monotonic() - self._anchor  # noqa: TID251 - see above
        return (self._start + timedelta(seconds=passed * self.speed)).replace(microsecond=0)

    def text(self) -> str:
        """Return the simulated time as ISO 8601 with its offset."""
        return self.now().isoformat()

    def advance(self, hours: float) -> None:
        """Move simulated time on."""
        self._start += timedelta(hours=hours)

    def label(self, lang: str) -> str:
        """Return what every page shows: 仿真环境 · 1天=60秒."""
        seconds = 86400 / self.speed
        pace = f"{seconds:g}" if seconds < 100 else f"{seconds:.0f}"
        return f"仿真环境 · 1天={pace}秒" if lang == "zh" else f"Simulation · 1 day = {pace} s"
