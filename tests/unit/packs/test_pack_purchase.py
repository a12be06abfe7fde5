"""The pack purchase-to-pay on the bench: its decision tables, and every branch of its processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from lineshaft import dmn
from lineshaft.app.packs import files_in, folder_of
from unit.packs.bench_hub import PackHub

PACK = "purchase-to-pay"
NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)


@cache
def models() -> dict[str, dmn.Model]:
    found: dict[str, dmn.Model] = {}
    for name, content in files_in(folder_of(PACK)).items():
        if name.endswith(".dmn"):
            model = dmn.loads(content, {}, file=name, strict=True)
            found |= dict.fromkeys(model.decision_ids, model)
    return found


def decide(decision: str, inputs: dict[str, Any]) -> Any:
    result = models()[decision].evaluate(decision, inputs, clock=NOW)
    assert result.errors == []
    return result.value


# -- the tables ----------------------------------------------------------------------------------------------

EQUAL = {
    "supplier_same": True, "duplicate": False, "on_order": True, "unit": "块", "ordered": 100,
    "received": 100, "invoiced": 0, "quantity": 100, "price": 8, "order_price": 8, "tax_rate": 13,
    "order_tax_rate": 13,
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "differs", "verdict"),
    [
        ("equal", {}, "match"),
        ("short: billed more than received", {"received": 60}, "short"),
        ("over: received more than ordered", {"received": 120, "quantity": 120}, "over"),
        ("price off", {"price": 8.5}, "price_off"),
        ("missing invoice", {"quantity": None, "price": None, "tax_rate": None}, "missing_invoice"),
        ("duplicate invoice", {"duplicate": True}, "duplicate"),
        ("partial", {"received": 60, "quantity": 60}, "match_partial"),
        ("wrong supplier", {"supplier_same": False}, "wrong_supplier"),
        # Beyond the eight: tolerances and what else can be wrong.
        ("price within 2 %", {"price": 8.16}, "match"),
        ("cheaper than 2 % is asked about too", {"price": 7.8}, "price_off"),
        ("weighed goods within 5 %", {"unit": "千克", "received": 105, "quantity": 105}, "match"),
        ("weighed goods above 5 %", {"unit": "千克", "received": 106, "quantity": 106}, "over"),
        ("the rest after a part", {"invoiced": 60, "quantity": 40}, "match"),
        ("the rest billed twice", {"invoiced": 100, "quantity": 40}, "waiting_goods"),
        ("before the goods", {"received": 0}, "waiting_goods"),
        ("another tax rate", {"tax_rate": 9}, "tax_off"),
        ("not on the order", {"on_order": False}, "not_on_order"),
        (
            "invoiced already, nothing missing",
            {"invoiced": 100, "quantity": None, "price": None, "tax_rate": None},
            "match",
        ),
    ],
)
def test_three_way_match(case: str, differs: dict[str, Any], verdict: str) -> None:
    assert decide("three_way_match", {"line": EQUAL | differs}) == verdict, case


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        (["match", "match_partial"], "pay"),
        (["match", "duplicate"], "duplicate"),
        (["match", "price_off"], "differs"),
        (["waiting_goods", "match"], "wait"),
        (["waiting_goods", "short"], "differs"),
    ],
)
def test_what_follows_from_all_lines(verdicts: list[str], outcome: str) -> None:
    assert decide("match_outcome", {"verdicts": verdicts}) == outcome


@pytest.mark.parametrize(
    ("amount", "role", "hours"),
    [
        (0, "部门经理", 24), (2000, "部门经理", 24), (2000.01, "采购经理", 24), (20000, "采购经理", 24),
        (20000.01, "采购总监", 12), (200000, "采购总监", 12), (200000.01, "总经理", 8),
    ],
)  # fmt: skip
def test_approver_by_amount(amount: float, role: str, hours: int) -> None:
    found = decide("purchase_approval", {"amount": amount})
    assert (found["role"], found["urge_after_h"]) == (role, hours)


@pytest.mark.parametrize(
    ("received", "unit", "found"),
    [(60, "块", "partial"), (100, "块", "whole"), (101, "块", "over"), (104, "千克", "whole"),
     (106, "千克", "over")],
)  # fmt: skip
def test_receipt_check(received: int, unit: str, found: str) -> None:
    assert decide("receipt_check", {"ordered": 100, "received": received, "unit": unit}) == found


@pytest.mark.parametrize(("stock", "quantity"), [(500, 700), (300, 900), (299, 1501), (0, 1800)])
def test_replenishment_quantity(stock: int, quantity: int) -> None:
    assert decide("replenishment_quantity", {"stock": stock, "minimum": 600}) == quantity


# -- the processes -------------------------------------------------------------------------------------------

PRICE = {"MaterialNo": "M-1", "Model": "GB", "SupplierNo": "V-1", "SupplierOuterCode": "GYS-1", "Price": "8",
         "TaxRate": "13"}  # fmt: skip


def erp_order(received: str = "100", invoiced: str = "0", source: str = "OA", **more: Any) -> dict[str, Any]:
    line = {
        "LineNo": 1, "SourceLineNo": "1", "MaterialNo": "M-1", "Unit": "块", "Qty": "100", "Price": "8",
        "TaxRate": "13", "NeedDate": None, "ReceivedQty": received, "InvoicedQty": invoiced,
    }  # fmt: skip
    return {
        "BillNo": "CG-1", "SourceSystem": source, "SourceBillNo": "OA-1", "SupplierNo": "V-1",
        "SupplierOuterCode": "GYS-1", "SupplierName": "一厂", "AllAmount": "904.00", "Lines": [line],
        "Receipts": [{"BillNo": "RK-1"}], "Invoices": [],
    } | more  # fmt: skip


def invoice(quantity: str = "100", price: str = "8", **more: Any) -> dict[str, Any]:
    line = {"line_no": 1, "po_line": 1, "material": "M-1", "quantity": quantity, "price": price,
            "tax_rate": "13"}  # fmt: skip
    return {
        "id": "FP-1", "invoice_no": "0123", "supplier_code": "GYS-1", "po_no": "CG-1", "net": "800.00",
        "tax": "104.00", "gross": "904.00", "lines": [line],
    } | more  # fmt: skip


def hub_of(**answers: Any) -> PackHub:
    hub = PackHub(
        {
            "erp.purchase_price.find": {"rows": [PRICE]},
            "erp.purchase_requisition.save": {"bill_no": "QG-1"},
            "erp.purchase_order.save": {"bill_no": "CG-1"},
            "erp.purchase_order.audit": {"order": erp_order()},
            "erp.purchase_order.view": {"order": erp_order()},
            "erp.purchase_order.progress": {"progress": "x"},
            "erp.purchase_receipt.post": {"receipt": receipt()},
            "erp.purchase_invoice.post": {"bill_no": "CGFP-1"},
            "erp.purchase_invoice.paid": {"progress": "Paid"},
            "finance.payment.apply": {"application_no": "FK-1"},
            "srm.order.publish": {"supplier_order": "SO-1"},
            "srm.replenishment.request": {"replenishment_no": "BH-1"},
        }
        | answers,
        pack=PACK,
    )
    hub.bench.decisions.update({name: lambda inputs, name=name: decide(name, inputs) for name in models()})
    return hub


def receipt(total: str = "100", progress: str = "Received") -> dict[str, Any]:
    line = {"LineNo": 1, "OrderLineNo": 1, "MaterialNo": "M-1", "Qty": total, "TotalReceivedQty": total,
            "OrderQty": "100"}  # fmt: skip
    return {"BillNo": "RK-1", "OrderBillNo": "CG-1", "Lines": [line],
            "Order": erp_order(received=total) | {"Progress": progress}}  # fmt: skip


def requested(hub: PackHub, quantity: str = "100") -> None:
    pairs = [{"fieldName": "cpxh", "fieldValue": "GB"}, {"fieldName": "sl", "fieldValue": quantity},
             {"fieldName": "xqrq", "fieldValue": None}]  # fmt: skip
    request = {
        "workflowCode": "CGSQ", "businessKey": "K-1", "requestId": "9", "requestNo": "OA-1",
        "mainData": [{"fieldName": "sqyy", "fieldValue": "备料"}], "detailData": [pairs],
    }  # fmt: skip
    hub.event("oa.workflow.created", {"businessKey": "K-1", "request": request})


def decided(hub: PackHub, status: str) -> None:
    request = {"workflowCode": "CGSQ", "status": status, "remark": "r"}
    hub.event(f"oa.workflow.{status}", {"businessKey": "K-1", "request": request})


def progress(hub: PackHub) -> list[str]:
    return [each["progress"] for each in hub.of("oa.workflow.progress")]


def test_approved_request_becomes_one_order_with_the_erps_prices() -> None:
    hub = hub_of()
    requested(hub)
    assert hub.of("oa.workflow.assign")[0]["approver_role"] == "部门经理"
    assert hub.of("erp.purchase_order.save") == []
    decided(hub, "approved")
    (saved,) = hub.of("erp.purchase_order.save")
    assert saved["document"]["RequisitionNo"] == "QG-1"
    assert (saved["document"]["SupplierNo"], saved["document"]["Lines"][0]["Price"]) == ("V-1", "8")
    assert progress(hub) == ["处理中"]
    assert hub.run("purchase-request").state == "completed", hub.troubles


@pytest.mark.parametrize("status", ["rejected", "withdrawn"])
def test_refused_request_stops_without_an_order(status: str) -> None:
    hub = hub_of()
    requested(hub)
    decided(hub, status)
    assert hub.of("erp.purchase_requisition.save") + hub.of("erp.purchase_order.save") == []
    assert hub.run("purchase-request").state == "completed", hub.troubles


def test_late_approver_is_urged_and_again() -> None:
    hub = hub_of()
    requested(hub, "40000")
    for times in (1, 2):
        hub.bench.advance(hours=8, seconds=1)
        assert len(hub.of("oa.workflow.urge")) == times
    decided(hub, "approved")
    assert hub.run("purchase-request").state == "completed", hub.troubles


def test_erp_that_is_down_leaves_the_request_in_work() -> None:
    hub = hub_of()
    hub.hold("erp.purchase_requisition.save", "erp.purchase_order.save")
    requested(hub)
    decided(hub, "approved")
    assert progress(hub) == ["处理中"]


def test_request_without_a_price_waits_for_the_buyer() -> None:
    hub = hub_of(**{"erp.purchase_price.find": {"rows": []}})
    requested(hub)
    (task,) = hub.bench.tasks()
    hub.answers["erp.purchase_price.find"] = {"rows": [PRICE]}
    hub.bench.complete_task(task)
    assert hub.of("oa.workflow.assign")


def audited(hub: PackHub, source: str = "OA") -> None:
    hub.event("erp.purchase_order.audited", {"BillNo": "CG-1", "Data": erp_order(source=source)})


def answered(hub: PackHub, state: str) -> None:
    answer = {"state": state, "customerOrderNo": "CG-1", "orderNo": "SO-1", "reason": "缺料"}
    hub.event(f"srm.order.{state}", answer)


def shipped(hub: PackHub) -> None:
    hub.event("srm.delivery.shipped", {"customerOrderNo": "CG-1", "orderNo": "SO-1", "noteNo": "SH-1"})


def received(hub: PackHub, state: str) -> None:
    hub.event("erp.purchase_receipt.posted", {"OrderBillNo": "CG-1", "Data": receipt(progress=state)})


def paid(hub: PackHub, state: str = "Paid") -> None:
    data = {"PaymentNo": "ZF-1", "Progress": state}
    hub.event("erp.purchase_invoice.paid", {"OrderBillNo": "CG-1", "Data": data})


def test_every_state_of_the_order_returns_to_the_request() -> None:
    hub = hub_of()
    audited(hub)
    answered(hub, "confirmed")
    shipped(hub)
    received(hub, "PartlyReceived")
    received(hub, "Received")
    paid(hub)
    assert progress(hub) == ["已创建", "供应商已确认", "已发货", "部分收货", "已收货", "已付款"]
    assert [each["progress"] for each in hub.of("erp.purchase_order.progress")] == ["Confirmed", "Shipped"]
    assert hub.run("purchase-order").state == "completed", hub.troubles


def test_late_word_of_the_supplier_takes_nothing_back_from_the_request() -> None:
    hub = hub_of()
    audited(hub)
    received(hub, "Received")
    answered(hub, "confirmed")
    shipped(hub)
    assert progress(hub) == ["已创建", "已收货"]


def test_order_that_the_supplier_declines_goes_to_the_buyer() -> None:
    hub = hub_of()
    audited(hub)
    answered(hub, "declined")
    assert hub.of("erp.purchase_order.progress")[0]["progress"] == "Declined"
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task)
    assert progress(hub) == ["已创建", "供应商已拒绝"]
    assert hub.run("purchase-order").state == "completed", hub.troubles


def test_cancelled_order_is_taken_back_from_the_supplier() -> None:
    hub = hub_of()
    audited(hub)
    hub.event("erp.purchase_order.cancelled", {"BillNo": "CG-1", "Data": {}})
    assert hub.of("srm.order.withdraw") == [{"order_no": "CG-1"}]
    assert progress(hub)[-1] == "已作废"
    assert hub.run("purchase-order").state == "completed", hub.troubles


def test_order_of_a_replenishment_tells_no_request() -> None:
    hub = hub_of()
    audited(hub, source="SRM")
    answered(hub, "confirmed")
    assert progress(hub) == []


def promised(hub: PackHub, day: str, received: str = "60") -> None:
    hub.answers["erp.purchase_order.view"] = {"order": erp_order(received=received)}
    answer = {"state": "confirmed", "customerOrderNo": "CG-1", "orderNo": "SO-1", "promisedDate": day}
    hub.event("srm.order.confirmed", answer)


def day_after(hub: PackHub, days: int) -> str:
    return (hub.bench.now + timedelta(days=days)).date().isoformat()


def test_goods_that_are_short_when_the_promised_day_is_over_go_to_the_buyer_who_waits_again() -> None:
    hub = hub_of()
    promised(hub, day_after(hub, 3))
    hub.bench.advance(days=3)
    assert hub.bench.tasks() == []
    hub.bench.advance(days=1)
    (task,) = hub.bench.tasks()
    (line,) = task.variables["lines"]
    assert (line["received"], line["missing"]) == ("60", 40)
    hub.bench.complete_task(
        task, {"resolution": "wait", "look_again_on": day_after(hub, 5), "reason": "改期"}
    )
    hub.bench.advance(days=5)
    assert hub.bench.tasks() == []
    hub.bench.advance(days=1)
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task, {"resolution": "enough", "reason": "够用"})
    assert hub.run("goods-due").state == "completed", hub.troubles


def test_goods_that_come_end_the_task_by_themselves_and_a_part_asks_again() -> None:
    hub = hub_of()
    promised(hub, day_after(hub, -1), received="0")
    hub.bench.advance(seconds=1)
    (task,) = hub.bench.tasks()
    assert task.variables["lines"][0]["missing"] == 100
    hub.answers["erp.purchase_order.view"] = {"order": erp_order(received="60")}
    received(hub, "PartlyReceived")
    hub.bench.advance(seconds=1)
    (task,) = hub.bench.tasks()
    assert task.variables["lines"][0]["missing"] == 40
    hub.answers["erp.purchase_order.view"] = {"order": erp_order()}
    received(hub, "Received")
    assert hub.bench.tasks() == []
    assert hub.run("goods-due").state == "completed", hub.troubles


@pytest.mark.parametrize("days", [-1, 3])
def test_nobody_chases_what_is_cancelled(days: int) -> None:
    hub = hub_of()
    promised(hub, day_after(hub, days))
    hub.bench.advance(seconds=1)
    hub.event("erp.purchase_order.cancelled", {"BillNo": "CG-1", "Data": {}})
    assert hub.bench.tasks() == []
    assert hub.run("goods-due").state == "completed", hub.troubles


def taken_in(hub: PackHub, quantity: str = "100") -> None:
    row = {"doc_type": "PO", "source_no": "CG-1", "wms_no": "R-1", "material": "M-1", "quantity": quantity,
           "lot_no": "L"}  # fmt: skip
    hub.event("wms.receipt.posted", row)


def test_receipt_is_posted_and_a_missing_invoice_is_asked_for_after_a_week() -> None:
    hub = hub_of()
    taken_in(hub)
    assert len(hub.of("erp.purchase_receipt.post")) == 1
    hub.bench.advance(days=7, seconds=1)
    (task,) = hub.bench.tasks()
    assert task.variables["receipt_no"] == "RK-1"


def test_receipt_with_its_invoice_asks_nobody() -> None:
    hub = hub_of(**{"erp.purchase_order.view": {"order": erp_order(invoiced="100")}})
    taken_in(hub)
    hub.bench.advance(days=7, seconds=1)
    assert hub.bench.tasks() == []
    assert hub.run("goods-receipt").state == "completed", hub.troubles


def test_over_delivery_goes_to_the_buyer() -> None:
    hub = hub_of(**{"erp.purchase_receipt.post": {"receipt": receipt("120")}})
    taken_in(hub, "120")
    (task,) = hub.bench.tasks()
    assert task.variables["order_no"] == "CG-1"


def test_refused_receipt_goes_to_the_warehouse_and_is_posted_again() -> None:
    hub = hub_of()
    hub.refusals["erp.purchase_receipt.post"] = "没有物料"
    taken_in(hub)
    (task,) = hub.bench.tasks()
    hub.refusals.clear()
    hub.bench.complete_task(task)
    assert len(hub.of("erp.purchase_receipt.post")) == 2


def booked(hub: PackHub, **more: Any) -> None:
    hub.event("finance.invoice.booked", invoice(**more))


def judged(hub: PackHub) -> list[tuple[str, Any]]:
    return [(each["status"], each.get("reason")) for each in hub.of("finance.invoice.judge")]


def test_matching_invoice_is_posted_applied_for_and_its_payment_returns() -> None:
    hub = hub_of()
    booked(hub)
    (asked,) = hub.of("finance.payment.apply")
    assert (asked["application_key"], asked["po_no"], asked["receipts"], asked["amount"]) == (
        "FP-1", "CG-1", ["RK-1"], "904.00",
    )  # fmt: skip
    assert judged(hub) == [("matched", None)]
    hub.event("finance.payment.done", {"no": "FK-1", "payment_no": "ZF-1", "paid_at": "t"})
    (noted,) = hub.of("erp.purchase_invoice.paid")
    assert (noted["bill_no"], noted["payment_no"]) == ("CGFP-1", "ZF-1")
    assert hub.run("invoice-match").state == "completed", hub.troubles


@pytest.mark.parametrize("number", ["0123", " 01-23 ", "0 1 2 3"])
def test_same_number_under_another_scan_is_refused_however_it_is_written(number: str) -> None:
    known = erp_order(invoiced="100", Invoices=[{"InvoiceNo": "0123", "ExternalKey": "FP-0"}])
    hub = hub_of(**{"erp.purchase_order.view": {"order": known}})
    booked(hub, invoice_no=number)
    assert judged(hub) == [("refused", "重复发票")]
    assert hub.of("erp.purchase_invoice.post") + hub.of("finance.payment.apply") == []


def test_number_that_the_erp_posted_meanwhile_is_not_paid() -> None:
    hub = hub_of()
    hub.refusals["erp.purchase_invoice.post"] = "发票 0123 已入账"
    booked(hub)
    assert [status for status, _ in judged(hub)] == ["refused"]
    assert hub.of("finance.payment.apply") == []
    assert hub.run("invoice-match").state == "completed", hub.troubles


def test_difference_goes_to_the_buyer_and_is_matched_again() -> None:
    hub = hub_of()
    hub.answers["erp.purchase_order.view"] = {"order": erp_order(received="60")}
    booked(hub)
    assert judged(hub) == [("blocked", "short")]
    (task,) = hub.bench.tasks()
    assert task.variables["lines"][0]["received"] == 60
    assert choices(task) == ["again", "refuse"], "what is not there is not paid"
    hub.answers["erp.purchase_order.view"] = {"order": erp_order()}
    hub.bench.complete_task(task, {"resolution": "again"})
    assert len(hub.of("finance.payment.apply")) == 1


def choices(task: Any) -> list[str]:
    return [each["value"] for each in task.variables["resolutions"]]


def test_difference_is_shown_beside_order_and_receipt_and_refused_with_its_reason() -> None:
    hub = hub_of()
    booked(hub, price="9")
    (task,) = hub.bench.tasks()
    assert [(each["paper"], each["number"]) for each in task.variables["papers"]] == [
        ("order", "CG-1"), ("receipt", "RK-1"), ("invoice", "0123"),
    ]  # fmt: skip
    (line,) = task.variables["lines"]
    assert (line["ordered"], line["received"], line["billed"]) == (100, 100, 100)
    assert (line["order_price"], line["invoice_price"], line["verdict"]) == (8, 9, "price_off")
    hub.bench.complete_task(task, {"resolution": "refuse", "reason": "合同价 8 元"})
    assert judged(hub) == [("blocked", "price_off"), ("refused", "price_off:合同价 8 元")]
    assert hub.of("finance.payment.apply") == []
    assert hub.run("invoice-match").state == "completed", hub.troubles


def test_accepted_difference_is_posted_and_applied_for_once_as_it_was_billed() -> None:
    hub = hub_of()
    booked(hub, price="9", gross="1017.00")
    (task,) = hub.bench.tasks()
    assert choices(task) == ["again", "accept", "refuse"]
    hub.bench.complete_task(task, {"resolution": "accept", "reason": "原料涨价"})
    assert judged(hub)[-1] == ("matched", "差异已接受:原料涨价")
    (asked,) = hub.of("finance.payment.apply")
    assert asked["amount"] == "1017.00"
    assert len(hub.of("erp.purchase_invoice.post")) == 1


@pytest.mark.parametrize(
    ("verdicts", "acceptable"),
    [
        (["price_off", "match"], True), (["over"], True), (["short"], False), (["wrong_supplier"], False),
        (["price_off", "tax_off"], False), (["not_on_order"], False), (["duplicate", "price_off"], False),
    ],
)  # fmt: skip
def test_only_another_price_or_a_surplus_may_be_accepted(verdicts: list[str], acceptable: bool) -> None:
    assert decide("difference_acceptable", {"verdicts": verdicts}) is acceptable


def test_what_may_not_be_accepted_is_not_paid_whatever_is_sent() -> None:
    hub = hub_of()
    booked(hub, supplier_code="GYS-9")
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task, {"resolution": "accept", "reason": "x"})
    assert judged(hub)[-1][0] == "refused"
    assert hub.of("erp.purchase_invoice.post") + hub.of("finance.payment.apply") == []


def test_invoice_before_its_goods_waits_for_them() -> None:
    hub = hub_of(**{"erp.purchase_order.view": {"order": erp_order(received="0")}})
    booked(hub)
    assert hub.of("finance.payment.apply") + hub.bench.tasks() == []
    hub.answers["erp.purchase_order.view"] = {"order": erp_order()}
    received(hub, "Received")
    assert len(hub.of("finance.payment.apply")) == 1


def test_invoice_without_an_order_number_is_given_one() -> None:
    hub = hub_of()
    booked(hub, po_no=None)
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task, {"po_no": "CG-1"})
    assert len(hub.of("finance.payment.apply")) == 1


def warned(hub: PackHub, state: str = "raised") -> None:
    row = {"warning_no": "YJ-1", "material": "M-1", "quantity": 500, "minimum": 600}
    hub.event(f"wms.warning.{state}", row)


def test_low_stock_asks_orders_when_accepted_and_closes_when_it_is_back() -> None:
    hub = hub_of()
    warned(hub)
    (asked,) = hub.of("srm.replenishment.request")
    assert (asked["material"], asked["quantity"], asked["vendor"]) == ("M-1", "700", "GYS-1")
    assert asked["need_date"]
    hub.event("srm.replenishment.accepted", {"requestKey": "YJ-1", "state": "accepted"})
    (saved,) = hub.of("erp.purchase_order.save")
    assert (saved["source_system"], saved["source_no"]) == ("SRM", "BH-1")
    warned(hub, "closed")
    (closed,) = hub.of("srm.replenishment.close")
    assert closed["order_no"] == "CG-1"
    assert hub.run("replenishment").state == "completed", hub.troubles


def test_stock_that_comes_back_by_itself_closes_the_request() -> None:
    hub = hub_of()
    warned(hub)
    warned(hub, "closed")
    assert len(hub.of("srm.replenishment.close")) == 1
    assert hub.of("erp.purchase_order.save") == []


def test_refill_that_the_supplier_declines_goes_to_the_buyer() -> None:
    hub = hub_of()
    warned(hub)
    hub.event("srm.replenishment.declined", {"requestKey": "YJ-1", "state": "declined", "reason": "停产"})
    (task,) = hub.bench.tasks()
    assert task.variables["problem"] == "停产"
