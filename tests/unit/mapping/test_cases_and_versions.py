"""Tests beside a mapping can fail, and versions are compared by what they do."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.mapping import read_mapping
from lineshaft.mapping.cases import read_cases, run_case
from lineshaft.mapping.compare import compare

MAPPING = """\
format: 1
name: one
from: crm.order
to: erp.order
fields:
  No: record.no
  Day: date(record.day)
  Customer: {lookup: {kind: customer, from: crm, to: erp, id: record.customer}}
  Amount: {value: record.amount, convert: {currency: {from: USD, to: CNY, on: =record.day}}}
  Lines:
    each: record.lines
    as: line
    fields: {State: {value: line.state, map: states}}
maps:
  states: {open: A, closed: Z}
"""


def cases(tests: str) -> list[tuple[str, ...]]:
    mapping = read_mapping(MAPPING.encode(), "one.yaml")
    content = f"""\
format: 1
mapping: one
references: [{{kind: customer, crm: KH-1, erp: C-1}}]
rates: [{{from: USD, to: CNY, valid_from: 2026-01-01, value: 7}}]
tests:
{tests}"""
    name, found = read_cases(content.encode(), "one.tests.yaml")
    assert name == mapping.name
    return [tuple(each.in_language("en") for each in run_case(mapping, case).wrong) for case in found]


GIVEN = '{no: SO-1, day: "2026-01-05", customer: KH-1, amount: 10.5, lines: [{state: open}]}'
EXPECTED = '{No: SO-1, Day: "2026-01-05", Customer: C-1, Amount: 73.5, Lines: [{State: A}]}'


def test_a_test_that_comes_out_as_expected_passes() -> None:
    assert cases(f"  - {{name: whole, given: {GIVEN}, expect: {EXPECTED}}}\n") == [()]
    assert cases(f"  - {{name: part, given: {GIVEN}, includes: {{Amount: 73.50}}}}\n") == [()]


def test_a_test_says_each_path_that_came_out_otherwise() -> None:
    wrong = EXPECTED.replace("73.5", "73.4").replace("State: A", "State: Z").replace("No: SO-1, ", "")
    assert cases(f"  - {{name: wrong, given: {GIVEN}, expect: {wrong}}}\n") == [
        (
            "Amount: expected 73.4, but it is 73.5",
            'Lines[0].State: expected "Z", but it is "A"',
            'No: expected null, but it is "SO-1"',
        )
    ]  # fmt: skip


def test_a_test_may_expect_what_is_missing_or_wrong() -> None:
    strange = GIVEN.replace("KH-1", "KH-9").replace("open", "lost")
    assert cases(
        f"  - {{name: held, given: {strange}, "
        "missing: ['customer:crm:KH-9'], problems: ['Lines[0].State']}\n"
    ) == [()]
    ((missing, problems),) = cases(f"  - {{name: held, given: {strange}, missing: [], problems: []}}\n")
    assert "KH-9" in missing
    assert "Lines[0].State" in problems


def test_a_test_that_expects_nothing_is_refused() -> None:
    with pytest.raises(DefinitionError, match="expects nothing cannot fail"):
        cases(f"  - {{name: empty, given: {GIVEN}}}\n")


def changes(old: str, new: str) -> list[tuple[str, str]]:
    source = MAPPING
    before = read_mapping(source.encode(), "one.yaml")
    after = read_mapping(source.replace(old, new).encode(), "one.yaml")
    found = compare(before, after)
    for each in found:
        assert each.text.in_language("zh")
        assert each.text.in_language("en")
    return [(each.field, each.aspect) for each in found]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  No: record.no\n  Day: date(record.day)\n",
         "  Day: date( record.day )\n  # first\n  No: {value: record.no}\n"),
        ("    as: line\n    fields: {State: {value: line.state,",
         "    as: row\n    fields: {State: {value: row.state,"),
        ("map: states}}", "map: {closed: Z, open: A}}}"),
        ("{currency: {from: USD, to: CNY,", "{currency: {to: CNY, rate: mid, from: USD,"),
    ],
)  # fmt: skip
def test_layout_and_spelling_are_no_difference(old: str, new: str) -> None:
    assert changes(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("No: record.no", "No: record.number", [("No", "value")]),
        ("No: record.no", "No: {value: record.no, optional: true}", [("No", "optional")]),
        ("No: record.no", "Number: record.no", [("No", "field"), ("Number", "field")]),
        ("closed: Z", "closed: Y, lost: X", [("Lines[].State", "map closed"), ("Lines[].State", "map lost")]),
        ("to: CNY, on", "to: EUR, on", [("Amount", "convert")]),
        ("kind: customer,", "kind: party,", [("Customer", "lookup")]),
        ("each: record.lines", "each: record.lines[1]", [("Lines", "each")]),
        ("to: erp.order", "to: erp.sale", [("", "to")]),
    ],
)
def test_what_does_something_else_is_a_difference(
    old: str, new: str, expected: list[tuple[str, str]]
) -> None:
    assert changes(old, new) == expected
