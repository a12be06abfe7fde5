"""Tables in Excel mean what they mean in DMN, there and back."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from lineshaft import dmn
from lineshaft.dmn.document import DecisionTable
from lineshaft.dmn.reader import read
from lineshaft.dmn.workbook import document_of_workbook
from unit.dmn.dmn_xml import decision, function, input_data, knowledge, model, table

LOGIC = table(
    [("Credit score", "number"), ("tier", "string")],
    ["route", "= why?"],
    [
        ("= 5", "-", '"a"', '"= exact"'),
        ("> 5", '"A", not("B")', '"b"', "-1"),
        ("[1..2]", "null", "1 + 2", "true"),
    ],
    "PRIORITY",
    input_values={1: '"A", "B"'},
    output_values={0: '"b", "a"'},
    defaults={0: '"none"', 1: "null"},
)
MODEL = model(
    input_data("Credit score", "number"),
    input_data("tier"),
    decision("Routing", LOGIC, inputs=["Credit score", "tier"]),
    knowledge("Fee: [x]/y", {"x": None}, table(["x"], ["y"], [("1", "2")], "COLLECT", aggregation="SUM")),
)


def shape(found: DecisionTable) -> Any:
    """Return what a table says, without where it says it."""
    return (
        found.hit_policy,
        [
            (clause.label, clause.expression.text, clause.expression.type_ref,
             clause.allowed and clause.allowed.text)
            for clause in found.inputs
        ],
        [
            (clause.name, clause.type_ref, clause.allowed and clause.allowed.text,
             clause.default and clause.default.text)
            for clause in found.outputs
        ],
        found.annotations,
        [
            ([cell.text for cell in rule.inputs], [cell.text for cell in rule.outputs], rule.annotations)
            for rule in found.rules
        ],
    )  # fmt: skip


def changed(content: bytes, change: Callable[[Workbook], None]) -> bytes:
    book = load_workbook(io.BytesIO(content))
    change(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def test_tables_come_back_as_they_went() -> None:
    tables = dmn.tables_of(read(MODEL))
    back = dmn.tables_from_workbook(dmn.to_workbook(tables))
    assert list(back) == ["Routing", "Fee: [x]/y"]
    assert {name: shape(found) for name, found in back.items()} == {
        name: shape(found) for name, found in tables.items()
    }


def test_excel_shows_cells_as_text_never_as_formulas() -> None:
    book = load_workbook(io.BytesIO(dmn.to_workbook(dmn.tables_of(read(MODEL)))))
    cells = [cell for row in book["Routing"].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}


def test_what_excel_makes_of_typed_values_is_the_literal() -> None:
    def change(book: Workbook) -> None:
        sheet = book["Routing"]
        sheet["B10"], sheet["C10"], sheet["D10"], sheet["E10"] = 7, None, 2.50, True
        sheet["B11"] = datetime.date(2026, 1, 5)
        sheet["E11"] = datetime.datetime(2026, 1, 5, 8, 30)  # noqa: DTZ001  (Excel knows no zones)

    content = changed(dmn.to_workbook(dmn.tables_of(read(MODEL))), change)
    rules = dmn.tables_from_workbook(content)["Routing"].rules
    assert [cell.text for cell in rules[0].inputs] == ["7", "-"]
    assert [cell.text for cell in rules[0].outputs] == ["2.5", "true"]
    assert rules[1].inputs[0].text == 'date("2026-01-05")'
    assert rules[1].outputs[1].text == 'date and time("2026-01-05T08:30:00")'


def test_changed_table_goes_back_into_the_model_and_nothing_else_changes() -> None:
    source = MODEL.replace("<rule>", '<rule id="r">', 1).replace("<output ", '<output id="o1" ', 1)

    def change(book: Workbook) -> None:
        book["Routing"]["D12"] = '"new"'
        book["Routing"]["B13"], book["Routing"]["D13"] = "> 100", '"b"'

    content = changed(dmn.to_workbook(dmn.tables_of(read(source))), change)
    written = dmn.with_tables(source, dmn.tables_from_workbook(content))
    assert b'<rule id="r">' in written
    assert b'id="o1"' in written
    tables = dmn.tables_of(read(written))
    assert shape(tables["Fee: [x]/y"]) == shape(dmn.tables_of(read(source))["Fee: [x]/y"])
    assert [rule.outputs[0].text for rule in tables["Routing"].rules] == ['"a"', '"b"', '"new"', '"b"']
    loaded = dmn.loads(written)
    assert loaded.evaluate("Routing", {"Credit score": 101, "tier": "A"}).matched == (2, 4)


def test_unknown_table_is_refused() -> None:
    tables = dmn.tables_of(read(MODEL))
    with pytest.raises(dmn.InvalidModel, match="Other"):
        dmn.with_tables(MODEL, {"Other": tables["Routing"]})


def test_workbook_alone_is_a_model(tmp_path: Path) -> None:
    path = tmp_path / "credit.xlsx"
    path.write_bytes(dmn.to_workbook(dmn.tables_of(read(MODEL))))
    loaded = dmn.load(path)
    assert loaded.inputs == ["Credit score", "tier", "x"]
    original = dmn.loads(MODEL)
    for score, tier in ((5, "A"), (6, "A"), (1, None), (0, "B")):
        inputs = {"Credit score": score, "tier": tier}
        assert loaded.evaluate("Routing", inputs).value == original.evaluate("Routing", inputs).value
    as_xml = dmn.loads(dmn.to_xml(document_of_workbook(path.read_bytes(), path.name)))
    assert as_xml.evaluate("Routing", {"Credit score": 5}).value == {"route": "a", "= why?": "= exact"}


def test_table_may_ask_for_another_of_the_same_workbook() -> None:
    text = model(
        decision("First", table(["x"], [""], [("1", '"a"')])),
        decision("Second", table(["First"], [""], [('"a"', '"b"')])),
    )
    content = dmn.to_workbook(dmn.tables_of(read(text)))
    loaded = dmn.loads(dmn.to_xml(document_of_workbook(content)))
    assert loaded.evaluate("Second", {"x": 1}).value == "b"


def problems_of(content: bytes) -> list[tuple[str, str | None]]:
    with pytest.raises(dmn.InvalidModel) as caught:
        dmn.tables_from_workbook(content, "t.xlsx")
    return [(problem.code, problem.place.element) for problem in caught.value.problems]


def test_every_problem_names_sheet_and_cell() -> None:
    def change(book: Workbook) -> None:
        sheet = book["Routing"]
        sheet["B10"] = "=1+2"
        sheet["B2"] = "X"
        book["Fee   x  y"]["C4"] = "result"

    content = changed(dmn.to_workbook(dmn.tables_of(read(MODEL))), change)
    assert problems_of(content) == [
        ("dmn_sheet", "Routing!B2"),
        ("dmn_sheet", "Fee   x  y!C4"),
        ("dmn_sheet", "Fee   x  y!B4"),
    ]
    formula = changed(content, lambda book: book["Routing"].cell(2, 2, "U"))
    assert ("dmn_sheet", "Routing!B10") in problems_of(formula)


def test_what_is_no_workbook_is_refused() -> None:
    assert problems_of(b"PK nonsense") == [("dmn_not_a_workbook", None)]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    assert problems_of(made.getvalue()) == [("dmn_not_a_workbook", None)]
    whole = io.BytesIO(dmn.to_workbook(dmn.tables_of(read(MODEL))))
    broken = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as packed:
        for name in source.namelist():
            packed.writestr(name, b"<not xml" if "sheet1" in name else source.read(name))
    assert problems_of(broken.getvalue()) == [("dmn_not_a_workbook", None)]
    empty = io.BytesIO()
    Workbook().save(empty)
    assert problems_of(empty.getvalue()) == [("dmn_no_table", None)]


def test_functions_within_models_are_no_tables() -> None:
    assert dmn.tables_of(read(model(decision("F", function({"x": None}, "<list/>"))))) == {}


def test_tables_go_back_into_files_with_prefixes_and_diagrams() -> None:
    source = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<dmn:definitions xmlns:dmn="https://www.omg.org/spec/DMN/20191111/MODEL/" '
        'xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" name="P" namespace="urn:p">\n'
        '  <dmn:decision id="D" name="D">\n'
        '    <dmn:decisionTable id="t" hitPolicy="FIRST" preferredOrientation="Rule-as-Row">\n'
        '      <dmn:input id="i"><dmn:inputExpression id="e"><dmn:text>x</dmn:text>'
        "</dmn:inputExpression></dmn:input>\n"
        '      <dmn:output id="o" name="y"/>\n'
        '      <dmn:rule id="r"><dmn:inputEntry id="c"><dmn:text>1</dmn:text></dmn:inputEntry>'
        '<dmn:outputEntry id="u"><dmn:text>2</dmn:text></dmn:outputEntry></dmn:rule>\n'
        "    </dmn:decisionTable>\n  </dmn:decision>\n"
        '  <dmndi:DMNDI><dmndi:DMNDiagram id="g"/></dmndi:DMNDI>\n</dmn:definitions>'
    )
    tables = dmn.tables_from_workbook(dmn.to_workbook(dmn.tables_of(read(source))))
    written = dmn.with_tables(source, tables).decode()
    assert "ns0:" not in written
    for part in (
        'id="t"',
        'preferredOrientation="Rule-as-Row"',
        'id="i"',
        'id="e"',
        'id="o"',
        'id="c"',
        'id="g"',
    ):
        assert part in written
    assert dmn.loads(written).evaluate("D", {"x": 1}).value == 2
