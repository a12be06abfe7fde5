"""Ids of the running hub."""

from __future__ import annotations

from lineshaft.app.system_ids import SystemIds


def test_ids_grow_even_within_one_millisecond() -> None:
    ids = SystemIds()
    made = [ids.new() for _ in range(5_000)]

    assert made == sorted(set(made))
    assert {len(each) for each in made} == {26}
