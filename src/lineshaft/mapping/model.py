"""What a mapping says and what it gives. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lineshaft import feel
from lineshaft.base.errors import Place, Problem


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


@dataclass(frozen=True, slots=True)
class LookupRule:
    """Replace an id of ``source`` by the id that the same record has in ``target``."""

    kind: str
    source: str
    target: str
    id: Formula


@dataclass(frozen=True, slots=True)
class ValueRule:
    """How one field gets its value."""

    value: Formula | None = None
    lookup: LookupRule | None = None
    values: Mapping[str, Any] | None = None
    """Value map: source value (as text) to target value; what is not in it is a problem."""
    default: Formula | None = None
    """Used where the value is missing or null; with it a missing source field is no problem."""
    optional: bool = False
    """A missing or null value leaves the field out."""
    required: bool = False
    """A null or empty value is a problem."""


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """A nested object; with ``each`` a list of them, one per element, which expressions see as ``name``."""

    fields: tuple[tuple[str, FieldRule], ...]
    each: Formula | None = None
    where: Formula | None = None
    name: str = "item"
    least: int = 0
    """A list with fewer elements is a problem."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of the target and its rule."""

    place: Place
    rule: ValueRule | ObjectRule


@dataclass(frozen=True, slots=True)
class Mapped:
    """The result: ``record`` where it could be made, otherwise what is wrong or missing.

    ``missing`` is in the order of the fields, each reference once.
    """

    record: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    missing: tuple[Reference, ...] = field(default=())
