"""The shipped manifest of Kingdee K3Cloud passes the connector suite against its contract double."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.k3cloud_double import APP_ID, APP_SECRET, K3CloudDouble
from conformance.connectors.product_bench import ProductBench, ProductSuite
from lineshaft.base.errors import Invalid, MissingReference, Refused, Unavailable
from lineshaft.sdk.suite import context, order, raised

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "connectors" / "k3cloud.md"


class K3CloudBench(ProductBench):
    product = "k3cloud"
    operation = "sales_order.save"
    reading = "sales_order.find"
    resource = "sales_order"
    settings = MappingProxyType({"account": "dcid-1", "user": "user-1", "organisation": "100"})
    secrets = MappingProxyType({"k3cloud_app_id": APP_ID, "k3cloud_app_secret": APP_SECRET})
    target: K3CloudDouble  # type: ignore[assignment]

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        line = {"line": 1, "quantity": given.get("quantity"), "tax_price": given.get("price")}
        if "item" in given:
            line["material"] = given["item"]
        return {"number": given["number"], "customer": "C-1", "lines": [line]}

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"number": found["FBillNo"], "price": found["lines"][0]["FTaxPrice"]}

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        lines = [(each, each["FSaleOrderEntry"][0]) for each in self.target.orders]
        return [{"number": each["FBillNo"], "quantity": line["FQty"], "price": line["FTaxPrice"]}
                for each, line in lines]  # fmt: skip


class WithSession(K3CloudBench):
    """The same with the login by session that the page shows."""

    def manifest(self) -> bytes:
        found = re.search(r"```yaml\n# with a session\n(auth:.*?)```", PAGE.read_text("utf-8"), re.S)
        assert found is not None
        written = super().manifest().decode()
        return re.sub(r"(?ms)^auth:.*?(?=^# Failures)", lambda _: found[1], written).encode()


@pytest_asyncio.fixture
async def target() -> AsyncIterator[K3CloudDouble]:
    double = K3CloudDouble()
    await double.start()
    yield double
    await double.stop()


class TestK3Cloud(ProductSuite):
    waits_s = 60

    @pytest_asyncio.fixture(params=[K3CloudBench, WithSession])
    async def bench(
        self, request: pytest.FixtureRequest, target: K3CloudDouble, caplog: pytest.LogCaptureFixture
    ) -> AsyncIterator[K3CloudBench]:
        caplog.set_level("DEBUG")
        caplog.clear()
        bench = request.param(target, caplog)
        yield bench
        await bench.close()


@pytest_asyncio.fixture
async def bench(target: K3CloudDouble, caplog: pytest.LogCaptureFixture) -> AsyncIterator[K3CloudBench]:
    bench = K3CloudBench(target, caplog)
    yield bench
    await bench.close()


async def test_saved_is_not_in_force_until_it_is_submitted_and_audited(bench: K3CloudBench) -> None:
    connector = await bench.connect()
    saved = await connector.call("sales_order.save", order(), context())
    assert saved.answer["status"] == "A"
    submitted = await connector.call("sales_order.submit", {"number": "S-1"}, context())
    assert (submitted.answer["status"], submitted.repeated) == ("B", False)
    again = await connector.call("sales_order.submit", {"number": "S-1"}, context())
    assert (again.answer["status"], again.repeated) == ("B", True)
    audited = await connector.call("sales_order.audit", {"number": "S-1"}, context())
    assert audited.answer["status"] == audited.documents[0].status == "C"
    back = await connector.call("sales_order.unaudit", {"number": "S-1"}, context())
    assert back.answer["status"] == "D"


async def test_a_step_out_of_turn_is_refused_with_the_words(bench: K3CloudBench) -> None:
    connector = await bench.connect()
    await connector.call("sales_order.save", order(), context())
    error = await raised(Refused, connector.call("sales_order.audit", {"number": "S-1"}, context()))
    assert "状态不允许" in (error.vendor_text or "")
    await raised(MissingReference, connector.call("sales_order.audit", {"number": "S-9"}, context()))


async def test_credit_is_refused_when_the_order_is_submitted(bench: K3CloudBench) -> None:
    bench.target.credit_limit = Decimal(100)
    connector = await bench.connect()
    await connector.call("sales_order.save", order(), context())
    error = await raised(Refused, connector.call("sales_order.submit", {"number": "S-1"}, context()))
    assert "信用超额" in (error.vendor_text or "")
    assert bench.target.orders[0]["FDocumentStatus"] == "A"


async def test_a_code_with_a_quote_is_found_and_one_unknown_is_named(bench: K3CloudBench) -> None:
    connector = await bench.connect()
    await connector.call("sales_order.save", order("S'1", item="M'2"), context())
    assert bench.done[0]["number"] == "S'1"
    error = await raised(
        MissingReference, connector.call("sales_order.save", order("S-2", item="M-404"), context())
    )
    assert error.reference == "product:k3cloud:M-404"


async def test_a_customer_in_force_is_changed_and_in_force_again(bench: K3CloudBench) -> None:
    connector = await bench.connect()
    for name in ("乙公司", "乙公司(更名)"):
        found = await connector.call("customer.save", {"code": "C-2", "name": name}, context())
        assert found.answer["status"] == "C"
    assert [(row["FNumber"], row["FName"]) for row in bench.target.customers] == [
        ("C-1", "甲公司"), ("C-2", "乙公司(更名)"),
    ]  # fmt: skip
    record = await bench.connector_read("customer", "C-2")
    assert record["FName"] == "乙公司(更名)"


async def test_stock_is_read_over_all_pages_and_exactly(bench: K3CloudBench) -> None:
    bench.target.stock *= 1001
    connector = await bench.connect()
    outcome = await connector.call("stock.query", {"materials": ["M-1"]}, context())
    assert len(outcome.answer["records"]) == 3003
    assert str(outcome.answer["records"][0]["FQty"]) == "10.50"


async def test_a_field_that_is_not_known_is_named(bench: K3CloudBench) -> None:
    """An error of a query lies inside two lists, with status 200."""
    bench.settings = MappingProxyType({**bench.settings, "customer_fields": "FNumber,F_NONE"})
    connector = await bench.connect()
    error = await raised(Invalid, connector.inner.read("customer", "C-1"))
    assert "F_NONE" in (error.vendor_text or "")


async def test_master_data_is_read_from_the_start_and_then_what_changed(bench: K3CloudBench) -> None:
    connector = await bench.connect()
    first = await connector.changes("material", None)
    assert [change.subject for change in first.changes] == ["M-1", "M'2"]
    # 08:00 in Shanghai is midnight in UTC: the zone of the connection, not of this machine.
    assert first.changes[0].occurred_at is not None
    assert first.changes[0].occurred_at.astimezone().timestamp() == 1767225601.0
    bench.target.materials[0]["FModifyDate"] = "2026-01-01T09:00:00.000"
    page = first
    while page.more:
        page = await connector.changes("material", page.cursor)
    later = await connector.changes("material", page.cursor)
    assert "M-1" in [change.subject for change in later.changes]


async def test_one_session_serves_many_calls(bench: K3CloudBench) -> None:
    """Each signed call without the cookie would open a further session, and sessions are licensed."""
    connector = await bench.connect()
    for number in ("S-1", "S-2", "S-3"):
        await connector.call("sales_order.save", order(number), context(number))
    assert len(bench.target.sessions) == 1


async def test_a_text_instead_of_the_envelope_is_never_a_success(bench: K3CloudBench) -> None:
    from lineshaft.connectors.http.judging import Case, judge, open_answer
    from lineshaft.connectors.http.transport import Reply

    rules = bench.definition().resources["customer"].read.answers
    reply = Reply(200, {"content-type": "text/html"}, b"response_error: timeout", {})
    case = Case("k3cloud", "read", reads_only=True, now=None, redact=str)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        judge(rules, reply, open_answer(reply, {}, case), case)
