"""MariaDB for tests: a server that is there already, and whoever may make databases in it.

It is named by ``LINESHAFT_TEST_MARIADB`` (``mysql://user:password@host:port``), else it is looked for on this
machine. Where there is none, tests are skipped visibly, and fail when ``CI`` is true.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiomysql  # type: ignore[import-untyped]

from support.postgres import missing


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and its owner's way in."""

    host: str
    port: int
    user: str
    password: str

    async def connect(self, **options: Any) -> Any:
        """Return a connection of the owner's; skip where no server answers."""
        try:
            return await aiomysql.connect(**self._who(), autocommit=True, **options)
        except (OSError, aiomysql.MySQLError) as error:
            missing(f"no MariaDB at {self.host}:{self.port}: {error}")

    async def pool(self, size: int) -> Any:
        """Return a pool of the owner's connections; skip where no server answers."""
        (await self.connect()).close()
        return await aiomysql.create_pool(**self._who(), autocommit=True, maxsize=size)

    def _who(self) -> dict[str, Any]:
        return {"host": self.host, "port": self.port, "user": self.user, "password": self.password}


def server() -> Server:
    """Return the server that tests use."""
    parts = urlsplit(os.environ.get("LINESHAFT_TEST_MARIADB") or "mysql://root@127.0.0.1:3306")
    host, user = parts.hostname or "127.0.0.1", parts.username or "root"
    return Server(host, parts.port or 3306, user, parts.password or "")


@asynccontextmanager
async def throw_away_schema(stem: str) -> AsyncIterator[tuple[str, Any]]:
    """Create a database, yield its name and its owner's connection to it, drop it."""
    name = f"{stem}_{secrets.token_hex(4)}"
    owner = await server().connect()
    async with owner.cursor() as cursor:
        await cursor.execute(f"CREATE DATABASE {name}")
        await cursor.execute(f"USE {name}")
    try:
        yield name, owner
    finally:
        async with owner.cursor() as cursor:
            await cursor.execute(f"DROP DATABASE {name}")
        owner.close()
