"""Law 3: one commit marks effects as attempted before their calls, one brings the evidence after them."""

from __future__ import annotations

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ALL, ENGINE, T0, at, statuses, unit, written


async def test_effects_go_through_attempted_to_done_in_groups(store: Store) -> None:
    names = [f"f{number:03}" for number in range(300)]
    assert set(statuses(await store.commit([unit(w.InsertEffect(a.effect(name))) for name in names]))) == {
        "written"
    }
    marks = [
        unit(a.settle(name, "attempted", attempts=1, attempted_at=at(1), due_at=at(60))) for name in names
    ]
    assert set(statuses(await store.commit(marks))) == {"written"}
    assert await store.open_effects(ENGINE, ALL, at(59), 999) == []
    assert len(await store.open_effects(ENGINE, ALL, at(60), 999)) == 300
    ends = [unit(a.settle(name, "done", settled_at=at(2), evidence=name.encode())) for name in names]
    assert set(statuses(await store.commit(ends))) == {"written"}
    assert await store.open_effects(ENGINE, ALL, at(999), 999) == []
    effect = await store.effect(ENGINE, "f017")
    assert effect is not None
    assert (effect.status, effect.evidence, effect.attempts, effect.settled_at) == ("done", b"f017", 1, at(2))


async def test_update_leaves_alone_what_it_does_not_name(store: Store) -> None:
    first = a.effect(error_text="slow", error_class="unavailable", reference="r", evidence=b"e")
    await written(store, w.InsertEffect(first))
    await written(store, a.settle("f1", "intended", attempts=2))
    changed = await store.effect(ENGINE, "f1")
    assert changed is not None
    assert (changed.attempts, changed.error_text, changed.error_class) == (2, "slow", "unavailable")
    assert (changed.evidence, changed.request, changed.reference) == (b"e", b"request", "r")


async def test_edited_request_replaces_the_old_one(store: Store) -> None:
    await written(store, w.InsertEffect(a.effect(status="dead")))
    await written(store, a.settle("f1", "intended", request=b"mended", due_at=at(5)))
    changed = await store.effect(ENGINE, "f1")
    assert changed is not None
    assert (changed.status, changed.request, changed.due_at) == ("intended", b"mended", at(5))


async def test_update_of_an_effect_that_is_not_there_fails(store: Store) -> None:
    results = await store.commit([unit(a.settle("f1", "done"))])
    assert statuses(results) == ["failed"]
    assert results[0].error is not None
    assert results[0].error.code == "write_conflict"


async def test_newest_state_supersedes_what_was_not_sent_yet(store: Store) -> None:
    states = ["intended", "attempted", "unknown", "parked", "dead", "done"]
    for number, status in enumerate(states):
        row = a.effect(f"f{number}", status=status, order_key="erp/item/1", created_at=at(number))
        await written(store, w.InsertEffect(row))
    await written(store, w.InsertEffect(a.effect("other", order_key="erp/item/2")))
    await written(
        store,
        w.InsertEffect(a.effect("new", order_key="erp/item/1", created_at=at(9)), supersede=True),
    )
    found = {}
    for name in ["f0", "f1", "f2", "f3", "f4", "f5", "other", "new"]:
        row = await store.effect(ENGINE, name)
        assert row is not None
        found[name] = row.status
    assert found == {
        "f0": "superseded",
        "f1": "attempted",
        "f2": "unknown",
        "f3": "superseded",
        "f4": "dead",
        "f5": "done",
        "other": "intended",
        "new": "intended",
    }
    old = await store.effect(ENGINE, "f0")
    assert old is not None
    assert old.settled_at == at(9)


async def test_supersede_keeps_the_order_of_units_within_a_commit(store: Store) -> None:
    await written(store, w.InsertEffect(a.effect("f0", order_key="k", status="unknown")))
    results = await store.commit(
        [
            unit(w.InsertEffect(a.effect("f1", order_key="k", created_at=at(1)))),
            unit(a.settle("f0", "intended")),
            unit(w.InsertEffect(a.effect("f2", order_key="k", created_at=at(2)), supersede=True)),
            unit(a.settle("f1", "attempted")),
            unit(a.settle("f0", "attempted")),
            unit(a.settle("f2", "attempted")),
        ]
    )
    assert statuses(results) == ["written", "written", "written", "duplicate", "duplicate", "written"]


async def test_parked_effects_are_found_by_what_they_wait_for(store: Store) -> None:
    for number in range(3):
        row = a.effect(f"f{number}", status="parked", reference="product:crm:M-7", created_at=at(-number))
        await written(store, w.InsertEffect(row))
    await written(store, w.InsertEffect(a.effect("f9", status="parked", reference="product:crm:M-8")))
    waiting = await store.parked(ENGINE, "product:crm:M-7", 2)
    assert [row.id for row in waiting] == ["f2", "f1"]
    await written(store, a.settle("f2", "intended", due_at=T0))
    assert [row.id for row in await store.parked(ENGINE, "product:crm:M-7", 9)] == ["f1", "f0"]
