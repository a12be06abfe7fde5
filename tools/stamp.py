"""Says on which code a figure was measured: the commit, its date, and the machine in a few words."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = (":(exclude)docs/reference", ":(exclude)bench/results")
"""What measuring itself writes does not count as a change of the code."""


def of_this_tree() -> dict[str, str]:
    """Return ``commit``, ``date`` (of the commit, ISO 8601) and ``machine``."""
    commit = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *RESULTS)
    return {
        "commit": commit + (" with changes" if changed else ""),
        "date": _git("show", "--no-patch", "--format=%cs", "HEAD") or "unknown",
        "machine": machine(),
    }


def machine() -> str:
    """Describe this machine: cores, processor, system, Python."""
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, {python}"


def _git(*arguments: str) -> str:
    finished = subprocess.run(
        ["git", *arguments], check=False, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return finished.stdout.strip() if finished.returncode == 0 else ""
