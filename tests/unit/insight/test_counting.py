"""Counting goes on a share of the time, whoever and however often one asks."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from lineshaft.base.clock import FixedClock
from lineshaft.base.scope import Scope
from lineshaft.insight.counting import Counting
from lineshaft.store.port import Store


class Slow:
    """A store that takes a second to count."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.asked: list[Any] = []

    async def counts(self, scope: Scope) -> dict[str, int]:
        self.asked.append(scope.departments)
        self.clock.advance(1)
        return {"active": len(self.asked)}


async def test_what_took_long_is_counted_rarely_and_for_each_scope_alone() -> None:
    clock = FixedClock()
    store = Slow(clock)
    counting = Counting(cast(Store, store), clock)
    everybody, north = Scope("default"), Scope("default", frozenset({"north"}))

    answers = await asyncio.gather(*(counting.counts(everybody) for _ in range(20)))
    assert {each["active"] for each in answers} == {1}
    assert (await counting.counts(north))["active"] == 2
    clock.advance(18)
    assert (await counting.counts(everybody))["active"] == 1
    clock.advance(2)
    assert (await counting.counts(everybody))["active"] == 3
