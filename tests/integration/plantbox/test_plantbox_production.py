"""The ERP's production, dispatch notices and stock count, as a hub meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call, erp_order


@pytest.fixture(scope="module")
def running(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start(
        "erp", tmp_path_factory.mktemp("erp"), "--production", "mes", "--delivery", "notice",
        "--plan-release", "manual", "--speed", "1",
    )  # fmt: skip


@pytest.fixture
def erp(running: System) -> Iterator[System]:
    yield running
    running.admin("PUT", "policy", {"plan_release": "manual"})


def data(erp: System, method: str, **body: Any) -> Any:
    answer = erp.erp(method, body)
    assert answer["IsSuccess"], answer
    return answer["Data"]


def code(erp: System, method: str, **body: Any) -> str:
    return str(erp.erp(method, body)["Code"])


def material(erp: System, stock: str = "0") -> str:
    return str(data(erp, "Material.Save", Name="试制件", Price="10", OnHand=stock)["No"])


def ordered(erp: System, source: str, no: str, qty: str) -> str:
    """Save, submit and audit an order; return its number."""
    line = {"LineNo": 1, "SourceLineNo": "1", "MaterialNo": no, "Qty": qty, "TaxPrice": "10", "TaxRate": "13"}
    bill_no = str(data(erp, "SalesOrder.Save", **erp_order(source, Lines=[line]))["BillNo"])
    data(erp, "SalesOrder.Submit", BillNo=bill_no)
    data(erp, "SalesOrder.Audit", BillNo=bill_no)
    return bill_no


def plan_of(erp: System, bill_no: str) -> str:
    return str(data(erp, "PlanProposal.Query", OrderBillNo=bill_no)["Rows"][0]["BillNo"])


def works_of(erp: System, bill_no: str) -> list[dict[str, Any]]:
    return list(data(erp, "WorkOrder.Query", OrderBillNo=bill_no)["Rows"])


def released(erp: System, source: str, qty: str, no: str | None = None) -> tuple[str, str]:
    """Return an order's number and its work order's."""
    bill_no = ordered(erp, source, no or material(erp), qty)
    data(erp, "PlanProposal.Release", BillNo=plan_of(erp, bill_no))
    return bill_no, str(works_of(erp, bill_no)[0]["BillNo"])


def test_a_released_plan_becomes_a_work_order_with_four_operations_and_one_plate_per_set(
    erp: System,
) -> None:
    bill_no = ordered(erp, "P-1", "M-20009", "500")
    plan_no = plan_of(erp, bill_no)
    assert works_of(erp, bill_no) == []
    data(erp, "PlanProposal.Release", BillNo=plan_no)
    work = works_of(erp, bill_no)[0]
    assert [(o["Seq"], o["Code"]) for o in work["Operations"]] == [
        (10, "CJ"),
        (20, "DM"),
        (30, "ZZ"),
        (40, "ZJ"),
    ]
    plate = next(m for m in work["Materials"] if m["Model"] == "GB-R2")
    assert (plate["PlannedQty"], plate["OperationSeq"]) == ("500", 10)
    assert work["Links"][0]["PlanBillNo"] == plan_no
    assert (work["Links"][0]["SourceBillNo"], work["Links"][0]["Qty"]) == ("P-1", "500")


def test_a_work_order_may_serve_two_orders_and_its_goods_go_to_both(erp: System) -> None:
    no = material(erp)
    one, two = ordered(erp, "P-2A", no, "30"), ordered(erp, "P-2B", no, "70")
    plans = [plan_of(erp, one), plan_of(erp, two)]
    work = data(erp, "WorkOrder.Create", PlanBillNos=plans)
    assert (work["Qty"], work["AlreadyDone"]) == ("100", False)
    assert {link["OrderBillNo"]: link["Qty"] for link in work["Links"]} == {one: "30", two: "70"}
    assert data(erp, "WorkOrder.Create", PlanBillNos=plans)["AlreadyDone"]
    data(erp, "FinishedGoods.Post", WorkOrderNo=work["BillNo"], ExternalKey="P-2-a", Qty="40", Source="MES")
    reserved = [data(erp, "SalesOrder.View", BillNo=bill)["Lines"][0]["ReservedQty"] for bill in (one, two)]
    assert reserved == ["30", "10"]


def test_reports_give_progress_once_per_key_and_call_for_the_next_material(erp: System) -> None:
    _, work_no = released(erp, "P-3", "500", "M-20013")
    data(erp, "WorkOrder.Accept", BillNo=work_no, ExternalNo="GD-1")
    assert code(erp, "WorkOrder.Accept", BillNo=work_no, ExternalNo="GD-2") == "2009"
    for seq in (10, 20):
        data(
            erp, "WorkOrder.Report", BillNo=work_no, ExternalKey=f"P-3-{seq}", OperationSeq=seq, GoodQty="500"
        )
    body = {"BillNo": work_no, "ExternalKey": "P-3-30", "OperationSeq": 30, "GoodQty": "480", "BadQty": "10",
            "Hours": "6.5"}  # fmt: skip
    first = data(erp, "WorkOrder.Report", **body)
    again = data(erp, "WorkOrder.Report", **body)
    assert (first["Percent"], first["Status"], first["AlreadyDone"]) == ("96", "Started", False)
    assert (again["Operations"][2]["GoodQty"], again["AlreadyDone"]) == ("480", True)
    assert again["Operations"][2]["Hours"] == "6.5"
    assert code(erp, "WorkOrder.Report", **{**body, "GoodQty": "481"}) == "2010"
    calls = data(erp, "Change.List", Kinds=["MaterialDelivery"], Limit=2000)["Rows"]
    called = [row["Data"] for row in calls if row["Data"]["WorkOrderNo"] == work_no]
    assert [item["OperationSeq"] for item in called] == [30]
    assert {"Model": "MCL-C1", "Qty": "1050"}.items() <= called[0]["Lines"][0].items()


def test_consuming_510_of_500_plates_takes_510_from_stock_and_shows_two_percent(erp: System) -> None:
    _, work_no = released(erp, "P-4", "500", "M-20009")
    before = int(data(erp, "Stock.Query", MaterialNo="M-20052")["Rows"][0]["OnHand"])
    body = {"BillNo": work_no, "ExternalKey": "P-4-u", "Lines": [{"MaterialNo": "M-20052", "Qty": "510"}]}
    data(erp, "WorkOrder.Consume", **body)
    after = data(erp, "WorkOrder.Consume", **body)
    assert after["AlreadyDone"]
    plate = next(m for m in after["Materials"] if m["MaterialNo"] == "M-20052")
    assert [plate[name] for name in ("PlannedQty", "UsedQty", "VarianceQty", "VariancePercent")] == [
        "500", "510", "10", "2.0",
    ]  # fmt: skip
    assert int(data(erp, "Stock.Query", MaterialNo="M-20052")["Rows"][0]["OnHand"]) == before - 510


def test_what_is_used_above_the_plan_is_a_row_of_the_report_that_somebody_explains(erp: System) -> None:
    _, work_no = released(erp, "P-4b", "500", "M-20009")

    def consumed(key: str, qty: str, no: str = "M-20052") -> dict[str, Any]:
        lines = [{"MaterialNo": no, "Qty": qty}]
        data(erp, "WorkOrder.Consume", BillNo=work_no, ExternalKey=key, Lines=lines)
        (row,) = data(erp, "MaterialVariance.Query", WorkOrderNo=work_no)["Rows"] or [{}]
        return dict(row)

    assert consumed("P-4b-1", "500") == {}
    row = consumed("P-4b-2", "10")
    assert [row[name] for name in ("PlannedQty", "UsedQty", "VarianceQty", "VariancePercent", "Status")] == [
        "500", "510", "+10", "2.0", "Noted",
    ]  # fmt: skip
    body = {"BillNo": row["BillNo"], "Reason": "重裁"}
    told = [data(erp, "MaterialVariance.Explain", **body) for _ in range(2)]
    assert [(each["Status"], each["AlreadyDone"]) for each in told] == [
        ("Explained", False),
        ("Explained", True),
    ]
    assert consumed("P-4b-3", "100", "M-20062")["Status"] == "Explained", "of another material"
    assert consumed("P-4b-4", "10")["Status"] == "Noted", "more of it asks for a cause anew"
    assert code(erp, "MaterialVariance.Explain", BillNo="CY-9", Reason="x") == "2004"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert call("POST", f"{erp.url}/ui/variance/{row['BillNo']}", b"reason=burrs", form).status == 303
    rows = data(erp, "Change.List", Kinds=["MaterialVariance"], Limit=2000)["Rows"]
    mine = [(each["Event"], each["SourceBillNo"]) for each in rows if each["BillNo"] == row["BillNo"]]
    assert mine == [(event, None) for event in ("Noted", "Explained", "Noted", "Explained")]


def test_finished_goods_are_posted_once_whoever_reports_them(erp: System) -> None:
    no = material(erp)
    bill_no, work_no = released(erp, "P-5", "50", no)
    body = {"WorkOrderNo": work_no, "ExternalKey": f"FG:{work_no}", "Qty": "50"}
    first = data(erp, "FinishedGoods.Post", **body, Source="MES")
    second = data(erp, "FinishedGoods.Post", **body, Source="WMS")
    assert (first["AlreadyDone"], second["AlreadyDone"], second["FirstSource"]) == (False, True, "MES")
    assert second["BillNo"] == first["BillNo"]
    assert code(erp, "FinishedGoods.Post", **{**body, "Qty": "49"}, Source="WMS") == "4006"
    assert data(erp, "Stock.Query", MaterialNo=no)["Rows"][0]["OnHand"] == "50"
    assert works_of(erp, bill_no)[0]["Status"] == "Finished"
    assert data(erp, "PlanProposal.Query", OrderBillNo=bill_no)["Rows"][0]["Status"] == "Finished"
    assert len(data(erp, "FinishedGoods.Query", WorkOrderNo=work_no)["Rows"]) == 1
    assert (
        code(erp, "FinishedGoods.Post", WorkOrderNo=work_no, ExternalKey="x", Qty="1", Source="MES") == "2009"
    )


def test_a_work_order_that_ends_short_leads_to_a_new_proposal(erp: System) -> None:
    bill_no, work_no = released(erp, "P-6", "50")
    assert (
        code(erp, "FinishedGoods.Post", WorkOrderNo=work_no, ExternalKey="m", Qty="51", Source="MES")
        == "4007"
    )
    data(
        erp, "FinishedGoods.Post", WorkOrderNo=work_no, ExternalKey="P-6", Qty="48", Source="MES", Final=True
    )
    plans = data(erp, "PlanProposal.Query", OrderBillNo=bill_no)["Rows"]
    assert [(plan["Qty"], plan["Status"]) for plan in plans] == [("48", "Finished"), ("2", "Proposed")]
    line = data(erp, "SalesOrder.View", BillNo=bill_no)["Lines"][0]
    assert (line["ReservedQty"], line["PlannedQty"]) == ("48", "2")


def test_a_changed_order_takes_its_work_order_along_until_the_shop_floor_has_begun(erp: System) -> None:
    bill_no, work_no = released(erp, "P-7", "100")
    change = {"BillNo": bill_no, "Lines": [{"LineNo": 1, "Qty": "80"}]}
    data(erp, "SalesOrder.Change", **change)
    assert works_of(erp, bill_no)[0]["Qty"] == "80"
    data(erp, "WorkOrder.Report", BillNo=work_no, ExternalKey="P-7", OperationSeq=10, GoodQty="70")
    refused = erp.erp("SalesOrder.Change", {"BillNo": bill_no, "Lines": [{"LineNo": 1, "Qty": "60"}]})
    assert refused["Code"] == "4009"
    assert "已报工 70" in refused["Message"]
    assert code(erp, "SalesOrder.Cancel", BillNo=bill_no) == "4009"
    assert data(erp, "SalesOrder.View", BillNo=bill_no)["Lines"][0]["Qty"] == "80"
    data(erp, "SalesOrder.Change", BillNo=bill_no, Lines=[{"LineNo": 1, "Qty": "75"}])
    assert works_of(erp, bill_no)[0]["Qty"] == "75"


def test_a_cancelled_order_cancels_its_work_order_and_the_feed_says_so(erp: System) -> None:
    bill_no, work_no = released(erp, "P-8", "10")
    data(erp, "SalesOrder.Cancel", BillNo=bill_no)
    assert works_of(erp, bill_no)[0]["Status"] == "Cancelled"
    rows = data(erp, "Change.List", Kinds=["WorkOrder"], Limit=2000)["Rows"]
    assert [row["Event"] for row in rows if row["BillNo"] == work_no] == ["Released", "Cancelled"]


def test_a_work_order_cancelled_by_itself_has_its_demand_proposed_anew(erp: System) -> None:
    bill_no, work_no = released(erp, "P-9", "10")
    data(erp, "WorkOrder.Cancel", BillNo=work_no, Reason="停产")
    plans = data(erp, "PlanProposal.Query", OrderBillNo=bill_no)["Rows"]
    assert [(plan["Qty"], plan["Status"]) for plan in plans] == [("0", "Cancelled"), ("10", "Proposed")]


def noticed(erp: System, source: str, qty: str) -> tuple[str, str]:
    """Return an order from stock and the dispatch notice that it leads to."""
    bill_no = ordered(erp, source, material(erp, qty), qty)
    erp.admin("POST", "advance", {"hours": 2})
    return bill_no, str(data(erp, "DispatchNotice.Query", OrderBillNo=bill_no)["Rows"][0]["BillNo"])


def test_nothing_ships_before_its_notice_is_approved_and_each_shipment_once(erp: System) -> None:
    bill_no, notice = noticed(erp, "P-10", "100")
    body: dict[str, Any] = {
        "NoticeBillNo": notice,
        "ExternalKey": "CK-1",
        "Lines": [{"LineNo": 1, "Qty": "60"}],
        "Carrier": "公路专线",
        "EtaDays": 3,
    }
    assert code(erp, "Delivery.Post", **body) == "2009"
    data(erp, "DispatchNotice.Approve", BillNo=notice, Approver="销售总监", Remark="同意")
    part = data(erp, "Delivery.Post", **body)
    assert (part["EtaDays"], part["Lines"][0]["TotalDeliveredQty"], part["NoticeBillNo"]) == (3, "60", notice)
    assert data(erp, "Delivery.Post", **body)["BillNo"] == part["BillNo"]
    rest = {**body, "ExternalKey": "CK-2", "Lines": [{"LineNo": 1, "Qty": "41"}]}
    assert code(erp, "Delivery.Post", **rest) == "4007"
    data(erp, "Delivery.Post", **{**rest, "Lines": [{"LineNo": 1, "Qty": "40"}]})
    assert data(erp, "SalesOrder.View", BillNo=bill_no)["CloseStatus"] == "Closed"
    assert data(erp, "DispatchNotice.View", BillNo=notice)["Status"] == "Shipped"


def test_a_rejected_notice_holds_the_goods_until_it_is_renewed(erp: System) -> None:
    bill_no, notice = noticed(erp, "P-11", "20")
    data(erp, "DispatchNotice.Reject", BillNo=notice, Approver="销售总监", Remark="客户欠款")
    assert code(erp, "DispatchNotice.Approve", BillNo=notice) == "2009"
    erp.admin("POST", "advance", {"hours": 48})
    assert len(data(erp, "DispatchNotice.Query", OrderBillNo=bill_no)["Rows"]) == 1
    data(erp, "DispatchNotice.Renew", BillNo=notice)
    states = [row["Status"] for row in data(erp, "DispatchNotice.Query", OrderBillNo=bill_no)["Rows"]]
    assert states == ["Cancelled", "Created"]


def test_an_order_on_its_way_out_refuses_to_be_changed(erp: System) -> None:
    bill_no, notice = noticed(erp, "P-12", "20")
    data(erp, "SalesOrder.Change", BillNo=bill_no, Lines=[{"LineNo": 1, "Qty": "18"}])
    assert data(erp, "DispatchNotice.View", BillNo=notice)["Status"] == "Cancelled"
    erp.admin("POST", "advance", {"hours": 2})
    second = data(erp, "DispatchNotice.Query", OrderBillNo=bill_no, Status="Created")["Rows"][0]
    assert second["Lines"][0]["Qty"] == "18"
    data(erp, "DispatchNotice.Approve", BillNo=second["BillNo"], Approver="销售总监")
    assert code(erp, "SalesOrder.Change", BillNo=bill_no, Lines=[{"LineNo": 1, "Qty": "10"}]) == "4009"


def test_during_a_stock_count_postings_wait(erp: System) -> None:
    no = material(erp)
    _, work_no = released(erp, "P-13", "10", no)
    count = data(erp, "StockCount.Start", Reason="月末盘点")
    body = {"WorkOrderNo": work_no, "ExternalKey": "P-13", "Qty": "10", "Source": "MES"}
    assert code(erp, "FinishedGoods.Post", **body) == "4008"
    assert code(erp, "Stock.Adjust", MaterialNo=no, Qty="1") == "4008"
    assert data(erp, "StockCount.Start")["BillNo"] == count["BillNo"]
    closed = data(erp, "StockCount.Close", Lines=[{"MaterialNo": no, "CountedQty": "4"}])
    assert closed["Lines"][0]["DifferenceQty"] == "4"
    assert data(erp, "FinishedGoods.Post", **body)["AlreadyDone"] is False
    assert data(erp, "Stock.Query", MaterialNo=no)["Rows"][0]["OnHand"] == "14"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_shop_pages_show_work_orders_notices_and_the_count(erp: System, lang: str) -> None:
    _, work_no = released(erp, f"P-14-{lang}", "500", "M-20009")
    page = call("GET", f"{erp.url}/ui/work-orders/{work_no}?lang={lang}").raw.decode()
    assert {"zh": "生产订单", "en": "Work order"}[lang] in page
    assert {"zh": "裁剪(钢背落料)", "en": "Cutting of backings"}[lang] in page
    for path in ("work-orders", "notices", "count", "variance"):
        assert call("GET", f"{erp.url}/ui/{path}?lang={lang}").status == 200


def test_the_erp_by_itself_makes_no_work_orders(plant: Plant, tmp_path: Path) -> None:
    erp = plant.start("erp", tmp_path, "--delivery", "instant")
    bill_no = ordered(erp, "SELF", material(erp), "5")
    assert works_of(erp, bill_no) == []
    assert data(erp, "SalesOrder.View", BillNo=bill_no)["CloseStatus"] == "Closed"
