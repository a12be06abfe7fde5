"""Effects are found by instance, key, system and status alike, whether they are open or at rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Effect
from support import store_rows as a
from support.store_rows import ENGINE, at, statuses, unit

STATUSES = (
    "intended",
    "attempted",
    "unknown",
    "parked",
    "dead",
    "done",
    "refused",
    "cancelled",
    "superseded",
)
INSTANCES = ("i1", "i10", "i1-b", None)
"""Names that begin alike, and none: one instance's effects must not be taken for another's."""


def _made() -> list[Effect]:
    """Return effects of every status, of usual and unusual priorities, oldest first."""
    made = []
    for number in range(72):
        instance = INSTANCES[number % 4]
        made.append(
            a.effect(
                f"f{number:02}" if instance is None else f"{instance}/{number}/1",
                instance_id=instance,
                created_at=at(number),
                status=STATUSES[number % 9],
                priority=(0, 1, 2, -1, 7)[number % 5],
                business_key=(None, "SO-1", "SO-2")[number // 9 % 3],
                system=("erp", "mes")[number // 4 % 2],
            )
        )
    return made


CASES: dict[str, tuple[dict[str, Any], Callable[[Effect], bool]]] = {
    "all": ({}, lambda _: True),
    "instance": ({"instance_id": "i1"}, lambda row: row.instance_id == "i1"),
    "key": ({"business_key": "SO-1"}, lambda row: row.business_key == "SO-1"),
    "system": ({"system": "mes"}, lambda row: row.system == "mes"),
    "open status": ({"status": "unknown"}, lambda row: row.status == "unknown"),
    "status at rest": ({"status": "done"}, lambda row: row.status == "done"),
    "instance and status": (
        {"instance_id": "i10", "status": "attempted"},
        lambda row: (row.instance_id, row.status) == ("i10", "attempted"),
    ),
    "key, system and status": (
        {"business_key": "SO-2", "system": "erp", "status": "parked"},
        lambda row: (row.business_key, row.system, row.status) == ("SO-2", "erp", "parked"),
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_pages_of_effects_are_newest_first_and_whole(store: Store, case: str) -> None:
    asked, fits = CASES[case]
    made = _made()
    await store.commit([unit(w.InsertEffect(row)) for row in made])
    found: list[Effect] = []
    cursor = None
    while True:
        page = await store.effects(ENGINE, **asked, cursor=cursor, limit=5)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == [row for row in reversed(made) if fits(row)]
    assert found


async def test_settled_effect_stays_where_it_is_in_its_page(store: Store) -> None:
    made = [a.effect(f"i1/{n}/1", instance_id="i1", business_key="SO-1", created_at=at(n)) for n in range(4)]
    await store.commit([unit(w.InsertEffect(row)) for row in made])
    await store.commit([unit(a.settle("i1/1/1", "done", settled_at=at(9)))])
    for asked in ({}, {"instance_id": "i1"}, {"business_key": "SO-1"}):
        page = await store.effects(ENGINE, **asked)
        assert [row.id for row in page.items] == ["i1/3/1", "i1/2/1", "i1/1/1", "i1/0/1"]
        assert [row.status for row in page.items] == ["intended", "intended", "done", "intended"]


@pytest.mark.parametrize("name", ["f1", "i10/4/1", "I1/4/1", "/i1"])
async def test_effect_that_its_instance_would_not_find_is_refused(store: Store, name: str) -> None:
    bad, good = a.effect(name, instance_id="i1"), a.effect("i1/4/1", instance_id="i1")
    results = await store.commit([unit(w.InsertEffect(bad)), unit(w.InsertEffect(good))])
    assert statuses(results) == ["failed", "written"]
    assert results[0].error is not None
    assert results[0].error.code == "bad_row"
    assert "i1" in str(results[0].error)
    assert (await store.effects(ENGINE)).items == [good]
