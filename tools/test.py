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

from tools import check, console, machine, services

LIMIT_S = 12 * 60
"""On the machine of reference. A slower one has more, in proportion and twice that at most, as the budgets of
the kinds have (``tools.machine``): the tests are judged, and machines of one name differ twofold."""
TOGETHER = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> None:
    """Run everything; the exit status is pytest's, or 1 where something before it failed."""
    watch = machine.Watch().start()
    started = time.monotonic()
    needed = services.needed_by_tests()
    with ThreadPoolExecutor(max_workers=4) as beside:
        # Each takes about a minute: a Tryton with its database, the checks that run nothing, the console.
        fetching = beside.submit(services.prepare, needed & {"tryton"})
        static = beside.submit(_static_checks)
        console_there = beside.submit(_build_console)
        compiled = beside.submit(_compile_tests)
        prepared = services.prepare(needed - {"tryton"} | {"postgres"})
        early = fetching.result()
        prepared.environment |= early.environment
        good_console = console_there.result()
        compiled.result()
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
    slowness = watch.stop()
    limit_s = LIMIT_S * slowness
    print(f"test: {seconds:.0f} s in all (limit {limit_s:.0f} s; this machine is {slowness:.2f} x as slow)")
    too_slow = seconds > limit_s and os.environ.get("CI") == "true"
    sys.exit(tests.returncode or (1 if not good_static or not good_console or too_slow else 0))


def _static_checks() -> tuple[bool, str]:
    """Run the checks that run nothing; what they say is told in one piece, and again at the end if bad."""
    finished = subprocess.run(
        [sys.executable, "-m", "tools.check", "--static"], check=False, cwd=check.ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    print(f"\n{finished.stdout.rstrip()}", flush=True)
    return finished.returncode == 0, finished.stdout


def _compile_tests() -> None:
    """Collect the tests once, so that the processes that run them find their code compiled."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only"], check=False, cwd=check.ROOT,
        env=check.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


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
