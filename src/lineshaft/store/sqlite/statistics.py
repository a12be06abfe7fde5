"""What SQLite's planner is told about the tables, before there is anything in them.

Without statistics it takes ``tenant = ?`` for a choice of ten rows, and may walk an index by time where it
should look a key up. So the figures of a hub that has run for a while are planted in ``sqlite_stat1``: plans
are good from the first row on, and the same everywhere. Nobody needs to run ``ANALYZE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

ROWS: Final = 1_000_000
ROWS_IN_A_QUEUE: Final = 10_000
"""Of a partial index: what is open, parked, has incidents."""

_CLASSES: Final = {
    "tenant": 1,
    "priority": 2,
    "status": 4,
    "kind": 4,
    "system": 5,
    "object_type": 5,
    "source": 10,
    "process_id": 20,
    "lane": 256,
}
"""Columns with few values: into how many classes they part the rows."""


def figures(columns: Sequence[str], *, unique: bool, partial: bool) -> str:
    """Return the entry of an index: its rows, and how many share the first 1, 2 … n of its columns."""
    rows = ROWS_IN_A_QUEUE if partial else ROWS
    share, out = rows, [rows]
    for number, column in enumerate(columns, 1):
        if column in _CLASSES:
            share = max(share // _CLASSES[column], 1)
        else:
            share = min(share, 5 if column.endswith("_at") else 8)
        if unique and number == len(columns):
            share = 1
        out.append(share)
    return " ".join(map(str, out))


def plant(connection: sa.Connection) -> None:
    """Write the figures of every index, within the transaction of the migration."""
    run = connection.exec_driver_sql
    run("ANALYZE")
    run("DELETE FROM sqlite_stat1")
    tables = run(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name <> 'alembic_version'"
    )
    for (table,) in tables.fetchall():
        for _, index, unique, origin, partial in run(f'PRAGMA index_list("{table}")').fetchall():
            columns = [row[2] for row in run(f'PRAGMA index_info("{index}")').fetchall()]
            entry = figures(columns, unique=bool(unique), partial=bool(partial))
            clustered = origin == "pk" and not index_is_stored(connection, index)
            run("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, table if clustered else index, entry))


def index_is_stored(connection: sa.Connection, index: str) -> bool:
    """Tell whether an index has a tree of its own; the key of a table without row ids has not."""
    row = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    return row is not None and row[0] > 0
