"""Walking XML by local names: the versions of DMN differ in their namespace, hardly in their elements.

Elements of other namespaces (diagrams, extensions of modellers) are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

XmlNode = etree._Element


def local(node: XmlNode) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(node).localname


def children(node: XmlNode, name: str | None = None) -> Iterator[XmlNode]:
    """Yield the child elements of the same namespace; with ``name`` only those."""
    namespace = etree.QName(node).namespace
    for item in node:
        if not isinstance(item.tag, str) or etree.QName(item).namespace != namespace:
            continue
        if name is None or local(item) == name:
            yield item


def line_of(node: XmlNode) -> int | None:
    """Return the line an element begins on."""
    line: Any = node.sourceline
    return line if isinstance(line, int) else None


def child(node: XmlNode, name: str) -> XmlNode | None:
    """Return the first child of that name."""
    return next(children(node, name), None)


def only_text(node: XmlNode | None) -> str:
    """Return an element's own text without the white space around it."""
    return "" if node is None else "".join(str(part) for part in node.itertext()).strip()
