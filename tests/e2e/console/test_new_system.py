"""An engineer joins a system from its OpenAPI description in the console (A2, L10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit
from e2e.console.tool_room import ToolRoom, describe, publish_and_reach, tool_room_beside

pytestmark = pytest.mark.needs("browser")


@pytest.fixture(scope="module")
def tool_room(running: Running) -> Iterator[ToolRoom]:
    """A real application on this machine."""
    with tool_room_beside(running) as room:
        yield room


def test_engineer_joins_a_system_from_its_description(long_visit: Visit, tool_room: ToolRoom) -> None:
    visit = long_visit
    page, name = visit.page, f"toolroom_{visit.language}"
    visit.enter("it")
    describe(visit, name)

    # What is wrong is told with its place, and keeps it from being published.
    text = page.locator(".manifest-text")
    good = text.input_value()
    text.fill(good.replace("format: 1", "format: 1\nformt: 2"))
    mistake = page.locator(".design-findings li.error")
    expect(mistake).to_contain_text("formt", timeout=PATIENCE_MS)
    expect(mistake).to_contain_text("5")
    visit.keep("manifest")
    assert visit.findings() == []
    text.fill(good)
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)

    publish_and_reach(visit, tool_room)
    visit.keep("connection")
    assert visit.findings() == []
    described: dict[str, Any] = visit.hub.run(visit.hub.factory.hub("GET", f"/systems/{name}/description"))
    assert [each["name"] for each in described["operations"] + described["resources"]]
