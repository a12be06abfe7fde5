# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""A SQLite file as the source and the target of an archive; synchronous, for a process of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lineshaft.store.archive import BATCH, LEFT_OUT, Rows, columns_of, key_order, own_rows, tables
from lineshaft.store.sqlite.file import connect
from lineshaft.store.sqlite.statements import NOW


class SqliteSource:
    """Everything in a file as it stood when this was made; the hub goes on writing beside it."""

    make = "sqlite"

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path), 10.0, read_only=True)
        # The first read fixes what all others see.
        self._connection.execute("BEGIN")
        self.revision = str(self._one("SELECT version_num FROM alembic_version"))
        self.works = bool(self._one(f"SELECT count(*) FROM worker WHERE until > {NOW}"))

    def _one(self, sql: str) -> Any:
        return self._connection.execute(sql).fetchone()[0]

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        """See ``archive.Source``."""
        return _rows(self._connection, table)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


def _rows(connection: sqlite3.Connection, table: sa.Table) -> Iterator[Rows]:
    columns = columns_of(table)
    names = ", ".join(f'"{column.name}"' for column in columns)
    flags = [place for place, column in enumerate(columns) if column.kind == "bool"]
    found = connection.execute(f'SELECT {names} FROM "{table.name}" ORDER BY {key_order(table)}')  # tenant
    while part := found.fetchmany(BATCH):
        if not flags:
            yield part
            continue
        rows = [list(row) for row in part]
        for row in rows:
            for place in flags:
                row[place] = None if row[place] is None else bool(row[place])
        yield rows


class SqliteTarget:
    """A file that takes an archive, all of it or nothing."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path), 10.0, read_only=False)
        self._connection.execute("BEGIN IMMEDIATE")

    def count(self) -> int:
        """Return how many rows the store holds already."""
        with closing(self._connection.cursor()) as cursor:
            return sum(
                cursor.execute(f'SELECT count(*) FROM "{table.name}"{own_rows(table)}').fetchone()[0]
                for table in tables()
            )

    def clear(self) -> None:
        """Remove everything, and whatever somebody held."""
        for table in tables():
            self._connection.execute(f'DELETE FROM "{table.name}"{own_rows(table)}')

    def take(self, table: sa.Table, names: Sequence[str], parts: Iterable[list[list[Any]]]) -> None:
        """Insert the rows of a table."""
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        sql = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'
        for part in parts:
            self._connection.executemany(sql, part)

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        """Return what has been inserted, for the proof."""
        return _rows(self._connection, table)

    def make_parts(self, table: str, first: int, last: int) -> None:
        """A file has no parts."""

    def settle(self, doubt_at: int | None) -> int:
        """Give all leases back; with ``doubt_at`` calls that may have gone out since count as attempted.

        Returns how many those are.
        """
        for name in LEFT_OUT - {"lane_lease"}:
            self._connection.execute(f"DELETE FROM {name}")
        self._connection.execute("UPDATE lane_lease SET until = NULL, token = token + 1")
        if doubt_at is None:
            return 0
        return self._connection.execute(
            "UPDATE effect SET status = 'attempted', attempted_at = ?, attempts = attempts + 1"
            " WHERE status = 'intended'",
            (doubt_at,),
        ).rowcount

    def forget(self, kind: str) -> None:
        """Remove the records of a kind."""
        self._connection.execute("DELETE FROM record WHERE kind = ?", (kind,))

    def commit(self) -> None:
        """Keep it."""
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let the file go; what was not committed is gone."""
        self._connection.close()
