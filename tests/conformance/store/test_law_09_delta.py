"""Law 9: a step writes only what it changed; stored state is rows for each scope and each variable."""

from __future__ import annotations

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import InstanceScope
from support import store_rows as a
from support.store_rows import ENGINE, unit, written


async def test_step_leaves_untouched_scopes_and_variables_alone(store: Store) -> None:
    await written(
        store,
        w.InsertInstance(a.instance()),
        *[w.PutScope(InstanceScope("default", "i1", n, b"s%d" % n)) for n in range(1, 50)],
        *[w.PutVariable(a.variable(scope=n, name="item", value=b"v%d" % n)) for n in range(50)],
    )
    await written(
        store,
        a.step("i1", 1),
        w.PutScope(InstanceScope("default", "i1", 7, b"changed")),
        w.DeleteScope("default", "i1", 8),
        w.PutVariable(a.variable(scope=7, name="item", value=b"changed")),
        w.DeleteVariable("default", "i1", 8, "item"),
    )
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"]
    scopes = {n: b"s%d" % n for n in range(1, 50)} | {7: b"changed"}
    variables = {(n, "item"): b"v%d" % n for n in range(50)} | {(7, "item"): b"changed"}
    del scopes[8], variables[8, "item"]
    assert loaded.scopes == scopes
    assert loaded.variables == variables
    assert loaded.instance.root == b"root2"


async def test_variable_said_to_be_new_replaces_one_that_is_there(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()), w.PutVariable(a.variable(value=b"old"), is_new=True))
    await written(store, a.step("i1", 1), w.PutVariable(a.variable(value=b"new"), is_new=True))
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"]
    assert list(loaded.variables.values()) == [b"new"]
    assert loaded.instance.root == b"root2"


async def test_new_variable_is_gone_with_its_unit(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()))
    lost = unit(w.PutVariable(a.variable(value=b"lost"), is_new=True), a.step("i1", 7))
    kept = unit(a.step("i1", 1), w.PutVariable(a.variable(value=b"kept"), is_new=True))
    results = await store.commit([lost, kept])
    assert [result.status for result in results] == ["failed", "written"]
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"]
    assert list(loaded.variables.values()) == [b"kept"]


async def test_many_instances_are_loaded_together(store: Store) -> None:
    names = [f"i{n}" for n in range(400)]
    await store.commit(
        [unit(w.InsertInstance(a.instance(name)), w.PutVariable(a.variable(name))) for name in names]
    )
    loaded = await store.load_instances(ENGINE, [*names, "unknown"])
    assert sorted(loaded) == sorted(names)
    assert all(found.variables == {(0, "order"): b"value"} for found in loaded.values())


async def test_children_are_found_by_their_parent(store: Store) -> None:
    for n in (2, 1):
        await written(
            store,
            w.InsertInstance(a.instance(f"c{n}", parent_id="p", parent_token=n, started_at=a.at(n))),
        )
    await written(store, w.InsertInstance(a.instance("other", parent_id="q")))
    assert [row.id for row in await store.children(ENGINE, "p")] == ["c1", "c2"]


async def test_migrated_instance_keeps_what_an_update_does_not_name(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()))
    await written(store, a.step("i1", 1, release="r2", program="p2", incidents=1))
    await written(store, a.step("i1", 2))
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"].instance
    assert (loaded.release, loaded.program, loaded.incidents, loaded.version) == ("r2", "p2", 0, 3)
