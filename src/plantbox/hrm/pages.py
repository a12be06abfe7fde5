"""The HRM's own pages: the people, one person with what is open, and the forms of the HR clerk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from html import escape
from urllib.parse import quote

from aiohttp import web

from plantbox.fields import BadField, Fields
from plantbox.hrm import people
from plantbox.hrm.tables import DEPARTMENTS, ITEMS, POSTS, STATES
from plantbox.leaf import Html, Look, guard, shown
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="hrm",
    words={
        "title": ("人力资源", "Personnel"),
        "people": ("员工", "People"),
        "apply": ("提交录用", "Propose a hire"),
        "no": ("工号", "Number"),
        "name": ("姓名", "Name"),
        "post": ("岗位", "Post"),
        "dept": ("部门", "Department"),
        "manager": ("直属上级", "Manager"),
        "first": ("入职日期", "First day"),
        "last": ("离职日期", "Last day"),
        "status": ("状态", "State"),
        "case": ("事项", "Case"),
        "items": ("事项明细", "What is owed"),
        "item": ("内容", "Item"),
        "role": ("权限", "Role"),
        "reason": ("说明", "Reason"),
        "approve": ("同意录用", "Approve the hire"),
        "refuse": ("不录用", "Do not hire"),
        "move": ("调岗", "Move"),
        "leave": ("登记离职", "Note the last day"),
        "history": ("记录", "History"),
        "empty": ("还没有员工", "Nobody yet"),
    },
    style="""
*{box-sizing:border-box}body{margin:0;background:#f4f8f5;color:#16281e;
font:15px/1.6 "Noto Sans CJK SC","PingFang SC",Verdana,sans-serif}
header{background:#1f6b4a;color:#fff;padding:14px 24px;display:flex;gap:20px;flex-wrap:wrap;
align-items:baseline}header b{font-size:19px}nav a{color:#dff3e8;margin-right:14px}.sim{margin-left:auto;
font-size:13px;color:#dff3e8}main{max-width:980px;margin:0 auto;padding:18px 24px}h1{font-size:20px}
table{border-collapse:collapse;width:100%;background:#fff}td,th{text-align:left;padding:9px 12px;
border-bottom:1px solid #dbe7df}th{background:#e6f1ea;font-weight:600}.scroll{overflow:auto}a{color:#1f6b4a}
form{background:#fff;border:1px solid #dbe7df;border-radius:4px;padding:14px;margin:14px 0;display:flex;
gap:10px;flex-wrap:wrap;align-items:end}label{display:grid;font-size:13px;color:#48604f}
input,select{font:inherit;padding:8px;border:1px solid #a9c2b3;border-radius:4px;min-height:42px}
button{min-height:42px;padding:0 18px;border:0;border-radius:4px;background:#1f6b4a;color:#fff;font:inherit}
.error{background:#fdeaea;color:#8f1d1d;padding:12px 16px;border-radius:4px}
@media(max-width:600px){main{padding:12px}.sim{margin-left:0}label,input,select,button{width:100%}}
""",
    menu=(("/", "people"),),
    bilingual=False,
)
Write = Callable[[sqlite3.Connection, people.Desk, sqlite3.Row, Fields], Answer]
ACTIONS: dict[str, Write] = {
    "approve": people.approve,
    "refuse": people.refuse,
    "move": people.move,
    "leave": people.leave,
}


def said(words: dict[str, tuple[str, str]], key: str | None, lang: str) -> str:
    """Return a word of a list, or the key itself."""
    if key is None:
        return ""
    return words[key][0 if lang == "zh" else 1] if key in words else key


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: people.Desk) -> None:
        self._station = station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.people, name="page.people"),
            web.post("/staff", self.apply, name="page.apply"),
            web.get("/staff/{no}", self.person, name="page.person"),
            web.post("/staff/{no}/{action:approve|refuse|move|leave}", self.act, name="page.act"),
        ]

    async def people(self, request: web.Request, error: str = "") -> web.Response:
        """Show everybody, and the form for a hire."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM staff ORDER BY no DESC LIMIT 500").fetchall()
        cells = [
            (
                Html(f'<a href="/staff/{quote(row["no"])}">{escape(row["no"])}</a>'),
                row["name"],
                said(POSTS, row["post"], lang),
                row["dept"],
                row["first_day"],
                said(STATES, row["status"], lang),
                f"{said(STATES, row['case_kind'], lang)} {said(STATES, row['case_status'], lang)}",
            )
            for row in rows
        ]
        table = LOOK.table(lang, ("no", "name", "post", "dept", "first", "status", "case"), cells)
        body = (
            (f'<p class="error">{escape(error)}</p>' if error else "")
            + (table if rows else f"<p>{LOOK.word('empty', lang)}</p>")
            + f"<h1>{LOOK.word('apply', lang)}</h1>"
            + '<form method="post" action="/staff">'
            + f'<label>{LOOK.word("name", lang)}<input name="fullName" maxlength="60"></label>'
            + self._choice("post", {key: said(POSTS, key, lang) for key in POSTS}, lang)
            + self._choice("dept", {name: name for name in DEPARTMENTS}, lang)
            + self._date("first", "firstDay", lang, 14)
            + f"<button>{LOOK.word('apply', lang)}</button></form>"
        )
        return LOOK.page(request, self._station.clock, LOOK.word("people", lang), body)

    @staticmethod
    def _choice(name: str, values: dict[str, str], lang: str) -> str:
        options = "".join(f'<option value="{escape(k)}">{escape(v)}</option>' for k, v in values.items())
        return f'<label>{LOOK.word(name, lang)}<select name="{name}">{options}</select></label>'

    def _date(self, word: str, name: str, lang: str, days: int) -> str:
        day = (self._station.clock.now() + timedelta(days=days)).date().isoformat()
        return (
            f'<label>{LOOK.word(word, lang)}<input type="date" name="{name}" value="{day}" required></label>'
        )

    async def apply(self, request: web.Request) -> web.Response:
        """Take a hire by the form; only from this very page."""
        guard(request)
        form = {key: str(value) for key, value in (await request.post()).items()}
        try:
            answer, _ = await receive(
                self._station,
                "staff.apply",
                json.dumps(form).encode(),
                lambda connection, fields: people.apply(connection, self._desk, fields),
            )
        except (Refusal, BadField) as refusal:
            return await self.people(request, refusal.message)
        raise web.HTTPSeeOther(f"/staff/{quote(answer['staffNo'])}")

    async def person(self, request: web.Request, error: str = "") -> web.Response:
        """Show one person with every item by name."""
        lang = LOOK.language(request)
        reader = self._station.db.reader
        try:
            row = people.find(reader, request.match_info["no"])
        except Refusal:
            raise web.HTTPNotFound(reason="Not found") from None
        facts = LOOK.table(
            lang,
            ("no", "post", "dept", "manager", "first", "last", "status", "case"),
            [
                (
                    row["no"], said(POSTS, row["post"], lang), row["dept"], row["manager"], row["first_day"],
                    row["last_day"], said(STATES, row["status"], lang),
                    f"{said(STATES, row['case_kind'], lang)} {said(STATES, row['case_status'], lang)}",
                )
            ],
        )  # fmt: skip
        items = LOOK.table(
            lang,
            ("item", "role", "status", "reason"),
            [
                (said(ITEMS, i["code"], lang), i["role"], said(STATES, i["status"], lang), i["reason"])
                for i in people.items_of(reader, row["no"])
            ],
        )
        noted = "".join(
            f"<p>{shown(each['at'])} · {escape(said(STATES, each['what'], lang))} "
            f"{escape(each['note'] or '')}</p>"
            for each in reader.execute(
                "SELECT * FROM history WHERE staff_no = ? AND what <> 'planned' ORDER BY id", (row["no"],)
            )
        )
        body = (
            (f'<p class="error">{escape(error)}</p>' if error else "")
            + f"{facts}<h1>{LOOK.word('items', lang)}</h1>{items}{self._forms(row, lang)}"
            + f"<h1>{LOOK.word('history', lang)}</h1>{noted}"
        )
        return LOOK.page(request, self._station.clock, row["name"], body)

    def _forms(self, row: sqlite3.Row, lang: str) -> str:
        action = f"/staff/{quote(row['no'])}"
        if row["status"] == "applied":
            return (
                f'<form method="post" action="{action}/approve"><button>{LOOK.word("approve", lang)}</button>'
                f'<button formaction="{action}/refuse">{LOOK.word("refuse", lang)}</button></form>'
            )
        if row["status"] != "hired":
            return ""
        return (
            f'<form method="post" action="{action}/move">'
            + self._choice("post", {key: said(POSTS, key, lang) for key in POSTS}, lang)
            + self._choice("dept", {name: name for name in DEPARTMENTS}, lang)
            + f"<button>{LOOK.word('move', lang)}</button></form>"
            + f'<form method="post" action="{action}/leave">{self._date("last", "lastDay", lang, 0)}'
            + f"<button>{LOOK.word('leave', lang)}</button></form>"
        )

    async def act(self, request: web.Request) -> web.Response:
        """Approve, refuse, move or note a last day by a button; only from this very page."""
        guard(request)
        no, action = request.match_info["no"], request.match_info["action"]
        form = {key: str(value) for key, value in (await request.post()).items()}

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return no, ACTIONS[action](connection, self._desk, people.find(connection, no), fields)

        try:
            await receive(self._station, f"staff.{action}", json.dumps(form).encode(), run, subject=no)
        except (Refusal, BadField) as refusal:
            return await self.person(request, refusal.message)
        raise web.HTTPSeeOther(f"/staff/{quote(no)}")
