"""A newcomer's first process, as docs/start/first-process.md tells it: drawn, tried out, published, run (E1).

From a confirmed order of the CRM to the ERP's order, an approval and a mail, without a line of code.
``PICTURES=1`` (``make pictures``) also writes the guide's pictures, in both languages.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running
from e2e.console.drawing import Newcomer, newcomer
from e2e.programs import wait_until
from lineshaft.app.demo.stations import SMS_KEY

__all__ = ["newcomer"]

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

MAIL_TO = "sales@factory.example"


def test_a_newcomer_draws_tries_publishes_and_sees_it_run(newcomer: Newcomer) -> None:
    tried = newcomer.order()
    newcomer.visit.enter("it")
    _draw_to_the_erp(newcomer)
    _draw_the_decision(newcomer)
    assert newcomer.visit.findings() == []
    newcomer.try_out(tried, "erp.sales_order.save")
    newcomer.picture("5-test-run")
    newcomer.publish("first")
    number = newcomer.order()
    _decide(newcomer, number)
    _look_at_what_ran(newcomer, number)


def _draw_to_the_erp(newcomer: Newcomer) -> None:
    """A new process that begins with an order's confirmation; the ERP saves the order."""
    page = newcomer.visit.page
    newcomer.begin("order-approval", "订单审批 Order approval")
    newcomer.picture("1-start")
    page.keyboard.press("Enter")
    newcomer.append("hub.map")
    newcomer.choose("hub.map", "input", 0, newcomer.words("mapping"))
    newcomer.field("hub.map", "input", 1).locator("[contenteditable=true]").fill("order")
    newcomer.fill("hub.map", "output", "erp_document")
    newcomer.picture("2-mapping")
    newcomer.append("erp.sales_order.save")
    newcomer.fill("erp.sales_order.save", "input", "erp_document", "=order.order_no")
    newcomer.fill("erp.sales_order.save", "output", "bill_no")


def _draw_the_decision(newcomer: Newcomer) -> None:
    """Finance decides; approved goes to the ERP and a mail, all else to an end of its own."""
    page = newcomer.visit.page
    newcomer.append("approve-order")
    newcomer.choose("form.approve-order", "who", 0, newcomer.words("role"))
    newcomer.fill("form.approve-order", "seen", "order.order_no", "order.account_name", "bill_no")
    newcomer.picture("3-approval")
    newcomer.pad("append.gateway")
    newcomer.append("erp.sales_order.submit")
    newcomer.fill("erp.sales_order.submit", "input", "=bill_no")
    newcomer.append("mail.message.send")
    subject = f'="{newcomer.words("subject")}" + order.order_no'
    newcomer.fill("mail.message.send", "input", MAIL_TO, subject, '="ERP: " + bill_no')
    newcomer.pad("append.end-event")
    page.locator(".modeler .djs-shape[data-element-id^=Gateway] .djs-hit").first.click()
    newcomer.pad("append.end-event")
    page.keyboard.press("Escape")
    newcomer.arrow(4)
    page.locator("[data-group-id=group-condition] .bio-properties-panel-group-header").first.click()
    page.locator("[data-entry-id=conditionExpression] [contenteditable=true]").fill('decision = "approved"')
    page.keyboard.press("Tab")
    newcomer.arrow(7)
    newcomer.pad("replace")
    page.locator(".djs-popup-body .entry", has_text=newcomer.words("default")).click()
    page.locator("[data-action=fit]").click()
    expect(page.locator("[data-ready=clean]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    newcomer.picture("4-drawn")


def _decide(newcomer: Newcomer, number: str) -> None:
    """The order is in the ERP, not yet submitted; finance approves it in the inbox."""
    visit, page = newcomer.visit, newcomer.visit.page
    bill = _bill_of(visit.hub, number)
    assert (bill["DocumentStatus"], bill["SourceSystem"]) == ("A", "CRM")
    visit.context.clear_cookies()
    visit.enter("finance")
    visit.go("/tasks", "inbox")
    page.locator(f"[data-task='{number}']").click()
    task = page.locator("[data-ready=task]")
    expect(task).to_contain_text(bill["BillNo"], timeout=PATIENCE_MS)
    task.locator("#decision").click()
    page.locator(".ant-select-item-option", has_text=newcomer.words("agree")).first.click()
    newcomer.picture("6-task")
    page.locator(".task-acts [data-act=approve]").click()


def _look_at_what_ran(newcomer: Newcomer, number: str) -> None:
    hub = newcomer.visit.hub
    wait_until(lambda: _mails(hub, number), 30, "the mail")
    assert _bill_of(hub, number)["DocumentStatus"] == "B"
    [instance] = hub.run(hub.factory.hub("GET", f"/instances?business_key={number}"))["items"]
    assert instance["status"] == "completed"
    newcomer.visit.go(f"/instances/{instance['id']}", "run")
    newcomer.picture("7-run")


def _bill_of(hub: Running, number: str) -> dict[str, Any]:
    """The ERP's one order that came from an order of the CRM."""
    query = {"SourceBillNo": number, "StartRow": 0, "Limit": 9}
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = hub.run(hub.factory.erp("SalesOrder.Query", query))["Rows"]
        return bool(found)

    wait_until(look, 30, f"{number} in the ERP")
    [bill] = found
    return bill


def _mails(hub: Running, number: str) -> list[Any]:
    found = hub.run(hub.factory.call("mail", "GET", "/mail/v1/messages", **{"X-Sms-Key": SMS_KEY}))
    return [each for each in found["items"] if number in each["subject"]]
