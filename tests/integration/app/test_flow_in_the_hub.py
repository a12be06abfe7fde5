"""A flow in a whole hub: events become rows of a system; a missing code holds back just its records."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.base.errors import DefinitionError
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from support.waiting import until
from unit.api.conftest import FixedTokens

SYSTEM = b"""format: 1
connector: sql
name: board
label: {en: Board, zh: Board}
database: {dialect: sqlite}
tables:
  stock:
    table: stock
    writable: true
    key: [place]
    columns: {place: string, material: string, quantity: number}
operations:
  stock.save:
    table: stock
    action: upsert
    values: {place: payload.place, material: payload.material, quantity: payload.quantity}
    safety: {kind: natural_key, columns: [place]}
"""
MAPPING = b"""format: 1
name: stock
from: shop.stock
to: board.stock
fields:
  place: record.place
  material: {lookup: {kind: product, from: shop, to: board, id: record.item}}
  quantity: record.quantity
"""
FLOWS = b"""format: 1
flows:
  - name: stocks
    from: {event: shop.stock, record: data, key: record.place, version: record.version}
    to: {system: board, write: stock.save, map: stock}
"""
FILES = {
    "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
    "systems/board.yaml": SYSTEM,
    "mappings/stock.yaml": MAPPING,
    "flows/stocks.yaml": FLOWS,
}
WAITING = "product:shop:M-77"


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Hub]:
    config = folder / "hub.toml"
    board = folder / "board.db"
    config.write_text(f'[engine]\npoll_s = 0.1\nheartbeat_s = 0.2\n[systems.board]\nfile = "{board}"\n')
    with contextlib.closing(sqlite3.connect(board)) as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS stock"
            " (place TEXT NOT NULL PRIMARY KEY, material TEXT, quantity NUMERIC)"
        )
    hub = build(read_config(file=config, options={"data_dir": str(folder)}), {}, tokens=FixedTokens())
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def ask(hub: Hub, method: str, path: str, body: object = None) -> Any:
    sent = {"authorization": "Bearer admin-token", "content-type": "application/json"}
    content = json.dumps(body).encode() if body is not None else b""
    status, answer = await call_asgi(hub.application, method, f"/api/v1{path}", sent, content)
    assert status < 300, answer
    return json.loads(answer)


async def tell(hub: Hub, place: str, item: str, *, quantity: int, version: int) -> None:
    facts = {"place": place, "item": item, "quantity": quantity, "version": version}
    await hub.intake.accept([Incoming("shop", f"{place}/{version}", "shop.stock", facts, key=place)])


def rows(folder: Path) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "board.db")) as database:
        return database.execute("SELECT place, material, quantity FROM stock ORDER BY place").fetchall()


async def bind(hub: Hub, shop: str, board: str) -> None:
    wish = {"object_type": "product", "system": "board", "local_id": board, "siblings": {"shop": shop}}
    await ask(hub, "PUT", "/bindings", {"items": [wish]})


@pytest.mark.timeout(60)
async def test_records_wait_for_exactly_their_code_and_the_newest_state_is_written(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.publish(files_of(FILES), by="test", note="")
        await bind(hub, "M-1", "B-1")
        await tell(hub, "A-01", "M-77", quantity=5, version=1)
        await tell(hub, "A-02", "M-1", quantity=7, version=1)

        async def one_waits() -> bool:
            waiting = await hub.store.awaited(hub.scope, references=[WAITING])
            return rows(tmp_path) == [("A-02", "B-1", 7)] and bool(waiting)

        await until(one_waits)
        [line] = (await ask(hub, "GET", "/waiting-references"))["items"]
        assert line["text"]["en"].startswith("1 wait")

    # Another process carries on with what waits.
    async with running(tmp_path) as hub:
        await bind(hub, "M-77", "B-77")

        async def written() -> bool:
            return rows(tmp_path) == [("A-01", "B-77", 5), ("A-02", "B-1", 7)]

        await until(written)
        await tell(hub, "A-02", "M-1", quantity=9, version=3)
        await tell(hub, "A-02", "M-1", quantity=8, version=2)

        async def settled() -> bool:
            flow = await ask(hub, "GET", "/flows/stocks")
            counts = flow["counts"]
            return bool(counts.get("late", 0) + counts.get("older", 0)) and rows(tmp_path)[1][2] == 9

        await until(settled)


@pytest.mark.timeout(60)
async def test_a_paused_flow_takes_events_in_and_writes_them_when_it_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.publish(files_of(FILES), by="test", note="")
        await bind(hub, "M-1", "B-1")
        await ask(hub, "POST", "/flows/stocks/pause", {"reason": "stock taking"})
        [shown] = await ask(hub, "GET", "/flows")
        assert (shown["status"], shown["reason"]) == ("paused", "stock taking")

        async def obeyed() -> bool:
            return FlowState.of(await hub.store.cursor(hub.scope, source_name("stocks"))).handled == 1

        await until(obeyed)
        await tell(hub, "A-01", "M-1", quantity=5, version=1)

        async def waits() -> bool:
            return bool(await hub.store.flow_backlog(hub.scope))

        await until(waits)
        assert rows(tmp_path) == []
        await ask(hub, "POST", "/flows/stocks/resume")

        async def written() -> bool:
            return rows(tmp_path) == [("A-01", "B-1", 5)]

        await until(written)


async def test_a_release_with_a_flow_that_reaches_nothing_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        wrong = FLOWS.replace(b"write: stock.save", b"write: stock.sav")
        with pytest.raises(DefinitionError, match="stocks: Expected an operation of board"):
            await hub.publish(files_of({**FILES, "flows/stocks.yaml": wrong}), by="test", note="")
