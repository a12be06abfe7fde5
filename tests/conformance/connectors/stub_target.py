"""A real HTTP target over loopback that can be told how to treat the next requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import IO, Any

from aiohttp import BasicAuth, web

_PIECE = 256 * 1024
SECRETS = {
    "user": "hub-user-8151",
    "password": "pa55-word-8152",
    "token": "tok-en-8153",
    "signing": "sign-ing-8154",
    "refresh": "refr-esh-8155",
}


class StubTarget:
    """Orders, kept in memory; numbers are kept as they came on the wire."""

    def __init__(self) -> None:
        self.plans: deque[str] = deque()
        self.done: list[dict[str, Any]] = []
        self.by_key: dict[str, dict[str, Any]] = {}
        self.sessions: set[str] = set()
        self.refresh_tokens = {SECRETS["refresh"]}
        self.renamed: dict[str, str] = {}
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self.logins = 0
        self.arrived = 0
        self.released = asyncio.Event()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/api/login", self.login)
        app.router.add_post("/api/token", self.token)
        app.router.add_post("/api/files", self.guarded(self.take_file))
        app.router.add_get("/api/files/{number}", self.guarded(self.give_file))
        app.router.add_route("*", "/api/orders", self.guarded(self.save))
        app.router.add_get("/api/orders/{number}", self.guarded(self.show))
        app.router.add_get("/api/changes", self.guarded(self.changes))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/api"

    async def stop(self) -> None:
        self.released.set()
        self.file.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- routes ----------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        self.logins += 1
        given = await request.json()
        if given != {"user": SECRETS["user"], "password": SECRETS["password"]}:
            return answer({"ok": False, "code": "LOGIN", "message": "wrong user or password"})
        session = secrets.token_hex(8)
        self.sessions.add(session)
        return answer({"ok": True, "data": {"session": session, "lasts": 1200}})

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a refresh token for a new one; whoever shows an old one is a thief, and all tokens end."""
        form = await request.post()
        given = str(form.get("refresh_token", ""))
        if form.get("client_id") != SECRETS["user"] or given not in self.refresh_tokens:
            if given.startswith("refresh-"):
                self.refresh_tokens.clear()
            return answer({"error": "invalid_grant"}, 400)
        self.refresh_tokens = {f"refresh-{secrets.token_hex(8)}"}
        session = secrets.token_hex(8)
        self.sessions.add(session)
        [renewed] = self.refresh_tokens
        return answer({"access_token": session, "refresh_token": renewed, "expires_in": 1200})

    async def take_file(self, request: web.Request) -> web.StreamResponse:
        self.file.truncate(0)
        async for part in request.content.iter_chunked(_PIECE):
            self.file.write(part)
        return answer({"ok": True, "number": "F-1"})

    async def give_file(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        self.file.seek(0)
        while part := self.file.read(_PIECE):
            await response.write(part)
        await response.write_eof()
        return response

    def guarded(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guard(request: web.Request) -> web.StreamResponse:
            if not await self.known(request):
                return answer({"ok": False, "code": "AUTH", "message": "who are you?"}, 401)
            self.arrived += 1
            return await handler(request)

        return guard

    async def known(self, request: web.Request) -> bool:
        headers = request.headers
        if "X-Session" in headers:
            return headers["X-Session"] in self.sessions
        if "X-Signature" in headers:
            message = (
                f"{request.method}\n{request.rel_url.raw_path}\n{headers['X-Time']}\n".encode()
                + await request.read()
            )
            wanted = hmac.new(SECRETS["signing"].encode(), message, hashlib.sha256).hexdigest()
            return headers["X-Signature"] == wanted
        if headers.get("Authorization", "").startswith("Basic "):
            pair = BasicAuth.decode(headers["Authorization"])
            return (pair.login, pair.password) == (SECRETS["user"], SECRETS["password"])
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        return token == SECRETS["token"] or token in self.sessions

    async def save(self, request: web.Request) -> web.StreamResponse:
        plan = self.plans.popleft() if self.plans else "ok"
        raw = await request.text()
        record = json.loads(raw, parse_float=Decimal)
        refusal = REFUSALS.get(plan)
        if refusal is not None:
            body, status, headers = refusal
            echoed = {**body, "message": body["message"] + " " + json.dumps(dict(request.headers))}
            return answer(echoed if plan == "echo_secret" else body, status, headers)
        if plan == "dead_connection":
            return self.abort(request)
        if plan == "hang":
            await self.released.wait()
            return answer({"ok": True})
        data = self.carry_out(record, request.headers.get("Idempotency-Key", ""))
        if plan == "error_but_done":
            return answer({"ok": False, "code": "DONE", "message": "late", "data": data}, 500)
        return await self.damaged(plan, request) or answer({"ok": True, "data": data})

    async def show(self, request: web.Request) -> web.StreamResponse:
        plan = self.plans.popleft() if self.plans else "ok"
        if plan == "server_error":
            return web.Response(status=500)
        damaged = await self.damaged(plan, request)
        if damaged is not None:
            return damaged
        number = request.match_info["number"]
        for record in self.done:
            if record["number"] == number:
                return answer({"ok": True, "data": record})
        return answer({"ok": False, "code": "NONE", "message": "no such order"}, 404)

    async def changes(self, request: web.Request) -> web.StreamResponse:
        since, page, size = (int(request.query[name]) for name in ("since", "page", "size"))
        rows = [record for record in self.done if record["seq"] > since]
        rows = [{self.renamed.get(name, name): value for name, value in row.items()} for row in rows]
        return answer({"ok": True, "rows": rows[(page - 1) * size : page * size]})

    # --- how it treats them ----------------------------------------------------------------------

    def carry_out(self, record: dict[str, Any], key: str) -> dict[str, Any]:
        if key and key in self.by_key:
            return {**self.by_key[key], "replayed": True}
        seq = len(self.done) + 1
        stored = {**record, "seq": seq, "id": f"id-{seq}", "no": f"SO-{seq:04}", "replayed": False}
        self.done.append(stored)
        if key:
            self.by_key[key] = stored
        return stored

    def abort(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def damaged(self, plan: str, request: web.Request) -> web.StreamResponse | None:
        if plan == "lost_reply":
            return self.abort(request)
        if plan == "garbage":
            return web.Response(body=b'{"ok": tru', content_type="application/json")
        if plan == "half_answer":
            response = web.StreamResponse(
                headers={"Content-Length": "1000", "Content-Type": "application/json"}
            )
            await response.prepare(request)
            await response.write(b'{"ok": true, ')
            assert request.transport is not None
            request.transport.close()
            return response
        return None


REFUSALS: Mapping[str, tuple[dict[str, Any], int, dict[str, str]]] = {
    "refuse": ({"ok": False, "code": "CREDIT", "message": "超信用额度 ¥12,300.00"}, 409, {}),
    "ok_with_error": ({"ok": False, "code": "CREDIT", "message": "over the limit"}, 200, {}),
    "invalid": ({"ok": False, "code": "BAD", "message": "quantity?"}, 200, {}),
    "unknown_item": ({"ok": False, "code": "ITEM", "message": "unknown item M-1"}, 200, {}),
    "busy": ({"ok": False, "code": "BUSY", "message": "come back later"}, 503, {}),
    "rate_limit": ({"ok": False, "code": "", "message": "slow down"}, 429, {"Retry-After": "7"}),
    "server_error": ({"message": ""}, 500, {}),
    "echo_secret": ({"ok": False, "code": "BAD", "message": "you sent"}, 400, {}),
}


class _Encoder(json.JSONEncoder):
    """Decimals digit by digit: through a marker, because this encoder knows no decimals."""

    def default(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return f"\0{value}\0"
        return super().default(value)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    written = json.dumps(body, cls=_Encoder, ensure_ascii=False)
    written = written.replace('"\\u0000', "").replace('\\u0000"', "")
    dated = {"Date": "Thu, 01 Jan 2026 00:00:03 GMT", **(headers or {})}
    return web.Response(text=written, status=status, headers=dated, content_type="application/json")
