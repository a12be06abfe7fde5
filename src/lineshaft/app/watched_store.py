"""The hub's store with its commits told to the live feed; and what other processes commit, as a stir."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from lineshaft.base.errors import StoreUnavailable
from lineshaft.insight.live import LiveFeed
from lineshaft.store.port import Store
from lineshaft.store.writes import Fence, Unit, UnitResult

AGAIN_S: Final = 2.0


class _WatchedStore:
    """A store like the one inside; where nobody listens, a commit costs one look more."""

    def __init__(self, store: Store, feed: LiveFeed) -> None:
        self._store = store
        self._feed = feed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
        """Commit, then tell."""
        results = await self._store.commit(units, fence)
        if self._feed.is_heard:
            self._feed.committed(units, results)
        return results


def watched(store: Store, feed: LiveFeed) -> Store:
    """Return ``store`` with its commits told to ``feed``."""
    return cast(Store, _WatchedStore(store, feed))


async def follow_others(store: Store, feed: LiveFeed) -> None:
    """Tell ``feed`` whenever another process has put new work into a PostgreSQL; runs until it is cancelled.

    The other makes belong to one process, whose commits are told already.
    """
    if store.name != "postgres":
        return
    while True:
        try:
            async for _ in store.listen():
                feed.stir()
        except StoreUnavailable:
            feed.stir()
        await asyncio.sleep(AGAIN_S)
