"""One number finds everything: the trail of an order from any system's number, and the way it took."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")

WORDS = {
    "zh": {
        "done": "已全部完成", "save": "ERP 保存", "calls": "调用", "label": "单号或客户",
        "refused": "超信用额度", "holder": "销售部", "process": "订单到交付",
        "cancel": "取消流程", "reason": "原因", "why": "请写明原因",
    },
    "en": {"done": "All done", "save": "Save", "calls": "Calls", "process": "Order to delivery"},
}  # fmt: skip


def shipped(visit: Visit) -> tuple[str, str]:
    """Order, wait for its delivery; its number in the CRM and in the ERP."""
    number = visit.hub.order(quantity="60")
    wait_until(lambda: visit.hub.crm_order(number)["status"] == "shipped", 30, "the order is shipped")
    return number, str(visit.hub.crm_order(number)["erp_no"])


def fits_the_width(visit: Visit) -> bool:
    return bool(visit.page.locator("#content").evaluate("main => main.scrollWidth <= main.clientWidth"))


def test_order_is_found_by_each_systems_number_and_shown_as_one_chain(visit: Visit) -> None:
    page, words = visit.page, WORDS[visit.language]
    number, erp_number = shipped(visit)
    visit.enter("sales")
    for asked in (number, erp_number):
        visit.go(f"/trace/{asked}", "trail")
        expect(page.locator("[data-ready=now]")).to_contain_text(words["done"], timeout=PATIENCE_MS)
        for document in (f"crm/sales_order/{number}", f"erp/sales_order/{erp_number}"):
            expect(page.locator(f"[data-document='{document}']")).to_be_visible()
    assert page.locator("[data-document^='erp/despatch_advice/']").count() == 1
    assert page.locator("[data-stage=delivery]").get_attribute("data-state") == "done"
    assert page.locator(".chain-arrows [data-edge]").count() == 2
    expect(page.locator("[data-line='1'] .reached").last).to_contain_text("60")
    link = page.locator(f"[data-document='erp/sales_order/{erp_number}'] header a")
    assert str(link.get_attribute("href")).endswith(f"/ui/orders/{erp_number}")
    # No number of the hub's own making and no time of another zone.
    assert re.search(r"\b[0-9A-HJKMNP-TV-Z]{26}\b|UTC|\bZ\b", page.locator("#content").inner_text()) is None
    if visit.language == "zh":
        assert visit.findings() == []
    visit.keep("trail")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".chain-arrows")).to_be_hidden()
    assert fits_the_width(visit)
    visit.keep("trail-phone")


def test_search_finds_parts_of_numbers_and_customers(chinese: Visit) -> None:
    visit = chinese
    page, words = visit.page, WORDS["zh"]
    number, _ = shipped(visit)
    customer = str(visit.hub.crm_order(number)["account_name"])
    visit.enter("sales")
    visit.go("/trace", "hits")
    expect(page.locator(".hit").filter(has_text=number)).to_be_visible()
    box = page.locator("#content").get_by_role("searchbox", name=words["label"])
    box.fill(number[-4:])
    expect(page.locator(".hit").filter(has_text=number)).to_be_visible(timeout=PATIENCE_MS)
    box.fill(customer[1:4])
    expect(page.locator(".hit-customer").filter(has_text=customer)).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("search")
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits_the_width(visit)
    visit.keep("search-phone")
    page.locator(".hit").filter(has_text=number).first.click()
    expect(page.locator("[data-ready=trail]")).to_be_visible(timeout=PATIENCE_MS)
    visit.go("/trace/NOPE-1", "unknown-number")


def test_refused_order_says_who_refused_it_why_and_who_has_it(chinese: Visit) -> None:
    visit = chinese
    number = visit.hub.order("KH-0008", quantity="9000")
    wait_until(lambda: visit.hub.crm_order(number)["status"] == "rejected", 30, "the ERP refuses the order")
    visit.enter("sales")
    visit.go(f"/trace/{number}", "trail")
    now = visit.page.locator("[data-ready=now]")
    expect(now).to_contain_text(WORDS[visit.language]["refused"], timeout=PATIENCE_MS)
    expect(now).to_contain_text(WORDS[visit.language]["holder"])
    assert "[4001]" not in visit.page.locator("#content").inner_text()


def test_diagram_shows_the_way_that_the_order_took_and_leads_back_to_its_trail(visit: Visit) -> None:
    page, words = visit.page, WORDS[visit.language]
    number, erp_number = shipped(visit)
    visit.enter("it")
    visit.go(f"/trace/{number}", "trail")
    page.get_by_role("link", name=words["process"]).first.click()
    expect(page.locator("[data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    assert page.locator(".djs-connection.run-flow").count() >= 6
    assert page.locator("[data-element-id=save].run-done").count() == 1
    taken = page.locator(".djs-connection.run-flow > .djs-visual > path").first
    assert taken.evaluate("path => getComputedStyle(path).stroke") == "rgb(56, 158, 13)"
    # Names in the reader's language only.
    drawn = page.locator(".djs-element[data-element-id=save] text").text_content() or ""
    assert drawn.replace(" ", "") == words["save"].replace(" ", "")
    # The mark of bpmn.io is whole and on top.
    assert page.locator(".bjs-powered-by").evaluate(
        "mark => { const r = mark.getBoundingClientRect();"
        " return mark.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)) }"
    )
    row = page.locator("tr[data-element=save]")
    expect(row).to_contain_text(erp_number)
    row.get_by_role("button").click()
    assert page.locator("[data-element-id=save].run-selected").count() == 1
    if visit.language == "zh":
        assert visit.findings() == []
    visit.keep("run")
    page.get_by_role("tab", name=re.compile(words["calls"])).click()
    expect(page.locator("[data-ready=calls]")).to_contain_text(erp_number)
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits_the_width(visit)
    visit.keep("run-phone")
    page.locator("[data-action=to-trail]").click()
    expect(page.locator("[data-ready=trail]")).to_be_visible(timeout=PATIENCE_MS)


def test_run_is_found_by_any_number_and_cancelled_with_a_reason(chinese: Visit) -> None:
    visit = chinese
    page, words = visit.page, WORDS["zh"]
    number = visit.hub.order("KH-0014")
    visit.enter("it")
    visit.go(f"/instances?number={number}&state=active", "instances")
    page.get_by_role("link", name=number).click(timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=diagram]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".run-here").first).to_be_visible()
    page.locator("[data-action=cancel-run]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=words["cancel"]).click()
    expect(dialog.get_by_text(words["why"])).to_be_visible()
    dialog.get_by_role("textbox", name=words["reason"]).fill("客户撤单 withdrawn")
    dialog.get_by_role("button", name=words["cancel"]).click()
    expect(page.locator("[data-action=cancel-run]")).to_have_count(0, timeout=PATIENCE_MS)
    visit.go("/instances", "instances")
    assert visit.findings() == []
    visit.keep("instances")
