"""The finance system's own pages, dark blue ledgers: invoices, applications with buttons, receivables."""

from __future__ import annotations

import sqlite3
from html import escape

from aiohttp import web

from plantbox.fields import Fields
from plantbox.finance import books
from plantbox.finance.tables import STATES
from plantbox.leaf import Html, Look, guard, number
from plantbox.ledger_api import Desk
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="finance",
    words={
        "title": ("财务系统", "Finance"),
        "invoices": ("进项发票", "Suppliers' invoices"),
        "applications": ("付款申请", "Payment applications"),
        "receivables": ("应收账款", "Receivables"),
        "no": ("单号", "Number"),
        "invoice": ("发票号码", "Invoice"),
        "supplier": ("供应商", "Supplier"),
        "customer": ("客户", "Customer"),
        "order": ("采购订单", "Purchase order"),
        "document": ("来源单据", "Document"),
        "receipts": ("收货单", "Receipts"),
        "net": ("金额", "Net"),
        "tax": ("税额", "Tax"),
        "gross": ("价税合计", "Gross"),
        "credited": ("红字", "Credited"),
        "rest": ("未收", "Open"),
        "state": ("状态", "State"),
        "reason": ("说明", "Note"),
        "approve": ("审批", "Approve"),
        "pay": ("付款", "Pay"),
        "payment": ("付款单", "Payment"),
        "act": ("", ""),
    },
    style="""
body{margin:0;font:14px/1.6 "Noto Serif CJK SC",Cambria,serif;background:#eef1f7;color:#16203a}
header{background:#16305f;color:#fff;padding:10px 20px;display:flex;
flex-wrap:wrap;gap:18px;align-items:center}
nav a{color:#cfdcf7;margin-right:16px}.sim{margin-left:auto;font-size:12px}main{padding:16px 20px}
h1{font-size:18px;letter-spacing:1px}.scroll{overflow:auto;background:#fff;border-top:3px double #16305f}
table{border-collapse:collapse;width:100%}td,th{padding:6px 12px;border:1px solid #d5ddec;text-align:left;
white-space:nowrap}th{background:#e3e9f5}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
form{display:inline}button{font:inherit;background:#16305f;color:#fff;border:0;padding:4px 14px}
@media(max-width:600px){.sim{margin-left:0}main{padding:10px}}
""",
    menu=(("/", "invoices"), ("/applications", "applications"), ("/receivables", "receivables")),
)


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: Desk) -> None:
        self._station = station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.invoices, name="page.invoices"),
            web.get("/applications", self.applications, name="page.applications"),
            web.get("/receivables", self.receivables, name="page.receivables"),
            web.post("/applications/{no}/{action:approve|pay}", self.act, name="page.act"),
        ]

    def _show(
        self, request: web.Request, key: str, heads: tuple[str, ...], rows: list[tuple[object, ...]]
    ) -> web.Response:
        lang = LOOK.language(request)
        return LOOK.page(request, self._station.clock, LOOK.word(key, lang), LOOK.table(lang, heads, rows))

    async def invoices(self, request: web.Request) -> web.Response:
        """Show suppliers' invoices."""
        lang = LOOK.language(request)
        rows: list[tuple[object, ...]] = [
            (
                each["id"], each["invoice_no"], each["supplier_code"], each["po_no"], number(each["net"]),
                number(each["tax"]), number(each["gross"]), _state(each["status"], lang), each["reason"],
            )
            for each in reversed(books.list_invoices(self._station.db.reader, Fields({}))["items"])
        ]  # fmt: skip
        heads = ("no", "invoice", "supplier", "order", "net", "tax", "gross", "state", "reason")
        return self._show(request, "invoices", heads, rows)

    async def applications(self, request: web.Request) -> web.Response:
        """Show payment applications, each with the button that is next."""
        lang = LOOK.language(request)
        following = {"applied": "approve", "approved": "pay"}
        rows: list[tuple[object, ...]] = [
            (
                each["no"], each["invoice_no"], each["supplier_code"], each["po_no"],
                ", ".join(each["receipts"]), number(each["amount"]), _state(each["status"], lang),
                each["payment_no"], _button(each["no"], following.get(each["status"]), lang),
            )
            for each in reversed(books.list_applications(self._station.db.reader, Fields({}))["items"])
        ]  # fmt: skip
        heads = ("no", "invoice", "supplier", "order", "receipts", "gross", "state", "payment", "act")
        return self._show(request, "applications", heads, rows)

    async def receivables(self, request: web.Request) -> web.Response:
        """Show receivables."""
        lang = LOOK.language(request)
        rows: list[tuple[object, ...]] = [
            (
                each["no"], each["document_no"], each["customer_code"], number(each["amount"]),
                number(each["credited"]), number(each["open"]), _state(each["status"], lang),
            )
            for each in reversed(books.list_receivables(self._station.db.reader, Fields({}))["items"])
        ]  # fmt: skip
        return self._show(
            request, "receivables", ("no", "document", "customer", "gross", "credited", "rest", "state"), rows
        )

    async def act(self, request: web.Request) -> web.Response:
        """Approve or pay by a button; only from this very page."""
        guard(request)
        no, action = request.match_info["no"], request.match_info["action"]
        work = books.approve if action == "approve" else books.pay

        def run(connection: sqlite3.Connection, _: Fields) -> tuple[str, Answer]:
            return work(connection, self._desk, Fields({"no": no, "approver": "财务经理"}))

        try:
            await receive(self._station, f"page.{action}", b"", run, subject=no)
        except Refusal as refusal:
            raise web.HTTPConflict(reason=refusal.kind) from None
        raise web.HTTPSeeOther("/applications")


def _state(state: str, lang: str) -> str:
    return STATES[state][0 if lang == "zh" else 1]


def _button(no: str, action: str | None, lang: str) -> Html:
    if action is None:
        return Html("")
    word = LOOK.word(action, lang)
    return Html(
        f'<form method="post" action="/applications/{escape(no)}/{action}"><button>{word}</button></form>'
    )
