"""A system is upgraded under a running hub: what uses a changed field waits, the rest goes on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from integration.app.test_alerts import until
from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.base.scope import Scope
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from simulation.processes import Flow, file_of
from unit.api.conftest import FixedTokens

MANIFEST = """format: 1
name: erp
label: {zh: 金算 ERP, en: Abacus ERP}
auth: {kind: none}
product: {name: Abacus, versions: ["15"], path: /version, version: answer.version}
resources:
  order:
    label: {zh: 订单, en: Order}
    sample: {path: /fields, fields: answer.fields}
    changes:
      path: /orders
      records: answer.items
      cursor: {field: item.seq, start: "0"}
      interval_s: 0.1
      event_types: [erp.order]
      id: item.number
      type: '"erp.order"'
      subject: item.number
      data: {number: item.number, amount: item.amount}
operations:
  order.save:
    label: {zh: 保存订单, en: Save an order}
    path: /orders
    body: {number: payload.order, unit: '"pcs"'}
    safety: {kind: natural_key}
  order.close:
    label: {zh: 关闭订单, en: Close an order}
    path: /close
    body: {number: payload.order}
    safety: {kind: natural_key}
"""
FLOWS = """format: 1
routes:
  - {on: shop.save, start: save, key: data.order, variables: {order: data.order}}
  - {on: shop.close, start: close, key: data.order, variables: {order: data.order}}
"""


class Erp:
    """The upgraded system."""

    def __init__(self) -> None:
        self.fields: dict[str, tuple[str, bool]] = {
            "number": ("string", True),
            "unit": ("string", True),
            "amount": ("number", False),
        }
        self.version = "15.2"
        self.saved: list[str] = []
        self.closed: list[str] = []

    async def start(self) -> str:
        app = web.Application()
        app.router.add_get("/version", self.tell(lambda: {"version": self.version}))
        app.router.add_get("/fields", self.tell(self.described))
        app.router.add_get("/orders", self.tell(lambda: {"items": []}))
        app.router.add_post("/orders", self.taken(self.saved))
        app.router.add_post("/close", self.taken(self.closed))
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def described(self) -> dict[str, Any]:
        rows = [{"name": n, "type": t, "required": r} for n, (t, r) in self.fields.items()]
        return {"fields": rows}

    def tell(self, what: Any) -> Any:
        async def handler(request: web.Request) -> web.Response:
            return web.json_response(what())

        return handler

    def taken(self, where: list[str]) -> Any:
        async def handler(request: web.Request) -> web.Response:
            where.append((await request.json())["number"])
            return web.json_response({})

        return handler


@pytest.fixture
async def erp() -> AsyncIterator[tuple[Erp, str]]:
    erp = Erp()
    yield erp, await erp.start()
    await erp.runner.cleanup()


def files(manifest: str = MANIFEST) -> dict[str, bytes]:
    def process(name: str) -> bytes:
        flow = (
            Flow().element("startEvent", "start").element("endEvent", "end").call("it", f"erp.order.{name}")
        )
        return file_of(name, flow.chain("start", "it", "end"))

    return {
        "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
        "systems/erp.yaml": manifest.encode(),
        "flows/routes.yaml": (FLOWS + "sources:\n  - {system: erp, poll: order}\n").encode(),
        "processes/save.bpmn": process("save"),
        "processes/close.bpmn": process("close"),
    }


@contextlib.asynccontextmanager
async def running(folder: Path, url: str, *, publish: bool = True) -> AsyncIterator[Hub]:
    config = folder / "hub.toml"
    config.write_text(
        f'[engine]\npoll_s = 0.1\nheartbeat_s = 0.2\n[systems.erp]\nbase_url = "{url}"\n', encoding="utf-8"
    )
    hub = build(read_config(file=config, options={"data_dir": str(folder)}), {}, tokens=FixedTokens())
    await hub.start()
    try:
        if publish:
            await hub.publish(files_of(files()), by="test", note="")
        yield hub
    finally:
        await hub.stop()


async def ask(hub: Hub, method: str, path: str, **headers: str) -> tuple[int, Any]:
    sent = {"authorization": "Bearer admin-token", "content-type": "application/json", **headers}
    status, content = await call_asgi(hub.application, method, f"/api/v1{path}", sent, b"{}")
    return status, json.loads(content)


async def send(hub: Hub, kind: str, order: str) -> None:
    await hub.intake.accept(
        [Incoming("shop", f"{kind}-{order}", f"shop.{kind}", {"order": order}, key=order)]
    )


async def parked(hub: Hub) -> list[str]:
    page = await hub.store.effects(Scope.of_engine("default"), status="parked", limit=10)
    return [f"{each.business_key} {each.reference} {each.error_text}" for each in page.items]


async def until_parked(hub: Hub) -> str:
    found: list[str] = []

    async def look() -> None:
        found[:] = await parked(hub)

    for _ in range(200):
        await look()
        if found:
            return found[0]
        with contextlib.suppress(TimeoutError):
            await until(lambda: False, 0.02)
    raise AssertionError("nothing was parked")


async def test_a_renamed_field_stops_what_uses_it_until_a_person_accepts_it(
    tmp_path: Path, erp: tuple[Erp, str]
) -> None:
    system, url = erp
    async with running(tmp_path, url) as hub:
        assert (await ask(hub, "POST", "/systems/erp/drift/look"))[1]["state"] == "ok"
        system.fields["uom"] = system.fields.pop("unit")
        _, seen = await ask(hub, "POST", "/systems/erp/drift/look")
        kinds = {(each["field"], each["kind"]): each["operations"] for each in seen["differences"]}
        assert kinds == {
            ("unit", "removed"): ["order.save"],
            ("uom", "required"): ["order.save", "order.close"],
        }
        await send(hub, "save", "SO-1")
        words = await until_parked(hub)
        assert "schema:erp:order" in words
        assert "order.unit" in words
        assert not system.saved
        _, alerts = await ask(hub, "GET", "/alerts")
        assert {each["key"] for each in alerts["items"]} == {"order.unit", "order.uom"}

    # Another process knows it too, before it has called anybody.
    async with running(tmp_path, url, publish=False) as hub:
        await send(hub, "save", "SO-2")
        while len(await parked(hub)) < 2:
            await until_parked(hub)
        status, problem = await ask(hub, "POST", "/systems/erp/drift/accept")
        assert (status, problem["code"]) == (428, "if_match_missing")
        _, seen = await ask(hub, "GET", "/systems/erp/drift")
        status, problem = await ask(hub, "POST", "/systems/erp/drift/accept", **{"if-match": '"drift-1"'})
        assert (status, problem["code"]) == (412, "version_changed")
        status, seen = await ask(hub, "POST", "/systems/erp/drift/accept", **{"if-match": seen["etag"]})
        assert (status, seen["state"], seen["accepted_by"]) == (200, "ok", "admin")
        await until(lambda: sorted(system.saved) == ["SO-1", "SO-2"])
        _, alerts = await ask(hub, "GET", "/alerts")
        assert not alerts["items"]


async def test_what_does_not_use_the_field_goes_on_and_a_new_field_is_only_told(
    tmp_path: Path, erp: tuple[Erp, str]
) -> None:
    system, url = erp
    async with running(tmp_path, url) as hub:
        await ask(hub, "POST", "/systems/erp/drift/look")
        system.fields["colour"] = ("string", False)
        _, seen = await ask(hub, "POST", "/systems/erp/drift/look")
        assert (seen["state"], [each["words"]["zh"] for each in seen["notes"]]) == (
            "ok",
            ["新增字段 order.colour(string)"],
        )
        system.fields["amount"] = ("string", False)
        _, seen = await ask(hub, "POST", "/systems/erp/drift/look")
        [found] = seen["differences"]
        assert (found["kind"], found["operations"], found["readings"]) == ("retyped", [], ["order"])
        await send(hub, "save", "SO-1")
        await until(lambda: system.saved == ["SO-1"])
        error = hub.keeping.drift.of_reading("erp", "order")
        assert error is not None
        assert "order.amount" in str(error)
        system.fields["amount"] = ("number", False)
        _, seen = await ask(hub, "POST", "/systems/erp/drift/look")
        assert seen["state"] == "ok"
        assert hub.keeping.drift.of_reading("erp", "order") is None


async def test_a_new_release_is_not_used_before_somebody_has_looked(
    tmp_path: Path, erp: tuple[Erp, str]
) -> None:
    system, url = erp
    async with running(tmp_path, url) as hub:
        await ask(hub, "POST", "/systems/erp/drift/look")
        del system.fields["unit"]
        await hub.publish(files_of(files(MANIFEST + "# newer\n")), by="test", note="")
        assert hub.keeping.drift.of_call("erp", "order.save") is not None
        assert hub.keeping.drift.of_call("erp", "order.close") is None
        await send(hub, "save", "SO-1")
        await until_parked(hub)
        # The next release does without the field: nobody has to accept anything.
        without = MANIFEST.replace(""", unit: '"pcs"'""", "")
        await hub.publish(files_of(files(without)), by="test", note="")
        await until(lambda: system.saved == ["SO-1"])


async def test_a_version_that_the_manifest_was_not_made_for_stops_writes_and_cannot_be_accepted(
    tmp_path: Path, erp: tuple[Erp, str]
) -> None:
    system, url = erp
    async with running(tmp_path, url) as hub:
        await ask(hub, "POST", "/systems/erp/drift/look")
        system.version = "16.0"
        _, seen = await ask(hub, "POST", "/systems/erp/drift/look")
        assert (seen["state"], seen["version"]) == ("stopped", "16.0")
        assert "16.0" in str(hub.keeping.drift.of_call("erp", "order.save"))
        status, problem = await ask(hub, "POST", "/systems/erp/drift/accept", **{"if-match": "*"})
        assert (status, problem["code"]) == (409, "version_unsupported")
        system.version = "15.9"
        assert (await ask(hub, "POST", "/systems/erp/drift/look"))[1]["state"] == "ok"
