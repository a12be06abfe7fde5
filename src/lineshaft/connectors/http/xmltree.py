"""XML and the trees that expressions see. Pure, and closed: no DTD, no entities, no network.

An element becomes its text, or a context: attributes as ``@name``, children by their local name (a list
where a name stands more than once), its own text as ``#text``. Namespaces fall away in reading; in writing
an attribute ``@xmlns`` gives one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from lineshaft.connectors.http.texts import as_text

_DEPTH_MAX: Final = 200


class NotXml(Exception):
    """It is no XML that may be read."""


def read_xml(body: bytes) -> dict[str, Any]:
    """Return ``{root name: tree}``.

    Raises:
        NotXml: It is not well-formed, declares a document type, or is too deep.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml(str(error)) from error
    if etree.ElementTree(root).docinfo.internalDTD is not None:
        raise NotXml("a document type is declared")
    return {_local(root): _tree(root, 0)}


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _tree(element: Any, depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise NotXml("it is nested too deep")
    found: dict[str, Any] = {
        f"@{etree.QName(name).localname}": value for name, value in element.attrib.items()
    }
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, value = _local(child), _tree(child, depth + 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    words = "".join(element.itertext(with_tail=False)) if not len(element) else (element.text or "")
    if not found:
        return words
    if words.strip():
        found["#text"] = words.strip()
    return found


def write_xml(value: Any) -> bytes:
    """Return the document of ``{root name: tree}``.

    Raises:
        NotXml: There is not exactly one root, or a name is no XML name.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise NotXml("expected a body with exactly one key, the root element")
    ((name, tree),) = value.items()
    try:
        root = _element(str(name), tree)
    except ValueError as error:
        raise NotXml(str(error)) from error
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _element(name: str, tree: Any) -> Any:
    attributes = tree if isinstance(tree, Mapping) else {}
    spaces = {
        (key.partition(":")[2] or None): as_text(value)
        for key, value in attributes.items()
        if key == "@xmlns" or key.startswith("@xmlns:")
    }
    prefix, _, local = name.rpartition(":")
    space = spaces.get(prefix or None)
    element = etree.Element(f"{{{space}}}{local}" if space else local, nsmap=spaces or None)  # type: ignore[arg-type]
    _fill(element, tree, spaces)
    return element


def _fill(element: Any, tree: Any, spaces: Mapping[str | None, str]) -> None:
    if not isinstance(tree, Mapping):
        element.text = as_text(tree)
        return
    for key, value in tree.items():
        if key.startswith("@xmlns"):
            continue
        if key.startswith("@"):
            prefix, _, local = key[1:].rpartition(":")
            space = spaces.get(prefix) if prefix else None
            element.set(f"{{{space}}}{local}" if space else key[1:], as_text(value))
        elif key == "#text":
            element.text = as_text(value)
        else:
            for one in value if isinstance(value, list) else [value]:
                _child(element, key, one, spaces)


def _child(parent: Any, name: str, tree: Any, spaces: Mapping[str | None, str]) -> None:
    if tree is None:
        return
    own = dict(spaces)
    if isinstance(tree, Mapping):
        own |= {
            (key.partition(":")[2] or None): as_text(value)
            for key, value in tree.items()
            if key == "@xmlns" or key.startswith("@xmlns:")
        }
    prefix, _, local = name.rpartition(":")
    space = own.get(prefix or None)
    child = etree.SubElement(parent, f"{{{space}}}{local}" if space else local, nsmap=own)  # type: ignore[arg-type]
    _fill(child, tree, own)
