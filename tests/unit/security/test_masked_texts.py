"""Sensitive values inside texts of every shape are found, and hostile texts cost no time."""

from __future__ import annotations

import time

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
    started = time.perf_counter()
    shown(f"x: {part * 20_000}\n=")
    assert time.perf_counter() - started < 1
