"""The fault matrix on PostgreSQL: each fault with real processes and a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.fault_cells import (
    FAULTS,
    LABS,
    POINTS,
    POSTGRES_DISK_MB,
    SLUGS,
    Cell,
    own_server,
    postgres_cell,
    recorded,
    small_disk,
)
from support.fault_lab import Nursery
from support.proof import ProofRecord
from tools.postgres import ThrowAwayPostgres


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ThrowAwayPostgres]:
    with own_server() as found:
        yield found


@pytest.mark.proof
@pytest.mark.parametrize("one", FAULTS, ids=lambda one: SLUGS[one.name])
async def test_nothing_is_lost_or_done_twice_on_postgres(
    one: Cell, nursery: Nursery, server: ThrowAwayPostgres, tmp_path: Path, proof_record: ProofRecord
) -> None:
    with ExitStack() as stack:
        used = server
        if one.disk_full:
            disk = stack.enter_context(small_disk(POSTGRES_DISK_MB))
            used = stack.enter_context(own_server(disk))
        found = await postgres_cell(one, POINTS, 2 if one.shared else LABS, nursery, used, tmp_path)
    recorded("postgres", one, found, proof_record)
