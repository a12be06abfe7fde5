"""Instances with units under way: what was dropped is not read again before all of those have an answer.

A unit decided on a live instance names the version it follows. When one of several fails, the live instance
is dropped; another one, read while the rest is still under way, would count on from the same version with
other content, and a later unit of it could be written behind one of the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Unsettled:
    """Counts the units under way of each instance."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def begin(self, instance_ids: Iterable[str]) -> None:
        """A unit that touches these instances is on its way."""
        counts = self._counts
        for each in instance_ids:
            counts[each] = counts.get(each, 0) + 1

    def end(self, instance_ids: Iterable[str]) -> None:
        """It has its answer."""
        counts = self._counts
        for each in instance_ids:
            left = counts[each] - 1
            if left:
                counts[each] = left
                continue
            del counts[each]
            waiting = self._waiting.pop(each, None)
            if waiting is not None:
                waiting.set()

    async def over(self, instance_id: str) -> None:
        """Wait until no unit of an instance is under way."""
        while instance_id in self._counts:
            await self._waiting.setdefault(instance_id, asyncio.Event()).wait()
