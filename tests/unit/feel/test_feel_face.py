"""The public face: compile, evaluate, warnings, strict mode, values, functions given by the program."""

from __future__ import annotations

import datetime
from collections import OrderedDict
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest

from lineshaft import feel
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ExpressionError

ORDER = {
    "amount": 1200,
    "customer": {"tier": "A"},
    "lines": [{"qty": 2, "price": 9.5}, {"qty": 1, "price": 0.1}],
}


def test_evaluate_gives_the_value() -> None:
    assert feel.evaluate('amount > 1000 and customer.tier = "A"', ORDER) is True


def test_all_is_sorted_and_complete() -> None:
    assert feel.__all__ == sorted(feel.__all__, key=lambda name: (name[0].islower(), name))
    assert all(hasattr(feel, name) for name in feel.__all__)


def test_names_are_those_the_expression_takes_from_its_context() -> None:
    expression = feel.compile("Applicant data.Income * (1 + tax) + sum(for l in lines return l.q) + f(date)")
    assert expression.names == {"Applicant data", "tax", "lines", "f", "date"}


def test_declared_names_win_over_operators() -> None:
    assert feel.compile("a-b", {"a-b"}).names == {"a-b"}
    assert feel.compile("a-b").names == {"a", "b"}


def test_declared_types_make_names_within_known() -> None:
    order = feel.types.ContextType((("unit-price", feel.types.NUMBER),))
    lines = feel.types.ListType(order)
    expression = feel.compile("lines.unit-price", {"lines": lines})
    assert expression.evaluate({"lines": [{"unit-price": 3}]}) == [3]


def test_a_nested_name_does_not_hide_a_subtraction_outside() -> None:
    assert feel.evaluate("a-b", {"a": 5, "b": 3, "o": {"a-b": 1}}) == 2
    assert feel.evaluate("o.a-b", {"a": 5, "b": 3, "o": {"a-b": 1}}) == 1


def test_numbers_come_out_as_normalised_decimals() -> None:
    for value in (1500, 1500.0, Decimal("1500.000"), Decimal("1.5E+3")):
        found = feel.evaluate("x", {"x": value})
        assert isinstance(found, Decimal)
        assert str(found) == "1500"
    assert str(feel.evaluate("10.0 * 3")) == "30"
    assert feel.evaluate("0.1 + x", {"x": 0.2}) == Decimal("0.3")


def test_booleans_are_no_numbers() -> None:
    assert feel.evaluate("x + 1", {"x": True}) is None


def test_nan_and_infinity_are_null() -> None:
    for value in (float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")):
        assert feel.evaluate("x", {"x": value}) is None
        assert feel.evaluate("x > 1", {"x": value}) in (None, True)
        assert feel.evaluate("x + 1", {"x": value}) is None


def test_python_times_are_taken_in() -> None:
    paris = datetime.datetime(2026, 5, 1, 12, 0, 0, 500_000, tzinfo=ZoneInfo("Europe/Paris"))
    assert feel.to_text(feel.evaluate("x", {"x": paris})) == '@"2026-05-01T12:00:00.5@Europe/Paris"'
    assert feel.evaluate('x + @"PT1H" = @"2026-05-01T11:00:00.5Z"', {"x": paris}) is True
    assert feel.evaluate("x.hour", {"x": datetime.time(7, 30)}) == 7
    assert feel.evaluate("x.minutes", {"x": datetime.timedelta(minutes=90)}) == 30
    assert feel.evaluate("x.year", {"x": datetime.date(2026, 5, 1)}) == 2026


def test_values_compare_as_feel_compares() -> None:
    at = feel.evaluate
    assert at('@"12:00:00Z"') == at('@"13:00:00+01:00"')
    assert at('@"12:00:00Z"') != at('@"12:00:00"')
    assert at('@"P1D"') == at('@"PT24H"')
    assert at('@"P1D"') < at('@"P2D"')
    assert hash(at('@"2026-01-01T00:00:00Z"')) == hash(at('@"2026-01-01T01:00:00+01:00"'))
    assert at('date("2020-01-01")') == datetime.date(2020, 1, 1)
    assert at('date("12020-01-01")') == feel.FarDate(12020, 1, 1)
    assert at('@"2020-01-01T10:00:00Z"').to_python() == datetime.datetime(2020, 1, 1, 10, tzinfo=datetime.UTC)


def test_any_mapping_is_a_context() -> None:
    context = MappingProxyType({"o": OrderedDict(a=1), "m": MappingProxyType({"b": 2})})
    assert feel.evaluate("o.a + m.b", context) == 3


def test_a_list_that_passes_through_is_the_same_object() -> None:
    lines = [1, 2]
    assert feel.evaluate("lines", {"lines": lines}) is lines


def test_evaluation_changes_no_input() -> None:
    context = {"o": {"a": [1, 2]}, "l": [3, 1]}
    feel.evaluate(
        '[context put(o, "b", 1), append(l, 1), sort(l, function(x, y) x < y), reverse(o.a)]', context
    )
    assert context == {"o": {"a": [1, 2]}, "l": [3, 1]}


def test_warnings_say_where_and_why() -> None:
    value, warnings = feel.compile("1 +\n custmer.tier").evaluate_with_warnings({"customer": {"tier": 1}})
    assert value is None
    first = warnings[0]
    assert (first.position.line, first.position.column) == (2, 2)
    assert str(first.text) == "there is no variable `custmer`"
    assert first.text.in_language("zh") == "没有名为 `custmer` 的变量"
    assert str(first.hint) == "did you mean `customer`?"


@pytest.mark.parametrize(
    ("source", "column", "part"),
    [
        ("order.custmer.name", 7, "did you mean `customer`?"),
        ('1 + order.total * "x"', 17, '`*` is not defined for number 12 and string "x"'),
        ('order.total > "x"', 13, "`>` is not defined"),
        ("lines.length", 7, "did you mean `count(list)`?"),
        ("order.total.length", 13, "did you mean `string length(string)`?"),
        ("lenght(lines)", 1, "there is no function `lenght`"),
        ("len(lines)", 1, "did you mean `count(list)`"),
        ("coutn(lines)", 1, "did you mean `count`?"),
        ("(function(rate) rate)(rat: 1)", 1, "did you mean `rate`?"),
        ('true and "x"', 10, "expected a boolean"),
    ],
)
def test_warning_points_at_the_part_that_failed(source: str, column: int, part: str) -> None:
    context = {"order": {"customer": {"name": "x"}, "total": 12}, "lines": [1, 2]}
    _, warnings = feel.compile(source).evaluate_with_warnings(context)
    assert warnings[0].position.column == column
    assert part in str(warnings[0])


@pytest.mark.parametrize(
    "expression",
    [
        "missing",
        "o.missing",
        "1 + null",
        '"a" + 1',
        "1 / 0",
        '"a" < 1',
        '"a" = 1',
        "substring(1, 2)",
        "nothing(1)",
        "count(1, 2)",
        "[1, 2][3]",
        '"x" and true',
        "if 1 then 2 else 3",
        'date("2020-13-01")',
        "now()",
        "[5..1]",
        "for i in null return i",
        '5 in > "a"',
        "1 instance of nonsense",
        "lines.length",
        '[1, 2]["x"]',
        '(function(a: number) a)("x")',
        "n(1)",
    ],
)
def test_strict_mode_raises_where_the_standard_gives_null(expression: str) -> None:
    context = {"o": {"a": 1}, "lines": [1], "n": None}
    compiled = feel.compile(expression)
    _, warnings = compiled.evaluate_with_warnings(context)
    if expression != "n(1)":
        assert warnings
    with pytest.raises(feel.FeelError) as caught:
        compiled.evaluate(context, strict=True)
    assert isinstance(caught.value, ExpressionError)
    assert caught.value.line == 1
    assert caught.value.message.in_language("zh")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("o.missing = null", True),
        ("missing != null", False),
        ("is defined(o.missing)", False),
        ("get or else(o.missing, 7)", 7),
        ("get or else(1 / 0, 7)", 7),
        ("null = 1", False),
        ("n", None),
        ("if n then 1 else 2", 2),
        ('x in (1, "a", null)', True),
    ],
)
def test_strict_mode_lets_questions_for_null_pass(expression: str, expected: object) -> None:
    assert feel.compile(expression).evaluate({"o": {}, "n": None, "x": 1}, strict=True) == expected


def test_assert_fails_in_both_modes() -> None:
    assert feel.evaluate("assert(4, 4 > 0)") == 4
    with pytest.raises(feel.FeelError) as caught:
        feel.evaluate('assert(x, x > 5, "too {small}")', {"x": 4})
    assert caught.value.code == "feel_assertion"
    assert str(caught.value.message) == "too {small}"


def test_clock_is_the_only_source_of_time() -> None:
    clock = FixedClock(datetime.datetime(2026, 5, 4, 10, tzinfo=datetime.UTC))
    assert feel.evaluate("today()", clock=clock) == datetime.date(2026, 5, 4)
    assert feel.evaluate('now() = @"2026-05-04T10:00:00Z"', clock=clock) is True
    assert feel.evaluate("now()", clock=datetime.datetime(2026, 1, 1, 8, tzinfo=datetime.UTC)).zone == 0
    assert feel.evaluate("now()") is None


def test_functions_of_the_program_are_called_with_converted_arguments() -> None:
    def rate(country: str, amount: Decimal) -> Decimal:
        if country == "XX":
            raise feel.Fault("no rate for {country}", "没有 {country} 的税率", country=country)
        return amount * 2

    parameters = (feel.Parameter("country", feel.types.STRING), feel.Parameter("amount", feel.types.NUMBER))
    context = {"tax rate": feel.Function(parameters, rate, "tax rate", feel.types.NUMBER), "a": 1.5}
    assert feel.evaluate('tax rate("DE", [a])', context) == 3
    assert feel.evaluate('tax rate(amount: 2, country: "DE")', context) == 4
    assert feel.evaluate('tax rate(1, "DE")', context) is None
    value, warnings = feel.compile('tax rate("XX", 1)', {"tax rate"}).evaluate_with_warnings(context)
    assert value is None
    assert str(warnings[0].text) == "no rate for XX"


def test_a_declared_function_hides_the_built_in() -> None:
    context = {"count": feel.Function((feel.Parameter("x"),), lambda x: "mine", "count")}
    assert feel.evaluate("count([1])", context) == "mine"
    assert feel.evaluate("count([1, 2])", {"count": 7}) == 2
    assert feel.compile("count([1, 2]) + count", {"count"}).evaluate({"count": 7}) == 9


def test_a_function_may_evaluate_another_expression_within_the_same_bounds() -> None:
    body = feel.compile("if n <= 1 then 1 else n * factorial(n - 1)", {"n", "factorial"})

    def factorial(runtime: feel.Runtime, n: Decimal) -> object:
        return body.evaluate_in({"n": n, "factorial": function}, runtime)

    function = feel.Function((feel.Parameter("n"),), factorial, "factorial", needs_runtime=True)
    assert feel.evaluate("factorial(30)", {"factorial": function}) == Decimal(
        "265252859812191058636308480000000"
    )
    with pytest.raises(feel.FeelError) as caught:
        feel.evaluate("factorial(100000)", {"factorial": function})
    assert caught.value.code == "feel_limit"


def test_named_types_serve_instance_of_and_parameters() -> None:
    types = {"Line": feel.types.ContextType((("qty", feel.types.NUMBER),)), "my types.Id": feel.types.STRING}
    assert feel.compile("x instance of Line", types=types).evaluate({"x": {"qty": 1}}) is True
    assert feel.compile("x instance of list<Line>", types=types).evaluate({"x": [{"q": 1}]}) is False
    assert feel.compile("x instance of my types.Id", types=types).evaluate({"x": "a"}) is True
    assert feel.compile("(function(l: Line) l.qty)(x)", types=types).evaluate({"x": {"qty": 3}}) == 3
    with pytest.raises(feel.FeelSyntaxError, match="no type `Nope`"):
        feel.compile("function(l: Nope) l")


def test_coercion_follows_the_implicit_conversions() -> None:
    types = feel.types
    assert types.coerce(5, types.ListType(types.NUMBER)) == [5]
    assert types.coerce([5], types.NUMBER) == 5
    assert types.coerce([5, 6], types.NUMBER) is None
    assert types.coerce("5", types.NUMBER) is None
    assert types.coerce(datetime.date(2026, 5, 1), types.DATE_TIME) == feel.evaluate(
        '@"2026-05-01T00:00:00Z"'
    )
    assert types.coerce({"a": 1}, types.ContextType((("a", types.STRING),))) is None
    assert types.coerce(None, types.NUMBER) is None
    assert types.conforms(types.ListType(types.NUMBER), types.ListType(types.ANY))
    assert not types.conforms(types.DATE, types.DATE_TIME)
    assert str(types.type_of([1, {"a": "x"}])) == "list<Any>"


def test_from_python_settles_everything_within() -> None:
    found = feel.from_python({"a": [1, 2.5, (True,)], "b": float("nan"), "c": {3: datetime.time(1)}})
    assert found == {
        "a": [Decimal(1), Decimal("2.5"), [True]],
        "b": None,
        "c": {"3": feel.evaluate('@"01:00:00"')},
    }


def test_an_expression_prints_as_text_that_means_the_same() -> None:
    expression = feel.compile("(1+2) * x.`a b` [item>2] ", {"x"})
    assert str(expression) == "(1 + 2) * x.`a b`[item > 2]"


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        Decimal("1.50"),
        'a"b\\\n\u0001中🐎',
        [1, ["x"], {"a b": None, "in": 2, "c": datetime.date(2026, 5, 1)}],
        datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC),
        datetime.timedelta(days=-1, seconds=1),
        feel.FarDate(-44, 3, 15),
        feel.YearsMonthsDuration(-14),
        feel.Range(Decimal(1), Decimal(5), True, False),
        feel.Range(None, Decimal(5), False, True),
        feel.Range("a", None, False, False),
    ],
)
def test_text_of_a_value_evaluates_to_the_value(value: object) -> None:
    text = feel.to_text(value)
    assert feel.evaluate("is(x, y)", {"x": value, "y": feel.evaluate(text)}) is True
    assert feel.to_text(feel.evaluate(text)) == text


def test_compiled_expressions_serve_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    expression = feel.compile("sum(for l in lines return l.qty * l.price) + get or else(x, 0)")

    def run(number: int) -> object:
        return expression.evaluate({"lines": [{"qty": number, "price": 2}] * 50})

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(200))) == [number * 100 for number in range(200)]
