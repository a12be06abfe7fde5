"""A mapping and its workbook are the same thing, and a mistake in a cell is named by the cell."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from lineshaft.base.errors import DefinitionError
from lineshaft.mapping import Binding, read_mapping
from lineshaft.mapping.cases import read_cases
from lineshaft.mapping.compare import compare
from lineshaft.mapping.document import from_rows, to_rows, to_yaml
from lineshaft.mapping.workbook import (
    from_workbook,
    references_from_workbook,
    references_to_workbook,
    to_workbook,
)
from lineshaft.sdk.schema import read_yaml

PACKS = Path(__file__).resolve().parents[3] / "src" / "lineshaft_packs"
SHIPPED = sorted(path for path in PACKS.glob("*/mappings/*.yaml") if not path.name.endswith(".tests.yaml"))

words = st.text("abcXYZ 客户编码019._-`\"'[]{}:#,=~", min_size=1, max_size=8)
names = st.one_of(st.text("abcZ客户09_", min_size=1, max_size=6), words)
plain = st.one_of(
    words,
    st.integers(-99, 99),
    st.booleans(),
    st.sampled_from(["", "10", "007", "true", "null", "1.50", "no"]),
)
maps = st.dictionaries(words, plain, min_size=1, max_size=3)
paths = st.sampled_from(
    ["record.a", "record.b.c", '"X"', "1", "[1, 2]", '{"a": 1}.a', "if record.a = null then 1 else 2"]
)
converts = st.sampled_from(
    ["trim", ["trim", {"round": 2}], [{"unit": {"from": "=record.u", "to": "KGM"}}], [{"prefix": "007"}],
     [{"boolean_text": {"true": "X", "false": ""}}], [{"date": ["yyyy-MM-dd", "yyyyMMdd"]}]]
)  # fmt: skip


@st.composite
def value_rules(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["plain", "value", "lookup", "join"]))
    if kind == "plain":
        return draw(paths)
    rule: dict[str, Any] = {}
    if kind == "value":
        rule["value"] = draw(paths)
    elif kind == "lookup":
        rule["lookup"] = {"kind": "customer", "from": "crm", "to": "erp", "id": draw(paths)}
    else:
        rule["join"] = {
            "by": draw(st.sampled_from(["-", " ", "", "1"])),
            "of": draw(st.lists(paths, min_size=1, max_size=3)),
        }
    if draw(st.booleans()):
        rule["convert"] = draw(converts)
    if kind != "lookup" and draw(st.booleans()):
        rule["map"] = draw(maps)
        if draw(st.booleans()):
            rule["unmapped"] = draw(st.sampled_from(["keep", {"value": '"Z"'}]))
    for key, values in (("default", paths), ("when", st.just("record.a = 1")), ("note", words)):
        if draw(st.booleans()):
            rule[key] = draw(values)
    flag = draw(st.sampled_from([None, "optional", "required", "nullable"]))
    if flag:
        rule[flag] = True
    return rule


@st.composite
def field_tables(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        if depth and draw(st.integers(0, 3)) == 0:
            below: dict[str, Any] = {"fields": draw(field_tables(depth - 1))}
            if draw(st.booleans()):
                below |= {"each": "record.lines", "as": draw(st.sampled_from(["line", "x"]))}
                if draw(st.booleans()):
                    below |= {"where": "record.a = 1", "least": 1}
            found[name] = below
        else:
            found[name] = draw(value_rules())
    return found


documents = st.fixed_dictionaries(
    {"format": st.just(1), "name": st.just("one"), "from": st.just("crm.a"), "to": st.just("erp.b"),
     "fields": field_tables()},
    optional={
        "label": st.fixed_dictionaries({"zh": words, "en": words}), "parameters": st.just(["organisation"]),
        "maps": st.dictionaries(st.sampled_from(["states", "units"]), maps, min_size=1),
    },
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(documents)
def test_any_mapping_goes_into_tables_and_back_with_the_same_meaning(document: dict[str, Any]) -> None:
    before = read_mapping(to_yaml(document), "one.yaml")
    content, _ = from_rows(to_rows(read_yaml(to_yaml(document), "one.yaml").plain()), "one.xlsx")
    after = read_mapping(to_yaml(content), "one.yaml")
    assert compare(before, after) == []
    assert (after.name, after.label, after.parameters, after.maps) == (
        before.name, before.label, before.parameters, before.maps,
    )  # fmt: skip
    assert notes(after.root) == notes(before.root)


def notes(rule: Any) -> list[Any]:
    found = [rule.note]
    for name, field in getattr(rule, "fields", ()):
        found.append((name, notes(field.rule)))
    return found


@settings(max_examples=4, deadline=None)
@given(documents)
def test_any_mapping_goes_through_excel_with_the_same_meaning(document: dict[str, Any]) -> None:
    content = to_yaml(document)
    again = from_workbook(to_workbook(content, "one.yaml"), "one.xlsx")
    assert compare(read_mapping(content, "one.yaml"), read_mapping(again, "one.yaml")) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_mapping_goes_through_excel_with_its_tests(path: Path) -> None:
    content = path.read_bytes()
    again = from_workbook(to_workbook(content, path.name), "one.xlsx")
    assert compare(read_mapping(content, path.name), read_mapping(again, path.name)) == []
    before, after = read_cases(content, path.name)[1], read_cases(again, path.name)[1]
    assert [(each.name, each.given, each.expect) for each in after] == [
        (each.name, each.given, each.expect) for each in before
    ]


MAPPING = b"""\
format: 1
name: one
from: crm.a
to: erp.b
fields:
  No: record.no
  Lines:
    each: record.lines
    fields:
      Qty: {value: item.q, convert: [{round: 2}]}
      State: {value: item.s, map: states}
maps:
  states: {open: A, '1': 10}
"""


def changed(sheet: str, cell: str, value: Any) -> bytes:
    book = load_workbook(io.BytesIO(to_workbook(MAPPING, "one.yaml")))
    book[sheet][cell] = value
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def cell(sheet: str, row: int, heading: str) -> str:
    book = load_workbook(io.BytesIO(to_workbook(MAPPING, "one.yaml")))
    column = next(each for each in book[sheet][1] if str(each.value).startswith(f"{heading} "))
    return f"{column.column_letter}{row}"


@pytest.mark.parametrize(
    ("sheet", "row", "heading", "value", "expected"),
    [
        ("fields", 4, "convert", "[{roond: 2}]", "conversion"),
        ("fields", 4, "convert", "[{round: 2", "a word, a number"),
        ("fields", 2, "value", "record.", "expected"),
        ("fields", 2, "value", "=1+1", "value"),
        ("fields", 2, "presence", "maybe", "optional, required, nullable"),
        ("fields", 5, "map", "stats", "value map"),
        ("fields", 5, "lookup", "customer", "customer crm erp"),
        ("fields", 2, "each", "record.x", "nothing here"),
        ("maps", 3, "source", "open", "once"),
    ],
)
def test_a_mistake_names_sheet_and_cell_and_what_was_expected(
    sheet: str, row: int, heading: str, value: str, expected: str
) -> None:
    at = cell(sheet, row, heading)
    with pytest.raises(DefinitionError) as caught:
        from_workbook(changed(sheet, at, value), "one.xlsx")
    problem = caught.value.problems[0]
    assert (problem.place.file, problem.place.element) == ("one.xlsx", f"{sheet}!{at}")
    assert expected.lower() in str(problem).lower()


def test_what_excel_made_of_a_typed_value_is_taken_as_meant() -> None:
    again = from_workbook(changed("maps", "C3", 12.5), "one.xlsx")
    assert [
        (each.aspect, each.after) for each in compare(read_mapping(MAPPING, ""), read_mapping(again, ""))
    ] == [("map 1", "12.5")]


def test_a_file_that_is_no_workbook_is_told_so() -> None:
    for content in (b"", b"PK\x03\x04nothing", b"No,Name\n1,2\n"):
        with pytest.raises(DefinitionError, match="Expected an Excel workbook"):
            from_workbook(content, "one.xlsx")
    made = io.BytesIO()
    Workbook().save(made)
    with pytest.raises(DefinitionError, match=r"mapping!A1: Expected a sheet mapping"):
        from_workbook(made.getvalue(), "one.xlsx")


def test_cross_references_go_through_excel_with_their_zeros() -> None:
    bindings = [
        Binding("customer", {"crm": "KH-1", "erp": "0001", "mes": "7"}),
        Binding("product", {"crm": "=BX-1", "erp": "1e5"}),
    ]
    assert references_from_workbook(references_to_workbook(bindings), "codes.xlsx") == bindings


def test_an_id_that_stands_twice_is_named_with_both_cells() -> None:
    twice = [
        Binding("customer", {"crm": "KH-1", "erp": "1"}),
        Binding("customer", {"crm": "KH-1", "erp": "2"}),
    ]
    with pytest.raises(DefinitionError, match=r"references!B3.*KH-1 stands in B2"):
        references_from_workbook(references_to_workbook(twice), "codes.xlsx")
