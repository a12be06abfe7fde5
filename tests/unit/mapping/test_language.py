"""What a mapping may say: nothing passes silently, documents change shape, every value tells its origin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.mapping import Binding, CrossReference, Mapped, read_mapping

HEAD = "format: 1\nname: one\nfrom: crm.order\nto: erp.order\n"
KNOWN = CrossReference(
    [
        Binding("customer_name", {"crm": "华东机电有限公司", "erp": "C-001"}),
        Binding("customer_name", {"crm": "华南机电有限公司", "erp": "C-002"}),
        Binding("product", {"crm": "BX-100", "erp": "M-100"}),
    ]
)


def mapped(fields: str, record: Any, *, top: str = "", trace: bool = False) -> Mapped:
    mapping = read_mapping(f"{HEAD}{top}fields:\n{fields}".encode(), "one.yaml")
    return mapping(record, KNOWN, trace=trace)


def codes(result: Mapped) -> list[tuple[str | None, str]]:
    return [(each.place.element, each.code) for each in result.problems]


def test_null_goes_through_only_where_the_mapping_says_so() -> None:
    rules = {
        "record.a": None, "{value: record.a, nullable: true}": {"F": None},
        "{value: record.a, optional: true}": {},
        "{value: record.a, default: 0}": {"F": Decimal(0)},
    }  # fmt: skip
    for rule, record in rules.items():
        for source in ({"a": None}, {}):
            assert mapped(f"  F: {rule}\n", source).record == record, rule


@pytest.mark.parametrize("flag", ["optional: true", "nullable: true", "default: 0"])
def test_a_value_of_the_wrong_type_is_never_forgiven(flag: str) -> None:
    result = mapped(f"  F: {{value: number(record.a) * 2, {flag}}}\n", {"a": "zwölf"})
    assert result.record is None
    assert [each.place.element for each in result.problems] == ["F"]


def test_an_error_names_the_element_of_the_list() -> None:
    fields = "  Lines:\n    each: record.lines\n    fields:\n      Qty: item.q * 1\n"
    result = mapped(fields, {"lines": [{"q": 1}, {"q": "x"}, {"q": 3}]})
    (problem,) = result.problems
    assert (problem.place.line, problem.place.element) == (9, "Lines[1].Qty")


def test_a_name_without_a_code_is_missing_with_its_nearest_and_never_blank() -> None:
    fields = "  CustomerNo: {lookup: {kind: customer_name, from: crm, to: erp, id: record.name}}\n"
    result = mapped(fields, {"name": "华东机电"})
    assert result.record is None
    (unmatched,) = result.unmatched
    assert str(unmatched.reference) == "customer_name:crm:华东机电"
    assert [each.code for each in unmatched.candidates] == ["C-001", "C-002"]
    assert unmatched.candidates[0].score == 1
    assert unmatched.place.element == "CustomerNo"
    assert mapped(fields, {"name": "华东机电有限公司"}).record == {"CustomerNo": "C-001"}


def test_a_look_up_takes_the_converted_id() -> None:
    lookup = "{kind: product, from: crm, to: erp, id: record.m}"
    fields = f"  M: {{lookup: {lookup}, convert: [trim, half_width, upper]}}\n"
    assert mapped(fields, {"m": " ｂｘ－１００"}).record == {"M": "M-100"}


def test_a_value_without_a_counterpart_is_a_problem_or_is_flagged() -> None:
    rule = "  S: {{value: record.s, map: {{open: A}}{more}}}\n"
    assert codes(mapped(rule.format(more=""), {"s": "lost"})) == [("S", "value_unmapped")]
    kept = mapped(rule.format(more=", unmapped: keep"), {"s": "lost"})
    assert kept.record == {"S": "lost"}
    other = mapped(rule.format(more=", unmapped: {value: '\"Z\"'}"), {"s": "lost"})
    assert other.record == {"S": "Z"}
    for result in (kept, other):
        assert [(each.code, each.severity) for each in result.warnings] == [("value_unmapped", "warning")]


def test_parts_are_split_and_joined_back_equal() -> None:
    split = "".join(
        f'  {name}: {{value: record.phone, convert: {{part: {{by: "-", number: {number}, of: 3}}}}}}\n'
        for number, name in enumerate(("Country", "Area", "Number"), 1)
    )
    parts = mapped(split, {"phone": "+86-021-5555"}).record
    assert parts == {"Country": "+86", "Area": "021", "Number": "5555"}
    join = '  phone: {join: {by: "-", of: [record.Country, record.Area, record.Number]}}\n'
    assert mapped(join, parts).record == {"phone": "+86-021-5555"}
    assert codes(mapped(join, {**parts, "Area": ""})) == [("phone", "part_empty")]
    skipping = join.replace("{by:", "{skip_empty: true, by:")
    assert mapped(skipping, {**parts, "Area": None}).record == {"phone": "+86-5555"}


def test_a_field_with_a_condition_is_left_out_where_it_is_false() -> None:
    fields = (
        "  Gross: {when: record.taxed, value: record.price}\n"
        "  Net: {when: not(record.taxed), value: record.price}\n"
    )
    assert mapped(fields, {"taxed": True, "price": 3}).record == {"Gross": Decimal(3)}
    assert codes(mapped(fields, {"taxed": "yes", "price": 3}))[0] == ("Gross", "not_a_boolean")


ROWS = [
    {"no": "SO-1", "customer": "A", "model": "X", "wh": "W1", "q": 1},
    {"no": "SO-2", "customer": "B", "model": "X", "wh": "W1", "q": 2},
    {"no": "SO-1", "customer": "A", "model": "Y", "wh": "W2", "q": 3},
]
GROUPED = """\
  No: order.key
  Customer: order.items[1].customer
  Total: sum(order.items.q)
  Lines:
    each: order.items
    as: row
    fields: {LineNo: position, Model: row.model, Qty: row.q}
"""


def test_flat_rows_become_documents_with_lines() -> None:
    result = mapped(GROUPED, ROWS, top="each: record\nas: order\nby: order.no\n")
    assert result.record is None
    assert result.records == (
        {
            "No": "SO-1", "Customer": "A", "Total": Decimal(4),
            "Lines": [
                {"LineNo": Decimal(1), "Model": "X", "Qty": Decimal(1)},
                {"LineNo": Decimal(2), "Model": "Y", "Qty": Decimal(3)},
            ],
        },
        {
            "No": "SO-2", "Customer": "B", "Total": Decimal(2),
            "Lines": [{"LineNo": Decimal(1), "Model": "X", "Qty": Decimal(2)}],
        },
    )  # fmt: skip


def test_a_document_is_flattened_and_split_by_what_its_lines_say() -> None:
    order = {"no": "SO-1", "lines": [{"m": "X", "wh": "W1"}, {"m": "Y", "wh": "W2"}, {"m": "Z", "wh": "W1"}]}
    flat = mapped("  No: record.no\n  Model: item.m\n", order, top="each: record.lines\n")
    assert [(each["No"], each["Model"]) for each in flat.records] == [
        ("SO-1", "X"),
        ("SO-1", "Y"),
        ("SO-1", "Z"),
    ]
    split = mapped(
        "  No: record.no + \"-\" + part.key\n  Models: part.items.m\n",
        order, top="each: record.lines\nas: part\nby: part.wh\n",
    )  # fmt: skip
    assert split.records == (
        {"No": "SO-1-W1", "Models": ["X", "Z"]}, {"No": "SO-1-W2", "Models": ["Y"]},
    )  # fmt: skip


def test_one_part_that_is_wrong_leaves_the_others_whole() -> None:
    rows = [*ROWS, {"no": "SO-3", "customer": "C", "model": None, "wh": "W1", "q": 1}]
    result = mapped(GROUPED, rows, top="each: record\nas: order\nby: order.no\n")
    assert codes(result) == [("[2].Lines[0].Model", "empty")]
    assert [each["No"] for each in result.records] == ["SO-1", "SO-2"]
    assert result.parts is not None
    assert [part.is_complete for part in result.parts] == [True, True, False]


def test_every_value_tells_where_it_came_from() -> None:
    fields = """\
  Customer: {lookup: {kind: customer_name, from: crm, to: erp, id: record.name}}
  State: {value: record.state, default: '"open"', map: {open: A}}
  Lines:
    each: record.lines
    as: line
    where: line.q > 0
    fields:
      Amount: {value: line.q * line.p, convert: {round: 2}}
"""
    record = {"name": "华东机电有限公司", "lines": [{"q": 0, "p": 1}, {"q": 2, "p": Decimal("1.255")}]}
    result = mapped(fields, record, trace=True)
    assert [(each.target, each.sources, each.how, each.place.line) for each in result.trace] == [
        ("Customer", ("record.name",), ("value", "lookup:customer_name"), 6),
        ("State", ("record.state",), ("default", "map"), 7),
        ("Lines[0].Amount", ("record.lines[1].q", "record.lines[1].p"), ("value", "round"), 13),
    ]
    assert result.trace[2].value == Decimal("2.51")


def test_a_group_tells_which_rows_it_came_from() -> None:
    result = mapped(GROUPED, ROWS, top="each: record\nas: order\nby: order.no\n", trace=True)
    sources = {each.target: each.sources for each in result.trace}
    assert sources["[0].Lines[1].Qty"] == ("record[2].q",)
    assert sources["[1].Lines[0].Model"] == ("record[1].model",)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("  F: {value: record.a, convert: nmber}\n", "conversion_unknown"),
        ("  F: {value: record.a, convert: {date: nothing}}\n", "wrong_setting"),
        ("  F: {value: record.a, convert: {round: viele}}\n", "wrong_setting"),
        ("  F: {value: record.a, convert: {unit: {from: kg}}}\n", "missing_key"),
        ("  F: {value: record.a, convert: {unit: {from: kg, to: t, form: x}}}\n", "unknown_key"),
        ("  F: {value: record.a, convert: {unit: {from: =line.u, to: t}}}\n", "name_unknown"),
        ("  F: {value: record.a, join: {of: [record.a]}}\n", "rule"),
        ("  F: {value: record.a, optional: true, required: true}\n", "rule"),
        ("  F: {value: record.a, unmapped: keep}\n", "rule"),
        ("  F: {value: record.a, map: {a: b}, unmapped: drop}\n", "not_a_choice"),
        ("  F: {where: record.a, fields: {G: record.a}}\n", "each_missing"),
    ],
)
def test_a_mistake_in_the_file_is_found_when_it_is_read(fields: str, code: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        mapped(fields, {})
    assert code in [each.code for each in caught.value.problems]
    assert caught.value.problems[0].place.line == 6


def test_what_a_record_needs_is_asked_before_and_matches_what_is_then_missing() -> None:
    fields = """\
  C: {lookup: {kind: customer_name, from: crm, to: erp, id: record.name}}
  Lines:
    each: record.lines
    by: item.m
    fields:
      M: {lookup: {kind: product, from: crm, to: erp, id: item.key}, convert: upper}
"""
    mapping = read_mapping(f"{HEAD}fields:\n{fields}".encode(), "one.yaml")
    record = {"name": "N", "lines": [{"m": "bx-1"}, {"m": "bx-2"}, {"m": "bx-1"}]}
    wanted = mapping.lookups(record)
    assert [str(each) for each in wanted] == ["customer_name:crm:N", "product:crm:BX-1", "product:crm:BX-2"]
    assert mapping.apply(record, {}).missing == wanted
    assert mapping.apply(record, dict.fromkeys(wanted, "1")).is_complete
