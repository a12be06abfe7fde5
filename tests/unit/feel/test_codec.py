"""The stored form keeps values and their kinds."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.feel import codec

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.binary(max_size=20),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(VALUES)
def test_codec_returns_what_it_was_given(value: object) -> None:
    again = codec.decode(codec.encode(value))
    assert again == value
    assert type(again) is type(value)


def test_codec_keeps_the_digits_of_a_decimal() -> None:
    assert str(codec.decode(codec.encode({"price": Decimal("1.50")}))["price"]) == "1.50"


@pytest.mark.parametrize("number", [1 << 63, 1 << 64, -(1 << 63) - 1, 10**40])
def test_codec_takes_whole_numbers_of_any_size_inside_plain_values(number: int) -> None:
    assert codec.decode(codec.encode({"a": [1, "x", number]})) == {"a": [1, "x", number]}


def test_codec_refuses_names_that_are_not_text() -> None:
    with pytest.raises(codec.NotStorable):
        codec.encode({1: "x"})
