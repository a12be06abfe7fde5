"""A small outside system for crash tests: a process of its own that writes down every call it gets.

Run as ``python -m support.recording_target PORT LOG``. One operation per safety:

- ``POST /keyed``: knows the idempotency key; a repeat changes nothing.
- ``POST /natural``: writes the document by its own number; a repeat changes nothing.
- ``POST /probed``: carries out everything it gets; ``GET /probed?key=…`` tells whether it did.
- ``POST /bare``: carries out everything it gets and tells nothing.

Each line of the log is one call: operation, order, step, key, and whether it took effect.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path

from aiohttp import web

SLOW_S = 0.03


def make(log: Path, chance: random.Random) -> web.Application:
    """Return the application; what the log holds already it still knows."""
    done: dict[tuple[str, str], int] = {}
    numbers = iter(range(1, 1_000_000))
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["effect"]:
                done[entry["operation"], entry["handle"]] = entry["number"]
    file = log.open("a", encoding="utf-8", buffering=1)

    async def call(request: web.Request) -> web.Response:
        operation = request.match_info["operation"]
        body = await request.json()
        await asyncio.sleep(chance.random() * SLOW_S)
        key = request.headers["Idempotency-Key"]
        handle = f"{body['order']}/{body['step']}" if operation == "natural" else key
        known = done.get((operation, handle)) if operation in ("keyed", "natural") else None
        number = known or next(numbers)
        entry = {
            "operation": operation,
            "order": body["order"],
            "step": body["step"],
            "key": key,
            "handle": handle,
            "number": number,
            "effect": known is None,
        }
        file.write(json.dumps(entry) + "\n")
        done[operation, handle] = number
        await asyncio.sleep(chance.random() * SLOW_S)
        return web.json_response({"number": str(number), "repeated": known is not None})

    async def probe(request: web.Request) -> web.Response:
        number = done.get(("probed", request.query["key"]))
        if number is None:
            raise web.HTTPNotFound
        return web.json_response({"number": str(number)})

    application = web.Application()
    application.router.add_post("/{operation}", call)
    application.router.add_get("/probed", probe)
    return application


def main() -> None:
    """Serve until the process is ended."""
    port, log = int(sys.argv[1]), Path(sys.argv[2])
    web.run_app(make(log, random.Random(port)), host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main()
