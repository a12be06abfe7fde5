"""Rules of node notifications: each property says something, names somebody, and can be read."""

from __future__ import annotations

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import Text, text
from lineshaft.bpmn.document import Document, ElementDefinition
from lineshaft.bpmn.notices import EVENTS, PREFIX, TEXT_MAX, NoticeFlaw, notices_of
from lineshaft.bpmn.rules.place import Place

_TOLD_OF = ("Task", "task", "SubProcess", "subProcess", "callActivity", "transaction")
"""How the types of elements end that can be told of: what somebody or something does."""


def check(document: Document) -> None:
    """Read the notifications of every element."""
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            if any(name.startswith(PREFIX) for name in element.extensions.properties):
                _check(place, element)


def _check(place: Place, element: ElementDefinition) -> None:
    if not element.type.endswith(_TOLD_OF):
        place.note(
            "notice-misplaced",
            text(
                "Expected a notification at an activity, but {id} is a {type}: nobody is told",
                "通知应设在活动(任务、子流程)上,而 {id} 是 {type}:不会发出通知",
                id=element.id,
                type=element.type,
            ),
            text("Move it to the task before or after.", "请移到前一个或后一个任务。"),
            element,
            warning=True,
        )
    try:
        notices_of(element.extensions.properties)
    except NoticeFlaw as flaw:
        message, hint = _words(flaw, element.id)
        place.note("notice-invalid", message, hint, element)
    except ExpressionError as error:
        place.note(
            "notice-expression",
            text(
                "Expected FEEL in the notification of {id}, but it cannot be read: {why}",
                "{id} 的通知中应为 FEEL 表达式,但无法解析:{why}",
                id=element.id,
                why=str(error),
            ),
            text("Correct what stands in {{ }} or behind =.", "请修正 {{ }} 内或 = 之后的表达式。"),
            element,
        )


def _words(flaw: NoticeFlaw, element: str) -> tuple[Text, Text]:
    if flaw.kind == "no_receiver":
        return (
            text(
                "Expected {name} at {id}: nobody is named",
                "{id} 缺少 {name}:没有接收人",
                name=flaw.name,
                id=element,
            ),
            text(
                "Name people, roles, positions or departments, or write assignee.",
                "请填写人员、角色、岗位或部门,或填写 assignee(办理人)。",
            ),
        )
    if flaw.kind == "too_long":
        return (
            text(
                "Expected at most {n} characters in {name} of {id}",
                "{id} 的 {name} 最多 {n} 个字符",
                n=TEXT_MAX,
                name=flaw.name,
                id=element,
            ),
            text("Shorten it.", "请缩短内容。"),
        )
    return (
        text("{name} of {id} has no meaning", "{id} 的 {name} 没有含义", name=flaw.name, id=element),
        text(
            "Write notify.EVENT.PART: EVENT one of {events}; PART to, when, subject or text (.zh, .en).",
            "格式为 notify.事件.部分:事件为 {events} 之一;部分为 to、when、subject 或 text(.zh、.en)。",
            events=", ".join(EVENTS),
        ),
    )
