"""The ITSM's calls: tickets, articles, changes; a token header, a ``result`` around every answer."""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from plantbox.faults import Fault
from plantbox.fields import BadField, Fields
from plantbox.itsm import tickets
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

MOST = 2000
STATUS = {"unknown_ticket": 404, "wrong_state": 409, "key_reused": 422}
KINDS = {"not_found": "unknown_path", "bad_request": "bad_field"}
Handler = Callable[[web.Request], Awaitable[web.Response]]
Write = Callable[[sqlite3.Connection, tickets.Desk, sqlite3.Row, Fields], Answer]
WRITES: dict[str, Write] = {
    "assign": tickets.assign,
    "start": tickets.start,
    "resolve": tickets.resolve,
    "confirm": tickets.confirm,
    "reopen": tickets.reopen,
    "asset": tickets.asset_state,
    "close": tickets.close,
}


def reply(value: Any, status: int = 200) -> web.Response:
    """Return a result with Chinese as it is."""
    return web.json_response(
        {"result": value}, status=status, dumps=lambda item: json.dumps(item, ensure_ascii=False)
    )


def complaint(status: int, code: str, message: str) -> web.Response:
    """Return the ITSM's error shape."""
    body = {"error": {"code": code, "message": message}}
    return web.json_response(body, status=status, dumps=lambda item: json.dumps(item, ensure_ascii=False))


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure in the ITSM's shape."""
    return complaint(status, KINDS.get(kind, kind), message)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return complaint(200, fault.code or "internal", fault.message or "Try later.")


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return an event as the ITSM tells it."""
    return {
        "sequence": row["seq"],
        "event_id": f"it-{row['seq']}",
        "event": row["type"],
        "sys_created_on": row["time"],
        "number": row["subject"],
        "ticket": json.loads(row["data"]),
    }


def _photo_of(fields: Fields) -> bytes | None:
    """Return the photo that a report brings in Base64; nothing where it brings none."""
    given = fields.optional("photo", most=tickets.MAX_PHOTO * 4 // 3 + 4)
    if given is None:
        return None
    try:
        content = base64.b64decode(given, validate=True)
    except ValueError:
        raise BadField("photo", "Expected a picture in Base64.") from None
    tickets.photo_kind(content)
    return content


class Calls:
    """The calls over one station."""

    def __init__(self, station: Station, desk: tickets.Desk, token: str) -> None:
        self._station = station
        self._desk = desk
        self._expected = f"Token {token}".encode()

    def table(self) -> list[web.RouteDef]:
        """Return the API's routes, each with its operation name."""
        base = "/itsm/v1/tickets"
        return [
            web.get(base, self._guarded(self.list), name="tickets.list"),
            web.post(base, self._guarded(self.report), name="tickets.report"),
            web.get(f"{base}/{{number}}", self._guarded(self.one), name="tickets.get"),
            web.get("/itsm/v1/changes", self._guarded(self.changes), name="changes.list"),
            web.get("/itsm/v1/articles", self._guarded(self.articles), name="articles.list"),
            web.put("/itsm/v1/articles/{number}", self._guarded(self.article), name="articles.write"),
            *(
                web.post(
                    f"{base}/{{number}}/{name}", self._guarded(self._write(work)), name=f"tickets.{name}"
                )
                for name, work in WRITES.items()
            ),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def call(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                return complaint(401, "no_token", "Expected a valid token.")
            try:
                return await handler(request)
            except Refusal as refusal:
                return complaint(STATUS.get(refusal.kind, 422), refusal.kind, refusal.message)
            except BadField as error:
                return complaint(400, "bad_field", f"{error.field}: {error.message}")

        return call

    async def report(self, request: web.Request) -> web.Response:
        """Open a ticket; a key makes the same call harmless when it comes again."""
        answer, _ = await receive(
            self._station,
            "tickets.report",
            await request.read(),
            lambda connection, fields: tickets.report(connection, self._desk, fields, _photo_of(fields)),
            key=request.headers.get("Idempotency-Key"),
        )
        return reply(answer, 201)

    def _write(self, work: Write) -> Handler:
        async def call(request: web.Request) -> web.Response:
            number = request.match_info["number"]

            def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
                return number, work(connection, self._desk, tickets.find(connection, number), fields)

            name = str(request.match_info.route.name)
            answer, _ = await receive(self._station, name, await request.read(), run, subject=number)
            return reply(answer)

        return call

    async def article(self, request: web.Request) -> web.Response:
        """Write what a ticket has taught."""
        number = request.match_info["number"]

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return number, tickets.write_article(connection, self._desk, number, fields)

        answer, _ = await receive(self._station, "articles.write", await request.read(), run, subject=number)
        return reply(answer)

    async def one(self, request: web.Request) -> web.Response:
        """Return one ticket."""
        row = tickets.find(self._station.db.reader, request.match_info["number"])
        return reply(tickets.view_of(row))

    async def list(self, request: web.Request) -> web.Response:
        """Return tickets by state and machine."""
        state, asset = request.query.get("state"), request.query.get("asset")
        rows = self._station.db.reader.execute(
            "SELECT * FROM ticket WHERE (? IS NULL OR state = ?) AND (? IS NULL OR asset = ?) ORDER BY id"
            " LIMIT ?",
            (state, state, asset, asset, MOST),
        ).fetchall()
        return reply([tickets.view_of(row) for row in rows])

    async def articles(self, _: web.Request) -> web.Response:
        """Return what was learnt."""
        rows = self._station.db.reader.execute("SELECT * FROM article ORDER BY number LIMIT ?", (MOST,))
        return reply([tickets.article_view(row) for row in rows.fetchall()])

    async def changes(self, request: web.Request) -> web.Response:
        """Return events after a cursor."""
        query = Fields(dict(request.query))
        found, following = self._desk.feed.page(
            self._station.db.reader,
            query.whole("after", 0),
            query.whole("limit", 200, low=1, high=MOST),
            [],
        )
        return reply({"rows": found, "next": following})
