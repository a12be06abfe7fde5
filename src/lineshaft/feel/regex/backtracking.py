"""A small matcher for patterns with back-references, which RE2 cannot match.

Backtracking may take exponential time; here it counts its steps and gives up. It uses an explicit stack,
so that neither long strings nor nested patterns exhaust Python's.
"""

from __future__ import annotations

from typing import Any, Final

from lineshaft.feel.errors import Fault, LimitReached
from lineshaft.feel.regex import syntax
from lineshaft.feel.regex.classes import CharacterClass, Ranges, complement, contains

STEPS_MAX: Final = 500_000
"""Instructions for one search of one string."""
PROGRAM_MAX: Final = 20_000

_CHAR, _SET, _SPLIT, _JUMP, _SAVE, _BACK, _START, _END, _MARK, _MOVED, _MATCH = range(11)

Instruction = tuple[int, Any, Any]


class Program:
    """A pattern as instructions for the matcher."""

    def __init__(self, node: syntax.Node, groups: int, flags: str) -> None:
        self.groups = groups
        self.ignore_case = "i" in flags
        self.multi_line = "m" in flags
        self.dot_all = "s" in flags
        self.code: list[Instruction] = []
        self.slots = 2 * (groups + 1)
        self._write(node)
        self._add(_MATCH)

    def _add(self, operation: int, first: Any = None, second: Any = None) -> int:
        if len(self.code) >= PROGRAM_MAX:
            raise Fault("the pattern is too large", "正则表达式过大")
        self.code.append((operation, first, second))
        return len(self.code) - 1

    def _write(self, node: syntax.Node) -> None:
        if isinstance(node, syntax.Char):
            code = node.code
            self._add(_SET, self._folded(((code, code),))) if self.ignore_case else self._add(_CHAR, code)
        elif isinstance(node, CharacterClass):
            ranges = node.all_ranges()
            self._add(_SET, ranges)
        elif isinstance(node, syntax.Any):
            self._add(_SET, ((0, 0x10FFFF),) if self.dot_all else complement(((0xA, 0xA),)))
        elif isinstance(node, syntax.Anchor):
            self._add(_START if node.is_start else _END)
        elif isinstance(node, syntax.Back):
            self._add(_BACK, node.number)
        elif isinstance(node, syntax.Sequence):
            for part in node.parts:
                self._write(part)
        elif isinstance(node, syntax.Choice):
            self._write_choice(node)
        elif isinstance(node, syntax.Group):
            if node.number is None:
                self._write(node.body)
            else:
                self._add(_SAVE, 2 * node.number)
                self._write(node.body)
                self._add(_SAVE, 2 * node.number + 1)
        else:
            self._write_repeat(node)

    def _folded(self, ranges: Ranges) -> Ranges:
        found = set()
        for low, _ in ranges:
            character = chr(low)
            for variant in (character, character.lower(), character.upper()):
                if len(variant) == 1:
                    found.add((ord(variant), ord(variant)))
        return tuple(sorted(found))

    def _write_choice(self, node: syntax.Choice) -> None:
        jumps: list[int] = []
        for option in node.options[:-1]:
            split = self._add(_SPLIT)
            self._write(option)
            jumps.append(self._add(_JUMP))
            self.code[split] = (_SPLIT, split + 1, len(self.code))
        self._write(node.options[-1])
        for jump in jumps:
            self.code[jump] = (_JUMP, len(self.code), None)

    def _split(self, at: int, body: int, behind: int, *, greedy: bool) -> None:
        self.code[at] = (_SPLIT, body, behind) if greedy else (_SPLIT, behind, body)

    def _write_repeat(self, node: syntax.Repeat) -> None:
        for _ in range(node.least):
            self._write(node.body)
        if node.most is None:
            slot = self.slots
            self.slots += 1
            split = self._add(_SPLIT)
            self._add(_MARK, slot)
            self._write(node.body)
            self._add(_MOVED, slot)
            self._add(_JUMP, split)
            self._split(split, split + 1, len(self.code), greedy=node.greedy)
            return
        splits: list[int] = []
        for _ in range(node.most - node.least):
            splits.append(self._add(_SPLIT))
            self._write(node.body)
        for split in splits:
            self._split(split, split + 1, len(self.code), greedy=node.greedy)

    def match(self, value: str, start: int, budget: list[int]) -> list[tuple[int, int]] | None:
        """Return the spans of the first match at or behind ``start``."""
        for begin in range(start, len(value) + 1):
            saved = self._match_at(value, begin, budget)
            if saved is not None:
                spans = [(begin, saved[1])]
                for group in range(1, self.groups + 1):
                    low, high = saved[2 * group], saved[2 * group + 1]
                    spans.append((low, high) if low >= 0 and high >= 0 else (-1, -1))
                return spans
        return None

    def _match_at(self, value: str, begin: int, budget: list[int]) -> tuple[int, ...] | None:
        stack: list[tuple[int, int, tuple[int, ...]]] = [(0, begin, (-1,) * self.slots)]
        while stack:
            counter, position, saved = stack.pop()
            while True:
                budget[0] -= 1
                if budget[0] < 0:
                    raise LimitReached("a regular expression takes too long", "正则表达式匹配耗时过长")
                operation, first, second = self.code[counter]
                counter += 1
                if operation == _SPLIT:
                    stack.append((second, position, saved))
                    counter = first
                elif operation == _JUMP:
                    counter = first
                elif operation == _MATCH:
                    return (saved[0], position, *saved[2:])
                elif operation in (_SAVE, _MARK):
                    saved = (*saved[:first], position, *saved[first + 1 :])
                else:
                    moved = self._step(operation, first, value, position, saved)
                    if moved < 0:
                        break
                    position = moved
        return None

    def _step(self, operation: int, first: Any, value: str, at: int, saved: tuple[int, ...]) -> int:
        """Return the position behind what the instruction matches, or -1."""
        if operation == _CHAR:
            return at + 1 if at < len(value) and ord(value[at]) == first else -1
        if operation == _SET:
            return at + 1 if at < len(value) and self._in_set(first, value[at]) else -1
        if operation == _MOVED:
            return at if saved[first] != at else -1
        if operation == _START:
            is_there = at == 0 or (self.multi_line and value[at - 1] == "\n" and at < len(value))
            return at if is_there else -1
        if operation == _END:
            return at if at == len(value) or (self.multi_line and value[at] == "\n") else -1
        number = first
        low, high = saved[2 * number], saved[2 * number + 1]
        wanted = value[low:high] if low >= 0 and high >= 0 else ""
        found = value[at : at + len(wanted)]
        same = found.lower() == wanted.lower() if self.ignore_case else found == wanted
        return at + len(wanted) if same else -1

    def _in_set(self, ranges: Ranges, character: str) -> bool:
        if contains(ranges, ord(character)):
            return True
        if not self.ignore_case:
            return False
        return any(
            len(variant) == 1 and contains(ranges, ord(variant))
            for variant in (character.lower(), character.upper())
        )
