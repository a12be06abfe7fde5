"""Crash test with real processes: kill -9 and SIGSTOP beyond the lease, on SQLite and on PostgreSQL.

A short form in every run, fifty kills in `make proof`.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.crash_lab import CrashLab
from support.postgres import throw_away_database
from support.proof import ProofRecord

SEED = int(os.environ.get("LINESHAFT_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@asynccontextmanager
async def running(lab: CrashLab) -> AsyncIterator[CrashLab]:
    print(f"seed {lab.seed} (LINESHAFT_TEST_SEED), files in {lab.folder}")
    await lab.start()
    try:
        yield lab
    finally:
        lab.end()


async def prove(lab: CrashLab) -> None:
    async with running(lab):
        await lab.run()
        await lab.judge()
        await lab.decide()
        await lab.judge()
    print(f"crash test on {lab.address.partition(':')[0]}: {dict(lab.figures)}")


async def test_sqlite_hub_does_each_call_once_when_it_is_killed_and_stopped(tmp_path: Path) -> None:
    await prove(CrashLab(str(tmp_path / "hub.sqlite"), tmp_path, 1, SEED, instances=30, kills=3, stops=1))


@pytest.mark.needs("postgres")
async def test_two_workers_do_each_call_once_when_they_are_killed_and_stopped(
    tmp_path: Path, database: str
) -> None:
    await prove(CrashLab(database, tmp_path, 2, SEED, instances=40, kills=3, stops=2))


@pytest.mark.proof
async def test_sqlite_hub_does_500_instances_once_through_50_kills(
    tmp_path: Path, proof_record: ProofRecord
) -> None:
    lab = CrashLab(str(tmp_path / "hub.sqlite"), tmp_path, 1, SEED, instances=500, kills=50, stops=20)
    await prove(lab)
    proof_record("crash-sqlite", dict(lab.figures), seed=SEED)


@pytest.mark.proof
@pytest.mark.needs("postgres")
async def test_two_workers_do_500_instances_once_through_50_kills(
    tmp_path: Path, database: str, proof_record: ProofRecord
) -> None:
    lab = CrashLab(database, tmp_path, 2, SEED, instances=500, kills=50, stops=20)
    await prove(lab)
    proof_record("crash-postgres", dict(lab.figures), seed=SEED)
