"""Monthly parts of the tables that grow for ever, made ahead of time.

What no month holds (a part that could not be made, a time far away) lies in the part ``…_rest``, so that no
write ever fails for want of a part.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg

from lineshaft.store.schema import PARTITIONED

MONTHS_AHEAD = 3
MONTHS_MAX = 240


def months_from(now: datetime) -> list[datetime]:
    """Return the first moments of this month and of those ahead, and of the one after them, in UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    out = []
    for number in range(MONTHS_AHEAD + 2):
        years, month = divmod(first.month - 1 + number, 12)
        out.append(first.replace(year=first.year + years, month=month + 1))
    return out


async def make_parts_ahead(connection: Any, now: datetime) -> None:
    """Make the parts for this month and the next ones, where they are not there yet.

    A part is left out where ``…_rest`` holds rows of its month already, or where the table is too busy to
    be locked; ``…_rest`` goes on taking them, and the next call tries again.
    """
    months = months_from(now)
    for table in PARTITIONED:
        for start, end in pairwise(months):
            name = f"{table}_{start:%Y_%m}"
            if await connection.fetchval("SELECT to_regclass($1) IS NULL", name):
                await _make_part(connection, table, name, start, end)


async def make_months(connection: Any, table: str, first: datetime, last: datetime) -> None:
    """Make the parts from one time to another, at most twenty years of them; for a table that is filled."""
    month = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(MONTHS_MAX):
        if month > last:
            return
        following = (month + timedelta(days=32)).replace(day=1)
        name = f"{table}_{month:%Y_%m}"
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", name):
            await _make_part(connection, table, name, month, following)
        month = following


async def _make_part(connection: Any, table: str, name: str, start: datetime, end: datetime) -> None:
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
    except (
        asyncpg.CheckViolationError,
        asyncpg.LockNotAvailableError,
        asyncpg.DeadlockDetectedError,
        asyncpg.UniqueViolationError,
        asyncpg.DuplicateTableError,
        asyncpg.InvalidObjectDefinitionError,
    ):
        return
