"""What a live system has: the fields of its records, with their types and a sample of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import Text
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.facts import as_list
from lineshaft.connectors.http.model import Manifest, ResourceRule, SampleRule
from lineshaft.connectors.http.paging import Place
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.times import is_moment
from lineshaft.sdk.fields import FIELD_TYPES
from lineshaft.sdk.spec import FieldSpec, ResourceSpec

SAMPLE_CHARS_MAX: Final = 80
_RECORDS: Final = 20
_DEPTH: Final = 2


class Describer:
    """Looks at the resources of one system."""

    def __init__(self, manifest: Manifest, caller: Caller) -> None:
        self._manifest = manifest
        self._caller = caller

    async def resources(self) -> list[ResourceSpec]:
        """Return the declared resources, their fields as the target has them now.

        Raises:
            ConnectorError: The target cannot be read.
        """
        found = []
        for spec in self._manifest.spec.resources:
            rule = self._manifest.resources[spec.name]
            guessed = rule.sample is None or rule.sample.fields is None
            if rule.sample is not None and not guessed:
                fields = await self._told(rule.sample)
            else:
                fields = fields_of(await sample_of(rule, self._caller), with_lines=True)
            live = _with_declared(fields, spec.fields) if guessed else fields
            found.append(replace(spec, fields=merged(spec.fields, fields), live=live, guessed=guessed))
        return found

    async def _told(self, rule: SampleRule) -> tuple[FieldSpec, ...]:
        """The target describes its own fields (a metadata address)."""
        asked = Asked("describe", True)
        seen, _ = await self._caller.judged(rule.request, rule.answers, Place.first_names(), asked)
        assert rule.fields is not None
        try:
            rows = as_list(rule.fields.value(seen))
        except ExpressionError as error:
            raise Invalid(error.message, code="answer_unreadable", hint=error.hint) from error
        found = []
        for row in rows:
            if not isinstance(row, Mapping) or not row.get("name"):
                continue
            kind = as_text(row.get("type"))
            label = as_text(row.get("label"))
            required = row.get("required") in (True, 1, "1", "true", "Y")
            known = kind if kind in FIELD_TYPES else TYPES.get(kind.lower(), "Any")
            found.append(
                FieldSpec(as_text(row["name"]), known, Text(label, label) if label else None, required)
            )
        return tuple(found)


TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("int", "integer", "float", "currency", "decimal", "double", "percent", "number"), "number"
    ),
    **dict.fromkeys(
        ("many2one", "char", "text", "data", "link", "select", "string", "varchar", "uuid"), "string"
    ),
    **dict.fromkeys(("check", "bool", "boolean"), "boolean"),
    **dict.fromkeys(("datetime", "timestamp", "date-time"), "date and time"),
    **dict.fromkeys(("one2many", "many2many", "table", "array", "list"), "list"),
    **dict.fromkeys(("object", "json", "struct"), "context"),
    "date": "date",
    "time": "time",
}
"""Words of common systems for types."""


async def sample_of(rule: ResourceRule, caller: Caller) -> list[Any]:
    """Return some records of a resource; none where nothing says how to read them.

    Raises:
        ConnectorError: The target cannot be read.
    """
    sample = rule.sample
    asked = Asked(f"{rule.name}.sample", True)
    try:
        if sample is not None and sample.records is not None:
            seen, _ = await caller.judged(sample.request, sample.answers, Place.first_names(), asked)
            return as_list(sample.records.value(seen))[:_RECORDS]
        changes = rule.changes
        if changes is not None:
            place = Place.first(changes.paging)
            since = changes.cursor.start
            cursor = since.value({"now": caller.clock.now(), "settings": caller.settings}) if since else None
            names = {**place.names(changes.paging), "cursor": cursor}
            seen, _ = await caller.judged(changes.request, changes.answers, names, asked)
            return as_list(changes.records.value({**names, **seen}))[:_RECORDS]
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    return []


def _with_declared(found: Sequence[FieldSpec], declared: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Return guessed fields; one that the manifest requires is required, however few records there are."""
    needed = {field.name for field in declared if field.required}
    return tuple(replace(field, required=field.required or field.name in needed) for field in found)


def fields_of(records: Sequence[Any], *, with_lines: bool = False) -> tuple[FieldSpec, ...]:
    """Guess the fields of records: a field that every record has is required.

    Args:
        records: As they came; what is no object counts for nothing.
        with_lines: The fields of lists of objects too, as ``lines.item``.
    """
    values: dict[str, list[Any]] = {}
    rows = [record for record in records if isinstance(record, Mapping)]
    lines: dict[str, list[Any]] = {}
    for record in rows:
        for name, value in _flat(record):
            values.setdefault(name, []).append(value)
            if with_lines and isinstance(value, list):
                lines.setdefault(name, []).extend(value)
    found = []
    for name, seen in values.items():
        there = [value for value in seen if value not in (None, "")]
        sample = (
            as_text(there[0])[:SAMPLE_CHARS_MAX] if there and not isinstance(there[0], Mapping | list) else ""
        )
        required = len(there) == len(rows) > 1
        found.append(FieldSpec(name, _type_of(there), None, required, sample))
        if name in lines:
            found += [replace(each, name=f"{name}.{each.name}") for each in fields_of(lines[name])]
    return tuple(found)


def _flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < _DEPTH:
            yield from _flat(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _type_of(values: Sequence[Any]) -> str:
    kinds = {type_of(value) for value in values}
    if not kinds:
        return "Any"
    if len(kinds) == 1:
        return kinds.pop()
    return "date and time" if kinds == {"date", "date and time"} else "Any"


def type_of(value: Any) -> str:
    """Return the FEEL type that a value of JSON or XML looks like."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, Mapping):
        return "context"
    if isinstance(value, list):
        return "list"
    written = str(value)
    if len(written) >= 8 and not written.isdigit() and is_moment(written):
        return "date" if len(written) == 10 else "date and time"
    return "string"


def merged(declared: Sequence[FieldSpec], found: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Return the declared fields with the samples that were found, then those that nobody declared."""
    by_name = {field.name: field for field in found}
    known = [
        replace(field, sample=by_name[field.name].sample) if field.name in by_name else field
        for field in declared
    ]
    names = {field.name for field in declared}
    return (*known, *(field for field in found if field.name not in names))
