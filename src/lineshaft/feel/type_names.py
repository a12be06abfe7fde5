"""From the syntax of a type to the type (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.feel import tree
from lineshaft.feel.types import (
    ANY,
    PRIMITIVES,
    ContextType,
    FunctionType,
    ListType,
    RangeType,
    Type,
)


def resolve_type(node: tree.TypeNode, types: Mapping[str, Any], *, lenient: bool = False) -> Type | None:
    """Return the type that a type expression names, or ``None`` where there is none.

    ``list``, ``range`` and ``function`` need parameters (table 61: ``instance of list`` is null); where
    ``lenient``, as for the parameters of a function, they stand for those of anything.
    """
    if node.name in types and not node.is_generic:
        found: Type = types[node.name]
        return found
    if not node.is_generic:
        if lenient and node.name == "list":
            return ListType(ANY)
        if lenient and node.name in ("range", "function"):
            return ANY
        return PRIMITIVES.get(node.name)
    items = [resolve_type(item, types, lenient=lenient) for item in node.items]
    known = [item for item in items if item is not None]
    if len(known) != len(items):
        return None
    if node.name == "list":
        return ListType(known[0])
    if node.name == "range":
        return RangeType(known[0])
    if node.name == "context":
        return ContextType(tuple(zip(node.keys, known, strict=True)))
    result = None if node.result is None else resolve_type(node.result, types, lenient=lenient)
    return None if result is None else FunctionType(tuple(known), result)
