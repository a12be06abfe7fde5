"""One drawing, two views: what a node means to the business, and what it is to whoever builds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lineshaft import bpmn
from lineshaft.base.text import Text, both_names
from lineshaft.bpmn.document import ElementDefinition, ProcessDefinition

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node in both views."""

    element: str
    title: Text
    type: str
    who: tuple[str, ...]
    """Lane, assignee and groups."""
    about: str
    """Its documentation: the instruction for people."""
    due: str
    ways: Pairs = ()
    """Where it goes on: the name of each way, and its condition."""
    job: str = ""
    """The operation or outside work that it asks for, the decision, the called process."""
    inputs: Pairs = ()
    outputs: Pairs = ()
    settings: Pairs = field(default=())
    """Task headers and properties."""


def facts_of(drawing: bytes, process_id: str) -> list[NodeFacts]:
    """Return the facts of all nodes of a process, in the drawing's order."""
    process = bpmn.read(drawing).processes[process_id]
    lanes = {element: name or lane for lane, name, members in process.lanes for element in members}
    return [_facts(process, each, lanes) for each in process.elements.values() if each.id != process_id]


def _facts(process: ProcessDefinition, element: ElementDefinition, lanes: Mapping[str, str]) -> NodeFacts:
    found = element.extensions
    people = (lanes.get(element.id), found.assignee, found.candidate_users, found.candidate_groups)
    flows = [process.flows[each] for each in element.outgoing if each in process.flows]
    return NodeFacts(
        element.id,
        both_names(element.name or ""),
        element.type,
        tuple(dict.fromkeys(each for each in people if each)),
        (element.documentation or "").strip(),
        found.due_date or "",
        tuple((flow.name or "", flow.condition or "") for flow in flows if flow.name or flow.condition),
        found.task_type or found.decision_id or found.called_process or "",
        _pairs(found.inputs),
        _pairs(found.outputs),
        (*found.headers.items(), *found.properties.items()),
    )


def _pairs(mappings: list[tuple[str | None, str]]) -> Pairs:
    return tuple((target, source or "") for source, target in mappings)
