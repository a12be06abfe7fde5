"""Every request passes here: it is counted, and the faults that are on act on it.

One aiohttp middleware. What an answer or an error looks like is the system's own affair (``Face``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from plantbox.face import Face
from plantbox.faults import Fault, FaultBoard, rewrite
from plantbox.leaf import problem_page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Counts calls and lets faults strike."""

    def __init__(self, face: Face, faults: FaultBoard) -> None:
        self._face = face
        self._faults = faults
        self.calls: Counter[str] = Counter()
        self._late: set[asyncio.Task[None]] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let faults strike before, around and after the handler."""
        operation = self._face.operation(request)
        self.calls[operation] += 1
        before = await self._before(request, operation, handler)
        if before is not None:
            return before
        inner = self._faults.pick(operation, ("ok_with_error",))
        if inner is not None and not inner.done:
            return self._face.inner_error(inner)
        answer = await self._answer(request, handler)
        after = self._faults.pick(operation, ("error_but_done", "lost_reply"))
        if after is not None and after.kind == "lost_reply":
            await asyncio.sleep(after.hold_ms / 1000)
            return drop(request)
        if after is not None:
            return self._face.failure(after.status, "internal", after.message or "Something went wrong.")
        if inner is not None:
            return self._face.inner_error(inner)
        changed = self._faults.pick(operation, ("wrong_code", "changed_schema"))
        return answer if changed is None else self._rewritten(answer, changed)

    async def _before(
        self, request: web.Request, operation: str, handler: Handler
    ) -> web.StreamResponse | None:
        if self._faults.closing() is not None:
            return drop(request)
        fault = self._faults.pick(operation, ("reset", "down", "rate_limited"))
        if fault is not None and fault.kind == "reset":
            return drop(request)
        if fault is not None and fault.kind == "down":
            return self._face.failure(503, "unavailable", fault.message or "The system is down.")
        if fault is not None:
            refused = self._face.failure(429, "rate_limited", "Too many calls.")
            refused.headers["Retry-After"] = str(fault.retry_after)
            return refused
        slow = self._faults.pick(operation, ("slow",))
        if slow is not None:
            await asyncio.sleep(slow.ms / 1000)
        late = self._faults.pick(operation, ("late_commit",))
        if late is None:
            return None
        await request.read()
        task = asyncio.create_task(self._later(request, handler, late.ms / 1000))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        await asyncio.sleep(late.hold_ms / 1000)
        return drop(request)

    async def _later(self, request: web.Request, handler: Handler, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._answer(request, handler)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            if "text/html" in request.headers.get("Accept", ""):
                return problem_page(request, error.status)
            kind = "not_found" if error.status == 404 else "bad_request"
            return self._face.failure(error.status, kind, f"{error.reason}: {request.method} {request.path}")
        except Exception as error:  # noqa: BLE001 - a real server answers 500 in its own shape, too
            sys.stderr.write(f"plantbox: {request.method} {request.path}: {type(error).__name__}: {error}\n")
            return self._face.failure(500, "internal", "Internal error.")

    def _rewritten(self, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
        if (
            not isinstance(answer, web.Response)
            or answer.content_type != "application/json"
            or answer.text is None
        ):
            return answer
        body = rewrite(json.loads(answer.text), fault, self._face.code_field)
        return web.json_response(body, status=answer.status)


def drop(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer; the response goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
