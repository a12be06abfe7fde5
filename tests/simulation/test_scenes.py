"""Scenes: the rare moments that chance alone would seldom find, each with the bug that it would betray."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lineshaft.engine.calls import Calls
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.rows import Effect
from simulation.nodes import CONFIG
from simulation.targets import SETTLES_S
from simulation.world import Order, World

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


class Scene(World):
    """A world in which nothing happens but what the scene asks for."""

    def __init__(self, process: str, nodes: int) -> None:
        super().__init__(3)
        self.nodes_at_start = nodes
        self.skew_s = 0.0
        self.loop.shuffle = 0.0
        self.lazy = 0.0
        self.ordinary = (0.0, 0.0)
        self.weather.slow = 0.0
        for target in self.targets.values():
            target.trouble = 0.0
            target.cap = 8
        self._process = process

    def _plot(self) -> list[tuple[float, Any]]:
        return []

    def _mail(self) -> list[tuple[float, Any]]:
        order = Order("o0", self._process)
        self.orders.append(order)
        return [(2.5, lambda: self._send(order))]

    def slow_answer(self, when: Callable[[Effect], bool], seconds: float) -> None:
        """Let the answer of the commit that writes such an effect take ``seconds``, once."""
        put = self.database.effect.put
        pause = self.weather.pause
        waiting: list[str] = []

        def seen(row: Effect) -> None:
            put(row)
            if when(row) and not waiting:
                waiting.append("now")

        async def slowly(method: str) -> None:
            if method == "committed" and waiting == ["now"]:
                waiting.append("done")
                await asyncio.sleep(seconds)
            await pause(method)

        self.database.effect.put = seen  # type: ignore[method-assign]
        self.weather.pause = slowly  # type: ignore[method-assign]


def stopped_before_the_first_byte() -> Scene:
    """A node stands still between its mark and the first byte, until another one owns the lane."""
    scene = Scene("approved", 2)
    target = scene.targets["beta"]
    stopped: list[str] = []

    async def connecting(operation: str) -> None:
        if operation == "bare" and not stopped:
            process = scene.loop.process_now
            stopped.append(process.name)
            scene.loop.pause(process)
            await asyncio.sleep(0)

    target.before_sending = connecting
    return scene


def taken_over_while_it_settles() -> Scene:
    """A call begins long after its mark, commits late, and its node dies as soon as it is sent."""
    scene = Scene("refusable", 2)
    target = scene.targets["beta"]
    target.script["probed"] = ["latest"]
    scene.slow_answer(lambda row: row.status == "attempted" and row.operation == "probed", 4.0)

    def die(operation: str) -> None:
        process = scene.loop.process_now
        if operation == "probed" and scene.nodes_made == 2 and process.dies_in < 0:
            process.dies_in = 1
            target.on_sent = lambda operation: None

    target.on_sent = die
    assert CONFIG.lease_ttl_s < SETTLES_S
    return scene


def read_again_before_its_old_copy_wakes() -> Scene:
    """A poll reads an effect that is due while its copy in memory still sleeps, and its answer is lost."""
    scene = Scene("approved", 1)
    scene.targets["beta"].script["bare"] = ["rate_limited", "answer_lost"]
    scene.lazy = 1.0
    scene.slow_answer(lambda row: row.status == "intended" and row.attempted_at is not None, 1.5)

    async def look_often() -> None:
        while True:
            await asyncio.sleep(0.05)
            for node in scene.nodes:
                if node.worker is not None:
                    node.worker.wake()

    history = scene._history

    async def watched() -> None:
        looking = asyncio.create_task(look_often())
        await history()
        looking.cancel()

    scene._history = watched  # type: ignore[method-assign]
    return scene


def _calls_without_a_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneKeeper, "assert_may_call", lambda self, lane: None)
    patch.setattr(Calls, "_assert_mine", lambda self, item: None)


def _takeover_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneKeeper, "held_since", lambda self, lane: datetime.min.replace(tzinfo=UTC))


def _old_copies_stay_asleep(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Calls, "_wake_up", lambda self, effect_id: None)


SCENES = {
    "stopped before the first byte": (stopped_before_the_first_byte, _calls_without_a_lease),
    "taken over while it settles": (taken_over_while_it_settles, _takeover_does_not_count),
    "read again before its old copy wakes": (read_again_before_its_old_copy_wakes, _old_copies_stay_asleep),
}


@pytest.mark.parametrize("name", SCENES)
def test_scene_ends_well(name: str) -> None:
    result = SCENES[name][0]().run()
    assert not result.violations, result


@pytest.mark.parametrize("name", SCENES)
def test_scene_ends_badly_when_its_bug_is_planted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, plant = SCENES[name]
    plant(monkeypatch)
    assert any("was done 2 times" in each for each in scene().run().violations)
