"""Puts the HRM together: tables, calls, pages, callbacks, and the days on which people start and leave."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.feed import FEED_TABLES, Feed
from plantbox.fields import BadField, Fields
from plantbox.hrm import pages, people
from plantbox.hrm.tables import TABLES
from plantbox.station import Common, Station, open_station
from plantbox.webhooks import OUTBOX_TABLES, Hook, Outbox, admin_routes
from plantbox.writes import Answer, Refusal, receive

MOST = 2000
STATUS = {"NO_STAFF": 404, "NO_ITEM": 404, "WRONG_STATE": 409, "CASE_OPEN": 409, "ITEMS_OPEN": 409}
KINDS = {
    "unavailable": "HR_BUSY",
    "rate_limited": "TOO_MANY",
    "not_found": "NO_PATH",
    "bad_request": "BAD_FIELD",
    "internal": "HR_ERROR",
}
COUNTED = {
    "staff": "SELECT count(*) FROM staff",
    "open_cases": "SELECT count(*) FROM staff WHERE case_status = 'open'",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}
Handler = Callable[[web.Request], Awaitable[web.Response]]
WRITES: dict[tuple[str, str], pages.Write] = {
    ("POST", "approve"): people.approve,
    ("POST", "refuse"): people.refuse,
    ("POST", "move"): people.move,
    ("POST", "leave"): people.leave,
    ("PUT", "case"): people.plan,
    ("PUT", "items"): people.write_back,
    ("POST", "close"): people.close,
}


@dataclass(frozen=True, slots=True)
class HrmOptions:
    """What is the HRM's own on the command line."""

    key: str = "hrm-demo-key"
    hook: Hook | None = None


def reply(value: Any, status: int = 200) -> web.Response:
    """Return JSON with Chinese as it is."""
    return web.json_response(value, status=status, dumps=lambda item: json.dumps(item, ensure_ascii=False))


def complaint(status: int, code: str, message: str, data: Any = None) -> web.Response:
    """Return the HRM's error shape."""
    return reply({"ok": False, "errorCode": code, "errorText": message, "data": data}, status)


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure in the HRM's shape."""
    return complaint(status, KINDS.get(kind, "HR_ERROR"), message)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return complaint(200, fault.code or "HR_ERROR", fault.message or "系统繁忙")


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return an event as the HRM tells it."""
    return {
        "seq": row["seq"],
        "eventId": f"hr-{row['seq']}",
        "eventType": row["type"],
        "happenedAt": row["time"],
        "staffNo": row["subject"],
        "staff": json.loads(row["data"]),
    }


class Calls:
    """The calls over one station."""

    def __init__(self, station: Station, desk: people.Desk, key: str) -> None:
        self._station = station
        self._desk = desk
        self._key = key.encode()

    def table(self) -> list[web.RouteDef]:
        """Return the API's routes, each with its operation name."""
        base = "/hr/v2/staff"
        return [
            web.get(base, self._guarded(self.list), name="staff.list"),
            web.post(base, self._guarded(self.apply), name="staff.apply"),
            web.get("/hr/v2/changes", self._guarded(self.changes), name="changes.list"),
            web.get(f"{base}/{{no}}", self._guarded(self.one), name="staff.get"),
            *(
                web.route(
                    method, f"{base}/{{no}}/{name}", self._guarded(self._write(work)), name=f"staff.{name}"
                )
                for (method, name), work in WRITES.items()
            ),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def call(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.headers.get("X-HR-Key", "").encode(), self._key):
                return complaint(401, "NO_KEY", "Expected a valid X-HR-Key.")
            try:
                return await handler(request)
            except Refusal as refusal:
                return complaint(STATUS.get(refusal.kind, 422), refusal.kind, refusal.message, refusal.data)
            except BadField as error:
                return complaint(400, "BAD_FIELD", f"{error.field}: {error.message}")

        return call

    def _write(self, work: pages.Write) -> Handler:
        async def call(request: web.Request) -> web.Response:
            no = request.match_info["no"]

            def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
                return no, work(connection, self._desk, people.find(connection, no), fields)

            name = str(request.match_info.route.name)
            answer, _ = await receive(self._station, name, await request.read(), run, subject=no)
            return reply({"ok": True, "data": answer})

        return call

    async def apply(self, request: web.Request) -> web.Response:
        """Enter somebody who is to be hired."""
        answer, _ = await receive(
            self._station,
            "staff.apply",
            await request.read(),
            lambda connection, fields: people.apply(connection, self._desk, fields),
            key=request.headers.get("Idempotency-Key"),
        )
        return reply({"ok": True, "data": answer}, 201)

    async def one(self, request: web.Request) -> web.Response:
        """Return one person."""
        reader = self._station.db.reader
        return reply(
            {"ok": True, "data": people.view_of(reader, people.find(reader, request.match_info["no"]))}
        )

    async def list(self, request: web.Request) -> web.Response:
        """Return people by state."""
        reader = self._station.db.reader
        status = request.query.get("status")
        rows = reader.execute(
            "SELECT * FROM staff WHERE ? IS NULL OR status = ? ORDER BY no LIMIT ?", (status, status, MOST)
        ).fetchall()
        return reply({"ok": True, "data": [people.view_of(reader, row) for row in rows]})

    async def changes(self, request: web.Request) -> web.Response:
        """Return events after a cursor."""
        query = Fields(dict(request.query))
        found, following = self._desk.feed.page(
            self._station.db.reader,
            query.whole("after", 0),
            query.whole("limit", 200, low=1, high=MOST),
            [],
        )
        return reply({"ok": True, "data": found, "next": following})


def build(common: Common, options: HrmOptions) -> tuple[Face, Station]:
    """Open the HRM's ground and return its face."""
    station = open_station(common, "hrm", TABLES + FEED_TABLES + OUTBOX_TABLES)
    hooked = frozenset() if options.hook is None else options.hook.events
    desk = people.Desk(station.clock, Feed(station.clock, hooked, event_view))
    background: list[Callable[[], Awaitable[None]]] = []
    if options.hook is not None:
        background.append(Outbox(station, options.hook, "staffNo").run)

    async def due() -> None:
        """Let the days come on which somebody starts or leaves."""
        if people.anything_due(station.db.reader, desk):
            await station.db.write(lambda connection: people.let_time_pass(connection, desk))

    face = Face(
        name="hrm",
        routes=[*Calls(station, desk, options.key).table(), *pages.Pages(station, desk).table()],
        admin_routes=admin_routes(station),
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=failure,
        inner_error=inner_error,
        code_field="staffNo",
        main_write="staff.items",
        calls_back=True,
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=background,
        due=due,
    )
    return face, station
