"""The three makes: every test of this folder runs on each of them, unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lineshaft.store.port import Store
from support.postgres import throw_away_database
from support.store_lab import Lab, MemoryLab, PostgresLab, SqliteLab, closing, created, template_file


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    asyncio.run(template_file(path))
    return path


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    with throw_away_database() as dsn:
        asyncio.run(created(dsn))
        yield dsn


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))],
)
def fresh_lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    if request.param == "memory":
        return MemoryLab()
    if request.param == "sqlite":
        return SqliteLab(tmp_path, request.getfixturevalue("sqlite_template"))
    return PostgresLab(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
async def lab(fresh_lab: Lab) -> AsyncIterator[Lab]:
    async with closing(fresh_lab):
        await fresh_lab.empty()
        yield fresh_lab


@pytest.fixture
async def store(lab: Lab) -> Store:
    return await lab.open()
