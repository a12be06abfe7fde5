"""Order within a key: work for the same key runs one after another, other keys flow on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Work = Callable[[], Awaitable[None]]


class Serial:
    """Lets work of one key run one after another, in the order in which it was given."""

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Future[None]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._last

    def run(self, key: str, work: Work) -> Coroutine[Any, Any, None]:
        """Run ``work`` after all that was given for ``key`` before.

        Its place is taken at once, by this call; what is returned must be awaited and ends when the work is
        done. An error is raised to the caller whose work it was; those behind it go on.
        """
        before = self._last.get(key)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[key] = mine
        return self._run(key, work, before, mine)

    async def _run(
        self, key: str, work: Work, before: asyncio.Future[None] | None, mine: asyncio.Future[None]
    ) -> None:
        try:
            if before is not None:
                await asyncio.shield(before)
            await work()
        finally:
            # Whoever gives up its turn hands on the turn it was waiting for.
            if before is not None and not before.done():
                before.add_done_callback(lambda _: self._hand_on(key, mine))
            else:
                self._hand_on(key, mine)

    def _hand_on(self, key: str, mine: asyncio.Future[None]) -> None:
        if not mine.done():
            mine.set_result(None)
        if self._last.get(key) is mine:
            del self._last[key]
