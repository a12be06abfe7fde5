"""The ERP's pages of production, dispatch and the stock count."""

from __future__ import annotations

import json
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox import firm
from plantbox.erp import counting, notices, production, variance
from plantbox.erp.html import LINE_WORDS, Html, grid, language, word
from plantbox.erp.pages import ROWS, Pages, guard
from plantbox.fields import BadField
from plantbox.writes import Refusal, receive

WORK_KEYS = ("work", "external", "material", "name", "qty", "finished", "scrap", "progress", "status", "bill")
OPERATION_KEYS = ("line", "operation", "good", "bad", "scrap", "hours", "progress")
MATERIAL_KEYS = ("material", "name", "operation", "need", "used", "variance", "share")
VARIANCE_KEYS = ("code", "work", "material", "name", "need", "used", "variance", "share", "status", "why")
LINK_KEYS = ("code", "bill", "line", "source", "qty", "finished")
NOTICE_KEYS = (
    "code",
    "bill",
    "customer",
    "line",
    "material",
    "name",
    "qty",
    "delivered",
    "status",
    "approver",
    "remark",
)


def _state(status: str, lang: str) -> str:
    return LINE_WORDS[status][0 if lang == "zh" else 1]


def _step(operation: dict[str, Any], lang: str) -> str:
    """Return an operation's name; English readers get it from the firm's routing."""
    english = {step.seq: step.name_en for step in firm.ROUTING}
    return str(operation["Name"] if lang == "zh" else english.get(operation["Seq"], operation["Name"]))


def _sale(bill_no: str) -> str:
    return f'<a href="/ui/orders/{quote(bill_no)}">{escape(bill_no)}</a>'


def _number(value: str) -> str:
    return f"{Decimal(value):,}"


def _cause_form(bill_no: str, lang: str) -> Html:
    return Html(
        f'<form method="post" action="/ui/variance/{quote(bill_no)}"><input name="reason" required>'
        f" <button>{word('explain', lang)}</button></form>"
    )


class ShopPages:
    """The pages, in the frame of the ERP's other pages."""

    def __init__(self, front: Pages) -> None:
        self._front = front
        self._station = front.station

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/ui/work-orders", self.works, name="page.works"),
            web.get("/ui/work-orders/{bill}", self.work, name="page.work"),
            web.get("/ui/variance", self.variances, name="page.variances"),
            web.post("/ui/variance/{bill}", self.explain, name="page.explain"),
            web.get("/ui/notices", self.notices, name="page.notices"),
            web.get("/ui/count", self.count, name="page.count"),
            web.post("/ui/count/{action}", self.count_act, name="page.count_act"),
        ]

    async def works(self, request: web.Request) -> web.Response:
        """Show the newest work orders."""
        lang = language(request)
        reader = self._station.db.reader
        rows = reader.execute("SELECT * FROM work_order ORDER BY bill_no DESC LIMIT ?", (ROWS,)).fetchall()
        cells = (
            (
                Html(f'<a href="/ui/work-orders/{quote(view["BillNo"])}">{escape(view["BillNo"])}</a>'),
                view["ExternalNo"],
                view["MaterialNo"],
                f"{view['Model'] or ''} {view['MaterialName']}",
                _number(view["Qty"]),
                _number(view["FinishedQty"]),
                _number(view["ScrapQty"]),
                view["Percent"],
                _state(view["Status"], lang),
                Html(" ".join(dict.fromkeys(_sale(link["OrderBillNo"]) for link in view["Links"]))),
            )
            for view in (production.work_order_view(reader, row) for row in rows)
        )
        return self._front.page(request, word("works", lang), grid(lang, WORK_KEYS, cells))

    async def work(self, request: web.Request) -> web.Response:
        """Show one work order: whom it serves, its operations, its material."""
        lang = language(request)
        reader = self._station.db.reader
        row = reader.execute(
            "SELECT * FROM work_order WHERE bill_no = ?", (request.match_info["bill"],)
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        view = production.work_order_view(reader, row)
        links = (
            (
                link["PlanBillNo"],
                Html(_sale(link["OrderBillNo"])),
                link["OrderLineNo"],
                link["SourceBillNo"],
                _number(link["Qty"]),
                _number(link["FinishedQty"]),
            )
            for link in view["Links"]
        )
        operations = (
            (o["Seq"], _step(o, lang), o["GoodQty"], o["BadQty"], o["ScrapQty"], o["Hours"], o["Percent"])
            for o in view["Operations"]
        )
        materials = (
            (
                m["MaterialNo"],
                f"{m['Model'] or ''} {m['MaterialName']}",
                m["OperationSeq"],
                f"{_number(m['PlannedQty'])} {m['Unit']}",
                f"{_number(m['UsedQty'])} {m['Unit']}",
                # What was not used yet is no loss and no saving.
                *((_number(m["VarianceQty"]), m["VariancePercent"]) if Decimal(m["UsedQty"]) else ("", "")),
            )
            for m in view["Materials"]
        )
        parts = (
            f'<div class="bar"><span>{escape(view["Model"] or "")} {escape(view["MaterialName"])} · '
            f"{_number(view['FinishedQty'])} / {_number(view['Qty'])} {escape(view['Unit'])}</span>"
            f"<span>{_state(view['Status'], lang)} · {view['Percent']}%</span></div>",
            grid(lang, LINK_KEYS, links),
            grid(lang, OPERATION_KEYS, operations),
            *([grid(lang, MATERIAL_KEYS, materials)] if view["Materials"] else []),
        )
        return self._front.page(request, f"{word('work', lang)} {view['BillNo']}", "<br>".join(parts))

    async def variances(self, request: web.Request) -> web.Response:
        """Show what work orders have used above their plan, and take the cause."""
        lang = language(request)
        cells = (
            (
                row["BillNo"],
                row["WorkOrderNo"],
                row["MaterialNo"],
                f"{row['Model'] or ''} {row['MaterialName']}",
                f"{_number(row['PlannedQty'])} {row['Unit']}",
                f"{_number(row['UsedQty'])} {row['Unit']}",
                row["VarianceQty"],
                row["VariancePercent"],
                _state(row["Status"], lang),
                row["Reason"] if row["Reason"] is not None else _cause_form(row["BillNo"], lang),
            )
            for row in variance.newest(self._station.db.reader, None, ROWS)
        )
        return self._front.page(request, word("variances", lang), grid(lang, VARIANCE_KEYS, cells))

    async def explain(self, request: web.Request) -> web.Response:
        """Take the cause of a variance; only from this very page."""
        guard(request)
        bill_no, form = request.match_info["bill"], await request.post()
        try:
            await receive(
                self._station,
                "MaterialVariance.Explain",
                json.dumps({"BillNo": bill_no, "Reason": str(form.get("reason", ""))}).encode(),
                lambda connection, fields: variance.explain(connection, self._front.office, fields),
                subject=bill_no,
            )
        except (Refusal, BadField) as refusal:
            text = f'<div class="bar D">{escape(refusal.message)}</div>'
            return self._front.page(request, word("variances", language(request)), text)
        raise web.HTTPSeeOther("/ui/variance")

    async def notices(self, request: web.Request) -> web.Response:
        """Show the newest dispatch notices, line by line."""
        lang = language(request)
        reader = self._station.db.reader
        rows = reader.execute(
            "SELECT * FROM dispatch_notice ORDER BY bill_no DESC LIMIT ?", (ROWS,)
        ).fetchall()
        cells = (
            (
                view["BillNo"],
                Html(_sale(view["OrderBillNo"])),
                view["CustomerName"],
                line["OrderLineNo"],
                line["MaterialNo"],
                f"{line['Model'] or ''} {line['MaterialName']}",
                _number(line["Qty"]),
                _number(line["ShippedQty"]),
                _state(view["Status"], lang),
                view["Approver"],
                view["Remark"],
            )
            for view in (notices.notice_view(reader, row) for row in rows)
            for line in view["Lines"]
        )
        return self._front.page(request, word("notices", lang), grid(lang, NOTICE_KEYS, cells))

    async def count(self, request: web.Request) -> web.Response:
        """Show the stock count and the button that starts or ends it."""
        lang = language(request)
        view = counting.count_view(counting.last_count(self._station.db.reader))
        action = "close" if view["Status"] == "Started" else "start"
        rows = [
            (
                view.get("BillNo"),
                _state(view["Status"], lang),
                (view.get("StartTime") or "")[:16].replace("T", " "),
                (view.get("CloseTime") or "")[:16].replace("T", " "),
            )
        ]
        form = f'<form method="post" action="/ui/count/{action}"><button>{word(action, lang)}</button></form>'
        table = grid(lang, ("code", "status", "since", "until"), rows)
        return self._front.page(request, word("count", lang), form + table)

    async def count_act(self, request: web.Request) -> web.Response:
        """Start or end a stock count; only from this very page."""
        guard(request)
        action = request.match_info["action"]
        work = {"start": counting.start, "close": counting.close}.get(action)
        if work is None:
            raise web.HTTPNotFound(reason="Not found")
        try:
            await receive(
                self._station,
                f"StockCount.{action.title()}",
                json.dumps({}).encode(),
                lambda connection, fields: work(connection, self._front.office, fields),
            )
        except (Refusal, BadField) as refusal:
            text = f'<div class="bar D">{escape(refusal.message)}</div>'
            return self._front.page(request, word("count", language(request)), text)
        raise web.HTTPSeeOther("/ui/count")
