"""How a built-in function is declared: once, for the compiler, for values and for the reference page.

A ``Builtin`` has one or more ``Overload``s; each has parameters, whose kind decides what an argument is
converted to, and an implementation in Python that raises ``Fault`` for what is outside its domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.feel.errors import Fault
from lineshaft.feel.numbers import integer_of, number_of
from lineshaft.feel.runtime import short
from lineshaft.feel.temporal import DaysTimeDuration
from lineshaft.feel.types import ANY, BOOLEAN, CONTEXT, NUMBER, STRING, ListType, Type
from lineshaft.feel.values import Function, Parameter, kind_of, plain

Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a built-in.

    ``kind`` is one of the keys of ``_CONVERTERS``; ``any`` takes everything as it is. ``optional`` may
    be left out; ``nullable`` takes null; ``variadic`` takes all further arguments as one list.
    """

    name: str
    kind: str
    optional: bool = False
    nullable: bool = False
    variadic: bool = False

    @property
    def converter(self) -> Converter | None:
        """What an argument goes through; ``None`` where nothing is to be done."""
        make = _CONVERTERS[self.kind]
        if make is None:
            return None
        convert = make(self.name)
        if self.variadic:
            return lambda values: [convert(value) for value in values]
        if self.nullable:
            return lambda value: None if value is None else convert(value)
        return convert


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a built-in and what it does."""

    parameters: tuple[Param, ...]
    implementation: Callable[..., Any]
    needs_runtime: bool = False
    """The implementation takes the running evaluation first.

    To call functions, count steps, read the clock.
    """

    @property
    def is_variadic(self) -> bool:
        """Whether the last parameter takes any number of arguments."""
        return bool(self.parameters) and self.parameters[-1].variadic

    @property
    def required(self) -> int:
        """How many arguments a positional call must have."""
        return sum(1 for parameter in self.parameters if not parameter.optional)

    def takes(self, count: int) -> bool:
        """Tell whether a positional call may have so many arguments."""
        return count >= self.required and (self.is_variadic or count <= len(self.parameters))


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function.

    ``examples`` are pairs of an expression and the expression of its value; they are printed and they
    are tests.
    """

    name: str
    group: str
    overloads: tuple[Overload, ...]
    result: str
    en: str
    zh: str
    examples: tuple[tuple[str, str], ...]
    origin: str = "DMN 1.5"

    def overload_for(self, count: int) -> Overload | None:
        """Return the overload that a positional call with so many arguments means."""
        for overload in self.overloads:
            if overload.takes(count):
                return overload
        return None

    def overload_for_names(self, names: tuple[str, ...]) -> Overload | None:
        """Return the overload that has all these parameters."""
        best: Overload | None = None
        for overload in self.overloads:
            known = {parameter.name for parameter in overload.parameters}
            if not set(names) <= known:
                continue
            required = {parameter.name for parameter in overload.parameters if not parameter.optional}
            if required <= set(names):
                return overload
            best = best or overload
        return best


def _expected(name: str, wanted: str, zh: str, value: Any) -> Fault:
    return Fault(
        "parameter `{name}`: expected {wanted}, but found {found}",
        "参数 `{name}`：应为{wanted_zh}，实际为 {found}",
        name=name,
        wanted=wanted,
        wanted_zh=zh,
        found=short(value),
    )


def _single(value: Any) -> Any:
    """Return the only item of a list of one (*from singleton list*), everything else as it is."""
    if isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _number(name: str) -> Converter:
    def convert(value: Any) -> Any:
        number = number_of(value)
        if number is None:
            number = number_of(_single(value))
            if number is None:
                raise _expected(name, "a number", "数字", value)
        return number

    return convert


def _integer(name: str) -> Converter:
    def convert(value: Any) -> int:
        number = integer_of(_single(value))
        if number is None:
            raise _expected(name, "a whole number", "整数", value)
        return number

    return convert


def _string(name: str) -> Converter:
    def convert(value: Any) -> Any:
        if value.__class__ is str:
            return value
        single = _single(value)
        if not isinstance(single, str):
            raise _expected(name, "a string", "字符串", value)
        return single

    return convert


def _list(name: str) -> Converter:
    def convert(value: Any) -> Any:
        if value.__class__ is list:
            return value
        if value is None:
            raise _expected(name, "a list", "列表", value)
        if isinstance(value, list | tuple):
            return list(value)
        return [value]

    return convert


def _kind(kind: str, zh: str) -> Callable[[str], Converter]:
    def make(name: str) -> Converter:
        def convert(value: Any) -> Any:
            found = plain(_single(value))
            if kind_of(found) != kind:
                raise _expected(name, f"a {kind}", zh, value)
            return found

        return convert

    return make


def _something(name: str) -> Converter:
    def convert(value: Any) -> Any:
        if value is None:
            raise _expected(name, "a value", "非空值", value)
        return value

    return convert


def _offset(name: str) -> Converter:
    def convert(value: Any) -> Any:
        found = plain(_single(value))
        if not isinstance(found, DaysTimeDuration):
            raise _expected(name, "a days and time duration", "天时长", value)
        return found

    return convert


def _value(name: str) -> Converter:
    def convert(value: Any) -> Any:
        return plain(_single(value))

    return convert


_CONVERTERS: Final[dict[str, Callable[[str], Converter] | None]] = {
    "any": None,
    "value": _value,
    "not null": _something,
    "number": _number,
    "integer": _integer,
    "string": _string,
    "boolean": _kind("boolean", "布尔值"),
    "list": _list,
    "context": _kind("context", "上下文"),
    "function": _kind("function", "函数"),
    "range": _kind("range", "区间"),
    "duration": _offset,
}
_TYPES: Final[dict[str, Type]] = {
    "number": NUMBER,
    "integer": NUMBER,
    "string": STRING,
    "boolean": BOOLEAN,
    "list": ListType(ANY),
    "context": CONTEXT,
}


def as_function(builtin: Builtin) -> Function:
    """Return a built-in as a value, e.g. to be passed to ``sort``."""

    def implementation(s: Any, arguments: list[Any], names: tuple[str, ...]) -> Any:
        if names:
            overload = builtin.overload_for_names(names)
            if overload is None:
                raise Fault("`{name}` has no such parameters", "`{name}` 没有这些参数", name=builtin.name)
            given = dict(zip(names, arguments, strict=True))
            arguments = [given.get(parameter.name) for parameter in overload.parameters]
        else:
            overload = builtin.overload_for(len(arguments))
            if overload is None:
                raise wrong_count(builtin, len(arguments))
        return invoke(overload, arguments, s)

    first = builtin.overloads[0]
    parameters = tuple(
        Parameter(parameter.name, _TYPES.get(parameter.kind)) for parameter in first.parameters
    )
    return Function(parameters, implementation, builtin.name, _TYPES.get(builtin.result), dispatches=True)


def wrong_count(builtin: Builtin, found: int) -> Fault:
    """Return the fault for a call with the wrong number of arguments."""
    shown = " / ".join(signature_text(builtin, overload) for overload in builtin.overloads)
    return Fault(
        "expected {shown}, but found {found} arguments",
        "应为 {shown}，实际有 {found} 个参数",
        shown=shown,
        found=found,
    )


def invoke(overload: Overload, arguments: list[Any], s: Any) -> Any:
    """Run an overload with arguments that are not yet converted."""
    values: list[Any] = []
    for position, parameter in enumerate(overload.parameters):
        if parameter.variadic:
            value: Any = list(arguments[position:])
        elif position < len(arguments):
            value = arguments[position]
        else:
            break
        convert = parameter.converter
        values.append(value if convert is None else convert(value))
    return overload.implementation(s, *values) if overload.needs_runtime else overload.implementation(*values)


def signature_text(builtin: Builtin, overload: Overload) -> str:
    """Return a signature as the standard writes it, e.g. ``substring(string, start position, length?)``."""
    parts = []
    for parameter in overload.parameters:
        tail = "..." if parameter.variadic else "?" if parameter.optional else ""
        parts.append(parameter.name + tail)
    return f"{builtin.name}({', '.join(parts)})"
