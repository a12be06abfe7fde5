"""Bounds: nothing that can be typed takes long or much memory, or raises what is not the language's own."""

from __future__ import annotations

import time

import pytest

from lineshaft import feel


def doubling(function: str) -> str:
    """Write a context whose every entry is twice as large as the one before."""
    entries = ", ".join(f"a{i}: {function}(a{i - 1}, a{i - 1})" for i in range(1, 60))
    return f"{{a0: [1, 1], {entries}}}.a59"


NESTING = "{a0: [1, 1], " + ", ".join(f"a{i}: [a{i - 1}, a{i - 1}]" for i in range(1, 60)) + "}.a59"

ENDLESS = [
    "for i in 1..1000000000 return i",
    "for i in 1..1000, j in 1..1000, k in 1..1000 return 1",
    "some i in 1..1000000000 satisfies false",
    "every i in -1000000000..1000000000 satisfies true",
    'for d in @"0001-01-01"..@"9999-12-31" return d',
    "{f: function(n) f(n + 1), r: f(0)}.r",
    "{f: function(n) if n = 0 then 1 else f(n - 1) + f(n - 1), r: f(100)}.r",
    doubling("concatenate"),
    NESTING + " = " + NESTING,
    "string(" + NESTING + ")",
    "flatten(" + NESTING + ")",
    "to json(" + NESTING + ")",
    "distinct values([" + NESTING + ", " + NESTING + "])",
    '{a0: "xxxxxxxx", ' + ", ".join(f"a{i}: a{i - 1} + a{i - 1}" for i in range(1, 60)) + "}.a59",
    'for i in 1..60 return if i = 1 then "xxxx" else partial[-1] + partial[-1]',
    "for i in 1..900000 return {a: 1, b: 2, c: [1, 2, 3]}",
    'for i in 1..200000 return contains("' + "x" * 90_000 + '", "y")',
    "for i in 1..900000 return exp(i / 7)",
    "for i in 1..900000 return i ** 0.37",
    'replace(string join(for i in 1..10000 return "a"), "a", string join(for i in 1..10000 return "b"))',
    'matches(string join(for i in 1..200 return "a"), "^(a*)*(a*)*b\\1$")',
    "sort(for i in 1..9999 return 9999 - i, function(x, y) x < y or (some z in 1..1000 satisfies z < 0))",
    "[1, 2, 3][(some i in 1..1000000 satisfies i < 0)][(some i in 1..1000000 satisfies i < 0)]",
]


@pytest.mark.parametrize("source", ENDLESS, ids=[source[:40] for source in ENDLESS])
def test_endless_work_is_stopped_by_an_error(source: str) -> None:
    start = time.process_time()
    with pytest.raises(feel.FeelError) as caught:
        feel.evaluate(source)
    assert caught.value.code == "feel_limit"
    assert caught.value.message.in_language("zh")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "source",
    [
        "10 ** 10 ** 10 ** 10",
        "10 ** (10 ** 10)",
        "1e6000 * 1e6000",
        "9999999999 ** 999999999",
        "decimal(1e-6000, 6000)",
        "round up(1e6000, 6000)",
        'duration("P999999999999999999Y") * 1e30',
        '@"P1D" * 1e6000',
        'date("2020-01-01") + @"P999999999999999999Y"',
        "[1, 2][1e6000]",
        "for i in [1][1e6000]..3 return i",
        "modulo(1e6000, 7)",
        "even(1e6000)",
        "string(1e6000)",
        "x + 1",
        'matches("' + "a" * 5000 + '", "(a|a)*(a|a)*(a|a)*b")',
        'matches("a", "' + "(" * 49 + "a" + ")" * 49 + '{1000}{1000}")',
    ],
)
def test_huge_numbers_and_patterns_take_no_time(source: str) -> None:
    start = time.process_time()
    feel.evaluate(source, {"x": feel.Range})
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10_000 + "1",
        "[" * 10_000,
        "-" * 10_000 + "1",
        "not(" * 5_000,
        "{a: " * 5_000,
        "if a then " * 5_000,
        "function(x) " * 5_000 + "x",
        "a" + ".b" * 10_000,
        "a" + "[1]" * 10_000,
        "f" + "(1)" * 10_000,
        "1" + " = 1" * 10_000,
        "1" + " + 1" * 10_000,
        "true" + " and true" * 10_000,
        "x instance of " + "list<" * 5_000,
        "1" * 100_001,
        "[" + ",".join(["a+b"] * 24_000) + "]",
        "[" + ",".join(["a[b]"] * 19_000) + "]",
    ],
    ids=lambda source: source[:12],
)
def test_absurd_nesting_is_a_syntax_error(source: str) -> None:
    with pytest.raises(feel.FeelSyntaxError):
        feel.compile(source)


def test_long_but_flat_expressions_work() -> None:
    assert feel.evaluate(" + ".join(["1"] * 2_000)) == 2_000
    assert feel.evaluate(" and ".join(["true"] * 2_000)) is True
    assert feel.evaluate("x = 1999", {"x": 1999}) is True
    assert feel.evaluate("".join(f"if x = {i} then {i} else " for i in range(100)) + "-1", {"x": 99}) == 99
    assert feel.evaluate("count([" + ", ".join(["1"] * 20_000) + "])") == 20_000
    assert feel.evaluate('"' + "x" * 90_000 + '"') == "x" * 90_000


def test_deeply_nested_forms_compile() -> None:
    source = "x"
    for depth in range(14):
        source = f"(if x > {depth} and (true or false) then {source} else [0][1])"
    assert feel.evaluate(source, {"x": 50}) == 50
    loops = "i14"
    for depth in reversed(range(15)):
        loops = f"(for i{depth} in [1] return {loops})"
    assert feel.evaluate(f"flatten({loops})") == [1]


def test_bounds_can_be_narrowed() -> None:
    expression = feel.compile("for i in 1..100 return i")
    assert len(expression.evaluate()) == 100
    with pytest.raises(feel.FeelError, match="more than 50 steps"):
        expression.evaluate(bounds=feel.Bounds(steps_max=50))


def test_recursion_within_the_bound_works() -> None:
    assert feel.evaluate("{f: function(n) if n = 0 then 0 else 1 + f(n - 1), r: f(140)}.r") == 140
