"""Documents taken out of rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.sql.expressions import Expression, Names
from lineshaft.connectors.sql.model import DocumentRule, LineFactRule
from lineshaft.sdk.outcomes import DocumentFact, LineFact


def documents_of(rules: Iterable[DocumentRule], names: Names) -> tuple[DocumentFact, ...]:
    """Return the documents that ``rules`` find.

    Raises:
        ExpressionError: A rule does not fit what came.
    """
    return tuple(
        DocumentFact(
            rule.kind,
            needed(rule.number, names),
            needed(rule.local_id, names),
            status=_optional(rule.status, names),
            source_version=int(_decimal(rule.version, names) or 0),
            lines=tuple(_lines(rule.lines, names)) if rule.lines is not None else (),
            follows=_optional(rule.follows, names) or None,
            cause=_optional(rule.cause, names),
            fields={name: value.value(names) for name, value in rule.fields.items()},
        )
        for rule in rules
        if rule.when is None or rule.when.value(names) is True
    )


def _lines(rule: LineFactRule, names: Names) -> Iterable[LineFact]:
    value = rule.each.value(names)
    items: Sequence[Any] = [] if value is None else value if isinstance(value, list | tuple) else [value]
    for item in items:
        inner = {**names, "line": item}
        yield LineFact(
            needed(rule.line, inner),
            rule.item.words(inner),
            _decimal(rule.quantity, inner) or Decimal(0),
            rule.unit.words(inner),
            _optional(rule.status, inner),
            _decimal(rule.amount, inner),
            _optional(rule.currency, inner) or None,
            _optional(rule.from_line, inner),
        )


def needed(expression: Expression, names: Names) -> str:
    """Return a text that may not be empty.

    Raises:
        ExpressionError: It is.
    """
    value = expression.words(names)
    if not value:
        raise ExpressionError(
            text(
                "{place}: expected a value for {source}, but it is empty",
                "{place}:{source} 不应为空",
                place=expression.place,
                source=expression.source,
            )
        )
    return value


def _optional(expression: Expression | None, names: Names) -> str:
    return "" if expression is None else expression.words(names)


def _decimal(expression: Expression | None, names: Names) -> Decimal | None:
    value = None if expression is None else expression.value(names)
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise ExpressionError(
            text("Expected a number, but it is {value}", "应为数字,实际为 {value}", value=value)
        ) from error
