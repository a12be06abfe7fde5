"""The hub's clock never goes back, whatever the machine's does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.app import system_clock
from lineshaft.app.system_clock import SystemClock

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Machine(SystemClock):
    """A machine whose wall clock is set by the test."""

    shows = T0

    def wall(self) -> datetime:
        return self.shows


def test_clock_that_is_set_back_goes_on_at_half_its_speed_until_the_wall_clock_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steady = 100.0
    monkeypatch.setattr(system_clock, "_steady", lambda: steady)
    machine = Machine()
    assert machine.now() == T0

    machine.shows = T0 + timedelta(hours=1)
    assert machine.now() == machine.shows  # forwards at once

    machine.shows = T0 + timedelta(seconds=10)
    steady += 10
    assert machine.now() == T0 + timedelta(hours=1, seconds=5)

    machine.shows = T0 + timedelta(hours=2)
    assert machine.now() == machine.shows
