"""The computed parts of a connector's manifest: one FEEL expression per leaf, with its place. Pure.

A manifest's values map a payload to what a system takes; so this is the smallest form of a mapping, shared
by every kind of manifest whose leaves are expressions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import text
from lineshaft.sdk.schema import Node, Problems, undeclared, undeclared_problem

Names = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled FEEL expression and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression

    @property
    def constant(self) -> bool:
        """Whether it uses no name: an initial value, the same for every row."""
        return not self.compiled.names

    def value(self, names: Names) -> Any:
        """Evaluate strictly; a moment comes back as a ``datetime``, as columns, files and events have it.

        Raises:
            ExpressionError: It has no value over these names; the message names file, line and key.
        """
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
