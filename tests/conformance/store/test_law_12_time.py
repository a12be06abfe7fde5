"""Law 12: rows lie apart by time, and nothing that was promised for all time depends on it."""

from __future__ import annotations

from datetime import UTC, datetime

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ALL, ENGINE, statuses, unit, written


def _years() -> list[datetime]:
    return [datetime(year, 1 + year % 12, 3, tzinfo=UTC) for year in (1999, 2024, 2026, 2031, 2150)]


async def test_event_is_deduplicated_however_long_ago_it_came(store: Store) -> None:
    old, new = _years()[0], _years()[-1]
    await written(store, w.InsertEvent(a.event("e1", received_at=old)))
    results = await store.commit([unit(w.InsertEvent(a.event("e1", received_at=new)))])
    assert statuses(results) == ["duplicate"]
    kept = await store.event(ENGINE, "crm", "e1")
    assert kept is not None
    assert kept.received_at == old


async def test_events_of_any_time_are_routed_and_listed(store: Store) -> None:
    for number, moment in enumerate(_years()):
        await written(store, w.InsertEvent(a.event(f"e{number}", received_at=moment)))
    assert [row.id for row in await store.open_events(ENGINE, ALL, 9)] == ["e0", "e1", "e2", "e3", "e4"]
    assert [row.id for row in (await store.events(ENGINE)).items] == ["e4", "e3", "e2", "e1", "e0"]
    routes = [unit(w.RouteEvent("default", "crm", f"e{n}", _years()[4])) for n in range(5)]
    assert statuses(await store.commit(routes)) == ["written"] * 5
    assert await store.open_events(ENGINE, ALL, 9) == []


async def test_history_spans_any_time(store: Store) -> None:
    for number, moment in enumerate(_years()):
        await written(store, w.AddHistory(a.history(seq=number, at=moment, events=b"%d" % number)))
    assert [row.events for row in await store.history(ENGINE, "i1")] == [b"0", b"1", b"2", b"3", b"4"]


async def test_history_keeps_many_steps_in_order(store: Store) -> None:
    await store.commit([unit(w.AddHistory(a.history(seq=n, events=b"%d" % n))) for n in range(250)])
    assert [row.seq for row in await store.history(ENGINE, "i1")] == list(range(250))
