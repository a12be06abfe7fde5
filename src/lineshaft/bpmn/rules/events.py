"""Rules of events: which definitions may stand where, and what each of them needs."""

from __future__ import annotations

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, ElementDefinition, EventDefinition
from lineshaft.bpmn.rules.place import Place

CATCHING = frozenset({"message", "timer", "signal", "conditional"})
THROWN = frozenset({"message", "signal", "escalation", "compensate", "link", "error"})
"""What an activity's loop may throw."""
_ALLOWED = {
    "intermediateCatchEvent": CATCHING | {"link"},
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "compensate", "link"}),
    "implicitThrowEvent": THROWN,
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate", "cancel", "compensate"}),
    "boundaryEvent": CATCHING | {"error", "escalation", "compensate", "cancel"},
}
_PROCESS_START = CATCHING
_EVENT_SUBPROCESS_START = CATCHING | {"error", "escalation", "compensate"}
_ESCALATES = frozenset({"subProcess", "adHocSubProcess", "transaction", "callActivity"})
_ONLY_INTERRUPTING = frozenset({"error", "cancel"})
_CHANGE = text("Choose another type of event in the modeller.", "请在建模工具中更换事件类型。")
ACTIVITY_TYPES = frozenset(
    {
        "task",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "userTask",
        "manualTask",
        "scriptTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
        "adHocSubProcess",
        "transaction",
    }
)


def check(document: Document) -> None:
    """Check the events of every process."""
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            if element.type == "startEvent":
                _start(place, element)
            elif element.type in _ALLOWED:
                _kinds(place, element, _ALLOWED[element.type])
            elif element.events:
                _kinds(place, element, frozenset())
            if element.type == "intermediateCatchEvent" and not element.events:
                place.note(
                    "catch-without-definition",
                    text(
                        "Expected a catch event to have an event definition, but {id} has none",
                        "捕获事件应有事件定义，但 {id} 没有",
                        id=element.id,
                    ),
                    _CHANGE,
                    element,
                )
            if element.type == "boundaryEvent":
                _boundary(place, element)
            if element.type == "endEvent":
                _end(place, element)
        _duplicates(place)
        _links(place)
        _link_ends(place)


def _kinds(place: Place, element: ElementDefinition, allowed: frozenset[str]) -> None:
    for event in element.events:
        if event.kind not in allowed:
            place.note(
                "event-definition-misplaced",
                text(
                    "Expected a {type} of one of the kinds {allowed}, but {id} is of kind {kind}",
                    "{type} 的类型应为 {allowed} 之一，但 {id} 的类型为 {kind}",
                    type=element.type,
                    allowed=", ".join(sorted(allowed)),
                    id=element.id,
                    kind=event.kind,
                ),
                _CHANGE,
                element,
                line=event.line,
            )


def _start(place: Place, element: ElementDefinition) -> None:
    container = place.process.elements.get(element.container)
    if container is None:
        _kinds(place, element, _PROCESS_START)
        return
    if container.type != "eventSubProcess":
        if element.events:
            place.note(
                "subprocess-start-not-none",
                text(
                    "Expected a start event without a definition inside {container}, but {id} has one",
                    "{container} 内的开始事件不应有事件定义，但 {id} 有",
                    container=container.id,
                    id=element.id,
                ),
                _CHANGE,
                element,
            )
        return
    if not element.events:
        place.note(
            "event-subprocess-start-none",
            text(
                "Expected the start event of an event sub-process to have a definition, but {id} has none",
                "事件子流程的开始事件应有事件定义，但 {id} 没有",
                id=element.id,
            ),
            _CHANGE,
            element,
        )
    _kinds(place, element, _EVENT_SUBPROCESS_START)
    if container.container == place.process.id and any(
        event.kind == "compensate" for event in element.events
    ):
        place.note(
            "compensation-start-at-top",
            text(
                "Expected a compensation event sub-process inside a sub-process, but {id} is at the top",
                "补偿事件子流程应位于子流程内，但 {id} 位于顶层",
                id=element.id,
            ),
            text("Move it into the sub-process that it compensates.", "请将其移入所补偿的子流程。"),
            element,
        )
    if not element.flag("isInterrupting", True) and any(
        event.kind in ("error", "compensate") for event in element.events
    ):
        place.note(
            "error-start-not-interrupting",
            text(
                "Expected an error or compensation start event to interrupt, but {id} does not",
                "错误或补偿开始事件应为中断型，但 {id} 不是",
                id=element.id,
            ),
            text("Make the start event interrupting.", "请将该开始事件设为中断型。"),
            element,
        )


def _boundary(place: Place, element: ElementDefinition) -> None:
    process = place.process
    reference = element.attributes.get("attachedToRef", "").rpartition(":")[2]
    host = process.elements.get(reference)
    if host is None:
        place.note(
            "boundary-host-unknown",
            text(
                "Expected attachedToRef to name an activity of this process, but {ref} is none",
                "attachedToRef 应为本流程中的活动，但 {ref} 不存在",
                ref=reference or "(nothing)",
            ),
            text("Attach the event to an activity.", "请将该事件附着到一个活动上。"),
            element,
        )
        return
    if host.type not in ACTIVITY_TYPES or host.container != element.container:
        place.note(
            "boundary-host-wrong",
            text(
                "Expected {id} to be attached to an activity beside it, but {host} is a {type}",
                "{id} 应附着到同一层的活动上，但 {host} 是 {type}",
                id=element.id,
                host=host.id,
                type=host.type,
            ),
            text("Attach the event to an activity.", "请将该事件附着到一个活动上。"),
            element,
        )
    if not element.events:
        place.note(
            "boundary-without-definition",
            text(
                "Expected a boundary event to have an event definition, but {id} has none",
                "边界事件应有事件定义，但 {id} 没有",
                id=element.id,
            ),
            _CHANGE,
            element,
        )
    _boundary_kinds(place, element, host)


def _boundary_kinds(place: Place, element: ElementDefinition, host: ElementDefinition) -> None:
    """What each kind of boundary event needs, and a flow to go on along."""
    kinds = {event.kind for event in element.events}
    if not element.flag("cancelActivity", True) and kinds & _ONLY_INTERRUPTING:
        place.note(
            "boundary-not-interrupting",
            text(
                "Expected an error or cancel boundary event to interrupt, but {id} does not",
                "错误或取消边界事件应为中断型，但 {id} 不是",
                id=element.id,
            ),
            text("Make the boundary event interrupting.", "请将该边界事件设为中断型。"),
            element,
        )
    if "cancel" in kinds and host.type != "transaction":
        place.note(
            "cancel-boundary-not-on-transaction",
            text(
                "Expected a cancel boundary event on a transaction, but {host} is a {type}",
                "取消边界事件应附着在事务上，但 {host} 是 {type}",
                host=host.id,
                type=host.type,
            ),
            text("Attach it to a transaction.", "请将其附着到事务子流程上。"),
            element,
        )
    _escalation_host(place, element, host, kinds)
    if not element.outgoing and "compensate" not in kinds:
        place.note(
            "boundary-without-flow",
            text(
                "Expected a boundary event to have an outgoing flow, but {id} has none",
                "边界事件应有输出顺序流，但 {id} 没有",
                id=element.id,
            ),
            text("Draw a flow from the boundary event.", "请从该边界事件画出一条顺序流。"),
            element,
            warning=place.is_camunda and not place.is_zeebe,
        )


def _escalation_host(
    place: Place, element: ElementDefinition, host: ElementDefinition, kinds: set[str]
) -> None:
    """The dialects of Camunda want an escalation boundary event where something inside can escalate."""
    strict = place.is_zeebe or place.is_camunda
    if "escalation" not in kinds or not strict or host.type in _ESCALATES:
        return
    place.note(
        "escalation-boundary-host",
        text(
            "Expected an escalation boundary event on a sub-process or call activity, but {host} is a {type}",
            "升级边界事件应附着在子流程或调用活动上，但 {host} 是 {type}",
            host=host.id,
            type=host.type,
        ),
        text("Attach it to a sub-process or call activity.", "请将其附着到子流程或调用活动上。"),
        element,
        warning=host.type == "userTask" or host.loops > 0,
    )


def _end(place: Place, element: ElementDefinition) -> None:
    if any(event.kind == "cancel" for event in element.events):
        container = place.process.elements.get(element.container)
        while container is not None and container.type != "transaction":
            container = place.process.elements.get(container.container)
        if container is None:
            place.note(
                "cancel-end-outside-transaction",
                text(
                    "Expected a cancel end event inside a transaction, but {id} is not in one",
                    "取消结束事件应位于事务内，但 {id} 不在",
                    id=element.id,
                ),
                text("Use an error end event, or a transaction.", "请改用错误结束事件或事务子流程。"),
                element,
            )


def _subject(place: Place, event: EventDefinition) -> tuple[str, str] | None:
    """Return what two events must not both catch at one place; ``None`` where that is no matter."""
    root = place.document.roots.get(event.ref or "")
    if event.kind in ("error", "escalation"):
        code = (
            "" if event.ref is None else ((root.code or root.name or "") if root is not None else event.ref)
        )
        return event.kind, code
    if event.kind in ("message", "signal") and root is not None and root.name:
        return event.kind, root.name
    return (event.kind, "") if event.kind in ("cancel", "compensate") else None


def _duplicates(place: Place) -> None:
    """Two events at one place must not catch the same thing."""
    process = place.process
    groups: dict[tuple[str, str], list[ElementDefinition]] = {}
    for element in process.elements.values():
        if element.type == "boundaryEvent":
            host = element.attributes.get("attachedToRef", "").rpartition(":")[2]
            groups.setdefault(("boundary", host), []).append(element)
        elif element.type == "startEvent":
            container = process.elements.get(element.container)
            if container is None:
                groups.setdefault(("start", process.id), []).append(element)
            elif container.type == "eventSubProcess":
                groups.setdefault(("event sub-process", container.container), []).append(element)
    for (kind, where), members in groups.items():
        seen: dict[tuple[str, str], str] = {}
        for element in members:
            for event in element.events:
                subject = _subject(place, event)
                if subject is None:
                    continue
                if subject in seen and not (subject[0] == "signal" and not place.is_zeebe):
                    place.note(
                        "event-caught-twice",
                        text(
                            "Expected one {kind} event for {subject} at {where}, but {id} and {other} both "
                            "catch it",
                            "{where} 上的 {subject} 应只有一个 {kind} 事件，但 {id} 和 {other} 都捕获它",
                            kind=kind,
                            subject=f"{subject[0]} {subject[1]}".strip(),
                            where=where,
                            id=element.id,
                            other=seen[subject],
                        ),
                        text("Remove one of the two events.", "请删除其中一个事件。"),
                        element,
                    )
                seen.setdefault(subject, element.id)


def _links(place: Place) -> None:
    """Every link throw event has one catch event of its name in its scope."""
    process = place.process
    catches: dict[tuple[str, str], list[ElementDefinition]] = {}
    throws: dict[tuple[str, str], list[ElementDefinition]] = {}
    for element in process.elements.values():
        for event in element.events:
            if event.kind != "link":
                continue
            if len(element.events) > 1:
                place.note(
                    "link-not-alone",
                    text(
                        "Expected a link event to be nothing but a link, but {id} has other definitions too",
                        "链接事件不应有其他事件定义，但 {id} 有",
                        id=element.id,
                    ),
                    text("Give the other definition an event of its own.", "请为其他定义单独设置事件。"),
                    element,
                )
            name = event.attributes.get("name", "")
            if not name:
                place.note(
                    "link-without-name",
                    text(
                        "Expected a link to have a name, but {id} has none",
                        "链接应有名称，但 {id} 没有",
                        id=element.id,
                    ),
                    text("Give the link the name of its partner.", "请填写与配对链接相同的名称。"),
                    element,
                )
                continue
            side = catches if element.type == "intermediateCatchEvent" else throws
            side.setdefault((element.container, name), []).append(element)
    _link_pairs(place, catches, throws)


def _link_ends(place: Place) -> None:
    """What a link names as its other end has its name."""
    named = {
        event.id: event.attributes.get("name", "")
        for element in place.process.elements.values()
        for event in element.events
        if event.kind == "link" and event.id
    }
    for element in place.process.elements.values():
        for event in element.events:
            if event.kind != "link":
                continue
            ends = (*event.link_sources, *((event.link_target,) if event.link_target else ()))
            for end in ends:
                if named.get(end, event.attributes.get("name", "")) != event.attributes.get("name", ""):
                    place.note(
                        "link-ends-disagree",
                        text(
                            "Expected both ends of link {id} to have one name, but {ref} is named {name}",
                            "链接 {id} 的两端名称应相同，但 {ref} 的名称为 {name}",
                            id=element.id,
                            ref=end,
                            name=named[end],
                        ),
                        text("Give both the same name.", "请为两端填写相同的名称。"),
                        element,
                    )


Links = dict[tuple[str, str], list[ElementDefinition]]


def _link_pairs(place: Place, catches: Links, throws: Links) -> None:
    """Links of one name have one catch event and at least one throw event."""
    for (container, name), elements in throws.items():
        if (container, name) not in catches:
            place.note(
                "link-without-target",
                text(
                    "Expected a link catch event named {name} in the same scope, but there is none",
                    "同一作用域内应有名为 {name} 的链接捕获事件，但没有",
                    name=name,
                ),
                text("Add the link catch event.", "请添加对应的链接捕获事件。"),
                elements[0],
            )
    for (container, name), elements in catches.items():
        if len(elements) > 1:
            place.note(
                "link-target-twice",
                text(
                    "Expected one link catch event named {name}, but {a} and {b} are two",
                    "名为 {name} 的链接捕获事件应只有一个，但有 {a} 和 {b}",
                    name=name,
                    a=elements[0].id,
                    b=elements[1].id,
                ),
                text("Rename one of the links.", "请重命名其中一个链接。"),
                elements[1],
            )
        if (container, name) not in throws:
            place.note(
                "link-without-source",
                text(
                    "Expected a link throw event named {name} in the same scope, but there is none",
                    "同一作用域内应有名为 {name} 的链接抛出事件，但没有",
                    name=name,
                ),
                text("Add the link throw event.", "请添加对应的链接抛出事件。"),
                elements[0],
            )
