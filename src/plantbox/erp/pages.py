"""The ERP's own pages, in its own look: dense grey tables of documents, one document with its lines,
stock, customers.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape
from urllib.parse import quote

from aiohttp import web

from plantbox.erp import masters, views
from plantbox.erp.tables import STATES
from plantbox.money import grouped
from plantbox.station import Station

WORDS = {
    "title": ("企业资源计划", "Resource Planning"),
    "orders": ("销售订单", "Sales orders"),
    "plans": ("计划建议", "Plan proposals"),
    "deliveries": ("发货单", "Delivery orders"),
    "stock": ("即时库存", "Stock"),
    "customers": ("客户", "Customers"),
    "bill": ("单据编号", "Document"),
    "source": ("来源单号", "Source number"),
    "customer": ("客户", "Customer"),
    "state": ("单据状态", "State"),
    "amount": ("金额", "Net"),
    "tax": ("税额", "Tax"),
    "all": ("价税合计", "Total"),
    "date": ("日期", "Date"),
    "line": ("行号", "Line"),
    "material": ("物料编码", "Material"),
    "name": ("名称", "Name"),
    "qty": ("数量", "Quantity"),
    "price": ("含税单价", "Price with tax"),
    "rate": ("税率%", "Tax %"),
    "reserved": ("预留", "Reserved"),
    "planned": ("计划", "Planned"),
    "delivered": ("已发货", "Delivered"),
    "reason": ("驳回原因", "Reason"),
    "onhand": ("现存量", "On hand"),
    "available": ("可用量", "Available"),
    "limit": ("信用额度", "Credit limit"),
    "code": ("编码", "Code"),
    "outer": ("外部编码", "Outer code"),
    "status": ("状态", "Status"),
    "ready": ("完成时间", "Ready at"),
    "other": ("English", "中文"),
}
LINE_WORDS = {
    "Open": ("未处理", "Open"),
    "Reserved": ("已预留", "Reserved"),
    "Planned": ("计划中", "Planned"),
    "Partial": ("部分发货", "Partly delivered"),
    "Delivered": ("已发货", "Delivered"),
    "Cancelled": ("作废", "Cancelled"),
    "Active": ("启用", "Active"),
    "Stopped": ("停用", "Stopped"),
    "Proposed": ("建议", "Proposed"),
    "Released": ("已投放", "Released"),
    "Finished": ("完成", "Finished"),
}
STYLE = """
body{margin:0;font:13px/1.45 "Noto Sans CJK SC","SimSun",Tahoma,sans-serif;background:#d9d6cf;color:#222;
display:flex;
min-height:100vh}nav{background:#4a4238;color:#eee;width:150px;flex:none;padding:10px 0}nav b{display:block;
padding:6px 12px 14px;
color:#f4c95d}nav a{display:block;color:#eee;text-decoration:none;padding:7px 12px}
nav a:hover{background:#6a5f50}
section{flex:1;padding:10px;min-width:0}.bar{background:#efece5;border:1px solid #aaa393;padding:5px 10px;
margin-bottom:8px;
display:flex;justify-content:space-between;gap:8px;flex-wrap:wrap}.grid{overflow:auto;background:#fff;
border:1px solid #aaa393}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #cfc9bb;padding:3px 7px;white-space:nowrap}
th{background:#e6e1d4;font-weight:600;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr:nth-child(even) td{background:#f8f6f0}a{color:#7a3b00}.D{color:#b00020;font-weight:600}.C{color:#1d6b2b;
font-weight:600}
@media(max-width:600px){body{display:block}nav{width:auto;display:flex;flex-wrap:wrap}}
"""
NUMERIC = {
    "amount",
    "tax",
    "all",
    "qty",
    "price",
    "rate",
    "reserved",
    "planned",
    "delivered",
    "onhand",
    "available",
    "limit",
}
ROWS = 100


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def word(key: str, lang: str) -> str:
    """Return a word of the page in the chosen language."""
    return WORDS[key][0 if lang == "zh" else 1]


def language(request: web.Request) -> str:
    """Return the language of a request: ``?lang=``, then the cookie, then Chinese."""
    wanted = request.query.get("lang") or request.cookies.get("erp_lang", "zh")
    return "en" if wanted == "en" else "zh"


def grid(lang: str, keys: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    """Return a table; numbers stand right, text is escaped."""
    heads = "".join(f"<th{' class=n' if key in NUMERIC else ''}>{word(key, lang)}</th>" for key in keys)
    body = []
    for row in rows:
        cells = []
        for key, value in zip(keys, row, strict=True):
            text = value if isinstance(value, Html) else escape("" if value is None else str(value))
            cells.append(f"<td{' class=n' if key in NUMERIC else ''}>{text}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="grid"><table><tr>{heads}</tr>{"".join(body)}</table></div>'


def _link(bill_no: str) -> Html:
    return Html(f'<a href="/ui/orders/{quote(bill_no)}">{escape(bill_no)}</a>')


def _amount(value: str | None) -> str:
    return "" if value is None else grouped(Decimal(value))


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.orders, name="page.home"),
            web.get("/ui", self.orders, name="page.orders"),
            web.get("/ui/orders/{bill}", self.order, name="page.order"),
            web.get("/ui/plans", self.plans, name="page.plans"),
            web.get("/ui/deliveries", self.deliveries, name="page.deliveries"),
            web.get("/ui/stock", self.stock, name="page.stock"),
            web.get("/ui/customers", self.customers, name="page.customers"),
        ]

    def _page(self, request: web.Request, title: str, body: str) -> web.Response:
        lang = language(request)
        other = "en" if lang == "zh" else "zh"
        links = (
            ("/ui", "orders"),
            ("/ui/plans", "plans"),
            ("/ui/deliveries", "deliveries"),
            ("/ui/stock", "stock"),
            ("/ui/customers", "customers"),
        )
        menu = "".join(f'<a href="{href}">{word(key, lang)}</a>' for href, key in links)
        text = (
            f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>'
            f"{STYLE}</style></head>"
            f'<body><nav><b>{word("title", lang)}</b>{menu}<a href="?lang={other}">'
            f"{word('other', lang)}</a></nav>"
            f'<section><div class="bar"><b>{escape(title)}</b><span>{self._station.clock.label(lang)} · '
            f"{self._station.clock.now():%Y-%m-%d %H:%M}</span></div>{body}</section></body></html>"
        )
        response = web.Response(text=text, content_type="text/html")
        response.set_cookie("erp_lang", lang, samesite="Lax", httponly=True)
        return response

    def _state(self, state: str, lang: str) -> Html:
        return Html(f'<span class="{state}">{STATES[state][0 if lang == "zh" else 1]}</span>')

    async def orders(self, request: web.Request) -> web.Response:
        """Show the newest sales orders."""
        lang = language(request)
        rows = self._station.db.reader.execute(
            "SELECT sales_order.*, customer.name AS customer FROM sales_order"
            " JOIN customer ON customer.no = customer_no ORDER BY id DESC LIMIT ?",
            (ROWS,),
        )
        cells = (
            (
                _link(row["bill_no"]),
                row["source_bill_no"],
                row["bill_date"],
                row["customer"],
                self._state(row["status"], lang),
                _amount(row["amount"]),
                _amount(row["tax_amount"]),
                _amount(row["all_amount"]),
                row["reject_reason"],
            )
            for row in rows
        )
        keys = ("bill", "source", "date", "customer", "state", "amount", "tax", "all", "reason")
        return self._page(request, word("orders", lang), grid(lang, keys, cells))

    async def order(self, request: web.Request) -> web.Response:
        """Show one sales order."""
        lang = language(request)
        reader = self._station.db.reader
        row = reader.execute(
            "SELECT * FROM sales_order WHERE bill_no = ?", (request.match_info["bill"],)
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        view = views.order_view(reader, row)
        head = grid(
            lang,
            ("bill", "source", "date", "customer", "state", "amount", "tax", "all", "reason"),
            [
                (
                    view["BillNo"],
                    view["SourceBillNo"],
                    view["BillDate"],
                    view["CustomerName"],
                    self._state(row["status"], lang),
                    _amount(view["Amount"]),
                    _amount(view["TaxAmount"]),
                    _amount(view["AllAmount"]),
                    view["RejectReason"],
                )
            ],
        )
        cells = (
            (
                line["LineNo"],
                line["MaterialNo"],
                f"{line['Model'] or ''} {line['MaterialName']}",
                f"{Decimal(line['Qty']):,} {line['Unit']}",
                f"{Decimal(line['TaxPrice']):,}",
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
        keys = (
            "line",
            "material",
            "name",
            "qty",
            "price",
            "rate",
            "amount",
            "tax",
            "all",
            "reserved",
            "planned",
            "delivered",
            "status",
        )
        return self._page(
            request, f"{word('orders', lang)} {view['BillNo']}", f"{head}<br>{grid(lang, keys, cells)}"
        )

    async def plans(self, request: web.Request) -> web.Response:
        """Show plan proposals."""
        lang = language(request)
        reader = self._station.db.reader
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
        return self._page(request, word("plans", lang), grid(lang, keys, cells))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Show delivery orders, line by line."""
        lang = language(request)
        reader = self._station.db.reader
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
        return self._page(request, word("deliveries", lang), grid(lang, keys, cells))

    async def stock(self, request: web.Request) -> web.Response:
        """Show stock."""
        lang = language(request)
        reader = self._station.db.reader
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
        return self._page(
            request,
            word("stock", lang),
            grid(lang, ("material", "name", "onhand", "reserved", "available"), cells),
        )

    async def customers(self, request: web.Request) -> web.Response:
        """Show customers with their credit limits."""
        lang = language(request)
        rows = self._station.db.reader.execute("SELECT * FROM customer ORDER BY no LIMIT 500").fetchall()
        cells = (
            (
                row["no"],
                row["name"],
                row["outer_code"],
                _amount(row["credit_limit"]),
                LINE_WORDS[row["status"]][0 if lang == "zh" else 1],
            )
            for row in rows
        )
        keys = ("code", "customer", "outer", "limit", "status")
        return self._page(request, word("customers", lang), grid(lang, keys, cells))
