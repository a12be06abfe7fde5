"""Running the built program from outside: its command line, its processes, its files."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """Return the surroundings of a user who has set nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINESHAFT_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "LANG": "C.UTF-8"}


def lineshaft(
    *arguments: str, cwd: Path, timeout_s: float = 60, expect: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; an exit status other than ``expect`` fails with what it said.

    So does one that is not done in time: what it said until then, and its logs, tell where it stands.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lineshaft", *arguments],
            cwd=cwd, env=environment(), capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        said = "\n".join(str(each) for each in (late.stdout, late.stderr) if each)
        raise AssertionError(f"not done after {timeout_s} s\n{said}{logs_in(cwd)}") from None
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}{logs_in(cwd)}"
    return done


def lineshaft_json(*arguments: str, cwd: Path, timeout_s: float = 60) -> Any:
    """Run a command that prints JSON; return its value."""
    return json.loads(lineshaft(*arguments, cwd=cwd, timeout_s=timeout_s).stdout)


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start a command and leave it running; whoever starts it ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "lineshaft", *arguments],
        cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def logs_in(folder: Path) -> str:
    """Return the ends of the log files below a folder."""
    found = sorted(folder.rglob("*.log"))
    return "".join(f"\n== {each.name}\n{each.read_text(errors='replace')[-2000:]}" for each in found)


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until ``condition`` holds."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError(f"waited {timeout_s} s in vain: {what}")


def pid_in(path: Path) -> int | None:
    """Return the process number that a file holds; ``None`` where there is no such file (yet)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask an SQLite file, without changing it."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def digest_of(database: Path, without: Sequence[str] = ()) -> dict[str, str]:
    """Return a digest of every table's rows."""
    names = [name for (name,) in rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {}
    for name in sorted(set(names) - set(without)):
        content = sorted(repr(row) for row in rows(database, f'SELECT * FROM "{name}"'))
        found[name] = sha256("\n".join(content).encode()).hexdigest()
    return found
