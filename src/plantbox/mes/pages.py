"""The MES's own pages, dark as on a shop floor: work orders, one with its operations and report forms,
machines.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.fields import BadField, Fields
from plantbox.leaf import Html, Look, guard, number
from plantbox.mes import orders, reports, shop
from plantbox.mes.tables import STATES
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="mes",
    words={
        "title": ("制造执行系统", "Manufacturing Execution"),
        "orders": ("工单", "Work orders"),
        "machines": ("设备", "Machines"),
        "no": ("工单号", "Work order"),
        "external": ("外部单号", "External number"),
        "item": ("产品", "Product"),
        "qty": ("数量", "Quantity"),
        "done": ("完工", "Completed"),
        "state": ("状态", "State"),
        "due": ("交期", "Due"),
        "now": ("当前工序", "At"),
        "operation": ("工序", "Operation"),
        "input": ("投入", "Input"),
        "good": ("合格", "Good"),
        "rework": ("返工中", "In rework"),
        "scrap": ("报废", "Scrap"),
        "hours": ("工时", "Hours"),
        "machine": ("设备", "Machine"),
        "progress": ("进度", "Progress"),
        "report": ("报工", "Report"),
        "bad": ("不良", "Bad"),
        "reason": ("原因", "Reason"),
        "what": ("处置", "Disposition"),
        "material": ("物料", "Material"),
        "required": ("定额", "Required"),
        "used": ("实用", "Used"),
        "variance": ("差异", "Variance"),
        "sheet": ("单号", "Number"),
        "finish": ("返工完成", "Rework done"),
        "troubles": ("返工与报废", "Rework and scrap"),
        "cancel": ("取消工单", "Cancel the order"),
        "auto": ("改为自动", "Let machines report"),
        "manual": ("改为手工报工", "Report by hand"),
        "since": ("开始时间", "Since"),
        "counter": ("产量计数", "Pieces made"),
        "stop": ("故障代码", "Stop code"),
        "usedqty": ("用料", "Material used"),
        "rework_w": ("返工", "Rework"),
        "scrap_w": ("报废", "Scrap"),
        "pending_w": ("待判定", "Decide later"),
        "reports": ("报工记录", "Reports"),
        "time": ("时间", "Time"),
        "back": ("返回", "Back"),
        "fresh": ("新工单", "New orders"),
    },
    style="""
body{margin:0;background:#10151c;color:#dbe4ee;font:15px/1.5 "Noto Sans CJK SC",Roboto,sans-serif}
header{display:flex;gap:20px;align-items:center;flex-wrap:wrap;padding:12px 20px;background:#0a0e13;
border-bottom:3px solid #f59e0b}
header b{font-size:18px;color:#f59e0b}nav a{color:#dbe4ee;
margin-right:16px;text-decoration:none}.sim{margin-left:auto;color:#8fa3b8;font-size:13px}
main{padding:16px 20px;max-width:1240px;
margin:auto}
h1{font-size:20px}h2{font-size:16px;color:#f59e0b;margin:22px 0 8px}.scroll{overflow:auto}
table{border-collapse:collapse;width:100%;background:#18202a}td,th{padding:8px 12px;text-align:left;
border-bottom:1px solid #263241;white-space:nowrap}th{color:#8fa3b8;font-weight:500;font-size:13px}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
a{color:#fbbf24}.tag{padding:2px 10px;border-radius:4px;
background:#263241}.tag.running,.tag.inProgress{background:#1d4f2b;color:#8ff0a4}.tag.fault{background:#6b1620;
color:#ffb3ba}.tag.completed,.tag.done{background:#173a5e;color:#a5d2ff}.bar{background:#263241;width:140px;
height:10px;display:inline-block}.bar i{display:block;height:10px;background:#22c55e}
form.inline{display:inline-flex;gap:6px;flex-wrap:wrap;align-items:center;margin:2px 0}
input,select,button{font:inherit;background:#0a0e13;color:#dbe4ee;border:1px solid #3a4a5c;padding:4px 8px;
border-radius:4px}input{width:76px}button{background:#f59e0b;color:#10151c;border:0;
font-weight:600;cursor:pointer}
.error{background:#6b1620;padding:12px 16px;margin-bottom:12px}
@media(max-width:600px){main{padding:10px}.sim{margin-left:0}}
""",
    menu=(("/", "orders"), ("/machines", "machines")),
)
ROWS = 100


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, place: shop.Shop) -> None:
        self._station = station
        self._shop = place

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.orders, name="page.orders"),
            web.get("/machines", self.machines, name="page.machines"),
            web.post("/production", self.produce, name="page.production"),
            web.get("/orders/{ref}", self.order, name="page.order"),
            web.post("/orders/{ref}/{action}", self.act, name="page.act"),
        ]

    def _page(self, request: web.Request, title: str, body: str) -> web.Response:
        return LOOK.page(request, self._station.clock, title, body)

    async def orders(self, request: web.Request) -> web.Response:
        """Show the newest work orders."""
        lang = LOOK.language(request)
        reader = self._station.db.reader
        rows = reader.execute("SELECT * FROM work_order ORDER BY id DESC LIMIT ?", (ROWS,)).fetchall()
        cells = [_order_cells(shop.work_view(reader, row), lang) for row in rows]
        keys = ("no", "external", "item", "qty", "done", "now", "state", "due")
        now = self._shop.settings.production
        other = "manual" if now == "auto" else "auto"
        form = (
            f'<form class="inline" method="post" action="/production">{LOOK.word("fresh", lang)} '
            f'{_tag(now, lang)}<input type="hidden" name="production" value="{other}">'
            f"<button>{LOOK.word(other, lang)}</button></form>"
        )
        body = f"<p>{form}</p>{LOOK.table(lang, keys, cells)}"
        return self._page(request, LOOK.word("orders", lang), body)

    async def produce(self, request: web.Request) -> web.Response:
        """Say whether machines or people report the orders to come; only from this very page."""
        guard(request)
        wanted = str((await request.post()).get("production", ""))
        if wanted in shop.CHOICES["production"]:
            self._shop.settings.set({"production": wanted})
        raise web.HTTPSeeOther("/")

    async def machines(self, request: web.Request) -> web.Response:
        """Show the machines."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM machine ORDER BY rowid").fetchall()
        cells = [
            (
                f"{row['code']} {row['name'] if lang == 'zh' else row['name_en']}",
                _tag(row["state"], lang),
                row["stop_code"],
                row["work_order"],
                Decimal(row["counter"]),
                row["since"],
            )
            for row in rows
        ]
        keys = ("machine", "state", "stop", "no", "counter", "since")
        return self._page(request, LOOK.word("machines", lang), LOOK.table(lang, keys, cells))

    async def order(self, request: web.Request) -> web.Response:
        """Show one work order with its forms."""
        reader = self._station.db.reader
        row = reader.execute(
            "SELECT * FROM work_order WHERE no = ? OR external_no = ?", (request.match_info["ref"],) * 2
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        lang = LOOK.language(request)
        view = shop.work_view(reader, row)
        parts = [
            _buttons(view, lang),
            LOOK.table(
                lang,
                ("no", "external", "item", "qty", "done", "now", "state", "due"),
                [_order_cells(view, lang)],
            ),
            f"<h2>{LOOK.word('operation', lang)}</h2>",
            _operations(view, lang),
            _materials(view, lang),
            self._troubles(row, lang),
            self._reports(row, lang),
        ]
        return self._page(request, f"{LOOK.word('no', lang)} {view['workOrderNo']}", "".join(parts))

    def _troubles(self, row: sqlite3.Row, lang: str) -> str:
        reader = self._station.db.reader
        rows = reader.execute(
            "SELECT * FROM trouble WHERE work_id = ? ORDER BY rowid", (row["id"],)
        ).fetchall()
        if not rows:
            return ""
        cells = []
        for trouble in rows:
            form = ""
            if trouble["kind"] == "rework" and trouble["status"] == "open":
                form = (
                    f'<form class="inline" method="post" action="/orders/{quote(row["no"])}/rework">'
                    f'<input type="hidden" name="ref" value="{escape(trouble["no"])}">'
                    f"{LOOK.word('good', lang)} <input name='goodQty' value='{escape(trouble['qty'])}'> "
                    f"{LOOK.word('scrap', lang)} <input name='scrapQty' value='0'>"
                    f"<button>{LOOK.word('finish', lang)}</button></form>"
                )
            cells.append(
                (
                    trouble["no"],
                    LOOK.word(
                        {"rework": "rework_w", "scrap": "scrap_w", "defect": "pending_w"}[trouble["kind"]],
                        lang,
                    ),
                    _step(trouble["seq"], lang),
                    number(trouble["qty"]),
                    _reason(trouble["reason"], lang),
                    _tag(trouble["status"], lang),
                    Html(form),
                )
            )
        table = LOOK.table(lang, ("sheet", "what", "operation", "qty", "reason", "state", ""), cells)
        return f"<h2>{LOOK.word('troubles', lang)}</h2>{table}"

    def _reports(self, row: sqlite3.Row, lang: str) -> str:
        rows = self._station.db.reader.execute(
            "SELECT data FROM report WHERE work_id = ? ORDER BY id DESC LIMIT 40", (row["id"],)
        ).fetchall()
        views = [json.loads(item["data"]) for item in rows]
        cells = [
            (
                view["reportNo"],
                view["reportedAt"],
                _step(view["operationSeq"], lang),
                number(view["goodQty"]),
                number(view["badQty"]),
                number(view["laborHours"]),
                view["machineCode"],
            )
            for view in views
        ]
        table = LOOK.table(lang, ("sheet", "time", "operation", "good", "bad", "hours", "machine"), cells)
        return f"<h2>{LOOK.word('reports', lang)}</h2>{table}"

    async def act(self, request: web.Request) -> web.Response:
        """Do what a form asks for; only from this very page."""
        guard(request)
        form = {key: str(value) for key, value in (await request.post()).items()}
        ref, action = request.match_info["ref"], request.match_info["action"]
        works: dict[str, tuple[str, Callable[..., tuple[str, Answer]], str]] = {
            "report": ("workOrders.report", reports.report, ref),
            "rework": ("reworks.finish", reports.finish_rework, form.get("ref", "")),
            "cancel": ("workOrders.cancel", orders.cancel, ref),
            "mode": ("workOrders.mode", orders.set_mode, ref),
        }
        if action not in works:
            raise web.HTTPNotFound(reason="Not found")
        name, work, subject = works[action]
        body: dict[str, Any] = {key: value for key, value in form.items() if key not in ("ref",)}
        used = {key[5:]: body.pop(key) for key in list(body) if key.startswith("used.")}
        if any(used.values()):
            body["materials"] = [{"itemCode": k, "usedQty": v} for k, v in used.items() if v]

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return work(connection, self._shop, subject, fields)

        try:
            await receive(self._station, name, json.dumps(body).encode(), run, subject=subject)
        except (Refusal, BadField) as refusal:
            lang = LOOK.language(request)
            back = f'<a href="/orders/{quote(ref)}">‹ {LOOK.word("back", lang)}</a>'
            return self._page(request, ref, f'<div class="error">{escape(refusal.message)}</div>{back}')
        raise web.HTTPSeeOther(f"/orders/{quote(ref)}")


def _tag(state: str, lang: str) -> Html:
    return Html(f'<span class="tag {state}">{STATES[state][0 if lang == "zh" else 1]}</span>')


def _step(seq: int, lang: str) -> str:
    return shop.STEPS[seq].name if lang == "zh" else shop.STEPS[seq].name_en


def _reason(code: str, lang: str) -> str:
    step = shop.TROUBLES.get(code)
    return code if step is None else step.trouble_name if lang == "zh" else step.trouble_name_en


def _order_cells(view: dict[str, Any], lang: str) -> tuple[object, ...]:
    at = next((o["seq"] for o in view["operations"] if o["status"] in ("ready", "running")), None)
    link = f'<a href="/orders/{quote(view["workOrderNo"])}">{escape(view["workOrderNo"])}</a>'
    return (
        Html(link),
        view["externalOrderNo"],
        f"{view['itemCode']} {view['itemName']}",
        number(view["quantity"]),
        number(view["completedQty"]),
        "" if at is None else _step(at, lang),
        _tag(view["status"], lang),
        view["dueDate"],
    )


def _buttons(view: dict[str, Any], lang: str) -> str:
    if view["status"] not in ("accepted", "inProgress"):
        return ""
    other = "manual" if view["mode"] == "auto" else "auto"
    action = f"/orders/{quote(view['workOrderNo'])}"
    return (
        f'<p>{_tag(view["mode"], lang)} <form class="inline" method="post" action="{action}/mode">'
        f'<input type="hidden" name="mode" value="{other}"><button>{LOOK.word(other, lang)}</button></form> '
        f'<form class="inline" method="post" action="{action}/cancel">'
        f"<button>{LOOK.word('cancel', lang)}</button></form></p>"
    )


def _operations(view: dict[str, Any], lang: str) -> str:
    cells = []
    for item in view["operations"]:
        whole = max(Decimal(view["quantity"]), Decimal(1))
        share = int(Decimal(item["goodQty"]) * 100 / whole)
        bar = f'<span class="bar"><i style="width:{min(share, 100)}%"></i></span> {share}%'
        cells.append(
            (
                f"{item['seq']} {_step(item['seq'], lang)}",
                _tag(item["status"], lang),
                number(item["inputQty"]),
                number(item["goodQty"]),
                number(item["reworkQty"]),
                number(item["scrapQty"]),
                number(item["laborHours"]),
                item["machineCode"],
                Html(bar),
                Html(_report_form(view, item, lang)),
            )
        )
    keys = (
        "operation",
        "state",
        "input",
        "good",
        "rework",
        "scrap",
        "hours",
        "machine",
        "progress",
        "report",
    )
    return LOOK.table(lang, keys, cells)


def _report_form(view: dict[str, Any], item: dict[str, Any], lang: str) -> str:
    if item["status"] not in ("ready", "running"):
        return ""
    reasons = "".join(
        f"<option value='{step.trouble}'{' selected' if seq == item['seq'] else ''}>"
        f"{step.trouble_name if lang == 'zh' else step.trouble_name_en}</option>"
        for seq, step in shop.STEPS.items()
        if seq <= item["seq"]
    )
    left = Decimal(item["inputQty"]) - sum(Decimal(item[n]) for n in ("goodQty", "reworkQty", "scrapQty"))
    options = "".join(
        f'<option value="{value}">{LOOK.word(f"{value}_w", lang)}</option>' for value in reports.DISPOSITIONS
    )
    used = "".join(
        f"<label>{escape(need['itemCode'])} <input name='used.{escape(need['itemCode'])}'></label> "
        for need in view["materials"]
        if need["operationSeq"] == item["seq"]
    )
    return (
        f'<form class="inline" method="post" action="/orders/{quote(view["workOrderNo"])}/report">'
        f'<input type="hidden" name="operationSeq" value="{item["seq"]}">'
        f"<label>{LOOK.word('good', lang)} <input name='goodQty' value='{left:f}'></label> "
        f"<label>{LOOK.word('bad', lang)} <input name='badQty' value='0'></label> "
        f"<select name='badReason'>{reasons}</select>"
        f"<select name='disposition'>{options}</select>"
        f"<label>{LOOK.word('hours', lang)} <input name='laborHours' value='1'></label> {used}"
        f"<button>{LOOK.word('report', lang)}</button></form>"
    )


def _materials(view: dict[str, Any], lang: str) -> str:
    if not view["materials"]:
        return ""
    cells = [
        (
            f"{need['itemCode']} {need['itemName']}",
            need["operationSeq"],
            number(need["requiredQty"]),
            number(need["usedQty"]),
            # What was not used yet is no loss and no saving.
            Decimal(need["usedQty"]) - Decimal(need["requiredQty"]) if Decimal(need["usedQty"]) else "",
            need["unit"],
        )
        for need in view["materials"]
    ]
    table = LOOK.table(lang, ("material", "operation", "required", "used", "variance", ""), cells)
    return f"<h2>{LOOK.word('material', lang)}</h2>{table}"
