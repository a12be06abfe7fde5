"""Compiling and matching XPath regular expressions.

A pattern is read (``syntax``) and written again for RE2, which matches in time linear in the string. Only a
pattern with back-references goes to the small backtracking matcher, which counts its steps
(``backtracking``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any as AnyValue
from typing import Final

import re2  # type: ignore[import-untyped]

from lineshaft.feel.errors import Fault
from lineshaft.feel.regex import syntax
from lineshaft.feel.regex.backtracking import STEPS_MAX, Program
from lineshaft.feel.regex.classes import CharacterClass

FLAGS: Final = frozenset("smixq")
_ANY_BUT_NEWLINE: Final = r"[^\n]"

Spans = list[tuple[int, int]]
"""Begin and end of the match and of each group; (-1, -1) for a group that took no part."""


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_compiled", "_program", "groups")

    def __init__(self, compiled: AnyValue, program: Program | None, groups: int) -> None:
        self._compiled = compiled
        self._program = program
        self.groups = groups

    def search(self, value: str) -> bool:
        """Tell whether the pattern occurs in a string."""
        if self._program is not None:
            return self._program.match(value, 0, [STEPS_MAX]) is not None
        try:
            return self._compiled.search(value) is not None
        except UnicodeError:
            raise Fault("the string has a lone surrogate", "字符串含有孤立的代理字符") from None

    def matches(self, value: str) -> list[Spans]:
        """Return the spans of all matches that do not overlap, from left to right."""
        if self._program is not None:
            return self._matches_back(self._program, value)
        try:
            return [
                [match.span(group) for group in range(self.groups + 1)]
                for match in self._compiled.finditer(value)
            ]
        except UnicodeError:
            raise Fault("the string has a lone surrogate", "字符串含有孤立的代理字符") from None

    def _matches_back(self, program: Program, value: str) -> list[Spans]:
        budget = [STEPS_MAX]
        found: list[Spans] = []
        position = 0
        while position <= len(value):
            spans = program.match(value, position, budget)
            if spans is None:
                break
            found.append(spans)
            position = spans[0][1] if spans[0][1] > spans[0][0] else spans[0][1] + 1
        return found


@lru_cache(maxsize=128)
def compile_pattern(pattern: str, flags: str) -> Pattern:
    """Compile a pattern of the XPath flavour.

    Raises:
        Fault: Where the pattern or a flag is not one.
    """
    unknown = set(flags) - FLAGS
    if unknown:
        raise Fault("there is no flag `{flag}`", "没有标志 `{flag}`", flag=min(unknown))
    if "q" in flags:
        node: syntax.Node = syntax.Sequence(tuple(syntax.Char(ord(character)) for character in pattern))
        reader = None
    else:
        reader = syntax.Reader(pattern, extended="x" in flags)
        node = reader.read()
    groups = 0 if reader is None else reader.groups
    if reader is not None and reader.has_back:
        return Pattern(None, Program(node, groups, flags), groups)
    letters = "".join(letter for letter in "im" if letter in flags and not (letter == "m" and "q" in flags))
    written = (f"(?{letters})" if letters else "") + _written(node, "s" in flags)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return Pattern(re2.compile(written, options), None, groups)
    except (re2.error, UnicodeError):
        raise Fault(
            "`{pattern}` is too large a regular expression",
            "正则表达式 `{pattern}` 过大",
            pattern=pattern[:80],
        ) from None


def _written(node: syntax.Node, dot_all: bool) -> str:
    """Return a pattern as RE2 writes it."""
    if isinstance(node, syntax.Char):
        return _character(node.code)
    if isinstance(node, CharacterClass):
        return node.for_re2()
    if isinstance(node, syntax.Any):
        return r"(?s:.)" if dot_all else _ANY_BUT_NEWLINE
    if isinstance(node, syntax.Anchor):
        return "^" if node.is_start else "$"
    if isinstance(node, syntax.Sequence):
        return "".join(_written(part, dot_all) for part in node.parts) or "(?:)"
    if isinstance(node, syntax.Choice):
        return f"(?:{'|'.join(_written(option, dot_all) for option in node.options)})"
    if isinstance(node, syntax.Group):
        return f"({'?:' if node.number is None else ''}{_written(node.body, dot_all)})"
    if isinstance(node, syntax.Repeat):
        most = "" if node.most is None else str(node.most)
        lazy = "" if node.greedy else "?"
        return f"(?:{_written(node.body, dot_all)}){{{node.least},{most}}}{lazy}"
    raise AssertionError("RE2 has no back-references")


def _character(code: int) -> str:
    character = chr(code)
    return character if character.isalnum() and code < 128 else f"\\x{{{code:X}}}"


def replacement_parts(replacement: str, groups: int) -> list[str | int]:
    """Split a replacement into its texts and the numbers of the groups it refers to.

    Raises:
        Fault: Where a backslash or a dollar sign stands before something else than the flavour allows.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(replacement):
        character = replacement[position]
        following = replacement[position + 1 : position + 2]
        if character == "\\":
            if following not in ("\\", "$"):
                raise Fault(
                    "in a replacement `\\` stands before `\\` or `$`",
                    "替换文本中 `\\` 之后只能是 `\\` 或 `$`",
                )
            parts.append(following)
            position += 2
        elif character == "$":
            position = _group_reference(replacement, position, groups, parts)
        else:
            parts.append(character)
            position += 1
    return parts


def _group_reference(replacement: str, position: int, groups: int, parts: list[str | int]) -> int:
    """Read ``$n``: as many digits as still name a group; a group that is not there gives nothing."""
    following = replacement[position + 1 : position + 2]
    if not "0" <= following <= "9":
        raise Fault("in a replacement `$` stands before a digit", "替换文本中 `$` 之后必须是数字")
    number, end = int(following), position + 2
    while end < len(replacement) and "0" <= replacement[end] <= "9":
        longer = number * 10 + int(replacement[end])
        if longer > groups:
            break
        number, end = longer, end + 1
    if number <= groups:
        parts.append(number)
    return end
