"""A plan cut into batches: rows of one kind, checked, column by column, in the order of writing.

What one batch becomes (an ``executemany``, an ``unnest``) is the make's own affair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lineshaft.store import writes as w
from lineshaft.store.judge import Key, Plan
from lineshaft.store.rows import (
    AuditEntry,
    AuditHead,
    Cursor,
    DeadLetter,
    Document,
    Effect,
    Event,
    History,
    Incident,
    Instance,
    Job,
    Record,
    Release,
    SystemState,
    Task,
    Variable,
)
from lineshaft.store.shapes import KEYS, ROW_SHAPES, WRITE_SHAPES, Column, Shape


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one kind. ``columns`` stand in the order of ``shape``."""

    kind: str
    """``event_in``, ``effect_up`` … or ``put`` / ``delete`` for plain rows of ``shape.cls``."""
    shape: Shape
    columns: list[tuple[Any, ...]]
    count: int
    verified: bool = False
    """Each row must change exactly one row, or what was assumed was wrong."""

    def changed(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return those of ``names`` that at least one row has a value for.

        An update that leaves a column out leaves the column's indexes alone.
        """
        columns = zip(self.shape.columns, self.columns, strict=True)
        return tuple(
            column.name
            for column, values in columns
            if column.name in names and values.count(None) < self.count
        )


def _identity(key: Any) -> tuple[Any, ...]:
    return tuple(key)


def _key_shape(cls: type) -> Shape:
    columns = {column.name: column for column in ROW_SHAPES[cls].columns}
    return Shape(cls, tuple(columns[name] for name in KEYS[cls]), _identity)


KEY_SHAPES: Final[dict[type, Shape]] = {cls: _key_shape(cls) for cls in KEYS}
"""The shape of the key of every row class."""

_EXPECTED: Final = Column("expected", "int", False)


def versioned(cls: type) -> Shape:
    """Return the shape of a row and the version it replaces."""
    shape = ROW_SHAPES[cls]
    return replace(shape, columns=(*shape.columns, _EXPECTED))


_VERSIONED: Final[dict[type, Shape]] = {cls: versioned(cls) for cls in (SystemState, Cursor, Record)}


def batches_of(plan: Plan) -> list[Batch]:
    """Cut a plan into batches.

    Raises:
        BadRow: it holds a value that no make can store.
    """
    out: list[Batch] = []

    def add(kind: str, shape: Shape, objects: Collection[Any], verified: bool = False) -> None:
        if objects:
            out.append(Batch(kind, shape, shape.columnar(objects), len(objects), verified))

    add("event_in", ROW_SHAPES[Event], plan.event_in.values(), True)
    add("event_route", WRITE_SHAPES[w.RouteEvent], plan.event_route.values(), True)
    add("instance_in", ROW_SHAPES[Instance], plan.instance_in.values(), True)
    add("instance_up", WRITE_SHAPES[w.UpdateInstance], plan.instance_up.values(), True)
    if plan.effect_up:
        ups = plan.effect_up.values()
        shape = WRITE_SHAPES[w.UpdateEffect]
        plain = [up for up in ups if not up.late_evidence]
        add("effect_up", shape, [up for up in plain if not up.of_call], True)
        add("effect_up_call", shape, [up for up in plain if up.of_call], True)
        add("effect_up_late", shape, [up for up in ups if up.late_evidence], True)
    add("effect_in", ROW_SHAPES[Effect], plan.effect_in.values(), True)
    if plan.jobs:
        jobs = plan.jobs.items()
        add("job_take", KEY_SHAPES[Job], [key for key, (taken, _) in jobs if taken], True)
        add("delete", KEY_SHAPES[Job], [key for key, (taken, row) in jobs if not taken and row is None])
        add("put", ROW_SHAPES[Job], [row for _, row in plan.jobs.values() if row is not None])
    add("letter_close", WRITE_SHAPES[w.CloseDeadLetter], plan.letter_close.values(), True)
    add("put", ROW_SHAPES[DeadLetter], plan.letter_put.values())
    _add_versioned(out, SystemState, plan.states.values())
    _add_versioned(out, Cursor, plan.cursors.values())
    _add_versioned(out, Record, plan.records.values())
    add("task_end", WRITE_SHAPES[w.EndTask], plan.task_end.values())
    add("put", ROW_SHAPES[Task], plan.task_put.values())
    add("incident_close", WRITE_SHAPES[w.CloseIncident], plan.incident_close.values())
    add("put", ROW_SHAPES[Incident], plan.incident_put.values())
    add("document_put", ROW_SHAPES[Document], plan.documents.values())
    add("release_active", KEY_SHAPES[Release], plan.active_release.items())
    add("put", ROW_SHAPES[Release], plan.releases.values())
    for cls, rows in plan.plain.items():
        add("delete", KEY_SHAPES[cls], [key for key, row in rows.items() if row is None])
        if cls is Variable and (new := plan.new_variables):
            chosen = [row for key, row in rows.items() if row is not None and key in new]
            add("variable_in", ROW_SHAPES[cls], chosen)
            add(
                "put",
                ROW_SHAPES[cls],
                [row for key, row in rows.items() if row is not None and key not in new],
            )
        else:
            add("put", ROW_SHAPES[cls], [row for row in rows.values() if row is not None])
    add("history", ROW_SHAPES[History], plan.history)
    add("audit_erase", WRITE_SHAPES[w.EraseAudit], plan.erased.values())
    # Judged here as all rows are; the make writes them itself, after it has numbered and chained them.
    ROW_SHAPES[AuditEntry].columnar(plan.audit)
    return out


def audit_batches(entries: Sequence[AuditEntry], heads: Sequence[AuditHead]) -> list[Batch]:
    """Return the batches of chained entries and of the new ends of their logs."""
    return [
        Batch("insert", ROW_SHAPES[AuditEntry], ROW_SHAPES[AuditEntry].columnar(entries), len(entries)),
        Batch("put", ROW_SHAPES[AuditHead], ROW_SHAPES[AuditHead].columnar(heads), len(heads)),
    ]


def _add_versioned(out: list[Batch], cls: type, entries: Iterable[tuple[int, Any]]) -> None:
    shape = _VERSIONED[cls]
    pairs = list(entries)
    for kind, chosen in (
        ("version_in", [pair for pair in pairs if pair[0] == 0]),
        ("version_up", [pair for pair in pairs if pair[0] != 0]),
    ):
        if chosen:
            columns = ROW_SHAPES[cls].columnar(row for _, row in chosen)
            columns.append(tuple(expected for expected, _ in chosen))
            out.append(Batch(kind, shape, columns, len(chosen), True))


def keys_of(keys: Iterable[Key], cls: type) -> list[tuple[Any, ...]]:
    """Return keys column by column, to look them up."""
    return KEY_SHAPES[cls].columnar(keys)
