"""Puts together what went on with each system, from the parts that the makes read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineshaft.store.port import Activity


@dataclass(frozen=True, slots=True)
class Newest:
    """A failure of a system."""

    system: str
    at: datetime
    error_class: str | None
    error_text: str | None


def merged(
    calls: Iterable[Sequence[Any]], events: Iterable[Sequence[Any]], failures: Iterable[Newest]
) -> list[Activity]:
    """Return one line per system, by system.

    Args:
        calls: System and number.
        events: Source and number; a source begins with its system (``crm/order``).
        failures: Any number per system; the newest counts.
    """
    called: dict[str, int] = {}
    told: dict[str, int] = {}
    failed: dict[str, Newest] = {}
    for system, number in calls:
        called[system] = called.get(system, 0) + number
    for source, number in events:
        system = source.partition("/")[0]
        told[system] = told.get(system, 0) + number
    for failure in failures:
        known = failed.get(failure.system)
        if known is None or failure.at > known.at:
            failed[failure.system] = failure
    out = []
    for system in sorted(called.keys() | told.keys() | failed.keys()):
        newest = failed.get(system)
        error = (newest.at, newest.error_class, newest.error_text) if newest is not None else ()
        out.append(Activity(system, called.get(system, 0), told.get(system, 0), *error))
    return out
