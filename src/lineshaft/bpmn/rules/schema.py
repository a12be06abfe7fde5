"""Rules of the interchange schema: what an element must have, and what may stand in it and how often.

Source: OMG BPMN 2.0.2, Semantic.xsd. What flow elements, processes and sub-processes may hold is judged in
reading; here is the rest. The order of children, and attributes that the schema does not know, are errors
in a file of the plain standard; the engines of the known dialects do not mind either, so there it is a doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lineshaft.base.text import Text, text
from lineshaft.bpmn.document import Document, XmlNode
from lineshaft.bpmn.names import MODEL
from lineshaft.bpmn.reader import local
from lineshaft.bpmn.rules.place import is_plain
from lineshaft.bpmn.rules.references import owner_of
from lineshaft.bpmn.rules.shape import ABSTRACT, ATTRIBUTES, MIXED, ORDER

_MODEL = f"{{{MODEL}}}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "choreographyTask": ("initiatingParticipantRef",),
    "conversationAssociation": ("innerConversationNodeRef", "outerConversationNodeRef"),
    "conversationLink": ("sourceRef", "targetRef"),
    "correlationPropertyBinding": ("correlationPropertyRef",),
    "correlationPropertyRetrievalExpression": ("messageRef",),
    "correlationSubscription": ("correlationKeyRef",),
    "import": ("namespace", "location", "importType"),
    "interface": ("name",),
    "ioBinding": ("operationRef", "inputDataRef", "outputDataRef"),
    "messageFlowAssociation": ("innerMessageFlowRef", "outerMessageFlowRef"),
    "operation": ("name",),
    "relationship": ("type",),
    "resource": ("name",),
    "resourceParameterBinding": ("parameterRef",),
}
"""Attributes that an element must have, beside those that other rules ask for."""
_EXPRESSION = "expression|formalExpression"
_CHILDREN: dict[str, tuple[str, ...]] = {
    "assignment": ("from", "to"),
    "choreographyTask": ("messageFlowRef",),
    "complexBehaviorDefinition": ("condition",),
    "correlationProperty": ("correlationPropertyRetrievalExpression",),
    "correlationPropertyBinding": ("dataPath",),
    "correlationPropertyRetrievalExpression": ("messagePath",),
    "dataInputAssociation": ("targetRef",),
    "dataOutputAssociation": ("targetRef",),
    "interface": ("operation",),
    "ioSpecification": ("inputSet", "outputSet"),
    "operation": ("inMessageRef",),
    "participantAssociation": ("innerParticipantRef", "outerParticipantRef"),
    "relationship": ("source", "target"),
    "resourceAssignmentExpression": (_EXPRESSION,),
    "resourceParameterBinding": (_EXPRESSION,),
}
"""Children that an element must have."""
_JUDGED_ELSEWHERE = frozenset({"ioSpecification", "dataInputAssociation", "dataOutputAssociation"})
"""Those of flow elements have rules of their own; here are those of a process."""
_ONCE = frozenset(
    {
        "completionCondition",
        "condition",
        "conditionExpression",
        "activationCondition",
        "extensionElements",
        "from",
        "inMessageRef",
        "inputDataItem",
        "ioSpecification",
        "loopCardinality",
        "loopCondition",
        "loopDataInputRef",
        "loopDataOutputRef",
        "outMessageRef",
        "outputDataItem",
        "script",
        "text",
        "to",
        "transformation",
    }
)
"""Children that no element may have twice."""
_EXPRESSIONS = frozenset(
    {
        "activationCondition",
        "completionCondition",
        "condition",
        "conditionExpression",
        "dataPath",
        "from",
        "loopCardinality",
        "loopCondition",
        "messagePath",
        "timeCycle",
        "timeDate",
        "timeDuration",
        "to",
        "transformation",
    }
)
"""Children that are expressions, formal or not."""
_BASE = frozenset({"documentation", "extensionElements"})
_DATA = frozenset({"dataState"})
_FLOW = frozenset({"auditing", "monitoring", "categoryValueRef"})
_NODE = _FLOW | {"incoming", "outgoing"}
_ACTIVITY = _NODE | {
    "dataInputAssociation",
    "dataOutputAssociation",
    "humanPerformer",
    "ioSpecification",
    "performer",
    "potentialOwner",
    "property",
    "resourceRole",
}
_CATCH = _NODE | {"property", "dataOutput", "dataOutputAssociation", "outputSet"}
_THROW = _NODE | {"property", "dataInput", "dataInputAssociation", "inputSet"}
_NODES: dict[str, frozenset[str]] = {
    "boundaryEvent": _CATCH,
    "businessRuleTask": _ACTIVITY,
    "callActivity": _ACTIVITY,
    "complexGateway": _NODE | {"activationCondition"},
    "endEvent": _THROW,
    "eventBasedGateway": _NODE,
    "exclusiveGateway": _NODE,
    "inclusiveGateway": _NODE,
    "intermediateCatchEvent": _CATCH,
    "intermediateThrowEvent": _THROW,
    "manualTask": _ACTIVITY,
    "parallelGateway": _NODE,
    "receiveTask": _ACTIVITY,
    "scriptTask": _ACTIVITY | {"script"},
    "sendTask": _ACTIVITY,
    "serviceTask": _ACTIVITY,
    "startEvent": _CATCH,
    "task": _ACTIVITY,
    "userTask": _ACTIVITY | {"rendering"},
}
_ARTIFACTS = frozenset({"association", "group", "textAnnotation"})
_OF_NODES = frozenset().union(*_NODES.values()) | {"completionCondition"} | _ARTIFACTS
"""What is judged here in a flow node; the rest has rules of its own."""
_ASSOCIATION = frozenset({"sourceRef", "targetRef", "transformation", "assignment"})
_ALLOWED: dict[str, frozenset[str]] = {
    "assignment": frozenset({"from", "to"}),
    "association": frozenset(),
    "cancelEventDefinition": frozenset(),
    "compensateEventDefinition": frozenset(),
    "conditionalEventDefinition": frozenset({"condition"}),
    "dataInput": _DATA,
    "dataInputAssociation": _ASSOCIATION,
    "dataObject": _FLOW | _DATA,
    "dataObjectReference": _FLOW | _DATA,
    "dataOutput": _DATA,
    "dataOutputAssociation": _ASSOCIATION,
    "dataStore": _DATA,
    "dataStoreReference": _FLOW | _DATA,
    "error": frozenset(),
    "errorEventDefinition": frozenset(),
    "escalation": frozenset(),
    "escalationEventDefinition": frozenset(),
    "inputSet": frozenset({"dataInputRefs", "optionalInputRefs", "whileExecutingInputRefs", "outputSetRefs"}),
    "interface": frozenset({"operation"}),
    "ioSpecification": frozenset({"dataInput", "dataOutput", "inputSet", "outputSet"}),
    "itemDefinition": frozenset(),
    "lane": frozenset({"partitionElement", "flowNodeRef", "childLaneSet"}),
    "laneSet": frozenset({"lane"}),
    "childLaneSet": frozenset({"lane"}),
    "linkEventDefinition": frozenset({"source", "target"}),
    "message": frozenset(),
    "messageEventDefinition": frozenset({"operationRef"}),
    "messageFlow": frozenset(),
    "multiInstanceLoopCharacteristics": frozenset(
        {
            "loopCardinality",
            "loopDataInputRef",
            "loopDataOutputRef",
            "inputDataItem",
            "outputDataItem",
            "complexBehaviorDefinition",
            "completionCondition",
        }
    ),
    "operation": frozenset({"inMessageRef", "outMessageRef", "errorRef"}),
    "outputSet": frozenset(
        {"dataOutputRefs", "optionalOutputRefs", "whileExecutingOutputRefs", "inputSetRefs"}
    ),
    "participant": frozenset({"interfaceRef", "endPointRef", "participantMultiplicity"}),
    "property": _DATA,
    "sequenceFlow": _FLOW | {"conditionExpression"},
    "signal": frozenset(),
    "signalEventDefinition": frozenset(),
    "standardLoopCharacteristics": frozenset({"loopCondition"}),
    "terminateEventDefinition": frozenset(),
    "timerEventDefinition": frozenset({"timeDate", "timeDuration", "timeCycle"}),
}
"""The children that may stand in an element, beside those of every element."""
_ORDERED = frozenset({"schema-foreign", "schema-order"})
_CLOSED = frozenset(
    {
        "category",
        "categoryValue",
        "collaboration",
        "correlationKey",
        "correlationProperty",
        "dataState",
        "group",
        "participantMultiplicity",
        "resource",
        "resourceParameter",
        "textAnnotation",
    }
)
"""What holds nothing but what its shape says, and is judged nowhere else."""
_ADD = text("Add it in the modeller.", "请在建模工具中补充。")
_REMOVE = text("Remove it.", "请将其删除。")


def check(document: Document) -> None:
    """Check every BPMN element of the file."""
    plain = is_plain(document)
    # A modeller that names itself may have an order of its own: no hand has put it in disorder.
    exported = bool(document.tree.getroot().get("exporter"))
    for node in document.tree.getroot().iter(f"{_MODEL}*"):
        name = local(node)
        children = Counter(local(child) for child in node.iterchildren(f"{_MODEL}*"))
        for code, message, hint in _problems(node, name, children):
            document.problem(
                code,
                message,
                line=node.sourceline,
                element=owner_of(node),
                hint=hint,
            )
        for code, message, hint in _out_of_shape(node, name):
            document.problem(
                code,
                message,
                line=node.sourceline,
                element=owner_of(node),
                hint=hint,
                severity="error" if plain and not (exported and code in _ORDERED) else "warning",
            )


def _problems(node: XmlNode, name: str, children: Counter[str]) -> list[tuple[str, Text, Text]]:
    found = [_missing(name, attribute) for attribute in _ATTRIBUTES.get(name, ()) if not node.get(attribute)]
    parent = node.getparent()
    of_process = parent is not None and local(parent) == "process"
    if of_process or name not in _JUDGED_ELSEWHERE:
        found += [
            _missing(name, child.partition("|")[0])
            for child in _CHILDREN.get(name, ())
            if not any(children[choice] for choice in child.split("|"))
        ]
    found += [_twice(name, child) for child, count in children.items() if count > 1 and child in _ONCE]
    allowed = _ALLOWED.get(name)
    if allowed is not None:
        found += [_misplaced(name, child) for child in children if child not in allowed | _BASE]
    wanted = _NODES.get(name)
    if wanted is not None:
        found += [_misplaced(name, child) for child in children if child in _OF_NODES - wanted]
    found += _particular(node, name, children)
    found += [_misplaced(name, child) for child in children if child in ABSTRACT]
    if name == "extension" and node.get("mustUnderstand", "false").strip() in ("true", "1"):
        found.append(_not_understood(node))
    return found


def _particular(node: XmlNode, name: str, children: Counter[str]) -> list[tuple[str, Text, Text]]:
    """What holds for one kind of element only."""
    found = []
    if name in _EXPRESSIONS and _type_of(node) not in ("", "tExpression", "tFormalExpression"):
        parent = node.getparent()
        found.append(_misplaced(local(parent) if parent is not None else name, _type_of(node)))
    if name in ("subProcess", "transaction") and children["completionCondition"]:
        found.append(_misplaced(name, "completionCondition"))
    if name == "timerEventDefinition" and len(children.keys() - _BASE) > 1:
        found.append(_twice(name, "timeDate, timeDuration or timeCycle"))
    if name == "participantMultiplicity" and not _counts(node):
        found.append(_missing(name, "0 <= minimum <= maximum, and a maximum of 1 or more"))
    if name == "linkEventDefinition" and children["target"] > 1:
        found.append(_twice(name, "target"))
    if children["resourceAssignmentExpression"] and children["resourceRef"]:
        found.append(_misplaced(name, "resourceAssignmentExpression"))
    if name in ("choreographyTask", "subChoreography", "callChoreography"):
        partners = [
            "".join(map(str, each.itertext())).strip() for each in node.iter(f"{_MODEL}participantRef")
        ]
        if len(set(partners)) < 2 or (name == "choreographyTask" and len(partners) != 2):
            found.append(_missing(name, "two participants"))
        elif node.get("initiatingParticipantRef", partners[0]) not in partners:
            found.append(_missing(name, "its initiating participant among its participants"))
    return found


def _out_of_shape(node: XmlNode, name: str) -> Iterator[tuple[str, Text, Text]]:
    """Go through what the schema does not let stand where it stands."""
    attributes, order = ATTRIBUTES.get(name), ORDER.get(name)
    if attributes is None or order is None:
        return
    for attribute in node.attrib:
        if not str(attribute).startswith("{") and attribute not in attributes:
            yield _unknown_attribute(name, str(attribute))
    last, before = 0, ""
    texts = [node.text]
    for child in node:
        texts.append(child.tail)
        kind = local(child)
        if not kind:
            continue
        if not child.tag.startswith(_MODEL):
            if name != "definitions":
                yield _foreign(name, kind)
            continue
        if kind not in order and name in _CLOSED:
            yield _misplaced(name, kind)
            continue
        rank = order.get(kind, len(order) if name == "definitions" else last)
        if rank < last:
            yield _disordered(name, kind, before)
        else:
            last, before = rank, kind
    if name not in MIXED and any(part and part.strip() for part in texts):
        yield _misplaced(name, next(part.strip()[:20] for part in texts if part and part.strip()))


def _unknown_attribute(name: str, attribute: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected at {name} the attributes that BPMN has there, but found {attribute}",
        "{name} 不应有属性 {attribute}",
        name=name,
        attribute=attribute,
    )
    hint = text("Remove it, or give it its own namespace.", "请将其删除，或为其加上自己的命名空间。")
    return "attribute-unknown", message, hint


def _foreign(name: str, child: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected elements of another namespace only in extensionElements, but {name} holds {child}",
        "其他命名空间的元素只能位于 extensionElements 中，但 {name} 中有 {child}",
        name=name,
        child=child,
    )
    return (
        "schema-foreign",
        message,
        text("Move it into extensionElements.", "请将其移入 extensionElements。"),
    )


def _disordered(name: str, child: str, before: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected {child} before {before} in {name}, but it stands after it",
        "{name} 中的 {child} 应位于 {before} 之前，但位于其后",
        child=child,
        before=before,
        name=name,
    )
    return (
        "schema-order",
        message,
        text("Save the file again in the modeller.", "请在建模工具中重新保存该文件。"),
    )


def _counts(node: XmlNode) -> bool:
    """Tell whether a number fits between the bounds of a multiplicity; others are told elsewhere."""
    try:
        minimum, maximum = int(node.get("minimum", "0")), int(node.get("maximum", "1"))
    except ValueError:
        return True
    return minimum >= 0 and max(minimum, 1) <= maximum


def _type_of(node: XmlNode) -> str:
    return node.get(_TYPE, "").rpartition(":")[2].strip()


def _missing(name: str, wanted: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected {name} to have {wanted}, but it has none",
        "{name} 应有 {wanted}，但没有",
        name=name,
        wanted=wanted,
    )
    return "schema-missing", message, _ADD


def _twice(name: str, child: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected {child} once in {name}, but it stands there more often",
        "{name} 中的 {child} 只能出现一次，但出现了多次",
        name=name,
        child=child,
    )
    return "schema-twice", message, _REMOVE


def _misplaced(name: str, child: str) -> tuple[str, Text, Text]:
    message = text(
        "Expected in {name} what BPMN has there, but found {child}",
        "{name} 中不应出现 {child}",
        name=name,
        child=child,
    )
    return "schema-misplaced", message, _REMOVE


def _not_understood(node: XmlNode) -> tuple[str, Text, Text]:
    message = text(
        "Expected no extension that must be understood, but {definition} is one",
        "不应有必须理解的扩展，但 {definition} 是",
        definition=node.get("definition") or "extension",
    )
    hint = text("Set mustUnderstand to false, or remove it.", "请将 mustUnderstand 设为 false 或删除。")
    return "extension-not-understood", message, hint
