"""History and events lie in monthly parts that are there before their month is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg

from lineshaft.store import writes as w
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.postgres.partitions import make_parts_ahead, months_from
from support import store_rows as a
from support.store_rows import ALL, ENGINE, written


async def _parts(dsn: str, table: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        rows: list[Any] = await connection.fetch(
            f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1"
        )
        return {row[0]: row[1] for row in rows}
    finally:
        await connection.close()


def test_months_go_over_the_end_of_the_year() -> None:
    months = months_from(datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert [f"{month:%Y-%m-%d}" for month in months] == [
        "2026-11-01",
        "2026-12-01",
        "2027-01-01",
        "2027-02-01",
        "2027-03-01",
    ]


async def test_rows_of_this_month_lie_in_its_part_and_others_in_the_rest(fresh_postgres_dsn: str) -> None:
    store = PostgresStore(fresh_postgres_dsn)
    await store.open()
    now = await store.now()
    await written(
        store,
        w.InsertEvent(a.event("now", received_at=now)),
        w.InsertEvent(a.event("old", received_at=datetime(1999, 1, 1, tzinfo=UTC))),
        w.AddHistory(a.history(seq=1, at=now)),
    )
    month = f"{now:%Y_%m}"
    assert await _parts(fresh_postgres_dsn, "event") == {f"event_{month}": 1, "event_rest": 1}
    assert await _parts(fresh_postgres_dsn, "history") == {f"history_{month}": 1}
    await store.close()


async def test_part_is_left_out_where_the_rest_has_rows_of_its_month_already(fresh_postgres_dsn: str) -> None:
    store = PostgresStore(fresh_postgres_dsn)
    await store.open()
    future = datetime(2200, 5, 17, tzinfo=UTC)
    await written(store, w.InsertEvent(a.event("far", received_at=future)))
    connection = await asyncpg.connect(fresh_postgres_dsn)
    await make_parts_ahead(connection, future)
    await make_parts_ahead(connection, future)
    await connection.close()
    await written(store, w.InsertEvent(a.event("next", received_at=datetime(2200, 6, 1, tzinfo=UTC))))
    assert await _parts(fresh_postgres_dsn, "event") == {"event_rest": 1, "event_2200_06": 1}
    assert [row.id for row in await store.open_events(ENGINE, ALL, 9)] == ["far", "next"]
    await store.close()
