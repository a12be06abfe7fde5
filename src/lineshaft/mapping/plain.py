"""Records as plain data: what can stand in JSON and YAML, with exact numbers; and how two of them differ."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lineshaft.feel.numbers import normalised
from lineshaft.feel.temporal import DateTime
from lineshaft.mapping.convert import as_text


def to_plain(value: Any) -> Any:
    """Return a value with dates and times as ISO 8601 texts, numbers as ``Decimal`` and no tuples."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return normalised(value) if value.is_finite() else str(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, DateTime):
        moment = value.to_python()
        return moment.isoformat() if moment is not None else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [to_plain(each) for each in value]
    return str(value)


def differences(
    expected: Any, came: Any, at: str = "", *, partly: bool = False
) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, expected and what came, of two plain values; what is not there is ``None``.

    Args:
        expected: What should be.
        came: What is.
        at: Where both stand.
        partly: Keys that nothing is expected of may be there.
    """
    if isinstance(expected, Mapping) and isinstance(came, Mapping):
        names = list(expected) if partly else list(dict.fromkeys([*expected, *came]))
        for name in names:
            inner = f"{at}.{name}" if at else str(name)
            if (name in expected) != (name in came):
                yield inner, expected.get(name), came.get(name)
            else:
                yield from differences(expected[name], came[name], inner, partly=partly)
    elif isinstance(expected, list) and isinstance(came, list):
        for index in range(max(len(expected), len(came))):
            inner = f"{at}[{index}]"
            if index >= len(expected) or index >= len(came):
                yield inner, (expected[index:] or [None])[0], (came[index:] or [None])[0]
            else:
                yield from differences(expected[index], came[index], inner, partly=partly)
    elif expected != came or isinstance(expected, bool) != isinstance(came, bool):
        yield at, expected, came


def shown(value: Any) -> str:
    """Return a plain value as a short text for a message."""
    if isinstance(value, str):
        return f'"{value[:80]}"'
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(each)}" for key, each in list(value.items())[:6]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(each) for each in value[:6]) + "]"
    return as_text(value)
