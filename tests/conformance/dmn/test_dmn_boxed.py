"""Boxed expressions, by DMN 1.5, chapter 10.2."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft import dmn
from unit.dmn.dmn_xml import context, decision, function, input_data, knowledge, literal, model, service


def value_of(logic: str, inputs: dict[str, Any] | None = None, **more: Any) -> dmn.Result:
    names = list(inputs or {})
    text = model(*(input_data(name) for name in names), decision("D", logic, inputs=names, **more))
    return dmn.loads(text).evaluate("D", inputs)


def clean(logic: str, inputs: dict[str, Any] | None = None, **more: Any) -> Any:
    result = value_of(logic, inputs, **more)
    assert result.errors == []
    return result.value


def test_literal_expression_finds_names_with_spaces() -> None:
    assert clean(literal("Monthly income * 12"), {"Monthly income": 100}) == 1200


def test_context_entries_see_the_entries_before_them() -> None:
    logic = context(("a b", literal("2")), ("c", literal("a b * 3")))
    assert clean(logic) == {"a b": 2, "c": 6}


def test_context_with_a_result_gives_the_result() -> None:
    logic = context(("a", literal("2")), (None, literal("a + 1")))
    assert clean(logic) == 3


def test_names_within_boxed_contexts_are_known_to_others() -> None:
    text = model(
        decision(
            "Base", context(("net price", literal("2")), ("f", function({"x": None}, literal("x + 1"))))
        ),
        decision("D", literal("Base.net price + Base.f(1)"), decisions=["Base"]),
    )
    assert dmn.loads(text).evaluate("D").value == 4


def test_list_and_relation_give_lists() -> None:
    assert clean(f"<list>{literal('1')}{literal('2')}</list>") == [1, 2]
    relation = (
        '<relation><column name="first name"/><column name="age"/>'
        f"<row>{literal(chr(34) + 'A' + chr(34))}{literal('3')}</row>"
        f"<row>{literal(chr(34) + 'B' + chr(34))}{literal('4')}</row></relation>"
    )
    assert clean(relation) == [{"first name": "A", "age": 3}, {"first name": "B", "age": 4}]


def test_conditional_chooses() -> None:
    logic = (
        f"<conditional><if>{literal('x > 1')}</if><then>{literal('10')}</then>"
        f"<else>{literal('20')}</else></conditional>"
    )
    assert clean(logic, {"x": 2}) == 10
    assert clean(logic, {"x": 1}) == 20
    assert value_of(logic, {"x": None}).value == 20


def test_filter_sees_item_and_its_entries() -> None:
    source = literal("[{a: 1, b: 2}, {a: 3, b: 4}]")
    assert clean(f"<filter><in>{source}</in><match>{literal('a > 1')}</match></filter>") == [{"a": 3, "b": 4}]
    assert clean(f"<filter><in>{literal('[1,2,3]')}</in><match>{literal('item > 1')}</match></filter>") == [
        2,
        3,
    ]
    assert clean(f"<filter><in>{literal('[7,8]')}</in><match>{literal('2')}</match></filter>") == 8


def test_for_gives_a_list_and_sees_partial() -> None:
    logic = f'<for iteratorVariable="x"><in>{literal("1..3")}</in><return>{literal("x * 2")}</return></for>'
    assert clean(logic) == [2, 4, 6]
    assert clean(logic.replace("1..3", "[1..3]")) == [2, 4, 6]
    assert clean(logic.replace("1..3", "[3, 1]")) == [6, 2]
    body = literal("x + count(partial)")
    partial = f'<for iteratorVariable="x"><in>{literal("[1,2,3]")}</in><return>{body}</return></for>'
    assert clean(partial) == [1, 3, 5]


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [("every", "x > 0", True), ("every", "x > 1", False), ("some", "x > 2", True), ("some", "x > 3", False)],
)
def test_quantifiers_tell_whether_items_satisfy(kind: str, condition: str, expected: bool) -> None:
    logic = (
        f'<{kind} iteratorVariable="x"><in>{literal("[1,2,3]")}</in>'
        f"<satisfies>{literal(condition)}</satisfies></{kind}>"
    )
    assert clean(logic) is expected


def test_invocation_binds_by_name_and_leaves_the_rest_null() -> None:
    def invocation(*bindings: str) -> str:
        return f"<invocation>{literal('Pay out')}{''.join(bindings)}</invocation>"

    def binding(name: str, text: str) -> str:
        return f'<binding><parameter name="{name}"/>{literal(text)}</binding>'

    pay = knowledge("Pay out", {"the rate": "number", "b": None}, literal("if b = null then the rate else b"))
    text = model(
        pay,
        decision("One", invocation(binding("the rate", "5")), knowledge=["Pay out"]),
        decision("Two", invocation(binding("b", "7"), binding("the rate", "5")), knowledge=["Pay out"]),
        decision("Bad", invocation(binding("nothing", "7")), knowledge=["Pay out"]),
    )
    loaded = dmn.loads(text)
    assert loaded.evaluate("One").value == 5
    assert loaded.evaluate("Two").value == 7
    bad = loaded.evaluate("Bad")
    assert bad.value is None
    assert len(bad.errors) == 1


def test_built_in_functions_can_be_invoked() -> None:
    logic = (
        f"<invocation>{literal('substring')}"
        f"<binding><parameter name='string'/>{literal(chr(34) + 'abc' + chr(34))}"
        f"</binding><binding><parameter name='start position'/>{literal('2')}</binding></invocation>"
    )
    assert clean(logic) == "bc"


def test_functions_close_over_what_they_see() -> None:
    logic = context(
        ("k", literal("3")), ("f", function({"x": "number"}, literal("x * k"))), (None, literal("f(4)"))
    )
    assert clean(logic) == 12


def test_functions_in_java_or_pmml_are_null_with_an_error() -> None:
    for kind in ("Java", "PMML"):
        result = value_of(function({"x": None}, literal("x"), kind))
        assert result.value is None
        assert [problem.code for problem in result.errors] == ["dmn_expression"]


def test_knowledge_reaches_through_knowledge_and_itself() -> None:
    text = model(
        knowledge("Base", {"x": "number"}, literal("x + 1")),
        knowledge("Above", {"x": "number"}, literal("Base(x) * 10"), requires=["Base"]),
        knowledge("Factorial", {"n": "number"}, literal("if n <= 1 then 1 else n * Factorial(n - 1)")),
        decision("D", literal("Above(1)"), knowledge=["Above"]),
        decision("Hidden", literal("Base(1)"), knowledge=["Above"]),
        decision("F", literal("Factorial(20)"), knowledge=["Factorial"]),
    )
    loaded = dmn.loads(text)
    assert loaded.evaluate("D").value == 20
    assert loaded.evaluate("Hidden").value is None
    assert loaded.evaluate("F").value == 2432902008176640000


def test_endless_recursion_is_null_with_an_error() -> None:
    text = model(
        knowledge("Loop", {"n": None}, literal("Loop(n + 1)")),
        decision("D", literal("Loop(1)"), knowledge=["Loop"]),
    )
    result = dmn.loads(text).evaluate("D")
    assert result.value is None
    assert result.errors


def test_arguments_and_results_have_their_types() -> None:
    text = model(
        knowledge("Same", {"x": "number"}, literal("x")),
        knowledge("Text", {"x": None}, literal("x"), type_ref="string"),
        decision("Unwrapped", literal("Same([5])"), knowledge=["Same"]),
        decision("Refused", literal('Same("5")'), knowledge=["Same"]),
        decision("Wrong", literal("Text(5)"), knowledge=["Text"]),
    )
    loaded = dmn.loads(text)
    assert loaded.evaluate("Unwrapped").value == 5
    for name in ("Refused", "Wrong"):
        result = loaded.evaluate(name)
        assert result.value is None
        assert len(result.errors) == 1


def services() -> dmn.Model:
    return dmn.loads(
        model(
            input_data("a", "number"),
            input_data("b", "number"),
            decision("Sum", literal("a + b"), inputs=["a", "b"]),
            decision("Twice", literal("Sum * 2"), decisions=["Sum"]),
            decision("Thrice", literal("Sum * 3"), decisions=["Sum"]),
            service("One", ["Twice"], encapsulated=["Sum"], inputs=["a", "b"], type_ref="number"),
            service("Two", ["Twice", "Thrice"], decisions=["Sum"]),
            decision("Call", literal("One(1, 2)"), knowledge=["One"]),
            decision("Named", literal("Two(Sum: 4).Thrice"), knowledge=["Two"]),
            decision("Short", literal("One(1)"), knowledge=["One"]),
        )
    )


def test_service_with_one_output_gives_its_value_with_several_a_context() -> None:
    loaded = services()
    assert loaded.invoke("One", {"a": 1, "b": 2}).value == 6
    assert loaded.invoke("Two", {"Sum": 5}).value == {"Twice": 10, "Thrice": 15}
    assert loaded.invoke("Two", {"Sum": 5}).decisions == {"Twice": 10, "Thrice": 15}


def test_services_are_functions_of_feel() -> None:
    loaded = services()
    assert loaded.evaluate("Call").value == 6
    assert loaded.evaluate("Named").value == 12
    short = loaded.evaluate("Short")
    assert short.value is None
    assert len(short.errors) == 1


def test_service_sees_nothing_but_its_parameters() -> None:
    result = services().invoke("One", {"a": 1, "Sum": 100})
    assert result.value is None
    assert "parameter" in str(result.errors[0].message)


def test_invoke_calls_a_knowledge_model() -> None:
    loaded = dmn.loads(model(knowledge("Add", {"x": "number", "y y": "number"}, literal("x + y y"))))
    assert loaded.invoke("Add", {"x": 1, "y y": 2.5}).value == Decimal("3.5")


def test_each_decision_is_evaluated_once() -> None:
    text = model(
        decision("Base", literal("1 + nothing")),
        decision("L", literal("Base"), decisions=["Base"]),
        decision("R", literal("Base"), decisions=["Base"]),
        decision("D", literal("[L, R]"), decisions=["L", "R"]),
    )
    result = dmn.loads(text).evaluate("D")
    assert result.value == [None, None]
    assert list(result.decisions) == ["Base", "L", "R", "D"]
    assert len([error for error in result.errors if "nothing" in str(error.message)]) == 1


def test_missing_inputs_are_null() -> None:
    text = model(input_data("x", "number"), decision("D", literal("x = null"), inputs=["x"]))
    assert dmn.loads(text).evaluate("D").value is True


def test_what_is_not_required_is_not_visible() -> None:
    text = model(input_data("x", "number"), decision("D", literal("x")))
    assert dmn.loads(text).evaluate("D", {"x": 1}).value is None


def test_undeclared_names_come_from_the_inputs() -> None:
    text = model(decision("D", literal("amount * 2")))
    assert dmn.loads(text).evaluate("D", {"amount": 4}).value == 8


def test_long_chains_of_decisions_are_evaluated() -> None:
    chain = [decision("d0", literal("1"))]
    chain += [decision(f"d{n}", literal(f"d{n - 1} + 1"), decisions=[f"d{n - 1}"]) for n in range(1, 2000)]
    assert dmn.loads(model(*chain)).evaluate("d1999").value == 2000


def test_knowledge_named_like_a_built_in_function_can_use_that() -> None:
    text = model(
        knowledge("sum", {"list": None}, literal("sum(list) + 1")),
        decision("D", literal("sum([1, 2])"), knowledge=["sum"]),
    )
    assert dmn.loads(text).evaluate("D").value == 4
