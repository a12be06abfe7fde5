"""What the contract doubles of products share: a server on loopback that can be told how to treat requests.

A contract double is written from a product's documented contract: its envelopes, signatures, life-cycles and
errors. It proves that a manifest keeps that contract, not that the vendor's server does.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from conformance.connectors.stub_target import answer

Row = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOCAL_START = datetime(2026, 1, 1, 8)  # noqa: DTZ001 - these products write local time without a zone


class ProductDouble:
    """The server, the plans, and how an answer goes wrong. A product brings routes and envelopes."""

    base_path = ""

    def __init__(self) -> None:
        self.plans: deque[str] = deque()
        """How the next writes are treated."""
        self.read_plans: deque[str] = deque()
        """The same for the readings that ``treated`` is told about."""
        self.sessions: set[str] = set()
        self.arrived = 0
        self.requests: list[web.Request] = []
        self.released = asyncio.Event()
        self.url = ""
        self._runner: web.AppRunner | None = None

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        raise NotImplementedError

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        """The product's envelope for a "no" that was planned; ``None``: that plan is no refusal."""
        raise NotImplementedError

    async def start(self) -> None:
        app = web.Application()
        for method, path, handler in self.routes():
            app.router.add_route(method, self.base_path + path, handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}{self.base_path}"

    async def stop(self) -> None:
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def planned(self, plan: str) -> bool:
        """Take a plan that is meant for a look-up before the write."""
        if self.plans and self.plans[0] == plan:
            self.plans.popleft()
            return True
        return False

    async def treated(
        self, request: web.Request, act: Callable[[], web.Response], *, reads: bool = False
    ) -> web.StreamResponse:
        """Do a business request as it was planned."""
        plans = self.read_plans if reads else self.plans
        plan = plans.popleft() if plans else "ok"
        if not reads or plan != "ok":
            self.arrived += 1
        refused = self.refusal(plan, request)
        if refused is not None:
            return refused
        if plan == "server_error":
            return web.Response(status=500)
        if plan == "dead_connection":
            return abort(request)
        if plan == "hang":
            await self.released.wait()
        result = act()
        if plan == "error_but_done":
            return web.Response(status=500)
        if plan == "lost_reply":
            return abort(request)
        if plan == "garbage":
            return web.Response(body=b'{"Result": {"Resp', content_type="application/json")
        if plan == "half_answer":
            return await half(request)
        return result


def abort(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"Result": {')
    assert request.transport is not None
    request.transport.close()
    return response


async def body_of(request: web.Request) -> Any:
    return json.loads(await request.text(), parse_float=Decimal)


def local_time(seconds: int) -> datetime:
    return LOCAL_START + timedelta(seconds=seconds)


def headers_shown(request: web.Request) -> str:
    return json.dumps(dict(request.headers), ensure_ascii=False)


__all__ = ["ProductDouble", "Row", "abort", "answer", "body_of", "headers_shown", "local_time"]
