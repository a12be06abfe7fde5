"""Documents and events taken out of answers, records and webhook bodies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lineshaft.base.errors import ConfigError, ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Expression, Names, fill
from lineshaft.connectors.http.model import DocumentRule, EventRule, LineRule, Plan
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.times import NotATime, moment_of
from lineshaft.sdk.outcomes import Change, DocumentFact, LineFact, told_by


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
        plain = _plain_change(rule, names, zone)
        return [plain] if plain is not None else _change(rule, names, zone)
    found: list[Change] = []
    for item in as_list(rule.each.value(names)):
        found += _change(rule, {**names, "item": item}, zone)
    return found


def planned(plan: Plan, record: Any, zone: tzinfo) -> Change | None:
    """Return the event of a record whose rule only takes fields; ``None`` where they are not plain texts."""
    if type(record) is not dict:
        return None
    identity, subject = record.get(plan.id), record.get(plan.subject)
    if type(identity) is not str or type(subject) is not str or not identity or not subject:
        return None
    at = None
    if plan.at is not None:
        value = record.get(plan.at)
        if type(value) is not str:
            return None
        at = moment(value, zone)
    return Change(identity, plan.kind, subject, record, at)


def _plain_change(rule: EventRule, names: Names, zone: tzinfo) -> Change | None:
    """The same for a rule of plain paths over plain values, which most are; ``None`` where it is not so."""
    data_rule, at_rule = rule.data, rule.occurred_at
    if rule.when is not None or rule.documents or not isinstance(data_rule, Expression):
        return None
    short_id, short_type = rule.id.short, rule.type.short
    short_subject, short_data = rule.subject.short, data_rule.short
    if short_id is None or short_type is None or short_subject is None or short_data is None:
        return None
    identity, kind, subject, data = (
        short_id(names), short_type(names), short_subject(names), short_data(names),
    )  # fmt: skip
    if not (type(identity) is type(kind) is type(subject) is str and type(data) is dict):
        return None
    if not (identity and kind and subject):
        return None
    at = None
    if at_rule is not None:
        short_at = at_rule.short
        value = short_at(names) if short_at is not None else None
        if type(value) is not str:
            return None
        at = moment(value, zone)
    return Change(identity, kind, subject, data, at)


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
            **told_by(lambda: documents_of(rule.documents, names)),
        )
    ]


def moment(value: Any, zone: tzinfo) -> datetime | None:
    """Return a time stamp as an aware time; see ``times`` for the forms that are read.

    Raises:
        ExpressionError: Its form is not known.
    """
    if value is None or value == "":
        return None
    try:
        return moment_of(value, zone)
    except NotATime as error:
        raise ExpressionError(
            text("Expected a time stamp, but it is {value}", "应为时间,实际为 {value}", value=value),
            hint=text(
                "read time(TEXT, ZONE, PATTERN) reads other forms", "其他格式用 read time(文本, 时区, 格式)"
            ),
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
    value = expression.value(names)
    if type(value) is not str:
        value = as_text(value)
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
