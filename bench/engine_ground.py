"""What the benchmarks of the engine stand on: a database of their own, the loop, an observer that is loud."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from lineshaft.base.scope import Scope

Result = TypeVar("Result")
SCOPE = Scope.of_engine()


class Loud:
    """The observer: nothing may go wrong here."""

    def bug(self, where: str, error: BaseException) -> None:
        print(f"bug in {where}: {error!r}", file=sys.stderr)

    def trouble(self, where: str, error: BaseException) -> None:
        print(f"trouble in {where}: {error!r}", file=sys.stderr)


class fresh_database:  # noqa: N801 - a context manager by use
    """A database of its own, dropped afterwards."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"lineshaft_bench_{secrets.token_hex(4)}"

    def __enter__(self) -> str:
        asyncio.run(execute(self._server, f"CREATE DATABASE {self._name}"))
        return urlunsplit(urlsplit(self._server)._replace(path=f"/{self._name}"))

    def __exit__(self, *_: object) -> None:
        asyncio.run(execute(self._server, f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)"))


async def execute(dsn: str, sql: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on the loop the hub uses."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def server() -> str | None:
    """Return the PostgreSQL to measure on, or ``None`` where none answers."""
    given = os.environ.get("LINESHAFT_TEST_POSTGRES") or "postgresql://postgres@127.0.0.1:5432/postgres"
    try:
        asyncio.run(execute(given, "SELECT 1"))
    except OSError:
        return None
    return given
