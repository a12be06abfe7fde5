"""待匹配: orders wait for exactly one product, are one line, and go on in order when it is bound."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from simulation.processes import Flow, file_of
from support.waiting import until
from unit.api.conftest import FixedTokens

MAPPING = b"""format: 1
name: order
from: crm.order
to: erp.order
fields:
  Material: {lookup: {kind: product, from: crm, to: erp, id: record.item}}
"""
FLOWS = b"""format: 1
routes:
  - {on: shop.order, start: order, key: data.order, variables: {order: data.order, record: data}}
  - {on: lineshaft.reference.missing, start: steward, key: data.id, variables: {missing: data}}
"""
OBJECTS = """format: 1
objects:
  - {type: product, label: {zh: 物料, en: material}, several: [crm]}
""".encode()
STATES = b"""format: 1
documents:
  - document: sales_order
    states: {open: {zh: a, en: Open}, closed: {zh: b, en: Closed}}
    systems: {erp: {A: open, Z: closed}, crm: {offen: open}}
"""
TASK = (
    '<bpmn:extensionElements><zeebe:taskDefinition type="hub.map"/><zeebe:ioMapping>'
    '<zeebe:input source="=&quot;order&quot;" target="mapping"/>'
    '<zeebe:input source="=record" target="record"/>'
    '<zeebe:output source="=result.Material" target="material"/>'
    "</zeebe:ioMapping></bpmn:extensionElements>"
)


def files() -> dict[str, bytes]:
    order = (
        Flow()
        .element("startEvent", "start")
        .element("serviceTask", "map", TASK)
        .element("boundaryEvent", "refused", "<bpmn:errorEventDefinition/>", ' attachedToRef="map"')
        .element("endEvent", "end")
        .element("endEvent", "given_up")
        .chain("start", "map", "end")
        .link("refused", "given_up")
    )
    steward = (
        Flow()
        .element("startEvent", "start")
        .element("userTask", "bind")
        .element("endEvent", "end")
        .chain("start", "bind", "end")
    )
    return {
        "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
        "mappings/order.yaml": MAPPING,
        "flows/routes.yaml": FLOWS,
        "references/objects.yaml": OBJECTS,
        "states/documents.yaml": STATES,
        "processes/order.bpmn": file_of("order", order),
        "processes/steward.bpmn": file_of("steward", steward),
    }


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Hub]:
    config = folder / "hub.toml"
    config.write_text("[engine]\npoll_s = 0.1\nheartbeat_s = 0.2\n", encoding="utf-8")
    hub = build(read_config(file=config, options={"data_dir": str(folder)}), {}, tokens=FixedTokens())
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def ask(hub: Hub, method: str, path: str, body: object = None) -> Any:
    sent = {
        "authorization": "Bearer admin-token",
        "content-type": "application/json",
        "accept-language": "zh",
    }
    content = json.dumps(body).encode() if body is not None else b""
    status, answer = await call_asgi(hub.application, method, f"/api/v1{path}", sent, content)
    assert status < 300, answer
    return json.loads(answer)


async def order(hub: Hub, number: str, item: str) -> None:
    facts = {"order": number, "item": item}
    await hub.intake.accept([Incoming("shop", number, "shop.order", facts, key=number)])


async def count(hub: Hub, reference: str) -> int:
    found = await hub.store.awaited(hub.scope, references=[reference])
    return found[0].effects if found else 0


async def ended(hub: Hub, element: str) -> list[str]:
    page = await hub.store.instances(hub.scope, process_id="order", status="completed", limit=500)
    out = []
    for each in page.items:
        trail = await ask(hub, "GET", f"/instances/{each.id}")
        if element in json.dumps(trail):
            out.append(each.business_key or "")
    return sorted(out)


@pytest.mark.timeout(60)
async def test_fourteen_orders_wait_for_one_material_and_go_on_when_it_is_bound(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.publish(files_of(files()), by="test", note="")
        known = {"object_type": "product", "system": "erp", "local_id": "WL-0077", "label": "轴承 M77"}
        await ask(hub, "PUT", "/bindings", {"items": [known]})
        for n in range(14):
            await order(hub, f"SO-{n:02}", "M-77")
        await order(hub, "SO-99", "M-78")

        async def all_wait() -> bool:
            return (await count(hub, "product:crm:M-77"), await count(hub, "product:crm:M-78")) == (14, 1)

        await until(all_wait)
        lines = (await ask(hub, "GET", "/waiting-references"))["items"]
        assert [each["text"]["zh"] for each in lines] == [
            "14 条单据等待物料 M-77(crm)",
            "1 条单据等待物料 M-78(crm)",
        ]
        assert lines[0]["text"]["en"] == "14 wait for material M-77 (crm)"
        found = await ask(hub, "GET", "/waiting-references/product:crm:M-77")
        assert [each["number"] for each in found["items"]] == [f"SO-{n:02}" for n in range(14)]
        [candidate, *_] = found["candidates"]
        assert candidate["ids"] == {"erp": "WL-0077"}

        # A steward is asked once for each reference.
        async def asked() -> bool:
            page = await hub.store.instances(hub.scope, process_id="steward")
            return sorted(each.business_key or "" for each in page.items) == ["M-77", "M-78"]

        await until(asked)

    # Another process carries on with what waits.
    async with running(tmp_path) as hub:
        same = candidate["object_id"]
        wish = {"object_type": "product", "system": "crm", "local_id": "M-77", "object_id": same}
        await ask(hub, "PUT", "/bindings", {"items": [wish], "why": "same bearing"})

        async def through() -> bool:
            page = await hub.store.instances(hub.scope, process_id="order", status="completed", limit=50)
            return len(page.items) == 14

        await until(through)
        assert await count(hub, "product:crm:M-77") == 0
        assert await count(hub, "product:crm:M-78") == 1
        await ask(hub, "POST", "/waiting-rejections", {"reference": "product:crm:M-78", "reason": "不再生产"})

        async def given_up() -> bool:
            page = await hub.store.instances(hub.scope, process_id="order", status="completed", limit=50)
            return len(page.items) == 15

        await until(given_up)
        assert await ended(hub, "given_up") == ["SO-99"]
        [effect] = (await hub.store.effects(hub.scope, business_key="SO-99")).items
        assert (effect.status, effect.error_text) == ("refused", "不再生产")


@pytest.mark.timeout(60)
async def test_cross_references_go_out_to_excel_and_come_back(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.publish(files_of(files()), by="test", note="")
        await ask(
            hub,
            "PUT",
            "/bindings",
            {
                "items": [
                    {"object_type": "product", "system": "erp", "local_id": "E1", "siblings": {"crm": "C1"}},
                    {"object_type": "product", "system": "crm", "local_id": "C2", "siblings": {"erp": "E1"}},
                ]
            },
        )
        book = await ask(hub, "GET", "/binding-workbook")
        same = await ask(hub, "POST", "/binding-workbook", {"content": book["content"], "dry_run": True})
        assert same == {"rows": 1, "changed": 0, "problems": [], "written": False}

        from lineshaft.mapping import Binding
        from lineshaft.mapping.workbook import references_to_workbook

        rows = [
            Binding("product", {"erp": "E1", "crm": "C3"}),
            Binding("product", {"erp": "E2", "crm": "C4"}),
        ]
        content = base64.b64encode(references_to_workbook(rows)).decode()
        done = await ask(hub, "POST", "/binding-workbook", {"content": content})
        assert (done["changed"], done["written"]) == (3, True)
        found = (await ask(hub, "GET", "/bindings/C3"))["items"]
        assert {each["local_id"] for each in found} == {"E1", "C1", "C2", "C3"}

        wrong = [Binding("product", {"erp": "E9", "hub": found[0]["object_id"]})]
        content = base64.b64encode(references_to_workbook(wrong)).decode()
        refused = await ask(hub, "POST", "/binding-workbook", {"content": content})
        assert (refused["written"], len(refused["problems"])) == (False, 1)
        assert "references!2" in refused["problems"][0]


@pytest.mark.timeout(60)
async def test_state_in_no_map_is_flagged_and_kept(tmp_path: Path) -> None:
    from lineshaft.sdk import DocumentFact

    async with running(tmp_path) as hub:
        await hub.publish(files_of(files()), by="test", note="")
        told = [
            DocumentFact("sales_order", "SO-1", "1", status="A"),
            DocumentFact("sales_order", "SO-2", "2", status="Q"),
        ]
        await hub.intake.accept([Incoming("erp", "e1", "x", {}, system="erp", documents=tuple(told))])
        found = await ask(hub, "GET", "/state-maps")
        assert found["unmapped"] == [
            {"document": "sales_order", "system": "erp", "state": "Q", "count": 1, "numbers": ["SO-2"]}
        ]
        query = "document=sales_order&system=erp&state=A&target=crm"
        there = await ask(hub, "GET", f"/state-map-check?{query}")
        assert there == {"state": "open", "target_state": "offen", "mapped": True, "raw": "A"}
        query = "document=sales_order&system=erp&state=Z&target=crm"
        assert (await ask(hub, "GET", f"/state-map-check?{query}"))["mapped"] is False
        await hub.keeping.states.look()
        await hub.keeping.states.look()
        alerts = (await ask(hub, "GET", "/alerts"))["items"]
        assert [(each["kind"], each["key"]) for each in alerts] == [("state", "SO-2")]
        [kept] = await hub.store.documents(hub.scope, ["erp/sales_order/2"])
        assert kept.status == "Q"
