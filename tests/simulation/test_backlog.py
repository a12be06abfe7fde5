"""A backlog goes out without pauses, and with as few commits as the laws allow."""

from __future__ import annotations

from collections import Counter

import pytest

from lineshaft.engine.calls import Calls
from lineshaft.engine.intake import Incoming
from lineshaft.store.rows import Effect
from simulation.nodes import CONFIG
from simulation.stage import Stage
from simulation.test_quotas import send, staged

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def test_events_that_lead_to_no_call_are_routed_without_waiting_for_the_next_poll() -> None:
    stage = staged(8, 1)
    took: list[float] = []

    async def plot(stage: Stage) -> None:
        await stage.at(5)
        count = CONFIG.calls_max * 10
        begun = stage.loop.time()
        events = [Incoming("shop", f"e{each}", "nobody's", {}, key=f"e{each}") for each in range(count)]
        assert await stage.nodes[0].accept(events)
        await stage.until(lambda: all(row.routed_at for row in stage.rows("event")))
        took.append(stage.loop.time() - begun)

    stage.play(plot)
    assert took[0] < CONFIG.poll_s


def test_repeatable_call_that_soon_has_a_place_is_marked_by_the_commit_that_intends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marked: Counter[str] = Counter()
    mark = Calls._mark_attempted

    async def counted(self: Calls, effect: Effect) -> bool:
        marked[effect.id] += 1
        return await mark(self, effect)

    monkeypatch.setattr(Calls, "_mark_attempted", counted)
    stage = staged(4, 1)

    async def plot(stage: Stage) -> None:
        await stage.at(5)
        # One by one, so that the first poll has found that nothing older waits.
        for number in range(4 + 4):
            await send(stage, number, 1)
        await stage.until(lambda: len(stage.instances("p")) == 8)
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 240)

    stage.play(plot)
    assert stage.targets["alpha"].calls == 8
    assert marked.total() <= 1, "only the call before the first poll had ended needs a mark of its own"


def test_call_that_waits_marked_goes_back_untried_when_its_system_is_paused() -> None:
    stage = staged(2, 1)
    seen: list[Counter[str]] = []

    async def plot(stage: Stage) -> None:
        await stage.at(5)
        for number in range(6):
            await send(stage, number, 1)
        await stage.until(lambda: len(stage.rows("effect")) == 6)
        await stage.people.pause(stage.scope, "alpha", by="anna", reason="tests")
        await stage.at(20)
        seen.append(Counter(row.status for row in stage.rows("effect")))
        waiting = [row for row in stage.rows("effect") if row.status == "intended"]
        assert {row.attempts for row in waiting} == {0}
        await stage.people.resume(stage.scope, "alpha", by="anna")
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 240)

    stage.play(plot)
    assert seen[0]["attempted"] == 0
    assert seen[0]["intended"] >= 2
    assert {deed.done for deed in stage.targets["alpha"].deeds.values()} == {1}
