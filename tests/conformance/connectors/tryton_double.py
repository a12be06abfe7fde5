"""A server that answers as Tryton's JSON-RPC does, as far as sales go, and can be told how to treat requests.

A contract double: made from the protocol (envelopes, session header, ``__class__`` tables, statuses) as a
real Tryton 8.0 was seen to speak it. What Tryton itself does is tried on a real one, in the integration
tests; this one does what a real one cannot be made to: lose answers, break them off, answer too late.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from conformance.connectors.stub_target import SECRETS

Row = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


class TrytonDouble:
    """One database with a company, a customer and a product; sales are kept as they came on the wire."""

    def __init__(self) -> None:
        self.plans: deque[str] = deque()
        self.sales: list[Row] = []
        self.lines: list[Row] = []
        self.sessions: set[str] = set()
        self.arrived = 0
        self.released = asyncio.Event()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/demo/rpc/", self.rpc)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def rpc(self, request: web.Request) -> web.StreamResponse:
        call = json.loads(await request.text(), parse_float=Decimal, object_hook=unpacked)
        if set(call) != {"id", "method", "params"}:
            return web.Response(status=400, text="<html>wrong keys</html>", content_type="text/html")
        method, params = call["method"], call["params"]
        if method == "common.db.login":
            if params[:2] != [SECRETS["user"], {"password": SECRETS["password"]}]:
                return web.Response(status=401)
            token = secrets.token_hex(8)
            pair = f"{SECRETS['user']}:1:{token}".encode()
            self.sessions.add("Session " + base64.b64encode(pair).decode())
            return answer([1, token, None])
        if request.headers.get("Authorization") not in self.sessions:
            return web.Response(status=401)
        if method == "model.sale.sale.create":
            return await self.treated(request, lambda: self.create(params[0][0]))
        if method == "model.product.product.search_read" and asks_for_an_order(params[0]):
            return await self.treated(request, list)
        return answer(self.simple(method, params))

    def simple(self, method: str, params: Sequence[Any]) -> Any:
        """Answer what every sale asks for besides."""
        if method.endswith("get_preferences"):
            return {"company": 1, "language": "en"}
        if method.endswith("default_get"):
            return {"company": 1, "currency": 1}
        if method.endswith("on_change"):
            more = {"unit": 1, "unit_price": Decimal(1), "taxes": {"add": [[0, {"id": 1}]]}, "x.": {}}
            return more if "sale.line" in method else {"invoice_address": 7, "party.": {"rec_name": "A"}}
        assert method.endswith(".search_read"), method
        model = method.removeprefix("model.").removesuffix(".search_read")
        domain, _, limit, order, fields = params[:5]
        if model == "product.product" and self.plans and self.plans[0] == "unknown_item":
            self.plans.popleft()
            return []
        rows = [row for row in self.table(model) if fits(row, domain)]
        for name, direction in reversed(order or ()):
            rows.sort(key=lambda row, name=name: row[name], reverse=direction == "DESC")
        return [picked(row, fields) for row in rows[:limit]]

    def table(self, model: str) -> list[Row]:
        if model == "sale.sale":
            return self.sales
        if model == "sale.line":
            return self.lines
        if model == "currency.currency":
            return [{"id": 1, "code": "CNY", "rounding": Decimal("0.01")}]
        if model == "product.product":
            return [{"id": 1, "code": "M-1", "identifiers": []}]
        if model == "party.party":
            return [{"id": 1, "code": "C-1", "name": "甲公司", "identifiers": []}]
        raise AssertionError(f"the double has no {model}")

    def create(self, values: Row) -> list[int]:
        number = len(self.sales) + 1
        ((_, lines),) = values["lines"]
        made = START + timedelta(seconds=number)
        self.sales.append(
            {
                "id": number, "number": f"SO-{number:04}", "reference": values["reference"], "state": "draft",
                "party": 1, "party.": {"id": 1, "code": "C-1", "name": "甲公司"},
                "currency": {"code": "CNY"}, "sale_date": None,
                "untaxed_amount": Decimal(0), "tax_amount": Decimal(0), "total_amount": Decimal(0),
                "shipment_state": "none", "invoice_state": "none", "shipments": [], "type": "line",
                "create_date": made, "write_date": None,
            }
        )  # fmt: skip
        for line in lines:
            self.lines.append(
                {
                    "id": len(self.lines) + 1, "sale": number, "type": "line", "sequence": line["sequence"],
                    "product": 1, "product.": {"id": 1, "code": "M-1"}, "quantity": line["quantity"],
                    "unit": {"symbol": "u"},
                    "unit_price": line["unit_price"], "amount": Decimal(0), "description": None,
                }
            )  # fmt: skip
        return [number]

    async def treated(self, request: web.Request, act: Any) -> web.StreamResponse:
        """Do a business request as it was planned."""
        self.arrived += 1
        plan = self.plans.popleft() if self.plans else "ok"
        if plan in WORDS:
            words = WORDS[plan] + (json.dumps(dict(request.headers)) if plan == "echo_secret" else "")
            broken = [["quantity", ">", 0]] if plan == "invalid" else None
            return answer(error=["UserError", [words, "", broken]])
        if plan in STATUSES:
            status, headers = STATUSES[plan]
            return web.Response(status=status, headers=headers, text="<html></html>")
        if plan == "hang":
            await self.released.wait()
        if plan == "dead_connection":
            return abort(request)
        result = act()
        if plan == "error_but_done":
            return web.Response(status=500)
        if plan == "lost_reply":
            return abort(request)
        if plan == "garbage":
            return web.Response(body=b'{"id": 1, "resu', content_type="application/json")
        if plan == "half_answer":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"id": 1, ')
            assert request.transport is not None
            request.transport.close()
            return response
        return answer(result)


WORDS: Mapping[str, str] = {
    "refuse": "超信用额度 ¥12,300.00",
    "ok_with_error": "over the limit",
    "invalid": "the quantity is not valid",
    "echo_secret": "you sent ",
}
STATUSES: Mapping[str, tuple[int, dict[str, str]]] = {
    "busy": (503, {}),
    "rate_limit": (429, {"Retry-After": "7"}),
    "server_error": (500, {}),
}


def asks_for_an_order(domain: Sequence[Any]) -> bool:
    """Tell the suite's reading apart from the look-ups of a sale: it asks for an order's number."""
    (alternatives,) = domain
    return any(str(code).startswith("S-") for _, _, codes in alternatives[1:] for code in codes)


def fits(row: Row, domain: Sequence[Any]) -> bool:
    """Evaluate a domain: clauses that all hold, or ``OR`` and clauses of which one does."""
    if domain and domain[0] == "OR":
        return any(fits(row, [clause]) for clause in domain[1:])
    return all(
        fits(row, clause) if isinstance(clause[0], list) or clause[0] == "OR" else holds(row, *clause)
        for clause in domain
    )


def holds(row: Row, name: str, operator: str, value: Any) -> bool:
    found = row.get(name)
    if operator == "in":
        return found in value
    if operator == ">=":
        return found is not None and found >= value
    return (found == value) is (operator == "=")


def picked(row: Row, fields: Sequence[str]) -> Row:
    found: Row = {"id": row["id"]}
    for field in fields:
        name, _, below = field.partition(".")
        if below:
            found.setdefault(f"{name}.", {"id": 1})[below] = (row.get(f"{name}.") or row[name])[below]
        else:
            found[name] = row[name]
    return found


def abort(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def packed(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    raise TypeError(type(value))


def unpacked(value: Row) -> Any:
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(value[part] for part in parts), tzinfo=UTC)
    return value


def answer(result: Any = None, *, error: Any = None) -> web.Response:
    body = {"id": 1, "result": result} if error is None else {"id": 1, "error": error}
    return web.Response(text=json.dumps(body, default=packed), content_type="application/json")
