"""Rules of pools and message flows: messages go between pools, from what sends to what receives."""

from __future__ import annotations

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, ElementDefinition
from lineshaft.bpmn.rules.events import ACTIVITY_TYPES

_REDRAW = text("Draw the message flow between two pools.", "请在两个泳池之间绘制消息流。")


def check(document: Document) -> None:
    """Check the message flows of the file."""
    drawn: dict[str | None, bool] = {}
    where: dict[str, tuple[str, ElementDefinition | None, bool]] = {}
    for process in document.processes.values():
        for element in process.elements.values():
            where[element.id] = (process.id, element, process.executable)
        for other in (*process.flows, *process.data, *(lane for lane, _, _ in process.lanes)):
            drawn[other] = process.executable
    for participant, _, process_id in document.participants:
        known = document.processes.get(process_id or "")
        where[participant] = (process_id or participant, None, known is not None and known.executable)
    for flow, source, target, line in document.message_flows:
        start, end = where.get(source or ""), where.get(target or "")
        for reference in (source, target):
            if drawn.get(reference):
                document.problem(
                    "message-flow-end-kind",
                    text(
                        "Expected {id} at an activity, a message event or a pool, but {ref} is none of them",
                        "消息流 {id} 应连接活动、消息事件或泳池，但 {ref} 不是",
                        id=flow,
                        ref=reference,
                    ),
                    line=line,
                    element=flow,
                    hint=_REDRAW,
                )
        if start is None or end is None:
            continue
        if start[0] == end[0]:
            document.problem(
                "message-flow-inside-pool",
                text(
                    "Expected message flow {id} to go from one pool to another, but it stays in {process}",
                    "消息流 {id} 应连接两个不同的泳池，但它在 {process} 内部",
                    id=flow,
                    process=start[0],
                ),
                line=line,
                element=flow,
                hint=_REDRAW,
            )
        for end_element, sends in ((start[1], True), (end[1], False)):
            if end_element is not None and not _may(end_element, sends):
                document.problem(
                    "message-flow-end-kind",
                    text(
                        "Expected {id} at an activity, a message event or a pool, but {ref} is a {type}",
                        "消息流 {id} 应连接活动、消息事件或泳池，但 {ref} 是 {type}",
                        id=flow,
                        ref=end_element.id,
                        type=end_element.type,
                    ),
                    line=line,
                    element=flow,
                    hint=_REDRAW,
                )


def _may(element: ElementDefinition, sends: bool) -> bool:
    """Tell whether a message flow may leave or reach an element."""
    if element.type in ACTIVITY_TYPES:
        return not (element.type == "receiveTask" and sends) and not (
            element.type == "sendTask" and not sends
        )
    if element.type.endswith("Gateway") or element.type == "eventSubProcess":
        return False
    throws = element.type in ("endEvent", "intermediateThrowEvent", "implicitThrowEvent")
    if throws is not sends:
        return False
    # One without a definition stands for a message in many drawings; only another kind contradicts it.
    return not element.events or any(event.kind == "message" for event in element.events)
