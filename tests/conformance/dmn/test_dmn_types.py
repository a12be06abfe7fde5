"""Item definitions: conformance and conversion, by DMN 1.5, 7.3.3 and 10.3.2.9."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from lineshaft import dmn, feel
from unit.dmn.dmn_xml import component, decision, input_data, item, literal, model

TYPES = [
    item("tAge", "number", allowed="[0..120]"),
    item("tTier", "string", allowed='"A", "B"'),
    item("tTiers", "tTier", collection=True),
    item("tShort", "number", collection=True, constraint="count(?) <= 2"),
    item("tSmall", "number", collection=True, allowed="< 10"),
    item("tPerson", None, component("full name", "string"), component("age", "tAge")),
    item("tPeople", "tPerson", collection=True),
    item("tAdult", "tAge", allowed=">= 18"),
]


@pytest.mark.parametrize(
    ("type_ref", "text", "expected"),
    [
        ("tAge", "120", 120),
        ("tAge", "121", None),
        ("tAge", '"x"', None),
        ("tAge", "[5]", 5),
        ("tAge", "[5, 6]", None),
        ("tTier", '"B"', "B"),
        ("tTier", '"C"', None),
        ("tTiers", '["A", "B"]', ["A", "B"]),
        ("tTiers", '["A", "C"]', None),
        ("tTiers", '"A"', ["A"]),
        ("tShort", "[1, 2]", [1, 2]),
        ("tShort", "[1, 2, 3]", None),
        ("tSmall", "[1, 2, 3]", [1, 2, 3]),
        ("tSmall", "[1, 20]", None),
        ("tAdult", "17", None),
        ("tAdult", "121", None),
        ("tAdult", "18", 18),
        ("tPerson", '{full name: "x", age: 3}', {"full name": "x", "age": 3}),
        ("tPerson", '{full name: "x", age: 300}', None),
        ("tPerson", '{full name: "x"}', None),
        ("tPerson", '{full name: "x", age: 3, more: 1}', {"full name": "x", "age": 3, "more": 1}),
        ("tPeople", '{full name: "x", age: 3}', [{"full name": "x", "age": 3}]),
        ("date and time", 'date("2020-01-02")', feel.DateTime(datetime.date(2020, 1, 2), 0, 0)),
        ("number", "[[1]]", None),
        ("list<number>", "[1, 2]", [1, 2]),
        ("list<number>", '[1, "2"]', None),
        ("Any", '{a: "b"}', {"a": "b"}),
        ("string", "null", None),
    ],
)
def test_value_of_a_decision_has_its_type(type_ref: str, text: str, expected: Any) -> None:
    loaded = dmn.loads(model(*TYPES, decision("D", literal(text), type_ref=type_ref)))
    assert loaded.problems == []
    result = loaded.evaluate("D")
    assert result.value == expected
    assert bool(result.errors) is (expected is None and text != "null")


def test_inputs_are_held_against_their_type() -> None:
    text = model(*TYPES, input_data("p", "tPerson"), decision("D", literal("p.full name"), inputs=["p"]))
    loaded = dmn.loads(text)
    assert loaded.evaluate("D", {"p": {"full name": "x", "age": 3}}).value == "x"
    wrong = loaded.evaluate("D", {"p": {"full name": "x", "age": 300}})
    assert wrong.value is None
    assert wrong.errors[0].place.element == "p"


def test_components_that_an_input_leaves_out_are_null() -> None:
    text = model(*TYPES, input_data("p", "tPerson"), decision("D", literal("p.age = null"), inputs=["p"]))
    result = dmn.loads(text).evaluate("D", {"p": {"full name": "x"}})
    assert result.value is True
    assert result.errors == []


def test_instance_of_knows_the_types_of_the_model() -> None:
    text = model(*TYPES, decision("D", literal('{full name: "x", age: 3} instance of tPerson')))
    assert dmn.loads(text).evaluate("D").value is True


def test_unknown_type_is_a_problem_of_the_model_and_takes_anything() -> None:
    loaded = dmn.loads(model(decision("D", literal("1"), type_ref="tNothing")))
    assert [problem.code for problem in loaded.problems] == ["dmn_type_unknown"]
    assert loaded.evaluate("D").value == 1
    with pytest.raises(dmn.InvalidModel, match="tNothing"):
        dmn.loads(model(decision("D", literal("1"), type_ref="tNothing")), strict=True)


def test_function_types_hold_functions() -> None:
    kind = (
        '<itemDefinition name="tCalc"><functionItem outputTypeRef="number">'
        '<parameters name="x" typeRef="number"/></functionItem></itemDefinition>'
    )
    loaded = dmn.loads(
        model(
            kind,
            decision("Good", literal("function(x: number) x + 1"), type_ref="tCalc"),
            decision("Bad", literal("function(x: number, y: number) x + y"), type_ref="tCalc"),
            decision("Used", literal("Good(1)"), decisions=["Good"]),
        )
    )
    assert loaded.evaluate("Used").value == 2
    assert loaded.evaluate("Bad").value is None


@pytest.mark.parametrize(
    ("type_ref", "text", "message"),
    [
        ("tPerson", '{full name: "x"}', "expected tPerson, but `age` is missing where [0..120] is expected"),
        (
            "tPeople",
            "[{full name: 7, age: 3}]",
            "expected tPeople, but `[1].full name` is number 7 where string is expected",
        ),
        ("tAge", "121", "expected a value that `tAge` allows, but found number 121"),
        ("tAge", '"x"', 'expected tAge, but found string "x"'),
    ],
)
def test_errors_of_types_name_the_part_that_does_not_conform(type_ref: str, text: str, message: str) -> None:
    loaded = dmn.loads(model(*TYPES, decision("D", literal(text), type_ref=type_ref)))
    assert [str(error.message) for error in loaded.evaluate("D").errors] == [message]
