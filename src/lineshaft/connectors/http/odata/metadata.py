"""Fields out of a service's ``$metadata`` (CSDL in XML), of either version. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineshaft.connectors.http.texts import as_text

_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("byte", "sbyte", "int16", "int32", "int64", "decimal", "double", "single"), "number"),
    **dict.fromkeys(("datetime", "datetimeoffset"), "date and time"),
    **dict.fromkeys(("time", "timeofday"), "time"),
    "boolean": "boolean", "date": "date", "string": "string", "guid": "string", "binary": "string",
    "duration": "days and time duration",
}  # fmt: skip


def fields_of(document: Any, entity_set: str) -> list[dict[str, Any]]:
    """Return ``name``, ``type``, ``label``, ``required`` of each property of a set's entities.

    Args:
        document: The tree of the document, as ``xmltree`` reads it.
        entity_set: A set's name.

    Raises:
        ValueError: The document knows no such set.
    """
    schemas = [
        schema for services in _below(document, "Edmx", "DataServices") for schema in _all(services, "Schema")
    ]
    sets = [
        each
        for schema in schemas
        for holder in _all(schema, "EntityContainer")
        for each in _all(holder, "EntitySet")
    ]
    found = next((each for each in sets if each.get("@Name") == entity_set), None)
    if found is None:
        raise ValueError(
            f"$metadata knows no set {entity_set}: {', '.join(as_text(each.get('@Name')) for each in sets)}"
        )
    types = {
        f"{as_text(schema.get(holder))}.{each['@Name']}": each
        for schema in schemas
        for holder in ("@Namespace", "@Alias")
        for each in _all(schema, "EntityType")
    }
    labels = _labels(schemas)
    return list(_fields(as_text(found.get("@EntityType")), types, labels))


def _fields(name: str, types: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    entity = types.get(name)
    if entity is None:
        return
    if entity.get("@BaseType"):
        yield from _fields(as_text(entity["@BaseType"]), types, labels)
    keys = {each.get("@Name") for key in _all(entity, "Key") for each in _all(key, "PropertyRef")}
    for each in _all(entity, "Property"):
        own = as_text(each.get("@Name"))
        written = as_text(each.get("@Type"))
        kind = (
            "list"
            if written.startswith("Collection(")
            else _KINDS.get(written.removeprefix("Edm.").lower(), "context")
        )
        # The key stands first; nullable is what a client may leave out.
        required = own in keys or as_text(each.get("@Nullable")).lower() == "false"
        label = each.get("@label") or labels.get(f"{name}/{own}") or each.get("@Name")
        yield {"name": own, "type": kind, "label": as_text(label), "required": required}
    for each in _all(entity, "NavigationProperty"):
        many = as_text(each.get("@Type")).startswith("Collection(") or "@Type" not in each
        yield {"name": as_text(each.get("@Name")), "type": "list" if many else "context", "label": "",
               "required": False}  # fmt: skip


def _labels(schemas: list[Any]) -> dict[str, str]:
    """Return what annotations (``Core.Description``, ``Common.Label``) call a property."""
    found: dict[str, str] = {}
    for schema in schemas:
        for group in _all(schema, "Annotations"):
            for note in _all(group, "Annotation"):
                words = as_text(note.get("@String"))
                if words and as_text(note.get("@Term")).rpartition(".")[2] in ("Label", "Description"):
                    found.setdefault(as_text(group.get("@Target")), words)
    return found


def _below(tree: Any, *names: str) -> Iterator[Any]:
    nodes = [tree]
    for name in names:
        nodes = [each for node in nodes for each in _all(node, name)]
    yield from nodes


def _all(tree: Any, name: str) -> list[Any]:
    found = tree.get(name) if isinstance(tree, Mapping) else None
    if found is None:
        return []
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, Mapping)]
