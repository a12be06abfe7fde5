"""The shipped manifest of SAP S/4HANA passes the connector suite against its contract double."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.product_bench import ProductBench, ProductSuite
from conformance.connectors.sap_s4_double import PASSWORD, USER, SapDouble
from lineshaft.base.errors import Refused, Unavailable
from lineshaft.sdk.suite import context, order, raised


class SapBench(ProductBench):
    product = "sap_s4"
    operation = "sales_order.create"
    reading = "sales_order.find"
    resource = "sales_order"
    settings = MappingProxyType({"client": "100"})
    secrets = MappingProxyType({"sap_user": USER, "sap_password": PASSWORD})
    target: SapDouble  # type: ignore[assignment]

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        line = {"line": 1, "quantity": given.get("quantity"), "unit": "PC", "price": given.get("price")}
        if "item" in given:
            line["material"] = given["item"]
        return {"number": given["number"], "customer": "10100001", "currency": "CNY", "lines": [line]}

    def record_id(self, number: str) -> str:
        for each in self.target.orders:
            if each["PurchaseOrderByCustomer"] == number:
                return str(each["SalesOrder"])
        return "404"

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"number": found["PurchaseOrderByCustomer"], "price": price_of(found)}

    async def upgrade(self) -> str:
        for each in self.target.orders:
            each["OverallSDDocProcessStatus"] = each.pop("OverallSDProcessStatus")
        return "OverallSDProcessStatus"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"number": each["PurchaseOrderByCustomer"], "price": price_of(each),
             "quantity": Decimal(each["to_Item"]["results"][0]["RequestedQuantity"])}
            for each in self.target.orders
        ]  # fmt: skip


def price_of(found: Mapping[str, Any]) -> Decimal:
    elements = found["to_Item"]["results"][0]["to_PricingElement"]["results"]
    return Decimal(elements[0]["ConditionRateValue"])


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[SapBench]:
    target = SapDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = SapBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestSapS4(ProductSuite):
    async def test_changes_are_read_without_a_gap_across_a_restart(self, bench: Any) -> None:
        """As in the suite; the subject is SAP's number, ours stands in the record."""
        connector = await bench.connect()
        page = await connector.changes("sales_order", None)
        for index in range(7):
            await connector.call(bench.operation, order(f"S-{index}"), context(f"k-{index}"))
        page = await connector.changes("sales_order", page.cursor)
        seen = [*page.changes]
        await connector.close()
        connector = await bench.connect()
        while page.more:
            page = await connector.changes("sales_order", page.cursor)
            seen += page.changes
        assert {each.data["PurchaseOrderByCustomer"] for each in seen} == {f"S-{n}" for n in range(7)}
        await connector.call(bench.operation, order("S-late"), context("k-late"))
        late: list[str] = []
        more = True
        while more:
            page = await connector.changes("sales_order", page.cursor)
            late += [each.data["PurchaseOrderByCustomer"] for each in page.changes]
            more = page.more
        assert "S-late" in late


async def test_saved_with_a_warning_is_not_in_force(bench: SapBench) -> None:
    """Status 201, and a header that says what is missing: such an order is not delivered."""
    bench.target.warning = "Sales order is incomplete"
    connector = await bench.connect()
    error = await raised(Refused, connector.call("sales_order.create", order(), context()))
    assert error.code == "not_effective"
    assert len(bench.done) == 1
    bench.settings = MappingProxyType({**bench.settings, "accept_warnings": True})
    outcome = await (await bench.connect()).call("sales_order.create", order("S-2"), context())
    assert outcome.answer["message"]["message"] == "Sales order is incomplete"


async def test_a_change_carries_the_etag_and_waits_where_somebody_was_faster(bench: SapBench) -> None:
    connector = await bench.connect()
    await connector.call("sales_order.create", order(), context())
    change = {"id": "1", "changes": {"PurchaseOrderByCustomer": "S-1b"}}
    await connector.call("sales_order.change", change, context())
    assert bench.done[0]["number"] == "S-1b"
    bench.target.changed_meanwhile = True
    await raised(Unavailable, connector.call("sales_order.change", change, context()))


async def test_one_session_and_one_token_serve_many_writes(bench: SapBench) -> None:
    connector = await bench.connect()
    for number in ("S-1", "S-2", "S'3"):
        await connector.call("sales_order.create", order(number), context(number))
    assert len(bench.target.sessions) == 1
    assert bench.done[2]["number"] == "S'3"


async def test_the_goods_issue_is_posted_once(bench: SapBench) -> None:
    connector = await bench.connect()
    first = await connector.call("delivery.post_goods_issue", {"delivery": "80000001"}, context())
    again = await connector.call("delivery.post_goods_issue", {"delivery": "80000001"}, context())
    assert (first.repeated, again.repeated) == (False, True)
    assert first.documents[0].status == "C"


async def test_a_goods_movement_is_posted_once_for_our_number(bench: SapBench) -> None:
    connector = await bench.connect()
    line = {"material": "M-1", "plant": "1010", "movement_type": "101", "quantity": Decimal("480.5")}
    payload = {"number": "WMS-1", "code": "02", "date": "2026-01-01", "lines": [line]}
    first = await connector.inner.call("goods_movement.post", payload, context())
    again = await connector.inner.call("goods_movement.post", payload, context())
    assert (again.number, again.repeated) == (first.number, True)
    (made,) = bench.target.movements
    assert made["PostingDate"] == "/Date(1767225600000)/"
    assert made["to_MaterialDocumentItem"]["results"][0]["QuantityInEntryUnit"] == "480.5"


async def test_a_business_partner_is_made_once_for_our_code(bench: SapBench) -> None:
    connector = await bench.connect()
    payload = {"code": "c-1", "name": "甲公司"}
    first = await connector.inner.call("business_partner.create", payload, context())
    again = await connector.inner.call("business_partner.create", payload, context())
    assert (first.number, again.number, again.repeated) == ("10000", "10000", True)
    assert bench.target.partners[0]["OrganizationBPName1"] == "甲公司"


async def test_a_change_within_the_day_is_told(bench: SapBench) -> None:
    """Deliveries carry the day of their change only; the digest tells that something changed."""
    connector = await bench.connect()
    first = await connector.changes("delivery", None)
    same = await connector.changes("delivery", first.cursor)
    assert [change.id for change in same.changes] == [change.id for change in first.changes]
    bench.target.deliveries[0]["OverallGoodsMovementStatus"] = "C"
    later = await connector.changes("delivery", same.cursor)
    assert later.changes[0].id != first.changes[0].id
