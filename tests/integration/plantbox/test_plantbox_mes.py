"""The MES as a hub, a worker and an OPC UA client meet it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client

from integration.plantbox.conftest import Hook, Plant, Reply, System, call, until
from tools.postgres import free_port


class Mes:
    """A logged-in caller."""

    def __init__(self, system: System) -> None:
        self.system = system
        login = {"username": "mes", "password": "mes-demo-password"}
        token = call("POST", f"{system.url}/mes/auth/login", login).json["accessToken"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None) -> Reply:
        return call(method, f"{self.system.url}/mes/v1/{path}", body, self.headers)

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json["data"]

    def post(self, path: str, **body: Any) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status in (200, 201), answer.raw
        return answer.json["data"]

    def refusal(self, path: str, **body: Any) -> tuple[int, str]:
        answer = self.ask("POST", path, body)
        return answer.status, str(answer.json["error"]["code"])

    def order(self, number: str, quantity: str = "500", item: str = "BX-F210", mode: str = "manual") -> None:
        self.post("work-orders", externalOrderNo=number, itemCode=item, quantity=quantity)
        self.post(f"work-orders/{number}/mode", mode=mode)

    def report(self, number: str, seq: int, good: str, bad: str = "0", **more: Any) -> Any:
        return self.post(f"work-orders/{number}/reports", operationSeq=seq, goodQty=good, badQty=bad, **more)

    def events(self, number: str) -> list[str]:
        own = self.get(f"work-orders/{number}")["workOrderNo"]
        return [event["eventType"] for event in self.get("changes?size=2000") if event["subject"] == own]


@pytest.fixture(scope="module")
def mes(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Mes:
    data = tmp_path_factory.mktemp("mes")
    system = shared_plant.start(
        "mes", data, "--speed", "1", "--stops", "off", "--production", "manual", "--seed", "3",
        "--opcua-port", str(free_port()),
    )  # fmt: skip
    return Mes(system)


def test_without_a_valid_token_nothing_is_answered(mes: Mes) -> None:
    url = mes.system.url
    wrong = call("POST", f"{url}/mes/auth/login", {"username": "mes", "password": "x"})
    forged = {"Authorization": mes.headers["Authorization"][:-2] + "xx"}
    assert wrong.status == 401
    assert call("GET", f"{url}/mes/v1/machines", None, forged).json["error"]["code"] == "MES-4011"


def test_500_sets_give_four_operations_and_a_need_of_500_steel_plates(mes: Mes) -> None:
    mes.order("W-1")
    order = mes.get("work-orders/W-1")
    assert [(o["code"], o["status"]) for o in order["operations"]] == [
        ("CJ", "ready"), ("DM", "waiting"), ("ZZ", "waiting"), ("ZJ", "waiting"),
    ]  # fmt: skip
    assert order["operations"][0]["inputQty"] == "500"
    plate = order["materials"][0]
    assert (plate["itemCode"], plate["requiredQty"], plate["operationSeq"]) == ("GB-F2", "500", 10)


def test_a_work_order_is_created_once_per_external_number(mes: Mes) -> None:
    body = {"externalOrderNo": "W-2", "itemCode": "BX-F210", "quantity": "10"}
    first, again = (mes.ask("POST", "work-orders", body) for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert first.json["data"]["workOrderNo"] == again.json["data"]["workOrderNo"]
    assert mes.refusal("work-orders", **{**body, "quantity": "11"}) == (409, "MES-4092")
    assert (
        mes.refusal("work-orders", **{**body, "externalOrderNo": "W-2b", "itemCode": "NOPE"})[1] == "MES-4042"
    )


def test_a_report_of_480_good_and_10_bad_opens_a_rework_order_that_completes_the_operation(mes: Mes) -> None:
    mes.order("W-3")
    used = [{"itemCode": "GB-F2", "usedQty": "510"}]
    mes.report("W-3", 10, "500", materials=used, laborHours="4")
    bad = mes.report("W-3", 20, "480", "10", badReason="GRIND_OVER", reportKey="k-3", laborHours="6.5")
    again = mes.report("W-3", 20, "480", "10", badReason="GRIND_OVER", reportKey="k-3", laborHours="6.5")
    assert (bad["totals"]["goodQty"], bad["totals"]["reworkQty"], again["existing"]) == ("480", "10", True)
    mes.report("W-3", 20, "10")
    rework = mes.get("reworks?workOrderNo=W-3")[0]
    assert (rework["quantity"], rework["badReasonName"], rework["status"]) == ("10", "打磨超标", "open")
    assert mes.get("work-orders/W-3")["operations"][2]["status"] == "waiting"
    mes.post(f"reworks/{rework['reworkNo']}/finish", goodQty="9", scrapQty="1")
    order = mes.get("work-orders/W-3")
    assert [(o["goodQty"], o["scrapQty"], o["status"]) for o in order["operations"][1:3]] == [
        ("499", "1", "completed"), ("0", "0", "ready"),
    ]  # fmt: skip
    assert order["materials"][0]["usedQty"] == "510"
    assert "rework.opened" in mes.events("W-3")
    assert mes.refusal("work-orders/W-3/reports", operationSeq=30, goodQty="500") == (409, "MES-4093")
    assert mes.refusal("work-orders/W-3/reports", operationSeq=40, goodQty="1") == (409, "MES-4091")


def test_scrap_and_a_defect_decided_later_end_the_order_with_fewer(mes: Mes) -> None:
    mes.order("W-4", "20")
    mes.report("W-4", 10, "18", "2", disposition="scrap")
    mes.report("W-4", 20, "15", "3", disposition="pending")
    defect = next(e for e in mes.get("changes?size=2000&types=defect.opened"))["payload"]["defectNo"]
    mes.post(f"defects/{defect}/decide", disposition="scrap")
    mes.report("W-4", 30, "15")
    mes.report("W-4", 40, "15")
    order = mes.get("work-orders/W-4")
    assert (order["status"], order["completedQty"], order["scrapQty"]) == ("completed", "15", "5")
    assert mes.events("W-4").count("scrap.noted") == 2


def test_a_live_order_is_changed_or_cancelled_or_says_why_not(mes: Mes) -> None:
    mes.order("W-5", "100")
    assert mes.post("work-orders/W-5/change", quantity="80", reason="客户变更")["quantity"] == "80"
    assert mes.post("work-orders/W-5/change", quantity="80")["alreadyDone"]
    mes.report("W-5", 10, "70")
    answer = mes.ask("POST", "work-orders/W-5/change", {"quantity": "60"})
    assert (answer.status, answer.json["error"]["code"]) == (409, "MES-4091")
    assert "已投产 70" in answer.json["error"]["title"]
    assert mes.refusal("work-orders/W-5/cancel") == (409, "MES-4091")
    assert mes.post("work-orders/W-5/change", quantity="70")["operations"][0]["inputQty"] == "70"
    assert mes.get("work-orders/W-5")["operations"][1]["status"] == "ready"
    mes.order("W-6", "100")
    assert mes.post("work-orders/W-6/cancel", reason="客户取消")["status"] == "cancelled"
    assert mes.post("work-orders/W-6/cancel")["alreadyDone"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_takes_reports_of_a_worker_and_shows_the_simulated_time(mes: Mes, lang: str) -> None:
    number = f"W-7-{lang}"
    mes.order(number)
    form = b"operationSeq=10&goodQty=480&badQty=10&badReason=CUT_BURR&disposition=rework&used.GB-F2=510"
    url = f"{mes.system.url}/orders/{number}"
    done = call("POST", f"{url}/report", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert done.status == 303
    page = call("GET", f"{url}?lang={lang}").raw.decode()
    assert {"zh": "落料毛刺", "en": "Rework done"}[lang] in page
    assert {"zh": "仿真环境 · 1天=86400秒", "en": "Simulation · 1 day = 86400 s"}[lang] in page
    assert "510" in page
    refused = call("POST", f"{url}/report", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert "可报 10" in refused.raw.decode()
    assert call("GET", f"{mes.system.url}/machines?lang={lang}").status == 200


async def test_opc_ua_shows_a_machine_that_stops_and_goes_on(mes: Mes) -> None:
    ready = mes.system.ready["opcua_url"]
    async with Client(ready) as client:
        index = await client.get_namespace_index("urn:plantbox:mes")
        state = client.get_node(f"ns={index};s=lathe-1.State")
        assert await state.read_value() == 0
        mes.system.admin("POST", "machines/lathe-1", {"state": "fault", "stopCode": "E-207", "hours": 1})
        stopped = client.get_node(f"ns={index};s=lathe-1.StopCode")
        for _ in range(5000):
            if await stopped.read_value() == "E-207":
                break
        assert (await stopped.read_value(), await state.read_value()) == ("E-207", 2)
        assert mes.get("changes?size=2000&types=machine.stopped")[-1]["payload"]["machineCode"] == "lathe-1"
    mes.system.admin("POST", "machines/lathe-1", {"state": "idle"})
    assert {row["machineCode"]: row["state"] for row in mes.get("machines")}["lathe-1"] == "idle"
    assert mes.get("changes?size=2000&types=machine.resumed")[-1]["payload"]["stopCode"] is None


def test_time_makes_an_order_by_itself_with_rework_scrap_and_signed_callbacks(
    plant: Plant, tmp_path: Path, hook: Hook
) -> None:
    options = ("--speed", "1", "--seed", "7", "--scrap", "0.05", "--opcua", "off")
    mes = Mes(plant.start("mes", tmp_path, *options, "--webhook", hook.url))
    body = {"externalOrderNo": "A-1", "itemCode": "BX-F210", "quantity": "500"}
    mes.post("work-orders", **body)
    mes.system.admin("POST", "advance", {"hours": 96})
    order = mes.get("work-orders/A-1")
    assert order["status"] == "completed"
    assert int(order["completedQty"]) + int(order["scrapQty"]) == 500
    reports = mes.get("reports?workOrderNo=A-1")
    for operation in order["operations"]:
        good = sum(int(r["goodQty"]) for r in reports if r["operationSeq"] == operation["seq"])
        assert good == int(operation["goodQty"])
    told = mes.get("changes?size=2000")
    got = [hook.next() for _ in told]
    assert {headers["webhook-id"] for headers, _ in got} == {f"evt_{event['seq']}" for event in told}
    assert json.loads(got[0][1])["eventType"] == "workOrder.accepted"
    assert "rework.finished" in mes.events("A-1")
    mes.system.kill()
    again = Mes(plant.start("mes", tmp_path, "--opcua", "off"))
    assert again.get("work-orders/A-1") == order


def test_a_lost_reply_has_created_the_order_and_the_same_call_finds_it(mes: Mes) -> None:
    number = mes.system.fault(kind="lost_reply", match="workOrders.create", count=1)
    body = {"externalOrderNo": "W-8", "itemCode": "BX-F210", "quantity": "10"}
    with pytest.raises(ConnectionError):
        mes.ask("POST", "work-orders", body)
    assert mes.ask("POST", "work-orders", body).json["data"]["existing"]
    mes.system.admin("DELETE", f"faults/{number}")
    until(lambda: mes.get("work-orders/W-8")["status"] == "accepted")
