"""An outside system for the fault matrix: it writes down every call, and answers some of them badly.

Operations as in ``support.recording_target``. Which calls go wrong, and how, follows from the seed, the
idempotency key and how often that key was seen; no key goes wrong more than twice. The order's number decides
what is a business matter: ``r…`` is refused, ``i…`` has wrong data.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from support.recording_connector import SETTLES_S, TIMEOUT_S

UNLUCKY_MAX = 2
SLOW_S = 0.02


@dataclass(slots=True)
class Plan:
    """How a target behaves: one fault, and how likely a call meets it."""

    seed: int
    fault: str = ""
    """``lost reply``, ``late commit``, ``http 500``, ``http 429``, ``timeout``, ``garbage``; ``""``: none."""
    rate: float = 0.0
    takes_s: float | None = None
    """How long every call takes; up to ``SLOW_S`` where not given."""


@dataclass(slots=True)
class FaultyTarget:
    """The state of the system: what it did, and what it still will."""

    log: Path
    plan: Plan
    done: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def application(self) -> web.Application:
        """Return it as a web application."""
        made = web.Application()
        made.router.add_post("/{operation}", self.call)
        made.router.add_get("/probed", self.probe)
        return made

    async def probe(self, request: web.Request) -> web.Response:
        """Tell whether a call with this key was carried out."""
        number = self.done.get(("probed", request.query["key"]))
        if number is None:
            raise web.HTTPNotFound
        return web.json_response({"number": str(number)})

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Carry a call out, or fail in the planned way."""
        operation, body = request.match_info["operation"], await request.json()
        key = request.headers["Idempotency-Key"]
        takes_s = self.plan.takes_s
        await asyncio.sleep(random.Random(key).random() * SLOW_S if takes_s is None else takes_s)
        order = str(body["order"])
        if body["step"] == "a" and order.startswith("r"):
            return web.json_response({"reason": "over the credit limit"}, status=422)
        if body["step"] == "a" and order.startswith("i"):
            return web.json_response({"reason": "no such unit"}, status=400)
        chance = random.Random(f"{self.plan.seed}/{key}/{self.seen[key]}")
        fault = self.plan.fault if chance.random() < self.plan.rate else ""
        if self.seen[key] >= UNLUCKY_MAX:
            fault = ""
        self.seen[key] += bool(fault)
        carry_out = lambda: self._carry_out(operation, body, key, fault)  # noqa: E731
        return await self._answer(request, fault, chance, carry_out)

    async def _answer(
        self,
        request: web.Request,
        fault: str,
        chance: random.Random,
        carry_out: Callable[[], tuple[int, bool]],
    ) -> web.StreamResponse:
        if fault == "http 429":
            self._write({"fault": fault})
            return web.json_response({}, status=429, headers={"Retry-After": "0.1"})
        does_it = fault in ("", "lost reply") or (fault != "late commit" and chance.random() < 0.5)
        number, known = carry_out() if does_it else (0, False)
        if not does_it:
            self._write({"fault": fault})
        match fault:
            case "":
                return web.json_response({"number": str(number), "repeated": known})
            case "http 500":
                return web.json_response({"error": "internal"}, status=500)
            case "garbage":
                return web.Response(body=b"\xff\xfe<html>oops</html>", content_type="application/json")
            case "timeout":
                await asyncio.sleep(TIMEOUT_S * 1.5)
                return web.json_response({"number": str(number), "repeated": known})
            case "late commit":
                self._later(chance.uniform(0.3, 0.9) * SETTLES_S, carry_out)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _later(self, delay_s: float, work: Callable[[], Any]) -> None:
        async def wait() -> None:
            await asyncio.sleep(delay_s)
            work()

        task = asyncio.create_task(wait())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _carry_out(self, operation: str, body: dict[str, Any], key: str, fault: str) -> tuple[int, bool]:
        handle = f"{body['order']}/{body['step']}" if operation == "natural" else key
        known = self.done.get((operation, handle)) if operation in ("keyed", "natural") else None
        if known is None:
            self.numbers += 1
        number = known or self.numbers
        self.done[operation, handle] = number
        self._write(
            {
                "order": body["order"],
                "step": body["step"],
                "operation": operation,
                "key": key,
                "number": number,
                "effect": known is None,
                "fault": fault,
            }
        )
        return number, known is not None

    def _write(self, entry: dict[str, Any]) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


async def serve(port: int, log: str, plan: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(FaultyTarget(Path(log), Plan(**plan)).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()
