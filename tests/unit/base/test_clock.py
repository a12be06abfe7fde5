"""The clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lineshaft.base.clock import FixedClock


def test_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock()
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == clock.monotonic() == 0.0


def test_fixed_clock_moves_both_of_its_times() -> None:
    clock = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
    clock.advance(1.5)
    assert clock.now() == datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=1.5)
    assert clock.monotonic() == 1.5


def test_fixed_clock_gives_aware_times() -> None:
    assert FixedClock().now().utcoffset() == timedelta(0)
