"""A long outage under steady load: then the backlog goes out oldest first, over all keys, under the cap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from lineshaft.engine.protection import Gate
from lineshaft.feel import codec as values
from lineshaft.store.rows import OPEN_EFFECTS, Effect
from simulation.world import Order, World
from support.proof import ProofRecord

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")

SYSTEM = "alpha"
CAP = 4
KEYS = 12
LOOK_S = 0.5


@dataclass(slots=True)
class Seen:
    """What was seen of the way back."""

    ages: list[float] = field(default_factory=list)
    """Of the oldest effect that waited, in virtual seconds, from the first call after the outage on."""
    sent: list[float] = field(default_factory=list)
    """When each effect that went out after the outage had been asked for."""
    backlog: int = 0
    drained_s: float = 0.0


class LongOutage(World):
    """Two nodes, steady orders of many keys, and one system that is away for long."""

    def __init__(self, *, minutes: float, every_s: float, nodes: int = 2) -> None:
        super().__init__(11)
        self.nodes_at_start = nodes
        self.skew_s = self.lazy = self.weather.slow = 0.0
        self.loop.shuffle = 0.0
        self.outage_s = minutes * 60
        self.every_s = every_s
        self.seen = Seen()
        for target in self.targets.values():
            target.trouble = 0.0
            target.cap = 8
        self.targets[SYSTEM].cap = CAP

    async def _history(self) -> None:
        await self.store.open()
        await self.desk.open()
        await self._deploy()
        for _ in range(self.nodes_at_start):
            self.start_node()
        target = self.targets[SYSTEM]
        target.on_sent = lambda operation: None
        operator = asyncio.create_task(self._operator())
        sending = asyncio.create_task(self._steadily())
        await asyncio.sleep(30)
        target.is_down = True
        target.outages += 1
        await asyncio.sleep(self.outage_s)
        target.is_down = False
        await self._watch_backlog()
        sending.cancel()
        await self._rest()
        operator.cancel()
        self.oracle.judge()

    async def _steadily(self) -> None:
        number = 0
        while True:
            # Every other order belongs to one of a few keys that keep their order.
            grouped = number % 2 == 0
            order = Order(
                f"o{number:06}",
                "ordered" if grouped else "three",
                f"k{number // 2 % KEYS}" if grouped else None,
            )
            self.orders.append(order)
            await self._send(order)
            number += 1
            await asyncio.sleep(self.every_s)

    def _waiting(self) -> list[Effect]:
        return [
            row
            for row in self.database.effect.rows.values()
            if row.system == SYSTEM and (row.status in OPEN_EFFECTS or row.status == "dead")
        ]

    async def _watch_backlog(self) -> None:
        target, seen = self.targets[SYSTEM], self.seen
        waited = {str(values.decode(row.request)["payload"]["order"]): row for row in self._waiting()}
        seen.backlog = len(waited)
        back = self.clock.now()
        while not any(deed.sent for (order, _), deed in target.deeds.items() if order in waited):
            assert (self.clock.now() - back).total_seconds() < 60, "the circuit never closes"
            await asyncio.sleep(0.01)
        while waiting := [row for row in self._waiting() if row.created_at < back]:
            oldest = min(row.created_at for row in waiting)
            seen.ages.append((self.clock.now() - oldest).total_seconds())
            seen.drained_s = (self.clock.now() - back).total_seconds()
            assert seen.drained_s < 600, "the backlog never drains"
            await asyncio.sleep(LOOK_S)
        sent = sorted(
            (row.attempted_at, row.created_at.timestamp())
            for row in self.database.effect.rows.values()
            if row.system == SYSTEM and row.attempted_at is not None and row.attempted_at >= back
        )
        seen.sent = [created for _, created in sent]

    def order_violations(self, slack: int) -> int:
        """Count effects that went out before more than ``slack`` older ones."""
        return sum(
            sum(later < created for later in self.seen.sent[place + 1 :]) > slack
            for place, created in enumerate(self.seen.sent)
        )


def judged(world: LongOutage) -> None:
    result = world.run()
    assert not result.violations, result
    seen, target = world.seen, world.targets[SYSTEM]
    assert seen.backlog > world.outage_s / world.every_s * 0.6
    rises = [(before, after) for before, after in pairwise(seen.ages) if after > before]
    assert not rises, f"the oldest that waits gets older again: {rises[:5]}"
    if world.nodes_at_start == 1:
        # Calls go out side by side up to the cap; of several nodes each keeps the order in its own lanes.
        assert world.order_violations(4 * CAP) == 0
    for key, carried_out in target.order.items():
        sent = [order.id for order in world.orders if order.group == key]
        assert carried_out == sent[: len(carried_out)], f"order of {key}"
    assert target.calling_max <= CAP
    # One call and its three retries find out that it is away; what was under way elsewhere runs into it too.
    assert target.faults["down"] <= 4 + world.nodes_at_start
    mails = [
        row
        for row in world.database.effect.rows.values()
        if row.operation == "notify" and values.decode(row.request)["payload"]["kind"] == "outage"
    ]
    assert len(mails) == 1


@pytest.mark.parametrize("nodes", [1, 2])
def test_backlog_of_an_outage_goes_out_oldest_first_over_all_keys(nodes: int) -> None:
    judged(LongOutage(minutes=2, every_s=2.0, nodes=nodes))


def test_events_are_routed_on_however_long_the_outage_lasts() -> None:
    """Also by whoever takes the lanes over meanwhile, and with fewer waiting than a gate has room for."""
    world = LongOutage(minutes=12, every_s=4.0)
    assert not world.run().violations
    assert world.seen.backlog > world.outage_s / world.every_s * 0.6


def test_order_over_all_keys_is_lost_when_new_work_may_overtake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "leave_behind", lambda self: None)
    with pytest.raises(AssertionError):
        judged(LongOutage(minutes=1, every_s=1.0, nodes=1))


def test_system_that_is_away_is_asked_again_and_again_when_nobody_is_suspect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Gate, "suspect_is", lambda self, effect_id: None)
    with pytest.raises(AssertionError):
        judged(LongOutage(minutes=1, every_s=2.0, nodes=2))


@pytest.mark.proof
def test_backlog_of_80_minutes_goes_out_oldest_first_over_all_keys(proof_record: ProofRecord) -> None:
    world = LongOutage(minutes=80, every_s=4.0)
    judged(world)
    figures = {
        "minutes of outage": 80,
        "orders sent": len(world.orders),
        "waiting when it ended": world.seen.backlog,
        "cap": CAP,
        "most calls at once": world.targets[SYSTEM].calling_max,
        "seconds until drained": round(world.seen.drained_s, 1),
        "oldest, seconds, at the first call": round(world.seen.ages[0]),
        "times the age rose again": 0,
        "mails about the outage": 1,
    }
    proof_record("long-outage", figures, seed=world.seed)
