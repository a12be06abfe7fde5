"""The first ten minutes, as docs/start/first-ten-minutes.md tells them, with the pages' own buttons.

The whole factory, each system a process of its own, and a browser. Each step goes on from the one before.
``PICTURES=1`` (``make pictures``) also writes the guide's pictures, in both languages.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.console.conftest import ARTIFACTS, PATIENCE_MS, Running
from e2e.console.pictures import PICTURES, write_picture
from e2e.programs import ROOT, wait_until
from lineshaft.app.demo.running import Wish, plan_of
from lineshaft.app.demo.stations import IT_MAIL

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

BESIDES = ("page.*", "Auth.*", "Change.List", "Customer.Query")
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
TAKES = bool(os.environ.get("PICTURES"))
SHORT = {"engine.poll_s": "0.1", "engine.retry_gaps_s": "[0.2, 0.3, 0.4]", "engine.check_gaps_s": "[0.5]"}


@dataclass
class Tour:
    """The factory, a browser in Chinese, one in English for the pictures, and what was done so far."""

    hub: Running
    contexts: dict[str, BrowserContext]
    page: Page
    customer: BrowserContext
    """The phone of somebody who is not signed in."""
    complaints: list[str] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)

    # -- the systems' own pages ------------------------------------------------------------------------------

    def open(self, system: str, path: str = "/") -> Page:
        """Open a page of a system."""
        self.page.goto(self.hub.factory.url(system) + path)
        return self.page

    def press(self, fault: str) -> None:
        """Press a fault button of the ERP."""
        self.page.goto(self.hub.factory.buttons_url("erp"))
        self.page.locator(f'form[action="/break/{fault}"] button').click()
        expect(self.page.locator(".on")).to_be_visible()

    def draft(self, customer: str, *lines: tuple[str, str]) -> str:
        """Type an order into the CRM's form; its number."""
        page = self.open("crm", "/orders/new")
        page.locator("[name=account_no]").select_option(customer)
        for number, (model, quantity) in enumerate(lines, 1):
            page.locator(f"[name=model_{number}]").select_option(model)
            page.locator(f"[name=quantity_{number}]").fill(quantity)
        page.get_by_role("button", name="保存草稿").click()
        page.get_by_role("button", name="确认订单").wait_for()
        return page.url.rsplit("/", 1)[1]

    def confirm(self, customer: str, *lines: tuple[str, str]) -> str:
        """Type an order into the CRM's form and confirm it; its number."""
        number = self.draft(customer, *lines)
        self.page.get_by_role("button", name="确认订单").click()
        self.page.get_by_role("button", name="取消订单").wait_for()
        return number

    def shows(self, system: str, path: str, *words: str) -> None:
        """Open a page anew until it shows the words."""
        page = self.open(system, path)
        pause = threading.Event()
        for _ in range(150):
            text = page.locator("body").inner_text()
            if all(word in text for word in words):
                return
            pause.wait(0.1)
            page.reload()
        raise AssertionError(f"{system}{path} does not show {words}, but:\n{text}")

    # -- the console -----------------------------------------------------------------------------------------

    def console(self, path: str, ready: str, page: Page | None = None) -> Page:
        """Open a page of the hub's console and wait until it shows its data."""
        page = page or self.page
        page.goto(self.hub.url + path)
        expect(page.locator(f"[data-ready={ready}]").first).to_be_visible(timeout=PATIENCE_MS)
        return page

    # -- time and facts --------------------------------------------------------------------------------------

    def ask(self, work: Any) -> Any:
        return self.hub.run(work)

    def pass_until(self, look: Callable[[], Any], what: str) -> Any:
        """Let time pass in the factory, an hour at a look, until ``look`` finds something."""
        pause = threading.Event()
        for _ in range(200):
            found = look()
            if found:
                return found
            self.ask(self.hub.factory.advance(1))
            pause.wait(0.2)
        raise AssertionError(f"in vain: {what}")

    def numbers(self, number: str) -> dict[str, list[str]]:
        """The numbers of an order's documents, by ``system/kind``."""
        found: dict[str, list[str]] = {}
        for each in self.ask(self.hub.factory.hub("GET", f"/trace/{number}"))["documents"]:
            found.setdefault(f"{each['system']}/{each['kind']}", []).append(each["number"])
        return found

    def the(self, number: str, kind: str) -> str:
        """The number of an order's one document of a kind, once it has it."""
        wait_until(lambda: kind in self.numbers(number), 30, f"{number} has a {kind}")
        (found,) = self.numbers(number)[kind]
        return found

    def status(self, number: str) -> str:
        return str(self.hub.crm_order(number)["status"])

    def calls(self, match: str = "*") -> int:
        """How often the ERP was called so far, but for looking, logging in and people's pages."""
        calls = self.ask(self.hub.factory.admin("erp", "GET", "/calls"))["calls"]
        kept = [each for each in calls if not any(fnmatchcase(each, other) for other in BESIDES)]
        return sum(calls[each] for each in kept if fnmatchcase(each, match))

    def waiting(self, system: str) -> int:
        """How many calls to a system are owed or under way."""
        return int(self.ask(self.hub.factory.hub("GET", f"/systems/{system}"))["waiting"])

    def erp_orders(self, number: str) -> list[dict[str, Any]]:
        """The ERP's orders that came from an order of the CRM."""
        query = {"SourceBillNo": number, "StartRow": 0, "Limit": 9}
        found: list[dict[str, Any]] = self.ask(self.hub.factory.erp("SalesOrder.Query", query))["Rows"]
        return found

    # -- pictures --------------------------------------------------------------------------------------------

    def picture(
        self,
        name: str,
        url: str,
        ready: str = "body",
        *,
        size: dict[str, int] | None = None,
    ) -> None:
        """Take a picture of a page as it stands now: for people to look at, and for the guide."""
        self.take(name, self.opened(url, size or DESK), ready)

    def opened(self, url: str, size: dict[str, int]) -> dict[str, Page]:
        """Open a page for a picture of it, in each language that one is wanted in."""
        found = {}
        for language in self.contexts if TAKES else ("zh",):
            page = found[language] = self.contexts[language].new_page()
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(url if url.startswith(self.hub.url) else f"{url}?lang={language}")
        return found

    def take(self, name: str, pages: dict[str, Page], ready: str) -> None:
        """Take the pictures of opened pages once they show ``ready``, and close them."""
        for language, page in pages.items():
            expect(page.locator(ready).first).to_be_visible(timeout=PATIENCE_MS)
            shot = page.screenshot(animations="disabled")
            write_picture((PICTURES if TAKES else ARTIFACTS) / f"{name}-{language}.png", shot)
        for page in pages.values():
            page.close()


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Tour]:
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT / "src"))
    plan = plan_of(Wish(tmp_path_factory.mktemp("tour") / "factory", port=0, language="zh"))
    # As ``make demo`` has it, but with shorter pauses, and no machine that stops by chance.
    plan = replace(
        plan,
        options={**plan.options, "mes": ("--stops", "off")},
        hub_settings={**plan.hub_settings, **SHORT},
    )
    hub = Running(plan)
    hub.start()
    contexts = {
        language: browser.new_context(locale=locale, viewport=DESK, timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
        for language, locale in (("zh", "zh-CN"), ("en", "en-GB"))
    }
    phone = browser.new_context(locale="zh-CN", viewport=PHONE)  # type: ignore[arg-type]
    found = Tour(hub, contexts, contexts["zh"].new_page(), phone)
    for language, context in contexts.items():
        if language == "zh" or TAKES:
            page = context.new_page()
            page.goto(hub.url)
            page.locator("[data-role=it]").click()
            page.locator(".shell").wait_for()
            page.close()
        context.on("weberror", lambda error: found.complaints.append(str(error.error)))
    yield found
    for context in (*contexts.values(), phone):
        context.close()
    hub.stop()
    patch.undo()
    assert found.complaints == []


def test_confirmed_order_grows_into_a_chain_to_the_shipment_of_what_is_in_stock(tour: Tour) -> None:
    # In this factory people report the work orders to come.
    tour.open("mes").get_by_role("button", name="改为手工报工").click()
    expect(tour.page.locator(".tag.manual")).to_be_visible()
    number = tour.done["order"] = tour.draft("KH-0002", ("BX-F200", "100"), ("BX-R300", "500"))
    tour.picture("1-order", f"{tour.hub.factory.url('crm')}/orders/{number}", size=SMALL)
    tour.page.get_by_role("button", name="确认订单").click()
    page = tour.console(f"/trace/{number}", "trail")
    # The page grows by itself: it is not loaded again from here on.
    page.evaluate("window.sameDocument = true")
    for kind in ("erp/sales_order", "erp/plan_proposal", "mes/work_order", "oa/approval"):
        expect(page.locator(f"[data-document^='{kind}/']").first).to_be_visible(timeout=PATIENCE_MS)
    shipped = page.locator("[data-document^='erp/despatch_advice/']")
    tour.pass_until(lambda: shipped.count() == 1, "the line in stock is shipped")
    assert page.evaluate("window.sameDocument") is True
    expect(page.locator("#content")).not_to_contain_text("逾期")
    wait_until(lambda: tour.hub.crm_order(number)["lines"][0]["status"] == "shipped", 20, "the CRM knows")
    tour.shows("crm", f"/orders/{number}", "部分发货", "已发货,预计", "100 / 100 已发货")
    tour.shows("mail", "/", f"订单 {number} 已发货", "purchasing@kh-0002.example")
    tour.shows("mail", "/sms", number)
    # The mail leads the customer, who has no account, to their own order.
    page = tour.open("mail")
    page.locator("a", has_text=f"订单 {number} 已发货").click()
    link = page.locator("pre a").inner_text()
    phone = tour.customer.new_page()
    phone.goto(link)
    expect(phone.locator(".now")).to_contain_text("部分已发货,预计")
    expect(phone.locator("main")).to_contain_text("已发 100 / 100 套")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pages = {"zh": phone}
    if TAKES:
        pages["en"] = tour.customer.new_page()
        pages["en"].goto(f"{link}?lang=en")
    tour.take("9-tracking", pages, ".now")
    tour.picture("2-trail", f"{tour.hub.url}/trace/{number}", "[data-ready=trail]", size=WIDE)


def test_order_above_the_credit_limit_is_rejected_once_and_passes_with_a_higher_limit(tour: Tour) -> None:
    before = tour.calls("SalesOrder.Submit")
    number = tour.done["credit"] = tour.confirm("KH-0008", ("BX-F210", "400"))
    tour.shows("crm", f"/orders/{number}", "已驳回", "超信用额度 ¥10,000.00")
    # A no is an answer: nobody asks again.
    assert tour.calls("SalesOrder.Submit") == before + 1
    tour.picture("3-rejected", f"{tour.hub.factory.url('crm')}/orders/{number}", size=SMALL)
    page = tour.open("erp", "/ui/customers")
    row = page.locator("tr", has_text="KH-0008")
    row.locator("[name=limit]").fill("50000")
    row.get_by_role("button", name="修改").click()
    expect(row.locator("[name=limit]")).to_have_value("50,000.00")
    tour.open("crm", f"/orders/{number}").get_by_role("button", name="确认订单").click()
    tour.shows("crm", f"/orders/{number}", "处理中", "已备货")
    (sold,) = tour.erp_orders(number)
    assert sold["DocumentStatus"] == "C"


def test_change_from_100_to_80_is_followed_in_every_system(tour: Tour) -> None:
    number = tour.confirm("KH-0001", ("BX-R300", "100"))
    job, work = tour.the(number, "mes/work_order"), tour.the(number, "erp/work_order")
    bill = tour.the(number, "erp/sales_order")
    tour.shows("mes", f"/orders/{job}", "BX-R300", "100")
    page = tour.open("crm", f"/orders/{number}")
    page.locator("[name=line_1]").fill("80")
    page.locator("form", has=page.locator("[name=line_1]")).locator("[name=reason]").fill("客户减量")
    page.get_by_role("button", name="变更数量").click()
    tour.shows("erp", f"/ui/orders/{bill}", "80 套")
    tour.shows("erp", f"/ui/work-orders/{work}", "0 / 80 套")
    wait_until(lambda: job_quantity(tour, job) == "80", 20, "the MES makes 80")
    page = tour.console(f"/trace/{number}", "trail")
    expect(page.locator(f"[data-document='mes/work_order/{job}']")).to_contain_text("80", timeout=PATIENCE_MS)
    assert tour.hub.crm_order(number)["lines"][0]["quantity"] == "80"


def job_quantity(tour: Tour, job: str) -> str:
    cells = tour.open("mes", f"/orders/{job}").locator("table").first.locator("td")
    return cells.nth(3).inner_text()


def test_erp_that_is_off_is_red_called_four_times_and_told_once_and_the_backlog_drains(
    tour: Tour,
) -> None:
    # What is still under way for the orders before would ask the ERP too, at any moment: let it end first.
    tour.pass_until(lambda: tour.status(tour.done["credit"]) == "shipped", "the order within its limit ships")
    wait_until(lambda: tour.waiting("erp") == 0, 20, "nothing waits for the ERP")
    tour.press("down")
    before = tour.calls()
    numbers = [tour.confirm("KH-0005", ("BX-F100", str(10 + each))) for each in range(3)]
    page = tour.console("/", "map")
    tile = page.locator("[data-system=erp]")
    expect(tile).to_have_attribute("data-state", "down", timeout=PATIENCE_MS)
    expect(tile).to_have_class("tile is-failed")
    assert tour.calls() == before + 4
    wait_until(lambda: len(alerts(tour)) == 1, 20, "the IT team has a mail")
    tour.picture("4-outage", f"{tour.hub.url}/", "[data-system=erp].is-failed")
    page = tour.open("crm", f"/orders/{numbers[0]}")
    page.locator("[name=line_1]").fill("8")
    page.get_by_role("button", name="变更数量").click()
    page.goto(tour.hub.factory.buttons_url("erp"))
    page.locator(".on").get_by_role("button", name="恢复").click()
    tour.console("/", "map")
    expect(tile).to_have_attribute("data-state", "ok", timeout=PATIENCE_MS)
    wait_until(lambda: all(tour.erp_orders(each) for each in numbers), 20, "all three are in the ERP")
    assert [len(tour.erp_orders(each)) for each in numbers] == [1, 1, 1]
    # What the customer of the first one wanted last is what counts.
    wait_until(lambda: tour.erp_orders(numbers[0])[0]["Lines"][0]["Qty"] == "8", 20, "changed after saved")
    # One mail when it went, one when it was there again.
    wait_until(lambda: len(alerts(tour)) == 2, 20, "the IT team is told of the end")


def alerts(tour: Tour) -> list[str]:
    """The subjects of the mails to the IT team, on the mail box's own page."""
    found = tour.open("mail").locator("tr", has_text=IT_MAIL)
    return found.all_inner_texts()


def test_save_whose_reply_is_lost_is_found_by_our_number_and_the_erp_has_one_order(tour: Tour) -> None:
    tour.press("lost_reply")
    pages = tour.opened(f"{tour.hub.url}/unknown", SMALL)
    number = tour.confirm("KH-0005", ("BX-M100", "60"))
    page = tour.console("/unknown", "outcomes")
    entry = page.locator(f"[data-number='{number}']")
    expect(entry).to_be_visible(timeout=PATIENCE_MS)
    expect(entry).to_contain_text("保存销售订单")
    tour.take("5-unknown", pages, f"[data-number='{number}']")
    # The order is in the ERP all the while; nothing is sent again before that is known.
    assert len(tour.erp_orders(number)) == 1
    saves = tour.calls("SalesOrder.Save")
    expect(entry).to_have_count(0, timeout=PATIENCE_MS)
    wait_until(lambda: tour.status(number) == "processing", 20, "the order goes on")
    assert tour.calls("SalesOrder.Save") == saves
    (sold,) = tour.erp_orders(number)
    assert sold["BillNo"] == tour.hub.crm_order(number)["erp_no"]
    tour.shows("erp", "/ui", number, sold["BillNo"])


def test_shop_floor_reports_480_of_500_with_10_to_rework_and_2_percent_more_plates(tour: Tour) -> None:
    number = tour.done["order"]
    job, work = tour.the(number, "mes/work_order"), tour.the(number, "erp/work_order")
    tour.done["job"], tour.done["work"] = job, work
    # Blanking: 500 good, 510 plates used for them.
    report(tour, "裁剪", good="500", **{"used.GB-R2": "510"})
    report(tour, "打磨", good="500")
    report(tour, "组装", good="480", bad="10", badReason="GRIND_OVER")
    rework = tour.page.locator("tr", has_text="FX-")
    expect(rework).to_contain_text("打磨超标")
    expect(rework).to_contain_text("10")
    tour.picture("6-report", f"{tour.hub.factory.url('mes')}/orders/{job}", size=TALL)
    tour.shows("erp", f"/ui/work-orders/{work}", "510 块", "2.0")
    page = tour.page
    wait_until(
        lambda: bool(page.reload()) and cells(page, "组装")[2:4] == ["480", "10"],
        20,
        "the ERP knows the report",
    )
    assert cells(page, "组装")[-1] == "96"
    plates = cells(page, "GB-R2")
    assert [each for each in plates if each][3:] == ["500 块", "510 块", "10", "2.0"]
    tour.picture("7-loss", f"{tour.hub.factory.url('erp')}/ui/work-orders/{work}", size=SMALL)
    page = tour.console(f"/trace/{number}", "trail")
    expect(page.locator("[data-document^='mes/rework_order/']")).to_be_visible(timeout=PATIENCE_MS)


def report(tour: Tour, operation: str, *, good: str, bad: str = "0", **more: str) -> None:
    """Fill in the report form of an operation."""
    page = tour.open("mes", f"/orders/{tour.done['job']}")
    form = page.locator("tr", has_text=operation).locator("form")
    form.locator("[name=goodQty]").fill(good)
    form.locator("[name=badQty]").fill(bad)
    for name, value in more.items():
        entry = form.locator(f"[name='{name}']")
        if name == "badReason":
            entry.select_option(value)
        else:
            entry.fill(value)
    form.get_by_role("button", name="报工").click()
    page.locator("td", has_text=re.compile("^BG-")).first.wait_for()


def cells(page: Page, row: str) -> list[str]:
    """The cells of the row that holds a word."""
    return page.locator("tr", has_text=row).first.locator("td").all_inner_texts()


def test_shipment_is_approved_on_the_phone_and_leaves(tour: Tour) -> None:
    number, job = tour.done["order"], tour.done["job"]
    page = tour.open("oa")
    page.get_by_role("button", name="改为人工").click()
    expect(page.get_by_text("人工审批")).to_be_visible()
    page = tour.open("mes", f"/orders/{job}")
    page.get_by_role("button", name="返工完成").click()
    report(tour, "组装", good="10")
    report(tour, "质检", good="500")
    tour.pass_until(lambda: len(tour.numbers(number).get("oa/approval", [])) == 2, "a second approval")
    request = tour.numbers(number)["oa/approval"][-1]
    phone = tour.contexts["zh"].new_page()
    phone.set_viewport_size(PHONE)  # type: ignore[arg-type]
    phone.goto(tour.hub.factory.url("oa"))
    phone.locator(f"a[href='/requests/{request}']").click()
    expect(phone.locator("main")).to_contain_text("BX-R300")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tour.picture("8-approval", f"{tour.hub.factory.url('oa')}/requests/{request}", size=PHONE)
    assert tour.status(number) == "partially_shipped"
    phone.get_by_role("button", name="同意").click()
    expect(phone.locator(".st.approved")).to_be_visible()
    phone.close()
    tour.pass_until(lambda: tour.status(number) == "shipped", "the whole order is shipped")
    assert [each["shipped_quantity"] for each in tour.hub.crm_order(number)["lines"]] == ["100", "500"]
    wait_until(lambda: mails(tour, number) == 2, 20, "the customer has a mail for each shipment")


def mails(tour: Tour, number: str) -> int:
    return tour.open("mail").locator("tr", has_text=f"{number} 已发货").count()


def test_order_is_found_by_every_systems_number(tour: Tour) -> None:
    number = tour.done["order"]
    found = tour.numbers(number)
    asked = ["erp/sales_order", "erp/work_order", "mes/work_order", "wms/shipment", "oa/approval"]
    page = tour.console("/trace", "hits")
    for each in [number, *(found[kind][-1] for kind in asked)]:
        box = page.get_by_role("banner").get_by_role("searchbox")
        box.fill(each)
        box.press("Enter")
        expect(page).to_have_url(f"{tour.hub.url}/trace/{each}")
        expect(page.locator(f"[data-document='crm/sales_order/{number}']")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=now]")).to_contain_text("已全部完成")


WIDE = {"width": 1440, "height": 860}
SMALL = {"width": 1100, "height": 520}
TALL = {"width": 1280, "height": 1060}
