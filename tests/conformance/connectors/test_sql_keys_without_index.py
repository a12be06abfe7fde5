"""Keys that no unique index holds: whatever repeats at the same time makes one row, or one set of rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, Refused
from lineshaft.connectors.sql import SQL, SqlConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.staging import MARIADB, POSTGRES, admin_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "staging-s3cret"
MANIFEST = """\
format: 1
connector: sql
name: staging
database: {dialect: DIALECT, user: secret:user, password: secret:password}
tables:
  note:
    table: IN_NOTE
    writable: true
    key: [id]
    columns:
      id: {type: number, column: ID}
      note: {type: string, column: EXT_KEY}
      line: {type: string, column: LINE_NO}
      quantity: {type: number, column: QTY}
operations:
  note.one:
    table: note
    action: insert
    values: {note: payload.note, quantity: payload.quantity}
    safety: {kind: natural_key, columns: [note], without_index: true}
    number: row.note
  note.all:
    table: note
    action: insert
    rows: payload.lines
    values: {note: payload.note, line: line.line, quantity: line.quantity}
    safety: {kind: natural_key, columns: [note]}
    number: row.note
"""
SQLITE = "CREATE TABLE IN_NOTE (ID INTEGER PRIMARY KEY, EXT_KEY TEXT, LINE_NO VARCHAR(4), QTY TEXT)"
SERVERS = {
    POSTGRES: 'CREATE TABLE "IN_NOTE" ("ID" bigserial PRIMARY KEY, "EXT_KEY" varchar(40),'
    ' "LINE_NO" varchar(4), "QTY" numeric(18,2)); GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ',
    MARIADB: "CREATE TABLE IN_NOTE (ID bigint AUTO_INCREMENT PRIMARY KEY, EXT_KEY varchar(40),"
    " LINE_NO varchar(4), QTY decimal(18,2)) ENGINE=InnoDB",
}
LINES = [{"line": "1", "quantity": 5}, {"line": "2", "quantity": 7}, {"line": "3", "quantity": 9}]


class Bench:
    """Two connectors, as two workers have them, to one table."""

    def __init__(self, dialect: str, settings: dict[str, Any], user: str) -> None:
        self.connectors = [self._connector(dialect, settings, user) for _ in range(2)]

    def _connector(self, dialect: str, settings: dict[str, Any], user: str) -> SqlConnector:
        known = {"user": user, "password": PASSWORD}
        text = MANIFEST.replace("DIALECT", dialect)
        if dialect == "sqlite":
            text = text.replace(", user: secret:user, password: secret:password", "")
        definition = SQL.read(text.encode(), "staging.yaml")
        return definition.connect(Connection("staging", settings, known.__getitem__, FixedClock()))

    async def at_once(self, operation: str, payload: dict[str, Any], times: int = 8) -> list[bool]:
        """Call so often at the same time; return which were told that it was there already."""
        calls = (
            self.connectors[index % 2].call(operation, payload, context(f"k-{index}"))
            for index in range(times)
        )
        return sorted(outcome.repeated for outcome in await asyncio.gather(*calls))


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["sqlite", pytest.param(POSTGRES, marks=pytest.mark.needs("postgres")), MARIADB],
)
async def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    admin, settings, user = None, {"file": str(tmp_path_factory.mktemp("staging") / "staging.sqlite3")}, ""
    if request.param == "sqlite":
        with closing(sqlite3.connect(settings["file"])) as database:
            database.execute(SQLITE)
    else:
        admin = admin_of(request.param, PASSWORD)
        written = SERVERS[request.param]
        admin.statements(written + admin.user if request.param == POSTGRES else written)
        admin.grant()
        user = admin.user
        settings = {"host": "127.0.0.1", "port": admin.port, "database": admin.database}
    bench = Bench(request.param, settings, user)
    yield bench
    for connector in bench.connectors:
        await connector.close()
    if admin is not None:
        await admin.drop()


async def test_repeats_at_the_same_time_make_one_row(bench: Bench) -> None:
    assert await bench.at_once("note.one", {"note": "N-1", "quantity": 5}) == [False, *[True] * 7]
    other = bench.connectors[0].call("note.one", {"note": "N-1", "quantity": 6}, context())
    assert (await raised(Refused, other)).code == "key_taken"


async def test_the_rows_of_a_key_are_written_together_and_once(bench: Bench) -> None:
    payload = {"note": "N-2", "lines": LINES}
    assert await bench.at_once("note.all", payload, 4) == [False, True, True, True]
    outcome = await bench.connectors[0].call("note.all", payload, context())
    assert [row["line"] for row in outcome.answer["rows"]] == ["1", "2", "3"]
    for lines in (
        LINES[:2],
        [*LINES, {"line": "4", "quantity": 1}],
        [*LINES[:2], {"line": "3", "quantity": 8}],
    ):
        taken = bench.connectors[0].call("note.all", {"note": "N-2", "lines": lines}, context())
        assert (await raised(Refused, taken)).code == "key_taken"


async def test_a_row_that_does_not_fit_leaves_none_of_them(bench: Bench) -> None:
    odd = {"note": "N-3", "lines": [*LINES, {"line": "4", "quantity": "many"}]}
    await raised(Invalid, bench.connectors[0].call("note.all", odd, context()))
    await raised(Invalid, bench.connectors[0].call("note.all", {"note": "N-3", "lines": []}, context()))
    good = {"note": "N-3", "lines": LINES}
    assert not (await bench.connectors[0].call("note.all", good, context())).repeated
