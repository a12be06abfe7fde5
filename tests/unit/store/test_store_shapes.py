"""What may be stored: keys fit every index of every database, and shapes follow the row classes."""

from __future__ import annotations

from dataclasses import fields

import pytest
import sqlalchemy as sa

from lineshaft.base.errors import BadRow
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.store import schema
from lineshaft.store.shapes import KEY_BYTES_MAX, ROW_SHAPES, bytes_max
from support import store_rows as a

INDEX_BYTES_MAX = 2_704
"""A B-tree entry of PostgreSQL: a third of a page of 8 KiB."""
HEADERS = 40


def _bytes_max(cls: type, column: sa.Column[object]) -> int:
    if not isinstance(column.type, sa.Text | schema.Words):
        return 8
    limit = bytes_max(cls, column.name)
    if limit is None and column.name in {"status", "kind"}:
        limit = 200
    assert limit is not None, f"{column}: a column in an index needs a limit"
    return limit + 4


@pytest.mark.parametrize("cls", schema.TABLES, ids=lambda cls: cls.__name__)
def test_longest_keys_fit_every_index(cls: type) -> None:
    table = schema.TABLES[cls]
    for columns in [table.primary_key.columns, *[index.columns for index in table.indexes]]:
        size = sum(_bytes_max(cls, column) for column in columns)
        assert size + HEADERS <= INDEX_BYTES_MAX, [column.name for column in columns]


@pytest.mark.parametrize("cls", schema.TABLES, ids=lambda cls: cls.__name__)
def test_columns_stand_in_the_order_of_the_fields(cls: type) -> None:
    expected = [field.name for field in fields(cls)]
    assert [column.name for column in ROW_SHAPES[cls].columns] == expected
    stored = [column.name for column in schema.TABLES[cls].columns]
    assert stored == [name for name in expected if name in stored]
    assert set(expected) - set(stored) <= {"content"}


def test_longest_key_of_any_script_may_be_stored() -> None:
    assert DEFAULT_LIMITS.key_characters_max * 4 <= KEY_BYTES_MAX
    row = a.event(key="🚚" * DEFAULT_LIMITS.key_characters_max)
    assert ROW_SHAPES[type(row)].columnar([row])


def test_refusal_names_table_column_and_value() -> None:
    with pytest.raises(BadRow, match=r"Event\.key.*'a\\x00b'"):
        ROW_SHAPES[type(a.event())].columnar([a.event(), a.event(key="a\0b")])


def test_true_is_not_a_number_and_one_is_not_true() -> None:
    for row in (a.job(attempts=True), a.letter(outage=1)):
        with pytest.raises(BadRow):
            ROW_SHAPES[type(row)].columnar([row])
