"""Group commit: who is told what, and what is not written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import LeaseLost, StoreUnavailable
from lineshaft.engine.committer import Committer
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.leases import LaneKeeper
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Job
from lineshaft.store.writes import Fence, PutJob, Unit, UnitResult

CONFIG = EngineConfig(commit_retry_s=0.0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Rig:
    """A committer on a memory store."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.database = MemoryDatabase()
        self.store = MemoryStore(self.database, self.clock)
        self.keeper = LaneKeeper(self.store, self.clock, "w", CONFIG)
        self.committer = Committer(self.store, self.keeper, CONFIG)
        self.bugs: list[str] = []
        self.committer.on_bug = lambda where, error: self.bugs.append(where)

    async def __aenter__(self) -> Rig:
        await self.store.open()
        await self.keeper.beat(lambda lane: False)
        self.loop = asyncio.create_task(self.committer.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.loop.cancel()

    def unit(self, name: str, lane: int | None = 7) -> Unit:
        return Unit([PutJob(Job("default", name, lane or 0, "timer", NOW, NOW))], lane)


async def test_committer_writes_units_when_their_lane_is_held() -> None:
    async with Rig() as rig:
        results = await asyncio.gather(*(rig.committer.commit(rig.unit(f"j{n}")) for n in range(5)))
        assert [result.status for result in results] == ["written"] * 5
        assert len(rig.database.job.rows) == 5


async def test_committer_refuses_a_unit_when_its_lane_had_another_owner_meanwhile() -> None:
    async with Rig() as rig:
        rig.database.down = True
        troubles: list[Any] = []
        rig.committer.on_trouble = troubles.append
        waiting = asyncio.create_task(rig.committer.commit(rig.unit("stale")))
        while not troubles:
            await asyncio.sleep(0)
        # The database comes back when the lane has been lost, taken by another worker, and taken back.
        rig.clock.advance(CONFIG.lease_ttl_s + 1)
        rig.keeper.lost(range(256))
        rig.database.down = False
        other = MemoryStore(rig.database, rig.clock)
        await other.open()
        await other.release_lanes("other", await other.acquire_lanes("other", 256, 5.0))
        await rig.keeper.beat(lambda lane: False)
        assert rig.keeper.holds(7)
        result = await waiting
        assert isinstance(result.error, LeaseLost)
        assert not rig.database.job.rows
        assert (await rig.committer.commit(rig.unit("fresh"))).status == "written"


async def test_committer_tries_again_when_the_database_is_away() -> None:
    async with Rig() as rig:
        troubles: list[Any] = []
        rig.committer.on_trouble = troubles.append
        rig.database.down = True
        waiting = asyncio.create_task(rig.committer.commit(rig.unit("j")))
        while not troubles:
            await asyncio.sleep(0)
        assert isinstance(troubles[0], StoreUnavailable)
        rig.database.down = False
        assert (await waiting).status == "written"


async def test_committer_goes_on_when_the_store_or_a_follower_fails_unexpectedly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Rig() as rig:
        commit = rig.store.commit

        async def broken(units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
            monkeypatch.setattr(rig.store, "commit", commit)
            raise ZeroDivisionError

        monkeypatch.setattr(rig.store, "commit", broken)
        assert (await rig.committer.commit(rig.unit("lost"))).status == "failed"

        def follower(result: UnitResult) -> None:
            raise ValueError

        rig.committer.submit(rig.unit("told"), follower)
        assert (await rig.committer.commit(rig.unit("after"))).status == "written"
        assert rig.bugs == ["commit", "settled"]
