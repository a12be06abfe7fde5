"""The shipped pack reads whole, and what its parts name exists."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from lineshaft import feel
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.hub import hub_spec
from lineshaft.mapping import read_mapping
from lineshaft.sdk.pack import Pack, read_pack
from lineshaft.sdk.spec import ConnectorSpec

FOLDER = Path(__file__).resolve().parents[3] / "src" / "lineshaft_packs" / "order_to_delivery"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


def pack() -> Pack:
    found = {}
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.suffix in (".yaml", ".bpmn"):
            found[path.relative_to(FOLDER).as_posix()] = path.read_bytes()
    return read_pack(found)


def specs() -> dict[str, ConnectorSpec]:
    found = {file.name: HTTP.read(file.content, file.path).spec for file in pack().of("systems")}
    return found | {"hub": hub_spec()}


def process() -> Any:
    (file,) = pack().of("processes")
    return etree.fromstring(file.content)


def test_every_file_of_the_pack_reads() -> None:
    assert set(specs()) == {"crm", "erp", "hub"}
    assert {read_mapping(file.content, file.path).name for file in pack().of("mappings")} == {
        "crm-sales-order",
        "erp-sales-order",
    }


def test_the_same_files_have_the_same_digest() -> None:
    assert pack().digest == pack().digest


def test_every_task_of_the_process_is_an_operation_of_a_system() -> None:
    known = specs()
    types = [task.get("type") for task in process().iter(f"{ZEEBE}taskDefinition")]
    assert len(types) == 11
    for task_type in types:
        system, _, operation = task_type.partition(".")
        assert known[system].operation(operation) is not None, task_type


def test_every_message_that_a_route_publishes_is_waited_for() -> None:
    waited = {message.get("name") for message in process().iter(f"{BPMN}message")}
    assert {route.message for route in pack().routes} == waited


def test_every_route_listens_to_an_event_that_a_trigger_declares() -> None:
    declared = {
        kind for spec in specs().values() for trigger in spec.triggers for kind in trigger.event_types
    }
    assert {route.on for route in pack().routes} <= declared


def test_every_source_is_a_trigger_of_its_system() -> None:
    known = specs()
    for source in pack().sources:
        assert (source.kind, source.trigger) in {
            (trigger.kind, trigger.name) for trigger in known[source.system].triggers
        }


def test_every_reference_is_found_by_an_operation_that_only_reads() -> None:
    known = specs()
    for reference in pack().references:
        operation = known[reference.system].operation(reference.operation)
        assert operation is not None
        assert operation.reads_only


def test_every_write_of_the_pack_is_safe_to_repeat() -> None:
    for system, spec in specs().items():
        for operation in spec.operations:
            assert operation.reads_only or operation.safety in ("idempotency_key", "natural_key"), (
                system,
                operation.name,
            )


def expressions() -> list[str]:
    root = process()
    found = [
        each.get(name)
        for each in root.iter()
        for name in ("source", "expression", "correlationKey")
        if each.get(name)
    ]
    found += [each.text for each in root.iter(f"{BPMN}conditionExpression")]
    return [text for text in found if text.startswith("=")]


def test_every_expression_of_the_process_is_feel() -> None:
    assert len(expressions()) > 30
    for text in expressions():
        feel.compile(text.removeprefix("="))


def test_every_element_and_flow_of_the_process_is_drawn() -> None:
    root = process()
    drawn = {each.get("bpmnElement") for each in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")}
    (body,) = root.iter(f"{BPMN}process")
    assert {each.get("id") for each in body if each.get("id")} == drawn


def script(element: str, names: dict[str, Any]) -> Any:
    (task,) = [each for each in process().iter(f"{BPMN}scriptTask") if each.get("id") == element]
    (found,) = task.iter(f"{ZEEBE}script")
    return feel.compile(found.get("expression").removeprefix("=")).evaluate(names, strict=True)


def order(**changes: Any) -> dict[str, Any]:
    return {
        "order_no": "XS-1",
        "account_no": "KH-1",
        "quality": [],
        "lines": [
            {"line_no": 1, "model": "A", "quantity": "100", "status": "open"},
            {"line_no": 2, "model": "B", "quantity": "5", "status": "open"},
        ],
    } | changes


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, []),
        ({"quality": ["contact_missing", "name_untrimmed"]}, []),
        ({"account_no": None}, ["订单没有客户"]),
        ({"quality": ["account_name_garbled"]}, ["客户名称乱码"]),
        ({"quality": ["account_nameless"], "lines": []}, ["客户没有名称", "订单没有明细行"]),
        ({"lines": [{"line_no": 7, "model": None, "quantity": "1"}]}, ["第 7 行没有产品"]),
    ],
)
def test_dirty_orders_are_held_with_every_reason(change: dict[str, Any], reasons: list[str]) -> None:
    assert script("check-data", {"order": order(**change)}) == reasons


def delivery(*lines: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "EtaDays": 2,
        "Lines": [
            {"SourceLineNo": line, "TotalDeliveredQty": total, "OrderQty": ordered}
            for line, total, ordered in lines
        ],
    }


def test_partial_deliveries_add_up_per_line_until_all_is_there() -> None:
    shipped: list[Any] = []
    for told, complete in (
        (delivery(("1", "60", "100")), False),
        (delivery(("1", "60", "100")), False),  # told twice
        (delivery(("2", "5", "5")), False),
        (delivery(("1", "100", "100")), True),
    ):
        shipped = script("sum-up", {"shipped": shipped, "delivery": told})
        assert script("is-complete", {"order": order(), "shipped": shipped}) is complete
    assert {line["line_no"]: line["quantity"] for line in shipped} == {"1": Decimal(100), "2": Decimal(5)}


def test_a_cancelled_line_is_not_waited_for() -> None:
    cancelled = order()
    cancelled["lines"][1]["status"] = "cancelled"
    shipped = script("sum-up", {"shipped": [], "delivery": delivery(("1", "100", "100"))})
    assert script("is-complete", {"order": cancelled, "shipped": shipped}) is True
