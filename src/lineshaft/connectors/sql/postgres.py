"""PostgreSQL through asyncpg. Statements are not kept prepared, so that a pooler in between does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from lineshaft.connectors.sql.driving import Address, Family, Fault, FaultKind, LiveColumn, LiveTable

_FAMILIES: Final[dict[str, Family]] = {
    "smallint": "integer", "integer": "integer", "bigint": "integer", "numeric": "decimal",
    "real": "float", "double precision": "float", "boolean": "boolean", "text": "text",
    "character varying": "text", "character": "text", "date": "date",
    "timestamp without time zone": "moment", "timestamp with time zone": "moment_zoned",
    "time without time zone": "time",
}  # fmt: skip
_STATES: Final[dict[str, FaultKind]] = {
    "23505": "unique", "23503": "foreign_key", "P0001": "refused", "42703": "columns", "42P01": "columns",
    "42501": "rights", "40001": "busy", "40P01": "busy", "55P03": "busy", "53300": "busy", "57014": "busy",
    "28000": "denied", "28P01": "denied", "3D000": "denied", "42P10": "columns", "25006": "busy",
}  # fmt: skip
_CLASSES: Final[dict[str, FaultKind]] = {"22": "data", "23": "data", "08": "lost", "53": "busy", "57": "lost"}
_COLUMNS: Final = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS declared, a.atttypmod AS modifier,
       (NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '') AS free
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_UNIQUE: Final = """
SELECT i.indexrelid AS index, a.attname AS name
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
"""


def fault_of(error: BaseException) -> Fault:
    """Return what an error of asyncpg means."""
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        kind = _STATES.get(state) or _CLASSES.get(state[:2], "other")
        words = " ".join(str(part) for part in (error.args[0] if error.args else "", error.detail) if part)
        return Fault(kind, state, words, str(error.constraint_name or ""))
    if isinstance(error, asyncpg.DataError):
        return Fault("data", "client", str(error))
    return Fault("lost", type(error).__name__, "the connection broke")


async def connect(address: Address) -> PostgresSession:
    """Connect.

    Raises:
        Fault: It cannot be reached, or does not accept the credentials.
    """
    try:
        connection = await asyncpg.connect(
            host=address.host,
            port=address.port or 5432,
            user=address.user,
            password=address.password or None,
            database=address.database,
            timeout=address.connect_timeout_s,
            statement_cache_size=0,
            ssl="verify-full" if address.tls else "disable",
            server_settings={"application_name": "lineshaft"},
        )
    except asyncpg.PostgresError as error:
        found = fault_of(error)
        kind: FaultKind = "denied" if found.kind == "denied" else "unreachable"
        raise Fault(kind, found.code, found.words) from None
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Fault("unreachable", type(error).__name__, str(error)) from None
    return PostgresSession(connection)


class PostgresSession:
    """One connection to PostgreSQL."""

    on_conflict = True
    locks_rows = True
    arrays = True
    upserts = True
    limiting = "limit"
    many_values = True

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    def mark(self, number: int) -> str:
        """Return ``$n``."""
        return f"${number}"

    def quote(self, name: str) -> str:
        """Quote with double quotes, part by part."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))

    async def begin(self, *, writes: bool) -> None:
        """Begin."""
        await self.execute("BEGIN" if writes else "BEGIN READ ONLY", ())

    async def lock(self, name: str) -> None:
        """Take an advisory lock; it is given back when the transaction ends."""
        await self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (name,))

    async def commit(self) -> None:
        """Commit."""
        await self.execute("COMMIT", ())

    async def rollback(self) -> None:
        """Roll back."""
        await self.execute("ROLLBACK", ())

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return rows."""
        try:
            return [dict(row) for row in await self._connection.fetch(statement, *values)]
        except _ERRORS as error:
            raise fault_of(error) from None

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return the number of rows changed."""
        try:
            answer = await self._connection.execute(statement, *values)
        except _ERRORS as error:
            raise fault_of(error) from None
        count = answer.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def look(self, table: str) -> LiveTable:
        """Read columns and unique indexes from the catalogue."""
        columns = await self.fetch(_COLUMNS, [self.quote(table)])
        indexes: dict[int, set[str]] = {}
        for row in await self.fetch(_UNIQUE, [self.quote(table)]):
            indexes.setdefault(row["index"], set()).add(row["name"])
        return LiveTable(
            tuple(_live(row) for row in columns), frozenset(frozenset(names) for names in indexes.values())
        )

    async def close(self) -> None:
        """Say goodbye."""
        try:
            await self._connection.close(timeout=2)
        except (*_ERRORS, TimeoutError):
            self._connection.terminate()

    def abandon(self) -> None:
        """Drop the socket."""
        self._connection.terminate()


_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    EOFError,
    asyncio.IncompleteReadError,
)


def _live(row: dict[str, Any]) -> LiveColumn:
    declared, modifier = str(row["declared"]), int(row["modifier"])
    family = _FAMILIES.get(declared, "other")
    length = modifier - 4 if family == "text" and modifier >= 4 else None
    # A numeric's modifier holds precision and scale, four bytes on.
    scale = (modifier - 4) & 0x7FF if family == "decimal" and modifier >= 4 else None
    return LiveColumn(str(row["name"]), declared, family, bool(row["free"]), length, scale)
