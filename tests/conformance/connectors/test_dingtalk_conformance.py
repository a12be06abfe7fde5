"""The shipped manifest of DingTalk approvals passes the connector suite against its contract double."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.dingtalk_double import APP_KEY, APP_SECRET, TEMPLATE, DingTalkDouble
from conformance.connectors.product_bench import FormSuite, ProductBench
from lineshaft.base.errors import Refused
from lineshaft.sdk.suite import context, order, raised


class DingTalkBench(ProductBench):
    product = "dingtalk"
    operation = "approval.create"
    reading = "approval.find"
    resource = "approval"
    settings = MappingProxyType({"process_code": TEMPLATE})
    secrets = MappingProxyType({"dingtalk_app_key": APP_KEY, "dingtalk_app_secret": APP_SECRET})
    target: DingTalkDouble  # type: ignore[assignment]

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if "item" not in given:
            return {"number": given["number"]}
        row = {"物料": given["item"], "数量": given["quantity"]}
        return {
            "number": given["number"], "originator": "user-1",
            "fields": {"单价": given["price"]}, "tables": {"明细": [row]},
        }  # fmt: skip

    def asked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"id": self.record_id(given["number"])}

    def record_id(self, number: str) -> str:
        for instance in self.target.instances:
            if values_of(instance["values"])["单据编号"] == number:
                return str(instance["id"])
        return "inst-none"

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        values = values_of(found["formComponentValues"])
        return {"number": values["单据编号"], "price": Decimal(values["单价"])}

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        found = []
        for instance in self.target.instances:
            values = values_of(instance["values"])
            (row,) = json.loads(values["明细"])
            cells = values_of(row)
            found.append({"number": values["单据编号"], "quantity": Decimal(cells["数量"]),
                          "price": Decimal(values["单价"])})  # fmt: skip
        return found


def values_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {entry["name"]: entry["value"] for entry in entries}


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[DingTalkBench]:
    target = DingTalkDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = DingTalkBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestDingTalk(FormSuite):
    waits_s = 2


async def test_an_approval_is_told_once_when_it_is_decided(bench: DingTalkBench) -> None:
    bench.target.decides = None
    connector = await bench.connect()
    for number in ("S-1", "S-2", "S-3", "S-4", "S-5"):
        await connector.call("approval.create", order(number), context(number))
    page = await connector.changes("approval", None)
    assert page.changes == ()
    bench.target.instances[1] |= {"status": "COMPLETED", "result": "refuse"}
    bench.target.instances[3] |= {"status": "COMPLETED", "result": "agree"}
    again = await connector.changes("approval", page.cursor)
    told = [(change.subject, change.data["approved"], change.documents[0].status) for change in again.changes]
    assert told == [("S-2", False, "refuse"), ("S-4", True, "agree")]
    looks = bench.target.looks
    assert (await connector.changes("approval", again.cursor)).changes == ()
    assert bench.target.looks == looks, "what is known already is not read again"


async def test_a_lost_answer_is_found_over_all_pages(bench: DingTalkBench) -> None:
    bench.target.decides = None
    connector = await bench.connect()
    for number in range(7):
        await connector.call("approval.create", order(f"S-{number}"), context(f"k-{number}"))
    found = await connector.probe("approval.create", order("S-6"), context("k-6"))
    assert found is not None
    assert found.number == "inst-0007"


async def test_an_approval_is_withdrawn_once_and_a_decided_one_is_not(bench: DingTalkBench) -> None:
    bench.target.decides = None
    connector = await bench.connect()
    for number in ("S-1", "S-2"):
        await connector.call("approval.create", order(number), context(number))
    bench.target.instances[1] |= {"status": "COMPLETED", "result": "agree"}
    first = await connector.call("approval.terminate", {"id": "inst-0001"}, context())
    again = await connector.call("approval.terminate", {"id": "inst-0001"}, context())
    assert (first.repeated, again.repeated) == (False, True)
    error = await raised(Refused, connector.call("approval.terminate", {"id": "inst-0002"}, context()))
    assert error.code == "not_effective"


async def test_the_look_at_an_approval_says_whether_it_was_agreed(bench: DingTalkBench) -> None:
    connector = await bench.connect()
    await connector.call("approval.create", order(), context())
    found = await connector.inner.call("approval.find", {"id": "inst-0001"}, context())
    assert found.answer["approved"] is True
    assert found.answer["business_number"] == "20260101000001"
