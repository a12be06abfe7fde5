"""Today's figures are the same, however often and when somebody looks; a look counts only what is new."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from lineshaft.base.scope import Scope
from lineshaft.insight.activity import ActivityBook
from lineshaft.store import writes as w
from lineshaft.store.port import Activity, Store
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, settle, unit, written


class Counting:
    """Notes from when on each look counts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.spans: list[tuple[datetime, datetime | None]] = []

    async def activity(self, scope: Scope, since: datetime, **more: Any) -> list[Activity]:
        self.spans.append((since, more.get("until")))
        return await self._store.activity(scope, since, **more)


async def test_looks_agree_with_a_full_count_and_never_count_twice(store: Store) -> None:
    chance = random.Random(5)
    counting = Counting(store)
    book = ActivityBook(counting)  # type: ignore[arg-type]
    second = 0
    for round_ in range(6):
        units = []
        for number in range(20):
            second += chance.randrange(8)
            name = f"{round_}-{number}"
            system = chance.choice(["erp", "mes"])
            units.append(unit(w.InsertEffect(a.effect(name, system=system, created_at=at(second)))))
            source = chance.choice(["crm/order", "mes"])
            units.append(unit(w.InsertEvent(a.event(name, source=source, received_at=at(second)))))
        await store.commit(units)
        await written(store, settle(f"{round_}-3", "done", settled_at=at(second)))
        now = at(second + 1)
        assert await book.since(ENGINE, T0, now) == await store.activity(ENGINE, T0)
        assert await book.since(ENGINE, T0, now) == await store.activity(ENGINE, T0)
    assert await book.since(Scope.of_engine("other"), T0, at(second)) == []
    closed = [(since, until) for since, until in counting.spans if until is not None]
    assert all(until == following for (_, until), (following, _) in pairwise(closed[:-1]))
    opened = [since for since, until in counting.spans if until is None]
    assert at(second + 1) - opened[-2] <= timedelta(seconds=121)


async def test_failure_that_was_mended_is_not_shown_from_memory(store: Store) -> None:
    book = ActivityBook(store)
    failed = a.effect("f1", created_at=at(1), status="attempted", attempted_at=at(1), error_text="no")
    await written(store, w.InsertEffect(failed))
    [seen] = await book.since(ENGINE, T0, at(600))
    assert seen.error_text == "no"
    await written(store, settle("f1", "done", settled_at=at(601)))
    [seen] = await book.since(ENGINE, T0, at(700))
    assert (seen.calls, seen.error_text) == (1, None)
