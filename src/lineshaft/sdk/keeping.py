"""What a connection keeps for itself over a restart: tokens that are exchanged for new ones.

Some targets give a new refresh token with each use and refuse the old one from then on (RFC 6749 §6, RFC 9700
§4.14). So it must be durable before it is used, one worker at a time may exchange it, and all others take
what that one has got.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Keep(Protocol):
    """A connection's own small shelf; a name holds one text, which may be secret."""

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else, in any worker, is inside with this name.

        Raises:
            Unavailable: Somebody else has been inside for too long.
        """
        ...

    async def load(self, name: str) -> str | None:
        """Return what is kept."""
        ...

    async def save(self, name: str, value: str) -> None:
        """Keep a value; it is durable when this returns."""
        ...


class Remembered:
    """Keeps in memory only: a connector by itself, without a hub."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """See ``Keep``."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            yield

    async def load(self, name: str) -> str | None:
        """See ``Keep``."""
        return self._values.get(name)

    async def save(self, name: str, value: str) -> None:
        """See ``Keep``."""
        self._values[name] = value
