"""The firm's main processes step by step (N1 to N8, N12): what performs each step and each branch.

A step is performed by rows of a scenario (``scenario: row``) or by tests (``path::test``), and this file
fails when one of them is gone. What stands in ``NOTHING`` is performed by nothing yet, with what is missing.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from lineshaft.app.demo.scenarios import scenarios

TESTS = Path(__file__).resolve().parents[2]

PLANT, CHANGES = "order-in-the-plant", "changes-and-returns"
OPPORTUNITY, CUSTOMERS = "opportunity-to-order", "customers"
ORDER, SHOP = "unit/packs/test_pack_order.py", "unit/packs/test_pack_factory.py"
BUYING, REPAIR = "unit/packs/test_pack_purchase.py", "unit/packs/test_pack_repair.py"
HIRING, FLOWS = "unit/packs/test_pack_onboarding.py", "unit/engine/test_flow_one_way.py"
BOTH_WAYS, CODES = "unit/engine/test_flow_agreement.py", "unit/engine/test_flow_codes.py"
ERP, PRODUCTION = (
    "integration/plantbox/test_plantbox_erp.py",
    "integration/plantbox/test_plantbox_production.py",
)
INBOX = "integration/api/test_inbox.py"

N1 = {
    "1 CRM: a confirmed order": [f"{PLANT}: _made_and_shipped"],
    "1 a missed event is found by polling": [f"{CHANGES}: _un_audited"],
    "2 customer and material codes": ["integration/app/test_factory.py::"
        "test_order_goes_to_the_erp_and_its_lines_come_back_with_what_was_shipped"],
    "2 no match: listed, and sales is told": [
        f"{ORDER}::test_missing_code_is_told_and_waits_and_dirty_data_is_held",
        "integration/app/test_parking.py::"
        "test_fourteen_orders_wait_for_one_material_and_go_on_when_it_is_bound",
    ],
    "3 ERP: created, submitted, number returned": [f"{PLANT}: _made_and_shipped"],
    "3 it fails: three tries, a mail to IT": [
        "integration/app/test_outage.py::test_erp_off_is_one_mail_and_a_red_tile_and_erp_on_is_one_more"
    ],
    "4 over its credit limit: back with the reason": [f"{PLANT}: _review", "order-to-delivery: _review"],
    "4 in stock: delivered": ["order-to-delivery: _stock_branch"],
    "4 short: made": [f"{PLANT}: _made_and_shipped"],
    "4 short: refused, split or made, as the firm says": [f"{ERP}::test_short_stock_follows_the_policy"],
    "4 short: somebody is asked": [
        f"{ORDER}::test_where_the_erp_asks_on_short_stock_a_person_chooses_and_the_erp_follows",
        f"{ERP}::test_where_the_firm_asks_an_order_waits_until_somebody_chooses",
    ],
    "5 plan released by itself": [f"{PLANT}: _made_and_shipped"],
    "5 plan released by the planner": [f"{ERP}::test_a_plan_waits_for_the_planner_where_the_firm_says_so"],
    "5 orders and work orders n to m": [
        f"{SHOP}::test_several_work_orders_of_one_order_and_one_of_several_orders_tell_each_line"
    ],
    "6 MES: operations and material": [f"{PLANT}: _shop_floor"],
    "6 not confirmed in time: an alert": [
        "unit/insight/test_alert_rules.py::"
        "test_each_rule_fires_once_to_the_named_person_by_the_named_channels"
    ],
    "7 reports reach ERP and CRM": [
        f"{PLANT}: _shop_floor",
        f"{SHOP}::test_report_lands_on_the_operation_with_hours_and_material_and_tells_the_order",
    ],
    "7 bad pieces": [f"{SHOP}::test_rule_decides_about_ten_bad_pieces_without_asking_anybody"],
    "7 a machine stops": ["repair: _by_itself"],
    "8 WMS: finished goods": [f"{PLANT}: _shop_floor"],
    "8 it differs: a task": [
        f"{SHOP}::test_posting_that_the_erp_refuses_for_another_reason_waits_for_the_warehouse"
    ],
    "9 OA: dispatch approved": [f"{PLANT}: _made_and_shipped"],
    "9 late: the approver is urged": [
        f"{SHOP}::test_late_approver_of_a_shipment_is_urged_until_it_is_decided"
    ],
    "9 refused: held, sales told": [f"{PLANT}: _refused_dispatch"],
    "10 picked, issued, on its way": [
        f"{PLANT}: _made_and_shipped",
        f"{SHOP}::test_nothing_ships_before_the_approval_and_each_shipment_is_one_delivery",
    ],
    "11 CRM and customer are told, once": [
        f"{PLANT}: _made_and_shipped",
        f"{ORDER}::test_two_partial_shipments_go_back_line_by_line_and_each_is_told_once_by_mail_and_text",
    ],
}  # fmt: skip
N2 = {
    "1 lead, opportunity, quote, contract": [f"{OPPORTUNITY}: _won", f"{OPPORTUNITY}: _large"],
    "2 a signed contract becomes an order": [f"{OPPORTUNITY}: _automatic", f"{OPPORTUNITY}: _manual"],
    "3 orders reviewed by amount, discount, credit": [
        f"{OPPORTUNITY}: _approved",
        "unit/packs/test_pack_opportunity_to_order.py::test_amount_discount_and_currency_say_who_approves",
    ],
    "3 refused: back to sales": [f"{OPPORTUNITY}: _refused"],
    "4 from order to shipment: N1": [f"{PLANT}: _made_and_shipped"],
    "5 CRM: the shipment": [f"{PLANT}: _made_and_shipped"],
    "8 past due: finance and sales are told": [
        "integration/app/test_alerts_of_the_factory.py::"
        "test_low_stock_and_an_overdue_receipt_are_told_and_close_when_they_are_over"
    ],
}
N3 = {
    "1 released: product, quantity, operations, material": [
        f"{PLANT}: _shop_floor",
        "integration/plantbox/test_plantbox_mes.py::"
        "test_500_sets_give_four_operations_and_a_need_of_500_steel_plates",
    ],
    "2 a worker reports": [f"{CHANGES}: _change_refused"],
    "3 progress and hours in the ERP": [f"{PLANT}: _shop_floor", f"{CHANGES}: _change_refused"],
    "3 unknown operation: held": [
        f"{SHOP}::test_report_without_material_consumes_nothing_and_an_unknown_operation_is_held"
    ],
    "4 not the last: material for the next": [f"{PLANT}: _next_material"],
    "4 the last: receipt": [f"{PLANT}: _shop_floor"],
    "5 rework or scrap by rule": [f"{SHOP}::test_rework_and_scrap_are_told_to_the_order"],
    "5 rework or scrap by a person": [
        f"{SHOP}::test_person_decides_where_the_rule_says_so_and_finance_approves_their_scrap"
    ],
    "6 material used, and its variance": [
        f"{PLANT}: _shop_floor",
        f"{PRODUCTION}::test_consuming_510_of_500_plates_takes_510_from_stock_and_shows_two_percent",
    ],
    "6 over the limit: an alert": [
        f"{PLANT}: over_plan",
        f"{SHOP}::test_material_over_the_limit_and_not_explained_is_an_alert",
    ],
}
N4 = {
    "1 a machine tells its fault": [
        "integration/app/test_machines.py::"
        "test_a_machine_that_stops_is_seen_by_its_code_and_by_the_order_it_works_on"
    ],
    "5 a repair is opened": ["repair: _by_itself", "repair: _storm"],
    "6 it runs again: the repair ends": ["repair: _by_itself"],
}
N5 = {
    "1 a request in the OA": ["purchase-to-pay: _whole"],
    "1 low stock asks for more": ["purchase-to-pay: _low_stock"],
    "2 approved by amount": ["purchase-to-pay: _whole", f"{BUYING}::test_approver_by_amount"],
    "2 refused: it ends, the reason is kept": ["purchase-to-pay: _refused"],
    "2 late: urged": [f"{BUYING}::test_late_approver_is_urged_and_again"],
    "3 order in the ERP, its number in the OA": ["purchase-to-pay: _whole"],
    "3 it fails: the OA shows that it is in work": [
        f"{BUYING}::test_erp_that_is_down_leaves_the_request_in_work"
    ],
    "4 ordered, shipped, received: shown in the OA": [
        "purchase-to-pay: _whole", f"{BUYING}::test_every_state_of_the_order_returns_to_the_request",
    ],
    "5 received in parts": ["purchase-to-pay: _whole"],
    "6 invoice with price and tax": ["purchase-to-pay: _whole"],
    "7 equal within its tolerance: paid": ["purchase-to-pay: _match", f"{BUYING}::test_three_way_match"],
    "7 not equal: the buyer sees the difference": ["purchase-to-pay: _cleared"],
    "7 the same invoice twice: refused": ["purchase-to-pay: _once"],
    "8 applied for, paid, and told to ERP and OA": ["purchase-to-pay: _whole"],
}  # fmt: skip
N6 = {
    "1 reported by phone, with a photo": ["repair: _by_phone"],
    "2 technician by kind and place": ["repair: _by_phone"],
    "2 nobody: the dispatcher": [
        f"{REPAIR}::test_kind_and_place_decide_who_repairs_and_nobody_is_the_dispatcher"
    ],
    "3 the reporter hears of it": ["repair: _by_phone"],
    "4 parts are taken, the cost is posted": ["repair: _by_phone"],
    "4 a part is short": [f"{REPAIR}::test_part_that_is_short_is_asked_for_and_taken_when_it_is_there"],
    "5 confirmed": ["repair: _by_phone"],
    "5 not repaired: taken up again": [
        f"{REPAIR}::test_what_is_not_repaired_is_taken_up_again_and_each_round_costs_once"
    ],
    "6 written into the knowledge base": ["repair: _by_phone"],
}
N7 = {
    "1 a hire is approved": ["onboarding: _sales"],
    "2 workplace, badge and accounts by post": ["onboarding: _sales"],
    "3 each result returns to the HRM": ["onboarding: _sales"],
    "4 one fails: named, the others stay done": ["onboarding: _one_is_down"],
    "4 it says no: a task for a person": [
        f"{HIRING}::test_system_that_says_no_names_itself_and_a_person_clears_it"
    ],
    "5 all done: closed": ["onboarding: _sales"],
    "5 not ready the day before: urged": [
        f"{HIRING}::test_whoever_starts_tomorrow_and_is_not_ready_is_urged_by_name_and_goes_on"
    ],
}
N8 = {
    "1 a customer of the CRM, new or changed": [f"{CUSTOMERS}: _filtered", f"{CUSTOMERS}: _owned"],
    "2 filtered": [
        f"{FLOWS}::test_records_above_the_limit_are_written_once_and_later_when_they_rise_above_it",
        f"{CUSTOMERS}: _filtered",
    ],
    "2 cleaned or held by name": [
        "e2e/test_initial_load.py::"
        "test_what_was_read_has_arrived_or_is_held_by_name_and_a_second_load_writes_nothing",
        f"{CUSTOMERS}: _filtered",
    ],
    "2 a possible duplicate goes to the steward": [
        f"{CUSTOMERS}: _same", f"{CUSTOMERS}: _different", f"{CUSTOMERS}: _not_taken",
    ],
    "3 the owner of a field": [
        f"{BOTH_WAYS}::test_what_another_than_the_owner_has_changed_is_taken_back_and_told",
        f"{CUSTOMERS}: _owned",
    ],
    "3 both changed it": [
        f"{BOTH_WAYS}::test_the_same_field_changed_on_both_sides_waits_for_a_person_who_sees_both_edits",
        f"{CUSTOMERS}: _conflict",
    ],
    "4 created or updated, its id kept": [
        f"{CODES}::test_codes_are_bound_with_the_evidence_and_once", f"{CUSTOMERS}: _filtered",
    ],
    "4 a later order uses the link": [f"{CUSTOMERS}: _ordered"],
    "5 credit or status changed: open orders are checked again": [
        f"{CUSTOMERS}: _limit", f"{CUSTOMERS}: _stopped",
    ],
    "6 compared every night, with a list": [
        f"{CUSTOMERS}: _compared",
        "unit/packs/test_pack_customers.py::test_the_comparison_runs_every_night_at_two",
    ],
}  # fmt: skip
N12 = {
    "1 submitted": ["purchase-to-pay: _whole"],
    "2 a rule picks who approves": [f"{BUYING}::test_approver_by_amount"],
    "3 told on the phone": [
        "unit/packs/test_pack_opportunity_to_order.py::test_whoever_approves_is_told_of_the_order_and_its_amount",
        "integration/app/test_node_notices.py::"
        "test_people_of_a_node_are_told_on_the_phone_or_by_mail_of_what_happens_to_it",
    ],
    "4 approved, with the result in the ERP": [f"{PLANT}: _made_and_shipped"],
    "4 refused, with the reason": [f"{PLANT}: _refused_dispatch"],
    "4 handed over": [f"{INBOX}::test_task_is_handed_over_and_waits_for_an_added_approver"],
    "4 absent: somebody stands in": [f"{INBOX}::test_who_stands_in_finds_the_tasks_and_says_for_whom"],
    "5 nobody acts: reminded, urged, escalated": [
        "unit/engine/test_late_tasks.py::"
        "test_a_task_is_told_when_due_urged_every_half_hour_and_escalated_at_the_third_time"
    ],
    "6 the result in CRM and ERP": [f"{PLANT}: _refused_dispatch"],
}
PERFORMED = {
    f"{name}.{step}": by
    for name, steps in (("N1", N1), ("N2", N2), ("N3", N3), ("N4", N4), ("N5", N5), ("N6", N6), ("N7", N7),
                        ("N8", N8), ("N12", N12))
    for step, by in steps.items()
}  # fmt: skip
NOTHING = {
    "N1.11 the ERP makes the invoice": "the simulated ERP has no sales invoices",
    "N1.11 a task to call back after some days": "no process for it",
    "N2.6 invoice and balance in the CRM": "no sales invoices",
    "N2.7 receipts reduce the balance in the CRM": "no flow for it",
    "N2.8 stop-shipment is proposed": "an overdue receipt only alerts",
    "N2.9 paid in full: call back, score, renewal": "no process for it",
    "N3.5 a date at risk: planner and sales are told": "no expectation of a due date on the shop floor",
    "N3.7 unit cost of real material and hours": "the simulated ERP has no costs of products",
    "N4.2 downtime and capacity in the ERP": "no such document in the simulated ERP",
    "N4.3 queued orders go to another machine": "no process for it",
    "N4.4 the MES's queue; CRM told of a moved date": "no process for it",
    "N4.6 downtime closed, queue moved back": "no such document in the simulated ERP",
    "N6.4 a short part begins a purchase": "it is asked for in the WMS, not bought",
}
"""What nothing performs yet: step → what is missing. Whoever builds it moves the line up."""


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in tree.body if isinstance(each, kinds))


def exists(by: str) -> bool:
    if "::" in by:
        path, _, name = by.partition("::")
        return (TESTS / path).is_file() and name in names_in(path)
    name, _, row = by.partition(": ")
    found = scenarios().get(name)
    return found is not None and row in {getattr(each.play, "__name__", "") for each in found.rows}


@pytest.mark.parametrize("step", PERFORMED)
def test_what_performs_a_step_is_there(step: str) -> None:
    by = PERFORMED[step]
    assert by, "what nothing performs belongs to NOTHING"
    assert [each for each in by if not exists(each)] == []


def test_no_step_is_both_performed_and_not() -> None:
    assert PERFORMED.keys() & NOTHING.keys() == set()
    assert all(NOTHING.values())


def test_what_is_gone_is_found() -> None:
    assert not exists(f"{ORDER}::test_that_was_renamed")
    assert not exists("unit/packs/test_gone.py::test_anything")
    assert not exists(f"{PLANT}: _gone")
    assert not exists("a-scenario-that-is-gone: _row")
