"""Conversion functions (DMN 1.5, 10.3.4.1, table 72)."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any, Final

from lineshaft.feel import printer
from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault, FeelSyntaxError
from lineshaft.feel.numbers import CONTEXT
from lineshaft.feel.operators import compare
from lineshaft.feel.range_text import parse_range
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.temporal import (
    DAY_NANOS,
    NANOS,
    OFFSET_SECONDS_MAX,
    DateTime,
    DaysTimeDuration,
    FarDate,
    Time,
    YearsMonthsDuration,
    make_date,
)
from lineshaft.feel.temporal_arithmetic import months_between
from lineshaft.feel.temporal_text import parse_date, parse_date_time, parse_duration, parse_time
from lineshaft.feel.types import DATE_TIME, convert
from lineshaft.feel.values import Range, plain

_NUMBER: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")


def _no(kind_en: str, kind_zh: str, value: Any) -> Fault:
    return Fault(
        "{found} is not {kind}", "{found} 不是{kind_zh}", found=short(value), kind=kind_en, kind_zh=kind_zh
    )


def _date(value: Any) -> Any:
    if isinstance(value, str):
        found = parse_date(value)
        if found is None:
            raise _no("a date such as 2026-05-01", "日期（如 2026-05-01）", value)
        return found
    if isinstance(value, DateTime):
        return value.date
    if isinstance(value, datetime.date | FarDate):
        return value
    raise _no("a date string or date and time", "日期字符串或日期时间", value)


def _date_of_parts(year: int, month: int, day: int) -> Any:
    found = make_date(year, month, day)
    if found is None:
        raise Fault("there is no day {y}-{m}-{d}", "不存在日期 {y}-{m}-{d}", y=year, m=month, d=day)
    return found


def _date_and_time(value: Any) -> Any:
    if isinstance(value, str):
        found = parse_date_time(value)
        if found is None:
            raise _no(
                "a date and time such as 2026-05-01T08:00:00", "日期时间（如 2026-05-01T08:00:00）", value
            )
        return found
    if isinstance(value, DateTime):
        return value
    if isinstance(value, datetime.date | FarDate):
        return convert(value, DATE_TIME)
    raise _no("a date and time string", "日期时间字符串", value)


def _date_and_time_of_parts(date: Any, time: Any) -> Any:
    day = date.date if isinstance(date, DateTime) else date
    if not isinstance(day, datetime.date | FarDate):
        raise _no("a date", "日期", date)
    if isinstance(time, str) and isinstance(date, DateTime):
        return _in_zone(date, time)
    if not isinstance(time, Time):
        raise _no("a time", "时间", time)
    return DateTime(day, time.nanoseconds, time.zone)


def _in_zone(moment: DateTime, zone: str) -> Any:
    """Move a date-time to a zone, as Camunda's two-argument form does; a local time is taken as UTC."""
    from lineshaft.feel.temporal import date_time_of_instant

    wanted = parse_time(f"00:00:00{zone}") or parse_time(f"00:00:00@{zone}")
    if wanted is None or wanted.zone is None:
        raise _no("a time zone", "时区", zone)
    return date_time_of_instant(moment.instant, wanted.zone)


def _time(value: Any) -> Any:
    if isinstance(value, str):
        found = parse_time(value)
        if found is None:
            raise _no("a time such as 08:30:00", "时间（如 08:30:00）", value)
        return found
    if isinstance(value, Time):
        return value
    if isinstance(value, DateTime):
        return value.time
    if isinstance(value, datetime.date | FarDate):
        return Time(0, 0)
    raise _no("a time string", "时间字符串", value)


def _time_of_parts(hour: int, minute: int, second: Decimal, offset: DaysTimeDuration | None = None) -> Any:
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second < 60):
        raise Fault("there is no time {h}:{m}:{s}", "不存在时间 {h}:{m}:{s}", h=hour, m=minute, s=second)
    zone = None
    if offset is not None:
        seconds, rest = divmod(offset.nanoseconds, NANOS)
        if rest or abs(seconds) > OFFSET_SECONDS_MAX:
            raise _no("an offset of at most 14 hours", "不超过 14 小时的时差", offset)
        zone = seconds
    return Time((hour * 3600 + minute * 60) * NANOS + int(second * NANOS) % DAY_NANOS, zone)


def _number(value: str, grouping: str | None = None, decimal: str | None = None) -> Any:
    if grouping not in (None, " ", ",", "."):
        raise _no("a grouping separator (space, comma, period)", "分组符（空格、逗号、句点）", grouping)
    if decimal not in (None, ",", "."):
        raise _no("a decimal separator (comma, period)", "小数点（逗号、句点）", decimal)
    if grouping is not None and grouping == decimal:
        raise Fault("the two separators must differ", "分组符与小数点不能相同")
    text = value
    if grouping is not None:
        text = text.replace(grouping, "")
    if decimal is not None and decimal != ".":
        if "." in text:
            raise _no("a number", "数字", value)
        text = text.replace(decimal, ".")
    if _NUMBER.fullmatch(text) is None:
        raise _no("a number", "数字", value)
    try:
        return CONTEXT.create_decimal(text)
    except ArithmeticError:
        raise _no("a number in range", "范围内的数字", value) from None


def _number_of(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return _number(value)
    raise _no("a string", "字符串", value)


def _string(s: Runtime, value: Any) -> Any:
    if value is None:
        raise Fault("null has no text", "null 没有文本形式")
    return printer.string_of(value, s)


def _duration(value: Any) -> Any:
    if isinstance(value, DaysTimeDuration | YearsMonthsDuration):
        return value
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        raise _no("a duration such as P2DT3H or P1Y6M", "时长（如 P2DT3H 或 P1Y6M）", value)
    return found


def _years_and_months(start: Any, end: Any) -> Any:
    dates = []
    for value in (start, end):
        day = value.date if isinstance(value, DateTime) else value
        if not isinstance(day, datetime.date | FarDate):
            raise _no("a date or date and time", "日期或日期时间", value)
        dates.append(day)
    months = months_between(*dates)
    if isinstance(start, DateTime) and isinstance(end, DateTime) and dates[0].day == dates[1].day:
        # On the same day of the month the time of day decides whether the last month is whole.
        if months > 0 and end.nanoseconds < start.nanoseconds:
            months -= 1
        elif months < 0 and end.nanoseconds > start.nanoseconds:
            months += 1
    return YearsMonthsDuration(months)


def _range(value: str) -> Range:
    try:
        found = parse_range(value)
    except FeelSyntaxError:
        found = None
    if found is None:
        raise _no('a range such as "[1..5]"', '区间（如 "[1..5]"）', value)
    if found.start is not None and found.end is not None:
        order = compare(found.start, found.end)
        if order is None or order > 0:
            raise _no("a range whose start is not after its end", "起点不大于终点的区间", value)
    return found


def _identity(value: Any) -> Any:
    return plain(value)


_FROM: Final = (Param("from", "value"),)

FUNCTIONS: Final = (
    Builtin(
        "date",
        "conversion",
        (
            Overload(_FROM, _date),
            Overload(
                (Param("year", "integer"), Param("month", "integer"), Param("day", "integer")), _date_of_parts
            ),
        ),
        "date",
        "A date from its text, from a date and time, or from year, month and day.",
        "由文本、日期时间或年月日得到日期。",
        (
            ('date("2012-12-25") - date("2012-12-24")', 'duration("P1D")'),
            ("date(2012, 12, 25)", 'date("2012-12-25")'),
        ),
    ),
    Builtin(
        "date and time",
        "conversion",
        (
            Overload(_FROM, _date_and_time),
            Overload((Param("date", "value"), Param("time", "value")), _date_and_time_of_parts),
        ),
        "date and time",
        "A date and time from its text, or from a date and a time.",
        "由文本，或由日期与时间得到日期时间。",
        (
            (
                'date and time("2012-12-24T23:59:00") + duration("PT1M")',
                'date and time("2012-12-25T00:00:00")',
            ),
            ('date and time(date("2012-12-24"), time("23:59:00"))', '@"2012-12-24T23:59:00"'),
        ),
    ),
    Builtin(
        "time",
        "conversion",
        (
            Overload(_FROM, _time),
            Overload(
                (
                    Param("hour", "integer"),
                    Param("minute", "integer"),
                    Param("second", "number"),
                    Param("offset", "duration", optional=True, nullable=True),
                ),
                _time_of_parts,
            ),
        ),
        "time",
        "A time from its text, from a date and time, or from hour, minute, second and offset.",
        "由文本、日期时间或时分秒（及时差）得到时间。",
        (
            ('time("23:59:00Z") + duration("PT2M")', 'time("00:01:00@Etc/UTC")'),
            ('time(23, 59, 0, duration("PT0H"))', 'time("23:59:00Z")'),
        ),
    ),
    Builtin(
        "number",
        "conversion",
        (
            Overload(_FROM, _number_of),
            Overload(
                (
                    Param("from", "string"),
                    Param("grouping separator", "string", nullable=True),
                    Param("decimal separator", "string", optional=True, nullable=True),
                ),
                _number,
            ),
        ),
        "number",
        "A number from its text, with the given grouping and decimal separators.",
        "由文本得到数字，可指定分组符和小数点。",
        (('number("1 000,0", " ", ",")', 'number("1,000.0", ",", ".")'), ('number("1500.5")', "1500.5")),
    ),
    Builtin(
        "string",
        "conversion",
        (Overload((Param("from", "any"),), _string, needs_runtime=True),),
        "string",
        "The text of any value but null.",
        "任意非空值的文本。",
        (("string(1.1)", '"1.1"'), ('string([1, "a"])', '"[1, \\"a\\"]"')),
    ),
    Builtin(
        "duration",
        "conversion",
        (Overload(_FROM, _duration),),
        "duration",
        "A duration from its text.",
        "由文本得到时长。",
        (('duration("P2Y2M")', 'duration("P26M")'), ('duration("P1DT2H")', '@"PT26H"')),
    ),
    Builtin(
        "years and months duration",
        "conversion",
        (Overload((Param("from", "value"), Param("to", "value")), _years_and_months),),
        "years and months duration",
        "The whole years and months between two dates.",
        "两个日期之间的整年月数。",
        (
            (
                'years and months duration(date("2011-12-22"), date("2013-08-24"))',
                'duration("P1Y8M")',
            ),
        ),
    ),
    Builtin(
        "range",
        "conversion",
        (Overload((Param("from", "string"),), _range),),
        "range",
        "A range from its text; the endpoints are literals, one of them may be left out.",
        "由文本得到区间；端点为字面量，可省略其一。",
        (('range("[18..21)")', "[18..21)"), ('range("[2..)")', "(>= 2)"), ('range("(..2)")', "(< 2)")),
    ),
)
