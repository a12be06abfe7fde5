"""PostgreSQL for tests: one throw-away database per test session on a server that is there already.

The server is named by ``LINESHAFT_TEST_POSTGRES`` (a DSN), else it is looked for on this machine. Where there
is none, tests are skipped visibly, and fail when ``CI`` is true.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

DEFAULT_DSN = "postgresql://postgres@127.0.0.1:5432/postgres"


def server_dsn() -> str:
    return os.environ.get("LINESHAFT_TEST_POSTGRES") or DEFAULT_DSN


def missing(reason: str) -> None:
    """Skip, or fail where everything must be there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def with_database(dsn: str, name: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


def place_of(dsn: str) -> dict[str, str | int]:
    """Return the same place as the settings of a connection."""
    parts = urlsplit(dsn)
    host, user = parts.hostname or "127.0.0.1", parts.username or "postgres"
    return {"host": host, "port": parts.port or 5432, "database": parts.path.strip("/"), "user": user}


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@contextmanager
def throw_away_database(template: str = "template1") -> Iterator[str]:
    """Create a database, yield its DSN, drop it."""
    dsn = server_dsn()
    name = f"lineshaft_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(_execute(dsn, f"CREATE DATABASE {name} TEMPLATE {template}"))
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        missing(f"no PostgreSQL at {dsn}: {error}")
    try:
        yield with_database(dsn, name)
    finally:
        asyncio.run(_execute(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
