"""The whole test run but the long ones: ``make test``.

It makes ready what the tests need (services, the console), then runs every kind of test in one pytest run, in
the order of ``tests/support/kinds.py``, four files at a time: most of the longer tests wait for processes of
their own. The static checks, most of them the types', run beside both. Arguments go to pytest; ``-n 0`` runs
one test after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tools import check, console, services

LIMIT_S = 12 * 60
TOGETHER = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> None:
    """Run everything; the exit status is pytest's, or 1 where something before it failed."""
    started = time.monotonic()
    needed = services.needed_by_tests()
    with ThreadPoolExecutor(max_workers=2) as beside:
        # Each takes about a minute: a Tryton with its database, the checks that run nothing.
        fetching = beside.submit(services.prepare, needed & {"tryton"})
        static = beside.submit(_static_checks)
        good_console = _build_console()
        prepared = services.prepare(needed - {"tryton"} | {"postgres"})
        early = fetching.result()
        prepared.environment |= early.environment
        try:
            tests = subprocess.run(
                [sys.executable, "-m", "pytest", *TOGETHER, *sys.argv[1:]], check=False, cwd=check.ROOT,
                env={**check.environment(), **prepared.environment},
            )  # fmt: skip
        finally:
            prepared.close()
            early.close()
        good_static, words = static.result()
    if not good_static:
        print(words)
    seconds = time.monotonic() - started
    print(f"test: {seconds:.0f} s in all (limit {LIMIT_S} s)")
    too_slow = seconds > LIMIT_S and os.environ.get("CI") == "true"
    sys.exit(tests.returncode or (1 if not good_static or not good_console or too_slow else 0))


def _static_checks() -> tuple[bool, str]:
    """Run the checks that run nothing; what they say is told in one piece, and again at the end if bad."""
    finished = subprocess.run(
        [sys.executable, "-m", "tools.check", "--static"], check=False, cwd=check.ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    print(f"\n{finished.stdout.rstrip()}", flush=True)
    return finished.returncode == 0, finished.stdout


def _build_console() -> bool:
    if not (console.WEB / "package.json").exists():
        return True
    reason = console.reason_to_skip()
    if reason:
        print(f"console: {reason}", flush=True)
        return True
    try:
        console.build()
    except (SystemExit, OSError, subprocess.SubprocessError) as problem:
        print(f"console: FAILED: {problem}", flush=True)
        return os.environ.get("CI") != "true"
    return True


if __name__ == "__main__":
    main()
