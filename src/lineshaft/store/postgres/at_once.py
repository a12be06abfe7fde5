# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""The ordinary commit as one statement: the lease checked and every batch written on one way to the server.

The ordinary case is that everything is as the units assume. A batch that must change each of its rows says
how many it changed; new rows are inserted as they are, and one that is there already ends the statement.
Either way the transaction is rolled back, and the batches are written one by one with what is known by then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from lineshaft.store.batches import Batch
from lineshaft.store.postgres.leases import NOW
from lineshaft.store.postgres.statements import encoded, parts_of
from lineshaft.store.rows import Fact, InstanceScope, Job, Variable
from lineshaft.store.writes import Fence

_KINDS: Final = frozenset(
    {
        "event_in",
        "event_route",
        "instance_in",
        "instance_up",
        "effect_up",
        "effect_up_call",
        "effect_in",
        "job_take",
        "variable_in",
        "history",
    }
)
_PUT: Final = frozenset({Job, Variable, InstanceScope, Fact})
"""Rows that may be put and removed in one statement: each of their batches has keys of its own."""
_TEXTS_MAX: Final = 300
"""Statements that are kept prepared; beyond it the batches are written one by one."""

_texts: dict[tuple[Any, ...], str] = {}


def is_ordinary(batches: Sequence[Batch]) -> bool:
    """Tell whether all batches may go in one statement, in any order, by one view of the database."""
    return all(
        batch.kind in _KINDS or (batch.kind in ("put", "delete") and batch.shape.cls in _PUT)
        for batch in batches
    )


class AtOnce:
    """One commit's statement, its arguments, and what its answer must be."""

    def __init__(self, batches: Sequence[Batch], lanes: Collection[int], fence: Fence | None) -> None:
        self.arguments: list[Any] = []
        self.expected: list[int] = []
        self.text: str | None = None
        parts = []
        for batch in batches:
            columns = encoded(batch.shape, batch.columns)
            for number, part in enumerate(parts_of(batch, columns)):
                parts.append(part)
                if batch.verified and number == 0:
                    self.expected.append(batch.count)
                else:
                    self.expected.append(-1)
        key = (bool(lanes), *((id(statement), constant) for statement, constant, _ in parts))
        if lanes and fence is not None:
            ordered = sorted(lanes)
            self.arguments = [
                fence.worker,
                ",".join(map(str, ordered)),
                ",".join(str(fence.tokens.get(lane, -1)) for lane in ordered),
            ]
            self.expected.insert(0, len(ordered))
        for _, constant, arguments in parts:
            for place, argument in enumerate(arguments):
                self.arguments.append(argument[0] if place in constant else argument)
        found = _texts.get(key)
        if found is None and len(_texts) < _TEXTS_MAX:
            found = _texts[key] = _text(bool(lanes), parts, self.expected)
        self.text = found
        self.has_lease = bool(lanes)


_LEASE: Final = (
    "SELECT count(*) FROM lane_lease AS l JOIN unnest(string_to_array($2, ',')::bigint[],"
    " string_to_array($3, ',')::bigint[]) AS x(lane, token) ON l.lane = x.lane AND l.token = x.token"
    f" WHERE l.worker = $1 AND l.until > {NOW}"
)


def _text(has_lease: bool, parts: Sequence[Any], expected: Sequence[int]) -> str:
    steps, counts = [], []
    first = 1
    if has_lease:
        counts.append(f"({_LEASE})")
        first = 4
    for number, (statement, constant, arguments) in enumerate(parts):
        is_counted = expected[len(counts)] >= 0
        name = f"w{number}"
        returning = " RETURNING 1" if is_counted else ""
        steps.append(f"{name} AS ({statement.sql(constant, first)}{returning})")
        counts.append(f"(SELECT count(*) FROM {name})" if is_counted else "-1")
        first += len(arguments)
    return f"WITH {', '.join(steps)} SELECT {', '.join(counts)}"
