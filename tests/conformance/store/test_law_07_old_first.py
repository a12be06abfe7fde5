"""Law 7: old work first, within a key and a class; what waits, and since when, can be asked."""

from __future__ import annotations

from lineshaft.store import writes as w
from lineshaft.store.port import Activity, Backlog, Store
from support import store_rows as a
from support.store_rows import ALL, ENGINE, T0, at, unit, written


async def _insert(store: Store, **effects: dict[str, object]) -> None:
    await store.commit([unit(w.InsertEffect(a.effect(name, **over))) for name, over in effects.items()])


async def _open(store: Store, *, limit: int = 99, **without: list[str]) -> list[str]:
    rows = await store.open_effects(ENGINE, ALL, at(100), limit, **without)
    return [row.id for row in rows]


async def test_events_come_by_priority_then_oldest_first(store: Store) -> None:
    for name, priority, seconds in (("a", 1, 5), ("b", 0, 9), ("c", 1, 1), ("d", 2, 0), ("e", 0, 8)):
        await written(store, w.InsertEvent(a.event(name, priority=priority, received_at=at(seconds))))
    assert [row.id for row in await store.open_events(ENGINE, ALL, 99)] == ["e", "b", "c", "a", "d"]
    assert [row.id for row in await store.open_events(ENGINE, ALL, 2)] == ["e", "b"]


async def test_work_of_other_lanes_is_left_out(store: Store) -> None:
    for lane in (1, 2, 255):
        await written(
            store,
            w.InsertEvent(a.event(f"e{lane}", lane=lane)),
            w.InsertEffect(a.effect(f"f{lane}", lane=lane)),
            w.PutJob(a.job(f"j{lane}", lane=lane, due_at=at(lane))),
        )
    assert [row.id for row in await store.open_events(ENGINE, [2, 255], 9)] == ["e2", "e255"]
    assert [row.id for row in await store.open_effects(ENGINE, [1], T0, 9)] == ["f1"]
    assert [row.id for row in await store.due_jobs(ENGINE, {255, 3}, at(999), 9)] == ["j255"]
    assert await store.next_due(ENGINE, [2, 255], T0) == at(2)
    assert await store.open_events(ENGINE, [], 9) == []


async def test_effects_come_by_priority_then_creation(store: Store) -> None:
    await _insert(
        store,
        a={"priority": 1, "created_at": at(3)},
        b={"priority": 1, "created_at": at(1), "status": "unknown"},
        c={"priority": 0, "created_at": at(9)},
        d={"priority": 2, "created_at": at(0), "status": "attempted"},
    )
    assert await _open(store) == ["c", "b", "a", "d"]
    assert await _open(store, limit=2) == ["c", "b"]


async def test_effects_come_in_turns_of_their_processes_where_one_owes_much(store: Store) -> None:
    runs = {"noisy": 30, "quiet": 2}
    for process, count in runs.items():
        for number in range(count):
            run = f"{process}{number}"
            await written(store, w.InsertInstance(a.instance(run, process_id=process)))
            await _insert(
                store, **{run: {"instance_id": run, "created_at": at(number + 50 * (process == "quiet"))}}
            )
    await _insert(
        store,
        elsewhere={"system": "mes", "created_at": at(0)},
        alone={"created_at": at(60), "operation": "no process asks"},
        **{
            "noisy0/urgent": {"created_at": at(70), "instance_id": "noisy0", "priority": 0},
            "quiet0/held": {"created_at": at(51), "instance_id": "quiet0", "order_key": "k"},
            "quiet0/behind": {"created_at": at(52), "instance_id": "quiet0", "order_key": "k"},
        },
    )
    found = await store.effects_in_turns(ENGINE, ALL, at(100), "erp", 3)
    assert [row.id for row in found] == [
        "noisy0/urgent", "noisy0", "noisy1", "noisy2", "quiet0", "quiet0/held", "quiet1", "alone",
    ]  # fmt: skip
    found = await store.effects_in_turns(
        ENGINE, ALL, at(100), "erp", 1, without_ids=["noisy0", "noisy0/urgent"]
    )
    assert [row.id for row in found] == ["noisy1", "quiet0", "alone"]
    assert await store.effects_in_turns(ENGINE, [9], at(100), "erp", 3) == []
    known = await store.processes_of(ENGINE, ["noisy3", "quiet1", "nobody"])
    assert known == {"noisy3": "noisy", "quiet1": "quiet"}


async def test_effects_that_are_not_due_or_not_callable_stay_away(store: Store) -> None:
    await _insert(
        store,
        due={"due_at": at(100)},
        later={"due_at": at(100.000001)},
        parked={"status": "parked"},
        dead={"status": "dead"},
        done={"status": "done"},
        refused={"status": "refused"},
    )
    assert await _open(store) == ["due"]


async def test_effects_of_named_systems_and_ids_are_left_out(store: Store) -> None:
    await _insert(store, a={"system": "crm"}, b={"system": "erp"}, c={"system": "wms"}, d={"system": "wms"})
    assert await _open(store, without_systems=["crm", "erp"]) == ["c", "d"]
    assert await _open(store, without_systems=["crm"], without_ids=["c", "x"]) == ["b", "d"]
    assert await _open(store, without_ids=["a"], limit=1) == ["b"]


async def test_only_the_oldest_effect_of_an_order_key_comes(store: Store) -> None:
    await _insert(
        store,
        a={"order_key": "k", "created_at": at(1), "priority": 2},
        b={"order_key": "k", "created_at": at(2), "priority": 0},
        c={"order_key": "k", "created_at": at(2)},
        x={"order_key": "other", "created_at": at(9)},
        y={"created_at": at(8)},
        z={"created_at": at(8)},
    )
    assert await _open(store) == ["y", "z", "x", "a"]
    await written(store, a.settle("a", "done"))
    assert await _open(store) == ["b", "y", "z", "x"]
    await written(store, a.settle("b", "refused"))
    assert await _open(store) == ["c", "y", "z", "x"]


async def test_oldest_of_a_key_holds_the_others_even_when_it_is_not_due_or_left_out(store: Store) -> None:
    await _insert(
        store,
        a={"order_key": "k", "created_at": at(1), "due_at": at(200)},
        b={"order_key": "k", "created_at": at(2)},
        m={"order_key": "n", "created_at": at(1)},
        n={"order_key": "n", "created_at": at(2)},
        p={"order_key": "q", "created_at": at(1), "system": "away"},
        q={"order_key": "q", "created_at": at(2)},
    )
    assert await _open(store, without_ids=["m"], without_systems=["away"]) == []


async def test_dead_or_parked_effect_holds_its_key_back_only_where_it_says_so(store: Store) -> None:
    await _insert(
        store,
        a={"order_key": "held", "created_at": at(1), "status": "dead", "on_stuck": "hold_key"},
        b={"order_key": "held", "created_at": at(2)},
        c={"order_key": "parked", "created_at": at(1), "status": "parked", "on_stuck": "hold_key"},
        d={"order_key": "parked", "created_at": at(2)},
        e={"order_key": "free", "created_at": at(1), "status": "dead", "on_stuck": "pass"},
        f={"order_key": "free", "created_at": at(2), "on_stuck": "hold_key"},
        g={"order_key": "newer", "created_at": at(1)},
        h={"order_key": "newer", "created_at": at(2), "status": "dead", "on_stuck": "hold_key"},
    )
    assert await _open(store) == ["g", "f"]
    await written(store, a.settle("a", "cancelled"))
    assert await _open(store) == ["g", "b", "f"]


async def test_jobs_come_by_priority_then_due_time(store: Store) -> None:
    for name, priority, seconds in (
        ("a", 1, 5),
        ("b", 0, 9),
        ("c", 1, 1),
        ("d", 7, 0),
        ("e", -1, 8),
        ("f", 2, 3),
        ("late", 0, 11),
    ):
        await written(store, w.PutJob(a.job(name, priority=priority, due_at=at(seconds))))
    assert [row.id for row in await store.due_jobs(ENGINE, ALL, at(10), 99)] == ["e", "b", "c", "a", "f", "d"]
    assert [row.id for row in await store.due_jobs(ENGINE, ALL, at(10), 3)] == ["e", "b", "c"]
    rest = await store.due_jobs(ENGINE, ALL, at(10), 2, without_ids=["e", "b"])
    assert [row.id for row in rest] == ["c", "a"]


async def test_next_due_looks_beyond_what_is_due_now(store: Store) -> None:
    assert await store.next_due(ENGINE, ALL, T0) is None
    await _insert(store, a={"due_at": at(1)}, b={"due_at": at(30)}, c={"due_at": at(5), "status": "dead"})
    await written(store, w.PutJob(a.job("j", due_at=at(20))))
    assert await store.next_due(ENGINE, ALL, at(1)) == at(20)
    assert await store.next_due(ENGINE, ALL, at(20)) == at(30)
    assert await store.next_due(ENGINE, ALL, at(30)) is None


async def test_backlog_says_how_much_waits_and_since_when(store: Store) -> None:
    await written(store, w.InsertEvent(a.event("e1", received_at=at(4))))
    await written(store, w.InsertEvent(a.event("e2", received_at=at(2))))
    await written(store, w.InsertEvent(a.event("e3", received_at=at(1), routed_at=at(2))))
    await _insert(
        store,
        a={"created_at": at(3)},
        b={"created_at": at(1)},
        c={"status": "parked", "created_at": at(2)},
        d={"status": "done"},
        e={"system": "crm", "status": "unknown"},
    )
    assert await store.backlog(ENGINE) == [
        Backlog("", "open", 2, at(2)),
        Backlog("crm", "unknown", 1, at(0)),
        Backlog("erp", "intended", 2, at(1)),
        Backlog("erp", "parked", 1, at(2)),
    ]
    assert await store.unrouted(ENGINE) == Backlog("", "open", 2, at(2))


async def test_call_that_could_not_ask_a_system_waits_for_that_system(store: Store) -> None:
    asking = {"system": "hub", "reference": "system:erp"}
    await _insert(
        store,
        a=asking | {"created_at": at(1)},
        b=asking | {"status": "dead", "created_at": at(5)},
        c={"created_at": at(3)},
        d={"system": "hub", "created_at": at(4)},
        e={"system": "hub", "status": "parked", "reference": "customer/crm/C-1", "created_at": at(2)},
        f=asking | {"status": "done"},
    )
    assert await store.backlog(ENGINE) == [
        Backlog("erp", "dead", 1, at(5)),
        Backlog("erp", "intended", 2, at(1)),
        Backlog("hub", "intended", 1, at(4)),
        Backlog("hub", "parked", 1, at(2)),
    ]


async def test_activity_counts_what_came_since_a_time_and_keeps_the_newest_failure(store: Store) -> None:
    for name, source in (("e1", "crm/order"), ("e2", "crm/account"), ("e3", "erp/stock")):
        await written(store, w.InsertEvent(a.event(name, source=source, received_at=at(5))))
    await written(store, w.InsertEvent(a.event("old", received_at=at(1))))
    await _insert(
        store,
        a={"created_at": at(4), "status": "done"},
        b={"created_at": at(1), "error_class": "unavailable", "error_text": "503", "attempted_at": at(6)},
        c={"created_at": at(4), "error_class": "refused", "error_text": "no", "status": "refused"},
        d={"created_at": at(4), "system": "mes", "status": "unknown", "error_text": "silence"},
    )
    await written(store, w.PutDeadLetter(a.letter("x", system="erp", error_text="x", created_at=at(5))))
    await written(store, w.PutDeadLetter(a.letter("y", system="oa", error_text="y", created_at=at(2))))
    assert await store.activity(ENGINE, at(3)) == [
        Activity("crm", 0, 2),
        Activity("erp", 2, 1, at(6), "unavailable", "503"),
        Activity("mes", 1, 0, at(4), None, "silence"),
    ]


async def test_dead_letters_of_one_cause_are_one_group_and_the_greatest_comes_first(store: Store) -> None:
    for number, (cause, system) in enumerate([("c1", "erp"), ("c2", "erp"), ("c2", "erp"), ("c2", "mes")]):
        letter = a.letter(
            f"d{number}", cause=cause, system=system, operation="save", error_text=f"t{number}",
            created_at=at(number),
        )  # fmt: skip
        await written(store, w.PutDeadLetter(letter))
    await written(store, w.PutDeadLetter(a.letter("closed", cause="c1", system="erp", status="replayed")))
    found = await store.dead_letter_causes(ENGINE)
    assert [(each.cause, each.system, each.count) for each in found] == [
        ("c2", "erp", 2), ("c1", "erp", 1), ("c2", "mes", 1),
    ]  # fmt: skip
    assert (found[0].error_text, found[0].oldest_at, found[0].newest_at) == ("t1", at(1), at(2))
    assert await store.dead_letter_causes(ENGINE, limit=1) == found[:1]


async def test_subscriptions_and_messages_come_oldest_first(store: Store) -> None:
    from lineshaft.store.rows import Message

    for number in (3, 1, 2):
        await written(
            store,
            w.PutSubscription(a.subscription(number=number, created_at=at(number))),
            w.PutSubscription(a.subscription(number=10 + number, kind="signal", key=None)),
            w.PutMessage(Message("default", f"m{number}", "paid", "SO-1", b"p", at(number), at(50))),
        )
    found = await store.subscriptions(ENGINE, "message", "paid", "SO-1", 2)
    assert [row.number for row in found] == [1, 2]
    signals = await store.subscriptions(ENGINE, "signal", "paid", None, 9)
    assert [row.number for row in signals] == [11, 12, 13]
    assert await store.subscriptions(ENGINE, "message", "paid", "SO-2", 9) == []
    assert [row.id for row in await store.messages(ENGINE, "paid", "SO-1", at(49))] == ["m1", "m2", "m3"]
    assert await store.messages(ENGINE, "paid", "SO-1", at(50)) == []
    await written(store, w.DeleteMessage("default", "m2"))
    assert [row.id for row in await store.messages(ENGINE, "paid", "SO-1", at(0))] == ["m1", "m3"]
