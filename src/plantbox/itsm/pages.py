"""The ITSM's pages, made for the phone: report a fault with a photo, the tickets, one ticket, articles."""

from __future__ import annotations

import json
import sqlite3
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.fields import BadField, Fields
from plantbox.itsm import tickets
from plantbox.itsm.calls import WRITES
from plantbox.itsm.tables import CATEGORIES, PLACES, STATES, URGENCIES
from plantbox.leaf import Look, guard, shown
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="itsm",
    words={
        "title": ("报修服务台", "Service desk"),
        "report": ("报修", "Report a fault"),
        "tickets": ("工单", "Tickets"),
        "articles": ("知识库", "Knowledge"),
        "category": ("故障类型", "Kind of fault"),
        "asset": ("设备", "Machine"),
        "place": ("地点", "Place"),
        "urgency": ("紧急程度", "Urgency"),
        "summary": ("故障现象", "What is wrong"),
        "photo": ("照片", "Photo"),
        "mail": ("邮箱(接收进度)", "Mail (to hear of progress)"),
        "reporter": ("报修人", "Reported by"),
        "team": ("班组", "Team"),
        "technician": ("维修工", "Technician"),
        "repeated": ("重复次数", "Times seen"),
        "start": ("开始处理", "Start work"),
        "resolve": ("维修完成", "Repaired"),
        "confirm": ("确认可用", "It works"),
        "reopen": ("未修好", "Not repaired"),
        "cause": ("原因", "Cause"),
        "fix": ("处理措施", "What was done"),
        "minutes": ("工时(分钟)", "Minutes"),
        "part": ("备件编码", "Part"),
        "quantity": ("数量", "Quantity"),
        "why": ("哪里还不行", "What is still wrong"),
        "none": ("不涉及设备", "No machine"),
        "empty": ("没有工单", "No tickets"),
        "history": ("记录", "History"),
    },
    style="""
*{box-sizing:border-box}body{margin:0;background:#eef1f6;color:#1d2433;
font:16px/1.5 "PingFang SC","Noto Sans CJK SC",-apple-system,sans-serif}
header{background:#2b3a67;color:#fff;padding:12px 16px}header b{font-size:18px;display:block}
nav a{color:#dbe4ff;margin-right:16px;display:inline-block;padding:6px 0}.sim{display:block;font-size:12px;
color:#c3cdea}main{max-width:600px;margin:0 auto;padding:12px}h1{font-size:18px;margin:8px 2px 12px}
.card,form{background:#fff;border-radius:10px;padding:14px 16px;margin-bottom:12px;display:block;
color:inherit;text-decoration:none;overflow-wrap:anywhere}.card b{display:block}.small{color:#5d6880;
font-size:13px}.st{float:right;font-size:13px;background:#e3e9fb;color:#2b3a67;border-radius:12px;
padding:1px 10px}label{display:block;font-size:14px;color:#5d6880;margin-bottom:10px}
input,select,textarea{display:block;width:100%;font:inherit;padding:10px;border:1px solid #b9c2d6;
border-radius:8px;min-height:46px;background:#fff;color:#1d2433}button{width:100%;min-height:48px;border:0;
border-radius:10px;background:#2b3a67;color:#fff;font:inherit;font-weight:600;margin-top:6px}
.error{background:#fde3e3;color:#8f1d1d;border-radius:10px;padding:12px 16px;margin-bottom:12px}
img{max-width:100%;border-radius:8px}
""",
    menu=(("/", "tickets"), ("/report", "report"), ("/articles", "articles")),
    bilingual=False,
)


def _said(words: dict[str, tuple[str, str]], key: str | None, lang: str) -> str:
    return escape("" if key is None else words.get(key, (key, key))[0 if lang == "zh" else 1])


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: tickets.Desk) -> None:
        self._station = station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.all, name="page.tickets"),
            web.get("/report", self.form, name="page.report"),
            web.post("/report", self.report, name="page.reported"),
            web.get("/tickets/{number}", self.ticket, name="page.ticket"),
            web.post("/tickets/{number}/{action:start|resolve|confirm|reopen}", self.act, name="page.act"),
            web.get("/articles", self.articles, name="page.articles"),
            web.get("/photos/{digest:[0-9a-f]{32}}", self.photo, name="page.photo"),
        ]

    async def all(self, request: web.Request) -> web.Response:
        """Show the newest tickets."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM ticket ORDER BY id DESC LIMIT 200").fetchall()
        cards = "".join(
            f'<a class="card" href="/tickets/{quote(row["number"])}">'
            f'<span class="st">{_said(STATES, row["state"], lang)}</span><b>{escape(row["summary"])}</b>'
            f'<span class="small">{row["number"]} · {escape(row["asset"] or "")} '
            f"{_said(PLACES, row['place'], lang)} · {escape(row['technician'] or row['team'] or '')}"
            "</span></a>"
            for row in rows
        )
        body = cards or f'<p class="card">{LOOK.word("empty", lang)}</p>'
        return LOOK.page(request, self._station.clock, LOOK.word("tickets", lang), body)

    async def form(self, request: web.Request, error: str = "") -> web.Response:
        """Show the form for a fault; the camera of a phone serves the photo."""
        lang = LOOK.language(request)
        index = 1 if lang == "zh" else 2
        assets = {"": LOOK.word("none", lang)} | {
            row[0]: f"{row[0]} {row[index]}"
            for row in self._station.db.reader.execute("SELECT code, name, name_en FROM asset ORDER BY code")
        }
        body = (
            (f'<p class="error">{escape(error)}</p>' if error else "")
            + '<form method="post" action="/report" enctype="multipart/form-data">'
            + _choice("category", "category", {k: _said(CATEGORIES, k, lang) for k in CATEGORIES}, lang)
            + _choice("asset", "asset", assets, lang)
            + _choice("place", "location", {k: _said(PLACES, k, lang) for k in PLACES}, lang)
            + _choice("urgency", "urgency", _words(URGENCIES, lang), lang)
            + f"<label>{LOOK.word('summary', lang)}"
            + '<textarea name="short_description" required maxlength="500"></textarea></label>'
            + f"<label>{LOOK.word('photo', lang)}"
            + '<input type="file" name="photo" accept="image/png,image/jpeg" capture="environment"></label>'
            + f'<label>{LOOK.word("mail", lang)}<input type="email" name="reporter_email"></label>'
            + f"<button>{LOOK.word('report', lang)}</button></form>"
        )
        return LOOK.page(request, self._station.clock, LOOK.word("report", lang), body)

    async def report(self, request: web.Request) -> web.Response:
        """Take a fault by the form; only from this very page."""
        guard(request)
        try:
            values, photo = await form_of(request)
            answer, _ = await receive(
                self._station,
                "tickets.report",
                json.dumps(values).encode(),
                lambda connection, fields: tickets.report(connection, self._desk, fields, photo),
            )
        except (Refusal, BadField) as refusal:
            return await self.form(request, refusal.message)
        raise web.HTTPSeeOther(f"/tickets/{quote(answer['number'])}")

    async def ticket(self, request: web.Request, error: str = "") -> web.Response:
        """Show one ticket with what can be done now."""
        lang = LOOK.language(request)
        reader = self._station.db.reader
        try:
            row = tickets.find(reader, request.match_info["number"])
        except Refusal:
            raise web.HTTPNotFound(reason="Not found") from None
        picture = "" if row["photo"] is None else f'<p><img src="/photos/{row["photo"]}" alt=""></p>'
        journal = "".join(
            f'<p><span class="small">{shown(each["at"])}</span><br>{escape(each["what"])} '
            f"{escape(each['note'] or '')}</p>"
            for each in reader.execute("SELECT * FROM journal WHERE ticket_id = ? ORDER BY id", (row["id"],))
        )
        facts = " · ".join(
            filter(
                None,
                (
                    _said(CATEGORIES, row["category"], lang), escape(row["asset"] or ""),
                    _said(PLACES, row["place"], lang), _said(URGENCIES, row["urgency"], lang),
                    escape(row["technician"] or row["team"] or ""),
                    f"{LOOK.word('repeated', lang)} {row['occurrences']}",
                ),
            )
        )  # fmt: skip
        body = (
            (f'<p class="error">{escape(error)}</p>' if error else "")
            + f'<div class="card"><span class="st">{_said(STATES, row["state"], lang)}</span>'
            + f'<b>{escape(row["summary"])}</b><span class="small">{facts}</span>{picture}</div>'
            + _actions(row, lang)
            + f'<div class="card"><b>{LOOK.word("history", lang)}</b>{journal}</div>'
        )
        return LOOK.page(request, self._station.clock, row["number"], body)

    async def act(self, request: web.Request) -> web.Response:
        """Carry on a ticket by a button; only from this very page."""
        guard(request)
        number, action = request.match_info["number"], request.match_info["action"]
        form: dict[str, Any] = {key: str(value) for key, value in (await request.post()).items()}
        if action == "resolve":
            minutes = str(form.get("work_minutes", "0"))
            form["work_minutes"] = int(minutes) if minutes.isdecimal() else minutes
            if form.get("material"):
                form["parts"] = [{"material": form["material"], "quantity": form.get("quantity") or "1"}]

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return number, WRITES[action](connection, self._desk, tickets.find(connection, number), fields)

        try:
            await receive(self._station, f"tickets.{action}", json.dumps(form).encode(), run, subject=number)
        except (Refusal, BadField) as refusal:
            return await self.ticket(request, refusal.message)
        raise web.HTTPSeeOther(f"/tickets/{quote(number)}")

    async def articles(self, request: web.Request) -> web.Response:
        """Show what was learnt."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM article ORDER BY number DESC LIMIT 200")
        cards = "".join(
            f'<div class="card"><b>{escape(row["title"])}</b><span class="small">{row["number"]}</span>'
            f"<p>{escape(row['symptom'])}</p><p>{LOOK.word('cause', lang)}: {escape(row['cause'])}</p>"
            f"<p>{LOOK.word('fix', lang)}: {escape(row['fix'])}</p></div>"
            for row in rows.fetchall()
        )
        return LOOK.page(request, self._station.clock, LOOK.word("articles", lang), cards)

    async def photo(self, request: web.Request) -> web.Response:
        """Return a picture as a picture and as nothing else."""
        row = self._station.db.reader.execute(
            "SELECT * FROM photo WHERE digest = ?", (request.match_info["digest"],)
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
        return web.Response(body=row["content"], content_type=row["kind"], headers=headers)


def _words(words: dict[str, tuple[str, str]], lang: str) -> dict[str, str]:
    return {key: _said(words, key, lang) for key in words}


def _choice(word: str, name: str, values: dict[str, str], lang: str) -> str:
    options = "".join(f'<option value="{escape(key)}">{value}</option>' for key, value in values.items())
    return f'<label>{LOOK.word(word, lang)}<select name="{name}">{options}</select></label>'


def _text(word: str, name: str, lang: str, *, needed: bool = False) -> str:
    asked = " required" if needed else ""
    return f'<label>{LOOK.word(word, lang)}<input name="{name}" maxlength="300"{asked}></label>'


def _actions(row: sqlite3.Row, lang: str) -> str:
    action = f"/tickets/{quote(row['number'])}"
    if row["state"] == "assigned":
        return (
            f'<form method="post" action="{action}/start"><button>{LOOK.word("start", lang)}</button></form>'
        )
    if row["state"] == "in_progress":
        return (
            f'<form method="post" action="{action}/resolve">{_text("cause", "cause", lang, needed=True)}'
            + _text("fix", "resolution", lang, needed=True)
            + _text("minutes", "work_minutes", lang)
            + _text("part", "material", lang)
            + _text("quantity", "quantity", lang)
            + f"<button>{LOOK.word('resolve', lang)}</button></form>"
        )
    if row["state"] == "resolved":
        return (
            f'<form method="post" action="{action}/confirm">'
            f"<button>{LOOK.word('confirm', lang)}</button></form>"
            f'<form method="post" action="{action}/reopen">{_text("why", "reason", lang, needed=True)}'
            f"<button>{LOOK.word('reopen', lang)}</button></form>"
        )
    return ""


async def form_of(request: web.Request) -> tuple[dict[str, str], bytes | None]:
    """Return a form's texts and its photo, if it has one."""
    values: dict[str, str] = {}
    photo: bytes | None = None
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            content = value.file.read(tickets.MAX_PHOTO + 1)
            if name == "photo" and content:
                tickets.photo_kind(content)
                photo = content
        elif isinstance(value, str):
            values[name] = value
    return values, photo
