"""The business objects hold what the systems of a factory say, and reckon as its people do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from lineshaft import canonical
from lineshaft.base.errors import InputError
from lineshaft.canonical import TYPES, read_object, write_object
from lineshaft.canonical.codes import STATUS_NAMES
from lineshaft.canonical.delivery import Shipment
from lineshaft.canonical.equipment import Downtime, Equipment, capacity_left
from lineshaft.canonical.finance import ProductCost, Receipt, SalesInvoice, receivable_of
from lineshaft.canonical.people import Account, Employee, Entitlement, Position, accounts_wanted
from lineshaft.canonical.production import JobOrder, JobResponse, Operation, Totals, totals_of
from lineshaft.canonical.schema import json_schema
from lineshaft.canonical.service import RepairTicket, SparePartUse
from lineshaft.canonical.stock import StockBalance, StockMove, balance_after

DAY = date(2026, 5, 4)
MOMENT = datetime(2026, 5, 4, 8, tzinfo=UTC)
SAMPLES: dict[Any, Any] = {
    "string": "文本", "integer": 3, "number": Decimal("1.25"), "boolean": True,
    "decimal": Decimal("12345678.90"),
    "date": DAY, "date-time": MOMENT, "object": {"客户特殊需求": "免检"},
}  # fmt: skip


@cache
def schema_of_all() -> dict[str, Any]:
    return json_schema()


def sample(declared: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Make a value for a schema, with every optional field filled."""
    if "$ref" in declared:
        definition = definitions[declared["$ref"].rpartition("/")[2]]
        return {name: sample(each, definitions) for name, each in definition["properties"].items()}
    if "anyOf" in declared:
        return sample(next(each for each in declared["anyOf"] if each.get("type") != "null"), definitions)
    if "enum" in declared:
        return declared["enum"][-1]
    if declared.get("type") == "array":
        return [sample(declared["items"], definitions)]
    return SAMPLES[declared.get("format") or declared["type"]]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_an_object_with_every_field_goes_through_without_loss_and_fits_its_schema(name: str) -> None:
    schema = schema_of_all()
    record = sample({"$ref": f"#/$defs/{TYPES[name].__name__}"}, schema["$defs"])
    assert {f"custom_{number}" for number in range(1, 6)} | {"extensions"} <= record.keys()
    value = read_object(TYPES[name], record)
    assert write_object(value) == record
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/$defs/{TYPES[name].__name__}", "$defs": schema["$defs"]}
    )
    assert validator.is_valid(json.loads(msgspec.json.encode(value)))
    assert not validator.is_valid({**json.loads(msgspec.json.encode(value)), "unheard_of": 1})


def test_a_field_that_a_line_does_not_have_is_refused_and_not_lost() -> None:
    order = {
        "number": "1", "customer_code": "C", "business_date": DAY,
        "lines": [{"line_number": "1", "item_code": "M", "quantity": 1, "unit": "H87",
                   "price": 1, "colour": "red"}],
    }  # fmt: skip
    with pytest.raises(InputError, match=r"lines\[0\]\.colour"):
        read_object(canonical.SalesOrder, order)


def test_a_whole_number_within_a_list_may_come_as_a_decimal() -> None:
    order = read_object(
        JobOrder,
        {"number": "1", "item_code": "M", "quantity": Decimal(5), "unit": "H87",
         "operations": [{"number": Decimal(10), "code": "CJ"}]},
    )  # fmt: skip
    assert order.operations[0].number == 10
    with pytest.raises(InputError):
        read_object(JobOrder, {"number": "1", "item_code": "M", "quantity": 1, "unit": "H87",
                               "operations": [{"number": Decimal("10.5"), "code": "CJ"}]})  # fmt: skip


def test_available_is_on_hand_less_reserved_and_moves_lead_to_the_balance() -> None:
    assert StockBalance("M", "H87", Decimal(100), Decimal(60)).available == 40
    moves = [
        StockMove("1", "M", Decimal(50), "H87", "receipt", business_date=DAY),
        StockMove("2", "M", Decimal(-20), "H87", "issue", business_date=DAY),
    ]
    assert balance_after(Decimal(70), moves) == 100


def test_reports_come_to_the_totals_of_their_job_order() -> None:
    order = JobOrder(
        "GD-1", "M", Decimal(100), "H87",
        operations=tuple(Operation(number, code) for number, code in ((10, "CJ"), (20, "DM"), (30, "ZJ"))),
    )  # fmt: skip
    reports = [
        JobResponse("1", "GD-1", 10, Decimal(98), bad_quantity=Decimal(2), hours=Decimal("3.5")),
        JobResponse("2", "GD-1", 30, Decimal(60), hours=Decimal("1.25")),
        JobResponse("3", "GD-1", 30, Decimal(37), bad_quantity=Decimal(1), hours=Decimal(1)),
        JobResponse("4", "GD-2", 30, Decimal(5), hours=Decimal(9)),
    ]
    assert totals_of(order, reports) == Totals(Decimal(97), Decimal(3), Decimal(0), Decimal("5.75"))


def test_an_hour_of_fault_is_sixty_minutes_and_lowers_the_capacity() -> None:
    lathe = Equipment("CC-01", "车床", hourly_capacity=Decimal(12))
    fault = Downtime("1", "CC-01", MOMENT + timedelta(hours=1), MOMENT + timedelta(hours=2), fault_code="F1")
    until = MOMENT + timedelta(hours=8)
    assert fault.minutes_within(MOMENT, until) == 60
    assert capacity_left(lathe, MOMENT, until, [fault]) == 84
    assert capacity_left(lathe, MOMENT, until, [replace(fault, equipment_code="CC-02")]) == 96


@pytest.mark.parametrize(
    ("status", "days", "words"),
    [
        ("in_transit", 3, "已发货,预计 3 天到达"),
        ("shipped", -2, "已发货,逾期 2 天"),
        ("waiting", 3, "待发货"),
        ("delivered", 0, "已送达"),
    ],
)
def test_a_shipment_says_where_it_stands(status: Any, days: int, words: str) -> None:
    shipment = Shipment("1", "FH-1", expected_on=DAY + timedelta(days=days), status=status)
    assert shipment.words(DAY).in_language("zh") == words


def invoice(number: str, amount: int, due: date, **others: Any) -> SalesInvoice:
    return SalesInvoice(
        number, "C-1", (), Decimal(amount), due_date=due, business_date=date(2026, 3, 1), **others
    )


def test_a_customer_owes_invoices_less_receipts_and_what_is_due_is_overdue() -> None:
    invoices = [
        invoice("1", 1000, date(2026, 4, 1)), invoice("2", 500, date(2026, 6, 1)),
        invoice("3", 999, date(2026, 4, 1), status="cancelled"),
        invoice("4", 7, date(2026, 4, 1), currency="USD"),
    ]  # fmt: skip
    receipts = [
        Receipt("1", "C-1", Decimal(600), business_date=DAY),
        Receipt("2", "C-2", Decimal(50), business_date=DAY),
    ]  # fmt: skip
    owed = receivable_of("C-1", invoices, receipts, DAY, currency="CNY")
    assert (owed.balance, owed.overdue) == (900, 400)
    reversal = invoice("5", -1000, date(2026, 4, 1), reverses="1")
    owed = receivable_of("C-1", [*invoices, reversal], receipts, DAY, currency="CNY")
    assert (owed.balance, owed.overdue) == (-100, 0)


def test_unit_cost_is_material_and_labour_by_actual_use() -> None:
    assert ProductCost("M", Decimal(30), Decimal(1000), Decimal(250)).unit_cost == Decimal("41.6667")


def test_a_repair_costs_its_parts_and_labour() -> None:
    parts = (SparePartUse("B-1", Decimal(2), "H87", Decimal("12.50")),)
    ticket = RepairTicket("1", "CC-01", "异响", parts=parts, labour_amount=Decimal(80), article_number="ZS-1")
    assert ticket.cost == 105


def test_a_position_grants_accounts_that_are_not_there_yet() -> None:
    position = Position("SALES", "销售", entitlements=(Entitlement("crm", "user"), Entitlement("oa", "user")))
    accounts = [Account("E-1", "crm", "zhang", ("user",), "active"), Account("E-1", "oa", "zhang", ("user",))]
    assert accounts_wanted(Employee("E-1", "张", position_code="SALES"), [position], accounts) == [
        Entitlement("oa", "user")
    ]


def test_every_state_of_a_document_has_a_name_in_both_languages() -> None:
    definitions = schema_of_all()["$defs"]
    states = {
        state
        for each in definitions.values()
        for state in each.get("properties", {}).get("status", {}).get("enum", ())
    }
    assert len(states) > 40
    assert states <= STATUS_NAMES.keys()
    assert all(name.zh != name.en for name in STATUS_NAMES.values())
