"""Values between a payload and a directory, names of entries, filters. Pure.

A directory keeps bytes: texts in UTF-8, numbers as digits, times as generalized time (RFC 4517 §3.3.13) in
UTC. An attribute has one value or several and never an empty one: what is null is not there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lineshaft.base.text import Text, text
from lineshaft.connectors.ldap.model import AttributeRule, ResourceRule
from lineshaft.mapping.leaves import as_text

_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)\Z")
_SPECIAL: Final = frozenset(',+"\\<>;=')


class Unfit(Exception):
    """A value does not fit its attribute's type."""

    def __init__(self, field: str, message: Text) -> None:
        self.field = field
        self.message = message
        super().__init__(str(message))


def encode(rule: AttributeRule, value: Any) -> list[bytes]:
    """Return an attribute's values; null and empty texts are none.

    Raises:
        Unfit: A value has another type than declared.
    """
    many = value if isinstance(value, list | tuple) else [value]
    if len(many) > 1 and not rule.many:
        raise Unfit(
            rule.name,
            text(
                "{name}: expected one value, but there are {count}",
                "{name}:应为一个值,实际有 {count} 个",
                name=rule.name,
                count=len(many),
            ),
        )
    return [_encoded(rule, each).encode() for each in many if each is not None and each != ""]


def _encoded(rule: AttributeRule, value: Any) -> str:
    if rule.type == "boolean" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if rule.type == "number" and not isinstance(value, bool):
        try:
            return format(Decimal(as_text(value)), "f")
        except InvalidOperation:
            raise _unfit(rule, value) from None
    if rule.type == "date and time":
        moment = value if isinstance(value, datetime) else _iso(rule, value)
        if moment.tzinfo is None:
            raise _unfit(rule, value)
        return written(moment)
    if rule.type == "string" and isinstance(value, str | Decimal | int | bool):
        return as_text(value)
    raise _unfit(rule, value)


def _iso(rule: AttributeRule, value: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise _unfit(rule, value) from None


def _unfit(rule: AttributeRule, value: Any) -> Unfit:
    return Unfit(
        rule.name,
        text(
            "{name}: expected {type}, but it is {value}",
            "{name}:应为 {type},实际为 {value}",
            name=rule.name,
            type=rule.type,
            value=str(value)[:80],
        ),
    )


def decode(rule: AttributeRule, values: Sequence[bytes]) -> Any:
    """Return what an attribute's values mean; what cannot be read as declared stays text.

    Raises:
        Unfit: It has several values, and is no list.
    """
    if rule.many:
        return [_decoded(rule, each) for each in values]
    if len(values) > 1:
        raise Unfit(
            rule.name,
            text(
                "{name}: the entry has {count} values; declare it with many: true",
                "{name}:该条目有 {count} 个值,请声明 many: true",
                name=rule.name,
                count=len(values),
            ),
        )
    return _decoded(rule, values[0]) if values else None


def _decoded(rule: AttributeRule, raw: bytes) -> Any:
    try:
        words = raw.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode()
    if rule.type == "number":
        try:
            return Decimal(words)
        except InvalidOperation:
            raise _unfit(rule, words) from None
    if rule.type == "boolean":
        return words.upper() == "TRUE"
    if rule.type == "date and time":
        moment = moment_of(words)
        if moment is None:
            raise _unfit(rule, words)
        return moment
    return words


def moment_of(words: str) -> datetime | None:
    """Return a generalized time; ``None``: it is none."""
    found = _TIME.match(words)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0), tzinfo=_zone(zone)
        )
    except ValueError:
        return None
    unit = 1.0 if second else 60.0 if minute else 3600.0
    return (moment + timedelta(seconds=float(f"0.{fraction or 0}") * unit)).astimezone(UTC)


def _zone(written: str) -> timezone:
    if written == "Z":
        return UTC
    minutes = int(written[1:3]) * 60 + int(written[3:5] or 0)
    return timezone(timedelta(minutes=minutes if written[0] == "+" else -minutes))


def written(moment: datetime) -> str:
    """Return a moment as generalized time in UTC, to the second; a fraction where there is one."""
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{utc:%Y%m%d%H%M%S}{fraction}Z"


def filter_value(value: str) -> str:
    """Return a text that means nothing to a filter but itself (RFC 4515 §3)."""
    return "".join(
        f"\\{byte:02x}" if byte in b"\\*()\x00" or byte > 126 else chr(byte) for byte in value.encode()
    )


def name_value(value: str) -> str:
    """Return a text that means nothing to an entry's name but itself (RFC 4514 §2.4)."""
    shown = []
    for index, mark in enumerate(value):
        edge = (mark in " #" and index == 0) or (mark == " " and index == len(value) - 1)
        if mark in _SPECIAL or edge:
            shown.append("\\" + mark)
        elif mark < " " or mark == "\x7f":
            shown.append(f"\\{ord(mark):02x}")
        else:
            shown.append(mark)
    return "".join(shown)


def first_value(dn: str) -> tuple[str, str]:
    """Return attribute and value of an entry's own name, the first part of its DN."""
    attribute, _, rest = dn.partition("=")
    value, index, raw = bytearray(), 0, rest
    while index < len(raw):
        mark = raw[index]
        if mark in ",+;":
            break
        if mark == "\\" and index + 1 < len(raw):
            pair = raw[index + 1 : index + 3]
            if re.fullmatch(r"[0-9A-Fa-f]{2}", pair):
                value.append(int(pair, 16))
                index += 3
                continue
            index += 1
            mark = raw[index]
        value += mark.encode()
        index += 1
    return attribute.strip(), value.decode("utf-8", "replace").strip()


def joined(*parts: str) -> str:
    """Return a name made of these parts, the innermost first; empty ones are left out."""
    return ",".join(part for part in parts if part)


def record_of(
    rule: ResourceRule, entry: Mapping[str, Sequence[bytes]], resources: Mapping[str, ResourceRule]
) -> dict[str, Any]:
    """Return an entry's declared fields; a link is the key of the entry it names where its name shows it.

    Raises:
        Unfit: A value is not as declared.
    """
    small = {name.lower(): values for name, values in entry.items()}
    found = {}
    for name, field in rule.fields.items():
        value = decode(field, small.get(field.attribute.lower(), ()))
        if field.link is not None and value is not None:
            target = resources[field.link]
            shown = [_linked(str(each), target) for each in (value if field.many else [value])]
            value = shown if field.many else shown[0]
        found[name] = value
    return found


def _linked(dn: str, target: ResourceRule) -> str:
    attribute, value = first_value(dn)
    return value if attribute.lower() == target.fields[target.key].attribute.lower() else dn


def same(field: AttributeRule, wanted: Sequence[bytes], found: Sequence[bytes]) -> bool:
    """Tell whether an attribute has these values already; names of entries go without case and blanks."""
    if field.link is None:
        return sorted(wanted) == sorted(found)
    return sorted(map(_plain_name, wanted)) == sorted(map(_plain_name, found))


def _plain_name(dn: bytes) -> bytes:
    return re.sub(rb"\s*([,=+])\s*", rb"\1", dn).lower()
