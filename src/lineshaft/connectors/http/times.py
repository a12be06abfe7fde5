"""Time stamps as business systems write them, and writing them back in the same form. Pure.

Read: ISO 8601 with ``T`` or a blank, slashes for dashes, ``20260131`` with or without a time, seconds or
milliseconds since 1970, ``/Date(1767225600000)/`` of OData 2, and the form of HTTP headers. A time without an
offset is of the zone that the connection names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lineshaft import feel

STYLES: Final = ("iso", "iso_z", "seconds", "milliseconds")
"""Besides these a style is a pattern of ``strftime``, recognised by its ``%``."""
_ODATA2: Final = re.compile(r"/Date\((-?\d+)(?:[+-]\d+)?\)/\Z")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?\Z")
_MILLISECONDS_FROM: Final = 100_000_000_000
"""A number from here on counts milliseconds: as seconds it would lie beyond the year 5000."""


class NotATime(Exception):
    """It is no time stamp of a form that is known."""


def zone_of_name(name: str) -> tzinfo:
    """Return the zone of an IANA name.

    Raises:
        NotATime: There is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NotATime(f"there is no time zone {name}") from error


def moment_of(value: Any, zone: tzinfo, style: str | None = None) -> datetime:
    """Return the moment that a time stamp means, with an offset.

    Args:
        value: Text, number or time.
        zone: Of a time stamp without an offset.
        style: A pattern of ``strptime`` where the form is a house's own.

    Raises:
        NotATime: Its form is not known.
    """
    if type(value) is str and style is None and len(value) >= 19 and value[4] == "-":
        # ISO 8601, by far the most common.
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    if isinstance(value, feel.DateTime):
        value = value.to_python()
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    try:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return _of_number(Decimal(value))
        written = str(value).strip()
        if style is not None and "%" in style:
            found = datetime.strptime(written, style)  # noqa: DTZ007 - the zone follows
        else:
            found = _of_text(written)
    except (ValueError, OverflowError, OSError) as error:
        raise NotATime(f"{value} is no time stamp") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _of_number(value: Decimal) -> datetime:
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))


def _of_text(written: str) -> datetime:
    odata = _ODATA2.match(written)
    if odata is not None:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(odata[1]))
    if re.fullmatch(r"-?\d{9,13}(\.\d+)?", written):
        return _of_number(Decimal(written))
    compact = _COMPACT.match(written)
    if compact is not None:
        return datetime(*(int(part) for part in compact.groups() if part is not None))  # type: ignore[arg-type]  # noqa: DTZ001
    if written[:3].isalpha():
        return parsedate_to_datetime(written)
    return datetime.fromisoformat(written.replace("/", "-"))


def format_moment(moment: datetime, style: str, zone: tzinfo) -> str | Decimal:
    """Write a moment: ``iso``, ``iso_z`` (UTC), ``seconds``, ``milliseconds``, or a pattern of ``strftime``.

    Raises:
        NotATime: There is no such style.
    """
    if "%" in style:
        return moment.astimezone(zone).strftime(style)
    if style == "seconds":
        return Decimal(int(moment.timestamp()))
    if style == "milliseconds":
        return Decimal(int(moment.timestamp() * 1000))
    if style == "iso_z":
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if style == "iso":
        return moment.astimezone(zone).isoformat()
    raise NotATime(f"there is no style {style}; known: {', '.join(STYLES)}, or a pattern with %")


def earlier(written: str, seconds: float, zone: tzinfo, style: str | None = None) -> str:
    """Return a time stamp that many seconds earlier, in the form it was written in.

    Raises:
        NotATime: Its form is not known.
    """
    moment = moment_of(written, zone, style) - timedelta(seconds=seconds)
    return like(written, moment, zone, style)


def like(written: str, moment: datetime, zone: tzinfo, style: str | None = None) -> str:
    """Write ``moment`` in the form of ``written``."""
    if style is not None and "%" in style:
        return moment.astimezone(zone).strftime(style)
    if _ODATA2.match(written):
        return f"/Date({int(moment.timestamp() * 1000)})/"
    if re.fullmatch(r"-?\d{9,13}(\.\d+)?", written):
        return str(int(moment.timestamp() * (1000 if len(written.partition(".")[0]) > 11 else 1)))
    if _COMPACT.match(written):
        pattern = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
        return moment.astimezone(zone).strftime(pattern.get(len(written), "%Y%m%dT%H%M%S"))
    if written[:3].isalpha():
        return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return _like_iso(written, moment, zone)


def _like_iso(written: str, moment: datetime, zone: tzinfo) -> str:
    original = datetime.fromisoformat(written.replace("/", "-"))
    shown = moment.astimezone(original.tzinfo or zone)
    fraction = re.search(r"\.(\d+)", written)
    text = shown.strftime("%Y-%m-%d")
    if len(written) > 10:
        text += written[10] + shown.strftime("%H:%M:%S")
        if fraction is not None:
            text += "." + f"{shown.microsecond:06d}"[: len(fraction[1])].ljust(len(fraction[1]), "0")
        if original.tzinfo is not None:
            offset = shown.strftime("%z")
            text += "Z" if written.endswith(("Z", "z")) else f"{offset[:3]}:{offset[3:5]}"
    return text.replace("-", "/") if "/" in written[:10] else text


def is_moment(value: Any) -> bool:
    """Whether a value is a time stamp of a known form (for guessing)."""
    if isinstance(value, str) and not isinstance(value, Mapping):
        try:
            _of_text(value.strip())
        except (ValueError, OverflowError, OSError, TypeError):
            return False
        return True
    return isinstance(value, datetime)
