"""The types of FEEL: a lattice with conformance, ``instance of`` and implicit conversions (10.3.2.9).

Types are values: ``NUMBER``, ``ListType(STRING)``, ``ContextType((("age", NUMBER),))``. ``parse_type`` reads
the text of a type; names that are not built in are looked up in the mapping it is given (item definitions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.feel.errors import Fault
from lineshaft.feel.temporal import Date, DateTime
from lineshaft.feel.values import Function, Range, kind_of, plain

__all__ = [
    "ANY",
    "BOOLEAN",
    "CONTEXT",
    "DATE",
    "DATE_TIME",
    "DAYS_TIME_DURATION",
    "NULL",
    "NUMBER",
    "PRIMITIVES",
    "STRING",
    "TIME",
    "YEARS_MONTHS_DURATION",
    "ContextType",
    "FunctionType",
    "ListType",
    "RangeType",
    "SimpleType",
    "Type",
    "coerce",
    "conforms",
    "convert",
    "is_instance",
    "type_of",
]


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type without parameters."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListType:
    """``list<T>``."""

    item: Type

    def __str__(self) -> str:
        return f"list<{self.item}>"


@dataclass(frozen=True, slots=True)
class ContextType:
    """``context<name: T, …>``: a context with at least these entries; without entries any context.

    ``name`` is the name of an item definition, for messages only.
    """

    entries: tuple[tuple[str, Type], ...] = ()
    name: str = ""

    def __str__(self) -> str:
        if not self.entries:
            return "context"
        return f"context<{', '.join(f'{key}: {item}' for key, item in self.entries)}>"


@dataclass(frozen=True, slots=True)
class FunctionType:
    """``function<A, B> -> R``."""

    parameters: tuple[Type, ...]
    result: Type

    def __str__(self) -> str:
        return f"function<{', '.join(map(str, self.parameters))}> -> {self.result}"


@dataclass(frozen=True, slots=True)
class RangeType:
    """``range<T>``."""

    item: Type

    def __str__(self) -> str:
        return f"range<{self.item}>"


Type = SimpleType | ListType | ContextType | FunctionType | RangeType

ANY: Final = SimpleType("Any")
NULL: Final = SimpleType("Null")
NUMBER: Final = SimpleType("number")
STRING: Final = SimpleType("string")
BOOLEAN: Final = SimpleType("boolean")
DATE: Final = SimpleType("date")
TIME: Final = SimpleType("time")
DATE_TIME: Final = SimpleType("date and time")
DAYS_TIME_DURATION: Final = SimpleType("days and time duration")
YEARS_MONTHS_DURATION: Final = SimpleType("years and months duration")
CONTEXT: Final = ContextType()

PRIMITIVES: Final[Mapping[str, Type]] = {
    "Any": ANY,
    "Null": NULL,
    "number": NUMBER,
    "string": STRING,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "date and time": DATE_TIME,
    "dateTime": DATE_TIME,
    "days and time duration": DAYS_TIME_DURATION,
    "dayTimeDuration": DAYS_TIME_DURATION,
    "years and months duration": YEARS_MONTHS_DURATION,
    "yearMonthDuration": YEARS_MONTHS_DURATION,
    "context": CONTEXT,
}
"""The types that are written as a name. ``list``, ``range`` and ``function`` are none without parameters."""


def conforms(type_: Type, target: Type) -> bool:
    """Tell whether a value of ``type_`` can stand wherever one of ``target`` is expected (10.3.2.9.2)."""
    if type_ in (target, NULL) or target == ANY:
        return True
    if isinstance(type_, ListType) and isinstance(target, ListType):
        return conforms(type_.item, target.item)
    if isinstance(type_, RangeType) and isinstance(target, RangeType):
        return conforms(type_.item, target.item)
    if isinstance(type_, ContextType) and isinstance(target, ContextType):
        own = dict(type_.entries)
        return all(key in own and conforms(own[key], wanted) for key, wanted in target.entries)
    if isinstance(type_, FunctionType) and isinstance(target, FunctionType):
        if len(type_.parameters) != len(target.parameters):
            return False
        pairs = zip(target.parameters, type_.parameters, strict=True)
        return all(conforms(wanted, own) for wanted, own in pairs) and conforms(type_.result, target.result)
    return False


def equivalent(type_: Type, other: Type) -> bool:
    """Tell whether two types are interchangeable (10.3.2.9.1)."""
    return conforms(type_, other) and conforms(other, type_)


def type_of(value: Any) -> Type:
    """Return the type of a value; a list of different types is ``list<Any>``."""
    kind = kind_of(value)
    if kind == "null":
        return NULL
    if kind == "list":
        return ListType(_common_type([type_of(item) for item in value]))
    if kind == "context":
        return ContextType(tuple((str(key), type_of(item)) for key, item in value.items()))
    if isinstance(value, Range):
        ends = [type_of(end) for end in (value.start, value.end) if end is not None]
        return RangeType(_common_type(ends))
    if isinstance(value, Function):
        parameters = tuple(parameter.type or ANY for parameter in value.parameters)
        # What a function written in FEEL returns is not declared: it may be whatever is wanted.
        return FunctionType(parameters, value.result or NULL)
    return PRIMITIVES.get(kind, ANY)


def _common_type(types: list[Type]) -> Type:
    found: Type = NULL
    for type_ in types:
        if conforms(type_, found):
            continue
        if conforms(found, type_):
            found = type_
        else:
            return ANY
    return found


def is_instance(value: Any, type_: Type) -> bool:
    """Tell whether ``value instance of type_`` is true; ``null`` is only an instance of ``Null``."""
    if value is None:
        return type_ == NULL
    if type_ == ANY:
        return True
    return _fits(value, type_)


def _fits(value: Any, type_: Type) -> bool:
    if value is None or type_ == ANY:
        return True
    kind = kind_of(value)
    if isinstance(type_, SimpleType):
        return kind == type_.name
    if isinstance(type_, ListType):
        return kind == "list" and all(_fits(item, type_.item) for item in value)
    if isinstance(type_, ContextType):
        if kind != "context":
            return False
        return all(key in value and _fits(value[key], wanted) for key, wanted in type_.entries)
    if isinstance(type_, RangeType):
        return kind == "range" and _fits(value.start, type_.item) and _fits(value.end, type_.item)
    return kind == "function" and conforms(type_of(value), type_)


def convert(value: Any, type_: Type) -> Any:
    """Return ``value`` as the type wants it, by the implicit conversions of 10.3.2.9.4.

    A value that conforms stays as it is; a list of one becomes its item; a value becomes a list of one;
    a date becomes a date and time at midnight UTC.

    Raises:
        Fault: Where none of these helps.
    """
    if value is None or _fits(value, type_):
        return plain(value) if value.__class__ in _TAKEN_IN else value
    if kind_of(value) == "list" and not isinstance(type_, ListType):
        if len(value) == 1:
            return convert(value[0], type_)
    elif isinstance(type_, ListType) and kind_of(value) != "list":
        return [convert(value, type_.item)]
    elif type_ == DATE_TIME and isinstance(value, Date):
        return DateTime(value, 0, 0)
    raise Fault(
        "expected {wanted}, but found {found}",
        "应为 {wanted}，实际为 {found}",
        wanted=str(type_),
        found=kind_of(value),
    )


def coerce(value: Any, type_: Type) -> Any:
    """Return ``value`` converted to the type, or ``None`` where it does not conform."""
    try:
        return convert(value, type_)
    except Fault:
        return None


_TAKEN_IN: Final = frozenset({int, float})
