"""One hub per SQLite file: a lock that dies with its process, and a note where the hub can be reached."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from lineshaft.base.errors import Conflict
from lineshaft.base.text import text

if sys.platform == "win32":  # pragma: no cover - not the machine the tests run on
    import msvcrt

    def try_lock(file: IO[str]) -> bool:
        """Take the lock of an open file until it is closed; ``False``: another process has it."""
        try:
            file.seek(1_000_000)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: IO[str]) -> bool:
        """Take the lock of an open file until it is closed; ``False``: another process has it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Running:
    """A hub that runs on a file."""

    pid: int
    url: str
    worker: str = ""


class HubLock:
    """The lock of a SQLite file; held until ``release`` or the end of the process."""

    def __init__(self, database: Path) -> None:
        self._path = _path_of(database)
        self._file: IO[str] | None = None

    def acquire(self) -> Running | None:
        """Take the lock; return the hub that was killed on this file before, if one was.

        Raises:
            Conflict: Another hub runs on the file.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        if not try_lock(file):
            other = _read(self._path)
            file.close()
            raise Conflict(
                text(
                    "Expected no other hub on {path}, but process {pid} runs there ({url}).",
                    "{path} 已有另一个进程 {pid} 在运行({url})。",
                    path=self._path.with_suffix(""),
                    pid=other.pid if other is not None else "?",
                    url=other.url if other is not None else "-",
                ),
                code="hub_runs",
                hint=text(
                    "SQLite has one hub; several hubs share a PostgreSQL.",
                    "SQLite 只支持一个进程;多进程请使用 PostgreSQL。",
                ),
            )
        self._file = file
        killed = _read(self._path)
        self.note("")
        return killed

    def note(self, url: str, worker: str = "") -> None:
        """Write down where the hub can be reached, and the name of its worker."""
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(asdict(Running(os.getpid(), url, worker))))
        self._file.flush()

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()
            self._file = None


def running_hub(database: Path) -> Running | None:
    """Return the hub that runs on a SQLite file; ``None`` where none does."""
    path = _path_of(database)
    if not path.exists():
        return None
    with path.open("r+", encoding="utf-8") as file:
        if try_lock(file):
            return None
    return _read(path)


def _read(path: Path) -> Running | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Running(int(found["pid"]), str(found["url"]), str(found["worker"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")
