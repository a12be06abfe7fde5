"""Bisecting a failing group: every bad unit is found with few trials, and order keeps its meaning."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from lineshaft.store.group import Refused, RowRefused, bisected
from lineshaft.store.writes import WRITTEN, Unit, UnitResult


class Database:
    """Refuses a group as long as it holds one of the bad units."""

    def __init__(self, units: Sequence[Unit], bad: set[int]) -> None:
        self.bad = {id(units[n]) for n in bad}
        self.trials = 0

    def _check(self, units: Sequence[Unit], refused: Refused) -> None:
        if any(id(unit) in self.bad and index not in refused for index, unit in enumerate(units)):
            raise RowRefused("planted")

    async def attempt(self, units: Sequence[Unit], refused: Refused) -> list[UnitResult]:
        self._check(units, refused)
        return [refused.get(index, WRITTEN) for index in range(len(units))]

    async def trial(self, units: Sequence[Unit], refused: Refused) -> None:
        self.trials += 1
        self._check(units, refused)


@pytest.mark.parametrize(
    ("count", "bad"),
    [
        (1, set()),
        (1, {0}),
        (2, {0, 1}),
        (7, {3}),
        (200, {0}),
        (200, {199}),
        (200, {5, 6, 150}),
        (13, set(range(13))),
    ],
)
async def test_bad_units_are_found_and_the_others_written(count: int, bad: set[int]) -> None:
    units = [Unit() for _ in range(count)]
    database = Database(units, bad)
    results = await bisected(units, database.attempt, database.trial)
    assert {index for index, result in enumerate(results) if result.status == "failed"} == bad
    assert database.trials <= len(bad) * math.ceil(math.log2(count) if count > 1 else 0)


async def test_refusal_that_no_unit_explains_is_raised() -> None:
    async def attempt(units: Sequence[Unit], refused: Refused) -> list[UnitResult]:
        raise RowRefused("always")

    async def trial(units: Sequence[Unit], refused: Refused) -> None:
        raise RowRefused("always")

    with pytest.raises(RowRefused, match="always"):
        await bisected([Unit(), Unit()], attempt, trial)
