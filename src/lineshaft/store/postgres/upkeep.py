# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""Upkeep on PostgreSQL: slices in short transactions, and monthly parts that are dropped whole."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

import asyncpg

from lineshaft.store.cursors import micros_of, time_of
from lineshaft.store.pruning import LIVE, Ask, Places
from lineshaft.store.upkeep import Cut, Kept, Slice

T = TypeVar("T")
MOVED_MAX: Final = 20_000
"""Rows of a part that are still needed and may be moved aside while the table is locked."""
PARTS: Final = "parts"
"""The position after the last slice: what is left are whole parts."""
PARTED: Final[dict[Kept, str]] = {"events": "event", "instances": "history"}
"""Whose rows lie in parts, and in which table."""
_LOCK_WAIT: Final = "SET LOCAL lock_timeout = '500ms'"


def places(whole_parts: datetime | None) -> Places:
    """Return how times are written here."""
    return Places(time_out=micros_of, time_in=time_of, whole_parts=whole_parts)


async def carry_out(connection: Any, steps: Generator[Ask, Any, T]) -> T:
    """Run statements to their end."""
    answer: Any = None
    while True:
        try:
            ask = steps.send(answer)
        except StopIteration as end:
            found: T = end.value
            return found
        answer = await _asked(connection, ask)


async def _asked(connection: Any, ask: Ask) -> Any:
    sql, names = _sql(ask.sql, tuple((name, _type(value)) for name, value in sorted(ask.values.items())))
    arguments = [ask.values[name] for name in names]
    if ask.reads:
        return await connection.fetch(sql, *arguments)
    status = await connection.execute(sql, *arguments)
    return int(status.rsplit(" ", 1)[1])


@lru_cache(maxsize=200)
def _sql(text: str, types: tuple[tuple[str, str], ...]) -> tuple[str, list[str]]:
    names: list[str] = []
    kinds = dict(types)

    def place(found: re.Match[str]) -> str:
        name = found[1]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}::{kinds[name]}"

    text = re.sub(r"HAS_BYTES\((\w+), (:\w+)\)", r"position(\2 IN \1) > 0", text)
    text = re.sub(r"HAS_TEXT\((\w+), (:\w+)\)", r"strpos(\1, \2) > 0", text)
    text = re.sub(r"KEY\((:\w+)\)", r"CAST(\1 AS timestamptz)", text)
    return re.sub(r"(?<!:):(\w+)", place, text), names


def _type(value: Any) -> str:
    if isinstance(value, list):
        return "text[]"
    if isinstance(value, datetime):
        return "timestamptz"
    if isinstance(value, bytes):
        return "bytea"
    return "bigint" if isinstance(value, int) else "text"


# -- whole parts -----------------------------------------------------------------------------------------


async def parts_before(connection: Any, table: str, before: datetime) -> list[tuple[str, datetime]]:
    """Return the monthly parts of a table that end before a moment, with their ends; oldest first."""
    names = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = $1::regclass ORDER BY c.relname",
        table,
    )
    found = []
    for (name,) in names:
        month = re.fullmatch(rf"{table}_(\d{{4}})_(\d\d)", name)
        if month is None:
            continue
        year, number = int(month[1]), int(month[2])
        end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
        if end <= before:
            found.append((name, end))
    return found


async def whole_parts_end(connection: Any, cut: Cut) -> datetime | None:
    """Return up to when history lies in parts that are dropped whole; ``None``: nowhere."""
    # A run that is kept longer keeps its history: only what has had its time for all processes is dropped.
    earliest = min((cut.before, *cut.by_process.values()))
    parts = await parts_before(connection, "history", earliest)
    return parts[-1][1] if parts else None


async def drop_parts(connection: Any, tenant: str, cut: Cut) -> Slice:
    """Drop the parts of events or history that nobody needs.

    A part with a few rows that are still needed is dropped too: these move to ``…_rest`` first, in the same
    transaction. One with many stays until a later sweep. Whoever works is never waited for longer than half
    a second.
    """
    table = PARTED[cut.kind]
    earliest = min((cut.before, *cut.by_process.values()))
    dropped = 0
    for name, _ in await parts_before(connection, table, earliest):
        needed = _needed(table, name)
        values = {"tenant": tenant}
        left = await _asked(
            connection, Ask(f"SELECT count(*) FROM ({needed} LIMIT {MOVED_MAX + 1}) n", values)
        )
        if left[0][0] > MOVED_MAX:
            continue
        rows = await connection.fetchval(f"SELECT count(*) FROM {name}  -- whatever their tenant")
        try:
            async with connection.transaction():
                await connection.execute(_LOCK_WAIT)
                await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name}")
                moved = await _asked(connection, Ask(f"INSERT INTO {table} {needed}", values, False))
                await connection.execute(f"DROP TABLE {name}")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
        dropped += rows - moved
    return Slice(0, {table: dropped} if dropped else {})


def _needed(table: str, part: str) -> str:
    """Return the query for the rows of a part that must stay; those of other tenants are among them."""
    others = f"SELECT o.* FROM {part} o WHERE o.tenant < :tenant OR o.tenant > :tenant"
    if table == "history":
        # From the runs that are left, which are few, not from the rows of the part, which are many.
        return (
            f"{others} UNION ALL SELECT h.* FROM instance i JOIN {part} h ON h.tenant = i.tenant"
            " AND h.instance_id = i.id WHERE i.tenant = :tenant"
        )
    own = f"JOIN {part} e ON e.tenant = x.tenant AND"
    return (
        f"{others} UNION SELECT x.* FROM {part} x WHERE x.tenant = :tenant AND x.routed_at IS NULL"
        f" UNION SELECT e.* FROM instance x {own} e.key = x.business_key"
        f" WHERE x.tenant = :tenant AND x.status IN {LIVE}"
        f" UNION SELECT e.* FROM dead_letter x {own} e.source = split_part(x.subject_id, ' ', 1)"
        " AND e.id = substr(x.subject_id, strpos(x.subject_id, ' ') + 1)"
        " WHERE x.tenant = :tenant AND x.status = 'open' AND x.subject = 'event'"
    )
