"""How fast this machine is, so that a limit in seconds judges the code and not the machine.

The budgets of the kinds of tests hold for a machine of reference, on which the work below takes
``REFERENCE_S``: there SpiffWorkflow runs the order process of ``bench/kernel_bench.py`` 870 times a second.
Machines of the same name and number of cores differ by more than a factor of two in that, above all in how
fast they reach memory. A slower one gets more time in proportion, up to ``MOST``; a faster one no less.
"""

from __future__ import annotations

import copy
import os
import statistics
import threading
import time
from typing import Final

REFERENCE_S: Final = 0.02
MOST: Final = 2.0
"""As far as machines of one name have been seen to differ."""
VARIABLE: Final = "LINESHAFT_TEST_SLOWNESS"
"""Says the factor instead of measuring it."""
_NUMBERS: Final = range(1_500)
_PAUSE_S: Final = 10.0
_SAMPLES: Final = 9


class Watch:
    """Measures again and again while a run goes on: how fast a machine is at its start says little."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def start(self) -> Watch:
        """Begin to measure, beside everything else."""
        self._thread.start()
        return self

    def stop(self) -> float:
        """Stop; return how many times as long as on the machine of reference work took: 1 … ``MOST``."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if told := os.environ.get(VARIABLE):
            return float(told)
        return factor(self._seconds)

    def _measure(self) -> None:
        while True:
            self._seconds.append(_work())
            if self._over.wait(_PAUSE_S):
                return


def factor(seconds: list[float]) -> float:
    """Return the slowness that measured times of the work mean: their median's."""
    if not seconds:
        return 1.0
    return min(MOST, max(1.0, statistics.median(seconds) / REFERENCE_S))


def effort(most: int) -> int:
    """Return how many of ``most`` random trials this machine makes in its time: at least half.

    For what is tried again and again with other chance, where every trial more is only a little more certain;
    never for what states one behaviour. ``make proof`` makes far more of each.
    """
    told = os.environ.get(VARIABLE)
    slowness = float(told) if told else statistics.median(_work() for _ in range(_SAMPLES)) / REFERENCE_S
    return round(most / min(2.0, max(1.0, slowness)))


def _work() -> float:
    """Return the processor's time that some plain work took; waiting for a processor does not count."""
    papers = {
        f"{number}": {"lines": [[number, {"quantity": str(each)}] for each in range(5)]}
        for number in _NUMBERS
    }
    started = time.thread_time()
    copied = copy.deepcopy(papers)
    assert len(copied) == len(papers)
    return time.thread_time() - started
