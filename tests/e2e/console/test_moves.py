"""An operator moves a run by hand: held, mended, a step skipped; its history says who and why (E19)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.console.defects import defect
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")

WORDS = {
    "zh": {"suspend": "暂停流程", "resume": "恢复流程", "variables": "修改数据", "skip": "跳过",
           "held": "已暂停", "runs": "进行中", "history": "历史", "data": "数据", "messages": "消息与定时"},
    "en": {"suspend": "Hold the run", "resume": "Let it go on", "variables": "Change data", "skip": "Skip",
           "held": "On hold", "runs": "Running", "history": "History", "data": "Data",
           "messages": "Messages and timers"},
}  # fmt: skip


def run_of(visit: Visit, number: str) -> str:
    """Return the id of the run of a defect, once there is one."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        path = f"/instances?business_key={number}"
        found[:] = visit.hub.run(visit.hub.factory.hub("GET", path))["items"]
        return bool(found)

    wait_until(look, 20, f"a run of {number}")
    return str(found[0]["id"])


def moved(page: Page, word: str, reason: str, values: str = "") -> None:
    """Choose a move of the menu, give values and the reason, and let it be done."""
    page.locator("[data-action=moves]").click()
    page.locator(".ant-dropdown-menu-item", has_text=word).first.click()
    dialog = page.get_by_role("dialog")
    if values:
        dialog.locator("#move-values").fill(values)
    dialog.locator("#reason").fill(reason)
    dialog.locator(".ant-modal-footer .ant-btn-primary").click()
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)


def tab(page: Page, word: str) -> None:
    page.locator("#content [role=tab]", has_text=word).first.click()


def test_operator_holds_mends_and_moves_a_run_on(long_visit: Visit) -> None:
    visit = long_visit
    page, words = visit.page, WORDS[visit.language]
    run = run_of(visit, defect(visit))
    visit.enter("it")
    visit.go(f"/instances/{run}", "run")
    state = page.locator(".run-facts .state")
    moved(page, words["suspend"], "month's end")
    expect(state).to_contain_text(words["held"], timeout=PATIENCE_MS)
    moved(page, words["resume"], "month's end is over")
    expect(state).to_contain_text(words["runs"], timeout=PATIENCE_MS)
    moved(page, words["variables"], "measured again", '{"finding": "0.2 mm"}')
    tab(page, words["data"])
    expect(page.locator("[data-ready=variables]")).to_contain_text("0.2 mm", timeout=PATIENCE_MS)

    # Nothing can be skipped before a step is chosen; then it goes on behind it.
    page.locator("#content [role=tab]").first.click()
    page.locator("[data-element=decide] button").click()
    page.locator("[data-action=moves]").click()
    visit.keep("moves")
    assert visit.findings() == []
    page.keyboard.press("Escape")
    moved(page, f"{words['skip']}", "decided on paper", '{"disposition": "rework"}')
    expect(page.locator("[data-element=decide-mes]")).to_be_visible(timeout=PATIENCE_MS)

    tab(page, words["history"])
    history = page.locator("[data-ready=history]")
    expect(history.locator("[data-fact=instance_suspended]")).to_contain_text("month's end")
    page.get_by_role("checkbox").check()
    by_hand = history.locator("tbody tr")
    expect(by_hand.filter(has_text="month's end is over")).to_have_count(1)
    kinds = [each.get_attribute("data-fact") for each in by_hand.all()]
    assert kinds == ["instance_suspended", "instance_resumed", "element_moved"], by_hand.all_inner_texts()
    visit.keep("history")
    assert visit.findings() == []
    tab(page, words["messages"])
    expect(page.locator("[data-ready=messages]")).to_be_visible()
    visit.keep("messages")
    assert visit.findings() == []


def test_values_that_are_no_object_are_not_sent(chinese: Visit) -> None:
    page = chinese.page
    run = run_of(chinese, defect(chinese))
    chinese.enter("it")
    chinese.go(f"/instances/{run}", "run")
    page.locator("[data-action=moves]").click()
    page.locator(".ant-dropdown-menu-item", has_text=WORDS["zh"]["variables"]).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("#move-values").fill("80")
    dialog.locator("#reason").fill("typed")
    dialog.locator(".ant-modal-footer .ant-btn-primary").click()
    expect(dialog.get_by_role("alert")).to_contain_text("JSON")
    expect(dialog).to_be_visible()
