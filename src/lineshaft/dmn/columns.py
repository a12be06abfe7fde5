"""One column of a decision table: which rules does a value leave in the running?

The answer is a set of rules as the bits of an int (bit 0 is the first rule). Cells that only name literals
(strings, numbers, booleans, bounds of numbers) are put into an index when the table is compiled: an index
entry is found by running the cells' own tests on one value of every class that they tell apart, so that the
index cannot mean anything else than the cells do. All other cells are run, each distinct text once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Place
from lineshaft.dmn.code import Scope
from lineshaft.dmn.evaluation import Evaluation
from lineshaft.feel import tree
from lineshaft.feel.numbers import CONTEXT

Mask = Callable[[Any, Scope, Evaluation, int], int]
"""From a value, the scope, the evaluation and the rules still in the running: those that remain."""

_OTHER: Final = "\ufffe other"
"""A string that no cell names."""


class Cell:
    """One distinct cell of a column: its tests, its rules, where it first stands."""

    __slots__ = ("place", "rules", "tests")

    def __init__(self, tests: feel.UnaryTests, rules: int, place: Place) -> None:
        self.tests = tests
        self.rules = rules
        self.place = place


def literals_of(tests: feel.UnaryTests) -> list[Any] | None:
    """Return the literals that tests are made of; ``None`` where they hold anything else."""
    found: list[Any] = []
    for node in tests.tree.tests:
        match node:
            case tree.String(value=value) | tree.Number(value=value) | tree.Boolean(value=value):
                found.append(value)
            case tree.OperatorTest(endpoint=tree.Number(value=value)):
                found.append(value)
            case tree.OperatorTest(operator="=" | "!=", endpoint=tree.String(value=value)):
                found.append(value)
            case tree.Interval(start=tree.Number(value=low), end=tree.Number(value=high)):
                found += [low, high]
            case tree.Null():
                pass
            case _:
                return None
    return found


def column_mask(cells: Iterable[Cell], anything: int) -> Mask:
    """Return the function of a column; ``anything`` are the rules that have no test here."""
    indexed: list[Cell] = []
    general: list[Cell] = []
    for cell in cells:
        found = literals_of(cell.tests)
        if found is None:
            general.append(cell)
        else:
            indexed.append(cell)
    if not general and not indexed:
        return lambda value, scope, ev, alive: alive & anything
    index = _Index(indexed, anything)
    if not general:
        return lambda value, scope, ev, alive: alive & index.mask(value)
    return _general(general, index)


def _general(cells: list[Cell], index: _Index) -> Mask:
    runs = [(cell.tests.evaluate_in, cell.rules, cell.place) for cell in cells]

    def mask(value: Any, scope: Scope, ev: Evaluation, alive: int) -> int:
        passed = index.mask(value)
        runtime = ev.runtime
        warnings = runtime.warnings
        assert warnings is not None
        # What is undefined for null does not match; only that a value is of the wrong kind is told.
        quiet = value is None
        for run, rules, place in runs:
            if not rules & alive:
                continue
            mark = len(warnings)
            if run(value, scope, runtime):
                passed |= rules
            if len(warnings) > mark:
                if quiet:
                    del warnings[mark:]
                else:
                    ev.drain(mark, place)
        return alive & passed

    return mask


def _samples(numbers: list[Decimal], position: dict[Decimal, int]) -> Iterator[tuple[Decimal | None, int]]:
    """Yield a value of each stretch that numbers make (``None``: too close), and its first segment."""
    if not numbers:
        yield Decimal(0), 0
        return
    yield CONTEXT.subtract(numbers[0], Decimal(1)), 0
    for place, bound in enumerate(numbers):
        yield bound, position[bound]
        if place + 1 < len(numbers):
            middle = CONTEXT.divide(CONTEXT.add(bound, numbers[place + 1]), Decimal(2))
            yield (middle if bound < middle < numbers[place + 1] else None), position[bound] + 1
        else:
            above = CONTEXT.add(bound, Decimal(1))
            yield (above if above > bound else None), position[bound] + 1


class _Index:
    """The masks of cells made of literals, by value."""

    __slots__ = ("anything", "at_null", "booleans", "cells", "numbers", "other", "segments", "strings")

    def __init__(self, cells: list[Cell], anything: int) -> None:
        self.cells = [(cell.tests, cell.rules) for cell in cells]
        self.anything = anything
        self.other = self._run(_OTHER)
        self.strings: dict[str, int] = {}
        self.booleans = (self._run(False), self._run(True))
        self.at_null = self._run(None)
        bounds: set[Decimal] = set()
        own: list[tuple[Cell, list[Decimal]]] = []
        for cell in cells:
            values = literals_of(cell.tests) or []
            numbers = sorted({value for value in values if value.__class__ is Decimal})
            own.append((cell, numbers))
            bounds.update(numbers)
            self._index_strings(cell, {value for value in values if value.__class__ is str})
        self.numbers: list[Decimal] = sorted(bounds)
        self.segments = self._segments(own)

    def _index_strings(self, cell: Cell, values: set[str]) -> None:
        """Enter where a cell answers otherwise than for a string that nobody names."""
        usually = bool(cell.tests.evaluate(_OTHER))
        for value in values:
            self.strings.setdefault(value, self.other)
            if bool(cell.tests.evaluate(value)) is not usually:
                self.strings[value] ^= cell.rules

    def _segments(self, cells: list[tuple[Cell, list[Decimal]]]) -> list[int] | None:
        """Return the rules below the first number, at it, between it and the next, and so on.

        A cell changes its answer only at its own numbers: it is run there and once in between, and the
        changes are added up from the left.
        """
        position = {number: 2 * place + 1 for place, number in enumerate(self.numbers)}
        changes = [0] * (2 * len(self.numbers) + 2)
        changes[0] = self.anything
        for cell, numbers in cells:
            before = False
            for value, start in _samples(numbers, position):
                if value is None:
                    return None
                now = bool(cell.tests.evaluate(value))
                if now is not before:
                    changes[start] ^= cell.rules
                before = now
        found, mask = [], 0
        for change in changes[:-1]:
            mask ^= change
            found.append(mask)
        return found

    def _run(self, value: Any) -> int:
        passed = self.anything
        for tests, rules in self.cells:
            if tests.evaluate(value):
                passed |= rules
        return passed

    def mask(self, value: Any) -> int:
        """Return the rules whose cell in this index passes, and those that have no test."""
        kind = value.__class__
        if kind is str:
            return self.strings.get(value, self.other)
        if kind is Decimal and self.segments is not None:
            bounds = self.numbers
            position = bisect_left(bounds, value)
            if position < len(bounds) and bounds[position] == value:
                return self.segments[2 * position + 1]
            return self.segments[2 * position]
        if kind is bool:
            return self.booleans[value]
        if value is None:
            return self.at_null
        return self._run(value)
