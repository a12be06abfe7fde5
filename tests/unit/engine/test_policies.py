"""What a pack says about its calls, and about when its firm works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.bpmn import kernel
from lineshaft.bpmn.kernel import commands, effects
from lineshaft.engine.calendars import read_calendar
from lineshaft.engine.config import RetryPolicy
from lineshaft.engine.policies import priority_of
from lineshaft.engine.releases import LoadedRelease, compile_release, files_of
from simulation.processes import Flow, file_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
FLOWS = b"""format: 1
policies:
  - {system: erp, retry_gaps_s: [1, 5], priority: batch}
  - {process: rush, priority: urgent}
  - {operation: erp.order.create, on_stuck: hold_key}
  - {process: rush, operation: erp.order.create, retry_gaps_s: [0.5]}
"""
FACTORY = b"""format: 1
zone: Asia/Shanghai
week:
  MON-FRI: [08:00-12:00, 13:30-17:30]
off: [2026-10-01..2026-10-07]
on: [2026-10-10]
"""


def release_of(**files: bytes) -> LoadedRelease:
    names = {"flows": "flows/a.yaml", "calendar": "calendars/factory.yaml", "process": "processes/p.bpmn"}
    return compile_release(files_of({names[kind]: content for kind, content in files.items()}))


def test_narrowest_word_counts_setting_by_setting() -> None:
    policies = release_of(flows=FLOWS).policies

    rush = policies.of("rush", "erp", "order.create")
    other = policies.of("other", "erp", "stock.post")

    assert (rush.retry, rush.priority, rush.on_stuck) == (RetryPolicy((0.5,)), 0, "hold_key")
    assert (other.retry, other.priority, other.on_stuck) == (RetryPolicy((1.0, 5.0)), 2, None)
    assert policies.of(None, "crm", "note").retry is None


@pytest.mark.parametrize(
    "entry",
    [
        "{retry_gaps_s: [1]}",
        "{system: erp, retry_gaps_s: 5}",
        "{system: erp, retry_gaps_s: [0]}",
        "{system: erp, priority: high}",
        "{system: erp, on_stuck: wait}",
        "{system: erp, retries: 3}",
    ],
)
def test_policy_that_says_nothing_sensible_is_refused_with_its_place(entry: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        release_of(flows=f"format: 1\npolicies:\n  - {entry}\n".encode())
    assert caught.value.problems[0].place.path == "policies[1]"


def test_class_of_urgency_is_a_word_or_its_number() -> None:
    assert [priority_of(word) for word in ("urgent", "batch", "0", None, "soon")] == [0, 2, 0, None, None]


def due(start: datetime, duration: str, calendar: bytes) -> datetime:
    timer = (
        '<bpmn:extensionElements><zeebe:properties><zeebe:property name="workingCalendar" value="factory"/>'
        "</zeebe:properties></bpmn:extensionElements><bpmn:timerEventDefinition><bpmn:timeDuration "
        f'xsi:type="bpmn:tFormalExpression">{duration}</bpmn:timeDuration></bpmn:timerEventDefinition>'
    )
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.element("intermediateCatchEvent", "pause", timer).chain("start", "pause", "end")
    program = release_of(calendar=calendar, process=file_of("p", flow)).program("p")
    state = kernel.InstanceState.empty(instance_id="i")
    step = kernel.step(program, state, commands.StartInstance(), start.astimezone(UTC))
    [found] = [each for each in step.effects if isinstance(each, effects.StartTimer)]
    return found.due_at.astimezone(SHANGHAI)


def test_timer_of_a_named_calendar_leaves_out_holidays_and_works_on_make_up_days() -> None:
    # Wednesday afternoon before the holiday week: an hour is left of that day, then comes Thursday the 8th.
    start = datetime(2026, 9, 30, 16, 30, tzinfo=SHANGHAI)
    assert due(start, "PT2H", FACTORY) == datetime(2026, 10, 8, 9, 0, tzinfo=SHANGHAI)
    # Friday the 9th at the end: Saturday the 10th is worked instead of a holiday.
    start = datetime(2026, 10, 9, 17, 30, tzinfo=SHANGHAI)
    assert due(start, "PT1H", FACTORY) == datetime(2026, 10, 10, 9, 0, tzinfo=SHANGHAI)


def test_night_shift_goes_on_after_midnight() -> None:
    nights = b"format: 1\nzone: Asia/Shanghai\nweek: {MON-FRI: [22:00-06:00]}\n"
    start = datetime(2026, 3, 6, 23, 0, tzinfo=SHANGHAI)  # a Friday
    assert due(start, "PT6H", nights) == start + timedelta(hours=6)


@pytest.mark.parametrize("content", [b"format: 1", b"format: 1\nweek: {MON: 25:00-26:00}", b"week: [", b"[]"])
def test_calendar_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(DefinitionError):
        read_calendar("factory.yaml", content)


def test_process_that_names_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(DefinitionError):
        due(datetime(2026, 3, 6, tzinfo=UTC), "PT1H", b"format: 1\nweek: {}")
