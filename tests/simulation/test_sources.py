"""Sources: what the release chooses is read, by one node at a time, and nothing is lost in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from lineshaft.base.errors import Unavailable
from lineshaft.base.text import Text
from lineshaft.engine.sources import Sources
from lineshaft.sdk import Change, ChangePage, ConnectorSpec, TriggerSpec
from simulation.nodes import CONFIG, Node
from simulation.stage import Stage
from simulation.targets import TargetConnector
from simulation.test_starts import pack, started_by

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


class Machines:
    """A system that counts: one change a second, kept for ever; polled or listened to."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.asked: list[tuple[float, str, str]] = []
        self.reading: set[tuple[str, str]] = set()
        self.reading_max = 0
        self.is_down = False
        self.acknowledged = 0

    def spec(self) -> ConnectorSpec:
        triggers = (
            TriggerSpec("state", "poll", interval_s=7.0, listens=True),
            TriggerSpec("order", "poll", interval_s=7.0),
        )
        return ConnectorSpec("machines", Text("m", "m"), triggers=triggers)

    @contextmanager
    def read_by(self, node: str, resource: str, how: str) -> Iterator[None]:
        self.asked.append((round(self.stage.loop.time(), 1), resource, how))
        self.reading.add((node, resource))
        self.reading_max = max(self.reading_max, len(self.readers(resource)))
        try:
            yield
        finally:
            self.reading.discard((node, resource))

    def readers(self, resource: str) -> list[str]:
        living = {node.name for node in self.stage.nodes if node.process.alive}
        return [node for node, name in self.reading if name == resource and node in living]

    def page(self, resource: str, cursor: bytes | None) -> ChangePage:
        since, now = int(cursor or b"0"), int(self.stage.loop.time())
        changes = [
            Change(f"{resource}-{second}", f"machines.{resource}.told", resource, {"second": second})
            for second in range(since + 1, now + 1)
        ]
        return ChangePage(tuple(changes), str(max(now, since)).encode())


class MachinesConnector(TargetConnector):
    """One node's connector to them."""

    def __init__(self, machines: Machines, node: str) -> None:
        self.machines = machines
        self.node = node

    @property
    def spec(self) -> ConnectorSpec:
        return self.machines.spec()

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        with self.machines.read_by(self.node, resource, "poll"):
            await asyncio.sleep(0.1)
            if self.machines.is_down:
                raise Unavailable("down")
            return self.machines.page(resource, cursor)

    async def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        with self.machines.read_by(self.node, resource, "listen"):
            while True:
                await asyncio.sleep(1.0)
                if self.machines.is_down:
                    raise Unavailable("down")
                page = self.machines.page(resource, cursor)
                cursor = page.cursor
                yield page
                # Whoever asks on has stored it.
                stored = {row.id for row in self.machines.stage.rows("event")}
                assert {change.id for change in page.changes} <= stored
                self.machines.acknowledged += len(page.changes)


def read(stage: Stage, machines: Machines, node: Node) -> None:
    """Let a node read its sources, as the hub does."""

    async def work() -> None:
        while node.worker is None or node.intake is None:
            await asyncio.sleep(0.05)
        worker = node.worker
        worker.systems.put("machines", MachinesConnector(machines, node.name))
        gates = worker.protection
        sources = Sources(
            worker.runtime,
            worker.systems,
            node.intake,
            can_call=lambda system: not gates.gate(system).is_closed,
        )
        node.sources = sources  # type: ignore[attr-defined]
        await sources.start()

    stage.loop.spawn(node.process, work())


def told(stage: Stage, resource: str) -> list[int]:
    """Return the seconds of which events were taken in."""
    ids = [row.id for row in stage.rows("event") if row.id.startswith(f"{resource}-")]
    assert len(ids) == len(set(ids))
    return sorted(int(each.split("-")[1]) for each in ids)


def stage_with(sources: str, nodes: int = 1) -> tuple[Stage, Machines]:
    files = pack(started_by(""))
    files["flows/sources.yaml"] = f"format: 1\nsources:\n{sources}".encode()
    stage = Stage(files, nodes)
    return stage, Machines(stage)


def test_release_chooses_what_is_polled_and_how_often() -> None:
    stage, machines = stage_with("  - {system: machines, poll: order, interval_s: 2}\n")

    async def plot(stage: Stage) -> None:
        read(stage, machines, stage.nodes[0])
        await stage.at(9)

    stage.play(plot)
    assert {(resource, how) for _, resource, how in machines.asked} == {("order", "poll")}
    times = [at for at, _, _ in machines.asked]
    assert len(times) == 5
    assert all(1.9 < later - at < 2.4 for at, later in pairwise(times))


def test_source_that_the_release_does_not_have_is_told_and_the_others_are_read() -> None:
    stage, machines = stage_with(
        "  - {system: machines, poll: gone}\n  - {system: machines, poll: order, interval_s: 1}\n"
    )

    async def plot(stage: Stage) -> None:
        read(stage, machines, stage.nodes[0])
        await stage.at(5)

    stage.play(plot)
    assert told(stage, "order")
    assert stage.watch.troubles


@pytest.mark.parametrize("how", ["poll", "listen"])
def test_source_is_read_by_one_node_at_a_time_and_goes_on_when_its_node_dies(how: str) -> None:
    interval = "interval_s: 2, " if how == "poll" else ""
    stage, machines = stage_with(f"  - {{system: machines, {interval}{how}: state}}\n", nodes=3)

    async def plot(stage: Stage) -> None:
        for node in stage.nodes:
            read(stage, machines, node)
        await stage.at(10)
        for node in list(stage.nodes):
            await stage.at(stage.loop.time() + 6)
            node.kill()
            read(stage, machines, stage.start_node())
        await stage.at(60)

    stage.play(plot)
    seconds = told(stage, "state")
    assert seconds == list(range(1, seconds[-1] + 1))
    assert seconds[-1] >= 56
    assert machines.reading_max == 1


def test_listener_comes_back_in_growing_gaps_and_misses_nothing() -> None:
    stage, machines = stage_with("  - {system: machines, listen: state}\n")

    async def plot(stage: Stage) -> None:
        read(stage, machines, stage.nodes[0])
        await stage.at(5.5)
        machines.is_down = True
        await stage.at(25)
        machines.is_down = False
        await stage.at(40)

    stage.play(plot)
    seconds = told(stage, "state")
    assert seconds == list(range(1, seconds[-1] + 1))
    assert seconds[-1] >= 38
    tries = [at for at, _, how in machines.asked if 6 < at < 25]
    gaps = [later - at for at, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(CONFIG.check_gaps_s[-1] + 1, abs=0.2)
    assert machines.acknowledged


def test_listener_lets_go_while_its_system_is_paused() -> None:
    stage, machines = stage_with("  - {system: machines, listen: state}\n")

    async def plot(stage: Stage) -> None:
        read(stage, machines, stage.nodes[0])
        await stage.at(5)
        await stage.people.pause(stage.scope, "machines", by="it", reason="maintenance")
        await stage.at(12)
        assert not machines.readers("state")
        before = len(stage.rows("event"))
        await stage.at(20)
        assert len(stage.rows("event")) == before
        await stage.people.resume(stage.scope, "machines", by="it")
        await stage.at(32)

    stage.play(plot)
    seconds = told(stage, "state")
    assert seconds == list(range(1, seconds[-1] + 1))
    assert seconds[-1] >= 29


def test_node_that_stops_in_good_order_gives_its_sources_to_another_at_once() -> None:
    stage, machines = stage_with("  - {system: machines, listen: state}\n", nodes=2)

    async def plot(stage: Stage) -> None:
        read(stage, machines, stage.nodes[0])
        await stage.at(3)
        read(stage, machines, stage.nodes[1])
        await stage.at(10)
        sources: Any = stage.nodes[0].sources  # type: ignore[attr-defined]
        stage.loop.spawn(stage.nodes[0].process, sources.stop())
        await stage.at(16)

    stage.play(plot)
    starts = [at for at, _, how in machines.asked if how == "listen"]
    assert len(starts) == 2
    assert starts[1] < 10 + CONFIG.lease_ttl_s / 3 + 0.5
