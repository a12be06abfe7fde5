"""Alerts in the console: a rule is made, what it finds is taken and closed as noise; the figures say so."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from e2e.console.conftest import PATIENCE_MS, Visit

pytestmark = pytest.mark.needs("browser")


def _fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).fill(value)


def test_a_rule_is_made_and_its_alert_is_taken_and_closed_as_noise(chinese: Visit) -> None:
    visit, page = chinese, chinese.page
    visit.enter("it")
    visit.go("/alerts", "alerts")
    page.get_by_role("tab", name="规则").click()
    expect(page.locator("[data-ready=alert-rules]")).to_contain_text("订单超过交货日期")
    assert visit.findings() == []
    visit.keep("alert-rules")
    page.locator("[data-action=make-rule]").click()
    _fill(page, "规则名（小写字母）", "order-unheard")
    _fill(page, "中文名称", "订单没有回音")
    _fill(page, "英文名称", "An order without an echo")
    _fill(page, "触发事件", "crm.sales_order.confirmed")
    _fill(page, "宽限", "0.02")
    page.get_by_label("应出现（任一）").fill("crm.echo")
    page.keyboard.press("Enter")
    page.get_by_label("通知", exact=True).fill("it")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert visit.findings() == []
    visit.keep("alert-rule-form")
    page.locator("[data-action=save-rule]").click()
    expect(page.locator("[data-ready=alert-rules]")).to_contain_text("订单没有回音")
    number = visit.hub.order()
    page.get_by_role("tab", name="预警").click()
    row = page.locator("[data-ready=alerts] tbody tr", has_text="订单没有回音").filter(has_text=number)
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.get_by_role("button", name="订单没有回音").click()
    panel = page.locator("[data-ready=alert]")
    panel.locator("[data-action=acknowledge]").click()
    expect(panel).to_contain_text("处理人")
    panel.get_by_label("备注").fill("测试单")
    assert visit.findings() == []
    visit.keep("alert")
    panel.locator("[data-action=useless]").click()
    expect(panel).to_contain_text("没用（误报）")
    page.keyboard.press("Escape")
    expect(row).to_be_hidden()
    expect(page.locator("[data-ready=alert-figures]")).to_contain_text("100.0 %")
    visit.keep("alerts-handled")
