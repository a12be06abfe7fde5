"""Compiled logic: what a boxed expression becomes, and what is known of its value beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Place
from lineshaft.dmn.evaluation import Evaluation
from lineshaft.dmn.item_types import ANYTHING, ItemType, convert
from lineshaft.feel.types import ListType

Scope = dict[str, Any]
Run = Callable[[Scope, Evaluation], Any]
Names = dict[str, Any]
"""The names that are visible: each with its type, the names within it, or ``None``."""

VARIES: Final = object()
"""The constant of an expression that has none."""


@dataclass(frozen=True, slots=True)
class Code:
    """Compiled logic.

    Attributes:
        run: Gives the value in a scope.
        shape: What is known of the value: a type, the names within it, or ``None``.
        constant: The value, where it is always the same; else ``VARIES``.
    """

    run: Run
    shape: Any = None
    constant: Any = VARIES


def constant(value: Any) -> Code:
    """Return the code of a value that is known already."""
    return Code(lambda scope, ev: value, None, value)


NULL: Final = constant(None)


def typed(code: Code, wanted: ItemType, place: Place) -> Code:
    """Return code whose value has a type: converted to it, or null with an error."""
    if wanted is ANYTHING:
        return code
    shape = code.shape if wanted.feel in (feel.types.ANY, feel.types.CONTEXT) else wanted.feel
    if code.constant is not VARIES:
        try:
            return replace(constant(convert(code.constant, wanted)), shape=shape)
        except feel.Fault:
            pass
    inner, fits = code.run, wanted.fits

    def run(scope: Scope, ev: Evaluation) -> Any:
        value = inner(scope, ev)
        if fits(value):
            return value
        try:
            return convert(value, wanted)
        except feel.Fault as fault:
            ev.fault(fault, place)
            return None

    return Code(run, shape)


def item_shape(shape: Any) -> Any:
    """Return what is known of the items, given what is known of a list."""
    return shape.item if isinstance(shape, ListType) else shape


def names_within(shape: Any) -> Mapping[str, Any]:
    """Return the names within a value, each with what is known of it."""
    if isinstance(shape, feel.types.ContextType):
        return dict(shape.entries)
    return shape if isinstance(shape, Mapping) else {}
