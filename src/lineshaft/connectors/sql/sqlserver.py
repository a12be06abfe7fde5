"""SQL Server through pymssql, on threads, which it lacks itself. Unverified: no server of this make ran here.

The make has no read-only transactions: within one that only reads nothing is sent that changes something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from lineshaft.connectors.sql.driving import Address, Family, Fault, FaultKind, LiveColumn, LiveTable

T = TypeVar("T")
_FAMILIES: Final[dict[str, Family]] = {
    "tinyint": "integer", "smallint": "integer", "int": "integer", "bigint": "integer", "bit": "boolean",
    "decimal": "decimal", "numeric": "decimal", "money": "decimal", "smallmoney": "decimal", "float": "float",
    "real": "float", "char": "text", "varchar": "text", "nchar": "text", "nvarchar": "text", "text": "text",
    "ntext": "text", "date": "date", "datetime": "moment", "datetime2": "moment", "smalldatetime": "moment",
    "time": "time",
}  # fmt: skip
_NUMBERS: Final[dict[int, FaultKind]] = {
    2601: "unique", 2627: "unique", 547: "foreign_key", 207: "columns", 208: "columns", 229: "rights",
    230: "rights", 262: "rights", 297: "rights", 300: "rights", 18456: "denied", 4060: "denied",
    18452: "denied",
    1205: "busy", 1222: "busy", 3960: "busy", 220: "data", 241: "data", 242: "data", 245: "data", 515: "data",
    2628: "data", 8114: "data", 8115: "data", 8152: "data", 20002: "unreachable", 20009: "unreachable",
    20003: "lost", 20004: "lost", 20006: "lost", 20047: "lost",
}  # fmt: skip
_OWN_ERRORS: Final = 50_000
"""From here on errors are those that triggers and procedures raise."""
_COLUMNS: Final = """
SELECT c.name AS name, t.name AS declared, c.max_length AS size, c.scale AS scale,
       CASE WHEN c.is_nullable = 1 OR c.default_object_id <> 0 OR c.is_identity = 1 OR c.is_computed = 1
            OR t.name = 'timestamp' THEN 1 ELSE 0 END AS free
FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.system_type_id
WHERE c.object_id = OBJECT_ID(%s) ORDER BY c.column_id
"""
_UNIQUE: Final = """
SELECT i.index_id AS chosen, c.name AS name FROM sys.indexes i
JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE i.object_id = OBJECT_ID(%s) AND i.is_unique = 1 AND i.has_filter = 0 AND ic.is_included_column = 0
"""
_LOCK: Final = """
DECLARE @taken int; EXEC @taken = sp_getapplock @Resource = %s, @LockMode = 'Exclusive',
@LockOwner = 'Transaction', @LockTimeout = 30000; SELECT @taken AS taken
"""


def fault_of(error: BaseException) -> Fault:
    """Return what an error of the driver means."""
    number, words = 0, str(error)
    if error.args and isinstance(error.args[0], tuple) and len(error.args[0]) > 1:
        number, words = int(error.args[0][0] or 0), _words(error.args[0][1])
    elif len(error.args) > 1 and isinstance(error.args[0], int):
        number, words = error.args[0], _words(error.args[1])
    kind = _NUMBERS.get(number, "refused" if number >= _OWN_ERRORS else "other")
    if kind == "foreign_key" and "CHECK" in words and "FOREIGN KEY" not in words:
        kind = "data"
    return Fault(kind, str(number or type(error).__name__), words, _constraint(words))


def _words(value: Any) -> str:
    written = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return written.partition("DB-Lib error message")[0].strip()


def _constraint(words: str) -> str:
    """Return the constraint's name, which the server tells in quotes after the word."""
    for mark in ('"', "'"):
        after = words.partition(f"constraint {mark}")[2]
        if after:
            return after.partition(mark)[0]
    return ""


async def connect(address: Address) -> SqlServerSession:
    """Connect.

    Raises:
        Fault: The driver is not installed, the server cannot be reached, or does not accept the credentials.
    """
    try:
        import pymssql
    except ImportError:
        raise Fault(
            "unreachable", "driver_missing", "SQL Server needs its driver: pip install 'lineshaft[sqlserver]'"
        ) from None

    def open_() -> Any:
        return pymssql.connect(
            server=address.host, port=str(address.port or 1433), user=address.user, password=address.password,
            database=address.database, login_timeout=max(1, int(address.connect_timeout_s)), timeout=60,
            autocommit=True, appname="lineshaft", encryption="require" if address.tls else "request",
            conn_properties="SET XACT_ABORT ON; SET ANSI_NULLS ON; SET ANSI_WARNINGS ON; SET ARITHABORT ON; "
            "SET QUOTED_IDENTIFIER ON; SET DATEFORMAT ymd;",
        )  # fmt: skip

    try:
        return SqlServerSession(await asyncio.to_thread(open_), pymssql.Error)
    except (pymssql.Error, OSError) as error:
        found = fault_of(error)
        kind: FaultKind = "denied" if found.kind == "denied" else "unreachable"
        raise Fault(kind, found.code, found.words) from None


class SqlServerSession:
    """One connection to SQL Server."""

    on_conflict = False
    locks_rows = True
    limiting = "top"
    many_values = True
    arrays = False
    upserts = False

    def __init__(self, connection: Any, errors: type[Exception]) -> None:
        self._connection = connection
        self._errors: tuple[type[BaseException], ...] = (errors, OSError, EOFError)
        self._writes = False

    def mark(self, number: int) -> str:
        """Return ``%s``."""
        return "%s"

    def quote(self, name: str) -> str:
        """Quote with brackets, part by part."""
        return ".".join("[" + part.replace("]", "]]") + "]" for part in name.split("."))

    async def begin(self, *, writes: bool) -> None:
        """Begin."""
        await self._run("BEGIN TRANSACTION", ())
        self._writes = writes

    async def lock(self, name: str) -> None:
        """Take an application lock; it is given back when the transaction ends."""
        (row,) = await self.fetch(_LOCK, (f"lineshaft.{name}"[:255],))
        if int(row["taken"]) < 0:
            raise Fault("busy", "sp_getapplock", "another transaction holds the key")

    async def commit(self) -> None:
        """Commit."""
        await self._run("COMMIT TRANSACTION", ())

    async def rollback(self) -> None:
        """Roll back, where the server has not done so itself."""
        await self._run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION", ())

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return rows."""

        def work() -> list[dict[str, Any]]:
            with self._connection.cursor(as_dict=True) as cursor:
                cursor.execute(statement, _given(values))
                return [dict(row) for row in cursor.fetchall()]

        return await self._done(work)

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return the number of rows changed."""
        if not self._writes:
            raise Fault("rights", "read_only", "this transaction only reads")
        return await self._run(statement, values)

    async def _run(self, statement: str, values: Sequence[Any]) -> int:
        def work() -> int:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, _given(values))
                return max(0, int(cursor.rowcount))

        return await self._done(work)

    async def look(self, table: str) -> LiveTable:
        """Read columns and unique indexes from the catalogue."""
        name = (self.quote(table),)
        indexes: dict[int, set[str]] = {}
        columns = await self.fetch(_COLUMNS, name)
        for row in await self.fetch(_UNIQUE, name):
            indexes.setdefault(row["chosen"], set()).add(row["name"])
        return LiveTable(
            tuple(live_column(row) for row in columns), frozenset(frozenset(one) for one in indexes.values())
        )

    async def close(self) -> None:
        """Say goodbye."""
        await asyncio.to_thread(self._connection.close)

    def abandon(self) -> None:
        """Drop the connection."""
        self._connection.close()

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except self._errors as error:
            raise fault_of(error) from None


def _given(values: Sequence[Any]) -> tuple[Any, ...] | None:
    return (
        tuple(one.isoformat() if isinstance(one, datetime) and one.tzinfo else one for one in values) or None
    )


def live_column(row: dict[str, Any]) -> LiveColumn:
    """Return a column from its row of the catalogue."""
    declared, size = str(row["declared"]), int(row["size"])
    family = _FAMILIES.get(declared, "other")
    bounded = declared in ("char", "varchar", "nchar", "nvarchar") and size > 0
    length = (size // 2 if declared.startswith("n") else size) if bounded else None
    scale = int(row["scale"]) if family == "decimal" else None
    return LiveColumn(str(row["name"]), declared, family, bool(row["free"]), length, scale)
