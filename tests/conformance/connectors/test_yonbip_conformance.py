"""The shipped manifest of Yonyou YonBIP passes the connector suite against its contract double."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.product_bench import ProductBench, ProductSuite
from conformance.connectors.yonbip_double import APP_KEY, APP_SECRET, FIRST_ID, YonBipDouble
from lineshaft.base.errors import MissingReference, Refused
from lineshaft.sdk.suite import context, order, raised


class YonBipBench(ProductBench):
    product = "yonbip"
    operation = "sales_order.save"
    reading = "sales_order.find"
    resource = "sales_order"
    secrets = MappingProxyType({"yonbip_app_key": APP_KEY, "yonbip_app_secret": APP_SECRET})
    target: YonBipDouble  # type: ignore[assignment]

    def __init__(self, target: YonBipDouble, caplog: pytest.LogCaptureFixture) -> None:
        super().__init__(target, caplog)
        self.settings = {
            "token_url": target.auth_url, "sales_organisation": "991", "order_type": "SO01",
        }  # fmt: skip

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        quantity, price = given.get("quantity", Decimal(1)), given.get("price", Decimal(1))
        line = {
            "line": 1, "quantity": quantity, "unit": "001", "tax": "VAT13", "price": price,
            "tax_price": price, "amount": Decimal("11.30"), "net_amount": Decimal("10.00"),
            "tax_amount": Decimal("1.30"),
        }  # fmt: skip
        if "item" in given:
            line["material"] = given["item"]
        return {"number": given["number"], "customer": "C-1", "date": "2026-01-01", "lines": [line]}

    def record_id(self, number: str) -> str:
        return next((str(each["id"]) for each in self.target.orders if each["code"] == number), "404")

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"number": found["code"], "price": found["orderDetails"][0]["oriTaxUnitPrice"]}

    async def upgrade(self) -> str:
        self.target.renamed["code"] = "billCode"
        return "code"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        lines = [(each, each["orderDetails"][0]) for each in self.target.orders]
        return [{"number": each["code"], "quantity": line["qty"], "price": line["oriTaxUnitPrice"]}
                for each, line in lines]  # fmt: skip


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[YonBipBench]:
    target = YonBipDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = YonBipBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestYonBip(ProductSuite):
    waits_s = 20


async def test_saved_is_not_in_force_until_it_is_submitted_and_audited(bench: YonBipBench) -> None:
    connector = await bench.connect()
    saved = await connector.call("sales_order.save", order(), context())
    assert saved.answer == {"id": str(FIRST_ID), "number": "S-1", "status": "CONFIRMORDER"}
    states = []
    for step in ("submit", "submit", "audit", "unaudit"):
        outcome = await connector.call(f"sales_order.{step}", {"number": "S-1"}, context())
        states.append((outcome.answer["status"], outcome.repeated))
    assert states == [
        ("APPROVING", False), ("APPROVING", True), ("DELIVERGOODS", False), ("CONFIRMORDER", False),
    ]  # fmt: skip


async def test_a_failure_inside_code_200_is_found(bench: YonBipBench) -> None:
    """The batch answers 200, and says in failCount that nothing was done."""
    connector = await bench.connect()
    await connector.call("sales_order.save", order(), context())
    error = await raised(Refused, connector.call("sales_order.audit", {"number": "S-1"}, context()))
    assert "未提交" in (error.vendor_text or "")
    bench.target.limit = Decimal(10)
    error = await raised(Refused, connector.call("sales_order.submit", {"number": "S-1"}, context()))
    assert error.vendor_text == "客户信用超额:1.30"
    await raised(MissingReference, connector.call("sales_order.submit", {"number": "S-9"}, context()))


async def test_the_gateways_own_memory_of_a_key_counts_as_done(bench: YonBipBench) -> None:
    """The order was renamed meanwhile: the look by its number does not find it, the key does."""
    connector = await bench.connect()
    await connector.call("sales_order.save", order(), context("k-1"))
    bench.target.orders[0]["code"] = "S-1-renamed"
    outcome = await connector.call("sales_order.save", order(), context("k-1"))
    assert outcome.number == "S-1-renamed"
    assert len(bench.done) == 1


async def test_a_purchase_order_is_saved_once_and_submitted(bench: YonBipBench) -> None:
    connector = await bench.connect()
    payload = {"number": "P-1", "document": {"bustype_code": "A20001", "org_code": "991"},
               "lines": [{"product_cCode": "M-1", "qty": Decimal("2.50")}]}  # fmt: skip
    first = await connector.inner.call("purchase_order.save", payload, context())
    again = await connector.inner.call("purchase_order.save", payload, context())
    assert (again.number, again.repeated) == (first.number, True)
    (made,) = bench.target.purchases
    assert made["purchaseOrders"] == [{"product_cCode": "M-1", "qty": Decimal("2.50"), "_status": "Insert"}]
    submitted = await connector.call("purchase_order.submit", {"id": first.answer["id"]}, context())
    assert submitted.answer["status"] == "3"


async def test_stock_is_exact_and_only_what_was_asked_for(bench: YonBipBench) -> None:
    connector = await bench.connect()
    outcome = await connector.call("stock.query", {"materials": ["M-2"]}, context())
    assert [(row["product_code"], str(row["currentqty"])) for row in outcome.answer["records"]] == [
        ("M-2", "10.50")
    ]


async def test_customers_are_read_from_the_start(bench: YonBipBench) -> None:
    connector = await bench.connect()
    page = await connector.changes("customer", None)
    assert [change.subject for change in page.changes] == ["C-1"]
    assert page.changes[0].data["name"]["simplifiedName"] == "甲公司"
