"""How long a pack wants records to be kept.

A pack says it in ``retention/*.yaml``, in days; 0 keeps for ever:

    format: 1
    keep:
      instances: 730          # ended runs with history, variables, calls and tasks
      events: 365             # events that were routed
      event_keys: 0           # by which a repeated event is known
      effects: 730            # calls of no run: notices, releases
      dead_letters: 730       # closed ones
      messages: 1             # after the end of their life
      documents: 0            # documents with their lines and links
      notices: 730            # closed alerts, briefings, entries of people's boxes
    processes:
      order-to-delivery: 3650 # its runs go by another time

Pure: bytes come in, a ``RetentionSpec`` goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lineshaft.base.text import text
from lineshaft.sdk.schema import Problems, Table, read_yaml

KINDS: Final = (
    "instances",
    "effects",
    "events",
    "event_keys",
    "dead_letters",
    "messages",
    "documents",
    "notices",
)
DAYS_MAX: Final = 36_500


@dataclass(frozen=True, slots=True)
class RetentionSpec:
    """What the files of a pack say."""

    days: Mapping[str, int] = field(default_factory=dict)
    """By kind; a kind that is not named goes by the hub's default."""
    processes: Mapping[str, int] = field(default_factory=dict)


def read_retention(files: Iterable[tuple[str, bytes]]) -> RetentionSpec:
    """Read all files of the folder ``retention`` (path, content) as one.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    days: dict[str, int] = {}
    processes: dict[str, int] = {}
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        keep = root.table("keep")
        if keep is not None:
            for kind in KINDS:
                if kind in keep.entries:
                    days[kind] = _days(keep, kind, problems)
            keep.done()
        own = root.table("processes")
        if own is not None:
            processes |= {name: _days(own, name, problems) for name in list(own.entries)}
        root.done()
    problems.raise_if_any()
    return RetentionSpec(days, processes)


def _days(table: Table, key: str, problems: Problems) -> int:
    found = table.integer(key, 0)
    if found > DAYS_MAX:
        problems.add(
            "limit",
            text(
                "Expected at most {most} days for {key}, but it is {found}",
                "{key} 最多 {most} 天,实际为 {found}",
                most=DAYS_MAX,
                key=key,
                found=found,
            ),
            table.place,
        )
    return found
