"""What comes in becomes records: whitelist, filter, key and version, and the mapping into the shared shape.

A record that cannot be taken is an error of its own and stops no other one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lineshaft.base.errors import HubError, InputError, MappingError
from lineshaft.base.text import Text, text
from lineshaft.engine.flows.model import Side
from lineshaft.mapping import CompiledMapping, Mapped, Reference
from lineshaft.sdk import Change
from lineshaft.store.cursors import micros_of
from lineshaft.store.shapes import KEY_BYTES_MAX

Resolve = Callable[[Sequence[Reference]], Awaitable[Mapping[Reference, str]]]
"""Finds the codes of references; one without a code is left out."""
_NO_REFERENCES: Final[Mapping[Reference, str]] = {}


@dataclass(slots=True)
class Taken:
    """A record on its way."""

    key: str
    record: Mapping[str, Any]
    """In the shared shape, once it was mapped."""
    raw: Mapping[str, Any]
    """As it came, of the allowed fields: what a dead letter shows and a person may correct."""
    at: datetime
    """When it was changed at its source, or came in."""
    version: int | None = None
    item: str | None = None
    """The entry of the queue that it came by."""
    attempts: int = 0
    is_replay: bool = False
    """A person wants it to be written, whatever is known of it."""
    error: HubError | None = None
    missing: tuple[Reference, ...] = ()


@dataclass(slots=True)
class Page:
    """What one reading brought."""

    taken: list[Taken] = field(default_factory=list)
    filtered: int = 0


def facts_of(change: Change) -> dict[str, Any]:
    """Return a change as expressions see it."""
    return {
        "type": change.type,
        "subject": change.subject,
        "id": change.id,
        "time": change.occurred_at,
        "data": change.data,
    }


def take_change(side: Side, change: Change, now: datetime) -> Taken | None:
    """Return the record of a change; ``None``: the filter leaves it alone."""
    if change.problem is None:
        return take(side, facts_of(change), now)
    shown = dict(change.data)
    if side.fields is not None:
        # Which of its values belong to fields that may be seen, nobody can say.
        shown.pop("values", None)
    error = InputError(change.problem, code="record_unreadable")
    name = _shown({"subject": change.subject, "id": change.id})
    return Taken(name, shown, shown, change.occurred_at or now, error=error)


def take(side: Side, facts: Mapping[str, Any], now: datetime) -> Taken | None:
    """Return the record of a change; ``None``: the filter leaves it alone."""
    at = facts.get("time") or now
    record: Any = facts["data"]
    key = ""
    try:
        if side.record is not None:
            record = side.record.evaluate(facts, strict=True)
        if not isinstance(record, Mapping):
            raise InputError(
                text("Expected a record, but it is {it}", "应为记录,实际为 {it}", it=str(record)[:60])
            )
        if side.fields is not None:
            record = {name: value for name, value in record.items() if name in side.fields}
        names = {**facts, "record": record}
        if side.fields is not None:
            # What is not allowed is not seen by the filter either.
            names["data"] = record
        key = _key(side.key.evaluate(names, strict=True))
        if side.when is not None and side.when.evaluate(names, strict=True) is not True:
            return None
        version = None
        if side.version is not None:
            version = _version(side.version.evaluate(names, strict=True))
        return Taken(key, record, record, at, version)
    except HubError as error:
        shown = record if isinstance(record, Mapping) else {"value": record}
        return Taken(key or _shown(facts), shown, shown, at, error=error)


def _shown(facts: Mapping[str, Any]) -> str:
    """Return a name for a record whose key cannot be told."""
    named = str(facts.get("subject") or facts.get("id") or "?").replace("\0", "")
    return f"?{named}"[:100]


def _key(value: Any) -> str:
    key = "" if value is None else str(value)
    if not key or "\0" in key or len(key.encode("utf-8", "replace")) > KEY_BYTES_MAX // 2:
        raise InputError(
            text(
                "Expected a key of 1 to {limit} bytes, but it is {key}",
                "键应为 1 到 {limit} 字节,实际为 {key}",
                limit=KEY_BYTES_MAX // 2,
                key=ascii(key[:40]),
            ),
            code="key_unusable",
        )
    return key


def _version(value: Any) -> int:
    if isinstance(value, datetime):
        return micros_of(value)
    try:
        return micros_of(value.to_python()) if hasattr(value, "to_python") else int(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            text(
                "Expected a version, a number or a time, but it is {it}",
                "版本应为数字或时间,实际为 {it}",
                it=value,
            )
        ) from error


async def mapped(
    mapping: CompiledMapping | None, taken: Iterable[Taken], resolve: Resolve, now: datetime
) -> None:
    """Map records in place; what is wrong or missing is noted with each. One look-up for all of them."""
    if mapping is None:
        return
    sound = [each for each in taken if each.error is None and not each.missing]
    found = await _found(mapping, [each.record for each in sound], resolve, now)
    for each in sound:
        made = mapping.apply(each.record, found, now=now)
        if made.record is None:
            each.missing = made.missing
            if made.problems or not made.missing:
                each.error = error_of(mapping, made)
        else:
            each.record = made.record


async def _found(
    mapping: CompiledMapping, records: Sequence[Any], resolve: Resolve, now: datetime
) -> Mapping[Reference, str]:
    asked: dict[Reference, None] = {}
    for record in records:
        for reference in mapping.lookups(record, now=now):
            asked[reference] = None
    return await resolve(tuple(asked)) if asked else _NO_REFERENCES


async def made_by(
    mapping: CompiledMapping | None, records: Sequence[Mapping[str, Any]], resolve: Resolve, now: datetime
) -> list[Mapped]:
    """Map records; one result for each."""
    if mapping is None:
        return [Mapped(record) for record in records]
    found = await _found(mapping, records, resolve, now)
    return [mapping.apply(record, found, now=now) for record in records]


def error_of(mapping: CompiledMapping, made: Mapped) -> HubError:
    """Return what is wrong with a record that could not be mapped."""
    if made.parts is not None:
        told = text("Expected one record, but {name} makes several", "{name} 产生多条记录", name=mapping.name)
        return MappingError(told, code="several_records")
    problems = made.problems[:3]
    english = "; ".join(
        f"{each.place.element or ''} {each.message.in_language('en')}".strip() for each in problems
    )
    chinese = ";".join(
        f"{each.place.element or ''} {each.message.in_language('zh')}".strip() for each in problems
    )
    first = made.problems[0].code if made.problems else "unmapped"
    return MappingError(Text(f"{mapping.name}: {english}", f"{mapping.name}:{chinese}"), code=first)
