"""The guarded writes, inside a transaction that the caller commits.

A row is found again by its key, so a repeat does nothing twice; a row that somebody else has filled, or that
the target has taken already, is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineshaft.base.text import Text, text
from lineshaft.connectors.sql import statements
from lineshaft.connectors.sql.driving import Fault, Session
from lineshaft.connectors.sql.model import OperationRule
from lineshaft.connectors.sql.tables import Seen

Values = Mapping[str, Any]


class Forbidden(Exception):
    """The row that is there forbids the write: the target's business "no"."""

    def __init__(self, code: str, message: Text) -> None:
        super().__init__(str(message))
        self.code = code
        self.message = message


class Ambiguous(Exception):
    """More than one row would be changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What stands now, and whether it stood before."""

    row: dict[str, Any]
    changed: bool
    rows: tuple[dict[str, Any], ...] = ()
    """All rows of the key, where an operation writes several; ``row`` is the first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written, computed before anything was sent."""

    values: Values
    """Of the first row, where there are several."""
    where: Values
    only_while: Values
    lines: Sequence[Values]
    lines_by: Values
    """What tells the lines of this row from those of others."""
    rows: Sequence[Values] = ()


class Writer:
    """One write of one operation."""

    def __init__(
        self,
        session: Session,
        rule: OperationRule,
        tables: tuple[Seen, Seen | None],
        wanted: Wanted,
        sending: Callable[[], None],
    ) -> None:
        self._session = session
        self._rule = rule
        self._seen, self._lines = tables
        self._wanted = wanted
        self._sending = sending

    async def write(self) -> Written:
        """Carry out the operation's action.

        Raises:
            Fault: The database did not do it.
            Unfit: A value does not fit its column; nothing was sent.
            Forbidden: The row that is there forbids it.
            Ambiguous: An update would change several rows.
        """
        if self._rule.locks_key:
            await self._session.lock(self._lock_name())
        if self._rule.rows is not None:
            return await self._insert_rows()
        if self._rule.action == "insert":
            return await self._insert()
        if self._rule.action == "upsert":
            return await self._upsert()
        return await self._update()

    async def _insert(self) -> Written:
        """Insert, or find the row that an earlier try (or somebody else) has inserted."""
        key = self._by(self._rule.key)
        unique = self._rule.key
        if self._rule.locks_key:
            found = await self._find(key, lock=True)
            if found is not None:
                self._must_be_ours(found)
                return Written(found, changed=False)
            unique = ()
        own = statements.insert(self._session, self._seen, self._wanted.values, unique)
        lines = self._line_statements()
        self._sending()
        inserted, duplicate = 0, None
        try:
            inserted = await self._session.execute(*own)
        except Fault as fault:
            if fault.kind != "unique" or self._session.on_conflict:
                raise
            duplicate = fault
        if inserted:
            for statement in lines:
                await self._session.execute(*statement)
        row = await self._find(key)
        if row is None:
            raise duplicate or Fault("busy", "row", "the row was deleted meanwhile")
        if not inserted:
            self._must_be_ours(row)
        return Written(row, bool(inserted))

    async def _insert_rows(self) -> Written:
        """Insert all rows of a key, or find exactly these: never some of them, never twice."""
        key, wanted = self._by(self._rule.key), self._wanted.rows
        found = await self._all(key, len(wanted) + 1)
        if found:
            self._must_be_these(found)
            return Written(found[0], False, tuple(found))
        inserts = statements.insert_rows(self._session, self._seen, wanted)
        self._sending()
        for statement in inserts:
            await self._session.execute(*statement)
        found = await self._all(key, len(wanted))
        return Written(found[0], True, tuple(found))

    async def _all(self, key: Values, limit: int) -> list[dict[str, Any]]:
        return [self._seen.decode(row) for row in await self._select(key, limit, lock=True)]

    def _lock_name(self) -> str:
        parts = [self._seen.rule.table, *(str(value) for value in self._by(self._rule.key).values())]
        return "\x1f".join(parts)

    async def _upsert(self) -> Written:
        key = self._by(self._rule.key)
        found = await self._find(key, lock=True)
        if found is None:
            return await self._insert()
        if self._is_same(found, self._rule.compare) and self._lines is None:
            return Written(found, changed=False)
        self._must_be(found, self._wanted.only_while)
        own = statements.update(self._session, self._seen, self._wanted.values, key)
        lines = self._line_statements()
        if self._lines is not None:
            lines.insert(0, statements.delete(self._session, self._lines, self._wanted.lines_by))
        self._sending()
        await self._session.execute(*own)
        for statement in lines:
            await self._session.execute(*statement)
        return Written(await self._find(key) or found, changed=True)

    async def _update(self) -> Written:
        wanted = self._wanted
        rows = [self._seen.decode(row) for row in await self._select(wanted.where, 2, lock=True)]
        if not rows:
            raise Forbidden("row_missing", text("Expected a row, but there is none", "没有符合条件的行"))
        if len(rows) > 1:
            raise Ambiguous
        (found,) = rows
        if self._is_same(found, wanted.values):
            return Written(found, changed=False)
        self._must_be(found, wanted.only_while)
        own = statements.update(self._session, self._seen, wanted.values, wanted.where)
        self._sending()
        if await self._session.execute(*own) > 1:
            raise Ambiguous
        return Written({**found, **self._read_back(wanted.values)}, changed=True)

    def _line_statements(self) -> list[statements.Statement]:
        if self._lines is None:
            return []
        return statements.insert_rows(self._session, self._lines, self._wanted.lines)

    async def _find(self, key: Values, *, lock: bool = False) -> dict[str, Any] | None:
        rows = await self._select(key, 1, lock=lock)
        return self._seen.decode(rows[0]) if rows else None

    async def _select(self, where: Values, limit: int, *, lock: bool = False) -> list[dict[str, Any]]:
        statement, values = statements.select(self._session, self._seen, where, limit=limit, lock=lock)
        return await self._session.fetch(statement, values)

    def _by(self, names: Sequence[str]) -> dict[str, Any]:
        return {name: self._wanted.values[name] for name in names}

    def _read_back(self, values: Values) -> dict[str, Any]:
        columns = self._seen.rule.columns
        encoded = {columns[name].column: self._seen.encode(name, value) for name, value in values.items()}
        empty = {column.column: None for column in columns.values()}
        decoded = self._seen.decode({**empty, **encoded})
        return {name: decoded[name] for name in values}

    def _is_same(self, row: Values, names: Sequence[str] | Values) -> bool:
        return all(self._seen.same(name, self._wanted.values[name], row[name]) for name in names)

    def _must_be_ours(self, row: Values) -> None:
        """A row with this natural key must say what we say; by our own key it is ours for certain."""
        differing = [
            self._seen.column(name)
            for name in self._rule.compare
            if not self._seen.same(name, self._wanted.values[name], row[name])
        ]
        if differing:
            raise Forbidden(
                "key_taken",
                text(
                    "Expected a free key, but there is a row with another {columns}",
                    "该键已有其他行,{columns} 不同",
                    columns=", ".join(differing),
                ),
            )

    def _must_be_these(self, found: Sequence[Values]) -> None:
        left = list(found)
        for wanted in self._wanted.rows:
            same = next((row for row in left if self._agrees(wanted, row)), None)
            if same is None:
                break
            left.remove(same)
        else:
            if not left:
                return
        raise Forbidden(
            "key_taken",
            text("Expected a free key, but there are other rows with it", "该键已有其他行,内容不同"),
        )

    def _agrees(self, wanted: Values, row: Values) -> bool:
        return all(self._seen.same(name, wanted[name], row[name]) for name in self._rule.compare)

    def _must_be(self, row: Values, only_while: Values) -> None:
        for name, value in only_while.items():
            if not self._seen.same(name, value, row[name]):
                raise Forbidden(
                    "row_taken",
                    text(
                        "Expected {column} to be {value}, but it is {found}: the row is taken already",
                        "{column} 应为 {value},现为 {found}:该行已被处理",
                        column=self._seen.column(name),
                        value=value,
                        found=row[name],
                    ),
                )
