"""Staging tables at work: lines in one transaction, guarded changes, polling, a changed set of columns.

Over a SQLite file everywhere; what the servers do otherwise stands in the conformance tests.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, Refused, Unavailable
from lineshaft.connectors.sql import SQL, SqlConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised

MANIFEST = """\
format: 1
connector: sql
name: wms
time_zone: Asia/Shanghai
database: {dialect: sqlite}
tables:
  in_order:
    table: IN_ORDER
    writable: true
    key: [number]
    columns:
      number: {type: string, column: ORDER_NO}
      due: {type: date and time, column: DUE_AT}
      status: {type: string, column: STATUS}
  in_line:
    table: IN_ORDER_LINE
    writable: true
    key: [number, line]
    columns:
      number: {type: string, column: ORDER_NO}
      line: {type: number, column: LINE_NO}
      item: {type: string, column: ITEM_NO}
      quantity: {type: number, column: QTY}
  out_move:
    table: OUT_MOVE
    writable: true
    key: [seq]
    columns: {seq: number, number: string, quantity: number, status: string}
operations:
  order.save:
    table: in_order
    action: insert
    values: {number: payload.number, due: payload.due, status: '"NEW"'}
    lines:
      table: in_line
      each: payload.lines
      values: {number: payload.number, line: line.line, item: line.item, quantity: line.quantity}
    safety: {kind: natural_key, columns: [number]}
    number: row.number
  order.put:
    table: in_order
    action: upsert
    values: {number: payload.number, due: payload.due, status: '"NEW"'}
    while: {status: '"NEW"'}
    lines:
      table: in_line
      each: payload.lines
      values: {number: payload.number, line: line.line, item: line.item, quantity: line.quantity}
    safety: {kind: natural_key, columns: [number]}
  move.taken:
    table: out_move
    action: update
    values: {status: '"TAKEN"'}
    where: {seq: payload.seq}
    while: {status: '"NEW"'}
resources:
  order:
    table: in_order
    id: number
    lines: {table: in_line, by: {number: number}}
  move:
    table: out_move
    id: seq
    changes:
      where: {status: NEW}
      page: 2
      id: '"move/" + string(item.seq)'
      type: '"wms.move.done"'
      subject: item.number
"""
TABLES = """
CREATE TABLE IN_ORDER (ORDER_NO TEXT PRIMARY KEY NOT NULL, DUE_AT TEXT, STATUS TEXT);
CREATE TABLE IN_ORDER_LINE (ORDER_NO TEXT NOT NULL, LINE_NO INTEGER NOT NULL, ITEM_NO TEXT NOT NULL,
  QTY TEXT NOT NULL CHECK (QTY <> '0'), PRIMARY KEY (ORDER_NO, LINE_NO));
CREATE TABLE OUT_MOVE (seq INTEGER PRIMARY KEY, number TEXT, quantity DECIMAL(18,4), status TEXT);
"""


def lines(*quantities: str) -> list[dict[str, Any]]:
    return [
        {"line": index, "item": f"P-{index}", "quantity": Decimal(quantity)}
        for index, quantity in enumerate(quantities, 1)
    ]


def order(*quantities: str, number: str = "SO-1", due: str = "2026-11-22T08:00:00") -> dict[str, Any]:
    return {"number": number, "due": due, "lines": lines(*quantities)}


class Plant:
    """The file, and the connector to it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = FixedClock()
        self.run(TABLES)
        self.connector: SqlConnector = self.connect()

    def connect(self, manifest: str = MANIFEST) -> SqlConnector:
        connection = Connection("wms", {"file": str(self.file)}, {}.__getitem__, self.clock)
        return SQL.read(manifest.encode(), "wms.yaml").connect(connection)

    def run(self, script: str) -> None:
        connection = sqlite3.connect(self.file)
        connection.executescript(script)
        connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.file)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


@pytest_asyncio.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    plant = Plant(tmp_path / "wms.db")
    yield plant
    await plant.connector.close()


async def test_a_document_and_its_lines_are_written_together(plant: Plant) -> None:
    outcome = await plant.connector.call("order.save", order("500", "0.1000000000000000000001"), context())
    assert outcome.number == "SO-1"
    assert plant.rows("SELECT LINE_NO, ITEM_NO, QTY FROM IN_ORDER_LINE") == [
        (1, "P-1", "500"),
        (2, "P-2", "0.1000000000000000000001"),
    ]
    record = await plant.connector.read("order", "SO-1")
    assert record is not None
    assert [line["quantity"] for line in record["lines"]] == [
        Decimal("500"),
        Decimal("0.1000000000000000000001"),
    ]


async def test_nothing_is_written_when_one_line_is_refused(plant: Plant) -> None:
    await raised(Invalid, plant.connector.call("order.save", order("5", "0"), context()))
    assert plant.rows("SELECT * FROM IN_ORDER") == []
    assert plant.rows("SELECT * FROM IN_ORDER_LINE") == []


async def test_a_time_without_an_offset_is_of_the_declared_zone(plant: Plant) -> None:
    await plant.connector.call("order.save", order("1"), context())
    record = await plant.connector.read("order", "SO-1")
    assert record is not None
    assert record["due"].astimezone(UTC) == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


async def test_the_same_natural_key_with_other_content_is_refused_and_names_the_column(plant: Plant) -> None:
    await plant.connector.call("order.save", order("1"), context())
    other = order("1", due="2027-01-01T08:00:00")
    error = await raised(Refused, plant.connector.call("order.save", other, context("k-2")))
    assert error.code == "key_taken"
    assert "DUE_AT" in str(error)


async def test_a_repeat_is_recognised_after_the_target_has_moved_the_status_on(plant: Plant) -> None:
    await plant.connector.call("order.save", order("1"), context())
    plant.run("UPDATE IN_ORDER SET STATUS = 'DONE'")
    assert (await plant.connector.call("order.save", order("1"), context())).repeated


async def test_a_change_replaces_the_lines_while_the_target_has_not_taken_the_row(plant: Plant) -> None:
    await plant.connector.call("order.put", order("100", "7"), context())
    await plant.connector.call("order.put", order("80", due="2026-12-01T08:00:00"), context("k-2"))
    assert plant.rows("SELECT LINE_NO, QTY FROM IN_ORDER_LINE") == [(1, "80")]
    plant.run("UPDATE IN_ORDER SET STATUS = 'TAKEN'")
    error = await raised(Refused, plant.connector.call("order.put", order("60"), context("k-3")))
    assert error.code == "row_taken"
    assert plant.rows("SELECT QTY FROM IN_ORDER_LINE") == [("80",)]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("ALTER TABLE IN_ORDER RENAME COLUMN DUE_AT TO DUE_TIME", "DUE_AT"),
        ("ALTER TABLE IN_ORDER ADD COLUMN PLANT TEXT", "PLANT"),
        ("ALTER TABLE IN_ORDER DROP COLUMN DUE_AT", "DUE_AT"),
        ("DROP TABLE IN_ORDER; CREATE TABLE IN_ORDER (ORDER_NO TEXT, DUE_AT TEXT, STATUS TEXT)", "ORDER_NO"),
        ("DROP TABLE IN_ORDER", "IN_ORDER"),
    ],
)
async def test_a_changed_set_of_columns_stops_writing_with_its_name(
    plant: Plant, change: str, name: str
) -> None:
    await plant.connector.call("order.save", order("1"), context())
    plant.run(change)
    plant.clock.advance(61)
    gate = Gate()
    error = await raised(
        Unavailable, plant.connector.call("order.save", order("1", number="SO-2"), context("k-2", gate=gate))
    )
    assert error.code in ("columns_changed", "key_not_unique")
    assert name in str(error)
    assert name in error.message.in_language("zh")
    assert gate.calls == 0
    steps = await plant.connector.check()
    assert [step.ok for step in steps] == [True, True, False]


async def test_a_floating_point_column_takes_no_number_it_would_round(plant: Plant) -> None:
    manifest = MANIFEST.replace(
        "values: {status: '\"TAKEN\"'}", "values: {status: '\"TAKEN\"', quantity: payload.quantity}"
    )
    plant.run("INSERT INTO OUT_MOVE VALUES (1, 'M', 1, 'NEW')")
    connector = plant.connect(manifest)
    payload = {"seq": 1, "quantity": Decimal("1234567890.12345678901")}
    error = await raised(Invalid, connector.call("move.taken", payload, context()))
    assert "15" in str(error)
    await connector.call("move.taken", {"seq": 1, "quantity": Decimal("0.1")}, context())
    record = await connector.read("move", "1")
    assert record is not None
    assert record["quantity"] == Decimal("0.1")
    await connector.close()


async def test_rows_by_status_are_read_page_by_page_and_leave_when_taken(plant: Plant) -> None:
    plant.run("".join(f"INSERT INTO OUT_MOVE VALUES ({n}, 'M-{n}', {n}, 'NEW');" for n in range(1, 6)))
    seen: list[str] = []
    cursor: bytes | None = None
    for _ in range(3):
        page = await plant.connector.changes("move", cursor)
        seen += [change.subject for change in page.changes]
        cursor = page.cursor
    assert seen == ["M-1", "M-2", "M-3", "M-4", "M-5"]
    assert not page.more
    await plant.connector.call("move.taken", {"seq": 2}, context())
    again = await plant.connector.call("move.taken", {"seq": 2}, context())
    assert again.repeated
    page = await plant.connector.changes("move", cursor)
    assert [change.subject for change in page.changes] == ["M-1", "M-3"]


async def test_a_row_whose_documents_cannot_be_read_stops_neither_itself_nor_those_behind(
    plant: Plant,
) -> None:
    follows = """      documents:
        - {kind: move, number: item.number, local_id: item.number, follows: '"erp/order/" + item.status'}
"""
    connector = plant.connect(
        MANIFEST.replace("where: {status: NEW}\n      page: 2", "cursor: seq\n      page: 9") + follows
    )
    plant.run("INSERT INTO OUT_MOVE VALUES (1, 'M-1', 1, 'A'), (2, 'M-2', 2, NULL), (3, 'M-3', 3, 'C');")
    page = await connector.changes("move", None)
    await connector.close()
    assert [change.subject for change in page.changes] == ["M-1", "M-2", "M-3"]
    assert [len(change.documents) for change in page.changes] == [1, 0, 1]
    [doubt] = [change.doubt for change in page.changes if change.doubt is not None]
    assert "follows" in str(doubt)
    assert "null" in str(doubt)


async def test_an_update_of_a_row_that_is_not_there_is_refused(plant: Plant) -> None:
    error = await raised(Refused, plant.connector.call("move.taken", {"seq": 404}, context()))
    assert error.code == "row_missing"


async def test_a_locked_file_is_unavailable_and_nothing_was_announced(plant: Plant) -> None:
    await plant.connector.close()
    plant.connector = plant.connect("timeouts: {connect_s: 0.05}\n" + MANIFEST)
    holder = sqlite3.connect(plant.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    gate = Gate()
    error = await raised(Unavailable, plant.connector.call("order.save", order("1"), context(gate=gate)))
    assert (error.code, gate.calls) == ("busy", 0)
    holder.execute("ROLLBACK")
    holder.close()
    await plant.connector.call("order.save", order("1"), context())
    assert len(plant.rows("SELECT * FROM IN_ORDER")) == 1


async def test_many_writers_of_one_key_leave_one_row(plant: Plant) -> None:
    others = [plant.connect() for _ in range(3)]
    outcomes = await asyncio.gather(
        *(each.call("order.save", order("1"), context()) for each in (plant.connector, *others))
    )
    assert sorted(outcome.repeated for outcome in outcomes) == [False, True, True, True]
    assert len(plant.rows("SELECT * FROM IN_ORDER_LINE")) == 1
    for each in others:
        await each.close()


async def test_a_table_that_is_not_listed_is_refused_before_the_file_is_opened(tmp_path: Path) -> None:
    connection = Connection("wms", {"file": str(tmp_path / "absent.db")}, {}.__getitem__, FixedClock())
    connector = SQL.read(MANIFEST.encode(), "wms.yaml").connect(connection)
    error = await raised(Invalid, connector.read("sqlite_master", "1"))
    assert error.code == "resource_unknown"
    error_unreachable = await raised(Unavailable, connector.read("order", "1"))
    assert error_unreachable.code == "unreachable"
