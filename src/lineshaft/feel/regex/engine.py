"""Temporary: patterns go to RE2 as they are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from lineshaft.feel.errors import Fault


class Pattern:
    """A compiled pattern."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups

    def search(self, value: str) -> bool:
        """Tell whether the pattern occurs in a string."""
        return self._compiled.search(value) is not None

    def matches(self, value: str) -> list[list[tuple[int, int]]]:
        """Return the spans of all matches, each with its groups; (-1, -1) for a group that took no part."""
        return [
            [match.span(group) for group in range(self.groups + 1)]
            for match in self._compiled.finditer(value)
        ]


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str) -> Pattern:
    """Compile."""
    letters = "".join(sorted(set(flags) - {"x"}))
    try:
        return Pattern(re2.compile(f"(?{letters})" + pattern if letters else pattern))
    except re2.error as error:
        raise Fault(
            "`{pattern}` is not a regular expression", "`{pattern}` 不是正则表达式", pattern=pattern
        ) from error


def replacement_parts(replacement: str, groups: int) -> list[str | int]:
    """Split a replacement into its texts and group numbers."""
    parts: list[str | int] = []
    position = 0
    while position < len(replacement):
        character = replacement[position]
        following = replacement[position + 1 : position + 2]
        if character == "\\":
            if following not in ("\\", "$") or not following:
                raise Fault(
                    "in a replacement `\\` stands before `\\` or `$`",
                    "替换文本中 `\\` 之后只能是 `\\` 或 `$`",
                )
            parts.append(following)
            position += 2
        elif character == "$":
            if not ("0" <= following <= "9"):
                raise Fault("in a replacement `$` stands before a digit", "替换文本中 `$` 之后必须是数字")
            end = position + 2
            number = int(following)
            while end < len(replacement) and "0" <= replacement[end] <= "9":
                longer = number * 10 + int(replacement[end])
                if longer > groups:
                    break
                number, end = longer, end + 1
            if number <= groups:
                parts.append(number)
            position = end
        else:
            parts.append(character)
            position += 1
    return parts
