"""Does a record still fit the declared fields? What was removed or retyped stops the flow by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lineshaft.base.errors import Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.model import ResourceRule
from lineshaft.connectors.http.times import is_moment
from lineshaft.sdk.spec import FieldSpec


def fits(rule: ResourceRule, record: Any, system: str) -> None:
    """Check a record of a strict resource.

    Raises:
        Invalid: A required field is gone, or one has another type; names them all.
    """
    found = list(differences(rule.fields, record))
    if found:
        raise Invalid(
            text(
                "{system}, {resource}: its fields have changed: {fields}",
                "{system},{resource}:字段已变化:{fields}",
                system=system,
                resource=rule.name,
                fields="; ".join(str(each) for each in found),
            ),
            code="fields_changed",
            hint=text(
                "compare with `fields` of the manifest (lineshaft connector describe), correct what uses "
                "them, then let the source go on",
                "请与清单的 `fields` 比较(lineshaft connector describe),修正后再恢复",
            ),
        )


def differences(fields: Sequence[FieldSpec], record: Any) -> Iterator[Text]:
    """Yield what is different from the declaration."""
    if not isinstance(record, Mapping):
        yield text("expected a record with fields", "应为带字段的记录")
        return
    for field in fields:
        there, value = value_at(record, field.name)
        if not there:
            if field.required:
                yield text("{name} is gone", "缺少 {name}", name=field.name)
        elif value is None:
            continue
        elif not of_type(value, field.type):
            yield text(
                "{name} is no {type} any more ({value})",
                "{name} 不再是 {type}({value})",
                name=field.name,
                type=field.type,
                value=str(value)[:40],
            )


def value_at(record: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    """Return whether a field is there, and its value; ``a.b`` is within ``a``."""
    if path in record:
        return True, record[path]
    current: Any = record
    for name in path.split("."):
        if not isinstance(current, Mapping) or name not in current:
            return False, None
        current = current[name]
    return True, current


def of_type(value: Any, kind: str) -> bool:
    """Whether a value as JSON or XML gave it can be what was declared."""
    if kind == "number":
        return not isinstance(value, bool) and (isinstance(value, int | Decimal) or _number(value))
    if kind == "boolean":
        return isinstance(value, bool) or value in (0, 1, "0", "1", "true", "false")
    if kind in ("date", "date and time", "time"):
        return isinstance(value, datetime | date | int | Decimal) or is_moment(value) or kind == "time"
    if kind == "string":
        return not isinstance(value, Mapping | list)
    if kind == "list":
        return isinstance(value, list)
    if kind == "context":
        return isinstance(value, Mapping)
    return True


def _number(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        Decimal(value)
    except InvalidOperation:
        return False
    return True
