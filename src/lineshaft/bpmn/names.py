"""The names of BPMN's elements, by what they are and where they may stand.

Source: OMG BPMN 2.0.2, Semantic.xsd.
"""

from __future__ import annotations

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
MODELER = "http://camunda.org/schema/modeler/1.0"

EVENT_DEFINITIONS = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "conditionalEventDefinition": "conditional",
    "compensateEventDefinition": "compensate",
    "linkEventDefinition": "link",
    "cancelEventDefinition": "cancel",
    "terminateEventDefinition": "terminate",
}
REFERENCE = {
    "message": "messageRef",
    "signal": "signalRef",
    "error": "errorRef",
    "escalation": "escalationRef",
    "compensate": "activityRef",
}
ROOTS = {
    "message",
    "signal",
    "error",
    "escalation",
    "itemDefinition",
    "interface",
    "category",
    "dataStore",
    "partnerEntity",
    "partnerRole",
    "resource",
    "endPoint",
    "correlationProperty",
    "import",
    "extension",
    "relationship",
    "documentation",
    "extensionElements",
    "collaboration",
    "auditing",
    "monitoring",
    "rendering",
    "choreography",
    "globalChoreographyTask",
    "globalConversation",
    "conversation",
}
GLOBAL_TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
CONTAINERS = {"subProcess", "adHocSubProcess", "transaction"}
ACTIVITIES = CONTAINERS | {
    "task",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "userTask",
    "manualTask",
    "scriptTask",
    "businessRuleTask",
    "callActivity",
}
EVENTS = {
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "implicitThrowEvent",
    "boundaryEvent",
}
GATEWAYS = {
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "eventBasedGateway",
    "complexGateway",
}
FLOW_NODES = ACTIVITIES | EVENTS | GATEWAYS
INSIDE = {
    "documentation",
    "extensionElements",
    "incoming",
    "outgoing",
    "textAnnotation",
    "group",
    "ioSpecification",
    "ioBinding",
    "dataInputAssociation",
    "dataOutputAssociation",
    "dataInput",
    "dataOutput",
    "auditing",
    "monitoring",
    "resourceRole",
    "performer",
    "humanPerformer",
    "potentialOwner",
    "supports",
    "supportedInterfaceRef",
    "artifact",
    "loopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics",
    "completionCondition",
    "conversationAssociation",
    "categoryValueRef",
}
"""What may stand in a container beside flow elements."""
IN_ELEMENT = {
    "association",
    "complexBehaviorDefinition",
    "correlationSubscription",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "inputSet",
    "laneSet",
    "outputSet",
    "property",
    "rendering",
    "sequenceFlow",
    "transactionMethod",
    "choreographyTask",
}
"""What may stand in an element, beside what its reader knows."""
IN_PLAIN_ELEMENT = IN_ELEMENT - {"sequenceFlow", "laneSet", "dataObject", "choreographyTask"}
"""What may stand in an activity without an inside, in an event or a gateway."""
