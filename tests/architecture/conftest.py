"""A copy of the tree in which a test may plant a fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the sources and of what checks them."""

    root: Path

    def plant(self, path: str, text: str) -> None:
        """Add ``text`` at the end of a file, which is made where there is none."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.write(text)

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run(self, *command: str) -> tuple[bool, str]:
        """Run a check in the copy; return whether it was content, and its words on one line."""
        finished = subprocess.run(
            command, check=False, cwd=self.root, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": f"{self.root / 'src'}:{self.root}", "COLUMNS": "200"},
        )  # fmt: skip
        return finished.returncode == 0, " ".join((finished.stdout + finished.stderr).split())

    def floors(self) -> tuple[bool, str]:
        """Run the import contracts."""
        return self.run(str(BIN / "lint-imports"), "--no-logo", "--no-cache")

    def lint(self) -> tuple[bool, str]:
        """Run the linter."""
        return self.run(str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", "src")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copied(tmp_path)


@pytest.fixture
def bare_tree(tmp_path: Path) -> Tree:
    """The settings of the checks and no source: for what is planted and judged by itself."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Tree(tmp_path)


def copied(folder: Path) -> Tree:
    """Copy the sources and what checks them."""
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "console"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return Tree(folder)
