# ruff: noqa: E501  (a table with one case to a line)
"""Times of timers: ISO 8601, cron, zones, working calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lineshaft.bpmn.kernel import cron, schedule, workdays

NOW = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("kind", "value", "due", "repeats"),
    [
        ("duration", "PT90S", at(2026, 1, 30, 10, 1, 30), 0),
        ("duration", "P1M", at(2026, 2, 28, 10), 0),
        ("duration", "P1Y2M3DT4H", at(2027, 4, 2, 14), 0),
        ("duration", "P2W", at(2026, 2, 13, 10), 0),
        ("duration", "PT0.5S", at(2026, 1, 30, 10, 0, 0, 500_000), 0),
        ("duration", "-PT1H", at(2026, 1, 30, 9), 0),
        ("duration", timedelta(hours=1), at(2026, 1, 30, 11), 0),
        ("date", "2026-03-01T08:00:00+08:00", at(2026, 3, 1, 0), 0),
        ("date", "2026-03-01T08:00:00[Asia/Shanghai]", at(2026, 3, 1, 0), 0),
        ("date", "2026-03-01T08:00@Asia/Shanghai", at(2026, 3, 1, 0), 0),
        ("date", "2026-03-01", at(2026, 3, 1), 0),
        ("date", date(2026, 3, 1), at(2026, 3, 1), 0),
        ("cycle", "R3/PT10S", at(2026, 1, 30, 10, 0, 10), 2),
        ("cycle", "R/PT10S", at(2026, 1, 30, 10, 0, 10), -1),
        ("cycle", "R2/2026-02-01T00:00:00Z/P1D", at(2026, 2, 1), 1),
        ("cycle", "R5/2026-01-29T00:00:00Z/P1D", at(2026, 1, 31), 2),
        ("cycle", "0 0 12 * * *", at(2026, 1, 30, 12), -1),
        ("cycle", "@daily", at(2026, 1, 31), -1),
    ],
)
def test_timer_is_first_due(kind: str, value: object, due: datetime, repeats: int) -> None:
    found, _, times = schedule.first(kind, value, NOW)
    assert (found, times) == (due, repeats)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("duration", "1 hour"),
        ("duration", "P"),
        ("duration", "PT"),
        ("duration", "P1DT"),
        ("duration", None),
        ("duration", "P99999999999D"),
        ("date", "2026-02-30T00:00:00Z"),
        ("date", "today"),
        ("date", None),
        ("cycle", "R3"),
        ("cycle", "R0/PT1S"),
        ("cycle", "61 * * * * *"),
        ("cycle", "R3/PT1S/PT1S/PT1S"),
    ],
)
def test_value_that_is_no_time_is_an_error_in_both_languages(kind: str, value: object) -> None:
    with pytest.raises(schedule.ScheduleError) as caught:
        schedule.first(kind, value, NOW)
    assert caught.value.message.in_language("zh").startswith("应为")


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("0 0 9 * * MON-FRI", at(2026, 1, 30, 9), at(2026, 2, 2, 9)),
        ("*/15 * * * *", at(2026, 1, 30, 9, 1), at(2026, 1, 30, 9, 15)),
        ("0 0 0 L * *", at(2026, 2, 1), at(2026, 2, 28)),
        ("0 0 0 * * 5L", at(2026, 2, 1), at(2026, 2, 27)),
        ("0 0 0 * * MON#2", at(2026, 2, 1), at(2026, 2, 9)),
        ("0 0 0 15W * *", at(2026, 2, 1), at(2026, 2, 16)),
        ("0 0 0 1 1 *", at(2026, 2, 1), at(2027, 1, 1)),
        ("0 0 0 29 2 ?", at(2026, 2, 1), at(2028, 2, 29)),
        ("TZ=Asia/Shanghai 0 30 8 * * *", at(2026, 2, 1), at(2026, 2, 1, 0, 30)),
    ],
)
def test_cron_is_next_due(expression: str, after: datetime, due: datetime) -> None:
    assert cron.next_after(expression, after) == due


CALENDAR = "TZ=Asia/Shanghai MON-FRI 08:00-12:00,13:30-17:30; off 2026-10-01..2026-10-07; on 2026-10-10"


@pytest.mark.parametrize(
    ("start", "value", "due"),
    [
        # Wednesday 30 September, 16:30 in Shanghai: one hour is left, the holiday follows, then Thursday the 8th.
        (at(2026, 9, 30, 8, 30), "PT2H", at(2026, 10, 8, 1)),
        (at(2026, 9, 30, 3, 0), "PT3H", at(2026, 9, 30, 7, 30)),
        (at(2026, 9, 30, 3, 0), "P1D", at(2026, 10, 8, 3)),
        # Saturday the 10th is made up for: Friday 17:00 and one hour more is Saturday 08:30.
        (at(2026, 10, 9, 9, 0), "PT1H", at(2026, 10, 10, 0, 30)),
    ],
)
def test_working_time_passes_only_while_the_firm_works(start: datetime, value: str, due: datetime) -> None:
    assert schedule.first("duration", value, start, CALENDAR)[0] == due


@pytest.mark.parametrize(
    "text", ["", "MON 8-9", "MON 09:00-08:00", "DAY 08:00-09:00", "TZ=No/Where MON 08:00-09:00"]
)
def test_calendar_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the callers turn it into a problem with a place)
        workdays.calendar_of(text)
