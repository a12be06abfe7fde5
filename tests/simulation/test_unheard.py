"""An error nobody asks for is found at a history's end, whether or not the collector came by."""

from __future__ import annotations

import asyncio
import random

from simulation.loop import Process, SimulatedLoop

KEPT: list[asyncio.Task[None]] = []


async def _fails() -> None:
    raise ValueError("nobody asks for me")


async def _leaves_one_behind(loop: SimulatedLoop, process: Process) -> None:
    KEPT.append(loop.spawn(process, _fails()))
    await asyncio.sleep(1)


def test_error_that_nobody_asked_for_is_named() -> None:
    loop = SimulatedLoop(random.Random(1))
    loop.run(_leaves_one_behind(loop, Process("node")))
    assert [str(task.exception()) for task in loop.unheard()] == ["nobody asks for me"]
    assert list(loop.unheard()) == [], "it was asked for now"
    KEPT.clear()


def test_what_a_killed_process_left_is_no_error() -> None:
    loop = SimulatedLoop(random.Random(1))
    node = Process("node")
    loop.run(_leaves_one_behind(loop, node))
    loop.kill(node)
    assert list(loop.unheard()) == []
    KEPT.pop().exception()
