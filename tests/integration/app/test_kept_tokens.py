"""A target that gives a new refresh token with each use: nobody shows an old one, in any worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conformance.connectors.stub_target import SECRETS, StubTarget
from lineshaft.app.config import HubConfig, StoreConfig, read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.stores import make_store
from lineshaft.app.system_clock import SystemClock
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.engine.releases import files_of
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context
from lineshaft.security.audit import Audit
from lineshaft.security.kept_tokens import KeptTokens
from lineshaft.security.secret_shelf import SecretShelf
from lineshaft.security.vault import Vault
from lineshaft.store.port import Store
from unit.api.conftest import FixedTokens

MANIFEST = b"""format: 1
name: stub
auth: {kind: oauth2, grant: refresh_token, token_url: /token, client_auth: none, client_id: secret:user,
       refresh_token: secret:refresh}
operations:
  order.status: {reads_only: true, method: GET, path: /changes, query: {since: 0, page: 1, size: 1}}
check: {path: /changes, query: {since: 0, page: 1, size: 1}}
"""


@pytest.fixture
async def target() -> AsyncIterator[StubTarget]:
    target = StubTarget()
    await target.start()
    yield target
    await target.stop()


@asynccontextmanager
async def running(folder: Path, url: str) -> AsyncIterator[Hub]:
    file = folder / "hub.toml"
    file.write_text(f'[systems.stub]\nbase_url = "{url}"\n', encoding="utf-8")
    environment = {f"LINESHAFT_SECRET_{name.upper()}": value for name, value in SECRETS.items()}
    hub = build(read_config(file=file, options={"data_dir": str(folder)}), environment, tokens=FixedTokens())
    await hub.start()
    try:
        pack = b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n"
        await hub.publish(files_of({"pack.yaml": pack, "systems/stub.yaml": MANIFEST}), by="test", note="")
        yield hub
    finally:
        await hub.stop()


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("hub.db*"))


async def test_a_refresh_token_survives_a_restart_and_is_nowhere_in_the_clear(
    tmp_path: Path, target: StubTarget
) -> None:
    shown: list[set[str]] = []
    for _ in range(2):
        async with running(tmp_path, target.url) as hub:
            steps = await hub.connections.check("stub")
            # The clock of the stand-in stands still, which the last step tells.
            assert all(step.ok for step in steps[:3]), [str(step.detail) for step in steps]
            shown.append(set(target.refresh_tokens))
        # Its access token ends while the hub is away.
        target.sessions.clear()
    assert len({frozenset(each) for each in shown}) == 2, (
        "each start exchanged the token that the last one got"
    )
    stored = content_of(tmp_path)
    for tokens in shown:
        for token in tokens:
            assert token.encode() not in stored


@asynccontextmanager
async def workers(store: Store, vault: Vault, url: str, count: int) -> AsyncIterator[list[HttpConnector]]:
    clock = SystemClock()
    found = []
    for number in range(count):
        tokens = KeptTokens(store, clock, "default", lambda: vault, f"worker-{number}")
        settings, secret = {"base_url": url}, SECRETS.__getitem__
        connection = Connection("stub", settings, secret, clock, keep=tokens.of("stub"))
        connector = HTTP.read(MANIFEST, "stub.yaml").connect(connection)
        await connector.open()
        found.append(connector)
    try:
        yield found
    finally:
        for connector in found:
            await connector.close()


async def test_two_workers_share_one_token_and_never_exchange_the_same_one_twice(
    tmp_path: Path, target: StubTarget
) -> None:
    store = make_store(
        HubConfig(data_dir=tmp_path, store=StoreConfig(url=f"sqlite:///{tmp_path / 'hub.db'}"))
    )
    await store.open()
    try:
        async with workers(store, Vault([bytes(32)]), target.url, 2) as connectors:
            for turn in range(4):
                calls = [
                    connectors[index % 2].call("order.status", {}, context(f"{turn}/{index}"))
                    for index in range(10)
                ]
                # A token that is shown twice ends them all: one such mistake, and every further call fails.
                await asyncio.gather(*calls)
                if turn % 2:
                    target.sessions.clear()
            assert len(target.refresh_tokens) == 1
    finally:
        await store.close()


async def test_kept_tokens_come_under_the_newest_master_key_with_the_secrets() -> None:
    store = make_store(HubConfig(store=StoreConfig(url="memory:")))
    await store.open()
    clock, old, new = SystemClock(), bytes(32), b"n" * 32
    try:
        kept = KeptTokens(store, clock, "default", lambda: Vault([old]), "w").of("stub")
        await kept.save("oauth2", "refresh-8161")
        shelf = SecretShelf(store, clock, Audit(store, clock, "default"), lambda: Vault([new, old]))
        assert await shelf.reseal() == 1
        again = KeptTokens(store, clock, "default", lambda: Vault([new]), "w").of("stub")
        assert await again.load("oauth2") == "refresh-8161"
        assert await kept.load("oauth2") is None
    finally:
        await store.close()


async def test_other_credentials_begin_anew_and_a_lost_key_asks_the_person_again(
    tmp_path: Path, target: StubTarget
) -> None:
    store = make_store(HubConfig(data_dir=tmp_path, store=StoreConfig(url="memory:")))
    await store.open()
    try:
        async with workers(store, Vault([bytes(32)]), target.url, 1) as [connector]:
            await connector.call("order.status", {}, context("a"))
        # The master key is lost; a person has authorised the hub anew, under the same name.
        target.refresh_tokens, target.sessions = {SECRETS["refresh"]}, set()
        async with workers(store, Vault([b"x" * 32]), target.url, 1) as [connector]:
            await connector.call("order.status", {}, context("b"))
            target.sessions.clear()
            await connector.call("order.status", {}, context("c"))
        assert SECRETS["refresh"] not in target.refresh_tokens
    finally:
        await store.close()
