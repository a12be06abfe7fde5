"""Decision tables, by DMN 1.5, chapter 8."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft import dmn
from unit.dmn.dmn_xml import decision, input_data, item, literal, model, table

RULES = [("> 0", '"low"'), ("> 10", '"high"'), ("> 100", '"top"')]


def evaluated(logic: str, inputs: dict[str, Any], *parts: str, **more: Any) -> dmn.Result:
    names = list(inputs)
    text = model(*parts, *(input_data(name) for name in names), decision("D", logic, inputs=names, **more))
    return dmn.loads(text).evaluate("D", inputs)


@pytest.mark.parametrize(
    ("policy", "aggregation", "x", "expected", "matched"),
    [
        ("UNIQUE", "", 5, "low", (1,)),
        ("FIRST", "", 50, "low", (1,)),
        ("PRIORITY", "", 50, "high", (1, 2)),
        ("PRIORITY", "", 500, "top", (1, 2, 3)),
        ("RULE ORDER", "", 50, ["low", "high"], (1, 2)),
        ("OUTPUT ORDER", "", 500, ["top", "high", "low"], (1, 2, 3)),
        ("COLLECT", "", 500, ["low", "high", "top"], (1, 2, 3)),
        ("COLLECT", "COUNT", 500, 3, (1, 2, 3)),
        ("COLLECT", "MAX", 500, "top", (1, 2, 3)),
        ("COLLECT", "MIN", 500, "high", (1, 2, 3)),
        ("COLLECT", "COUNT", 0, 0, ()),
        ("COLLECT", "MAX", 0, None, ()),
        ("COLLECT", "", 0, [], ()),
        ("UNIQUE", "", 0, None, ()),
        ("FIRST", "", None, None, ()),
    ],
)
def test_hit_policy_gives(
    policy: str, aggregation: str, x: Any, expected: Any, matched: tuple[int, ...]
) -> None:
    values = {0: '"top", "high", "low"'}
    logic = table(["x"], ["y"], RULES, policy, aggregation=aggregation, output_values=values)
    result = evaluated(logic, {"x": x})
    assert result.value == expected
    assert result.matched == matched
    assert result.errors == []


def test_unique_with_two_hits_is_null_with_an_error() -> None:
    result = evaluated(table(["x"], ["y"], RULES), {"x": 50})
    assert result.value is None
    assert result.matched == (1, 2)
    assert "1, 2" in str(result.errors[0].message)


def test_any_needs_equal_outputs() -> None:
    rules = [("> 0", "1"), ("> 10", "1.0"), ("> 100", "2")]
    assert evaluated(table(["x"], ["y"], rules, "ANY"), {"x": 50}).value == 1
    result = evaluated(table(["x"], ["y"], rules, "ANY"), {"x": 500})
    assert result.value is None
    assert result.errors


def test_sum_adds_up() -> None:
    rules = [("> 0", "1"), ("> 10", "x"), ("> 100", "2")]
    assert evaluated(table(["x"], ["y"], rules, "COLLECT", aggregation="SUM"), {"x": 50}).value == 51


def test_several_outputs_make_a_context() -> None:
    rules = [("> 0", "1", '"a"'), ("> 10", "2", '"b"')]
    logic = table(["x"], ["n", "the text"], rules, "RULE ORDER")
    assert evaluated(logic, {"x": 50}).value == [{"n": 1, "the text": "a"}, {"n": 2, "the text": "b"}]
    text = model(
        input_data("x"),
        decision("T", table(["x"], ["n", "the text"], rules, "FIRST"), inputs=["x"]),
        decision("D", literal("T.the text"), decisions=["T"]),
    )
    assert dmn.loads(text).evaluate("D", {"x": 50}).value == "a"


def test_priority_of_several_outputs_goes_column_by_column() -> None:
    rules = [("-", '"b"', "1"), ("-", '"a"', "2"), ("-", '"a"', "1")]
    values = {0: '"a", "b"', 1: "1, 2"}
    result = evaluated(table(["x"], ["p", "q"], rules, "OUTPUT ORDER", output_values=values), {"x": 1})
    assert result.value == [{"p": "a", "q": 1}, {"p": "a", "q": 2}, {"p": "b", "q": 1}]


def test_priority_comes_from_the_type_where_the_column_has_no_values() -> None:
    kind = item("tLevel", "string", allowed='"top", "high", "low"')
    logic = table(["x"], [""], RULES, "PRIORITY", output_types={0: "tLevel"})
    assert evaluated(logic, {"x": 50}, kind).value == "high"


def test_default_outputs_stand_in_where_no_rule_matches() -> None:
    logic = table(["x"], ["y"], RULES, defaults={0: '"none"'})
    assert evaluated(logic, {"x": 0}).value == "none"
    two = table(["x"], ["y", "z"], [("> 0", "1", "2")], defaults={0: "7", 1: "x - 8"})
    assert evaluated(two, {"x": 0}).value == {"y": 7, "z": -8}


def test_input_outside_its_values_is_an_error() -> None:
    logic = table(["x"], ["y"], [("-", "1")], input_values={0: '"a", "b"'})
    assert evaluated(logic, {"x": "a"}).value == 1
    result = evaluated(logic, {"x": "c"})
    assert result.value is None
    assert [problem.code for problem in result.errors] == ["dmn_not_allowed"]


def test_output_outside_its_values_is_an_error() -> None:
    logic = table(["x"], ["y"], [("-", "x")], output_values={0: '"a", "b"'})
    assert evaluated(logic, {"x": "a"}).value == "a"
    result = evaluated(logic, {"x": "c"})
    assert result.value is None
    assert [problem.code for problem in result.errors] == ["dmn_not_allowed"]


def test_input_expressions_have_types() -> None:
    result = evaluated(table([("x", "number")], ["y"], [("> 1", "1"), ("null", "2")]), {"x": "text"})
    assert result.value == 2
    assert len(result.errors) == 1


@pytest.mark.parametrize(
    ("cell", "x", "expected"),
    [
        ("", 5, True),
        ("-", None, True),
        ("1, 2, [5..7)", 5, True),
        ("1, 2, [5..7)", 7, False),
        ("not(1, 2)", 3, True),
        ("not(1, 2)", 2, False),
        ("? > limit", 4, True),
        ("? > limit", 2, False),
        ("limit", 3, True),
        ("> limit", 4, True),
        ("[limit..5]", 4, True),
        ("[1, 2, 3]", 2, True),
        ('"a", 3', "a", True),
        ('"a", 3', 3, True),
        ('"a", 3', "b", False),
        ("true", True, True),
        ("false", True, False),
        ("null", None, True),
        ("not(null)", 1, True),
        ('starts with(?, "ab")', "abc", True),
        ("even(?)", 4, True),
        ('date("2020-01-01")', "x", False),
        ("< 5", "x", False),
    ],
)
def test_cell_matches(cell: str, x: Any, expected: bool) -> None:
    text = model(
        input_data("x"),
        input_data("limit", "number"),
        decision("D", table(["x"], ["y"], [(cell, "1")]), inputs=["x", "limit"]),
    )
    result = dmn.loads(text).evaluate("D", {"x": x, "limit": 3})
    assert (result.value == 1) is expected


def test_null_does_not_match_and_is_no_error() -> None:
    result = evaluated(table(["x"], ["y"], [("< 5", "1"), ("[a..b]", "2")]), {"x": None, "a": 1, "b": 2})
    assert result.value is None
    assert result.errors == []


def test_table_without_inputs_has_rules_that_always_match() -> None:
    assert evaluated(table([], ["y"], [("1",), ("2",)], "COLLECT"), {}).value == [1, 2]


def test_broken_cell_is_a_problem_and_an_error_but_the_rest_works() -> None:
    text = model(
        input_data("x"),
        decision("D", table(["x"], ["y"], [("< <", "1"), ("2", "2")]), inputs=["x"]),
        decision("Other", literal("1")),
    )
    loaded = dmn.loads(text, file="t.dmn")
    assert [(found.code, found.place.file, found.place.element) for found in loaded.problems] == [
        ("dmn_expression", "t.dmn", "D")
    ]
    result = loaded.evaluate("D", {"x": 2})
    assert result.value == 2
    assert result.errors
    assert loaded.evaluate("Other").value == 1


@pytest.mark.parametrize("place", ["table", "output"])
@pytest.mark.parametrize("type_ref", ["string", "tTexts"])
def test_list_of_answers_is_right_whichever_type_the_modeller_wrote(place: str, type_ref: str) -> None:
    kind = item("tTexts", "string", collection=True)
    types = {0: type_ref} if place == "output" else {}
    logic = table(["x"], ["y"], RULES, "COLLECT", output_types=types)
    if place == "table":
        logic = logic.replace("<decisionTable ", f'<decisionTable typeRef="{type_ref}" ')
    for x, expected in ((5, ["low"]), (50, ["low", "high"])):
        result = evaluated(logic, {"x": x}, kind, type_ref="tTexts")
        assert result.value == expected
        assert result.errors == []
