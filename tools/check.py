"""The check before every commit: ``make check``.

Static checks and the fast tests at the same time, on two cores, in less than a minute. Every step that
fails prints its words; the others only their time. ``--static`` leaves the tests out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

STATIC: dict[str, list[str]] = {
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "floors": [str(BIN / "lint-imports"), "--no-logo"],
    "purity": [sys.executable, "-m", "tools.purity"],
    "scoped reads": [sys.executable, "-m", "tools.scoped_reads"],
    "budgets": [sys.executable, "-m", "tools.budgets"],
    "types": [str(BIN / "mypy")],
}
FAST_TESTS = ("unit", "conformance", "docs", "architecture/test_house_rules.py")
LANES = (
    ("conformance/connectors",),
    ("unit/api", "unit/cli", "docs"),
    (
        "conformance/store",
        "conformance/feel",
        "conformance/bpmn",
        "architecture/test_house_rules.py",
        "unit/feel",
        "unit/insight",
        "unit/dmn",
    ),
)
"""What runs in a process of its own; one more takes the rest. Each collects its own tests only, where
processes that share them would each collect them all."""
ALONE = "not proof and not needs"
"""What asks a server or a browser, or plants faults for the tools above to find, is for ``make test``."""


def main() -> None:
    """Run everything and exit with 1 where something failed."""
    started = time.monotonic()
    with_tests = "--static" not in sys.argv[1:]
    lanes = fast_lanes(ROOT / "tests") if with_tests else []
    with ThreadPoolExecutor(max_workers=len(lanes) + 1) as threads:
        tests = [threads.submit(_fast_tests, lane) for lane in lanes]
        static = threads.submit(lambda: [_run(name, command) for name, command in STATIC.items()])
        good = all([*static.result(), *(each.result() for each in tests)])
    print(f"check: {'all good' if good else 'FAILED'}, {time.monotonic() - started:.0f} s")
    sys.exit(0 if good else 1)


def _run(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    finished = subprocess.run(
        command, check=False, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    good = finished.returncode == 0
    words = "" if good else f"\n{finished.stdout.rstrip()}"
    print(
        f"  {name:22} {'ok' if good else 'FAILED':6} {time.monotonic() - started:5.1f} s{words}", flush=True
    )
    return good


def fast_lanes(tests: Path) -> list[list[Path]]:
    """Return the folders and files of each process; together they are all fast tests, each once."""
    lanes = [[tests / each for each in lane if (tests / each).exists()] for lane in LANES]
    taken = {path for lane in lanes for path in lane}
    rest = [
        path
        for each in FAST_TESTS
        for path in ([tests / each] if tests / each in taken else sorted((tests / each).glob("[!_.]*")))
        if path not in taken and (path.is_dir() or path.name.startswith("test_"))
    ]
    return [lane for lane in [*lanes, rest] if lane]


def _fast_tests(lane: list[Path]) -> bool:
    name = lane[0].relative_to(ROOT / "tests").as_posix()
    return _run(name, [sys.executable, "-m", "pytest", "-m", ALONE, *map(str, lane)])


def environment() -> dict[str, str]:
    """Return the environment for the steps: the sources first, wherever the package is installed.

    Bytecode is kept, whatever the machine says: the tests start hundreds of processes.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


if __name__ == "__main__":
    main()
