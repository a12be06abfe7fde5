"""The computed parts of a connector's manifest: one FEEL expression per leaf, with its place. Pure.

A manifest's values map a payload to what a system takes; so this is the smallest form of a mapping, shared
by every kind of manifest whose leaves are expressions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import text
from lineshaft.feel.numbers import normalised
from lineshaft.mapping.reads import path_of
from lineshaft.sdk.schema import Node, Problems, undeclared, undeclared_problem

Names = Mapping[str, Any]
_AS_IS: Final = frozenset({str, bool, dict, list, date, type(None)})


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled FEEL expression and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression
    _copies: tuple[str, str] | None = field(init=False, repr=False, compare=False)
    """It is ``name.key``, no more: then the value is looked up past the expression language."""

    def __post_init__(self) -> None:
        path = path_of(self.compiled.tree, self.compiled.names)
        object.__setattr__(self, "_copies", path if path is not None and len(path) == 2 else None)

    @property
    def constant(self) -> bool:
        """Whether it uses no name: an initial value, the same for every row."""
        return not self.compiled.names

    def value(self, names: Names) -> Any:
        """Evaluate strictly; a moment comes back as a ``datetime``, as columns, files and events have it.

        Raises:
            ExpressionError: It has no value over these names; the message names file, line and key.
        """
        if self._copies is not None:
            root, key = self._copies
            try:
                found = names[root][key]
            except (KeyError, TypeError):
                # Not there: the expression language says so in its own words.
                found = self
            kind = found.__class__
            if kind in _AS_IS:
                return found
            if kind is Decimal and found.is_finite():
                return normalised(found)
        try:
            found = self.compiled.evaluate(names, strict=True)
        except ExpressionError as error:
            raise ExpressionError(
                text(
                    "{place}: {source}: {error}",
                    "{place}:{source}:{error}",
                    place=self.place,
                    source=self.source,
                    error=error,
                ),
                hint=error.hint,
            ) from error
        moment = found.to_python() if isinstance(found, feel.DateTime) else None
        return found if moment is None else moment

    def words(self, names: Names) -> str:
        """Return the value as text, empty for null."""
        return as_text(self.value(names))


def as_text(value: Any) -> str:
    """Return a value as text: decimals plain, times as ISO 8601, null empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def compile_node(node: Node | None, names: Collection[str], problems: Problems) -> Expression | None:
    """Compile the FEEL text of one leaf; numbers and truth values stand for themselves."""
    if node is None:
        return None
    source = node.value
    if isinstance(source, bool):
        source = "true" if source else "false"
    elif isinstance(source, int | Decimal):
        source = str(source)
    elif source is None:
        source = "null"
    if not isinstance(source, str):
        problems.add("wrong_type", text("Expected a FEEL expression", "应为 FEEL 表达式"), node.place)
        return None
    try:
        compiled = feel.compile(source, names)
    except ExpressionError as error:
        problems.add("expression", error.message, node.place, error.hint)
        return None
    for name in undeclared(source, compiled.names, names):
        message, remedy = undeclared_problem(name, names)
        problems.add("name_unknown", message, node.place, remedy)
    return Expression(source, node.place, compiled)
