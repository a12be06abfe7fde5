"""Each fault that can be switched on, as a caller meets it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import ERP, Plant, System, call, crm_order, erp_order, until

DROPPED = (ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine)


@pytest.fixture(scope="module")
def running(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("erp", tmp_path_factory.mktemp("erp"), "--seed", "5")


@pytest.fixture
def erp(running: System) -> Iterator[System]:
    yield running
    running.admin("DELETE", "faults")


def count(erp: System, source: str) -> int:
    return int(erp.erp("SalesOrder.Query", {"SourceBillNo": source})["Data"]["Total"])


def test_down_answers_503_before_anything_happens_and_only_so_often(erp: System) -> None:
    erp.fault(kind="down", match="SalesOrder.Save", count=2)
    statuses = [erp.erp_reply("SalesOrder.Save", erp_order("DOWN")).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert count(erp, "DOWN") == 1
    assert erp.admin("GET", "faults")["faults"][0]["hits"] == 2


def test_down_can_refuse_connections_while_the_admin_listener_answers(erp: System) -> None:
    number = erp.fault(kind="down", mode="refuse")
    with pytest.raises(ConnectionError):
        erp.erp("Customer.Query")
    assert erp.admin("GET", "health")["system"] == "erp"
    erp.admin("DELETE", f"faults/{number}")
    assert erp.erp("Customer.Query")["IsSuccess"]


def test_down_lifts_itself_after_its_time(erp: System) -> None:
    erp.fault(kind="down", mode="refuse", ms=100)

    def answers() -> bool:
        try:
            return bool(erp.erp("Customer.Query")["IsSuccess"])
        except ConnectionError:
            return False

    assert until(answers)


def test_reset_drops_the_connection_before_anything_happens(erp: System) -> None:
    erp.fault(kind="reset", match="SalesOrder.Save", count=1)
    with pytest.raises(DROPPED):
        erp.erp("SalesOrder.Save", erp_order("RESET"))
    assert count(erp, "RESET") == 0


def test_slow_waits_and_then_goes_on(erp: System) -> None:
    erp.fault(kind="slow", ms=150, match="SalesOrder.Save")
    assert erp.erp("SalesOrder.Save", erp_order("SLOW"))["IsSuccess"]
    assert erp.admin("GET", "faults")["faults"][0]["hits"] == 1


def test_500_but_done_has_done_it(erp: System) -> None:
    erp.fault(kind="error_but_done", match="SalesOrder.Save", count=1, status=502)
    assert erp.erp_reply("SalesOrder.Save", erp_order("DONE500")).status == 502
    assert count(erp, "DONE500") == 1


@pytest.mark.parametrize("done", [False, True])
def test_200_with_an_error_inside(erp: System, done: bool) -> None:
    erp.fault(kind="ok_with_error", match="SalesOrder.Save", count=1, code="9001", message="忙", done=done)
    reply = erp.erp_reply("SalesOrder.Save", erp_order(f"INNER-{done}"))
    assert (reply.status, reply.json["IsSuccess"], reply.json["Code"]) == (200, False, "9001")
    assert count(erp, f"INNER-{done}") == int(done)


def test_a_lost_reply_has_committed_and_the_key_finds_it(erp: System) -> None:
    erp.fault(kind="lost_reply", match="SalesOrder.Save", count=1)
    body = erp_order("LOST")
    with pytest.raises(DROPPED):
        erp.erp("SalesOrder.Save", body, **{"Idempotency-Key": "lost"})
    assert count(erp, "LOST") == 1
    assert erp.erp("SalesOrder.Save", body, **{"Idempotency-Key": "lost"})["Data"]["Replayed"] is True
    assert count(erp, "LOST") == 1


def test_a_late_commit_answers_nothing_and_commits_afterwards(erp: System) -> None:
    erp.fault(kind="late_commit", match="SalesOrder.Save", count=1, ms=400)
    with pytest.raises(DROPPED):
        erp.erp("SalesOrder.Save", erp_order("LATE"))
    assert count(erp, "LATE") == 0
    assert until(lambda: count(erp, "LATE")) == 1


def test_a_lost_reply_can_hang_until_the_caller_gives_up(erp: System) -> None:
    erp.fault(kind="lost_reply", match="SalesOrder.Save", count=1, hold_ms=60_000)
    connection = http.client.HTTPConnection("127.0.0.1", int(erp.url.rsplit(":", 1)[1]), timeout=0.3)
    connection.request("POST", "/ErpService/SalesOrder.Save", json.dumps(erp_order("HANG")), ERP)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert until(lambda: count(erp, "HANG")) == 1


def test_rate_limited_says_when_to_come_again(erp: System) -> None:
    erp.fault(kind="rate_limited", match="SalesOrder.*", count=1, retry_after=7)
    reply = erp.erp_reply("SalesOrder.Save", erp_order("RATE"))
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert count(erp, "RATE") == 0


def test_a_rate_limit_refuses_only_what_is_above_it(erp: System) -> None:
    erp.fault(kind="rate_limited", match="Customer.Query", per_second=5)
    statuses = [erp.erp_reply("Customer.Query", {"Limit": 1}).status for _ in range(8)]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses[5:]


def test_a_wrong_code_is_in_the_answer_and_not_in_the_books(erp: System) -> None:
    bill_no = erp.erp("SalesOrder.Save", erp_order("CODE"))["Data"]["BillNo"]
    erp.fault(kind="wrong_code", match="SalesOrder.View", count=1)
    codes = [
        erp.erp("SalesOrder.View", {"BillNo": bill_no})["Data"]["Lines"][0]["MaterialNo"] for _ in range(2)
    ]
    assert codes == ["M-20003-UNKNOWN", "M-20003"]


def test_a_changed_schema_renames_a_field(erp: System) -> None:
    erp.fault(kind="changed_schema", match="Stock.*", field="OnHand", to="QtyOnHand")
    row = erp.erp("Stock.Query", {"MaterialNo": "M-20001"})["Data"]["Rows"][0]
    assert "QtyOnHand" in row
    assert "OnHand" not in row


def test_chance_strikes_some_calls_and_all_calls_are_counted(erp: System) -> None:
    before = erp.calls().get("Bom.View", 0)
    erp.fault(kind="down", match="Bom.View", probability=0.4)
    statuses = [erp.erp_reply("Bom.View", {"No": "M-20003"}).status for _ in range(40)]
    assert 5 < statuses.count(503) < 30
    assert erp.calls()["Bom.View"] == before + 40


def test_a_nonsensical_fault_is_refused_with_its_field(erp: System) -> None:
    reply = call(
        "POST", f"{erp.admin_url}/admin/faults", {"kind": "x"}, {"Authorization": "Bearer plantbox-admin"}
    )
    assert (reply.status, reply.json["field"]) == (400, "kind")


def test_faults_can_be_on_from_the_start(plant: Plant, tmp_path: Path) -> None:
    crm = plant.start("crm", tmp_path, "--fault", "lost_reply:match=orders.create,count=1")
    with pytest.raises(DROPPED):
        crm.crm("POST", "orders", crm_order())
    assert len(crm.crm("GET", "orders").json["items"]) == 1


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"kind": "down"}, 503),
        ({"kind": "error_but_done"}, 500),
        ({"kind": "rate_limited"}, 429),
        ({"kind": "ok_with_error"}, 200),
    ],
)
def test_the_crm_has_the_same_faults_in_its_own_error_shape(
    shared_crm: System, spec: dict[str, Any], status: int
) -> None:
    shared_crm.fault(**spec, match="accounts.list", count=1)
    reply = shared_crm.crm("GET", "accounts")
    assert reply.status == status
    assert reply.json["error"]["code"] in ("unavailable", "internal", "rate_limited")
    assert shared_crm.crm("GET", "accounts").json["items"]


@pytest.fixture(scope="module")
def shared_crm(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("crm", tmp_path_factory.mktemp("crm"))


def test_a_button_of_the_panel_breaks_one_write_and_another_mends_what_is_broken(erp: System) -> None:
    page = call("GET", f"{erp.admin_url}/").raw.decode()
    assert "丢回包" in page
    assert "一切正常" in page
    assert call("POST", f"{erp.admin_url}/break/lost_reply").status == 303
    with pytest.raises(DROPPED):
        erp.erp_reply("SalesOrder.Save", erp_order("PANEL"))
    assert erp.erp_reply("SalesOrder.Save", erp_order("PANEL-2")).status == 200
    assert count(erp, "PANEL") == 1
    assert "struck 1 times" in call("GET", f"{erp.admin_url}/?lang=en").raw.decode()
    assert call("POST", f"{erp.admin_url}/mend").status == 303
    assert erp.admin("GET", "faults")["faults"] == []


def test_a_system_that_is_down_by_its_button_still_shows_its_own_page(erp: System) -> None:
    call("POST", f"{erp.admin_url}/break/down")
    assert erp.erp_reply("SalesOrder.Query").status == 503
    assert call("GET", f"{erp.url}/ui").status == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Host": "elsewhere.example"}], ids=["site", "name"]
)
def test_another_site_cannot_press_the_buttons_of_the_panel(erp: System, headers: dict[str, str]) -> None:
    assert call("POST", f"{erp.admin_url}/break/down", headers=headers).status == 403
    assert erp.admin("GET", "faults")["faults"] == []
