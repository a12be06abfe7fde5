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
FAST_KINDS = ("unit", "conformance", "architecture", "docs")


def main() -> None:
    """Run everything and exit with 1 where something failed."""
    started = time.monotonic()
    with_tests = "--static" not in sys.argv[1:]
    with ThreadPoolExecutor(max_workers=2) as lanes:
        tests = lanes.submit(_fast_tests) if with_tests else None
        static = lanes.submit(lambda: [_run(name, command) for name, command in STATIC.items()])
        good = all(static.result()) and (tests is None or tests.result())
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
        f"  {name:14} {'ok' if good else 'FAILED':6} {time.monotonic() - started:5.1f} s{words}", flush=True
    )
    return good


def _fast_tests() -> bool:
    folders = [f"tests/{kind}" for kind in FAST_KINDS if (ROOT / "tests" / kind).is_dir()]
    return _run("fast tests", [sys.executable, "-m", "pytest", "--numprocesses=2", *folders])


def environment() -> dict[str, str]:
    """Return the environment for the steps: the sources first, wherever the package is installed.

    Bytecode is kept, whatever the machine says: the tests start hundreds of processes.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


if __name__ == "__main__":
    main()
