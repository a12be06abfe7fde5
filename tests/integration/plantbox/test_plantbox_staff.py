"""Personnel, directory, service desk and the account doors of the others, each as a process of its own."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call

HR = {"X-HR-Key": "hrm-demo-key"}
DESK = {"Authorization": "Token itsm-demo-token"}
SCIM = {"Authorization": "Bearer directory-demo-token"}
SMS = {"X-Sms-Key": "sms-demo-key"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def itsm(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("itsm", tmp_path_factory.mktemp("itsm"))


@pytest.fixture(scope="module")
def erp(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("erp", tmp_path_factory.mktemp("erp"), "--empty")


def hr(system: System, method: str, path: str, body: Any = None) -> Any:
    return call(method, f"{system.url}/hr/v2/{path}", body, HR)


def desk(system: System, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return call(method, f"{system.url}/itsm/v1/{path}", body, {**DESK, **headers})


def test_people_are_hired_moved_and_leave_on_their_day_and_cases_close_only_when_all_is_done(
    shared_plant: Plant, tmp_path: Path
) -> None:
    hrm = shared_plant.start("hrm", tmp_path)
    assert call("GET", f"{hrm.url}/hr/v2/staff").status == 401
    made = hr(hrm, "POST", "staff", {"post": "sales", "dept": "销售部", "firstDay": "2026-02-01"}).json[
        "data"
    ]
    no = made["staffNo"]
    assert (made["fullName"], made["status"]) == (f"员工 {no[1:]}", "applied")
    assert hr(hrm, "POST", f"staff/{no}/approve", {}).json["data"]["caseNo"] == f"{no}-1"
    items = [{"code": "mail", "kind": "account", "role": "standard"}, {"code": "badge", "kind": "thing"}]
    hr(hrm, "PUT", f"staff/{no}/case", {"caseNo": f"{no}-1", "items": items})
    back = {"caseNo": f"{no}-1", "code": "mail", "status": "done"}
    assert hr(hrm, "PUT", f"staff/{no}/items", back).status == 200
    refused = hr(hrm, "POST", f"staff/{no}/close", {"caseNo": f"{no}-1"})
    assert (refused.status, refused.json["data"]) == (409, {"open": ["badge"]})
    # Not ready one day before the start: told once.
    hrm.admin("POST", "advance", {"hours": 26 * 24})
    hrm.admin("POST", "advance", {"hours": 1})
    kinds = [each["eventType"] for each in hr(hrm, "GET", "changes").json["data"]]
    assert kinds.count("staff.start_near") == 1
    assert hr(hrm, "POST", f"staff/{no}/move", {"post": "buyer"}).json["errorCode"] == "CASE_OPEN"
    hr(hrm, "PUT", f"staff/{no}/items", {**back, "code": "badge"})
    # Planning the same case again opens nothing again.
    again = hr(hrm, "PUT", f"staff/{no}/case", {"caseNo": f"{no}-1", "items": items}).json["data"]
    assert {each["status"] for each in again["items"]} == {"done"}
    assert hr(hrm, "POST", f"staff/{no}/close", {"caseNo": f"{no}-1"}).json["data"]["caseStatus"] == "closed"
    assert hr(hrm, "POST", f"staff/{no}/move", {"post": "buyer"}).json["data"]["caseNo"] == f"{no}-2"
    past = hr(hrm, "PUT", f"staff/{no}/items", back)
    assert past.json["errorCode"] == "CASE_PAST"
    hr(hrm, "POST", f"staff/{no}/leave", {"lastDay": "2026-06-01"})
    assert hr(hrm, "GET", f"staff/{no}").json["data"]["status"] == "hired"
    hrm.admin("POST", "advance", {"hours": 200 * 24})
    person = hr(hrm, "GET", f"staff/{no}").json["data"]
    assert (person["status"], person["caseKind"], person["caseNo"]) == ("left", "leave", f"{no}-3")
    assert "Personnel" in call("GET", f"{hrm.url}/?lang=en").raw.decode()


def test_the_directory_speaks_scim_and_makes_nobody_twice(shared_plant: Plant, tmp_path: Path) -> None:
    there = shared_plant.start("directory", tmp_path)
    users = f"{there.url}/scim/v2/Users"
    assert call("GET", users).status == 401
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    body = {
        "schemas": [schema],
        "userName": "e1001",
        "displayName": "员工 1001",
        "roles": [{"value": "sales"}],
    }
    made = call("POST", users, body, SCIM)
    assert made.status == 201
    twice = call("POST", users, body, SCIM)
    assert (twice.status, twice.json["scimType"]) == (409, "uniqueness")
    found = call("GET", f"{users}?filter=userName%20eq%20%22E1001%22", None, SCIM).json
    assert (found["totalResults"], found["Resources"][0]["id"]) == (1, made.json["id"])
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }
    one = f"{users}/{made.json['id']}"
    first, second = (call("PATCH", one, patch, SCIM).json for _ in range(2))
    assert first["active"] is False
    # Switching off twice is one change.
    assert first["meta"]["version"] == second["meta"]["version"]
    assert first["roles"] == [{"value": "sales", "primary": True}]
    assert call("GET", f"{users}?filter=1%20or%201", None, SCIM).json["scimType"] == "invalidFilter"
    assert call("DELETE", one, None, SCIM).status == 405


def test_a_fault_is_reported_by_phone_with_a_photo_and_carried_to_its_article(itsm: System) -> None:
    mark = b"--x\r\n"
    form = b"".join(
        mark + b'Content-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in ((b"category", b"mechanical"), (b"asset", b"lathe-1"), (b"short_description", b"noise"))
    )
    form += (
        mark + b'Content-Disposition: form-data; name="photo"; filename="p.png"\r\n\r\n' + PNG + b"\r\n--x--"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    seen = call("POST", f"{itsm.url}/report", form, kind)
    assert seen.status == 303, seen.raw
    number = str(seen.headers["Location"]).rpartition("/")[2]
    ticket = desk(itsm, "GET", f"tickets/{number}").json["result"]
    assert (ticket["location"], ticket["state"], ticket["origin"]) == ("lathe", "new", "phone")
    photo = call("GET", itsm.url + ticket["photo"])
    assert (photo.raw, photo.headers["Content-Type"]) == (PNG, "image/png")
    bad = call("POST", f"{itsm.url}/report", form.replace(PNG, b"<script>"), kind)
    assert "Expected a PNG or JPEG" in bad.raw.decode()
    other = {**kind, "Sec-Fetch-Site": "cross-site"}
    assert call("POST", f"{itsm.url}/report", form, other).status == 403

    base = f"tickets/{number}"
    assert desk(itsm, "POST", f"{base}/start", {}).status == 409
    desk(itsm, "POST", f"{base}/assign", {"assignment_group": "机修班", "assigned_to": "机修工"})
    desk(itsm, "POST", f"{base}/start", {})
    parts = [{"material": "BJ-6204", "quantity": "2"}]
    work = {"cause": "轴承磨损", "resolution": "更换轴承", "work_minutes": 45, "parts": parts}
    assert desk(itsm, "POST", f"{base}/resolve", work).json["result"]["state"] == "resolved"
    again = desk(itsm, "POST", f"{base}/reopen", {"reason": "仍有异响"}).json["result"]
    assert (again["state"], again["round"], again["parts"]) == ("assigned", 2, [])
    desk(itsm, "POST", f"{base}/start", {})
    desk(itsm, "POST", f"{base}/resolve", work)
    desk(itsm, "POST", f"{base}/confirm", {})
    for _ in range(2):
        desk(itsm, "PUT", f"articles/{number}", {"title": "t", **work})
    assert len(desk(itsm, "GET", "articles").json["result"]) == 1
    assert desk(itsm, "POST", f"{base}/close", {}).json["result"]["state"] == "closed"


def test_alarms_of_one_machine_are_one_ticket_that_the_running_machine_confirms(itsm: System) -> None:
    alarm = {"origin": "machine", "category": "stop", "asset": "cut-1", "correlation_id": "cut-1",
             "short_description": "stopped"}  # fmt: skip
    first = desk(itsm, "POST", "tickets", alarm, **{"Idempotency-Key": "a"}).json["result"]
    desk(itsm, "POST", "tickets", alarm, **{"Idempotency-Key": "a"})
    second = desk(itsm, "POST", "tickets", alarm, **{"Idempotency-Key": "b"}).json["result"]
    # The same call again is no further alarm.
    assert (second["number"], second["occurrences"]) == (first["number"], 2)
    base = f"tickets/{first['number']}"
    desk(itsm, "POST", f"{base}/assign", {"assignment_group": "机修班"})
    desk(itsm, "POST", f"{base}/start", {})
    work = {"cause": "c", "resolution": "r"}
    assert desk(itsm, "POST", f"{base}/resolve", work).json["result"]["state"] == "resolved"
    running = desk(itsm, "POST", f"{base}/asset", {"asset_state": "running"}).json["result"]
    assert running["state"] == "confirmed"


def test_accounts_are_made_once_and_switched_off_once_in_every_system(
    shared_plant: Plant, erp: System, tmp_path: Path
) -> None:
    crm = shared_plant.start("crm", tmp_path / "crm", "--empty")
    mail = shared_plant.start("mail", tmp_path / "mail")
    box = f"{mail.url}/mail/v1/mailboxes"
    assert call("PUT", f"{box}/e1@factory.example", {}).json["result"] == 1
    for active in (False, True, True, False, False):
        crm.crm("PUT", "users/e1", {"profile": "sales", "is_active": active})
        erp.erp("Account.Save", {"UserNo": "e1", "RoleNo": "READ", "Enabled": active})
        call("PUT", f"{box}/e1@factory.example", {"enabled": active}, SMS)
    assert [each["what"] for each in crm.crm("GET", "users").json["history"]] == ["created", "disabled"]
    assert [each["What"] for each in erp.erp("Account.Query")["Data"]["History"]] == ["created", "disabled"]
    assert [e["what"] for e in call("GET", box, None, SMS).json["history"]] == ["created", "disabled"]


def test_a_repair_costs_once_parts_and_hours(erp: System) -> None:
    bill = {"SourceBillNo": "TK1/1", "MachineNo": "lathe-1", "Minutes": 45,
            "Lines": [{"MaterialNo": "BJ-6204", "Qty": "2"}]}  # fmt: skip
    for _ in range(2):
        assert erp.erp("Maintenance.Post", bill)["Data"]["Amount"] == "149.00"  # 2 × 38.50 + 0.75 h × 96
    assert erp.erp("Maintenance.Post", {**bill, "Minutes": 46})["Code"] == "2010"
    assert len(erp.erp("Maintenance.Query", {"MachineNo": "lathe-1"})["Data"]["Rows"]) == 1
