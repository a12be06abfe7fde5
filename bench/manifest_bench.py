"""How fast the manifest engine reads a list, beside a bare loop of the same HTTP client; and its memory.

One server in a process of its own gives pages of 100 records as JSON. The bare loop asks for the same pages
over the same client and reads their JSON in the same way; the engine besides judges each answer, computes id,
type, subject and time of each record by FEEL and makes the cursor. Memory is the peak of one process over a
million records, above what it was after the first ten thousand.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import aiohttp
from aiohttp import web

from lineshaft.base.clock import FixedClock
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.http.wire import decode_json
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context

PAGE = 100
MANIFEST = """
format: 1
name: bench
auth: {kind: bearer, token: secret:token}
answers: {success: status < 300 and answer.ok}
resources:
  order:
    changes:
      path: /orders
      query: {skip: offset, limit: page_size}
      records: answer.rows
      paging: {kind: offset, size: 100, total: answer.total}
      cursor: {field: item.seq}
      id: item.no
      type: '"bench.order.changed"'
      subject: item.no
      occurred_at: item.at
      data: item
operations:
  order.save:
    path: /orders
    body: {number: payload.number, quantity: payload.quantity, lines: payload.lines}
    safety: {kind: idempotency_key, header: Idempotency-Key}
    number: answer.no
    answer: {state: answer.state}
"""


def row(number: int) -> dict[str, Any]:
    return {
        "seq": number, "no": f"SO-{number:07}", "at": "2026-05-04T08:00:00Z", "customer": "华东机电有限公司",
        "state": "confirmed", "amount": 1234.5, "currency": "CNY", "lines": 3, "note": "x" * 40,
    }  # fmt: skip


def serve(pipe: Any) -> None:
    """The application: pages made once, so that the client is what is measured."""
    body = b",".join(json.dumps(row(number)).encode() for number in range(1, PAGE))

    async def listed(request: web.Request) -> web.Response:
        # The first record tells one page from another.
        first = json.dumps(row(int(request.query["skip"]))).encode()
        content = b'{"ok": true, "total": 100000000, "rows": [' + first + b"," + body + b"]}"
        return web.Response(body=content, content_type="application/json")

    async def saved(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(
            body=b'{"ok": true, "no": "SO-1", "state": "saved"}', content_type="application/json"
        )

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/orders", listed)
        app.router.add_post("/orders", saved)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    asyncio.run(run())


async def bare_pages(client: Both, pages: int) -> None:
    """Ask for the same pages and make the same events of their records, with the same classes."""
    for page in range(pages):
        query = {"skip": str(page * PAGE), "limit": str(PAGE)}
        async with client.session.get(f"{client.url}/orders", params=query) as response:
            answer = decode_json(await response.read())
        assert answer["ok"]
        events = [
            Change(each["no"], "bench.order.changed", each["no"], each, datetime.fromisoformat(each["at"]))
            for each in answer["rows"]
        ]
        high = max(each["seq"] for each in answer["rows"])
        assert len(events) == PAGE
        assert high is not None


async def engine_pages(client: Both, pages: int, after: Callable[[int], None] | None = None) -> None:
    cursor = None
    for page in range(pages):
        got = await client.connector.changes("order", cursor)
        assert len(got.changes) == PAGE
        cursor = got.cursor
        if after is not None:
            after(page)


async def bare_calls(client: Both, calls: int) -> None:
    for number in range(calls):
        body = json.dumps({"number": f"N-{number}", "quantity": 5, "lines": [1, 2, 3]}).encode()
        headers = {"Idempotency-Key": f"k-{number}", "Content-Type": "application/json"}
        async with client.session.post(f"{client.url}/orders", data=body, headers=headers) as response:
            answer = decode_json(await response.read())
        assert response.status < 300
        assert answer["ok"]


async def engine_calls(client: Both, calls: int) -> None:
    for number in range(calls):
        payload = {"number": f"N-{number}", "quantity": 5, "lines": [1, 2, 3]}
        await client.connector.call("order.save", payload, context(f"k-{number}"))


class Both:
    """The bare client and the connector, both open."""

    def __init__(self, url: str) -> None:
        self.url = url
        connection = Connection("bench", {"base_url": url}, {"token": "t"}.__getitem__, FixedClock())
        self.connector: Any = HTTP.read(MANIFEST.encode(), "bench.yaml").connect(connection)

    async def __aenter__(self) -> Both:
        await self.connector.open()
        self.session = aiohttp.ClientSession(headers={"Authorization": "Bearer t"})
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.connector.close()
        await self.session.close()


async def pairs(
    bare: Callable[[Both, int], Awaitable[None]],
    engine: Callable[[Both, int], Awaitable[None]],
    client: Both,
    count: int,
) -> AsyncIterator[tuple[float, float]]:
    """Time both in turn: a machine that others use is as slow for the one as for the other."""
    for _ in range(25):
        found = []
        for work in (bare, engine):
            start = time.perf_counter()
            await work(client, count)
            found.append(time.perf_counter() - start)
        yield found[0], found[1]


async def measured(url: str, records: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with Both(url) as client:
        await engine_pages(client, 5)
        await bare_pages(client, 5)
        for name, bare, engine, count, unit in (
            ("records read", bare_pages, engine_pages, 40, PAGE),
            ("calls", bare_calls, engine_calls, 150, 1),
        ):
            seen = [pair async for pair in pairs(bare, engine, client, count)]
            best = min(first for first, _ in seen), min(second for _, second in seen)
            figures[f"bare loop, {name}/s"] = round(count * unit / best[0])
            figures[f"manifest engine, {name}/s"] = round(count * unit / best[1])
            shares = [first / second for first, second in seen]
            figures[f"manifest engine of bare loop, {name}"] = round(statistics.median(shares), 2)
        at_first: list[int] = []

        def noted(page: int) -> None:
            if page == 100:
                at_first.append(peak_kb())

        await engine_pages(client, max(102, records // PAGE), noted)
        figures[f"memory that {records} records add, MB"] = round((peak_kb() - at_first[0]) / 1024, 1)
    return figures


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(argv: list[str]) -> None:
    records = int(argv[0]) if argv else 1_000_000
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        figures = asyncio.run(measured(ours.recv(), records))
    finally:
        server.terminate()
        server.join()
    for name, figure in figures.items():
        print(f"{figure:>12,}  {name}")
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
