"""Listed tables against the live ones: a changed set of columns stops the work, with the column's name.

Also rows in and out of a listed table, since both need the live columns. Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.driving import LiveColumn, LiveTable
from lineshaft.connectors.sql.model import TableRule
from lineshaft.connectors.sql.values import FITTING, Unfit, all_to_column, from_column, to_column


class Changed(Exception):
    """A live table is not as listed; ``message`` names the column."""

    def __init__(self, code: str, message: Text) -> None:
        super().__init__(str(message))
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Seen:
    """A listed table and its live columns, checked against each other."""

    rule: TableRule
    live: Mapping[str, LiveColumn]
    """By our names."""
    unique: frozenset[frozenset[str]]
    zone: tzinfo

    def column(self, name: str) -> str:
        """Return a column's name in the database."""
        return self.rule.columns[name].column

    def encode(self, name: str, value: Any) -> Any:
        """Return a value as the column wants it.

        Raises:
            Unfit: It does not fit.
        """
        return to_column(value, self.rule.columns[name], self.live[name], self.zone)

    def encode_all(self, name: str, values: Sequence[Any]) -> list[Any]:
        """Return the values of many rows as the column wants them.

        Raises:
            Unfit: One does not fit.
        """
        return all_to_column(values, self.rule.columns[name], self.live[name], self.zone)

    def decode(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of the database by our names.

        Raises:
            Unfit: A value is not of the declared type.
        """
        return {
            name: from_column(row[column.column], column, self.live[name], self.zone)
            for name, column in self.rule.columns.items()
        }

    def same(self, name: str, written: Any, found: Any) -> bool:
        """Whether a value that we would write is the one that a decoded row has."""
        try:
            encoded = self.encode(name, written)
            return bool(from_column(encoded, self.rule.columns[name], self.live[name], self.zone) == found)
        except Unfit:
            return False

    def needs_unique(self, names: tuple[str, ...]) -> None:
        """Check that a unique index holds exactly these columns: otherwise a repeat would be doubled.

        Raises:
            Changed: There is none.
        """
        columns = frozenset(self.column(name) for name in names)
        if columns not in self.unique:
            raise Changed(
                "key_not_unique",
                text(
                    "Expected a unique index on {columns} of {table}, but there is none",
                    "{table} 应有列 {columns} 上的唯一索引,实际没有",
                    columns=", ".join(sorted(columns)),
                    table=self.rule.table,
                ),
            )


def compared(rule: TableRule, live: LiveTable, zone: tzinfo) -> Seen:
    """Compare a listed table with the live one.

    Raises:
        Changed: A table or column is missing, of another type, or new.
    """
    if not live.columns:
        raise Changed(
            "columns_changed",
            text("Expected the table {table}, but there is none", "表 {table} 不存在", table=rule.table),
        )
    if rule.writable and not live.transactional:
        raise Changed(
            "table_not_transactional",
            text(
                "Expected {table} to keep transactions, but its storage engine does not",
                "{table} 的存储引擎不支持事务",
                table=rule.table,
            ),
        )
    by_name = {column.name: column for column in live.columns}
    listed = {column.column for column in rule.columns.values()}
    new = [column for column in live.columns if column.name not in listed]
    found: dict[str, LiveColumn] = {}
    for name, column in rule.columns.items():
        there = by_name.get(column.column)
        if there is None:
            raise Changed("columns_changed", _missing(rule, column.column, [each.name for each in new]))
        if there.family not in FITTING[column.type]:
            raise Changed(
                "columns_changed",
                text(
                    "Expected the column {column} of {table} to hold a {type}, but it is {declared} now",
                    "{table} 的列 {column} 应能存放 {type},现为 {declared}",
                    column=column.column,
                    table=rule.table,
                    type=column.type,
                    declared=there.declared,
                ),
            )
        found[name] = there
    for extra in new:
        if not rule.more_columns or (rule.writable and not extra.may_be_left_out):
            raise Changed(
                "columns_changed",
                text(
                    "Expected only the listed columns in {table}, but there is {column} ({declared}) too",
                    "{table} 出现了未列出的列 {column}({declared})",
                    table=rule.table,
                    column=extra.name,
                    declared=extra.declared,
                ),
            )
    return Seen(rule, found, live.unique, zone)


def _missing(rule: TableRule, column: str, new: list[str]) -> Text:
    near = difflib.get_close_matches(column, new, n=1) or new[:1]
    if near:
        return text(
            "Expected the column {column} in {table}, but there is none; {near} is new there",
            "{table} 缺少列 {column};新出现了 {near}",
            column=column,
            table=rule.table,
            near=near[0],
        )
    return text(
        "Expected the column {column} in {table}, but there is none",
        "{table} 缺少列 {column}",
        column=column,
        table=rule.table,
    )
