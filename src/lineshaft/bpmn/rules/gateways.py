"""Rules of gateways, default flows and conditions."""

from __future__ import annotations

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, ElementDefinition, FlowDefinition
from lineshaft.bpmn.rules.place import Place

_DEFAULT_ALLOWED = frozenset({"exclusiveGateway", "inclusiveGateway", "complexGateway"})
_AFTER_EVENT_GATEWAY = frozenset({"message", "timer", "signal", "conditional"})
_CHOOSES = frozenset({"exclusiveGateway", "inclusiveGateway"})


def check(document: Document) -> None:
    """Check the gateways of every process."""
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            _default(place, element)
            _conditions(place, element)
            if element.type == "eventBasedGateway":
                _event_based(place, element)
            elif element.type in _CHOOSES:
                _choices(place, element)
            if element.type.endswith("Gateway"):
                _connections(place, element)


def _flows(place: Place, ids: list[str]) -> list[FlowDefinition]:
    return [place.process.flows[flow_id] for flow_id in ids]


def _default(place: Place, element: ElementDefinition) -> None:
    name = element.attributes.get("default")
    if name is None:
        return
    reference = name.rpartition(":")[2]
    if element.type.endswith(("Event", "Gateway")) and element.type not in _DEFAULT_ALLOWED:
        place.note(
            "default-not-allowed",
            text(
                "Expected no default flow at {id}, but it has one",
                "{id} 不应有默认顺序流，但有",
                id=element.id,
            ),
            text("Remove the default flow.", "请取消默认顺序流。"),
            element,
        )
        return
    if reference not in element.outgoing:
        place.note(
            "default-not-outgoing",
            text(
                "Expected the default flow of {id} to leave it, but {ref} does not",
                "{id} 的默认顺序流应从它离开，但 {ref} 不是",
                id=element.id,
                ref=reference,
            ),
            text("Choose one of its outgoing flows as the default.", "请选择其输出顺序流之一作为默认。"),
            element,
        )
        return
    if place.process.flows[reference].has_condition:
        place.note(
            "default-with-condition",
            text(
                "Expected the default flow {flow} to have no condition, but it has one",
                "默认顺序流 {flow} 不应有条件，但有",
                flow=reference,
            ),
            text("Remove the condition.", "请删除该条件。"),
            element,
            line=place.process.flows[reference].line,
            name=reference,
        )


def _conditions(place: Place, element: ElementDefinition) -> None:
    """A condition stands only where something chooses."""
    for flow in _flows(place, element.outgoing):
        if not flow.has_condition:
            continue
        if flow.condition is None:
            place.note(
                "condition-empty",
                text(
                    "Expected a condition at flow {id}, but it is empty", "顺序流 {id} 的条件为空", id=flow.id
                ),
                text("Fill in the condition or remove it.", "请填写或删除该条件。"),
                line=flow.line,
                name=flow.id,
                # Some modellers leave an empty one at a flow that always goes on.
                warning=not element.type.endswith("Gateway") and len(element.outgoing) == 1,
            )
        if element.type == "eventBasedGateway":
            place.note(
                "condition-not-allowed",
                text(
                    "Expected no condition after an event-based gateway, but flow {id} has one",
                    "事件网关之后的顺序流不应有条件，但 {id} 有",
                    id=flow.id,
                ),
                text("Remove the condition.", "请删除该条件。"),
                line=flow.line,
                name=flow.id,
            )
        elif element.type == "parallelGateway" or element.type.endswith("Event"):
            place.note(
                "condition-ignored",
                text(
                    "Expected no condition after {source}, but flow {id} has one",
                    "{source} 之后的顺序流不应有条件，但 {id} 有",
                    source=element.id,
                    id=flow.id,
                ),
                text("Remove the condition.", "请删除该条件。"),
                line=flow.line,
                name=flow.id,
                # The engines of these dialects look at none there.
                warning=flow.condition is None or not place.is_plain,
            )
        elif len(element.outgoing) == 1 and flow.condition is not None:
            _alone(place, element, flow)


def _alone(place: Place, element: ElementDefinition, flow: FlowDefinition) -> None:
    """A condition on the only way out chooses nothing: where it is not true the token is stuck."""
    place.note(
        "condition-alone",
        text(
            "Expected another flow out of {source} beside {id}, which has a condition, but there is none",
            "{source} 除带条件的顺序流 {id} 外应还有其他输出顺序流，但没有",
            source=element.id,
            id=flow.id,
        ),
        text("Remove the condition, or draw another way on.", "请删除该条件，或画出另一条顺序流。"),
        line=flow.line,
        name=flow.id,
        warning=not (
            (place.is_camunda and element.type == "exclusiveGateway")
            or (place.is_plain and not element.type.endswith("Gateway"))
        ),
    )


def _choices(place: Place, element: ElementDefinition) -> None:
    """Every way out of a choice has a condition or is the default."""
    outgoing = _flows(place, element.outgoing)
    if len(outgoing) < 2:
        return
    default = element.attributes.get("default", "").rpartition(":")[2]
    open_flows = [flow for flow in outgoing if not flow.has_condition and flow.id != default]
    if not open_flows:
        return
    if element.type == "inclusiveGateway" and not place.is_zeebe:
        return
    tolerated = not default and len(open_flows) == 1 and not place.is_zeebe
    for flow in open_flows:
        place.note(
            "choice-without-condition",
            text(
                "Expected flow {flow} of {id} to have a condition or to be the default, but it is neither",
                "{id} 的顺序流 {flow} 应有条件或为默认，但两者都不是",
                flow=flow.id,
                id=element.id,
            ),
            text("Give it a condition or make it the default flow.", "请填写条件或将其设为默认顺序流。"),
            line=flow.line,
            name=flow.id,
            warning=tolerated,
        )


def _connections(place: Place, element: ElementDefinition) -> None:
    direction = element.attributes.get("gatewayDirection", "Unspecified")
    incoming, outgoing = len(element.incoming), len(element.outgoing)
    wrong = (
        (direction == "Converging" and outgoing > 1)
        or (direction == "Diverging" and incoming > 1)
        or (direction == "Mixed" and (incoming < 2 or outgoing < 2))
        or (direction == "Converging" and incoming < 2)
        or (direction == "Diverging" and outgoing < 2)
    )
    if wrong or direction not in ("Unspecified", "Converging", "Diverging", "Mixed"):
        place.note(
            "gateway-direction",
            text(
                "Expected the flows of {id} to agree with gatewayDirection={direction}, but {incoming} come "
                "in and {outgoing} go out",
                "{id} 的顺序流应与 gatewayDirection={direction} 一致，"
                "但有 {incoming} 条输入和 {outgoing} 条输出",
                id=element.id,
                direction=direction,
                incoming=incoming,
                outgoing=outgoing,
            ),
            text("Change the direction or the flows.", "请修改方向或顺序流。"),
            element,
            # Several modellers write the direction and leave it when flows are drawn anew.
            warning=not place.is_plain and (direction == "Mixed" or (incoming < 2 and outgoing < 2)),
        )
    if not outgoing and not incoming:
        place.note(
            "gateway-alone",
            text(
                "Expected {id} to be connected, but it is not", "{id} 应与其他元素相连，但没有", id=element.id
            ),
            text("Connect the gateway or remove it.", "请连接或删除该网关。"),
            element,
        )
    elif not outgoing:
        place.note(
            "gateway-without-way-out",
            text(
                "Expected {id} to have an outgoing flow, but it has none",
                "{id} 应有输出顺序流，但没有",
                id=element.id,
            ),
            text("Draw a flow from the gateway.", "请从该网关画出一条顺序流。"),
            element,
            warning=not (place.is_camunda and element.type != "parallelGateway")
            and not (place.is_plain and incoming < 2),
        )


def _event_based(place: Place, element: ElementDefinition) -> None:
    process = place.process
    outgoing = _flows(place, element.outgoing)
    if len(outgoing) < 2:
        place.note(
            "event-gateway-too-few",
            text(
                "Expected at least two events after {id}, but there are {count}",
                "{id} 之后应至少有两个事件，但只有 {count} 个",
                id=element.id,
                count=len(outgoing),
            ),
            text("Add another event after the gateway.", "请在该网关之后再添加一个事件。"),
            element,
        )
    kinds: set[str] = set()
    for flow in outgoing:
        target = process.elements[flow.target or ""]
        _event_target(place, element, target)
        kinds.add("task" if target.type == "receiveTask" else "")
        kinds.update(event.kind for event in target.events)
    if {"task", "message"} <= kinds:
        place.note(
            "event-gateway-mixed",
            text(
                "Expected either receive tasks or message events after {id}, but there are both",
                "{id} 之后应只用接收任务或只用消息事件，但两者都有",
                id=element.id,
            ),
            text("Use one of the two only.", "请只使用其中一种。"),
            element,
        )
    _same_message(place, element, outgoing)
    _instantiating(place, element)


def _same_message(place: Place, element: ElementDefinition, outgoing: list[FlowDefinition]) -> None:
    """Two events that wait for one message: nobody can say which of them it would be."""
    seen: dict[str, str] = {}
    for flow in outgoing:
        target = place.process.elements[flow.target or ""]
        named = target.attributes.get("messageRef", "").rpartition(":")[2]
        references = [event.ref for event in target.events if event.kind == "message"]
        for reference in (*references, named):
            root = place.document.roots.get(reference or "")
            if root is None or not root.name:
                continue
            if root.name in seen and seen[root.name] != target.id:
                place.note(
                    "event-gateway-message-twice",
                    text(
                        "Expected different messages after {id}, but {a} and {b} wait for the same",
                        "{id} 之后应等待不同的消息，但 {a} 与 {b} 等待同一消息",
                        id=element.id,
                        a=seen[root.name],
                        b=target.id,
                    ),
                    text("Choose another message for one of them.", "请为其中一个选择其他消息。"),
                    target,
                    warning=not place.is_zeebe,
                )
            seen.setdefault(root.name, target.id)


def _event_target(place: Place, element: ElementDefinition, target: ElementDefinition) -> None:
    """What stands after an event-based gateway catches, and is reached from it alone."""
    good = target.type == "receiveTask" or (
        target.type == "intermediateCatchEvent"
        and bool(target.events)
        and all(event.kind in _AFTER_EVENT_GATEWAY for event in target.events)
    )
    if not good:
        place.note(
            "event-gateway-target",
            text(
                "Expected an event that catches a message, timer, signal or condition, or a receive "
                "task, after {id}, but {target} is a {type}",
                "{id} 之后应为消息、定时器、信号或条件捕获事件，或接收任务，但 {target} 是 {type}",
                id=element.id,
                target=target.id,
                type=target.type,
            ),
            text("Put a catch event between them.", "请在两者之间放置捕获事件。"),
            target,
        )
    elif len(target.incoming) > 1:
        place.note(
            "event-gateway-target-shared",
            text(
                "Expected {target} after {id} to have no other incoming flow, but it has",
                "{id} 之后的 {target} 不应有其他输入顺序流，但有",
                target=target.id,
                id=element.id,
            ),
            text("Give the other flow an event of its own.", "请为另一条顺序流单独设置事件。"),
            target,
        )
    if target.type == "receiveTask" and _has_boundary(place, target.id):
        place.note(
            "event-gateway-target-boundary",
            text(
                "Expected no boundary event at {target} after an event-based gateway, but it has one",
                "事件网关之后的 {target} 不应有边界事件，但有",
                target=target.id,
            ),
            text("Use a message catch event instead.", "请改用消息捕获事件。"),
            target,
        )


def _instantiating(place: Place, element: ElementDefinition) -> None:
    """A gateway that starts processes stands at the beginning; a parallel one starts processes."""
    instantiate = element.flag("instantiate", False)
    if instantiate and element.container in place.process.elements:
        place.note(
            "event-gateway-start-inside",
            text(
                "Expected the instantiating gateway {id} in the process itself, but it is in {container}",
                "实例化事件网关 {id} 应直接位于流程中，但它位于 {container}",
                id=element.id,
                container=element.container,
            ),
            text("Remove the attribute instantiate.", "请删除 instantiate 属性。"),
            element,
        )
    if instantiate and element.incoming:
        place.note(
            "event-gateway-start-incoming",
            text(
                "Expected no incoming flow at the instantiating gateway {id}, but it has one",
                "实例化事件网关 {id} 不应有输入顺序流，但有",
                id=element.id,
            ),
            text("Remove the flow or the attribute instantiate.", "请删除该顺序流或 instantiate 属性。"),
            element,
        )
    if element.attributes.get("eventGatewayType", "Exclusive") == "Parallel" and not instantiate:
        place.note(
            "event-gateway-parallel",
            text(
                "Expected a parallel event-based gateway to instantiate, but {id} does not",
                "并行事件网关应为实例化网关，但 {id} 不是",
                id=element.id,
            ),
            text(
                "Set instantiate to true, or use Exclusive.", "请将 instantiate 设为 true 或使用 Exclusive。"
            ),
            element,
        )
    elif instantiate and element.attributes.get("eventGatewayType") == "Parallel":
        for flow in _flows(place, element.outgoing):
            target = place.process.elements[flow.target or ""]
            if any(event.kind != "message" for event in target.events):
                place.note(
                    "event-gateway-parallel-message",
                    text(
                        "Expected messages only after the parallel event-based gateway {id}, but {target} is "
                        "another event",
                        "并行事件网关 {id} 之后应只有消息事件，但 {target} 不是",
                        id=element.id,
                        target=target.id,
                    ),
                    text("Use a message event, or an exclusive gateway.", "请改用消息事件或排他型网关。"),
                    target,
                )


def _has_boundary(place: Place, host: str) -> bool:
    return any(
        other.type == "boundaryEvent" and other.attributes.get("attachedToRef", "").rpartition(":")[2] == host
        for other in place.process.elements.values()
    )
