"""CPU time of a run, of this process and of the database: on a busy machine it says what no wall clock can.

The backends are found by their database (``pg_stat_activity``) and read from ``/proc``: only where the server
runs on this machine under Linux. Its background writers are left out; they serve all databases.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

import asyncpg

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float | None:
    """Return the CPU seconds of a process; ``None``: it cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def of_us() -> float:
    """Return the CPU seconds of this process, all threads."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


async def of_database(dsn: str | None) -> float:
    """Return the CPU seconds of the backends that serve a database now; 0 where they cannot be seen."""
    if dsn is None:
        return 0.0
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return sum(of_process(row["pid"]) or 0.0 for row in rows)
