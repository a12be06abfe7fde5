"""Shorter manifests that say the same: a protocol's own keys become an HTTP manifest's. Pure.

A protocol over HTTP with fixed ways (OData, JSON-RPC) has a kind of its own whose manifest names only what
differs from system to system. It is read into the manifest that one would write by hand, so that there is one
engine. What is wrong is told with the place of what the user wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.errors import Place
from lineshaft.connectors.http.model import Manifest
from lineshaft.connectors.http.reader import read_root
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml

PASSED: Final = (
    "format", "name", "label", "version", "product", "time_zone", "nulls", "limits", "timeouts", "settings",
    "every_request", "auth", "documents", "webhooks", "check",
)  # fmt: skip
"""Keys of an HTTP manifest that stand in a shorter one as they are."""
USED: Final = "(used)"
"""Under this a lowering names the target's fields that each operation sends or reads."""


def read_lowered(content: bytes, file: str, lower: Callable[[Table, Problems], dict[str, Any]]) -> Manifest:
    """Read a shorter manifest.

    Args:
        content: The file.
        file: Its name.
        lower: Returns the HTTP manifest's keys; values are plain, or nodes of the file.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    lowered: dict[str, Any] = {**taken(root, *PASSED), **lower(root, problems)}
    used: Mapping[str, frozenset[str]] = lowered.pop(USED, {})
    root.done()
    problems.raise_if_any()
    manifest = read_root(Table(placed(lowered, root.place), problems), problems)
    problems.raise_if_any()
    assert manifest is not None, "a manifest without problems is complete"
    # The lowered expressions hold names of functions; what is the target's own, the lowering knows.
    operations = tuple(
        replace(each, fields=used.get(each.name, frozenset())) for each in manifest.spec.operations
    )
    return replace(manifest, spec=replace(manifest.spec, operations=operations))


def placed(value: Any, place: Place) -> Node:
    """Return a plain tree as if it stood at ``place``; nodes in it keep their own."""
    if isinstance(value, Node):
        return value
    if isinstance(value, Mapping):
        return Node({str(key): placed(entry, place) for key, entry in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([placed(entry, place) for entry in value], place)
    if isinstance(value, float):
        value = Decimal(str(value))
    return Node(value, place, quoted=isinstance(value, str))


def at(value: Mapping[str, Any], place: Place) -> Node:
    """Return a plain table with the place of what it was made from."""
    return placed(value, place)


def feel_of(node: Node | None) -> str:
    """Return a tree of expressions as one expression; a key that ends with ``?`` is left out where null."""
    if node is None:
        return "null"
    value = node.value
    if isinstance(value, Mapping):
        fixed = {name: entry for name, entry in value.items() if not name.endswith("?")}
        maybe = {name[:-1]: entry for name, entry in value.items() if name.endswith("?")}
        written = _context(fixed)
        return f"context merge([{written}, only given({_context(maybe)})])" if maybe else written
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(feel_of(entry) for entry in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return "null" if value is None else f"({value})"


def _context(entries: Mapping[str, Node]) -> str:
    return context_of({name: feel_of(entry) for name, entry in entries.items()})


def context_of(entries: Mapping[str, str]) -> str:
    """Return the expression of a context whose entries do not see each other, as FEEL's own do."""
    names = ", ".join(quoted(name) for name in entries)
    return f"context of([{names}], [{', '.join(entries.values())}])"


def quoted(words: str) -> str:
    """Return a text as FEEL writes it."""
    return json.dumps(words, ensure_ascii=False)


def taken(table: Table, *names: str) -> dict[str, Node]:
    """Take keys that mean in an HTTP manifest what they mean here."""
    found = {name: table.take(name) for name in names}
    return {name: node for name, node in found.items() if node is not None}
