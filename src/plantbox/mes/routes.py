"""The MES's REST routes: who may call, what is read, how an answer or an error looks."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from plantbox.database import get_meta
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields, parse_object
from plantbox.mes import orders, reports, shop, tokens
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, audit_page, receive

LIMIT = 200
MOST = 2000
Handler = Callable[[web.Request], Awaitable[web.Response]]
Work = Callable[[sqlite3.Connection, shop.Shop, str, Fields], tuple[str, Answer]]
CODES = {
    "unavailable": "MES-5031",
    "rate_limited": "MES-4291",
    "not_found": "MES-4041",
    "bad_request": "MES-4001",
    "internal": "MES-5001",
    "key_reused": "MES-4092",
}


def reply(value: Any, status: int = 200) -> web.Response:
    """Return JSON with Chinese as it is."""
    return web.json_response(value, status=status, dumps=lambda item: json.dumps(item, ensure_ascii=False))


def complaint(status: int, code: str, title: str, field: str | None = None) -> web.Response:
    """Return the MES's error shape."""
    return reply({"error": {"code": code, "title": title, "fieldName": field}}, status)


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure."""
    return complaint(status, CODES.get(kind, "MES-5001"), message)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return complaint(200, fault.code or "MES-5001", fault.message or "Try later.")


class Routes:
    """Handlers over one station."""

    def __init__(self, station: Station, place: shop.Shop, user: str, password: str) -> None:
        self._station = station
        self._shop = place
        self._login = f"{user}:{password}".encode()
        self._key = get_meta(station.db.reader, "token_key") or ""

    def table(self) -> list[web.RouteDef]:
        """Return the API's routes, each with its operation name."""
        one = "/work-orders/{ref}"
        entries: list[tuple[str, str, str, Handler]] = [
            ("GET", "/work-orders", "workOrders.list", self.works),
            ("POST", "/work-orders", "workOrders.create", self._write(_create)),
            ("GET", one, "workOrders.get", self.work),
            ("POST", f"{one}/change", "workOrders.change", self._write(orders.change)),
            ("POST", f"{one}/cancel", "workOrders.cancel", self._write(orders.cancel)),
            ("POST", f"{one}/mode", "workOrders.mode", self._write(orders.set_mode)),
            ("POST", f"{one}/reports", "workOrders.report", self._write(reports.report)),
            ("POST", one + "/operations/{seq:\\d+}/assign", "operations.assign", self.assign),
            ("GET", "/reworks", "reworks.list", self.reworks),
            ("POST", "/reworks/{ref}/finish", "reworks.finish", self._write(reports.finish_rework)),
            ("POST", "/defects/{ref}/decide", "defects.decide", self._write(reports.decide)),
            ("GET", "/reports", "reports.list", self.reports),
            ("GET", "/machines", "machines.list", self.machines),
            ("GET", "/items", "items.list", self.items),
            ("GET", "/changes", "changes.list", self.changes),
            ("GET", "/audit", "audit.list", self.audit),
        ]
        routes = [
            web.route(method, f"/mes/v1{path}", self._guarded(handler), name=name)
            for method, path, name, handler in entries
        ]
        return [web.post("/mes/auth/login", self.login, name="auth.login"), *routes]

    async def login(self, request: web.Request) -> web.Response:
        """Return a token for the right user and password."""
        try:
            fields = Fields(parse_object(await request.read()))
            given = f"{fields.text('username')}:{fields.text('password')}".encode()
        except BadField as error:
            return complaint(400, "MES-4001", error.message, error.field)
        if not hmac.compare_digest(given, self._login):
            return complaint(401, "MES-4011", "用户名或密码不正确")
        token = tokens.issue(self._key, fields.text("username"))
        return reply({"accessToken": token, "tokenType": "Bearer", "expiresIn": tokens.LIFETIME_SECONDS})

    def _guarded(self, handler: Handler) -> Handler:
        async def call(request: web.Request) -> web.Response:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not tokens.valid(self._key, token):
                return complaint(401, "MES-4011", "令牌无效或已过期,请重新登录")
            try:
                return await handler(request)
            except Refusal as refusal:
                status = int(CODES.get(refusal.kind, refusal.kind)[4:7])
                return complaint(
                    status if status != 404 or refusal.field is None else 422,
                    CODES.get(refusal.kind, refusal.kind),
                    refusal.message,
                    refusal.field,
                )
            except BadField as error:
                return complaint(400, "MES-4001", error.message, error.field)

        return call

    def _write(self, work: Work) -> Handler:
        async def call(request: web.Request) -> web.Response:
            ref = request.match_info.get("ref", "")
            answer, _ = await receive(
                self._station,
                str(request.match_info.route.name),
                await request.read(),
                lambda connection, fields: work(connection, self._shop, ref, fields),
                subject=ref,
            )
            return reply({"data": answer}, 201 if answer.get("existing") is False else 200)

        return call

    async def assign(self, request: web.Request) -> web.Response:
        """Bind an operation to a machine."""
        seq = int(request.match_info["seq"])
        return await self._write(
            lambda connection, place, ref, fields: orders.assign(connection, place, ref, fields, seq)
        )(request)

    def _page(
        self, request: web.Request, sql: str, names: dict[str, str]
    ) -> tuple[list[sqlite3.Row], int | None]:
        query = Fields(dict(request.query))
        size = query.whole("size", LIMIT, low=1, high=MOST)
        values = {name: query.optional(asked) for name, asked in names.items()}
        rows = self._station.db.reader.execute(
            sql, {**values, "after": query.whole("after", 0), "size": size}
        ).fetchall()
        return rows, rows[-1]["id"] if len(rows) == size else None

    async def works(self, request: web.Request) -> web.Response:
        """List work orders."""
        rows, following = self._page(
            request,
            "SELECT * FROM work_order WHERE id > :after AND (:status IS NULL OR status = :status)"
            " AND (:external IS NULL OR external_no = :external) ORDER BY id LIMIT :size",
            {"status": "status", "external": "externalOrderNo"},
        )
        reader = self._station.db.reader
        return reply({"data": [shop.work_view(reader, row) for row in rows], "nextAfter": following})

    async def work(self, request: web.Request) -> web.Response:
        """Return one work order."""
        reader = self._station.db.reader
        return reply({"data": shop.work_view(reader, shop.find_work(reader, request.match_info["ref"]))})

    async def reworks(self, request: web.Request) -> web.Response:
        """List rework orders of a work order, or all."""
        reader = self._station.db.reader
        wanted = request.query.get("workOrderNo")
        rows = reader.execute(
            "SELECT trouble.* FROM trouble JOIN work_order ON work_order.id = work_id"
            " WHERE kind = 'rework' AND (? IS NULL OR ? IN (work_order.no, external_no))"
            " ORDER BY trouble.no LIMIT ?",
            (wanted, wanted, MOST),
        ).fetchall()
        return reply({"data": [reports.trouble_view(reader, row) for row in rows]})

    async def reports(self, request: web.Request) -> web.Response:
        """List reports."""
        rows, following = self._page(
            request,
            "SELECT * FROM report WHERE id > :after AND (:work IS NULL OR work_id ="
            " (SELECT id FROM work_order WHERE no = :work OR external_no = :work)) ORDER BY id LIMIT :size",
            {"work": "workOrderNo"},
        )
        return reply({"data": [json.loads(row["data"]) for row in rows], "nextAfter": following})

    async def machines(self, _: web.Request) -> web.Response:
        """List the machines with their states."""
        rows = self._station.db.reader.execute("SELECT * FROM machine ORDER BY code").fetchall()
        return reply({"data": [shop.machine_view(row) for row in rows]})

    async def items(self, _: web.Request) -> web.Response:
        """List items with routing and bill of materials."""
        reader = self._station.db.reader
        needs: dict[str, list[dict[str, Any]]] = {}
        for row in reader.execute("SELECT * FROM item_need ORDER BY parent, line_no"):
            entry = {"itemCode": row["child"], "quantity": row["qty"], "operationSeq": row["seq"]}
            needs.setdefault(row["parent"], []).append(entry)
        routing = [
            {"seq": step.seq, "code": step.code, "name": step.name, "minutesPerPiece": step.minutes}
            for step in shop.STEPS.values()
        ]
        rows = reader.execute("SELECT * FROM item ORDER BY code").fetchall()
        return reply(
            {
                "data": [
                    {
                        "itemCode": row["code"],
                        "itemName": row["name"],
                        "itemNameEn": row["name_en"],
                        "unit": row["unit"],
                        "routing": routing,
                        "materials": needs.get(row["code"], []),
                    }
                    for row in rows
                ]
            }
        )

    async def changes(self, request: web.Request) -> web.Response:
        """Return events after a cursor; the cursor moves over what the type filter leaves out."""
        query = Fields(dict(request.query))
        kinds = (query.optional("types") or "").split(",") if query.optional("types") else []
        found, following = self._shop.feed.page(
            self._station.db.reader,
            query.whole("after", 0),
            query.whole("size", LIMIT, low=1, high=MOST),
            kinds,
        )
        return reply({"data": found, "nextAfter": following})

    async def audit(self, request: web.Request) -> web.Response:
        """Return the writes received."""
        query = Fields(dict(request.query))
        size = query.whole("size", LIMIT, low=1, high=MOST)
        rows = audit_page(self._station.db.reader, query.whole("after", 0), size, None, None)
        return reply({"data": rows, "nextAfter": rows[-1]["id"] if len(rows) == size else None})


def _create(connection: sqlite3.Connection, place: shop.Shop, _: str, fields: Fields) -> tuple[str, Answer]:
    return orders.create(connection, place, fields)
