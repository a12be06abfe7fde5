"""One system's gate: who may call now, who waits, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.engine.protection import Gate
from lineshaft.store.rows import Effect

AT = datetime(2026, 3, 2, tzinfo=UTC)


def gate(places: int = 2, rate: float | None = None) -> tuple[Gate, FixedClock]:
    clock = FixedClock()
    made = Gate("erp", clock, places, rate)
    made.skipped = False
    return made, clock


def effect(name: str) -> Effect:
    return Effect("t", name, 1, "erp", "save", "none", name, "intended", AT, AT)


def test_new_work_queues_behind_work_that_waits_although_a_place_is_free() -> None:
    one, _ = gate()
    one.wait("old", 1, 1.0)
    assert not one.try_enter("new")
    assert one.next_waiting() == "old"
    assert one.try_enter("new"), "nobody is before it any more"


def test_new_work_queues_behind_work_that_may_lie_in_the_store() -> None:
    one, _ = gate()
    one.leave_behind()
    assert not one.try_enter("new")
    assert one.end_poll(one.begin_poll(), found_all=True) == []
    assert one.try_enter("new")


def test_work_waits_by_class_then_by_age() -> None:
    one, _ = gate(places=4)
    for name, priority, created in (
        ("batch", 2, 1.0),
        ("later", 1, 3.0),
        ("urgent", 0, 9.0),
        ("sooner", 1, 2.0),
    ):
        one.wait(name, priority, created)
    assert [one.next_waiting() for _ in range(4)] == ["urgent", "sooner", "later", "batch"]


def test_what_comes_while_a_poll_reads_follows_it() -> None:
    one, _ = gate()
    one.leave_behind()
    marks = one.begin_poll()
    assert one.comes_late(effect("late"), {"n": 1})
    assert [(each.id, payload) for each, payload in one.end_poll(marks, found_all=True)] == [
        ("late", {"n": 1})
    ]


def test_what_comes_while_a_poll_reads_stays_in_the_store_when_the_poll_did_not_find_all() -> None:
    one, _ = gate()
    one.leave_behind()
    marks = one.begin_poll()
    assert one.comes_late(effect("late"), None)
    assert one.end_poll(marks, found_all=False) == []
    assert one.skipped, "the next poll is to bring it"


def test_only_the_suspect_calls_while_it_is_open_whether_the_system_is_there() -> None:
    one, _ = gate(places=4)
    one.suspect_is("first")
    one.suspect_is("second")
    for name in ("second", "first"):
        one.wait(name, 1, 1.0)
    assert one.next_waiting() == "first"
    one.leave("first")
    assert one.next_waiting() is None
    assert not one.clear_suspicion("second")
    assert one.clear_suspicion("first")
    assert one.next_waiting() == "second"


def test_a_pause_saves_no_calls_up() -> None:
    one, clock = gate(places=10, rate=2.0)
    assert one.try_enter("a")
    clock.advance(60)
    assert one.try_enter("b")
    assert not one.try_enter("c"), "a burst after a pause would break the rate as the target counts it"
    assert one.resumes_in_s() == pytest.approx(0.5)
    clock.advance(0.5)
    assert one.try_enter("c")


def test_no_call_begins_when_the_share_of_the_cap_has_run_out() -> None:
    one, clock = gate()
    one.lease_until = clock.monotonic() + 5
    assert one.try_enter("a")
    clock.advance(5)
    assert not one.try_enter("b")
