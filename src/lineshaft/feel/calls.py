"""Calling functions: written in FEEL, built in, or given by the program (DMN 1.5, table 63)."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from lineshaft.base.text import text
from lineshaft.feel.errors import Fault
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.types import Type, convert
from lineshaft.feel.values import Function, Parameter


def make_function(
    code: Callable[..., Any],
    context: Any,
    captured: tuple[Any, ...],
    parameters: tuple[Parameter, ...],
    name: str,
) -> Function:
    """Return the function value of a function definition, with what it captured where it was made."""

    def implementation(s: Runtime, *arguments: Any) -> Any:
        return code(context, s, function, *captured, *arguments)

    function = Function(parameters, implementation, name, needs_runtime=True)
    return function


def call(function: Any, arguments: tuple[Any, ...], s: Runtime, at: int) -> Any:
    """Return the value of a call with positional arguments."""
    if function.__class__ is not Function:
        return _not_a_function(function, s, at)
    if function.dispatches:
        return _dispatch(function, arguments, (), s, at)
    wanted = len(function.parameters)
    if function.variadic:
        required = wanted - 1 if function.required is None else function.required
        fits = len(arguments) >= required
        if fits and len(arguments) >= wanted - 1:
            arguments = (*arguments[: wanted - 1], list(arguments[wanted - 1 :]))
    else:
        required = wanted if function.required is None else function.required
        fits = required <= len(arguments) <= wanted
    if not fits:
        if not s.is_quiet:
            message = text(
                "{name} takes {wanted} arguments, but found {found}",
                "{name} 需要 {wanted} 个参数，实际有 {found} 个",
                name=_shown(function),
                wanted=wanted,
                found=len(arguments),
            )
            s.warn(at, message)
        return None
    return _invoke(function, arguments, s, at)


def call_named(function: Any, names: tuple[str, ...], values: tuple[Any, ...], s: Runtime, at: int) -> Any:
    """Return the value of a call with named arguments; those not given are null."""
    if function.__class__ is not Function:
        return _not_a_function(function, s, at)
    if function.dispatches:
        return _dispatch(function, values, names, s, at)
    given = dict(zip(names, values, strict=True))
    known = [parameter.name for parameter in function.parameters]
    unknown = [name for name in given if name not in known]
    if unknown:
        if not s.is_quiet:
            close = difflib.get_close_matches(unknown[0], known, 1)
            hint = text("did you mean `{close}`?", "是否想写 `{close}`？", close=close[0]) if close else None
            message = text(
                "{name} has no parameter `{found}`",
                "{name} 没有参数 `{found}`",
                name=_shown(function),
                found=unknown[0],
            )
            s.warn(at, message, hint)
        return None
    return _invoke(function, tuple(given.get(name) for name in known), s, at)


def _dispatch(
    function: Function, values: tuple[Any, ...], names: tuple[str, ...], s: Runtime, at: int
) -> Any:
    try:
        return function.implementation(s, list(values), names)
    except Fault as fault:
        return s.fault(fault, at)


def _invoke(function: Function, arguments: tuple[Any, ...], s: Runtime, at: int) -> Any:
    try:
        converted = tuple(
            argument if parameter.type is None else convert(argument, parameter.type)
            for parameter, argument in zip(function.parameters, arguments, strict=False)
        )
        s.enter()
        try:
            if function.needs_runtime:
                value = function.implementation(s, *converted)
            else:
                value = function.implementation(*converted)
        finally:
            s.depth -= 1
        result: Type | None = function.result
        return value if result is None else convert(value, result)
    except Fault as fault:
        return s.fault(fault, at)


def _shown(function: Function) -> str:
    return f"`{function.name}({', '.join(parameter.name for parameter in function.parameters)})`"


def _not_a_function(value: Any, s: Runtime, at: int) -> None:
    # A name that is missing has been told already; null is then no second thing to tell.
    if not s.is_quiet and value is not None:
        s.warn(
            at, text("expected a function, but found {found}", "应为函数，实际为 {found}", found=short(value))
        )
    elif s.strict and value is None:
        s.warn(at, text("expected a function, but found null", "应为函数，实际为 null"))


def missing_function(name: str, s: Runtime, known: list[str], at: int) -> None:
    """Record that there is no function of this name."""
    if s.is_quiet:
        return
    close = difflib.get_close_matches(name, known, 1)
    hint = text("did you mean `{close}`?", "是否想写 `{close}`？", close=close[0]) if close else None
    if name in ("len", "length", "size"):
        hint = text(
            "did you mean `count(list)` or `string length(string)`?",
            "是否想写 `count(list)` 或 `string length(string)`？",
        )
    message = text("there is no function `{name}`", "没有名为 `{name}` 的函数", name=name)
    s.warn(at, message, hint)
