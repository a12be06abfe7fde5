"""Stored values come back as they were given."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft import feel
from lineshaft.feel import codec

SIMPLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.sampled_from([dt.UTC, ZoneInfo("Asia/Shanghai")])),
    st.datetimes(),
    st.timedeltas(),
    st.binary(),
)
VALUES = st.recursive(
    SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and str(a) == str(b) and a == b


@given(VALUES)
def test_value_comes_back_with_its_kind_and_its_digits(value: Any) -> None:
    assert same(codec.decode(codec.encode(value)), value)


@pytest.mark.parametrize(
    "expression",
    [
        "1.50",
        'date("2026-01-01")',
        'time("08:00:00@Asia/Shanghai")',
        'date and time("2026-01-01T08:00:00+08:00")',
        'date and time("2026-01-01T08:00:00")',
        'duration("P1DT2H")',
        'duration("P1Y2M")',
        "[1..5)",
        '{a: [1, {b: duration("PT1H")}]}',
        'date("-20000-01-01")',
    ],
)
def test_feel_value_comes_back(expression: str) -> None:
    value = feel.evaluate(expression)
    found = codec.decode(codec.encode(value))
    assert found == value
    assert type(found) is type(value)


def test_function_cannot_be_stored() -> None:
    with pytest.raises(codec.NotStorable):
        codec.encode(feel.evaluate("function(x) x + 1"))
    with pytest.raises(codec.NotStorable):
        codec.encode({1: 2})


def test_decimal_keeps_its_trailing_zeros() -> None:
    assert str(codec.decode(codec.encode(Decimal("1.500")))) == "1.500"
