"""The kind ``odata`` passes the connector suite against a stand-in of either version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.odata_double import PASSWORD, USER, ODataDouble
from conformance.connectors.product_bench import ProductBench, ProductSuite
from lineshaft.base.errors import DefinitionError, Invalid, Unavailable
from lineshaft.connectors.http import ODATA
from lineshaft.sdk.suite import context, order, raised

MANIFEST = (Path(__file__).parent / "odata_manifest.yaml").read_text("utf-8")


class ODataBench(ProductBench):
    product = "trade"
    kind = ODATA
    operation = "order.save"
    reading = "order.find"
    resource = "order"
    secrets = MappingProxyType({"odata_user": USER, "odata_password": PASSWORD})
    target: ODataDouble  # type: ignore[assignment]

    def manifest(self) -> bytes:
        version = self.target.version
        csrf = "true" if version == "v2" else "false"
        return MANIFEST.replace("VERSION", version).replace("CSRF", csrf).encode()

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return given

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"number": found["Number"], "price": found["Price"]}

    async def upgrade(self) -> str:
        self.target.renamed["Quantity"] = "Amount"
        return "Quantity"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"number": row["Number"], "quantity": Decimal(row["Quantity"]), "price": Decimal(row["Price"])}
            for row in self.target.rows
        ]


async def made(version: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[ODataBench]:
    target = ODataDouble(version)
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = ODataBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class ODataSuite(ProductSuite):
    test_an_error_inside_a_good_status_is_found = None


class TestODataV2(ODataSuite):
    @pytest_asyncio.fixture
    async def bench(self, caplog: pytest.LogCaptureFixture) -> AsyncIterator[ODataBench]:
        async for bench in made("v2", caplog):
            yield bench


class TestODataV4(ODataSuite):
    @pytest_asyncio.fixture
    async def bench(self, caplog: pytest.LogCaptureFixture) -> AsyncIterator[ODataBench]:
        async for bench in made("v4", caplog):
            yield bench


@pytest_asyncio.fixture(params=["v2", "v4"])
async def bench(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[ODataBench]:
    async for bench in made(request.param, caplog):
        yield bench


async def test_a_change_carries_the_etag_and_waits_where_somebody_was_faster(bench: ODataBench) -> None:
    connector = (await bench.connect()).inner
    await connector.call("order.save", order(), context())
    change = {"number": "S-1", "quantity": Decimal("7.50"), "item": "M-2"}
    outcome = await connector.call("order.change", change, context())
    assert (outcome.answer["Quantity"], outcome.answer["Item"]) == (Decimal("7.50"), "M-2")
    bench.target.changed_meanwhile = True
    await raised(Unavailable, connector.call("order.change", change, context()))


async def test_a_batch_gives_each_item_its_own_result(bench: ODataBench) -> None:
    connector = (await bench.connect()).inner
    results = await connector.write("order.insert", [order("A"), order("B"), order("A")], context())
    assert [result.outcome is not None for result in results] == [True, True, False]
    assert results[0].outcome is not None
    assert results[0].outcome.number == "A"
    assert isinstance(results[2].error, Invalid)
    assert results[2].error.vendor_code == "DUPLICATE"
    changes = [{"number": number, "quantity": Decimal(5), "item": "M-9"} for number in ("B", "nobody", "A")]
    results = await connector.write("order.change", changes, context())
    assert [result.outcome is not None for result in results] == [True, False, True]
    assert [row["Item"] for row in bench.target.rows] == ["M-9", "M-9"]
    assert bench.target.arrived == 2


async def test_a_removed_entity_is_removed_once(bench: ODataBench) -> None:
    connector = (await bench.connect()).inner
    await connector.call("order.save", order("it's"), context())
    first = await connector.call("order.remove", {"number": "it's"}, context())
    again = await connector.call("order.remove", {"number": "it's"}, context())
    assert (first.repeated, again.repeated) == (False, True)
    assert not bench.target.rows


async def test_an_action_is_called_on_its_entity(bench: ODataBench) -> None:
    connector = (await bench.connect()).inner
    await connector.call("order.save", order(), context())
    outcome = await connector.call("order.release", {"number": "S-1"}, context())
    assert outcome.answer["Released"] is True


async def test_the_metadata_tells_types_labels_and_what_is_required(bench: ODataBench) -> None:
    (resource,) = await (await bench.connect()).inner.describe()
    fields = {field.name: field for field in resource.fields}
    assert fields["Number"].required
    assert (fields["Quantity"].type, fields["Changed"].type) == ("number", "date and time")
    assert str(fields["Price"].label) == "Price 标签"


async def test_a_delta_tells_changes_and_what_is_gone_across_a_restart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async for bench in made("v4", caplog):
        bench.product = "delta"
        changes = MANIFEST.index("      by: Changed")
        end = MANIFEST.index("      type: '\"trade")
        manifest = MANIFEST[:changes] + "      delta: true\n" + MANIFEST[end:]
        gone = 'get value(item, "@removed") != null'
        manifest = manifest.replace(
            "      subject: item.Number\n",
            f"      subject: 'if {gone} then odata id(get value(item, \"@odata.id\")) else item.Number'\n"
            "      id: digest\n",
        )
        written = manifest.replace("VERSION", "v4").replace("CSRF", "false").encode()
        bench.manifest = lambda written=written: written  # type: ignore[method-assign,misc]
        connector = (await bench.connect()).inner
        await connector.call("order.save", order("S-1"), context())
        await connector.call("order.save", order("S-2"), context())
        page = await connector.changes("order", None)
        assert [change.subject for change in page.changes] == ["S-1", "S-2"]
        await connector.call("order.remove", {"number": "S-1"}, context())
        await connector.close()
        again = (await bench.connect()).inner
        page = await again.changes("order", page.cursor)
        assert [(change.subject, "@removed" in change.data) for change in page.changes] == [("S-1", True)]
        page = await again.changes("order", page.cursor)
        assert not page.changes


def test_what_is_wrong_with_a_manifest_is_told_with_its_line() -> None:
    broken = MANIFEST.replace("VERSION", "v3").replace("resource: order, where", "resource: ordr, where")
    with pytest.raises(DefinitionError) as caught:
        ODATA.read(broken.encode(), "trade.yaml")
    found = {problem.code: problem.place.line for problem in caught.value.problems}
    lines = broken.splitlines()
    assert lines[found["not_a_choice"] - 1] in ("odata: v3", "csrf: CSRF")
    assert "ordr" in lines[found["resource_unknown"] - 1]
