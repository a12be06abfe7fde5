# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""A PostgreSQL database as the source and the target of an archive; for a process of its own.

The archive is written and read synchronously; a small loop of its own drives the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeVar

import asyncpg
import sqlalchemy as sa

from lineshaft.store.archive import BATCH, LEFT_OUT, Rows, columns_of, key_order, own_rows, tables
from lineshaft.store.cursors import micros_of, time_of
from lineshaft.store.postgres.partitions import make_months

T = TypeVar("T")


class _Connection:
    """One connection with a transaction, driven from outside any loop."""

    def __init__(self, dsn: str, *, read_only: bool) -> None:
        self._runner = asyncio.Runner()
        settings = {"timezone": "UTC", "application_name": "lineshaft archive", "jit": "off"}
        self.raw: Any = self.run(asyncpg.connect(dsn, server_settings=settings))
        isolation: Literal["repeatable_read", "read_committed"]
        isolation = "repeatable_read" if read_only else "read_committed"
        self._transaction = self.raw.transaction(isolation=isolation, readonly=read_only)
        self.run(self._transaction.start())

    def run(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self._runner.run(awaited())

    def commit(self) -> None:
        self.run(self._transaction.commit())

    def close(self) -> None:
        self.run(self.raw.close())
        self._runner.close()

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        columns = columns_of(table)
        names = ", ".join(f'"{column.name}"' for column in columns)
        times = [place for place, column in enumerate(columns) if column.kind == "time"]
        sql = f'SELECT {names} FROM "{table.name}" ORDER BY {key_order(table)}'  # of every tenant

        async def begin() -> Any:
            return await self.raw.cursor(sql)

        cursor = self.run(begin())
        while part := self.run(cursor.fetch(BATCH)):
            rows = [list(record) for record in part]
            for row in rows:
                for place in times:
                    if row[place] is not None:
                        row[place] = micros_of(row[place])
            yield rows


class PostgresSource:
    """Everything in a database as it stood when this was made (repeatable read)."""

    make = "postgres"

    def __init__(self, dsn: str) -> None:
        self._connection = _Connection(dsn, read_only=True)
        one = self._connection.raw.fetchval
        self.revision = str(self._connection.run(one("SELECT version_num FROM alembic_version")))
        alive = one("SELECT count(*) FROM worker WHERE until > clock_timestamp()")
        self.works = bool(self._connection.run(alive))

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        """See ``archive.Source``."""
        return self._connection.rows(table)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


class PostgresTarget:
    """A database that takes an archive, all of it or nothing."""

    def __init__(self, dsn: str) -> None:
        self._connection = _Connection(dsn, read_only=False)

    def count(self) -> int:
        """Return how many rows the store holds already."""
        run, raw = self._connection.run, self._connection.raw
        return sum(
            run(raw.fetchval(f'SELECT count(*) FROM "{table.name}"{own_rows(table)}')) for table in tables()
        )

    def clear(self) -> None:
        """Remove everything."""
        names = ", ".join(f'"{table.name}"' for table in tables() if not own_rows(table))
        self._connection.run(self._connection.raw.execute(f"TRUNCATE {names}"))
        for table in tables():
            if own_rows(table):
                sql = f'DELETE FROM "{table.name}"{own_rows(table)}'
                self._connection.run(self._connection.raw.execute(sql))

    def take(self, table: sa.Table, names: Sequence[str], parts: Iterable[list[list[Any]]]) -> None:
        """Insert the rows of a table."""
        kinds = {column.name: column.kind for column in columns_of(table)}
        times = [place for place, name in enumerate(names) if kinds[name] == "time"]
        copy = self._connection.raw.copy_records_to_table
        for part in parts:
            for row in part:
                for place in times:
                    if row[place] is not None:
                        row[place] = time_of(row[place])
            if part:
                self._connection.run(copy(table.name, records=part, columns=list(names)))

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        """Return what has been inserted, for the proof."""
        return self._connection.rows(table)

    def make_parts(self, table: str, first: int, last: int) -> None:
        """Make the monthly parts for the times that are coming in."""
        self._connection.run(make_months(self._connection.raw, table, time_of(first), time_of(last)))

    def settle(self, doubt_at: int | None) -> int:
        """Give all leases back; with ``doubt_at`` calls that may have gone out since count as attempted.

        Returns how many those are.
        """
        run, raw = self._connection.run, self._connection.raw
        for name in sorted(LEFT_OUT - {"lane_lease"}):
            run(raw.execute(f"DELETE FROM {name}"))
        run(raw.execute("UPDATE lane_lease SET until = NULL, token = token + 1"))
        if doubt_at is None:
            return 0
        status = run(
            raw.execute(
                "UPDATE effect SET status = 'attempted', attempted_at = $1, attempts = attempts + 1"
                " WHERE status = 'intended'",
                time_of(doubt_at),
            )
        )
        return int(status.rsplit(" ", 1)[1])

    def forget(self, kind: str) -> None:
        """Remove the records of a kind."""
        self._connection.run(self._connection.raw.execute("DELETE FROM record WHERE kind = $1", kind))

    def commit(self) -> None:
        """Keep it."""
        self._connection.commit()

    def close(self) -> None:
        """Disconnect; what was not committed is gone."""
        self._connection.close()
