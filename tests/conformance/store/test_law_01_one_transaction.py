"""Law 1: what one step decided is written in one transaction, and nothing is seen before its commit."""

from __future__ import annotations

from lineshaft.store import rows
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_lab import Lab
from support.store_rows import ALL, ENGINE, T0, at, statuses, unit, written


async def test_unit_writes_all_its_rows_when_it_succeeds(store: Store) -> None:
    await written(
        store,
        w.InsertInstance(a.instance()),
        w.AddHistory(a.history()),
        w.PutVariable(a.variable()),
        w.InsertEffect(a.effect("i1/4/1", instance_id="i1", token=4)),
        w.PutJob(a.job()),
        w.PutSubscription(a.subscription()),
        w.PutCursor(rows.Cursor("default", "crm.orders", b"p", 1, T0), 0),
    )
    loaded = await store.load_instances(ENGINE, ["i1", "unknown"])
    assert set(loaded) == {"i1"}
    assert loaded["i1"].instance == a.instance()
    assert loaded["i1"].variables == {(0, "order"): b"value"}
    assert await store.history(ENGINE, "i1") == [a.history()]
    assert await store.open_effects(ENGINE, ALL, T0, 9) == [a.effect("i1/4/1", instance_id="i1", token=4)]
    assert await store.due_jobs(ENGINE, ALL, T0, 9) == [a.job()]
    assert await store.subscriptions(ENGINE, "message", "paid", "SO-1", 9) == [a.subscription()]
    cursor = await store.cursor(ENGINE, "crm.orders")
    assert cursor is not None
    assert cursor.position == b"p"


async def test_unit_writes_nothing_when_its_last_write_conflicts(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()), w.PutJob(a.job("j1")))
    results = await store.commit(
        [
            unit(
                w.InsertEvent(a.event()),
                w.AddHistory(a.history(seq=2)),
                w.InsertEffect(a.effect()),
                w.TakeJob("default", "j1"),
                w.PutJob(a.job("j2")),
                w.PutVariable(a.variable()),
                w.PutDocument(a.document()),
                a.step("i1", 5),
            )
        ]
    )
    assert statuses(results) == ["failed"]
    assert await store.event(ENGINE, "crm", "e1") is None
    assert await store.history(ENGINE, "i1") == []
    assert await store.effect(ENGINE, "f1") is None
    assert await store.due_jobs(ENGINE, ALL, T0, 9) == [a.job("j1")]
    assert (await store.load_instances(ENGINE, ["i1"]))["i1"].variables == {}
    assert await store.find_documents(ENGINE, "SO-1") == []


async def test_commit_is_seen_by_other_handles_when_it_returned(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    await written(one, w.InsertEvent(a.event()))
    assert await two.open_events(ENGINE, ALL, 9) == [a.event()]


async def test_later_unit_sees_what_an_earlier_unit_of_the_same_commit_wrote(store: Store) -> None:
    results = await store.commit(
        [
            unit(w.InsertInstance(a.instance()), w.InsertEffect(a.effect()), w.PutJob(a.job())),
            unit(a.step("i1", 1), a.settle("f1", "attempted", attempts=1, attempted_at=at(1))),
            unit(a.step("i1", 2), a.settle("f1", "done", evidence=b"no 5"), w.TakeJob("default", "j1")),
            unit(w.TakeJob("default", "j1")),
            unit(a.settle("f1", "unknown")),
            unit(a.step("i1", 2)),
        ]
    )
    assert statuses(results) == ["written", "written", "written", "duplicate", "duplicate", "failed"]
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"].instance
    assert (loaded.version, loaded.root) == (3, b"root3")
    effect = await store.effect(ENGINE, "f1")
    assert effect is not None
    assert (effect.status, effect.attempts, effect.attempted_at, effect.evidence) == (
        "done",
        1,
        at(1),
        b"no 5",
    )
    assert await store.due_jobs(ENGINE, ALL, T0, 9) == []


async def test_steps_of_one_stored_instance_follow_each_other_within_a_commit(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()))
    results = await store.commit(
        [
            unit(a.step("i1", 1)),
            unit(a.step("i1", 1)),
            unit(a.step("i1", 2, ended_at=at(9), status="completed")),
        ]
    )
    assert statuses(results) == ["written", "failed", "written"]
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"].instance
    assert (loaded.version, loaded.status, loaded.ended_at) == (3, "completed", at(9))


async def test_row_written_and_removed_in_one_commit_is_gone(store: Store) -> None:
    await store.commit(
        [
            unit(
                w.PutVariable(a.variable()),
                w.PutScope(rows.InstanceScope("default", "i1", 2, b"s")),
                w.PutSubscription(a.subscription()),
                w.PutJob(a.job()),
                w.InsertInstance(a.instance()),
            ),
            unit(
                w.DeleteVariable("default", "i1", 0, "order"),
                w.DeleteScope("default", "i1", 2),
                w.DeleteSubscription("default", "i1", 1),
                w.DeleteJob("default", "j1"),
            ),
        ]
    )
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"]
    assert (loaded.scopes, loaded.variables) == ({}, {})
    assert await store.subscriptions(ENGINE, "message", "paid", "SO-1", 9) == []
    assert await store.due_jobs(ENGINE, ALL, T0, 9) == []


async def test_empty_commit_does_nothing(store: Store) -> None:
    assert await store.commit([]) == []
    assert await store.commit([unit()]) == [w.WRITTEN]
