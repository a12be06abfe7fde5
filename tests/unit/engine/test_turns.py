"""Calls share a task as long as they do not wait."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from lineshaft.engine.runtime import Runtime
from lineshaft.engine.turns import STRETCH_MAX, Turn, Turns


class _Runtime:
    """What turns need of a worker's runtime."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self.busy = 0
        self.bugs: list[BaseException] = []
        self.observer = self

    def bug(self, where: str, error: BaseException) -> None:
        self.bugs.append(error)

    def enter(self, lane: int) -> None:
        self.busy += 1

    def leave(self, lane: int) -> None:
        self.busy -= 1

    def spawn(self, work: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def idle(self) -> None:
        async with asyncio.timeout(5):
            while self.busy:
                await asyncio.sleep(0)


def _turns() -> tuple[_Runtime, Turns]:
    runtime = _Runtime()
    return runtime, Turns(cast(Runtime, runtime))


async def test_calls_that_answer_at_once_share_a_task() -> None:
    runtime, turns = _turns()
    made: list[str] = []

    async def call(effect_id: str, turn: Turn) -> None:
        async with turn.within(1.0):
            made.append(effect_id)
        turn.returned()

    for number in range(STRETCH_MAX + 1):
        turns.put(call, str(number), 0)
    await runtime.idle()
    assert made == [str(number) for number in range(STRETCH_MAX + 1)]
    assert len(runtime.tasks) == 2


async def test_call_that_waits_lets_the_next_ones_go_on() -> None:
    runtime, turns = _turns()
    gate = asyncio.Event()
    made: list[str] = []

    async def call(effect_id: str, turn: Turn) -> None:
        if effect_id in ("a", "c"):
            await gate.wait()
        made.append(effect_id)
        if effect_id == "d":
            gate.set()

    for name in "abcd":
        turns.put(call, name, 0)
    await runtime.idle()
    assert made == ["b", "d", "a", "c"]


async def test_call_that_waits_has_its_time_limit() -> None:
    runtime, turns = _turns()
    ended: list[str] = []

    async def call(effect_id: str, turn: Turn) -> None:
        if effect_id == "late":
            await asyncio.sleep(0)  # the task has waited before: its limit has a timer from the start
        try:
            async with turn.within(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(effect_id)
        finally:
            turn.returned()

    turns.put(call, "first", 0)
    turns.put(call, "late", 0)
    await runtime.idle()
    assert sorted(ended) == ["first", "late"]


async def test_bug_in_one_call_is_told_and_the_others_go_on() -> None:
    runtime, turns = _turns()
    made: list[str] = []

    async def call(effect_id: str, turn: Turn) -> None:
        if effect_id == "bad":
            raise ValueError(effect_id)
        made.append(effect_id)

    for name in ("bad", "good"):
        turns.put(call, name, 0)
    await runtime.idle()
    assert made == ["good"]
    assert [str(error) for error in runtime.bugs] == ["bad"]
