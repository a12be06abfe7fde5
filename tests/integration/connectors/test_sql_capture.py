"""Change capture from a real PostgreSQL: every committed change once, over restarts; a gap is told."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError, Unavailable
from lineshaft.connectors.sql import SQL, SqlConnector
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import raised
from support.postgres import with_database

pytestmark = pytest.mark.needs("postgres-logical")

MANIFEST = """format: 1
connector: sql
name: mes
time_zone: Asia/Shanghai
database: {dialect: postgresql, user: secret:user, password: secret:password}
tables:
  report:
    table: REPORT
    key: [number]
    more_columns: true
    columns:
      number: {type: string, column: NO}
      quantity: {type: number, column: QTY}
      done: {type: boolean, column: DONE}
      at: {type: date and time, column: AT}
      note: {type: string, column: NOTE}
resources:
  report:
    table: report
    id: number
    changes:
      capture: {slot: SLOT, publication: reports}
      page: 3
      type: '"mes.report." + change'
      subject: item.number
      event_types: [mes.report.insert, mes.report.update, mes.report.delete]
"""
TABLES = """
CREATE TABLE "REPORT" ("NO" varchar(20) PRIMARY KEY, "QTY" numeric(30,11), "DONE" boolean,
  "AT" timestamptz, "NOTE" text, "HIDDEN" text);
CREATE TABLE "OTHER" (id int PRIMARY KEY, secret text);
CREATE PUBLICATION reports FOR TABLE "REPORT";
"""


class Mes:
    """A database of its own, and connectors to it."""

    def __init__(self) -> None:
        self.server = os.environ["LINESHAFT_TEST_POSTGRES_LOGICAL"]
        self.name = f"lineshaft_capture_{secrets.token_hex(4)}"
        self.slot = self.name
        self.opened: list[SqlConnector] = []

    async def start(self) -> None:
        await self.admin(f"CREATE DATABASE {self.name}", database="postgres")
        await self.admin(TABLES)

    async def admin(self, *statements: str, database: str | None = None) -> list[Any]:
        connection = await asyncpg.connect(with_database(self.server, database or self.name), timeout=5)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            if statements[-1].startswith("SELECT"):
                return list(await connection.fetch(statements[-1]))
            await connection.execute(statements[-1])
            return []
        finally:
            await connection.close()

    async def connect(self, manifest: str = MANIFEST) -> SqlConnector:
        parts = urlsplit(self.server)
        settings = {"host": "127.0.0.1", "port": parts.port, "database": self.name}
        known = {"user": "postgres", "password": "any"}
        connection = Connection("mes", settings, known.__getitem__, FixedClock())
        connector = SQL.read(manifest.replace("SLOT", self.slot).encode(), "mes.yaml").connect(connection)
        await connector.open()
        self.opened.append(connector)
        return connector

    async def stop(self) -> None:
        for connector in self.opened:
            await connector.close()
        slots = f"FROM pg_replication_slots WHERE slot_name = '{self.slot}'"
        await self.admin(f"SELECT pg_drop_replication_slot(slot_name) {slots}")
        await self.admin(f"DROP DATABASE {self.name} WITH (FORCE)", database="postgres")


@pytest.fixture
async def mes() -> AsyncIterator[Mes]:
    mes = Mes()
    await mes.start()
    yield mes
    await mes.stop()


async def rest(connector: SqlConnector, cursor: bytes) -> tuple[list[Change], bytes]:
    found: list[Change] = []
    while True:
        page = await connector.changes("report", cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found, cursor


def told(changes: list[Change]) -> list[str]:
    return [f"{each.type.removeprefix('mes.report.')} {each.subject}" for each in changes]


async def test_every_committed_change_of_a_listed_table_is_read_once_in_order(mes: Mes) -> None:
    connector = await mes.connect()
    first = await connector.changes("report", None)
    assert first.changes == ()
    await mes.admin(
        'INSERT INTO "REPORT" '
        "VALUES ('R-1', 1234567890.12345678901, true, '2026-05-04 08:00+00', '正常', 'x')",
        "BEGIN; INSERT INTO \"REPORT\" VALUES ('R-9', 1); ROLLBACK",
        "INSERT INTO \"OTHER\" VALUES (1, 'not listed')",
        'UPDATE "REPORT" SET "DONE" = false, "NOTE" = NULL',
        'DELETE FROM "REPORT"',
    )
    changes, _ = await rest(connector, first.cursor)
    assert told(changes) == ["insert R-1", "update R-1", "delete R-1"]
    inserted, updated, deleted = changes
    assert inserted.data["quantity"] == Decimal("1234567890.12345678901")
    assert inserted.data["at"].isoformat() == "2026-05-04T16:00:00+08:00"
    assert (inserted.data["done"], inserted.data["note"]) == (True, "正常")
    assert "HIDDEN" not in inserted.data
    assert (updated.data["done"], updated.data["note"]) == (False, None)
    assert deleted.data == {"number": "R-1"}
    assert inserted.occurred_at is not None


async def test_a_crash_before_the_page_is_durable_repeats_it_and_one_after_it_does_not(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    # One transaction of seven rows, larger than a page, and two of one row.
    await mes.admin(
        "INSERT INTO \"REPORT\" SELECT 'R-' || n, n FROM generate_series(1, 7) n",
        "INSERT INTO \"REPORT\" VALUES ('R-8', 8)",
        "INSERT INTO \"REPORT\" VALUES ('R-9', 9)",
    )
    seen: list[Change] = []
    for _ in range(20):
        lost = await connector.changes("report", cursor)
        await connector.close()
        # What was read before the crash was not kept: the same page comes again, with the same ids.
        connector = await mes.connect()
        page = await connector.changes("report", cursor)
        assert [each.id for each in page.changes] == [each.id for each in lost.changes]
        seen += page.changes
        cursor = page.cursor
        if not page.more:
            break
    assert told(seen) == [f"insert R-{number}" for number in range(1, 10)]
    assert len({each.id for each in seen}) == 9
    assert (await rest(connector, cursor))[0] == []
    # A slot that is advanced keeps no log for what is durable.
    [state] = await mes.admin(
        f"SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = '{mes.slot}'"
    )
    assert state["at"] in cursor.decode()


async def test_log_of_other_tables_does_not_pile_up_behind_the_slot(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    await mes.admin("INSERT INTO \"OTHER\" SELECT n, repeat('x', 2000) FROM generate_series(1, 1000) n")
    changes, moved = await rest(connector, cursor)
    assert changes == []
    assert moved != cursor
    await mes.admin("INSERT INTO \"REPORT\" VALUES ('R-1', 1)")
    changes, _ = await rest(connector, moved)
    assert told(changes) == ["insert R-1"]


async def test_a_slot_that_is_gone_or_moved_by_somebody_else_is_told(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    await mes.admin("INSERT INTO \"REPORT\" VALUES ('R-1', 1)")
    await mes.admin(f"SELECT pg_replication_slot_advance('{mes.slot}', pg_current_wal_lsn())")
    moved = await raised(Unavailable, connector.changes("report", cursor))
    assert moved.code == "capture_moved"
    await mes.admin(f"SELECT pg_drop_replication_slot('{mes.slot}')")
    gone = await raised(Unavailable, connector.changes("report", cursor))
    assert gone.code == "capture_lost"
    assert mes.slot in gone.message.in_language("zh")


async def test_a_column_that_is_not_in_the_log_any_more_stops_by_its_name(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    await mes.admin(
        'ALTER TABLE "REPORT" RENAME "QTY" TO "AMOUNT"', "INSERT INTO \"REPORT\" VALUES ('R-1', 1)"
    )
    error = await raised(Unavailable, connector.changes("report", cursor))
    assert error.code == "columns_changed"
    assert "QTY" in str(error)


def test_capture_is_alone_and_as_its_database_has_it() -> None:
    with pytest.raises(DefinitionError, match="server_id"):
        SQL.read(MANIFEST.replace("dialect: postgresql", "dialect: mariadb").encode(), "mes.yaml")
    with pytest.raises(DefinitionError, match="capture alone"):
        SQL.read(MANIFEST.replace("page: 3", "cursor: quantity").encode(), "mes.yaml")
