"""What flows know of records is found by key; what waits for a flow comes oldest first."""

from __future__ import annotations

from dataclasses import replace

from lineshaft.base.scope import Scope
from lineshaft.store import writes as w
from lineshaft.store.port import FlowBacklog, Store
from lineshaft.store.rows import FlowItem, FlowRecord
from support.store_rows import ENGINE, at, written

NORTH = Scope("default", departments=frozenset({"north"}))


def _record(key: str, status: str = "agreed", **over: object) -> FlowRecord:
    values: dict[str, object] = {"digest": "d", "version": 7, "content": b"\x00c"}
    return FlowRecord("default", "customers", "erp", key, status, at(len(key)), **(values | over))  # type: ignore[arg-type]


def _item(name: str, status: str = "due", **over: object) -> FlowItem:
    values: dict[str, object] = {"side": "crm", "payload": b"\x00p"}
    since = at(len(name))
    return FlowItem("default", "customers", name, "K", status, since, since, **(values | over))  # type: ignore[arg-type]


async def test_records_of_a_flow_are_found_by_key_and_replaced(store: Store) -> None:
    rows = [_record("a"), _record("bb", "conflict"), _record("ccc", "dead")]
    foreign = [
        replace(_record("a"), tenant="other"),
        replace(_record("a"), flow="x"),
        replace(_record("a"), side=""),
    ]
    await written(store, *(w.PutFlowRecord(row) for row in (*rows, *foreign)))
    found = await store.flow_records(ENGINE, "customers", "erp", ["a", "bb", "none"])
    assert found == {"a": rows[0], "bb": rows[1]}
    assert await store.flow_records(ENGINE, "customers", "erp", []) == {}
    assert await store.flow_records(NORTH, "customers", "erp", ["a"]) == {}
    newer = _record("a", version=-8, digest="e")
    await written(store, w.PutFlowRecord(newer))
    assert await store.flow_records(ENGINE, "customers", "erp", ["a"]) == {"a": newer}


async def test_open_records_are_listed_newest_first(store: Store) -> None:
    rows = [_record("a" * n, "conflict") for n in (1, 2, 3)]
    others = [_record("k"), _record("l", "dead"), replace(_record("m", "conflict"), tenant="other")]
    await written(store, *(w.PutFlowRecord(row) for row in (*rows, *others)))
    first = await store.open_flow_records(ENGINE, "customers", "conflict", limit=2)
    assert [row.key for row in first.items] == ["aaa", "aa"]
    rest = await store.open_flow_records(ENGINE, "customers", "conflict", limit=2, cursor=first.next)
    assert [row.key for row in rest.items] == ["a"]
    assert (await store.open_flow_records(ENGINE, "customers", "agreed")).items == []
    assert (await store.open_flow_records(NORTH, "customers", "conflict")).items == []


async def test_items_wait_until_they_are_due_and_come_oldest_first(store: Store) -> None:
    rows = [_item("ccc"), replace(_item("bb"), due_at=at(50)), _item("a"), _item("dddd", "held")]
    await written(store, *(w.PutFlowItem(row) for row in rows))
    await written(store, w.PutFlowItem(replace(_item("x"), tenant="other")))
    assert [row.id for row in await store.flow_items(ENGINE, "customers", "due", at(9), 9)] == ["a", "ccc"]
    assert [row.id for row in await store.flow_items(ENGINE, "customers", "due", at(50), 1)] == ["a"]
    assert await store.flow_items(ENGINE, "customers", "held", at(50), 9) == [rows[3]]
    assert await store.flow_items(NORTH, "customers", "due", at(50), 9) == []
    await written(store, w.DeleteFlowItem("default", "customers", "a"))
    await written(store, w.DeleteFlowItem("default", "customers", "a"))
    assert [row.id for row in await store.flow_items(ENGINE, "customers", "due", at(60), 9)] == ["bb", "ccc"]


async def test_backlog_counts_by_flow_and_status(store: Store) -> None:
    await written(
        store,
        w.PutFlowRecord(_record("a")),
        w.PutFlowRecord(_record("bb", "conflict")),
        w.PutFlowItem(_item("ccc")),
        w.PutFlowItem(_item("dddd")),
        w.PutFlowItem(replace(_item("x"), tenant="other")),
    )
    assert await store.flow_backlog(ENGINE) == [
        FlowBacklog("customers", "conflict", 1, at(2)),
        FlowBacklog("customers", "due", 2, at(3)),
    ]
    assert await store.flow_backlog(NORTH) == []
