"""The boss's look: where all orders stand, and from every figure to the orders behind it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")


def test_figure_of_the_board_leads_to_its_orders_and_they_to_their_trails(chinese: Visit) -> None:
    visit, hub, page = chinese, chinese.hub, chinese.page
    number = hub.order()
    wait_until(lambda: hub.crm_order(number)["status"] == "shipped", 20, "the order is shipped")
    visit.enter("boss")
    visit.go("/board", "board")
    done = page.locator("[data-figure=done] .value")
    expect(done).not_to_have_text("0", timeout=PATIENCE_MS)
    page.locator("[data-figure=done]").click()
    listed = page.locator("[data-ready=board-orders]")
    expect(listed).to_contain_text(number)
    expect(page).to_have_url(re.compile("figure=done"))
    assert visit.findings() == []
    visit.keep("board")
    listed.get_by_role("link", name=number).click()
    expect(page).to_have_url(re.compile(f"/trace/{number}"))


@pytest.mark.proof
def test_new_order_appears_on_the_board_without_a_reload(english: Visit) -> None:
    visit, hub, page = english, english.hub, english.page
    hub.fault(kind="down", match="SalesOrder.*")
    try:
        visit.enter("boss")
        visit.go("/board", "board")
        page.evaluate("window.sameDocument = true")
        number = hub.order(account="KH-0002")
        page.locator("[data-figure=open]").click()
        expect(page.locator("[data-ready=board-orders]")).to_contain_text(number, timeout=PATIENCE_MS)
        stage = page.locator("[data-stage]", has_text=re.compile(r"[1-9]\d* open")).first
        expect(stage).to_be_visible()
        assert page.evaluate("window.sameDocument") is True
        assert visit.findings() == []
        visit.keep("board-open")
    finally:
        hub.lift_faults()
    wait_until(lambda: hub.crm_order(number)["status"] == "shipped", 30, "the order is shipped after all")


def test_manager_sees_a_failure_come_finds_its_document_and_sets_what_is_aimed_at(long_visit: Visit) -> None:
    visit = long_visit
    hub, page = visit.hub, visit.page
    visit.enter("boss")
    visit.go("/board", "kpis")
    page.evaluate("window.sameDocument = true")
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="期间已关闭", count=1)
    number = hub.order()
    tile = page.locator("[data-kpi=error-rate]")
    expect(tile).to_have_attribute("data-met", "false", timeout=PATIENCE_MS)
    assert page.evaluate("window.sameDocument") is True
    assert visit.findings() == []
    visit.keep("board-kpis")
    tile.click()
    panel = page.locator("[data-ready=kpi]")
    expect(panel).to_contain_text("share(calls: failed)")
    expect(panel.get_by_role("link", name=number)).to_be_visible(timeout=PATIENCE_MS)
    panel.get_by_role("spinbutton").fill("100")
    panel.locator("[data-action=set-target]").click()
    expect(tile).to_have_attribute("data-met", "true", timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("kpi")
    panel.get_by_role("button", name=re.compile("还原|As shipped")).click()
    expect(tile).to_have_attribute("data-met", "false", timeout=PATIENCE_MS)
    panel.get_by_role("link", name=number).click()
    expect(page).to_have_url(re.compile(f"/trace/{number}"))
