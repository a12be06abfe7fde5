"""The approver's day, on a phone: what waits is decided, returned, handed over and urged."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.console.defects import defect

pytestmark = pytest.mark.needs("browser")

WORDS = {
    "zh": {"scrap": "报废", "finding": "检验结论", "loss": "报废损失已确认", "opinion": "意见", "to": "给谁",
           "late": "太贵,请复检", "back": "返回列表", "more": "更多操作", "others": "计划",
           "keeper": "仓库"},
    "en": {"scrap": "Scrap", "finding": "Finding", "loss": "The loss is accounted for", "opinion": "Opinion",
           "to": "To whom", "late": "Too dear, look again", "back": "Back to the list", "more": "More",
           "others": "Planning", "keeper": "Warehouse"},
}  # fmt: skip


def fits_the_width(visit: Visit) -> bool:
    return bool(visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def open_with(visit: Visit, number: str) -> None:
    """Open the task of a defect from the list."""
    page = visit.page
    visit.go("/tasks", "inbox")
    row = page.locator(f"[data-task='{number}']")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.click()
    expect(page.locator("[data-ready=task]")).to_contain_text(number, timeout=PATIENCE_MS)


def chosen(visit: Visit, act: str, note: str = "", to: str = "") -> None:
    """Do what asks for a person or a word first."""
    page, words = visit.page, WORDS[visit.language]
    button = page.locator(f".task-acts [data-act={act}]")
    if not button.is_visible():
        page.locator("[data-action=more]").click()
        button = page.locator(f".ant-dropdown [data-act={act}]")
    button.click()
    dialog = page.get_by_role("dialog")
    # While it still grows, what is pressed on is not what is let go on.
    expect(dialog).not_to_have_class(re.compile("ant-zoom"))
    if to:
        dialog.get_by_label(words["to"]).click()
        page.locator(".ant-select-item-option", has_text=to).first.click()
    if note:
        dialog.get_by_label(words["opinion"]).fill(note)
    dialog.locator(".ant-modal-footer .ant-btn-primary").click()
    expect(dialog.locator(".ant-alert-error")).to_have_count(0)
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)


def test_approver_decides_returns_hands_over_and_urges_on_a_phone(visit: Visit) -> None:
    page, words = visit.page, WORDS[visit.language]
    number = defect(visit)
    page.set_viewport_size({"width": 390, "height": 844})
    visit.enter("planning")
    visit.go("/tasks", "inbox")
    expect(page.locator(f"[data-task='{number}']")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    assert fits_the_width(visit)
    visit.keep("inbox-list")
    open_with(visit, number)
    page.locator("#disposition").click()
    page.locator(".ant-select-item-option", has_text=words["scrap"]).click()
    page.get_by_label(words["finding"]).fill("Ø 25.08")
    assert fits_the_width(visit)
    visit.keep("inbox-task")
    # Whoever leaves at once takes a request back that has not arrived.
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/tasks/" in answer.url):
        page.locator("[data-act=approve]").click()
    # It is finance's now; the planner who decided it may urge.
    visit.context.clear_cookies()
    visit.enter("finance")
    open_with(visit, number)
    page.locator("[data-act=approve]").click()
    expect(page.locator(".ant-form-item-explain-error")).to_be_visible()
    chosen(visit, "return", words["late"])
    visit.context.clear_cookies()
    visit.enter("planning")
    open_with(visit, number)
    history = page.locator("[data-ready=history]")
    expect(history).to_contain_text(words["late"], timeout=PATIENCE_MS)
    chosen(visit, "urge")
    expect(history.locator("li")).to_have_count(3, timeout=PATIENCE_MS)
    chosen(visit, "hand_over", "x", "warehouse")
    expect(page.locator("[data-ready=task]")).to_contain_text(words["keeper"], timeout=PATIENCE_MS)
    expect(page.locator("[data-act=approve]")).to_have_count(0)
    assert visit.findings() == []
    visit.keep("inbox-history")
    page.get_by_role("link", name=words["back"]).click()
    page.locator("[data-box=done]").click()
    expect(page.locator(f"[data-task='{number}']").first).to_be_visible(timeout=PATIENCE_MS)
    # On a desk the list stands beside the task; flows and processes are looked at on the way.
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(f"[data-task='{number}']").first.click()
    page.locator("[data-action=diagram]").click(timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    visit.keep("inbox-desk")


def test_operator_sees_how_processes_and_flows_run(visit: Visit) -> None:
    page = visit.page
    visit.enter("it")
    visit.go("/processes", "processes")
    assert visit.findings() == []
    visit.keep("processes")
    visit.go("/processes/quality-decision/stats", "process-stats")
    expect(page.locator("[data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("process-stats")
    business_and_it_agree(visit)
    visit.go("/flows", "flows")
    assert visit.findings() == []
    visit.keep("flows")


def business_and_it_agree(visit: Visit) -> None:
    """Planning comments on a node in its own view; IT deals with it; both sign the same version (L12)."""
    page, zh = visit.page, visit.language == "zh"
    process = "quality-decision" if zh else "material-issue"
    node, said = ("decide", "质检员也要能看到") if zh else ("clear-shortage", "Who tells the buyer?")
    page.context.clear_cookies()
    visit.enter("planning")
    visit.go(f"/processes/{process}/review", "review")
    expect(page.locator("[data-view=business] [data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(f".djs-element[data-element-id={node}] .djs-hit").first.click()
    expect(page.locator("[data-ready=node] dl")).not_to_contain_text(node)
    page.locator(".review-write textarea").fill(said)
    page.locator("[data-action=comment]").click()
    expect(page.locator("[data-comment=open]")).to_contain_text(said, timeout=PATIENCE_MS)
    page.locator("[data-action=sign]").click()
    expect(page.locator(".review-signed li")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator("[data-agreed=false]")).to_be_visible()
    assert visit.findings() == []
    visit.keep("process-review-business")
    page.context.clear_cookies()
    visit.enter("it")
    visit.go(f"/processes/{process}/review", "review")
    expect(page.locator("[data-view=technical] [data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(f".djs-element[data-element-id={node}] .djs-hit").first.click()
    expect(page.locator("[data-ready=node] dl")).to_contain_text(node)
    page.locator("[data-action=close-comment]").click()
    expect(page.locator("[data-comment=closed]")).to_have_count(1, timeout=PATIENCE_MS)
    page.locator("[data-action=sign]").click()
    expect(page.locator("[data-agreed=true]")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("process-review-technical")
