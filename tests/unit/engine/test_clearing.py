"""When a backlog will be gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from lineshaft.engine.clearing import Clearing

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


def after(*counts: int) -> Clearing:
    clearing = Clearing(cast(Any, None))
    for number, count in enumerate(counts):
        clearing.seen(T0 + timedelta(seconds=10 * number), {"erp": count})
    return clearing


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1000,), None),
        ((1000, 1000), None),
        ((900, 1000), None),
        ((1000, 900), 90.0),
        ((500, 1000, 800, 600), 30.0),
        ((100, 0), 0.0),
        ((6000, *([5000] * 12), 4900), 490.0),
    ],
)
def test_backlog_clears_at_the_rate_at_which_it_becomes_smaller(
    counts: tuple[int, ...], expected: float | None
) -> None:
    assert after(*counts).clears_in_s("erp", counts[-1]) == expected


def test_system_that_nobody_has_looked_at_says_nothing() -> None:
    assert after(5, 4).clears_in_s("crm", 3) is None
