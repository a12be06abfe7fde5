"""The whole test run but the long ones: ``make test``.

It makes ready what the tests need (services, the console), runs the static checks, then every kind of
test in one pytest run, in the order of ``tests/support/kinds.py``, two files at a time: most of the longer
tests wait for processes of their own. Arguments go to pytest; ``-n 0`` runs one test after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tools import check, console, services

LIMIT_S = 12 * 60
TOGETHER = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> None:
    """Run everything; the exit status is pytest's, or 1 where something before it failed."""
    started = time.monotonic()
    needed = services.needed_by_tests()
    # It takes a minute of the machine, and the tests that need it come last.
    early = services.prepare(needed & {"tryton"})
    good = subprocess.run([sys.executable, "-m", "tools.check", "--static"], check=False, cwd=check.ROOT)
    good_console = _build_console()
    prepared = services.prepare(needed - {"tryton"} | {"postgres"})
    prepared.environment |= early.environment
    try:
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", *TOGETHER, *sys.argv[1:]], check=False, cwd=check.ROOT,
            env={**check.environment(), **prepared.environment},
        )  # fmt: skip
    finally:
        prepared.close()
        early.close()
    seconds = time.monotonic() - started
    print(f"test: {seconds:.0f} s in all (limit {LIMIT_S} s)")
    too_slow = seconds > LIMIT_S and os.environ.get("CI") == "true"
    sys.exit(tests.returncode or (1 if good.returncode or not good_console or too_slow else 0))


def _build_console() -> bool:
    if not (console.WEB / "package.json").exists():
        return True
    reason = console.reason_to_skip()
    if reason:
        print(f"console: {reason}", flush=True)
        return True
    print("console: building web/", flush=True)
    try:
        console.build()
    except (SystemExit, OSError, subprocess.SubprocessError) as problem:
        print(f"console: FAILED: {problem}", flush=True)
        return os.environ.get("CI") != "true"
    return True


if __name__ == "__main__":
    main()
