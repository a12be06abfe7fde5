"""The syntax tree of an expression: what the parser makes, the compiler reads and the printer writes.

Every node knows where it begins (``at``, a character offset); two trees are equal when they mean the same
text, wherever they stand. Numbers in comments are the grammar rules of DMN 1.5, 10.3.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


def _at() -> Any:
    return field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal (35), its sign included."""

    value: Decimal
    at: int = _at()


@dataclass(frozen=True, slots=True)
class String:
    """A string literal (33)."""

    value: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false`` (34)."""

    value: bool
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Null:
    """``null`` (31)."""

    at: int = _at()


@dataclass(frozen=True, slots=True)
class At:
    """A date, time or duration literal ``@"…"`` (65)."""

    text: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Name:
    """A name, spelled as it is known in its scope (25); ``?`` is the input of a unary test."""

    name: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Path:
    """``base.name`` (43)."""

    base: Node
    name: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Filter:
    """``base[condition]`` (50)."""

    base: Node
    condition: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Call:
    """A function invocation (38); ``names`` are given for named parameters, else empty."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Negate:
    """Arithmetic negation (24)."""

    operand: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``+ - * / **`` (19 to 23)."""

    operator: str
    left: Node
    right: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Comparison:
    """``= != < <= > >=`` (49.a)."""

    operator: str
    left: Node
    right: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction of two or more (48)."""

    operands: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction of two or more (47)."""

    operands: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Between:
    """``value between low and high`` (49.b)."""

    value: Node
    low: Node
    high: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class In:
    """``value in test`` (49.c) or ``value in (test, …)`` (49.d)."""

    value: Node
    tests: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class TypeNode:
    """A type (52): a name, or ``list``, ``range``, ``context``, ``function`` with parameters."""

    name: str
    items: tuple[TypeNode, ...] = ()
    keys: tuple[str, ...] = ()
    result: TypeNode | None = None
    is_generic: bool = False
    at: int = _at()


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """``value instance of type`` (51)."""

    value: Node
    type: TypeNode
    at: int = _at()


@dataclass(frozen=True, slots=True)
class If:
    """``if condition then … else …`` (45)."""

    condition: Node
    then: Node
    otherwise: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Iterator:
    """``name in start`` or ``name in start..end`` (63)."""

    name: str
    start: Node
    end: Node | None = None
    at: int = _at()


@dataclass(frozen=True, slots=True)
class For:
    """``for … return body`` (44)."""

    iterators: tuple[Iterator, ...]
    body: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Quantified:
    """``some … satisfies`` or ``every … satisfies`` (46)."""

    kind: str
    iterators: tuple[Iterator, ...]
    condition: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class FormalParameter:
    """A parameter of a function definition (56)."""

    name: str
    type: TypeNode | None = None
    at: int = _at()


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """``function(a, b: number) body`` (55)."""

    parameters: tuple[FormalParameter, ...]
    body: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class ListNode:
    """``[a, b]`` (54)."""

    items: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a context (58)."""

    key: str
    value: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class ContextNode:
    """``{a: 1, "b c": 2}`` (57)."""

    entries: tuple[Entry, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Interval:
    """``[a..b]``, ``(a..b)`` and their mixtures (8)."""

    start_included: bool
    start: Node
    end: Node
    end_included: bool
    at: int = _at()


@dataclass(frozen=True, slots=True)
class OperatorTest:
    """``< x``, ``<= x``, ``> x``, ``>= x``, ``= x``, ``!= x`` (7.a)."""

    operator: str
    endpoint: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Tests:
    """Unary tests (15): any of ``tests``, none of them (``negated``), or ``-`` (no tests: anything)."""

    tests: tuple[Node, ...]
    negated: bool = False
    at: int = _at()


Node = (
    Number
    | String
    | Boolean
    | Null
    | At
    | Name
    | Path
    | Filter
    | Call
    | Negate
    | Arithmetic
    | Comparison
    | And
    | Or
    | Between
    | In
    | InstanceOf
    | If
    | For
    | Quantified
    | FunctionDefinition
    | ListNode
    | ContextNode
    | Interval
    | OperatorTest
)
