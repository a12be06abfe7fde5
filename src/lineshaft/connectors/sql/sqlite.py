"""SQLite through the standard library, each connection on a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from lineshaft.connectors.sql.driving import Address, Family, Fault, FaultKind, LiveColumn, LiveTable

T = TypeVar("T")

_CODES: Final[dict[str, FaultKind]] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign_key",
    "SQLITE_CONSTRAINT_TRIGGER": "refused",
    "SQLITE_READONLY": "rights",
    "SQLITE_AUTH": "rights",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_NOTADB": "unreachable",
    "SQLITE_FULL": "busy",
    "SQLITE_INTERRUPT": "busy",
}

_ABSENT: Final = ("no such column", "no such table", "has no column", "ON CONFLICT clause does not match")


def fault_of(error: BaseException) -> Fault:
    """Return what an error of SQLite means."""
    name = str(getattr(error, "sqlite_errorname", "") or type(error).__name__)
    words = str(error)
    kind: FaultKind = "other"
    if name in _CODES:
        kind = _CODES[name]
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        kind = "busy"
    elif name.startswith("SQLITE_CONSTRAINT") or isinstance(error, sqlite3.DataError | OverflowError):
        kind = "data"
    elif any(part in words for part in _ABSENT):
        kind = "columns"
    return Fault(kind, name, words)


async def connect(address: Address) -> SqliteSession:
    """Open the file, which must be there.

    Raises:
        Fault: It is not there, or is no database.
    """
    pool = ThreadPoolExecutor(1, "sqlite-staging")

    def start() -> sqlite3.Connection:
        uri = Path(address.database).absolute().as_uri() + "?mode=rw"
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=address.connect_timeout_s,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection

    try:
        connection = await asyncio.get_running_loop().run_in_executor(pool, start)
    except (sqlite3.Error, OSError) as error:
        pool.shutdown(wait=False)
        found = fault_of(error)
        raise Fault("busy" if found.kind == "busy" else "unreachable", found.code, found.words) from None
    return SqliteSession(connection, pool)


class SqliteSession:
    """One connection to a file."""

    on_conflict = True
    locks_rows = False
    arrays = False
    upserts = True
    limiting = "limit"
    many_values = True

    def __init__(self, connection: sqlite3.Connection, pool: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._pool = pool

    def mark(self, number: int) -> str:
        """Return ``?``."""
        return "?"

    def quote(self, name: str) -> str:
        """Quote with double quotes, part by part."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))

    async def begin(self, *, writes: bool) -> None:
        """Begin; a writer takes the file's lock at once, so that nothing fails half way."""
        await self.execute("BEGIN IMMEDIATE" if writes else "BEGIN", ())

    async def lock(self, name: str) -> None:
        """Nothing to do: a writer has the whole file to itself since it began."""

    async def commit(self) -> None:
        """Commit."""
        await self.execute("COMMIT", ())

    async def rollback(self) -> None:
        """Roll back."""

        def work() -> None:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

        await self._run(work)

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return rows."""

        def work() -> list[dict[str, Any]]:
            cursor = self._connection.execute(statement, tuple(values))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        return await self._run(work)

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return the number of rows changed."""
        return await self._run(lambda: self._connection.execute(statement, tuple(values)).rowcount)

    async def look(self, table: str) -> LiveTable:
        """Read columns and unique indexes with the table-valued pragmas."""
        schema, _, name = table.rpartition(".")
        where = (name, schema or "main")
        columns = await self.fetch("SELECT * FROM pragma_table_info(?, ?)", where)
        keys = frozenset(str(row["name"]) for row in columns if row["pk"])
        unique = {keys} if keys else set()
        for index in await self.fetch("SELECT * FROM pragma_index_list(?, ?)", where):
            if index["unique"] and not index["partial"]:
                rows = await self.fetch("SELECT * FROM pragma_index_info(?, ?)", (index["name"], where[1]))
                unique.add(frozenset(str(row["name"]) for row in rows))
        whole_key = [row for row in columns if row["pk"]]
        return LiveTable(
            tuple(_live(row, counts_itself=len(whole_key) == 1) for row in columns), frozenset(unique)
        )

    async def close(self) -> None:
        """Close the file and end the thread."""
        await self._run(self._connection.close)
        self._pool.shutdown(wait=False)

    def abandon(self) -> None:
        """Interrupt what runs and close behind it."""
        self._connection.interrupt()
        self._pool.submit(self._connection.close)
        self._pool.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (sqlite3.Error, OverflowError) as error:
            raise fault_of(error) from None


def _live(row: dict[str, Any], *, counts_itself: bool) -> LiveColumn:
    declared = str(row["type"] or "")
    family = _family(declared.upper())
    own_number = bool(row["pk"]) and counts_itself and declared.upper() == "INTEGER"
    free = not row["notnull"] or row["dflt_value"] is not None or own_number
    if row["pk"] and not own_number:
        free = False
    return LiveColumn(str(row["name"]), declared, family, free)


def _family(declared: str) -> Family:
    """Return what a declared type does to a value: SQLite's rules of affinity, usual names of times."""
    if "INT" in declared:
        return "integer"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if any(word in declared for word in ("REAL", "FLOA", "DOUB")):
        return "float"
    if declared in ("DATE", "TIME", "DATETIME", "TIMESTAMP"):
        # These have numeric affinity, which leaves ISO 8601 texts as they are.
        return "text"
    if "BOOL" in declared:
        return "boolean"
    return "text" if declared in ("", "BLOB") else "numeric_affinity"
