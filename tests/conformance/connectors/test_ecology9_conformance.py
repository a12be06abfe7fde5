"""The shipped manifest of Weaver e-cology 9 passes the connector suite against its contract double."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.ecology9_double import APP_ID, SECRET, WORKFLOW, EcologyDouble, public_key
from conformance.connectors.product_bench import ApprovalSuite, ProductBench
from lineshaft.base.errors import MissingReference, Refused
from lineshaft.sdk.suite import context, order, raised


class EcologyBench(ProductBench):
    product = "ecology9"
    operation = "approval.create"
    reading = "approval.find"
    resource = "approval"
    settings = MappingProxyType(
        {"app_id": APP_ID, "public_key": public_key(), "user": "1", "workflow": WORKFLOW}
    )
    secrets = MappingProxyType({"ecology_secret": SECRET})
    target: EcologyDouble  # type: ignore[assignment]

    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if "item" not in given:
            return {"number": given["number"]}
        return {
            "number": given["number"], "title": "发货审批", "originator": "2978",
            "fields": {"wl": given["item"], "dj": given["price"]},
            "tables": {"formtable_main_1356_dt1": [{"wl": given["item"], "sl": given["quantity"]}]},
        }  # fmt: skip

    def asked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"id": self.record_id(given["number"])}

    def record_id(self, number: str) -> str:
        found = [flow["id"] for flow in self.target.flows if flow["title"].startswith(number + " | ")]
        return str(found[0]) if found else "404"

    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        (record,) = found["workflowMainTableInfo"]["requestRecords"]
        values = values_of(record["workflowRequestTableFields"])
        return {"number": found["requestName"].split(" | ")[0], "price": Decimal(values["dj"])}

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        found = []
        for flow in self.target.flows:
            (row,) = flow["tables"][0]["workflowRequestTableRecords"]
            cells = values_of(row["workflowRequestTableFields"])
            found.append({"number": flow["title"].split(" | ")[0], "quantity": Decimal(cells["sl"]),
                          "price": Decimal(values_of(flow["fields"])["dj"])})  # fmt: skip
        return found


def values_of(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {field["fieldName"]: field["fieldValue"] for field in fields}


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[EcologyBench]:
    target = EcologyDouble()
    await target.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    bench = EcologyBench(target, caplog)
    yield bench
    await bench.close()
    await target.stop()


class TestEcology9(ApprovalSuite):
    pass


async def test_a_workflow_is_started_in_the_name_of_its_person(bench: EcologyBench) -> None:
    connector = await bench.connect()
    await connector.call("approval.create", order(), context())
    assert bench.target.flows[0]["creator"] == "2978"
    stranger = {**bench.payload(order("S-2")), "originator": "9999"}
    error = await raised(MissingReference, connector.inner.call("approval.create", stranger, context()))
    assert error.reference == "employee:ecology9:9999"


async def test_one_that_never_leaves_its_first_node_is_not_started(bench: EcologyBench) -> None:
    """SUCCESS came, but the workflow stands where drafts stand."""
    bench.target.slow = 1_000
    connector = await bench.connect()
    error = await raised(Refused, connector.call("approval.create", order(), context(timeout_s=0.5)))
    assert "create" in str(error)
    assert len(bench.done) == 1


async def test_only_what_differs_from_the_last_reading_is_told(bench: EcologyBench) -> None:
    connector = await bench.connect()
    for number in ("S-1", "S-2"):
        await connector.call("approval.create", order(number), context(number))
    first = await connector.changes("approval", None)
    assert [change.subject for change in first.changes] == ["S-1", "S-2"]
    bench.target.flows[1] |= {"node": "3", "at": "2026-01-01 09:30:00"}
    looks = bench.target.looks
    later = await connector.changes("approval", first.cursor)
    (change,) = later.changes
    assert (change.subject, change.data["archived"], change.data["returned"]) == ("S-2", True, False)
    assert change.occurred_at is not None
    assert change.occurred_at.timestamp() == 1767231000.0, "09:30 in Shanghai"
    assert bench.target.looks == looks + 1


async def test_a_workflow_is_withdrawn_once_and_an_archived_one_is_not(bench: EcologyBench) -> None:
    connector = await bench.connect()
    for number in ("S-1", "S-2"):
        await connector.call("approval.create", order(number), context(number))
    bench.target.flows[1]["node"] = "3"
    payload = {"id": bench.target.flows[0]["id"], "originator": "2978"}
    first = await connector.call("approval.withdraw", payload, context())
    again = await connector.call("approval.withdraw", payload, context())
    assert (first.repeated, again.repeated) == (False, True)
    archived = {"id": bench.target.flows[1]["id"], "originator": "2978"}
    error = await raised(Refused, connector.call("approval.withdraw", archived, context()))
    assert "归档" in (error.vendor_text or "")
