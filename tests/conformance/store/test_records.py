"""Records change only from what was read; facts are told once each, in one order."""

from __future__ import annotations

from dataclasses import replace

from lineshaft.base.scope import Scope
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Fact, Record
from support.store_rows import ENGINE, at, statuses, unit, written

NORTH = Scope("default", departments=frozenset({"north"}))


def _record(name: str, version: int = 1, **over: object) -> Record:
    values: dict[str, object] = {"owner": "t", "state": "open", "due_at": at(5), "content": b"\x00p"}
    return Record("default", "bulk", name, version, at(len(name)), **(values | over))  # type: ignore[arg-type]


def _fact(name: str, **over: object) -> Fact:
    values: dict[str, object] = {"kind": "instance.ended", "subject": "i-1", "at": at(len(name))}
    return Fact("default", name, **(values | over))  # type: ignore[arg-type]


async def test_record_changes_only_from_what_was_read(store: Store) -> None:
    await written(store, w.PutRecord(_record("a"), 0))
    assert statuses(await store.commit([unit(w.PutRecord(_record("a"), 0))])) == ["failed"]
    assert statuses(await store.commit([unit(w.PutRecord(_record("b"), 1))])) == ["failed"]
    second = _record("a", 2, state="closed", due_at=None)
    results = await store.commit([unit(w.PutRecord(second, 1)), unit(w.PutRecord(_record("a", 3), 1))])
    assert statuses(results) == ["written", "failed"]
    assert await store.record(ENGINE, "bulk", "a") == second
    assert await store.record(ENGINE, "other", "a") is None
    await written(store, w.DeleteRecord("default", "bulk", "a"))
    await written(store, w.DeleteRecord("default", "bulk", "a"))
    assert await store.record(ENGINE, "bulk", "a") is None


async def test_records_are_listed_newest_first_and_by_what_is_due(store: Store) -> None:
    rows = [
        _record("a", due_at=at(9)),
        _record("bb", owner="u", due_at=at(3)),
        _record("ccc", state="closed", due_at=None),
        _record("dddd", due_at=at(2)),
    ]
    foreign = replace(_record("x"), tenant="other")
    await written(store, *(w.PutRecord(row, 0) for row in (*rows, foreign)))
    first = await store.records(ENGINE, "bulk", limit=3)
    assert [row.id for row in first.items] == ["dddd", "ccc", "bb"]
    await written(store, w.PutRecord(_record("eeeee"), 0))
    rest = await store.records(ENGINE, "bulk", limit=3, cursor=first.next)
    assert [row.id for row in rest.items] == ["a"]
    assert rest.next is None
    assert [row.id for row in (await store.records(ENGINE, "bulk", owner="u")).items] == ["bb"]
    assert [row.id for row in (await store.records(ENGINE, "bulk", state="closed")).items] == ["ccc"]
    assert [row.id for row in await store.due_records(ENGINE, "bulk", at(4), 9)] == ["dddd", "bb"]
    assert [row.id for row in await store.due_records(ENGINE, "bulk", at(9), 1, owners=["t", "u"])] == [
        "dddd"
    ]
    assert [row.id for row in await store.due_records(ENGINE, "bulk", at(4), 9, owners=["t"])] == ["dddd"]


async def test_records_are_for_no_scope_that_is_limited_to_departments(store: Store) -> None:
    await written(store, w.PutRecord(_record("a"), 0))
    assert await store.record(NORTH, "bulk", "a") is None
    assert (await store.records(NORTH, "bulk")).items == []
    assert await store.due_records(NORTH, "bulk", at(99), 9) == []


async def test_record_of_a_department_is_for_whoever_sees_that_department(store: Store) -> None:
    theirs, others = _record("a", department="north"), _record("bb", department="south")
    await written(store, *(w.PutRecord(row, 0) for row in (theirs, others, _record("ccc"))))
    assert await store.record(NORTH, "bulk", "a") == theirs
    assert await store.record(NORTH, "bulk", "bb") is None
    assert (await store.records(NORTH, "bulk", owner="t", state="open")).items == [theirs]
    assert [row.id for row in (await store.records(ENGINE, "bulk")).items] == ["ccc", "bb", "a"]
    # What the hub does when something is due is nobody's to see.
    assert await store.due_records(NORTH, "bulk", at(99), 9) == []


async def test_fact_is_numbered_and_then_read_in_order(store: Store) -> None:
    facts = [
        _fact("a"),
        _fact("bb", department="north"),
        _fact("ccc", kind="task.opened", department="south"),
    ]
    await written(store, *(w.PutFact(row) for row in (*facts, replace(_fact("z"), tenant="other"))))
    assert await store.new_facts(ENGINE, 9) == facts
    assert await store.new_facts(ENGINE, 1) == facts[:1]
    numbered = [replace(row, seq=number) for number, row in enumerate(facts, 1)]
    await written(store, *(w.PutFact(row) for row in numbered))
    assert await store.new_facts(ENGINE, 9) == []
    assert await store.facts(ENGINE, 0, 9) == numbered
    assert await store.facts(ENGINE, 1, 1) == numbered[1:2]
    assert await store.facts(ENGINE, 0, 9, kinds=["task.opened"]) == numbered[2:]
    assert await store.facts(NORTH, 0, 9) == numbered[1:2]
    await written(store, w.DeleteFact("default", "a"))
    assert await store.facts(ENGINE, 0, 9) == numbered[1:]
