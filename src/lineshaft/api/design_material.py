"""What there is to draw with, beside the systems' operations: routes, forms and mappings of the files. Pure.

Files that cannot be read are left out here: what is wrong with them is told where they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from lineshaft import bpmn
from lineshaft.base.errors import DefinitionError
from lineshaft.base.text import Text
from lineshaft.engine.forms import FormSpec, read_form
from lineshaft.engine.routes import Route, read_routes

_LANGUAGES: Final = {"zh", "en"}


@dataclass(frozen=True, slots=True)
class Material:
    """What new elements can be made of."""

    routes: list[Route] = field(default_factory=list)
    forms: list[FormSpec] = field(default_factory=list)
    mappings: list[tuple[str, Text]] = field(default_factory=list)
    """Name and label."""
    start_names: dict[str, str] = field(default_factory=dict)
    """How start events call the message that they begin with, by the message."""


def material_of(folder: Mapping[str, bytes]) -> Material:
    """Return what the files of a release offer."""
    found = Material()
    for path in sorted(folder):
        kind, _, name = path.partition("/")
        try:
            if kind == "flows":
                found.routes.extend(read_routes(name, folder[path]))
            elif kind == "forms" and name.endswith(".form"):
                found.forms.append(read_form(folder[path], path))
            elif kind == "mappings":
                found.mappings.extend(_mapping(folder[path]))
            elif kind == "processes":
                _name_starts(found.start_names, folder[path], name)
        except (DefinitionError, yaml.YAMLError):
            continue
    return found


def _mapping(content: bytes) -> list[tuple[str, Text]]:
    document: Any = yaml.safe_load(content)
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        return []
    label = document.get("label")
    name = document["name"]
    if isinstance(label, dict) and label.keys() >= _LANGUAGES:
        return [(name, Text(str(label["en"]), str(label["zh"])))]
    return [(name, Text(name, name))]


def _name_starts(found: dict[str, str], content: bytes, name: str) -> None:
    document = bpmn.read(content, name)
    for process in document.processes.values():
        for element in process.elements.values():
            if element.type != "startEvent" or not element.name:
                continue
            for each in element.events:
                message = document.roots.get(each.ref or "")
                if each.kind == "message" and message is not None and message.name:
                    found.setdefault(message.name, element.name)
