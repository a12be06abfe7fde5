"""Puts the OA together: tables, calls with their envelope, pages, callbacks, automatic approval."""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from plantbox.database import get_meta, set_meta
from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.feed import FEED_TABLES, Feed
from plantbox.fields import BadField, Fields, parse_object
from plantbox.oa import flows, pages
from plantbox.oa.tables import FIRST_ID, TABLES
from plantbox.simtime import real_seconds
from plantbox.station import Common, Station, open_station
from plantbox.webhooks import OUTBOX_TABLES, Hook, Outbox, admin_routes
from plantbox.writes import Answer, Refusal, receive

TOKEN_SECONDS = 1800
MOST = 2000
CODES = {
    "unavailable": "SYSTEM_BUSY",
    "rate_limited": "SYSTEM_BUSY",
    "not_found": "NOT_FOUND",
    "bad_request": "PARAM_ERROR",
    "internal": "SYSTEM_ERROR",
}
COUNTED = {
    "requests": "SELECT count(*) FROM request",
    "pending": "SELECT count(*) FROM request WHERE status = 'pending'",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}
Write = Callable[[sqlite3.Connection, flows.Desk, Fields], tuple[str, Answer]]
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class OaOptions:
    """What is the OA's own on the command line."""

    app_id: str = "oa-app"
    secret: str = "oa-demo-secret"  # noqa: S105 - the sandbox's published demo secret
    hook: Hook | None = None
    settings: flows.Settings = field(default_factory=flows.Settings)


def envelope(code: str, msg: str, data: Any, status: int = 200) -> web.Response:
    """Return the OA's answer; ``SUCCESS`` is success."""
    body = {"code": code, "msg": msg, "data": data}
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure with the HTTP status that a fault asks for."""
    return envelope(CODES.get(kind, "SYSTEM_ERROR"), message, None, 200 if kind == "not_found" else status)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return envelope(fault.code or "SYSTEM_BUSY", fault.message or "系统繁忙,请稍后再试", None)


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return an event as the OA tells it."""
    request = json.loads(row["data"])
    return {
        "seq": row["seq"],
        "eventId": f"oa-{row['seq']}",
        "event": row["type"],
        "time": row["time"],
        **{name: request[name] for name in ("requestId", "requestNo", "workflowCode", "businessKey")},
        "approver": request["approver"],
        "remark": request["remark"],
        "request": request,
    }


class Calls:
    """The calls over one station."""

    def __init__(self, station: Station, desk: flows.Desk, options: OaOptions) -> None:
        self._station = station
        self._desk = desk
        self._options = options
        self._tokens: dict[str, float] = {}

    def table(self) -> list[web.RouteDef]:
        """Return the API's routes, each with its operation name."""
        reads: dict[str, Handler] = {
            "status": self.status, "log": self.log, "list": self.list, "changes": self.changes,
        }  # fmt: skip
        writes: dict[str, Write] = {
            "create": flows.create, "approve": flows.approve, "reject": flows.reject,
            "withdraw": flows.withdraw, "urge": flows.urge,
            "assign": flows.assign, "progress": flows.progress,
        }  # fmt: skip
        base = "/api/oa/workflow"
        return [
            web.post("/api/oa/token", self.token, name="auth.token"),
            *(web.get(f"{base}/{n}", self._guarded(h), name=f"workflow.{n}") for n, h in reads.items()),
            *(
                web.post(f"{base}/{n}", self._guarded(self._write(w)), name=f"workflow.{n}")
                for n, w in writes.items()
            ),
        ]

    async def token(self, request: web.Request) -> web.Response:
        """Return a token for the right application and secret."""
        given = f"{request.headers.get('appid', '')}:{request.headers.get('secret', '')}".encode()
        if not hmac.compare_digest(given, f"{self._options.app_id}:{self._options.secret}".encode()):
            return envelope("TOKEN_INVALID", "appid 或 secret 不正确", None)
        now = real_seconds()
        self._tokens = {name: until for name, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + TOKEN_SECONDS
        return envelope("SUCCESS", "", {"token": token, "expires": TOKEN_SECONDS})

    def _guarded(self, handler: Handler) -> Handler:
        async def call(request: web.Request) -> web.Response:
            known = self._tokens.get(request.headers.get("token", ""), 0.0) > real_seconds()
            if not known or request.headers.get("appid") != self._options.app_id:
                return envelope("TOKEN_INVALID", "token 无效或已过期", None)
            try:
                return await handler(request)
            except Refusal as refusal:
                return envelope(refusal.kind, refusal.message, refusal.data)
            except BadField as error:
                return envelope("PARAM_ERROR", f"{error.field}: {error.message}", None)

        return call

    def _write(self, work: Write) -> Handler:
        async def call(request: web.Request) -> web.Response:
            answer, _ = await receive(
                self._station,
                str(request.match_info.route.name),
                await request.read(),
                lambda connection, fields: work(connection, self._desk, fields),
            )
            return envelope("SUCCESS", "", answer)

        return call

    def _find(self, request: web.Request) -> sqlite3.Row:
        reader = self._station.db.reader
        query = Fields(dict(request.query))
        if query.optional("requestId") is not None:
            return flows.find(reader, query.text("requestId"))
        row: sqlite3.Row | None = reader.execute(
            "SELECT * FROM request WHERE business_key = ? AND (? IS NULL OR flow = ?) ORDER BY id LIMIT 1",
            (query.text("businessKey"), query.optional("workflowCode"), query.optional("workflowCode")),
        ).fetchone()
        if row is None:
            raise Refusal("NOT_FOUND", f"流程不存在: {query.text('businessKey')}")
        return row

    async def status(self, request: web.Request) -> web.Response:
        """Return one request by its id or business key."""
        return envelope("SUCCESS", "", flows.view_of(self._find(request)))

    async def log(self, request: web.Request) -> web.Response:
        """Return who did what with a request."""
        rows = self._station.db.reader.execute(
            "SELECT at, who, action, remark FROM log WHERE request_id = ? ORDER BY id",
            (self._find(request)["id"],),
        ).fetchall()
        return envelope("SUCCESS", "", {"rows": [dict(row) for row in rows]})

    async def list(self, request: web.Request) -> web.Response:
        """Return requests by state and role."""
        query = Fields(dict(request.query))
        rows = self._station.db.reader.execute(
            "SELECT * FROM request WHERE id > :after AND (:status IS NULL OR status = :status)"
            " AND (:role IS NULL OR role = :role) ORDER BY id LIMIT :count",
            {
                "after": query.whole("after", 0),
                "count": query.whole("count", 200, low=1, high=MOST),
                "status": query.optional("status"),
                "role": query.optional("approverRole"),
            },
        ).fetchall()
        return envelope("SUCCESS", "", {"rows": [flows.view_of(row) for row in rows]})

    async def changes(self, request: web.Request) -> web.Response:
        """Return events after a cursor."""
        query = Fields(dict(request.query))
        found, following = self._desk.feed.page(
            self._station.db.reader,
            query.whole("after", 0),
            query.whole("count", 200, low=1, high=MOST),
            [],
        )
        return envelope("SUCCESS", "", {"rows": found, "next": following})


def build(common: Common, options: OaOptions) -> tuple[Face, Station]:
    """Open the OA's ground and return its face."""
    station = open_station(common, "oa", TABLES + FEED_TABLES + OUTBOX_TABLES)
    station.db.setup(_seed)
    hooked = frozenset() if options.hook is None else options.hook.events
    desk = flows.Desk(station.clock, Feed(station.clock, hooked, event_view), options.settings)
    background: list[Callable[[], Awaitable[None]]] = []
    if options.hook is not None:
        background.append(Outbox(station, options.hook, "businessKey").run)

    async def due() -> None:
        """Let the automatic approver approve."""
        if flows.due_requests(station.db.reader, desk):
            await station.db.write(lambda connection: flows.approve_due(connection, desk))

    async def policy(request: web.Request) -> web.Response:
        if request.method == "PUT":
            desk.settings.set(parse_object(await request.read()))
        return web.json_response(desk.settings.view())

    face = Face(
        name="oa",
        routes=[*Calls(station, desk, options).table(), *pages.Pages(station, desk).table()],
        admin_routes=[
            *admin_routes(station),
            web.get("/admin/policy", policy),
            web.put("/admin/policy", policy),
        ],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=failure,
        inner_error=inner_error,
        code_field="businessKey",
        main_write="workflow.create",
        calls_back=True,
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=background,
        due=due,
    )
    return face, station


def _seed(connection: sqlite3.Connection) -> None:
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(request)")}
    if "progress" not in columns:
        # A file of an earlier version.
        connection.execute("ALTER TABLE request ADD COLUMN progress TEXT")
    if get_meta(connection, "seeded") is None:
        set_meta(connection, "seeded", "yes")
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('request', ?)", (FIRST_ID,))
