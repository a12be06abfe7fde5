"""How many status updates a second are accepted, brought to a flow and written to a table in PostgreSQL.

A hub with its lean route takes CloudEvents in batches over HTTP; a flow (the newest state of a key counts)
takes them and writes batches by the SQL connector. The clock runs from the first request until the last row
stands in the target. Counted with a key of its own for each update, so that every one is written, and with
few keys that change again and again. The sender runs in the hub's process, so its CPU is in the figures.

    PYTHONPATH=src:. python -m bench.status_bench [--updates N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from bench import cpu
from bench.engine_ground import SCOPE, execute, fresh_database, run, server
from bench.intake_bench import TOKEN, served
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.inprocess import OneCaller
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import DefinitionError
from lineshaft.engine import collector
from lineshaft.engine.releases import Releases, files_of
from lineshaft.store.postgres import PostgresStore

BATCH = 500
SENDERS = 4
FEW_KEYS = 1_000
TABLE = "CREATE TABLE order_state (number varchar(20) PRIMARY KEY, status varchar(20), version bigint)"
SYSTEM = b"""format: 1
connector: sql
name: board
label: {en: Board, zh: Board}
database: {dialect: postgresql}
tables:
  state:
    table: order_state
    writable: true
    key: [number]
    columns: {number: string, status: string, version: number}
operations:
  state.save:
    table: state
    action: upsert
    values: {number: payload.number, status: payload.status, version: payload.version}
    safety: {kind: natural_key, columns: [number]}
"""
FLOW = b"""format: 1
flows:
  - name: states
    label: {en: States, zh: States}
    from: {event: bench.state, record: data, key: record.number, version: record.version}
    to: {system: board, write: state.save}
    batch: 2000
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one run took, per update."""

    rate: float
    hub_ms: float
    database_ms: float


def _requests(updates: int, keys: int) -> list[bytes]:
    """Return the bodies of the requests: every key comes in turn, with the next version."""
    bodies = []
    for first in range(0, updates, BATCH):
        events = [
            {
                "specversion": "1.0",
                "id": f"e-{number}",
                "source": "bench",
                "type": "bench.state",
                "subject": f"SO-{number % keys}",
                "data": {
                    "number": f"SO-{number % keys}",
                    "status": f"step {number // keys}",
                    "version": number // keys + 1,
                },
            }
            for number in range(first, min(updates, first + BATCH))
        ]
        bodies.append(json.dumps(events).encode())
    return bodies


async def _send(address: str, bodies: list[bytes]) -> None:
    """Send requests in their order, some at a time; again where the hub has too much to do."""
    waiting = iter(bodies)
    headers = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/cloudevents-batch+json",
    }

    async def sender(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            while True:
                async with session.post(f"{address}/api/v1/events", data=body, headers=headers) as answer:
                    if answer.status == 202:
                        await answer.read()
                        break
                    assert answer.status == 429, await answer.text()
                    pause_s = min(0.5, float(answer.headers.get("retry-after", "1")))
                await asyncio.sleep(pause_s)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(sender(session) for _ in range(SENDERS)))


async def _carry(store_dsn: str, target_dsn: str, updates: int, keys: int, folder: str) -> Carried:
    await execute(target_dsn, TABLE)
    store = PostgresStore(store_dsn)
    await store.open()
    files = files_of({"systems/board.yaml": SYSTEM, "flows/states.yaml": FLOW})
    await Releases(store, SCOPE).deploy(files, by="bench", now=SystemClock().now())
    await store.close()
    target = urlsplit(target_dsn)
    settings = Path(folder) / "lineshaft.toml"
    settings.write_text(
        f'[systems.board]\nhost = "{target.hostname}"\nport = {target.port or 5432}\n'
        f'database = "{target.path[1:]}"\nuser = "{target.username or "postgres"}"\n'
    )
    config = read_config(file=settings, options={"store.url": store_dsn, "data_dir": folder})
    hub = build(config, {}, tokens=OneCaller(TOKEN, "default"))
    await hub.open()
    await hub.start()
    connection: Any = await asyncpg.connect(target_dsn)
    bodies = _requests(updates, keys)
    last = (updates - 1) // keys + 1
    sound = f"SELECT count(*) FROM order_state WHERE version = {last}"
    try:
        await asyncio.sleep(2.0)
        async with served(hub.application) as address:
            collector.ease()
            hub_s = cpu.of_us()
            database_s = await cpu.of_database(store_dsn) + await cpu.of_database(target_dsn)
            began = time.perf_counter()
            await _send(address, bodies)
            while await connection.fetchval(sound) < keys:
                await asyncio.sleep(0.05)
            seconds = time.perf_counter() - began
            hub_s = cpu.of_us() - hub_s
            now_s = await cpu.of_database(store_dsn) + await cpu.of_database(target_dsn)
    finally:
        await connection.close()
        await hub.stop()
    return Carried(updates / seconds, hub_s * 1000 / updates, (now_s - database_s) * 1000 / updates)


def _once(dsn: str, updates: int, keys: int) -> Carried:
    with (
        fresh_database(dsn) as store_dsn,
        fresh_database(dsn) as target_dsn,
        tempfile.TemporaryDirectory(prefix="lineshaft-bench-") as folder,
    ):
        carried: Carried = run(_carry(store_dsn, target_dsn, updates, keys, folder))
        return carried


def main(argv: list[str]) -> None:
    """Measure both; print lines for people and one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    dsn = server()
    if dsn is None:
        print("SKIP: no PostgreSQL")
        return
    figures: dict[str, float] = {}
    for name, keys in (("a key for each", options.updates), (f"{FEW_KEYS} keys", FEW_KEYS)):
        try:
            rounds = [_once(dsn, options.updates, keys) for _ in range(options.rounds)]
        except DefinitionError as error:
            print(f"SKIP: {error}")
            return
        figures[f"{name}, updates/s"] = round(statistics.median(each.rate for each in rounds))
        figures[f"{name}, CPU of the hub per update, ms"] = round(min(each.hub_ms for each in rounds), 3)
        figures[f"{name}, CPU of the databases per update, ms"] = round(
            min(each.database_ms for each in rounds), 3
        )
    for name, value in figures.items():
        print(f"{name}: {value}")
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
