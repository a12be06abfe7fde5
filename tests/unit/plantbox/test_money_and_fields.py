"""Exact amounts and the reading of JSON bodies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plantbox.fields import BadField, Fields, parse_object
from plantbox.money import cents, from_cents, grouped, half_up, line_amounts, trimmed


def d(text: str) -> Decimal:
    return Decimal(text)


def test_half_a_cent_is_rounded_up() -> None:
    assert half_up(d("2.675")) == d("2.68")
    assert half_up(d("0.005")) == d("0.01")


def test_a_line_with_tax_inside_gives_net_tax_and_gross_that_add_up() -> None:
    worth = line_amounts(d("100"), d("100.0000"), d("0"), d("0.13"), with_tax=True)
    assert (worth.own, worth.net, worth.tax, worth.gross) == (
        d("10000.00"),
        d("8849.56"),
        d("1150.44"),
        d("10000.00"),
    )


def test_a_line_with_tax_on_top_starts_from_the_net_amount() -> None:
    worth = line_amounts(d("3"), d("2024.9940"), d("0.02"), d("0.13"), with_tax=False)
    assert worth.own == worth.net == d("5953.48")
    assert worth.gross == worth.net + worth.tax == d("6727.43")


def test_a_quantity_has_neither_exponent_nor_trailing_zeros() -> None:
    assert trimmed(d("100")) == "100"
    assert trimmed(d("0.5200")) == "0.52"
    assert grouped(d("12300")) == "12,300.00"
    assert from_cents(cents(d("12.34"))) == d("12.34")


@pytest.mark.parametrize("body", [b'{"a": 1.5}', b'{"a": NaN}', b"[]", b"{", b'{"a": 1e5}'])
def test_a_body_that_is_no_object_or_holds_a_float_is_refused(body: bytes) -> None:
    with pytest.raises(BadField):
        parse_object(body)


@pytest.mark.parametrize("value", ["x", "NaN", "Infinity", True, [], "1" * 40, "1e99"])
def test_a_number_that_is_none_is_refused_with_its_path(value: object) -> None:
    with pytest.raises(BadField) as caught:
        Fields({"lines": [{"qty": value}]}).rows("lines", most=5)[0].number("qty")
    assert caught.value.field == "lines[0].qty"


def test_a_missing_number_takes_its_default_and_a_low_one_is_refused() -> None:
    fields = Fields({"a": "-1"})
    assert fields.number("b", "7") == 7
    with pytest.raises(BadField, match="at least 0"):
        fields.number("a", low="0")


def test_a_day_is_cut_out_of_a_time_and_nonsense_is_refused() -> None:
    assert Fields({"a": "2026-01-20T08:00:00"}).day("a") == "2026-01-20"
    with pytest.raises(BadField):
        Fields({"a": "20.1.2026"}).day("a")
