"""A newcomer's first process, as docs/start/first-process.md tells it: drawn, tried out, published, run (E1).

From a confirmed order of the CRM to the ERP's order, an approval and a mail, without a line of code.
``PICTURES=1`` (``make pictures``) also writes the guide's pictures, in both languages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from e2e.console.conftest import ARTIFACTS, PATIENCE_MS, Running, Visit, visiting
from e2e.console.pictures import PICTURES, write_picture
from e2e.programs import ROOT, wait_until
from lineshaft.app.demo.running import Wish, plan_of
from lineshaft.app.demo.stations import SMS_KEY

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

TAKES = bool(os.environ.get("PICTURES"))
LANGUAGES = ["zh-CN", "en-GB"] if TAKES else ["zh-CN"]
WORDS = {
    "zh": {
        "mapping": "CRM 订单 → ERP 订单", "role": "财务", "agree": "同意", "save": "保存草稿",
        "confirm": "确认订单", "cancel": "取消订单", "default": "默认流", "subject": "订单已审批:",
        "test run": "试运行",
    },
    "en": {
        "mapping": "CRM order to ERP order", "role": "Finance", "agree": "Approve", "save": "Save draft",
        "confirm": "Confirm order", "cancel": "Cancel order", "default": "Default flow",
        "subject": "Approved: ",
        "test run": "Test run",
    },
}  # fmt: skip
MAIL_TO = "sales@factory.example"


@dataclass
class Newcomer:
    """The designer in one language, driven as the guide says."""

    visit: Visit

    def words(self, name: str) -> str:
        return WORDS[self.visit.language][name]

    def order(self) -> str:
        """Enter an order on the CRM's own page and confirm it; its number."""
        page = self.visit.page
        page.goto(f"{self.visit.hub.factory.url('crm')}/orders/new?lang={self.visit.language}")
        page.locator("[name=account_no]").select_option("KH-0001")
        page.locator("[name=model_1]").select_option("BX-F200")
        page.locator("[name=quantity_1]").fill("20")
        page.get_by_role("button", name=self.words("save")).click()
        page.get_by_role("button", name=self.words("confirm")).click()
        page.get_by_role("button", name=self.words("cancel")).wait_for()
        return page.url.rsplit("/", 1)[1].partition("?")[0]

    # -- drawing ---------------------------------------------------------------------------------------------

    def pad(self, action: str) -> None:
        self.visit.page.locator(f".djs-context-pad .entry[data-action='{action}']").click()

    def look_up(self, what: str) -> None:
        """Type into the list of parts and take what is found."""
        page = self.visit.page
        expect(page.locator(".djs-popup-search input")).to_be_focused()
        page.keyboard.type(what)
        expect(page.locator(".djs-popup-body .entry")).to_have_count(1)

    def append(self, what: str) -> None:
        """Append a ready-made part to what is selected."""
        self.pad("append")
        self.look_up(what)
        self.visit.page.keyboard.press("Enter")

    def field(self, part: str, group: str, number: int) -> Locator:
        return self.visit.page.locator(f"[data-entry-id='custom-entry-lineshaft.{part}-{group}-{number}']")

    def fill(self, part: str, group: str, *values: str) -> None:
        """Fill the fields of a group, from its first one on."""
        for number, value in enumerate(values):
            field = self.field(part, group, number)
            field.locator("[contenteditable=true], input[type=text], textarea").first.fill(value)
            self.visit.page.keyboard.press("Tab")

    def choose(self, part: str, group: str, number: int, label: str) -> None:
        self.field(part, group, number).locator("select").select_option(label=label)

    def arrow(self, number: int) -> None:
        """Select an arrow, counted as they were drawn."""
        self.visit.page.locator(".modeler .djs-connection .djs-hit").nth(number).dispatch_event("click")

    # -- pictures --------------------------------------------------------------------------------------------

    def picture(self, name: str) -> None:
        """Keep what is to be seen now, for people to look at and for the guide."""
        shot = self.visit.page.screenshot(animations="disabled")
        write_picture((PICTURES if TAKES else ARTIFACTS) / f"process-{name}-{self.visit.language}.png", shot)


@pytest.fixture(params=LANGUAGES)
def newcomer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Newcomer]:
    """A hub on which nobody has drawn anything, with CRM, ERP and mail."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT / "src"))
    hub = Running(plan_of(Wish(tmp_path_factory.mktemp("first") / "demo", port=0, pack="first-process")))
    hub.start()
    for visit in visiting(browser, hub, request.param, hub.factory.url("crm")):
        visit.page.set_viewport_size({"width": 1280, "height": 800})
        yield Newcomer(visit)
    hub.stop()
    patch.undo()


def test_a_newcomer_draws_tries_publishes_and_sees_it_run(newcomer: Newcomer) -> None:
    tried = newcomer.order()
    newcomer.visit.enter("it")
    _draw_to_the_erp(newcomer)
    _draw_the_decision(newcomer)
    assert newcomer.visit.findings() == []
    _try_out(newcomer, tried)
    _publish(newcomer)
    number = newcomer.order()
    _decide(newcomer, number)
    _look_at_what_ran(newcomer, number)


def _draw_to_the_erp(newcomer: Newcomer) -> None:
    """A new process that begins with an order's confirmation; the ERP saves the order."""
    page = newcomer.visit.page
    page.goto(f"{newcomer.visit.hub.url}/design")
    page.locator("[data-action=new]").click()
    page.locator("#name").fill("订单审批 Order approval")
    page.locator("#id").fill("order-approval")
    page.locator(".ant-modal .ant-btn-primary").click()
    expect(page.locator("[data-ready=modeler]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".modeler [data-element-id=start] .djs-hit").first.click()
    newcomer.pad("replace")
    newcomer.look_up("crm.sales_order")
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


def _try_out(newcomer: Newcomer, tried: str) -> None:
    """A test run with the order that came in before there was a process."""
    page = newcomer.visit.page
    page.get_by_text(newcomer.words("test run"), exact=True).click()
    page.locator("#past-event").click()
    page.locator(".ant-select-item-option", has_text=tried).click()
    expect(page.locator("[data-ready=rehearsal]")).to_be_visible(timeout=PATIENCE_MS)
    # The hub has mapped by itself; what stands is what a system would answer.
    expect(page.locator("[data-waits]")).to_contain_text("erp.sales_order.save")
    newcomer.picture("5-test-run")


def _publish(newcomer: Newcomer) -> None:
    page = newcomer.visit.page
    page.locator("[data-action=publish]").click()
    page.locator(".ant-modal textarea").fill("first")
    page.locator(".ant-modal .ant-btn-primary").click()
    page.wait_for_url("**/design")


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
