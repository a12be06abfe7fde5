"""A hub whose database takes nothing says so, takes nothing in, and goes on by itself when that is over."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from lineshaft.app import hub as hub_module
from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.store.sqlite import SqliteStore
from support.cut_wire import Break, CutWire
from support.postgres import throw_away_database
from support.store_lab import template_file
from support.waiting import until

TOKEN = {"authorization": "Bearer admin-token"}


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    await template_file(tmp_path / "hub.db")
    # A lock is waited for shortly, so that the test need not wait long.
    monkeypatch.setattr(
        hub_module, "make_store", lambda config: SqliteStore(config.sqlite_path, busy_timeout_s=0.1)
    )
    options = {"data_dir": str(tmp_path), "engine.heartbeat_s": 0.2, "engine.lease_ttl_s": 3.0}
    found = build(read_config(options=options), {})
    await found.start()
    _, token = await found.guards.tokens.create(_wish(), None)
    TOKEN["authorization"] = f"Bearer {token}"
    yield found
    await found.stop()


def _wish() -> Any:
    from lineshaft.security.tokens import TokenWish

    return TokenWish("sender", ["admin"])


async def send(hub: Hub, number: int) -> tuple[int, Any]:
    event = {"specversion": "1.0", "id": f"e-{number}", "source": "shop", "type": "shop.sold", "data": {}}
    headers = {**TOKEN, "content-type": "application/cloudevents+json"}
    status, content = await call_asgi(
        hub.application, "POST", "/api/v1/events", headers, json.dumps(event).encode()
    )
    return status, json.loads(content)


async def health(hub: Hub) -> tuple[int, Any]:
    status, content = await call_asgi(hub.application, "GET", "/api/v1/health", {}, b"")
    return status, json.loads(content)


async def answers(hub: Hub, status: int) -> bool:
    return (await health(hub))[0] == status


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@contextmanager
def full_disk(hub: Hub) -> Iterator[None]:
    """Let the file grow no more: what a full disk means, without filling this machine's."""
    store: Any = hub.store
    connection = store._file.connection

    def limit(pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    limit(1)  # as many as there are
    yield
    limit(1_000_000)


@pytest.mark.parametrize(("trouble", "reason"), [("lock", "database_locked"), ("full", "disk_full")])
async def test_hub_says_what_is_wrong_takes_nothing_in_and_goes_on_afterwards(
    hub: Hub, tmp_path: Path, trouble: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lineshaft")
    assert (await send(hub, 0))[0] == 202
    hub.intake.wait_s = 1.0
    number = 0
    with locked_file(tmp_path / "hub.db") if trouble == "lock" else full_disk(hub):
        status = 202
        while status == 202:  # until the last free page is used up
            number += 1
            status, answer = await send(hub, number)
        assert (status, answer["code"]) == (503, "store_unavailable")
        await until(lambda: answers(hub, 503))
        status, said = await health(hub)
        assert (status, said["status"], said["reason"]) == (503, "down", reason)
        assert str(tmp_path) not in json.dumps(said)
        status, answer = await send(hub, number + 1)
        assert status == 503
        assert said["problem"]["en"] in answer["detail"]
    await until(lambda: answers(hub, 200))
    assert (await send(hub, number + 1))[0] == 202
    again = (await send(hub, number))[1]["items"][0]["verdict"]
    assert again in ("accepted", "duplicate")
    told = [record.getMessage() for record in caplog.records if "the hub takes" in record.getMessage()]
    assert len(told) == 2
    assert told[-1] == "the hub takes everything in again"


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("how", ["refuse", pytest.param("swallow", marks=pytest.mark.proof)])
async def test_hub_whose_postgres_is_away_says_so_takes_nothing_in_and_goes_on_when_it_is_back(
    database: str, tmp_path: Path, how: Break
) -> None:
    server = urlsplit(database)
    wire = CutWire(server.port or 5432)
    await wire.start()
    address = urlunsplit(server._replace(netloc=f"{server.username}@127.0.0.1:{wire.port}"))
    options = {"data_dir": str(tmp_path), "store.url": address, "engine.heartbeat_s": 0.2}
    hub = build(read_config(options=options), {})
    await hub.store.migrate()
    await hub.start()
    try:
        _, token = await hub.guards.tokens.create(_wish(), None)
        TOKEN["authorization"] = f"Bearer {token}"
        assert (await send(hub, 0))[0] == 202
        hub.intake.wait_s = 1.0
        await wire.cut(how)
        await until(lambda: answers(hub, 503))
        _, said = await health(hub)
        assert (said["status"], said["reason"]) == ("down", "database_away")
        assert database not in json.dumps(said)
        assert address not in json.dumps(said)
        status, answer = await send(hub, 1)
        assert (status, answer["code"]) == (503, "store_unavailable")
        await wire.mend()
        await until(lambda: answers(hub, 200))
        assert (await send(hub, 1))[0] == 202
    finally:
        await wire.mend()
        await hub.stop()
        wire.close()
