"""A unit that only the database itself refuses is found by bisecting; the others of its group go through."""

from __future__ import annotations

import sqlite3

import asyncpg

from lineshaft.store import writes as w
from support import store_rows as a
from support.store_process import Place
from support.store_rows import ALL, ENGINE, statuses, unit


async def _forbid(place: Place) -> None:
    """Plant a rule in the database that the hub knows nothing of."""
    if place.make == "sqlite":
        connection = sqlite3.connect(place.address)
        connection.execute(
            "CREATE TRIGGER planted BEFORE INSERT ON event WHEN new.type = 'forbidden'"
            " BEGIN SELECT RAISE(ABORT, 'planted rule'); END"
        )
        connection.close()
        return
    other = await asyncpg.connect(place.address)
    await other.execute("ALTER TABLE event ADD CONSTRAINT planted CHECK (type <> 'forbidden')")
    await other.close()


async def test_units_that_only_the_database_refuses_are_set_aside(place: Place) -> None:
    store = place.store()
    await store.open()
    await _forbid(place)
    bad = {0, 17, 18, 49}
    group = [
        unit(
            w.InsertEvent(a.event(f"e{n:02}", type="forbidden" if n in bad else "fine")),
            w.PutJob(a.job(f"j{n}")),
        )
        for n in range(50)
    ]
    results = await store.commit(group)
    assert {n for n, status in enumerate(statuses(results)) if status == "failed"} == bad
    assert set(statuses(results)) == {"written", "failed"}
    error = results[17].error
    assert error is not None
    assert error.code == "bad_row"
    assert "planted" in str(error)
    assert len(await store.open_events(ENGINE, ALL, 99)) == 46
    assert len(await store.due_jobs(ENGINE, ALL, a.T0, 99)) == 46
    await store.close()
