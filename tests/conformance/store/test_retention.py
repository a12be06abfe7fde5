"""Retention: what has had its time goes, what something still needs stays, however the slices are cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lineshaft.base.scope import Scope
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Record
from lineshaft.store.upkeep import Cut, Kept
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, statuses, unit, written

LATER = at(1_000)
BEFORE = at(500)


async def _pruned(
    store: Store, kind: Kept, before: datetime = BEFORE, limit: int = 2, **more: Any
) -> dict[str, int]:
    """Run all slices, two records at a time."""
    cut = Cut(kind, before, **more)
    counts: dict[str, int] = {}
    after: str | None = None
    for _ in range(100):
        done = await store.prune(ENGINE, cut, limit, after)
        for table, count in done.counts.items():
            counts[table] = counts.get(table, 0) + count
        after = done.next
        if after is None:
            break
    assert after is None
    return {table: count for table, count in counts.items() if count}


async def _run(store: Store, name: str, status: str = "completed", **over: Any) -> None:
    ended = T0 if status in ("completed", "terminated") else None
    await written(
        store,
        w.InsertInstance(a.instance(name, status=status, ended_at=ended, **over)),
        w.PutVariable(a.variable(name)),
        w.AddHistory(a.history(name)),
        w.InsertEffect(a.effect(f"{name}/1", instance_id=name, status="done", settled_at=T0)),
        w.PutTask(a.task(name, status="completed", ended_at=T0)),
    )


async def _left(store: Store) -> set[str]:
    return {row.id for row in (await store.instances(ENGINE, limit=500)).items}


async def test_ended_run_goes_with_everything_of_its_own(store: Store) -> None:
    await _run(store, "i1")
    await _run(store, "i2", "terminated")
    await _run(store, "i3", "active")
    counts = await _pruned(store, "instances")
    assert counts == {"instance": 2, "variable": 2, "history": 2, "effect": 2, "task": 2}
    assert await _left(store) == {"i3"}
    assert await store.history(ENGINE, "i1") == []
    assert [row.id for row in (await store.effects(ENGINE)).items] == ["i3/1"]
    assert len(await store.history(ENGINE, "i3")) == 1


async def test_run_stays_while_its_time_has_not_come(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance("i1", status="completed", ended_at=at(600))))
    assert await _pruned(store, "instances") == {}
    assert await _left(store) == {"i1"}


async def test_process_may_have_a_time_of_its_own(store: Store) -> None:
    await _run(store, "i1", process_id="quick")
    await _run(store, "i2", process_id="kept")
    never = datetime.min.replace(tzinfo=UTC)
    await _pruned(store, "instances", by_process={"kept": never})
    assert await _left(store) == {"i2"}
    await _pruned(store, "instances", never, by_process={"kept": BEFORE})
    assert await _left(store) == set()


async def test_run_stays_while_a_chain_needs_it(store: Store) -> None:
    await _run(store, "key", business_key="SO-1")
    await _run(store, "going", "active", business_key="SO-1")
    await _run(store, "parent", "suspended")
    await _run(store, "child", parent_id="parent", parent_token=3)
    await _run(store, "caller")
    await _run(store, "called", "frozen", parent_id="caller", parent_token=3)
    await _run(store, "open")
    await written(store, w.InsertEffect(a.effect("open/2", instance_id="open", status="dead")))
    before = await _left(store)
    assert await _pruned(store, "instances") == {}
    assert await _left(store) == before


async def test_many_runs_go_in_small_slices_past_those_that_stay(store: Store) -> None:
    for number in range(9):
        status = "active" if number % 3 == 0 else "completed"
        await _run(store, f"i{number}", status, business_key=f"SO-{number // 3}", started_at=at(-number))
    assert await _pruned(store, "instances", limit=1) == {}
    await _run(store, "free", started_at=at(-4))
    assert (await _pruned(store, "instances", limit=1))["instance"] == 1
    assert "free" not in await _left(store)


async def test_other_tenants_records_stay(store: Store) -> None:
    other = a.instance("i1", tenant="other", status="completed", ended_at=T0)
    await written(store, w.InsertInstance(other), w.AddHistory(a.history(tenant="other", at=at(-(10**7)))))
    await written(store, w.InsertEvent(a.event(tenant="other", received_at=at(-(10**7)), routed_at=T0)))
    for kind in ("instances", "events", "event_keys"):
        assert await _pruned(store, kind) == {}
    theirs = Scope.of_engine("other")
    assert len((await store.instances(theirs)).items) == 1
    assert len(await store.history(theirs, "i1")) == 1
    assert await store.event(theirs, "crm", "e1") is not None


async def test_events_go_once_routed_and_are_still_known(store: Store) -> None:
    for number in range(5):
        routed = None if number == 0 else T0
        await written(
            store,
            w.InsertEvent(
                a.event(f"e{number}", key=f"SO-{number}", received_at=at(number), routed_at=routed)
            ),
        )
    await written(store, w.PutDeadLetter(a.letter(subject="event", subject_id="crm e1")))
    await _run(store, "going", "active", business_key="SO-2")
    assert await _pruned(store, "events") == {"event": 2}
    assert {row.id for row in (await store.events(ENGINE)).items} == {"e0", "e1", "e2"}
    again = await store.commit([unit(w.InsertEvent(a.event("e4", received_at=LATER)))])
    assert statuses(again) == ["duplicate"]
    assert await _pruned(store, "event_keys") == {"event_key": 2}
    again = await store.commit([unit(w.InsertEvent(a.event(f"e{n}", received_at=LATER))) for n in (2, 4)])
    assert statuses(again) == ["duplicate", "written"]


async def test_months_gone_by_are_cut_off_whole_with_what_is_needed_kept(store: Store) -> None:
    month = timedelta(days=31)
    now = await store.now()
    old = (now.replace(day=15) + month, now.replace(day=15) + 2 * month)
    for number, moment in enumerate(old):
        await _run(store, f"gone{number}", started_at=T0)
        await written(store, w.AddHistory(a.history(f"gone{number}", 2, at=moment)))
        await written(
            store, w.InsertEvent(a.event(f"gone{number}", key="SO-9", received_at=moment, routed_at=moment))
        )
        await written(store, w.InsertEvent(a.event(f"open{number}", received_at=moment)))
    await _run(store, "going", "active")
    await written(store, w.AddHistory(a.history("going", 2, at=old[0])))
    far = now + 5 * month
    await _pruned(store, "instances", far)
    await _pruned(store, "events", far)
    assert [row.seq for row in await store.history(ENGINE, "going")] == [1, 2]
    assert await store.history(ENGINE, "gone0") == []
    assert await store.history(ENGINE, "gone1") == []
    assert {row.id for row in (await store.events(ENGINE)).items} == {"open0", "open1"}
    assert (await store.event(ENGINE, "crm", "open1")) is not None


async def test_calls_of_no_run_closed_letters_and_expired_messages_go(store: Store) -> None:
    await written(
        store,
        w.InsertEffect(a.effect("f1", status="done", settled_at=T0)),
        w.InsertEffect(a.effect("f2", status="dead")),
        w.InsertEffect(a.effect("f3", status="done", settled_at=LATER)),
        w.PutDeadLetter(a.letter("d1", status="replayed", closed_at=T0)),
        w.PutDeadLetter(a.letter("d2", status="discarded", closed_at=LATER)),
        w.PutDeadLetter(a.letter("d3")),
        *[
            w.PutMessage(a.rows.Message("default", name, "paid", "SO-1", b"", T0, until))
            for name, until in (("m1", T0), ("m2", LATER))
        ],
    )
    assert await _pruned(store, "effects", limit=1) == {"effect": 1}
    assert {row.id for row in (await store.effects(ENGINE)).items} == {"f2", "f3"}
    assert await _pruned(store, "dead_letters", limit=1) == {"dead_letter": 1}
    assert await store.dead_letter(ENGINE, "d2") is not None
    assert await store.dead_letter(ENGINE, "d3") is not None
    assert await _pruned(store, "messages", limit=1) == {"message": 1}
    assert [row.id for row in await store.messages(ENGINE, "paid", "SO-1", T0)] == ["m2"]


@pytest.mark.parametrize("reason", ["run", "newer", "none"])
async def test_document_stays_while_its_chain_lives(store: Store, reason: str) -> None:
    old, other = "erp/sales_order/1", "wms/despatch_advice/2"
    await written(
        store,
        w.PutDocument(a.document(old, created_at=T0, business_key="SO-1")),
        w.PutDocument(
            a.document(
                other,
                number="DN-2",
                local_id="2",
                created_at=T0,
                updated_at=LATER if reason == "newer" else T0,
            )
        ),
        w.PutDocumentLine(a.rows.DocumentLine("default", old, "1", "A", "1", "pcs")),
        w.PutDocumentLink(a.rows.DocumentLink("default", old, "1", other, "1")),
    )
    if reason == "run":
        await _run(store, "going", "active", business_key="SO-1")
    await _pruned(store, "documents", limit=1)
    gone = reason == "none"
    assert bool(await store.documents(ENGINE, [old])) is not gone
    assert bool(await store.document_lines(ENGINE, [old])) is not gone
    assert bool(await store.document_links(ENGINE, [old])) is not gone


def _record(kind: str, name: str, **over: Any) -> w.PutRecord:
    values = {"owner": "", "state": "", "content": b"{}", **over}
    return w.PutRecord(Record(ENGINE.tenant, kind, name, 1, values.pop("at", T0), **values), 0)


async def test_what_was_done_with_its_tasks_goes_with_a_run(store: Store) -> None:
    await _run(store, "i1")
    await _run(store, "i2", "active")
    await written(store, *[_record("task_act", f"{run}/1/a", owner=run) for run in ("i1", "i2")])
    await written(store, *[_record("task_desk", f"{run}/1", owner=run) for run in ("i1", "i2")])
    assert (await _pruned(store, "instances"))["record"] == 2
    assert [row.owner for row in (await store.records(ENGINE, "task_act")).items] == ["i2"]


async def test_closed_alerts_briefings_and_box_entries_go_by_their_age(store: Store) -> None:
    await written(
        store,
        *[_record("alert", f"a{n}", state="closed") for n in range(3)],
        _record("alert", "open", state="open"),
        _record("alert", "young", state="closed", at=LATER),
        _record("briefing", "2026-01-01"),
        _record("task_slip", "wang/done/i1/1", owner="done:wang"),
        _record("user", "wang"),
    )
    assert await _pruned(store, "notices") == {"record": 5}
    left = [row.id for kind in ("alert", "user") for row in (await store.records(ENGINE, kind)).items]
    assert sorted(left) == ["open", "wang", "young"]
