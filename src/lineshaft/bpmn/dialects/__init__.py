"""Dialects: vendors' extension attributes and elements, read into one vocabulary (``Extensions``).

The vocabulary is that of Camunda 8 (``zeebe:``). A dialect is one module with one table of functions; the
rest of the reader does not know any vendor. What has no meaning here goes into ``document.report``.
"""

from __future__ import annotations

from lineshaft.bpmn.dialects import camunda, jbpm, zeebe
from lineshaft.bpmn.document import Document, ElementDefinition, ProcessDefinition, RootDefinition, XmlNode

Target = ElementDefinition | ProcessDefinition | RootDefinition

_ELEMENTS = {zeebe.NAMESPACE: zeebe.read_element} | dict.fromkeys(camunda.NAMESPACES, camunda.read_element)


def read_extensions(document: Document, node: XmlNode, target: Target) -> None:
    """Fill ``target.extensions`` from the attributes and the extension elements of ``node``."""
    attributes = getattr(target, "attributes", {})
    for name, value in attributes.items():
        if name.startswith("{"):
            namespace, _, local = name[1:].partition("}")
            if namespace in camunda.NAMESPACES:
                camunda.read_attribute(document, target, local, value)
            elif namespace == jbpm.NAMESPACE:
                jbpm.read_attribute(document, target, local, value)
    _read_children(document, node, target)


def _read_children(document: Document, node: XmlNode, target: Target) -> None:
    model = node.tag[1:].partition("}")[0] if isinstance(node.tag, str) else ""
    for holder in node.findall(f"{{{model}}}extensionElements"):
        for child in holder:
            if isinstance(child.tag, str) and child.tag.startswith("{"):
                read = _ELEMENTS.get(child.tag[1:].partition("}")[0])
                if read is not None:
                    read(document, target, child)
    for name in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
        for loop in node.findall(f"{{{model}}}{name}"):
            for attribute, value in loop.attrib.items():
                key = str(attribute)
                if key.startswith("{") and key[1:].partition("}")[0] in camunda.NAMESPACES:
                    camunda.read_attribute(document, target, key.partition("}")[2], str(value))
            _read_children(document, loop, target)
    for name in ("messageEventDefinition", "errorEventDefinition", "escalationEventDefinition"):
        for event in node.findall(f"{{{model}}}{name}"):
            for attribute, value in event.attrib.items():
                key = str(attribute)
                if key.startswith("{") and key[1:].partition("}")[0] in camunda.NAMESPACES:
                    camunda.read_attribute(document, target, key.partition("}")[2], str(value))
            _read_children(document, event, target)
