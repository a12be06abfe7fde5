"""Rules of event definitions: what each kind must name or hold to be of use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, ElementDefinition, EventDefinition, RootDefinition
from lineshaft.bpmn.expressions import is_feel, value_of
from lineshaft.bpmn.kernel import schedule
from lineshaft.bpmn.names import CONTAINERS
from lineshaft.bpmn.rules.events import ACTIVITY_TYPES
from lineshaft.bpmn.rules.place import Place

_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_THROWING = frozenset({"intermediateThrowEvent", "endEvent", "implicitThrowEvent"})
_CHOOSE = text("Choose one in the properties of the event.", "请在事件属性中选择一个。")


def check(document: Document) -> None:
    """Check the event definitions of every process."""
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            for event in element.events:
                rule = _RULES.get(event.kind)
                if rule is not None:
                    rule(place, element, event)
            if element.type in ("receiveTask", "sendTask"):
                _message_task(place, element)


def _reference(
    place: Place, element: ElementDefinition, event: EventDefinition, required: bool
) -> RootDefinition | None:
    if event.ref is None:
        if required:
            place.note(
                f"{event.kind}-missing",
                text(
                    "Expected {id} to name its {kind}, but it names none",
                    "{id} 应引用一个 {kind}，但没有",
                    id=element.id,
                    kind=event.kind,
                ),
                _CHOOSE,
                element,
                line=event.line,
            )
        return None
    root = place.document.roots.get(event.ref)
    if root is None and event.kind == "signal" and place.is_jbpm:
        return None
    if root is None or root.kind != event.kind:
        place.note(
            f"{event.kind}-unknown",
            text(
                "Expected {id} to name a {kind} of this file, but {ref} is none",
                "{id} 应引用本文件中的 {kind}，但 {ref} 不存在",
                id=element.id,
                kind=event.kind,
                ref=event.ref,
            ),
            _CHOOSE,
            element,
            line=event.line,
        )
        return None
    return root


def _message(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    throws = element.type in _THROWING
    if throws and element.extensions.task_type:
        _reference(place, element, event, required=False)
        return
    root = _reference(place, element, event, required=not throws or not element.extensions.task_type)
    if root is not None:
        _message_root(place, element, root, throws)


def _message_root(place: Place, element: ElementDefinition, root: RootDefinition, throws: bool) -> None:
    if not root.name:
        place.note(
            "message-without-name",
            text(
                "Expected message {id} to have a name, but it has none",
                "消息 {id} 应有名称，但没有",
                id=root.id,
            ),
            text("Give the message a name.", "请为消息填写名称。"),
            element,
            line=root.line,
            name=root.id,
            warning=not place.is_zeebe,
        )
    container = place.process.elements.get(element.container)
    at_start = element.type == "startEvent" and container is None
    if place.is_zeebe and not throws and not at_start and not root.extensions.correlation_key:
        place.note(
            "correlation-key-missing",
            text(
                "Expected message {message} of {id} to have a correlation key, but it has none",
                "{id} 的消息 {message} 应有关联键，但没有",
                message=root.name or root.id,
                id=element.id,
            ),
            text("Fill in the subscription correlation key.", "请填写订阅关联键。"),
            element,
        )


def _message_task(place: Place, element: ElementDefinition) -> None:
    reference = element.attributes.get("messageRef", "").rpartition(":")[2]
    if reference:
        event = EventDefinition("message", line=element.line, ref=reference)
        root = _reference(place, element, event, required=True)
        if root is not None and element.type == "receiveTask":
            _message_root(place, element, root, throws=False)
    elif element.type == "receiveTask":
        place.note(
            "message-missing",
            text(
                "Expected {id} to name its message, but it names none",
                "{id} 应引用一个消息，但没有",
                id=element.id,
            ),
            _CHOOSE,
            element,
            warning=not place.is_zeebe,
        )


def _signal(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    root = _reference(place, element, event, required=True)
    if root is not None and not root.name:
        place.note(
            "signal-without-name",
            text(
                "Expected signal {id} to have a name, but it has none",
                "信号 {id} 应有名称，但没有",
                id=root.id,
            ),
            text("Give the signal a name.", "请为信号填写名称。"),
            element,
            line=root.line,
            name=root.id,
            warning=not (place.is_zeebe or place.is_camunda),
        )


def _coded(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    throws = element.type in _THROWING
    root = _reference(place, element, event, required=throws)
    if root is None or root.code or not throws:
        return
    strict = place.is_zeebe or (place.is_camunda and event.kind == "error")
    place.note(
        f"{event.kind}-without-code",
        text(
            "Expected {kind} {id} to have a code, but it has none",
            "{kind} {id} 应有代码，但没有",
            kind=event.kind,
            id=root.id,
        ),
        text("Fill in the code that catch events look for.", "请填写供捕获事件匹配的代码。"),
        element,
        line=root.line,
        name=root.id,
        warning=not strict and bool(root.name),
    )


def _timer(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    if event.timers != 1 or not event.text:
        place.note(
            "timer-definition",
            text(
                "Expected {id} to have one of date, duration or cycle, but it has {count}",
                "{id} 应有日期、时长、循环三者之一，但有 {count} 个",
                id=element.id,
                count=event.timers if event.text or event.timers != 1 else "an empty one",
            ),
            text("Fill in the timer's value.", "请填写定时器的值。"),
            element,
            line=event.line,
            always=event.timers > 1,
        )
        return
    kind = event.timer_kind or ""
    if not is_feel(event.text):
        try:
            schedule.first(kind, event.text, _SOME_TIME)
        except schedule.ScheduleError as error:
            place.note(
                "timer-value",
                error.message,
                text(
                    "Write it as ISO 8601, a cron expression, or =FEEL.",
                    "请写成 ISO 8601、cron 表达式或 =FEEL。",
                ),
                element,
                line=event.line,
            )
    elif element.type == "startEvent" and element.container == place.process.id:
        _timer_start(place, element, event, kind)
    _timer_place(place, element, event, kind)


def _timer_start(place: Place, element: ElementDefinition, event: EventDefinition, kind: str) -> None:
    """A timer start event has no variables yet: its expression has a value without any."""
    try:
        schedule.first(kind, value_of(event.text or "").evaluate({}, _SOME_TIME), _SOME_TIME)
    except ExpressionError as error:
        place.note(
            "timer-value",
            text(
                "Expected the time of start event {id} to have a value without variables, but {why}",
                "开始事件 {id} 的时间应在没有变量时也有值，但 {why}",
                id=element.id,
                why=str(error),
            ),
            text("Write a date or a cycle.", "请填写日期或循环。"),
            element,
            line=event.line,
        )


def _timer_place(place: Place, element: ElementDefinition, event: EventDefinition, kind: str) -> None:
    """A cycle needs somewhere to repeat: not an event that ends with its first time."""
    interrupts = (
        element.type == "intermediateCatchEvent"
        or (element.type == "boundaryEvent" and element.flag("cancelActivity", True))
        or (
            element.type == "startEvent"
            and element.container in place.process.elements
            and element.flag("isInterrupting", True)
        )
    )
    if kind == "cycle" and interrupts:
        place.note(
            "cycle-at-interrupting-event",
            text(
                "Expected a date or duration at an event that fires once, but {id} has a cycle",
                "只触发一次的事件应使用日期或时长，但 {id} 使用了循环",
                id=element.id,
            ),
            text(
                "Use a date or duration, or a non-interrupting event.", "请使用日期或时长，或改为非中断事件。"
            ),
            element,
            line=event.line,
            warning=not place.is_zeebe,
        )
    at_start = element.type == "startEvent" and element.container not in place.process.elements
    if kind == "duration" and at_start:
        place.note(
            "duration-at-start-event",
            text(
                "Expected a date or cycle at a timer start event, but {id} has a duration",
                "定时器开始事件应使用日期或循环，但 {id} 使用了时长",
                id=element.id,
            ),
            text("Use a date or a cycle.", "请使用日期或循环。"),
            element,
            line=event.line,
            warning=not place.is_zeebe,
        )


def _conditional(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    if not event.text:
        place.note(
            "condition-missing",
            text(
                "Expected {id} to have a condition, but it has none", "{id} 应有条件，但没有", id=element.id
            ),
            text("Fill in the condition.", "请填写条件。"),
            element,
            line=event.line,
        )


def _compensate(place: Place, element: ElementDefinition, event: EventDefinition) -> None:
    if element.type not in _THROWING or event.ref is None:
        return
    target = place.process.elements.get(event.ref)
    if target is None:
        place.note(
            "compensated-activity-unknown",
            text(
                "Expected {id} to compensate an activity of this process, but {ref} is none",
                "{id} 应补偿本流程中的活动，但 {ref} 不存在",
                id=element.id,
                ref=event.ref,
            ),
            _CHOOSE,
            element,
            line=event.line,
        )
        return
    if target.type in ACTIVITY_TYPES - CONTAINERS - {"callActivity"} and not _has_handler(place, target):
        place.note(
            "compensated-activity-handler",
            text(
                "Expected a compensation boundary event at {ref}, which {id} compensates, but it has none",
                "被 {id} 补偿的 {ref} 应有补偿边界事件，但没有",
                id=element.id,
                ref=target.id,
            ),
            _CHOOSE,
            element,
            line=event.line,
            warning=place.is_camunda,
        )
    containers = [element.container]
    outer = place.process.elements.get(element.container)
    if outer is not None and outer.type == "eventSubProcess":
        containers.append(outer.container)
    if target.container not in containers:
        place.note(
            "compensated-activity-elsewhere",
            text(
                "Expected {id} to compensate an activity of its own scope, but {ref} stands in {container}",
                "{id} 应补偿同一作用域内的活动，但 {ref} 位于 {container}",
                id=element.id,
                ref=target.id,
                container=target.container,
            ),
            _CHOOSE,
            element,
            line=event.line,
        )


def _has_handler(place: Place, activity: ElementDefinition) -> bool:
    return any(
        other.attributes.get("attachedToRef", "").rpartition(":")[2] == activity.id
        and any(event.kind == "compensate" for event in other.events)
        for other in place.process.elements.values()
        if other.type == "boundaryEvent"
    )


_RULES: dict[str, Callable[[Place, ElementDefinition, EventDefinition], None]] = {
    "message": _message,
    "signal": _signal,
    "error": _coded,
    "escalation": _coded,
    "timer": _timer,
    "conditional": _conditional,
    "compensate": _compensate,
}
