"""One evaluation of a model: what it was given, what it has found out so far, what went wrong.

Nothing is evaluated twice within one. Errors never stop it: the value concerned is null and the error is
kept. The bounds of FEEL hold for the evaluation as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import Text
from lineshaft.feel.errors import Warning as FeelWarning

ERRORS_MAX: Final = 1_000
"""Errors that one evaluation keeps; later ones are dropped."""

Key = tuple[str, str]
"""An element: the namespace of its model and its id."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an evaluation gave.

    Attributes:
        value: The value of the decision that was asked for; a FEEL value.
        errors: Everything that was turned into null on the way, each with its place.
        decisions: The value of each decision that was evaluated, by its name.
        matched: The numbers (from 1) of the rules that matched, in the order of the table, in the table
            that answered: the decision's own, or else the last one that was evaluated.
        rules: The same for every table that was evaluated, by the name of its decision or knowledge model.
    """

    value: Any
    errors: list[Problem] = field(default_factory=list)
    decisions: dict[str, Any] = field(default_factory=dict)
    matched: tuple[int, ...] = ()
    rules: dict[str, tuple[int, ...]] = field(default_factory=dict)


class Evaluation:
    """The state of one evaluation; a decision service that is called gets one within it."""

    __slots__ = ("decisions", "errors", "functions", "inputs", "last", "rules", "runtime", "values")

    def __init__(self, inputs: Mapping[str, Any], runtime: feel.Runtime, outer: Evaluation | None) -> None:
        self.inputs = inputs
        self.runtime = runtime
        self.values: dict[Key, Any] = {}
        self.last = ""
        if outer is None:
            self.errors: list[Problem] = []
            self.functions: dict[Key, feel.Function] = {}
            self.decisions: dict[str, Any] = {}
            self.rules: dict[str, tuple[int, ...]] = {}
        else:
            self.errors, self.functions = outer.errors, outer.functions
            self.decisions, self.rules = {}, outer.rules

    def error(self, code: str, message: Text, place: Place, hint: Text | None = None) -> None:
        """Keep an error."""
        if not self.runtime.muted and len(self.errors) < ERRORS_MAX:
            self.errors.append(Problem(f"dmn_{code}", message, place, hint=hint))

    def fault(self, fault: feel.Fault, place: Place) -> None:
        """Keep what a conversion or a function says."""
        self.error("value", fault.text, place, fault.hint)

    def drain(self, mark: int, place: Place) -> None:
        """Take over the warnings of FEEL behind ``mark``, with their place in the file."""
        warnings = self.runtime.warnings
        assert warnings is not None
        found: list[FeelWarning] = warnings[mark:]
        del warnings[mark:]
        for warning in found:
            line, column = warning.position.line, warning.position.column
            if place.line is not None and line is not None:
                line += place.line - 1
            where = Place(file=place.file, line=line, column=column, element=place.element)
            if len(self.errors) < ERRORS_MAX:
                self.errors.append(Problem("dmn_null", warning.text, where, hint=warning.hint))

    def matched_rules(self, owner: str, numbers: tuple[int, ...]) -> None:
        """Keep which rules of a table matched."""
        self.rules[owner] = numbers
        self.last = owner


def number(value: int) -> Decimal:
    """Return a count as a number of FEEL."""
    return Decimal(value)
