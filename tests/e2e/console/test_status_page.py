"""The status page answers first whether the hub is well, in the reader's language, whatever the hub does."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import Hub, Visit
from tools import console

pytestmark = pytest.mark.needs("browser")

SYSTEMS = {
    "items": [
        {"name": "crm", "title": {"zh": "客户关系", "en": "Customers"}, "connector": "http", "state": "ok",
         "waiting": 0, "unknown": 0, "parked": 0, "dead": 0, "oldest_at": None},
        {"name": "erp", "title": {"zh": "企业资源", "en": "Planning"}, "connector": "http", "state": "down",
         "waiting": 12345, "unknown": 2, "parked": 1, "dead": 7, "oldest_at": "2026-11-22T03:00:00Z"},
    ]
}  # fmt: skip
WORDS = {
    "zh": {"title": "运行状态", "ok": "正常", "down": "中断", "system": "企业资源", "other": "English"},
    "en": {"title": "Status", "ok": "up", "down": "down", "system": "Planning", "other": "中文"},
}


def language_of(visit: Visit) -> str:
    return "zh" if str(visit.page.evaluate("navigator.language")).startswith("zh") else "en"


def test_status_page_shows_the_hub_and_its_systems_in_the_readers_language(visit: Visit, hub: Hub) -> None:
    hub.systems = (200, SYSTEMS)
    visit.page.goto(hub.address)
    words = WORDS[language_of(visit)]
    expect(visit.page.get_by_role("heading", name=words["title"])).to_be_visible()
    expect(visit.page.locator("[data-ready=health]")).to_contain_text(words["ok"])
    row = visit.page.get_by_role("row").filter(has_text=words["system"])
    expect(row).to_contain_text(words["down"])
    expect(row).to_contain_text("12,345")


def test_language_changes_without_a_reload_and_is_remembered(visit: Visit, hub: Hub) -> None:
    visit.page.goto(hub.address)
    first = language_of(visit)
    second = "en" if first == "zh" else "zh"
    expect(visit.page.locator("[data-ready=health]")).to_be_visible()
    visit.page.evaluate("window.sameDocument = true")
    visit.page.get_by_role("button").filter(has_text=WORDS[first]["other"]).click()
    expect(visit.page.get_by_role("heading", name=WORDS[second]["title"])).to_be_visible()
    assert visit.page.evaluate("window.sameDocument") is True
    assert visit.page.evaluate("document.documentElement.lang").startswith(second)
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name=WORDS[second]["title"])).to_be_visible()


def test_reader_without_a_key_is_asked_for_one_and_let_in_with_it(visit: Visit, hub: Hub) -> None:
    hub.key = "right"
    hub.systems = (200, SYSTEMS)
    visit.page.goto(hub.address)
    field = visit.page.locator("[data-ready=sign-in] input")
    field.fill("wrong")
    field.press("Enter")
    expect(visit.page.locator("[data-ready=sign-in] [role=alert]")).to_be_visible()
    field.fill("right")
    field.press("Enter")
    expect(visit.page.get_by_role("row").filter(has_text=WORDS[language_of(visit)]["system"])).to_be_visible()


def test_hub_without_a_list_of_systems_is_no_error(visit: Visit, hub: Hub) -> None:
    hub.systems = (404, {"title": "Not found", "status": 404})
    visit.page.goto(hub.address)
    expect(visit.page.locator("[data-ready=absent]")).to_be_visible()


def test_hub_whose_store_is_away_says_so(visit: Visit, hub: Hub) -> None:
    hub.health = (503, {"status": "down", "version": "0.1.0", "store": "postgres"})
    visit.page.goto(hub.address)
    expect(visit.page.locator("[data-ready=health]")).to_contain_text(WORDS[language_of(visit)]["down"])


def test_address_that_is_no_page_says_so(visit: Visit, hub: Hub) -> None:
    visit.page.goto(f"{hub.address}/no/such/page")
    expect(visit.page.get_by_text("404").or_(visit.page.locator(".ant-result-404")).first).to_be_visible()


@pytest.mark.needs("cjk-font")
def test_chinese_is_drawn_as_characters_not_as_boxes(visit: Visit, hub: Hub) -> None:
    visit.page.goto(hub.address)
    expect(visit.page.locator("[data-ready=health]")).to_be_visible()
    drawn = set()
    for character in "枢纽单据":
        visit.page.locator("h1").evaluate("(heading, text) => { heading.textContent = text }", character)
        drawn.add(visit.page.locator("h1").screenshot())
    assert len(drawn) == 4


def test_first_visit_stays_small() -> None:
    """All that the first page loads, as it travels: 450 KB at most."""
    files = [*console.CONSOLE.glob("assets/*.js"), *console.CONSOLE.glob("assets/*.css")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 450_000
