"""Templates of people's tasks: each form of the release as a task, who gets it and when it is due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lineshaft.api.templates import KEEP, SCHEMA, both
from lineshaft.base.text import Language, Text, text
from lineshaft.engine.forms import FormField, FormSpec
from lineshaft.security.roles import Role

_CATEGORY: Final = text("A person decides", "人工处理")
_WHO: Final = text("Who", "由谁处理")
_SEEN: Final = text("What the person sees", "处理人看到的内容")
_SAID: Final = text("What the person says", "处理人填写的内容")
_ROLE: Final = text("Role", "角色")
_DUE: Final = text("Due after", "处理期限")
_TASK: Final = text("Task for a person", "人工任务")
_PERIODS: Final = (
    ("PT1H", text("1 hour", "1 小时")),
    ("PT4H", text("4 hours", "4 小时")),
    ("PT8H", text("8 hours", "8 小时")),
    ("P1D", text("1 day", "1 天")),
    ("P3D", text("3 days", "3 天")),
)
_USUAL: Final = "PT8H"


def form_templates(
    forms: Iterable[FormSpec], roles: Iterable[Role], language: Language
) -> list[dict[str, Any]]:
    """Return a template for each form, in the language of the caller."""
    choices = [{"name": role.zh if language == "zh" else role.en, "value": role.id} for role in roles]
    return [_template(form, choices, language) for form in sorted(forms, key=lambda each: each.id)]


def _template(form: FormSpec, roles: list[dict[str, str]], language: Language) -> dict[str, Any]:
    seen = [each for each in form.fields if each.readonly and each.kind != "note"]
    said = [each for each in form.fields if not each.readonly]
    title = form.title or text(form.id, form.id)
    properties: list[dict[str, Any]] = [
        {"type": "Hidden", "binding": {"type": "zeebe:userTask"}},
        _hidden({"type": "zeebe:formDefinition", "property": "formId"}, form.id),
        _hidden({"type": "property", "name": "name"}, both(title if form.title is not None else _TASK)),
        {
            "id": "role",
            "label": _ROLE.in_language(language),
            "group": "who",
            "type": "Dropdown",
            "choices": roles,
            "constraints": {"notEmpty": True},
            "binding": {"type": "zeebe:assignmentDefinition", "property": "candidateGroups"},
        },
        {
            "id": "due",
            "label": _DUE.in_language(language),
            "group": "who",
            "type": "Dropdown",
            "value": _after(_USUAL),
            "choices": [
                {"name": name.in_language(language), "value": _after(each)} for each, name in _PERIODS
            ],
            "binding": {"type": "zeebe:taskSchedule", "property": "dueDate"},
        },
    ]
    properties += [_input(each, language) for each in seen]
    properties += [_output(each, language) for each in said]
    return {
        "$schema": SCHEMA,
        "id": f"lineshaft.form.{form.id}",
        "name": f"{_TASK.in_language(language)} · {title.in_language(language)}",
        "description": form.id,
        "keywords": [form.id, "approval", "审批"],
        "category": {"id": "people", "name": _CATEGORY.in_language(language)},
        "appliesTo": ["bpmn:Task", "bpmn:UserTask"],
        "elementType": {"value": "bpmn:UserTask"},
        "groups": [
            {"id": name, "label": words.in_language(language), "openByDefault": True}
            for name, words, wanted in (("who", _WHO, True), ("seen", _SEEN, seen), ("said", _SAID, said))
            if wanted
        ],
        "properties": properties,
    }


def _hidden(binding: dict[str, str], value: str) -> dict[str, Any]:
    return {"type": "Hidden", "value": value, "binding": binding}


def _after(period: str) -> str:
    return f'=string(now() + duration("{period}"))'


def _input(field: FormField, language: Language) -> dict[str, Any]:
    return {
        "id": f"input-{field.key}",
        "label": field.label.in_language(language),
        "group": "seen",
        "type": "String",
        "feel": "required",
        "optional": True,
        "binding": {"type": "zeebe:input", "name": field.key},
    }


def _output(field: FormField, language: Language) -> dict[str, Any]:
    label: Text = KEEP
    # What the person leaves empty is null, not an unknown name.
    source = f"=get or else({field.key}, null)"
    return {
        "id": f"output-{field.key}",
        "label": label.in_language(language).format(name=field.label.in_language(language)),
        "group": "said",
        "type": "String",
        "value": field.key,
        "binding": {"type": "zeebe:output", "source": source},
    }
