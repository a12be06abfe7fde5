"""Puts the mail and SMS box together: tables, SMTP, the SMS gateway, the inbox pages."""

from __future__ import annotations

import hmac
import json
import re
import sqlite3
from dataclasses import dataclass
from html import escape
from typing import Any

from aiohttp import web

from plantbox.accounts import ACCOUNT_TABLES
from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields
from plantbox.leaf import Html, Look, shown
from plantbox.mail import boxes
from plantbox.mail.smtp import Listener
from plantbox.station import Common, Station, open_station
from plantbox.writes import Answer, Refusal, receive

TABLES = """
CREATE TABLE IF NOT EXISTS mail (
  id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, sender TEXT NOT NULL, recipients TEXT NOT NULL,
  subject TEXT NOT NULL, text TEXT NOT NULL, raw BLOB NOT NULL, received_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mail_message ON mail (message_id);
CREATE TABLE IF NOT EXISTS sms (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL, text TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 1, received_at TEXT NOT NULL);
"""
MAX_SMS = 500
COUNTED = {"mails": "SELECT count(*) FROM mail", "sms": "SELECT count(*) FROM sms"}
LOOK = Look(
    name="mail",
    words={
        "title": ("信箱", "Mailbox"),
        "mails": ("邮件", "Mail"),
        "sms": ("短信", "SMS"),
        "from": ("发件人", "From"),
        "to": ("收件人", "To"),
        "subject": ("主题", "Subject"),
        "time": ("时间", "Time"),
        "text": ("内容", "Text"),
        "tries": ("提交次数", "Submitted"),
        "empty": ("没有消息", "No messages"),
    },
    style="""
body{margin:0;font:15px/1.6 Georgia,"Noto Serif CJK SC","Songti SC",serif;background:#fbf7f0;color:#33291d}
header{padding:18px 24px 8px;border-bottom:2px solid #b98b4f;display:flex;gap:22px;flex-wrap:wrap;
align-items:baseline}header b{font-size:22px}nav a{color:#8a4b08;margin-right:14px}.sim{margin-left:auto;
font-size:13px;color:#75654f}main{max-width:920px;margin:0 auto;padding:16px 24px}h1{font-size:20px}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:9px 10px;border-bottom:1px solid #e6dac6;
vertical-align:top}th{font-weight:normal;color:#75654f;font-size:13px}.scroll{overflow:auto}a{color:#8a4b08}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#fff;border:1px solid #e6dac6;padding:16px;
font:inherit}@media(max-width:600px){.sim{margin-left:0}main{padding:12px}}
""",
    menu=(("/", "mails"), ("/sms", "sms")),
    bilingual=False,
)


@dataclass(frozen=True, slots=True)
class MailOptions:
    """What is the box's own on the command line."""

    sms_key: str = "sms-demo-key"
    smtp_port: int = 0


def _answer(result: int, message: str, status: int = 200, **more: Any) -> web.Response:
    body = {"result": result, "message": message, **more}
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure in the gateway's shape."""
    return _answer(2 if kind in ("bad_request", "not_found") else 9, message, status)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    code = fault.code if fault.code.isdigit() else "9"
    return _answer(int(code), fault.message or "busy")


def _send(connection: sqlite3.Connection, now: str, fields: Fields) -> tuple[str, Answer]:
    key, to, text = fields.text("messageKey"), fields.text("to"), fields.text("text")
    if len(text) > MAX_SMS:
        raise BadField("text", f"Expected at most {MAX_SMS} characters.")
    old = connection.execute("SELECT * FROM sms WHERE key = ?", (key,)).fetchone()
    if old is not None:
        if (old["recipient"], old["text"]) != (to, text):
            raise Refusal("7", f"messageKey {key} was used with another message.", "messageKey")
        connection.execute("UPDATE sms SET tries = tries + 1 WHERE key = ?", (key,))
        return to, {"result": 0, "msgId": f"SM{old['id']:08d}", "duplicate": True}
    cursor = connection.execute(
        "INSERT INTO sms (key, recipient, text, received_at) VALUES (?, ?, ?, ?)", (key, to, text, now)
    )
    return to, {"result": 0, "msgId": f"SM{cursor.lastrowid or 0:08d}", "duplicate": False}


def mail_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a mail."""
    return {
        "id": row["id"],
        "messageId": row["message_id"],
        "from": row["sender"],
        "to": row["recipients"].split("\n"),
        "subject": row["subject"],
        "text": row["text"],
        "receivedAt": row["received_at"],
    }


class Desk:
    """The gateway's calls and the pages over one station."""

    def __init__(self, station: Station, key: str) -> None:
        self._station = station
        self._key = key.encode()

    def table(self) -> list[web.RouteDef]:
        """Return all routes."""
        return [
            web.post("/sms/v1/send", self.send, name="sms.send"),
            web.get("/sms/v1/messages", self.sms_list, name="sms.list"),
            web.get("/mail/v1/messages", self.mail_list, name="mail.list"),
            web.get("/mail/v1/mailboxes", self.boxes, name="boxes.list"),
            web.put("/mail/v1/mailboxes/{address}", self.put_box, name="boxes.put"),
            web.get("/", self.inbox, name="page.inbox"),
            web.get("/mails/{id:\\d+}", self.mail, name="page.mail"),
            web.get("/sms", self.sms, name="page.sms"),
        ]

    def _known(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.headers.get("X-Sms-Key", "").encode(), self._key)

    async def send(self, request: web.Request) -> web.Response:
        """Take one short message, once per key."""
        if not self._known(request):
            return _answer(1, "Expected a valid X-Sms-Key.")
        now = self._station.clock.text()
        try:
            answer, _ = await receive(
                self._station,
                "sms.send",
                await request.read(),
                lambda connection, fields: _send(connection, now, fields),
            )
        except Refusal as refusal:
            return _answer(int(refusal.kind), refusal.message)
        except BadField as error:
            return _answer(2, f"{error.field}: {error.message}")
        return web.json_response(answer)

    async def sms_list(self, request: web.Request) -> web.Response:
        """List short messages."""
        if not self._known(request):
            return _answer(1, "Expected a valid X-Sms-Key.")
        to, key = request.query.get("to"), request.query.get("messageKey")
        rows = self._station.db.reader.execute(
            "SELECT * FROM sms WHERE (? IS NULL OR recipient = ?) AND (? IS NULL OR key = ?)"
            " ORDER BY id LIMIT 2000",
            (to, to, key, key),
        ).fetchall()
        items = [
            {
                "msgId": f"SM{row['id']:08d}",
                "messageKey": row["key"],
                "to": row["recipient"],
                "text": row["text"],
                "tries": row["tries"],
                "receivedAt": row["received_at"],
            }
            for row in rows
        ]
        return _answer(0, "", items=items)

    async def mail_list(self, request: web.Request) -> web.Response:
        """List mails by recipient and subject."""
        if not self._known(request):
            return _answer(1, "Expected a valid X-Sms-Key.")
        to, subject = request.query.get("to"), request.query.get("subject")
        try:
            after = Fields(dict(request.query)).whole("after", 0)
        except BadField as error:
            return _answer(2, f"{error.field}: {error.message}")
        rows = self._station.db.reader.execute(
            "SELECT * FROM mail WHERE id > ? AND (? IS NULL OR instr(char(10) || recipients || char(10),"
            " char(10) || ? || char(10))) AND (? IS NULL OR instr(subject, ?)) ORDER BY id LIMIT 2000",
            (after, to, to, subject, subject),
        ).fetchall()
        return _answer(0, "", items=[mail_view(row) for row in rows])

    async def boxes(self, request: web.Request) -> web.Response:
        """List the mailboxes and what has happened to them."""
        if not self._known(request):
            return _answer(1, "Expected a valid X-Sms-Key.")
        return _answer(0, "", **boxes.every(self._station.db.reader))

    async def put_box(self, request: web.Request) -> web.Response:
        """Make a mailbox what the body says."""
        if not self._known(request):
            return _answer(1, "Expected a valid X-Sms-Key.")
        now, address = self._station.clock.text(), request.match_info["address"]
        try:
            answer, _ = await receive(
                self._station,
                "boxes.put",
                await request.read(),
                lambda connection, fields: boxes.put(connection, now, address, fields),
                subject=address,
            )
        except BadField as error:
            return _answer(2, f"{error.field}: {error.message}")
        return web.json_response(answer)

    async def inbox(self, request: web.Request) -> web.Response:
        """Show the newest mails."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM mail ORDER BY id DESC LIMIT 200").fetchall()
        cells = [
            (
                Html(f'<a href="/mails/{row["id"]}">{escape(row["subject"] or "—")}</a>'),
                row["sender"],
                row["recipients"].replace("\n", ", "),
                row["received_at"],
            )
            for row in rows
        ]
        body = LOOK.table(lang, ("subject", "from", "to", "time"), cells)
        return self._page(request, "mails", body if cells else f"<p>{LOOK.word('empty', lang)}</p>")

    def _page(self, request: web.Request, key: str, body: str) -> web.Response:
        return LOOK.page(request, self._station.clock, LOOK.word(key, LOOK.language(request)), body)

    async def mail(self, request: web.Request) -> web.Response:
        """Show one mail; its text is shown as text."""
        lang = LOOK.language(request)
        row = self._station.db.reader.execute(
            "SELECT * FROM mail WHERE id = ?", (int(request.match_info["id"]),)
        ).fetchone()
        if row is None:
            raise web.HTTPNotFound(reason="Not found")
        head = (
            f"<p>{LOOK.word('from', lang)}: {escape(row['sender'])}<br>{LOOK.word('to', lang)}: "
            f"{escape(row['recipients'])}<br>{LOOK.word('time', lang)}: {shown(row['received_at'])}</p>"
        )
        body = f"{head}<pre>{_linked(escape(row['text']))}</pre>"
        return LOOK.page(request, self._station.clock, row["subject"] or "—", body)

    async def sms(self, request: web.Request) -> web.Response:
        """Show the newest short messages."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM sms ORDER BY id DESC LIMIT 200").fetchall()
        cells = [(row["recipient"], row["text"], row["tries"], row["received_at"]) for row in rows]
        body = LOOK.table(lang, ("to", "text", "tries", "time"), cells)
        return self._page(request, "sms", body if cells else f"<p>{LOOK.word('empty', lang)}</p>")


def _linked(html: str) -> str:
    """Return escaped text with its addresses as links."""
    return re.sub(r"https?://[^\s<]+", lambda found: f'<a href="{found[0]}">{found[0]}</a>', html)


def build(common: Common, options: MailOptions) -> tuple[Face, Station]:
    """Open the box's ground and return its face."""
    station = open_station(common, "mail", TABLES + ACCOUNT_TABLES)
    ready: dict[str, Any] = {}
    smtp_calls: dict[str, int] = {}
    listener = Listener(station, options.smtp_port, smtp_calls, ready)

    async def nothing_due() -> None:
        """Time makes nothing due in the box."""

    def counts() -> dict[str, int]:
        stored = {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()}
        return {**stored, **smtp_calls}

    face = Face(
        name="mail",
        routes=Desk(station, options.sms_key).table(),
        admin_routes=[],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=failure,
        inner_error=inner_error,
        code_field="to",
        main_write="smtp.data",
        counts=counts,
        background=[listener.run],
        due=nothing_due,
        opening=[listener.open],
        ready=ready,
    )
    return face, station
