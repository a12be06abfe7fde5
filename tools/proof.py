"""The long runs: ``make proof``. Fault matrix, storms, fuzz: every test marked ``proof``.

Three files at a time, since most of a fault is waiting; then those marked ``alone``, which measure, one after
the other. Their figures go to ``docs/reference/proof/`` with commit and seed, and the page is written anew.
Arguments go to pytest, e.g. ``python -m tools.proof -k storm``; ``-n 0`` runs one test after the other.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

from tools import check, docs, services

NO_TESTS = 5
"""pytest's exit status where nothing was collected."""
LIMIT_S = 45 * 60
TOGETHER = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> None:
    """Run the proofs and record them; the exit status is pytest's."""
    started = time.monotonic()
    prepared = services.prepare(services.needed_by_tests(beside="mark.proof") | {"postgres"})
    try:
        together = _run("proof and not alone", TOGETHER, prepared.environment)
        alone = _run("proof and alone", (), prepared.environment)
    finally:
        prepared.close()
    docs.write_all()
    print(f"proof: {(time.monotonic() - started) / 60:.0f} min in all (limit {LIMIT_S // 60} min)")
    sys.exit(next((each for each in (together, alone) if each not in (0, NO_TESTS)), 0))


def _run(which: str, how: tuple[str, ...], environment: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", "-m", which, "--timeout=0", "--durations=12", *how]
    return subprocess.run(
        [*command, *sys.argv[1:]],
        check=False,
        cwd=check.ROOT,
        env={**check.environment(), **environment, "LINESHAFT_PROOF_RECORD": "1"},
    ).returncode


if __name__ == "__main__":
    main()
