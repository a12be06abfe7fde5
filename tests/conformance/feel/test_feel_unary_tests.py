"""DMN 1.5, grammar rule 15 and 10.3.2.10: what a cell of a decision table means."""

from __future__ import annotations

import datetime

import pytest

from lineshaft import feel

CASES = [
    ("-", 1, True),
    ("-", None, True),
    ("5", 5, True),
    ("5", 6, False),
    ("-5", -5, True),
    ('"A", "B"', "B", True),
    ('"A", "B"', "C", False),
    ("> 5", 6, True),
    ("> 5", None, None),
    ("<= 5, > 10", 11, True),
    ("[1..5], > 10", 7, False),
    ("[1..5]", 5, True),
    ("[1..5)", 5, False),
    ("]1..5[", 1, False),
    ("(1..5)", 2.5, True),
    ("not(1, 2)", 3, True),
    ("not(1, 2)", 2, False),
    ('not("A")', "B", True),
    ("not([1..3])", 2, False),
    ("null", None, True),
    ("null", 1, False),
    ("not(null)", 1, True),
    ("true", True, True),
    ("false", True, False),
    ("true", None, False),
    ("? > 3 and ? < 6", 5, True),
    ("? > 3 and ? < 6", 7, False),
    ('ends with(?, "x")', "abx", True),
    ("list contains([1, 2], ?)", 2, True),
    ("even(?), 7", 7, True),
    ("not(? = 5)", 5, False),
    ("[1, 2, 3]", 2, True),
    ("[1, 2, 3]", [1, 2, 3], True),
    ("limit", 5, True),
    ("> limit", 6, True),
    ("[limit..limit + 5]", 8, True),
    ("limits", 3, True),
    ("band", 7, True),
    ('date("2026-05-01")', datetime.date(2026, 5, 1), True),
    ('> date("2026-05-01")', datetime.date(2026, 5, 2), True),
    ('[date("2026-05-01")..date("2026-05-31")]', datetime.date(2026, 5, 2), True),
    ("= 5", 5, True),
    ("!= 5", 5, False),
    ("!= null", 5, True),
    ("{a: 1}", {"a": 1}, True),
    ('"a"', 1, None),
    ("limit > 3", "anything", True),
    ("not(limit) and true", True, False),
]
CONTEXT = {"limit": 5, "limits": [1, 3], "band": feel.Range(5, 9, True, True)}


@pytest.mark.parametrize(("tests", "value", "expected"), CASES)
def test_unary_tests_decide_as_the_standard_says(tests: str, value: object, expected: bool | None) -> None:
    assert feel.unary_tests(tests, value, CONTEXT) is expected


def test_compiled_unary_tests_know_their_names() -> None:
    tests = feel.compile_unary_tests("> Credit limit, ? = other", {"Credit limit"})
    assert tests.names == {"Credit limit", "other"}
    assert tests.evaluate(6, {"Credit limit": 5, "other": 1}) is True


def test_unary_tests_warn_where_a_single_test_is_undefined() -> None:
    outcome, warnings = feel.compile_unary_tests('> "a"').evaluate_with_warnings(5)
    assert outcome is None
    assert "not defined for number 5" in str(warnings[0])
