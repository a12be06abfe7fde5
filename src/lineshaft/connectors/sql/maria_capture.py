"""Change capture from MariaDB and MySQL: what was committed to a listed table, read from the binary log.

The server keeps the log by its own rule, whoever has read it. The hub keeps the page and its cursor durable
and asks behind it: what is lost with a crash is read again with the same ids. A cursor is a place in a file,
and the mark of that file: a log that was purged, begun anew or belongs to another server is a gap; it is
told, never skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.binlog import (
    Began,
    Columns,
    Ended,
    Event,
    Opened,
    Pass,
    Purged,
    Row,
    Statement,
    Unreadable,
)
from lineshaft.connectors.sql.driving import Address, Family, Fault, Session
from lineshaft.connectors.sql.facts import documents_of, needed
from lineshaft.connectors.sql.model import ChangesRule
from lineshaft.connectors.sql.tables import Changed, Seen
from lineshaft.connectors.sql.values import FITTING, from_column
from lineshaft.sdk.outcomes import Change, ChangePage, told_by

_BYTES_PER_PASS: Final = 64 * 1024 * 1024
"""A pass over log of other tables ends behind so much, so that what was looked at need not be again."""
_FIRST: Final = 4
"""Where the events of a log file begin."""
_NEEDED: Final = {
    "log_bin": ("ON",),
    "binlog_format": ("ROW",),
    "binlog_row_image": ("FULL",),
    "binlog_row_metadata": ("FULL",),
    "log_bin_compress": ("OFF",),
    "binlog_transaction_compression": ("OFF",),
    "binlog_row_value_options": ("",),
}
_ALWAYS: Final = ("log_bin", "binlog_format", "binlog_row_image", "binlog_row_metadata")
"""The others are of one of the two makes only."""
_VARIABLES: Final = (
    f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({', '.join(repr(one) for one in _NEEDED)})"
)
_NAMES: Final = """
SELECT table_schema AS home, table_name AS name FROM information_schema.tables
WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s
"""
_STATUS: Final = ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS")
"""As MySQL has called it from 8.2 on, and as MariaDB does."""
_WRITING: Final = ("INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL")


@dataclass(frozen=True, slots=True)
class LogPlace:
    """How far was read: everything before a place of a file, and so many changes of the transaction there."""

    file: str
    position: int
    skip: int = 0
    identity: str = ""
    """Tells the file from another of its name; empty: it was not looked into yet."""

    def cursor(self) -> bytes:
        """Return the cursor's bytes."""
        return msgspec.json.encode({
            "v": 1, "file": self.file, "at": self.position, "skip": self.skip, "log": self.identity,
        })  # fmt: skip


def read_log_place(cursor: bytes) -> LogPlace:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of change capture from a binary log.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        return LogPlace(str(raw["file"]), int(raw["at"]), int(raw["skip"]), str(raw["log"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of change capture", "游标不是变更捕获的格式"), code="cursor_unreadable"
        ) from error


async def check_log(session: Session) -> None:
    """Check that the log tells every changed row, whole and with the names of its columns.

    Raises:
        Changed: It does not; names the setting.
    """
    found = {
        str(row["Variable_name"]).lower(): str(row["Value"]) for row in await session.fetch(_VARIABLES, ())
    }
    for name, wanted in _NEEDED.items():
        value = found.get(name)
        if (value is None and name in _ALWAYS) or (value is not None and value.upper() not in wanted):
            raise Changed(
                "capture_settings",
                text(
                    "Expected the server's setting {name} = {wanted} for change capture, but it is {value}",
                    "变更捕获要求服务器参数 {name} = {wanted},实际为 {value}",
                    name=name,
                    wanted=wanted[0] or "''",
                    value=value if value is not None else "-",
                ),
            )


async def read_logged(
    session: Session,
    address: Address,
    seen: Seen,
    rule: ChangesRule,
    cursor: bytes | None,
    *,
    timeout_s: float,
) -> ChangePage:
    """Return one page of committed changes; without a cursor from now on.

    Raises:
        Fault: The server does not answer, or the account lacks the right to read the log.
        Changed: The place is not in the log any more, the log hides changes, or a listed column is not in it.
        Invalid: A change does not give an event.
    """
    capture = rule.capture
    assert capture is not None
    await check_log(session)
    if cursor is None:
        return ChangePage((), (await _now(session)).cursor())
    place = read_log_place(cursor)
    listed = frozenset(column.column for column in seen.rule.columns.values())
    schema, _, name = seen.rule.table.rpartition(".")
    (home,) = await session.fetch(_NAMES, (schema or None, name))
    reading = Pass.of(address, capture.server_id, (str(home["home"]), str(home["name"])), listed, timeout_s)
    page = _LogPage(seen, rule, str(home["home"]), place, began_at=place)
    try:
        await reading.read(place.file, place.position, page.take)
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    except Purged as purged:
        raise _lost(place, str(purged)) from None
    except Unreadable as unreadable:
        raise Changed(
            "log_unreadable",
            Text("the log cannot be read: {why}", "日志无法读取:{why}", {"why": str(unreadable)}),
        ) from None
    return ChangePage(tuple(page.changes), page.place.cursor(), more=page.full)


async def _now(session: Session) -> LogPlace:
    for number, statement in enumerate(_STATUS):
        try:
            rows = await session.fetch(statement, ())
        except Fault as fault:
            if fault.code != "1064" or number + 1 == len(_STATUS):
                raise
            continue
        if rows:
            return LogPlace(str(rows[0]["File"]), int(rows[0]["Position"]))
    raise Changed("capture_settings", text("the server keeps no binary log", "服务器未启用二进制日志"))


def _lost(place: LogPlace, words: str) -> Changed:
    return Changed(
        "capture_lost",
        text(
            "the server's log does not reach back to {file}:{position} any more ({words}): what was "
            "committed since then cannot be read; read the whole table anew, or compare the records and "
            "begin the source anew",
            "服务器日志已不包含 {file}:{position}({words}):此后提交的变更无法读取;"
            "请全量重读该表,或对账后重新开始该来源",
            file=place.file,
            position=place.position,
            words=words,
        ),
    )


@dataclass(slots=True)
class _LogPage:
    """The changes of one page, and how far they reach."""

    seen: Seen
    rule: ChangesRule
    schema: str
    place: LogPlace
    began_at: LogPlace
    changes: list[Change] = field(default_factory=list)
    full: bool = False
    index: int = 0
    prepared: bool = False
    families: dict[str, Family] = field(default_factory=dict)

    def take(self, event: Event) -> bool:
        """Take one event; return whether the page is full."""
        if isinstance(event, Row):
            return self._row(event)
        if isinstance(event, Ended):
            self._moved(event.position)
        elif isinstance(event, Opened):
            self.prepared = event.prepared
        elif isinstance(event, Columns):
            self._columns(event)
        elif isinstance(event, Statement):
            return self._statement(event)
        elif isinstance(event, Began):
            self._began(event)
        elif event.file != self.place.file:
            self.place = LogPlace(event.file, max(event.position, _FIRST))
            self.index = 0
        self.full = self._far()
        return self.full

    def _began(self, event: Began) -> None:
        if self.place.identity and self.place.identity != event.identity:
            raise _lost(self.place, "the file of that name is another one now")
        self.place = replace(self.place, identity=event.identity)

    def _moved(self, position: int) -> None:
        self.index, self.prepared = 0, False
        if position > self.place.position:
            self.place = replace(self.place, position=position, skip=0)

    def _far(self) -> bool:
        """Whether enough of other tables was read; only between transactions, where the place stands."""
        if self.index:
            return False
        start = self.began_at.position if self.began_at.file == self.place.file else _FIRST
        return self.place.position - start > _BYTES_PER_PASS

    def _row(self, row: Row) -> bool:
        if self.prepared:
            raise Changed(
                "log_unreadable",
                text(
                    "{table} was written in a distributed transaction (XA), of which the log does not tell "
                    "whether it is committed",
                    "{table} 由分布式事务(XA)写入,日志无法说明其是否已提交",
                    table=self.seen.rule.table,
                ),
            )
        self.index += 1
        if self.index <= self.place.skip:
            return False
        item = self._decoded(row)
        self.changes.append(self._change(row, row.kind, item))
        return self._filled()

    def _filled(self) -> bool:
        self.full = len(self.changes) >= self.rule.page
        if self.full:
            self.place = replace(self.place, skip=self.index)
        return self.full

    def _number(self) -> str:
        return f"{self.place.file}:{self.place.position}/{self.index}"

    def _change(self, row: Row, kind: str, item: dict[str, Any]) -> Change:
        rule, names = self.rule, {"item": item, "change": kind}
        return Change(
            needed(rule.id, names) if rule.id is not None else self._number(),
            needed(rule.type, names),
            needed(rule.subject, names),
            item,
            row.at,
            **told_by(lambda: documents_of(rule.documents, names)),
        )

    def _decoded(self, row: Row) -> dict[str, Any]:
        found = {}
        for name, column in self.seen.rule.columns.items():
            # As the column was when the row was written: it may have been altered since.
            live = replace(self.seen.live[name], family=self.families[column.column])
            found[name] = from_column(row.values[column.column], column, live, self.seen.zone)
        return found

    def _columns(self, columns: Columns) -> None:
        if columns.families is None:
            raise Changed(
                "capture_settings",
                text(
                    "the log of {table} has no names of columns: it was written before the server's setting "
                    "binlog_row_metadata = FULL; begin the source anew",
                    "{table} 的日志没有列名:写入时服务器参数 binlog_row_metadata 不是 FULL;请重新开始该来源",
                    table=columns.table,
                ),
            )
        for column in self.seen.rule.columns.values():
            family = columns.families.get(column.column)
            if family is None or family not in FITTING[column.type]:
                raise Changed(
                    "columns_changed",
                    text(
                        "Expected the column {column} of {table} in the log to hold a {type}, but it "
                        "has {columns}",
                        "{table} 的日志中列 {column} 应为 {type},日志中为 {columns}",
                        column=column.column,
                        table=columns.table,
                        type=column.type,
                        columns=", ".join(f"{key} ({value})" for key, value in columns.families.items()),
                    ),
                )
        self.families = columns.families

    def _statement(self, statement: Statement) -> bool:
        """Judge a statement in words: one that empties the table is told, one that hides rows stops."""
        words = statement.words.upper().replace("`", " ").replace('"', " ")
        plain = words.replace(".", " ").replace(";", " ").replace("(", " ").split()
        name = self.seen.rule.table.rpartition(".")[2].upper()
        concerns = name in plain and (statement.schema == self.schema or self.schema.upper() in plain)
        if concerns and plain[0] in _WRITING:
            raise Changed(
                "log_unreadable",
                text(
                    "{table} was changed by a statement that the log does not tell row by row "
                    "(binlog_format of its session was not ROW)",
                    "{table} 被一条未按行记录的语句修改(会话的 binlog_format 不是 ROW)",
                    table=self.seen.rule.table,
                ),
            )
        if concerns and plain[0] == "TRUNCATE" and not self.place.skip:
            self.index += 1
            # All rows at once, none of which is told: whoever needs them compares.
            self.changes.append(Change(self._number(), f"{self.seen.rule.name}.truncated", "*", {}, None))
        if statement.position:
            self._moved(statement.position)
        self.full = len(self.changes) >= self.rule.page or self._far()
        return self.full
