"""The CRM's REST routes: thin; who may call, what is read, and how an answer or an error looks."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from plantbox.crm import approvals, imports, opportunities, orders, records, users, views
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, audit_page, receive

STATUS = {"not_found": 404, "wrong_state": 409, "key_reused": 422}
LIMIT = 200
MOST = 2000
Handler = Callable[[web.Request], Awaitable[web.Response]]


def reply(value: Any, status: int = 200) -> web.Response:
    """Return JSON with Chinese as it is."""
    return web.json_response(value, status=status, dumps=lambda item: json.dumps(item, ensure_ascii=False))


def failure(status: int, kind: str, message: str, field: str | None = None) -> web.Response:
    """Return the CRM's error shape."""
    return reply({"error": {"code": kind, "message": message, "field": field}}, status)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return reply(
        {"error": {"code": fault.code or "internal", "message": fault.message or "Try later.", "field": None}}
    )


class Routes:
    """Handlers over one station."""

    def __init__(self, station: Station, desk: records.Desk, token: str) -> None:
        self._station = station
        self._desk = desk
        self._expected = f"Bearer {token}".encode()

    def table(self) -> list[web.RouteDef]:
        """Return the API's routes, each with its operation name."""
        entries: list[tuple[str, str, str, Handler]] = [
            ("GET", "/accounts", "accounts.list", self.accounts),
            ("POST", "/accounts", "accounts.create", self._write(records.create_account)),
            ("GET", "/accounts/{ref}", "accounts.get", self.account),
            ("PATCH", "/accounts/{ref}", "accounts.update", self._write_one(records.update_account)),
            ("PUT", "/accounts/{ref}/feedback", "accounts.feedback", self._write_one(records.feedback)),
            ("GET", "/products", "products.list", self.products),
            ("POST", "/products", "products.create", self._write(records.create_product)),
            ("GET", "/products/{ref}", "products.get", self.product),
            ("GET", "/salespeople", "salespeople.list", self.salespeople),
            ("GET", "/orders", "orders.list", self.orders),
            ("POST", "/orders", "orders.create", self._write(orders.create)),
            ("GET", "/orders/{ref}", "orders.get", self.order),
            ("PATCH", "/orders/{ref}", "orders.update", self._write_one(orders.update)),
            ("POST", "/orders/{ref}/submit", "orders.submit", self._write_one(approvals.submit)),
            ("POST", "/orders/{ref}/decision", "orders.decide", self._write_one(approvals.decide)),
            ("POST", "/orders/{ref}/confirm", "orders.confirm", self._write_one(orders.confirm)),
            ("POST", "/orders/{ref}/change", "orders.change", self._write_one(orders.change)),
            ("POST", "/orders/{ref}/cancel", "orders.cancel", self._write_one(orders.cancel)),
            ("PUT", "/orders/{ref}/feedback", "orders.feedback", self._write_one(orders.feedback)),
            ("GET", "/opportunities", "opportunities.list", self.opportunities),
            ("POST", "/opportunities", "opportunities.create", self._write(opportunities.create)),
            ("GET", "/opportunities/{ref}", "opportunities.get", self.opportunity),
            *(
                (method, f"/opportunities/{{ref}}{path}", f"opportunities.{name}", self._write_one(work))
                for method, path, name, work in (
                    ("PATCH", "", "update", opportunities.update),
                    ("POST", "/win", "win", opportunities.win),
                    ("POST", "/lose", "lose", opportunities.lose),
                    ("POST", "/sign", "sign", opportunities.sign),
                    ("POST", "/order", "order", opportunities.ask_order),
                    ("PUT", "/feedback", "feedback", opportunities.feedback),
                )
            ),
            ("GET", "/changes", "changes.list", self.changes),
            ("GET", "/orphan-lines", "orphan_lines.list", self.orphans),
            ("GET", "/data-quality", "quality.list", self.quality),
            ("GET", "/data-quality/summary", "quality.summary", self.quality_summary),
            ("GET", "/audit", "audit.list", self.audit),
            ("GET", "/users", "users.list", self.users),
            ("PUT", "/users/{ref}", "users.put", self._write_one(users.put)),
        ]
        entries += [
            ("POST", f"/import/{kind}", f"imports.{kind}", self._import(kind)) for kind in imports.KINDS
        ]
        return [
            web.route(method, f"/api/v1{path}", self._guarded(handler, reads=method == "GET"), name=name)
            for method, path, name, handler in entries
        ]

    def _guarded(self, handler: Handler, *, reads: bool) -> Handler:
        async def call(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                return failure(401, "unauthorized", "Expected a valid bearer token.")
            try:
                if not reads:
                    return await handler(request)
                # Handlers that read never wait for anything, so one snapshot is one request's.
                with self._station.db.snapshot():
                    return await handler(request)
            except Refusal as refusal:
                return failure(STATUS.get(refusal.kind, 409), refusal.kind, refusal.message, refusal.field)
            except BadField as error:
                return failure(400, "bad_request", error.message, error.field)

        return call

    def _write(
        self, work: Callable[[sqlite3.Connection, records.Desk, Fields], tuple[str, Answer]]
    ) -> Handler:
        async def call(request: web.Request) -> web.Response:
            answer, replayed = await receive(
                self._station,
                str(request.match_info.route.name),
                await request.read(),
                lambda connection, fields: work(connection, self._desk, fields),
                key=request.headers.get("Idempotency-Key"),
            )
            return reply(answer, 200 if replayed else 201)

        return call

    def _write_one(
        self, work: Callable[[sqlite3.Connection, records.Desk, str, Fields], tuple[str, Answer]]
    ) -> Handler:
        async def call(request: web.Request) -> web.Response:
            ref = request.match_info["ref"]
            answer, _ = await receive(
                self._station,
                str(request.match_info.route.name),
                await request.read(),
                lambda connection, fields: work(connection, self._desk, ref, fields),
                key=request.headers.get("Idempotency-Key"),
                subject=ref,
            )
            return reply(answer)

        return call

    def _import(self, kind: str) -> Handler:
        async def call(request: web.Request) -> web.Response:
            answer, _ = await receive(
                self._station,
                f"imports.{kind}",
                await request.read(),
                lambda connection, fields: imports.import_rows(connection, self._desk, kind, fields),
                subject=kind,
            )
            return reply(answer)

        return call

    def _page(
        self,
        request: web.Request,
        sql: str,
        filters: tuple[str, ...],
        view: Callable[[sqlite3.Row], Any],
        key: str = "id",
    ) -> web.Response:
        query = Fields(dict(request.query))
        limit = query.whole("limit", LIMIT, low=1, high=MOST)
        values = {
            "cursor": query.whole("cursor", 0),
            "limit": limit,
            **{name: query.optional(name) for name in filters},
        }
        rows = self._station.db.reader.execute(sql, values).fetchall()
        following = str(rows[-1][key]) if len(rows) == limit else None
        return reply({"items": [view(row) for row in rows], "next_cursor": following})

    async def accounts(self, request: web.Request) -> web.Response:
        """List accounts; ``account_nos`` names several, with commas between."""
        reader = self._station.db.reader
        return self._page(
            request,
            "SELECT * FROM account WHERE id > :cursor AND (:account_no IS NULL OR account_no = :account_no)"
            " AND (:name IS NULL OR name = :name)"
            " AND (:account_nos IS NULL OR instr(',' || :account_nos || ',', ',' || account_no || ',') > 0)"
            " ORDER BY id LIMIT :limit",
            ("account_no", "name", "account_nos"),
            lambda row: views.account_view(reader, row),
        )

    async def account(self, request: web.Request) -> web.Response:
        """Return one account."""
        reader = self._station.db.reader
        return reply(views.account_view(reader, records.find_account(reader, request.match_info["ref"])))

    async def products(self, request: web.Request) -> web.Response:
        """List products."""
        return self._page(
            request,
            "SELECT * FROM product WHERE id > :cursor AND (:model IS NULL OR model = :model) ORDER "
            "BY id LIMIT :limit",
            ("model",),
            views.product_view,
        )

    async def product(self, request: web.Request) -> web.Response:
        """Return one product."""
        return reply(
            views.product_view(records.find_product(self._station.db.reader, request.match_info["ref"]))
        )

    async def salespeople(self, _: web.Request) -> web.Response:
        """List the sales people."""
        rows = self._station.db.reader.execute("SELECT * FROM salesperson ORDER BY no").fetchall()
        return reply({"items": [dict(row) for row in rows], "next_cursor": None})

    async def users(self, _: web.Request) -> web.Response:
        """List the users and what has happened to them."""
        return reply(users.every(self._station.db.reader))

    async def orders(self, request: web.Request) -> web.Response:
        """List orders."""
        reader = self._station.db.reader
        return self._page(
            request,
            "SELECT orders.* FROM orders JOIN account ON account.id = orders.account_id WHERE "
            "orders.id > :cursor"
            " AND (:status IS NULL OR status = :status) AND (:order_no IS NULL OR order_no = :order_no)"
            " AND (:account_no IS NULL OR account_no = :account_no) ORDER BY orders.id LIMIT :limit",
            ("status", "order_no", "account_no"),
            lambda row: views.order_view(reader, row),
        )

    async def order(self, request: web.Request) -> web.Response:
        """Return one order."""
        reader = self._station.db.reader
        return reply(views.order_view(reader, orders.find_order(reader, request.match_info["ref"])))

    async def opportunities(self, request: web.Request) -> web.Response:
        """List opportunities."""
        reader = self._station.db.reader
        return self._page(
            request,
            "SELECT * FROM opportunity WHERE id > :cursor AND (:stage IS NULL OR stage = :stage)"
            " ORDER BY id LIMIT :limit",
            ("stage",),
            lambda row: opportunities.view(reader, row),
        )

    async def opportunity(self, request: web.Request) -> web.Response:
        """Return one opportunity."""
        reader = self._station.db.reader
        return reply(opportunities.view(reader, opportunities.find(reader, request.match_info["ref"])))

    async def changes(self, request: web.Request) -> web.Response:
        """Return events after a cursor; the cursor moves over what the type filter leaves out."""
        query = Fields(dict(request.query))
        cursor = query.whole("cursor", 0)
        limit = query.whole("limit", LIMIT, low=1, high=MOST)
        kinds = (query.optional("type") or "").split(",") if query.optional("type") else []
        reader = self._station.db.reader
        rows = reader.execute(
            "SELECT * FROM change WHERE seq > ? AND (? OR type IN (SELECT value FROM json_each(?)))"
            " ORDER BY seq LIMIT ?",
            (cursor, not kinds, json.dumps(kinds), limit),
        ).fetchall()
        following = rows[-1]["seq"] if rows else cursor
        return reply({"items": [views.event_view(row) for row in rows], "next_cursor": str(following)})

    async def orphans(self, request: web.Request) -> web.Response:
        """Return lines without an order."""
        return self._page(
            request, "SELECT * FROM orphan_line WHERE id > :cursor ORDER BY id LIMIT :limit", (), _as_text_id
        )

    async def quality(self, request: web.Request) -> web.Response:
        """Return quality facts; of an order: its own and its account's."""
        return self._page(
            request,
            "SELECT * FROM quality WHERE id > :cursor AND (:account_no IS NULL OR (subject_type = "
            "'account' AND"
            " subject = :account_no)) AND (:order_no IS NULL OR (subject_type = 'order' AND subject "
            "= :order_no) OR"
            " (subject_type = 'account' AND subject = (SELECT account_no FROM orders JOIN account ON "
            "account.id ="
            " orders.account_id WHERE order_no = :order_no))) ORDER BY id LIMIT :limit",
            ("account_no", "order_no"),
            _as_text_id,
        )

    async def quality_summary(self, _: web.Request) -> web.Response:
        """Return how many records and how many orders each fact concerns."""
        reader = self._station.db.reader
        records_by = reader.execute(
            "SELECT fact, count(*) AS n FROM quality GROUP BY fact ORDER BY fact"
        ).fetchall()
        orders_by = reader.execute(
            "SELECT fact, count(*) AS n FROM quality JOIN account ON account_no = subject AND "
            "subject_type = 'account'"
            " JOIN orders ON orders.account_id = account.id GROUP BY fact"
        ).fetchall()
        concerned = {row["fact"]: row["n"] for row in orders_by}
        return reply(
            {
                "facts": [
                    {"fact": r["fact"], "records": r["n"], "orders": concerned.get(r["fact"], 0)}
                    for r in records_by
                ]
            }
        )

    async def audit(self, request: web.Request) -> web.Response:
        """Return the writes received."""
        query = Fields(dict(request.query))
        limit = query.whole("limit", LIMIT, low=1, high=MOST)
        rows = audit_page(
            self._station.db.reader,
            query.whole("cursor", 0),
            limit,
            query.optional("operation"),
            query.optional("subject"),
        )
        return reply({"items": rows, "next_cursor": str(rows[-1]["id"]) if len(rows) == limit else None})


def _as_text_id(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "id": str(row["id"])}
