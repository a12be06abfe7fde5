"""Places for a store of each SQL make, and processes that work on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import throw_away_database
from support.store_process import Place


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture
def fresh_postgres_dsn() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place where no store is yet."""
    if request.param == "sqlite":
        yield Place("sqlite", str(tmp_path / "store.sqlite"))
        return
    with throw_away_database() as dsn:
        yield Place("postgres", dsn)
