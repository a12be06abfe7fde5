"""Opportunities and approvals of the simulated CRM, and forecasts of the ERP, against real processes."""

from __future__ import annotations

from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call, crm_order

LINES = [{"model": "BX-F210", "quantity": "30", "unit_price": "100", "discount": "0.1", "tax_rate": "0.13"}]


@pytest.fixture(scope="module")
def crm(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("crm", tmp_path_factory.mktemp("crm"))


@pytest.fixture(scope="module")
def erp(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("erp", tmp_path_factory.mktemp("erp"))


def opened(crm: System, **more: Any) -> str:
    reply = crm.crm("POST", "opportunities", {"account_no": "KH-0001", "lines": LINES, **more})
    assert reply.status == 201, reply.json
    return str(reply.json["opp_no"])


def step(crm: System, number: str, name: str, **body: Any) -> dict[str, Any]:
    return dict(crm.crm("POST", f"opportunities/{number}/{name}", body).json)


def kinds(crm: System, number: str) -> list[str]:
    page = crm.crm("GET", "changes?limit=2000").json["items"]
    return [each["type"] for each in page if each["subject"] == number]


def test_an_opportunity_goes_from_lead_to_order_and_each_step_is_told_once(crm: System) -> None:
    number = opened(crm)
    quoted = crm.crm("PATCH", f"opportunities/{number}", {"stage": "quoted"}).json
    assert (quoted["chance"], quoted["gross_amount"]) == (60, "2700.00")
    assert step(crm, number, "win")["stage"] == "won"
    signed = step(crm, number, "sign", order_mode="manual", due_date="2026-03-01")
    assert (signed["stage"], signed["due_date"]) == ("contracted", "2026-03-01")
    assert signed["contract_no"].startswith("HT")
    assert step(crm, number, "order")["order_no"] is None, "the CRM makes no order by itself"
    told = crm.crm("PUT", f"opportunities/{signed['contract_no']}/feedback", {"order_no": "XS-1"}).json
    assert (told["stage"], told["order_no"], told["changed"]) == ("ordered", "XS-1", True)
    again = crm.crm("PUT", f"opportunities/{number}/feedback", {"order_no": "XS-1"}).json
    assert again["changed"] is False
    assert kinds(crm, number) == [
        "opportunity.created",
        "opportunity.quoted",
        "opportunity.won",
        "contract.signed",
        "contract.order_requested",
        "opportunity.updated",
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("sign", {}, 409, "wrong_state"),
        ("order", {}, 409, "wrong_state"),
        ("lose", {}, 400, "bad_request"),
    ],
)
def test_a_step_too_early_or_without_its_reason_changes_nothing(
    crm: System, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    number = opened(crm)
    reply = crm.crm("POST", f"opportunities/{number}/{path}", body)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)
    assert crm.crm("GET", f"opportunities/{number}").json["stage"] == "lead"


def test_what_has_no_lines_cannot_be_won_and_what_is_signed_cannot_be_lost(crm: System) -> None:
    empty = crm.crm("POST", "opportunities", {"account_no": "KH-0001"}).json["opp_no"]
    assert crm.crm("POST", f"opportunities/{empty}/win", {}).json["error"]["field"] == "lines"
    number = opened(crm)
    step(crm, number, "win")
    step(crm, number, "sign")
    assert crm.crm("POST", f"opportunities/{number}/lose", {"reason": "x"}).status == 409


def test_a_contract_has_one_order_however_often_it_is_asked_for(crm: System) -> None:
    body = crm_order(contract_no="HT-ONE")
    first = crm.crm("POST", "orders", body).json
    again = crm.crm("POST", "orders", body).json
    assert (again["order_no"], again["existing"]) == (first["order_no"], True)
    assert first["contract_no"] == "HT-ONE"


def test_a_submitted_order_waits_and_its_approval_confirms_it_once(crm: System) -> None:
    number = crm.crm("POST", "orders", crm_order()).json["order_no"]
    asked = crm.crm("POST", f"orders/{number}/submit", {}).json
    assert (asked["status"], asked["approval"]["state"]) == ("submitted", "pending")
    assert crm.crm("POST", f"orders/{number}/confirm", {}).status == 409, "not before it is approved"
    decision = {"approved": True, "by": "总监", "comment": "同意"}
    done = crm.crm("POST", f"orders/{number}/decision", decision).json
    assert (done["status"], done["approval"]["state"], done["changed"]) == ("confirmed", "approved", True)
    assert crm.crm("POST", f"orders/{number}/decision", decision).json["changed"] is False
    other = crm.crm("POST", f"orders/{number}/decision", {"approved": False, "by": "总监"})
    assert other.status == 409
    assert kinds(crm, number).count("order.confirmed") == 1


def test_a_refused_order_is_back_with_sales_and_may_be_submitted_again(crm: System) -> None:
    number = crm.crm("POST", "orders", crm_order()).json["order_no"]
    crm.crm("POST", f"orders/{number}/submit", {})
    back = crm.crm(
        "POST", f"orders/{number}/decision", {"approved": False, "by": "财务", "comment": "账期"}
    ).json
    assert (back["status"], back["status_reason"]) == ("rejected", "财务: 账期")
    assert crm.crm("POST", f"orders/{number}/submit", {}).json["approval"]["state"] == "pending"


def test_the_pages_lead_from_the_opportunity_to_its_contract_in_both_languages(crm: System) -> None:
    number = opened(crm)
    page = f"{crm.url}/opportunities/{number}"
    assert "赢单" in call("GET", page).raw.decode()
    assert call("POST", f"{page}/win").status == 303
    shown = call("GET", f"{page}?lang=en").raw.decode()
    assert "Sign the contract" in shown
    assert "Made when" not in shown
    assert number in call("GET", f"{crm.url}/opportunities").raw.decode()


def test_the_erp_plans_for_a_forecast_until_it_is_closed(erp: System) -> None:
    material = erp.erp("Material.Save", {"Name": "试验件", "OnHand": "40", "LeadDays": 3, "Unit": "件"})[
        "Data"
    ]["No"]
    customer = erp.erp("Customer.Save", {"Name": "试验客户"})["Data"]["No"]

    def expected() -> list[dict[str, Any]]:
        return [
            each for each in erp.erp("Planning.Query", {})["Data"]["Rows"] if each["MaterialNo"] == material
        ]

    body = {"SourceNo": "SJ-1", "CustomerNo": customer, "Chance": 60}
    first = erp.erp("Forecast.Save", {**body, "Lines": [{"MaterialNo": material, "Qty": "100"}]})["Data"]
    (row,) = expected()
    shown = {key: row[key] for key in ("ForecastQty", "WeightedQty", "AvailableQty", "ShortQty")}
    assert shown == {"ForecastQty": "100", "WeightedQty": "60", "AvailableQty": "40", "ShortQty": "60"}
    again = erp.erp("Forecast.Save", {**body, "Lines": [{"MaterialNo": material, "Qty": "30"}]})["Data"]
    assert again["BillNo"] == first["BillNo"], "one forecast for a source"
    assert expected()[0]["ForecastQty"] == "30"
    assert first["BillNo"] in call("GET", f"{erp.url}/ui/forecasts").raw.decode()
    closed = erp.erp("Forecast.Close", {"SourceNo": "SJ-1", "Reason": "丢单"})["Data"]
    assert (closed["Status"], closed["AlreadyDone"]) == ("Closed", False)
    assert erp.erp("Forecast.Close", {"SourceNo": "SJ-1", "Reason": "丢单"})["Data"]["AlreadyDone"] is True
    assert expected() == []
    late = erp.erp("Forecast.Save", {**body, "Lines": [{"MaterialNo": material, "Qty": "30"}]})
    assert (late["IsSuccess"], late["Code"]) == (False, "2009")
