"""The contract of the simulated ERP, call by call, against a real process."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call, erp_order

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def erp(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("erp", tmp_path_factory.mktemp("erp"), "--delivery", "instant")


@pytest.fixture(scope="module")
def slow_erp(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    """One whose deliveries take simulated time, which stands nearly still."""
    data = tmp_path_factory.mktemp("slow")
    return shared_plant.start("erp", data, "--speed", "0.001", "--first-shipment", "0.6")


def material(erp: System, on_hand: str) -> str:
    """Make a material of one's own, so that tests do not take each other's stock."""
    body = {"Name": "测试件", "OnHand": on_hand, "LeadDays": 3, "Unit": "件"}
    return str(erp.erp("Material.Save", body)["Data"]["No"])


def customer(erp: System, limit: str | None) -> str:
    return str(erp.erp("Customer.Save", {"Name": "测试客户", "CreditLimit": limit})["Data"]["No"])


def saved(erp: System, qty: str = "100", **more: Any) -> dict[str, Any]:
    answer = erp.erp("SalesOrder.Save", erp_order(f"T-{next(NUMBERS)}", qty, **more))
    assert answer["IsSuccess"], answer
    return dict(answer["Data"])


def of_material(no: str, qty: str, price: str = "10") -> dict[str, Any]:
    return {"Lines": [{"LineNo": 1, "MaterialNo": no, "Qty": qty, "TaxPrice": price, "TaxRate": "13"}]}


def stock(erp: System, no: str) -> tuple[str, str, str]:
    row = erp.erp("Stock.Query", {"MaterialNo": no})["Data"]["Rows"][0]
    return row["OnHand"], row["Reserved"], row["Available"]


def test_a_session_opens_calls_and_a_wrong_secret_does_not(erp: System) -> None:
    url = f"{erp.url}/ErpService"
    refused = call("POST", f"{url}/Auth.Login", {"AppId": "erp-app", "AppSecret": "no"})
    assert (refused.status, refused.json["Code"]) == (200, "1002")
    session = call("POST", f"{url}/Auth.Login", {"AppId": "erp-app", "AppSecret": "erp-demo-secret"}).json[
        "Data"
    ]
    headers = {"X-Session-Id": session["SessionId"]}
    assert call("POST", f"{url}/Customer.Query", {}, headers).json["IsSuccess"]
    assert call("POST", f"{url}/Customer.Query", {}, {"X-Session-Id": "x"}).json["Code"] == "1001"
    assert call("POST", f"{url}/Customer.Query", {}, {"X-App-Key": "erp-app:x"}).json["Code"] == "1002"
    assert call("POST", f"{url}/Customer.Query", {}).json["Code"] == "1001"


def test_an_unknown_method_is_a_200_with_its_code(erp: System) -> None:
    reply = erp.erp_reply("Sales.Nothing")
    assert (reply.status, reply.json["IsSuccess"], reply.json["Code"]) == (200, False, "2002")


def test_a_saved_order_has_exact_amounts_and_sums(erp: System) -> None:
    order = saved(
        erp,
        Custom1="特殊包装",
        Lines=[
            {"LineNo": 1, "MaterialNo": "M-20003", "Qty": "100", "TaxPrice": "100.0000", "TaxRate": "13"},
            {
                "LineNo": 2,
                "MaterialNo": "M-20021",
                "Qty": "3",
                "TaxPrice": "15.2550",
                "DiscountRate": "5",
                "Custom2": "A",
            },
        ],
    )
    assert (order["DocumentStatus"], order["Custom1"], order["Lines"][1]["Custom2"]) == ("A", "特殊包装", "A")
    assert [line["AllAmount"] for line in order["Lines"]] == ["10000.00", "43.48"]
    assert (order["Amount"], order["TaxAmount"], order["AllAmount"]) == ("8888.04", "1155.44", "10043.48")
    seen = erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]
    assert seen == {key: value for key, value in order.items() if key != "Replayed"}


def test_a_price_without_tax_gets_its_tax_on_top(erp: System) -> None:
    lines = [
        {"MaterialNo": "M-20003", "Qty": "3", "Price": "2024.9940", "DiscountRate": "2", "TaxRate": "13"}
    ]
    order = saved(erp, IsIncludedTax=False, Lines=lines)
    assert (order["Amount"], order["TaxAmount"], order["AllAmount"]) == ("5953.48", "773.95", "6727.43")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"CustomerNo": "C-0"}, "3001", "CustomerNo"),
        ({"CustomerNo": ""}, "2001", "CustomerNo"),
        ({"Lines": [{"MaterialNo": "M-0", "Qty": "1", "TaxPrice": "1"}]}, "3002", "Lines[0].MaterialNo"),
        ({"Lines": [{"MaterialNo": "M-20003", "Qty": "0", "TaxPrice": "1"}]}, "2001", "Lines[0].Qty"),
        ({"Lines": [{"MaterialNo": "M-20003", "Qty": "1", "Price": "1"}]}, "2001", "Lines[0].TaxPrice"),
        ({"Lines": []}, "2001", "Lines"),
    ],
)
def test_a_save_that_makes_no_sense_is_refused_with_code_and_field(
    erp: System, change: dict[str, Any], code: str, field: str
) -> None:
    source = f"BAD-{next(NUMBERS)}"
    answer = erp.erp("SalesOrder.Save", {**erp_order(source), **change})
    assert (answer["IsSuccess"], answer["Code"], answer["Errors"][0]["Field"]) == (False, code, field)
    assert erp.erp("SalesOrder.Query", {"SourceBillNo": source})["Data"]["Total"] == 0


def test_the_same_key_makes_one_document_and_another_body_is_refused(erp: System) -> None:
    body = erp_order("KEY-1")
    first = erp.erp("SalesOrder.Save", body, **{"Idempotency-Key": "k1"})["Data"]
    again = erp.erp("SalesOrder.Save", body, **{"Idempotency-Key": "k1"})["Data"]
    other = erp.erp("SalesOrder.Save", erp_order("KEY-1", "5"), **{"Idempotency-Key": "k1"})
    assert (first["Replayed"], again["Replayed"], other["Code"]) == (False, True, "2010")
    assert first["BillNo"] == again["BillNo"]
    assert erp.erp("SalesOrder.Query", {"SourceBillNo": "KEY-1"})["Data"]["Total"] == 1


def test_two_saves_without_a_key_make_two_documents_that_the_probe_shows(erp: System) -> None:
    erp.erp("SalesOrder.Save", erp_order("TWICE"))
    erp.erp("SalesOrder.Save", erp_order("TWICE"))
    assert erp.erp("SalesOrder.Query", {"SourceBillNo": "TWICE", "SourceSystem": "CRM"})["Data"]["Total"] == 2
    totals = erp.erp("SalesOrder.SourceTotals", {"Limit": 2000})["Data"]["Rows"]
    row = next(row for row in totals if row["SourceBillNo"] == "TWICE")
    assert (row["Documents"], row["Lines"], row["AllAmount"]) == (2, 2, "20000.00")


def test_an_erp_without_keys_makes_two_documents(plant: Plant, tmp_path: Path) -> None:
    erp = plant.start("erp", tmp_path, "--idempotency", "off")
    for _ in range(2):
        erp.erp("SalesOrder.Save", erp_order("X"), **{"Idempotency-Key": "k"})
    assert erp.erp("SalesOrder.Query", {"SourceBillNo": "X"})["Data"]["Total"] == 2


def test_save_submit_audit_delivers_at_once_and_closes(erp: System) -> None:
    no = material(erp, "100")
    order = saved(erp, **of_material(no, "80"))
    submitted = erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})["Data"]
    assert (submitted["DocumentStatus"], submitted["Lines"][0]["LineStatus"]) == ("B", "Reserved")
    assert stock(erp, no) == ("100", "80", "20")
    audited = erp.erp("SalesOrder.Audit", {"BillNo": order["BillNo"]})["Data"]
    assert (audited["DocumentStatus"], audited["CloseStatus"]) == ("C", "Closed")
    assert audited["PostingDate"]
    assert stock(erp, no) == ("20", "0", "20")
    delivery = erp.erp("Delivery.Query", {"OrderBillNo": order["BillNo"]})["Data"]["Rows"][0]
    assert (delivery["Lines"][0]["Qty"], delivery["Lines"][0]["OrderQty"]) == ("80", "80")
    assert erp.erp("Delivery.View", {"BillNo": delivery["BillNo"]})["Data"] == delivery


def test_doing_it_again_is_already_done_and_auditing_too_early_is_refused(erp: System) -> None:
    order = saved(erp, **of_material(material(erp, "10"), "1"))
    reference = {"BillNo": order["BillNo"]}
    assert erp.erp("SalesOrder.Audit", reference)["Code"] == "2009"
    assert erp.erp("SalesOrder.Submit", reference)["Data"]["AlreadyDone"] is False
    assert erp.erp("SalesOrder.Submit", reference)["Data"]["AlreadyDone"] is True
    assert erp.erp("SalesOrder.Audit", reference)["Data"]["AlreadyDone"] is False
    assert erp.erp("SalesOrder.Audit", reference)["Data"]["AlreadyDone"] is True
    assert erp.erp("SalesOrder.Submit", {"BillNo": "XSDD-999999"})["Code"] == "2004"


def test_over_credit_is_rejected_with_the_excess_and_passes_once_the_limit_is_raised(erp: System) -> None:
    buyer = customer(erp, "1000.00")
    no = material(erp, "1000")
    order = saved(erp, CustomerNo=buyer, **of_material(no, "133", "100"))
    answer = erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    assert (answer["IsSuccess"], answer["Code"], answer["Message"]) == (
        False,
        "4001",
        "超信用额度 ¥12,300.00",
    )
    assert (answer["Data"]["DocumentStatus"], answer["Data"]["RejectReason"]) == (
        "D",
        "超信用额度 ¥12,300.00",
    )
    assert stock(erp, no) == ("1000", "0", "1000")
    erp.erp("Customer.Save", {"No": buyer, "CreditLimit": "20000.00"})
    passed = erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})["Data"]
    assert (passed["DocumentStatus"], passed["RejectReason"]) == ("B", None)


def test_orders_under_way_use_up_the_credit_together(erp: System) -> None:
    buyer = customer(erp, "1000.00")
    no = material(erp, "1000")
    first = saved(erp, CustomerNo=buyer, **of_material(no, "6", "100"))
    second = saved(erp, CustomerNo=buyer, **of_material(no, "5", "100"))
    assert erp.erp("SalesOrder.Submit", {"BillNo": first["BillNo"]})["IsSuccess"]
    assert erp.erp("SalesOrder.Submit", {"BillNo": second["BillNo"]})["Message"] == "超信用额度 ¥100.00"
    erp.erp("SalesOrder.Audit", {"BillNo": first["BillNo"]})  # delivered at once, so it is under way no more
    assert erp.erp("SalesOrder.Submit", {"BillNo": second["BillNo"]})["IsSuccess"]


def test_a_stopped_customer_is_rejected(erp: System) -> None:
    buyer = customer(erp, None)
    erp.erp("Customer.Save", {"No": buyer, "Status": "Stopped"})
    order = saved(erp, CustomerNo=buyer)
    assert erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})["Code"] == "4003"


def test_a_rejected_order_can_be_saved_anew_under_its_number(erp: System) -> None:
    buyer = customer(erp, "50.00")
    no = material(erp, "10")
    order = saved(erp, CustomerNo=buyer, **of_material(no, "9", "10"))
    erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    body = {**erp_order("T-X", CustomerNo=buyer), **of_material(no, "4", "10"), "BillNo": order["BillNo"]}
    again = erp.erp("SalesOrder.Save", body)["Data"]
    assert (again["BillNo"], again["DocumentStatus"], again["AllAmount"]) == (order["BillNo"], "A", "40.00")
    assert erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})["IsSuccess"]


@pytest.mark.parametrize(
    ("policy", "reserved", "planned", "code"),
    [("split", "60", "40", "0"), ("produce", "0", "100", "0"), ("reject", "0", "0", "4002")],
)
def test_short_stock_follows_the_policy(
    slow_erp: System, policy: str, reserved: str, planned: str, code: str
) -> None:
    slow_erp.admin("PUT", "policy", {"short_stock": policy})
    no = material(slow_erp, "60")
    order = saved(slow_erp, **of_material(no, "100"))
    answer = slow_erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    slow_erp.admin("PUT", "policy", {"short_stock": "split"})
    line = answer["Data"]["Lines"][0]
    assert (answer["Code"], line["ReservedQty"], line["PlannedQty"]) == (code, reserved, planned)
    if code != "0":
        assert answer["Message"] == f"库存不足: {no} 缺 40"
    plans = slow_erp.erp("PlanProposal.Query", {"OrderBillNo": order["BillNo"]})["Data"]["Rows"]
    assert [(plan["Qty"], plan["Status"]) for plan in plans] == (
        [(planned, "Proposed")] if code == "0" else []
    )


@pytest.mark.parametrize(
    ("chosen", "code", "reserved", "planned"),
    [("split", "0", "60", "40"), ("produce", "0", "0", "100"), ("reject", "4002", "0", "0")],
)
def test_where_the_firm_asks_an_order_waits_until_somebody_chooses(
    slow_erp: System, chosen: str, code: str, reserved: str, planned: str
) -> None:
    slow_erp.admin("PUT", "policy", {"short_stock": "ask"})
    no = material(slow_erp, "60")
    order = saved(slow_erp, **of_material(no, "100"))
    asked = slow_erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    assert (asked["Code"], asked["Message"]) == ("4018", f"库存不足,请选择处理方式: {no} 缺 40")
    assert slow_erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]["DocumentStatus"] == "A"
    answer = slow_erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"], "ShortStock": chosen})
    enough = saved(slow_erp, **of_material(material(slow_erp, "100"), "100"))
    plain = slow_erp.erp("SalesOrder.Submit", {"BillNo": enough["BillNo"]})
    slow_erp.admin("PUT", "policy", {"short_stock": "split"})
    line = answer["Data"]["Lines"][0]
    assert (answer["Code"], line["ReservedQty"], line["PlannedQty"]) == (code, reserved, planned)
    assert plain["Code"] == "0", "what is in stock is asked of nobody"


def test_two_orders_at_once_never_sell_the_same_stock(erp: System) -> None:
    no = material(erp, "100")
    orders = [saved(erp, **of_material(no, "30")) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda order: erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]}), orders)
        )
    held = sum(int(answer["Data"]["Lines"][0]["ReservedQty"]) for answer in answers)
    assert held == 100
    assert stock(erp, no) == ("100", "100", "0")


def test_deliveries_leave_with_simulated_time_in_part_and_then_wholly(slow_erp: System) -> None:
    no = material(slow_erp, "100")
    order = saved(slow_erp, **of_material(no, "150"))
    cursor = slow_erp.erp("Change.List", {"Cursor": 0, "Limit": 2000})["Data"]["NextCursor"]
    slow_erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    audited = slow_erp.erp("SalesOrder.Audit", {"BillNo": order["BillNo"]})["Data"]
    assert audited["Lines"][0]["DeliveredQty"] == "0"
    slow_erp.admin("POST", "advance", {"hours": 13})  # the first delivery leaves 4 to 12 hours after audit
    line = slow_erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]["Lines"][0]
    assert (line["DeliveredQty"], line["LineStatus"]) == ("60", "Partial")
    slow_erp.admin("POST", "advance", {"hours": 24 * 3})  # the plan's lead time
    slow_erp.admin("POST", "advance", {"hours": 31})
    slow_erp.admin("POST", "advance", {"hours": 31})
    order = slow_erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]
    assert (order["Lines"][0]["DeliveredQty"], order["CloseStatus"]) == ("150", "Closed")
    rows = slow_erp.erp("Change.List", {"Cursor": cursor, "Limit": 2000})["Data"]["Rows"]
    mine = [row for row in rows if row["OrderBillNo"] == order["BillNo"]]
    totals = [row["Data"]["Lines"][0]["TotalDeliveredQty"] for row in mine if row["Kind"] == "Delivery"]
    assert totals[0] == "60"
    assert totals[-1] == "150"
    assert [row["Event"] for row in mine if row["Kind"] == "PlanProposal"] == [
        "Proposed",
        "Released",
        "Finished",
    ]
    assert [row["Event"] for row in mine if row["Kind"] == "SalesOrder"] == ["Submitted", "Audited", "Closed"]


def test_a_plan_waits_for_the_planner_where_the_firm_says_so(erp: System) -> None:
    erp.admin("PUT", "policy", {"plan_release": "manual"})
    order = saved(erp, **of_material(material(erp, "0"), "5"))
    erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    audited = erp.erp("SalesOrder.Audit", {"BillNo": order["BillNo"]})["Data"]
    erp.admin("PUT", "policy", {"plan_release": "auto"})
    assert audited["CloseStatus"] == "Open"
    plan = erp.erp("PlanProposal.Query", {"OrderBillNo": order["BillNo"]})["Data"]["Rows"][0]
    assert plan["Status"] == "Proposed"
    assert erp.erp("PlanProposal.Release", {"BillNo": plan["BillNo"]})["Data"]["AlreadyDone"] is False
    assert erp.erp("PlanProposal.Release", {"BillNo": plan["BillNo"]})["Data"]["AlreadyDone"] is True
    assert erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]["CloseStatus"] == "Closed"


def test_un_audit_and_cancel_free_what_was_held(slow_erp: System) -> None:
    no = material(slow_erp, "60")
    order = saved(slow_erp, **of_material(no, "100"))
    reference = {"BillNo": order["BillNo"]}
    slow_erp.erp("SalesOrder.Submit", reference)
    slow_erp.erp("SalesOrder.Audit", reference)
    assert slow_erp.erp("SalesOrder.UnAudit", reference)["Data"]["DocumentStatus"] == "A"
    assert stock(slow_erp, no) == ("60", "0", "60")
    plans = slow_erp.erp("PlanProposal.Query", {"OrderBillNo": order["BillNo"]})["Data"]["Rows"]
    assert {plan["Status"] for plan in plans} == {"Cancelled"}
    slow_erp.erp("SalesOrder.Submit", reference)
    cancelled = slow_erp.erp("SalesOrder.Cancel", {**reference, "Reason": "客户取消"})["Data"]
    assert (cancelled["DocumentStatus"], cancelled["Lines"][0]["LineStatus"]) == ("E", "Cancelled")
    assert stock(slow_erp, no) == ("60", "0", "60")
    assert slow_erp.erp("SalesOrder.Cancel", reference)["Data"]["AlreadyDone"] is True
    assert slow_erp.erp("SalesOrder.Submit", reference)["Code"] == "2009"


def test_what_was_delivered_cannot_be_undone_or_changed_away(slow_erp: System) -> None:
    order = saved(slow_erp, **of_material(material(slow_erp, "100"), "100"))
    reference = {"BillNo": order["BillNo"]}
    slow_erp.erp("SalesOrder.Submit", reference)
    slow_erp.erp("SalesOrder.Audit", reference)
    slow_erp.admin("POST", "advance", {"hours": 13})
    assert slow_erp.erp("SalesOrder.UnAudit", reference)["Code"] == "4005"
    assert slow_erp.erp("SalesOrder.Cancel", reference)["Code"] == "4005"
    refused = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "50"}]})
    assert refused["Code"] == "4004"
    followed = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "60"}]})["Data"]
    assert (followed["CloseStatus"], followed["AllAmount"]) == ("Closed", "600.00")


def test_100_becomes_80_and_frees_the_plan_before_the_stock(slow_erp: System) -> None:
    no = material(slow_erp, "90")
    order = saved(slow_erp, **of_material(no, "100"))
    reference = {"BillNo": order["BillNo"]}
    slow_erp.erp("SalesOrder.Submit", reference)
    changed = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "80"}]})["Data"]
    line = changed["Lines"][0]
    assert (line["Qty"], line["ReservedQty"], line["PlannedQty"]) == ("80", "80", "0")
    assert changed["AllAmount"] == "800.00"
    assert stock(slow_erp, no) == ("90", "80", "10")
    again = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "80"}]})["Data"]
    assert (changed["AlreadyDone"], again["AlreadyDone"]) == (False, True)


def test_a_rise_passes_the_credit_check_again_or_changes_nothing(slow_erp: System) -> None:
    no = material(slow_erp, "500")
    order = saved(slow_erp, CustomerNo=customer(slow_erp, "1000.00"), **of_material(no, "90"))
    reference = {"BillNo": order["BillNo"]}
    slow_erp.erp("SalesOrder.Submit", reference)
    refused = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "150"}]})
    assert (refused["Code"], refused["Message"]) == ("4001", "超信用额度 ¥500.00")
    assert stock(slow_erp, no) == ("500", "90", "410")
    raised = slow_erp.erp("SalesOrder.Change", {**reference, "Lines": [{"LineNo": 1, "Qty": "100"}]})["Data"]
    assert raised["Lines"][0]["ReservedQty"] == "100"


def test_the_code_list_answers_for_outer_codes_and_names_the_missing(erp: System) -> None:
    body = {"Kind": "Customer", "OuterCodes": ["KH-0004", "KH-0014"]}
    data = erp.erp("CodeMap.Query", body)["Data"]
    assert [(row["OuterCode"], row["No"]) for row in data["Rows"]] == [("KH-0004", "C-10004")]
    assert data["Missing"] == ["KH-0014"]
    materials = erp.erp("CodeMap.Query", {"Kind": "Material", "OuterCodes": ["BX-F210", "BX-P900"]})["Data"]
    assert (materials["Rows"][0]["No"], materials["Missing"]) == ("M-20003", ["BX-P900"])
    assert len(erp.erp("CodeMap.Query", {"Kind": "Material", "Limit": 10})["Data"]["Rows"]) == 10


def test_an_import_makes_each_code_once(erp: System) -> None:
    body = {
        "Kind": "Customer",
        "Rows": [{"OuterCode": "IMP-1", "Name": "一号"}, {"OuterCode": "IMP-2", "Name": "二号"}],
    }
    assert erp.erp("BaseData.Import", body)["Data"] == {"Created": 2, "Exists": 0}
    assert erp.erp("BaseData.Import", body)["Data"] == {"Created": 0, "Exists": 2}


def test_a_bill_of_materials_and_stock_adjustments_can_be_had(erp: System) -> None:
    lines = erp.erp("Bom.View", {"No": "M-20003"})["Data"]["Lines"]
    assert {"M-20051", "M-20061"} <= {line["MaterialNo"] for line in lines}
    no = material(erp, "5")
    assert erp.erp("Stock.Adjust", {"MaterialNo": no, "Qty": "-2"})["Data"]["OnHand"] == "3"
    assert erp.erp("Stock.Adjust", {"MaterialNo": no, "Qty": "-9"})["Code"] == "4002"


def test_every_write_is_in_the_audit_log_with_its_outcome(erp: System) -> None:
    order = saved(erp, CustomerNo=customer(erp, "1.00"))
    erp.erp("SalesOrder.Submit", {"BillNo": order["BillNo"]})
    rows = erp.erp("Audit.Query", {"Subject": order["BillNo"]})["Data"]["Rows"]
    assert [(row["Method"], row["Outcome"], row["Code"]) for row in rows] == [
        ("SalesOrder.Save", "done", None),
        ("SalesOrder.Submit", "refused", "4001"),
    ]


def test_its_pages_have_their_own_look_in_both_languages(erp: System) -> None:
    order = saved(erp, **of_material(material(erp, "10"), "1", "1234.5"))
    page = call("GET", f"{erp.url}/ui/orders/{order['BillNo']}").raw.decode()
    assert "单据编号" in page
    assert "1,234.50" in page
    assert "仿真环境" in page
    for path in ("", "ui", "ui/plans", "ui/deliveries", "ui/stock", "ui/customers"):
        english = call("GET", f"{erp.url}/{path}?lang=en")
        assert english.status == 200
        assert "Resource Planning" in english.raw.decode()


def test_a_raised_limit_and_a_resubmission_can_be_done_by_hand_on_its_pages(erp: System) -> None:
    buyer = customer(erp, "50.00")
    order = saved(erp, CustomerNo=buyer, **of_material(material(erp, "10"), "9"))
    path = f"{erp.url}/ui/orders/{order['BillNo']}"
    assert "超信用额度 ¥40.00" in call("POST", f"{path}/submit").raw.decode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    limit = f"{erp.url}/ui/customers/{buyer}/limit"
    assert call("POST", limit, b"limit=x", form).status == 200
    assert call("POST", limit, b"limit=1%2C000.00", {**form, "Sec-Fetch-Site": "cross-site"}).status == 403
    assert call("POST", limit, b"limit=1%2C000.00", form).status == 303
    assert [call("POST", f"{path}/{action}").status for action in ("submit", "audit")] == [303, 303]
    assert erp.erp("SalesOrder.View", {"BillNo": order["BillNo"]})["Data"]["CloseStatus"] == "Closed"


@pytest.mark.parametrize(
    "body", [b'{"SourceBillNo":"\\ud800"}', b"\xff\xfe", b"[1]", b'{"SourceBillNo":1.5}']
)
def test_a_body_that_is_no_proper_json_object_is_a_bad_parameter(erp: System, body: bytes) -> None:
    reply = erp.erp_reply("SalesOrder.Save", body)
    assert (reply.status, reply.json["Code"]) == (200, "2001")


def test_amounts_too_large_for_any_book_are_refused(erp: System) -> None:
    answer = erp.erp(
        "SalesOrder.Save", {**erp_order("HUGE"), **of_material("M-20003", "999999999999", "999999999")}
    )
    assert (answer["Code"], answer["Errors"][0]["Field"]) == ("2001", "Lines[0].Qty")
