"""Drafts are checked, published, compared and taken back by the rules of every release (E1, E2, F5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from unit.api.conftest import Client
from unit.api.test_promotion import ERP, Named

PACK = "format: 1\nname: orders\nversion: 1.0.0\ntitle: {zh: 订单, en: Orders}\n"
PATH = "processes/order.bpmn"
ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="order" name="订单 Order" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="create"/>
<serviceTask id="create"><extensionElements><zeebe:taskDefinition type="{operation}"/>
<zeebe:ioMapping><zeebe:input source="=order.no" target="number"/>
<zeebe:output source="=bill" target="bill"/></zeebe:ioMapping></extensionElements></serviceTask>
<sequenceFlow id="f2" sourceRef="create" targetRef="large"/>
<exclusiveGateway id="large" default="f4"/>
<sequenceFlow id="f3" sourceRef="large" targetRef="ask"><conditionExpression>=order.amount &gt; 1000
</conditionExpression></sequenceFlow>
<sequenceFlow id="f4" sourceRef="large" targetRef="end"/>
<userTask id="ask" name="Approve"><extensionElements><zeebe:userTask/></extensionElements></userTask>
<sequenceFlow id="f5" sourceRef="ask" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
GOOD = ORDER.replace("{operation}", "erp.order.create")


async def _hub(environment: str, *asked: str) -> AsyncIterator[Client]:
    options: dict[str, Any] = {"store.url": "memory:", "console.environment": environment}
    if asked:
        options["security.two_persons"] = list(asked)
    hub = build(read_config(options=options), {}, tokens=Named())
    await hub.open()
    yield Client(hub)
    await hub.stop()


@pytest.fixture
async def designed() -> AsyncIterator[Client]:
    async for each in _hub("test"):
        yield each


@pytest.fixture
async def live_hub() -> AsyncIterator[Client]:
    async for each in _hub("production", "production"):
        yield each


async def _deploy(hub: Client) -> None:
    files = [{"path": "pack.yaml", "text": PACK}, {"path": "systems/erp.yaml", "text": ERP}]
    made = await hub("POST", "/api/v1/releases", {"files": files}, token="engineer:e")
    if made.status == 202:
        await _approve(hub, made.json["id"])


async def _approve(hub: Client, proposal: str) -> None:
    done = await hub("POST", f"/api/v1/proposals/{proposal}/approve", {}, token="administrator:second")
    assert done.status == 200, done.content


async def _ask(hub: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await hub(method, f"/api/v1{path}", body, token="engineer:e", headers=sent)


async def _save(hub: Client, content: str, etag: str | None = None) -> Any:
    headers = {"if_match": etag} if etag else {}
    return await _ask(hub, "PUT", f"/drafts/{PATH}", {"text": content}, **headers)


async def _publish(hub: Client, etag: str) -> Any:
    active = (await _ask(hub, "GET", "/design/files")).json["active"]
    wish = {"drafts": {PATH: etag}, "active": active, "note": "first"}
    return await _ask(hub, "POST", "/drafts", wish)


async def test_what_somebody_else_saved_meanwhile_is_not_overwritten(designed: Client) -> None:
    first = (await _save(designed, "one")).json["etag"]
    second = await _save(designed, "two", first)
    assert second.status == 200
    late = await _save(designed, "three", first)
    assert (late.status, late.json["code"]) == (412, "version_changed")
    assert (await _save(designed, "four")).status == 428
    found = (await _ask(designed, "GET", f"/design/files/{PATH}")).json
    assert (found["draft"]["text"], found["released"]) == ("two", None)
    gone = await _ask(designed, "DELETE", f"/drafts/{PATH}", if_match=second.json["etag"])
    assert gone.status == 204
    assert (await _save(designed, "five", second.json["etag"])).status == 412


@pytest.mark.parametrize("path", ["order.bpmn", "processes/order.py", "processes/../x.bpmn", "other/a.bpmn"])
async def test_only_files_that_a_pack_may_hold_become_drafts(designed: Client, path: str) -> None:
    assert (await _ask(designed, "PUT", f"/drafts/{path}", {"text": "x"})).status in (400, 404)


async def test_findings_name_the_element_and_come_from_the_engines_own_checks(designed: Client) -> None:
    await _deploy(designed)
    wrong = ORDER.replace("{operation}", "erp.order.creat").replace("=bill", "=bill +")
    files = [{"path": PATH, "text": wrong}]
    found = (await _ask(designed, "POST", "/design/check", {"files": files})).json
    assert not found["ok"]
    assert {(each["path"], each["element"]) for each in found["findings"]} == {(PATH, "create")}
    misspelt = [{"path": PATH, "text": ORDER.replace("{operation}", "erp.order.creat")}]
    found = (await _ask(designed, "POST", "/design/check", {"files": misspelt})).json
    [finding] = [each for each in found["findings"] if each["severity"] == "error"]
    assert (finding["path"], finding["element"], finding["code"]) == (PATH, "create", "operation_unknown")
    assert "order.create" in finding["hint"]["en"]
    good = [{"path": PATH, "text": GOOD}]
    assert (await _ask(designed, "POST", "/design/check", {"files": good})).json["ok"]


async def test_expressions_are_read_by_the_engines_parser(designed: Client) -> None:
    good = (await _ask(designed, "POST", "/design/expression", {"text": "=order.amount > limit"})).json
    assert (good["ok"], good["names"]) == (True, ["limit", "order"])
    wrong = (await _ask(designed, "POST", "/design/expression", {"text": "=1 +"})).json
    assert (wrong["ok"], wrong["line"]) == (False, 1)
    assert wrong["message"]["zh"]
    cell = {"text": "< 5, [10..20]", "kind": "tests"}
    assert (await _ask(designed, "POST", "/design/expression", cell)).json["ok"]


async def test_every_operation_is_a_template(designed: Client) -> None:
    await _deploy(designed)
    items = (await _ask(designed, "GET", "/design/templates", accept_language="zh-CN")).json["items"]
    kinds = {each["properties"][0]["value"]: each for each in items}
    assert kinds["erp.order.create"]["name"] == "ERP · 建单"
    assert "hub.map" in kinds


async def test_a_draft_becomes_a_release_and_an_earlier_release_comes_back(designed: Client) -> None:
    await _deploy(designed)
    first = (await _ask(designed, "GET", "/design/files")).json["active"]
    stale = (await _save(designed, GOOD)).json["etag"]
    etag = (await _save(designed, GOOD.replace("Approve", "同意 Approve"), stale)).json["etag"]
    late = await _publish(designed, stale)
    assert (late.status, late.json["code"]) == (409, "draft_changed")
    made = await _publish(designed, etag)
    assert (made.status, made.json["processes"]) == (201, ["order"])
    [kept] = [each for each in (await _ask(designed, "GET", "/design/files")).json["items"] if each["names"]]
    assert (kept["path"], kept["draft"], kept["names"][0]["title"]["zh"]) == (PATH, None, "订单")
    history = (await _ask(designed, "GET", "/releases/history")).json["items"]
    assert [each["active"] for each in history] == [True, False]
    old = {"active": first}
    assert (await _ask(designed, "POST", f"/releases/{first}/activate", old)).status == 409
    back = await _ask(designed, "POST", f"/releases/{first}/activate", {"active": made.json["id"]})
    assert (back.status, back.json["processes"]) == (201, [])


async def test_in_production_a_second_person_publishes_a_draft(live_hub: Client) -> None:
    await _deploy(live_hub)
    etag = (await _save(live_hub, GOOD)).json["etag"]
    made = await _publish(live_hub, etag)
    assert (made.status, made.json["status"]) == (202, "proposed")
    assert (await _ask(live_hub, "GET", "/processes")).json["items"] == []
    own = await _ask(live_hub, "POST", f"/proposals/{made.json['id']}/approve", {})
    assert own.status == 403
    await _approve(live_hub, made.json["id"])
    assert [each["id"] for each in (await _ask(live_hub, "GET", "/processes")).json["items"]] == ["order"]
    assert (await _ask(live_hub, "GET", f"/design/files/{PATH}")).json["draft"] is None


async def test_who_may_only_look_changes_nothing(designed: Client) -> None:
    for method, path, body in (
        ("PUT", f"/drafts/{PATH}", {"text": "x"}),
        ("POST", "/drafts", {"drafts": {}, "active": None}),
        ("POST", "/design/check", {"files": []}),
        ("POST", "/design/rehearsal", {"process_id": "order"}),
    ):
        assert (await designed(method, f"/api/v1{path}", body, token="viewer:v")).status == 403


async def test_a_rehearsal_shows_the_way_and_what_would_be_sent(designed: Client) -> None:
    await _deploy(designed)
    wish: dict[str, Any] = {
        "process_id": "order",
        "files": [{"path": PATH, "text": GOOD}],
        "variables": {"order": {"no": "SO-1", "amount": 5000}},
    }
    stands = (await _ask(designed, "POST", "/design/rehearsal", wish)).json
    assert stands["waiting"] == [
        {"element": "create", "kind": "call", "name": "erp.order.create", "payload": {"number": "SO-1"}}
    ]
    wish["answers"] = [{"element": "create", "variables": {"bill": "B-7"}}, {"element": "ask"}]
    ended = (await _ask(designed, "POST", "/design/rehearsal", wish)).json
    assert (ended["state"], ended["done"]) == ("completed", ["start", "create", "large", "ask", "end"])
    assert ended["variables"]["bill"] == "B-7"
    assert ended["flows"] == ["f1", "f2", "f3", "f5"]
