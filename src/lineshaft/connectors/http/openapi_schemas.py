"""What the schemas of an OpenAPI description say: references followed, parts joined, FEEL's types. Pure.

Real descriptions refer across many levels, in circles too, and say "or nothing" in four ways. What cannot be
resolved (a reference into another file) is *anything*, never an error: the manifest is a first one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_DEPTH: Final = 8
_TYPES: Final = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "context",
    "string": "string",
    "file": "context",
}
_FORMATS: Final = {"date": "date", "date-time": "date and time", "time": "time", "binary": "context"}
_VALUES_SHOWN: Final = 8


class Schemas:
    """The schemas of one description."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec

    def resolved(self, value: Any) -> Mapping[str, Any]:
        """Follow references; what leads nowhere is empty."""
        for _ in range(_DEPTH):
            if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
                break
            beside = {key: entry for key, entry in value.items() if key != "$ref"}
            found = self._at(value["$ref"])
            # Since 3.1 other words may stand beside a reference; they go before it.
            value = {**found, **beside} if isinstance(found, Mapping) else beside
        return value if isinstance(value, Mapping) else {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return None
        current: Any = self.spec
        for part in reference.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(current, Sequence) and not isinstance(current, str) and key.isdigit():
                current = current[int(key)] if int(key) < len(current) else None
            else:
                current = current.get(key) if isinstance(current, Mapping) else None
        return current

    def whole(self, schema: Any, depth: int = 0) -> Mapping[str, Any]:
        """Return a schema with its references followed, ``allOf`` joined, the first of a choice taken."""
        found = self.resolved(schema)
        if depth >= _DEPTH:
            return found
        if isinstance(found.get("allOf"), list):
            found = self._joined(found, depth)
        for choice in ("oneOf", "anyOf"):
            if isinstance(found.get(choice), list):
                chosen = self._chosen(found[choice], depth)
                found = {**chosen, **{key: entry for key, entry in found.items() if key != choice}}
        return found

    def _joined(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        joined: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        needed: list[Any] = []
        own = {key: entry for key, entry in schema.items() if key != "allOf"}
        for part in (*(self.whole(each, depth + 1) for each in schema["allOf"]), own):
            joined |= part
            properties |= table_of(part.get("properties"))
            needed += list_of(part.get("required"))
        if properties:
            joined |= {"type": "object", "properties": properties, "required": needed}
        return joined

    def _chosen(self, parts: Sequence[Any], depth: int) -> Mapping[str, Any]:
        """The first of a choice that is something; of several records their fields together."""
        wholes = [each for part in parts if (each := self.whole(part, depth + 1)) and not _is_nothing(each)]
        records = [each for each in wholes if each.get("properties")]
        if len(records) < 2:
            return wholes[0] if wholes else {}
        properties: dict[str, Any] = {}
        needed = set(list_of(records[0].get("required")))
        for each in records:
            properties = {**table_of(each["properties"]), **properties}
            needed &= set(list_of(each.get("required")))
        return {"type": "object", "properties": properties, "required": sorted(needed)}

    def type_of(self, schema: Any) -> str:
        """Return the FEEL name of a schema's type; ``Any`` where it says none."""
        schema = self.whole(schema)
        kind = schema.get("type")
        if isinstance(kind, list):
            kinds = [each for each in kind if each != "null"]
            kind = kinds[0] if len(kinds) == 1 else None
        if kind == "string":
            return _FORMATS.get(str(schema.get("format")), "string")
        if kind is None and list_of(schema.get("enum")):
            values = schema["enum"]
            return "string" if all(isinstance(each, str) for each in values) else "Any"
        return _TYPES.get(str(kind), "context" if "properties" in schema else "Any")

    def sample_of(self, schema: Any) -> str:
        """Return what a value looks like: the allowed ones, or the example; for a comment."""
        schema = self.whole(schema)
        values = [each for each in list_of(schema.get("enum")) if each is not None]
        if values:
            shown = " | ".join(str(each) for each in values[:_VALUES_SHOWN])
            return shown + (" | …" if len(values) > _VALUES_SHOWN else "")
        examples = list_of(schema.get("examples"))
        example = schema.get("example", examples[0] if examples else schema.get("const"))
        return "" if example is None or isinstance(example, Mapping | list) else str(example)[:80]

    def properties(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the properties of a schema, whole."""
        for key, below in table_of(schema.get("properties")).items():
            yield str(key), self.whole(below)

    def required(self, schema: Mapping[str, Any]) -> frozenset[str]:
        """Return the names of the properties that every record has."""
        return frozenset(str(each) for each in list_of(schema.get("required")))

    def items(self, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the schema of a list's records, or ``None``."""
        kind = schema.get("type")
        if not (kind == "array" or (isinstance(kind, list) and "array" in kind)):
            return None
        found = self.whole(schema.get("items"))
        return found if found.get("properties") else None


def _is_nothing(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "null" or schema.get("enum") == [None]


def table_of(value: Any) -> Mapping[str, Any]:
    """Return a table as it is; whatever else stands there is an empty one."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> Sequence[Any]:
    """Return a list as it is; whatever else stands there is an empty one."""
    return value if isinstance(value, list) else ()
