"""Order within a key."""

from __future__ import annotations

import asyncio

import pytest

from lineshaft.engine.serial import Serial


async def test_serial_runs_work_of_a_key_in_order_when_it_waits() -> None:
    serial = Serial()
    order: list[str] = []

    async def work(name: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        order.append(name)

    await asyncio.gather(*(serial.run("k", lambda n=n: work(str(n), 5 - n)) for n in range(5)))
    assert order == ["0", "1", "2", "3", "4"]
    assert "k" not in serial


async def test_serial_lets_other_keys_flow_on_when_one_waits() -> None:
    serial = Serial()
    gate = asyncio.Event()
    order: list[str] = []

    async def slow() -> None:
        await gate.wait()
        order.append("slow")

    async def quick() -> None:
        order.append("quick")
        gate.set()

    await asyncio.gather(serial.run("a", slow), serial.run("b", quick))
    assert order == ["quick", "slow"]


async def test_serial_returns_when_the_callers_own_work_is_done() -> None:
    serial = Serial()
    gate = asyncio.Event()

    async def first() -> None:
        await gate.wait()

    async def second() -> None:
        assert gate.is_set()

    ahead = asyncio.create_task(serial.run("k", first))
    await asyncio.sleep(0)
    behind = asyncio.create_task(serial.run("k", second))
    await asyncio.sleep(0)
    assert not behind.done()
    gate.set()
    await asyncio.gather(ahead, behind)


async def test_serial_raises_an_error_to_the_caller_whose_work_it_was() -> None:
    serial = Serial()
    done: list[str] = []

    async def good(name: str) -> None:
        await asyncio.sleep(0)
        done.append(name)

    async def bad() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    results = await asyncio.gather(
        serial.run("k", lambda: good("before")),
        serial.run("k", bad),
        serial.run("k", lambda: good("after")),
        return_exceptions=True,
    )
    assert results[0] is None
    assert isinstance(results[1], ValueError)
    assert results[2] is None
    assert done == ["before", "after"]


async def test_serial_goes_on_when_a_waiting_caller_is_cancelled() -> None:
    serial = Serial()
    gate = asyncio.Event()
    done: list[str] = []

    async def first() -> None:
        await gate.wait()
        done.append("first")

    async def note(name: str) -> None:
        done.append(name)

    tasks = [
        asyncio.create_task(serial.run("k", work))
        for work in (first, lambda: note("cancelled"), lambda: note("last"))
    ]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    assert not tasks[2].done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    await asyncio.gather(tasks[0], tasks[2])
    assert done == ["first", "last"]
