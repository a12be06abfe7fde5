"""Who is next at a system: the urgent first, in a class each process in its turn, of one the oldest first.

So a process that owes ten thousand calls delays another one's call by one call, not by ten thousand. A
process that owes nothing has no turn and saves none up.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Class:
    """What waits with one priority."""

    flows: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """By process: heaps of when each was asked for, and which it is."""
    turns: deque[str] = field(default_factory=deque)
    """The processes, the next one first."""


class FairQueue:
    """What waits for a place at one system. Adding and taking cost as much as a heap of one process."""

    def __init__(self) -> None:
        self._classes: dict[int, _Class] = {}
        self._known: dict[str, tuple[int, float, str]] = {}
        self._places: dict[tuple[int, str], tuple[int, tuple[float, str]]] | None = None
        """By class and process: how many wait, and the newest; ``None``: to be counted anew."""

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, effect_id: object) -> bool:
        return effect_id in self._known

    @property
    def ids(self) -> list[str]:
        """All that wait."""
        return list(self._known)

    def add(self, effect_id: str, priority: int, created: float, flow: str) -> None:
        """Let an effect wait; one that waits already stays where it is.

        Args:
            effect_id: Its id.
            priority: Its class; the smaller goes first.
            created: When it was asked for.
            flow: What takes turns with the others: a process, or an operation where no process asks.
        """
        if effect_id in self._known:
            return
        self._places = None
        self._known[effect_id] = (priority, created, flow)
        found = self._classes.get(priority)
        if found is None:
            found = self._classes[priority] = _Class()
        heap = found.flows.get(flow)
        if heap is None:
            heap = found.flows[flow] = []
            found.turns.append(flow)
        heapq.heappush(heap, (created, effect_id))
        if len(heap) > 2 * len(self._known) + 64:
            # What was let go of and came again, over and over.
            heap[:] = {each for each in heap if self._known.get(each[1]) == (priority, each[0], flow)}
            heapq.heapify(heap)

    def has(self, priority: int, flow: str) -> bool:
        """Tell whether anything of a process waits here, or did until just now."""
        found = self._classes.get(priority)
        return found is not None and flow in found.flows

    def discard(self, effect_id: str) -> None:
        """It waits no more; nothing happens where it does not."""
        # Its place in the heap is found to be empty when its turn comes.
        self._places = None
        self._known.pop(effect_id, None)

    def first(self) -> str | None:
        """Return whose turn it is; ``None`` where nothing waits."""
        for priority in sorted(self._classes):
            found = self._classes[priority]
            while found.turns:
                flow = found.turns[0]
                heap = found.flows[flow]
                while heap and self._known.get(heap[0][1]) != (priority, heap[0][0], flow):
                    heapq.heappop(heap)
                if heap:
                    return heap[0][1]
                del found.flows[flow]
                found.turns.popleft()
            del self._classes[priority]
        return None

    def take(self, effect_id: str) -> None:
        """What ``first`` returned goes; the next process has its turn."""
        self._places = None
        priority, _, flow = self._known.pop(effect_id)
        found = self._classes[priority]
        heapq.heappop(found.flows[flow])
        found.turns.rotate(-1)

    def displaced_by(self, priority: int, created: float, effect_id: str, flow: str) -> str | None:
        """Return what had better wait elsewhere so that this one can wait here; ``None``: nothing.

        That is the newest of the process that has most of the places, in the least urgent class, if that is
        less urgent than this one, or has more of them than this one's process would have; else a newer one of
        the same process.
        """
        if not self._known:
            return None
        if self._places is None:
            self._places = self._counted()
        places = self._places
        own = (priority, flow)
        most = max(places, key=lambda mark: (mark[0], places[mark]))
        if most[0] < priority:
            return None
        count, newest = places.get(own, (0, None))
        if most[0] > priority or count + 1 < places[most][0]:
            return places[most][1][1]
        if newest is not None and newest > (created, effect_id):
            return newest[1]
        return None

    def _counted(self) -> dict[tuple[int, str], tuple[int, tuple[float, str]]]:
        found: dict[tuple[int, str], tuple[int, tuple[float, str]]] = {}
        for effect_id, (priority, created, flow) in self._known.items():
            count, newest = found.get((priority, flow), (0, (created, effect_id)))
            found[priority, flow] = count + 1, max(newest, (created, effect_id))
        return found
