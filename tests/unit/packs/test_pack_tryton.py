"""The pack for Tryton on the bench: what the customer changes or takes back is followed, or comes back."""

from __future__ import annotations

from typing import Any

import pytest

from unit.packs.bench_hub import PackHub
from unit.packs.test_pack_order import crm_order

LINE = {
    "line": "1", "from_line": "1", "product": "M-A", "product_name": "甲", "outer_code": "A", "unit": "u",
    "quantity": 100, "ordered": 100, "delivered": 0, "reserved": 0, "expected": False,
}  # fmt: skip
RESERVED = {**LINE, "reserved": 60}
OWNED = {"sale_id": "7", "reference": "XS-1", "lines": [LINE]}
PRODUCTION = {"production_id": "5", "number": "(5)", "planned_date": None, **OWNED}
SHIPMENT = {
    "shipment_id": "9", "number": "TFH1", "customer": "C-1", "customer_name": "客户", "sale_amount": 100,
    **OWNED,
}  # fmt: skip


def hub_of() -> PackHub:
    states = {"number": "TXS1", "sale_id": "7"}
    return PackHub(
        {
            "erp.sale.save": states,
            "erp.sale.quote": {**states, "state": "quotation"},
            "erp.sale.confirm": {**states, "state": "confirmed"},
            "erp.sale.cancel": {**states, "state": "cancelled"},
            "erp.production.run": {"production_id": "5", "number": "TSC5", "state": "running"},
            "erp.production.do": {"production_id": "5", "number": "TSC5", "state": "done"},
            "erp.shipment.assign_part": {"number": "TFH1", "state": "assigned", "lines": [RESERVED]},
            "erp.shipment.pick": {"state": "picked"},
            "erp.shipment.pack": {"state": "packed"},
            "erp.shipment.do": {"state": "done"},
            "mes.work_order.create": {"work_order_no": "GD-1", "work_order": {}},
            "oa.workflow.create": {"request_id": "R-1", "status": "pending", "request": {}},
            "wms.shipment.insert": {},
            "wms.receipt.insert": {},
        },
        pack="order-to-tryton",
    )


def told(hub: PackHub, kind: str, version: int = 1, first: str = "100", **more: Any) -> None:
    order = crm_order(version=version, **more)
    order["lines"][0]["quantity"] = first
    hub.event(f"crm.sales_order.{kind}", {"order": order})


def test_change_before_tryton_works_on_the_sale_makes_it_anew_under_our_number() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    told(hub, "changed", 2, "80")
    saved = hub.of("erp.sale.save")
    assert [each["document"]["lines"][0]["quantity"] for each in saved] == ["100", "80"]
    assert {each["document"]["reference"] for each in saved} == {"XS-1"}
    assert hub.of("erp.sale.cancel") == [{"sale_id": "7"}]
    assert hub.feedback[-1]["status"] == "processing"
    # The same told again, as polls do, changes nothing.
    told(hub, "changed", 2, "80")
    assert len(hub.of("erp.sale.save")) == 2


@pytest.mark.parametrize(
    ("kind", "words"),
    [("changed", "变更被拒绝:Tryton 已开始处理"), ("cancelled", "取消被拒绝:Tryton 已开始处理")],
)
def test_what_tryton_does_not_follow_any_more_comes_back_with_its_reason(kind: str, words: str) -> None:
    hub = hub_of()
    told(hub, "confirmed")
    hub.refusals["erp.sale.cancel"] = "processing"
    told(hub, kind, 2, "80")
    back = hub.feedback[-1]
    assert (back["reopen"], back["if_version"], back["status"]) == (True, 2, "processing")
    assert back["reason"].startswith(words)
    assert "(processing)" in back["reason"]
    assert back["lines"][0] == {"line_no": 1, "quantity": "100", "status": "open"}
    assert hub.run("order-to-tryton").state == "active"
    assert len(hub.of("erp.sale.save")) == 1


def test_cancellation_that_tryton_follows_ends_the_order() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    told(hub, "cancelled", 2)
    assert hub.run("order-to-tryton").state == "completed", hub.troubles
    assert hub.feedback[-1]["message"] == "Tryton 已取消:TXS1"


def test_each_shipment_is_told_to_its_customer_once_with_a_link() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    line = {"from_line": "1", "quantity": "60", "delivered": 60, "ordered": 100}
    shipment = {"number": "TFH1", "lines": [line]}
    hub.event("erp.shipment.done", {"reference": "XS-1", "shipment": shipment})
    (mail,) = hub.of("mail.message.send")
    assert mail["to"] == "buyer@kh-1.example"
    assert "甲 60套(共 60/100)" in mail["text"]
    assert "https://hub.example/track/crm/sales_order/XS-1" in mail["text"]
    assert hub.feedback[-1]["status"] == "partially_shipped"


def made(hub: PackHub, number: str, good: str) -> None:
    hub.event("mes.work_order.completed", {"externalOrderNo": number, "completedQty": good})


def test_production_is_made_in_the_mes_what_became_scrap_again_and_finished_in_tryton_once() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    for _ in range(2):  # polls tell it more than once
        hub.event("erp.production.request", {"production": PRODUCTION})
    report = {
        "externalOrderNo": "TSC5", "operationName": "组装", "totals": {"goodQty": "50"},
        "workOrder": {"quantity": "100"},
    }  # fmt: skip
    hub.event("mes.operation.reported", report)
    assert (hub.feedback[-1]["status"], hub.feedback[-1]["message"]) == (
        "in_production",
        "生产中:组装 50/100",
    )
    made(hub, "TSC5", "98")
    made(hub, "TSC5/2", "2")
    asked = [
        (each["external_no"], each["item"], each["quantity"]) for each in hub.of("mes.work_order.create")
    ]
    assert asked == [("TSC5", "A", 100), ("TSC5/2", "A", 2)]
    (receipt,) = hub.of("wms.receipt.insert")
    assert (receipt["ext_key"], receipt["material"], receipt["quantity"]) == ("FG-TSC5", "M-A", 100)
    assert not hub.of("erp.production.do")
    hub.event("wms.receipt.posted", {"doc_type": "FG", "source_no": "TSC5", "quantity": 100})
    assert hub.of("erp.production.do") == [{"production_id": "5"}]
    assert hub.run("tryton-production").state == "completed", hub.troubles
    assert hub.feedback[-1]["message"] == "已完工入库 100(TSC5)"


def test_shipment_is_approved_reserved_picked_and_done_and_its_arrival_told() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    for _ in range(2):
        hub.event("erp.shipment.waiting", {"reference": "XS-1", "shipment": SHIPMENT})
    (form,) = hub.of("oa.workflow.create")
    assert (form["business_key"], form["main"]["khmc"], form["details"][0]["wlbm"]) == ("TFH1", "客户", "M-A")
    assert not hub.of("erp.shipment.assign_part")
    decided(hub, "approved")
    (instruction,) = hub.of("wms.shipment.insert")
    assert (instruction["ext_key"], instruction["order_no"]) == ("TFH1", "XS-1")
    assert [(each["material"], each["quantity"]) for each in instruction["lines"]] == [("M-A", 60)]
    assert not hub.of("erp.shipment.do")
    row = {"ext_key": "TFH1", "line_no": "1", "wms_no": "CK1", "quantity": 60, "final": "Y", "eta_days": 3}
    hub.event("wms.shipment.shipped", row)
    assert [name for name, _ in hub.calls if name.startswith("erp.shipment")] == [
        "erp.shipment.assign_part", "erp.shipment.pick", "erp.shipment.pack", "erp.shipment.do",
    ]  # fmt: skip
    assert hub.run("tryton-dispatch").state == "completed", hub.troubles
    done = {"number": "TFH1", "lines": [{**LINE, "quantity": 60, "delivered": 60}]}
    hub.event("erp.shipment.done", {"reference": "XS-1", "shipment": done})
    assert (hub.feedback[-1]["eta_days"], hub.feedback[-1]["message"]) == (3, "已发货:TFH1,预计 3 天到达")
    (mail,) = hub.of("mail.message.send")
    assert "预计 3 天到达" in mail["text"]


def decided(hub: PackHub, how: str, remark: str | None = None) -> None:
    request = {"workflowCode": "FHSP", "status": how, "remark": remark, "approver": "销售总监"}
    hub.event(f"oa.workflow.{how}", {"businessKey": "TFH1", "request": request})


def test_goods_that_are_not_there_yet_wait_for_their_production() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    hub.event("erp.shipment.waiting", {"reference": "XS-1", "shipment": SHIPMENT})
    hub.refusals["erp.shipment.assign_part"] = "nothing there"
    decided(hub, "approved")
    assert not hub.of("wms.shipment.insert")
    del hub.refusals["erp.shipment.assign_part"]
    hub.event("erp.production.request", {"production": PRODUCTION})
    made(hub, "TSC5", "100")
    hub.event("wms.receipt.posted", {"doc_type": "FG", "source_no": "TSC5", "quantity": 100})
    assert len(hub.of("wms.shipment.insert")) == 1, hub.troubles


def test_what_is_not_approved_is_not_sent_and_what_is_all_to_be_made_is_not_asked_for_yet() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    expected = {**SHIPMENT, "lines": [{**LINE, "expected": True}]}
    hub.event("erp.shipment.waiting", {"reference": "XS-1", "shipment": expected})
    assert not hub.of("oa.workflow.create")
    hub.event("erp.shipment.waiting", {"reference": "XS-1", "shipment": SHIPMENT})
    decided(hub, "rejected", "客户欠款")
    assert hub.run("tryton-dispatch").state == "completed", hub.troubles
    assert not hub.of("erp.shipment.assign_part")
    assert hub.feedback[-1]["message"] == "发货审批未通过:客户欠款(TFH1)"
