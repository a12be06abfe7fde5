"""The shape of each element of the interchange schema: its attributes, and its children in their order.

Source: OMG BPMN 2.0.2, Semantic.xsd. A shape is two texts: names of attributes, and groups of children, one
group after the other; names in one group (``a|b``) may be mixed. ``id`` and what every element may have
(``documentation``, ``extensionElements``) is not repeated.
"""

from __future__ import annotations

from lineshaft.bpmn.names import FLOW_NODES

_NODE = "auditing monitoring categoryValueRef incoming outgoing"
_ROLES = "resourceRole|performer|humanPerformer|potentialOwner"
_LOOPS = "multiInstanceLoopCharacteristics|standardLoopCharacteristics"
_ACTIVITY = f"{_NODE} ioSpecification property dataInputAssociation dataOutputAssociation {_ROLES} {_LOOPS}"
_DEFINITIONS = (
    "messageEventDefinition|timerEventDefinition|signalEventDefinition|errorEventDefinition"
    "|escalationEventDefinition|conditionalEventDefinition|compensateEventDefinition|linkEventDefinition"
    "|cancelEventDefinition|terminateEventDefinition"
)
_CATCH = f"{_NODE} property dataOutput dataOutputAssociation outputSet {_DEFINITIONS} eventDefinitionRef"
_THROW = f"{_NODE} property dataInput dataInputAssociation inputSet {_DEFINITIONS} eventDefinitionRef"
_ARTIFACTS = "association|group|textAnnotation"
_FLOW_ELEMENTS = (
    "|".join(sorted(FLOW_NODES)) + "|sequenceFlow|dataObject|dataObjectReference|dataStoreReference"
)
_INSIDE = f"laneSet {_FLOW_ELEMENTS}|choreographyTask|{_ARTIFACTS}"
_DOES = "name default isForCompensation startQuantity completionQuantity"
_FLOW = "auditing monitoring categoryValueRef"
_CALLABLE = "supportedInterfaceRef ioSpecification ioBinding"
_EXPRESSION = "language evaluatesToTypeRef"

_SHAPES: dict[str, tuple[str, str]] = {
    "adHocSubProcess": (
        f"{_DOES} triggeredByEvent cancelRemainingInstances ordering",
        f"{_ACTIVITY} {_INSIDE} completionCondition",
    ),
    "assignment": ("", "from to"),
    "association": ("sourceRef targetRef associationDirection", ""),
    "boundaryEvent": ("name parallelMultiple cancelActivity attachedToRef", _CATCH),
    "businessRuleTask": (f"{_DOES} implementation", _ACTIVITY),
    "callActivity": (f"{_DOES} calledElement", _ACTIVITY),
    "cancelEventDefinition": ("", ""),
    "category": ("name", "categoryValue"),
    "categoryValue": ("value", ""),
    "childLaneSet": ("name", "lane"),
    "collaboration": (
        "name isClosed",
        f"participant messageFlow {_ARTIFACTS} conversation|subConversation|callConversation"
        " conversationAssociation participantAssociation messageFlowAssociation correlationKey"
        " choreographyRef conversationLink",
    ),
    "compensateEventDefinition": ("waitForCompletion activityRef", ""),
    "complexBehaviorDefinition": ("", "condition event"),
    "complexGateway": ("name gatewayDirection default", f"{_NODE} activationCondition"),
    "condition": (_EXPRESSION, ""),
    "conditionExpression": (_EXPRESSION, ""),
    "conditionalEventDefinition": ("", "condition"),
    "correlationKey": ("name", "correlationPropertyRef"),
    "correlationProperty": ("name type", "correlationPropertyRetrievalExpression"),
    "dataInput": ("name itemSubjectRef isCollection", "dataState"),
    # Some modellers name the ends of a data association as attributes.
    "dataInputAssociation": ("sourceRef targetRef", "sourceRef targetRef transformation assignment"),
    "dataObject": ("name itemSubjectRef isCollection", f"{_FLOW} dataState"),
    "dataObjectReference": ("name itemSubjectRef dataObjectRef", f"{_FLOW} dataState"),
    "dataOutput": ("name itemSubjectRef isCollection", "dataState"),
    "dataOutputAssociation": ("sourceRef targetRef", "sourceRef targetRef transformation assignment"),
    "dataState": ("name", ""),
    "dataStore": ("name capacity isUnlimited itemSubjectRef", "dataState"),
    "dataStoreReference": ("name itemSubjectRef dataStoreRef", f"{_FLOW} dataState"),
    "definitions": (
        "name targetNamespace expressionLanguage typeLanguage exporter exporterVersion",
        "import extension",
    ),
    "endEvent": ("name", _THROW),
    "error": ("name errorCode structureRef", ""),
    "errorEventDefinition": ("errorRef", ""),
    "escalation": ("name escalationCode structureRef", ""),
    "escalationEventDefinition": ("escalationRef", ""),
    "eventBasedGateway": ("name gatewayDirection instantiate eventGatewayType", _NODE),
    "exclusiveGateway": ("name gatewayDirection default", _NODE),
    "globalBusinessRuleTask": ("name implementation", f"{_CALLABLE} {_ROLES}"),
    "globalManualTask": ("name", f"{_CALLABLE} {_ROLES}"),
    "globalScriptTask": ("name scriptLanguage", f"{_CALLABLE} {_ROLES} script"),
    "globalTask": ("name", f"{_CALLABLE} {_ROLES}"),
    "globalUserTask": ("name implementation", f"{_CALLABLE} {_ROLES} rendering"),
    "group": ("categoryValueRef", ""),
    "inclusiveGateway": ("name gatewayDirection default", _NODE),
    "inputSet": ("name", "dataInputRefs optionalInputRefs whileExecutingInputRefs outputSetRefs"),
    "interface": ("name implementationRef", "operation"),
    "intermediateCatchEvent": ("name parallelMultiple", _CATCH),
    "intermediateThrowEvent": ("name", _THROW),
    "ioBinding": ("operationRef inputDataRef outputDataRef", ""),
    "ioSpecification": ("", "dataInput dataOutput inputSet outputSet"),
    "itemDefinition": ("structureRef isCollection itemKind", ""),
    "lane": ("name partitionElementRef", "partitionElement flowNodeRef childLaneSet"),
    "laneSet": ("name", "lane"),
    "linkEventDefinition": ("name", "source target"),
    "manualTask": (_DOES, _ACTIVITY),
    "message": ("name itemRef", ""),
    "messageEventDefinition": ("messageRef", "operationRef"),
    "messageFlow": ("name sourceRef targetRef messageRef", ""),
    "multiInstanceLoopCharacteristics": (
        "isSequential behavior oneBehaviorEventRef noneBehaviorEventRef",
        "loopCardinality loopDataInputRef loopDataOutputRef inputDataItem outputDataItem"
        " complexBehaviorDefinition completionCondition",
    ),
    "operation": ("name implementationRef", "inMessageRef outMessageRef errorRef"),
    "outputSet": ("name", "dataOutputRefs optionalOutputRefs whileExecutingOutputRefs inputSetRefs"),
    "parallelGateway": ("name gatewayDirection", _NODE),
    "participant": ("name processRef", "interfaceRef endPointRef participantMultiplicity"),
    "participantMultiplicity": ("minimum maximum", ""),
    "process": (
        "name processType isClosed isExecutable definitionalCollaborationRef",
        f"{_CALLABLE} auditing monitoring property {_INSIDE} {_ROLES} correlationSubscription supports",
    ),
    "property": ("name itemSubjectRef", "dataState"),
    "receiveTask": (f"{_DOES} implementation instantiate messageRef operationRef", _ACTIVITY),
    "resource": ("name", "resourceParameter"),
    "resourceParameter": ("name type isRequired", ""),
    "script": ("", ""),
    "scriptTask": (f"{_DOES} scriptFormat", f"{_ACTIVITY} script"),
    "sendTask": (f"{_DOES} implementation messageRef operationRef", _ACTIVITY),
    "sequenceFlow": ("name sourceRef targetRef isImmediate", f"{_FLOW} conditionExpression"),
    "serviceTask": (f"{_DOES} implementation operationRef", _ACTIVITY),
    "signal": ("name structureRef", ""),
    "signalEventDefinition": ("signalRef", ""),
    "standardLoopCharacteristics": ("testBefore loopMaximum", "loopCondition"),
    "startEvent": ("name parallelMultiple isInterrupting", _CATCH),
    "subProcess": (f"{_DOES} triggeredByEvent", f"{_ACTIVITY} {_INSIDE}"),
    "task": (_DOES, _ACTIVITY),
    "terminateEventDefinition": ("", ""),
    "textAnnotation": ("textFormat", "text"),
    "timerEventDefinition": ("", "timeDate|timeDuration|timeCycle"),
    "transaction": (f"{_DOES} triggeredByEvent method", f"{_ACTIVITY} {_INSIDE}"),
    "userTask": (f"{_DOES} implementation", f"{_ACTIVITY} rendering"),
}

ATTRIBUTES: dict[str, frozenset[str]] = {
    name: frozenset({"id", *attributes.split()}) for name, (attributes, _) in _SHAPES.items()
}
"""The attributes without a namespace that an element may have."""

ORDER: dict[str, dict[str, int]] = {
    name: {
        child: rank
        for rank, group in enumerate(("documentation", "extensionElements", *children.split()))
        for child in group.split("|")
    }
    for name, (_, children) in _SHAPES.items()
}
"""Where each child stands among the others: the rank of its group."""

MIXED = frozenset({"condition", "conditionExpression", "script"})
"""What holds text of its own."""

ABSTRACT = frozenset(
    {
        "activity",
        "artifact",
        "baseElement",
        "baseElementWithMixedContent",
        "callableElement",
        "catchEvent",
        "choreographyActivity",
        "conversationNode",
        "dataAssociation",
        "eventDefinition",
        "flowElement",
        "flowNode",
        "gateway",
        "loopCharacteristics",
        "rootElement",
        "throwEvent",
    }
)
"""What the schema names only to stand for others."""
