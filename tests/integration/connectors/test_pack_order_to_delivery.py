"""The pack's systems and mappings against the simulated CRM and ERP, run as real processes."""

from __future__ import annotations

from decimal import Decimal

import pytest
import pytest_asyncio

from integration.connectors.plant import Plant, everything
from lineshaft.base.errors import Invalid, MissingReference, OutcomeUnknown, Refused, Unavailable
from lineshaft.mapping import Reference
from lineshaft.sdk.suite import context, raised

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def plant(standing_plant: Plant) -> Plant:
    """The file's plant: what a test asks for is told apart by its own order."""
    await standing_plant.reset()
    return standing_plant


async def test_both_systems_pass_their_check(plant: Plant) -> None:
    for connector in (plant.crm, plant.erp):
        steps = await connector.check()
        assert [step.ok for step in steps[:3]] == [True, True, True], steps


async def test_a_confirmed_order_is_an_event_that_tells_its_document(plant: Plant) -> None:
    order = await plant.confirmed()
    (change,) = [
        each
        for each in await everything(plant.crm, "sales_order")
        if each.type.endswith(".confirmed") and each.subject == order["order_no"]
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
        context(order["order_no"]),
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
    key = order["order_no"]
    await raised(OutcomeUnknown, plant.erp.call("sales_order.save", payload, context(key)))
    again = await plant.erp.call("sales_order.save", payload, context(key))
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
        each
        for each in await everything(plant.erp, "document")
        if each.type == "erp.delivery.shipped" and each.subject == order["order_no"]
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
    told = await plant.crm.call("sales_order.feedback", payload, context())
    assert told.answer["changed"] is True
    assert (told.documents[0].status, told.documents[0].lines[0].status) == ("partially_shipped",) * 2
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
    outcome = await plant.erp.call("sales_order.save", payload, context(order["order_no"]))
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
        await raised(
            expected, plant.erp.call("sales_order.save", payload, context(f"{order['order_no']}-{kind}"))
        )


async def test_a_record_that_lacks_what_is_needed_is_refused_with_its_reasons(plant: Plant) -> None:
    order = await plant.confirmed()
    broken = {**order, "account_no": None, "lines": []}
    error = await raised(
        Refused, plant.hub.call("map", {"mapping": "crm-sales-order", "record": broken}, context())
    )
    assert "customer_code" in str(error)
    assert "lines" in str(error)
    await raised(Invalid, plant.hub.call("map", {"mapping": "nothing", "record": order}, context()))
