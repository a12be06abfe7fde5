"""The shipped manifest of SCIM 2.0 passes the connector suite against a stand-in made from the RFCs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.product_bench import ProductBench, ProductSuite
from conformance.connectors.scim_double import EXTENSION, TOKEN, ScimDouble
from lineshaft.base.errors import MissingReference, Unavailable
from lineshaft.sdk.suite import context, order, raised


class ScimBench(ProductBench):
    product = "scim"
    operation = "user.save"
    reading = "user.find"
    resource = "user"
    secrets = MappingProxyType({"scim_token": TOKEN})
    target: ScimDouble  # type: ignore[assignment]

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if "item" not in given:
            return {"user": {"displayName": given["number"]}}
        own = {"quantity": given["quantity"], "price": given["price"]}
        return {"user": {"userName": given["number"], "displayName": given["item"], EXTENSION: own}}

    def asked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"user": given["number"]}

    def record_id(self, number: str) -> str:
        rows = self.target.kept["Users"].values()
        return next((row["id"] for row in rows if row["userName"] == number), "404")

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"number": found["userName"], "price": found[EXTENSION]["price"]}

    async def upgrade(self) -> str:
        self.target.renamed["displayName"] = "shownName"
        return "displayName"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return [{"number": row["userName"], **row[EXTENSION]} for row in self.target.kept["Users"].values()]


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[ScimBench]:
    target = ScimDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = ScimBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestScim(ProductSuite):
    # A user names nobody else; groups do, below.
    test_an_item_the_target_does_not_know_is_a_missing_reference = None
    test_an_error_inside_a_good_status_is_found = None

    async def test_a_write_tells_the_document_that_stands_now(self, bench: Any) -> None:
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        (document,) = outcome.documents
        assert (document.kind, document.number, document.local_id) == ("user", "S-1", outcome.number)


async def test_only_what_differs_is_written_with_the_version_that_was_seen(bench: ScimBench) -> None:
    connector = (await bench.connect()).inner
    user = {"userName": "li", "displayName": "李娜", "active": True, EXTENSION: {"price": Decimal("0.10")}}
    first = await connector.call("user.save", {"user": user}, context())
    again = await connector.call("user.save", {"user": user}, context())
    assert (first.repeated, again.repeated, bench.target.arrived) == (False, True, 1)
    bench.target.changed_meanwhile = True
    changed = {"user": {"userName": "li", "displayName": "李娜娜"}}
    await raised(Unavailable, connector.call("user.save", changed, context()))
    outcome = await connector.call("user.save", changed, context())
    assert (outcome.answer["user"]["displayName"], outcome.answer["user"]["active"]) == ("李娜娜", True)


async def test_a_user_is_disabled_and_removed_once(bench: ScimBench) -> None:
    connector = (await bench.connect()).inner
    user = {"userName": 'o"li', "active": True, EXTENSION: {}}
    await connector.call("user.save", {"user": user}, context())
    for operation in ("user.deactivate", "user.remove"):
        first = await connector.call(operation, {"user": 'o"li'}, context())
        assert not first.repeated, operation
        if operation == "user.deactivate":
            assert (await connector.call(operation, {"user": 'o"li'}, context())).repeated
    assert (await connector.call("user.remove", {"user": 'o"li'}, context())).repeated
    error = await raised(MissingReference, connector.call("user.deactivate", {"user": "nobody"}, context()))
    assert error.reference == "user:scim:nobody"


async def test_members_join_and_leave_and_who_is_not_there_is_waited_for(bench: ScimBench) -> None:
    connector = (await bench.connect()).inner
    await connector.call("user.save", {"user": {"userName": "li", EXTENSION: {}}}, context())
    await connector.call("group.save", {"group": "销售"}, context())
    assert (await connector.call("group.save", {"group": "销售"}, context())).repeated
    payload = {"group": "销售", "user": "li"}
    for operation, count in (("group.join", 1), ("group.leave", 0)):
        assert not (await connector.call(operation, payload, context())).repeated
        assert (await connector.call(operation, payload, context())).repeated
        (group,) = bench.target.kept["Groups"].values()
        assert len(group["members"]) == count
    late = connector.call("group.join", {"group": "销售", "user": "wu"}, context())
    assert (await raised(MissingReference, late)).reference == "user:scim:wu"


async def test_the_whole_list_tells_what_is_gone(bench: ScimBench) -> None:
    connector = (await bench.connect()).inner
    for name in ("a", "b", "c", "d", "e"):
        await connector.call("user.save", {"user": {"userName": name, EXTENSION: {}}}, context())
    cursor, more = None, True
    while more:
        page = await connector.changes("user_list", cursor)
        cursor, more = page.cursor, page.more
    await connector.call("user.remove", {"user": "b"}, context())
    told, more = [], True
    while more:
        page = await connector.changes("user_list", cursor)
        told += [(change.type, change.subject) for change in page.changes]
        cursor, more = page.cursor, page.more
    assert told == [("scim.user.deleted", "u-2")]
