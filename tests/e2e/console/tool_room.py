"""A small application that nobody has joined yet, as it describes itself; and how an engineer joins it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit

TOOL = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "pieces": {"type": "number"}},
}
JSON = {"application/json": {"schema": TOOL}}
LIST = {"application/json": {"schema": {"type": "array", "items": TOOL}}}
DESCRIPTION = {
    "openapi": "3.0.3",
    "info": {"title": "Tool room", "version": "1"},
    "paths": {
        "/tools": {
            "get": {
                "operationId": "listTools",
                "summary": "List tools",
                "responses": {"200": {"description": "ok", "content": LIST}},
            },
            "post": {
                "operationId": "reserveTool",
                "summary": "Reserve a tool",
                "requestBody": {"required": True, "content": JSON},
                "responses": {"201": {"description": "made", "content": JSON}},
            },
        }
    },
}


@dataclass
class ToolRoom:
    """The application: where it is, and what was reserved there."""

    url: str = ""
    reserved: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response([{"code": "T-1", "pieces": 1}, *self.reserved])
        tool = await request.json()
        self.reserved.append(tool)
        return web.json_response(tool, status=201)


@contextmanager
def tool_room_beside(running: Running) -> Iterator[ToolRoom]:
    """Run the application in the loop of a factory."""
    room = ToolRoom()

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", room.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner: web.AppRunner = running.run(begin())
    host, port = runner.addresses[0][:2]
    room.url = f"http://{host}:{port}"
    try:
        yield room
    finally:
        running.run(runner.cleanup())


def describe(visit: Visit, name: str) -> None:
    """Make a first manifest of the application's own description."""
    page = visit.page
    visit.go("/design", "design-files")
    page.locator("[data-action=new-system]").click()
    page.locator("#name").fill(name)
    page.locator("#openapi").fill(json.dumps(DESCRIPTION))
    assert visit.findings() == []
    visit.keep("new-system")
    page.locator(".ant-modal .ant-btn-primary").click()
    expect(page.locator("[data-ready=manifest]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".manifest-text")).to_contain_text("/tools")
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)


def publish_and_reach(visit: Visit, room: ToolRoom) -> None:
    """Publish the manifest, say where the application is, and check the connection."""
    page = visit.page
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("[data-action=publish]").click()
    page.locator(".ant-modal textarea").fill("tool room")
    page.locator(".ant-modal .ant-btn-primary").click()
    # It is there, but nobody has said where; then it is reached.
    connection = page.locator("[data-ready=connection]")
    expect(connection.locator("[data-problem]")).to_be_visible(timeout=PATIENCE_MS)
    connection.locator("#base_url").fill(room.url)
    connection.locator("[data-action=keep-settings]").click()
    expect(connection.locator("[data-problem]")).to_have_count(0, timeout=PATIENCE_MS)
    connection.locator("[data-action=check]").click()
    expect(connection.locator("[data-ok=yes]").first).to_be_visible(timeout=PATIENCE_MS)
    expect(connection.locator("[data-ok=no]")).to_have_count(0)
