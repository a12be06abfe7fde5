"""Mappings: strict, complete in what they report, and never an empty code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.mapping import CompiledMapping, Reference, read_mapping

MAPPING = """\
format: 1
name: order
from: crm.order
to: erp.order
parameters: [organisation]
fields:
  No: record.no
  Org: organisation
  Customer: {lookup: {kind: customer, from: crm, to: erp, id: record.account}}
  Currency: {value: record.currency, default: '"CNY"'}
  Status: {value: record.status, map: states}
  Remark: {value: record.remark, optional: true}
  Head:
    fields:
      Date: date(record.date)
      Owner: {value: record.owner, required: true}
  Lines:
    each: record.lines
    as: line
    where: line.quantity > 0
    least: 1
    fields:
      Material: {lookup: {kind: product, from: crm, to: erp, id: line.model}}
      Qty: line.quantity
      Amount: line.quantity * line.price
      Order: record.no
maps:
  states: {open: "10", closed: "20", "true": "30"}
"""
KNOWN = {
    Reference("customer", "crm", "KH-1", "erp"): "C-1",
    Reference("product", "crm", "BX-1", "erp"): "M-1",
    Reference("product", "crm", "BX-2", "erp"): "M-2",
}


def compiled(text: str = MAPPING) -> CompiledMapping:
    return read_mapping(text.encode(), "mappings/order.yaml")


def record(**changes: Any) -> dict[str, Any]:
    return {
        "no": "XS-1",
        "account": "KH-1",
        "currency": "EUR",
        "status": "open",
        "remark": None,
        "date": "2026-01-05",
        "owner": "销售一部",
        "lines": [
            {"model": "BX-1", "quantity": Decimal("1.5"), "price": Decimal("0.10")},
            {"model": "BX-2", "quantity": 2, "price": Decimal("3.333")},
            {"model": "BX-9", "quantity": 0, "price": Decimal(1)},
        ],
    } | changes


def apply(source: dict[str, Any], known: dict[Reference, str] | None = None) -> Any:
    return compiled().apply(source, KNOWN if known is None else known, {"organisation": "100"})


def test_a_record_is_mapped_header_and_lines() -> None:
    mapped = apply(record())
    assert (mapped.problems, mapped.missing) == ((), ())
    assert mapped.record == {
        "No": "XS-1",
        "Org": "100",
        "Customer": "C-1",
        "Currency": "EUR",
        "Status": "10",
        "Head": {"Date": date(2026, 1, 5), "Owner": "销售一部"},
        "Lines": [
            {"Material": "M-1", "Qty": Decimal("1.5"), "Amount": Decimal("0.15"), "Order": "XS-1"},
            {"Material": "M-2", "Qty": Decimal(2), "Amount": Decimal("6.666"), "Order": "XS-1"},
        ],
    }


def test_look_ups_are_asked_for_once_each_and_only_for_lines_that_count() -> None:
    source = record()
    source["lines"].append(source["lines"][0])
    assert compiled().lookups(source, {"organisation": "100"}) == tuple(KNOWN)


def test_a_look_up_without_a_match_never_writes_an_empty_code() -> None:
    for known in ({}, dict.fromkeys(KNOWN, "")):
        mapped = apply(record(), known)
        assert mapped.record is None
        assert mapped.missing == tuple(KNOWN)
        assert str(mapped.missing[1]) == "product:crm:BX-1"


def test_an_empty_id_is_a_problem_and_not_a_missing_reference() -> None:
    for empty in (None, ""):
        mapped = apply(record(account=empty))
        assert [problem.place.path for problem in mapped.problems] == ["fields.Customer"]
        assert mapped.missing == ()


def test_a_missing_field_is_a_problem_with_file_line_and_field() -> None:
    source = record()
    del source["no"]
    problem = apply(source).problems[0]
    assert problem.place.file == "mappings/order.yaml"
    assert problem.place.line == 7
    assert problem.place.path == "fields.No"


def test_every_problem_of_a_record_is_reported_together() -> None:
    mapped = apply(record(status="lost", owner="", date="soon", lines=[]))
    assert [problem.place.path for problem in mapped.problems] == [
        "fields.Status",
        "fields.Head.fields.Date",
        "fields.Head.fields.Owner",
        "fields.Lines",
    ]


def test_an_unmapped_value_is_flagged_with_the_known_ones() -> None:
    (problem,) = apply(record(status="lost")).problems
    assert problem.code == "value_unmapped"
    assert "lost" in str(problem)
    assert "closed" in str(problem)


def test_a_default_stands_for_null_and_for_a_field_that_is_not_there() -> None:
    source = record(currency=None)
    assert apply(source).record["Currency"] == "CNY"
    del source["currency"]
    assert apply(source).record["Currency"] == "CNY"


def test_an_optional_field_is_left_out_where_there_is_nothing() -> None:
    assert "Remark" not in apply(record()).record
    assert apply(record(remark="急")).record["Remark"] == "急"


def test_the_source_is_never_changed() -> None:
    source = record()
    before = repr(source)
    apply(source)
    assert repr(source) == before


def test_a_business_object_is_checked_and_has_its_amounts() -> None:
    text = """\
format: 1
name: canonical
from: crm.order
to: sales_order
fields:
  number: record.no
  customer_code: record.account
  business_date: date(record.date)
  lines:
    each: record.lines
    fields:
      line_number: '"1"'
      item_code: item.model
      unit: '"PCE"'
      quantity: item.quantity
      price: item.price
"""
    mapped = compiled(text).apply(record(), {})
    assert mapped.record is not None
    assert [line["amount"] for line in mapped.record["lines"]] == [
        Decimal("0.15"),
        Decimal("6.67"),
        Decimal("0.00"),
    ]
    broken = compiled(text).apply(record(lines=[{"model": 1, "quantity": 1, "price": 1}]), {})
    assert [problem.code for problem in broken.problems] == ["object_invalid"]


def problems(text: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        compiled(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("No: record.no", "No: record.no +", "expression", 7),
        ("No: record.no", "No: recrod.no", "name_unknown", 7),
        ("map: states", "map: statess", "map_unknown", 11),
        ("{value: record.remark, optional: true}", "{optional: true}", "rule", 12),
        (
            "{value: record.remark, optional: true}",
            "{value: record.remark, optinal: true}",
            "unknown_key",
            12,
        ),
        ("kind: product, ", "", "missing_key", 23),
        ("    as: line", "    as: 1", "wrong_form", 19),
        ("to: erp.order", "to: customer", "field_unknown", 7),
    ],
)
def test_an_error_in_a_mapping_names_file_and_line(old: str, new: str, code: str, line: int) -> None:
    found = problems(MAPPING.replace(old, new))
    assert found[0].code == code
    assert (found[0].place.file, found[0].place.line) == ("mappings/order.yaml", line)
