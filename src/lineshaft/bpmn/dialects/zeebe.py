"""The dialect of Camunda 8: ``zeebe:`` extension elements as the modellers write them.

Standard: the public descriptor of the namespace http://camunda.org/schema/zeebe/1.0.
"""

from __future__ import annotations

from collections.abc import Callable

from lineshaft.bpmn.document import (
    Document,
    ElementDefinition,
    Extensions,
    ProcessDefinition,
    RootDefinition,
    XmlNode,
)

NAMESPACE = "http://camunda.org/schema/zeebe/1.0"

Target = ElementDefinition | ProcessDefinition | RootDefinition


def _local(node: XmlNode) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _truth(value: str | None, default: bool) -> bool:
    return default if value is None else value.strip() in ("true", "1")


def _task_definition(found: Extensions, node: XmlNode) -> None:
    found.task_type = node.get("type")
    found.retries = node.get("retries")


def _task_headers(found: Extensions, node: XmlNode) -> None:
    for header in node:
        if _local(header) != "header":
            continue
        if header.get("key"):
            found.headers[str(header.get("key"))] = header.get("value") or ""
        else:
            found.bad_headers = True


def _io_mapping(found: Extensions, node: XmlNode) -> None:
    found.io_mapping = True
    for item in node:
        pair = (item.get("source"), item.get("target") or "")
        if _local(item) == "input":
            found.inputs.append(pair)
        elif _local(item) == "output":
            found.outputs.append(pair)


def _called_element(found: Extensions, node: XmlNode) -> None:
    found.called_process = node.get("processId") or ""
    found.propagate_all_child = _truth(node.get("propagateAllChildVariables"), True)
    found.propagate_all_parent = _truth(node.get("propagateAllParentVariables"), True)
    found.called_binding = node.get("bindingType")
    found.called_version_tag = node.get("versionTag")


def _called_decision(found: Extensions, node: XmlNode) -> None:
    found.decision_id = node.get("decisionId") or ""
    found.result_variable = node.get("resultVariable") or ""
    found.decision_binding = node.get("bindingType")
    found.decision_version_tag = node.get("versionTag")


def _form(found: Extensions, node: XmlNode) -> None:
    found.form = node.get("formId") or node.get("externalReference") or node.get("formKey")
    found.forms = tuple(
        name for name in ("formId", "externalReference", "formKey") if node.get(name) is not None
    )
    found.form_binding = node.get("bindingType")
    found.form_version_tag = node.get("versionTag")


def _assignment(found: Extensions, node: XmlNode) -> None:
    found.assignee = node.get("assignee")
    found.candidate_groups = node.get("candidateGroups")
    found.candidate_users = node.get("candidateUsers")


def _schedule(found: Extensions, node: XmlNode) -> None:
    found.due_date = node.get("dueDate")
    found.follow_up_date = node.get("followUpDate")


def _priority(found: Extensions, node: XmlNode) -> None:
    found.priority = node.get("priority")


def _user_task(found: Extensions, node: XmlNode) -> None:
    found.user_task = True


def _loop(found: Extensions, node: XmlNode) -> None:
    found.input_collection = node.get("inputCollection") or ""
    found.input_element = node.get("inputElement")
    found.output_collection = node.get("outputCollection")
    found.output_element = node.get("outputElement")


def _subscription(found: Extensions, node: XmlNode) -> None:
    found.correlation_key = node.get("correlationKey") or ""
    found.message_id = node.get("messageId")
    found.message_ttl = node.get("timeToLive")


def _publish_message(found: Extensions, node: XmlNode) -> None:
    found.correlation_key = node.get("correlationKey")
    found.message_id = node.get("messageId")
    found.message_ttl = node.get("timeToLive")


def _properties(found: Extensions, node: XmlNode) -> None:
    for item in node:
        if _local(item) == "property" and item.get("name"):
            found.properties[str(item.get("name"))] = item.get("value") or ""


def _listeners(found: Extensions, node: XmlNode) -> None:
    for item in node:
        if _local(item) == "executionListener":
            found.listeners.append((item.get("eventType") or "", item.get("type") or "", item.get("retries")))


_OLDER_EVENTS = {
    "create": "creating",
    "assignment": "assigning",
    "update": "updating",
    "complete": "completing",
    "cancel": "canceling",
}
"""What the modeller of Camunda 8.7 called a task listener's events."""


def _task_listeners(found: Extensions, node: XmlNode) -> None:
    for item in node:
        if _local(item) == "taskListener":
            event = item.get("eventType") or ""
            found.task_listeners.append(
                (_OLDER_EVENTS.get(event, event), item.get("type") or "", item.get("retries"))
            )


def _script(found: Extensions, node: XmlNode) -> None:
    found.script = node.get("expression") or ""
    found.result_variable = node.get("resultVariable") or ""


def _version_tag(found: Extensions, node: XmlNode) -> None:
    found.version_tag = node.get("value")


def _ad_hoc(found: Extensions, node: XmlNode) -> None:
    found.active_elements = node.get("activeElementsCollection")
    found.output_collection = node.get("outputCollection")
    found.output_element = node.get("outputElement")


def _ignored(found: Extensions, node: XmlNode) -> None:
    """Has no meaning for running: icons, user task forms, template data."""


_READ: dict[str, Callable[[Extensions, XmlNode], None]] = {
    "taskDefinition": _task_definition,
    "taskHeaders": _task_headers,
    "ioMapping": _io_mapping,
    "calledElement": _called_element,
    "calledDecision": _called_decision,
    "formDefinition": _form,
    "userTaskForm": _ignored,
    "assignmentDefinition": _assignment,
    "taskSchedule": _schedule,
    "priorityDefinition": _priority,
    "userTask": _user_task,
    "loopCharacteristics": _loop,
    "subscription": _subscription,
    "publishMessage": _publish_message,
    "properties": _properties,
    "executionListeners": _listeners,
    "taskListeners": _task_listeners,
    "script": _script,
    "versionTag": _version_tag,
    "adHoc": _ad_hoc,
    "linkedResources": _ignored,
    "conditionalFilter": _ignored,
}
_ONCE = set(_READ) - {"properties", "executionListeners", "taskListeners", "userTaskForm"}


def read_element(document: Document, target: Target, node: XmlNode) -> None:
    """Read one ``zeebe:`` extension element into the target's extensions."""
    found = target.extensions
    found.dialects.add("zeebe")
    name = _local(node)
    read = _READ.get(name)
    if read is None:
        document.report.append(f"{target.id} (line {node.sourceline}): zeebe:{name} is not understood")
        return
    marker = f"zeebe:{name}"
    if name in _ONCE and marker in found.dialects:
        found.duplicates.append(marker)
        return
    found.dialects.add(marker)
    read(found, node)
