"""Dates, times, date-times and durations as FEEL has them (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8).

Values only: what they are, how they compare, how they are written. Reading them from text is in
``temporal_text``, calculating with them in ``temporal_arithmetic``. A date of the years 1 to 9999 is a
``datetime.date``; one outside is a ``FarDate``. Zone rules come from the IANA database of ``zoneinfo``.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

NANOS: Final = 1_000_000_000
DAY_NANOS: Final = 86_400 * NANOS
YEAR_MAX: Final = 999_999_999
OFFSET_SECONDS_MAX: Final = 14 * 3600
_EPOCH_ORDINAL: Final = datetime.date(1970, 1, 1).toordinal()

Zone = int | str | None
"""An offset from UTC in seconds, an IANA zone id, or none (local time of an unnamed place)."""


def days_of(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def civil_of(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days since 1970-01-01."""
    days += 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_index + 2) // 5 + 1
    month = month_index + (3 if month_index < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day


def is_leap(year: int) -> bool:
    """Tell whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Return the number of days of a month."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@dataclass(frozen=True, slots=True, order=True)
class FarDate:
    """A date before the year 1 or after the year 9999; years from -999999999 to 999999999."""

    year: int
    month: int
    day: int

    def isoformat(self) -> str:
        """Return the date as XML Schema writes it."""
        return date_text(self)

    def __str__(self) -> str:
        return date_text(self)


Date = datetime.date | FarDate


def make_date(year: int, month: int, day: int) -> Date | None:
    """Return a date, or ``None`` where there is no such day."""
    if not 1 <= month <= 12 or not 1 <= day <= 31 or abs(year) > YEAR_MAX:
        return None
    if day > 28 and day > days_in_month(year, month):
        return None
    if 1 <= year <= 9999:
        return datetime.date(year, month, day)
    return FarDate(year, month, day)


def date_of_days(days: int) -> Date | None:
    """Return the date of a count of days since 1970-01-01, or ``None`` outside the calendar."""
    ordinal = days + _EPOCH_ORDINAL
    if 1 <= ordinal <= 3_652_059:
        return datetime.date.fromordinal(ordinal)
    if abs(days) > 400_000_000_000:
        return None
    return make_date(*civil_of(days))


def days_of_date(value: Date) -> int:
    """Return the days since 1970-01-01."""
    if isinstance(value, datetime.date):
        return value.toordinal() - _EPOCH_ORDINAL
    return days_of(value.year, value.month, value.day)


def weekday_of(value: Date) -> int:
    """Return the day of the week, 1 for Monday to 7 for Sunday (ISO 8601)."""
    return (days_of_date(value) + 3) % 7 + 1


def date_text(value: Date) -> str:
    """Return the date as XML Schema writes it."""
    sign = "-" if value.year < 0 else ""
    return f"{sign}{abs(value.year):04d}-{value.month:02d}-{value.day:02d}"


@lru_cache(maxsize=1024)
def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def zone_exists(name: str) -> bool:
    """Tell whether the IANA database knows the zone."""
    return _zone_info(name) is not None


def _rule_year(year: int) -> int:
    """Return a year of the same calendar within reach of the zone rules."""
    if 1970 <= year <= 9998:
        return year
    if year < 1:
        return 1 + (year - 1) % 400
    return 2000 + year % 400 if year > 9998 else year


def offset_of(zone: Zone, days: int, nanoseconds: int) -> int | None:
    """Return the offset in seconds that a zone has at a *local* time; ``None`` without a zone."""
    if zone is None or isinstance(zone, int):
        return zone
    year, month, day = civil_of(days)
    info = _zone_info(zone)
    seconds = nanoseconds // NANOS
    local = datetime.datetime(
        _rule_year(year), month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, tzinfo=info
    )
    offset = local.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _offset_at_instant(zone: str, days: int, nanoseconds: int) -> int:
    """Return the offset in seconds that a zone has at a time given in UTC."""
    year, month, day = civil_of(days)
    seconds = nanoseconds // NANOS
    instant = datetime.datetime(
        _rule_year(year), month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, tzinfo=datetime.UTC
    )
    info = _zone_info(zone)
    offset = instant.astimezone(info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def standard_offset(zone: Zone) -> int | None:
    """Return the offset of a time of day that has no date: for a zone id its standard (winter) offset."""
    if zone is None or isinstance(zone, int):
        return zone
    info = _zone_info(zone)
    local = datetime.datetime(2024, 1, 1, tzinfo=info)
    offset = local.utcoffset() or datetime.timedelta(0)
    return round((offset - (local.dst() or datetime.timedelta(0))).total_seconds())


def zone_text(zone: Zone) -> str:
    """Return ``Z``, ``+01:00``, ``@Europe/Paris`` or nothing."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return f"@{zone}"
    if zone == 0:
        return "Z"
    sign = "-" if zone < 0 else "+"
    zone = abs(zone)
    tail = f":{zone % 60:02d}" if zone % 60 else ""
    return f"{sign}{zone // 3600:02d}:{zone // 60 % 60:02d}{tail}"


def clock_text(nanoseconds: int) -> str:
    """Return ``hh:mm:ss`` with as many fraction digits as needed."""
    seconds, fraction = divmod(nanoseconds, NANOS)
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{tail}"


def second_of(nanoseconds: int) -> Decimal:
    """Return the second of the minute with its fraction."""
    part = nanoseconds % (60 * NANOS)
    if part % NANOS == 0:
        return Decimal(part // NANOS)
    return (Decimal(part) / NANOS).normalize()


@dataclass(frozen=True, slots=True, eq=False)
class Time:
    """A time of day, with or without a zone.

    Two times are equal when they are the same moment of the day: both without a zone, or both with
    one and the same time in UTC.
    """

    nanoseconds: int
    """Since midnight, local."""
    zone: Zone = None

    @property
    def offset(self) -> int | None:
        """The offset from UTC in seconds; for a zone id its standard offset."""
        return standard_offset(self.zone)

    @property
    def in_utc(self) -> int:
        """Nanoseconds since midnight, less the offset; may be negative."""
        return self.nanoseconds - (self.offset or 0) * NANOS

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        if (self.zone is None) != (other.zone is None):
            return False
        return self.in_utc == other.in_utc

    def __lt__(self, other: Time) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        if (self.zone is None) != (other.zone is None):
            return self.nanoseconds < other.nanoseconds
        return self.in_utc < other.in_utc

    def __hash__(self) -> int:
        return hash((self.zone is None, self.in_utc))

    def __str__(self) -> str:
        return clock_text(self.nanoseconds) + zone_text(self.zone)


@dataclass(frozen=True, slots=True, eq=False)
class DateTime:
    """A date and a time of day, with or without a zone.

    Two of them are equal when they are the same instant (both with a zone) or the same local time
    (both without).
    """

    date: Date
    nanoseconds: int
    """Since midnight, local."""
    zone: Zone = None

    @property
    def offset(self) -> int | None:
        """The offset from UTC in seconds at that moment."""
        return offset_of(self.zone, days_of_date(self.date), self.nanoseconds)

    @property
    def local(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00, local."""
        return days_of_date(self.date) * DAY_NANOS + self.nanoseconds

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; a local time counts as UTC."""
        return self.local - (self.offset or 0) * NANOS

    @property
    def time(self) -> Time:
        """The time of day with its zone."""
        return Time(self.nanoseconds, self.zone)

    def to_python(self) -> datetime.datetime | None:
        """Return a ``datetime`` (microseconds), or ``None`` outside the years 1 to 9999."""
        if not isinstance(self.date, datetime.date):
            return None
        zone: datetime.tzinfo | None = None
        if isinstance(self.zone, str):
            zone = _zone_info(self.zone)
        elif self.zone is not None:
            zone = datetime.timezone(datetime.timedelta(seconds=self.zone))
        seconds, fraction = divmod(self.nanoseconds, NANOS)
        return datetime.datetime(
            self.date.year,
            self.date.month,
            self.date.day,
            seconds // 3600,
            seconds // 60 % 60,
            seconds % 60,
            fraction // 1000,
            tzinfo=zone,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DateTime):
            return NotImplemented
        if (self.zone is None) != (other.zone is None):
            return False
        return self.instant == other.instant

    def __lt__(self, other: DateTime) -> bool:
        if not isinstance(other, DateTime):
            return NotImplemented
        if (self.zone is None) != (other.zone is None):
            return self.local < other.local
        return self.instant < other.instant

    def __hash__(self) -> int:
        return hash((self.zone is None, self.instant))

    def __str__(self) -> str:
        return f"{date_text(self.date)}T{clock_text(self.nanoseconds)}{zone_text(self.zone)}"


def date_time_of_instant(nanoseconds: int, zone: Zone) -> DateTime | None:
    """Return the date-time in ``zone`` of an instant; ``None`` outside the calendar."""
    days, rest = divmod(nanoseconds, DAY_NANOS)
    if isinstance(zone, str):
        if abs(days) > 400_000_000_000:
            return None
        shift = _offset_at_instant(zone, days, rest)
    else:
        shift = zone or 0
    days, rest = divmod(nanoseconds + shift * NANOS, DAY_NANOS)
    date = date_of_days(days)
    return None if date is None else DateTime(date, rest, zone)


def date_time_from_python(value: datetime.datetime) -> DateTime:
    """Return the FEEL value of a Python date-time, its zone id kept where it has one."""
    zone: Zone = None
    if value.tzinfo is not None:
        key = getattr(value.tzinfo, "key", None)
        offset = value.utcoffset()
        if isinstance(key, str) and zone_exists(key):
            zone = 0 if key == "UTC" else key
        elif offset is not None:
            zone = round(offset.total_seconds())
    return DateTime(value.date(), nanoseconds_of_clock(value.time()), zone)


def time_from_python(value: datetime.time) -> Time:
    """Return the FEEL value of a Python time of day."""
    offset = value.utcoffset()
    return Time(nanoseconds_of_clock(value), None if offset is None else round(offset.total_seconds()))


def nanoseconds_of_clock(value: datetime.time) -> int:
    """Return the nanoseconds since midnight of a Python time of day."""
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return seconds * NANOS + value.microsecond * 1000


@dataclass(frozen=True, slots=True, order=True)
class DaysTimeDuration:
    """A days and time duration."""

    nanoseconds: int

    @property
    def seconds(self) -> Decimal:
        """The whole length in seconds."""
        return Decimal(self.nanoseconds) / NANOS

    def __str__(self) -> str:
        size = abs(self.nanoseconds)
        days, rest = divmod(size, DAY_NANOS)
        hours, rest = divmod(rest, 3600 * NANOS)
        minutes, rest = divmod(rest, 60 * NANOS)
        clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if rest:
            whole, fraction = divmod(rest, NANOS)
            clock += f"{whole}" + (f".{fraction:09d}".rstrip("0") if fraction else "") + "S"
        if not days and not clock:
            return "PT0S"
        sign = "-" if self.nanoseconds < 0 else ""
        return f"{sign}P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


@dataclass(frozen=True, slots=True, order=True)
class YearsMonthsDuration:
    """A years and months duration."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        if not self.months:
            return "P0M"
        sign = "-" if self.months < 0 else ""
        return f"{sign}P" + (f"{years}Y" if years else "") + (f"{months}M" if months else "")


def duration_from_python(value: datetime.timedelta) -> DaysTimeDuration:
    """Return the FEEL value of a Python time span."""
    seconds = value.days * 86_400 + value.seconds
    return DaysTimeDuration(seconds * NANOS + value.microseconds * 1000)
