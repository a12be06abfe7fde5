"""Where the conformance suite finds a fresh store of each make, several handles on it, and its clock."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import asyncpg

from lineshaft.base.clock import FixedClock
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.schema import metadata
from lineshaft.store.sqlite import SqliteStore


class Lab(Protocol):
    """One fresh database."""

    async def empty(self) -> None:
        """Remove what an earlier test left."""
        ...

    async def open(self) -> Store:
        """Return a new open handle on it, as another process would have."""
        ...

    async def elapse(self, seconds: float) -> None:
        """Return when the database's own clock has moved on by ``seconds``."""
        ...

    async def close(self) -> None:
        """Close all handles."""
        ...


async def _wait_for_clock(store: Store, seconds: float) -> None:
    target = await store.now() + timedelta(seconds=seconds)
    while await store.now() <= target:
        pass


class MemoryLab:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.database = MemoryDatabase()

    async def open(self) -> Store:
        store = MemoryStore(self.database, self.clock)
        await store.open()
        return store

    async def empty(self) -> None:
        pass

    async def elapse(self, seconds: float) -> None:
        self.clock.advance(seconds + 0.001)

    async def close(self) -> None:
        pass


class SqliteLab:
    def __init__(self, folder: Path, template: Path) -> None:
        self.path = folder / "store.sqlite"
        shutil.copyfile(template, self.path)
        self.handles: list[SqliteStore] = []

    async def empty(self) -> None:
        pass

    async def open(self) -> Store:
        store = SqliteStore(self.path, listen_every_s=0.01)
        await store.open()
        self.handles.append(store)
        return store

    async def elapse(self, seconds: float) -> None:
        await _wait_for_clock(self.handles[0], seconds)

    async def close(self) -> None:
        for handle in self.handles:
            await handle.close()


class PostgresLab:
    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.handles: list[PostgresStore] = []

    async def empty(self) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(";".join(f'DELETE FROM "{name}"' for name in metadata.tables))
        finally:
            await connection.close()

    async def open(self) -> Store:
        store = PostgresStore(self.dsn, connections=2)
        await store.open()
        self.handles.append(store)
        return store

    async def elapse(self, seconds: float) -> None:
        await _wait_for_clock(self.handles[0], seconds)

    async def close(self) -> None:
        for handle in self.handles:
            await handle.close()


async def template_file(path: Path) -> None:
    """Create an empty SQLite store to copy from."""
    store = SqliteStore(path)
    await store.open()
    await store.close()


async def created(dsn: str) -> None:
    """Create the schema in an empty PostgreSQL database."""
    store = PostgresStore(dsn)
    await store.open()
    await store.close()


@asynccontextmanager
async def closing(lab: Lab) -> AsyncIterator[Lab]:
    try:
        yield lab
    finally:
        await lab.close()
