"""What holds for every request, whatever its route: its size, ``HEAD`` and ``OPTIONS``, a key of its own."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.api.idempotency import Answers
from lineshaft.api.problems import problem
from lineshaft.api.services import Services
from lineshaft.api.sizes import limit_of, too_large

_ENDLESS: Final = frozenset({"/api/v1/events/stream", "/api/v1/feed/stream"})
"""Streams: there is no end of them whose size a ``HEAD`` could tell."""

_DRAINED_BYTES_MAX: Final = 32 * 1024 * 1024


class Manners:
    """ASGI: stands between the gatekeeper and the routes."""

    def __init__(self, app: ASGIApp, services: Services, routes: list[Route]) -> None:
        self._app = Answers(app, services)
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, answer it, or turn it away."""
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", "/hooks/", "/v2/", "/oauth/")):
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        if method == "OPTIONS":
            await self._options(scope)(scope, receive, send)
            return
        if method == "HEAD" and scope["path"] not in _ENDLESS:
            await self._app({**scope, "method": "GET"}, receive, _bodiless(send))
            return
        limit = limit_of(scope["path"])
        request = Request(scope)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            error = too_large(limit)
            answer = problem(request, 413, code=error.code, detail=error.message, hint=error.hint)
            await _drain(receive)
            await answer(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)

    def _options(self, scope: Scope) -> Response:
        """Say which methods a path has; nothing is said to pages of other origins."""
        found = {"OPTIONS"}
        for route in self._routes:
            if route.path.startswith("/{"):
                continue
            for method in route.methods or ():
                if route.matches({**scope, "method": method})[0] is Match.FULL:
                    found |= {method, "HEAD"} if method == "GET" else {method}
        if found == {"OPTIONS"}:
            return problem(Request(scope), 404, code="not_found")
        return Response(status_code=204, headers={"Allow": ", ".join(sorted(found))})


async def _drain(receive: Receive) -> None:
    """Read what is not wanted, within bounds: who still writes does not read an answer."""
    size = 0
    while size < _DRAINED_BYTES_MAX:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _bodiless(send: Send) -> Send:
    """Return a ``send`` that keeps the headers and drops the body."""

    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without_body


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return a ``receive`` that raises as soon as a body is above its limit."""
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large(limit)
        return message

    return counting
