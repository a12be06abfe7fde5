"""Compiled expressions and unary tests, and how they are run."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.text import Text, text
from lineshaft.feel import tree
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.compiler import Compiled, Compiler
from lineshaft.feel.emitter import TooLarge
from lineshaft.feel.errors import (
    AssertionFailed,
    FeelError,
    FeelSyntaxError,
    LimitReached,
    Warning,  # noqa: A004
)
from lineshaft.feel.names import Shape, shape_of_names, shape_of_paths, special_names
from lineshaft.feel.numbers import normalised
from lineshaft.feel.parser import parse, parse_tests
from lineshaft.feel.printer import print_tree
from lineshaft.feel.runtime import DEFAULT_BOUNDS, SILENT, Bounds, Runtime
from lineshaft.feel.types import Type
from lineshaft.feel.values import plain

Names = Iterable[str] | Mapping[str, Any]
"""Known names: just the names, or each with its ``Type`` (or ``None``)."""
ClockOrTime = Clock | datetime.datetime

_EMPTY: Final[dict[str, Any]] = {}
_REMEMBERED_CHARACTERS_MAX: Final = 2_000
"""Longer expressions are compiled each time by ``evaluate``, so that what it remembers stays small."""
_AS_IS: Final = frozenset({str, bool, type(None), dict, list})


def _settled(value: Any) -> Any:
    """Return a result in the documented form: numbers normalised, Python's own kinds taken in."""
    if value.__class__ is Decimal:
        return normalised(value) if value.is_finite() else None
    value = plain(value)
    return normalised(value) if value.__class__ is Decimal else value


def _limit(message: Text) -> FeelError:
    return FeelError(message, code="feel_limit")


def _run(compiled: Compiled, arguments: tuple[Any, ...]) -> Any:
    """Run compiled code and turn what stops it into ``FeelError``."""
    try:
        value = compiled.run(*arguments)
    except LimitReached as reached:
        raise _limit(reached.text) from None
    except AssertionFailed as failed:
        raise FeelError(failed.text, code="feel_assertion") from None
    except RecursionError:
        raise _limit(text("the expression is nested too deeply", "表达式嵌套过深")) from None
    except InvalidOperation:
        # Only a NaN from outside can bring this about.
        if arguments[1].strict:
            raise FeelError(text("a number is not a number (NaN)", "数字为 NaN")) from None
        return None
    return value if value.__class__ in _AS_IS else _settled(value)


class Expression:
    """A compiled expression; made by ``feel.compile``. It may be used from any thread.

    Attributes:
        text: The expression as it was written.
        names: The names that it takes from its context (of functions too), without the built-in functions.
    """

    __slots__ = ("_compiled", "_is_plain", "_main", "_strict", "names", "text", "tree")

    def __init__(self, source: str, node: tree.Node, compiled: Compiled) -> None:
        self.text = source
        self.tree = node
        self.names = compiled.names
        self._compiled = compiled
        self._main: Callable[..., Any] = compiled.run
        self._is_plain = compiled.is_plain
        # What needs no account of its own may share one; not where it is muted, for threads share it too.
        is_shareable = compiled.is_plain and not compiled.mutes
        self._strict = Runtime(source, strict=True, shared=True) if is_shareable else None

    def evaluate(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        strict: bool = False,
        clock: ClockOrTime | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> Any:
        """Return the value.

        Args:
            context: The values of the names.
            strict: What would be null with a warning is a ``FeelError``.
            clock: What ``now()`` and ``today()`` read; without it they are null with a warning.
            bounds: See ``Bounds``.

        Raises:
            FeelError: In strict mode; and always when a bound is reached or an ``assert`` fails.
        """
        shared = self._strict if strict else SILENT if self._is_plain else None
        if shared is not None:
            # No loop, no call that could take long: nothing to keep account of.
            try:
                value = self._main(_EMPTY if context is None else context, shared)
            except (ArithmeticError, RecursionError, LimitReached, AssertionFailed):
                return self._kept(context, Runtime(self.text, strict=strict, clock=clock, bounds=bounds))
            return value if value.__class__ in _AS_IS else _settled(value)
        return self._kept(context, Runtime(self.text, strict=strict, clock=clock, bounds=bounds))

    def _kept(self, context: Mapping[str, Any] | None, runtime: Runtime) -> Any:
        return _run(self._compiled, (_EMPTY if context is None else context, runtime))

    def evaluate_with_warnings(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        clock: ClockOrTime | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> tuple[Any, list[Warning]]:
        """Return the value and what was turned into null on the way to it."""
        warnings: list[Warning] = []
        runtime = Runtime(self.text, clock=clock, warnings=warnings, bounds=bounds)
        return self._kept(context, runtime), warnings

    def evaluate_in(self, context: Mapping[str, Any], runtime: Runtime) -> Any:
        """Return the value within an evaluation that is under way: same mode, warnings, bounds and clock.

        For functions that are themselves written in FEEL (business knowledge models): errors of bounds go
        through to the outer evaluation, and positions are those of this expression.
        """
        source, runtime.source = runtime.source, self.text
        try:
            value = self._main(context, runtime)
        finally:
            runtime.source = source
        return value if value.__class__ in _AS_IS else _settled(value)

    def __str__(self) -> str:
        return print_tree(self.tree)

    def __repr__(self) -> str:
        return f"feel.compile({self.text!r})"


class UnaryTests:
    """Compiled unary tests: the content of a decision table's cell; made by ``feel.compile_unary_tests``."""

    __slots__ = ("_compiled", "names", "text", "tree")

    def __init__(self, source: str, node: tree.Tests, compiled: Compiled) -> None:
        self.text = source
        self.tree = node
        self.names = compiled.names - {"?"}
        self._compiled = compiled

    def evaluate(
        self,
        value: Any,
        context: Mapping[str, Any] | None = None,
        *,
        strict: bool = False,
        clock: ClockOrTime | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> bool | None:
        """Return whether the value passes; ``None`` where that is undefined. ``?`` stands for the value."""
        runtime = Runtime(self.text, strict=strict, clock=clock, bounds=bounds)
        return self._outcome(value, context, runtime)

    def evaluate_with_warnings(
        self,
        value: Any,
        context: Mapping[str, Any] | None = None,
        *,
        clock: ClockOrTime | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> tuple[bool | None, list[Warning]]:
        """Return the outcome and the warnings."""
        warnings: list[Warning] = []
        runtime = Runtime(self.text, clock=clock, warnings=warnings, bounds=bounds)
        return self._outcome(value, context, runtime), warnings

    def evaluate_in(self, value: Any, context: Mapping[str, Any], runtime: Runtime) -> bool | None:
        """Return the outcome within an evaluation that is under way."""
        source, runtime.source = runtime.source, self.text
        try:
            outcome = self._compiled.run(context, runtime, plain(value))
        finally:
            runtime.source = source
        return outcome if isinstance(outcome, bool) else None

    def _outcome(self, value: Any, context: Mapping[str, Any] | None, runtime: Runtime) -> bool | None:
        outcome = _run(self._compiled, (_EMPTY if context is None else context, runtime, plain(value)))
        return outcome if isinstance(outcome, bool) else None

    def __str__(self) -> str:
        return print_tree(self.tree)

    def __repr__(self) -> str:
        return f"feel.compile_unary_tests({self.text!r})"


def _too_large() -> FeelSyntaxError:
    return FeelSyntaxError(text("The expression has too many operations.", "表达式的运算过多。"), 1, 1)


def _too_deep() -> FeelSyntaxError:
    return FeelSyntaxError(text("The expression is nested too deeply.", "表达式嵌套过深。"), 1, 1)


def _compile(source: str, shape: Shape, declared: frozenset[str], types: Mapping[str, Type]) -> Expression:
    try:
        node = parse(source, shape, BUILTINS, types)
        compiled = Compiler(source, declared, types).expression(node)
    except (RecursionError, MemoryError):
        raise _too_deep() from None
    except TooLarge:
        raise _too_large() from None
    return Expression(source, node, compiled)


def compile(  # noqa: A001  (the public word; it is reached as feel.compile)
    source: str, names: Names | None = None, *, types: Mapping[str, Type] | None = None
) -> Expression:
    """Compile an expression once, to be evaluated often.

    Args:
        source: The text, at most 100,000 characters.
        names: Names that are known. They matter for names with spaces or symbols, and they hide built-in
            functions of the same name. A mapping may give each name its type, so that names within are known.
        types: Named types (item definitions) for ``instance of`` and for typed parameters.

    Raises:
        FeelSyntaxError: With line, column, what was expected and what was found.
    """
    shape = shape_of_names(names or ())
    return _compile(source, shape, frozenset(shape), types or {})


def compile_unary_tests(
    source: str, names: Names | None = None, *, types: Mapping[str, Type] | None = None
) -> UnaryTests:
    """Compile unary tests such as ``[1..5], > 10`` or ``not("A")`` or ``-``; ``?`` stands for the input."""
    shape = shape_of_names(names or ())
    try:
        node = parse_tests(source, shape, BUILTINS, types or {})
        compiled = Compiler(source, frozenset(shape), types or {}).tests(node)
    except (RecursionError, MemoryError):
        raise _too_deep() from None
    except TooLarge:
        raise _too_large() from None
    return UnaryTests(source, node, compiled)


@lru_cache(maxsize=1024)
def _cached_expression(
    source: str, paths: frozenset[tuple[str, ...]], functions: frozenset[str]
) -> Expression:
    return _compile(source, shape_of_paths(paths), functions, {})


@lru_cache(maxsize=1024)
def _cached_tests(source: str, paths: frozenset[tuple[str, ...]]) -> UnaryTests:
    return compile_unary_tests(source, shape_of_paths(paths))


def _hidden(context: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the context that hide a built-in function."""
    from lineshaft.feel.values import Function

    return frozenset(
        name for name, value in context.items() if value.__class__ is Function and name in BUILTINS
    )


def evaluate(
    source: str,
    context: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
    clock: ClockOrTime | None = None,
) -> Any:
    """Evaluate an expression once; its names with spaces are found from the context.

    Compiled expressions are remembered (1,024 short ones), yet ``compile`` is the faster way for one that is
    evaluated often: here the names of the context are looked through each time.

    Raises:
        FeelSyntaxError: The text is not an expression.
        FeelError: See ``Expression.evaluate``.
    """
    known = _EMPTY if context is None else context
    make = _cached_expression if len(source) <= _REMEMBERED_CHARACTERS_MAX else _cached_expression.__wrapped__
    expression = make(source, special_names(known), _hidden(known))
    return expression.evaluate(known, strict=strict, clock=clock)


def unary_tests(
    source: str,
    value: Any,
    context: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
    clock: ClockOrTime | None = None,
) -> bool | None:
    """Return whether a value passes unary tests; ``None`` where that is undefined."""
    known = _EMPTY if context is None else context
    make = _cached_tests if len(source) <= _REMEMBERED_CHARACTERS_MAX else _cached_tests.__wrapped__
    return make(source, special_names(known)).evaluate(value, known, strict=strict, clock=clock)
