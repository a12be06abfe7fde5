"""How a process runs: how often each element was passed, how long it took, how many runs stand in it now.

Taken from the history of the newest runs, so that the price does not grow with the age of the hub: it says
which runs those were. The list of processes counts up to a limit only, and says so.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.bpmn.kernel import codec, events
from lineshaft.store.port import Store
from lineshaft.store.rows import History

RUNS: Final = 300
"""The newest runs that are looked at."""
COUNTED_MAX: Final = 100
LASTS_S: Final = 10.0
_KEPT_MAX: Final = 200
_TOGETHER: Final = 20


@dataclass(frozen=True, slots=True)
class ElementStats:
    """How one element went."""

    element: str
    times: int
    here: int
    """Runs that stand in it now."""
    p50_s: float | None
    p95_s: float | None
    failed: int
    """Runs among these that have an open incident while they stand in it."""
    standing: tuple[str, ...] = ()
    """The ids of the runs that stand in it, the newest first."""


@dataclass(frozen=True, slots=True)
class ProcessStats:
    """How a process went in its newest runs."""

    runs: int
    since: datetime | None
    """When the oldest of these runs began."""
    elements: list[ElementStats]
    p50_s: float | None
    """Of the runs that have ended, from beginning to end."""
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """How many runs, each up to ``COUNTED_MAX``."""

    running: int
    ended: int
    stuck: int


@dataclass(slots=True)
class _Element:
    times: int = 0
    failed: int = 0
    took: list[float] = field(default_factory=list)
    standing: dict[str, None] = field(default_factory=dict)


class ProcessFigures:
    """Looks, and shows again for a moment what it found."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], tuple[float, object]] = OrderedDict()

    async def counts(self, scope: Scope, process_id: str) -> ProcessCounts:
        """Return how many runs a process has."""
        key = ("counts", scope.tenant, scope.departments, process_id)
        found = self._again(key)
        if isinstance(found, ProcessCounts):
            return found
        running, ended, stuck = await asyncio.gather(
            self._store.instances(scope, process_id=process_id, status="active", limit=COUNTED_MAX),
            self._store.instances(scope, process_id=process_id, status="completed", limit=COUNTED_MAX),
            self._store.instances(scope, process_id=process_id, with_incidents=True, limit=COUNTED_MAX),
        )
        made = ProcessCounts(len(running.items), len(ended.items), len(stuck.items))
        self._keep(key, made)
        return made

    async def stats(self, scope: Scope, process_id: str, release: str | None = None) -> ProcessStats:
        """Return how the newest runs of a process (of one release where given) went."""
        key = ("stats", scope.tenant, scope.departments, process_id, release)
        found = self._again(key)
        if isinstance(found, ProcessStats):
            return found
        page = await self._store.instances(scope, process_id=process_id, limit=RUNS)
        runs = [each for each in page.items if release is None or each.release == release]
        elements: dict[str, _Element] = {}
        for start in range(0, len(runs), _TOGETHER):
            part = runs[start : start + _TOGETHER]
            histories = await asyncio.gather(*(self._store.history(scope, each.id) for each in part))
            for run, history in zip(part, histories, strict=True):
                _add(elements, run.id, history, run.incidents > 0)
        took = [(each.ended_at - each.started_at).total_seconds() for each in runs if each.ended_at]
        made = ProcessStats(
            len(runs),
            min((each.started_at for each in runs), default=None),
            [
                ElementStats(
                    name,
                    each.times,
                    len(each.standing),
                    percentile(each.took, 50),
                    percentile(each.took, 95),
                    each.failed,
                    tuple(each.standing),
                )
                for name, each in sorted(elements.items())
            ],
            percentile(took, 50),
            percentile(took, 95),
        )
        self._keep(key, made)
        return made

    async def standing_in(self, scope: Scope, process_id: str, element: str) -> tuple[str, ...]:
        """Return the ids of the runs, among the newest, that stand in an element now."""
        stats = await self.stats(scope, process_id)
        return next((each.standing for each in stats.elements if each.element == element), ())

    def _again(self, key: tuple[object, ...]) -> object:
        kept = self._kept.get(key)
        return kept[1] if kept is not None and self._clock.monotonic() - kept[0] < LASTS_S else None

    def _keep(self, key: tuple[object, ...], found: object) -> None:
        self._kept[key] = (self._clock.monotonic(), found)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)


def _add(elements: dict[str, _Element], run_id: str, history: Sequence[History], is_stuck: bool) -> None:
    """Count one run in."""
    begun: dict[int, tuple[str, datetime]] = {}
    for step in history:
        for event in codec.decode_events(step.events):
            if isinstance(event, events.ElementActivated):
                begun[event.token] = (event.element, step.at)
                elements.setdefault(event.element, _Element()).times += 1
            elif isinstance(event, events.ElementCompleted | events.ElementTerminated):
                found = begun.pop(event.token, None)
                if found is not None and isinstance(event, events.ElementCompleted):
                    elements[found[0]].took.append((step.at - found[1]).total_seconds())
    for element, _ in begun.values():
        elements[element].standing[run_id] = None
        elements[element].failed += is_stuck


def percentile(values: Sequence[float], share: int) -> float | None:
    """Return the value below which ``share`` per cent lie (the nearest one that there is)."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * share // 100) - 1)]
