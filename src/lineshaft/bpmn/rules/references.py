"""Rules of references: what a name in the file refers to is there, and is of the right kind.

Names with a prefix of another namespace are of other files and cannot be judged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lineshaft.base.text import text
from lineshaft.bpmn.dialects import camunda, jbpm
from lineshaft.bpmn.document import Document, ElementDefinition, XmlNode
from lineshaft.bpmn.rules.events import ACTIVITY_TYPES
from lineshaft.bpmn.rules.place import Place

_MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_ATTRIBUTES = frozenset(
    {
        "activityRef",
        "attachedToRef",
        "categoryValueRef",
        "correlationKeyRef",
        "correlationPropertyRef",
        "dataObjectRef",
        "dataStoreRef",
        "default",
        "initiatingParticipantRef",
        "innerConversationNodeRef",
        "innerMessageFlowRef",
        "itemRef",
        "definitionalCollaborationRef",
        "errorRef",
        "escalationRef",
        "itemSubjectRef",
        "messageRef",
        "noneBehaviorEventRef",
        "oneBehaviorEventRef",
        "operationRef",
        "outerConversationNodeRef",
        "outerMessageFlowRef",
        "parameterRef",
        "partitionElementRef",
        "processRef",
        "signalRef",
    }
)
_CHILDREN = frozenset(
    {
        "categoryValueRef",
        "choreographyRef",
        "correlationPropertyRef",
        "dataInputRefs",
        "dataOutputRefs",
        "endPointRef",
        "errorRef",
        "flowNodeRef",
        "inMessageRef",
        "incoming",
        "innerParticipantRef",
        "inputSetRefs",
        "interfaceRef",
        "loopDataInputRef",
        "loopDataOutputRef",
        "messageFlowRef",
        "optionalInputRefs",
        "optionalOutputRefs",
        "outMessageRef",
        "outerParticipantRef",
        "outgoing",
        "outputSetRefs",
        "participantRef",
        "resourceRef",
        "supportedInterfaceRef",
        "supports",
        "whileExecutingInputRefs",
        "whileExecutingOutputRefs",
    }
)
_IN_ASSOCIATION = frozenset({"sourceRef", "targetRef"})
_VARIABLES = _IN_ASSOCIATION | {"loopDataInputRef", "loopDataOutputRef"}
_IN_LINK = frozenset({"source", "target"})
_ITEMS = frozenset(
    {
        "dataInput",
        "dataObject",
        "dataObjectReference",
        "dataOutput",
        "dataStore",
        "dataStoreReference",
        "inputDataItem",
        "outputDataItem",
        "property",
    }
)
"""What holds data: the ends of data associations."""
_KINDS = {
    "dataObjectRef": "dataObject",
    "dataStoreRef": "dataStore",
    "errorRef": "error",
    "escalationRef": "escalation",
    "messageRef": "message",
    "noneBehaviorEventRef": "eventDefinition",
    "oneBehaviorEventRef": "eventDefinition",
    "operationRef": "operation",
    "signalRef": "signal",
    "categoryValueRef": "categoryValue",
    "correlationKeyRef": "correlationKey",
    "correlationPropertyRef": "correlationProperty",
    "endPointRef": "endPoint",
    "innerMessageFlowRef": "messageFlow",
    "innerParticipantRef": "participant",
    "initiatingParticipantRef": "participant",
    "inputSetRefs": "inputSet",
    "interfaceRef": "interface",
    "itemRef": "itemDefinition",
    "messageFlowRef": "messageFlow",
    "optionalInputRefs": "dataInput",
    "optionalOutputRefs": "dataOutput",
    "outerMessageFlowRef": "messageFlow",
    "outerParticipantRef": "participant",
    "outputSetRefs": "outputSet",
    "parameterRef": "resourceParameter",
    "participantRef": "participant",
    "resourceRef": "resource",
    "supportedInterfaceRef": "interface",
    "supports": "process",
    "whileExecutingInputRefs": "dataInput",
    "whileExecutingOutputRefs": "dataOutput",
    "default": "sequenceFlow",
    "processRef": "process",
    "itemSubjectRef": "itemDefinition",
    "structureRef": "itemDefinition",
    "inMessageRef": "message",
    "outMessageRef": "message",
    "incoming": "sequenceFlow",
    "outgoing": "sequenceFlow",
    "dataInputRefs": "dataInput",
    "dataOutputRefs": "dataOutput",
}
_CARRIES = frozenset({"error", "escalation", "signal"})
"""What may name the item that it brings."""
_FIX = text("Choose an existing element, or remove the reference.", "请选择已有元素或删除该引用。")


def check(document: Document) -> None:
    """Check every reference of the file."""
    kinds: dict[str, str] = {}
    root = document.tree.getroot()
    target_namespace = root.get("targetNamespace")
    for node in root.iter("*"):
        identifier = node.get("id")
        if identifier is not None:
            kinds.setdefault(identifier, _local(node))
    older = any(namespace in document.namespaces for namespace in camunda.NAMESPACES)
    for node, name, value in _references(root):
        if older and name in _VARIABLES and _bare(value) not in kinds:
            # The engines of these dialects take a variable's name here.
            continue
        prefix, colon, local = value.partition(":")
        if colon and prefix in node.nsmap:
            if node.nsmap[prefix] not in (target_namespace, _MODEL):
                continue
        else:
            local = value
        found = kinds.get(local)
        wanted = _KINDS.get(name)
        if name in _IN_ASSOCIATION:
            wanted = found if found in _ITEMS else "data object"
        if found is not None and (wanted is None or found == wanted):
            continue
        if found is not None and wanted == "eventDefinition" and found.endswith("EventDefinition"):
            continue
        if name == "signalRef" and found is None and jbpm.is_of(document):
            # The engines of this family take a signal's name here.
            continue
        owner = owner_of(node)
        document.problem(
            "reference-unknown" if found is None else "reference-kind",
            text(
                "Expected {name} to name a {wanted} of this file, but {ref} is {found}",
                "{name} 应引用本文件中的 {wanted}，但 {ref} 为 {found}",
                name=name,
                wanted=wanted or "thing",
                ref=value or "(nothing)",
                found=f"a {found}" if found else "not there",
            ),
            line=line_of(node),
            element=owner,
            hint=_FIX,
        )
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            _kinds_of(place, element, kinds)


def _bare(value: str) -> str:
    return value.rpartition(":")[2]


def line_of(node: Any) -> int | None:
    """Return the line a node starts in."""
    line = node.sourceline
    return int(line) if line else None


def _local(node: XmlNode) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _references(root: XmlNode) -> Iterator[tuple[XmlNode, str, str]]:
    for node in root.iter(f"{{{_MODEL}}}*"):
        for attribute, value in node.attrib.items():
            if attribute in _ATTRIBUTES:
                yield node, str(attribute), str(value).strip()
        name = _local(node)
        parent = node.getparent()
        inside = _local(parent) if parent is not None else ""
        in_data, in_link = inside.startswith("data"), inside == "linkEventDefinition"
        if name in _CARRIES and node.get("structureRef"):
            yield node, "structureRef", str(node.get("structureRef")).strip()
        if name in _CHILDREN or (name in _IN_ASSOCIATION and in_data) or (name in _IN_LINK and in_link):
            yield node, name, "".join(str(part) for part in node.itertext()).strip()


def owner_of(node: XmlNode) -> str | None:
    """Return the id of a node, or of the nearest one around it that has one."""
    current: XmlNode | None = node
    while current is not None:
        identifier = current.get("id")
        if identifier:
            return identifier
        current = current.getparent()
    return None


def _kinds_of(place: Place, element: ElementDefinition, kinds: dict[str, str]) -> None:
    """A called element is a process or global task; what is compensated is an activity."""
    called = element.attributes.get("calledElement", "").rpartition(":")[2]
    found = kinds.get(called)
    if (
        element.type == "callActivity"
        and found is not None
        and found != "process"
        and not found.startswith("global")
    ):
        place.note(
            "called-element-kind",
            text(
                "Expected {id} to call a process or global task, but {ref} is a {found}",
                "{id} 应调用流程或全局任务，但 {ref} 是 {found}",
                id=element.id,
                ref=called,
                found=found,
            ),
            _FIX,
            element,
        )
    for event in element.events:
        target = place.process.elements.get(event.ref or "") if event.kind == "compensate" else None
        if target is not None and target.type not in ACTIVITY_TYPES:
            place.note(
                "compensated-activity-kind",
                text(
                    "Expected {id} to compensate an activity, but {ref} is a {type}",
                    "{id} 应补偿一个活动，但 {ref} 是 {type}",
                    id=element.id,
                    ref=target.id,
                    type=target.type,
                ),
                _FIX,
                element,
            )
