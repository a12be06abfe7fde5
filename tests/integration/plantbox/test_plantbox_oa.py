"""The OA as a hub and an approver on the phone meet it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Hook, Plant, System, call

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Oa:
    """A caller with a token."""

    def __init__(self, system: System) -> None:
        self.system = system
        asked = {"appid": "oa-app", "secret": "oa-demo-secret"}
        token = call("POST", f"{system.url}/api/oa/token", None, asked).json["data"]["token"]
        self.headers = {"appid": "oa-app", "token": token}

    def post(self, name: str, **body: Any) -> Any:
        return call("POST", f"{self.system.url}/api/oa/workflow/{name}", body, self.headers).json

    def get(self, path: str) -> Any:
        return call("GET", f"{self.system.url}/api/oa/workflow/{path}", None, self.headers).json

    def start(self, key: str, **more: Any) -> Any:
        body = {
            "workflowCode": "FHSP",
            "businessKey": key,
            "requestName": f"发货审批 {key}",
            "creator": "销售部",
            "approverRole": "销售总监",
            "mainData": [{"fieldName": "khmc", "fieldValue": "北辰汽配贸易有限公司"}],
            "detailData": [
                [{"fieldName": "cpxh", "fieldValue": "BX-F210"}, {"fieldName": "sl", "fieldValue": "500"}]
            ],
            **more,
        }
        return self.post("create", **body)


@pytest.fixture(scope="module")
def running(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Oa:
    return Oa(shared_plant.start("oa", tmp_path_factory.mktemp("oa"), "--speed", "1"))


@pytest.fixture
def oa(running: Oa) -> Iterator[Oa]:
    yield running
    running.system.admin("DELETE", "faults")


def test_without_a_token_the_answer_is_200_with_a_code(oa: Oa) -> None:
    answer = call("GET", f"{oa.system.url}/api/oa/workflow/list")
    assert (answer.status, answer.json["code"]) == (200, "TOKEN_INVALID")


def test_a_workflow_is_started_once_per_business_key(oa: Oa) -> None:
    first, again = oa.start("K-1"), oa.start("K-1")
    assert (first["data"]["existing"], again["data"]["existing"]) == (False, True)
    assert first["data"]["requestId"] == again["data"]["requestId"]
    assert oa.start("K-1", requestName="etwas anderes")["code"] == "KEY_CONFLICT"
    assert oa.get("status?workflowCode=FHSP&businessKey=K-1")["data"]["status"] == "pending"
    assert oa.get("status?businessKey=K-0")["code"] == "NOT_FOUND"


def test_an_approval_says_who_when_and_why_and_stays(oa: Oa) -> None:
    number = oa.start("K-2")["data"]["requestId"]
    assert oa.post("urge", requestId=number, remark="客户催货")["data"]["urgeCount"] == 1
    done = oa.post("approve", requestId=number, approver="销售总监", remark="同意发货")["data"]
    assert (done["status"], done["approver"], done["remark"]) == ("approved", "销售总监", "同意发货")
    assert done["finishTime"] is not None
    assert oa.post("approve", requestId=number)["data"]["alreadyDone"]
    assert oa.post("reject", requestId=number, remark="doch nicht")["code"] == "STATE_ERROR"
    assert [row["action"] for row in oa.get(f"log?requestId={number}")["data"]["rows"]] == [
        "create", "urge", "approve",
    ]  # fmt: skip
    rows = oa.get("changes?count=2000")["data"]["rows"]
    assert [row["event"] for row in rows if row["businessKey"] == "K-2"] == [
        "workflow.created", "workflow.urged", "workflow.approved",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_phone_page_rejects_only_with_a_comment(oa: Oa, lang: str) -> None:
    number = oa.start(f"K-3-{lang}")["data"]["requestNo"]
    url = f"{oa.system.url}/requests/{number}"
    page = call("GET", f"{url}?lang={lang}").raw.decode()
    assert {"zh": "北辰汽配贸易有限公司", "en": "Approve"}[lang] in page
    assert {"zh": "仿真环境 · 1天=86400秒", "en": "Simulation"}[lang] in page
    assert "width=device-width" in page
    refused = call("POST", f"{url}/reject", b"remark=", FORM)
    assert "请填写意见" in refused.raw.decode()
    assert call("POST", f"{url}/reject", "remark=客户欠款".encode(), FORM).status == 303
    assert oa.get(f"status?requestId={number}")["data"]["remark"] == "客户欠款"
    assert number in call("GET", f"{oa.system.url}/done").raw.decode()
    other = call("POST", f"{url}/approve", b"", {**FORM, "Sec-Fetch-Site": "cross-site"})
    assert other.status == 403


def test_a_200_with_an_error_inside_has_started_nothing(oa: Oa) -> None:
    oa.system.fault(kind="ok_with_error", match="workflow.create", count=1)
    assert oa.start("K-4")["code"] == "SYSTEM_BUSY"
    assert oa.get("status?businessKey=K-4")["code"] == "NOT_FOUND"


def test_results_are_called_back_signed_even_twice_or_late(plant: Plant, tmp_path: Path, hook: Hook) -> None:
    oa = Oa(plant.start("oa", tmp_path, "--webhook", hook.url, "--approval", "auto", "--speed", "1"))
    oa.system.fault(kind="duplicate_webhook", match="webhook.workflow.approved", count=1)
    oa.start("K-5")
    oa.system.admin("POST", "advance", {"hours": 4})
    got = [hook.next(), hook.next()]
    events = [json.loads(body) for _, body in got]
    assert events[0] == events[1]
    assert (events[0]["event"], events[0]["businessKey"]) == ("workflow.approved", "K-5")
    assert events[0]["request"]["status"] == "approved"
    assert all(headers["webhook-signature"].startswith("v1,") for headers, _ in got)
    oa.system.fault(kind="late_webhook", match="webhook.workflow.*", ms=50, count=1)
    oa.start("K-6")
    oa.system.admin("POST", "advance", {"hours": 4})
    assert json.loads(hook.next()[1])["businessKey"] == "K-6"
