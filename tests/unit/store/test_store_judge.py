"""The judge alone: a refused unit leaves no trace in the plan, and assumptions stand as conditions."""

from __future__ import annotations

import gc
import weakref

from lineshaft.store import writes as w
from lineshaft.store.judge import Known, Plan, judge
from support import store_rows as a
from support.store_rows import at, statuses, unit


def _without_results(plan: Plan) -> Plan:
    plan.results = []
    plan.plain = {cls: rows for cls, rows in plan.plain.items() if rows}
    return plan


def test_refused_unit_leaves_no_trace() -> None:
    refused = unit(
        w.InsertEvent(a.event("e2")),
        w.AddHistory(a.history(seq=9)),
        w.PutJob(a.job("j1", payload=b"later")),
        w.PutVariable(a.variable()),
        a.settle("f1", "done"),
        w.PutDocument(a.document(status="later", source_version=9)),
        a.step("i1", 7),
    )
    before = [unit(w.PutJob(a.job("j1")), w.PutDocument(a.document()), a.step("i1", 1))]
    plan = judge([*before, refused], Known())
    assert statuses(plan.results) == ["written", "failed"]
    assert _without_results(plan) == _without_results(judge(before, Known()))


def test_merged_update_asks_for_what_the_first_one_expected() -> None:
    plan = judge([unit(a.step("i1", 3, release="r2")), unit(a.step("i1", 4))], Known())
    update = plan.instance_up["default", "i1"]
    assert (update.expected, update.version, update.release) == (3, 5, "r2")


def test_merged_effect_keeps_what_the_later_one_leaves_out() -> None:
    plan = judge(
        [unit(a.settle("f1", "attempted", attempts=2)), unit(a.settle("f1", "done", settled_at=at(1)))],
        Known(),
    )
    update = plan.effect_up["default", "f1"]
    assert (update.status, update.attempts, update.settled_at, update.late_evidence) == (
        "done",
        2,
        at(1),
        False,
    )


def test_new_work_names_the_lanes_of_open_rows_alone() -> None:
    plan = judge(
        [
            unit(w.InsertEvent(a.event("e1", lane=1)), w.InsertEvent(a.event("e2", lane=2, routed_at=at(1)))),
            unit(
                w.InsertEffect(a.effect("f1", lane=3)), w.InsertEffect(a.effect("f2", lane=4, status="done"))
            ),
            unit(w.PutJob(a.job("j1", lane=5)), w.PutJob(a.job("j2", lane=6))),
            unit(w.TakeJob("default", "j2")),
        ],
        Known(),
    )
    assert plan.new_work() == {1, 3, 5}


def test_unit_set_aside_before_keeps_its_result() -> None:
    verdict = w.UnitResult("failed")
    plan = judge([unit(w.PutJob(a.job("j1"))), unit(w.PutJob(a.job("j2")))], Known(), {0: verdict})
    assert plan.results == [verdict, w.WRITTEN]
    assert set(plan.jobs) == {("default", "j2")}


def test_a_refused_unit_keeps_nothing_of_its_pass_alive() -> None:
    class Stored(Known):
        __slots__ = ("__weakref__",)

    stored = Stored(events={("default", "crm", "e1"): False})
    duplicate = unit(w.InsertEvent(a.event("e1", source="crm")))
    assert statuses(judge([duplicate], stored).results) == ["duplicate"]
    watched = weakref.ref(stored)
    del stored
    gc.collect()
    assert watched() is None
