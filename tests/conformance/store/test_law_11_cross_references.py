"""Cross-references: many look-ups in one question, former ids, the only id, history, what waits for them.

They are the firm's own where they have no department, and hidden from other departments where they have one.
"""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.scope import Scope
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Awaited, Binding, BindingChange, CodeAsked
from support import store_rows as a
from support.store_rows import ENGINE, at, unit, written

NORTH = Scope("default", frozenset({"north"}))
SOUTH = Scope("default", frozenset({"south"}))


def bound(object_id: str, system: str, local_id: str, seconds: float = 0, /, **over: Any) -> Binding:
    row = Binding("default", "party", object_id, system, local_id, at(seconds))
    return a.replaced(row, **over) if over else row


async def test_many_codes_are_answered_at_once(store: Store) -> None:
    await written(
        store,
        *(w.PutBinding(bound(f"P-{n}", "crm", f"c{n}")) for n in range(50)),
        *(w.PutBinding(bound(f"P-{n}", "erp", f"40{n}")) for n in range(0, 50, 2)),
        w.PutBinding(a.replaced(bound("P-1", "erp", "x"), object_type="product")),
    )
    asked = [CodeAsked("party", "crm", f"c{n}", "erp") for n in range(60)]
    asked += [CodeAsked("party", "erp", "404", "crm"), CodeAsked("product", "crm", "c2", "erp")]
    found = await store.codes(ENGINE, [*asked, CodeAsked("party", "a\0b", "\ud800", "erp")])
    expected = {CodeAsked("party", "crm", f"c{n}", "erp"): f"40{n}" for n in range(0, 50, 2)}
    assert found == expected | {CodeAsked("party", "erp", "404", "crm"): "c4"}
    assert await store.codes(Scope("other"), asked) == {}
    assert await store.codes(ENGINE, []) == {}


async def test_former_id_finds_its_object_and_is_never_a_code(store: Store) -> None:
    await written(
        store,
        w.PutBinding(bound("P-1", "crm", "old", 5, state="former")),
        w.PutBinding(bound("P-1", "crm", "new", 1, state="only")),
        w.PutBinding(bound("P-1", "erp", "400", 9, state="former")),
    )
    assert await store.bindings(ENGINE, "party", "crm", ["old"]) == {"old": "P-1"}
    assert await store.local_ids(ENGINE, "party", "crm", ["P-1"]) == {"P-1": "new"}
    asked = CodeAsked("party", "erp", "400", "crm")
    assert await store.codes(ENGINE, [asked]) == {asked: "new"}
    assert await store.codes(ENGINE, [CodeAsked("party", "crm", "new", "erp")]) == {}


async def test_object_is_found_by_its_own_id_too(store: Store) -> None:
    await written(store, w.PutBinding(bound("P-1", "crm", "c7")), w.PutBinding(bound("P-1", "erp", "400")))
    assert {row.local_id for row in await store.find_bindings(ENGINE, "P-1")} == {"c7", "400"}


async def test_only_id_of_an_object_in_a_system_stays_the_only_one(store: Store) -> None:
    await written(store, w.PutBinding(bound("P-1", "crm", "c1", state="only")))
    results = await store.commit(
        [
            unit(w.PutBinding(bound("P-2", "crm", "c2", state="only"))),
            unit(w.PutBinding(bound("P-1", "crm", "c3", state="only"))),
            unit(w.PutBinding(bound("P-1", "erp", "400", state="only"))),
        ]
    )
    assert [result.status for result in results] == ["written", "failed", "written"]
    assert {row.local_id for row in await store.object_bindings(ENGINE, "party", ["P-1", "P-2"])} == {
        "c1",
        "c2",
        "400",
    }
    # One that gives its place up in the same unit leaves it to the next.
    await written(
        store,
        w.PutBinding(bound("P-1", "crm", "c1", state="former")),
        w.PutBinding(bound("P-1", "crm", "c3", state="only")),
    )
    await written(store, w.DeleteBinding("default", "party", "crm", "c3"))
    await written(store, w.PutBinding(bound("P-1", "crm", "c4", state="only")))
    assert await store.local_ids(ENGINE, "party", "crm", ["P-1"]) == {"P-1": "c4"}


async def test_two_only_ids_in_one_group_are_one_too_many(store: Store) -> None:
    results = await store.commit(
        [unit(w.PutBinding(bound("P-1", "crm", f"c{n}", state="only"))) for n in range(3)]
    )
    assert [result.status for result in results] == ["written", "failed", "failed"]


async def test_bindings_are_listed_by_any_part_of_their_texts(store: Store) -> None:
    rows = [bound(f"P-{n}", "crm", f"C{n}", n, label=f"华东{n}") for n in range(5)]
    await written(
        store,
        *(w.PutBinding(row) for row in rows),
        w.PutBinding(a.replaced(bound("M-1", "erp", "c9", 9), object_type="product")),
    )
    first = await store.list_bindings(ENGINE, object_type="party", limit=2)
    assert first.items == [rows[4], rows[3]]
    rest = await store.list_bindings(ENGINE, object_type="party", limit=9, cursor=first.next)
    assert rest.items == [rows[2], rows[1], rows[0]]
    assert (await store.list_bindings(ENGINE, part="华东3")).items == [rows[3]]
    assert (await store.list_bindings(ENGINE, part="c3")).items == [rows[3]]
    assert (await store.list_bindings(ENGINE, part="p-2")).items == [rows[2]]
    assert (await store.list_bindings(ENGINE, part="%")).items == []
    assert len((await store.list_bindings(ENGINE, system="erp")).items) == 1
    assert await store.binding_types(ENGINE) == {"party": 5, "product": 1}
    assert await store.binding_types(Scope("other")) == {}


async def test_history_of_an_object_has_what_was_merged_into_it(store: Store) -> None:
    merged = BindingChange(
        "default", "1", "party", "P-2", at(1), "merged", "li", other="P-1", why="same firm"
    )
    rekeyed = BindingChange(
        "default", "2", "party", "P-1", at(2), "rekeyed", "li", "crm", "c1", "c9", "new numbers"
    )
    other = BindingChange("default", "3", "party", "P-3", at(3), "unbound", "li", "crm", "c3")
    await written(store, *(w.AddBindingChange(row) for row in (merged, rekeyed, other)))
    found = await store.binding_changes(ENGINE, object_type="party", object_id="P-1")
    assert found.items == [rekeyed, merged]
    first = await store.binding_changes(ENGINE, limit=1)
    assert first.items == [other]
    assert (await store.binding_changes(ENGINE, cursor=first.next)).items == [rekeyed, merged]
    assert (await store.binding_changes(Scope("other"))).items == []


async def test_what_waits_for_a_reference_is_counted_and_comes_oldest_first(store: Store) -> None:
    await written(
        store,
        *(
            w.InsertEffect(
                a.effect(f"f{n}", status="parked", reference="product:crm:M-77", created_at=at(-n))
            )
            for n in range(14)
        ),
        *(w.PutParked(a.parked(f"r{n}", created_at=at(-n))) for n in range(3)),
        w.InsertEffect(a.effect("g", status="done", reference="product:crm:M-78")),
    )
    assert await store.awaited(ENGINE) == [
        Awaited("product:crm:M-77", 14, 0, at(-13)),
        Awaited("party:crm:c7", 0, 3, at(-2)),
    ]
    assert await store.awaited(ENGINE, references=["party:crm:c7", "x"]) == [
        Awaited("party:crm:c7", 0, 3, at(-2))
    ]
    assert [row.id for row in await store.parked_records(ENGINE, "party:crm:c7", 2)] == ["r2", "r1"]
    await written(store, w.DeleteParked("default", "r2"), w.DeleteParked("default", "never"))
    assert [row.id for row in await store.parked_records(ENGINE, "party:crm:c7", 9)] == ["r1", "r0"]
    assert await store.awaited(Scope("other")) == []
    assert await store.parked_records(Scope("other"), "party:crm:c7", 9) == []


@pytest.mark.parametrize("department", [None, "north"])
async def test_bindings_of_a_department_are_hidden_from_the_others(
    store: Store, department: str | None
) -> None:
    await written(
        store,
        w.PutBinding(bound("P-1", "crm", "c7", department=department)),
        w.PutBinding(bound("P-1", "erp", "400", department=department)),
        w.AddBindingChange(
            BindingChange("default", "1", "party", "P-1", at(1), "bound", "li", department=department)
        ),
        w.PutParked(a.parked("r", department=department)),
    )
    asked = CodeAsked("party", "crm", "c7", "erp")

    async def shown(scope: Scope) -> list[Any]:
        return [
            await store.codes(scope, [asked]),
            await store.bindings(scope, "party", "crm", ["c7"]),
            await store.local_ids(scope, "party", "erp", ["P-1"]),
            await store.object_bindings(scope, "party", ["P-1"]),
            await store.find_bindings(scope, "c7"),
            (await store.list_bindings(scope)).items,
            await store.binding_types(scope),
            (await store.binding_changes(scope)).items,
        ]

    assert all(await shown(ENGINE))
    assert all(await shown(NORTH))
    assert all(await shown(SOUTH)) is (department is None)
    assert any(await shown(SOUTH)) is (department is None)
    # What waits is a record of its department, as an effect is: without one it is for who sees all.
    assert len(await store.awaited(NORTH)) == (department == "north")
    assert await store.awaited(SOUTH) == []
