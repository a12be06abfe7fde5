"""The contract of the simulated CRM, call by call, against a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from integration.plantbox.conftest import SOURCES, Plant, Reply, System, call, crm_order


@pytest.fixture(scope="module")
def crm(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("crm", tmp_path_factory.mktemp("crm"))


def made(crm: System, **more: Any) -> dict[str, Any]:
    reply = crm.crm("POST", "orders", crm_order(**more))
    assert reply.status == 201
    return dict(reply.json)


def confirmed(crm: System, **more: Any) -> dict[str, Any]:
    return dict(crm.crm("POST", f"orders/{made(crm, **more)['id']}/confirm").json)


def test_a_call_without_the_token_is_refused(crm: System) -> None:
    reply = call("GET", f"{crm.url}/api/v1/orders")
    assert reply.status == 401
    assert reply.json["error"]["code"] == "unauthorized"
    assert call("GET", f"{crm.admin_url}/admin/faults").status == 401


def test_master_data_is_there_with_its_own_ids(crm: System) -> None:
    accounts = crm.crm("GET", "accounts").json["items"]
    assert len(accounts) >= 12
    assert crm.crm("GET", f"accounts/{accounts[0]['id']}").json["account_no"] == "KH-0001"
    assert len(crm.crm("GET", "products").json["items"]) >= 20
    assert crm.crm("GET", "products/BX-F210").json["list_price"] == "100.0000"
    assert len(crm.crm("GET", "salespeople").json["items"]) == 4
    assert crm.crm("GET", "products/NO-SUCH").json["error"]["code"] == "not_found"


def test_lists_go_on_after_their_cursor(crm: System) -> None:
    first = crm.crm("GET", "products?limit=5").json
    second = crm.crm("GET", f"products?limit=5&cursor={first['next_cursor']}").json
    numbers = [item["id"] for item in first["items"] + second["items"]]
    assert len(set(numbers)) == 10
    assert crm.crm("GET", "products?limit=2000").json["next_cursor"] is None


def test_an_account_can_be_made_and_changed(crm: System) -> None:
    body = {"account_no": "KH-0900", "name": "试验客户", "custom_1": "x"}
    assert crm.crm("POST", "accounts", body).status == 201
    assert crm.crm("POST", "accounts", body).status == 409
    changed = crm.crm("PATCH", "accounts/KH-0900", {"city": "宁波"}).json
    assert (changed["name"], changed["city"], changed["custom_1"]) == ("试验客户", "宁波", "x")
    events = crm.crm("GET", "changes?type=account.created,account.updated").json["items"]
    assert [event["type"] for event in events if event["subject"] == "KH-0900"] == [
        "account.created",
        "account.updated",
    ]


def test_an_order_has_exact_amounts_custom_fields_and_a_draft_state(crm: System) -> None:
    order = made(
        crm,
        custom_1="特殊包装",
        lines=[
            {"model": "BX-F210", "quantity": "100", "unit_price": "100.0000", "custom_2": "A"},
            {"model": "BX-A300", "quantity": "3", "unit_price": "15.2550", "discount": "0.05"},
        ],
    )
    assert (order["status"], order["status_label"], order["version"]) == ("draft", "草稿", 0)
    assert (order["custom_1"], order["lines"][0]["custom_2"]) == ("特殊包装", "A")
    assert [line["amount"] for line in order["lines"]] == ["10000.00", "43.48"]
    assert (order["net_amount"], order["tax_amount"], order["gross_amount"]) == (
        "8888.04",
        "1155.44",
        "10043.48",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"model": "BX-F210", "quantity": "x"}]}, "lines[0].quantity"),
        ({"lines": [{"model": "BX-F210", "quantity": "1", "discount": "3"}]}, "lines[0].discount"),
        ({"due_date": "soon"}, "due_date"),
        ({"price_includes_tax": "yes"}, "price_includes_tax"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_its_field(crm: System, change: Any, field: str) -> None:
    reply = crm.crm("POST", "orders", {**crm_order(), **change})
    assert (reply.status, reply.json["error"]["field"]) == (400, field)


def test_a_float_in_a_body_is_refused(crm: System) -> None:
    reply = crm.crm("POST", "orders", b'{"lines":[{"model":"BX-F210","quantity":1.5}]}')
    assert (reply.status, reply.json["error"]["code"]) == (400, "bad_request")


def test_the_same_key_makes_one_order_and_another_body_is_refused(crm: System) -> None:
    first = crm.crm("POST", "orders", crm_order("7"), **{"Idempotency-Key": "crm-k1"})
    again = crm.crm("POST", "orders", crm_order("7"), **{"Idempotency-Key": "crm-k1"})
    other = crm.crm("POST", "orders", crm_order("8"), **{"Idempotency-Key": "crm-k1"})
    assert (first.status, again.status, other.status) == (201, 200, 422)
    assert first.json["order_no"] == again.json["order_no"]


def test_confirming_makes_one_event_and_only_once(crm: System) -> None:
    order = confirmed(crm)
    assert (order["status"], order["version"]) == ("confirmed", 1)
    assert crm.crm("POST", f"orders/{order['id']}/confirm").status == 409
    events = crm.crm("GET", "changes?type=order.confirmed&limit=2000").json["items"]
    mine = [event for event in events if event["subject"] == order["order_no"]]
    assert len(mine) == 1
    assert mine[0]["id"] == f"evt_{mine[0]['seq']}"
    assert mine[0]["data"]["order"]["lines"][0]["model"] == "BX-F210"


def test_the_feed_goes_on_after_its_cursor_and_stays_there_when_nothing_came(crm: System) -> None:
    confirmed(crm)
    first = crm.crm("GET", "changes?limit=1").json
    rest = crm.crm("GET", f"changes?cursor={first['next_cursor']}&limit=2000").json
    assert all(event["seq"] > int(first["next_cursor"]) for event in rest["items"])
    nothing = crm.crm("GET", f"changes?cursor={rest['next_cursor']}").json
    assert (nothing["items"], nothing["next_cursor"]) == ([], rest["next_cursor"])


def test_a_change_of_quantity_tells_what_it_was_and_sums_anew(crm: System) -> None:
    order = confirmed(crm)
    body = {"lines": [{"line_no": 1, "quantity": "80"}], "reason": "客户减少"}
    changed = crm.crm("POST", f"orders/{order['id']}/change", body).json
    assert (changed["gross_amount"], changed["version"]) == ("8000.00", 2)
    event = crm.crm("GET", "changes?type=order.changed&limit=2000").json["items"][-1]
    assert event["data"]["before"] == {"1": "100"}
    assert crm.crm("POST", f"orders/{made(crm)['id']}/change", body).status == 409


def test_a_change_below_what_was_shipped_is_refused(crm: System) -> None:
    order = confirmed(crm)
    crm.crm(
        "PUT", f"orders/{order['order_no']}/feedback", {"lines": [{"line_no": 1, "shipped_quantity": "60"}]}
    )
    reply = crm.crm("POST", f"orders/{order['id']}/change", {"lines": [{"line_no": 1, "quantity": "50"}]})
    assert reply.status == 409
    assert crm.crm("POST", f"orders/{order['id']}/cancel").status == 409
    assert crm.crm("GET", f"orders/{order['id']}").json["lines"][0]["quantity"] == "100"


def test_a_cancelled_order_counts_nothing_and_takes_no_feedback(crm: System) -> None:
    order = confirmed(crm)
    cancelled = crm.crm("POST", f"orders/{order['id']}/cancel", {"reason": "客户取消"}).json
    assert (cancelled["status"], cancelled["gross_amount"]) == ("cancelled", "0.00")
    path = f"orders/{order['id']}/feedback"
    assert crm.crm("PUT", path, {"status": "shipped"}).status == 409
    assert crm.crm("PUT", path, {"message": "ERP 中已作废"}).status == 200


def test_feedback_shows_60_of_100_per_line_and_repeating_it_changes_nothing(crm: System) -> None:
    order = confirmed(crm)
    body = {
        "status": "partially_shipped",
        "erp_no": "XSDD-000009",
        "eta_days": 2,
        "message": "已发货,预计 2 天到达",
        "lines": [{"line_no": 1, "status": "partially_shipped", "shipped_quantity": "60.0"}],
    }
    first = crm.crm("PUT", f"orders/{order['order_no']}/feedback", body).json
    again = crm.crm("PUT", f"orders/{order['order_no']}/feedback", body).json
    assert (first["changed"], again["changed"]) == (True, False)
    assert (again["status_label"], again["erp_no"], again["eta_days"]) == ("部分发货", "XSDD-000009", 2)
    assert (again["lines"][0]["shipped_quantity"], again["lines"][0]["quantity"]) == ("60", "100")
    events = crm.crm("GET", "changes?type=order.updated&limit=2000").json["items"]
    assert len([event for event in events if event["subject"] == order["order_no"]]) == 1
    received = crm.crm("GET", f"audit?operation=orders.feedback&subject={order['order_no']}").json["items"]
    assert len(received) == 2


def test_a_rejected_order_can_be_confirmed_again_and_loses_its_reason(crm: System) -> None:
    order = confirmed(crm)
    body = {
        "status": "rejected",
        "reason": "超信用额度 ¥12,300.00",
        "lines": [{"line_no": 1, "status": "rejected"}],
    }
    rejected = crm.crm("PUT", f"orders/{order['order_no']}/feedback", body).json
    assert (rejected["status_label"], rejected["status_reason"]) == ("已驳回", "超信用额度 ¥12,300.00")
    again = crm.crm("POST", f"orders/{order['id']}/confirm").json
    assert (again["status"], again["version"], again["status_reason"]) == ("confirmed", 2, None)
    assert again["lines"][0]["status"] == "open"


@pytest.mark.parametrize("body", [{"status": "flying"}, {"status": "draft"}, {"lines": [{"line_no": 9}]}])
def test_feedback_that_makes_no_sense_changes_nothing(crm: System, body: dict[str, Any]) -> None:
    order = confirmed(crm)
    assert crm.crm("PUT", f"orders/{order['id']}/feedback", body).status == 400
    assert crm.crm("GET", f"orders/{order['id']}").json == order


def test_a_draft_can_be_changed_and_a_confirmed_order_not(crm: System) -> None:
    order = made(crm)
    lines = [{"model": "BX-R200", "quantity": "2"}]
    changed = crm.crm("PATCH", f"orders/{order['id']}", {"custom_3": "z", "lines": lines}).json
    assert (changed["custom_3"], changed["gross_amount"]) == ("z", "157.00")
    crm.crm("POST", f"orders/{order['id']}/confirm")
    assert crm.crm("PATCH", f"orders/{order['id']}", {"custom_3": "y"}).status == 409


def test_an_import_makes_each_row_once_and_says_what_it_refused(crm: System) -> None:
    good = crm_order(order_no="IMP-1")
    rows = {"rows": [good, crm_order(order_no="IMP-2", account="KH-9999")], "confirm": True}
    first = crm.crm("POST", "import/orders", rows).json
    again = crm.crm("POST", "import/orders", rows).json
    assert first["counts"] == {"created": 1, "exists": 0, "refused": 1}
    assert again["counts"] == {"created": 0, "exists": 1, "refused": 1}
    assert "KH-9999" in first["results"][1]["reason"]
    assert crm.crm("GET", "orders/IMP-1").json["status"] == "confirmed"
    assert crm.crm("GET", "orders/IMP-2").status == 404


def test_an_orphan_line_is_kept_with_its_reason_and_counted_as_a_fact(crm: System) -> None:
    row = {"source_line_id": "L1", "order_no": "GONE-1", "model": "BX-F210", "quantity": "2"}
    row |= {"unit_price": "9.9950", "reason": "来源中没有订单"}
    assert crm.crm("POST", "import/orphan_lines", {"rows": [row]}).json["counts"]["created"] == 1
    assert crm.crm("POST", "import/orphan_lines", {"rows": [row]}).json["counts"]["exists"] == 1
    kept = crm.crm("GET", "orphan-lines").json["items"]
    assert [(line["order_no"], line["amount"]) for line in kept] == [("GONE-1", "19.99")]
    facts = crm.crm("GET", "data-quality").json["items"]
    assert ("line_without_order", "L1") in {(fact["fact"], fact["subject"]) for fact in facts}


def test_a_refused_write_is_in_the_audit_log_and_changed_nothing(crm: System) -> None:
    order = made(crm)
    crm.crm("POST", f"orders/{order['id']}/change", {"lines": [{"line_no": 1, "quantity": "1"}]})
    last = crm.crm("GET", f"audit?operation=orders.change&subject={order['id']}").json["items"][-1]
    assert (last["outcome"], last["code"]) == ("refused", "wrong_state")


def test_the_pages_show_orders_in_both_languages_and_confirm_by_button(crm: System) -> None:
    order = made(crm, contact_name="<b>采购部</b>")
    page = call("GET", f"{crm.url}/orders/{order['order_no']}")
    assert "确认订单" in page.raw.decode()
    assert "仿真环境 · 1天=60秒" in page.raw.decode()
    assert "Confirm order" in call("GET", f"{crm.url}/orders/{order['order_no']}?lang=en").raw.decode()
    pressed = call("POST", f"{crm.url}/orders/{order['order_no']}/confirm")
    assert pressed.status == 303
    assert crm.crm("GET", f"orders/{order['id']}").json["status"] == "confirmed"
    assert "确认订单" not in call("GET", f"{crm.url}/orders/{order['order_no']}").raw.decode()
    assert order["order_no"] in call("GET", f"{crm.url}/").raw.decode()
    assert "澄江汽车零部件有限公司" in call("GET", f"{crm.url}/customers").raw.decode()


def test_another_site_cannot_press_the_button(crm: System) -> None:
    order = made(crm)
    reply = call(
        "POST", f"{crm.url}/orders/{order['order_no']}/confirm", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert reply.status == 403
    assert crm.crm("GET", f"orders/{order['id']}").json["status"] == "draft"


def test_an_unknown_path_answers_in_the_same_error_shape(crm: System) -> None:
    assert crm.crm("GET", "nothing").json["error"]["code"] == "not_found"


def test_it_ends_cleanly_and_simulated_time_goes_on_where_it_stopped(plant: Plant, tmp_path: Path) -> None:
    first = plant.start("crm", tmp_path, "--speed", "1")
    order = made(first)
    first.admin("POST", "advance", {"hours": 50})
    assert first.stop() == 0
    second = plant.start("crm", tmp_path, "--speed", "1")
    assert second.admin("GET", "health")["time"].startswith("2026-01-07T10:0")
    assert second.crm("GET", f"orders/{order['order_no']}").json["id"] == order["id"]


def test_a_port_that_is_taken_is_said_and_not_a_stack_trace(crm: System, tmp_path: Path) -> None:
    port = crm.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "plantbox", "crm", "--data", str(tmp_path), "--port", port]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env={**os.environ, "PYTHONPATH": str(SOURCES)}
    )
    assert ended.returncode == 2
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def form(**fields: str) -> tuple[bytes, dict[str, str]]:
    return urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def press(url: str, **fields: str) -> Reply:
    body, headers = form(**fields)
    return call("POST", url, body, headers)


def test_an_order_typed_into_the_page_is_a_draft_with_its_lines(crm: System) -> None:
    assert "澄江汽车零部件有限公司" in call("GET", f"{crm.url}/orders/new").raw.decode()
    lines = {"model_1": "BX-F210", "quantity_1": "20", "model_3": "BX-R100", "quantity_3": "500"}
    saved = press(f"{crm.url}/orders/new", account_no="KH-0004", due_date="2026-02-01", **lines)
    assert saved.status == 303
    order = crm.crm("GET", str(saved.headers["Location"]).removeprefix("/")).json
    assert (order["status"], order["due_date"]) == ("draft", "2026-02-01")
    assert [(line["model"], line["quantity"]) for line in order["lines"]] == [
        ("BX-F210", "20"),
        ("BX-R100", "500"),
    ]


def test_a_form_without_lines_says_so_and_writes_nothing(crm: System) -> None:
    before = crm.admin("GET", "health")["counts"]["orders"]
    page = press(f"{crm.url}/orders/new", account_no="KH-0004", due_date="2026-02-01")
    assert "Expected a list of 1 to" in page.raw.decode()
    assert crm.admin("GET", "health")["counts"]["orders"] == before


def test_quantities_are_changed_and_an_order_is_cancelled_by_the_page(crm: System) -> None:
    order = made(crm)
    crm.crm("POST", f"orders/{order['id']}/confirm")
    page = f"{crm.url}/orders/{order['order_no']}"
    assert "变更数量" in call("GET", page).raw.decode()
    first = order["lines"][0]
    assert press(f"{page}/change", line_1="80", reason="客户减量").status == 303
    changed = crm.crm("GET", f"orders/{order['id']}").json
    assert (first["quantity"], changed["lines"][0]["quantity"]) != ("80", first["quantity"])
    assert changed["lines"][0]["quantity"] == "80"
    assert press(f"{page}/cancel", reason="客户取消").status == 303
    assert crm.crm("GET", f"orders/{order['id']}").json["status"] == "cancelled"
    assert "变更数量" not in call("GET", page).raw.decode()
