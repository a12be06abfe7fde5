"""A random table gives what a naive evaluation gives, rule by rule, for every hit policy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft import dmn, feel
from lineshaft.dmn.document import HIT_POLICIES
from unit.dmn.dmn_xml import decision, input_data, model, table

NUMBERS = st.integers(-3, 8).map(Decimal) | st.sampled_from([Decimal("0.5"), Decimal("2.50")])
STRINGS = st.sampled_from(["a", "b", "c"])
VALUES = NUMBERS | STRINGS | st.booleans() | st.none()
ORDER = ["z", "y", "x", "w"]


def quoted(value: str) -> str:
    return f'"{value}"'


SIMPLE = st.one_of(
    NUMBERS.map(str),
    STRINGS.map(quoted),
    st.sampled_from(["true", "false", "null", "k", "x"]),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(lambda pair: f"{pair[0]} {pair[1]}"),
    st.tuples(st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")).map(
        lambda parts: f"{parts[0]}{min(parts[1:3])}..{max(parts[1:3])}{parts[3]}"
    ),
    st.tuples(st.sampled_from(["<", ">"]), st.just("k")).map(" ".join),
    st.sampled_from(["? = k", "? > 2", "string length(?) > 0", "[1, 2]", "[k..5]"]),
)
CELLS = st.one_of(
    st.just("-"),
    SIMPLE,
    st.lists(SIMPLE, min_size=1, max_size=3).map(", ".join),
    st.lists(SIMPLE, min_size=1, max_size=2).map(lambda tests: f"not({', '.join(tests)})"),
)
TABLES = st.integers(0, 3).flatmap(
    lambda width: st.tuples(
        st.just(width),
        st.lists(st.tuples(*[CELLS] * width, st.sampled_from(ORDER)), min_size=1, max_size=9),
        st.tuples(*[VALUES] * width),
        st.booleans(),
    )
)
XML_POLICIES = {
    "U": "UNIQUE", "A": "ANY", "P": "PRIORITY", "F": "FIRST", "R": "RULE ORDER", "O": "OUTPUT ORDER",
    "C": "COLLECT", "C+": "COLLECT", "C<": "COLLECT", "C>": "COLLECT", "C#": "COLLECT",
}  # fmt: skip
AGGREGATIONS = {"C+": "SUM", "C<": "MIN", "C>": "MAX", "C#": "COUNT"}


def naive(policy: str, rules: Any, values: Any, default: str | None) -> tuple[Any, tuple[int, ...]]:
    """Every cell by itself, by ``feel.unary_tests``; every policy by its definition in chapter 8."""
    scope = {"k": Decimal(3), **{f"v{position}": value for position, value in enumerate(values)}}
    hits = [
        position
        for position, rule in enumerate(rules, 1)
        if all(
            feel.unary_tests(cell, value, scope) is True for cell, value in zip(rule, values, strict=False)
        )
    ]
    found = [rules[hit - 1][-1] for hit in hits]
    if policy in ("C+", "C<", "C>", "C#"):
        numbers = [Decimal(ORDER.index(output)) for output in found]
        if policy == "C#":
            return Decimal(len(numbers)), tuple(hits)
        if not numbers:
            return None, ()
        return {"C+": sum, "C<": min, "C>": max}[policy](numbers), tuple(hits)
    if not found and default is not None:
        return default, ()
    if policy in ("R", "C"):
        return found, tuple(hits)
    if policy == "O":
        return sorted(found, key=ORDER.index), tuple(hits)
    if not found:
        return None, ()
    if policy == "P":
        return min(found, key=ORDER.index), tuple(hits)
    if policy == "F":
        return found[0], tuple(hits[:1])
    if policy == "U":
        return (found[0] if len(found) == 1 else None), tuple(hits)
    return (found[0] if len(set(found)) == 1 else None), tuple(hits)


@pytest.mark.parametrize("policy", HIT_POLICIES)
@given(drawn=TABLES)
@settings(max_examples=40, deadline=None, print_blob=True)
def test_random_table_gives_what_a_naive_evaluation_gives(policy: str, drawn: Any) -> None:
    width, rules, values, has_default = drawn
    is_aggregate = policy in AGGREGATIONS
    names = [f"v{position}" for position in range(width)]
    written = [
        (*rule[:-1], str(ORDER.index(rule[-1])) if is_aggregate else quoted(rule[-1])) for rule in rules
    ]
    default = "w" if has_default and not is_aggregate else None
    logic = table(
        names, ["out"], written, XML_POLICIES[policy], aggregation=AGGREGATIONS.get(policy, ""),
        output_values={} if is_aggregate else {0: ", ".join(map(quoted, ORDER))},
        defaults={0: quoted(default)} if default else {},
    )  # fmt: skip
    parts = [input_data(name) for name in (*names, "k", "x")]
    loaded = dmn.loads(model(*parts, decision("D", logic, inputs=[*names, "k", "x"])))
    assert loaded.problems == []
    result = loaded.evaluate("D", {**dict(zip(names, values, strict=True)), "k": 3})
    assert (result.value, result.matched) == naive(policy, rules, values, default)
