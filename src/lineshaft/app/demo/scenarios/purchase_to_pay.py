"""Purchase to pay: request, order, goods, invoice and payment; and what must never be paid."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from lineshaft.app.demo.office import Office, asked_for
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.app.demo.stations import PURCHASING
from lineshaft.base.text import text

PLATE: Final = ("GB-F2", "M-20051", "8.0000", "GYS-001")
"""Model, the ERP's code, the supplier's price without tax, the supplier as the portal knows it."""
KIT: Final = "M-20021"
_CASES: Final = "cases"


def _total(invoice: dict[str, Any]) -> str:
    return str(invoice["gross"])


# -- D23: the whole way --------------------------------------------------------------------------------------


async def _whole(stage: Stage) -> None:
    office = Office(stage)
    before = await office.stock(PLATE[1])
    request, order = await office.ordered("whole", PLATE[0], "1000")
    stage.check("OA: who approves 9,040.00", request["approverRole"], "采购经理")
    stage.check("ERP: amount without tax, tax, total", _money(order), ("8000.00", "1040.00", "9040.00"))
    stage.check("ERP: source", (order["SourceSystem"], order["SourceBillNo"]), ("OA", request["requestNo"]))
    number = order["BillNo"]
    await office.supplied(number)
    await office.oa_shows(request, "已发货")
    await office.received(number, PLATE[1], "600")
    await office.oa_shows(request, "部分收货")
    await office.received(number, PLATE[1], "400")
    await office.oa_shows(request, "已收货")
    stage.check("ERP: stock", await office.stock(PLATE[1]) - before, 1000)
    invoice = await office.invoiced(number, "XX-2026-0001", "1000")
    stage.check("finance: invoice to the cent as ordered", _total(invoice), order["AllAmount"])
    application = await office.applied(number)
    order = await office.order(number)
    receipts = [each["BillNo"] for each in order["Receipts"]]
    stage.check("finance: application names the receipts", application["receipts"], receipts)
    stage.check("finance: application names the invoice", application["invoice_no"], "XX-2026-0001")
    await office.paid(application)
    await office.oa_shows(request, "已付款")
    order = await office.order(number)
    stage.check("ERP: progress", order["Progress"], "Paid")
    await _trace(stage, request["requestNo"], number)
    stage.kept["paid"] = (number, invoice)


async def _trace(stage: Stage, request_no: str, number: str) -> None:
    payments = await Office(stage).payments()
    wanted = {"approval", "purchase_order", "supplier_order", "delivery_note", "purchase_receipt",
              "supplier_invoice", "payment_application", "payment"}  # fmt: skip

    async def kinds(asked: str) -> set[str]:
        found = await stage.factory.hub("GET", f"/trace/{asked}")
        return {str(each["kind"]) for each in found["documents"]}

    for asked in (payments[-1]["no"], request_no, number):
        await stage.until(f"hub: trace {asked}", partial(kinds, asked), wanted.issubset)


def _money(order: dict[str, Any]) -> tuple[str, str, str]:
    return order["Amount"], order["TaxAmount"], order["AllAmount"]


async def _refused(stage: Stage) -> None:
    office = Office(stage)
    request = await office.requested("refused", PLATE[0], "40000")
    request = await office.assigned(request, "总经理")
    await office.decided(request, "reject", "预算不足")
    await stage.until(
        "hub: the process has ended", lambda: office.running("purchase-request"), lambda found: found == 0
    )
    found = await office.orders(request["requestNo"])
    stage.check("ERP: orders", len(found), 0)
    request = await office.request(request)
    stage.check("OA: reason kept", (request["status"], request["remark"]), ("rejected", "预算不足"))


# -- D24: three-way match ------------------------------------------------------------------------------------


async def _match(stage: Stage) -> None:
    """Each case has an order of its own; all are under way at once."""
    office = Office(stage)
    works: dict[str, Callable[[Office, str], Any]] = {
        "short": _short, "over": _over, "price_off": _price_off, "missing": _missing, "partial": _partial,
        "wrong_supplier": _wrong_supplier,
    }  # fmt: skip

    async def one(name: str) -> str:
        _, order = await office.ordered(name, PLATE[0], "100")
        await office.supplied(order["BillNo"])
        await works[name](office, order["BillNo"])
        return str(order["BillNo"])

    numbers = await asyncio.gather(*(one(name) for name in works))
    stage.kept[_CASES] = dict(zip(works, numbers, strict=True))
    for name, number in stage.kept[_CASES].items():
        found = await office.applications(number)
        expected = ["678.00"] if name == "partial" else []
        stage.check(f"finance: applied for, case {name}", [each["amount"] for each in found], expected)


async def _short(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "60")
    await office.invoiced(number, "XX-S", "100")
    await office.blocked(number, "short")


async def _over(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "120")
    await office.invoiced(number, "XX-O", "120")
    await office.blocked(number, "over")


async def _price_off(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "100")
    await office.invoiced(number, "XX-P", "100", price="8.5000")
    await office.blocked(number, "price_off")


async def _missing(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "100")
    order = await office.order(number)
    office.stage.check("ERP: nothing invoiced", order["Lines"][0]["InvoicedQty"], "0")


async def _partial(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "75")
    await office.invoiced(number, "XX-T", "75")
    await office.applied(number)


async def _wrong_supplier(office: Office, number: str) -> None:
    await office.received(number, PLATE[1], "100")
    await office.invoiced(number, "XX-W", "100", supplier="GYS-004")
    await office.blocked(number, "wrong_supplier")


async def _once(stage: Stage) -> None:
    office = Office(stage)
    number, first = stage.kept["paid"]
    second = await office.invoiced(number, "xx 2026 0001", "1000", scan="again")
    await stage.until(
        "finance: the second scan is refused",
        lambda: office.invoice(second["id"]),
        lambda found: found["status"] == "refused",
    )
    stage.check("finance: why", (await office.invoice(second["id"]))["reason"], "重复发票")
    found = await office.applications(number)
    stage.check("finance: applications for it", len(found), 1)
    await stage.insist(lambda: office.finance("POST", f"/payment-applications/{found[0]['no']}/pay", {}))
    paid = [each for each in await office.payments() if each["application_no"] == found[0]["no"]]
    stage.check("finance: payments for it", [each["amount"] for each in paid], [_total(first)])
    posted = (await office.order(number))["Invoices"]
    stage.check("ERP: invoices posted for it", len(posted), 1)


async def _cleared(stage: Stage) -> None:
    """The rest arrives, the buyer lets the invoice be matched again, and it is paid whole."""
    office = Office(stage)
    number = stage.kept[_CASES]["short"]
    await office.received(number, PLATE[1], "40")
    await office.buyer_says("XX-S", "again", "余货已到")
    application = await office.applied(number)
    stage.check("finance: amount", application["amount"], "904.00")


# -- D25: low stock ------------------------------------------------------------------------------------------


async def _low_stock(stage: Stage) -> None:
    office = Office(stage)
    database = stage.factory.ready("wms")["database"]
    for place, quantity in enumerate(("1900", "150", "50")):
        await office.taken_out(f"USE-{place}", KIT, quantity)

    async def refills() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await office.srm("GET", f"/replenishments?material={KIT}")
        return found

    found = await stage.until("SRM: a replenishment", refills)
    await stage.until(
        "WMS: all issues are posted",
        lambda: asyncio.to_thread(_rows, database, "SELECT QTY FROM V_STOCK WHERE MATERIAL_CODE = ?", KIT),
        lambda rows: rows == [("500",)],
    )
    found = await refills()
    stage.check("SRM: one request, not one per movement", len(found), 1)
    stage.check(
        "SRM: supplier, quantity", (found[0]["vendorCode"], _positive(found[0]["qty"])), ("GYS-004", True)
    )
    stage.check("SRM: a day by which it is needed", bool(found[0]["needDate"]), expected=True)
    no = found[0]["replenishmentNo"]
    await stage.insist(lambda: office.srm("POST", f"/replenishments/{no}/accept", {}))
    orders = await stage.until("ERP: order of the replenishment", lambda: office.orders(no))
    number = orders[0]["BillNo"]
    await office.supplied(number)
    await office.received(number, KIT, orders[0]["Lines"][0]["Qty"])
    await stage.until(
        "SRM: closed with the order's number", refills,
        lambda found: [(each["state"], each["customerOrderNo"]) for each in found] == [("closed", number)],
    )  # fmt: skip
    rows = await asyncio.to_thread(
        _rows, database, "SELECT STATUS FROM OUT_WARNING WHERE MATERIAL_CODE = ?", KIT
    )
    stage.check("WMS: one warning, closed", rows, [("CLOSED",)])
    stage.check("ERP: orders of it", len(await office.orders(no)), 1)


def _positive(quantity: str) -> bool:
    return float(quantity) > 0


def _rows(database: str, question: str, value: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database, timeout=10)
    try:
        return connection.execute(question, (value,)).fetchall()
    finally:
        connection.close()


async def _books(stage: Stage) -> object:
    """Return what is in the books, without numbers that depend on who came first."""
    office = Office(stage)
    orders = await office.orders(None)
    requests = {each["requestNo"]: each["businessKey"] for each in await office.requests()}
    found = [
        (
            requests.get(order["SourceBillNo"], order["SourceSystem"]), order["Progress"], order["AllAmount"],
            [(line["MaterialNo"], line["ReceivedQty"], line["InvoicedQty"]) for line in order["Lines"]],
            sorted(each["InvoiceNo"] for each in order["Invoices"]),
        )
        for order in orders
        if order["SourceSystem"] == "OA"
    ]  # fmt: skip
    invoices = [
        (each["invoice_no"], each["status"], each["gross"])
        for each in (await office.finance("GET", "/invoices"))["items"]
    ]
    applied = [
        (each["invoice_no"], each["status"], each["amount"]) for each in await office.applications(None)
    ]
    asked = sorted(
        (key, asked_for(each)) for each in await office.requests() for key in [each["businessKey"]]
    )
    return {
        "requests": asked,
        "orders": sorted(found),
        "invoices": sorted(invoices),
        "applications": sorted(applied),
        "payments": sorted(each["amount"] for each in await office.payments()),
    }


SCENARIO = Scenario(
    name="purchase-to-pay",
    title=text("Purchase to pay", "采购到付款"),
    pack="purchase-to-pay",
    systems=PURCHASING,
    rows=(
        Row(
            "D23",
            text("Approved request to payment, states back", "申请、审批、订单、收货、付款,状态回写"),
            _whole,
        ),
        Row("D23", text("A refused request leaves no order", "拒绝的申请不产生订单"), _refused),
        Row(
            "D24",
            text("Three-way match: only matches are applied for", "三单匹配:只有相符的才申请付款"),
            _match,
        ),
        Row("D24", text("Nothing is paid twice", "同一发票只付一次"), _once),
        Row("D24", text("A difference is cleared and matched again", "差异处理后重新匹配"), _cleared),
        Row("D25", text("Low stock asks the supplier once", "库存预警只产生一次补货"), _low_stock),
    ),
    faults={
        "erp": [
            {"kind": "lost_reply", "match": "PurchaseOrder.Save"},
            {"kind": "error_but_done", "match": "PurchaseReceipt.Post"},
            {"kind": "lost_reply", "match": "PurchaseInvoice.Post"},
            {"kind": "down", "match": "PurchaseOrder.*"},
            {"kind": "error_but_done", "match": "PurchaseInvoice.Paid"},
        ],
        "finance": [
            {"kind": "lost_reply", "match": "applications.create"},
            {"kind": "error_but_done", "match": "applications.create"},
            {"kind": "down", "match": "invoices.judge"},
            {"kind": "lost_reply", "match": "invoices.judge"},
        ],
        "oa": [
            {"kind": "lost_reply", "match": "workflow.progress"},
            {"kind": "duplicate_webhook", "match": "webhook.*"},
            {"kind": "down", "match": "workflow.assign"},
        ],
        "srm": [
            {"kind": "lost_reply", "match": "orders.publish"},
            {"kind": "error_but_done", "match": "replenishments.request"},
            {"kind": "down", "match": "orders.publish"},
        ],
        "wms": [
            {"kind": "duplicate_webhook", "match": "staging.receipt"},
            {"kind": "lost_reply", "match": "staging.receipt"},
        ],
    },
    books=_books,
)
