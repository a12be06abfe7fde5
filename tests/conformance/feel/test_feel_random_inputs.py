"""Robustness: random inputs in a child process with a memory limit and a deadline."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import machine

_HERE = Path(__file__).resolve().parent


def _random_inputs(seed: int, count: int, seconds: float) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(_HERE.parents[2] / "src"), "PYTHONWARNINGS": "error"}
    print(f"seed {seed}")
    done = subprocess.run(
        [sys.executable, str(_HERE / "feel_random.py"), str(seed), str(count), str(seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-3000:]}"
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert report["slowest"][0] < 5, report
    return report


def test_random_inputs_raise_nothing_but_errors_of_the_language() -> None:
    report = _random_inputs(random.SystemRandom().randrange(1 << 30), machine.effort(5_000), 20)
    assert report["done"] >= 1_000
    assert set(report["outcomes"]) >= {"value", "syntax", "null"}


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_hundred_thousand_random_inputs_raise_nothing_but_errors_of_the_language(
    proof_record: Any,
) -> None:
    inputs = 0
    for part in range(4):
        report = _random_inputs(random.SystemRandom().randrange(1 << 30), 25_000, 180)
        assert report["done"] == 25_000, (part, report)
        inputs += report["done"]
    proof_record("feel-random-inputs", {"inputs": inputs, "foreign exceptions": 0})
