"""MariaDB and MySQL through aiomysql, always in strict mode: a value that does not fit is an error."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from typing import Any, Final

import aiomysql  # type: ignore[import-untyped]
import pymysql  # type: ignore[import-untyped]
from pymysql.constants import CLIENT  # type: ignore[import-untyped]

from lineshaft.connectors.sql.driving import Address, Family, Fault, FaultKind, LiveColumn, LiveTable

_FAMILIES: Final[dict[str, Family]] = {
    "tinyint": "integer", "smallint": "integer", "mediumint": "integer", "int": "integer",
    "bigint": "integer", "decimal": "decimal", "float": "float", "double": "float", "char": "text",
    "varchar": "text", "tinytext": "text", "text": "text", "mediumtext": "text", "longtext": "text",
    "date": "date", "datetime": "moment", "timestamp": "moment_utc", "time": "time",
}  # fmt: skip
_ERRNOS: Final[dict[int, FaultKind]] = {
    1062: "unique", 1586: "unique", 1216: "foreign_key", 1452: "foreign_key", 1644: "refused",
    1054: "columns", 1146: "columns", 1044: "denied", 1045: "denied", 1049: "denied", 1142: "rights",
    1143: "rights", 1227: "rights", 1205: "busy", 1213: "busy", 1040: "busy", 1203: "busy", 1290: "busy",
    1048: "data", 1264: "data", 1265: "data", 1292: "data", 1364: "data", 1366: "data", 1406: "data",
    3819: "data", 4025: "data", 2003: "unreachable", 2006: "lost", 2013: "lost", 2014: "lost", 1053: "lost",
    1927: "lost", 1969: "busy",
}  # fmt: skip
_MODE: Final = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', time_zone='+00:00'"
)
_COLUMNS: Final = """
SELECT column_name AS name, data_type AS declared, column_type AS whole, is_nullable AS nullable,
       column_default AS preset, extra AS extra, character_maximum_length AS length, numeric_scale AS scale
FROM information_schema.columns WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s
ORDER BY ordinal_position
"""
_UNIQUE: Final = """
SELECT index_name AS chosen, column_name AS name FROM information_schema.statistics
WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s AND non_unique = 0
"""
_ENGINE: Final = """
SELECT engine AS engine FROM information_schema.tables
WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s
"""


def fault_of(error: BaseException) -> Fault:
    """Return what an error of aiomysql means."""
    if isinstance(error, pymysql.err.MySQLError) and error.args and isinstance(error.args[0], int):
        number = error.args[0]
        words = str(error.args[1]) if len(error.args) > 1 else ""
        return Fault(_ERRNOS.get(number, "other"), str(number), words, _quoted(words))
    if isinstance(error, pymysql.err.DataError | UnicodeError):
        return Fault("data", "client", str(error))
    return Fault("lost", type(error).__name__, "the connection broke")


def _quoted(words: str) -> str:
    """Return the constraint's name: the server tells it between backquotes after CONSTRAINT."""
    after = words.partition("CONSTRAINT `")[2]
    return after.partition("`")[0]


async def connect(address: Address) -> MariaSession:
    """Connect.

    Raises:
        Fault: It cannot be reached, or does not accept the credentials.
    """
    try:
        connection = await aiomysql.connect(
            host=address.host,
            port=address.port or 3306,
            user=address.user,
            password=address.password,
            db=address.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=address.connect_timeout_s,
            ssl=ssl.create_default_context() if address.tls else None,
            init_command=_MODE,
            # An update counts the rows it has found, not only those it has changed.
            client_flag=CLIENT.FOUND_ROWS,
        )
    except _ERRORS as error:
        found = fault_of(error)
        kind: FaultKind = "denied" if found.kind == "denied" else "unreachable"
        raise Fault(kind, found.code, found.words) from None
    return MariaSession(connection)


class MariaSession:
    """One connection to MariaDB or MySQL."""

    on_conflict = False
    locks_rows = True
    arrays = False
    upserts = True
    limiting = "limit"
    many_values = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._locked: list[str] = []

    def mark(self, number: int) -> str:
        """Return ``%s``."""
        return "%s"

    def quote(self, name: str) -> str:
        """Quote with backquotes, part by part."""
        return ".".join("`" + part.replace("`", "``") + "`" for part in name.split("."))

    async def begin(self, *, writes: bool) -> None:
        """Begin."""
        await self.execute("START TRANSACTION" if writes else "START TRANSACTION READ ONLY", ())

    async def lock(self, name: str) -> None:
        """Take a named lock; its names are short and belong to the whole server."""
        short = "lineshaft." + hashlib.sha256(name.encode()).hexdigest()[:48]
        (row,) = await self.fetch("SELECT GET_LOCK(%s, 30) AS taken", (short,))
        if row["taken"] != 1:
            raise Fault("busy", "GET_LOCK", "another transaction holds the key")
        self._locked.append(short)

    async def commit(self) -> None:
        """Commit."""
        await self.execute("COMMIT", ())
        await self._unlock()

    async def rollback(self) -> None:
        """Roll back."""
        await self.execute("ROLLBACK", ())
        await self._unlock()

    async def _unlock(self) -> None:
        while self._locked:
            try:
                await self.execute("DO RELEASE_LOCK(%s)", (self._locked.pop(),))
            except Fault:
                # The connection has gone, and its locks with it: the next one to use it will see.
                self._locked.clear()

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return rows."""
        try:
            async with self._connection.cursor(aiomysql.DictCursor) as cursor:
                await cursor.execute(statement, tuple(values) or None)
                return [dict(row) for row in await cursor.fetchall()]
        except _ERRORS as error:
            raise fault_of(error) from None

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return the number of rows changed."""
        try:
            async with self._connection.cursor() as cursor:
                await cursor.execute(statement, tuple(values) or None)
                return int(cursor.rowcount)
        except _ERRORS as error:
            raise fault_of(error) from None

    async def look(self, table: str) -> LiveTable:
        """Read columns, unique indexes and the storage engine from the information schema."""
        schema, _, name = table.rpartition(".")
        where = (schema or None, name)
        columns = await self.fetch(_COLUMNS, where)
        indexes: dict[str, set[str]] = {}
        for row in await self.fetch(_UNIQUE, where):
            indexes.setdefault(row["chosen"], set()).add(row["name"])
        engines = [row["engine"] for row in await self.fetch(_ENGINE, where)]
        return LiveTable(
            tuple(_live(row) for row in columns),
            frozenset(frozenset(names) for names in indexes.values()),
            # A view has no engine of its own.
            engines in ([], [None]) or str(engines[0]).lower() in ("innodb", "ndbcluster", "rocksdb"),
        )

    async def close(self) -> None:
        """Say goodbye."""
        try:
            await self._connection.ensure_closed()
        except _ERRORS:
            self._connection.close()

    def abandon(self) -> None:
        """Drop the socket."""
        self._connection.close()


_ERRORS: Final = (pymysql.err.MySQLError, OSError, EOFError, RuntimeError, UnicodeError, LookupError)


def _live(row: dict[str, Any]) -> LiveColumn:
    declared, whole = str(row["declared"]).lower(), str(row["whole"]).lower()
    family = _FAMILIES.get(declared, "other")
    if whole.startswith("tinyint(1)"):
        family = "boolean"
    free = row["nullable"] == "YES" or row["preset"] is not None or "auto_increment" in str(row["extra"])
    return LiveColumn(
        str(row["name"]),
        whole,
        family,
        free,
        int(row["length"]) if family == "text" and row["length"] is not None else None,
        int(row["scale"]) if family == "decimal" and row["scale"] is not None else None,
    )
