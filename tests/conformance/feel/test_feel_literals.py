"""DMN 1.5, 10.3.1 and 10.3.2.3: literals, names, operators' precedence."""

from __future__ import annotations

import pytest

from conformance.feel.feel_tables import assert_row
from lineshaft import feel

LITERALS = [
    ("1", "1.000"),
    (".5", "0.5"),
    ("-1.50", "-1.5"),
    ("1.2e3", "1200"),
    ("1.2E-1", "0.12"),
    ("-0", "0"),
    ("1/3", "0.3333333333333333333333333333333333"),
    ("2/3", "0.6666666666666666666666666666666667"),
    ("12345678901234567890123456789012345", "12345678901234567890123456789012340"),
    ('"a\\tb"', '"a\tb"'),
    ('"\\u00e4\\U01F40E"', '"ä🐎"'),
    ('"\\uD83D\\uDC0E"', '"🐎"'),
    ('"\\"\\\\\\n"', '"\\u0022\\u005C\\u000A"'),
    ('string length("\\U01F40Eab")', "3"),
    ('"\\d"', '"\\\\d"'),
    ("true", "not(false)"),
    ("null", "null"),
    ('@"2020-01-01"', 'date("2020-01-01")'),
    ('@"10:00:00Z"', 'time("10:00:00Z")'),
    ('@"2020-01-01T10:00:00"', 'date and time("2020-01-01T10:00:00")'),
    ('@"P1Y"', 'duration("P12M")'),
    ('@"P1D"', 'duration("PT24H")'),
    ("1 // a comment\n + /* another */ 2", "3"),
    ("/* * / ** */ 4", "4"),
]

PRECEDENCE = [
    ("1 + 3/2*2 - 2**3", "-4"),
    ("2 ** 3 ** 2", "64"),
    ("-4 ** 2", "16"),
    ("-(4 ** 2)", "-16"),
    ("2 ** -1", "0.5"),
    ("10 - 4 - 3", "3"),
    ("1 + 2 = 3 and 2 > 1", "true"),
    ("true or false and false", "true"),
    ("if true then 1 else 2 + 3", "1"),
    ("-1 instance of number", "true"),
    ("1 + 2 * 3", "7"),
    ("(1 + 2) * 3", "9"),
    ("[1, 2, 3][2] + 1", "3"),
    ("{a: {b: 2}}.a.b * 2", "4"),
    ("--3", "3"),
    ("1 - -1", "2"),
]

NAMES = [
    ("a-b", {"a": 5, "b": 3}, "2"),
    ("a-b", {"a": 5, "b": 3, "a-b": 7}, "7"),
    ("a - b", {"a": 5, "b": 3, "a-b": 7}, "7"),
    ("(a)-(b)", {"a": 5, "b": 3, "a-b": 7}, "2"),
    ("a-b-c", {"a": 9, "b": 3, "c": 1, "a-b": 7}, "6"),
    ("Phone   Number", {"Phone Number": 1}, "1"),
    ("Profit and loss", {"Profit and loss": 4}, "4"),
    ("Profit and loss > 3", {"Profit and loss": 4}, "true"),
    ("x and y", {"x": True, "y": False}, "false"),
    ("what if? + 1", {"what if?": 1}, "2"),
    ("tax 2 * 2", {"tax 2": 5}, "10"),
    ("in stock", {"in stock": 3}, "3"),
    ("Applicant data.Monthly income", {"Applicant data": {"Monthly income": 5}}, "5"),
    ("orders.line no", {"orders": [{"line no": 1}, {"line no": 2}]}, "[1, 2]"),
    ("orders[line no > 1].line no", {"orders": [{"line no": 1}, {"line no": 2}]}, "[2]"),
    ("`a b` + 1", {"a b": 1}, "2"),
    ("o.`x-y`", {"o": {"x-y": 3}}, "3"),
    ("o.x-y", {"o": {"x-y": 3, "x": 9}, "y": 1}, "3"),
    ("o.x-y", {"o": {"x": 9}, "y": 1}, "8"),
    ("{first name: 1, b: first name + 1}.b", {}, "2"),
    ("for line item in [1, 2] return line item * 2", {}, "[2, 4]"),
    ("(function(unit price, q) unit price * q)(2, 3)", {}, "6"),
    ("(function(unit price, q) unit price * q)(q: 2, unit price: 5)", {}, "10"),
    ("订单.金额 > 1000", {"订单": {"金额": 1200}}, "true"),
    ("a.b", {"a": {"b": 1}, "a.b": 2}, "2"),
    ("date", {"date": 7}, "7"),
    ('date("2020-01-01")', {"date": 7}, '@"2020-01-01"'),
    ('date + date("2020-01-01").day', {"date": 7}, "8"),
    ('get value(o, "x y")', {"o": {"x y": 1}}, "1"),
]


@pytest.mark.parametrize(("expression", "expected"), LITERALS + PRECEDENCE)
def test_literal_or_operator_has_the_value_of_the_standard(expression: str, expected: str) -> None:
    assert_row(expression, expected)


@pytest.mark.parametrize(("expression", "context", "expected"), NAMES)
def test_names_resolve_to_the_longest_known(expression: str, context: dict, expected: str) -> None:
    assert_row(expression, expected, context)


BROKEN = [
    ("1 +", 1, 4, "Expected an expression, but the text ends."),
    ("a == b", 1, 4, "equality is written `=`"),
    ("a && b", 1, 3, "did you mean `and`?"),
    ("x ? 1 : 2", 1, 5, "if … then … else …"),
    ("(1, 2", 1, 3, "Expected `)`"),
    ("[1, 2", 1, 6, "Expected `]`"),
    ("if a then b", 1, 12, "Expected `else`"),
    ("\n  1 + * 2", 2, 7, "but found `*`"),
    ("'a'", 1, 1, "double quotes"),
    ('"abc', 1, 1, "closing quote"),
    ('@"2020-13-01"', 1, 2, "Expected a date, time or duration"),
    ("{a: 1, a: 2}", 1, 8, "stands twice"),
    ("f(a: 1, 2)", 1, 9, "parameter name"),
    ("f(1, b: 2)", 1, 9, "parameter name"),
    ("function(a) external {java: {}}", 1, 13, "not executed"),
    ('"\\U110000"', 1, 2, "no character"),
    ("for i in [1]", 1, 13, "Expected `return`"),
    ("1e99999", 1, 1, "number in range"),
    ("", 1, 1, "the text ends"),
    ("a 5", 1, 3, "operator or the end"),
]


@pytest.mark.parametrize(("source", "line", "column", "part"), BROKEN)
def test_syntax_error_says_where_and_what(source: str, line: int, column: int, part: str) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.compile(source)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert part in str(error)
    assert error.message.in_language("zh") != error.message.in_language("en")
