"""What manifests can calculate beyond FEEL's own functions: texts of the wire, digests, times. Pure.

They are ``feel.Function`` values under these names in every expression of a manifest. Keyed hashes are not
here: keys are secrets, and secrets are only at work in ``auth`` and ``verify``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, unquote

import re2  # type: ignore[import-untyped]

from lineshaft import feel
from lineshaft.connectors.http.encrypting import rsa_encrypted
from lineshaft.connectors.http.odata import metadata as odata_metadata
from lineshaft.connectors.http.odata import values as odata
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.times import NotATime, format_moment, moment_of, zone_of_name
from lineshaft.connectors.http.wire import Unreadable, decode_json, encode_json


def _function(name: str, parameters: str, work: Callable[..., Any], required: int = 1) -> feel.Function:
    def guarded(*given: Any) -> Any:
        try:
            return work(*given)
        except (ValueError, TypeError, KeyError, ArithmeticError, Unreadable, NotATime) as error:
            raise feel.Fault(f"{name}: {error}", f"{name}:{error}") from error

    named = tuple(feel.Parameter(each) for each in parameters.split())
    return feel.Function(named, guarded, name=name, required=required)


def _bytes(value: Any) -> bytes:
    return as_text(value).encode()


def _digest(algorithm: str) -> Callable[[Any], str]:
    def work(value: Any) -> str:
        return hashlib.new(algorithm, _bytes(value), usedforsecurity=False).hexdigest()

    return work


def _unbase64(value: Any) -> str:
    written = as_text(value)
    padded = written + "=" * (-len(written) % 4)
    return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()


def _to_json(value: Any) -> str:
    return encode_json(value).decode()


def _sorted_pairs(value: Any, between: Any = "=", separator: Any = "&") -> str:
    """Join ``name + between + value`` in the order of names; empty values are left out."""
    if not isinstance(value, Mapping):
        raise TypeError("expected a context")
    pairs = []
    for name in sorted(value):
        entry = value[name]
        shown = _to_json(entry) if isinstance(entry, Mapping | list) else as_text(entry)
        if shown != "":
            pairs.append(f"{name}{as_text(between)}{shown}")
    return as_text(separator).join(pairs)


def _base64_xor(value: Any, mask: Any) -> str:
    """Mix decoded bytes with a text of at least that length, byte by byte, as some obfuscate a key."""
    content, mixed = base64.b64decode(as_text(value), validate=True), _bytes(mask)
    if len(mixed) < len(content):
        raise ValueError("the mask is shorter than the content")
    return base64.b64encode(bytes(a ^ b for a, b in zip(content, mixed, strict=False))).decode()


def _query_text(value: Any) -> str:
    if not isinstance(value, Mapping):
        raise TypeError("expected a context")
    return "&".join(
        f"{quote(name, safe='')}={quote(as_text(entry), safe='')}" for name, entry in value.items()
    )


def _format_time(value: Any, style: Any = "iso", zone: Any = "UTC") -> Any:
    return format_moment(_moment(value, zone), as_text(style), zone_of_name(as_text(zone)))


def _read_time(value: Any, zone: Any = "UTC", style: Any = None) -> datetime:
    return moment_of(value, zone_of_name(as_text(zone)), as_text(style) or None)


def _moment(value: Any, zone: Any) -> datetime:
    found = moment_of(value, zone_of_name(as_text(zone)))
    return found.astimezone(UTC)


def _exact(value: Any, places: Any) -> str:
    """Write a number with exactly so many places, as forms and Chinese vendors want it."""
    step = Decimal(1).scaleb(-int(places))
    return format(Decimal(str(value)).quantize(step), "f")


def _context_of(names: Any, values: Any) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _captured(value: Any, pattern: Any) -> str | None:
    """Return the first group of a pattern's first match, or the match where it has none; null without one."""
    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(as_text(pattern), options).search(as_text(value))
    except re2.error as error:
        raise ValueError(f"the pattern cannot be read: {error}") from error
    return None if found is None else str(found[1] if found.re.groups else found[0])


def _only_given(value: Any) -> Any:
    """Drop null and empty texts from a context."""
    if not isinstance(value, Mapping):
        raise TypeError("expected a context")
    return {name: entry for name, entry in value.items() if entry not in (None, "")}


def _odata_type(types: Any, name: Any) -> str:
    return odata.types_of(types).get(as_text(name), "string")


def _odata_literal(value: Any, kind: Any = None, version: Any = "v4") -> str:
    return odata.literal(value, as_text(kind) or "string", as_text(version))


FUNCTIONS: Final[Mapping[str, feel.Function]] = {
    each.name: each
    for each in (
        _function("to json", "value", _to_json),
        _function("from json", "text", lambda value: decode_json(_bytes(value))),
        _function("base64", "text", lambda value: base64.b64encode(_bytes(value)).decode()),
        _function("base64 text", "base64", _unbase64),
        _function("base64url", "text", lambda value: base64.urlsafe_b64encode(_bytes(value)).decode()),
        _function("url encode", "text", lambda value: quote(as_text(value), safe="")),
        _function("url decode", "text", lambda value: unquote(as_text(value))),
        _function("query text", "context", _query_text),
        _function("sorted pairs", "context between separator", _sorted_pairs),
        _function("context of", "names values", _context_of, 2),
        _function("only given", "context", _only_given),
        _function("base64 xor", "base64 mask", _base64_xor, 2),
        _function("rsa encrypted", "text key", rsa_encrypted, 2),
        _function("md5", "text", _digest("md5")),
        _function("sha1", "text", _digest("sha1")),
        _function("sha256", "text", _digest("sha256")),
        _function("sha512", "text", _digest("sha512")),
        _function("format time", "time style zone", _format_time),
        _function("read time", "text zone style", _read_time),
        _function("exact", "number places", _exact, 2),
        _function("odata literal", "value type version", _odata_literal),
        _function("odata type", "types name", _odata_type, 2),
        _function("odata key", "value types version", odata.key_of, 2),
        _function("odata filter", "context types version", odata.filter_of, 2),
        _function("odata body", "value types version", odata.body_of, 2),
        _function("odata records", "answer types", odata.records_of, 2),
        _function("odata one", "answer types", odata.one_of, 2),
        _function("odata next", "answer", odata.next_of),
        _function("odata delta", "answer", odata.delta_of),
        _function("odata etag", "answer headers", odata.etag_of),
        _function("odata id", "address", odata.own_id),
        _function("odata fields", "metadata set", odata_metadata.fields_of, 2),
        _function("captured", "text pattern", _captured, 2),
    )
}
"""By name. ``docs/reference/manifest.md`` says what each does."""
