"""What SQLite does when the disk, the file or another process is in the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lineshaft.base.errors import StoreUnavailable
from lineshaft.store import writes as w
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.store_rows import ALL, ENGINE, statuses, unit, written


async def test_full_disk_refuses_the_commit_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore(path, pages_max=220)
    await store.open()
    stored = 0

    async def fill() -> None:
        nonlocal stored
        while True:
            group = [unit(w.InsertEvent(a.event(f"e{stored + n:05}", payload=bytes(500)))) for n in range(20)]
            assert set(statuses(await store.commit(group))) == {"written"}
            stored += 20

    with pytest.raises(StoreUnavailable, match="full"):
        await fill()
    assert stored > 0
    assert len(await store.open_events(ENGINE, ALL, 9999)) == stored
    await store.close()

    store = SqliteStore(path)
    await store.open()
    assert len(await store.open_events(ENGINE, ALL, 9999)) == stored
    await written(store, w.InsertEvent(a.event("after")))
    await store.close()


async def test_locked_file_is_named_as_the_reason_and_free_again_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite", busy_timeout_s=0.05)
    await store.open()
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked by another process"):
        await store.commit([unit(w.InsertEvent(a.event()))])
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.acquire_lanes("one", 1, 9)
    assert await store.open_events(ENGINE, ALL, 9) == []
    other.execute("ROLLBACK")
    other.close()
    await written(store, w.InsertEvent(a.event()))
    await store.close()


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await SqliteStore(tmp_path / "nowhere" / "store.sqlite").open()


async def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("no database " * 1000, encoding="utf-8")
    with pytest.raises(StoreUnavailable, match="not a sound SQLite database"):
        await SqliteStore(path).open()


async def test_closed_store_says_so_and_may_be_opened_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    with pytest.raises(StoreUnavailable, match="open it first"):
        await store.counts(ENGINE)
    await store.open()
    await written(store, w.InsertEvent(a.event()))
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="open it first"):
        await store.commit([])
    await store.open()
    assert len(await store.open_events(ENGINE, ALL, 9)) == 1
    await store.close()


async def test_store_is_durable_by_its_settings(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    await store.open()
    connection = store._file.connection  # type: ignore[union-attr]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    await store.close()
