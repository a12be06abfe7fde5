"""What the values of an input column can be, cut into the pieces that its cells tell apart.

A piece (*atom*) is a single value or a stretch of numbers or dates in which every cell answers the same. The
cells' own tests are run on one value of each atom, so that the analysis cannot mean anything else than the
table does. A cell with anything but literals cannot be analysed, and is said to be so.
"""

from __future__ import annotations

import datetime
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.text import Language
from lineshaft.feel import tree
from lineshaft.feel.numbers import CONTEXT
from lineshaft.feel.printer import print_tree
from lineshaft.feel.types import BOOLEAN, DATE, NUMBER, STRING, Type

_OTHER: Final = "\ufffe other"
_KINDS: Final = {str: "string", Decimal: "number", bool: "boolean", datetime.date: "date"}
_TYPES: Final[dict[Any, str]] = {STRING: "string", NUMBER: "number", BOOLEAN: "boolean", DATE: "date"}


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of a domain.

    Attributes:
        sample: A value in it.
        low: Where it begins; ``None`` at the open end. A single value begins and ends with itself.
        high: Where it ends.
        kind: ``string``, ``number``, ``boolean`` or ``date``.
    """

    sample: Any
    low: Any
    high: Any
    kind: str

    @property
    def is_point(self) -> bool:
        """Whether it is a single value."""
        return self.low is not None and self.low is self.high


def literals(tests: feel.UnaryTests) -> list[Any] | None:
    """Return the values that tests name; ``None`` where they cannot be analysed."""
    found: list[Any] = []
    for node in tests.tree.tests:
        below = _values_of(node)
        if below is None:
            return None
        found += below
    return found


def _values_of(node: tree.Node) -> list[Any] | None:
    parts: Sequence[tree.Node]
    match node:
        case tree.Null():
            return []
        case tree.OperatorTest(endpoint=endpoint):
            found = _values_of(endpoint)
            is_order = node.operator not in ("=", "!=")
            if found is None or (
                is_order and any(value.__class__ not in (Decimal, datetime.date) for value in found)
            ):
                return None
            return found
        case tree.Interval(start=start, end=end):
            parts = (start, end)
        case tree.ListNode(items=items):
            parts = items
        case _:
            value = _value_of(node)
            return None if value.__class__ not in _KINDS else [value]
    lists = [_values_of(part) for part in parts]
    values = [value for found in lists for value in found or []]
    if None in lists or (isinstance(node, tree.Interval) and any(isinstance(value, str) for value in values)):
        return None
    return values


def _value_of(node: tree.Node) -> Any:
    match node:
        case tree.Number(value=value) | tree.String(value=value) | tree.Boolean(value=value):
            return value
        case tree.At():
            return feel.evaluate(print_tree(node))
        case tree.Call(function=tree.Name(name="date"), arguments=(tree.String(),)):
            return feel.evaluate(print_tree(node))
        case _:
            return None


def atoms_of(values: Iterable[Any], type_: Type | None, allowed: feel.UnaryTests | None) -> list[Atom] | None:
    """Return the atoms of a column; ``None`` where its values cannot be told apart.

    Args:
        values: What its cells name.
        type_: What the values are, where that is known.
        allowed: What they can be, where that is declared.
    """
    named = set(values)
    extra = None if allowed is None else literals(allowed)
    if allowed is not None and (extra is None or allowed.names):
        return None
    named |= set(extra or [])
    kinds = {_KINDS[value.__class__] for value in named}
    if type_ is not None:
        if type_ not in _TYPES:
            return None
        kinds = {_TYPES[type_]}
    found: list[Atom] = []
    for kind in sorted(kinds):
        of_kind = [value for value in named if _KINDS[value.__class__] == kind]
        made = _MAKERS[kind](of_kind)
        if made is None:
            return None
        found += made
    if allowed is not None:
        found = [atom for atom in found if allowed.evaluate(atom.sample)]
    return found


def _strings(values: list[Any]) -> list[Atom]:
    found = [Atom(value, value, value, "string") for value in sorted(values)]
    return [*found, Atom(_OTHER, None, None, "string")]


def _booleans(values: list[Any]) -> list[Atom]:
    return [Atom(value, value, value, "boolean") for value in (True, False)]


def _numbers(values: list[Any]) -> list[Atom] | None:
    bounds = sorted(values)
    if not bounds:
        return [Atom(Decimal(0), None, None, "number")]
    found = [Atom(CONTEXT.subtract(bounds[0], Decimal(1)), None, bounds[0], "number")]
    for position, bound in enumerate(bounds):
        found.append(Atom(bound, bound, bound, "number"))
        above = bounds[position + 1] if position + 1 < len(bounds) else None
        middle = (
            CONTEXT.add(bound, Decimal(1))
            if above is None
            else CONTEXT.divide(CONTEXT.add(bound, above), Decimal(2))
        )
        if not bound < middle or (above is not None and not middle < above):
            return None
        found.append(Atom(middle, bound, above, "number"))
    return found


def _dates(values: list[Any]) -> list[Atom] | None:
    bounds = sorted(values)
    day = datetime.timedelta(days=1)
    if not bounds:
        return [Atom(datetime.date(2000, 1, 1), None, None, "date")]
    if bounds[0] == datetime.date.min or bounds[-1] == datetime.date.max:
        return None
    found = [Atom(bounds[0] - day, None, bounds[0], "date")]
    for position, bound in enumerate(bounds):
        found.append(Atom(bound, bound, bound, "date"))
        above = bounds[position + 1] if position + 1 < len(bounds) else None
        if above is None or bound + day < above:
            found.append(Atom(bound + day, bound, above, "date"))
    return found


_MAKERS: Final[dict[str, Any]] = {
    "string": _strings,
    "boolean": _booleans,
    "number": _numbers,
    "date": _dates,
}


def taken(tests: feel.UnaryTests, atoms: list[Atom]) -> int:
    """Return the atoms that pass tests, as bits.

    Tests change their answer only at the values that they name: they are run there and once in between.
    """
    if not tests.tree.tests:
        return (1 << len(atoms)) - 1
    named = literals(tests) or []
    found = start = 0
    while start < len(atoms):
        kind = atoms[start].kind
        end = start
        while end < len(atoms) and atoms[end].kind == kind:
            end += 1
        own = {value for value in named if _KINDS[value.__class__] == kind}
        block = atoms[start:end]
        if kind in ("number", "date"):
            found |= _ordered(tests, block, sorted(own)) << start
        else:
            usually = tests.evaluate(_OTHER) is True if kind == "string" else False
            for position, atom in enumerate(block, start):
                is_own = kind == "boolean" or (atom.is_point and atom.sample in own)
                if (tests.evaluate(atom.sample) is True) if is_own else usually:
                    found |= 1 << position
        start = end
    return found


def _ordered(tests: feel.UnaryTests, block: list[Atom], own: list[Any]) -> int:
    """Return which atoms of a scale pass; ``own`` are the values at which the tests may change."""
    samples = [atom.sample for atom in block]
    cuts = [0]
    for value in own:
        cuts += [bisect_left(samples, value), bisect_right(samples, value)]
    cuts.append(len(block))
    found = 0
    for low, high in itertools.pairwise(cuts):
        if low < high and tests.evaluate(samples[low]) is True:
            found |= (1 << high) - (1 << low)
    return found


def words(atoms: list[Atom], chosen: int, language: Language) -> str:
    """Say which values the chosen atoms (bits) are, in FEEL where it has words for them."""
    zh = language == "zh"
    if chosen == (1 << len(atoms)) - 1:
        return "任意值" if zh else "anything"
    parts: list[str] = []
    run: list[Atom] = []
    for position, atom in enumerate([*atoms, None]):
        is_in = atom is not None and bool(chosen >> position & 1)
        if (
            is_in
            and atom is not None
            and run
            and atom.kind in ("number", "date")
            and run[-1].kind == atom.kind
        ):
            run.append(atom)
            continue
        if run:
            parts.append(_stretch(run, zh))
        run = [atom] if is_in and atom is not None else []
    return ", ".join(parts)


def _stretch(run: list[Atom], zh: bool) -> str:
    first, last = run[0], run[-1]
    if first.kind == "string" and not first.is_point:
        return "其他文本" if zh else "any other text"
    if len(run) == 1 and first.is_point:
        return feel.to_text(first.sample)
    low, high = first.low, last.high
    if low is None and high is None:
        return "任意值" if zh else "anything"
    if low is None:
        return f"{'<=' if last.is_point else '<'} {feel.to_text(high)}"
    if high is None:
        return f"{'>=' if first.is_point else '>'} {feel.to_text(low)}"
    opening, closing = "[" if first.is_point else "(", "]" if last.is_point else ")"
    return f"{opening}{feel.to_text(low)}..{feel.to_text(high)}{closing}"
