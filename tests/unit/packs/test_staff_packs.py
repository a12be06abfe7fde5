"""The packs onboarding, repair and corrections read whole, are drawn well, and what they name exists."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml
from lxml import etree

from lineshaft import bpmn, dmn, feel
from lineshaft.app.packs import files_in, folder_of
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.sql import SQL
from lineshaft.sdk.pack import Pack, read_pack
from lineshaft.sdk.spec import ConnectorSpec
from lineshaft.sdk.trail import read_trail
from unit.packs.test_order_to_delivery import BPMN, BPMNDI, ZEEBE, box, overlap

PACKS = ("onboarding", "repair", "corrections")
BETWEEN = {"corrections": {"invoice-differs"}}
"""Messages that one process sends another: they come by no route."""
READERS: dict[str, Any] = {"http": HTTP, "mail": MAIL, "sql": SQL, "opcua": OPCUA}


@cache
def pack(name: str) -> Pack:
    return read_pack(files_in(folder_of(name)))


@cache
def specs(name: str) -> dict[str, ConnectorSpec]:
    return {
        file.name: READERS[yaml.safe_load(file.content).get("connector", "http")]
        .read(file.content, file.path)
        .spec
        for file in pack(name).of("systems")
    }


def roots(name: str) -> list[Any]:
    return [etree.fromstring(file.content) for file in pack(name).of("processes")]


DRAWN = [(name, file.name) for name in PACKS for file in pack(name).of("processes")]


@pytest.mark.parametrize("name", PACKS)
def test_processes_decisions_and_words_are_well_formed(name: str) -> None:
    for file in pack(name).of("processes"):
        bpmn.loads(file.content, file.path)
    for file in pack(name).of("decisions"):
        dmn.loads(file.content, file=file.path, strict=True)
    assert read_trail([(file.path, file.content) for file in pack(name).of("trail")]).kinds


@pytest.mark.parametrize("name", PACKS)
def test_every_task_is_an_operation_that_is_safe_to_repeat(name: str) -> None:
    known = specs(name)
    types = {task.get("type") for root in roots(name) for task in root.iter(f"{ZEEBE}taskDefinition")}
    for each in types:
        system, _, operation = each.partition(".")
        found = known[system].operation(operation)
        assert found is not None, each
        # No mail server knows a key: a mail whose answer was lost waits for a person.
        safe = ("none",) if system == "mail" else ("idempotency_key", "natural_key", "probe")
        assert found.reads_only or found.safety in safe, each


@pytest.mark.parametrize("name", PACKS)
def test_every_called_process_and_decision_is_there(name: str) -> None:
    processes = {each.get("id") for root in roots(name) for each in root.iter(f"{BPMN}process")}
    calls = {each.get("processId") for root in roots(name) for each in root.iter(f"{ZEEBE}calledElement")}
    assert calls < processes
    asked = {each.get("decisionId") for root in roots(name) for each in root.iter(f"{ZEEBE}calledDecision")}
    models = [dmn.loads(file.content, strict=True) for file in pack(name).of("decisions")]
    assert asked == {each for model in models for each in model.decision_ids}


@pytest.mark.parametrize("name", PACKS)
def test_routes_listen_to_declared_events_and_somebody_waits_for_each_message(name: str) -> None:
    declared = {
        kind for spec in specs(name).values() for trigger in spec.triggers for kind in trigger.event_types
    }
    assert {route.on for route in pack(name).routes} <= declared
    waited = {each.get("name") for root in roots(name) for each in root.iter(f"{BPMN}message")}
    assert {route.message for route in pack(name).routes} == waited - BETWEEN.get(name, set())


@pytest.mark.parametrize("name", PACKS)
def test_every_expression_is_feel(name: str) -> None:
    names = ("source", "expression", "correlationKey", "inputCollection")
    texts = [each.get(key) for root in roots(name) for each in root.iter() for key in names if each.get(key)]
    texts += [each.text for root in roots(name) for each in root.iter(f"{BPMN}conditionExpression")]
    for text in texts:
        assert text.startswith("="), text
        feel.compile(text.removeprefix("="))


@pytest.mark.parametrize(("name", "process"), DRAWN)
def test_every_element_is_drawn_and_nothing_lies_on_another(name: str, process: str) -> None:
    (file,) = [each for each in pack(name).of("processes") if each.name == process]
    root = etree.fromstring(file.content)
    shapes = {each.get("bpmnElement"): each for each in root.iter(f"{BPMNDI}BPMNShape")}
    edges = {each.get("bpmnElement"): each for each in root.iter(f"{BPMNDI}BPMNEdge")}
    flow_nodes = ("Event", "Task", "Gateway", "sequenceFlow", "subProcess", "callActivity")
    (body,) = root.iter(f"{BPMN}process")
    nodes = [
        each for each in body.iter() if str(each.tag).startswith(BPMN) and str(each.tag).endswith(flow_nodes)
    ]
    assert {each.get("id") for each in nodes} == {*shapes, *edges}
    frames = {each.get("id") for each in nodes if str(each.tag).endswith(("subProcess", "boundaryEvent"))}
    bodies = [(key, box(shape)) for key, shape in shapes.items() if key not in frames]
    labels = [
        (key, box(label))
        for key, each in (shapes | edges).items()
        for label in each.iter(f"{BPMNDI}BPMNLabel")
    ]
    pairs = [(one, other) for index, one in enumerate(bodies) for other in bodies[index + 1 :]]
    pairs += [(one, other) for index, one in enumerate(labels) for other in labels[index + 1 :]]
    pairs += [(one, other) for one in labels for other in bodies]
    assert [(one[0], other[0]) for one, other in pairs if overlap(one[1], other[1])] == []
