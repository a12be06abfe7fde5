"""Four people's days against a whole firm: finance, purchasing, maintenance and human resources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from e2e.console.conftest import PATIENCE_MS, Visit, visiting
from e2e.console.firm import (
    KIT,
    PHONE,
    Firm,
    as_role,
    choose,
    firm,
    looked_at,
    open_task,
    search_for,
    submit,
    table,
)
from e2e.programs import wait_until
from lineshaft.app.demo import staffing

pytestmark = pytest.mark.needs("browser")

__all__ = ["firm"]


@pytest.fixture
def zh(browser: Browser, firm: Firm) -> Iterator[Visit]:
    # Maintenance works on the service desk's own page.
    yield from visiting(browser, firm, "zh-CN", firm.factory.url("itsm"))


@pytest.fixture
def en(browser: Browser, firm: Firm) -> Iterator[Visit]:
    yield from visiting(browser, firm, "en-GB")


def test_finance_clerk_decides_what_does_not_match_and_nothing_is_paid_twice(
    firm: Firm, zh: Visit, en: Visit
) -> None:
    page = zh.page
    first, second = firm.delivered("finance-1", "100"), firm.delivered("finance-2", "100")
    dear = firm.invoiced(first, "XX-0815", "100", price="8.5000")
    wrong = firm.invoiced(second, "XX-0900", "100", price="9.0000")
    for each in (dear, wrong):
        firm.invoice_is(each["id"], "blocked")
    # In the morning: what differs lies in the inbox, with order, receipt and invoice side by side.
    zh.enter("finance")
    open_task(zh, "XX-0815")
    assert table(zh, "papers") == [
        ["采购订单", first, "904.00"], ["收货", receipt_of(firm, first), ""], ["发票", "XX-0815", "960.50"],
    ]  # fmt: skip
    assert table(zh, "lines") == [["M-20051", "100", "100", "0", "100", "8", "8.5", "单价不符"]]
    looked_at(zh, "clerk-finance-difference")
    task = page.url
    # Accepted, but not without a word.
    choose(zh, "resolution", "接受差异")
    page.locator("[data-act=approve]").click()
    expect(page.locator(".ant-form-item-explain-error")).to_contain_text("理由", timeout=PATIENCE_MS)
    page.get_by_label("理由").fill("铝价上涨,采购已书面确认")
    submit(zh)
    assert "铝价上涨" in firm.invoice_is(dear["id"], "matched")["reason"]
    history = page.locator("[data-ready=history]")
    for words in ("财务 提交: 接受差异", "铝价上涨"):
        expect(history).to_contain_text(words, timeout=PATIENCE_MS)
    looked_at(zh, "clerk-finance-accepted")
    # The other one goes back to the supplier, who sends the right one.
    open_task(zh, "XX-0900")
    choose(zh, "resolution", "退回供应商")
    page.get_by_label("理由").fill("合同价 8 元")
    submit(zh)
    assert "合同价" in firm.invoice_is(wrong["id"], "refused")["reason"]
    right = firm.invoiced(second, "XX-0901", "100")
    firm.invoice_is(right["id"], "matched")
    search_for(zh, "XX-0901")
    expect(page.locator("[data-document^='finance/payment_application/']")).to_have_count(
        1, timeout=PATIENCE_MS
    )
    looked_at(zh, "clerk-finance-matched")
    (application,) = firm.applications(second)
    firm.run(firm.office.paid(application))
    expect(page.locator("[data-document^='finance/payment/']")).to_be_visible(timeout=PATIENCE_MS)
    # The same paper once more, written otherwise: no second application, no second payment.
    again = firm.invoiced(second, "xx 0901", "100", scan="again")
    assert firm.invoice_is(again["id"], "refused")["reason"] == "重复发票"
    assert [each["status"] for each in firm.applications(second)] == ["paid"]
    paid = [each for each in firm.run(firm.office.payments()) if each["application_no"] == application["no"]]
    assert [each["amount"] for each in paid] == ["904.00"]
    search_for(zh, "xx 0901")
    expect(page.locator("[data-ready=now]")).to_contain_text("已全部完成", timeout=PATIENCE_MS)
    looked_at(zh, "clerk-finance-paid")
    finance_in_english(en, task)
    prices_are_not_for_the_warehouse(zh, task)


def receipt_of(firm: Firm, order: str) -> str:
    """Return the ERP's number of an order's only receipt."""
    (receipt,) = firm.run(firm.office.order(order))["Receipts"]
    return str(receipt["BillNo"])


def finance_in_english(visit: Visit, task: str) -> None:
    page = visit.page
    visit.enter("finance")
    page.goto(task)
    expect(page.locator("[data-fact=lines]")).to_contain_text("Price differs", timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=history]")).to_contain_text("Finance submitted: Accept the difference")
    looked_at(visit, "clerk-finance-accepted")
    search_for(visit, "XX-0815")
    expect(page.locator("[data-document^='finance/supplier_invoice/']").first).to_contain_text("960.50")
    looked_at(visit, "clerk-finance-trail")


def prices_are_not_for_the_warehouse(visit: Visit, task: str) -> None:
    page = visit.page
    as_role(visit, "warehouse")
    page.goto(task)
    line = page.locator("[data-fact=lines] tbody tr")
    expect(line.locator("[data-masked=cost]")).to_have_count(2, timeout=PATIENCE_MS)
    expect(line).to_contain_text("M-20051")
    looked_at(visit, "clerk-finance-masked-task")
    search_for(visit, "XX-0815")
    expect(page.locator("[data-document^='finance/supplier_invoice/']").first).to_contain_text("***")
    assert not any(each in page.locator("#content").inner_text() for each in ("960.50", "904.00"))
    looked_at(visit, "clerk-finance-masked-trail")


def test_buyer_follows_a_request_to_its_goods_and_chases_what_is_short(
    firm: Firm, zh: Visit, en: Visit
) -> None:
    page = zh.page
    request = firm.requested("buyer-1", "1000", "采购经理")
    zh.enter("buyer")
    search_for(zh, request["requestNo"])
    now = page.locator("[data-ready=now]")
    for words in ("待审批", "采购经理"):
        expect(now).to_contain_text(words, timeout=PATIENCE_MS)
    looked_at(zh, "clerk-buyer-approval")
    order = firm.approved(request)
    firm.supplied(order, in_days=-1)
    firm.received(order, "600")
    # The promised day is over, and not all of it is there.
    wait_until(lambda: firm.asked_about(order) == [{"received": "600", "missing": "400"}], 30, "it is asked")
    open_task(zh, order)
    assert table(zh, "lines") == [["M-20051", "1,000", "600", "400"]]
    looked_at(zh, "clerk-buyer-short")
    task = page.url
    choose(zh, "resolution", "改期再看")
    page.locator("#look_again_on").fill("2099-01-31")
    page.keyboard.press("Enter")
    page.get_by_label("理由").fill("供应商承诺月底补齐 400 块")
    submit(zh)
    expect(page.locator("[data-ready=history]")).to_contain_text("月底补齐", timeout=PATIENCE_MS)
    search_for(zh, order)
    expect(now).to_contain_text("部分收货", timeout=PATIENCE_MS)
    expect(page.locator("[data-line='1']")).to_contain_text("600 / 1,000")
    looked_at(zh, "clerk-buyer-partly")
    firm.received(order, "400")
    expect(page.locator("[data-stage=receipt]")).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    zh.go("/tasks", "inbox")
    expect(page.locator(".inbox-line", has_text=order)).to_have_count(0)
    looked_at(zh, "clerk-buyer-nothing-left")
    low_stock_is_refilled(firm, zh)
    en.enter("buyer")
    en.page.goto(task)
    expect(en.page.locator("[data-ready=history]")).to_contain_text("look again on a later day")
    looked_at(en, "clerk-buyer-short")
    search_for(en, order)
    looked_at(en, "clerk-buyer-trail")


def low_stock_is_refilled(firm: Firm, visit: Visit) -> None:
    page = visit.page
    firm.run(firm.office.taken_out("SHOP-1", KIT, "2150"))
    refill = firm.refill(KIT)
    search_for(visit, refill["replenishmentNo"])
    expect(page.locator("[data-document^='wms/stock_warning/']")).to_be_visible(timeout=PATIENCE_MS)
    looked_at(visit, "clerk-buyer-low")
    firm.run(firm.office.srm("POST", f"/replenishments/{refill['replenishmentNo']}/accept", {}))
    expect(page.locator("[data-document^='erp/purchase_order/']")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-line='1']")).to_contain_text("750 / 750")
    looked_at(visit, "clerk-buyer-refill")


def test_a_fault_is_reported_on_the_phone_and_the_technician_repairs_it(
    firm: Firm, zh: Visit, en: Visit, tmp_path: Path
) -> None:
    """Whoever stands at the machine reports it, maintenance repairs it, and both see where it stands."""
    page = zh.page
    page.set_viewport_size(PHONE)
    photo = tmp_path / "spindle.png"
    page.screenshot(path=photo)
    known = {each["number"] for each in firm.run(staffing.itsm(firm.factory, "GET", "/tickets"))}
    zh.enter("warehouse")
    zh.go("/requests", "offers")
    looked_at(zh, "clerk-fault-offers")
    page.locator("[data-offer=fault-report]").click()
    page.locator("[data-ready=request]").wait_for(timeout=PATIENCE_MS)
    # Nothing is sent before it says what is wrong.
    page.locator("[data-action=begin]").click()
    expect(page.locator(".ant-form-item-explain-error").first).to_be_visible()
    choose(zh, "asset", "2号打磨车床")
    choose(zh, "kind", "机械")
    choose(zh, "urgency", "紧急")
    page.get_by_label("故障现象").fill("主轴异响,加工面有振纹")
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.locator(".photo-shown")).to_be_visible(timeout=PATIENCE_MS)
    looked_at(zh, "clerk-fault-form")
    page.locator("[data-action=begin]").click()
    page.locator("[data-ready=begun]").wait_for(timeout=PATIENCE_MS)
    looked_at(zh, "clerk-fault-sent")
    number = firm.ticket_beside(known)
    ticket = firm.ticket_is(number, "assigned")
    assert (ticket["asset"], ticket["urgency"], ticket["assignment_group"]) == ("lathe-2", "high", "机修班")
    assert ticket["photo"] is not None
    repaired(firm, zh, number)
    # The photo went along, whoever reported it reads that it is done.
    firm.run(staffing.itsm(firm.factory, "POST", f"/tickets/{number}/confirm", {}))
    firm.ticket_is(number, "closed")
    as_role(zh, "warehouse")
    zh.go("/tasks?box=started", "inbox")
    expect(page.locator(".inbox-line", has_text="报修").first).to_be_visible(timeout=PATIENCE_MS)
    looked_at(zh, "clerk-fault-started")
    en.page.set_viewport_size(PHONE)
    en.enter("technician")
    en.go("/requests/fault-report", "request")
    looked_at(en, "clerk-fault-form")
    search_for(en, number)
    looked_at(en, "clerk-fault-repaired")


def repaired(firm: Firm, visit: Visit, number: str) -> None:
    """The technician finds the ticket in the hub, works on its own page, and takes a part."""
    page = visit.page
    as_role(visit, "technician")
    search_for(visit, number)
    trail = page.locator("#content")
    for words in ("已派单", "当前负责 机修班"):
        expect(trail).to_contain_text(words, timeout=PATIENCE_MS)
    assert "下单" not in trail.inner_text(), "a repair has no stages of an order"
    looked_at(visit, "clerk-fault-ticket")
    page.goto(f"{firm.factory.url('itsm')}/tickets/{number}?lang=zh")
    page.get_by_role("button", name="开始处理").click()
    for name, value in (("cause", "轴承磨损"), ("resolution", "更换轴承"), ("work_minutes", "30"),
                        ("material", "BJ-6204"), ("quantity", "1")):  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    visit.keep("clerk-fault-itsm")
    page.get_by_role("button", name="维修完成").click()
    page.goto(firm.url)
    search_for(visit, number)
    expect(page.locator("[data-document^='erp/maintenance_cost/']")).to_be_visible(timeout=PATIENCE_MS)
    looked_at(visit, "clerk-fault-part")


def test_human_resources_sees_what_is_not_ready_and_closes_the_case(firm: Firm, zh: Visit, en: Visit) -> None:
    """A workplace is refused: it lies with human resources by its name, and everything else goes on."""
    page = zh.page
    person = firm.hired("sales", "销售部")
    first, *others = firm.chores(person, 2)
    firm.chore(first, "reject", "三楼工位已满,请改到二楼")
    for each in others:
        firm.chore(each, "approve", "已办好")
    zh.enter("hr")
    open_task(zh, person)
    facts = page.locator("[data-ready=task]")
    expect(facts).to_contain_text("三楼工位已满", timeout=PATIENCE_MS)
    looked_at(zh, "clerk-hr-not-ready")
    task = page.url
    search_for(zh, person)
    expect(page.locator("#content")).to_contain_text("办理中", timeout=PATIENCE_MS)
    looked_at(zh, "clerk-hr-open")
    page.goto(task)
    page.locator("[data-ready=task]").wait_for(timeout=PATIENCE_MS)
    submit(zh)
    # It is asked for once more; now there is a place.
    [again] = firm.chores(person, 1)
    firm.chore(again, "approve", "二楼 2-18")
    firm.case_is(person, "closed")
    search_for(zh, person)
    expect(page.locator("[data-ready=now]")).to_contain_text("已全部完成", timeout=PATIENCE_MS)
    assert "下单" not in page.locator("#content").inner_text()
    looked_at(zh, "clerk-hr-closed")
    en.enter("hr")
    en.page.goto(task)
    expect(en.page.locator("[data-ready=task]")).to_contain_text(person, timeout=PATIENCE_MS)
    looked_at(en, "clerk-hr-done")
    search_for(en, person)
    looked_at(en, "clerk-hr-closed")
