"""The operator's day: a system goes down and comes back, a failed document is corrected and delivered."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")

WORDS = {
    "zh": {"edit": "编辑", "check": "检查", "fits": "内容符合要求", "send": "按改正内容重发",
           "again": "重发", "reason": "原因", "corrected": "改正后的内容", "pause": "暂停", "resume": "恢复",
           "not_done": "未执行，重新发送"},
    "en": {"edit": "Edit", "check": "Check", "fits": "The content fits", "send": "Send corrected",
           "again": "Send again", "reason": "Reason", "corrected": "Corrected", "pause": "Pause",
           "resume": "Resume", "not_done": "Not done, send again"},
}  # fmt: skip


def test_map_shows_an_outage_in_red_and_its_end_without_a_reload(visit: Visit) -> None:
    hub, page = visit.hub, visit.page
    visit.enter("it")
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
    wait_until(lambda: hub.crm_order(number)["status"] == "shipped", 20, "the order is shipped after all")
    visit.keep("map")


def test_failed_document_is_corrected_sent_again_and_delivered(visit: Visit) -> None:
    hub, page, words = visit.hub, visit.page, WORDS[visit.language]
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="物料已停用", count=1)
    number = hub.order(quantity="100")
    visit.enter("it")
    visit.go("/dead-letters", "letters")
    page.get_by_role("button", name=number).click(timeout=PATIENCE_MS)
    detail = page.locator("[data-ready=detail]")
    expect(detail).to_contain_text("物料已停用")
    detail.get_by_role("button", name=words["edit"]).click()
    text = detail.get_by_role("textbox", name=words["corrected"])
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
    detail.get_by_role("button", name=words["send"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words["reason"]).fill("Qty 80")
    dialog.get_by_role("button", name=words["again"]).click()
    expect(page.get_by_role("button", name=number)).to_have_count(0, timeout=PATIENCE_MS)
    wait_until(lambda: bool(hub.crm_order(number)["erp_no"]), 20, "the order reaches the ERP")
    sold = hub.run(hub.factory.erp("SalesOrder.View", {"BillNo": hub.crm_order(number)["erp_no"]}))
    assert [line["Qty"] for line in sold["Lines"]] == ["80"]
    # The original is kept, with who sent it again and why.
    visit.go("/dead-letters?status=replayed", "letters")
    page.get_by_role("button", name=number).click()
    expect(detail.locator("pre")).to_contain_text('"Qty": "100"')
    expect(detail).to_contain_text("Qty 80")


def test_many_documents_are_sent_again_together(chinese: Visit) -> None:
    hub, page = chinese.hub, chinese.page
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="期间已关闭", count=2)
    numbers = [hub.order(), hub.order("KH-0002")]
    chinese.enter("it")
    chinese.go("/dead-letters", "letters")
    for number in numbers:
        expect(page.get_by_role("button", name=number)).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".list thead input[type=checkbox]").check()
    chinese.keep("dead-letters")
    page.get_by_role("button", name="重发所选").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 张")
    dialog.get_by_role("button", name="重发").click()
    expect(dialog).to_contain_text("请写明原因")
    dialog.get_by_label("原因").fill("期间已重新打开")
    dialog.get_by_role("button", name="重发").click()
    for number in numbers:
        wait_until(lambda n=number: hub.crm_order(n)["status"] == "shipped", 20, f"{number} is shipped")  # type: ignore[misc]
    expect(page.locator("[data-ready=empty]")).to_be_visible(timeout=PATIENCE_MS)
    assert chinese.findings() == []


def test_system_is_paused_and_resumed_with_a_reason(visit: Visit) -> None:
    page, words = visit.page, WORDS[visit.language]
    visit.enter("it")
    tile = page.locator("[data-system=crm]")
    for word, state in (("pause", "paused"), ("resume", "ok")):
        tile.get_by_role("button", name=words[word]).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label(words["reason"]).fill("月结盘点")
        dialog.get_by_role("button", name=words[word]).click()
        expect(tile).to_have_attribute("data-state", state, timeout=PATIENCE_MS)
        if state == "paused":
            expect(tile).to_contain_text("月结盘点")
            expect(page.get_by_role("dialog")).to_have_count(0)
            visit.keep("map-paused")


def test_missing_codes_are_grouped_and_an_unclear_outcome_is_decided(visit: Visit) -> None:
    hub, page, words = visit.hub, visit.page, WORDS[visit.language]
    number = hub.order("KH-0014")
    visit.enter("it")
    visit.go("/unknown?tab=parked", "parked")
    expect(page.get_by_role("link", name=number)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=parked]")).to_contain_text("KH-0014")
    assert visit.findings() == []
    visit.keep("parked")
    # No operation of this pack leaves its outcome open for long; so the ledger is told that this one did.
    with sqlite3.connect(hub.factory.folder / "hub" / "hub.db", timeout=10) as ledger:
        ledger.execute(
            "UPDATE effect SET status = 'unknown', error_class = 'unknown', due_at = 253370764800000000"
            " WHERE status = 'parked' AND business_key = ?",
            (number,),
        )
    ledger.close()
    visit.go("/unknown", "outcomes")
    outcome = page.locator(f"[data-number='{number}']")
    expect(outcome).to_be_visible(timeout=PATIENCE_MS)
    outcome.locator("summary").click()
    assert visit.findings() == []
    visit.keep("unknown")
    outcome.get_by_role("button", name=words["not_done"]).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=words["not_done"])).to_be_disabled()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name=words["not_done"]).click()
    expect(outcome).to_have_count(0, timeout=PATIENCE_MS)
