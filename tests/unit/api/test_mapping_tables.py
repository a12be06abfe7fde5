"""A mapping is changed as a table, tried on records, compared and taken through Excel (C15, E17)."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from lineshaft.mapping.document import COLUMNS
from unit.api.conftest import Client
from unit.api.test_design import designed

__all__ = ["designed"]

PATH = "mappings/erp-order.yaml"
MAPPING = """# An order as the ERP takes it.
format: 1
name: erp-order
label: {zh: 订单, en: Order}
from: crm.sales_order
to: sales_order
fields:
  number: record.order_no
  source_system: '"crm"'
  source_id: record.id
  customer_code: {lookup: {kind: customer, from: crm, to: erp, id: record.account_no}}
  status: {value: record.status, map: states}
  currency: {value: record.currency, default: '"CNY"'}
  business_date: date(record.order_date)
  lines:
    each: record.lines
    as: line
    fields:
      line_number: string(line.no)
      item_code: line.model
      unit: line.unit
      quantity: number(line.qty)
      price: number(line.price)
maps:
  states: {draft: draft, confirmed: confirmed}
tests:
  - name: a confirmed order
    given:
      order_no: SO-1
      id: a1
      account_no: KH-1
      status: confirmed
      order_date: 2026-03-01
      lines: [{no: 1, model: BX-1, unit: PCE, qty: "3", price: "1.5"}]
    references: [{kind: customer, crm: KH-1, erp: C-001}]
    includes: {customer_code: C-001, status: confirmed}
"""
RECORD = {
    "order_no": "SO-2",
    "id": "a2",
    "account_no": "KH-7",
    "status": "confirmed",
    "order_date": "2026-03-02",
    "lines": [{"no": 1, "model": "BX-1", "unit": "PCE", "qty": "12.50", "price": "7"}],
}


async def _ask(hub: Client, what: str, **body: Any) -> Any:
    return await hub("POST", f"/api/v1/design/mappings/{what}", body, token="engineer:e")


def _drawn(content: str = MAPPING) -> dict[str, str]:
    return {"path": PATH, "text": content}


async def _table(hub: Client, content: str = MAPPING, **body: Any) -> Any:
    answer = await _ask(hub, "table", file=_drawn(content), **body)
    assert answer.status == 200, answer.content
    return answer.json


def _put(sheets: dict[str, list[list[str | None]]], field: str, column: str, value: str | None) -> None:
    [row] = [each for each in sheets["fields"] if each[0] == field]
    row[COLUMNS.index(column)] = value  # type: ignore[arg-type]


async def test_a_mapping_is_shown_as_sheets_and_its_examples_are_run(designed: Client) -> None:
    shown = await _table(designed)
    assert shown["sheets"]["fields"][0] == list(COLUMNS)
    assert [each[0] for each in shown["sheets"]["fields"][8:11]] == [
        "lines[]",
        "lines[].line_number",
        "lines[].item_code",
    ]
    assert shown["sheets"]["maps"][1:] == [["states", "draft", "draft"], ["states", "confirmed", "confirmed"]]
    assert (shown["faults"], shown["tests"]) == ([], [{"name": "a confirmed order", "wrong": []}])


async def test_a_changed_cell_changes_the_file_and_nothing_else_of_its_meaning(designed: Client) -> None:
    sheets = (await _table(designed))["sheets"]
    _put(sheets, "currency", "default", '"EUR"')
    made = await _table(designed, sheets=sheets)
    assert made["written"]
    assert made["text"].startswith("# An order as the ERP takes it.\n")
    told = (await _ask(designed, "comparison", old=MAPPING, new=made["text"])).json["items"]
    assert [(each["field"], each["text"]["en"]) for each in told] == [
        ("currency", 'currency default: "CNY" → "EUR"')
    ]


async def test_a_mistake_in_an_expression_is_told_at_its_cell_and_kept(designed: Client) -> None:
    sheets = (await _table(designed))["sheets"]
    _put(sheets, "lines[].quantity", "value", "number(line.qty")
    made = await _table(designed, sheets=sheets)
    [fault] = made["faults"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("fields", 12, "value")
    assert "number(line.qty" in made["text"]
    again = await _table(designed, made["text"])
    assert again["faults"] == made["faults"]


async def test_what_no_file_can_say_stays_as_it_was_typed_and_the_file_as_it_was(designed: Client) -> None:
    sheets = (await _table(designed))["sheets"]
    sheets["maps"].append(["states", "closed", None])
    made = await _table(designed, sheets=sheets)
    assert (made["written"], made["text"], made["sheets"]["maps"][-1]) == (
        False, MAPPING, ["states", "closed", None],
    )  # fmt: skip
    [fault] = made["faults"]
    assert (fault["sheet"], fault["row"]) == ("maps", 3)


async def test_a_failing_example_says_what_it_expected(designed: Client) -> None:
    [test] = (
        await _table(designed, MAPPING.replace("draft, confirmed: confirmed", "draft, confirmed: accepted"))
    )["tests"]
    assert test["wrong"][0]["en"] == 'status: expected "confirmed", but it is "accepted"'


async def test_a_trial_tells_where_each_value_came_from_and_what_code_is_missing(designed: Client) -> None:
    found = (await _ask(designed, "trial", file=_drawn(), record=RECORD)).json
    assert found["records"] == []
    values = {each["target"]: (each["value"], each["sources"], each["how"]) for each in found["values"]}
    assert values["number"] == ("SO-2", ["record.order_no"], ["value"])
    assert values["status"] == ("confirmed", ["record.status"], ["value", "map:states"])
    assert values["lines[0].quantity"][:2] == (12.5, ["record.lines[0].qty"])
    assert found["missing"] == [
        {"type": "customer", "system": "crm", "id": "KH-7", "wanted_in": "erp", "candidates": []}
    ]


async def test_a_trial_uses_the_codes_that_the_hub_knows(designed: Client) -> None:
    bound = {"object_type": "customer", "system": "crm", "local_id": "KH-7", "siblings": {"erp": "C-007"}}
    answer = await designed("PUT", "/api/v1/bindings", {"items": [bound]}, token="operator:o")
    assert answer.status == 200, answer.content
    found = (await _ask(designed, "trial", file=_drawn(), record=RECORD)).json
    assert (found["missing"], found["troubles"]) == ([], [])
    assert found["records"][0]["customer_code"] == "C-007"


async def test_a_record_that_does_not_fit_is_told_field_by_field(designed: Client) -> None:
    wrong = RECORD | {"status": "lost", "order_date": "soon"}
    found = (await _ask(designed, "trial", file=_drawn(), record=wrong)).json
    assert {each["target"] for each in found["troubles"]} >= {"status", "business_date"}


async def test_offers_name_what_nothing_fills_and_what_may_be_meant(designed: Client) -> None:
    record = RECORD | {"account_name": "Ltd", "owner": "sales"}
    found = (await _ask(designed, "offers", file=_drawn(), record=record)).json
    assert {"order_no", "lines[].qty", "account_name"} <= {each["path"] for each in found["sources"]}
    offered = {each["target"]: [one["source"] for one in each["offers"]] for each in found["targets"]}
    assert offered["customer_name"][0] == "account_name"
    assert "number" not in offered
    emptied = MAPPING.replace("unit: line.unit", "unit: {note: later}")
    found = (await _ask(designed, "offers", file=_drawn(emptied), record=record)).json
    [open_field] = [each for each in found["targets"] if not each["declared"]]
    assert open_field["target"] == "lines[].unit"
    assert open_field["offers"][0]["source"] == "lines[].unit"


async def test_a_mapping_goes_through_excel_unchanged_and_a_wrong_cell_is_named(designed: Client) -> None:
    book = (await _ask(designed, "workbook", file=_drawn())).content
    sent = base64.b64encode(book).decode()
    back = (await _ask(designed, "from-workbook", path=PATH, content=sent)).json
    assert (await _ask(designed, "comparison", old=MAPPING, new=back["text"])).json["items"] == []
    opened = load_workbook(io.BytesIO(book))
    opened["fields"]["B2"] = "record.order_no +"
    changed = io.BytesIO()
    opened.save(changed)
    refused = await _ask(
        designed, "from-workbook", path=PATH, content=base64.b64encode(changed.getvalue()).decode()
    )
    assert refused.status == 422
    assert "fields!B2" in refused.content.decode()


@pytest.mark.parametrize("content", ["no base64!", base64.b64encode(b"no workbook").decode()])
async def test_what_is_no_workbook_is_refused_in_words(designed: Client, content: str) -> None:
    refused = await _ask(designed, "from-workbook", path=PATH, content=content)
    assert refused.status in (400, 422)
    assert "Excel" in refused.content.decode() or "base64" in refused.content.decode()


async def test_samples_are_the_examples_of_the_file(designed: Client) -> None:
    [sample] = (await _ask(designed, "samples", file=_drawn())).json["items"]
    assert (sample["origin"], sample["name"], sample["record"]["order_no"]) == (
        "test",
        "a confirmed order",
        "SO-1",
    )
