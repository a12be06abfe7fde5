"""Templates of start events: each event that a route brings, ready to begin a process with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lineshaft.api.templates import SCHEMA
from lineshaft.base.text import Language, Text, both_names, text
from lineshaft.engine.routes import Route

_CATEGORY = text("When something happens", "触发事件")
_BRINGS = text("Begins with {event}; brings {names}.", "由 {event} 触发;带入变量 {names}。")
_NOTHING = text("Begins with {event}.", "由 {event} 触发。")


def trigger_templates(
    routes: Iterable[Route], names: Mapping[str, str], language: Language
) -> list[dict[str, Any]]:
    """Return a template for each message that begins a process.

    Args:
        routes: Of the active release.
        names: How existing start events call a message, by the message's name: what people know it by.
        language: Of the labels.
    """
    found: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.message is not None and route.message not in found:
            name = names.get(route.message, route.name)
            found[route.message] = _template(route, route.message, name, language)
    return [found[message] for message in sorted(found)]


def _template(route: Route, message: str, name: str, language: Language) -> dict[str, Any]:
    event = route.pattern.pattern.replace("\\", "")
    brought = ", ".join(route.variables) if isinstance(route.variables, dict) else ""
    about: Text = _BRINGS if brought else _NOTHING
    return {
        "$schema": SCHEMA,
        "id": f"lineshaft.event.{message}",
        "name": both_names(name).in_language(language),
        "description": about.in_language(language).format(event=event, names=brought),
        "keywords": [message, event, *brought.split(", ")],
        "category": {"id": "events", "name": _CATEGORY.in_language(language)},
        "appliesTo": ["bpmn:Event", "bpmn:StartEvent"],
        "elementType": {"value": "bpmn:StartEvent", "eventDefinition": "bpmn:MessageEventDefinition"},
        "groups": [],
        "properties": [
            {
                "type": "Hidden",
                "value": message,
                "binding": {"type": "bpmn:Message#property", "name": "name"},
            },
            {"type": "Hidden", "value": name, "binding": {"type": "property", "name": "name"}},
        ],
    }
