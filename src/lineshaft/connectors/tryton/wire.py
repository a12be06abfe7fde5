"""Tryton's JSON on the wire: exact decimals, dates and times in ``__class__`` tables, envelopes.

Pure. Source: Tryton's JSON-RPC protocol, series 8.0. An envelope has exactly the keys ``id``, ``method`` and
``params``: with any other key (such as ``jsonrpc``) Tryton answers errors as HTML with a 4xx status.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from lineshaft.base.numbers import exact

_DECODER: Final = msgspec.json.Decoder(float_hook=exact)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class Unreadable(Exception):
    """An answer is not what the protocol promises; the text says why."""


@dataclass(frozen=True, slots=True)
class Float:
    """A number that Tryton keeps as a float (quantities); it is written digit by digit all the same."""

    value: Decimal


def encode_call(number: int, method: str, params: list[Any]) -> bytes:
    """Return the body of one call."""
    return _ENCODER.encode({"id": number, "method": method, "params": packed(params)})


def decode_answer(body: bytes) -> Mapping[str, Any]:
    """Return the envelope of an answer, its values unpacked.

    Raises:
        Unreadable: It is not JSON, or no envelope with ``result`` or ``error``.
    """
    try:
        value = unpacked(_DECODER.decode(body))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if not isinstance(value, Mapping) or ("result" not in value and "error" not in value):
        raise Unreadable("neither result nor error")
    return value


def packed(value: Any) -> Any:
    """Return a value as it goes out: decimals, dates and times as ``__class__`` tables."""
    if isinstance(value, Float):
        return value.value
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        stamp = value.astimezone(UTC) if value.tzinfo is not None else value
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime"} | {part: getattr(stamp, part) for part in parts}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {name: packed(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [packed(entry) for entry in value]
    return value


def unpacked(value: Any) -> Any:
    """Return a value as it came in; a date and time is aware, in UTC, as Tryton keeps it.

    Raises:
        ValueError: A ``__class__`` table does not hold what it says.
    """
    if isinstance(value, list):
        return [unpacked(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    try:
        if kind == "Decimal":
            return Decimal(value["decimal"])
        if kind == "date":
            return date(value["year"], value["month"], value["day"])
        if kind == "datetime":
            day = date(value["year"], value["month"], value["day"])
            clock = time(value["hour"], value["minute"], value["second"], value["microsecond"])
            return datetime.combine(day, clock, UTC)
        if kind == "time":
            return time(value["hour"], value["minute"], value["second"], value["microsecond"])
        if kind == "timedelta":
            return timedelta(seconds=float(value["seconds"]))
        if kind == "bytes":
            return base64.b64decode(value["base64"])
    except (KeyError, TypeError, InvalidOperation, binascii.Error) as error:
        raise ValueError(f"not a {kind}: {error}") from error
    return {name: unpacked(entry) for name, entry in value.items()}
