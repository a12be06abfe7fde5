"""Element templates: each operation of each system as a task that the modeller offers ready made. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineshaft.base.text import Language, Text
from lineshaft.sdk import ConnectorSpec, FieldSpec, OperationSpec

SCHEMA: Final = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
"""Names the kind of template; nobody fetches it."""
_INPUT: Final = Text("What is sent", "发送内容")
_OUTPUT: Final = Text("What is kept of the answer", "保留的结果")
KEEP: Final = Text("Variable that takes `{name}`", "存放 {name} 的变量")
_TYPES: Final = {
    "string": Text("text", "文本"),
    "number": Text("number", "数字"),
    "boolean": Text("yes or no", "是或否"),
    "date": Text("date", "日期"),
    "time": Text("time", "时间"),
    "date and time": Text("date and time", "日期时间"),
    "days and time duration": Text("duration", "时长"),
    "context": Text("context", "对象"),
    "list": Text("list", "列表"),
    "Any": Text("any value", "任意值"),
}


Choices = Mapping[str, Sequence[tuple[str, Text]]]
"""Values of a field, by its name: what there is to choose from."""


def templates_of(
    system: str, title: Text, spec: ConnectorSpec, language: Language, choices: Choices | None = None
) -> list[dict[str, Any]]:
    """Return the templates of a system's operations; ``choices`` are offered for fields of these names."""
    return [_template(system, title, each, language, choices or {}) for each in spec.operations]


def _template(
    system: str, title: Text, operation: OperationSpec, language: Language, choices: Choices
) -> dict[str, Any]:
    kind = f"{system}.{operation.name}"
    label = operation.label.in_language(language)
    system_label = title.in_language(language)
    properties: list[dict[str, Any]] = [
        {"type": "Hidden", "value": kind, "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
        {"type": "Hidden", "value": both(operation.label), "binding": {"type": "property", "name": "name"}},
    ]
    properties += [_input(each, language, choices.get(each.name, ())) for each in operation.input]
    properties += [_output(each, language) for each in operation.output]
    groups = [("input", _INPUT)] if operation.input else []
    groups += [("output", _OUTPUT)] if operation.output else []
    return {
        "$schema": SCHEMA,
        "id": f"lineshaft.{kind}",
        "name": f"{system_label} · {label}",
        "description": kind,
        "keywords": [system, operation.name, kind],
        "category": {"id": system, "name": system_label},
        "appliesTo": ["bpmn:Task", "bpmn:ServiceTask"],
        "elementType": {"value": "bpmn:ServiceTask"},
        "groups": [
            {"id": name, "label": words.in_language(language), "openByDefault": True}
            for name, words in groups
        ],
        "properties": properties,
    }


def both(label: Text) -> str:
    """Return a name as elements carry it: Chinese, a blank, English."""
    return label.zh if label.zh == label.en else f"{label.zh} {label.en}"


def _input(spec: FieldSpec, language: Language, choices: Sequence[tuple[str, Text]]) -> dict[str, Any]:
    kind = _TYPES.get(spec.type)
    found: dict[str, Any] = {
        "id": f"input-{spec.name}",
        "label": spec.label.in_language(language) if spec.label is not None else spec.name,
        "description": f"{spec.name}: {kind.in_language(language) if kind is not None else spec.type}",
        "group": "input",
        "type": "String",
        "feel": "optional" if spec.type in ("string", "Any") else "required",
        "binding": {"type": "zeebe:input", "name": spec.name},
    }
    if choices:
        del found["feel"]
        found["type"] = "Dropdown"
        found["choices"] = [
            {"name": name.in_language(language), "value": f'="{value}"'} for value, name in choices
        ]
    if spec.required:
        return {**found, "constraints": {"notEmpty": True}}
    return {**found, "optional": True}


def _output(spec: FieldSpec, language: Language) -> dict[str, Any]:
    return {
        "id": f"output-{spec.name}",
        "label": KEEP.in_language(language).format(name=spec.name),
        "group": "output",
        "type": "String",
        "optional": True,
        "binding": {"type": "zeebe:output", "source": f"={spec.name}"},
    }
