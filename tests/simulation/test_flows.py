"""A flow in both directions under faults and crashes: none is lost, and no records differ in silence."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from lineshaft.engine.flows import agreement, twoway
from lineshaft.engine.flows.sending import send_all
from simulation.flow_world import FIELDS, Offices, files
from simulation.nodes import CONFIG
from simulation.stage import Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
SEEDS = range(int(os.environ.get("LINESHAFT_FLOW_SEEDS", "4")))


async def _people(stage: Stage, offices: Offices, chance: random.Random, until_s: float) -> None:
    """Edit here and there, sometimes the same record on both sides."""
    keys = [f"K{number}" for number in range(chance.choice((2, 6, 15)))]
    number = 0
    while stage.loop.time() < until_s:
        number += 1
        office = chance.choice(offices.all)
        office.edit(chance.choice(keys), chance.choice(FIELDS), f"{office.name[0]}{number}")
        await asyncio.sleep(chance.choice((0.02, 0.3, 1.5)) * chance.random() * 2)


async def _troubles(stage: Stage, offices: Offices, chance: random.Random, until_s: float) -> None:
    while stage.loop.time() < until_s:
        await asyncio.sleep(chance.random() * 4)
        living = [node for node in stage.nodes if node.process.alive]
        act = chance.choice(("kill", "kill", "pause", "down", "calm"))
        if act == "kill" and living:
            node = chance.choice(living)
            node.process.dies_in = chance.choice((1, 5, 30, 100))
            await asyncio.sleep(chance.random())
            node.kill()
            offices.read(stage.start_node())
        elif act == "pause" and living:
            node = chance.choice(living)
            stage.loop.pause(node.process)
            await asyncio.sleep(chance.choice((1.0, CONFIG.lease_ttl_s * 4)))
            stage.loop.go_on(node.process)
        elif act == "down":
            office = chance.choice(offices.all)
            office.is_down = True
            await asyncio.sleep(chance.random() * 6)
            office.is_down = False


def history(seed: int, conflict: str = "person", trouble: float | None = None) -> list[str]:
    """Play one history; return what is wrong at its end."""
    chance = random.Random(seed)
    stage = Stage(files(conflict), nodes=chance.choice((1, 2)))
    offices = Offices(stage, chance)
    wrong: list[str] = []

    async def plot(stage: Stage) -> None:
        for office in offices.all:
            office.trouble = chance.choice((0.0, 0.05, 0.2)) if trouble is None else trouble
        for node in stage.nodes:
            offices.read(node)
        await asyncio.gather(_people(stage, offices, chance, 8.0), _troubles(stage, offices, chance, 8.0))
        for office in offices.all:
            office.trouble, office.is_down = 0.0, False
        for node in stage.nodes:
            stage.loop.go_on(node.process)
            node.process.dies_in = -1
        await asyncio.sleep(70.0)
        before = sum(office.written for office in offices.all)
        await asyncio.sleep(10.0)
        if sum(office.written for office in offices.all) != before:
            wrong.append("it never comes to rest")
        wrong.extend(offices.faults())

    stage.play(plot)
    return wrong


@pytest.mark.parametrize("seed", SEEDS)
def test_edits_on_both_sides_meet_and_none_is_lost(seed: int) -> None:
    assert not history(seed), f"seed {seed}"


def _found(monkeypatch: pytest.MonkeyPatch) -> bool:
    return any(history(seed) for seed in range(30))


@pytest.mark.proof
def test_oracle_finds_an_echo_that_is_taken_for_an_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "_is_echo", lambda sent, name, value: False)
    assert _found(monkeypatch)


@pytest.mark.proof
def test_oracle_finds_a_cursor_that_moves_before_the_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_early(ground, flow, state, batches, guard):  # type: ignore[no-untyped-def]
        moved = state.copy()
        for side in flow.sides:
            connector = ground.systems.connector(side.system)
            page = await connector.changes(side.resource, state.side(side.system).position)
            moved.side(side.system).position = page.cursor
        return await send_all(ground, flow, moved, batches, guard)

    monkeypatch.setattr(twoway, "send_all", too_early)
    assert _found(monkeypatch)


@pytest.mark.proof
def test_oracle_finds_a_write_without_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    real = twoway.Round.outgoing

    async def careless(self):  # type: ignore[no-untyped-def]
        found = await real(self)
        for items in found.values():
            for item in items:
                item.payload["expected"] = {}
        return found

    monkeypatch.setattr(twoway.Round, "outgoing", careless)
    assert _found(monkeypatch)
