"""Rules of activities: what each kind needs to be carried out, and its loop."""

from __future__ import annotations

import re
from collections.abc import Callable

from lineshaft.base.text import Text, text
from lineshaft.bpmn.document import Document, ElementDefinition
from lineshaft.bpmn.expressions import is_feel
from lineshaft.bpmn.kernel import schedule, workdays
from lineshaft.bpmn.rules.events import ACTIVITY_TYPES, THROWN
from lineshaft.bpmn.rules.place import Place

_NO_COUNT = re.compile(r"""\s*=?\s*(-\s*[\d.]+|\d*\.\d*[1-9]\d*|"[^"]*"|'[^']*'|true|false|null)\s*$""")
"""A number of rounds that is plainly none."""
_FILL = text("Fill it in in the properties panel.", "请在属性面板中填写。")
_ZEEBE_BINDINGS = frozenset({"latest", "deployment", "versionTag"})
_TASK_EVENTS = frozenset({"creating", "assigning", "updating", "completing", "canceling"})
_CODE_EVENTS = frozenset({"start", "end", "take"})
_CODE_TASK_EVENTS = frozenset({"create", "assignment", "complete", "update", "delete", "timeout", "all"})
_NOT_AT_START = frozenset({"startEvent", "boundaryEvent"})


def check(document: Document) -> None:
    """Check the activities of every process."""
    for process in document.processes.values():
        place = Place(document, process)
        for element in process.elements.values():
            rule = _RULES.get(element.type)
            if rule is not None:
                rule(place, element)
            _loop(place, element)
            _data(place, element)
            _quantities(place, element)
            _extensions(place, element)


def _missing(
    place: Place, element: ElementDefinition, code: str, what: Text, *, warning: bool = False
) -> None:
    place.note(
        code,
        text(
            f"Expected {{id}} to have {what.en}, but it has none",
            f"{{id}} 应有{what.zh}，但没有",
            id=element.id,
        ),
        _FILL,
        element,
        warning=warning,
    )


def _either(place: Place, element: ElementDefinition, *names: str) -> None:
    """Of these extensions an element has one: with two it is not clear which is meant."""
    if all(f"zeebe:{name}" in element.extensions.dialects for name in names):
        place.note(
            "extension-conflict",
            text(
                "Expected {id} to have one of {names}, but it has both",
                "{id} 应只有 {names} 之一，但两者都有",
                id=element.id,
                names=", ".join(f"zeebe:{name}" for name in names),
            ),
            text("Remove one of them.", "请删除其中一个。"),
            element,
        )


def _service(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    if place.is_zeebe and not found.task_type:
        _missing(
            place,
            element,
            "task-definition-missing",
            text("a task definition with a type", "带类型的任务定义"),
        )
    _code(place, element)


_IMPLEMENTATIONS = frozenset(
    {
        "camel",
        "case",
        "data-object",
        "dmn",
        "external",
        "external-worker",
        "http",
        "mail",
        "mule",
        "send-event",
        "shell",
    }
)
"""What the engines of these dialects know as the type of a task."""


def _code(place: Place, element: ElementDefinition) -> None:
    """What a task of the older engines' dialects is carried out by."""
    found = element.extensions
    if not place.is_camunda or place.is_zeebe:
        return
    named = any(
        element.attributes.get(name) for name in ("implementation", "operationRef", "messageRef")
    ) or (found.implementation or found.task_type or found.script is not None or found.decision_id)
    if not named:
        _missing(
            place,
            element,
            "task-definition-missing",
            text("a topic, class or expression", "主题、类或表达式"),
            # A modeller declares the dialect in every file; it is meant where some element speaks it.
            warning=not any(
                "camunda" in other.extensions.dialects for other in place.process.elements.values()
            ),
        )
    elif found.implementation == "external" and not found.task_type:
        _missing(place, element, "task-type-missing", text("a topic", "主题"))
    elif found.implementation and found.implementation not in _IMPLEMENTATIONS:
        _wrong(place, element, "task-implementation", found.implementation)
    code = found.dialects & {"camunda:class", "camunda:delegateExpression"}
    if code and found.result_variable and element.type == "serviceTask":
        _wrong(place, element, "result-variable", found.result_variable)


def _send(place: Place, element: ElementDefinition) -> None:
    if place.is_zeebe and not element.extensions.task_type and not element.attributes.get("messageRef"):
        _missing(
            place,
            element,
            "task-definition-missing",
            text("a task definition with a type", "带类型的任务定义"),
        )
    _code(place, element)


def _script(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    _either(place, element, "script", "taskDefinition")
    if found.script is not None:
        if not found.script.strip().removeprefix("="):
            _missing(place, element, "script-missing", text("an expression", "表达式"))
        if "zeebe" in found.dialects and not found.result_variable:
            _missing(place, element, "result-variable-missing", text("a result variable", "结果变量"))
    elif not found.task_type and not (element.script and element.script.strip()):
        _missing(place, element, "script-missing", text("a script", "脚本"))


def _rule(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    _code(place, element)
    _either(place, element, "calledDecision", "taskDefinition")
    if "zeebe:calledDecision" in found.dialects:
        if not found.decision_id:
            _missing(place, element, "decision-missing", text("a decision id", "决策 id"))
        if not found.result_variable:
            _missing(place, element, "result-variable-missing", text("a result variable", "结果变量"))
        _binding(place, element, found.decision_binding, found.decision_version_tag)
    elif place.is_zeebe and not found.task_type:
        _missing(
            place,
            element,
            "decision-missing",
            text("a called decision or a task definition", "所调用的决策或任务定义"),
        )


def _binding(place: Place, element: ElementDefinition, binding: str | None, tag: str | None) -> None:
    if binding is not None and binding not in _ZEEBE_BINDINGS:
        place.note(
            "binding-unknown",
            text(
                "Expected the binding of {id} to be latest, deployment or versionTag, but it is {binding}",
                "{id} 的绑定应为 latest、deployment 或 versionTag，但为 {binding}",
                id=element.id,
                binding=binding,
            ),
            _FILL,
            element,
        )
    if binding == "versionTag" and not tag:
        _missing(place, element, "version-tag-missing", text("a version tag", "版本标签"))


def _call(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    called = found.called_process
    if called is None and not place.is_zeebe:
        called = element.attributes.get("calledElement")
    if not called or not called.strip():
        _missing(place, element, "called-process-missing", text("a called process", "被调用的流程"))
    if found.called_binding == "version" and "zeebe" not in found.dialects:
        if not found.called_number:
            _missing(
                place, element, "version-missing", text("a version of the called process", "被调用流程的版本")
            )
        return
    _binding(place, element, found.called_binding, found.called_version_tag)


def _user(place: Place, element: ElementDefinition) -> None:
    _dates(place, element)
    found = element.extensions
    if "zeebe:formDefinition" in found.dialects:
        if not found.form:
            _missing(place, element, "form-missing", text("a form id, key or reference", "表单 id、键或引用"))
        if len(found.forms) > 1 or (found.user_task and "formKey" in found.forms):
            _wrong(place, element, "form", ", ".join(found.forms))
        _binding(place, element, found.form_binding, found.form_version_tag)
    priority = element.extensions.priority
    if priority and not is_feel(priority):
        good = priority.strip().lstrip("-").isdigit() and 0 <= int(priority) <= 100
        if not good:
            place.note(
                "priority-invalid",
                text(
                    "Expected the priority of {id} to be a whole number from 0 to 100, but it is {value}",
                    "{id} 的优先级应为 0 到 100 的整数，但为 {value}",
                    id=element.id,
                    value=priority,
                ),
                _FILL,
                element,
                warning="zeebe" not in element.extensions.dialects,
            )


def _ad_hoc(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    if bool(found.output_collection) != bool(found.output_element):
        _missing(
            place,
            element,
            "ad-hoc-output-incomplete",
            text("both an output collection and an output element", "输出集合和输出元素"),
        )


def _dates(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    for value in (found.due_date, found.follow_up_date):
        if not value or is_feel(value) or "zeebe" not in found.dialects:
            continue
        try:
            schedule.parse_date(value)
        except schedule.ScheduleError:
            _wrong(place, element, "task-date", value)


def _loop_place(place: Place, element: ElementDefinition) -> None:
    if element.type not in ACTIVITY_TYPES and element.type != "eventSubProcess":
        place.note(
            "loop-misplaced",
            text(
                "Expected a loop at an activity only, but {id} is a {type}",
                "只有活动可以设置循环，但 {id} 是 {type}",
                id=element.id,
                type=element.type,
            ),
            text("Remove the loop marker.", "请删除循环标记。"),
            element,
        )


def _loop(place: Place, element: ElementDefinition) -> None:
    loop, found = element.loop, element.extensions
    if element.loops > 1:
        place.note(
            "loop-twice",
            text(
                "Expected one loop marker at {id}, but there are more",
                "{id} 应只有一个循环标记，但有多个",
                id=element.id,
            ),
            text("Keep one of them.", "请只保留一个。"),
            element,
        )
    if loop is None:
        return
    _loop_place(place, element)
    if loop.kind == "multi":
        if not (found.input_collection or loop.cardinality or loop.input_data):
            _missing(
                place,
                element,
                "loop-collection-missing",
                text("an input collection or a loop cardinality", "输入集合或循环次数"),
            )
        if place.is_zeebe and bool(found.output_collection) != bool(found.output_element):
            _missing(
                place,
                element,
                "loop-output-incomplete",
                text("both an output collection and an output element", "输出集合和输出元素"),
            )
        if loop.behavior not in ("None", "One", "All", "Complex"):
            _wrong(place, element, "loop-behavior", loop.behavior)
        incomplete = (
            (loop.behavior == "None" and not loop.none_event)
            or (loop.behavior == "One" and not loop.one_event)
            or (loop.behavior == "Complex" and not loop.complex_behaviors)
        )
        if incomplete:
            _missing(
                place,
                element,
                "loop-behavior-event",
                text("the event of its loop behaviour", "循环行为对应的事件"),
            )
        for _, thrown, _ in loop.complex_behaviors:
            if thrown is not None and thrown.kind not in THROWN:
                _wrong(place, element, "loop-behavior-event", thrown.kind)
        cardinality = loop.cardinality
        if cardinality and _NO_COUNT.match(cardinality):
            _wrong(place, element, "loop-cardinality", cardinality)
    elif not loop.condition and not loop.maximum:
        _missing(place, element, "loop-condition-missing", text("a loop condition", "循环条件"))
    elif loop.maximum and (not loop.maximum.strip().isdigit() and not is_feel(loop.maximum)):
        _wrong(place, element, "loop-maximum", loop.maximum)


def _wrong(place: Place, element: ElementDefinition, code: str, value: str) -> None:
    place.note(
        code,
        text(
            f"Expected a valid {code.replace('-', ' ')} at {{id}}, but it is {{value}}",
            f"{{id}} 的 {code} 无效：{{value}}",
            id=element.id,
            value=value,
        ),
        _FILL,
        element,
    )


def _data(place: Place, element: ElementDefinition) -> None:
    """Data associations go somewhere, and an ioSpecification has its sets."""
    if not element.io_sets:
        _missing(place, element, "io-sets-missing", text("an input set and an output set", "输入集和输出集"))
    inside = element.type in ("subProcess", "transaction", "adHocSubProcess", "eventSubProcess")
    if inside and element.io_specification and element.loop is None and place.is_plain:
        place.note(
            "subprocess-data",
            text(
                "Expected no inputs and outputs at sub-process {id}, which sees all data, but it has",
                "子流程 {id} 可直接使用外层数据，不应有输入输出规范，但有",
                id=element.id,
            ),
            text("Remove its ioSpecification.", "请删除其 ioSpecification。"),
            element,
        )
    for association in (*element.input_associations, *element.output_associations):
        if len(association.sources) > 1 and not association.transformation and not association.assignments:
            place.note(
                "data-sources",
                text(
                    "Expected a transformation where a data association of {id} has several sources",
                    "{id} 的数据关联有多个来源时应有转换表达式",
                    id=element.id,
                ),
                text("Keep one source, or write a transformation.", "请只保留一个来源，或填写转换表达式。"),
                element,
            )
        if association.target is None and not association.assignments:
            _missing(
                place,
                element,
                "data-target-missing",
                text("a target for every data association", "数据关联的目标"),
            )


def _quantities(place: Place, element: ElementDefinition) -> None:
    for name in ("startQuantity", "completionQuantity"):
        value = element.attributes.get(name)
        if value is not None and (not value.strip().isdigit() or int(value) < 1):
            _wrong(place, element, "quantity", value)


def _extensions(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    for name in found.duplicates:
        place.note(
            "extension-twice",
            text(
                "Expected {name} once at {id}, but it stands there twice",
                "{id} 上的 {name} 重复",
                name=name,
                id=element.id,
            ),
            text("Keep one of them.", "请只保留一个。"),
            element,
        )
    if "zeebe:taskDefinition" in found.dialects and not found.task_type:
        _missing(place, element, "task-type-missing", text("a task type", "任务类型"))
    if found.retries and not is_feel(found.retries) and not found.retries.strip().isdigit():
        _wrong(place, element, "retries", found.retries)
    if any(not key for key in found.headers) or found.bad_headers:
        _missing(place, element, "header-key-missing", text("a key for every header", "每个头信息的键"))
    _either(place, element, "publishMessage", "taskDefinition")
    keyed = {"zeebe:subscription", "zeebe:publishMessage"} & found.dialects
    if keyed and not found.correlation_key:
        _missing(place, element, "correlation-key-missing", text("a correlation key", "关联键"))
    _durations(place, element)
    _code_listeners(place, element)
    for event, job_type, retries in found.task_listeners:
        if event not in _TASK_EVENTS or element.type != "userTask":
            _wrong(place, element, "listener-event", event)
        if not job_type:
            _missing(
                place, element, "listener-type-missing", text("a type for every listener", "每个监听器的类型")
            )
        if retries and not is_feel(retries) and not retries.strip().isdigit():
            _wrong(place, element, "retries", retries)
    for calendar in (found.properties.get("workingCalendar"), place.calendar):
        if calendar is None:
            continue
        try:
            workdays.calendar_of(calendar)
        except ValueError:
            _wrong(place, element, "working-calendar", calendar)
    seen: set[tuple[str, str]] = set()
    for event, job_type, retries in found.listeners:
        nowhere = event == "start" and element.type in _NOT_AT_START
        nowhere = nowhere or (event == "end" and element.type.endswith("Gateway"))
        if event not in ("start", "end") or nowhere:
            _wrong(place, element, "listener-event", event)
        if not job_type:
            _missing(
                place, element, "listener-type-missing", text("a type for every listener", "每个监听器的类型")
            )
        elif (event, job_type) in seen:
            _wrong(place, element, "listener-twice", job_type)
        if retries and not is_feel(retries) and not retries.strip().isdigit():
            _wrong(place, element, "retries", retries)
        seen.add((event, job_type))


def _code_listeners(place: Place, element: ElementDefinition) -> None:
    for name, event, runs in element.extensions.code_listeners:
        if not runs:
            _missing(
                place, element, "listener-type-missing", text("code for every listener", "每个监听器的代码")
            )
        if event not in (_CODE_EVENTS if name == "executionListener" else _CODE_TASK_EVENTS):
            _wrong(place, element, "listener-event", event or "(nothing)")


def _durations(place: Place, element: ElementDefinition) -> None:
    ttl = element.extensions.message_ttl
    if ttl and not is_feel(ttl):
        try:
            schedule.parse_duration(ttl)
        except schedule.ScheduleError:
            _wrong(place, element, "time-to-live", ttl)


def _receive(place: Place, element: ElementDefinition) -> None:
    if element.flag("instantiate", False) and element.container in place.process.elements:
        place.note(
            "receive-task-start-inside",
            text(
                "Expected instantiating receive task {id} in the process itself, but it is in {container}",
                "实例化接收任务 {id} 应直接位于流程中，但它位于 {container}",
                id=element.id,
                container=element.container,
            ),
            text("Remove the attribute instantiate.", "请删除 instantiate 属性。"),
            element,
        )
    if element.flag("instantiate", False) and element.incoming:
        place.note(
            "receive-task-start-incoming",
            text(
                "Expected no incoming flow at the instantiating receive task {id}, but it has one",
                "实例化接收任务 {id} 不应有输入顺序流，但有",
                id=element.id,
            ),
            text("Remove the flow or the attribute instantiate.", "请删除该顺序流或 instantiate 属性。"),
            element,
        )


_RULES: dict[str, Callable[[Place, ElementDefinition], None]] = {
    "serviceTask": _service,
    "sendTask": _send,
    "scriptTask": _script,
    "businessRuleTask": _rule,
    "callActivity": _call,
    "userTask": _user,
    "adHocSubProcess": _ad_hoc,
    "receiveTask": _receive,
}
