"""The page of the fault matrix: a line for the newest run of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

COLUMNS: Final = (
    "points",
    "accepted",
    "completed",
    "refused",
    "dead letters",
    "waiting",
    "unknown",
    "lost",
    "twice",
)

HEAD: Final = """# Fault matrix

Each fault on each database, with real processes and real databases, at seeded moments while orders flow:
`make proof` runs it and writes this page. Each order is a process of two or three calls at a target that
writes down what it did; some are refused there, some have wrong data.

A cell passes when *accepted = completed + refused + dead letters + waiting + unknown*, when no step of a
completed order is missing at the target (*lost*), when no step was done twice there (*twice*; with an
idempotency key, a natural key, or a probe within its settle time), when no dead letter is left of an outage
that has passed, and when no hub has reported a bug. Dead letters are wrong data; unknown are calls to an
operation that gives no handle, whose answer was lost: a person decides.
"""

FOOT: Final = """
## How the faults are made

- *Killed*: `SIGKILL`. On SQLite one hub does everything; on PostgreSQL workers are processes of their own.
- *Stopped*: `SIGSTOP` for longer than the lease of the lanes, then `SIGCONT`.
- *Database restarted*: the server is ended in order or crashed (`SIGQUIT`) and started again; of an SQLite
  file another process holds the write lock for longer than a hub waits for it.
- *Network cut*: a wire between hub and target breaks every connection off, then refuses or swallows.
- *Reply lost*, *late commit*, *answers*: the target itself, for three calls of ten, each key twice at most. A
  late commit follows within the settle time, after the connection is gone.
- *Disk full*: the store lies on a small file system of its own (a mounted tmpfs), which is filled to the last
  byte; a PostgreSQL that cannot live so is started again.
- *Clock jumps*: the hubs' wall clocks, forth and back by up to an hour; SQLite's own clock jumps along.
"""


def page(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of these results of long runs."""
    cells = [each for each in results if "fault" in each["figures"]]
    lines = [HEAD]
    if not cells:
        lines.append("Nothing is recorded yet.")
    for database in ("sqlite", "postgres"):
        found = [each for each in cells if each["figures"]["database"] == database]
        if found:
            lines += [
                f"## {database}\n",
                f"| fault | {' | '.join(COLUMNS)} | repeats known | seconds | seed | commit |",
                f"|---|{'---:|' * (len(COLUMNS) + 2)}---|---|",
                *map(_line, found),
                "",
            ]
    return "\n".join(lines) + FOOT


def _line(each: Mapping[str, Any]) -> str:
    figures = each["figures"]
    numbers = [f"{figures[name]:,}" for name in (*COLUMNS, "repeats that the target knew", "seconds")]
    stamp = f"`{each['seed']}` | `{each['commit']}` ({each['date']})"
    return f"| {figures['fault']} | {' | '.join(numbers)} | {stamp} |"
