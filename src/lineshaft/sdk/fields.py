"""Declared fields of payloads and records: ``name: type``, ``name: type!`` (required), or a table. Pure.

The same form in every kind of manifest, because forms and modellers are made from it.
"""

from __future__ import annotations

from typing import Final

from lineshaft.sdk.schema import Table
from lineshaft.sdk.spec import FieldSpec

FIELD_TYPES: Final = (
    "string",
    "number",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "context",
    "list",
    "Any",
)
"""FEEL's types, as a manifest names them."""


def read_fields(table: Table | None) -> tuple[FieldSpec, ...]:
    """Read a table of fields; what is wrong is noted with its place."""
    if table is None:
        return ()
    fields = []
    for name, node in table.entries.items():
        table.asked.append(name)
        if isinstance(node.value, str):
            kind = table.choice(name, (*FIELD_TYPES, *(f"{kind}!" for kind in FIELD_TYPES)))
            required = bool(kind and kind.endswith("!"))
            fields.append(FieldSpec(name, (kind or "Any").removesuffix("!"), None, required))
            continue
        below = Table(node, table.problems)
        kind = below.choice("type", FIELD_TYPES, "Any") or "Any"
        fields.append(FieldSpec(name, kind, below.label("label", name), below.flag("required")))
        below.done()
    return tuple(fields)
