"""A former program: this repository's own code as it was, from its history, to run beside today's."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from lineshaft.store.migrations import REACH, REVISIONS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = "src/lineshaft/store/migrations/__init__.py"
NEEDED = ("src", "tests/support", "tests/simulation", "tools")


@dataclass(frozen=True, slots=True)
class FormerProgram:
    """The oldest program that may work on today's schema."""

    root: Path
    commit: str
    revision: str
    """The schema's revision that it knows."""


def former_program(folder: Path) -> FormerProgram:
    """Put it into ``folder``; skips where there is no history to take it from."""
    found = None
    # Newest first; the schema's page was changed by few commits.
    for commit in _git("log", "--format=%H", "--first-parent", "--", SCHEMA).split():
        try:
            text = _git("show", f"{commit}:{SCHEMA}")
            _git("cat-file", "-e", f"{commit}:tests/support/fault_nursery.py")
        except subprocess.CalledProcessError:
            break
        listed = re.search(r"^REVISIONS: Final = \(([^)]*)\)", text, re.MULTILINE)
        known = re.findall(r'"(\d+)"', listed[1]) if listed else []
        if not known or known[-1] not in REVISIONS or known[-1] < REACH:
            break
        found = commit, known[-1]
    if found is None:
        pytest.skip("no former program that may work on this schema in the history of this checkout")
    archive = subprocess.run(
        ["git", "archive", found[0], *NEEDED], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        file.extractall(folder, filter="data")
    return FormerProgram(folder, found[0][:12], found[1])


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("no git here")
