"""Many rows in one statement: what an ``upsert`` without lines becomes for the items of a batch.

Without a condition it is one statement that inserts or changes; with ``while`` the rows that are there are
locked and compared first. Where the database turns the whole away for the sake of some rows, the batch is
halved until they are found: the others are written, each bad row has its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.connectors.sql.driving import Session
from lineshaft.connectors.sql.model import Dialect, OperationRule
from lineshaft.connectors.sql.statements import Builder, Statement
from lineshaft.connectors.sql.tables import Seen

ROWS_MAX: Final = 500
"""Rows in one statement; a statement has 65,535 parameters at most, on SQLite 32,766."""
ROWS_IN_ARRAYS_MAX: Final = 2_000
"""Rows in one statement where a column is one parameter."""
FEW: Final = 4
"""So few are written one by one."""
ONE_ROWS_FAULT: Final = frozenset({"unique", "foreign_key", "data", "refused"})
"""Kinds of faults that one row may be the cause of."""
Row = Mapping[str, Any]


@dataclass(slots=True)
class Item:
    """One item of a batch: what is to be written, under which condition, and what came of it."""

    number: int
    values: Row
    only_while: Row
    is_changed: bool = True
    is_taken: Row | None = None
    """The row that forbids it."""


def rows_max(dialect: Dialect, *, conditional: bool) -> int:
    """Return how many rows one statement may have; those that are compared first are listed one by one."""
    return ROWS_IN_ARRAYS_MAX if dialect == "postgresql" and not conditional else ROWS_MAX


def fits(rule: OperationRule, seen: Seen) -> bool:
    """Tell whether an operation's items can share a statement: its key alone decides which row is meant."""
    if rule.action != "upsert" or rule.lines is not None or rule.rows is not None or rule.locks_key:
        return False
    if not rule.key or rule.key_column is not None:
        return False
    key = frozenset(seen.column(name) for name in rule.key)
    # A make without ON CONFLICT (key) would take a row of another unique index for the same.
    return all(each == key or key <= each for each in seen.unique) and key in seen.unique


async def write_rows(
    session: Session, rule: OperationRule, seen: Seen, items: Sequence[Item], sending: Callable[[], None]
) -> None:
    """Write items whose keys differ, inside a transaction that the caller commits.

    Raises:
        Fault: The database turned it away as a whole; nothing was written.
        Unfit: A value does not fit its column; nothing was sent.
    """
    todo = list(items)
    if rule.only_while:
        found = await _there(session, rule, seen, todo)
        for item in todo:
            row = found.get(_key(rule, seen, item.values))
            if row is None:
                continue
            if all(seen.same(name, item.values[name], row[name]) for name in rule.compare):
                item.is_changed = False
            elif not all(seen.same(name, value, row[name]) for name, value in item.only_while.items()):
                item.is_taken = row
        todo = [item for item in todo if item.is_changed and item.is_taken is None]
    if not todo:
        return
    statement = upsert(session, rule, seen, [item.values for item in todo])
    sending()
    await session.execute(*statement)


async def _there(
    session: Session, rule: OperationRule, seen: Seen, items: Sequence[Item]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the rows that are there, locked, by their keys."""
    build = Builder(session, seen)
    names = ", ".join(build.name(name) for name in rule.key)
    marks = ", ".join(
        f"({', '.join(build.value(name, item.values[name]) for name in rule.key)})" for item in items
    )
    locked = " FOR UPDATE" if session.locks_rows else ""
    order = f" ORDER BY {names}"
    rows = await session.fetch(
        f"SELECT {build.columns()} FROM {build.table()} WHERE ({names}) IN ({_values(session)}{marks}){order}{locked}",  # noqa: S608, E501
        build.values,
    )
    decoded = [seen.decode(row) for row in rows]
    return {_key(rule, seen, row): row for row in decoded}


def _values(session: Session) -> str:
    """SQLite takes a list of rows behind ``VALUES`` only."""
    return "" if session.locks_rows else "VALUES "


def _key(rule: OperationRule, seen: Seen, row: Row) -> tuple[Any, ...]:
    return tuple(seen.encode(name, row[name]) for name in rule.key)


def keys_differ(rule: OperationRule, seen: Seen, items: Sequence[Item]) -> bool:
    """Tell whether no two items mean the same row.

    Raises:
        Unfit: A key does not fit its column.
    """
    columns = [seen.encode_all(name, [item.values[name] for item in items]) for name in rule.key]
    return len(set(zip(*columns, strict=True))) == len(items)


def upsert(session: Session, rule: OperationRule, seen: Seen, rows: Sequence[Row]) -> Statement:
    """Return one statement that inserts rows, or changes those that are there with the same key."""
    build = Builder(session, seen)
    names = list(rows[0])
    columns = ", ".join(build.name(name) for name in names)
    others = [name for name in names if name not in rule.key]
    if session.arrays:
        encoded = [seen.encode_all(name, [row[name] for row in rows]) for name in names]
        types = ", ".join(f"${n}::{seen.live[name].declared}[]" for n, name in enumerate(names, 1))
        source = f"SELECT * FROM unnest({types})"  # noqa: S608 - types as the database names them
        values: list[Any] = encoded
    else:
        marks = ", ".join(f"({', '.join(build.value(n, row[n]) for n in names)})" for row in rows)
        source, values = f"VALUES {marks}", build.values
    if session.on_conflict:
        sets = ", ".join(f"{build.name(name)} = excluded.{build.name(name)}" for name in others)
        key = ", ".join(build.name(name) for name in rule.key)
        end = f"ON CONFLICT ({key}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")
    else:
        sets = ", ".join(f"{build.name(n)} = VALUES({build.name(n)})" for n in others or rule.key)
        end = f"ON DUPLICATE KEY UPDATE {sets}"
    return f"INSERT INTO {build.table()} ({columns}) {source} {end}", values
