"""An engineer draws a process, mends what is painted, until the hub finds nothing (E1)."""

from __future__ import annotations

import gzip

from playwright.sync_api import Page, expect

from e2e.console.conftest import PATIENCE_MS, Visit
from tools import console

SEND = "mail.message.send"
CODE = (".js", ".css")
WEIGHT_MAX = 950_000
"""What opening it first may weigh, in bytes as they are sent."""


def _append(page: Page, what: str) -> None:
    page.locator(".djs-context-pad .entry[data-action=append]").click()
    expect(page.locator(".djs-popup-search input")).to_be_focused()
    page.keyboard.type(what)
    page.keyboard.press("Enter")


def _fill(page: Page, field: int, value: str) -> None:
    """Write into a field of the panel; a value that begins with = is an expression."""
    entry = page.locator(f"[data-entry-id='custom-entry-lineshaft.{SEND}-input-{field}']")
    entry.locator("[contenteditable=true], input[type=text], textarea").first.fill(value)
    page.keyboard.press("Tab")


def _tell(page: Page, part: str, value: str) -> None:
    """Say who is told when the selected activity is done."""
    entry = page.locator(f"[data-entry-id='notice-done-{part}']")
    if not entry.is_visible():
        group = page.locator("[data-group-id='group-notices']")
        if not page.locator("[data-entry-id='notice-done']").is_visible():
            group.locator(".bio-properties-panel-group-header").first.click()
        page.locator("[data-entry-id='notice-done'] .bio-properties-panel-collapsible-entry-header").click()
    entry.locator("input, textarea").fill(value)
    page.keyboard.press("Tab")


def _checked(page: Page) -> None:
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-checked=yes]")).to_be_visible(timeout=PATIENCE_MS)


def test_an_engineer_draws_and_mends_what_is_painted(long_visit: Visit) -> None:
    visit = long_visit
    """From an empty page to a process that sends a mail and can be published."""
    page, process = visit.page, f"greeting-{visit.language}"
    loaded: set[str] = set()
    page.on("request", lambda asked: loaded.add(asked.url.rpartition("/assets/")[2]))
    visit.enter("it")
    visit.go("/design", "design-files")
    page.locator("[data-action=new]").click()
    page.locator("#name").fill("问候 Greeting")
    page.locator("#id").fill(process)
    page.locator(".ant-modal .ant-btn-primary").click()
    expect(page.locator("[data-ready=modeler]")).to_be_visible(timeout=PATIENCE_MS)

    # What comes when one opens this page first.
    loaded.clear()
    page.reload()
    expect(page.locator("[data-ready=modeler]")).to_be_visible(timeout=PATIENCE_MS)
    assets = [console.CONSOLE / "assets" / name for name in loaded]
    weights = {each.name: len(gzip.compress(each.read_bytes())) for each in assets if each.suffix in CODE}
    print("weight of the designer:", sum(weights.values()))
    assert sum(weights.values()) < WEIGHT_MAX, (sum(weights.values()), weights)

    # An operation of a connected system, found by its name; what it lacks is painted and told.
    page.locator(".modeler [data-element-id=start] .djs-hit").first.click()
    _append(page, "mail")
    expect(page.locator(".djs-shape.finding-error")).to_have_count(1, timeout=PATIENCE_MS)
    mistake = page.locator(".design-findings .error button").first
    expect(mistake).to_contain_text("Send a mail" if visit.language == "en" else "发送邮件")
    visit.keep("designer-mistake")
    mistake.click()
    _fill(page, 0, "li@example.com")
    _fill(page, 1, '="Order " + number')
    _fill(page, 2, "Thank you")
    # Who is told when it is done; a field that cannot be read is painted, and mended.
    _tell(page, "to", "sales, it")
    _tell(page, "subject-zh", "订单 {{number}} 已问候")
    _tell(page, "subject-en", "Order {{number +}} is greeted")
    expect(page.locator(".design-findings li.error")).to_contain_text("{{ }}", timeout=PATIENCE_MS)
    visit.keep("designer-notification")
    _tell(page, "subject-en", "Order {{number}} is greeted")
    page.locator(".djs-context-pad .entry[data-action='append.end-event']").click()
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)
    _checked(page)
    visit.keep("designer")
    assert visit.findings() == []
