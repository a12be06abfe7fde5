"""Sends what subscriptions wait for: signed, to declared hosts only, one process at a time."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp

from lineshaft.api.json_edge import dumps
from lineshaft.app.config import SubscriptionsConfig
from lineshaft.base.clock import Clock
from lineshaft.base.errors import HubError, InputError
from lineshaft.engine.outlets import Kept, Outcome, Outlets, Sent, body_of, check_url
from lineshaft.security.secrets import Secrets
from lineshaft.security.signed_webhooks import secret_of, signed_headers
from lineshaft.security.tokens import write_private
from lineshaft.store.port import Store

SOURCE: Final = "outlets"
KEY_NAME: Final = "subscriptions_key"
_LEASE_S: Final = 60.0
_LOOK_S: Final = 0.5
_AT_ONCE: Final = 20
"""Deliveries under way at the same time."""
_ANSWER_BYTES_MAX: Final = 2_000


class WebhookKey:
    """The key that all subscriptions' secrets are made from; read (or made) when it is first needed."""

    def __init__(self, secrets_: Secrets, data_dir: Path) -> None:
        self._secrets = secrets_
        self._path = data_dir / "subscriptions.key"
        self._key: bytes | None = None

    def __call__(self) -> bytes:
        """Return it: the secret ``subscriptions_key``, else the file of that name in the data folder."""
        if self._key is None:
            if KEY_NAME in self._secrets:
                self._key = self._secrets(KEY_NAME).encode()
            else:
                if not self._path.exists():
                    write_private(self._path, secrets.token_hex(32))
                self._key = self._path.read_text(encoding="utf-8").strip().encode()
        return self._key

    def secrets_of(self, kept: Kept, now: object) -> list[str]:
        """Return the secrets that sign now: the present one, and the former one while they overlap."""
        what = kept.what
        found = [secret_of(self(), kept.id, what.generation)]
        if what.former_until is not None and what.former_until > now:  # type: ignore[operator]
            found.append(secret_of(self(), kept.id, what.generation - 1))
        return found


class Outgoing:
    """Carries deliveries out."""

    def __init__(
        self, store: Store, outlets: Outlets, key: WebhookKey, clock: Clock, config: SubscriptionsConfig
    ) -> None:
        self._store = store
        self._outlets = outlets
        self._key = key
        self._clock = clock
        self._config = config
        self._session: aiohttp.ClientSession | None = None

    async def run(self, worker: str) -> None:
        """Send until it is cancelled."""
        try:
            while True:
                busy = False
                try:
                    if await self._store.acquire_source(worker, SOURCE, _LEASE_S) is not None:
                        busy = await self.send_due()
                except HubError:
                    # The store is away, or somebody changed a row at this moment: look again.
                    pass
                await asyncio.sleep(0.02 if busy else _LOOK_S)
        finally:
            if self._session is not None:
                await self._session.close()

    async def send_due(self) -> bool:
        """Turn new facts into deliveries and send what is due; return whether there was anything."""
        read = await self._outlets.spread()
        due = await self._outlets.due()
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(sent: Sent, kept: Kept) -> None:
            async with places:
                outcome = await self._send(sent, kept)
                give_up = timedelta(hours=self._config.give_up_h)
                await self._outlets.settle(sent, outcome, give_up)

        # One after another for each receiver: its health is told in the order of the tries.
        by_receiver: dict[str, list[tuple[Sent, Kept]]] = {}
        for sent, kept in due:
            by_receiver.setdefault(kept.id, []).append((sent, kept))

        async def row(items: list[tuple[Sent, Kept]]) -> None:
            for sent, kept in items:
                await one(sent, kept)

        await asyncio.gather(*(row(items) for items in by_receiver.values()))
        return bool(read or due)

    async def _send(self, sent: Sent, kept: Kept) -> Outcome:
        try:
            # The configuration may have changed since the subscription was made.
            check_url(kept.what.url, self._outlets.hosts)
        except InputError as error:
            return Outcome(error=str(error))
        now = self._clock.now()
        body = body_of(sent.what, dumps)
        headers: Mapping[str, str] = {
            "content-type": "application/json",
            "user-agent": "lineshaft",
            **signed_headers(self._key.secrets_of(kept, now), sent.what.fact, now, body),
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._config.timeout_s), trust_env=False
            )
        started = time.perf_counter()
        try:
            async with self._session.post(
                kept.what.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                told = (await answer.content.read(_ANSWER_BYTES_MAX)).decode("utf-8", "replace")
                took = int((time.perf_counter() - started) * 1000)
                said = "" if 200 <= answer.status < 300 else told.replace("\0", "�")
                return Outcome(answer.status, said, took, gone=answer.status == 410)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            took = int((time.perf_counter() - started) * 1000)
            return Outcome(error=f"{type(error).__name__}: {error}", took_ms=took)
