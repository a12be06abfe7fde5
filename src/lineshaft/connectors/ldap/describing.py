"""What a directory's schema says of a resource's classes: attributes, types, labels, duties. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lineshaft.base.text import Text
from lineshaft.connectors.ldap.model import ResourceRule
from lineshaft.sdk.spec import FieldSpec, ResourceSpec

_SYNTAXES: Final = {
    "1.3.6.1.4.1.1466.115.121.1.27": "number",
    "1.3.6.1.4.1.1466.115.121.1.36": "number",
    "1.3.6.1.4.1.1466.115.121.1.7": "boolean",
    "1.3.6.1.4.1.1466.115.121.1.24": "date and time",
    "1.3.6.1.4.1.1466.115.121.1.53": "date and time",
    "1.2.840.113556.1.4.906": "number",
}
"""Syntaxes (RFC 4517 §3.3, and Active Directory's large integer) that are more than text."""


def described(spec: ResourceSpec, rule: ResourceRule, schema: Any) -> ResourceSpec:
    """Return a resource with what the schema says; without a schema as it was declared."""
    if schema is None or not getattr(schema, "object_classes", None):
        return spec
    needed, allowed = _attributes(rule, schema)
    if not needed and not allowed:
        return spec
    types = {
        name.lower(): each
        for each in (schema.attribute_types or {}).values()
        for name in (each.name if isinstance(each.name, list | tuple) else [each.name])
    }
    live = tuple(_field(name, name in needed, types) for name in (*needed, *allowed))
    by_attribute = {field.name.lower(): field for field in live}
    shown = []
    for field in spec.fields:
        told = by_attribute.get(rule.fields[field.name].attribute.lower())
        label = told.label if told is not None else None
        required = field.required or (told is not None and told.required)
        shown.append(FieldSpec(field.name, field.type, label, required))
    declared = {field.attribute.lower() for field in rule.fields.values()}
    shown += [field for field in live if field.name.lower() not in declared]
    return ResourceSpec(spec.name, spec.label, tuple(shown), live)


def _attributes(rule: ResourceRule, schema: Any) -> tuple[list[str], list[str]]:
    """Return the attributes that entries of these classes must have and may have, classes above included."""
    needed: dict[str, None] = {}
    allowed: dict[str, None] = {}
    for found in _classes(list(rule.classes), schema):
        needed |= dict.fromkeys(found.must_contain or ())
        allowed |= dict.fromkeys(found.may_contain or ())
    # Every entry shows these without any class of its own saying so.
    own = [field.attribute for field in rule.fields.values() if field.attribute.lower() in _OPERATIONAL]
    allowed |= dict.fromkeys(own)
    needed.pop("objectClass", None)
    return list(needed), [name for name in allowed if name not in needed]


_OPERATIONAL: Final = frozenset(
    {"entryuuid", "objectguid", "createtimestamp", "modifytimestamp", "whencreated", "whenchanged"}
    | {"memberof", "usnchanged", "creatorsname", "modifiersname"}
)


def _classes(names: list[str], schema: Any) -> Iterator[Any]:
    by_name = {str(name).lower(): each for name, each in schema.object_classes.items()}
    seen: set[str] = set()
    while names:
        name = names.pop().lower()
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        yield by_name[name]
        names += list(by_name[name].superior or ())


def _field(name: str, required: bool, types: dict[str, Any]) -> FieldSpec:
    told = types.get(name.lower())
    if told is None:
        return FieldSpec(name, "string", None, required)
    label = Text(told.description, told.description) if isinstance(told.description, str) else None
    kind = "list" if not told.single_value else _SYNTAXES.get(_syntax(told, types), "string")
    return FieldSpec(name, kind, label, required)


def _syntax(told: Any, types: dict[str, Any], depth: int = 0) -> str:
    """Return an attribute's syntax; it may be said by the one it is made from."""
    if told.syntax:
        return str(told.syntax).partition("{")[0]
    above = told.superior[0] if isinstance(told.superior, list | tuple) and told.superior else told.superior
    found = types.get(str(above).lower()) if above else None
    return "" if found is None or depth > 10 else _syntax(found, types, depth + 1)
