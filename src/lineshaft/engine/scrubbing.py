"""Finding a person in encoded values and taking them out: pure, bytes in and bytes out.

Everything the hub stores as bytes is MessagePack (payloads, variables, the kernel's state and facts), some of
it with encoded values inside. Walked without knowing what it means: a map in which a field that identifies
holds one of the person's values loses all fields that are declared as theirs; elsewhere only the value itself
is replaced. The house's own records are JSON; what is neither is treated as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from lineshaft.sdk.persons import PersonKind

MARK: Final = "[erased]"
LENGTH_MIN: Final = 3
"""Shorter values would be found everywhere."""


class Person:
    """One person, by the values that identify them.

    Args:
        values: An e-mail address, a telephone number, a name, a number in a system.
        kinds: What the active release declares.
    """

    def __init__(self, values: Iterable[str], kinds: Sequence[PersonKind]) -> None:
        self.values = tuple(dict.fromkeys(value.strip() for value in values))
        self._kinds = kinds
        self._plain = {_normal(value) for value in self.values}
        # Longest first, so that a short value does not cut a longer one in two.
        self._pattern = re.compile(
            "|".join(
                rf"(?<!\w){re.escape(text)}(?!\w)"
                for text in sorted(self.texts(), key=lambda text: (-len(text), text))
            ),
            re.IGNORECASE,
        )

    def texts(self) -> list[str]:
        """Return how the values may be written: what a database is asked for."""
        found: dict[str, None] = {}
        for value in self.values:
            digits = re.sub(r"\D", "", value)
            shapes = [value, value.lower(), value.upper(), value.title()]
            if len(digits) >= 7 and not re.search(r"[^\d\s()+./-]", value):
                shapes.append(digits)
                if len(digits) == 11:
                    shapes += [f"{digits[:3]}{mark}{digits[3:7]}{mark}{digits[7:]}" for mark in (" ", "-")]
            found |= dict.fromkeys(shapes)
        return list(found)

    # -- bytes ---------------------------------------------------------------------------------------------

    def look(self, content: bytes | str) -> dict[str, Any]:
        """Return what of ``content`` is about the person: place to value."""
        found: dict[str, Any] = {}
        self._walk(content if isinstance(content, str) else _opened(content)[0], "", found)
        return found

    def scrub(self, content: bytes | str) -> bytes | str | None:
        """Return ``content`` without the person; ``None`` where nothing of them is in it."""
        if isinstance(content, str):
            cleaned = self._pattern.sub(MARK, content)
            return cleaned if cleaned != content else None
        found: dict[str, Any] = {}
        value, encode = _opened(content)
        cleaned_value = self._walk(value, "", found)
        return encode(cleaned_value) if found else None

    # -- values --------------------------------------------------------------------------------------------

    def _walk(self, value: Any, path: str, found: dict[str, Any]) -> Any:
        """Return a value without the person, noting what was theirs."""
        if isinstance(value, dict):
            theirs = self._fields(value)
            out = {}
            for key, item in value.items():
                place = f"{path}.{key}" if path else str(key)
                if key in theirs and item is not None:
                    found[place] = item
                    out[key] = MARK if isinstance(item, str) else None
                else:
                    out[key] = self._walk(item, place, found)
            return out
        if isinstance(value, list):
            return [self._walk(item, f"{path}[{n}]", found) for n, item in enumerate(value)]
        return self._leaf(value, path, found)

    def _leaf(self, value: Any, path: str, found: dict[str, Any]) -> Any:
        if isinstance(value, str):
            cleaned = self._pattern.sub(MARK, value)
            if cleaned != value:
                found[path or "text"] = value
            return cleaned
        if isinstance(value, bytes):
            cleaned_bytes = None
            inner: dict[str, Any] = {}
            if any(text.encode() in value for text in self.texts()):
                inner = self.look(value)
                cleaned_bytes = self.scrub(value)
            found.update({f"{path}:{place}": item for place, item in inner.items()})
            return value if cleaned_bytes is None else cleaned_bytes
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in self._plain:
            found[path] = value
            return None
        return value

    def _fields(self, record: dict[Any, Any]) -> frozenset[str]:
        """Return the fields of a record that are the person's."""
        theirs: frozenset[str] = frozenset()
        for kind in self._kinds:
            for name in kind.identify:
                item = record.get(name)
                if isinstance(item, str | int) and _normal(str(item)) in self._plain:
                    theirs |= kind.erase
        return theirs


def _normal(value: str) -> str:
    value = value.strip().casefold()
    digits = re.sub(r"[\s()+./-]", "", value)
    return digits if digits.isdigit() and len(digits) >= 7 else value


_PACKED: Final = msgspec.msgpack.Encoder()
_JSON: Final = msgspec.json.Encoder()


def _opened(content: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    """Return a stored value as plain maps, lists and leaves, and what writes it again."""
    try:
        # Extension types stay as they are.
        return msgspec.msgpack.decode(content), _PACKED.encode
    except (msgspec.DecodeError, ValueError):
        pass
    if content[:1] in (b"{", b"["):
        try:
            return msgspec.json.decode(content), _JSON.encode
        except (msgspec.DecodeError, ValueError):
            pass
    return content.decode(errors="surrogateescape"), _as_text


def _as_text(value: Any) -> bytes:
    return str(value).encode(errors="surrogateescape")
