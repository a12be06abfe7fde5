"""The pack's systems and mappings against the simulated CRM and ERP, run as real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, MissingReference, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.hub import HubConnector, ReferenceDesk
from lineshaft.mapping import Reference, read_mapping
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.pack import Pack, read_pack
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised

SOURCES = Path(__file__).resolve().parents[3] / "src"
PACK = SOURCES / "lineshaft_packs" / "order_to_delivery"
SECRETS = {
    "crm_token": "crm-demo-token",
    "crm_webhook": "hook-secret",
    "erp_app_id": "erp-app",
    "erp_app_secret": "erp-demo-secret",
}


def pack_files() -> dict[str, bytes]:
    return {
        str(path.relative_to(PACK)): path.read_bytes()
        for path in PACK.rglob("*")
        if path.is_file() and path.suffix in (".yaml", ".bpmn", ".dmn")
    }


@dataclass
class Plant:
    """Both systems and everything that the pack makes of them."""

    pack: Pack
    crm: HttpConnector
    erp: HttpConnector
    hub: HubConnector
    crm_url: str
    admin: dict[str, str]
    known: dict[Reference, str]

    async def crm_call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": "Bearer crm-demo-token"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.crm_url}/api/v1/{path}", json=body, headers=headers) as answer,
        ):
            return await answer.json()

    async def fault(self, system: str, **spec: Any) -> None:
        headers = {"Authorization": "Bearer plantbox-admin"}
        url = f"{self.admin[system]}/admin/faults"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=spec, headers=headers) as answer,
        ):
            assert answer.status < 300, await answer.text()

    async def confirmed(
        self, account: str = "KH-0004", lines: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, Any]:
        """Make and confirm an order as a salesperson does; return it as the hub reads it."""
        body = {"account_no": account, "lines": list(lines) or [{"model": "BX-F210", "quantity": "100"}]}
        made = await self.crm_call("POST", "orders", body)
        assert "order_no" in made, made
        done = await self.crm_call("POST", f"orders/{made['id']}/confirm", {})
        assert done["status"] == "confirmed", done
        answer = await self.crm.call("sales_order.get", {"order_no": made["order_no"]}, context())
        order: dict[str, Any] = answer.answer["order"]
        return order

    async def document(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        payload = {"mapping": "crm-sales-order", "record": order}
        result: Mapping[str, Any] = (await self.hub.call("map", payload, context())).answer["result"]
        return result

    async def erp_document(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        payload = {"mapping": "erp-sales-order", "record": await self.document(order)}
        result: Mapping[str, Any] = (await self.hub.call("map", payload, context())).answer["result"]
        return result

    async def saved(self, order: Mapping[str, Any], key: str = "k-1") -> str:
        payload = {"document": await self.erp_document(order), "source_no": order["order_no"]}
        outcome = await self.erp.call("sales_order.save", payload, context(key))
        assert outcome.number is not None
        return outcome.number


@asynccontextmanager
async def system(name: str, folder: Path, *options: str) -> AsyncIterator[dict[str, str]]:
    command = [sys.executable, "-m", "plantbox", name, "--port", "0", "--data", str(folder / name), *options]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SOURCES)}
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


@pytest_asyncio.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    pack = read_pack(pack_files())
    async with AsyncExitStack() as stack:
        ready = {
            "crm": await stack.enter_async_context(system("crm", tmp_path)),
            "erp": await stack.enter_async_context(
                system("erp", tmp_path, "--delivery", "instant", "--first-shipment", "0.6")
            ),
        }
        made: dict[str, HttpConnector] = {}
        for file in pack.of("systems"):
            settings = {"base_url": ready[file.name]["url"]}
            connection = Connection(file.name, settings, SECRETS.__getitem__, FixedClock())
            made[file.name] = HTTP.read(file.content, file.path).connect(connection)
            await made[file.name].open()
            stack.push_async_callback(made[file.name].close)
        known: dict[Reference, str] = {}

        async def look(references: Sequence[Reference]) -> Mapping[Reference, str]:
            return {reference: known[reference] for reference in references if reference in known}

        async def ask(name: str, operation: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
            return (await made[name].call(operation, payload, context())).answer

        async def remember(found: Mapping[Reference, str]) -> None:
            known.update(found)

        mappings = {file.name: read_mapping(file.content, file.path) for file in pack.of("mappings")}
        hub = HubConnector(mappings, ReferenceDesk(pack.references, look, ask, remember))
        admin = {name: told["admin_url"] for name, told in ready.items()}
        yield Plant(pack, made["crm"], made["erp"], hub, ready["crm"]["url"], admin, known)


async def everything(connector: HttpConnector, resource: str, cursor: bytes | None = None) -> list[Change]:
    found: list[Change] = []
    while True:
        page = await connector.changes(resource, cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found


async def test_both_systems_pass_their_check(plant: Plant) -> None:
    for connector in (plant.crm, plant.erp):
        steps = await connector.check()
        assert [step.ok for step in steps[:3]] == [True, True, True], steps


async def test_a_confirmed_order_is_an_event_that_tells_its_document(plant: Plant) -> None:
    order = await plant.confirmed()
    (change,) = [
        each for each in await everything(plant.crm, "sales_order") if each.type.endswith(".confirmed")
    ]
    assert change.type == "crm.sales_order.confirmed"
    assert change.subject == order["order_no"]
    (document,) = change.documents
    assert (document.kind, document.number, document.status) == (
        "sales_order",
        order["order_no"],
        "confirmed",
    )
    assert document.lines[0].quantity == Decimal(100)
    assert {route.on for route in plant.pack.routes} >= {change.type}


async def test_an_order_travels_to_the_erp_with_the_sum_of_its_lines(plant: Plant) -> None:
    order = await plant.confirmed(
        lines=[
            {"model": "BX-F210", "quantity": "3", "unit_price": "20.1865", "discount": "0.02"},
            {"model": "BX-F210", "quantity": "7", "unit_price": "0.0050"},
        ]
    )
    document = await plant.document(order)
    outcome = await plant.erp.call(
        "sales_order.save",
        {"document": await plant.erp_document(order), "source_no": order["order_no"]},
        context(),
    )
    view = await plant.erp.call("sales_order.view", {"bill_no": outcome.number}, context())
    stored = view.answer["order"]
    assert stored["SourceBillNo"] == order["order_no"]
    assert Decimal(stored["AllAmount"]) == Decimal(order["gross_amount"]) == document["gross_amount"]
    assert Decimal(stored["TaxAmount"]) == Decimal(order["tax_amount"]) == document["tax_amount"]
    (fact,) = outcome.documents
    assert fact.follows == f"crm/sales_order/{order['order_no']}"
    assert [(line.line, line.from_line, line.quantity) for line in fact.lines] == [
        ("1", "1", Decimal(3)),
        ("2", "2", Decimal(7)),
    ]


async def test_saving_again_with_the_same_key_makes_no_second_document(plant: Plant) -> None:
    order = await plant.confirmed()
    payload = {"document": await plant.erp_document(order), "source_no": order["order_no"]}
    await plant.fault("erp", kind="lost_reply", match="SalesOrder.Save", count=1)
    await raised(OutcomeUnknown, plant.erp.call("sales_order.save", payload, context("k-1")))
    again = await plant.erp.call("sales_order.save", payload, context("k-1"))
    assert again.repeated
    query = await plant.erp.call("sales_order.view", {"bill_no": again.number}, context())
    assert query.answer["order"]["SourceBillNo"] == order["order_no"]


async def test_partial_deliveries_are_told_line_by_line(plant: Plant) -> None:
    order = await plant.confirmed()
    bill_no = await plant.saved(order)
    await plant.erp.call("sales_order.submit", {"bill_no": bill_no}, context())
    await plant.erp.call("sales_order.submit", {"bill_no": bill_no}, context())  # repeating it is harmless
    await plant.erp.call("sales_order.audit", {"bill_no": bill_no}, context())
    shipped = [
        each for each in await everything(plant.erp, "document") if each.type == "erp.delivery.shipped"
    ]
    assert len(shipped) >= 1
    first = shipped[0]
    assert first.subject == order["order_no"]
    assert first.data["OrderBillNo"] == bill_no
    line = first.data["Data"]["Lines"][0]
    assert Decimal(line["TotalDeliveredQty"]) == Decimal(60)
    (document,) = first.documents
    assert document.follows == f"erp/sales_order/{bill_no}"
    assert document.lines[0].quantity == Decimal(60)
    feedback = {
        "status": "partially_shipped",
        "erp_no": bill_no,
        "lines": [{"line_no": 1, "status": "partially_shipped", "shipped_quantity": "60"}],
    }
    payload = {"order_no": order["order_no"], "feedback": feedback}
    assert (await plant.crm.call("sales_order.feedback", payload, context())).answer["changed"] is True
    assert (await plant.crm.call("sales_order.feedback", payload, context())).answer["changed"] is False


async def test_a_rejection_comes_back_with_the_erps_own_words(plant: Plant) -> None:
    order = await plant.confirmed(lines=[{"model": "BX-F210", "quantity": "1000000"}])
    bill_no = await plant.saved(order)
    error = await raised(Refused, plant.erp.call("sales_order.submit", {"bill_no": bill_no}, context()))
    assert error.vendor_code == "4001"
    assert "超信用额度" in (error.vendor_text or "")


async def test_a_product_without_a_code_waits_and_goes_on_when_it_is_known(plant: Plant) -> None:
    order = await plant.confirmed(
        lines=[{"model": "BX-P900", "quantity": "1"}, {"model": "BX-F210", "quantity": "1"}]
    )
    document = await plant.document(order)
    payload = {"mapping": "erp-sales-order", "record": document}
    report = await plant.hub.call("lookup_codes", payload, context())
    assert report.answer["ready"] is False
    assert [each["reference"] for each in report.answer["missing"]] == ["product:crm:BX-P900"]
    error = await raised(MissingReference, plant.hub.call("map", payload, context()))
    assert error.reference == "product:crm:BX-P900"
    plant.known[Reference("product", "crm", "BX-P900", "erp")] = "M-29999"
    mapped = await plant.hub.call("map", payload, context())
    assert mapped.answer["result"]["Lines"][0]["MaterialNo"] == "M-29999"


async def test_found_codes_are_remembered_and_not_asked_again(plant: Plant) -> None:
    order = await plant.confirmed()
    await plant.erp_document(order)
    assert set(plant.known) == {
        Reference("customer", "crm", "KH-0004", "erp"),
        Reference("product", "crm", "BX-F210", "erp"),
    }
    await plant.fault("erp", kind="down")
    assert (await plant.erp_document(order))["CustomerNo"] == plant.known[
        Reference("customer", "crm", "KH-0004", "erp")
    ]


async def test_a_restarted_erp_forgets_sessions_and_the_connector_logs_in_again(plant: Plant) -> None:
    order = await plant.confirmed()
    document = await plant.erp_document(order)
    await plant.fault("erp", kind="ok_with_error", code="1001", match="SalesOrder.Save", count=1)
    payload = {"document": document, "source_no": order["order_no"]}
    outcome = await plant.erp.call("sales_order.save", payload, context())
    assert outcome.number


async def test_faults_of_the_plant_are_told_apart(plant: Plant) -> None:
    order = await plant.confirmed()
    payload = {"document": await plant.erp_document(order), "source_no": order["order_no"]}
    for kind, expected in (
        ("down", Unavailable),
        ("reset", OutcomeUnknown),
        ("error_but_done", OutcomeUnknown),
        ("lost_reply", OutcomeUnknown),
    ):
        await plant.fault("erp", kind=kind, match="SalesOrder.Save", count=1)
        await raised(expected, plant.erp.call("sales_order.save", payload, context(f"k-{kind}")))


async def test_a_record_that_lacks_what_is_needed_is_refused_with_its_reasons(plant: Plant) -> None:
    order = await plant.confirmed()
    broken = {**order, "account_no": None, "lines": []}
    error = await raised(
        Refused, plant.hub.call("map", {"mapping": "crm-sales-order", "record": broken}, context())
    )
    assert "customer_code" in str(error)
    assert "lines" in str(error)
    await raised(Invalid, plant.hub.call("map", {"mapping": "nothing", "record": order}, context()))
