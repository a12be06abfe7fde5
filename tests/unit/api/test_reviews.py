"""Business and IT on one drawing: two views, comments on nodes, signatures of the same version (L12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.engine.releases import files_of
from unit.api.conftest import Client
from unit.api.test_people_api import Named

PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="buy" name="采购 Purchase" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="approve"/>
<userTask id="approve" name="审批 Approve"><documentation>超过 5 万元须附合同。</documentation>
<extensionElements><zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="finance"/>
<zeebe:ioMapping><zeebe:input source="=request.amount" target="amount"/></zeebe:ioMapping>
</extensionElements></userTask>
<sequenceFlow id="f2" sourceRef="approve" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
BUSINESS, TECHNICAL, NEITHER = "finance:chen", "engineer:wu", "auditor:he"


def files(process: str) -> Any:
    head = b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n"
    return files_of({"pack.yaml": head, "processes/buy.bpmn": process.encode()})


@pytest.fixture
async def api() -> AsyncIterator[Client]:
    hub = build(read_config(options={"store.url": "memory:"}), {}, tokens=Named())
    await hub.open()
    await hub.publish(files(PROCESS), by="test", note="")
    client = Client(hub)
    for login in ("chen", "wu", "he"):
        user = {"login": login, "name": login}
        assert (await client("POST", "/api/v1/users", user, token="administrator:r")).status == 201
    yield client
    await hub.stop()


async def review(api: Client, token: str = BUSINESS) -> Any:
    return (await api("GET", "/api/v1/processes/buy/review", token=token)).json


async def test_one_node_says_to_each_side_what_it_needs(api: Client) -> None:
    found = await review(api)
    [approve] = [each for each in found["nodes"] if each["element"] == "approve"]
    assert approve["title"] == {"zh": "审批", "en": "Approve"}
    assert (approve["who"], approve["about"]) == (["finance"], "超过 5 万元须附合同。")
    assert approve["inputs"] == [{"name": "amount", "value": "=request.amount"}]
    assert [(await review(api, each))["side"] for each in (BUSINESS, TECHNICAL, NEITHER)] == [
        "business", "technical", None,
    ]  # fmt: skip


async def test_comments_stand_at_their_node_until_somebody_deals_with_them(api: Client) -> None:
    path = "/api/v1/processes/buy/comments"
    said = {"element": "approve", "text": "五万以下不必审批"}
    made = await api("POST", path, said, token=BUSINESS)
    assert made.status == 201
    for wish, code in (
        ({"text": " "}, "comment_invalid"),
        ({"text": "x", "element": "no"}, "element_unknown"),
    ):
        refused = await api("POST", path, wish, token=BUSINESS)
        assert (refused.status, refused.json["code"]) == (400, code)
    assert (await api("POST", path, said, token=NEITHER)).status == 403
    found = await review(api)
    [comment] = found["comments"]
    assert (comment["by"], comment["side"], comment["of_this_version"]) == ("chen", "business", True)
    assert [each["open_comments"] for each in found["nodes"] if each["element"] == "approve"] == [1]
    # The drawing changes: the comment stays, and says that it is about an earlier one.
    await api.hub.publish(files(PROCESS.replace("审批 Approve", "财务审批 Approve")), by="test", note="")
    assert [each["of_this_version"] for each in (await review(api))["comments"]] == [False]
    close = f"{path}/{made.json['id']}/close"
    assert (await api("POST", close, {}, token=TECHNICAL)).status == 200
    assert (await api("POST", f"{path}/none/close", {}, token=TECHNICAL)).status == 404
    [comment] = (await review(api))["comments"]
    assert comment["closed_by"] == "wu"
    assert all(each["open_comments"] == 0 for each in (await review(api))["nodes"])


async def test_both_sides_sign_the_same_version_and_a_change_is_signed_anew(api: Client) -> None:
    path = "/api/v1/processes/buy/signatures"
    digest = (await review(api))["digest"]
    assert (await api("POST", path, {"digest": digest}, token=NEITHER)).status == 403
    for token in (BUSINESS, BUSINESS):
        assert (await api("POST", path, {"digest": digest, "note": "可以"}, token=token)).status == 201
    found = await review(api)
    assert [(each["by"], each["side"], each["note"]) for each in found["signatures"]] == [
        ("chen", "business", "可以")
    ]
    assert not found["agreed"], "IT has not signed"
    assert (await api("POST", path, {"digest": digest}, token=TECHNICAL)).status == 201
    assert (await review(api))["agreed"]
    await api.hub.publish(files(PROCESS.replace("5 万", "8 万")), by="test", note="")
    changed = await review(api)
    assert (changed["agreed"], changed["signatures"]) == (False, [])
    stale = await api("POST", path, {"digest": digest}, token=BUSINESS)
    assert (stale.status, stale.json["code"]) == (409, "version_changed")
    # What was signed is signed again by nobody once the drawing is what it was.
    await api.hub.publish(files(PROCESS), by="test", note="")
    assert (await review(api))["agreed"]
    audit = (await api("GET", "/api/v1/audit?action=process.signed", token="administrator:r")).json["items"]
    assert {each["subject"] for each in audit} == {"buy"}
