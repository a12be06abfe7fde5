"""The WMS's own pages, green and white as handheld lists: stock, receipts, shipments, ledger, stock count."""

from __future__ import annotations

import sqlite3
from html import escape

from aiohttp import web

from plantbox.database import next_number
from plantbox.leaf import Html, Look, guard, number
from plantbox.station import Station
from plantbox.wms import staging, stock
from plantbox.wms.tables import STATES
from plantbox.writes import Refusal

LOOK = Look(
    name="wms",
    words={
        "title": ("仓储管理系统", "Warehouse"),
        "stock": ("库存", "Stock"),
        "receipts": ("入库", "Receipts"),
        "shipments": ("拣货与发货", "Picks and shipments"),
        "ledger": ("库存流水", "Ledger"),
        "count": ("盘点", "Stock count"),
        "sku": ("货号", "SKU"),
        "code": ("物料编码", "Material"),
        "name": ("名称", "Name"),
        "line": ("行", "Line"),
        "lot": ("批次", "Lot"),
        "place": ("库位", "Location"),
        "qty": ("数量", "Quantity"),
        "key": ("外部键", "Key"),
        "no": ("单号", "Number"),
        "source": ("来源单号", "Source"),
        "state": ("状态", "State"),
        "error": ("说明", "Note"),
        "time": ("时间", "Time"),
        "order": ("订单", "Order"),
        "customer": ("客户", "Customer"),
        "shipped": ("已发", "Shipped"),
        "change": ("变动", "Change"),
        "after": ("结存", "Balance"),
        "reason": ("类型", "Kind"),
        "receive": ("手工入库", "Receive by hand"),
        "start": ("开始盘点", "Start the count"),
        "close": ("结束盘点并过账", "End the count and post"),
        "frozen": ("盘点中:过账等待", "Counting: postings wait"),
        "counted": ("实盘数量", "Counted"),
        "RECEIPT": ("入库", "Receipt"),
        "SHIPMENT": ("发货", "Shipment"),
        "SUPPLY": ("采购入库", "Purchase receipt"),
        "ISSUE": ("领料", "Issue"),
        "COUNT": ("盘点", "Count"),
        "OPENING": ("期初", "Opening"),
        "FG": ("成品入库", "Finished goods"),
        "PO": ("采购收货", "Purchase receipt"),
        "RT": ("退货入库", "Return"),
        "warnings": ("低于安全库存", "Below minimum stock"),
        "least": ("最低库存", "Minimum"),
        "open": ("未处理", "Open"),
        "closed": ("已恢复", "Closed"),
        "carrier": ("承运", "Carrier"),
        "eta": ("预计天数", "Days to arrive"),
    },
    style="""
body{margin:0;font:15px/1.5 "Noto Sans CJK SC",Verdana,sans-serif;background:#eef5ef;color:#1c2b20}
header{background:#1e6b3a;color:#fff;padding:10px 18px;display:flex;
flex-wrap:wrap;gap:16px;align-items:center}
nav a{color:#d7f5df;margin-right:14px}.sim{margin-left:auto;font-size:13px}main{padding:14px 18px}
h1{font-size:19px;border-left:6px solid #2fa35a;padding-left:10px}.scroll{overflow:auto;background:#fff;
border:1px solid #c9dccd;margin-bottom:14px}
table{border-collapse:collapse;width:100%}
td,th{padding:7px 11px;border-bottom:1px dashed #c9dccd;text-align:left;white-space:nowrap}
th{background:#dff0e3;font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.s{padding:1px 8px;border:1px solid #2fa35a;border-radius:10px}.s.E,.s.cancelled{
border-color:#b3261e;color:#b3261e}
.s.W,.s.open,.s.partial{border-color:#b57900;color:#8a5c00}.note{background:#fff3cd;border:1px solid #e0c36a;
padding:8px 12px;margin-bottom:12px}input,button{font:inherit;padding:4px 8px}
button{background:#1e6b3a;color:#fff;border:0;border-radius:4px;padding:6px 14px}
form{display:flex;gap:8px;flex-wrap:wrap;margin-bottom:12px;align-items:center}
@media(max-width:600px){.sim{margin-left:0}main{padding:10px}}
""",
    menu=(
        ("/", "stock"),
        ("/receipts", "receipts"),
        ("/shipments", "shipments"),
        ("/ledger", "ledger"),
        ("/count", "count"),
    ),
)
ROWS = 200
RECEIPT_KINDS = ("FG", "PO", "RT")


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, yard: staging.Yard) -> None:
        self._station = station
        self._yard = yard

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.stock, name="page.stock"),
            web.get("/receipts", self.receipts, name="page.receipts"),
            web.post("/receipts", self.receive, name="page.receive"),
            web.get("/shipments", self.shipments, name="page.shipments"),
            web.get("/ledger", self.ledger, name="page.ledger"),
            web.get("/count", self.count, name="page.count"),
            web.post("/count/{action:start|close}", self.count_act, name="page.count_act"),
        ]

    def _rows(self, sql: str) -> list[sqlite3.Row]:
        return self._station.db.reader.execute(f"{sql} LIMIT {ROWS}").fetchall()

    def _page(self, request: web.Request, key: str, body: str) -> web.Response:
        lang = LOOK.language(request)
        if stock.counting(self._station.db.reader):
            body = f'<p class="note">{LOOK.word("frozen", lang)}</p>{body}'
        return LOOK.page(request, self._station.clock, LOOK.word(key, lang), body)

    async def stock(self, request: web.Request) -> web.Response:
        """Show stock by lot."""
        rows = self._rows(
            "SELECT ITEM.SKU, LOT.*, NAME, UNIT FROM LOT JOIN ITEM ON ITEM.MATERIAL_CODE = LOT.MATERIAL_CODE"
            " WHERE QTY <> '0' ORDER BY LOT.MATERIAL_CODE, BORN"
        )
        cells = [
            (r["SKU"], r["MATERIAL_CODE"], r["NAME"], r["LOT_NO"], r["LOCATION"], number(r["QTY"]), r["UNIT"])
            for r in rows
        ]
        keys = ("sku", "code", "name", "lot", "place", "qty", "")
        lang = LOOK.language(request)
        warned = [
            (r["WARNING_NO"], r["MATERIAL_CODE"], number(r["QTY"]), number(r["MIN_QTY"]), r["RAISED_AT"])
            for r in self._rows("SELECT * FROM OUT_WARNING WHERE STATUS = 'OPEN' ORDER BY ID DESC")
        ]
        before = ""
        if warned:
            table = LOOK.table(lang, ("no", "code", "qty", "least", "time"), warned)
            before = f"<h1>{LOOK.word('warnings', lang)}</h1>{table}"
        return self._page(request, "stock", before + LOOK.table(lang, keys, cells))

    async def receipts(self, request: web.Request) -> web.Response:
        """Show receipts as they came in, and a form to receive by hand."""
        lang = LOOK.language(request)
        rows = self._rows("SELECT * FROM IN_RECEIPT ORDER BY ID DESC")
        cells = [
            (
                r["EXT_KEY"],
                r["WMS_NO"],
                r["SOURCE_NO"],
                r["MATERIAL_CODE"],
                number(r["QTY"]),
                r["LOT_NO"],
                _state(r["STATUS"], lang),
                r["ERR_TEXT"],
                r["PROCESSED_AT"],
            )
            for r in rows
        ]
        form = (
            '<form method="post" action="/receipts">'
            + "".join(
                f'<label>{LOOK.word(key, lang)} <input name="{name}" required></label>'
                for name, key in (("key", "key"), ("source", "source"), ("code", "code"), ("qty", "qty"))
            )
            + '<select name="kind">'
            + "".join(f'<option value="{kind}">{LOOK.word(kind, lang)}</option>' for kind in RECEIPT_KINDS)
            + f"</select><button>{LOOK.word('receive', lang)}</button></form>"
        )
        keys = ("key", "no", "source", "code", "qty", "lot", "state", "error", "time")
        return self._page(request, "receipts", form + LOOK.table(lang, keys, cells))

    async def receive(self, request: web.Request) -> web.Response:
        """Put a receipt typed by hand into the same staging table; only from this very page."""
        guard(request)
        form = await request.post()
        values = tuple(str(form.get(name, "")).strip() for name in ("key", "source", "code", "qty"))
        kind = str(form.get("kind", "FG"))
        if kind not in RECEIPT_KINDS:
            raise web.HTTPBadRequest(reason="Expected one of FG, PO, RT")
        now = self._station.clock.text()

        def put(connection: sqlite3.Connection) -> None:
            key = values[0] or f"HAND-{next_number(connection, 'hand'):05d}"
            connection.execute(
                "INSERT INTO IN_RECEIPT (BATCH_ID, DOC_TYPE, EXT_KEY, SOURCE_NO, MATERIAL_CODE, QTY,"
                " CREATED_AT) VALUES ('HAND', ?, ?, ?, ?, ?, ?)",
                (kind, key, *values[1:], now),
            )
            staging.run(connection, self._yard)

        await self._station.db.write(put)
        raise web.HTTPSeeOther("/receipts")

    async def shipments(self, request: web.Request) -> web.Response:
        """Show picks and what has left."""
        lang = LOOK.language(request)
        picks = [
            (
                r["WMS_NO"],
                r["EXT_KEY"],
                r["LINE_NO"],
                r["ORDER_NO"],
                r["CUSTOMER_NAME"],
                r["MATERIAL_CODE"],
                number(r["QTY"]),
                number(r["SHIPPED"]),
                _state(r["STATUS"], lang),
                r["DUE_AT"],
            )
            for r in self._rows("SELECT * FROM PICK ORDER BY WMS_NO DESC, LINE_NO")
        ]
        left = [
            (
                r["WMS_NO"],
                r["ORDER_NO"],
                r["MATERIAL_CODE"],
                number(r["QTY"]),
                r["LOT_NO"],
                r["CARRIER"],
                r["ETA_DAYS"],
                r["SHIPPED_AT"],
            )
            for r in self._rows("SELECT * FROM OUT_SHIPMENT ORDER BY ID DESC")
        ]
        pick_keys = ("no", "key", "line", "order", "customer", "code", "qty", "shipped", "state", "time")
        left_keys = ("no", "order", "code", "qty", "lot", "carrier", "eta", "time")
        body = LOOK.table(lang, pick_keys, picks) + LOOK.table(lang, left_keys, left)
        return self._page(request, "shipments", body)

    async def ledger(self, request: web.Request) -> web.Response:
        """Show every change of stock."""
        lang = LOOK.language(request)
        cells = [
            (
                r["POSTED_AT"],
                r["MATERIAL_CODE"],
                r["LOT_NO"],
                number(r["CHANGE_QTY"]),
                number(r["QTY_AFTER"]),
                LOOK.word(r["REASON"], lang),
                r["REF_NO"],
            )
            for r in self._rows("SELECT * FROM OUT_LEDGER ORDER BY ID DESC")
        ]
        keys = ("time", "code", "lot", "change", "after", "reason", "no")
        return self._page(request, "ledger", LOOK.table(lang, keys, cells))

    async def count(self, request: web.Request) -> web.Response:
        """Show the stock count: a button to start it, then a field per material."""
        lang = LOOK.language(request)
        if not stock.counting(self._station.db.reader):
            button = f"<button>{LOOK.word('start', lang)}</button>"
            form = f'<form method="post" action="/count/start">{button}</form>'
            return self._page(request, "count", form)
        rows = self._rows("SELECT * FROM V_STOCK ORDER BY MATERIAL_CODE")
        cells = [
            (
                r["MATERIAL_CODE"],
                r["NAME"],
                number(r["QTY"]),
                Html(f'<input name="{escape(r["MATERIAL_CODE"])}" size="8">'),
            )
            for r in rows
        ]
        table = LOOK.table(lang, ("code", "name", "qty", "counted"), cells)
        button = f"<button>{LOOK.word('close', lang)}</button>"
        form = f'<form method="post" action="/count/close">{button}{table}</form>'
        return self._page(request, "count", form)

    async def count_act(self, request: web.Request) -> web.Response:
        """Start or end the count; only from this very page."""
        guard(request)
        now = self._station.clock.now()
        form = await request.post()
        action = request.match_info["action"]

        def act(connection: sqlite3.Connection) -> None:
            if action == "start":
                stock.start_count(connection, now)
                return
            counted = [
                (code, stock.quantity(str(value), zero=True)) for code, value in form.items() if str(value)
            ]
            stock.close_count(connection, now, counted)

        try:
            await self._station.db.write(act)
        except Refusal as refusal:
            return self._page(request, "count", f'<p class="note">{escape(refusal.message)}</p>')
        raise web.HTTPSeeOther("/count")


def _state(status: str, lang: str) -> Html:
    words = STATES.get(status, (status, status))
    return Html(f'<span class="s {escape(status)}">{words[0 if lang == "zh" else 1]}</span>')
