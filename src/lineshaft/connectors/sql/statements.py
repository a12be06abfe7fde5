"""The few statements that are ever sent. Names come from the manifest, quoted; values are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineshaft.connectors.sql.driving import Session
from lineshaft.connectors.sql.tables import Seen

Statement = tuple[str, list[Any]]
_ROWS_AT_ONCE = 100


class Builder:
    """One statement being put together."""

    def __init__(self, session: Session, seen: Seen) -> None:
        self.session = session
        self.seen = seen
        self.values: list[Any] = []

    def name(self, column: str) -> str:
        """Return a column in quotes."""
        return self.session.quote(self.seen.column(column))

    def table(self) -> str:
        """Return the table in quotes."""
        return self.session.quote(self.seen.rule.table)

    def value(self, column: str, value: Any) -> str:
        """Add a parameter; return its mark."""
        self.values.append(self.seen.encode(column, value))
        return self.session.mark(len(self.values))

    def equals(self, conditions: Mapping[str, Any]) -> str:
        """Return a condition: every column has its value."""
        parts = [
            f"{self.name(column)} IS NULL"
            if value is None
            else f"{self.name(column)} = {self.value(column, value)}"
            for column, value in conditions.items()
        ]
        return " AND ".join(parts) or "1 = 1"

    def columns(self) -> str:
        """Return every listed column."""
        return ", ".join(self.name(column) for column in self.seen.rule.columns)


def select(
    session: Session, seen: Seen, where: Mapping[str, Any], *, limit: int, lock: bool = False
) -> Statement:
    """Return ``SELECT`` of the listed columns."""
    build = Builder(session, seen)
    order = f" ORDER BY {', '.join(build.name(one) for one in seen.rule.key)}" if seen.rule.key else ""
    condition = build.equals(where)
    locks = lock and session.locks_rows
    return _limited(build, condition, order, limit, locks=locks), build.values


def _limited(build: Builder, condition: str, order: str, limit: int, *, locks: bool = False) -> str:
    """Return ``SELECT`` of so many rows at most, as the make says it."""
    columns, table = build.columns(), build.table()
    if build.session.limiting == "top":
        hint = " WITH (UPDLOCK, HOLDLOCK)" if locks else ""
        return f"SELECT TOP ({limit:d}) {columns} FROM {table}{hint} WHERE {condition}{order}"  # noqa: S608
    if build.session.limiting == "fetch":
        if locks:
            # Rows cannot be held and counted off in order by one statement.
            return f"SELECT {columns} FROM {table} WHERE ({condition}) AND ROWNUM <= {limit:d} FOR UPDATE"  # noqa: S608
        return f"SELECT {columns} FROM {table} WHERE {condition}{order} FETCH FIRST {limit:d} ROWS ONLY"  # noqa: S608
    locked = " FOR UPDATE" if locks else ""
    return f"SELECT {columns} FROM {table} WHERE {condition}{order} LIMIT {limit:d}{locked}"  # noqa: S608


def insert(session: Session, seen: Seen, values: Mapping[str, Any], key: Sequence[str]) -> Statement:
    """Return ``INSERT`` of one row that gives way to a row with the same key, where the make can say so."""
    build = Builder(session, seen)
    names = ", ".join(build.name(column) for column in values)
    marks = ", ".join(build.value(column, value) for column, value in values.items())
    conflict = ""
    if session.on_conflict and key:
        conflict = f" ON CONFLICT ({', '.join(build.name(one) for one in key)}) DO NOTHING"
    return f"INSERT INTO {build.table()} ({names}) VALUES ({marks}){conflict}", build.values  # noqa: S608


def insert_rows(session: Session, seen: Seen, rows: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """Return ``INSERT`` of many rows with the same columns, some at a time."""
    found = []
    at_once = _ROWS_AT_ONCE if session.many_values else 1
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        build = Builder(session, seen)
        names = ", ".join(build.name(column) for column in some[0])
        marks = ", ".join(
            f"({', '.join(build.value(column, value) for column, value in row.items())})" for row in some
        )
        found.append((f"INSERT INTO {build.table()} ({names}) VALUES {marks}", build.values))  # noqa: S608
    return found


def update(session: Session, seen: Seen, values: Mapping[str, Any], where: Mapping[str, Any]) -> Statement:
    """Return ``UPDATE``."""
    build = Builder(session, seen)
    sets = ", ".join(
        f"{build.name(column)} = {build.value(column, value)}" for column, value in values.items()
    )
    condition = build.equals(where)
    return f"UPDATE {build.table()} SET {sets} WHERE {condition}", build.values  # noqa: S608


def delete(session: Session, seen: Seen, where: Mapping[str, Any]) -> Statement:
    """Return ``DELETE``; only used for the lines of a row that is written anew."""
    build = Builder(session, seen)
    condition = build.equals(where)
    return f"DELETE FROM {build.table()} WHERE {condition}", build.values  # noqa: S608


def greatest(session: Session, seen: Seen, column: str) -> Statement:
    """Return the query for a column's greatest value."""
    build = Builder(session, seen)
    name = build.name(column)
    return f"SELECT MAX({name}) AS {session.quote('greatest')} FROM {build.table()}", []  # noqa: S608


def page(
    session: Session,
    seen: Seen,
    *,
    where: Mapping[str, Sequence[Any]],
    order: Sequence[str],
    cursor: str | None,
    since: tuple[str, Any] | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Statement:
    """Return one page of a polled table, from ``since`` on and behind the row with these order values."""
    build = Builder(session, seen)
    parts = []
    for column, values in where.items():
        marks = ", ".join(build.value(column, value) for value in values)
        parts.append(f"{build.name(column)} IN ({marks})")
    if cursor is not None:
        parts.append(f"{build.name(cursor)} IS NOT NULL")
    if since is not None:
        parts.append(f"{build.name(since[0])} >= {build.value(*since)}")
    if after is not None:
        parts.append(f"({_behind(build, order, after)})")
    condition = " AND ".join(parts) or "1 = 1"
    ordered = f" ORDER BY {', '.join(build.name(column) for column in order)}"
    return _limited(build, condition, ordered, limit), build.values


def _behind(build: Builder, order: Sequence[str], after: Sequence[Any]) -> str:
    """Return ``a > x OR (a = x AND (b > y …))``: row values compare differently from make to make."""
    column, value = order[0], after[0]
    greater = f"{build.name(column)} > {build.value(column, value)}"
    if len(order) == 1:
        return greater
    equal = f"{build.name(column)} = {build.value(column, value)}"
    return f"{greater} OR ({equal} AND ({_behind(build, order[1:], after[1:])}))"
