"""Rows of a connector's reference page, from its declaration. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lineshaft.sdk.spec import FieldSpec


def settings_row(name: str, fields: Iterable[FieldSpec]) -> str:
    """Return one row of a table: the settings of a connection, in both languages, ``?`` where optional."""
    shown = []
    for field in fields:
        label = f" ({field.label.in_language('en')} {field.label.in_language('zh')})" if field.label else ""
        shown.append(f"`{field.name}`{'' if field.required else '?'}{label}")
    return f"| {name} | {', '.join(shown)} |"
