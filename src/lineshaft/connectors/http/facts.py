"""Documents and events taken out of answers, records and webhook bodies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lineshaft import feel
from lineshaft.base.errors import ConfigError, ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Expression, Names, as_text, fill
from lineshaft.connectors.http.model import DocumentRule, EventRule, LineRule
from lineshaft.sdk.outcomes import Change, DocumentFact, LineFact


def documents_of(rules: Iterable[DocumentRule], names: Names) -> tuple[DocumentFact, ...]:
    """Return the documents that ``rules`` find.

    Raises:
        ExpressionError: A rule does not fit what came.
    """
    found: list[DocumentFact] = []
    for rule in rules:
        inner = names
        if rule.source is not None:
            # A shared rule is only asked where it applies: elsewhere there may be nothing to look at.
            if rule.when is not None and rule.when.value(names) is not True:
                continue
            source = rule.source.value(names)
            if source is None:
                continue
            inner = {**names, "source": source}
        if rule.each is None:
            found += _document(rule, inner)
            continue
        for document in as_list(rule.each.value(inner)):
            found += _document(rule, {**inner, "document": document})
    return tuple(found)


def _document(rule: DocumentRule, names: Names) -> list[DocumentFact]:
    if rule.source is None and rule.when is not None and rule.when.value(names) is not True:
        return []
    lines = tuple(_lines(rule.lines, names)) if rule.lines is not None else ()
    fields = fill(rule.fields, names, _no_secret) if rule.fields is not None else {}
    follows = _text_or_empty(rule.follows, names)
    return [
        DocumentFact(
            rule.kind,
            _needed(rule.number, names),
            _needed(rule.local_id, names),
            _text_or_empty(rule.status, names),
            int(_decimal(rule.version, names) or 0) if rule.version is not None else 0,
            lines,
            follows or None,
            _text_or_empty(rule.cause, names),
            fields if isinstance(fields, Mapping) else {},
        )
    ]


def _lines(rule: LineRule, names: Names) -> Iterable[LineFact]:
    for item in as_list(rule.each.value(names)):
        inner = {**names, "item": item}
        quantity = _decimal(rule.quantity, inner)
        yield LineFact(
            _needed(rule.line, inner),
            _text_or_empty(rule.item, inner),
            quantity if quantity is not None else Decimal(0),
            _text_or_empty(rule.unit, inner),
            _text_or_empty(rule.status, inner),
            _decimal(rule.amount, inner) if rule.amount is not None else None,
            _text_or_empty(rule.currency, inner) or None,
            _text_or_empty(rule.from_line, inner),
        )


def changes_of(rule: EventRule, names: Names, zone: tzinfo) -> list[Change]:
    """Return the events that ``rule`` finds; a time stamp without an offset is of ``zone``.

    Raises:
        ExpressionError: The rule does not fit what came.
    """
    if rule.each is None:
        return _change(rule, names, zone)
    found: list[Change] = []
    for item in as_list(rule.each.value(names)):
        found += _change(rule, {**names, "item": item}, zone)
    return found


def _change(rule: EventRule, names: Names, zone: tzinfo) -> list[Change]:
    if rule.when is not None and rule.when.value(names) is not True:
        return []
    data: Any = names.get("item", names.get("body"))
    if rule.data is not None:
        data = fill(rule.data, names, _no_secret)
    return [
        Change(
            _needed(rule.id, names),
            _needed(rule.type, names),
            _needed(rule.subject, names),
            data if isinstance(data, Mapping) else {"value": data},
            moment(rule.occurred_at.value(names), zone) if rule.occurred_at is not None else None,
            documents_of(rule.documents, names),
        )
    ]


def moment(value: Any, zone: tzinfo) -> datetime | None:
    """Return a time stamp as an aware time: a time, ISO 8601 text, or seconds since the epoch."""
    if isinstance(value, feel.DateTime):
        value = value.to_python()
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return datetime.fromtimestamp(float(value), UTC)
    try:
        return moment(datetime.fromisoformat(as_text(value)), zone)
    except ValueError as error:
        raise ExpressionError(
            text("Expected a time stamp, but it is {value}", "应为时间,实际为 {value}", value=value)
        ) from error


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        ConfigError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            text("Expected an IANA time zone, but it is {name}", "应为 IANA 时区名,实际为 {name}", name=name),
            code="time_zone_unknown",
            hint=text("for example Asia/Shanghai", "例如 Asia/Shanghai"),
        ) from error


def as_list(value: Any) -> list[Any]:
    """Return a list; null is empty, a single value is a list of one (as in FEEL)."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return [value]


def _needed(expression: Expression, names: Names) -> str:
    value = as_text(expression.value(names))
    if value == "":
        raise ExpressionError(
            text(
                "{place}: expected a value for {source}, but it is empty",
                "{place}:{source} 不应为空",
                place=expression.place,
                source=expression.source,
            )
        )
    return value


def _text_or_empty(expression: Expression | None, names: Names) -> str:
    return "" if expression is None else as_text(expression.value(names))


def _decimal(expression: Expression | None, names: Names) -> Decimal | None:
    value = None if expression is None else expression.value(names)
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise ExpressionError(
            text(
                "{place}: expected a number for {source}, but it is {value}",
                "{place}:{source} 应为数字,实际为 {value}",
                place=expression.place if expression else "",
                source=expression.source if expression else "",
                value=value,
            )
        ) from error


def _no_secret(name: str) -> str:
    raise AssertionError(f"secret {name} outside of authentication")
