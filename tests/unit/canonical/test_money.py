"""Amounts are exact and rounded as invoices are."""

from decimal import Decimal

import pytest

from lineshaft.base.errors import InputError
from lineshaft.canonical import exact, half_up, line_amount, split_tax


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "amount"),
    [
        ("1", "2024.994", "0", "2024.99"),
        ("3", "0.335", "0", "1.01"),
        ("1", "0.005", "0", "0.01"),
        ("1", "1.005", "0", "1.01"),
        ("-1", "0.005", "0", "-0.01"),
        ("11", "20.1865", "0.02", "217.61"),
        ("100", "100.0000", "0", "10000.00"),
        ("0", "9.99", "0", "0.00"),
        ("1", "10", "1", "0.00"),
    ],
)
def test_line_amount_rounds_half_up_to_cents(quantity: str, price: str, discount: str, amount: str) -> None:
    assert line_amount(Decimal(quantity), Decimal(price), Decimal(discount)) == Decimal(amount)


def test_line_amount_keeps_two_decimals_when_the_product_is_whole() -> None:
    assert str(line_amount(Decimal(2), Decimal(5))) == "10.00"


def test_half_up_differs_from_bankers_rounding_at_the_half() -> None:
    assert half_up(Decimal("2.345")) == Decimal("2.35")
    assert half_up(Decimal("2.335")) == Decimal("2.34")


@pytest.mark.parametrize("includes_tax", [True, False])
def test_split_tax_adds_up_whatever_the_rounding(includes_tax: bool) -> None:
    for cents in range(1, 400):
        net, tax, gross = split_tax(Decimal(cents) / 100, Decimal("0.13"), includes_tax=includes_tax)
        assert net + tax == gross


def test_split_tax_of_an_amount_with_tax_gives_the_known_parts() -> None:
    net, tax, gross = split_tax(Decimal("10000.00"), Decimal("0.13"), includes_tax=True)
    assert (net, tax, gross) == (Decimal("8849.56"), Decimal("1150.44"), Decimal("10000.00"))


@pytest.mark.parametrize("value", [1.5, True, "abc", "NaN", "Infinity", None, ""])
def test_exact_refuses_what_is_not_an_exact_number(value: object) -> None:
    with pytest.raises(InputError, match="price"):
        exact(value, "price")


def test_exact_keeps_every_digit() -> None:
    assert str(exact(" 0.10000000000000000000000001 ", "price")) == "0.10000000000000000000000001"
