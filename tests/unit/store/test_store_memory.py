"""The memory make as the simulation uses it: pauses, crashes, an absent database."""

from __future__ import annotations

import asyncio

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import StoreUnavailable
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from support import store_rows as a
from support.store_rows import ALL, ENGINE, unit


async def _open(database: MemoryDatabase, pause: object = None) -> MemoryStore:
    arguments = () if pause is None else (pause,)
    store = MemoryStore(database, FixedClock(), *arguments)  # type: ignore[arg-type]
    await store.open()
    return store


async def test_handle_killed_before_its_commit_writes_nothing() -> None:
    database = MemoryDatabase()

    async def pause(method: str) -> None:
        if method == "commit":
            store.kill()

    store = await _open(database, pause)
    with pytest.raises(StoreUnavailable, match="killed"):
        await store.commit([unit(w.InsertEvent(a.event()))])
    assert await (await _open(database)).open_events(ENGINE, ALL, 9) == []


async def test_handle_killed_after_its_commit_loses_the_answer_alone() -> None:
    database = MemoryDatabase()

    async def pause(method: str) -> None:
        if method == "committed":
            store.kill()

    store = await _open(database, pause)
    with pytest.raises(StoreUnavailable, match="killed"):
        await store.commit([unit(w.InsertEvent(a.event()))])
    assert len(await (await _open(database)).open_events(ENGINE, ALL, 9)) == 1


async def test_killed_handle_stays_dead_and_its_listener_ends() -> None:
    store = await _open(MemoryDatabase())
    listening = asyncio.ensure_future(anext(store.listen()))
    await asyncio.wait([listening], timeout=0)
    store.kill()
    with pytest.raises(StoreUnavailable):
        await listening
    with pytest.raises(StoreUnavailable):
        await store.open()
    with pytest.raises(StoreUnavailable):
        await store.counts(ENGINE)


async def test_absent_database_refuses_every_handle_until_it_is_back() -> None:
    database = MemoryDatabase()
    one, two = await _open(database), await _open(database)
    database.down = True
    for store in (one, two):
        with pytest.raises(StoreUnavailable, match="away"):
            await store.commit([unit(w.InsertEvent(a.event()))])
    database.down = False
    assert await one.commit([unit(w.InsertEvent(a.event()))]) == [w.WRITTEN]


async def test_every_method_pauses_before_it_touches_the_database() -> None:
    seen: list[str] = []

    async def pause(method: str) -> None:
        seen.append(method)

    store = await _open(MemoryDatabase(), pause)
    await store.acquire_lanes("one", 1, 1)
    await store.commit([])
    await store.counts(ENGINE)
    assert seen == ["open", "acquire_lanes", "commit", "committed", "counts"]
