"""The operator's story: an outage seen and over, a document corrected, several sent again, all delivered."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.programs import wait_until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

WORDS = {
    "zh": {
        "edit": "编辑", "text": "改正后的内容", "check": "检查", "fits": "内容符合要求", "reason": "原因",
        "corrected": "按改正内容重发", "send": "重发", "selected": "重发所选", "two": "2 张",
        "why": "请写明原因",
    },
    "en": {
        "edit": "Edit", "text": "Corrected", "check": "Check", "fits": "The content fits", "reason": "Reason",
        "corrected": "Send corrected", "send": "Send again", "selected": "Send selected again",
        "two": "2 documents", "why": "why",
    },
}  # fmt: skip


def test_operator_sees_an_outage_corrects_sends_again_and_all_is_delivered(long_visit: Visit) -> None:
    visit = long_visit
    visit.enter("it")
    held_back = an_outage_is_seen_and_ends(visit)
    corrected = a_failed_document_is_corrected(visit)
    together = several_are_sent_again_together(visit)
    for number in (held_back, corrected, *together):
        delivered(visit, number)
    # Nothing is left to do, and the map says so.
    visit.go("/", "attention")
    expect(visit.page.locator("[data-system=erp]")).to_have_attribute("data-state", "ok")


def an_outage_is_seen_and_ends(visit: Visit) -> str:
    hub, page = visit.hub, visit.page
    tile = page.locator("[data-system=erp]")
    expect(tile).to_have_attribute("data-state", "ok", timeout=PATIENCE_MS)
    expect(page.locator("[data-live=live]")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    try:
        hub.fault(kind="down", match="SalesOrder.*")
        number = hub.order()
        expect(tile).to_have_attribute("data-state", "down", timeout=PATIENCE_MS)
        expect(tile).to_have_class("tile is-failed")
        expect(tile.locator(".why strong")).to_be_visible()
        assert visit.findings() == []
        visit.keep("map-outage")
    finally:
        hub.lift_faults()
    expect(tile).to_have_attribute("data-state", "ok", timeout=PATIENCE_MS)
    assert page.evaluate("window.sameDocument") is True
    delivered(visit, number)
    return number


def a_failed_document_is_corrected(visit: Visit) -> str:
    hub, page, words = visit.hub, visit.page, WORDS[visit.language]
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="物料已停用", count=1)
    number = hub.order(quantity="100")
    visit.go("/dead-letters", "letters")
    page.get_by_role("button", name=number).click(timeout=PATIENCE_MS)
    detail = page.locator("[data-ready=detail]")
    expect(detail).to_contain_text("物料已停用")
    detail.get_by_role("button", name=words["edit"]).click()
    text = detail.get_by_role("textbox", name=words["text"])
    written = text.input_value()
    assert '"Qty": "100"' in written
    text.fill(written.replace('"source_no"', '"source"'))
    detail.get_by_role("button", name=words["check"]).click()
    expect(detail).to_contain_text("`source_no`")
    text.fill(written.replace('"Qty": "100"', '"Qty": "80"'))
    detail.get_by_role("button", name=words["check"]).click()
    expect(detail).to_contain_text(words["fits"])
    assert visit.findings() == []
    visit.keep("dead-letter")
    detail.get_by_role("button", name=words["corrected"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words["reason"]).fill("Qty 80")
    confirmed(dialog, words["corrected"], words["send"])
    expect(page.get_by_role("button", name=number)).to_have_count(0, timeout=PATIENCE_MS)
    wait_until(lambda: bool(hub.crm_order(number)["erp_no"]), 30, "the order reaches the ERP")
    sold = hub.run(hub.factory.erp("SalesOrder.View", {"BillNo": hub.crm_order(number)["erp_no"]}))
    assert [line["Qty"] for line in sold["Lines"]] == ["80"]
    # The original is kept, with who sent it again and why.
    visit.go("/dead-letters?status=replayed", "letters")
    page.get_by_role("button", name=number).click()
    expect(detail.locator("pre")).to_contain_text('"Qty": "100"')
    expect(detail).to_contain_text("Qty 80")
    return number


def several_are_sent_again_together(visit: Visit) -> list[str]:
    hub, page, words = visit.hub, visit.page, WORDS[visit.language]
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="期间已关闭", count=2)
    numbers = [hub.order(), hub.order("KH-0002")]
    visit.go("/dead-letters", "letters")
    for number in numbers:
        expect(page.get_by_role("button", name=number)).to_be_visible(timeout=PATIENCE_MS)
        page.get_by_role("checkbox", name=number).check()
    visit.keep("dead-letters")
    page.get_by_role("button", name=words["selected"]).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(words["two"])
    # While it still grows, what is pressed on is not what is let go on.
    expect(dialog).not_to_have_class(re.compile("ant-zoom"))
    dialog.get_by_role("button", name=words["send"]).click()
    expect(dialog).to_contain_text(words["why"])
    dialog.get_by_label(words["reason"]).fill("期间已重新打开 The period is open again")
    dialog.get_by_role("button", name=words["send"]).click()
    for number in numbers:
        expect(page.get_by_role("button", name=number)).to_have_count(0, timeout=PATIENCE_MS)
    assert visit.findings() == []
    return numbers


def confirmed(dialog: Locator, *names: str) -> None:
    """Press the dialog's own button, by whichever of its names it has."""
    found = dialog.get_by_role("button", name=names[0])
    for name in names[1:]:
        found = found.or_(dialog.get_by_role("button", name=name))
    found.first.click()


def delivered(visit: Visit, number: str) -> None:
    wait_until(
        lambda: visit.hub.crm_order(number)["status"] == "shipped", 30, f"{number} is shipped after all"
    )
