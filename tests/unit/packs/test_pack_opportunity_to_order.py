"""The pack opportunity-to-order on the bench: forecasts, orders of contracts, and who approves what."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.bpmn.testing import Task
from unit.packs.bench_hub import PackHub

PACK = "opportunity-to-order"
LINE = {"line_no": 1, "model": "A", "product_name": "前片", "unit": "套", "quantity": "500",
        "unit_price": "40", "discount": "0.02", "tax_rate": "0.13", "gross_amount": "19600.00"}  # fmt: skip


def opportunity(**changes: Any) -> dict[str, Any]:
    """An opportunity as the CRM tells of it."""
    known = {
        "opp_no": "SJ-1", "account_no": "KH-1", "account_name": "客户", "owner": "林岚", "currency": "CNY",
        "stage": "won", "chance": 90, "expected_date": "2026-12-31", "gross_amount": "19600.00",
        "contract_no": None, "order_mode": None, "due_date": None, "reason": None, "lines": [LINE],
    }  # fmt: skip
    return {"opportunity": {**known, **changes}}


def order(
    amount: str = "19600.00", discount: str = "0.02", currency: str = "CNY", **more: Any
) -> dict[str, Any]:
    """A submitted order as the CRM tells of it."""
    head = {
        "order_no": "XS-1", "account_name": "客户", "owner": "林岚", "contract_no": "HT-1",
        "currency": currency, "gross_amount": amount, "approval": {"state": "pending"},
        "lines": [{**LINE, "discount": discount}],
    }  # fmt: skip
    return {"order": {**head, **more}}


# -- what is expected ----------------------------------------------------------------------------------------


def test_a_won_opportunity_stands_in_the_erp_as_a_forecast_in_its_own_codes() -> None:
    hub = PackHub({"erp.forecast.save": {"bill_no": "YC-1"}}, PACK)
    hub.event("crm.opportunity.won", opportunity())
    (saved,) = hub.of("erp.forecast.save")
    assert saved["document"] == {
        "SourceNo": "SJ-1",
        "CustomerNo": "C-1",
        "NeedDate": "2026-12-31",
        "Chance": 90,
        "Lines": [{"MaterialNo": "M-A", "Qty": "500"}],
    }
    assert hub.run("opportunity-forecast").state == "completed", hub.troubles


@pytest.mark.parametrize(("amount", "planned"), [("1000000.00", 0), ("1000000.01", 1)])
def test_a_quote_is_planned_for_only_above_a_million(amount: str, planned: int) -> None:
    hub = PackHub({"erp.forecast.save": {"bill_no": "YC-1"}}, PACK)
    hub.event("crm.opportunity.quoted", opportunity(stage="quoted", chance=60, gross_amount=amount))
    assert len(hub.of("erp.forecast.save")) == planned


def test_a_forecast_that_the_erp_refuses_is_told_in_the_crm() -> None:
    hub = PackHub({}, PACK)
    hub.refusals["erp.forecast.save"] = "预测单 YC-1 已关闭"
    hub.event("crm.opportunity.won", opportunity())
    assert [each["feedback"] for each in hub.of("crm.opportunity.feedback")] == [
        {"message": "未进入计划:预测单 YC-1 已关闭"}
    ]


def test_a_lost_opportunity_takes_its_forecast_back() -> None:
    hub = PackHub({}, PACK)
    hub.event("crm.opportunity.lost", opportunity(stage="lost", reason="价格"))
    (closed,) = hub.of("erp.forecast.close")
    assert (closed["opportunity_no"], closed["reason"]) == ("SJ-1", "丢单:价格")


# -- a contract's order --------------------------------------------------------------------------------------

SIGNED = {"stage": "contracted", "contract_no": "HT-1", "due_date": "2026-12-20"}


def selling() -> PackHub:
    return PackHub({"crm.sales_order.create": {"order": {"order_no": "XS-1"}}}, PACK)


def test_a_contract_signed_in_automatic_mode_becomes_an_order_that_waits_for_approval() -> None:
    hub = selling()
    hub.event("crm.contract.signed", opportunity(**SIGNED, order_mode="automatic"))
    (made,) = hub.of("crm.sales_order.create")
    line = {
        name: LINE[name] for name in ("line_no", "model", "quantity", "unit_price", "discount", "tax_rate")
    }
    assert made["document"] == {
        "account_no": "KH-1",
        "contract_no": "HT-1",
        "owner": "林岚",
        "currency": "CNY",
        "due_date": "2026-12-20",
        "lines": [line],
    }
    assert [name for name, _ in hub.calls] == [
        "crm.sales_order.create",
        "crm.opportunity.feedback",
        "crm.sales_order.submit",
        "erp.forecast.close",
    ]
    assert hub.of("crm.opportunity.feedback")[0]["feedback"]["order_no"] == "XS-1"
    assert hub.run("contract-to-order").state == "completed", hub.troubles


def test_in_manual_mode_nothing_is_ordered_before_the_button_is_pressed() -> None:
    hub = selling()
    signed = opportunity(**SIGNED, order_mode="manual")
    hub.event("crm.contract.signed", signed)
    assert hub.calls == []
    hub.event("crm.contract.order_requested", signed)
    assert len(hub.of("crm.sales_order.create")) == 1


def test_an_order_that_the_crm_does_not_take_is_told_and_the_forecast_stays() -> None:
    hub = selling()
    hub.refusals["crm.sales_order.create"] = "There is no product A."
    hub.event("crm.contract.signed", opportunity(**SIGNED, order_mode="automatic"))
    assert hub.of("crm.opportunity.feedback")[0]["feedback"] == {"message": "未能下单:There is no product A."}
    assert hub.of("erp.forecast.close") == []


# -- approval ------------------------------------------------------------------------------------------------


def asked(hub: PackHub) -> list[Task]:
    return [each for each in hub.bench.tasks() if each.element_id in ("management", "finance")]


@pytest.mark.parametrize(
    ("amount", "discount", "currency", "approvers"),
    [
        ("20000.00", "0.05", "CNY", []),
        ("20000.01", "0", "CNY", ["management"]),
        ("100.00", "0.06", "CNY", ["management"]),
        ("200000.00", "0.15", "CNY", ["management"]),
        ("200000.01", "0", "CNY", ["management", "finance"]),
        ("100.00", "0.16", "CNY", ["management", "finance"]),
        ("100.00", "0", "USD", ["management", "finance"]),
    ],
)
def test_amount_discount_and_currency_say_who_approves(
    amount: str, discount: str, currency: str, approvers: list[str]
) -> None:
    hub = PackHub({}, PACK)
    hub.event("crm.sales_order.submitted", order(amount, discount, currency))
    came = []
    while tasks := asked(hub):
        (task,) = tasks
        came.append(task.element_id)
        hub.bench.complete_task(task, {"decision": "approved"}, person=f"P-{task.element_id}")
    assert came == approvers
    (said,) = hub.of("crm.sales_order.decide")
    assert (said["order_no"], said["approved"]) == ("XS-1", True)
    assert said["by"] == (f"P-{approvers[-1]}" if approvers else "规则 Rule")
    assert hub.run("order-approval").state == "completed", hub.troubles


@pytest.mark.parametrize("refuser", ["management", "finance"])
def test_what_somebody_refuses_goes_back_to_sales_with_name_and_reason(refuser: str) -> None:
    hub = PackHub({}, PACK)
    hub.event("crm.sales_order.submitted", order("300000.00"))
    for task in asked(hub):
        if task.element_id != refuser:
            hub.bench.complete_task(task, {"decision": "approved"}, person="P-1")
    (task,) = asked(hub)
    hub.bench.complete_task(task, {"decision": "refused", "remark": "账期太长"}, person="P-2")
    (said,) = hub.of("crm.sales_order.decide")
    assert (said["approved"], said["by"], said["comment"]) == (False, "P-2", "账期太长")
    assert asked(hub) == []


def test_an_order_cancelled_before_its_approval_needs_none() -> None:
    hub = PackHub({}, PACK)
    hub.event("crm.sales_order.submitted", order("300000.00"))
    hub.event("crm.sales_order.cancelled", order("300000.00"))
    assert asked(hub) == []
    assert hub.of("crm.sales_order.decide") == []
    assert hub.run("order-approval").state == "completed", hub.troubles


def test_a_decision_that_comes_after_the_order_moved_on_changes_nothing() -> None:
    hub = PackHub({}, PACK)
    hub.refusals["crm.sales_order.decide"] = "Order XS-1 is cancelled: nothing is to be decided."
    hub.event("crm.sales_order.submitted", order())
    assert hub.run("order-approval").state == "completed", hub.troubles


def test_whoever_approves_is_told_of_the_order_and_its_amount() -> None:
    hub = PackHub({}, PACK)
    hub.event("crm.sales_order.submitted", order(amount="1200000.00"))
    [told] = hub.bench.notices
    assert (told.element, told.event, told.to) == ("management", "entered", ("management",))
    assert told.subject.to_dict() == {
        "zh": "订单 XS-1 待审批:客户,1200000.00 CNY",
        "en": "Order XS-1 waits for you: 客户, 1200000.00 CNY",
    }
    assert told.text.in_language("zh") not in ("", "-")
