"""How many events the lean route acknowledges a second, singly and in batches, and how long each takes (p99).

Over real HTTP on this machine, from connections that stay open. Beside it, in the same run, the least that
could be done: an endpoint that writes one row to a database of the same make and commits, and nothing else.

    PYTHONPATH=src:. python -m bench.intake_bench --seconds 5
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import uvicorn

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.inprocess import OneCaller

DEFAULT_DSN = "postgresql://postgres@127.0.0.1:5432/postgres"
TOKEN = "bench"
CLIENTS = 32
BATCH = 100
Sending = Callable[[aiohttp.ClientSession, int], Awaitable[None]]


@contextlib.asynccontextmanager
async def served(application: Any) -> AsyncIterator[str]:
    """Serve an ASGI application in this loop; yield its address."""
    config = uvicorn.Config(application, port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def load(
    seconds: float, send: Callable[[aiohttp.ClientSession, int], Awaitable[None]]
) -> tuple[float, float]:
    """Send from all clients at once; return requests a second and p99 in milliseconds."""
    taken: list[float] = []
    number = iter(range(10**9))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CLIENTS)) as session:
        until = time.perf_counter() + seconds

        async def client() -> None:
            while (started := time.perf_counter()) < until:
                await send(session, next(number))
                taken.append(time.perf_counter() - started)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        spent = time.perf_counter() - began
    taken.sort()
    return len(taken) / spent, taken[len(taken) * 99 // 100 - 1] * 1000


def event(number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "bench",
        "type": "bench.order.confirmed",
        "subject": f"SO-{number}",
        "data": {"order": f"SO-{number}", "amount": 100.5, "lines": [{"item": "A", "quantity": 3}]},
    }


async def hub_figures(make: str, url: str, seconds: float, folder: str) -> dict[str, float]:
    """Measure the hub over one make."""
    config = read_config(options={"store.url": url, "data_dir": folder})
    hub = build(config, {}, tokens=OneCaller(TOKEN, "default"))
    await hub.open()
    headers = {"authorization": f"Bearer {TOKEN}"}
    figures: dict[str, float] = {}
    try:
        async with served(hub.application) as address:

            async def post(session: aiohttp.ClientSession, body: bytes, kind: str) -> None:
                sent = {**headers, "content-type": kind}
                async with session.post(f"{address}/api/v1/events", data=body, headers=sent) as answer:
                    assert answer.status == 202, await answer.text()
                    await answer.read()

            async def single(session: aiohttp.ClientSession, number: int) -> None:
                await post(session, json.dumps(event(number)).encode(), "application/cloudevents+json")

            async def batch(session: aiohttp.ClientSession, number: int) -> None:
                some = [event(10**8 + number * BATCH + each) for each in range(BATCH)]
                await post(session, json.dumps(some).encode(), "application/cloudevents-batch+json")

            rate, p99 = await load(seconds, single)
            figures[f"{make}, single, acknowledgements/s"] = round(rate)
            figures[f"{make}, single, p99 ms"] = round(p99, 1)
            rate, p99 = await load(seconds, batch)
            figures[f"{make}, batches of {BATCH}, acknowledgements/s"] = round(rate * BATCH)
            figures[f"{make}, batches of {BATCH}, p99 ms"] = round(p99, 1)
    finally:
        await hub.stop()
    return figures


async def bare_figures(make: str, url: str, seconds: float) -> dict[str, float]:
    """Measure an endpoint that writes one row and commits."""
    write = await (_bare_sqlite(url) if make == "SQLite" else _bare_postgres(url))

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        await write(json.loads(body)["id"], body)
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async with served(application) as address:

        async def single(session: aiohttp.ClientSession, number: int) -> None:
            async with session.post(address, data=json.dumps(event(number)).encode()) as answer:
                await answer.read()

        rate, p99 = await load(seconds, single)
    return {f"{make}, bare row, acknowledgements/s": round(rate), f"{make}, bare row, p99 ms": round(p99, 1)}


Writing = Callable[[str, bytes], Awaitable[None]]


async def _bare_sqlite(path: str) -> Writing:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, body BLOB)")

    async def write(name: str, body: bytes) -> None:
        connection.execute("INSERT INTO bare VALUES (?, ?)", (name, body))

    return write


async def _bare_postgres(dsn: str) -> Writing:
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=8)
    await pool.execute("CREATE TABLE bare (id text PRIMARY KEY, body bytea)")

    async def write(name: str, body: bytes) -> None:
        await pool.execute("INSERT INTO bare VALUES ($1, $2)", name, body)

    return write


async def _run(seconds: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures |= await hub_figures("SQLite", f"sqlite:///{folder}/hub.db", seconds, folder)
        figures |= await bare_figures("SQLite", str(Path(folder) / "bare.db"), seconds)
        server = os.environ.get("LINESHAFT_TEST_POSTGRES") or DEFAULT_DSN
        try:
            admin = await asyncpg.connect(server, timeout=5)
        except OSError:
            print("no PostgreSQL: only SQLite is measured")
            return figures
        name = f"lineshaft_bench_{secrets.token_hex(4)}"
        try:
            await admin.execute(f"CREATE DATABASE {name}")
            dsn = urlsplit(server)._replace(path=f"/{name}").geturl()
            try:
                figures |= await hub_figures("PostgreSQL", dsn, seconds, folder)
                figures |= await bare_figures("PostgreSQL", dsn, seconds)
            finally:
                await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        finally:
            await admin.close()
    for make in ("SQLite", "PostgreSQL"):
        hub, bare = (figures.get(f"{make}, {what}, acknowledgements/s") for what in ("single", "bare row"))
        if hub and bare:
            figures[f"{make}, single against a bare row"] = round(hub / bare, 2)
    return figures


def main(argv: list[str]) -> None:
    """Measure both makes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    figures = asyncio.run(_run(parser.parse_args(argv).seconds))
    for name, value in figures.items():
        print(f"{name}: {value}")
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
