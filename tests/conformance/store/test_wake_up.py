"""Nodes wake each other: who listens learns in which lanes somebody else put new work."""

from __future__ import annotations

import asyncio

from lineshaft.base.ids import LANES
from lineshaft.store import writes as w
from lineshaft.store.rows import SystemState
from support import store_rows as a
from support.store_lab import Lab
from support.store_rows import written


async def test_listener_wakes_when_another_node_puts_work_into_a_lane(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    listener = two.listen()
    waiting = asyncio.ensure_future(anext(listener))
    number = 0
    while not waiting.done():  # a wake-up before the listener stood may be missed, so go on putting
        number += 1
        await written(one, w.PutJob(a.job(f"j{number}", lane=9)))
        await asyncio.wait([waiting], timeout=0.05)
    assert 9 in waiting.result()
    await listener.aclose()


async def test_listener_wakes_in_all_lanes_when_the_state_of_a_system_has_changed(lab: Lab) -> None:
    one, two = await lab.open(), await lab.open()
    listener = two.listen()
    waiting = asyncio.ensure_future(anext(listener))
    version = 0
    while not waiting.done():
        version += 1
        await written(one, w.PutSystemState(SystemState("default", "erp", version), version - 1))
        await asyncio.wait([waiting], timeout=0.05)
    assert waiting.result() == frozenset(range(LANES))
    await listener.aclose()
