"""Business objects keep what they are given, and compute only what is missing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.errors import InputError
from lineshaft.canonical import SalesOrder, read_object, with_amounts, write_object


def order(**changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": "XS2601-00001",
        "customer_code": "KH-0004",
        "business_date": date(2026, 1, 5),
        "price_includes_tax": True,
        "lines": [
            {
                "line_number": "1",
                "item_code": "BX-F210",
                "quantity": Decimal(100),
                "unit": "套",
                "price": "100.0000",
                "tax_rate": "0.13",
                "custom_3": "客户特殊需求",
            },
            {
                "line_number": "2",
                "item_code": "BX-R1",
                "quantity": Decimal("1.5"),
                "unit": "套",
                "price": Decimal("0.01"),
            },
        ],
    }
    return record | changes


def test_an_order_has_its_amounts_computed_from_its_lines() -> None:
    priced = with_amounts(read_object(SalesOrder, order()))
    assert [line.amount for line in priced.lines] == [Decimal("10000.00"), Decimal("0.02")]
    assert (priced.net_amount, priced.tax_amount, priced.gross_amount) == (
        Decimal("8849.58"),
        Decimal("1150.44"),
        Decimal("10000.02"),
    )


def test_a_given_amount_is_never_altered() -> None:
    record = order()
    record["lines"][0]["amount"] = Decimal("9999.99")
    assert with_amounts(read_object(SalesOrder, record)).lines[0].amount == Decimal("9999.99")


def test_a_cancelled_line_counts_nothing() -> None:
    record = order()
    record["lines"][0]["status"] = "cancelled"
    assert with_amounts(read_object(SalesOrder, record)).gross_amount == Decimal("0.02")


def test_custom_and_extension_fields_travel_from_end_to_end() -> None:
    record = order(custom_1="a", extensions={"渠道": "展会", "n": Decimal("1.10")})
    written = write_object(read_object(SalesOrder, record))
    assert written["custom_1"] == "a"
    assert written["lines"][0]["custom_3"] == "客户特殊需求"
    assert written["extensions"] == {"渠道": "展会", "n": Decimal("1.10")}
    assert str(written["extensions"]["n"]) == "1.10"


def test_written_and_read_again_it_is_the_same_object() -> None:
    first = with_amounts(read_object(SalesOrder, order()))
    assert read_object(SalesOrder, write_object(first)) == first


def test_a_float_is_refused_with_its_place() -> None:
    record = order()
    record["lines"][1]["quantity"] = 1.5
    with pytest.raises(InputError, match=r"lines\[1\]\.quantity"):
        read_object(SalesOrder, record)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"number": None}, "number"),
        ({"colour": "red"}, "colour"),
        ({"status": "lost"}, "status"),
        ({"lines": 3}, "lines"),
    ],
)
def test_a_wrong_field_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_object(SalesOrder, order(**change))
