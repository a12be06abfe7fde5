"""Law 4: what exists already is an ordinary result, never a caught error."""

from __future__ import annotations

import asyncio

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_lab import Lab
from support.store_rows import ALL, ENGINE, T0, at, statuses, unit, written


async def test_second_event_with_the_same_source_and_id_is_a_duplicate(store: Store) -> None:
    group = [
        unit(w.InsertEvent(a.event("e1"))),
        unit(w.InsertEvent(a.event("e1", payload=b"other"))),
        unit(w.InsertEvent(a.event("e1", source="erp"))),
        unit(w.InsertEvent(a.event("e1", tenant="other"))),
    ]
    assert statuses(await store.commit(group)) == ["written", "duplicate", "written", "written"]
    assert statuses(await store.commit(group)) == ["duplicate"] * 4
    kept = await store.event(ENGINE, "crm", "e1")
    assert kept == a.event("e1")


async def test_only_the_known_events_of_a_batch_are_duplicates(store: Store) -> None:
    for name in ("e03", "e77"):
        await written(store, w.InsertEvent(a.event(name)))
    batch = [unit(w.InsertEvent(a.event(f"e{n:02}")), w.PutJob(a.job(f"j{n:02}"))) for n in range(100)]
    results = statuses(await store.commit(batch))
    assert [n for n, status in enumerate(results) if status == "duplicate"] == [3, 77]
    assert len(await store.due_jobs(ENGINE, ALL, T0, 999)) == 98


async def test_events_taken_in_by_two_nodes_at_once_are_written_once(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    batch = [unit(w.InsertEvent(a.event(f"e{n:02}"))) for n in range(60)]
    both = await asyncio.gather(one.commit(batch), two.commit(list(reversed(batch))))
    first, second = statuses(both[0]), list(reversed(statuses(both[1])))
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["duplicate", "written"]] * 60


async def test_event_is_routed_once(store: Store) -> None:
    await written(store, w.InsertEvent(a.event()))
    route = w.RouteEvent("default", "crm", "e1", at(5), "no route")
    assert statuses(await store.commit([unit(route), unit(route)])) == ["written", "duplicate"]
    assert statuses(await store.commit([unit(route)])) == ["duplicate"]
    assert await store.open_events(ENGINE, ALL, 9) == []
    kept = await store.event(ENGINE, "crm", "e1")
    assert kept == a.event(routed_at=at(5), note="no route")


async def test_event_may_be_taken_in_and_routed_in_one_commit(store: Store) -> None:
    route = w.RouteEvent("default", "crm", "e1", at(5))
    results = await store.commit([unit(w.InsertEvent(a.event())), unit(route), unit(route)])
    assert statuses(results) == ["written", "written", "duplicate"]
    assert await store.open_events(ENGINE, ALL, 9) == []


async def test_route_of_an_unknown_event_fails(store: Store) -> None:
    assert statuses(await store.commit([unit(w.RouteEvent("default", "crm", "e9", T0))])) == ["failed"]


async def test_second_instance_and_effect_with_the_same_id_are_duplicates(store: Store) -> None:
    begin = unit(w.InsertInstance(a.instance()), w.PutJob(a.job()))
    call = unit(w.InsertEffect(a.effect()), w.PutJob(a.job("j2")))
    results = await store.commit([begin, begin, call, call])
    assert statuses(results) == ["written", "duplicate", "written", "duplicate"]
    assert statuses(await store.commit([begin, call])) == ["duplicate", "duplicate"]


async def test_job_is_taken_once(store: Store) -> None:
    await written(store, w.PutJob(a.job("j1")), w.PutJob(a.job("j2")))
    take = [
        unit(w.TakeJob("default", "j1"), w.InsertEffect(a.effect("f1"))),
        unit(w.TakeJob("default", "j1"), w.InsertEffect(a.effect("f2"))),
        unit(w.TakeJob("default", "j9"), w.InsertEffect(a.effect("f3"))),
        unit(w.DeleteJob("default", "j9")),
    ]
    assert statuses(await store.commit(take)) == ["written", "duplicate", "duplicate", "written"]
    assert [row.id for row in await store.due_jobs(ENGINE, ALL, T0, 9)] == ["j2"]
    assert [row.id for row in await store.open_effects(ENGINE, ALL, T0, 9)] == ["f1"]


async def test_job_taken_and_put_again_stands_as_put(store: Store) -> None:
    await written(store, w.PutJob(a.job("j1")))
    again = a.job("j1", due_at=at(60), attempts=1)
    results = await store.commit([unit(w.TakeJob("default", "j1"), w.PutJob(again))])
    assert statuses(results) == ["written"]
    assert await store.due_jobs(ENGINE, ALL, at(60), 9) == [again]


async def test_job_put_twice_is_one_job(store: Store) -> None:
    await written(store, w.PutJob(a.job("j1")))
    await written(store, w.PutJob(a.job("j1", due_at=at(9), payload=b"x")))
    assert await store.due_jobs(ENGINE, ALL, at(9), 9) == [a.job("j1", due_at=at(9), payload=b"x")]


async def test_dead_letter_is_closed_once(store: Store) -> None:
    await written(store, w.PutDeadLetter(a.letter()))
    close = w.CloseDeadLetter("default", "d1", "replayed", at(9), "li")
    assert statuses(await store.commit([unit(close), unit(close)])) == ["written", "duplicate"]
    assert statuses(await store.commit([unit(close)])) == ["duplicate"]
    kept = await store.dead_letter(ENGINE, "d1")
    assert kept == a.letter(status="replayed", closed_at=at(9), closed_by="li")
    missing = w.CloseDeadLetter("default", "d9", "discarded", at(9), "li")
    assert statuses(await store.commit([unit(missing)])) == ["failed"]
