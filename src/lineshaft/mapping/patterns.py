"""Dates and times as other systems write them: patterns of ``yyyy MM dd HH mm ss``, read and written. Pure.

Letters of a pattern mean what they mean in Unicode's date patterns (UTS 35); everything else stands for
itself. Besides there are ``iso``, ``excel`` (days since 1899-12-30), ``epoch_s`` and ``epoch_ms``.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from lineshaft.base.text import text
from lineshaft.feel.temporal import DateTime
from lineshaft.mapping.errors import Unconvertible

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS: Final = {
    "yyyy": r"(?P<year>\d{4})", "yy": r"(?P<short>\d{2})", "MMM": r"(?P<name>[A-Za-z]{3})",
    "MM": r"(?P<month>\d{2})", "M": r"(?P<month>\d{1,2})", "dd": r"(?P<day>\d{2})", "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{2})", "H": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{2})", "ss": r"(?P<second>\d{2})",
    "SSS": r"(?P<milli>\d{3})",
}  # fmt: skip
_TOKENS: Final = re.compile("|".join(_PARTS) + r"|'[^']*'|.", re.DOTALL)
_EXCEL_DAY_0: Final = datetime.date(1899, 12, 30)
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NAMED: Final = frozenset({"iso", "excel", "epoch_s", "epoch_ms"})


def pattern_problem(pattern: str) -> bool:
    """Tell whether a pattern cannot be used: it names nothing, or one part twice."""
    if pattern in NAMED:
        return False
    try:
        return not _compiled(pattern).groupindex
    except re.error:
        return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    found = []
    for token in _TOKENS.findall(pattern):
        if token in _PARTS:
            found.append(_PARTS[token])
        else:
            found.append(re.escape(token[1:-1] if len(token) > 1 else token))
    return re.compile("".join(found), re.ASCII)


def read_moment(value: Any, patterns: tuple[str, ...]) -> datetime.datetime | datetime.date:
    """Return the date or time that a value says: a ``datetime`` where the pattern has a time of day.

    Raises:
        Unconvertible: None of the patterns fits, or there is no such day.
    """
    if isinstance(value, DateTime):
        value = value.to_python()
    if isinstance(value, datetime.datetime | datetime.date):
        return value
    for pattern in patterns:
        found = _read(value, pattern)
        if found is not None:
            return found
    raise Unconvertible(
        "date_unreadable",
        text(
            "Expected a date or time as {patterns}, but it is {value}",
            "日期时间应为 {patterns},实际为 {value}",
            patterns=" | ".join(patterns),
            value=value,
        ),
    )


def _read(value: Any, pattern: str) -> datetime.datetime | datetime.date | None:
    try:
        if pattern in ("excel", "epoch_s", "epoch_ms"):
            return _counted(Decimal(str(value).strip()), pattern)
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            return None
        written = str(value).strip()
        if pattern == "iso":
            return _iso(written)
        if pattern == "yyyy-MM-dd":
            return datetime.date.fromisoformat(written) if _DAY.fullmatch(written) else None
        match = _compiled(pattern).fullmatch(written)
        return _built(match.groupdict()) if match is not None else None
    except (ArithmeticError, ValueError):
        # There is no such number or day; another pattern may fit.
        return None


def _iso(written: str) -> datetime.datetime | datetime.date:
    if _DAY.fullmatch(written):
        return datetime.date.fromisoformat(written)
    return datetime.datetime.fromisoformat(written)


def _counted(number: Decimal, pattern: str) -> datetime.datetime | datetime.date:
    if pattern == "excel":
        days = int(number)
        day = _EXCEL_DAY_0 + datetime.timedelta(days=days)
        seconds = round((number - days) * 86_400)
        if not seconds:
            return day
        return datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=seconds)
    unit = 1 if pattern == "epoch_s" else 1000
    return _EPOCH + datetime.timedelta(microseconds=int(number * 1_000_000 / unit))


def _built(parts: dict[str, str | None]) -> datetime.datetime | datetime.date:
    year = int(parts.get("year") or 0) or _century(int(parts.get("short") or 0))
    name = parts.get("name")
    month = _MONTHS.index(name.lower()) + 1 if name else int(parts.get("month") or 1)
    day = int(parts.get("day") or 1)
    if parts.get("hour") is None:
        return datetime.date(year, month, day)
    return datetime.datetime(  # noqa: DTZ001 (the zone, where there is one, is the conversion's)
        year,
        month,
        day,
        int(parts["hour"] or 0),
        int(parts.get("minute") or 0),
        int(parts.get("second") or 0),
        int(parts.get("milli") or 0) * 1000,
    )


def _century(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def write_moment(moment: datetime.datetime | datetime.date, pattern: str) -> str | Decimal:
    """Return a date or time written by a pattern; a number where the pattern counts.

    Raises:
        Unconvertible: The pattern asks for a zone or a time that the moment has not.
    """
    if pattern == "iso":
        return moment.isoformat()
    if pattern == "excel":
        day = moment.date() if isinstance(moment, datetime.datetime) else moment
        number = Decimal((day - _EXCEL_DAY_0).days)
        if isinstance(moment, datetime.datetime):
            number += Decimal(moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400
        return number
    if pattern in ("epoch_s", "epoch_ms"):
        if not isinstance(moment, datetime.datetime) or moment.tzinfo is None:
            raise Unconvertible(
                "zone_missing",
                text(
                    "Expected a time with a zone, but it is {value}",
                    "应为带时区的时间,实际为 {value}",
                    value=moment,
                ),
            )
        micros = (moment - _EPOCH) // datetime.timedelta(microseconds=1)
        return Decimal(micros // (1_000_000 if pattern == "epoch_s" else 1000))
    return "".join(_written(moment, token) for token in _TOKENS.findall(pattern))


def _written(moment: datetime.datetime | datetime.date, token: str) -> str:
    if token not in _PARTS:
        return token[1:-1] if len(token) > 1 else token
    at = moment if isinstance(moment, datetime.datetime) else None
    match token:
        case "yyyy":
            return f"{moment.year:04}"
        case "yy":
            return f"{moment.year % 100:02}"
        case "MMM":
            return _MONTHS[moment.month - 1].title()
        case "MM" | "M":
            return f"{moment.month:0{len(token)}}"
        case "dd" | "d":
            return f"{moment.day:0{len(token)}}"
        case "HH" | "H":
            return f"{at.hour if at else 0:0{len(token)}}"
        case "mm":
            return f"{at.minute if at else 0:02}"
        case "ss":
            return f"{at.second if at else 0:02}"
        case _:
            return f"{at.microsecond // 1000 if at else 0:03}"


@lru_cache(maxsize=64)
def zone_of(name: str) -> datetime.tzinfo:
    """Return a time zone by its IANA name or as an offset, ``+08:00``.

    Raises:
        Unconvertible: There is none.
    """
    offset = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return datetime.timezone(datetime.timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    if name in ("UTC", "Z"):
        return datetime.UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise Unconvertible(
            "zone_unknown",
            text("There is no time zone {name}", "没有时区 {name}", name=name),
            text("use a name such as Asia/Shanghai", "请用 Asia/Shanghai 之类的名称"),
        ) from error
