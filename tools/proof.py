"""The long runs: ``make proof``. Fault matrix, storms, fuzz: every test marked ``proof``.

Their figures go to ``docs/reference/proof/`` with commit and seed, and the page is written anew.
Arguments go to pytest, e.g. ``python -m tools.proof -k storm``.
"""

from __future__ import annotations

import subprocess
import sys

from tools import check, docs, services

NO_TESTS = 5
"""pytest's exit status where nothing was collected."""


def main() -> None:
    """Run the proofs and record them; the exit status is pytest's."""
    prepared = services.prepare(services.needed_by_tests(beside="mark.proof") | {"postgres"})
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "pytest", "-m", "proof", "--timeout=0", *sys.argv[1:]],
            check=False, cwd=check.ROOT,
            env={**check.environment(), **prepared.environment, "LINESHAFT_PROOF_RECORD": "1"},
        )  # fmt: skip
    finally:
        prepared.close()
    docs.write_all()
    sys.exit(0 if finished.returncode == NO_TESTS else finished.returncode)


if __name__ == "__main__":
    main()
