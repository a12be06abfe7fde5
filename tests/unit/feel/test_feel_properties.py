"""Properties that hold for all expressions and values."""

from __future__ import annotations

import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineshaft import feel
from lineshaft.feel import tree
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.parser import parse, parse_tests
from lineshaft.feel.printer import print_tree

_WORDS = st.sampled_from(
    ["a", "b", "price", "订单", "x1", "first name", "a-b", "in stock", "what if?", "date and time"]
)
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=10**9)
_LITERALS = st.one_of(
    _NUMBERS.map(lambda value: tree.Number(value)),
    _TEXTS.map(tree.String),
    st.booleans().map(tree.Boolean),
    st.just(tree.Null()),
    st.sampled_from(["2020-01-01", "10:00:00Z", "P1D", "-P3M", "2020-01-01T10:00:00@Europe/Paris"]).map(
        tree.At
    ),
    _WORDS.map(tree.Name),
)
_TYPES = st.sampled_from(
    [
        tree.TypeNode("number"),
        tree.TypeNode("days and time duration"),
        tree.TypeNode("list", (tree.TypeNode("string"),), is_generic=True),
        tree.TypeNode("context", (tree.TypeNode("Any"),), ("a b",), is_generic=True),
        tree.TypeNode("function", (tree.TypeNode("date"),), (), tree.TypeNode("time"), is_generic=True),
    ]
)
_KEYS = st.sampled_from(["a", "b", "key one", "in", "x-y", '"', ""])


def _iterators(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    one = st.builds(tree.Iterator, _WORDS, parts, st.none() | parts)
    return st.lists(one, min_size=1, max_size=2).map(tuple)


def _sides(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    few = st.lists(parts, max_size=3).map(tuple)
    tests = parts | st.builds(tree.OperatorTest, st.sampled_from(["<", ">=", "=", "!="]), parts)
    entries = st.lists(st.builds(tree.Entry, _KEYS, parts), max_size=3, unique_by=lambda entry: entry.key)
    parameters = st.lists(st.builds(tree.FormalParameter, _WORDS, st.none() | _TYPES), max_size=2).map(tuple)
    return st.one_of(
        st.builds(tree.Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), parts, parts),
        st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), parts, parts),
        several.map(tree.And),
        several.map(tree.Or),
        st.builds(tree.Between, parts, parts, parts),
        st.builds(tree.In, parts, st.lists(tests, min_size=1, max_size=3).map(tuple)),
        st.builds(tree.InstanceOf, parts, _TYPES),
        st.builds(tree.If, parts, parts, parts),
        st.builds(tree.For, _iterators(parts), parts),
        st.builds(tree.Quantified, st.sampled_from(["some", "every"]), _iterators(parts), parts),
        st.builds(tree.FunctionDefinition, parameters, parts),
        few.map(tree.ListNode),
        entries.map(lambda found: tree.ContextNode(tuple(found))),
        st.builds(tree.Interval, st.booleans(), parts, parts, st.booleans()),
        st.builds(tree.OperatorTest, st.sampled_from(["<", "<=", ">", ">="]), parts),
        st.builds(tree.Path, parts, _WORDS),
        st.builds(tree.Filter, parts, parts),
        st.builds(tree.Call, parts, few),
        st.builds(lambda f, a, b: tree.Call(f, (a, b), ("x", "start position")), parts, parts, parts),
        parts.map(tree.Negate),
        _NUMBERS.filter(bool).map(lambda value: tree.Number(-value)),
    )


_TREES = st.recursive(_LITERALS, _sides, max_leaves=12)


# How hypothesis would write its strategy down concerns nobody; it does so where it draws anew.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(_TREES)
@example(tree.Path(tree.InstanceOf(tree.Null(), tree.TypeNode("number")), "a"))
def test_printing_then_parsing_gives_the_same_tree(node: tree.Node) -> None:
    assert parse(print_tree(node), None, BUILTINS) == node


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(_TREES, min_size=1, max_size=3), st.booleans())
def test_printing_then_parsing_gives_the_same_tests(nodes: list[tree.Node], negated: bool) -> None:
    node = tree.Tests(tuple(nodes), negated)
    assert parse_tests(print_tree(node), None, BUILTINS) == node


_SCALARS = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS, st.dates(), st.datetimes(), st.timedeltas())
_VALUES = st.recursive(
    _SCALARS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(_TEXTS, parts, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_VALUES)
def test_text_of_any_value_evaluates_to_it(value: Any) -> None:
    found = feel.evaluate(feel.to_text(value))
    assert feel.evaluate("is(x, y)", {"x": value, "y": found}) is True


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_NUMBERS, _NUMBERS)
def test_arithmetic_agrees_with_exact_fractions(one: Decimal, other: Decimal) -> None:
    context = {"a": one, "b": other}
    assert feel.evaluate("a + b - b", context) == one
    assert feel.evaluate("a * b", context) == one * other
    assert feel.evaluate("(a < b) = (b > a)", context) is True
    assert feel.evaluate("a = b or a < b or a > b", context) is True


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dates(), st.integers(-5000, 5000))
def test_days_that_are_added_can_be_taken_away(day: Any, days: int) -> None:
    context = {"d": day, "n": days}
    assert feel.evaluate('d + n * @"P1D" - n * @"P1D" = d', context) is True
    assert feel.evaluate('(d + n * @"P1D") - d = n * @"P1D"', context) is True


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.text(st.sampled_from(string.printable + "中é"), max_size=20),
    st.text(st.sampled_from("abc.*[]()\\^$+?{}|-123"), max_size=10),
)
def test_patterns_match_or_fail_but_never_break(value: str, pattern: str) -> None:
    assert feel.evaluate("matches(v, p)", {"v": value, "p": pattern}) in (True, False, None)
    found = feel.evaluate('replace(v, p, "$1-")', {"v": value, "p": pattern})
    assert found is None or isinstance(found, str)
