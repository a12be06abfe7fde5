"""One pass over a binary log of MariaDB or MySQL, on a thread: the client library waits in blocking calls.

A pass ends at the end of the log, or when its reader has enough. It never goes on over a broken connection:
the library would ask again from the middle of a transaction, and lose the table its rows belong to.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import pymysql  # type: ignore[import-untyped]
from pymysqlreplication import BinLogStreamReader  # type: ignore[import-untyped]
from pymysqlreplication.constants import BINLOG, FIELD_TYPE  # type: ignore[import-untyped]
from pymysqlreplication.event import (  # type: ignore[import-untyped]
    FormatDescriptionEvent,
    GtidEvent,
    MariadbGtidEvent,
    NotImplementedEvent,
    QueryEvent,
    RotateEvent,
    XAPrepareEvent,
    XidEvent,
)
from pymysqlreplication.row_event import (  # type: ignore[import-untyped]
    DeleteRowsEvent,
    PartialUpdateRowsEvent,
    TableMapEvent,
    UpdateRowsEvent,
    WriteRowsEvent,
)

from lineshaft.connectors.sql.driving import Address, Family, Fault
from lineshaft.connectors.sql.mariadb import fault_of

RowKind = Literal["insert", "update", "delete"]

_EVENTS: Final = (
    FormatDescriptionEvent, RotateEvent, GtidEvent, MariadbGtidEvent, QueryEvent, XidEvent, XAPrepareEvent,
    TableMapEvent, WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent, PartialUpdateRowsEvent,
    NotImplementedEvent,
)  # fmt: skip
_KINDS: Final[dict[type, RowKind]] = {
    WriteRowsEvent: "insert", UpdateRowsEvent: "update", DeleteRowsEvent: "delete",
}  # fmt: skip
_FAMILIES: Final[dict[int, Family]] = {
    FIELD_TYPE.TINY: "integer", FIELD_TYPE.SHORT: "integer", FIELD_TYPE.INT24: "integer",
    FIELD_TYPE.LONG: "integer", FIELD_TYPE.LONGLONG: "integer", FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.FLOAT: "float", FIELD_TYPE.DOUBLE: "float", FIELD_TYPE.VARCHAR: "text",
    FIELD_TYPE.STRING: "text", FIELD_TYPE.VAR_STRING: "text", FIELD_TYPE.BLOB: "text",
    FIELD_TYPE.DATE: "date", FIELD_TYPE.NEWDATE: "date", FIELD_TYPE.DATETIME: "moment",
    FIELD_TYPE.DATETIME2: "moment", FIELD_TYPE.TIMESTAMP: "moment_utc", FIELD_TYPE.TIMESTAMP2: "moment_utc",
    FIELD_TYPE.TIME: "time", FIELD_TYPE.TIME2: "time",
}  # fmt: skip
_UNREADABLE: Final = frozenset({0x28, *range(0xA5, 0xAC)})
"""Whole transactions or rows packed by the server, and packed statements: they hide what was changed."""
_ROWS_OLD: Final = frozenset({
    BINLOG.PRE_GA_WRITE_ROWS_EVENT, BINLOG.PRE_GA_UPDATE_ROWS_EVENT, BINLOG.PRE_GA_DELETE_ROWS_EVENT,
})  # fmt: skip
_PREPARED_XA: Final = 64
_STANDALONE: Final = 1
_NOT_IN_INDEX: Final = 1236
_CONNECTIONS: Final = 2
"""The stream's and the one the library looks into the catalogue with: a third would be a second try."""


class Purged(Exception):
    """The server does not have the asked place of its log; ``args`` are its words."""


class Unreadable(Exception):
    """The log holds something that hides changes; ``args`` say what."""


@dataclass(frozen=True, slots=True)
class Began:
    """A file of the log is read; ``identity`` tells it from another file of the same name."""

    identity: str


@dataclass(frozen=True, slots=True)
class Rotated:
    """The log goes on in another file."""

    file: str
    position: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A transaction begins behind this event."""

    prepared: bool
    """It is only prepared (XA): whether it is committed stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A transaction ends with this event, or a statement that is no transaction; the log goes on there."""

    position: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as words: of definition, or one that changed rows without telling them one by one."""

    schema: str
    words: str
    position: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the table that the next rows are of, with their families; ``None``: no names."""

    table: str
    families: dict[str, Family] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One changed row: what it is now, of a deleted one what it was."""

    kind: RowKind
    values: dict[str, Any]
    at: datetime


Event = Began | Rotated | Opened | Ended | Statement | Columns | Row


@dataclass(slots=True)
class Pass:
    """One pass over the log of one server, for one table."""

    address: Address
    server_id: int
    """As which replica the hub shows itself; two with the same number push each other out."""
    schema: str
    table: str
    listed: frozenset[str]
    timeout_s: float
    _connections: list[Any]

    @classmethod
    def of(
        cls,
        address: Address,
        server_id: int,
        table: tuple[str, str],
        listed: frozenset[str],
        timeout_s: float,
    ) -> Pass:
        """Return a pass for a table, given as schema and name."""
        return cls(address, server_id, *table, listed, timeout_s, [])

    async def read(self, file: str, position: int, take: Callable[[Event], bool]) -> None:
        """Give the events from a place on to ``take`` until it says that it has enough, or the log ends.

        Raises:
            Fault: The server does not answer, or lacks a right.
            Purged: The place is not in its log.
            Unreadable: Something in the log hides changes.
        """
        try:
            await asyncio.to_thread(self._read, file, position, take)
        except BaseException:
            # A thread cannot be ended: without its sockets it ends by itself.
            for connection in self._connections:
                connection._force_close()
            raise

    def _read(self, file: str, position: int, take: Callable[[Event], bool]) -> None:
        stream = BinLogStreamReader(
            connection_settings={},
            server_id=self.server_id,
            log_file=file,
            log_pos=position,
            resume_stream=True,
            blocking=False,
            only_events=_EVENTS,
            filter_non_implemented_events=False,
            only_schemas=[self.schema],
            only_tables=[self.table],
            enable_logging=False,
            pymysql_wrapper=self._connect,
        )
        try:
            self._each(stream, position, take)
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] == _NOT_IN_INDEX:
                raise Purged(str(error.args[1])) from None
            raise fault_of(error) from None
        except (OSError, EOFError, RuntimeError, AttributeError) as error:
            raise fault_of(error) from None
        except (struct.error, UnicodeError, NotImplementedError, LookupError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from None
        finally:
            stream.close()

    def _connect(self, **settings: Any) -> Any:
        if len(self._connections) >= _CONNECTIONS:
            raise Fault("lost", "binlog", "the connection to the log broke")
        if (database := settings.pop("db", None)) is not None:
            settings["database"] = database
        connection = pymysql.connect(
            host=self.address.host,
            port=self.address.port or 3306,
            user=self.address.user,
            password=self.address.password,
            connect_timeout=self.address.connect_timeout_s,
            read_timeout=self.timeout_s,
            write_timeout=self.timeout_s,
            ssl=ssl.create_default_context() if self.address.tls else None,
            **{"charset": "utf8mb4", **settings},
        )
        self._connections.append(connection)
        return connection

    def _each(self, stream: Any, position: int, take: Callable[[Event], bool]) -> None:
        last = position
        inside = False
        while (event := stream.fetchone()) is not None:
            at = event.packet.log_pos
            if isinstance(event, RotateEvent):
                last = event.position
                if take(Rotated(event.next_binlog, event.position)):
                    return
                continue
            if at and at < last:
                raise Unreadable("a log file of more than 4 GiB, whose positions are ambiguous")
            last = at or last
            if isinstance(event, FormatDescriptionEvent):
                found: Event = Began(f"{event.packet.server_id}-{event.packet.timestamp}")
            elif isinstance(event, MariadbGtidEvent):
                inside = not event.flags & _STANDALONE
                if not inside:
                    continue
                found = Opened(bool(event.flags & _PREPARED_XA))
            elif isinstance(event, XidEvent | XAPrepareEvent):
                inside, found = False, Ended(at)
            elif isinstance(event, QueryEvent):
                found, inside = _statement(event, at, inside)
            elif isinstance(event, TableMapEvent):
                found = self._columns(stream, event)
            elif type(event) in _KINDS:
                if any(take(row) for row in _rows(event)):
                    return
                continue
            elif isinstance(event, PartialUpdateRowsEvent):
                raise Unreadable("parts of JSON values only; set binlog_row_value_options to empty")
            elif event.packet.event_type in _UNREADABLE or event.packet.event_type in _ROWS_OLD:
                raise Unreadable(
                    "packed events; set log_bin_compress or (MySQL) binlog_transaction_compression off"
                )
            else:
                continue
            if take(found):
                return

    def _columns(self, stream: Any, event: Any) -> Columns:
        columns = stream.table_map[event.table_id].columns
        if any(column.name is None for column in columns):
            return Columns(self.table, None)
        for column in columns:
            if column.name not in self.listed:
                # Never looked at, and of any bytes: it must not stop the listed ones.
                column.character_set_name = "iso-8859-1"  # MySQL's latin1 has gaps
        return Columns(self.table, {column.name: _FAMILIES.get(column.type, "other") for column in columns})


def _statement(event: Any, at: int, inside: bool) -> tuple[Event, bool]:
    words = event.query.strip()
    first = words[:12].upper()
    if first == "BEGIN" or first.startswith("XA START"):
        return Opened(first != "BEGIN"), True
    if first in ("COMMIT", "ROLLBACK"):
        return Ended(at), False
    schema = event.schema.decode(errors="replace") if isinstance(event.schema, bytes) else str(event.schema)
    return Statement(schema, words, 0 if inside else at), inside


def _rows(event: Any) -> list[Row]:
    kind = _KINDS[type(event)]
    at = datetime.fromtimestamp(event.timestamp, UTC)
    floats = {column.name for column in event.columns if column.type == FIELD_TYPE.FLOAT}
    found = []
    for row in event.rows:
        values = row["after_values"] if kind == "update" else row["values"]
        for name in floats:
            values[name] = _single(values[name])
        found.append(Row(kind, values, at))
    return found


def _single(value: float | None) -> float | None:
    """Return the shortest number that is the same in single precision: what was written, not its shadow."""
    if value is None:
        return None
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if struct.pack("<f", short) == struct.pack("<f", value):
            return short
    return value
