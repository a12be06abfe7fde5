"""The cross-reference: one object whatever it is called, its history, and what may not be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.app.system_ids import SystemIds
from lineshaft.base.errors import Conflict, NotFound
from lineshaft.base.scope import Scope
from lineshaft.engine.crossref import CrossReference, Wish
from lineshaft.feel import codec as values
from lineshaft.mapping import Reference
from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.memory.store import MemoryStore
from lineshaft.store.writes import PutBinding, PutJob

ENGINE = Scope.of_engine()


class Ticking:
    """A clock that goes on by a second at every look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Counted(MemoryStore):
    """Counts its reads."""

    reads = 0

    async def _enter(self, method: str) -> None:
        self.reads += 1
        await super()._enter(method)


@pytest.fixture
async def store() -> AsyncIterator[Counted]:
    made = Counted(MemoryDatabase(), Ticking())
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def table(store: Counted) -> CrossReference:
    return CrossReference(store, Ticking(), SystemIds(), several=lambda kind, system: system == "crm")


async def codes(table: CrossReference, *ids: str) -> dict[str, str]:
    asked = [Reference("customer", "crm", each, "erp") for each in ids]
    return {each.id: code for each, code in (await table.codes(asked)).items()}


async def test_a_batch_of_look_ups_is_one_question(table: CrossReference, store: Counted) -> None:
    wishes = []
    for n in range(100):
        wishes += [Wish("customer", "crm", f"c{n}", f"o{n}"), Wish("customer", "erp", f"e{n}", f"o{n}")]
    assert await table.bind(wishes, by="li") == 200
    store.reads = 0
    found = await codes(table, *(f"c{n}" for n in range(150)))
    assert found == {f"c{n}": f"e{n}" for n in range(100)}
    assert store.reads == 1


async def test_binding_again_writes_nothing(table: CrossReference) -> None:
    wishes = [
        Wish("customer", "crm", "c1", label="华东"),
        Wish("customer", "erp", "e1", siblings=(("crm", "c1"),)),
    ]
    assert await table.bind(wishes, by="li") == 2
    assert await table.writes(wishes, by="li") == []
    again = await table.writes(wishes, by="li", again=True)
    assert {type(each) for each in again} == {PutBinding, PutJob}
    assert await codes(table, "c1") == {"c1": "e1"}


async def test_second_id_is_refused_where_several_are_not_declared(table: CrossReference) -> None:
    await table.bind([Wish("customer", "erp", "e1", "o1"), Wish("customer", "crm", "c1", "o1")], by="li")
    with pytest.raises(Conflict) as refused:
        await table.bind([Wish("customer", "erp", "e2", "o1")], by="li")
    assert refused.value.code == "second_id"
    await table.bind([Wish("customer", "crm", "c2", "o1")], by="li")
    assert await codes(table, "c1", "c2") == {"c1": "e1", "c2": "e1"}


async def test_id_of_another_object_moves_only_where_said(table: CrossReference, store: Counted) -> None:
    await table.bind([Wish("customer", "erp", "e1", "o1")], by="li")
    with pytest.raises(Conflict) as refused:
        await table.bind([Wish("customer", "erp", "e1", "o2")], by="li")
    assert refused.value.code == "bound_elsewhere"
    await table.bind([Wish("customer", "erp", "e1", "o2", moves=True)], by="wang", why="typing error")
    [change] = (await store.binding_changes(ENGINE)).items
    assert (change.what, change.by, change.other, change.why) == ("moved", "wang", "o1", "typing error")


async def test_two_ids_of_a_batch_that_contradict_are_refused(table: CrossReference, store: Counted) -> None:
    with pytest.raises(Conflict):
        await table.bind([Wish("customer", "erp", "e1", "o1"), Wish("customer", "erp", "e2", "o1")], by="li")
    assert (await store.list_bindings(ENGINE)).items == []


async def test_old_id_still_finds_its_object_after_a_rekey(table: CrossReference, store: Counted) -> None:
    await table.bind([Wish("customer", "crm", "c1", "o1"), Wish("customer", "erp", "e1", "o1")], by="li")
    await table.rekey("customer", "erp", "e1", "e100", by="li", why="new numbers")
    assert await codes(table, "c1") == {"c1": "e100"}
    back = await table.codes([Reference("customer", "erp", "e1", "crm")])
    assert list(back.values()) == ["c1"]
    assert {row.local_id: row.state for row in await store.find_bindings(ENGINE, "e1")} == {
        "c1": "several",
        "e1": "former",
        "e100": "only",
    }
    with pytest.raises(NotFound):
        await table.rekey("customer", "erp", "nothing", "e2", by="li")


async def test_merged_object_is_found_by_all_ids_and_its_own(table: CrossReference, store: Counted) -> None:
    for n in (1, 2, 3):
        ids = [Wish("customer", "crm", f"c{n}", f"o{n}"), Wish("customer", "erp", f"e{n}", f"o{n}")]
        await table.bind(ids, by="li")
    await table.merge("customer", "o1", "o2", by="li", why="the same firm")
    assert await codes(table, "c1", "c2") == {"c1": "e1", "c2": "e1"}
    await table.merge("customer", "o3", "o1", by="li")
    # The object that was merged first is found through both merges.
    assert await codes(table, "c1", "c2", "c3") == {"c1": "e3", "c2": "e3", "c3": "e3"}
    assert {row.object_id for row in await store.find_bindings(ENGINE, "o2")} == {"o3"}
    await table.bind([Wish("customer", "crm", "c9", "o2")], by="li")
    assert await codes(table, "c9") == {"c9": "e3"}
    history = [each.what for each in (await store.binding_changes(ENGINE, object_id="o1")).items]
    assert history == ["merged", "merged"]
    with pytest.raises(Conflict):
        await table.merge("customer", "o3", "o3", by="li")


async def test_unbound_id_finds_nothing_and_its_history_stays(table: CrossReference, store: Counted) -> None:
    await table.bind([Wish("customer", "crm", "c1", "o1"), Wish("customer", "erp", "e1", "o1")], by="li")
    await table.unbind("customer", "crm", "c1", by="wang", why="wrong")
    assert await codes(table, "c1") == {}
    [change] = (await store.binding_changes(ENGINE, object_id="o1")).items
    assert (change.what, change.local_id, change.by) == ("unbound", "c1", "wang")


async def test_what_a_system_has_told_is_believed(table: CrossReference) -> None:
    await table.bind([Wish("customer", "erp", "e1", "o1")], by="hub")
    wish = Wish("customer", "mes", "m1", siblings=(("erp", "e1"),), learned=True, moves=True)
    other = Wish("customer", "mes", "m2", siblings=(("erp", "e1"),), learned=True, moves=True)
    assert await table.bind([wish, other], by="hub") == 2


async def test_every_commit_that_binds_lets_go_what_waits_for_the_object(table: CrossReference) -> None:
    writes = await table.writes([Wish("customer", "crm", f"c{n}", f"o{n}") for n in range(2_500)], by="li")
    jobs = [each.row for each in writes if isinstance(each, PutJob)]
    told = [item for job in jobs for item in values.decode(job.payload)["objects"]]
    assert len(jobs) == 3
    assert len({tuple(each) for each in told}) == 2_500
    assert len({job.lane for job in jobs}) == 1


async def test_candidates_are_found_by_id_and_by_name(table: CrossReference) -> None:
    await table.bind(
        [
            Wish("customer", "erp", "K-1001", "o1", "上海华东机械有限公司"),
            Wish("customer", "crm", "KH-7", "o1"),
            Wish("customer", "erp", "K-2002", "o2", "北京南风贸易"),
            Wish("product", "erp", "K-1002", "p1", "上海华东机械"),
        ],
        by="li",
    )
    [best, *_] = await table.likely("customer", "华东机械(上海)")
    assert best.object_id == "o1"
    assert best.ids == {"erp": "K-1001", "crm": "KH-7"}
    assert (await table.likely("customer", "K-1O01"))[0].object_id == "o1"
    assert await table.likely("customer", "something else") == []
