"""Tokens that connections exchange for new ones, sealed in the store: for all workers, over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import HubError, Unavailable
from lineshaft.base.text import text
from lineshaft.security.records import TRIES, Shelf, changed_meanwhile, written
from lineshaft.security.secret_shelf import TOKENS, SealedSecret, purpose_of
from lineshaft.security.signing_in import Vaults
from lineshaft.store.port import Store

HOLD_S: Final = 60.0
"""How long one worker may be inside; longer than a request to a token endpoint may take."""
WAIT_S: Final = 45.0
_LOOK_S: Final = 0.1


class KeptTokens:
    """The shelves of all connections of one worker."""

    def __init__(self, store: Store, clock: Clock, tenant: str, vault: Vaults, worker: str) -> None:
        self.store = store
        self.clock = clock
        self.vault = vault
        self.worker = worker
        self.shelf: Shelf[SealedSecret] = Shelf(store, tenant, TOKENS, SealedSecret)
        self.locks: dict[str, asyncio.Lock] = {}

    def of(self, system: str) -> KeptOfSystem:
        """Return the shelf of one connection."""
        return KeptOfSystem(self, system)


class KeptOfSystem:
    """One connection's shelf: ``lineshaft.sdk.keeping.Keep``."""

    def __init__(self, tokens: KeptTokens, system: str) -> None:
        self._tokens = tokens
        self._system = system

    def __repr__(self) -> str:
        return f"KeptOfSystem({self._system})"

    def _key(self, name: str) -> str:
        return f"{self._system}/{name}"

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Wait for the lease of this name, hold it, and give it back."""
        tokens, source = self._tokens, f"token/{self._key(name)}"
        # The lease is the worker's: two connectors of one worker keep apart by themselves.
        async with tokens.locks.setdefault(source, asyncio.Lock()):
            end = tokens.clock.monotonic() + WAIT_S
            while await tokens.store.acquire_source(tokens.worker, source, HOLD_S) is None:
                if tokens.clock.monotonic() > end:
                    raise Unavailable(
                        text(
                            "{system}: another worker has been fetching a token for too long",
                            "{system}:另一工作进程获取令牌超时",
                            system=self._system,
                        ),
                        code="login_unavailable",
                    )
                await asyncio.sleep(_LOOK_S)
            try:
                yield
            finally:
                await tokens.store.acquire_source(tokens.worker, source, 0.0)

    async def load(self, name: str) -> str | None:
        """Return what is kept; ``None`` too where its master key is lost: then one logs in anew."""
        kept = await self._tokens.shelf.get(self._key(name))
        if kept is None:
            return None
        try:
            return self._tokens.vault().open(kept.value.sealed, purpose_of(TOKENS, kept.id))
        except HubError:
            return None

    async def save(self, name: str, value: str) -> None:
        """Seal a value and write it."""
        tokens, key = self._tokens, self._key(name)
        sealed = tokens.vault().seal(value, purpose_of(TOKENS, key))
        for _ in range(TRIES):
            kept, now = await tokens.shelf.get(key), tokens.clock.now()
            secret = SealedSecret(sealed, now, tokens.worker)
            if await written(tokens.store, tokens.shelf.put(key, secret, kept, now)):
                return
        raise changed_meanwhile(key)
