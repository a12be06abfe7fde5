"""A process that owes much does not hold up another: neither in a worker's hand nor in the store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lineshaft.engine.fair_polls import FairPolls
from lineshaft.engine.fair_queue import FairQueue
from simulation import nodes
from simulation.stage import Stage
from simulation.test_policies import send, staged

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

NOISY = 220
"""More than a worker holds, and more than may wait at a system."""
IN_HAND_MAX = 120
TURN = 20
"""A quiet process waits for so many calls of the noisy one at most: the look for it comes by time."""


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker hold more than may wait at one system, as it does outside."""
    monkeypatch.setattr(nodes, "CONFIG", replace(nodes.CONFIG, in_hand_max=IN_HAND_MAX, calls_max=200))


def overtaken(stage: Stage, quiet: str) -> int:
    """Return how many calls of the noisy process began after the quiet one's last was asked for."""
    run = {row.id: row.process_id for row in stage.rows("instance")}
    effects: list[Any] = stage.rows("effect")
    last = max(row.created_at for row in effects if run[row.instance_id] == quiet)
    done = max(row.attempted_at for row in effects if run[row.instance_id] == quiet)
    noisy = [row for row in effects if run[row.instance_id] != quiet]
    return sum(last < row.attempted_at < done for row in noisy)


def play() -> tuple[int, Stage]:
    """Let one process owe hundreds of calls to a system that takes one at a time, then another one three."""
    stage = staged("  []\n")
    alpha = stage.targets["alpha"]
    alpha.spec = alpha.spec.__class__(
        "alpha", alpha.spec.label, operations=alpha.spec.operations, concurrency_max=1
    )

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        for first in range(0, NOISY, 20):
            await send(stage, "order", *(f"o{number:03}" for number in range(first, first + 20)))
        await stage.until(lambda: len(stage.instances("ordinary")) == NOISY)
        assert len(alpha.answers) < NOISY // 2
        await send(stage, "rush", "r1", "r2", "r3")
        await stage.until(lambda: len(alpha.answers) == NOISY + 3, within_s=300)

    stage.play(plot)
    return overtaken(stage, "rush"), stage


def test_call_of_a_quiet_process_waits_for_a_few_of_a_noisy_one_only() -> None:
    count, stage = play()
    assert count <= TURN
    by_age = sorted(
        (row for row in stage.rows("effect") if row.priority == 1), key=lambda row: row.attempted_at
    )
    runs = {row.id: row for row in stage.instances("ordinary")}
    noisy = [row.created_at for row in by_age if row.instance_id in runs]
    assert noisy == sorted(noisy), "of one process the oldest goes first"


def test_quiet_process_starves_where_the_store_is_read_oldest_first_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_look(*_: object) -> None:
        return

    monkeypatch.setattr(FairPolls, "_look", no_look)
    assert play()[0] > 100


def test_quiet_process_starves_where_processes_have_no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    add = FairQueue.add
    monkeypatch.setattr(
        FairQueue, "add", lambda self, each, priority, created, flow: add(self, each, priority, created, "")
    )
    assert play()[0] > 40
