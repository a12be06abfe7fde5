"""The kinds of tests: the folders below ``tests/``, in the order they run, each with a time budget.

The longest files come first, so that nobody waits for one of them at the end; between those that keep a core
busy come some that mostly wait, so that neither is idle nor are all four processes after the same two cores.

A budget is the time that all tests of a kind take together while three other files of tests run beside
them on two cores of the machine of reference (``tools.machine``): the whole takes a quarter of the sum
(690 s), and ``make test`` 12 minutes at most with its setting up; the static checks run beside the first of
them. ``conftest.py`` prints what each kind took; ``ROOM`` above its budget it fails under ``CI=true``. That
the whole takes no longer than its 12 minutes is ``tools.test``'s affair, without any room.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    Kind("simulation", 160, "the whole hub in a seeded world with faults"),
    Kind("e2e", 1230, "the built program from outside: command line, API, browser"),
    Kind("integration", 850, "real databases, brokers and processes"),
    Kind("conformance", 240, "one suite for every make of a port"),
    Kind("architecture", 100, "floors, purity, budgets: faults are planted and must be found"),
    Kind("unit", 160, "one piece alone: no disk, network, sleep or real clock"),
    Kind("docs", 15, "what the pages say is so"),
    Kind("replay", 5, "recorded histories of older releases give the same state today"),
)
ROOM = 1.25
"""What runs beside a kind is another every time, and most of its tests' time is waiting for a core."""
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


CONSOLE = "tests/e2e/console"
ALONE = frozenset(f"test_{name}.py" for name in ("first_ten_minutes", "first_process", "engineer_story"))
"""Files of the console's folder that have a factory of their own."""
TOGETHER = {
    "looking": ("every_page", "keeping", "people", "rights", "shell", "trail"),
    "designing": ("decisions", "design", "form_editor", "mapping_editor", "new_system"),
}
"""Files of it that share a factory and a browser; all others share one more, at the same time."""


LONGEST = (
    f"{CONSOLE} working",
    "tests/e2e/test_real_input.py",
    f"{CONSOLE} looking",
    "tests/e2e/test_tryton_orders.py",
    "tests/simulation/test_simulation.py",
    f"{CONSOLE} designing",
)
"""What takes minutes, the longest first."""
WAITING = 2
"""Files of integration, which mostly wait, between two of simulation or e2e, which keep a core busy."""


def places(paths: Iterable[str]) -> dict[str, int]:
    """Return the place of each file (from the repository's root) in the run; files that share have one."""
    shares = dict.fromkeys(shared_by(each) for each in paths)
    kinds = {each: kind_of(TESTS.parent / each.partition(" ")[0]).name for each in shares}
    busy = [each for each in shares if kinds[each] in ("simulation", "e2e")]
    busy.sort(key=lambda each: LONGEST.index(each) if each in LONGEST else len(LONGEST))
    waiting = [each for each in shares if kinds[each] == "integration"]
    order = []
    for each in busy:
        order += [each, *waiting[:WAITING]]
        del waiting[:WAITING]
    order += waiting
    there = set(order)
    order += sorted(
        (each for each in shares if each not in there), key=lambda each: order_of(TESTS.parent / each)
    )
    return {each: place for place, each in enumerate(order)}


def shared_by(path: str) -> str:
    """Return what all tests that share something dear have in common; a path, from the repository's root."""
    folder, _, name = path.rpartition("/")
    if folder != CONSOLE or name in ALONE:
        return path
    subject = name.removeprefix("test_").removesuffix(".py")
    return f"{folder} {next((group for group, files in TOGETHER.items() if subject in files), 'working')}"
