"""Values of OData: literals in addresses, values in bodies, records out of answers. Pure.

Types are Edm types by their short names in small letters (``decimal``, ``datetimeoffset``), given for the
properties that need one; a property inside another one is ``to_Item/Quantity``. Sources: OData 2 JSON format
and URI conventions; OData 4.01 part 2 §5.1.1, JSON format §7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.times import moment_of
from lineshaft.connectors.http.wire import Unreadable

TYPES: Final = (
    "string", "boolean", "byte", "int16", "int32", "int64", "decimal", "double", "single", "guid", "date",
    "timeofday", "time", "datetime", "datetimeoffset", "binary", "duration",
)  # fmt: skip
_BARE: Final = frozenset({"boolean", "byte", "int16", "int32"})
_NUMBERS: Final = frozenset({"byte", "int16", "int32", "int64", "decimal", "double", "single"})
_SUFFIX: Final = {"int64": "L", "decimal": "M", "double": "d", "single": "f"}
_MOMENT2: Final = re.compile(r"/Date\((-?\d+)([+-]\d+)?\)/\Z")
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


Types = Mapping[str, str] | str
"""Properties and their types; in an expression as text, ``Number:string,Price:decimal``."""


@lru_cache(maxsize=256)
def _parsed(written: str) -> Mapping[str, str]:
    pairs = (part.partition(":") for part in written.split(",") if part)
    return {name.strip(): kind.strip() or "string" for name, _, kind in pairs}


def types_of(types: Types) -> Mapping[str, str]:
    """Return the types that a text or a context names."""
    return _parsed(types) if isinstance(types, str) else types


def literal(value: Any, kind: str = "string", version: str = "v4") -> str:
    """Return a value as it stands in an address: a filter, a key, a parameter."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind in _NUMBERS:
        return _number(value) + (_SUFFIX.get(kind, "") if version == "v2" else "")
    if kind == "guid":
        return f"guid'{as_text(value)}'" if version == "v2" else as_text(value)
    if kind in ("datetime", "datetimeoffset"):
        moment = _moment(value)
        if version == "v4":
            return _iso(moment) + "Z"
        shown = _iso(moment)
        return f"datetimeoffset'{shown}Z'" if kind == "datetimeoffset" else f"datetime'{shown}'"
    if kind in ("date", "timeofday"):
        return as_text(value)
    if kind == "time":
        return f"time'{as_text(value)}'"
    if kind == "duration":
        return f"duration'{as_text(value)}'"
    return "'" + as_text(value).replace("'", "''") + "'"


def key_of(value: Any, types: Types, version: str = "v4") -> str:
    """Return what stands in the brackets of an entity's address.

    Args:
        value: The value of the one key property; of several, a context, or a text with a slash between them.
        types: The key's properties with their types, in order.
        version: ``v2`` or ``v4``.
    """
    types = types_of(types)
    names = list(types)
    if isinstance(value, Mapping):
        parts = [value[name] for name in names]
    elif len(names) == 1:
        parts = [value]
    else:
        # A slash inside of a part comes as %2F.
        parts = [unquote(part) for part in as_text(value).split("/")]
        if len(parts) != len(names):
            raise ValueError(f"expected {len(names)} parts with a slash between them")
    if len(names) == 1:
        return literal(parts[0], types[names[0]], version)
    shown = (f"{name}={literal(part, types[name], version)}" for name, part in zip(names, parts, strict=True))
    return ",".join(shown)


def filter_of(value: Mapping[str, Any], types: Types, version: str = "v4", joint: str = "and") -> str:
    """Return a filter over equal properties; a list means any of its values, null leaves a property out."""
    types, parts = types_of(types), []
    for name, wanted in value.items():
        if wanted is None:
            continue
        kind = types.get(name, "string")
        if isinstance(wanted, list | tuple):
            any_of = " or ".join(f"{name} eq {literal(each, kind, version)}" for each in wanted)
            parts.append(f"({any_of or 'false'})")
        else:
            parts.append(f"{name} eq {literal(wanted, kind, version)}")
    return f" {joint} ".join(parts)


def body_of(value: Any, types: Types, version: str = "v4", path: str = "") -> Any:
    """Return a value as a body carries it: in OData 2 decimals are texts and times ``/Date(…)/``."""
    types = types_of(types)
    if isinstance(value, Mapping):
        prefix = f"{path}/" if path else ""
        return {name: body_of(entry, types, version, f"{prefix}{name}") for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [body_of(entry, types, version, path) for entry in value]
    kind = types.get(path, "")
    if value is None or not kind:
        if version == "v2" and isinstance(value, Decimal) and value != int(value):
            return _number(value)
        return value
    if kind in ("decimal", "int64", "double", "single"):
        return _number(value) if version == "v2" else Decimal(_number(value))
    if kind in ("datetime", "datetimeoffset") or (kind == "date" and version == "v2"):
        moment = _moment(value)
        if version == "v4":
            return _iso(moment) + "Z"
        offset = "+0000" if kind == "datetimeoffset" else ""
        return f"/Date({(moment - _EPOCH) // _MILLISECOND}{offset})/"
    return as_text(value) if kind in ("string", "guid", "date") else value


def record_of(value: Any, types: Types, path: str = "") -> Any:
    """Return an entity without the envelope of either version: exact decimals, times with an offset.

    What was not expanded is left out; OData 4's own notes (``@odata.…``) too, but what says that it is gone.
    """
    types = types_of(types)
    if isinstance(value, Mapping):
        if set(value) <= {"results", "__count", "__next"} and "results" in value:
            return [record_of(entry, types, path) for entry in value["results"]]
        prefix = f"{path}/" if path else ""
        return {
            name: record_of(entry, types, f"{prefix}{name}")
            for name, entry in value.items()
            if not _is_note(name) and not (isinstance(entry, Mapping) and set(entry) == {"__deferred"})
        }
    if isinstance(value, list | tuple):
        return [record_of(entry, types, path) for entry in value]
    kind = types.get(path, "")
    if value is None or not kind:
        return value
    if kind in _NUMBERS and isinstance(value, str):
        return Decimal(value)
    if kind in ("datetime", "datetimeoffset") and isinstance(value, str):
        return moment_of(value, UTC)
    return value


def _is_note(name: str) -> bool:
    return name == "__metadata" or ("@" in name and name not in ("@removed", "@odata.etag", "@odata.id"))


def records_of(answer: Any, types: Types) -> list[Any]:
    """Return the entities of a list's answer, of either version."""
    found = _inner(answer)
    if isinstance(found, Mapping):
        found = found["value"] if "value" in found else found["results"]
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ValueError("expected a list of entities")
    return [record_of(_told_gone(entry), types) for entry in found]


def _told_gone(entry: Any) -> Any:
    """Say in one way that an entity was deleted: OData 4.0 says it in the context, 4.01 by a note."""
    if isinstance(entry, Mapping) and as_text(entry.get("@odata.context")).endswith("/$deletedEntity"):
        return {"@removed": {"reason": entry.get("reason", "deleted")}, "@odata.id": entry.get("id", "")}
    return entry


def one_of(answer: Any, types: Types) -> Any:
    """Return the entity of an answer, of either version; null where the answer is empty."""
    return None if answer is None else record_of(_inner(answer), types)


def next_of(answer: Any) -> str:
    """Return the address of the next page, or an empty text."""
    found = _inner(answer)
    if not isinstance(found, Mapping):
        return ""
    return as_text(found.get("__next") or found.get("@odata.nextLink") or found.get("@nextLink"))


def delta_of(answer: Any) -> str:
    """Return the address that tells what changed from here on, or that of the next page."""
    found = _inner(answer)
    if not isinstance(found, Mapping):
        return ""
    return as_text(found.get("@odata.deltaLink") or found.get("@deltaLink") or next_of(answer))


def etag_of(answer: Any, headers: Mapping[str, Any] | None = None) -> str:
    """Return the version of an entity, ``*`` where the service keeps none."""
    found = _inner(answer)
    if isinstance(found, Mapping):
        note = found.get("__metadata")
        told = (
            note.get("etag") if isinstance(note, Mapping) else found.get("@odata.etag") or found.get("@etag")
        )
        if told:
            return as_text(told)
    return as_text((headers or {}).get("etag")) or "*"


def own_id(value: Any) -> str:
    """Return the key of an entity out of its address: ``Orders('S-1')`` is ``S-1``."""
    found = re.search(r"\(([^()]*)\)/?\Z", unquote(as_text(value)))
    key = found[1] if found is not None else as_text(value)
    return key[1:-1].replace("''", "'") if len(key) > 1 and key[0] == key[-1] == "'" else key


def _inner(answer: Any) -> Any:
    return answer["d"] if isinstance(answer, Mapping) and "d" in answer else answer


def _number(value: Any) -> str:
    try:
        return format(Decimal(as_text(value)), "f")
    except ArithmeticError as error:
        raise Unreadable(f"expected a number, but it is {as_text(value)[:40]!r}") from error


def _moment(value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return moment_of(value, UTC).astimezone(UTC)


def _iso(moment: datetime) -> str:
    shown = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{shown}.{moment.microsecond:06}".rstrip("0") if moment.microsecond else shown
