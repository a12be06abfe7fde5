"""The simplest expressions without the interpreter: a path, a fixed text, texts joined. Pure.

Most of what a manifest computes for every record is ``item.number`` or ``item.code + "/" + item.changed``.
For these a plain look into the values gives what FEEL gives, many times faster. Where the values are not as
plain as expected the shortcut stands aside (``ASIDE``), and the expression is evaluated as ever: it never
decides what is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

Shortcut = Callable[[Mapping[str, Any]], Any]
Kinds = frozenset[type]


class _Aside:
    """Says that the expression is to be evaluated as ever."""


ASIDE: Final = _Aside()
_PLAIN: Final[Kinds] = frozenset({str, bool, type(None), dict, list})
"""What FEEL hands on as it is; numbers become decimals of its own."""
_COUNTING: Final[Kinds] = _PLAIN | {int}
_WORD: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*\Z")
_TEXT: Final = re.compile(r'"([^"\\]*)"\Z')
_STRING: Final = re.compile(rf"string\(\s*({_WORD}(?:\.{_WORD})*)\s*\)\Z")
_KEYWORDS: Final = frozenset(
    {"true", "false", "null", "if", "then", "else", "for", "return", "some", "every", "in", "function", "not"}
    | {"and", "or", "between", "satisfies", "instance", "of", "external"}
)


def shortcut(source: str) -> Shortcut | None:
    """Return how an expression can be read from plain values, or ``None``."""
    written = source.strip()
    if '"' not in written.replace('"', "", 1) and "+" not in written:
        return _path(written)
    parts = [part.strip() for part in _split(written)]
    if len(parts) == 1:
        found = _TEXT.match(parts[0])
        return _fixed(found[1]) if found is not None else None
    readers = [_part(part) for part in parts]
    return _joined([each for each in readers if each is not None]) if all(readers) else None


def _split(written: str) -> list[str]:
    """Split at each ``+`` that stands outside of quotes."""
    parts, current, quoted = [], "", False
    for character in written:
        if character == '"':
            quoted = not quoted
        if character == "+" and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


@lru_cache(maxsize=1024)
def counter(source: str) -> Shortcut | None:
    """Return how a path is read where a whole number may stay as it is (a cursor)."""
    return _path(source.strip(), _COUNTING)


def _path(written: str, plain: Kinds = _PLAIN) -> Shortcut | None:
    names = written.split(".")
    if not _PATH.match(written) or any(name in _KEYWORDS for name in names):
        return None
    if len(names) == 1:
        return _name(names[0], plain)
    if len(names) == 2:
        return _field(names[0], names[1], plain)
    first, rest = names[0], names[1:]

    def read(values: Mapping[str, Any]) -> Any:
        value = values.get(first, ASIDE)
        for name in rest:
            if type(value) is not dict:
                return ASIDE
            value = value.get(name, ASIDE)
        return value if type(value) in plain else ASIDE

    return read


def _name(name: str, plain: Kinds) -> Shortcut:
    def read(values: Mapping[str, Any]) -> Any:
        value = values.get(name, ASIDE)
        return value if type(value) in plain else ASIDE

    return read


def _field(first: str, second: str, plain: Kinds) -> Shortcut:
    def read(values: Mapping[str, Any]) -> Any:
        value = values.get(first)
        if type(value) is not dict:
            return ASIDE
        value = value.get(second, ASIDE)
        return value if type(value) in plain else ASIDE

    return read


def _fixed(value: str) -> Shortcut:
    return lambda _values: value


def _part(part: str) -> Shortcut | None:
    found = _TEXT.match(part)
    if found is not None:
        return _fixed(found[1])
    called = _STRING.match(part)
    if called is None:
        return _path(part)
    inner = _path(called[1], _COUNTING)
    if inner is None:
        return None

    def read(values: Mapping[str, Any]) -> Any:
        value = inner(values)
        if type(value) is int:
            return str(value)
        return value if type(value) is str else ASIDE

    return read


def _joined(readers: list[Shortcut]) -> Shortcut:
    def read(values: Mapping[str, Any]) -> Any:
        texts = [reader(values) for reader in readers]
        for text in texts:
            if type(text) is not str:
                return ASIDE
        return "".join(texts)

    return read
