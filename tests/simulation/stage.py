"""A stage: the simulated world without chance, on which a test plays what it wants to see.

The nodes, database, targets and virtual time of the histories; the processes and the plot are the test's.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import Releases, compile_release, files_of
from lineshaft.store.rows import Instance
from simulation.nodes import Node, SimulatedIds
from simulation.world import World

Plot = Callable[["Stage"], Awaitable[None]]


class Stage(World):
    """A world in which nothing happens by itself."""

    def __init__(self, files: Mapping[str, bytes], nodes: int = 1) -> None:
        super().__init__(3)
        self.files = dict(files)
        self.nodes_at_start = nodes
        self.skew_s = 0.0
        self.loop.shuffle = 0.0
        self.ordinary = (0.0, 0.0)
        self.weather.slow = 0.0
        for target in self.targets.values():
            target.trouble = 0.0
            target.cap = 8

    def play(self, plot: Plot) -> None:
        """Let it happen; whatever escapes a node is raised."""

        async def history() -> None:
            await self.store.open()
            await self.desk.open()
            await self.deploy(self.files)
            for _ in range(self.nodes_at_start):
                self.start_node()
            await plot(self)

        try:
            self.loop.run(history())
        finally:
            self.loop.close()
            # What a killed node leaves behind never began: it is let go of here, not in another test.
            gc.collect()
        assert not self.watchdog.violations
        assert not self.watch.bugs
        assert not self.loop.errors

    async def deploy(self, files: Mapping[str, bytes]) -> None:
        """Make a new release."""
        await Releases(self.store, self.scope).deploy(files_of(files), by="test", now=self.clock.now())
        self.files = dict(files)

    def start_node(self, name: str | None = None) -> Node:
        """A new node joins; it knows the stage's release."""
        node = super().start_node(name)
        node._release = compile_release(files_of(self.files))
        return node

    async def at(self, second: float) -> None:
        """Wait until the world is so old."""
        await asyncio.sleep(max(0.0, second - self.loop.time()))

    async def until(self, true: Callable[[], bool], within_s: float = 60.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within_s):
            while not true():
                await asyncio.sleep(0.05)

    @property
    def people(self) -> Operations:
        """What people do."""
        return Operations(self.store, self.clock, SimulatedIds(self.loop, self.chance))

    def instances(self, process_id: str) -> list[Instance]:
        """Return the instances of a process in the order of their start."""
        rows = [row for row in self.database.instance.rows.values() if row.process_id == process_id]
        return sorted(rows, key=lambda row: row.started_at)

    def rows(self, table: str) -> list[Any]:
        """Return all rows of a table."""
        return list(getattr(self.database, table).rows.values())
