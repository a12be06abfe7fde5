"""``kill -9`` in the middle of writes: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import http.client
import random
import threading
from pathlib import Path

from integration.plantbox.conftest import Plant, call, crm_order, erp_order

BROKEN = (OSError, http.client.HTTPException, ValueError)
WRITERS = 6
AT_LEAST = 60


def test_every_answered_erp_document_survives_a_kill_with_its_lines(plant: Plant, tmp_path: Path) -> None:
    erp = plant.start("erp", tmp_path)
    answered: list[str] = []
    enough = threading.Event()

    def write(number: int) -> None:
        for index in range(10_000):
            try:
                answer = erp.erp("SalesOrder.Save", erp_order(f"K-{number}-{index}"))
            except BROKEN:
                return
            answered.append(answer["Data"]["BillNo"])
            if len(answered) >= AT_LEAST + random.Random(number).randrange(40):
                enough.set()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    erp.kill()
    for thread in threads:
        thread.join()
    again = plant.start("erp", tmp_path)
    data = again.erp("SalesOrder.Query", {"Limit": 2000})["Data"]
    assert set(answered) <= {order["BillNo"] for order in data["Rows"]}
    assert all(order["AllAmount"] == "10000.00" and len(order["Lines"]) == 1 for order in data["Rows"])
    assert data["Total"] <= len(answered) + WRITERS
    assert len({order["SourceBillNo"] for order in data["Rows"]}) == data["Total"]


def test_a_crm_order_and_its_event_survive_together(plant: Plant, tmp_path: Path) -> None:
    crm = plant.start("crm", tmp_path)
    numbers = []
    for _ in range(20):
        order = crm.crm("POST", "orders", crm_order()).json
        numbers.append(crm.crm("POST", f"orders/{order['id']}/confirm").json["order_no"])
    crm.kill()
    again = plant.start("crm", tmp_path)
    events = again.crm("GET", "changes?type=order.confirmed&limit=2000").json["items"]
    assert [event["subject"] for event in events] == numbers
    assert all(again.crm("GET", f"orders/{number}").json["status"] == "confirmed" for number in numbers)
    seqs = [event["seq"] for event in again.crm("GET", "changes?limit=2000").json["items"]]
    assert seqs == sorted(set(seqs))


def test_a_session_ends_with_the_process(plant: Plant, tmp_path: Path) -> None:
    erp = plant.start("erp", tmp_path)
    login = erp.erp("Auth.Login", {"AppId": "erp-app", "AppSecret": "erp-demo-secret"})["Data"]["SessionId"]
    erp.kill()
    again = plant.start("erp", tmp_path)
    answer = call("POST", f"{again.url}/ErpService/Customer.Query", {}, {"X-Session-Id": login}).json
    assert answer["Code"] == "1001"
