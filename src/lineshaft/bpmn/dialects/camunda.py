"""The dialects of Camunda 7, Flowable and Activiti: attributes that have a meaning here, mapped to it.

What a Java class, a delegate expression or a listener of those engines would do has no meaning here; it is
named in ``document.report`` so that a person can decide. ``${…}`` in values is turned to FEEL by
``lineshaft.bpmn.expressions``.
"""

from __future__ import annotations

from collections.abc import Callable

from lineshaft.base.errors import ExpressionError
from lineshaft.bpmn.document import (
    Document,
    ElementDefinition,
    Extensions,
    ProcessDefinition,
    RootDefinition,
    XmlNode,
)
from lineshaft.bpmn.expressions import Feel, feel_text

NAMESPACES = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://flowable.org/bpmn": "flowable",
    "http://activiti.org/bpmn": "activiti",
}

Target = ElementDefinition | ProcessDefinition | RootDefinition

SILENT = {
    "asyncBefore",
    "asyncAfter",
    "async",
    "asynchronous",
    "exclusive",
    "historyTimeToLive",
    "isStartableInTasklist",
    "initiator",
    "diagramRelationId",
    "modelerTemplate",
    "modelerTemplateVersion",
    "modelerTemplateIcon",
    "jobPriority",
    "resource",
    "deploymentId",
    "candidateStarterGroups",
    "candidateStarterUsers",
    "triggerable",
    "expanded",
    "elementTemplate",
    "formHandlerClass",
    "fieldName",
    "formFieldValidation",
    "useLocalScopeForResultVariable",
    "skipExpression",
    "isEventSubprocess",
}


def _set(name: str) -> Callable[[Extensions, str], None]:
    def put(found: Extensions, value: str) -> None:
        setattr(found, name, value)

    return put


def _decision(found: Extensions, value: str) -> None:
    found.decision_id = value


def _task_type(found: Extensions, value: str) -> None:
    found.task_type = value


def _expression(found: Extensions, value: str) -> None:
    """An expression that FEEL understands runs here; any other names the job."""
    try:
        Feel(feel_text(value))
    except ExpressionError:
        found.task_type = found.task_type or value.strip("${}#")
    else:
        found.script = value


_ATTRIBUTES: dict[str, Callable[[Extensions, str], None]] = {
    "assignee": _set("assignee"),
    "candidateGroups": _set("candidate_groups"),
    "candidateUsers": _set("candidate_users"),
    "dueDate": _set("due_date"),
    "followUpDate": _set("follow_up_date"),
    "priority": _set("priority"),
    "formKey": _set("form"),
    "formRef": _set("form"),
    "topic": _task_type,
    "type": _set("implementation"),
    "calledElementVersion": _set("called_number"),
    "collection": _set("input_collection"),
    "elementVariable": _set("input_element"),
    "resultVariable": _set("result_variable"),
    "resultVariableName": _set("result_variable"),
    "decisionRef": _decision,
    "decisionRefBinding": _set("decision_binding"),
    "calledElementBinding": _set("called_binding"),
    "calledElementVersionTag": _set("called_version_tag"),
    "versionTag": _set("version_tag"),
    "expression": _expression,
    "errorCodeVariable": _set("error_code_variable"),
    "errorMessageVariable": _set("error_message_variable"),
    "escalationCodeVariable": _set("escalation_code_variable"),
}
_TASK_TYPES = ("class", "delegateExpression")


def read_attribute(document: Document, target: Target, name: str, value: str) -> None:
    """Take over one vendor attribute, or report that it was not understood."""
    found = target.extensions
    found.dialects.add("camunda")
    if name in _ATTRIBUTES:
        _ATTRIBUTES[name](found, value)
    elif name in _TASK_TYPES:
        found.dialects.add(f"camunda:{name}")
        if found.task_type is None:
            found.task_type = value.strip("${}#")
        document.report.append(f"{target.id} (line {target.line}): {name}={value!r} is taken as the job type")
    elif name not in SILENT:
        document.report.append(
            f"{target.id} (line {target.line}): attribute {name}={value!r} is not understood"
        )


def _local(node: XmlNode) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _value(node: XmlNode) -> str:
    """Return a parameter's value as an expression text; FEEL where it is one, otherwise static."""
    inner = [child for child in node if isinstance(child.tag, str)]
    if inner and _local(inner[0]) == "list":
        items = ", ".join(_quoted("".join(map(str, item.itertext())).strip()) for item in inner[0])
        return f"=[{items}]"
    if inner and _local(inner[0]) == "map":
        entries = ", ".join(
            f'"{item.get("key")}": {_quoted("".join(map(str, item.itertext())).strip())}' for item in inner[0]
        )
        return f"={{{entries}}}"
    return "".join(str(part) for part in node.itertext()).strip()


def _quoted(value: str) -> str:
    if value.startswith(("${", "#{")) and value.endswith("}"):
        return value[2:-1]
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _input_output(found: Extensions, node: XmlNode) -> None:
    found.io_mapping = True
    for item in node:
        name = item.get("name") or ""
        if _local(item) == "inputParameter":
            found.inputs.append((_value(item), name))
        elif _local(item) == "outputParameter":
            found.outputs.append((_value(item), name))


def _in(found: Extensions, node: XmlNode) -> None:
    if node.get("variables") == "all":
        found.propagate_all_parent = True
        found.dialects.add("camunda:in-all")
        return
    if node.get("businessKey") is not None:
        found.properties["businessKey"] = node.get("businessKey") or ""
        return
    source = node.get("sourceExpression") or f"={node.get('source') or ''}"
    if "camunda:in" not in found.dialects and "camunda:in-all" not in found.dialects:
        found.propagate_all_parent = False
    found.dialects.add("camunda:in")
    found.child_inputs.append((source, node.get("target") or ""))


def _out(found: Extensions, node: XmlNode) -> None:
    if node.get("variables") == "all":
        found.propagate_all_child = True
        found.dialects.add("camunda:out-all")
        return
    source = node.get("sourceExpression") or f"={node.get('source') or ''}"
    if "camunda:out-all" not in found.dialects:
        found.propagate_all_child = False
    found.child_outputs.append((source, node.get("target") or ""))


def _properties(found: Extensions, node: XmlNode) -> None:
    for item in node:
        if item.get("name"):
            found.properties[str(item.get("name"))] = item.get("value") or ""


def _fields(found: Extensions, node: XmlNode) -> None:
    value = node.get("stringValue")
    if value is None:
        value = "".join(str(part) for part in node.itertext()).strip()
    found.headers[node.get("name") or ""] = value


def _connector(found: Extensions, node: XmlNode) -> None:
    """A connector is a job of its name."""
    for item in node:
        if _local(item) == "connectorId":
            found.task_type = found.task_type or "".join(str(part) for part in item.itertext()).strip()
        elif _local(item) == "inputOutput":
            _input_output(found, item)


_CODE = ("class", "expression", "delegateExpression")


def _code_listener(found: Extensions, node: XmlNode) -> None:
    runs = any(node.get(name) for name in _CODE)
    runs = runs or any(_local(child) in ("script", "field") for child in node)
    found.code_listeners.append((_local(node), node.get("event") or "", runs))


_ELEMENTS: dict[str, Callable[[Extensions, XmlNode], None]] = {
    "connector": _connector,
    "executionListener": _code_listener,
    "taskListener": _code_listener,
    "inputOutput": _input_output,
    "in": _in,
    "out": _out,
    "properties": _properties,
    "field": _fields,
}
_QUIET = {"formData", "formProperty", "failedJobRetryTimeCycle", "constraint", "eventType", "modelerInfo"}


_LISTENERS = {"executionListener", "taskListener"}


def read_element(document: Document, target: Target, node: XmlNode) -> None:
    """Read one extension element of these vendors."""
    found = target.extensions
    found.dialects.add("camunda")
    name = _local(node)
    read = _ELEMENTS.get(name)
    if read is not None:
        read(found, node)
    if name in _LISTENERS or (read is None and name not in _QUIET):
        document.report.append(f"{target.id} (line {node.sourceline}): {name} is not understood")
