"""The fault matrix on SQLite: each fault with real processes; the whole in ``make proof``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from support import fault_acts as acts
from support.fault_cells import (
    FAULTS,
    LABS,
    POINTS,
    SEED,
    SLUGS,
    SQLITE_DISK_MB,
    Cell,
    recorded,
    small_disk,
    sqlite_cell,
)
from support.fault_lab import Nursery
from support.proof import ProofRecord
from support.store_lab import template_file


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "template.sqlite"
    asyncio.run(template_file(path))
    return path


@pytest.mark.proof
@pytest.mark.parametrize("one", FAULTS, ids=lambda one: SLUGS[one.name])
async def test_nothing_is_lost_or_done_twice_on_sqlite(
    one: Cell, nursery: Nursery, template: Path, tmp_path: Path, proof_record: ProofRecord
) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(SQLITE_DISK_MB)) if one.disk_full else None
        labs = 2 if disk is not None else LABS
        found = await sqlite_cell(one, POINTS, labs, nursery, template, tmp_path, disk)
    recorded("sqlite", one, found, proof_record)


def test_hub_loses_nothing_and_does_nothing_twice_in_a_short_form_of_the_matrix(
    nursery: Nursery, template: Path, tmp_path: Path
) -> None:
    cheap = [one for one in FAULTS if one.fault in ("lost reply", "http 500") or one.repeats]
    cheap += [one for one in FAULTS if one.act in (acts.kill_hub, acts.cut_network)]

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(cheap):
                folder = tmp_path / str(number)
                folder.mkdir()
                small = replace(one, orders_min=6)
                group.create_task(sqlite_cell(small, 3, 1, nursery, template, folder))

    print(f"seed {SEED} (LINESHAFT_TEST_SEED)")
    asyncio.run(all_at_once())
