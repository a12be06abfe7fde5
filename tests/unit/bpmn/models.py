# ruff: noqa: E501  (models read best with an element to a line)
"""Small models for tests: a process's content in, definitions out."""

from __future__ import annotations

from typing import Any

from lineshaft import bpmn
from lineshaft.bpmn.testing import Bench

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:flowable="http://flowable.org/bpmn"'
    ' id="definitions" targetNamespace="urn:test">'
)


def flows(*pairs: str) -> str:
    """Sequence flows from texts such as ``"a b"``, ``"a b =x > 1"``; their ids are ``a-b``."""
    made = []
    for pair in pairs:
        source, target, *condition = pair.split(" ", 2)
        inside = ""
        if condition:
            escaped = condition[0].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            inside = f"<conditionExpression>{escaped}</conditionExpression>"
        made.append(
            f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'
        )
    return "".join(made)


def service(element: str, kind: str | None = None, inside: str = "", attributes: str = "") -> str:
    """A service task whose job type is its id, or ``kind``."""
    return (
        f'<serviceTask id="{element}" {attributes}><extensionElements>'
        f'<zeebe:taskDefinition type="{kind or element}"/></extensionElements>{inside}</serviceTask>'
    )


def io(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    """Extension elements with a mapping: target -> source."""
    made = "".join(f'<zeebe:input source="{s}" target="{t}"/>' for t, s in (inputs or {}).items())
    made += "".join(f'<zeebe:output source="{s}" target="{t}"/>' for t, s in (outputs or {}).items())
    return f"<extensionElements><zeebe:ioMapping>{made}</zeebe:ioMapping></extensionElements>"


def xml(content: str, roots: str = "", process_id: str = "p", attributes: str = 'isExecutable="true"') -> str:
    """A file with one process."""
    head = HEAD
    if "zeebe:" not in content + roots:
        head = head.replace(' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"', "")
    if "camunda:" not in content + roots:
        head = head.replace(' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"', "")
    if "flowable:" not in content + roots:
        head = head.replace(' xmlns:flowable="http://flowable.org/bpmn"', "")
    return f'{head}{roots}<process id="{process_id}" {attributes}>{content}</process></definitions>'


def definitions(content: str, roots: str = "", process_id: str = "p") -> bpmn.Definitions:
    """The definitions of one process."""
    return bpmn.loads(xml(content, roots, process_id))


def bench(content: str, roots: str = "", **options: Any) -> Bench:
    """A bench with one process ``p``."""
    return Bench(definitions(content, roots), **options)


def codes(data: str) -> list[str]:
    """The codes of the errors of a file."""
    return [problem.code for problem in bpmn.read(data).errors]
