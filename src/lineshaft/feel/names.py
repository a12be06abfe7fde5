"""Names with spaces and symbols: how they are told apart from operators (DMN 1.5, 10.3.1.4 and 10.3.1.6).

A name is a sequence of words and of the symbols ``. / - ' + *``. Which sequence is *one* name is decided by
the names that are known: from left to right, the longest match wins. A ``Shape`` says which names are known:
the names of a context, each with the shape of what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from lineshaft.feel.types import ContextType, ListType, Type

START_CHARACTERS: Final = (
    r"?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u167F\u1681-\u180D\u180F-\u1FFF"
    r"\u200C-\u200D\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD"
    r"\U00010000-\U000EFFFF"
)
PART_CHARACTERS: Final = START_CHARACTERS + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
SPACE_CHARACTERS: Final = (
    r"\u0009-\u000D\u0020\u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"
)
WORD: Final = re.compile(f"[{START_CHARACTERS}][{PART_CHARACTERS}]*")
NAME_TOKEN: Final = re.compile(f"[{PART_CHARACTERS}]+|[./\\-'’+*]")
_SPACES: Final = re.compile(f"[{SPACE_CHARACTERS}]+")

KEYWORDS: Final = frozenset(
    {
        "and",
        "between",
        "else",
        "every",
        "external",
        "false",
        "for",
        "function",
        "if",
        "in",
        "instance",
        "null",
        "or",
        "return",
        "satisfies",
        "some",
        "then",
        "true",
    }
)

Shape = Mapping[str, Any]
"""The names within a value; each maps to the ``Shape`` of what it holds, or to ``None`` where unknown."""

SHAPE_DEPTH_MAX: Final = 8
SHAPE_NAMES_MAX: Final = 5_000


def tokens_of(name: str) -> tuple[str, ...]:
    """Split a name into its words and symbols; empty where it is none."""
    found: list[str] = []
    position = 0
    while position < len(name):
        space = _SPACES.match(name, position)
        if space is not None:
            position = space.end()
            continue
        match = NAME_TOKEN.match(name, position)
        if match is None:
            return ()
        found.append(match.group())
        position = match.end()
    return tuple(found)


@lru_cache(maxsize=4_096)
def _several_tokens_of(name: str) -> tuple[str, ...]:
    """Split a name that takes more than one token; empty where it does not.

    Each expression has a table of its own, and most of what they know are the same functions.
    """
    if WORD.fullmatch(name) is not None:
        return ()
    tokens = tokens_of(name)
    return tokens if len(tokens) > 1 and WORD.match(tokens[0]) is not None else ()


def is_plain(name: str) -> bool:
    """Tell whether a name is one word that is no keyword, so that it needs no help to be read."""
    return WORD.fullmatch(name) is not None and name not in KEYWORDS


class NameTable:
    """The names of one scope that take more than one token, findable by their first."""

    __slots__ = ("_by_first", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in shape:
            self.add(name)

    def add(self, name: str) -> None:
        """Make a name known."""
        tokens = _several_tokens_of(name)
        if tokens:
            names = self._by_first.setdefault(tokens[0], [])
            names.append((tokens, name))
            names.sort(key=lambda pair: -len(pair[0]))

    def candidates(self, first: str) -> list[tuple[tuple[str, ...], str]]:
        """Return the names that begin with a word, the longest first."""
        return self._by_first.get(first, [])


def shape_of_names(names: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the shape that declared names have; a mapping may give types, shapes or ``None``."""
    if not isinstance(names, Mapping):
        return dict.fromkeys(names)
    return {str(name): shape_of_type(known) for name, known in names.items()}


def shape_of_type(type_: Type | Shape | None) -> dict[str, Any] | None:
    """Return the shape of the values of a type."""
    while isinstance(type_, ListType):
        type_ = type_.item
    if isinstance(type_, ContextType):
        return {key: shape_of_type(item) for key, item in type_.entries} if type_.entries else None
    if isinstance(type_, Mapping):
        return {str(key): shape_of_type(item) for key, item in type_.items()}
    return None


def special_names(context: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """Return the paths of the names within a context that cannot be read without being known.

    Bounded: nothing deeper than ``SHAPE_DEPTH_MAX`` and no more than ``SHAPE_NAMES_MAX`` names are looked at.
    """
    found: set[tuple[str, ...]] = set()
    budget = [SHAPE_NAMES_MAX]
    _collect(context, (), found, budget)
    return frozenset(found)


def _collect(value: Any, path: tuple[str, ...], found: set[tuple[str, ...]], budget: list[int]) -> None:
    if len(path) > SHAPE_DEPTH_MAX or budget[0] <= 0:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            budget[0] -= 1
            if not isinstance(key, str) or budget[0] <= 0:
                continue
            if not is_plain(key):
                found.add((*path, key))
            if item.__class__ in (dict, list) or isinstance(item, Mapping):
                _collect(item, (*path, key), found, budget)
    elif isinstance(value, list | tuple):
        for item in value[:100]:
            budget[0] -= 1
            if isinstance(item, Mapping | list):
                _collect(item, path, found, budget)


def shape_of_paths(paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return the shape that a set of name paths makes."""
    shape: dict[str, Any] = {}
    for path in paths:
        level = shape
        for name in path:
            below = level.get(name)
            if below is None:
                below = level[name] = {}
            level = below
    return shape


def names_below(shape: Shape) -> dict[str, Any]:
    """Return every name within a shape that needs to be known, at whatever depth."""
    found: dict[str, Any] = {}
    stack: list[Any] = [shape]
    while stack and len(found) < SHAPE_NAMES_MAX:
        level = stack.pop()
        if not level:
            continue
        for name, below in level.items():
            if WORD.fullmatch(name) is None:
                found.setdefault(name, below)
            if below:
                stack.append(below)
    return found
