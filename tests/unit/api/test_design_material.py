"""What a drawing can be made of: events that begin it, forms as tasks, mappings to choose; past events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.packs import files_in, folder_of
from lineshaft.engine.intake import Incoming
from unit.api.conftest import Client
from unit.api.test_promotion import Named

GREETS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
<message id="m" name="crm-order-confirmed"/>
<process id="greet" name="问候 Greet" isExecutable="true">
<startEvent id="came"><messageEventDefinition messageRef="m"/></startEvent>
<sequenceFlow id="f1" sourceRef="came" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
DRAWN = {"process_id": "greet", "files": [{"path": "processes/greet.bpmn", "text": GREETS}]}


@pytest.fixture
async def hub() -> AsyncIterator[Client]:
    """A hub with the pack that has everything but a process."""
    options: dict[str, Any] = {"store.url": "memory:", "console.environment": "test"}
    built = build(read_config(options=options), {}, tokens=Named())
    await built.open()
    client = Client(built)
    files = [
        {"path": path, "text": content.decode()}
        for path, content in files_in(folder_of("first-process")).items()
    ]
    made = await client("POST", "/api/v1/releases", {"files": files}, token="engineer:e")
    assert made.status == 201, made.content
    yield client
    await built.stop()


async def _templates(hub: Client, language: str) -> dict[str, Any]:
    headers = {"accept-language": language}
    answer = await hub("GET", "/api/v1/design/templates", token="engineer:e", headers=headers)
    return {each["id"]: each for each in answer.json["items"]}


async def test_an_event_that_a_route_brings_is_a_start_to_choose(hub: Client) -> None:
    found = (await _templates(hub, "zh-CN"))["lineshaft.event.crm-order-confirmed"]
    assert found["name"] == "订单已确认"
    assert "crm.sales_order.confirmed" in found["description"]
    assert "order" in found["description"]
    assert found["elementType"] == {
        "value": "bpmn:StartEvent",
        "eventDefinition": "bpmn:MessageEventDefinition",
    }
    assert (await _templates(hub, "en"))["lineshaft.event.crm-order-confirmed"]["name"] == "Order confirmed"


async def test_a_form_is_a_task_with_its_fields_and_a_role_to_choose(hub: Client) -> None:
    found = (await _templates(hub, "en"))["lineshaft.form.approve-order"]
    assert found["name"] == "Task for a person · Approve an order"
    bindings = [each["binding"] for each in found["properties"]]
    assert {"type": "zeebe:userTask"} in bindings
    assert {"type": "zeebe:input", "name": "customer"} in bindings
    assert {"type": "zeebe:output", "source": "=get or else(decision, null)"} in bindings
    [role] = [each for each in found["properties"] if each.get("id") == "role"]
    assert {"name": "Finance", "value": "finance"} in role["choices"]


async def test_the_mapping_of_a_task_is_chosen_by_its_name(hub: Client) -> None:
    properties = (await _templates(hub, "zh-CN"))["lineshaft.hub.map"]["properties"]
    [mapping] = [each for each in properties if each.get("id") == "input-mapping"]
    assert mapping["choices"] == [{"name": "CRM 订单 → ERP 订单", "value": '="order-to-erp"'}]


async def test_what_came_in_before_is_material_for_a_test_run(hub: Client) -> None:
    order = {"order_no": "SO-7", "lines": []}
    await hub.hub.intake.accept(
        [
            Incoming("crm", "e1", "crm.sales_order.confirmed", {"order": order}, key="SO-7"),
            Incoming("crm", "e2", "crm.sales_order.changed", {"order": order}, key="SO-7"),
            # Of a shape that the route does not understand.
            Incoming("crm", "e3", "crm.sales_order.confirmed", {"strange": 1}, key="SO-8"),
        ]
    )
    answer = await hub("POST", "/api/v1/design/past-events", DRAWN, token="engineer:e")
    assert answer.status == 200, answer.content
    [found] = [each for each in answer.json["items"] if each["variables"]["order"] is not None]
    assert (found["id"], found["start"], found["variables"]) == ("e1", "came", {"order": order})
    wish = {**DRAWN, "variables": found["variables"], "start": found["start"]}
    run = await hub("POST", "/api/v1/design/rehearsal", wish, token="engineer:e")
    assert run.json["state"] == "completed"


async def test_whoever_sees_no_values_sees_no_past_events(hub: Client) -> None:
    assert (await hub("POST", "/api/v1/design/past-events", DRAWN, token="sales:s")).status == 403


SAVES = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="saving" name="保存 Save" isExecutable="true"><startEvent id="start"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="map"/>
<serviceTask id="map"><extensionElements><zeebe:taskDefinition type="hub.map"/><zeebe:ioMapping>
<zeebe:input source="=&quot;order-to-erp&quot;" target="mapping"/>
<zeebe:input source="=order" target="record"/>
<zeebe:output source="=result" target="document"/></zeebe:ioMapping></extensionElements></serviceTask>
<sequenceFlow id="f2" sourceRef="map" targetRef="save"/>
<serviceTask id="save"><extensionElements><zeebe:taskDefinition type="erp.sales_order.save"/><zeebe:ioMapping>
<zeebe:input source="=document" target="document"/></zeebe:ioMapping></extensionElements></serviceTask>
<sequenceFlow id="f3" sourceRef="save" targetRef="end"/><endEvent id="end"/></process></definitions>
"""
LINE = {
    "line_no": 1, "model": "BX-1", "unit": "套", "quantity": "20", "unit_price": "100.0000",
    "tax_rate": "0.13", "discount": "0", "status": "open",
}  # fmt: skip
ORDER = {
    "order_no": "SO-9", "account_no": "KH-1", "order_date": "2026-03-02", "due_date": None, "currency": "CNY",
    "price_includes_tax": True, "lines": [LINE],
}  # fmt: skip


async def _rehearsed(hub: Client, order: dict[str, Any]) -> dict[str, Any]:
    wish = {
        "process_id": "saving",
        "files": [{"path": "processes/save.bpmn", "text": SAVES}],
        "variables": {"order": order},
    }
    answer = await hub("POST", "/api/v1/design/rehearsal", wish, token="engineer:e")
    assert answer.status == 200, answer.content
    found: dict[str, Any] = answer.json
    return found


async def test_a_rehearsal_maps_as_it_will_and_names_codes_that_nobody_knows(hub: Client) -> None:
    run = await _rehearsed(hub, ORDER)
    [waits] = run["waiting"]
    assert (waits["element"], waits["name"]) == ("save", "erp.sales_order.save")
    document = waits["payload"]["document"]
    assert (document["CustomerNo"], document["SourceBillNo"]) == ("<customer KH-1>", "SO-9")
    assert (document["Lines"][0]["Qty"], document["Lines"][0]["TaxRate"]) == ("20", "13")


async def test_a_rehearsal_stands_where_the_mapping_finds_no_record(hub: Client) -> None:
    run = await _rehearsed(hub, {**ORDER, "lines": []})
    assert run["state"] != "completed"
    assert run["troubles"], run
