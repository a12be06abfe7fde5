"""One SQLite file per system: one writer thread with group commit, and reads on the caller's thread.

A write is a function that gets the connection. Whatever is waiting runs in one transaction, each write in
its own savepoint, so that a refused one takes nothing with it; the callers are answered after the commit
(WAL, FULL). What was answered therefore survives ``kill -9``. Not an object mapper.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

GROUP = 200
SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, operation TEXT NOT NULL, subject TEXT NOT NULL,
  outcome TEXT NOT NULL, code TEXT, key TEXT, digest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_subject ON audit (subject);
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT NOT NULL);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file in WAL mode with full durability; rows are read by name."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


class Database:
    """The file, its writer thread, and one connection for reads."""

    def __init__(self, path: Path, tables: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = connect(path)
        self._writer.executescript(SHARED_TABLES + tables)
        self.reader = connect(path)
        self._waiting: queue.SimpleQueue[
            tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]] | None
        ]
        self._waiting = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="plantbox-writer", daemon=True)
        self._thread.start()
        self.committed: Callable[[], None] = lambda: None

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the writer's next transaction and return its value once that is committed."""
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.put((work, future))
        # The write goes on even where its caller has hung up: a real server does not undo for that either.
        return await asyncio.shield(future)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read several tables as of one moment; the caller must not await anything inside."""
        self.reader.execute("BEGIN")
        try:
            yield self.reader
        finally:
            self.reader.execute("COMMIT")

    def setup(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Run ``work`` in one transaction before the server runs."""
        self._writer.execute("BEGIN IMMEDIATE")
        work(self._writer)
        self._writer.execute("COMMIT")

    def close(self) -> None:
        """Finish what is waiting and close the file."""
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()
        self.reader.close()

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                return
            group = [first]
            last = False
            while len(group) < GROUP and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]]) -> None:
        answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for work, future in group:
                self._writer.execute("SAVEPOINT one")
                try:
                    answers.append((future, work(self._writer), None))
                except Exception as error:  # noqa: BLE001 - handed to the caller of that write
                    self._writer.execute("ROLLBACK TO one")
                    answers.append((future, None, error))
                self._writer.execute("RELEASE one")
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            answers = [(future, None, error) for _, future in group]
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answer, answers)

    def _answer(self, answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
        for future, value, error in answers:
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
        self.committed()


def get_meta(connection: sqlite3.Connection, key: str) -> str | None:
    """Return a stored setting, or None."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Store a setting."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def next_number(connection: sqlite3.Connection, counter: str) -> int:
    """Return the next number of a counter, from 1, without gaps after a rollback."""
    number = int(get_meta(connection, f"counter.{counter}") or "0") + 1
    set_meta(connection, f"counter.{counter}", str(number))
    return number
