"""Reading regular expressions in the flavour of XPath and XQuery Functions and Operators, 7.6.1 (5.6.1
in 3.1).

That is the XML Schema flavour with anchors, reluctant quantifiers, back-references and non-capturing groups.
What it does not have (look-around, ``\\b``, possessive quantifiers, in-line flags) is an error, as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lineshaft.feel.errors import Fault
from lineshaft.feel.regex.classes import (
    BLOCKS,
    CATEGORIES,
    ESCAPED_CLASSES,
    CharacterClass,
    complement,
    merged,
)

REPEAT_MAX: Final = 1000
DEPTH_MAX: Final = 50
PATTERN_CHARACTERS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Char:
    """One character."""

    code: int


@dataclass(frozen=True, slots=True)
class Any:
    """``.``."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """``^`` or ``$``."""

    is_start: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group; ``number`` is ``None`` for one that does not capture."""

    number: int | None
    body: Node


@dataclass(frozen=True, slots=True)
class Back:
    """``\\1``: what a group has matched."""

    number: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A quantified part."""

    body: Node
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts in a row."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives."""

    options: tuple[Node, ...]


Node = Char | Any | Anchor | Group | Back | Repeat | Sequence | Choice | CharacterClass

_SINGLE: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE: Final = frozenset("\\|.-^?*+{}()[]$")
_SPECIAL: Final = frozenset("{}[]()?*+|")


class Reader:
    """One reading of one pattern."""

    def __init__(self, pattern: str, *, extended: bool = False) -> None:
        if len(pattern) > PATTERN_CHARACTERS_MAX:
            raise Fault("the pattern is too long", "正则表达式过长")
        self.pattern = _without_space(pattern) if extended else pattern
        self.position = 0
        self.depth = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.has_back = False

    def read(self) -> Node:
        """Read the whole pattern."""
        node = self._choice()
        if self.position < len(self.pattern):
            raise self._error()
        return node

    def _error(self) -> Fault:
        return Fault(
            "`{pattern}` is not a regular expression (at character {at})",
            "`{pattern}` 不是正则表达式（第 {at} 个字符）",
            pattern=self.pattern[:80],
            at=self.position + 1,
        )

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def _choice(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self._error()
        options = [self._sequence()]
        while self._peek() == "|":
            self.position += 1
            options.append(self._sequence())
        self.depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._piece())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _piece(self) -> Node:
        atom = self._atom()
        quantifier = self._peek()
        if quantifier in ("?", "*", "+"):
            self.position += 1
            least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}[quantifier]
        elif quantifier == "{":
            least, most = self._counts()
        else:
            return atom
        greedy = self._peek() != "?"
        if not greedy:
            self.position += 1
        return Repeat(atom, least, most, greedy)

    def _counts(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.position)
        inside = self.pattern[self.position + 1 : end] if end > 0 else ""
        low, comma, high = inside.partition(",")
        if not low.isascii() or not low.isdigit() or (high and not (high.isascii() and high.isdigit())):
            raise self._error()
        least = int(low[:9])
        most = least if not comma else int(high[:9]) if high else None
        if least > REPEAT_MAX or (most is not None and (most > REPEAT_MAX or most < least)):
            raise self._error()
        self.position = end + 1
        return least, most

    def _atom(self) -> Node:
        character = self._peek()
        if character == "(":
            return self._group()
        if character == "[":
            self.position += 1
            return self._class()
        if character == "\\":
            return self._escape()
        if character in _SPECIAL:
            raise self._error()
        self.position += 1
        if character == ".":
            return Any()
        if character in ("^", "$"):
            return Anchor(character == "^")
        return Char(ord(character))

    def _group(self) -> Node:
        self.position += 1
        number: int | None = None
        if self.pattern.startswith("?:", self.position):
            self.position += 2
        else:
            self.groups += 1
            number = self.groups
        body = self._choice()
        if self._peek() != ")":
            raise self._error()
        self.position += 1
        if number is not None:
            self.closed.add(number)
        return Group(number, body)

    def _escape(self) -> Node:
        following = self.pattern[self.position + 1 : self.position + 2]
        if "1" <= following <= "9":
            return self._back_reference()
        found = self._escaped()
        return found if isinstance(found, CharacterClass) else Char(found)

    def _back_reference(self) -> Node:
        self.position += 1
        number = int(self.pattern[self.position])
        self.position += 1
        while self.pattern[self.position : self.position + 1].isdigit():
            longer = number * 10 + int(self.pattern[self.position])
            if longer > self.groups:
                break
            number = longer
            self.position += 1
        if number not in self.closed:
            raise self._error()
        self.has_back = True
        return Back(number)

    def _escaped(self) -> int | CharacterClass:
        """Read an escape; the position is at the backslash."""
        following = self.pattern[self.position + 1 : self.position + 2]
        if following and following in "pP":
            return self._category(negated=following == "P")
        if following in ESCAPED_CLASSES:
            self.position += 2
            return ESCAPED_CLASSES[following]
        if following in _SINGLE or following in _ESCAPABLE:
            self.position += 2
            return ord(_SINGLE.get(following, following))
        raise self._error()

    def _category(self, *, negated: bool) -> CharacterClass:
        end = self.pattern.find("}", self.position)
        if self.pattern[self.position + 2 : self.position + 3] != "{" or end < 0:
            raise self._error()
        name = self.pattern[self.position + 3 : end]
        if name in CATEGORIES:
            self.position = end + 1
            return CharacterClass((), ((name, negated),))
        block = BLOCKS.get(name[2:]) if name.startswith("Is") else None
        if block is None:
            raise self._error()
        self.position = end + 1
        return CharacterClass(complement((block,)) if negated else (block,))

    def _class(self) -> CharacterClass:
        """Read a class; the position is behind its opening bracket."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self._error()
        negated = self.pattern[self.position : self.position + 1] == "^"
        if negated:
            self.position += 1
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        less: CharacterClass | None = None
        is_empty = True
        while True:
            character = self.pattern[self.position : self.position + 1]
            if not character or (character == "]" and is_empty):
                raise self._error()
            if character == "]":
                self.position += 1
                break
            if (
                character == "-"
                and self.pattern[self.position + 1 : self.position + 2] == "["
                and not is_empty
            ):
                self.position += 2
                less = self._class()
                if self.pattern[self.position : self.position + 1] != "]":
                    raise self._error()
                self.position += 1
                break
            self._class_item(ranges, categories)
            is_empty = False
        self.depth -= 1
        return CharacterClass(merged(ranges), tuple(categories), negated, less)

    def _class_item(self, ranges: list[tuple[int, int]], categories: list[tuple[str, bool]]) -> None:
        low = self._class_character()
        if isinstance(low, CharacterClass):
            ranges.extend(low.ranges)
            categories.extend(low.categories)
            return
        following = self.pattern[self.position : self.position + 2]
        if following[:1] != "-" or following[1:] in ("]", "[", ""):
            ranges.append((low, low))
            return
        self.position += 1
        high = self._class_character()
        if isinstance(high, CharacterClass) or high < low:
            raise self._error()
        ranges.append((low, high))

    def _class_character(self) -> int | CharacterClass:
        character = self.pattern[self.position : self.position + 1]
        if character == "\\":
            return self._escaped()
        if character in ("[", ""):
            raise self._error()
        self.position += 1
        return ord(character)


def _without_space(pattern: str) -> str:
    """Return a pattern without its white space (flag ``x``); within classes it stays."""
    kept: list[str] = []
    depth = 0
    is_escaped = False
    for character in pattern:
        if character in "\t\n\r " and depth == 0:
            continue
        if not is_escaped:
            depth += (character == "[") - (character == "]" and depth > 0)
        is_escaped = character == "\\" and not is_escaped
        kept.append(character)
    return "".join(kept)
