"""What an expression reads, from its syntax tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from lineshaft.feel import tree

Path = tuple[str, ...]


def reads_of(node: Any, names: Collection[str]) -> tuple[Path, ...]:
    """Return the paths that begin with one of ``names``, each once, in the order of the text."""
    return tuple(dict.fromkeys(_reads(node, names)))


def path_of(node: Any, names: Collection[str]) -> Path | None:
    """Return the path that an expression is, where it is no more than that."""
    steps: list[str] = []
    while isinstance(node, tree.Path):
        steps.append(node.name)
        node = node.base
    if isinstance(node, tree.Name) and node.name in names:
        return (node.name, *reversed(steps))
    return None


def _reads(node: Any, names: Collection[str]) -> Iterator[Path]:
    path = path_of(node, names)
    if path is not None:
        yield path
    elif isinstance(node, tuple):
        for each in node:
            yield from _reads(each, names)
    elif is_dataclass(node):
        for each in fields(node):
            yield from _reads(getattr(node, each.name), names)


def is_absent(path: Path, names: Mapping[str, Any]) -> bool:
    """Tell whether there is nothing, or null, at a path."""
    value: Any = names
    for step in path:
        if not isinstance(value, Mapping):
            return False
        value = value.get(step)
        if value is None:
            return True
    return False
