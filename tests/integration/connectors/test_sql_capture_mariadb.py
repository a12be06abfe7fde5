"""Change capture from a real MariaDB's binary log: each committed change once, also over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError, Unavailable
from lineshaft.connectors.sql import SQL, SqlConnector
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import raised
from support.mariadb_log import MariaWithLog
from support.waiting import until_true

pytestmark = pytest.mark.needs("mariadbd")

MANIFEST = """format: 1
connector: sql
name: mes
time_zone: Asia/Shanghai
database: {dialect: mariadb, user: secret:user, password: secret:password}
timeouts: {columns_s: 0}
tables:
  report:
    table: REPORT
    key: [number]
    more_columns: true
    columns:
      number: {type: string, column: NO}
      quantity: {type: number, column: QTY}
      share: {type: number, column: SHARE}
      done: {type: boolean, column: DONE}
      at: {type: date and time, column: AT}
      local: {type: date and time, column: LOCAL}
      day: {type: date, column: DAY}
      note: {type: string, column: NOTE}
resources:
  report:
    table: report
    id: number
    changes:
      capture: {server_id: 90210}
      page: 3
      type: '"mes.report." + change'
      subject: item.number
      event_types: [mes.report.insert, mes.report.update, mes.report.delete]
"""
TABLE = """
CREATE TABLE REPORT (NO varchar(20) PRIMARY KEY, QTY decimal(30,11), SHARE float, DONE tinyint(1),
  AT timestamp(6) NULL, LOCAL datetime(3), DAY date, NOTE text, HIDDEN varbinary(10), PLACE uuid)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaWithLog]:
    server = MariaWithLog(tmp_path_factory.mktemp("maria"), "pa:ss-log")
    server.install()
    server.start()
    server.make_account()
    yield server
    server.stop(hard=True)


class Mes:
    """A database with the listed table, and connectors to it."""

    def __init__(self, server: MariaWithLog) -> None:
        self.server = server
        self.opened: list[SqlConnector] = []

    def run(self, *statements: str) -> None:
        self.server.run(*statements)

    async def connect(self, manifest: str = MANIFEST) -> SqlConnector:
        settings = {"host": "127.0.0.1", "port": self.server.port, "database": "mes"}
        known = {"user": "hub", "password": self.server.password}
        connection = Connection("mes", settings, known.__getitem__, FixedClock())
        connector = SQL.read(manifest.encode(), "mes.yaml").connect(connection)
        await connector.open()
        self.opened.append(connector)
        return connector


@pytest.fixture
async def mes(server: MariaWithLog) -> AsyncIterator[Mes]:
    server.run("DROP DATABASE IF EXISTS mes", "CREATE DATABASE mes", database=None)
    server.run(TABLE, "CREATE TABLE OTHER (id int PRIMARY KEY, secret longtext)")
    mes = Mes(server)
    yield mes
    for connector in mes.opened:
        await connector.close()


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
    assert [step.ok for step in await connector.check()] == [True, True, True]
    first = await connector.changes("report", None)
    assert first.changes == ()
    mes.run(
        "SET time_zone='+00:00'",
        "INSERT INTO REPORT VALUES ('R-1', 1234567890.12345678901, 0.1, true, '2026-05-04 08:00:00.123456',"
        " '2026-05-04 08:00:00.5', '2026-05-04', '正常', 0xFF00FE,"
        " '90818d8f-9d90-4181-8d90-8f819d908d81')",
        "START TRANSACTION", "INSERT INTO REPORT (NO) VALUES ('R-9')", "ROLLBACK",
        "INSERT INTO OTHER VALUES (1, 'not listed')",
        "UPDATE REPORT SET DONE = false, NOTE = NULL",
        "DELETE FROM REPORT",
    )  # fmt: skip
    changes, cursor = await rest(connector, first.cursor)
    assert told(changes) == ["insert R-1", "update R-1", "delete R-1"]
    inserted, updated, deleted = changes
    assert inserted.data["quantity"] == Decimal("1234567890.12345678901")
    assert inserted.data["share"] == Decimal("0.1")
    assert inserted.data["at"].isoformat() == "2026-05-04T16:00:00.123456+08:00"
    assert inserted.data["local"].isoformat() == "2026-05-04T08:00:00.500000+08:00"
    assert inserted.data["day"] == date(2026, 5, 4)
    assert (inserted.data["done"], inserted.data["note"]) == (True, "正常")
    assert "HIDDEN" not in inserted.data
    assert (updated.data["done"], updated.data["note"]) == (False, None)
    assert deleted.data["number"] == "R-1"
    assert inserted.occurred_at is not None
    assert await rest(connector, cursor) == ([], cursor)


async def test_a_crash_before_the_page_is_durable_repeats_it_and_one_after_it_does_not(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    # One transaction of seven rows, larger than a page, and two of one row in other files of the log.
    mes.run(
        "INSERT INTO REPORT (NO) SELECT CONCAT('R-', seq) FROM seq_1_to_7",
        "FLUSH BINARY LOGS",
        "INSERT INTO REPORT (NO) VALUES ('R-8')",
        "FLUSH BINARY LOGS",
        "INSERT INTO REPORT (NO) VALUES ('R-9')",
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


async def test_changes_over_restarts_of_the_server_are_read_once(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-1')")
    first, cursor = await rest(connector, cursor)
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-2')")
    await asyncio.to_thread(mes.server.stop)
    down = await raised(Unavailable, connector.changes("report", cursor))
    assert down.code in ("unreachable", "connection_lost")
    await asyncio.to_thread(mes.server.start)
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-3')")
    await asyncio.to_thread(mes.server.stop, hard=True)
    await asyncio.to_thread(mes.server.start)
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-4')")
    later, cursor = await rest(connector, cursor)
    assert told(first + later) == ["insert R-1", "insert R-2", "insert R-3", "insert R-4"]


async def test_a_column_added_in_mid_stream_changes_nothing_and_one_renamed_stops_by_its_name(
    mes: Mes,
) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    mes.run(
        "INSERT INTO REPORT (NO, QTY) VALUES ('R-1', 1.5)",
        "ALTER TABLE REPORT ADD COLUMN BATCH varchar(9) DEFAULT 'B' FIRST, MODIFY AT datetime(6)",
        "INSERT INTO REPORT (NO, QTY, AT) VALUES ('R-2', 2.5, '2026-05-04 08:00:00')",
    )
    changes, cursor = await rest(connector, cursor)
    # Each row is read by the columns that its table had when it was written.
    assert [(each.subject, each.data["quantity"]) for each in changes] == [
        ("R-1", Decimal("1.5")),
        ("R-2", Decimal("2.5")),
    ]
    assert changes[1].data["at"].isoformat() == "2026-05-04T08:00:00+08:00"
    mes.run(
        "ALTER TABLE REPORT RENAME COLUMN QTY TO AMOUNT",
        "INSERT INTO REPORT (NO) VALUES ('R-3')",
        "ALTER TABLE REPORT RENAME COLUMN AMOUNT TO QTY",
    )
    error = await raised(Unavailable, connector.changes("report", cursor))
    assert error.code == "columns_changed"
    assert "QTY" in str(error)


async def test_a_purged_log_and_one_begun_anew_are_told(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-1')")
    _, cursor = await rest(connector, cursor)
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-2')", "FLUSH BINARY LOGS")
    newest = mes.server.run("SHOW MASTER STATUS")[0]["File"]

    def purged_all() -> bool:
        mes.run(f"PURGE BINARY LOGS TO '{newest}'")
        return len(mes.server.run("SHOW BINARY LOGS")) == 1

    # A file that the server still sends to somebody, or has not settled yet, stays for a moment.
    await until_true(purged_all)
    purged = await raised(Unavailable, connector.changes("report", cursor))
    assert purged.code == "capture_lost"
    assert "全量重读" in purged.message.in_language("zh")
    # The same name and place in a log begun anew is another log.
    mes.run("RESET MASTER", "INSERT INTO REPORT (NO) VALUES ('R-3')")
    cursor = (await connector.changes("report", None)).cursor
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-4')")
    _, cursor = await rest(connector, cursor)
    stale = cursor.replace(b'"log":"1-', b'"log":"1-9')
    anew = await raised(Unavailable, connector.changes("report", stale))
    assert anew.code == "capture_lost"


async def test_a_full_reading_tells_the_rows_that_stand_and_then_the_log(mes: Mes) -> None:
    mes.run("INSERT INTO REPORT (NO, QTY) SELECT CONCAT('R-', seq), seq FROM seq_1_to_7")
    connector = await mes.connect(MANIFEST.replace("server_id: 90210", "server_id: 90210, snapshot: true"))
    page = await connector.changes("report", None)
    assert (page.changes, page.more) == ((), True)
    page = await connector.changes("report", page.cursor)
    mes.run("INSERT INTO REPORT (NO) VALUES ('R-8')")
    later, cursor = await rest(connector, page.cursor)
    found = told([*page.changes, *later])
    assert found[:7] == [f"snapshot R-{number}" for number in range(1, 8)]
    assert found[-1] == "insert R-8"
    mes.run("UPDATE REPORT SET QTY = 70 WHERE NO = 'R-7'")
    changed, _ = await rest(connector, cursor)
    assert told(changed) == ["update R-7"]


async def test_what_the_log_would_hide_is_never_passed_over(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    mes.run("SET SESSION binlog_format = 'STATEMENT'", "INSERT INTO REPORT (NO) VALUES ('R-1')")
    hidden = await raised(Unavailable, connector.changes("report", cursor))
    assert hidden.code == "log_unreadable"
    cursor = (await connector.changes("report", None)).cursor
    mes.run("TRUNCATE TABLE REPORT")
    changes, cursor = await rest(connector, cursor)
    assert [(each.type, each.subject) for each in changes] == [("report.truncated", "*")]
    mes.run(
        "XA START 'x'",
        "INSERT INTO REPORT (NO) VALUES ('R-2')",
        "XA END 'x'",
        "XA PREPARE 'x'",
        "XA ROLLBACK 'x'",
    )
    prepared = await raised(Unavailable, connector.changes("report", cursor))
    assert "XA" in str(prepared)


async def test_packed_rows_and_settings_that_hide_columns_are_named(mes: Mes) -> None:
    connector = await mes.connect()
    cursor = (await connector.changes("report", None)).cursor
    mes.run("SET GLOBAL log_bin_compress = ON")
    try:
        settings = await raised(Unavailable, connector.changes("report", cursor))
        assert settings.code == "capture_settings"
        assert "log_bin_compress" in str(settings)
        steps = await connector.check()
        assert [step.ok for step in steps] == [True, True, False]
        mes.run(f"INSERT INTO REPORT (NO, NOTE) VALUES ('R-1', '{'x' * 2000}')")
    finally:
        mes.run("SET GLOBAL log_bin_compress = OFF")
    packed = await raised(Unavailable, connector.changes("report", cursor))
    assert packed.code == "log_unreadable"


async def test_an_account_without_the_right_is_told_so(mes: Mes) -> None:
    mes.run("REVOKE REPLICATION SLAVE, BINLOG MONITOR ON *.* FROM hub@'127.0.0.1'")
    try:
        connector = await mes.connect()
        error = await raised(Unavailable, connector.changes("report", None))
        assert error.code == "rights_missing"
        assert "BINLOG MONITOR" in str(error)
    finally:
        mes.run("GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO hub@'127.0.0.1'")


def test_capture_of_mariadb_needs_a_number_of_its_own() -> None:
    with pytest.raises(DefinitionError, match="server_id"):
        SQL.read(MANIFEST.replace("{server_id: 90210}", "{slot: a, publication: b}").encode(), "mes.yaml")
