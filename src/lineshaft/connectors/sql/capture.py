"""Change capture from PostgreSQL: what was committed to a listed table, read from its log by a slot.

*Peek, keep, advance.* A page is only looked at in the slot. The hub makes it durable, then its cursor; with
that cursor it asks for the next page, and only then the slot is advanced to it. So what is lost with a crash
is read again with the same ids, and what is durable is not asked for twice. A slot that is gone, or that
somebody else has moved on, is a gap: it is told, never skipped.

The changes of one transaction stand together, in the order of commits. A cursor may stand within a large one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.driving import Session
from lineshaft.connectors.sql.facts import documents_of, needed
from lineshaft.connectors.sql.model import CaptureRule, ChangesRule
from lineshaft.connectors.sql.pgoutput import (
    Begin,
    Commit,
    Decoder,
    Garbled,
    Relation,
    Row,
    lsn_number,
    lsn_text,
)
from lineshaft.connectors.sql.tables import Changed, Seen
from lineshaft.connectors.sql.values import from_column
from lineshaft.sdk.outcomes import Change, ChangePage, told_by

_MESSAGES_PER_CHANGE: Final = 4
"""Begin, table, row, commit: a transaction of one change."""
_IDLE_BYTES: Final = 1024 * 1024
"""A cursor is moved on without changes only behind so much log, which the slot would keep otherwise."""
_STATE: Final = """
SELECT confirmed_flush_lsn::text AS at, coalesce(wal_status, '') = 'lost' AS lost,
       pg_current_wal_lsn()::text AS now
FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database() AND plugin = 'pgoutput'
"""
_CREATE: Final = "SELECT lsn::text AS at FROM pg_create_logical_replication_slot($1, 'pgoutput')"
_ADVANCE: Final = "SELECT end_lsn::text AS at FROM pg_replication_slot_advance($1, $2::text::pg_lsn)"
_PEEK: Final = """
SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, $2::int,
    'proto_version', '1', 'publication_names', $3) LIMIT $2::int
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How far was read: all transactions that end before ``at``, and so many changes of the next one."""

    at: int
    skip: int = 0

    def cursor(self) -> bytes:
        """Return the cursor's bytes."""
        return msgspec.json.encode({"v": 1, "lsn": lsn_text(self.at), "skip": self.skip})


def read_place(cursor: bytes) -> Place:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of change capture.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        return Place(lsn_number(raw["lsn"]), int(raw["skip"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of change capture", "游标不是变更捕获的格式"), code="cursor_unreadable"
        ) from error


async def read_captured(session: Session, seen: Seen, rule: ChangesRule, cursor: bytes | None) -> ChangePage:
    """Return one page of committed changes; without a cursor from now on, and a missing slot is made.

    Raises:
        Fault: The database does not answer, or lacks a right.
        Changed: The slot is gone or was moved on by somebody else, or a listed column is not in the log.
        Invalid: A change does not give an event.
    """
    capture = rule.capture
    assert capture is not None
    state = await session.fetch(_STATE, [capture.slot])
    if cursor is None:
        begun = state or await session.fetch(_CREATE, [capture.slot])
        return ChangePage((), Place(lsn_number(begun[0]["at"])).cursor())
    place = read_place(cursor)
    _check(capture, state, place)
    if lsn_number(state[0]["at"]) < place.at:
        await session.fetch(_ADVANCE, [capture.slot, lsn_text(place.at)])
    limit = place.skip + _MESSAGES_PER_CHANGE * rule.page
    rows = await session.fetch(_PEEK, [capture.slot, limit, capture.publication])
    page = _Page(seen, rule, place)
    try:
        for row in rows:
            if page.take(bytes(row["data"])):
                return ChangePage(tuple(page.changes), page.place.cursor(), more=True)
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    except Garbled as error:
        raise Changed(
            "log_unreadable", Text(f"the log cannot be read ({error})", f"日志无法读取({error})")
        ) from error
    if len(rows) >= limit:
        return ChangePage(tuple(page.changes), page.place.cursor(), more=True)
    # Everything before this moment was looked at: what concerns other tables need not be kept.
    now = lsn_number(state[0]["now"])
    if not page.changes and now - page.place.at > _IDLE_BYTES:
        page.place = Place(now)
    return ChangePage(tuple(page.changes), page.place.cursor())


def _check(capture: CaptureRule, state: list[dict[str, Any]], place: Place) -> None:
    """Check that nothing between the cursor and the slot is lost."""
    if not state or state[0]["lost"]:
        raise Changed(
            "capture_lost",
            text(
                "the slot {slot} is gone: what was committed since {at} cannot be read any more; compare the "
                "records, then begin the source anew",
                "复制槽 {slot} 已不存在:{at} 之后提交的变更无法读取;请先对账,再重新开始该来源",
                slot=capture.slot,
                at=lsn_text(place.at),
            ),
        )
    if lsn_number(state[0]["at"]) > place.at:
        raise Changed(
            "capture_moved",
            text(
                "somebody else has moved the slot {slot} to {now}, behind our {at}; give each reader its own",
                "复制槽 {slot} 被他人推进到 {now},超过本方位置 {at};每个读取方应使用各自的复制槽",
                slot=capture.slot,
                now=state[0]["at"],
                at=lsn_text(place.at),
            ),
        )


@dataclass(slots=True)
class _Page:
    """The changes of one page, and how far they reach."""

    seen: Seen
    rule: ChangesRule
    place: Place
    changes: list[Change] = field(default_factory=list)
    decoder: Decoder = field(default_factory=Decoder)
    begun: Begin | None = None
    index: int = 0

    def take(self, data: bytes) -> bool:
        """Take one message; return whether the page is full."""
        message = self.decoder.read(data)
        if isinstance(message, Begin):
            self.begun, self.index = message, 0
        elif isinstance(message, Relation):
            self._check(message)
        elif isinstance(message, Commit):
            self.begun = None
            if message.end_lsn > self.place.at:
                self.place = Place(message.end_lsn)
        elif isinstance(message, Row) and self.begun is not None:
            return self._row(message, self.begun)
        return False

    def _row(self, row: Row, begun: Begin) -> bool:
        if begun.commit_lsn < self.place.at:
            # The slot may stand a little before the cursor: this was read already.
            return False
        self.index += 1
        if self.index <= self.place.skip:
            return False
        self.changes.append(self._change(row, begun))
        if len(self.changes) < self.rule.page:
            return False
        self.place = Place(self.place.at, self.index)
        return True

    def _check(self, relation: Relation) -> None:
        for column in self.seen.rule.columns.values():
            if column.column not in relation.columns:
                raise Changed(
                    "columns_changed",
                    text(
                        "Expected the column {column} of {table} in the log, but it has {columns}",
                        "{table} 的日志中应有列 {column},实际为 {columns}",
                        column=column.column,
                        table=relation.name,
                        columns=", ".join(relation.columns),
                    ),
                )

    def _change(self, row: Row, begun: Begin) -> Change:
        rule, number = self.rule, f"{lsn_text(begun.commit_lsn)}/{self.index}"
        if row.kind == "truncate":
            # All rows at once, none of which is told: whoever needs them compares.
            return Change(number, f"{self.seen.rule.name}.truncated", "*", {}, begun.at)
        item = self._decoded(row)
        names = {"item": item, "change": row.kind}
        identity = needed(rule.id, names) if rule.id is not None else number
        occurred: datetime | None = begun.at
        return Change(
            identity,
            needed(rule.type, names),
            needed(rule.subject, names),
            item,
            occurred,
            **told_by(lambda: documents_of(rule.documents, names)),
        )

    def _decoded(self, row: Row) -> dict[str, Any]:
        """Return the listed columns that came, by our names."""
        found = {}
        for name, column in self.seen.rule.columns.items():
            if column.column in row.values:
                value: Any = row.values[column.column]
                if column.type == "boolean" and value is not None:
                    value = value == "t"
                found[name] = from_column(value, column, self.seen.live[name], self.seen.zone)
        return found
