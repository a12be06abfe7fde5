"""A change feed with a cursor, and the same events as signed callbacks; shared by MES and OA.

An event is written in the transaction of what it tells about. The shape that leaves is each system's own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plantbox.simtime import SimClock
from plantbox.webhooks import enqueue

FEED_TABLES = """
CREATE TABLE IF NOT EXISTS change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL,
  data TEXT NOT NULL);
"""
Shape = Callable[[sqlite3.Row], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Feed:
    """Writes and reads events; ``hooked`` are the types that are sent, ``shape`` is how one looks."""

    clock: SimClock
    hooked: frozenset[str]
    shape: Shape

    def tell(self, connection: sqlite3.Connection, kind: str, subject: str, data: dict[str, Any]) -> None:
        """Write one event, and put it into the outbox where somebody wants it."""
        cursor = connection.execute(
            "INSERT INTO change (type, subject, time, data) VALUES (?, ?, ?, ?)",
            (kind, subject, self.clock.text(), json.dumps(data, ensure_ascii=False)),
        )
        if kind in self.hooked:
            row = connection.execute("SELECT * FROM change WHERE seq = ?", (cursor.lastrowid,)).fetchone()
            enqueue(connection, row["seq"], kind, json.dumps(self.shape(row), ensure_ascii=False))

    def page(
        self, connection: sqlite3.Connection, after: int, limit: int, kinds: list[str]
    ) -> tuple[list[dict[str, Any]], int]:
        """Return events after a cursor, and the next cursor."""
        rows = connection.execute(
            "SELECT * FROM change WHERE seq > ? AND (? OR type IN (SELECT value FROM json_each(?)))"
            " ORDER BY seq LIMIT ?",
            (after, not kinds, json.dumps(kinds), limit),
        ).fetchall()
        return [self.shape(row) for row in rows], rows[-1]["seq"] if rows else after
