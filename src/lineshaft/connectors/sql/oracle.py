"""Oracle through python-oracledb (thin: without Oracle's client). Unverified: no such server ran here.

Oracle keeps an empty text as null. Names are as the catalogue has them, mostly in capitals.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from lineshaft.connectors.sql.driving import Address, Family, Fault, FaultKind, LiveColumn, LiveTable

_FAMILIES: Final[dict[str, Family]] = {
    "NUMBER": "decimal", "FLOAT": "decimal", "BINARY_FLOAT": "float", "BINARY_DOUBLE": "float",
    "VARCHAR2": "text", "NVARCHAR2": "text", "CHAR": "text", "NCHAR": "text", "CLOB": "text", "NCLOB": "text",
    "BOOLEAN": "boolean", "DATE": "moment",
}  # fmt: skip
_CODES: Final[dict[str, FaultKind]] = {
    "ORA-00001": "unique", "ORA-02291": "foreign_key", "ORA-02292": "foreign_key", "ORA-00942": "columns",
    "ORA-00904": "columns", "ORA-01031": "rights", "ORA-01456": "rights", "ORA-06550": "rights",
    "ORA-01017": "denied", "ORA-28000": "denied", "ORA-28001": "denied", "ORA-01045": "denied",
    "ORA-12514": "denied", "ORA-00054": "busy", "ORA-00060": "busy", "ORA-30006": "busy", "ORA-08177": "busy",
    "ORA-00018": "busy", "ORA-01400": "data", "ORA-01407": "data", "ORA-01438": "data", "ORA-12899": "data",
    "ORA-01722": "data", "ORA-01843": "data", "ORA-01861": "data", "ORA-02290": "data", "ORA-03113": "lost",
    "ORA-03114": "lost", "ORA-03135": "lost", "DPY-4011": "lost", "DPY-1001": "lost", "DPY-4024": "lost",
    "DPY-6005": "unreachable", "ORA-12541": "unreachable",
}  # fmt: skip
_OWN_ERRORS: Final = tuple(f"ORA-{number}" for number in range(20_000, 21_000))
_COLUMNS: Final = """
SELECT column_name AS "name", data_type AS "declared", char_length AS "length", data_scale AS "scale",
       data_precision AS "precision",
       CASE WHEN nullable = 'Y' OR default_length IS NOT NULL OR virtual_column = 'YES' THEN 1 ELSE 0
       END AS "free"
FROM all_tab_cols WHERE owner = COALESCE(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND table_name = :2
AND hidden_column = 'NO' ORDER BY column_id
"""
_UNIQUE: Final = """
SELECT i.index_name AS "chosen", c.column_name AS "name" FROM all_indexes i
JOIN all_ind_columns c ON c.index_owner = i.owner AND c.index_name = i.index_name
WHERE i.table_owner = COALESCE(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND i.table_name = :2
AND i.uniqueness = 'UNIQUE'
"""
_LOCK: Final = """
BEGIN :taken := DBMS_LOCK.REQUEST(:id, DBMS_LOCK.X_MODE, 30, TRUE); END;
"""
_LOCK_IDS: Final = 1_073_741_823


def fault_of(error: BaseException) -> Fault:
    """Return what an error of the driver means."""
    inner = error.args[0] if error.args else None
    code = str(getattr(inner, "full_code", "") or type(error).__name__)
    words = str(getattr(inner, "message", "") or error).splitlines()[0]
    kind = _CODES.get(code, "refused" if code in _OWN_ERRORS else "other")
    # Constraints stand as (SCHEMA.NAME).
    name = words.partition("(")[2].partition(")")[0].rpartition(".")[2] if kind != "other" else ""
    return Fault(kind, code, words, name)


async def connect(address: Address) -> OracleSession:
    """Connect; the database's name is that of the service.

    Raises:
        Fault: The driver is not installed, the server cannot be reached, or does not accept the credentials.
    """
    try:
        import oracledb
    except ImportError:
        raise Fault(
            "unreachable", "driver_missing", "Oracle needs its driver: pip install 'lineshaft[oracle]'"
        ) from None

    def exact(cursor: Any, metadata: Any) -> Any:
        if metadata.type_code is oracledb.DB_TYPE_NUMBER:
            return cursor.var(Decimal, arraysize=cursor.arraysize)
        if metadata.type_code in (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB):
            return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
        return None

    try:
        connection = await oracledb.connect_async(
            host=address.host, port=address.port or (2484 if address.tls else 1521), user=address.user,
            password=address.password, service_name=address.database,
            protocol="tcps" if address.tls else "tcp", tcp_connect_timeout=address.connect_timeout_s,
        )  # fmt: skip
        connection.outputtypehandler = exact
        session = OracleSession(connection, oracledb.Error)
        await session.execute("ALTER SESSION SET TIME_ZONE = '+00:00'", ())
    except (oracledb.Error, OSError) as error:
        found = fault_of(error)
        kind: FaultKind = "denied" if found.kind == "denied" else "unreachable"
        raise Fault(kind, found.code, found.words) from None
    return session


class OracleSession:
    """One connection to Oracle."""

    on_conflict = False
    locks_rows = True
    limiting = "fetch"
    many_values = False
    arrays = False
    upserts = False

    def __init__(self, connection: Any, errors: type[Exception]) -> None:
        self._connection = connection
        self._errors: tuple[type[BaseException], ...] = (errors, OSError, EOFError)

    def mark(self, number: int) -> str:
        """Return ``:n``."""
        return f":{number}"

    def quote(self, name: str) -> str:
        """Quote with double quotes, part by part."""
        return ".".join('"' + part.replace('"', "") + '"' for part in name.split("."))

    async def begin(self, *, writes: bool) -> None:
        """Begin."""
        await self.execute("SET TRANSACTION READ WRITE" if writes else "SET TRANSACTION READ ONLY", ())

    async def lock(self, name: str) -> None:
        """Take a lock of ``DBMS_LOCK``, which needs a right of its own; it ends with the transaction."""
        try:
            with self._connection.cursor() as cursor:
                taken = cursor.var(int)
                number = zlib.crc32(f"lineshaft.{name}".encode()) & _LOCK_IDS
                await cursor.execute(_LOCK, {"taken": taken, "id": number})
                status = int(taken.getvalue())
        except self._errors as error:
            raise fault_of(error) from None
        # 4: this transaction has it already.
        if status not in (0, 4):
            raise Fault("busy", f"DBMS_LOCK {status}", "another transaction holds the key")

    async def commit(self) -> None:
        """Commit."""
        try:
            await self._connection.commit()
        except self._errors as error:
            raise fault_of(error) from None

    async def rollback(self) -> None:
        """Roll back."""
        try:
            await self._connection.rollback()
        except self._errors as error:
            raise fault_of(error) from None

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return rows."""
        try:
            with self._connection.cursor() as cursor:
                await cursor.execute(statement, list(values))
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
        except self._errors as error:
            raise fault_of(error) from None

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return the number of rows changed."""
        try:
            with self._connection.cursor() as cursor:
                await cursor.execute(statement, list(values))
                return int(cursor.rowcount)
        except self._errors as error:
            raise fault_of(error) from None

    async def look(self, table: str) -> LiveTable:
        """Read columns and unique indexes from the catalogue."""
        schema, _, name = table.rpartition(".")
        where = (schema or None, name)
        columns = await self.fetch(_COLUMNS, where)
        indexes: dict[str, set[str]] = {}
        for row in await self.fetch(_UNIQUE, where):
            indexes.setdefault(row["chosen"], set()).add(row["name"])
        return LiveTable(
            tuple(live_column(row) for row in columns), frozenset(frozenset(one) for one in indexes.values())
        )

    async def close(self) -> None:
        """Say goodbye."""
        try:
            await self._connection.close()
        except self._errors:
            self.abandon()

    def abandon(self) -> None:
        """Drop the connection; it is closed with the object."""
        self._connection = None


def live_column(row: dict[str, Any]) -> LiveColumn:
    """Return a column from its row of the catalogue.

    A ``TIMESTAMP WITH TIME ZONE`` is of no family: the driver leaves its zone out.
    """
    declared = str(row["declared"])
    family = _FAMILIES.get(declared, "other")
    if declared.startswith("TIMESTAMP"):
        zoned, local = declared.endswith("TIME ZONE"), declared.endswith("LOCAL TIME ZONE")
        family = "moment_utc" if local else "other" if zoned else "moment"
    scale = row["scale"]
    if declared == "NUMBER" and scale is not None and int(scale) <= 0:
        family = "integer"
    length = int(row["length"]) if family == "text" and row["length"] and "LOB" not in declared else None
    places = int(scale) if family == "decimal" and scale is not None else None
    return LiveColumn(str(row["name"]), declared, family, bool(row["free"]), length, places)
