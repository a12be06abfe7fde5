"""Law 8: a cursor moves only with what was read, and only from where it stood."""

from __future__ import annotations

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Cursor, SystemState
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, statuses, unit, written


def _cursor(version: int) -> Cursor:
    return Cursor("default", "crm.orders", b"p%d" % version, version, at(version))


async def test_cursor_moves_with_the_events_it_brought(store: Store) -> None:
    await written(store, w.InsertEvent(a.event("e1")), w.PutCursor(_cursor(1), 0))
    results = await store.commit(
        [
            unit(w.InsertEvent(a.event("e1")), w.PutCursor(_cursor(2), 1)),
            unit(w.InsertEvent(a.event("e2")), w.PutCursor(_cursor(2), 1)),
        ]
    )
    assert statuses(results) == ["duplicate", "written"]
    assert await store.cursor(ENGINE, "crm.orders") == _cursor(2)


async def test_cursor_stays_when_somebody_else_moved_it(store: Store) -> None:
    await written(store, w.PutCursor(_cursor(1), 0))
    for expected in (0, 2):
        results = await store.commit([unit(w.PutCursor(_cursor(3), expected), w.InsertEvent(a.event()))])
        assert statuses(results) == ["failed"]
    assert await store.cursor(ENGINE, "crm.orders") == _cursor(1)
    assert await store.event(ENGINE, "crm", "e1") is None
    assert await store.cursor(ENGINE, "unknown") is None


async def test_cursor_moves_several_times_within_a_commit(store: Store) -> None:
    group = [
        unit(w.PutCursor(_cursor(1), 0)),
        unit(w.PutCursor(_cursor(2), 1)),
        unit(w.PutCursor(_cursor(9), 1)),
    ]
    assert statuses(await store.commit(group)) == ["written", "written", "failed"]
    assert await store.cursor(ENGINE, "crm.orders") == _cursor(2)


async def test_system_state_changes_only_from_what_was_read(store: Store) -> None:
    open_ = SystemState("default", "erp", 1, "open", since=T0, reason="down", checks=2)
    await written(store, w.PutSystemState(open_, 0))
    assert statuses(await store.commit([unit(w.PutSystemState(open_, 0))])) == ["failed"]
    closed = SystemState("default", "erp", 2, paused=True, changed_by="li")
    await written(store, w.PutSystemState(closed, 1))
    await written(store, w.PutSystemState(SystemState("default", "crm", 1), 0))
    states = await store.system_states(ENGINE)
    assert states == {"erp": closed, "crm": SystemState("default", "crm", 1)}
