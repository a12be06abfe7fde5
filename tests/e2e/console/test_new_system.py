"""An engineer joins a system from its OpenAPI description in the console (A2, L10)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit

pytestmark = pytest.mark.needs("browser")

TOOL = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "state": {"type": "string"}},
}
ANSWER = {
    "200": {
        "description": "ok",
        "content": {"application/json": {"schema": {"type": "array", "items": TOOL}}},
    }
}
DESCRIPTION = {
    "openapi": "3.0.3",
    "info": {"title": "Tool room", "version": "1"},
    "paths": {"/tools": {"get": {"operationId": "listTools", "summary": "List tools", "responses": ANSWER}}},
}


@pytest.fixture(scope="module")
def tool_room(running: Running) -> Iterator[str]:
    """A real application on this machine; its address."""
    asked: list[str] = []

    async def tools(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response([{"code": "T-1", "state": "good"}])

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{path:.*}", tools)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner: web.AppRunner = running.run(begin())
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    running.run(runner.cleanup())


def test_engineer_joins_a_system_from_its_description(visit: Visit, tool_room: str) -> None:
    page, name = visit.page, f"toolroom_{visit.language}"
    visit.enter("it")
    visit.go("/design", "design-files")
    page.locator("[data-action=new-system]").click()
    page.locator("#name").fill(name)
    page.locator("#openapi").fill(json.dumps(DESCRIPTION))
    assert visit.findings() == []
    visit.keep("new-system")
    page.locator(".ant-modal .ant-btn-primary").click()
    expect(page.locator("[data-ready=manifest]")).to_be_visible(timeout=PATIENCE_MS)
    text = page.locator(".manifest-text")
    expect(text).to_contain_text("/tools")
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)

    # What is wrong is told with its place, and keeps it from being published.
    good = text.input_value()
    text.fill(good.replace("format: 1", "format: 1\nformt: 2"))
    mistake = page.locator(".design-findings li.error")
    expect(mistake).to_contain_text("formt", timeout=PATIENCE_MS)
    expect(mistake).to_contain_text("5")
    visit.keep("manifest")
    assert visit.findings() == []
    text.fill(good)
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("[data-action=publish]").click()
    page.locator(".ant-modal textarea").fill("tool room")
    page.locator(".ant-modal .ant-btn-primary").click()

    # It is there, but nobody has said where; then it is reached.
    connection = page.locator("[data-ready=connection]")
    expect(connection.locator("[data-problem]")).to_be_visible(timeout=PATIENCE_MS)
    connection.locator("#base_url").fill(tool_room)
    connection.locator("[data-action=keep-settings]").click()
    expect(connection.locator("[data-problem]")).to_have_count(0, timeout=PATIENCE_MS)
    connection.locator("[data-action=check]").click()
    expect(connection.locator("[data-ok=yes]").first).to_be_visible(timeout=PATIENCE_MS)
    expect(connection.locator("[data-ok=no]")).to_have_count(0)
    visit.keep("connection")
    assert visit.findings() == []
    described: dict[str, Any] = visit.hub.run(visit.hub.factory.hub("GET", f"/systems/{name}/description"))
    assert [each["name"] for each in described["operations"] + described["resources"]]
