"""The ERP's own pages, in its own look: dense grey tables of documents, one document with its lines,
stock.
"""

from __future__ import annotations

import json
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.english import in_language
from plantbox.erp import lifecycle, masters, review, views
from plantbox.erp.html import LINE_WORDS, STYLE, Html, grid, language, word
from plantbox.erp.tables import STATES
from plantbox.fields import BadField
from plantbox.money import grouped, shown_price
from plantbox.station import Station
from plantbox.writes import Refusal, receive

ROWS = 100
ACTIONS = {"A": ("submit",), "D": ("submit",), "B": ("audit", "unaudit"), "C": ("unaudit",)}


def _link(bill_no: str) -> Html:
    return Html(f'<a href="/ui/orders/{quote(bill_no)}">{escape(bill_no)}</a>')


def _amount(value: str | None) -> str:
    return "" if value is None else grouped(Decimal(value))


def _head_grid(view: dict[str, Any], lang: str) -> str:
    keys = ("bill", "source", "date", "customer", "state", "amount", "tax", "all", "reason", "held")
    row = (
        view["BillNo"],
        view["SourceBillNo"],
        view["BillDate"],
        view["CustomerName"],
        _state(view["DocumentStatus"], lang),
        _amount(view["Amount"]),
        _amount(view["TaxAmount"]),
        _amount(view["AllAmount"]),
        view["RejectReason"],
        view["HoldReason"],
    )
    return grid(lang, keys, [row])


LINE_KEYS = (
    "line", "material", "name", "qty", "price", "rate", "amount", "tax", "all", "reserved",
    "planned", "delivered", "status",
)  # fmt: skip


def _lines_grid(view: dict[str, Any], lang: str) -> str:
    cells = (
        (
            line["LineNo"],
            line["MaterialNo"],
            f"{line['Model'] or ''} {line['MaterialName']}",
            f"{Decimal(line['Qty']):,} {line['Unit']}",
            shown_price(Decimal(line["TaxPrice"])),
            line["TaxRate"],
            _amount(line["Amount"]),
            _amount(line["TaxAmount"]),
            _amount(line["AllAmount"]),
            line["ReservedQty"],
            line["PlannedQty"],
            line["DeliveredQty"],
            LINE_WORDS[line["LineStatus"]][0 if lang == "zh" else 1],
        )
        for line in view["Lines"]
    )
    return grid(lang, LINE_KEYS, cells)


def _state(state: str, lang: str) -> Html:
    return Html(f'<span class="{state}">{STATES[state][0 if lang == "zh" else 1]}</span>')


def guard(request: web.Request) -> None:
    """Refuse a form that another site sent."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(reason="Only from this site")


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, office: masters.Office) -> None:
        self.station = station
        self.office = office

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.orders, name="page.home"),
            web.get("/ui", self.orders, name="page.orders"),
            web.get("/ui/orders/{bill}", self.order, name="page.order"),
            web.post("/ui/orders/{bill}/{action}", self.act, name="page.act"),
            web.get("/ui/plans", self.plans, name="page.plans"),
            web.get("/ui/deliveries", self.deliveries, name="page.deliveries"),
            web.get("/ui/stock", self.stock, name="page.stock"),
        ]

    def page(self, request: web.Request, title: str, body: str) -> web.Response:
        """Return a page in the ERP's look."""
        lang = language(request)
        other = "en" if lang == "zh" else "zh"
        links = (
            ("/ui", "orders"),
            ("/ui/forecasts", "forecasts"),
            ("/ui/plans", "plans"),
            ("/ui/work-orders", "works"),
            ("/ui/variance", "variances"),
            ("/ui/notices", "notices"),
            ("/ui/purchases", "purchases"),
            ("/ui/deliveries", "deliveries"),
            ("/ui/stock", "stock"),
            ("/ui/count", "count"),
            ("/ui/customers", "customers"),
        )
        menu = "".join(f'<a href="{href}">{word(key, lang)}</a>' for href, key in links)
        text = (
            f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
            f'<body><nav><b>{word("title", lang)}</b>{menu}<a href="?lang={other}">'
            f"{word('other', lang)}</a></nav>"
            f'<section><div class="bar"><b>{escape(title)}</b><span>{self.station.clock.label(lang)} · '
            f"{self.station.clock.now():%Y-%m-%d %H:%M}</span></div>{body}</section></body></html>"
        )
        response = web.Response(text=in_language(text, lang), content_type="text/html")
        response.set_cookie("erp_lang", lang, samesite="Lax", httponly=True)
        return response

    async def orders(self, request: web.Request) -> web.Response:
        """Show the newest sales orders."""
        lang = language(request)
        rows = self.station.db.reader.execute(
            "SELECT sales_order.*, customer.name AS customer, order_hold.reason AS hold_reason"
            " FROM sales_order"
            " JOIN customer ON customer.no = customer_no"
            " LEFT JOIN order_hold ON order_id = sales_order.id ORDER BY id DESC LIMIT ?",
            (ROWS,),
        )
        cells = (
            (
                _link(row["bill_no"]),
                row["source_bill_no"],
                row["bill_date"],
                row["customer"],
                _state(row["status"], lang),
                _amount(row["amount"]),
                _amount(row["tax_amount"]),
                _amount(row["all_amount"]),
                row["reject_reason"],
                row["hold_reason"],
            )
            for row in rows
        )
        keys = ("bill", "source", "date", "customer", "state", "amount", "tax", "all", "reason", "held")
        return self.page(request, word("orders", lang), grid(lang, keys, cells))

    async def order(self, request: web.Request) -> web.Response:
        """Show one sales order."""
        lang = language(request)
        reader = self.station.db.reader
        row = reader.execute(
            "SELECT * FROM sales_order WHERE bill_no = ?", (request.match_info["bill"],)
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        view = views.order_view(reader, row)
        actions = "".join(
            Html(
                f'<form method="post" action="/ui/orders/{quote(row["bill_no"])}/{action}">'
                f"<button>{word(action, lang)}</button></form>"
            )
            for action in ACTIONS.get(row["status"], ())
        )
        title = f"{word('orders', lang)} {view['BillNo']}"
        grids = f"{_head_grid(view, lang)}<br>{_lines_grid(view, lang)}"
        return self.page(request, title, f'<div class="acts">{actions}</div>{grids}')

    async def act(self, request: web.Request) -> web.Response:
        """Submit, audit or un-audit a document by its button; only from this very page."""
        guard(request)
        method = {"submit": review.submit, "audit": lifecycle.audit, "unaudit": lifecycle.un_audit}.get(
            request.match_info["action"]
        )
        bill_no = request.match_info["bill"]
        if method is None:
            raise web.HTTPNotFound(reason="Not found")
        name = {"submit": "Submit", "audit": "Audit", "unaudit": "UnAudit"}[request.match_info["action"]]
        try:
            await receive(
                self.station,
                f"SalesOrder.{name}",
                json.dumps({"BillNo": bill_no}).encode(),
                lambda connection, fields: method(connection, self.office, fields),
                subject=bill_no,
            )
        except (Refusal, BadField) as refusal:
            back = f'<a href="/ui/orders/{quote(bill_no)}">‹ {escape(bill_no)}</a>'
            text = f'<div class="bar D">{escape(refusal.message)}</div>{back}'
            return self.page(request, word("orders", language(request)), text)
        raise web.HTTPSeeOther(f"/ui/orders/{quote(bill_no)}")

    async def plans(self, request: web.Request) -> web.Response:
        """Show plan proposals."""
        lang = language(request)
        reader = self.station.db.reader
        rows = reader.execute("SELECT * FROM plan ORDER BY bill_no DESC LIMIT ?", (ROWS,)).fetchall()
        cells = (
            (
                view["BillNo"],
                _link(view["OrderBillNo"]),
                view["OrderLineNo"],
                view["MaterialNo"],
                view["Qty"],
                LINE_WORDS[view["Status"]][0 if lang == "zh" else 1],
                (view["DueTime"] or "")[:16].replace("T", " "),
            )
            for view in (views.plan_view(reader, row) for row in rows)
        )
        keys = ("code", "bill", "line", "material", "qty", "status", "ready")
        return self.page(request, word("plans", lang), grid(lang, keys, cells))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Show delivery orders, line by line."""
        lang = language(request)
        reader = self.station.db.reader
        rows = reader.execute("SELECT * FROM delivery ORDER BY bill_no DESC LIMIT ?", (ROWS,)).fetchall()
        cells = (
            (
                view["BillNo"],
                _link(view["OrderBillNo"]),
                line["OrderLineNo"],
                line["MaterialNo"],
                line["Qty"],
                f"{line['TotalDeliveredQty']} / {line['OrderQty']}",
                view["ShipTime"][:16].replace("T", " "),
            )
            for view in (views.delivery_view(reader, row) for row in rows)
            for line in view["Lines"]
        )
        keys = ("code", "bill", "line", "material", "qty", "delivered", "date")
        return self.page(request, word("deliveries", lang), grid(lang, keys, cells))

    async def stock(self, request: web.Request) -> web.Response:
        """Show stock."""
        lang = language(request)
        reader = self.station.db.reader
        rows = reader.execute("SELECT * FROM material ORDER BY no LIMIT 500").fetchall()
        views_of = ((row, masters.stock_view(reader, row["no"])) for row in rows)
        cells = (
            (
                row["no"],
                f"{row['model'] or ''} {row['name']}",
                stock["OnHand"],
                stock["Reserved"],
                stock["Available"],
            )
            for row, stock in views_of
        )
        return self.page(
            request,
            word("stock", lang),
            grid(lang, ("material", "name", "onhand", "reserved", "available"), cells),
        )
