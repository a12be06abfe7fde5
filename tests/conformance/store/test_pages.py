"""Pages: they cover everything once, in order, and stay where they are when new rows arrive."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.errors import InputError
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ENGINE, at, unit

KINDS: dict[str, tuple[Any, Any, bool]] = {
    "events": (
        lambda n: w.InsertEvent(a.event(f"e{n:02}", received_at=at(n // 3))),
        lambda s, c: s.events(ENGINE, cursor=c, limit=4),
        True,
    ),
    "instances": (
        lambda n: w.InsertInstance(a.instance(f"i{n:02}", started_at=at(n // 3))),
        lambda s, c: s.instances(ENGINE, cursor=c, limit=4),
        True,
    ),
    "effects": (
        lambda n: w.InsertEffect(a.effect(f"f{n:02}", created_at=at(n // 3))),
        lambda s, c: s.effects(ENGINE, cursor=c, limit=4),
        True,
    ),
    "tasks": (
        lambda n: w.PutTask(a.task(f"i{n // 2:02}", n, created_at=at(n // 3))),
        lambda s, c: s.tasks(ENGINE, cursor=c, limit=4),
        False,
    ),
    "incidents": (
        lambda n: w.PutIncident(a.incident(f"i{n // 2:02}", n, opened_at=at(n // 3))),
        lambda s, c: s.incidents(ENGINE, cursor=c, limit=4),
        True,
    ),
    "dead letters": (
        lambda n: w.PutDeadLetter(a.letter(f"d{n:02}", created_at=at(n // 3))),
        lambda s, c: s.dead_letters(ENGINE, cursor=c, limit=4),
        False,
    ),
}


async def _walk(store: Store, read: Any, between: Any = None) -> list[Any]:
    found, cursor = [], None
    while True:
        page = await read(store, cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.items) == 4
        if between is not None:
            await between()


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_cover_everything_once_in_order(store: Store, kind: str) -> None:
    make, read, newest_first = KINDS[kind]
    made = [make(number) for number in range(22)]
    await store.commit([unit(write) for write in reversed(made)])
    expected = [write.row for write in made]
    found = await _walk(store, read)
    assert found == (expected[::-1] if newest_first else expected)


@pytest.mark.parametrize("kind", KINDS)
async def test_exact_page_has_no_next(store: Store, kind: str) -> None:
    make, read, _ = KINDS[kind]
    await store.commit([unit(make(number)) for number in range(4)])
    page = await read(store, None)
    assert (len(page.items), page.next) == (4, None)


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_stay_where_they_are_when_rows_arrive(store: Store, kind: str) -> None:
    make, read, newest_first = KINDS[kind]
    old = range(30, 50)
    await store.commit([unit(make(number)) for number in old])
    fresh = iter(range(60, 90) if newest_first else range(29))

    async def arrive() -> None:
        await store.commit([unit(make(next(fresh))), unit(make(next(fresh)))])

    expected = [make(number).row for number in old]
    assert await _walk(store, read, arrive) == (expected[::-1] if newest_first else expected)


@pytest.mark.parametrize(
    "cursor", ["", "x", "0", "bm9uc2Vuc2U", "W10", "订单", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMCwiIiwiIl0"]
)
async def test_strange_cursor_is_refused_with_words(store: Store, cursor: str) -> None:
    with pytest.raises(InputError, match="cursor"):
        await store.events(ENGINE, cursor=cursor)


async def test_filters_hold_across_pages(store: Store) -> None:
    for number in range(12):
        over = {"business_key": f"SO-{number % 2}", "status": "active" if number % 3 else "completed"}
        await store.commit([unit(w.InsertInstance(a.instance(f"i{number:02}", **over)))])
    found, cursor = [], None
    while True:
        page = await store.instances(ENGINE, business_key="SO-1", status="active", cursor=cursor, limit=2)
        found += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["i11", "i07", "i05", "i01"]
