"""A batch of an ``upsert`` shares statements; a bad row has its own error and stops no other one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.connectors.sql import SqlConnector, read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context
from support.mariadb import server, throw_away_schema
from support.postgres import place_of, throw_away_database

MANIFEST = """\
format: 1
connector: sql
name: books
database: {dialect: DIALECT}
tables:
  customer:
    table: customer
    writable: true
    key: [no]
    columns: {no: string, name: string, credit: number}
operations:
  customer.save:
    table: customer
    action: upsert
    values: {no: payload.no, name: payload.name, credit: payload.credit}
    safety: {kind: natural_key, columns: [no]}
  customer.turn:
    table: customer
    action: upsert
    values: {no: payload.record.no, name: payload.record.name, credit: payload.record.credit}
    while: {name: payload.expected.name, credit: payload.expected.credit}
    safety: {kind: natural_key, columns: [no]}
"""
TABLE = """CREATE TABLE customer (no varchar(20) NOT NULL PRIMARY KEY, name varchar(12),
  credit decimal(12,2) NOT NULL, CONSTRAINT no_debts CHECK (credit >= 0))"""


class Books:
    """A real database, its owner's way in, and the connector."""

    def __init__(self, dialect: str, address: Mapping[str, Any], owner: Any) -> None:
        self.dialect = dialect
        self.owner = owner
        manifest = read_manifest(MANIFEST.replace("DIALECT", dialect).encode(), "books.yaml")
        connection = Connection("books", {**address, "tls": "off"}, {"user": "x"}.__getitem__, FixedClock())
        self.connector = SqlConnector(manifest, connection)

    async def rows(self, where: str = "1 = 1") -> list[tuple[Any, ...]]:
        statement = f"SELECT no, name, credit FROM customer WHERE {where} ORDER BY no"
        if self.dialect == "postgresql":
            return [tuple(row) for row in await self.owner.fetch(statement)]
        async with self.owner.cursor() as cursor:
            await cursor.execute(statement)
            return list(await cursor.fetchall())

    async def do(self, statement: str) -> None:
        if self.dialect == "postgresql":
            await self.owner.execute(statement)
            return
        async with self.owner.cursor() as cursor:
            await cursor.execute(statement)


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    if request.param == "mariadb":
        yield "mariadb", ""
        return
    with throw_away_database() as dsn:
        yield "postgresql", dsn


@pytest_asyncio.fixture
async def books(database: tuple[str, str]) -> AsyncIterator[Books]:
    dialect, dsn = database
    if dialect == "postgresql":
        owner = await asyncpg.connect(dsn)
        found = Books(dialect, place_of(dsn), owner)
        await found.do(TABLE)
        yield found
        await found.connector.close()
        await owner.close()
        return
    async with throw_away_schema("books") as (name, owner):
        there = server()
        address = {"host": there.host, "port": there.port, "user": there.user}
        found = Books("mariadb", {**address, "database": name}, owner)
        await found.do(TABLE)
        yield found
        await found.connector.close()


def customer(number: int, **over: Any) -> dict[str, Any]:
    return {"no": f"C-{number:03}", "name": f"name {number}", "credit": Decimal(number), **over}


async def test_bad_rows_have_their_own_errors_and_the_others_are_written(books: Books) -> None:
    items = [customer(number) for number in range(40)]
    items[7]["name"] = "longer than the column"
    items[21]["credit"] = Decimal(-1)
    del items[30]["credit"]
    results = await books.connector.write("customer.save", items, context())
    bad = {number: each.error for number, each in enumerate(results) if each.error is not None}
    assert sorted(bad) == [7, 21, 30]
    assert {error.default_code for error in bad.values()} == {"invalid"}
    assert len(await books.rows()) == 37
    assert (await books.rows("no = 'C-022'")) == [("C-022", "name 22", Decimal(22))]


async def test_batch_changes_what_is_there_and_may_be_repeated(books: Books) -> None:
    await books.connector.write("customer.save", [customer(n) for n in range(10)], context())
    again = [customer(n, name="new", credit=Decimal("1.50")) for n in range(5, 15)]
    for _ in range(2):
        results = await books.connector.write("customer.save", again, context())
        assert all(each.outcome is not None for each in results)
    assert len(await books.rows()) == 15
    assert len(await books.rows("name = 'new' AND credit = 1.5")) == 10


async def test_two_items_of_one_row_are_written_in_their_order(books: Books) -> None:
    items = [customer(1, name=f"v{n}") for n in range(6)]
    results = await books.connector.write("customer.save", items, context())
    assert all(each.outcome is not None for each in results)
    assert await books.rows() == [("C-001", "v5", Decimal(1))]


async def test_row_that_somebody_has_changed_is_left_alone(books: Books) -> None:
    def turn(number: int) -> dict[str, Any]:
        return {"record": customer(number, name="ours"), "expected": customer(number)}

    await books.connector.write("customer.save", [customer(n) for n in range(8)], context())
    await books.do("UPDATE customer SET name = 'theirs' WHERE no = 'C-003'")
    results = await books.connector.write("customer.turn", [turn(n) for n in range(10)], context())
    refused = [n for n, each in enumerate(results) if each.error is not None]
    assert refused == [3]
    assert results[3].error is not None
    assert results[3].error.code == "row_taken"
    assert {row[1] for row in await books.rows("no <> 'C-003'")} == {"ours"}
    repeated = await books.connector.write("customer.turn", [turn(n) for n in range(10)], context())
    assert [each.outcome.repeated for each in repeated if each.outcome is not None] == [True] * 9
