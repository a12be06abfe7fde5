"""What a worker is told of the elements in an ad-hoc sub-process, as Camunda 8 tells it.

Parameters are the calls of ``fromAi`` in an element's input mappings: what the worker is asked to fill in.
"""

from __future__ import annotations

import re
from typing import Any

from lineshaft.bpmn.document import ElementDefinition

_CALL = re.compile(r"\bfromAi\s*\(")
_TEXT = re.compile(r'^"(.*)"$', re.DOTALL)


def activatable(element: ElementDefinition) -> dict[str, Any]:
    """Return the id, name, documentation, properties and parameters of an element."""
    return {
        "elementId": element.id,
        "elementName": element.name,
        "documentation": element.documentation,
        "properties": dict(element.extensions.properties),
        "parameters": [
            parameter
            for source, _ in element.extensions.inputs
            if source
            for parameter in parameters_of(source)
        ],
    }


def parameters_of(source: str) -> list[dict[str, Any]]:
    """Return the parameters that an expression asks for."""
    found = []
    for call in _CALL.finditer(source):
        given = _arguments(source, call.end())
        if not given or not given[0]:
            continue
        parameter: dict[str, Any] = {"name": given[0].rpartition(".")[2]}
        for name, value in zip(("description", "type"), given[1:3], strict=False):
            quoted = _TEXT.match(value)
            if quoted is not None:
                parameter[name] = quoted.group(1).replace('\\"', '"')
        found.append(parameter)
    return found


def _arguments(source: str, start: int) -> list[str]:
    """Return the texts between the commas of a call whose opening bracket ends at ``start``."""
    depth, in_text, last = 0, False, start
    found = []
    position = start
    while position < len(source):
        sign = source[position]
        if in_text:
            if sign == "\\":
                position += 1
            elif sign == '"':
                in_text = False
        elif sign == '"':
            in_text = True
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                found.append(source[last:position].strip())
                return found
            depth -= 1
        elif sign == "," and depth == 0:
            found.append(source[last:position].strip())
            last = position + 1
        position += 1
    return found
