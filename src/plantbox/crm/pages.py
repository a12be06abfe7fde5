"""The CRM's own pages, in its own look: the orders, one order with its buttons and the status of each
line. The forms are in ``entry``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.crm import approvals, entry, masters, orders, records, views
from plantbox.crm.tables import APPROVAL_STATES, LINE_STATES, ORDER_STATES
from plantbox.english import in_language
from plantbox.fields import BadField, Fields
from plantbox.leaf import language_of
from plantbox.money import grouped, shown_price
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

WORDS = {
    "title": ("客户关系管理", "Customer Relations"),
    "orders": ("销售订单", "Sales orders"),
    "customers": ("客户", "Customers"),
    "order": ("订单号", "Order"),
    "customer": ("客户", "Customer"),
    "due": ("交期", "Due"),
    "total": ("价税合计", "Total"),
    "status": ("状态", "Status"),
    "erp": ("ERP 单号", "ERP number"),
    "confirm": ("确认订单", "Confirm order"),
    "submit": ("提交审批", "Submit for approval"),
    "approval": ("审批", "Approval"),
    "contract": ("合同号", "Contract"),
    "opportunities": ("商机", "Opportunities"),
    "line": ("行", "Line"),
    "product": ("产品", "Product"),
    "quantity": ("数量", "Quantity"),
    "price": ("单价", "Price"),
    "amount": ("金额", "Amount"),
    "shipped": ("已发", "Shipped"),
    "of": ("{0} / {1} 已发货", "{0} of {1} shipped"),
    "owner": ("销售员", "Sales person"),
    "reason": ("原因", "Reason"),
    "note": ("说明", "Note"),
    "all": ("全部", "All"),
    "level": ("级别", "Level"),
    "city": ("城市", "City"),
    "contact": ("联系人", "Contact"),
    "number": ("编号", "Number"),
    "tax": ("税号", "Tax number"),
    "yearly": ("年采购额", "Yearly volume"),
    "terms": ("付款条件", "Terms"),
    "in_erp": ("ERP 对接", "In the ERP"),
    "credit": ("信用额度", "Credit limit"),
    "Active": ("正常", "Active"),
    "Stopped": ("停用", "Stopped"),
    "held": ("暂停发货", "Shipments held"),
    "empty": ("没有记录", "Nothing here"),
    "other": ("English", "中文"),
    "next": ("下一页", "Next"),
}
STYLE = """
*{box-sizing:border-box}body{margin:0;font:15px/1.5 "Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif;
background:#f3f7fc;color:#1d2b3a}header{background:linear-gradient(90deg,#1267d6,#1673b8);color:#fff;
padding:14px 24px;
display:flex;gap:24px;align-items:center;flex-wrap:wrap}header b{font-size:19px}header a{color:#fff;
text-decoration:none}
header .sim{margin-left:auto;font-size:13px}main{max-width:1080px;margin:24px auto;padding:0 16px}
.card{background:#fff;border-radius:14px;box-shadow:0 1px 6px #0b3a7a1c;padding:18px 22px;
margin-bottom:16px;overflow:auto}
table{border-collapse:collapse;width:100%}th{text-align:left;color:#5d7287;font-weight:500;font-size:13px}
td,th{padding:8px 10px;min-width:56px;border-bottom:1px solid #e8eff7}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums}
a{color:#1267d6}.tag{display:inline-block;border-radius:99px;padding:1px 12px;font-size:13px;
background:#e4eefb;color:#0f4f9e}
.tag.shipped{background:#dff5e6;color:#12703a}.tag.rejected,.tag.cancelled{background:#fde5e5;color:#a11c1c}
.tag.draft{background:#eceff3;color:#4a5868}.tag.partially_shipped,.tag.in_production{background:#fff1d6;color:#8a5a00}
button{background:#1267d6;color:#fff;border:0;border-radius:10px;padding:10px 22px;font:inherit;
cursor:pointer}button.no{background:#fff;color:#a11c1c;border:1px solid #a11c1c}
input,select{font:inherit;padding:7px 9px;border:1px solid #b9cbe0;border-radius:8px;max-width:100%}
label{display:inline-flex;gap:8px;align-items:center;margin:4px 16px 4px 0;color:#5d7287}
.row{margin:6px 0}.acts{display:flex;flex-wrap:wrap;gap:12px 40px;justify-content:space-between}
.error{background:#fde5e5;color:#a11c1c}h2{margin:0 0 10px;font-size:17px}
.bar{background:#e8eff7;border-radius:6px;height:8px;width:120px;display:inline-block;vertical-align:middle}
.bar i{display:block;background:#2aa5e8;height:8px;border-radius:6px}dl{display:grid;
grid-template-columns:auto 1fr auto 1fr;
gap:4px 18px;margin:0}dt{color:#5d7287}dd{margin:0}
@media(max-width:600px){.card{padding:14px}td{white-space:nowrap}td:nth-child(2){min-width:140px;
white-space:normal}.row label{display:flex;white-space:nowrap;margin-right:0}.row select{flex:1;min-width:0}
dl{grid-template-columns:auto 1fr}}
"""
PAGE_ROWS = 50
Work = Callable[[sqlite3.Connection, records.Desk, str, Fields], tuple[str, Answer]]


def word(key: str, lang: str) -> str:
    """Return a word of the page in the chosen language."""
    return WORDS[key][0 if lang == "zh" else 1]


def language(request: web.Request) -> str:
    """Return the language of a request."""
    return language_of(request, "crm_lang")


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: records.Desk) -> None:
        self.station = station
        self._desk = desk
        self._entry = entry.Entry(station, desk, self.page, language)

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.order_list, name="page.orders"),
            web.get("/customers", self.customer_list, name="page.customers"),
            *self._entry.table(),
            web.get("/orders/{ref}", self.order, name="page.order"),
            web.post("/orders/{ref}/confirm", self.confirm, name="page.confirm"),
            web.post("/orders/{ref}/submit", self.submit, name="page.submit"),
        ]

    def page(self, request: web.Request, body: str) -> web.Response:
        """Return a whole page of the CRM with ``body`` in it."""
        lang = language(request)
        other = "en" if lang == "zh" else "zh"
        text = (
            f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
            f"<title>{word('title', lang)}</title><style>{STYLE}</style></head>"
            f"<body><header><b>{word('title', lang)}</b>"
            f'<a href="/">{word("orders", lang)}</a><a href="/customers">{word("customers", lang)}</a>'
            f'<a href="/opportunities">{word("opportunities", lang)}</a>'
            f'<a href="/orders/new">{entry.word("new", lang)}</a>'
            f'<a href="?lang={other}">{word("other", lang)}</a>'
            f'<span class="sim">{self.station.clock.label(lang)} · '
            f"{self.station.clock.now():%Y-%m-%d %H:%M}</span>"
            f"</header><main>{body}</main></body></html>"
        )
        response = web.Response(text=in_language(text, lang), content_type="text/html")
        response.set_cookie("crm_lang", lang, samesite="Lax", httponly=True)
        return response

    async def order_list(self, request: web.Request) -> web.Response:
        """Show the newest orders, by state."""
        lang = language(request)
        status = request.query.get("status", "")
        before = request.query.get("before", "")
        reader = self.station.db.reader
        rows = reader.execute(
            "SELECT * FROM orders WHERE (? = '' OR status = ?) AND (? = '' OR id < CAST(? AS INTEGER))"
            " ORDER BY id DESC LIMIT ?",
            (status, status, before, before, PAGE_ROWS),
        ).fetchall()
        column = 0 if lang == "zh" else 1
        tabs = " ".join(
            f'<a href="/?status={state}" class="tag {state}">{names[column]}</a>'
            for state, names in {"": WORDS["all"], **ORDER_STATES}.items()
        )
        lines = []
        for row in rows:
            view = views.order_view(reader, row)
            lines.append(
                f'<tr><td><a href="/orders/{quote(view["order_no"])}">{escape(view["order_no"])}</a></td>'
                f"<td>{escape(view['account_name'])}</td><td>{view['due_date'] or ''}</td>"
                f'<td class="n">{escape(view["currency"])} {grouped(Decimal(view["gross_amount"]))}</td>'
                f'<td><span class="tag {view["status"]}">{ORDER_STATES[view["status"]][column]}</span></td>'
                f"<td>{escape(view['erp_no'] or '')}</td></tr>"
            )
        heads = "".join(
            f"<th{' class=n' if key == 'total' else ''}>{word(key, lang)}</th>"
            for key in ("order", "customer", "due", "total", "status", "erp")
        )
        table = "".join(lines) or f'<tr><td colspan="6">{word("empty", lang)}</td></tr>'
        more = ""
        if len(rows) == PAGE_ROWS:
            link = f"/?status={quote(status)}&before={rows[-1]['id']}"
            more = f'<p><a href="{link}">{word("next", lang)} ›</a></p>'
        table = f"<table><tr>{heads}</tr>{table}</table>"
        body = f'<div class="card">{tabs}</div><div class="card">{table}{more}</div>'
        return self.page(request, body)

    async def customer_list(self, request: web.Request) -> web.Response:
        """Show customers."""
        lang = language(request)
        reader = self.station.db.reader
        rows = reader.execute("SELECT * FROM account ORDER BY id LIMIT 200").fetchall()
        cells = "".join(
            _customer_row({**dict(row), **masters.file_of(reader, row["id"])}, lang) for row in rows
        )
        heads = "".join(
            f"<th{' class=n' if key in ('yearly', 'credit') else ''}>{word(key, lang)}</th>"
            for key in CUSTOMER_KEYS
        )
        return self.page(request, f'<div class="card"><table><tr>{heads}</tr>{cells}</table></div>')

    async def order(self, request: web.Request) -> web.Response:
        """Show one order."""
        reader = self.station.db.reader
        try:
            view = views.order_view(reader, orders.find_order(reader, request.match_info["ref"]))
        except Refusal as refusal:
            raise web.HTTPNotFound(reason="Not found") from refusal
        return self.page(request, self._order_body(view, language(request)))

    def _order_body(self, view: dict[str, Any], lang: str) -> str:
        column = 0 if lang == "zh" else 1
        facts = {
            "order": view["order_no"],
            "status": ORDER_STATES[view["status"]][column],
            "customer": view["account_name"],
            "owner": view["owner"],
            "due": view["due_date"],
            "erp": view["erp_no"],
            "total": f"{view['currency']} {grouped(Decimal(view['gross_amount']))}",
            "reason": view["status_reason"],
            "contract": view["contract_no"],
            "approval": _approval(view["approval"], lang),
            "held": None if view["hold"] is None else view["hold"]["reason"],
            "note": view["message"],
        }
        head = "".join(
            f"<dt>{word(key, lang)}</dt><dd>{escape(str(value or ''))}</dd>" for key, value in facts.items()
        )
        rows = []
        for line in view["lines"]:
            quantity, shipped = Decimal(line["quantity"]), Decimal(line["shipped_quantity"])
            name = (line["product_name_en"] if lang == "en" else None) or line["product_name"]
            share = int(100 * shipped / quantity) if quantity else 0
            rows.append(
                f"<tr><td>{line['line_no']}</td><td>{escape(line['model'])} "
                f"{escape(name or '')}</td>"
                f'<td class="n">{quantity:,} {escape(line["unit"])}</td><td class="n">'
                f"{shown_price(Decimal(line['unit_price']))}</td>"
                f'<td class="n">{grouped(Decimal(line["gross_amount"]))}</td>'
                f'<td><span class="tag {line["status"]}">{LINE_STATES[line["status"]][column]}</span></td>'
                f'<td><span class="bar"><i style="width:{share}%"></i></span> '
                f"{escape(word('of', lang).format(f'{shipped:,}', f'{quantity:,}'))}</td></tr>"
            )
        keys = ("line", "product", "quantity", "price", "amount", "status", "shipped")
        heads = "".join(
            f"<th{' class=n' if key in ('quantity', 'price', 'amount') else ''}>{word(key, lang)}</th>"
            for key in keys
        )
        button = ""
        if view["status"] in orders.EDITABLE:
            button = (
                '<div class="acts">'
                + "".join(
                    f'<form method="post" action="/orders/{quote(view["order_no"])}/{step}">'
                    f"<p><button>{word(step, lang)}</button></p></form>"
                    for step in ("confirm", "submit")
                )
                + "</div>"
            )
        return (
            f'<div class="card"><dl>{head}</dl>{button}</div>'
            f'<div class="card"><table><tr>{heads}</tr>{"".join(rows)}</table></div>'
            f"{entry.live_forms(view, lang)}"
        )

    async def confirm(self, request: web.Request) -> web.Response:
        """Confirm an order by its button; only from this very page."""
        return await self._press(request, "orders.confirm", orders.confirm)

    async def submit(self, request: web.Request) -> web.Response:
        """Ask for an order's approval by its button."""
        return await self._press(request, "orders.submit", approvals.submit)

    async def _press(self, request: web.Request, operation: str, work: Work) -> web.Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise web.HTTPForbidden(reason="Only from this site")
        ref = request.match_info["ref"]
        try:
            await receive(
                self.station,
                operation,
                b"",
                lambda connection, fields: work(connection, self._desk, ref, fields),
                subject=ref,
            )
        except (Refusal, BadField) as refusal:
            return self.page(request, f'<div class="card">{escape(refusal.message)}</div>')
        raise web.HTTPSeeOther(f"/orders/{quote(ref)}")


CUSTOMER_KEYS = (
    "number", "customer", "contact", "level", "city", "owner", "tax", "yearly", "terms", "in_erp", "credit",
    "status", "note",
)  # fmt: skip


def _customer_row(view: dict[str, Any], lang: str) -> str:
    """Return a customer's line: what people keep, and what the ERP told."""
    names = ("account_no", "name", "contact_name", "level", "city", "owner", "tax_no")
    cells = [f"<td>{escape(view[name] or '')}</td>" for name in names]
    amounts = [
        "" if view[n] is None else grouped(Decimal(view[n])) for n in ("yearly_amount", "credit_limit")
    ]
    state = masters.ERP_STATES.get(view["erp_state"] or "", ("", ""))[0 if lang == "zh" else 1]
    status = view["credit_status"]
    cells += [
        f'<td class="n">{amounts[0]}</td>',
        f"<td>{escape(view['payment_terms'] or '')}</td>",
        f"<td>{escape(view['erp_no'] or '')} {escape(state)}</td>",
        f'<td class="n">{amounts[1]}</td>',
        f"<td>{escape(word(status, lang) if status in WORDS else status or '')}</td>",
        f"<td>{escape(view['erp_note'] or '')}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _approval(known: dict[str, Any] | None, lang: str) -> str:
    """Return how far an order's approval is, by whom, and what was said."""
    if known is None:
        return ""
    said = [APPROVAL_STATES[known["state"]][0 if lang == "zh" else 1], known["decided_by"], known["comment"]]
    return " · ".join(each for each in said if each)
