"""Rules of the diagram: where it can be drawn, and ids that are not those of the model.

Source: OMG BPMN 2.0.2, BPMNDI.xsd, DC.xsd and DI.xsd. A process runs without its diagram, so in a file of an
engine's dialect a fault in it is a doubt.
"""

from __future__ import annotations

from collections.abc import Iterator

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document, XmlNode
from lineshaft.bpmn.names import MODEL
from lineshaft.bpmn.reader import line_of, local, namespace
from lineshaft.bpmn.rules.place import is_plain
from lineshaft.bpmn.rules.references import owner_of

_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DRAW = text("Save the file again in the modeller.", "请在建模工具中重新保存该文件。")


def check(document: Document) -> None:
    """Check every diagram of the file."""
    severity = "error" if is_plain(document) else "warning"
    seen = {
        str(node.get("id"))
        for node in document.tree.getroot().iter(f"{{{MODEL}}}*")
        if node.get("id") is not None
    }
    for diagram in document.tree.getroot().iterchildren(f"{{{_DI}}}BPMNDiagram"):
        for node, expected in _faults(diagram, seen):
            document.problem(
                "diagram-invalid",
                text(
                    "Expected {name} in the diagram to have {expected}, but it has not",
                    "图中的 {name} 应有 {expected}，但没有",
                    name=local(node),
                    expected=expected,
                ),
                line=line_of(node),
                element=owner_of(node),
                hint=_DRAW,
                severity=severity,
            )


def _faults(diagram: XmlNode, seen: set[str]) -> Iterator[tuple[XmlNode, str]]:
    """Go through the nodes of a diagram that lack something, with what they lack."""
    for node in diagram.iter("*"):
        name = local(node)
        identifier = node.get("id")
        if identifier is not None:
            if identifier in seen:
                yield node, f"an id of its own, not {identifier}"
            seen.add(identifier)
        children = [local(child) for child in node]
        if name == "BPMNDiagram" and children.count("BPMNPlane") != 1:
            yield node, "one BPMNPlane"
        elif name == "BPMNShape" and "Bounds" not in children:
            yield node, "Bounds"
        elif name == "BPMNEdge" and children.count("waypoint") < 2:
            yield node, "two waypoints or more"
        elif name == "Bounds":
            yield from ((node, f"a number {side}") for side in _wrong(node, "x", "y", "width", "height"))
        elif name == "waypoint":
            yield from ((node, f"a number {side}") for side in _wrong(node, "x", "y"))
        elif namespace(node) == _DI and name not in _NAMES:
            yield node, "a name that diagrams have"


_NAMES = frozenset({"BPMNDiagram", "BPMNPlane", "BPMNShape", "BPMNEdge", "BPMNLabel", "BPMNLabelStyle"})


def _wrong(node: XmlNode, *names: str) -> list[str]:
    return [name for name in names if not _is_number(node.get(name))]


def _is_number(value: str | None) -> bool:
    try:
        float(value or "")
    except ValueError:
        return False
    return True
