"""Reading models: versions, imports, and every problem with its place."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from lineshaft import dmn
from lineshaft.base.errors import NotFound
from lineshaft.dmn.reader import VERSIONS
from unit.dmn.dmn_xml import component, decision, input_data, item, knowledge, literal, model, table


@pytest.mark.parametrize(("namespace", "version"), VERSIONS.items())
def test_versions_are_read(namespace: str, version: str) -> None:
    loaded = dmn.loads(model(decision("D", literal("1 + 1")), version=namespace))
    assert loaded.version == version
    assert loaded.evaluate("D").value == 2


def problems_of(text: str | bytes) -> list[str]:
    with pytest.raises(dmn.InvalidModel) as caught:
        dmn.loads(text, file="m.dmn")
    assert all(problem.place.file == "m.dmn" for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def test_what_is_no_model_is_refused() -> None:
    assert problems_of("<a>") == ["dmn_not_xml"]
    assert problems_of("") == ["dmn_not_xml"]
    assert problems_of("<a/>") == ["dmn_not_dmn"]


def test_document_types_and_entities_are_refused() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + model(decision("D", literal("1")))
    assert problems_of(bomb) == ["dmn_doctype"]
    outside = '<!DOCTYPE d SYSTEM "file:///etc/passwd">' + model()
    assert problems_of(outside) == ["dmn_doctype"]


def test_all_problems_are_told_at_once_with_lines() -> None:
    text = model(
        "\n",
        decision("A", literal("1"), decisions=["B"]),
        "\n",
        decision("B", literal("1"), decisions=["A"]),
        "\n",
        decision("C", table(["x"], ["y"], [("1",)], "OFTEN"), inputs=["nowhere"]),
    )
    with pytest.raises(dmn.InvalidModel) as caught:
        dmn.loads(text)
    found = {(problem.code, problem.place.line, problem.place.element) for problem in caught.value.problems}
    assert found == {
        ("dmn_shape", 4, "C"),
        ("dmn_hit_policy", 4, "C"),
        ("dmn_reference_unknown", 4, "C"),
        ("dmn_circle", 3, "B"),
    }


def test_problems_of_expressions_point_into_the_text() -> None:
    text = model("\n", decision("D", literal("1 +\n\n (2 *")))
    loaded = dmn.loads(text)
    place = loaded.problems[0].place
    assert (place.line, place.element) == (4, "D")


def test_unknown_decision_names_those_there_are() -> None:
    loaded = dmn.loads(model(decision("D", literal("1"))))
    with pytest.raises(NotFound) as caught:
        loaded.evaluate("E")
    assert "D" in str(caught.value.hint)
    with pytest.raises(NotFound):
        loaded.invoke("D")


def test_decisions_are_found_by_id() -> None:
    text = model(decision("D", literal("1")).replace('id="D"', 'id="decision_1"'))
    assert dmn.loads(text).evaluate("decision_1").value == 1


LIBRARY = model(
    item("tRate", None, component("the rate", "number")),
    input_data("Rate", "tRate"),
    knowledge("Twice as much", {"x": "number"}, literal("x * 2")),
    decision("Percent", literal("Rate.the rate * 100"), inputs=["Rate"], type_ref="number"),
    namespace="urn:library",
)
IMPORT = (
    '<import name="rate lib" namespace="urn:library" locationURI="library.dmn" '
    'importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
)
USER = model(
    IMPORT,
    decision(
        "D",
        literal("rate lib.Twice as much(rate lib.Percent) + rate lib.Rate.the rate"),
        decisions=["urn:library#Percent"], inputs=["urn:library#Rate"],
        knowledge=["urn:library#Twice as much"],
    ),
    decision("Typed", literal("{the rate: 1}"), type_ref="rate lib.tRate"),
)  # fmt: skip


@pytest.mark.parametrize(
    "inputs",
    [
        {"rate lib": {"Rate": {"the rate": 3}}},
        {"rate lib.Rate": {"the rate": 3}},
        {"Rate": {"the rate": 3}},
    ],
)
def test_imported_elements_are_named_by_the_import(inputs: dict[str, object]) -> None:
    loaded = dmn.loads(USER, imports={"urn:library": LIBRARY})
    result = loaded.evaluate("D", inputs)
    assert result.value == 603
    assert result.errors == []
    assert result.decisions == {"rate lib.Percent": 300, "D": 603}
    assert loaded.evaluate("Typed").value == {"the rate": 1}
    assert loaded.evaluate("rate lib.Percent", inputs).value == 300


def test_imports_without_a_name_are_named_plainly() -> None:
    text = USER.replace('name="rate lib" ', "").replace("rate lib.", "")
    loaded = dmn.loads(text, imports={"urn:library": LIBRARY})
    assert loaded.evaluate("D", {"Rate": {"the rate": 3}}).value == 603


def test_missing_import_is_refused() -> None:
    assert "dmn_import_missing" in problems_of(USER)


def test_load_finds_imports_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "user.dmn").write_text(USER, encoding="utf-8")
    (tmp_path / "library.dmn").write_text(LIBRARY, encoding="utf-8")
    inputs = {"Rate": {"the rate": 3}}
    assert dmn.load(tmp_path / "user.dmn").evaluate("D", inputs).value == 603
    (tmp_path / "library.dmn").rename(tmp_path / "renamed.dmn")
    assert dmn.load(tmp_path / "user.dmn").evaluate("D", inputs).value == 603


def test_type_names_of_dmn_1_1_have_prefixes() -> None:
    text = (
        '<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd" name="Q" namespace="urn:q" '
        'xmlns:feel="http://www.omg.org/spec/FEEL/20140401" xmlns:q="urn:q" '
        'expressionLanguage="http://www.omg.org/spec/FEEL/20140401">'
        '<itemDefinition name="tA"><typeRef>feel:number</typeRef>'
        "<allowedValues><text>[1..5]</text></allowedValues></itemDefinition>"
        '<decision id="D" name="D"><variable name="D" typeRef="q:tA"/>'
        "<literalExpression><text>9</text></literalExpression></decision></definitions>"
    )
    loaded = dmn.loads(text)
    assert loaded.problems == []
    result = loaded.evaluate("D")
    assert result.value is None
    assert "tA" in str(result.errors[0].message)


def test_other_languages_than_feel_are_null_with_an_error() -> None:
    text = model(decision("D", literal("1")))
    text = text.replace("<literalExpression>", '<literalExpression expressionLanguage="urn:javascript">')
    loaded = dmn.loads(text)
    assert [problem.code for problem in loaded.problems] == ["dmn_expression"]
    assert loaded.evaluate("D").value is None


def test_inputs_of_a_model_imported_by_two_ways_are_found_by_both() -> None:
    kind = "https://www.omg.org/spec/DMN/20230324/MODEL/"

    def imported(name: str, namespace: str) -> str:
        return f'<import name="{name}" namespace="{namespace}" importType="{kind}"/>'

    base = model(
        input_data("who"), decision("Hello", literal('"hello " + who'), inputs=["who"]), namespace="urn:a"
    )
    middle = {
        f"urn:{name}": model(
            imported("Base", "urn:a"),
            decision(f"Via {name}", literal("Base.Hello"), decisions=["urn:a#Hello"]),
            namespace=f"urn:{name}",
        )
        for name in ("b", "c")
    }
    top = model(
        imported("B", "urn:b"),
        imported("C", "urn:c"),
        decision(
            "D", literal("[B.Via b, C.Via c, B.Base.who]"),
            decisions=["urn:b#Via b", "urn:c#Via c"], inputs=["urn:a#who"],
        ),
    )  # fmt: skip
    loaded = dmn.loads(top, imports={"urn:a": base, **middle})
    for inputs in (
        {"B": {"Base": {"who": "x"}}},
        {"C": {"Base": {"who": "x"}}},
        {"C.Base.who": "x"},
        {"who": "x"},
    ):
        assert loaded.evaluate("D", inputs).value == ["hello x", "hello x", "x"]


def test_time_comes_from_the_clock_that_is_given() -> None:
    loaded = dmn.loads(model(decision("D", literal("today().year"))))
    moment = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
    assert loaded.evaluate("D", clock=moment).value == 2026
    without = loaded.evaluate("D")
    assert without.value is None
    assert without.errors


def test_text_is_read_whatever_its_declaration_says() -> None:
    text = '<?xml version="1.0" encoding="gb2312"?>' + model(decision("D", literal('"运费"')))
    assert dmn.loads(text).evaluate("D").value == "运费"
    assert dmn.loads(text.encode("gb2312")).evaluate("D").value == "运费"
