"""Short histories in ``make test``, many in ``make proof``; seeds that once failed run for ever."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from simulation.world import Result, World
from support.proof import ProofRecord

SEEDS = Path(__file__).with_name("seeds.txt")
HISTORIES = 2_000


def known_seeds() -> list[int]:
    """Return the seeds that found something once."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def run(seed: int) -> Result:
    result = World(seed).run()
    if result.violations:
        pytest.fail(f"{result}\nadd the seed to {SEEDS.name} together with what mends it", pytrace=False)
    return result


@pytest.mark.parametrize("seed", known_seeds())
def test_history_that_failed_once_keeps_every_promise(seed: int) -> None:
    run(seed)


@pytest.mark.timeout(300)
def test_hub_keeps_every_promise_in_short_histories() -> None:
    for seed in range(HISTORIES):
        run(seed)
