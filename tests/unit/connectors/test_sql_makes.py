"""What is sent to each make of database, word for word; and what its errors mean.

SQL Server and Oracle did not run here: these texts are made from their references.
"""

from __future__ import annotations

from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Unavailable
from lineshaft.connectors.sql import SQL, oracle, sqlserver, statements
from lineshaft.connectors.sql.driving import Address, Fault, LiveColumn
from lineshaft.connectors.sql.mariadb import MariaSession
from lineshaft.connectors.sql.model import ColumnRule, TableRule
from lineshaft.connectors.sql.oracle import OracleSession
from lineshaft.connectors.sql.postgres import PostgresSession
from lineshaft.connectors.sql.sqlserver import SqlServerSession
from lineshaft.connectors.sql.tables import Seen
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import raised
from tools.postgres import free_port

NONE: Any = None
SESSIONS: dict[str, Any] = {
    "postgresql": PostgresSession(NONE),
    "mariadb": MariaSession(NONE),
    "sqlserver": SqlServerSession(NONE, ValueError),
    "oracle": OracleSession(NONE, ValueError),
}
TABLE = TableRule(
    "stock", "ERP.STOCK",
    {"item": ColumnRule("item", "ITEM", "string"), "quantity": ColumnRule("quantity", "QTY", "number")},
    ("item",),
)  # fmt: skip
SEEN = Seen(
    TABLE,
    {
        "item": LiveColumn("ITEM", "varchar", "text", False),
        "quantity": LiveColumn("QTY", "decimal", "decimal", True),
    },
    frozenset(),
    UTC,
)


@pytest.mark.parametrize(
    ("make", "read", "held", "rows"),
    [
        (
            "postgresql",
            'SELECT "ITEM", "QTY" FROM "ERP"."STOCK" WHERE "ITEM" = $1 ORDER BY "ITEM" LIMIT 5',
            'SELECT "ITEM", "QTY" FROM "ERP"."STOCK" WHERE "ITEM" = $1 ORDER BY "ITEM" LIMIT 5 FOR UPDATE',
            ['INSERT INTO "ERP"."STOCK" ("ITEM", "QTY") VALUES ($1, $2), ($3, $4)'],
        ),
        (
            "mariadb",
            "SELECT `ITEM`, `QTY` FROM `ERP`.`STOCK` WHERE `ITEM` = %s ORDER BY `ITEM` LIMIT 5",
            "SELECT `ITEM`, `QTY` FROM `ERP`.`STOCK` WHERE `ITEM` = %s ORDER BY `ITEM` LIMIT 5 FOR UPDATE",
            ["INSERT INTO `ERP`.`STOCK` (`ITEM`, `QTY`) VALUES (%s, %s), (%s, %s)"],
        ),
        (
            "sqlserver",
            "SELECT TOP (5) [ITEM], [QTY] FROM [ERP].[STOCK] WHERE [ITEM] = %s ORDER BY [ITEM]",
            "SELECT TOP (5) [ITEM], [QTY] FROM [ERP].[STOCK] WITH (UPDLOCK, HOLDLOCK) WHERE [ITEM] = %s"
            " ORDER BY [ITEM]",
            ["INSERT INTO [ERP].[STOCK] ([ITEM], [QTY]) VALUES (%s, %s), (%s, %s)"],
        ),
        (
            "oracle",
            'SELECT "ITEM", "QTY" FROM "ERP"."STOCK" WHERE "ITEM" = :1 ORDER BY "ITEM"'
            " FETCH FIRST 5 ROWS ONLY",
            'SELECT "ITEM", "QTY" FROM "ERP"."STOCK" WHERE ("ITEM" = :1) AND ROWNUM <= 5 FOR UPDATE',
            ['INSERT INTO "ERP"."STOCK" ("ITEM", "QTY") VALUES (:1, :2)'] * 2,
        ),
    ],
)
def test_each_make_is_spoken_to_in_its_own_words(make: str, read: str, held: str, rows: list[str]) -> None:
    session = SESSIONS[make]
    assert statements.select(session, SEEN, {"item": "M-1"}, limit=5) == (read, ["M-1"])
    assert statements.select(session, SEEN, {"item": "M-1"}, limit=5, lock=True)[0] == held
    two = [{"item": "M-1", "quantity": 1}, {"item": "M-2", "quantity": 2}]
    assert [one for one, _ in statements.insert_rows(session, SEEN, two)] == rows
    update, values = statements.update(session, SEEN, {"quantity": 3}, {"item": "M-1"})
    quoted, mark = session.quote("QTY"), session.mark(1)
    assert update.startswith(f"UPDATE {session.quote('ERP.STOCK')} SET {quoted} = {mark} WHERE")
    assert [str(one) for one in values] == ["3", "M-1"]


@pytest.mark.parametrize(
    ("number", "words", "kind", "name"),
    [
        (2627, "Violation of PRIMARY KEY constraint 'PK_ORDER'. Cannot insert", "unique", "PK_ORDER"),
        (547, 'conflicted with the FOREIGN KEY constraint "FK_ITEM". The conflict', "foreign_key", "FK_ITEM"),
        (547, 'conflicted with the CHECK constraint "CK_QTY". The conflict', "data", "CK_QTY"),
        (1205, "Transaction was deadlocked", "busy", ""),
        (51000, "超信用额度", "refused", ""),
        (207, "Invalid column name 'QTY'.", "columns", ""),
        (229, "The INSERT permission was denied", "rights", ""),
    ],
)
def test_what_sql_server_says_is_sorted(number: int, words: str, kind: str, name: str) -> None:
    error = ValueError(number, f"{words}DB-Lib error message 20018".encode())
    fault = sqlserver.fault_of(error)
    assert (fault.kind, fault.code, fault.words, fault.name) == (kind, str(number), words, name)


@pytest.mark.parametrize(
    ("code", "words", "kind", "name"),
    [
        ("ORA-00001", "ORA-00001: unique constraint (ERP.PK_ORDER) violated", "unique", "PK_ORDER"),
        ("ORA-02291", "ORA-02291: integrity constraint (ERP.FK_ITEM) violated", "foreign_key", "FK_ITEM"),
        ("ORA-20001", "ORA-20001: 超信用额度", "refused", ""),
        ("ORA-12899", "ORA-12899: value too large for column", "data", ""),
        ("DPY-4011", "DPY-4011: the database closed the connection", "lost", ""),
    ],
)
def test_what_oracle_says_is_sorted(code: str, words: str, kind: str, name: str) -> None:
    fault = oracle.fault_of(ValueError(SimpleNamespace(full_code=code, message=words)))
    assert (fault.kind, fault.code, fault.name) == (kind, code, name)


def test_columns_of_the_catalogues_have_their_families() -> None:
    row = {"name": "A", "declared": "nvarchar", "size": 40, "scale": 0, "free": 0}
    assert sqlserver.live_column(row) == LiveColumn("A", "nvarchar", "text", False, 20)
    money = sqlserver.live_column({**row, "declared": "money", "size": 8, "scale": 4, "free": 1})
    assert (money.family, money.scale) == ("decimal", 4)
    plain = {"name": "A", "declared": "NUMBER", "length": 0, "scale": 0, "precision": 9, "free": 1}
    assert oracle.live_column(plain).family == "integer"
    assert oracle.live_column({**plain, "scale": None}).family == "decimal"
    zones = {"TIMESTAMP(6)": "moment", "TIMESTAMP(6) WITH TIME ZONE": "other",
             "TIMESTAMP(6) WITH LOCAL TIME ZONE": "moment_utc", "DATE": "moment"}  # fmt: skip
    assert {each: oracle.live_column({**plain, "declared": each}).family for each in zones} == zones


async def test_a_transaction_that_only_reads_sends_no_write_to_sql_server() -> None:
    with pytest.raises(Fault, match="only reads"):
        await SqlServerSession(NONE, ValueError).execute("DELETE FROM x", ())


@pytest.mark.parametrize(("dialect", "module"), [("sqlserver", "pymssql"), ("oracle", "oracledb")])
async def test_a_driver_that_is_not_installed_is_named(
    dialect: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    manifest = f"""format: 1
connector: sql
name: erp
database: {{dialect: {dialect}, user: secret:user, password: secret:password}}
tables: {{stock: {{table: STOCK, key: [item], columns: {{item: {{type: string, column: ITEM}}}}}}}}
resources: {{stock: {{table: stock, id: item}}}}
"""
    settings = {"host": "127.0.0.1", "port": free_port(), "database": "erp"}
    connector = SQL.read(manifest.encode(), "erp.yaml").connect(
        Connection("erp", settings, {"user": "hub", "password": "x"}.__getitem__, FixedClock())
    )
    error = await raised(Unavailable, connector.read("stock", "M-1"))
    assert f"lineshaft[{dialect}]" in str(error)


@pytest.mark.parametrize(
    ("connect", "module"), [(sqlserver.connect, "pymssql"), (oracle.connect, "oracledb")]
)
async def test_the_real_driver_tells_a_server_that_is_not_there(connect: Any, module: str) -> None:
    pytest.importorskip(module, reason="the driver is optional")
    address = Address("erp", "127.0.0.1", free_port(), "hub", "x", connect_timeout_s=2)
    with pytest.raises(Fault) as caught:
        await connect(address)
    assert caught.value.kind == "unreachable"
