"""What a mapping says and what it gives. Values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lineshaft import feel
from lineshaft.base.errors import Place, Problem
from lineshaft.mapping.convert import Conversion


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A look-up in the cross-reference 编码对照: which record of ``target`` is this record of ``source``?"""

    kind: str
    """Business object: ``customer``, ``product`` …"""
    source: str
    id: str
    target: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.source}:{self.id}"


@dataclass(frozen=True, slots=True)
class Formula:
    """One compiled FEEL expression of a mapping and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression
    reads: tuple[tuple[str, ...], ...] = ()
    """What it reads, each from a known name on: ``("record", "no")``."""
    path: tuple[str, ...] | None = None
    """What it is, where it is no more than one such path."""


@dataclass(frozen=True, slots=True)
class LookupRule:
    """Replace an id of ``source`` by the id that the same record has in ``target``."""

    kind: str
    source: str
    target: str
    id: Formula


@dataclass(frozen=True, slots=True)
class JoinRule:
    """Several values as one text, with ``by`` between them."""

    by: str
    parts: tuple[Formula, ...]
    skip_empty: bool = False
    """An empty part and its separator are left out; otherwise it is a problem."""


@dataclass(frozen=True, slots=True)
class Step:
    """A conversion with its settings; a ``Formula`` is evaluated for each value."""

    conversion: Conversion
    settings: Mapping[str, Any]
    is_constant: bool
    place: Place


@dataclass(frozen=True, slots=True)
class ValueRule:
    """How one field gets its value: source, ``default``, ``convert``, then value map or look-up."""

    value: Formula | None = None
    lookup: LookupRule | None = None
    values: Mapping[str, Any] | None = None
    """Value map: source value (as text) to target value."""
    default: Formula | None = None
    """Used where the value is missing, null or empty; with it a missing source field is no problem."""
    optional: bool = False
    """A missing, null or empty value leaves the field out."""
    required: bool = False
    """An empty value is a problem."""
    nullable: bool = False
    """A missing or null value is written as null; else it needs ``optional`` or ``default``."""
    join: JoinRule | None = None
    convert: tuple[Step, ...] = ()
    unmapped: Literal["error", "keep"] | Formula = "error"
    """What becomes of a value that its value map has not: a problem, itself, or another value; the last
    two with a warning."""
    when: Formula | None = None
    """Where it is false, the field is left out."""
    map_name: str | None = None
    note: str = ""

    def formulas(self) -> Iterator[Formula]:
        """Yield every expression that has a part in the value."""
        found = [self.value, self.default, self.when, self.lookup.id if self.lookup is not None else None]
        if self.join is not None:
            found += self.join.parts
        for step in self.convert:
            found += [each for each in step.settings.values() if isinstance(each, Formula)]
        if isinstance(self.unmapped, Formula):
            found.append(self.unmapped)
        yield from (each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """A nested object; with ``each`` a list of them, one per element, which expressions see as ``name``.

    With ``by`` the elements are grouped, and ``name`` is a group: ``key`` and ``items``. ``position`` is the
    number of the element or group, from 1.
    """

    fields: tuple[tuple[str, FieldRule], ...]
    each: Formula | None = None
    where: Formula | None = None
    name: str = "item"
    least: int = 0
    """A list with fewer elements is a problem."""
    by: Formula | None = None
    when: Formula | None = None
    note: str = ""

    def formulas(self) -> Iterator[Formula]:
        """Yield its own expressions, not those of its fields."""
        found = (self.each, self.where, self.by, self.when)
        yield from (each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of the target and its rule."""

    place: Place
    rule: ValueRule | ObjectRule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may have been meant where a reference has no match."""

    id: str
    code: str
    score: float
    """Likeness, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A reference without a match: where it was needed, and what is near."""

    reference: Reference
    place: Place
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value of the target came from."""

    target: str
    """Path in the target, ``Lines[0].Qty``."""
    sources: tuple[str, ...]
    """Paths in the source, ``record.lines[2].quantity``; with a filter the source's own positions."""
    how: tuple[str, ...]
    """What was done, in order: ``value``, ``default``, names of conversions, ``map:states``,
    ``lookup:customer``."""
    value: Any
    place: Place
    """File and line of the rule."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The result: ``record`` where it could be made, otherwise what is wrong or missing.

    ``missing`` is in the order of the fields, each reference once. A mapping that makes several records of
    one (``each`` at its top) gives ``parts``, one for each, and no ``record``.
    """

    record: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    missing: tuple[Reference, ...] = field(default=())
    warnings: tuple[Problem, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    """``missing`` with place and candidates."""
    trace: tuple[Origin, ...] = ()
    parts: tuple[Mapped, ...] | None = None

    @property
    def is_complete(self) -> bool:
        """Nothing is wrong and nothing is missing."""
        return not self.problems and not self.missing

    @property
    def records(self) -> tuple[Mapping[str, Any], ...]:
        """Every record that could be made."""
        if self.parts is None:
            return () if self.record is None else (self.record,)
        return tuple(each.record for each in self.parts if each.record is not None)
