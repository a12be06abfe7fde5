"""The kinds of tests: the folders below ``tests/``, in the order they run, each with a time budget.

A budget is the time that all tests of a kind take together while three other files of tests run beside
them on two cores: the whole takes a quarter of the sum (690 s), and ``make test`` 12 minutes at most with
its setting up; the static checks run beside the first of them. ``conftest.py`` prints what each kind
took; above its budget it fails under ``CI=true``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Kind:
    """One folder of tests; ``budget_s`` is for all of it together."""

    name: str
    budget_s: float
    what: str


KINDS = (
    Kind("unit", 150, "one piece alone: no disk, network, sleep or real clock"),
    Kind("conformance", 230, "one suite for every make of a port"),
    Kind("architecture", 200, "floors, purity, budgets: faults are planted and must be found"),
    Kind("docs", 15, "what the pages say is so"),
    Kind("replay", 5, "recorded histories of older releases give the same state today"),
    Kind("integration", 860, "real databases, brokers and processes"),
    Kind("simulation", 300, "the whole hub in a seeded world with faults"),
    Kind("e2e", 1000, "the built program from outside: command line, API, browser"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
OTHER = Kind("other", 10, "tests beside what they test, e.g. in a pack")


@cache
def kind_of(path: Path) -> Kind:
    """Return the kind a test file belongs to."""
    resolved = path.resolve()
    if not resolved.is_relative_to(TESTS):
        return OTHER
    return BY_NAME.get(resolved.relative_to(TESTS).parts[0], OTHER)


def order_of(path: Path) -> int:
    """Return the place of a test file's kind in the run."""
    kind = kind_of(path)
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
