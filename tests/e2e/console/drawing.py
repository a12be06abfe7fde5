"""The designer driven as the guides say: parts taken by name, fields filled, arrows chosen; its pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, expect

from e2e.console.conftest import ARTIFACTS, PATIENCE_MS, Running, Visit, visiting
from e2e.console.pictures import PICTURES, write_picture
from e2e.programs import ROOT
from lineshaft.app.demo.running import Wish, plan_of

TAKES = bool(os.environ.get("PICTURES"))
LANGUAGES = ["zh-CN", "en-GB"] if TAKES else ["zh-CN"]
WORDS = {
    "zh": {
        "mapping": "CRM 订单 → ERP 订单", "role": "财务", "agree": "同意", "save": "保存草稿",
        "confirm": "确认订单", "cancel": "取消订单", "default": "默认流", "subject": "订单已审批:",
        "test run": "试运行", "tools": "订单 → 工装",
    },
    "en": {
        "mapping": "CRM order to ERP order", "role": "Finance", "agree": "Approve", "save": "Save draft",
        "confirm": "Confirm order", "cancel": "Cancel order", "default": "Default flow",
        "subject": "Approved: ",
        "test run": "Test run", "tools": "Order to tool",
    },
}  # fmt: skip


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

    # -- from a drawing to a release -------------------------------------------------------------------------

    def begin(self, process: str, name: str) -> None:
        """A new process that begins with an order's confirmation."""
        page = self.visit.page
        page.goto(f"{self.visit.hub.url}/design")
        page.locator("[data-action=new]").click()
        page.locator("#name").fill(name)
        page.locator("#id").fill(process)
        page.locator(".ant-modal .ant-btn-primary").click()
        expect(page.locator("[data-ready=modeler]")).to_be_visible(timeout=PATIENCE_MS)
        page.locator(".modeler [data-element-id=start] .djs-hit").first.click()
        self.pad("replace")
        self.look_up("crm.sales_order")

    def try_out(self, tried: str, waits: str) -> None:
        """A test run with an order that came in before there was a process."""
        page = self.visit.page
        page.get_by_text(self.words("test run"), exact=True).click()
        page.locator("#past-event").click()
        self.visit.keep("engineer-try")
        page.locator(".ant-select-item-option", has_text=tried).click()
        expect(page.locator("[data-ready=rehearsal]")).to_be_visible(timeout=PATIENCE_MS)
        # The hub has mapped by itself; what stands is what a system would answer.
        expect(page.locator("[data-waits]")).to_contain_text(waits)

    def publish(self, note: str) -> None:
        """Publish what is drawn."""
        page = self.visit.page
        page.locator("[data-action=publish]").click()
        page.locator(".ant-modal textarea").fill(note)
        page.locator(".ant-modal .ant-btn-primary").click()
        page.wait_for_url("**/design")


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
