"""The engineer's story: a new system is joined, mapped, drawn, tried and published; and it runs."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS
from e2e.console.drawing import Newcomer, newcomer
from e2e.console.tool_room import describe, publish_and_reach, tool_room_beside
from e2e.programs import wait_until

__all__ = ["newcomer"]

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

SAMPLE = {"order_no": "SO-9", "lines": [{"quantity": "20"}]}


def test_engineer_joins_maps_draws_tries_publishes_and_it_runs(newcomer: Newcomer) -> None:
    hub = newcomer.visit.hub
    tried = newcomer.order()
    newcomer.visit.enter("it")
    with tool_room_beside(hub) as room:
        describe(newcomer.visit, "toolroom")
        publish_and_reach(newcomer.visit, room)
        map_an_order_to_a_tool(newcomer)
        draw_from_the_palette(newcomer)
        newcomer.try_out(tried, "toolroom.reserve_tool")
        assert room.reserved == [], "a test run sends nothing"
        newcomer.publish("tools for orders")
        number = newcomer.order()
        wait_until(lambda: bool(room.reserved), 30, "a tool is reserved")
        assert room.reserved == [{"code": number, "pieces": 20}]
        [instance] = hub.run(hub.factory.hub("GET", f"/instances?business_key={number}"))["items"]
        assert (instance["process_id"], instance["status"]) == ("order-to-tools", "completed")


def map_an_order_to_a_tool(newcomer: Newcomer) -> None:
    """In the table of a new mapping: two fields, tried on a record, published."""
    visit, page = newcomer.visit, newcomer.visit.page
    visit.go("/design", "design-files")
    page.locator("[data-action=new]").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".ant-segmented-item").nth(1).click()
    for field, value in (
        ("name", "订单 → 工装 Order to tool"), ("id", "order-to-tool"),
        ("from", "crm.sales_order"), ("to", "toolroom.tool"),
    ):  # fmt: skip
        dialog.locator(f"#{field}").fill(value)
    dialog.locator(".ant-btn-primary").click()
    expect(page.locator("[data-ready=mapping]")).to_be_visible(timeout=PATIENCE_MS)
    for name, value in (("code", "record.order_no"), ("pieces", "number(record.lines[1].quantity)")):
        page.locator("[data-action=add-field]").click()
        row = page.locator("[data-field^=field_]").last
        row.locator("input").nth(0).fill(name)
        row.locator("input").nth(0).press("Enter")
        cell = page.locator(f"[data-field={name}] input").nth(1)
        cell.fill(value)
        cell.press("Enter")
    page.locator(".mapping-sample textarea").fill(json.dumps(SAMPLE))
    expect(page.locator("[data-field=pieces] output")).to_have_text("20", timeout=PATIENCE_MS)
    newcomer.publish("order to tool")


def draw_from_the_palette(newcomer: Newcomer) -> None:
    """An order's confirmation, the mapping, the new system's operation: each a ready-made part."""
    page = newcomer.visit.page
    newcomer.begin("order-to-tools", "订单领用工装 Tools for orders")
    page.keyboard.press("Enter")
    newcomer.append("hub.map")
    newcomer.choose("hub.map", "input", 0, newcomer.words("tools"))
    newcomer.field("hub.map", "input", 1).locator("[contenteditable=true]").fill("order")
    newcomer.fill("hub.map", "output", "tool")
    newcomer.append("toolroom.reserve_tool")
    newcomer.fill("toolroom.reserve_tool", "input", "=tool.code", "tool.pieces")
    newcomer.pad("append.end-event")
    page.locator("[data-action=fit]").click()
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    newcomer.visit.keep("engineer-drawn")
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    newcomer.visit.keep("engineer-drawn")
