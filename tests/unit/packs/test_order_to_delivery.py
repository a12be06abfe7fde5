"""The shipped pack reads whole, and what its parts name exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from lineshaft import feel
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.hub import hub_spec
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.sql import SQL
from lineshaft.mapping import read_mapping
from lineshaft.sdk.pack import Pack, read_pack
from lineshaft.sdk.spec import ConnectorSpec

FOLDER = Path(__file__).resolve().parents[3] / "src" / "lineshaft_packs" / "order_to_delivery"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


@cache
def pack() -> Pack:
    found = {}
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.suffix in (".yaml", ".bpmn"):
            found[path.relative_to(FOLDER).as_posix()] = path.read_bytes()
    return read_pack(found)


READERS: dict[str, Any] = {"http": HTTP, "mail": MAIL, "sql": SQL, "opcua": OPCUA}


@cache
def specs() -> dict[str, ConnectorSpec]:
    found = {}
    for file in pack().of("systems"):
        kind = yaml.safe_load(file.content).get("connector", "http")
        found[file.name] = READERS[kind].read(file.content, file.path).spec
    return found | {"hub": hub_spec()}


@cache
def processes() -> dict[str, Any]:
    return {file.name: etree.fromstring(file.content) for file in pack().of("processes")}


def everywhere(tag: str) -> list[Any]:
    return [each for root in processes().values() for each in root.iter(tag)]


def test_every_file_of_the_pack_reads() -> None:
    systems = {"crm", "erp", "mes", "wms", "oa", "mail", "sms", "machines", "hub"}
    assert set(specs()) == systems
    assert {read_mapping(file.content, file.path).name for file in pack().of("mappings")} == {
        "crm-customer-phone",
        "crm-sales-order",
        "dwh-customer",
        "dwh-transaction",
        "erp-customer",
        "erp-order-by-name",
        "erp-sales-order",
        "mes-work-order",
        "erp-work-order-report",
        "oa-dispatch-approval",
        "wms-shipment",
    }


def test_the_same_files_have_the_same_digest() -> None:
    assert pack().digest == pack().digest


def test_every_task_of_the_process_is_an_operation_of_a_system() -> None:
    known = specs()
    types = [task.get("type") for task in everywhere(f"{ZEEBE}taskDefinition")]
    assert len(types) > 40
    for task_type in types:
        system, _, operation = task_type.partition(".")
        assert known[system].operation(operation) is not None, task_type


def test_every_message_that_a_route_publishes_is_waited_for() -> None:
    waited = {message.get("name") for message in everywhere(f"{BPMN}message")}
    # What one process tells another comes by no route.
    assert {route.message for route in pack().routes} == waited - {"order-progress", "tell-customer"}


def test_every_route_listens_to_an_event_that_a_trigger_declares() -> None:
    declared = {
        kind for spec in specs().values() for trigger in spec.triggers for kind in trigger.event_types
    }
    assert {route.on for route in pack().routes} <= declared


def test_every_source_is_a_trigger_of_its_system() -> None:
    known = specs()
    for source in pack().sources:
        assert (source.kind, source.trigger) in {
            (kind, trigger.name)
            for trigger in known[source.system].triggers
            for kind in ((trigger.kind, "listen") if trigger.listens else (trigger.kind,))
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
            # No mail server knows a key: a mail whose answer was lost waits for a person.
            safe = ("none",) if system == "mail" else ("idempotency_key", "natural_key", "probe")
            assert operation.reads_only or operation.safety in safe, (system, operation.name)


def expressions() -> list[str]:
    names = ("source", "expression", "correlationKey", "inputCollection")
    found = [
        each.get(name)
        for root in processes().values()
        for each in root.iter()
        for name in names
        if each.get(name)
    ]
    found += [each.text for each in everywhere(f"{BPMN}conditionExpression")]
    return [text for text in found if text.startswith("=")]


def test_every_expression_of_the_processes_is_feel() -> None:
    assert len(expressions()) > 200
    for text in expressions():
        feel.compile(text.removeprefix("="))


@pytest.mark.parametrize("name", sorted(processes()))
def test_every_element_and_flow_is_drawn(name: str) -> None:
    root = processes()[name]
    drawn = {each.get("bpmnElement") for each in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")}
    flow_nodes = ("Event", "Task", "Gateway", "sequenceFlow", "subProcess")
    (body,) = root.iter(f"{BPMN}process")
    nodes = [each for each in body.iter() if str(each.tag).startswith(BPMN)]
    assert {each.get("id") for each in nodes if str(each.tag).endswith(flow_nodes)} == drawn


@pytest.mark.parametrize("name", sorted(processes()))
def test_no_shape_lies_on_another_and_no_name_on_a_shape(name: str) -> None:
    root = processes()[name]
    boundary = {each.get("id") for each in root.iter(f"{BPMN}boundaryEvent")}
    frames = {each.get("id") for each in root.iter(f"{BPMN}subProcess")}
    shapes, labels = [], []
    for shape in root.iter(f"{BPMNDI}BPMNShape"):
        element = shape.get("bpmnElement")
        if element in frames:
            continue
        if element not in boundary:
            shapes.append((element, box(shape)))
        labels += [(element, box(label)) for label in shape.iter(f"{BPMNDI}BPMNLabel")]
    labels += [
        (edge.get("bpmnElement"), box(label))
        for edge in root.iter(f"{BPMNDI}BPMNEdge")
        for label in edge.iter(f"{BPMNDI}BPMNLabel")
    ]
    together = [
        (one[0], other[0])
        for index, one in enumerate(shapes)
        for other in shapes[index + 1 :]
        if overlap(one[1], other[1])
    ]
    together += [(one[0], other[0]) for one in labels for other in shapes if overlap(one[1], other[1])]
    together += [
        (one[0], other[0])
        for index, one in enumerate(labels)
        for other in labels[index + 1 :]
        if overlap(one[1], other[1])
    ]
    assert together == []


Box = tuple[float, float, float, float]


def box(shape: Any) -> Box:
    (bounds,) = [each for each in shape if str(each.tag).endswith("}Bounds")]
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_every_element_has_its_name_in_both_languages() -> None:
    kinds = ("Task", "Event", "Gateway")
    for root in processes().values():
        for each in root.iter():
            name = each.get("name")
            if str(each.tag).endswith(kinds) and name:
                assert re.search("[\u4e00-\u9fff]|[A-Z]{2}", name), name
                assert re.search(r"[A-Za-z]{2}", name), name


def script(element: str, names: dict[str, Any]) -> Any:
    (task,) = [each for each in everywhere(f"{BPMN}scriptTask") if each.get("id") == element]
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
