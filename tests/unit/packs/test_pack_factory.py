"""Production, shop-floor reports, dispatch, material and quality: every branch, on the bench."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft import feel
from lineshaft.app.packs import files_in, folder_of
from lineshaft.sdk.watches import read_watches
from unit.packs.bench_hub import PackHub
from unit.packs.test_pack_order import SHORT, confirmed, crm_order, erp_order


def link(order: str, line: str, qty: str, plan: str = "JH-1") -> dict[str, Any]:
    return {
        "PlanBillNo": plan, "OrderBillNo": f"XSDD-{order}", "OrderLineNo": int(line), "SourceSystem": "CRM",
        "SourceBillNo": f"XS-{order}", "SourceLineNo": line, "Qty": qty,
    }  # fmt: skip


def work_order(number: str = "SCDD-1", qty: str = "500", *links: dict[str, Any]) -> dict[str, Any]:
    return {
        "BillNo": number, "MaterialNo": "M-A", "Model": "A", "Qty": qty, "Percent": "96",
        "StandardPrice": "100.0000",
        "NeedDate": None,
        "Materials": [{"MaterialNo": "M-51", "Model": "GB-F2"}],
        "Links": list(links) or [link("1", "1", qty)],
    }  # fmt: skip


def hub_of() -> PackHub:
    return PackHub(
        {
            "mes.work_order.create": {"work_order_no": "GD-1"},
            "mes.work_order.change": lambda asked: {"work_order": {"quantity": asked["quantity"]}},
            "mes.work_order.cancel": {"status": "cancelled"},
            "mes.work_order.view": {"work_order": {"status": "cancelled"}},
            "erp.work_order.accept": {"status": "Accepted"},
            "erp.work_order.report": {"work_order": work_order()},
            "erp.work_order.view": {"work_order": work_order()},
            "erp.work_order.find": {"work_order": work_order()},
            "erp.work_order.consume": {"materials": []},
            "erp.work_order.change": lambda asked: {"work_order": work_order(qty=str(asked["quantity"]))},
            "erp.finished_goods.post": {"work_order": work_order()},
            "erp.dispatch_notice.approve": lambda asked: {"notice": notice()},
            "erp.dispatch_notice.reject": {"status": "Rejected"},
            "erp.delivery.post": {"bill_no": "FH-1"},
            "oa.workflow.create": {"request_id": "9001"},
            "erp.sales_order.save": {"bill_no": "XSDD-1"},
            "erp.sales_order.submit": {"status": "B"},
            "erp.sales_order.audit": {"order": erp_order(first=SHORT)},
            "erp.sales_order.view": {"order": erp_order(first=SHORT)},
            "mes.defect.decide": {"status": "done"},
        }
    )


def released(hub: PackHub, *links: dict[str, Any], number: str = "SCDD-1") -> None:
    hub.event("erp.work_order.released", {"BillNo": number, "Data": work_order(number, "500", *links)})


def made(hub: PackHub, qty: str = "500", number: str = "SCDD-1") -> None:
    hub.event("mes.work_order.completed", {"externalOrderNo": number, "completedQty": qty})


def received(hub: PackHub, qty: int, key: str = "FG-SCDD-1", number: str = "SCDD-1") -> None:
    row = {"ext_key": key, "doc_type": "FG", "source_no": number, "quantity": Decimal(qty), "lot_no": "L1"}
    hub.event("wms.receipt.posted", row)


# -- production -----------------------------------------------------------------------------------------


def test_work_order_goes_to_the_mes_and_its_goods_are_posted_once() -> None:
    hub = hub_of()
    released(hub)
    (created,) = hub.of("mes.work_order.create")
    assert (created["external_no"], created["item"], created["quantity"]) == ("SCDD-1", "A", 500)
    assert hub.of("erp.work_order.accept") == [{"bill_no": "SCDD-1", "external_no": "GD-1"}]
    made(hub, "490")
    (receipt,) = hub.of("wms.receipt.insert")
    assert (receipt["ext_key"], receipt["quantity"]) == ("FG-SCDD-1", 490)
    assert hub.of("erp.finished_goods.post") == []
    received(hub, 490)
    (post,) = hub.of("erp.finished_goods.post")
    assert (post["external_key"], post["quantity"], post["final"]) == ("FG-SCDD-1", 490, True)
    received(hub, 490)
    assert len(hub.of("erp.finished_goods.post")) == 1
    assert hub.run("production").state == "completed", hub.troubles


def test_goods_that_the_warehouse_took_by_hand_are_not_received_again() -> None:
    hub = hub_of()
    released(hub)
    received(hub, 200, key="HAND-00001")
    made(hub)
    (receipt,) = hub.of("wms.receipt.insert")
    assert receipt["quantity"] == 300
    received(hub, 300)
    posts = [
        (post["external_key"], post["quantity"], post["final"]) for post in hub.of("erp.finished_goods.post")
    ]
    assert posts == [("HAND-00001", 200, False), ("FG-SCDD-1", 300, True)]
    assert hub.run("production").state == "completed", hub.troubles


def test_everything_taken_by_hand_before_the_end_only_closes_the_work_order() -> None:
    hub = hub_of()
    released(hub)
    received(hub, 490, key="HAND-00001")
    made(hub, "490")
    assert hub.of("wms.receipt.insert") == []
    assert [post["quantity"] for post in hub.of("erp.finished_goods.post")] == [490, 0]
    assert hub.run("production").state == "completed", hub.troubles


def test_finished_before_the_process_waits_is_not_lost() -> None:
    hub = hub_of()
    hub.hold("erp.work_order.accept")
    released(hub)
    made(hub)
    received(hub, 500, key="HAND-00001")
    hub.let_go()
    assert sum(post["quantity"] for post in hub.of("erp.finished_goods.post")) == 500, hub.troubles


def test_refused_receipt_waits_for_the_warehouse_and_is_asked_for_anew() -> None:
    hub = hub_of()
    released(hub)
    made(hub)
    hub.event("wms.receipt.refused", {"ext_key": "FG-SCDD-1", "reason": "物料不存在"})
    (task,) = hub.bench.tasks()
    assert task.variables["problem"] == "物料不存在"
    hub.bench.complete_task(task)
    assert [each["ext_key"] for each in hub.of("wms.receipt.insert")] == ["FG-SCDD-1", "FG-SCDD-1/1"]
    received(hub, 500, key="FG-SCDD-1/1")
    assert hub.run("production").state == "completed", hub.troubles


def test_change_and_cancellation_of_the_work_order_reach_the_mes() -> None:
    hub = hub_of()
    released(hub)
    hub.event("erp.work_order.changed", {"BillNo": "SCDD-1", "Data": work_order(qty="400")})
    assert [each["quantity"] for each in hub.of("mes.work_order.change")] == ["400"]
    hub.event("erp.work_order.cancelled", {"BillNo": "SCDD-1", "Data": work_order(qty="400")})
    assert len(hub.of("mes.work_order.cancel")) == 1
    assert hub.run("production").state == "completed", hub.troubles


@pytest.mark.parametrize(("what", "kept"), [("change", 500), ("cancel", 500), ("cancel", 470)])
def test_what_the_shop_floor_refuses_goes_back_into_the_erp_and_to_the_orders(what: str, kept: int) -> None:
    hub = hub_of()
    confirmed(hub)
    released(hub)
    if kept < 500:
        hub.event("erp.work_order.changed", {"BillNo": "SCDD-1", "Data": work_order(qty=str(kept))})
    hub.refusals[f"mes.work_order.{what}"] = "裁剪 已投产 450"
    event = "changed" if what == "change" else "cancelled"
    hub.event(f"erp.work_order.{event}", {"BillNo": "SCDD-1", "Data": work_order(qty="400")})
    (back,) = hub.of("erp.work_order.change")
    assert (back["quantity"], back["reason"]) == (kept, "裁剪 已投产 450")
    assert len(hub.of("erp.work_order.accept")) == 2
    assert hub.feedback[-1]["message"] == "车间不能变更:裁剪 已投产 450"
    made(hub)
    received(hub, 500)
    assert hub.run("production").state == "completed", hub.troubles


@pytest.mark.parametrize("now", [{"Status": "Cancelled", "Qty": "500"}, {"Status": "Accepted", "Qty": "400"}])
def test_goods_that_were_received_before_the_erps_cancellation_came_are_posted_all_the_same(
    now: dict[str, str],
) -> None:
    hub = hub_of()

    def changed(asked: dict[str, Any]) -> dict[str, Any]:
        del hub.refusals["erp.finished_goods.post"]
        return {"work_order": work_order(qty=str(asked["quantity"]))}

    hub.answers |= {
        "erp.work_order.view": {"work_order": work_order() | now},
        "erp.work_order.change": changed,
    }
    hub.refusals["erp.finished_goods.post"] = "不能入库"
    released(hub)
    made(hub)
    received(hub, 500)
    (back,) = hub.of("erp.work_order.change")
    assert back["quantity"] == 500
    assert [each["external_key"] for each in hub.of("erp.finished_goods.post")] == ["FG-SCDD-1"] * 2
    assert hub.of("erp.work_order.accept") == [{"bill_no": "SCDD-1", "external_no": "GD-1"}] * 2
    assert hub.run("production").state == "completed", hub.troubles


def test_posting_that_the_erp_refuses_for_another_reason_waits_for_the_warehouse() -> None:
    hub = hub_of()
    hub.answers["erp.work_order.view"] = {"work_order": work_order() | {"Status": "Started"}}
    hub.refusals["erp.finished_goods.post"] = "FG-SCDD-1 已入库 490"
    released(hub)
    made(hub)
    received(hub, 500)
    (task,) = hub.bench.tasks()
    assert task.variables["problem"] == "FG-SCDD-1 已入库 490"
    assert hub.of("erp.work_order.change") == []


def test_work_order_that_the_mes_refuses_waits_for_a_planner() -> None:
    hub = hub_of()
    hub.refusals["mes.work_order.create"] = "外部单号已存在,内容不同"
    released(hub)
    (task,) = hub.bench.tasks()
    hub.refusals.clear()
    hub.bench.complete_task(task)
    assert len(hub.of("erp.work_order.accept")) == 1, hub.troubles


def test_several_work_orders_of_one_order_and_one_of_several_orders_tell_each_line() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.event("crm.sales_order.confirmed", {"order": crm_order(order_no="XS-2")})
    released(hub, link("1", "1", "300", "JH-1"), link("2", "2", "200", "JH-2"))
    released(hub, link("1", "2", "5", "JH-3"), number="SCDD-2")
    both = work_order("SCDD-1", "500", link("1", "1", "300", "JH-1"), link("2", "2", "200", "JH-2"))
    hub.answers["erp.work_order.report"] = {"work_order": both}
    before = len(hub.feedback)
    hub.event("mes.operation.reported", report())
    told = hub.of("crm.sales_order.feedback")[before:]
    assert [each["order_no"] for each in told] == ["XS-1", "XS-2"]
    lines = {
        (each["order_no"], int(line["line_no"])): line["status"]
        for each in told
        for line in each["feedback"]["lines"]
    }
    assert (lines["XS-1", 1], lines["XS-1", 2]) == ("in_production", "reserved")
    assert len(hub.runs("production")) == 2
    (created, _) = hub.of("mes.work_order.create")
    assert [(each["order_no"], each["quantity"]) for each in created["links"]] == [
        ("JH-1", 300),
        ("JH-2", 200),
    ]


# -- reports --------------------------------------------------------------------------------------------


def report(number: str = "BG-1", code: str = "ZZ", **changes: Any) -> dict[str, Any]:
    return {
        "reportNo": number, "reportKey": number, "externalOrderNo": "SCDD-1", "operationCode": code,
        "operationName": "组装", "goodQty": "480", "badQty": "10", "scrapQty": "0", "laborHours": "6.5",
        "machineCode": "press-1", "workerRole": "组装工",
        "materials": [{"itemCode": "GB-F2", "usedQty": "510"}],
        "totals": {"goodQty": "480"}, "workOrder": {"quantity": "500"},
    } | changes  # fmt: skip


def test_report_lands_on_the_operation_with_hours_and_material_and_tells_the_order() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.event("mes.operation.reported", report())
    (booked,) = hub.of("erp.work_order.report")
    assert {name: booked[name] for name in ("operation", "good", "bad", "hours", "external_key")} == {
        "operation": 30, "good": 480, "bad": 10, "hours": Decimal("6.5"), "external_key": "BG-1",
    }  # fmt: skip
    (used,) = hub.of("erp.work_order.consume")
    assert used["lines"] == [{"material": "M-51", "quantity": "510"}]
    assert hub.feedback[-1]["status"] == "in_production"
    assert hub.feedback[-1]["message"] == "生产中 96%:组装 480/500"


def test_report_without_material_consumes_nothing_and_an_unknown_operation_is_held() -> None:
    hub = hub_of()
    hub.event("mes.operation.reported", report(materials=[]))
    assert hub.of("erp.work_order.consume") == []
    hub.event("mes.operation.reported", report("BG-2", code="XX"))
    assert len(hub.of("erp.work_order.report")) == 1
    assert any("XX" in each for each in hub.troubles), hub.troubles


def test_report_of_a_cancelled_work_order_ends_without_a_dead_end() -> None:
    hub = hub_of()
    hub.refusals["erp.work_order.report"] = "状态为 Cancelled"
    hub.event("mes.operation.reported", report())
    assert hub.run("shop-floor-report").state == "completed"


def test_report_that_the_erp_refuses_while_the_shop_floor_goes_on_is_booked_once_the_erp_follows() -> None:
    hub = hub_of()
    hub.answers["mes.work_order.view"] = {"work_order": {"status": "inProgress"}}
    hub.refusals["erp.work_order.report"] = "状态为 Cancelled"
    hub.event("mes.operation.reported", report())
    hub.bench.advance(seconds=6)
    assert hub.run("shop-floor-report").state == "active"
    del hub.refusals["erp.work_order.report"]
    hub.bench.advance(seconds=10)
    assert hub.run("shop-floor-report").state == "completed"
    assert len(hub.of("erp.work_order.report")) == 3
    assert len(hub.of("erp.work_order.consume")) == 1


def test_report_that_is_refused_for_ten_minutes_waits_for_a_planner_who_books_it_or_leaves_it() -> None:
    hub = hub_of()
    hub.answers["mes.work_order.view"] = {"work_order": {"status": "completed"}}
    hub.refusals["erp.work_order.report"] = "数量不一致"
    hub.event("mes.operation.reported", report())
    hub.event("mes.operation.reported", report("BG-2"))
    hub.bench.advance(minutes=11)
    first, second = hub.bench.tasks()
    del hub.refusals["erp.work_order.report"]
    before = len(hub.of("erp.work_order.report"))
    hub.bench.complete_task(first, {})
    hub.bench.complete_task(second, {"decision": "leave"})
    assert [each.state for each in hub.runs("shop-floor-report")] == ["completed", "completed"]
    assert len(hub.of("erp.work_order.report")) == before + 1
    assert len(hub.of("erp.work_order.consume")) == 1


def test_material_that_the_erp_does_not_take_waits_for_a_planner() -> None:
    hub = hub_of()
    hub.refusals["erp.work_order.consume"] = "库存不足"
    hub.event("mes.operation.reported", report())
    (task,) = hub.bench.tasks()
    del hub.refusals["erp.work_order.consume"]
    hub.bench.complete_task(task, {})
    assert hub.run("shop-floor-report").state == "completed"
    assert len(hub.of("erp.work_order.consume")) == 2


def test_rework_and_scrap_are_told_to_the_order() -> None:
    hub = hub_of()
    confirmed(hub)
    trouble = {
        "externalOrderNo": "SCDD-1", "operationName": "打磨", "quantity": "10", "badReasonName": "打磨超标",
    }  # fmt: skip
    hub.event("mes.rework.opened", {**trouble, "reworkNo": "FX-1"})
    assert hub.feedback[-1]["message"] == "打磨 10 打磨超标:返工 FX-1"
    hub.event("mes.scrap.noted", {**trouble, "scrapNo": "BF-1"})
    assert hub.feedback[-1]["message"] == "打磨 10 打磨超标:报废 BF-1"


def defect(reason: str = "GRIND_OVER", quantity: str = "10") -> dict[str, Any]:
    return {
        "defectNo": "QX-1", "externalOrderNo": "SCDD-1", "operationName": "打磨", "quantity": quantity,
        "badReason": reason, "badReasonName": "打磨超标",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "share", "worth", "outcome"),
    [
        ("GRIND_OVER", 2, 1000, "rework"),
        ("CUT_BURR", 20, 20000, "rework"),
        ("GRIND_OVER", 21, 1000, "person"),
        ("GRIND_OVER", 2, 20001, "person"),
        ("GRIND_OVER", None, None, "person"),
        ("BOND_WEAK", 2, 2000, "scrap"),
        ("BOND_WEAK", 2, 2001, "person"),
        ("SIZE_OFF", 1, 100, "person"),
        (None, 1, 100, "person"),
    ],
)
def test_defect_share_and_worth_say_what_becomes_of_bad_pieces(
    reason: str | None, share: int | None, worth: int | None, outcome: str
) -> None:
    asked = {"reason": reason, "share": share, "worth": worth}
    assert hub_of().bench.decisions["quality_outcome"](asked)["outcome"] == outcome


@pytest.mark.parametrize(("reason", "outcome"), [("GRIND_OVER", "rework"), ("BOND_WEAK", "scrap")])
def test_rule_decides_about_ten_bad_pieces_without_asking_anybody(reason: str, outcome: str) -> None:
    hub = hub_of()
    hub.event("mes.defect.opened", defect(reason))
    assert hub.of("mes.defect.decide") == [{"defect_no": "QX-1", "disposition": outcome}]
    assert hub.run("quality-decision").state == "completed", hub.troubles


def test_person_decides_where_the_rule_says_so_and_finance_approves_their_scrap() -> None:
    hub = hub_of()
    hub.event("mes.defect.opened", defect("SIZE_OFF"))
    (task,) = hub.bench.tasks()
    assert task.candidate_groups == ("quality", "planner")
    assert (task.variables["share"], task.variables["worth"]) == (2, 1000)
    hub.bench.complete_task(task, {"disposition": "scrap", "finding": "裂纹"})
    assert hub.of("mes.defect.decide") == []
    (approval,) = hub.bench.tasks()
    assert approval.candidate_groups == ("finance",)
    assert approval.variables["finding"] == "裂纹"
    hub.bench.complete_task(approval, {"cost_known": True})
    assert hub.of("mes.defect.decide") == [{"defect_no": "QX-1", "disposition": "scrap"}]
    assert hub.run("quality-decision").state == "completed", hub.troubles


def test_pieces_of_a_work_order_that_the_erp_does_not_know_are_left_to_a_person() -> None:
    hub = hub_of()
    hub.answers["erp.work_order.find"] = {"work_order": None}
    hub.event("mes.defect.opened", defect())
    (task,) = hub.bench.tasks()
    assert "ERP" in task.variables["why"]
    hub.bench.complete_task(task, {"disposition": "rework"})
    assert hub.of("mes.defect.decide") == [{"defect_no": "QX-1", "disposition": "rework"}]


@pytest.mark.parametrize(("percent", "told"), [("2.0", False), ("3.0", False), ("3.1", True)])
def test_material_over_the_limit_and_not_explained_is_an_alert(percent: str, told: bool) -> None:
    files = files_in(folder_of("order-to-delivery"))
    spec = read_watches([("watches/order.yaml", files["watches/order.yaml"])])
    (rule,) = [each for each in spec.expectations if each.name == "material-over-plan"]
    assert rule.when is not None
    names = {"data": {"Data": {"VariancePercent": percent}}}
    assert feel.compile(rule.when).evaluate(names, strict=True) is told
    assert rule.subjects == ("erp.material_variance.explained",)


# -- dispatch -------------------------------------------------------------------------------------------


def notice(number: str = "FHTZ-1") -> dict[str, Any]:
    line = {"MaterialNo": "M-A", "Model": "A", "MaterialName": "甲", "Qty": "100", "OrderQty": "100"}
    return {
        "BillNo": number, "OrderBillNo": "XSDD-1", "SourceBillNo": "XS-1", "CustomerNo": "C-1",
        "CustomerName": "北辰", "AllAmount": "1000.00",
        "Lines": [
            {"LineNo": 1, "OrderLineNo": 1, "SourceLineNo": "1", **line},
            {"LineNo": 2, "OrderLineNo": 2, "SourceLineNo": "2", **line},
        ],
    }  # fmt: skip


def decide(hub: PackHub, status: str, remark: str | None = None) -> None:
    request = {"workflowCode": "FHSP", "status": status, "approver": "销售总监", "remark": remark}
    hub.event(f"oa.workflow.{status}", {"businessKey": "FHTZ-1", "request": request})


def left(hub: PackHub, number: str, line: str, qty: int, final: str, lines: int) -> None:
    row = {
        "ext_key": "FHTZ-1", "wms_no": number, "line_no": line, "quantity": Decimal(qty), "lot_no": "L1",
        "final": final, "shipment_lines": Decimal(lines), "carrier": "公路专线", "eta_days": Decimal(2),
    }  # fmt: skip
    hub.event("wms.shipment.shipped", row)


def noticed(hub: PackHub) -> None:
    hub.event("erp.dispatch_notice.created", {"BillNo": "FHTZ-1", "Data": notice()})


def test_nothing_ships_before_the_approval_and_each_shipment_is_one_delivery() -> None:
    hub = hub_of()
    noticed(hub)
    (asked,) = hub.of("oa.workflow.create")
    assert (asked["workflow"], asked["business_key"], asked["main"]["khmc"]) == ("FHSP", "FHTZ-1", "北辰")
    assert hub.of("wms.shipment.insert") == []
    decide(hub, "approved")
    (instruction,) = hub.of("wms.shipment.insert")
    assert [(each["line_no"], each["quantity"]) for each in instruction["lines"]] == [("1", 100), ("2", 100)]
    left(hub, "CK-1-1", "1", 60, "N", 2)
    assert hub.of("erp.delivery.post") == []
    left(hub, "CK-1-1", "2", 100, "Y", 2)
    left(hub, "CK-1-1", "2", 100, "Y", 2)
    left(hub, "CK-1-2", "1", 40, "Y", 1)
    posted = [
        (each["external_key"], [(int(line["line_no"]), line["quantity"]) for line in each["lines"]])
        for each in hub.of("erp.delivery.post")
    ]
    assert posted == [("CK-1-1", [(1, 60), (2, 100)]), ("CK-1-1", [(1, 60), (2, 100)]), ("CK-1-2", [(1, 40)])]
    assert hub.run("dispatch").state == "completed", hub.troubles


def test_late_approver_of_a_shipment_is_urged_until_it_is_decided() -> None:
    hub = hub_of()
    hub.answers["oa.workflow.urge"] = {"urged": 1}
    noticed(hub)
    hub.bench.advance(hours=3, minutes=59)
    assert hub.of("oa.workflow.urge") == []
    hub.bench.advance(minutes=2)
    hub.bench.advance(hours=4)
    assert [each["remark"] for each in hub.of("oa.workflow.urge")] == ["发货待审批:FHTZ-1"] * 2
    # It was decided the moment before: the OA says so, and the answer comes by itself.
    hub.refusals["oa.workflow.urge"] = "流程已办结"
    hub.bench.advance(hours=4)
    decide(hub, "approved")
    assert len(hub.of("wms.shipment.insert")) == 1
    hub.bench.advance(hours=9)
    assert len(hub.of("oa.workflow.urge")) == 3


def test_rejected_notice_holds_the_goods_and_tells_sales() -> None:
    hub = hub_of()
    confirmed(hub)
    noticed(hub)
    decide(hub, "rejected", "客户欠款")
    (rejected,) = hub.of("erp.dispatch_notice.reject")
    assert (rejected["bill_no"], rejected["remark"]) == ("FHTZ-1", "客户欠款")
    assert hub.of("wms.shipment.insert") == []
    assert hub.feedback[-1]["message"] == "发货审批未通过:客户欠款,货物保留(FHTZ-1)"
    assert hub.run("dispatch").state == "completed", hub.troubles


def test_notice_that_the_erp_takes_back_is_withdrawn_in_the_oa() -> None:
    hub = hub_of()
    noticed(hub)
    hub.event("erp.dispatch_notice.cancelled", {"BillNo": "FHTZ-1", "Data": notice()})
    assert [each["request_id"] for each in hub.of("oa.workflow.withdraw")] == ["9001"]
    assert hub.run("dispatch").state == "completed", hub.troubles


def test_notice_cancelled_while_the_approval_comes_ends_quietly() -> None:
    hub = hub_of()
    noticed(hub)
    hub.refusals["erp.dispatch_notice.approve"] = "状态为 Cancelled"
    decide(hub, "approved")
    assert hub.of("wms.shipment.insert") == []
    assert hub.run("dispatch").state == "completed", hub.troubles


@pytest.mark.parametrize(("status", "ended"), [("S", True), ("E", False)])
def test_late_cancellation_stops_the_warehouse_or_the_goods_are_gone(status: str, ended: bool) -> None:
    hub = hub_of()
    noticed(hub)
    decide(hub, "approved")
    hub.event("erp.dispatch_notice.cancelled", {"BillNo": "FHTZ-1", "Data": notice()})
    (change,) = hub.of("wms.change.insert")
    assert (change["ref_key"], change["quantity"]) == ("FHTZ-1", 0)
    kind = "done" if status == "S" else "refused"
    hub.event(f"wms.change.{kind}", {"ref_key": "FHTZ-1", "status": status})
    assert (hub.run("dispatch").state == "completed") is ended
    if not ended:
        left(hub, "CK-1-1", "1", 100, "Y", 2)
        left(hub, "CK-1-1", "2", 100, "Y", 2)
        assert hub.run("dispatch").state == "completed", hub.troubles


def test_refused_instruction_waits_for_the_warehouse_and_is_given_anew() -> None:
    hub = hub_of()
    noticed(hub)
    decide(hub, "approved")
    hub.event("wms.shipment.refused", {"ext_key": "FHTZ-1", "reason": "物料不存在"})
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task)
    assert [each["ext_key"] for each in hub.of("wms.shipment.insert")] == ["FHTZ-1", "FHTZ-1/2"]


# -- material -------------------------------------------------------------------------------------------


def test_material_is_issued_line_by_line_and_a_shortage_waits_for_the_warehouse() -> None:
    hub = hub_of()
    lines = [{"MaterialNo": "M-61", "Qty": "250"}, {"MaterialNo": "M-71", "Qty": "10"}]
    request = {"BillNo": "PS-1", "WorkOrderNo": "SCDD-1", "OperationName": "组装", "Lines": lines}
    hub.event("erp.material_delivery.requested", {"BillNo": "PS-1", "Data": request})
    assert [(each["ext_key"], each["quantity"]) for each in hub.of("wms.issue.insert")] == [
        ("PS-1/M-61", "250"), ("PS-1/M-71", "10"),
    ]  # fmt: skip
    hub.event("wms.issue.done", {"ext_key": "PS-1/M-61", "status": "S", "reason": None})
    hub.event("wms.issue.refused", {"ext_key": "PS-1/M-71", "status": "E", "reason": "库存不足"})
    (task,) = hub.bench.tasks()
    assert task.variables["problem"] == "库存不足"
    hub.bench.complete_task(task)
    assert hub.run("material-issue").state == "completed", hub.troubles
