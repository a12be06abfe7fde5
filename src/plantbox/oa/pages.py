"""The OA's own pages, made for the phone (390 px): the to-do list, one request with approve and reject."""

from __future__ import annotations

import json
import sqlite3
from html import escape
from urllib.parse import quote

from aiohttp import web

from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.leaf import Look, guard, number, shown
from plantbox.oa import flows
from plantbox.oa.tables import ACTIONS, FLOWS, STATES
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="oa",
    words={
        "title": ("移动办公", "Mobile Office"),
        "todo": ("待办", "To do"),
        "done": ("已办", "Done"),
        "empty": ("没有待办事项", "Nothing to do"),
        "approve": ("同意", "Approve"),
        "reject": ("拒绝", "Reject"),
        "remark": ("审批意见(拒绝时必填)", "Comment (needed to reject)"),
        "role": ("审批角色", "Approver"),
        "creator": ("发起", "From"),
        "key": ("业务单号", "Business number"),
        "log": ("流转记录", "History"),
        "detail": ("明细", "Lines"),
        "urged": ("已催办", "Urged"),
        "progress": ("进度", "Progress"),
        "new": ("采购申请", "Purchase request"),
        "send": ("提交", "Submit"),
        "back": ("返回", "Back"),
        "auto": ("自动审批", "Approved by itself"),
        "manual": ("人工审批", "Approved by hand"),
        "to_auto": ("改为自动", "Let it approve"),
        "to_manual": ("改为人工", "Approve by hand"),
    },
    style="""
*{box-sizing:border-box}body{margin:0;background:#f2f2f6;color:#1c1c1e;
font:16px/1.5 "PingFang SC","Noto Sans CJK SC",-apple-system,sans-serif}
header{background:#fff;border-bottom:1px solid #ddd;padding:12px 16px;position:sticky;top:0}
header b{font-size:18px;display:block}nav a{color:#5b5bd6;margin-right:16px;text-decoration:none;
display:inline-block;padding:6px 0}.sim{display:block;color:#66666b;font-size:12px}
main{max-width:560px;margin:0 auto;padding:12px}h1{font-size:18px;margin:6px 4px 12px}
.card{background:#fff;border-radius:12px;padding:14px 16px;margin-bottom:12px;display:block;color:inherit;
text-decoration:none;overflow-wrap:anywhere}.card b{display:block}.small{color:#66666b;font-size:13px}
.st{float:right;font-size:13px;padding:1px 10px;border-radius:20px;background:#fff2d9;color:#8a5c00}
.st.approved{background:#dcf5e3;color:#12703a}.st.rejected,.st.withdrawn{background:#fde3e3;color:#a11c1c}
dl{display:grid;grid-template-columns:108px 1fr;gap:6px 10px;margin:0}dt{color:#66666b}dd{margin:0}
textarea{width:100%;font:inherit;border:1px solid #ccc;border-radius:10px;padding:10px;min-height:72px}
.acts{display:flex;gap:10px;margin-top:10px}button{flex:1;min-height:48px;border:0;border-radius:12px;
font:inherit;font-weight:600;background:#5b5bd6;color:#fff}button.no{background:#fff;color:#c62828;
border:1px solid #c62828}.error{background:#fde3e3;color:#a11c1c;border-radius:12px;padding:12px 16px;
margin-bottom:12px}.switch{display:flex;align-items:center;justify-content:space-between}
.switch button{flex:none;min-height:44px;padding:0 16px;background:#ececf8;color:#3d3dae}
table{border-collapse:collapse;width:100%;font-size:13px}td,th{text-align:left;white-space:nowrap;
padding:6px 4px;border-bottom:1px solid #eee}td.n,th.n{text-align:right}
td:nth-child(2){white-space:normal}.scroll{overflow:auto}
""",
    menu=(("/", "todo"), ("/done", "done"), ("/purchases/new", "new")),
)
FIELD_WORDS = {
    "khmc": ("客户名称", "Customer"),
    "je": ("金额", "Amount"),
    "ddbh": ("订单编号", "Order"),
    "fhtz": ("发货通知", "Dispatch notice"),
    "cpxh": ("产品型号", "Model"),
    "cpmc": ("产品名称", "Product"),
    "sl": ("数量", "Quantity"),
    "jq": ("交期", "Due"),
    "sm": ("说明", "Note"),
    "khbm": ("客户编码", "Customer code"),
    "tzdh": ("发货通知", "Dispatch notice"),
    "xsdd": ("销售订单", "Sales order"),
    "ddje": ("订单金额", "Order amount"),
    "wlbm": ("物料编码", "Material"),
    "fhsl": ("本次发货", "To ship"),
    "sqbm": ("申请部门", "Department"),
    "sqyy": ("申请原因", "Reason"),
    "xqrq": ("需求日期", "Needed by"),
    "ddsl": ("订购", "Ordered"),
}
EXACT = ("je", "ddje", "sl", "fhsl", "ddsl")
"""Fields that hold amounts and quantities."""


def _named(name: str, lang: str) -> str:
    return FIELD_WORDS.get(name, (name, name))[0 if lang == "zh" else 1]


def _value(pair: dict[str, str]) -> object:
    value = pair["fieldValue"]
    return number(value) if pair["fieldName"] in EXACT else value


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: flows.Desk) -> None:
        self._station = station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.todo, name="page.todo"),
            web.get("/done", self.done, name="page.done"),
            web.get("/purchases/new", self.purchase, name="page.purchase"),
            web.post("/purchases/new", self.purchase_sent, name="page.purchase_sent"),
            web.post("/approval", self.decide, name="page.approval"),
            web.get("/requests/{ref}", self.request, name="page.request"),
            web.post("/requests/{ref}/{action:approve|reject}", self.act, name="page.act"),
        ]

    async def todo(self, request: web.Request) -> web.Response:
        """Show what waits for approval."""
        lang = LOOK.language(request)
        now = self._desk.settings.approval
        other = "manual" if now == "auto" else "auto"
        form = (
            f'<form class="card switch" method="post" action="/approval"><span>{LOOK.word(now, lang)}</span>'
            f'<input type="hidden" name="approval" value="{other}">'
            f"<button>{LOOK.word(f'to_{other}', lang)}</button></form>"
        )
        return self._cards(request, "todo", "status = 'pending'", form)

    async def decide(self, request: web.Request) -> web.Response:
        """Say whether requests are approved by hand or by themselves; only from this very page."""
        guard(request)
        wanted = str((await request.post()).get("approval", ""))
        if wanted in ("auto", "manual"):
            self._desk.settings.set({"approval": wanted})
        raise web.HTTPSeeOther("/")

    async def purchase(self, request: web.Request, error: str = "") -> web.Response:
        """Show the form of a purchase request."""
        lang = LOOK.language(request)
        inputs = "".join(
            f'<p><label>{_named(name, lang)}<br><input name="{name}" required'
            f"{' type=date' if name == 'xqrq' else ''}></label></p>"
            for name in ("cpxh", "sl", "xqrq", "sqyy")
        )
        body = (
            (f'<div class="error">{escape(error)}</div>' if error else "")
            + f'<form class="card" method="post" action="/purchases/new">{inputs}'
            + f'<div class="acts"><button>{LOOK.word("send", lang)}</button></div></form>'
        )
        return LOOK.page(request, self._station.clock, LOOK.word("new", lang), body)

    async def purchase_sent(self, request: web.Request) -> web.Response:
        """Start a purchase request from the form; only from this very page."""
        guard(request)
        form = await request.post()
        given = {name: str(form.get(name, "")).strip() for name in ("cpxh", "sl", "xqrq", "sqyy")}

        def run(connection: sqlite3.Connection, _: Fields) -> tuple[str, Answer]:
            return flows.create(connection, self._desk, Fields(_purchase(connection, given)))

        try:
            answer, _ = await receive(self._station, "workflow.create", b"", run)
        except (Refusal, BadField) as refusal:
            return await self.purchase(request, refusal.message)
        raise web.HTTPSeeOther(f"/requests/{quote(answer['requestNo'])}")

    async def done(self, request: web.Request) -> web.Response:
        """Show what is decided."""
        return self._cards(request, "done", "status <> 'pending'")

    def _cards(self, request: web.Request, key: str, where: str, before: str = "") -> web.Response:
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute(
            f"SELECT * FROM request WHERE {where} ORDER BY id DESC LIMIT 100"  # noqa: S608 - two fixed texts
        ).fetchall()
        cards = "".join(
            f'<a class="card" href="/requests/{quote(row["no"])}">{_state(row["status"], lang)}'
            f"<b>{escape(row['name'])}</b><span class='small'>{_flow(row['flow'], lang)} · "
            f"{escape(row['business_key'])} · {escape(row['creator'])} · {shown(row['created_at'])}"
            f"{_urged(row, lang)}</span></a>"
            for row in rows
        )
        body = before + (cards or f'<p class="card">{LOOK.word("empty", lang)}</p>')
        return LOOK.page(request, self._station.clock, LOOK.word(key, lang), body)

    async def request(self, request: web.Request, error: str = "") -> web.Response:
        """Show one request with its form."""
        lang = LOOK.language(request)
        try:
            row = flows.find(self._station.db.reader, request.match_info["ref"])
        except Refusal:
            raise web.HTTPNotFound(reason="Not found") from None
        pairs = [
            (LOOK.word("key", lang), row["business_key"]),
            (LOOK.word("creator", lang), row["creator"]),
            (LOOK.word("role", lang), row["role"]),
            *((_named(p["fieldName"], lang), _value(p)) for p in json.loads(row["main"])),
            *([(LOOK.word("progress", lang), row["progress"])] if row["progress"] else []),
        ]
        facts = "".join(f"<dt>{escape(name)}</dt><dd>{shown(value)}</dd>" for name, value in pairs)
        parts = [
            f'<div class="error">{escape(error)}</div>' if error else "",
            f'<div class="card">{_state(row["status"], lang)}<b>{_flow(row["flow"], lang)}</b>'
            f"<span class='small'>{shown(row['created_at'])}{_urged(row, lang)}</span><dl>{facts}</dl></div>",
            _detail(row, lang),
            self._form(row, lang),
            self._log(row, lang),
        ]
        return LOOK.page(request, self._station.clock, row["name"], "".join(parts))

    def _form(self, row: sqlite3.Row, lang: str) -> str:
        if row["status"] != "pending":
            return ""
        action = f"/requests/{quote(row['no'])}"
        return (
            f'<form class="card" method="post" action="{action}/approve">'
            f'<textarea name="remark" placeholder="{LOOK.word("remark", lang)}"></textarea>'
            f'<div class="acts"><button class="no" formaction="{action}/reject">'
            f"{LOOK.word('reject', lang)}</button>"
            f"<button>{LOOK.word('approve', lang)}</button></div></form>"
        )

    def _log(self, row: sqlite3.Row, lang: str) -> str:
        rows = self._station.db.reader.execute(
            "SELECT * FROM log WHERE request_id = ? ORDER BY id", (row["id"],)
        ).fetchall()
        index = 0 if lang == "zh" else 1
        items = "".join(
            f"<p><span class='small'>{shown(item['at'])}</span><br>{escape(item['who'])} · "
            f"{ACTIONS[item['action']][index]} {escape(item['remark'] or '')}</p>"
            for item in rows
        )
        return f'<div class="card"><b>{LOOK.word("log", lang)}</b>{items}</div>'

    async def act(self, request: web.Request) -> web.Response:
        """Approve or reject by a button; only from this very page."""
        guard(request)
        form = await request.post()
        ref, action = request.match_info["ref"], request.match_info["action"]
        body = {"requestId": ref, "remark": str(form.get("remark", "")).strip()}
        work = flows.approve if action == "approve" else flows.reject

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return work(connection, self._desk, fields)

        try:
            await receive(self._station, f"workflow.{action}", json.dumps(body).encode(), run, subject=ref)
        except (Refusal, BadField) as refusal:
            return await self.request(request, refusal.message)
        raise web.HTTPSeeOther(f"/requests/{quote(ref)}")


def _purchase(connection: sqlite3.Connection, given: dict[str, str]) -> dict[str, object]:
    """Return the body of a purchase request, as a program would send it."""
    key = f"CG{next_number(connection, 'purchase'):06d}"
    pairs = {name: [{"fieldName": name, "fieldValue": value}] for name, value in given.items()}
    return {
        "workflowCode": "CGSQ",
        "businessKey": key,
        "requestName": f"采购申请 {given['cpxh']} × {given['sl']}",
        "creator": "仓库",
        "mainData": pairs["sqyy"],
        "detailData": [pairs["cpxh"] + pairs["sl"] + pairs["xqrq"]],
    }


def _state(status: str, lang: str) -> str:
    return f'<span class="st {status}">{STATES[status][0 if lang == "zh" else 1]}</span>'


def _flow(code: str, lang: str) -> str:
    return FLOWS[code][0 if lang == "zh" else 1]


def _urged(row: sqlite3.Row, lang: str) -> str:
    return f" · {LOOK.word('urged', lang)} {row['urged']}" if row["urged"] else ""


def _detail(row: sqlite3.Row, lang: str) -> str:
    rows = json.loads(row["detail"])
    if not rows:
        return ""
    names = list(dict.fromkeys(pair["fieldName"] for line in rows for pair in line))
    cells = [
        [next((_value(pair) for pair in line if pair["fieldName"] == name), None) for name in names]
        for line in rows
    ]
    table = LOOK.table(lang, [_named(name, lang) for name in names], cells)
    return f'<div class="card"><b>{LOOK.word("detail", lang)}</b>{table}</div>'
