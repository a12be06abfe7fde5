"""The kind ``jsonrpc`` passes the connector suite against a stand-in made from the specification."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.jsonrpc_double import TOKEN, RpcDouble
from conformance.connectors.product_bench import ProductBench
from lineshaft.base.errors import DefinitionError, Invalid, OutcomeUnknown
from lineshaft.connectors.http import JSONRPC
from lineshaft.sdk.suite import Bench, ConnectorSuite, context, order, raised

MANIFEST = (Path(__file__).parent / "jsonrpc_manifest.yaml").read_bytes()


class RpcBench(ProductBench):
    product = "trade"
    kind = JSONRPC
    operation = "order.create"
    reading = "order.find"
    resource = "order"
    secrets = MappingProxyType({"token": TOKEN})
    target: RpcDouble  # type: ignore[assignment]

    def manifest(self) -> bytes:
        return MANIFEST

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return given

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return found

    async def upgrade(self) -> str:
        self.target.renamed["quantity"] = "amount"
        return "quantity"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return self.target.rows


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[RpcBench]:
    target = RpcDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = RpcBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestJsonRpc(ConnectorSuite):
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None

    async def test_done_in_spite_of_an_error_status_is_done(self, bench: Bench) -> None:
        """A status is no answer here: nobody knows, and a repeat with the same key does nothing twice."""
        connector = await bench.connect()
        bench.behave("error_but_done")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
        outcome = await connector.call(bench.operation, order(), context())
        assert outcome.repeated
        assert len(bench.done) == 1


async def test_a_batch_has_a_result_and_a_key_for_each_call(bench: RpcBench) -> None:
    connector = (await bench.connect()).inner
    items = [order("A"), {"number": "B", "quantity": 1}, order("C")]
    results = await connector.write("order.many", items, context("k"))
    assert [result.outcome is not None for result in results] == [True, False, True]
    assert isinstance(results[1].error, Invalid)
    assert results[1].error.vendor_code == "-32602"
    assert results[2].outcome is not None
    assert results[2].outcome.answer["result"]["number"] == "C"
    assert sorted(bench.target.by_key) == ["k/0", "k/2"]
    await connector.write("order.many", items, context("k"))
    assert (len(bench.done), bench.target.arrived) == (2, 2)


async def test_a_method_that_is_not_there_is_wrong_data(bench: RpcBench) -> None:
    bench.manifest = lambda: MANIFEST.replace(b"method: order.create", b"method: order.make")  # type: ignore[method-assign]
    connector = (await bench.connect()).inner
    error = await raised(Invalid, connector.call("order.create", order(), context()))
    assert error.vendor_code == "-32601"


def test_what_is_wrong_with_a_manifest_is_told_with_its_line() -> None:
    broken = MANIFEST.replace(b"params: {number: id}", b"parms: {number: id}")
    with pytest.raises(DefinitionError) as caught:
        JSONRPC.read(broken, "trade.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.path) == ("unknown_key", "resources.order.read.parms")
