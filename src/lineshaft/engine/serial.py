"""Order within a key: work for the same key runs one after another, other keys flow on."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class Serial:
    """Queues work by key."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Work]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._queues

    async def run(self, key: str, work: Work) -> None:
        """Run ``work`` after all that was given for ``key`` before; returns when the key's queue is empty.

        The first caller for a key works its queue off; later callers only add to it.
        """
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(work)
            return
        queue = self._queues[key] = deque([work])
        failure: Exception | None = None
        try:
            while queue:
                try:
                    await queue[0]()
                except Exception as error:  # noqa: BLE001 - one item's bug must not swallow those behind it
                    failure = failure or error
                queue.popleft()
        finally:
            del self._queues[key]
        if failure is not None:
            raise failure
