"""A stand-in for a JSON-RPC 2.0 service, written from the specification: calls, batches, errors by code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web

from conformance.connectors.product_double import Handler, ProductDouble, Row, answer, headers_shown

TOKEN = "rpc-tok-en-7391"
CODES = {
    "refuse": (1001, "客户超信用额度 ¥12,300.00"), "invalid": (-32602, "Invalid params"),
    "unknown_item": (1002, "no product M-1"), "ok_with_error": (1001, "客户超信用额度"),
    "busy": (1003, "try again later"), "rate_limit": (1004, "too many"),
    "server_error": (-32603, "Internal error"),
}  # fmt: skip


class RpcDouble(ProductDouble):
    """Orders, kept in memory; numbers are kept as they came on the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.by_key: dict[str, Row] = {}
        self.renamed: dict[str, str] = {}

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/rpc", self.call

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        """Errors are told inside of a good answer, by the call itself."""
        return None

    async def call(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        asked = json.loads(await request.text(), parse_float=Decimal)
        if isinstance(asked, list):
            self.arrived += 1
            # In any order, and nothing for what was not understood.
            answers = [self.carried_out(each, "ok", request) for each in reversed(asked)]
            return answer([each for each in answers if each["id"] != "lost"])
        reads = asked["method"] in ("order.get", "order.find", "order.list", "system.ping")
        if asked["method"] in ("order.get", "order.list", "system.ping"):
            return answer(self.carried_out(asked, "ok", request))
        plans = self.read_plans if reads else self.plans
        plan = plans[0] if plans else "ok"
        if plan in CODES or plan == "echo_secret":
            plans.popleft()
            self.arrived += 1
            return answer(self.carried_out(asked, plan, request))
        return await self.treated(
            request, lambda: answer(self.carried_out(asked, "ok", request)), reads=reads
        )

    def carried_out(self, asked: Row, plan: str, request: web.Request) -> Row:
        assert asked["jsonrpc"] == "2.0"
        reply: Row = {"jsonrpc": "2.0", "id": asked["id"]}
        if plan in CODES:
            code, words = CODES[plan]
            return reply | {"error": {"code": code, "message": words, "data": {"wait": 7}}}
        if plan == "echo_secret":
            return reply | {"error": {"code": 1001, "message": headers_shown(request)}}
        return reply | self.result(asked["method"], asked["params"])

    def result(self, method: str, params: Any) -> Row:
        if method == "order.create":
            if "item" not in params:
                return {"error": {"code": -32602, "message": "item is missing"}}
            known = self.by_key.get(params["key"])
            if known is None:
                known = {name: value for name, value in params.items() if name != "key"}
                known["seq"] = len(self.rows) + 1
                self.rows.append(known)
                self.by_key[params["key"]] = known
                return {"result": {**self.shown(known), "known": False}}
            return {"result": {**self.shown(known), "known": True}}
        if method in ("order.get", "order.find"):
            found = next((row for row in self.rows if row["number"] == params["number"]), None)
            return {"result": None if found is None else self.shown(found)}
        if method == "order.list":
            rows = [row for row in self.rows if row["seq"] > params["after"]]
            return {"result": {"rows": [self.shown(row) for row in rows]}}
        if method == "system.ping":
            return {"result": "pong"}
        return {"error": {"code": -32601, "message": "Method not found"}}

    def shown(self, row: Row) -> Row:
        return {self.renamed.get(name, name): value for name, value in row.items()}
