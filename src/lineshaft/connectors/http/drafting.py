"""First manifests: values that a program found become a file that a person goes on with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from textwrap import wrap
from typing import Any

import yaml

from lineshaft.sdk.spec import FieldSpec


@dataclass(slots=True)
class DraftResource:
    """A resource of a first manifest."""

    name: str
    fields: tuple[FieldSpec, ...] = ()
    read: dict[str, Any] | None = None
    changes: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A first manifest."""

    name: str
    auth: Mapping[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)
    check: dict[str, Any] | None = None
    resources: list[DraftResource] = field(default_factory=list)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the file: keys in the order in which one reads them, notes and samples as comments."""
        parts = [*(f"# {note}\n" for note in self.notes), "format: 1\n", f"name: {self.name}\n"]
        if self.auth:
            parts.append(_block({"auth": dict(self.auth)}))
        if self.answers:
            parts.append(_block({"answers": self.answers}))
        if self.check:
            parts.append(_block({"check": self.check}))
        if self.operations:
            parts.append(_block({"operations": self.operations}))
        if self.resources:
            parts.append("resources:\n")
        for resource in self.resources:
            parts.append(_resource(resource))
        return "".join(parts)


def _resource(resource: DraftResource) -> str:
    lines = [f"  # {line}\n" for note in resource.notes for line in wrap(note, 100)]
    lines.append(f"  {resource.name}:\n")
    if resource.fields:
        lines.append("    # Each field with its type (! where every record has it) and a value.\n")
        lines.append("    fields:\n")
        lines += [_field(spec) for spec in resource.fields]
        lines.append(
            "    # strict: true    # stop the flow where one of them goes away or changes its type\n"
        )
    for key, table in (("read", resource.read), ("changes", resource.changes)):
        if table:
            lines.append(_indented(_block({key: table}), 4))
    return "".join(lines)


def _field(spec: FieldSpec) -> str:
    mark = "!" if spec.required else ""
    sample = " ".join(spec.sample.split())
    shown = f"  # {sample}" if sample else ""
    return f"      {_key(spec.name)}: {spec.type}{mark}{shown}\n"


def _key(name: str) -> str:
    return str(yaml.safe_dump({name: 0}, allow_unicode=True)).partition(": 0")[0]


def _indented(block: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in block.splitlines())


def _block(value: Any) -> str:
    written: str = yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True, width=100)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Decimal) else value
