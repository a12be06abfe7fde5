"""Records a second through a flow: CSV to PostgreSQL with a result for each record, and events in batches.

The file has ten columns and lies in a folder of the files connector; the flow maps them (decimals, dates, a
value map), leaves unchanged ones alone, has each batch written as one statement, keeps evidence and agreed
state in its own PostgreSQL. One record of a thousand is bad and becomes a dead letter. Beside it in the same
run: a bare COPY of the same rows, as text, into a table without a key. ``again``: the same file dropped a
second time, which writes nothing. Events: status updates that are sent to the hub and written by a flow, from
the first one sent to the last one written.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import asyncpg

from bench import cpu
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.scope import Scope
from lineshaft.connectors.files import FILES
from lineshaft.connectors.sql import SQL
from lineshaft.engine import collector
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.run import FlowRun
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.flows.waiting import event_items
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import File, Releases, compile_release
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.sdk.registry import Connection
from lineshaft.store.postgres import PostgresStore

ROWS = int(os.environ.get("LINESHAFT_BENCH_ROWS", "30000"))
EVENTS = int(os.environ.get("LINESHAFT_BENCH_EVENTS", "9000"))
DSN = os.environ.get("LINESHAFT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
FILES_MANIFEST = b"""format: 1
connector: files
name: folder
resources:
  items:
    folder: in
    pattern: "*.csv"
    quiet_s: 0
    page: 2000
    file: {as: csv}
    columns: {no: string!, name: string, state: string, unit: string, price: string, stock: string,
      changed: string, site: string, supplier: string, note: string}
    subject: item.no
"""
TABLE = """CREATE TABLE item (no text PRIMARY KEY, name text, state text, unit text, price numeric(14,4),
  stock numeric(14,3), changed date, site text, supplier text, note text)"""
MANIFEST = """format: 1
connector: sql
name: shop
database: {dialect: postgresql}
tables:
  item:
    table: item
    writable: true
    key: [no]
    columns: {no: string, name: string, state: string, unit: string, price: number, stock: number,
      changed: date, site: string, supplier: string, note: string}
  status:
    table: status
    writable: true
    key: [no]
    columns: {no: string, state: string, quantity: number}
operations:
  item.save:
    table: item
    action: upsert
    values: {no: payload.no, name: payload.name, state: payload.state, unit: payload.unit,
      price: payload.price, stock: payload.stock, changed: payload.changed, site: payload.site,
      supplier: payload.supplier, note: payload.note}
    safety: {kind: natural_key, columns: [no]}
  status.save:
    table: status
    action: upsert
    values: {no: payload.no, state: payload.state, quantity: payload.quantity}
    safety: {kind: natural_key, columns: [no]}
"""
FLOWS = b"""format: 1
flows:
  - name: items
    from: {system: folder, poll: items, key: record.no, interval_s: 0.01}
    to: {system: shop, write: item.save, map: item}
    batch: 2000
  - name: status
    from: {event: mes.status, key: record.no, record: data}
    to: {system: shop, write: status.save}
    batch: 2000
"""
MAPPING = b"""format: 1
name: item
from: folder.items
to: shop.item
fields:
  no: {value: record.no, required: true, convert: trim}
  name: record.name
  state: {value: record.state, map: {open: A, closed: Z}}
  unit: record.unit
  price: {value: record.price, convert: number}
  stock: {value: record.stock, convert: number}
  changed: {value: record.changed, convert: {date: yyyy-MM-dd}}
  site: record.site
  supplier: {value: record.supplier, optional: true}
  note: {value: record.note, optional: true}
"""
NAMES = ("no", "name", "state", "unit", "price", "stock", "changed", "site", "supplier", "note")


def rows() -> list[tuple[str, ...]]:
    """Return the file's rows; one in a thousand has a price that is none."""
    return [
        (
            f"M-{n:06}", f"Part {n}", "open" if n % 3 else "closed", "pcs",
            "n/a" if n % 1000 == 999 else f"{n % 977}.25", f"{n % 5000}.5", f"2026-0{n % 9 + 1}-15",
            "SZ", f"S-{n % 40}", "as per drawing",
        )
        for n in range(ROWS)
    ]  # fmt: skip


class Quiet:
    """Tells nothing; a bug ends the run."""

    def bug(self, where: str, error: BaseException) -> None:
        raise error

    def trouble(self, where: str, error: BaseException) -> None:
        print(where, error)


async def _copied(dsn: str, found: list[tuple[str, ...]]) -> float:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE bare (" + ", ".join(f"{name} text" for name in NAMES) + ")")
    began = time.perf_counter()
    await connection.copy_records_to_table("bare", records=found)
    took = time.perf_counter() - began
    await connection.close()
    return took


async def _loaded(run: FlowRun, runtime: Runtime, wanted: int) -> float:
    """Run until so many records were read; return the seconds."""
    began = time.perf_counter()
    while True:
        await run.round()
        state = FlowState.of(await runtime.store.cursor(runtime.scope, source_name(run.flow.name)))
        if state.counts["read"] >= wanted:
            return time.perf_counter() - began


async def _events(runtime: Runtime, ground: Ground, figures: dict[str, float]) -> None:
    release = await runtime.releases.active()
    assert release is not None
    flow = next(each for each in release.flows if each.name == "status")
    intake = Intake(runtime.committer(None), runtime.clock, "default", EngineConfig().limits)
    intake.to_flows = lambda event, data: (event_items([flow], event, data), True)
    committers = [asyncio.create_task(each.run()) for each in runtime.committers]
    began = time.perf_counter()

    async def sender() -> None:
        for start in range(0, EVENTS, 300):
            await intake.accept(
                [
                    Incoming(
                        "mes", f"e{n}", "mes.status", {"no": f"W-{n % 3000}", "state": f"s{n}", "quantity": n}
                    )
                    for n in range(start, start + 300)
                ]
            )

    run = FlowRun(ground, flow, lambda: None)
    sending = asyncio.create_task(sender())
    taken = 0
    while taken < EVENTS:
        await run.round()
        state = FlowState.of(await runtime.store.cursor(runtime.scope, source_name("status")))
        taken = state.counts["read"]
        await asyncio.sleep(0)
    await sending
    figures["status updates through a flow, events/s"] = round(EVENTS / (time.perf_counter() - began))
    for each in committers:
        each.cancel()


async def _of_databases(*dsns: str) -> float:
    return sum([await cpu.of_database(dsn) for dsn in dsns])


def _written(file: Path, found: list[tuple[str, ...]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NAMES)
    writer.writerows(found)
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return file


async def _file(
    run: FlowRun,
    file: Path,
    found: list[tuple[str, ...]],
    *,
    dsns: tuple[str, str],
    figures: dict[str, float],
) -> None:
    """Carry the file twice, and beside it by a bare COPY."""
    runtime = run.ground.runtime
    bare_s = await _copied(dsns[1], found)
    _written(file, found)
    before, before_db = cpu.of_us(), await _of_databases(*dsns)
    took_s = await _loaded(run, runtime, ROWS)
    spent_s = cpu.of_us() - before
    spent_db_s = await _of_databases(*dsns) - before_db
    letters = await runtime.store.dead_letters(runtime.scope, limit=500)
    assert len(letters.items) == ROWS // 1000
    figures["CSV to PostgreSQL, records/s"] = round(ROWS / took_s)
    figures["CPU of the hub, µs a record"] = round(spent_s / ROWS * 1e6, 1)
    figures["CPU of the databases, µs a record"] = round(spent_db_s / ROWS * 1e6, 1)
    figures["bare COPY of the same rows, records/s"] = round(ROWS / bare_s)
    _written(file, found)
    again_s = await _loaded(run, runtime, 2 * ROWS)
    figures["again, nothing changed, records/s"] = round(ROWS / again_s)
    assert (await runtime.store.dead_letters(runtime.scope, limit=500)).items == letters.items


def _connection(database: str, clock: SystemClock) -> Connection:
    address = DSN.partition("//")[2].rpartition("/")[0]
    host, _, port = address.rpartition("@")[2].partition(":")
    place = {"host": host, "port": int(port or 5432), "database": database}
    return Connection("shop", {**place, "user": "postgres", "tls": "off"}, {"none": ""}.__getitem__, clock)


async def bench() -> Mapping[str, float]:
    """Run it all in throw-away databases."""
    admin = await asyncpg.connect(DSN)
    names = [f"flow_bench_{part}_{secrets.token_hex(3)}" for part in ("hub", "shop")]
    for name in names:
        await admin.execute(f'CREATE DATABASE "{name}"')
    hub_dsn, shop_dsn = (f"{DSN.rpartition('/')[0]}/{name}" for name in names)
    figures: dict[str, float] = {}
    found = rows()
    store = PostgresStore(hub_dsn)
    try:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "in"
            place.mkdir()
            owner = await asyncpg.connect(shop_dsn)
            await owner.execute(TABLE)
            await owner.execute(
                "CREATE TABLE status (no text PRIMARY KEY, state text, quantity numeric(14,3))"
            )
            await store.migrate()
            await store.open()
            clock = SystemClock()
            runtime = Runtime(store, clock, SystemIds(), "bench", EngineConfig(), Quiet())
            shop = SQL.read(MANIFEST.encode(), "shop.yaml").connect(_connection(names[1], clock))
            settings = {"root": folder}
            files_at = Connection("folder", settings, {"none": ""}.__getitem__, clock)
            source = FILES.read(FILES_MANIFEST, "folder.yaml").connect(files_at)
            ground = Ground(runtime, Systems({"folder": source, "shop": shop}))
            files = [File("flows", "flows.yaml", FLOWS), File("mappings", "item.yaml", MAPPING)]
            loaded = compile_release(files)
            await Releases(store, Scope.of_engine()).deploy(
                files, by="bench", now=clock.now(), compiled=loaded
            )
            runtime.releases.know(loaded)
            await runtime.releases.refresh()
            collector.ease()
            flow = next(each for each in loaded.flows if each.name == "items")
            run = FlowRun(ground, flow, lambda: None)
            await _file(run, place / "items.csv", found, dsns=(hub_dsn, shop_dsn), figures=figures)
            count = await owner.fetchval("SELECT count(*) FROM item")
            assert count == ROWS - ROWS // 1000, count
            await _events(runtime, ground, figures)
            await source.close()
            await shop.close()
            await owner.close()
    finally:
        await store.close()
        for name in names:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()
    return figures


def main(argv: list[str]) -> None:
    """Print the figures."""
    del argv
    figures = asyncio.run(bench())
    for name, figure in figures.items():
        print(f"{name}: {figure:,}")
    print(json.dumps({"figures": figures}, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
