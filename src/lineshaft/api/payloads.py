"""Does a payload have what its operation declares? Names and kinds of the outermost fields. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.text import Text, text
from lineshaft.sdk import FieldSpec
from lineshaft.security.fields import is_mask


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is wrong: where, and what was expected there."""

    path: str
    message: Text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_KINDS: Final[Mapping[str, tuple[Callable[[object], bool], Text]]] = {
    "string": (lambda value: isinstance(value, str), text("a text", "文本")),
    "number": (_is_number, text("a number", "数字")),
    "boolean": (lambda value: isinstance(value, bool), text("true or false", "true 或 false")),
    "list": (lambda value: isinstance(value, list), text("a list", "列表")),
    "context": (lambda value: isinstance(value, Mapping), text("an object", "对象")),
}
"""FEEL's types that JSON can tell apart; dates and durations are texts in it, which FEEL reads."""


def lacking(fields: Sequence[FieldSpec], payload: Mapping[str, Any]) -> list[Lack]:
    """Return what ``payload`` lacks, in the order of the declaration; unknown fields are let be."""
    found = []
    for field in fields:
        value = payload.get(field.name)
        if value is None:
            if field.required:
                found.append(
                    Lack(
                        field.name,
                        text(
                            "Expected the field `{name}`, but it is missing.",
                            "缺少必填字段 `{name}`。",
                            name=field.name,
                        ),
                    )
                )
            continue
        if is_mask(value):
            # What the caller may not see is there and stays as it is.
            continue
        fits, words = _KINDS.get(field.type, (lambda _: True, text("", "")))
        if not fits(value):
            found.append(
                Lack(
                    field.name,
                    Text(
                        f"Expected {words.in_language('en')} in `{field.name}`.",
                        f"字段 `{field.name}` 应为{words.in_language('zh')}。",
                    ),
                )
            )
    return found
