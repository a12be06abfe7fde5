"""What PostgreSQL does when its server goes away, and how the store comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lineshaft.base.errors import StoreUnavailable
from lineshaft.store import writes as w
from lineshaft.store.postgres import PostgresStore
from support import store_rows as a
from support.postgres import missing
from support.store_rows import ALL, ENGINE, statuses, unit, written
from tools import postgres


@pytest.fixture
def server() -> Iterator[postgres.ThrowAwayPostgres]:
    """A PostgreSQL of our own, to stop and start."""
    programs = postgres.find_programs()
    if programs is None:
        missing("no PostgreSQL programs on this machine")
    assert programs is not None
    made = postgres.ThrowAwayPostgres(programs)
    try:
        made.create()
        made.start()
        yield made
    finally:
        made.stop()


class _Writer:
    """Takes events in, one group after another, and repeats a group whose outcome it does not know."""

    def __init__(self, store: PostgresStore, name: str) -> None:
        self.store, self.name = store, name
        self.stored = 0
        self.failures = 0
        self.stop = asyncio.Event()

    async def run(self) -> None:
        while not self.stop.is_set():
            names = [f"{self.name}-{self.stored + n}" for n in range(10)]
            try:
                results = await self.store.commit([unit(w.InsertEvent(a.event(name))) for name in names])
            except StoreUnavailable:
                self.failures += 1
                await asyncio.wait([asyncio.ensure_future(self.stop.wait())], timeout=0.02)
                continue
            assert set(statuses(results)) <= {"written", "duplicate"}
            self.stored += 10

    async def has_stored(self, count: int) -> None:
        while self.stored < count:
            await asyncio.wait([asyncio.ensure_future(self.stop.wait())], timeout=0.01)


async def test_restart_under_load_loses_nothing_and_the_store_comes_back(
    server: postgres.ThrowAwayPostgres,
) -> None:
    store = PostgresStore(server.url, connections=3, connect_timeout_s=5)
    await store.open()
    writers = [_Writer(store, f"w{n}") for n in range(4)]
    running = [asyncio.ensure_future(writer.run()) for writer in writers]
    for _ in range(2):
        await asyncio.gather(*[writer.has_stored(writer.stored + 30) for writer in writers])
        await asyncio.to_thread(server.halt)
        with pytest.raises(StoreUnavailable):
            await store.counts(ENGINE)
        await asyncio.to_thread(server.start)
        await asyncio.gather(*[writer.has_stored(writer.stored + 30) for writer in writers])
    for writer in writers:
        writer.stop.set()
    await asyncio.gather(*running)
    stored = {row.id for row in await store.open_events(ENGINE, ALL, 99_999)}
    expected = {f"{writer.name}-{n}" for writer in writers for n in range(writer.stored)}
    assert stored == expected
    assert all(writer.failures for writer in writers)
    await store.close()


async def test_listener_comes_back_after_a_restart(server: postgres.ThrowAwayPostgres) -> None:
    one, two = PostgresStore(server.url), PostgresStore(server.url)
    await one.open()
    await two.open()
    woken: list[frozenset[int]] = []

    async def listen() -> None:
        async for lanes in two.listen():
            woken.append(lanes)

    listening = asyncio.ensure_future(listen())

    async def put_until_heard(prefix: str, lane: int) -> None:
        number = 0
        while frozenset({lane}) not in woken:
            number += 1
            try:
                await written(one, w.PutJob(a.job(f"{prefix}{number}", lane=lane)))
            except StoreUnavailable:
                continue
            await asyncio.wait([listening], timeout=0.02)

    await put_until_heard("before", 9)
    await asyncio.to_thread(server.halt)
    await asyncio.to_thread(server.start)
    await put_until_heard("after", 200)
    assert frozenset(range(256)) in woken
    listening.cancel()
    await one.close()
    await two.close()


async def test_commit_that_hangs_is_ended_by_the_server_before_its_lanes_change_hands(
    postgres_dsn: str,
) -> None:
    stuck, other = PostgresStore(postgres_dsn, stuck_timeout_s=0.3), PostgresStore(postgres_dsn)
    await stuck.open()
    await other.open()
    leases = await stuck.acquire_lanes("stuck", 256, 0.1)
    assert len(leases) == 256
    async with stuck._connection() as connection:
        from lineshaft.store.postgres.leases import lock_of

        await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock_shared({lock_of('stuck')})")
        await connection.execute("INSERT INTO content VALUES ('default', 'd', '')")
        taken: list[object] = []
        while not taken:
            taken += await other.acquire_lanes("other", 256, 60)
        assert len(taken) == 256
        assert await other._read(lambda c: c.fetchval("SELECT count(*) FROM content WHERE digest = 'd'")) == 0
    await stuck.close()
    await other.close()


async def test_absent_server_is_named_without_its_password() -> None:
    port = postgres.free_port()
    store = PostgresStore(f"postgresql://postgres:secret@127.0.0.1:{port}/none", connect_timeout_s=2)
    with pytest.raises(StoreUnavailable) as error:
        await store.open()
    assert f"127.0.0.1:{port}/none" in str(error.value)
    assert "secret" not in str(error.value)


async def test_cancelled_commit_leaves_no_transaction_behind(postgres_dsn: str) -> None:
    store = PostgresStore(postgres_dsn, connections=2)
    await store.open()
    for number in range(20):
        group = [unit(w.InsertEvent(a.event(f"c{number}-{n}"))) for n in range(50)]
        commit = asyncio.ensure_future(store.commit(group))
        for _ in range(number):
            await asyncio.wait([commit], timeout=0)
        commit.cancel()
        await asyncio.wait([commit])
    async with store._connection() as connection:
        idle = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
    assert idle == 0
    events = len(await store.open_events(ENGINE, ALL, 99_999))
    assert events % 50 == 0
    await store.close()
