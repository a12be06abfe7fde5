"""The stored form of FEEL values: MessagePack with tags for what MessagePack does not have.

Text, booleans, null, whole numbers (of any size), floats, bytes, lists and contexts come back as they were
given (a tuple as a list). ``Decimal`` keeps its digits and its exponent: ``1.50`` comes back as ``1.50``.
Python's dates and times and FEEL's own kinds come back as the same kind. Functions cannot be stored.

Part of the stored format: tags are never reused. Not for exchange with others: that is JSON, at the edges.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from lineshaft.feel.temporal import DateTime, DaysTimeDuration, FarDate, Time, YearsMonthsDuration
from lineshaft.feel.values import Range

_DECIMAL: Final = 1
_BIG: Final = 2
_DATE: Final = 3
_PY_TIME: Final = 4
_PY_DATE_TIME: Final = 5
_PY_DURATION: Final = 6
_FAR_DATE: Final = 7
_TIME: Final = 8
_DATE_TIME: Final = 9
_DAYS: Final = 10
_MONTHS: Final = 11
_RANGE: Final = 12

_SMALL_MIN, _SMALL_MAX = -(1 << 63), (1 << 64) - 1
_PLAIN: Final = frozenset({str, bool, type(None), float, bytes})
_LEAVES: Final = _PLAIN | {int}

_encoder = msgspec.msgpack.Encoder()
Ext = msgspec.msgpack.Ext


class NotStorable(TypeError):
    """A value has no stored form."""


def encode(value: Any) -> bytes:
    """Return the stored form of a value.

    Raises:
        NotStorable: It holds something that is no FEEL value, or a function.
    """
    if _is_plain(value):
        try:
            return _encoder.encode(value)
        except OverflowError:  # a whole number beyond 64 bits
            pass
    return _encoder.encode(_pack(value))


def join(parts: Mapping[str, bytes]) -> bytes:
    """Return the stored form of the context whose entries have these stored forms already."""
    return _encoder.encode({name: msgspec.Raw(part) for name, part in parts.items()})


def decode(data: bytes) -> Any:
    """Return the value again.

    Raises:
        ValueError: The bytes are no stored value.
    """
    return _decoder.decode(data)


def _is_plain(value: Any) -> bool:
    """Tell whether MessagePack itself has everything in ``value``: most payloads, then nothing is copied."""
    kind = value.__class__
    if kind is dict:
        for key, item in value.items():
            inner = item.__class__
            if key.__class__ is not str or not (
                inner in _LEAVES or ((inner is dict or inner is list) and _is_plain(item))
            ):
                return False
        return True
    if kind is list:
        for item in value:
            inner = item.__class__
            if not (inner in _LEAVES or ((inner is dict or inner is list) and _is_plain(item))):
                return False
        return True
    return kind in _LEAVES


def _pack(value: Any) -> Any:
    kind = value.__class__
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if _SMALL_MIN <= value <= _SMALL_MAX else Ext(_BIG, str(value).encode())
    if kind is dict:
        return {
            key if key.__class__ is str else _key(key): item if item.__class__ in _PLAIN else _pack(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [_pack(item) for item in value]
    pack = _PACKERS.get(kind)
    if pack is not None:
        return pack(value)
    return _pack_other(value)


def _key(key: Any) -> str:
    if key.__class__ is str:
        return str(key)
    raise NotStorable(f"Expected names of a context to be text, but found {key!r}")


def _pack_other(value: Any) -> Any:
    """Pack what is of a subclass of a known kind."""
    if isinstance(value, Mapping):
        return {_key(key): _pack(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item) for item in value]
    for kind in (int, float, str):
        if isinstance(value, kind):
            return _pack(kind(value))
    for known in (datetime.datetime, datetime.date, datetime.time, datetime.timedelta, Decimal):
        if isinstance(value, known):
            return _PACKERS[known](value)
    raise NotStorable(f"Expected a FEEL value, but found {value.__class__.__name__}")


def _parts(tag: int, *parts: Any) -> Any:
    return Ext(tag, _encoder.encode([_pack(part) for part in parts]))


_PACKERS: dict[type, Callable[[Any], Any]] = {
    Decimal: lambda v: Ext(_DECIMAL, str(v).encode()),
    datetime.date: lambda v: Ext(_DATE, v.isoformat().encode()),
    datetime.time: lambda v: _parts(_PY_TIME, v.replace(tzinfo=None).isoformat(), _zone(v)),
    datetime.datetime: lambda v: _parts(_PY_DATE_TIME, v.replace(tzinfo=None).isoformat(), _zone(v), v.fold),
    datetime.timedelta: lambda v: _parts(_PY_DURATION, v.days, v.seconds, v.microseconds),
    FarDate: lambda v: _parts(_FAR_DATE, v.year, v.month, v.day),
    Time: lambda v: _parts(_TIME, *_fields(v)),
    DateTime: lambda v: _parts(_DATE_TIME, *_fields(v)),
    DaysTimeDuration: lambda v: _parts(_DAYS, *_fields(v)),
    YearsMonthsDuration: lambda v: _parts(_MONTHS, *_fields(v)),
    Range: lambda v: _parts(_RANGE, v.start, v.end, v.start_included, v.end_included, v.not_equal),
}


def _fields(value: Any) -> list[Any]:
    return [getattr(value, name) for name in type(value).__dataclass_fields__]


def _zone(value: datetime.datetime | datetime.time) -> Any:
    """Return a Python value's zone: its name, its offset in seconds, or none."""
    zone = value.tzinfo
    if zone is None:
        return None
    name = getattr(zone, "key", None)
    if name is not None:
        return str(name)
    offset = value.utcoffset()
    return None if offset is None else int(offset.total_seconds())


def _tzinfo(zone: Any) -> datetime.tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        from zoneinfo import ZoneInfo

        return ZoneInfo(zone)
    return datetime.UTC if zone == 0 else datetime.timezone(datetime.timedelta(seconds=zone))


def _time(data: Any) -> datetime.time:
    shown, zone = decode(data)
    return datetime.time.fromisoformat(shown).replace(tzinfo=_tzinfo(zone))


def _date_time(data: Any) -> datetime.datetime:
    shown, zone, fold = decode(data)
    return datetime.datetime.fromisoformat(shown).replace(tzinfo=_tzinfo(zone), fold=fold)


def _duration(data: Any) -> datetime.timedelta:
    days, seconds, microseconds = decode(data)
    return datetime.timedelta(days, seconds, microseconds)


def _text(data: Any) -> str:
    return bytes(data).decode()


_UNPACKERS: dict[int, Callable[[Any], Any]] = {
    _DECIMAL: lambda data: Decimal(_text(data)),
    _BIG: lambda data: int(_text(data)),
    _DATE: lambda data: datetime.date.fromisoformat(_text(data)),
    _PY_TIME: _time,
    _PY_DATE_TIME: _date_time,
    _PY_DURATION: _duration,
    _FAR_DATE: lambda data: FarDate(*decode(data)),
    _TIME: lambda data: Time(*decode(data)),
    _DATE_TIME: lambda data: DateTime(*decode(data)),
    _DAYS: lambda data: DaysTimeDuration(*decode(data)),
    _MONTHS: lambda data: YearsMonthsDuration(*decode(data)),
    _RANGE: lambda data: Range(*decode(data)),
}


def _unpack(code: int, data: memoryview) -> Any:
    unpack = _UNPACKERS.get(code)
    if unpack is None:
        raise ValueError(f"Expected a stored value of a known kind, but found tag {code}")
    return unpack(data)


_decoder = msgspec.msgpack.Decoder(ext_hook=_unpack)
