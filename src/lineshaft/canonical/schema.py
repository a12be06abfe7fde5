"""The JSON Schema of the business objects, and their page, from their own declarations. Pure."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Final

import msgspec

from lineshaft.canonical.codes import STATUS_NAMES
from lineshaft.canonical.reading import TYPES

_COMMON: Final = ("custom_1", "custom_2", "custom_3", "custom_4", "custom_5", "extensions")


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema (2020-12) with every business object under ``$defs``, by its class.

    Numbers that must be exact are strings of the format ``decimal``, dates are ISO 8601.
    """
    _, components = msgspec.json.schema_components(TYPES.values(), ref_template="#/$defs/{name}")
    for definition in components.values():
        if "properties" in definition:
            definition["additionalProperties"] = False
        definition.get("properties", {}).pop("__slots__", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lineshaft business objects",
        "oneOf": [
            {"title": name, "$ref": f"#/$defs/{kind.__name__}"} for name, kind in sorted(TYPES.items())
        ],
        "$defs": dict(sorted(components.items())),
    }


def page() -> str:
    """Return the reference page: each object with its meaning and its fields."""
    schema = json_schema()["$defs"]
    lines = [
        "# Business objects\n",
        "What the hub carries between systems, in the words of ISA-95 (production), UBL (trade) and GS1. A",
        "mapping names one as its `from` or `to`. Every object has `custom_1` to `custom_5` and open",
        "`extensions`, which go from end to end; they are not repeated below. Quantities, prices and amounts",
        "are exact decimals, rates and discounts are fractions (0.13 is 13 %). **Bold** fields are required.",
        "[The JSON Schema](canonical.schema.json) says the same for programs.\n",
    ]
    by_file: dict[str, list[str]] = {}
    for name, kind in TYPES.items():
        by_file.setdefault(kind.__module__, []).append(name)
    for module, names in sorted(by_file.items()):
        subject = (inspect.getdoc(sys.modules[module]) or "").split("\n")[0].split(". Pure")[0]
        lines.append(f"## {module.rpartition('.')[2].capitalize()}\n")
        lines.append(f"{subject.removesuffix('.')}.\n")
        for name in names:
            lines += [*_object(name, schema), ""]
    lines += ["## Names of states\n", "| code | English | 中文 |", "|---|---|---|"]
    lines += [f"| `{code}` | {label.en} | {label.zh} |" for code, label in STATUS_NAMES.items()]
    return "\n".join(lines)


def _object(name: str, schema: dict[str, Any]) -> list[str]:
    kind = TYPES[name]
    meaning = (inspect.getdoc(kind) or "").split("\n")[0]
    lines = [f"### `{name}`\n", f"{meaning}\n"]
    waiting, seen = [kind.__name__], set()
    while waiting:
        current = waiting.pop(0)
        seen.add(current)
        definition = schema[current]
        if current != kind.__name__:
            lines.append(f"\n`{current}`:")
        required = set(definition.get("required", ()))
        shown = []
        for field, declared in definition["properties"].items():
            if field in _COMMON:
                continue
            below = [each for each in _references(declared) if each not in seen and each not in waiting]
            waiting += below
            word = f"**`{field}`**" if field in required else f"`{field}`"
            shown.append(f"{word} {_kind(declared)}")
        lines.append("; ".join(shown) + ".")
    return lines


def _references(declared: Any) -> list[str]:
    if isinstance(declared, dict):
        own = [declared["$ref"].rpartition("/")[2]] if "$ref" in declared else []
        return own + [each for value in declared.values() for each in _references(value)]
    if isinstance(declared, list):
        return [each for value in declared for each in _references(value)]
    return []


def _kind(declared: dict[str, Any]) -> str:
    if "$ref" in declared:
        return f"`{declared['$ref'].rpartition('/')[2]}`"
    if "anyOf" in declared:
        kinds = [_kind(each) for each in declared["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds)
    if "enum" in declared:
        return " / ".join(str(each) for each in declared["enum"])
    if declared.get("type") == "array":
        return f"list of {_kind(declared.get('items', {}))}"
    return str(declared.get("format") or declared.get("type", "any"))
