"""Sensitive values inside texts of every shape are found, and hostile texts cost no time."""

from __future__ import annotations

import csv
import time
from decimal import Decimal

import pytest

from lineshaft.sdk.sensitive import SHIPPED
from lineshaft.security.fields import MARK, TEXT, Masking

HIDDEN = frozenset({"cost", "contact", "salary", "balance"})


def shown(said: str) -> str:
    made = Masking(SHIPPED, HIDDEN).value(said)
    return made if isinstance(made, str) else made[TEXT]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("unit_cost=1,234.50; qty=3", "unit_cost=***; qty=3"),
        ("phone: +86 138 0013 8000, M-1", "phone: ***, M-1"),
        ("home address: 5 Main Street\nM-1", "home address: ***\nM-1"),
        ('{"unit_cost": 5', '{"unit_cost": ***'),
        ("单位成本为准,其中单位成本:7.5;数量:3", "单位成本为准,其中单位成本:***;数量:3"),
        ("<a><Cost>1</Cost><Qty>2</Qty></a>", "<a><Cost>***</Cost><Qty>2</Qty></a>"),
        ("<Cost><Cost>1</Cost>2</Cost><Q>3</Q>", "<Cost><Cost>***</Cost>***</Cost><Q>3</Q>"),
        ("<x:UnitCost v='9'><![CDATA[7]]></x:UnitCost>", "<x:UnitCost v='***'>***</x:UnitCost>"),
        ("refused <cost>7.5</cost> for 3", "refused <cost>***</cost> for 3"),
        ("<a cost=\"7\" n='3'/>", "<a cost=\"***\" n='3'/>"),
        ("<a><cost>7", "<a><cost>***"),
        ("no;unit_cost;qty\n1;7,5;3\n2;8;4\n", "no;unit_cost;qty\n1;***;3\n2;***;4\n"),
        ("costs are fine: 3", "costs are fine: 3"),
        ("M-1 < M-2, a: b", "M-1 < M-2, a: b"),
        ("https://erp.example/x?id=3", "https://erp.example/x?id=3"),
    ],
)
def test_values_are_taken_out_and_the_rest_stays(said: str, expected: str) -> None:
    assert shown(said) == expected


def test_class_is_named_and_what_was_let_through_too() -> None:
    masking = Masking(SHIPPED, frozenset({"cost"}))
    assert masking.value("salary=1, unit_cost=2") == {MARK: "cost", TEXT: "salary=1, unit_cost=***"}
    assert masking.shown == {"salary"}


@pytest.mark.parametrize(
    "part", ["a", "<", "<!--", '<a "', "<![CDATA[", "a ", "a=", "{", '"', "<a>", "成", ","]
)
def test_hostile_text_costs_no_time(part: str) -> None:
    started = time.process_time()
    for said in (f"x: {part * 20_000}\n=", f"<a {part * 20_000}>", f"{part * 20_000}:1"):
        shown(said)
    assert time.process_time() - started < 1


def test_number_that_nobody_could_write_out_is_masked_like_any() -> None:
    vast = {"unit_cost": Decimal("1e99999999999"), "note": "x"}
    assert Masking(SHIPPED, HIDDEN).value(vast) == {"unit_cost": {MARK: "cost"}, "note": "x"}


@pytest.mark.parametrize("limit", [131_072, 1_000_000])
def test_table_that_cannot_be_taken_apart_shows_no_row(limit: int) -> None:
    """A cell that is too long, and a table that is: which value stands where cannot be said."""
    before = csv.field_size_limit(limit)
    try:
        _shows_no_row()
    finally:
        csv.field_size_limit(before)


def _shows_no_row() -> None:
    for filling, times in (("y" * 200_000, 1), ("z" * 60, 40_000)):
        made = shown("no;unit_cost\n" + f"1;731.25 {filling}\n" * times)
        assert made == "no;unit_cost\n***\n"
    assert shown("no;qty\n1;" + "y" * 200_000) == "no;qty\n1;" + "y" * 200_000
