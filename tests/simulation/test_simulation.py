"""Short histories in ``make test``, many in ``make proof``; seeds that once failed run for ever."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulation.world import Result, World
from support.proof import ProofRecord
from tools import machine

SEEDS = Path(__file__).with_name("seeds.txt")
ROOT = Path(__file__).resolve().parents[2]
HISTORIES = 600
PROOF_STEPS = 1_000_000

# A process that is killed leaves coroutines behind that never began: that is what a crash is.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def known_seeds() -> list[int]:
    """Return the seeds that found something once."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def run(seed: int) -> Result:
    result = World(seed).run()
    if result.violations:
        pytest.fail(f"{result}\nadd the seed to {SEEDS.name} together with what mends it", pytrace=False)
    return result


@contextmanager
def collected_between() -> Iterator[None]:
    """What crashes leave behind goes between histories: in the midst of one it would be told in odd places.

    What the tests before have left is not looked through again and again.
    """
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        gc.collect()


@pytest.mark.parametrize("seed", known_seeds())
def test_history_that_failed_once_keeps_every_promise(seed: int) -> None:
    run(seed)


@pytest.mark.timeout(600)
def test_hub_keeps_every_promise_in_short_histories() -> None:
    # The same seeds every time, so that a failure stays found; `make proof` goes where nobody was before.
    started = time.perf_counter()
    steps = 0
    histories = machine.effort(HISTORIES)
    with collected_between():
        for seed in range(histories):
            steps += run(seed).steps
            if seed % 100 == 0:
                gc.collect()
    print(f"{histories} histories, {steps} simulated steps, {time.perf_counter() - started:.0f} s")


def test_history_is_the_same_when_it_is_told_again_in_another_process() -> None:
    program = "from simulation.world import World; r = World(7).run(); print(r.steps, r.digest)"
    told = set()
    for hash_seed in ("1", "2"):
        finished = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests"))),
            },
        )
        told.add(finished.stdout)
    assert len(told) == 1, told


@pytest.mark.proof
def test_hub_keeps_every_promise_through_a_million_simulated_steps(proof_record: ProofRecord) -> None:
    first = int(os.environ.get("LINESHAFT_TEST_SEED", "0")) or int.from_bytes(os.urandom(4)) << 20
    print(f"first seed {first} (LINESHAFT_TEST_SEED)")
    figures: Counter[str] = Counter()
    seed = first
    with collected_between():
        while figures["simulated steps"] < PROOF_STEPS:
            result = run(seed)
            figures += result.figures
            figures["simulated steps"] += result.steps
            figures["histories"] += 1
            seed += 1
            if seed % 100 == 0:
                gc.collect()
    order = ("simulated steps", "histories", "steps of instances", "instances", "calls")
    rest = sorted(set(figures) - set(order))
    record = {name: figures[name] for name in (*order, *rest)}
    proof_record("simulation", {**record, "violations": 0}, seed=first)
