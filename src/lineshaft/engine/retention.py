"""Retention: what has had its time is pruned in small slices, beside the work, by one worker at a time.

The sweep is a leased source: without the lease nobody prunes, and a worker that dies leaves a sweep that the
next one begins again (removing is repeatable). A slice is one short transaction. It grows and shrinks so that
nobody waits noticeably for it, and the pause after it is a multiple of its own time: pruning takes its share
of the database and no more, however much there is to do.

What a sweep did is kept under the cursor ``retention``, so that every process can show it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from lineshaft.base.errors import Conflict, HubError
from lineshaft.engine.held import HeldSource
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.sdk.retention import RetentionSpec
from lineshaft.store.rows import Cursor
from lineshaft.store.upkeep import KEPT, Cut, Kept
from lineshaft.store.writes import PutCursor, Unit

SOURCE: Final = "retention"
NEVER: Final = datetime.min.replace(tzinfo=UTC)
DEFAULT_DAYS: Final[Mapping[Kept, int]] = {
    "instances": 730,
    "effects": 730,
    "events": 365,
    "event_keys": 0,
    "dead_letters": 730,
    "messages": 1,
    "documents": 0,
    "notices": 730,
}
"""Where neither the configuration nor the pack says anything; 0: for ever."""
SLICE_FIRST: Final = 50
SLICE_LEAST: Final = 5
SLICE_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """What the configuration says."""

    days: Mapping[str, int] = field(default_factory=dict)
    """By kind; these go before what the pack says."""
    every_s: float = 3_600.0
    share: float = 0.2
    """The part of the time that slices may take."""
    slice_s: float = 0.02
    """How long one slice should hold the database where there is one writer; five times that elsewhere."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long each kind is kept, in days (0: for ever), and who says so."""

    days: Mapping[Kept, int]
    origin: Mapping[Kept, str]
    """``configuration``, ``pack`` or ``default``."""
    processes: Mapping[str, int] = field(default_factory=dict)

    def cuts(self, now: datetime) -> list[Cut]:
        """Return what has had its time at ``now``."""
        by_process = {name: _before(now, days) for name, days in self.processes.items()}
        found = []
        for kind in KEPT:
            before = _before(now, self.days[kind])
            if kind == "instances" and any(at != NEVER for at in by_process.values()):
                found.append(Cut(kind, before, by_process))
            elif before != NEVER:
                found.append(Cut(kind, before, by_process if kind == "instances" else {}))
        return found


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days) if days else NEVER


def policy_of(settings: RetentionSettings, spec: RetentionSpec) -> Policy:
    """Put the configuration, the pack and the defaults together."""
    days: dict[Kept, int] = {}
    origin: dict[Kept, str] = {}
    for kind in KEPT:
        if settings.days.get(kind, -1) >= 0:
            days[kind], origin[kind] = settings.days[kind], "configuration"
        elif kind in spec.days:
            days[kind], origin[kind] = spec.days[kind], "pack"
        else:
            days[kind], origin[kind] = DEFAULT_DAYS[kind], "default"
    return Policy(days, origin, dict(spec.processes))


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did."""

    began_at: datetime
    seconds: float = 0.0
    slices: int = 0
    longest_slice_s: float = 0.0
    examined: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows removed, by table."""

    def encode(self) -> bytes:
        """Return it as stored."""
        return values.encode(
            {
                "began_at": self.began_at,
                "seconds": self.seconds,
                "slices": self.slices,
                "longest_slice_s": self.longest_slice_s,
                "examined": self.examined,
                "counts": dict(self.counts),
            }
        )

    @classmethod
    def decode(cls, stored: bytes) -> Sweep:
        """Return what ``encode`` stored."""
        kept = values.decode(stored)
        return cls(**{**kept, "slices": int(kept["slices"]), "examined": int(kept["examined"])})


class Retention:
    """Prunes by policy.

    Args:
        runtime: The worker's.
        settings: What the configuration says.
        spec: Returns what the active release says.
    """

    def __init__(
        self, runtime: Runtime, settings: RetentionSettings, spec: Callable[[], RetentionSpec]
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._spec = spec
        self._lease = HeldSource(runtime, SOURCE)

    def policy(self) -> Policy:
        """Return what holds now."""
        return policy_of(self._settings, self._spec())

    async def last(self) -> Sweep | None:
        """Return what the last finished sweep did, by whichever worker."""
        known = await self._known()
        return Sweep.decode(known.position) if known is not None else None

    async def run(self) -> None:
        """Sweep now and then; runs until it is cancelled."""
        while True:
            wait_s = min(60.0, self._settings.every_s)
            try:
                wait_s = await self._until_due()
                if wait_s <= 0:
                    await self.sweep()
                    continue
            except Conflict:
                pass
            except HubError as error:
                self._runtime.observer.trouble("retention", error)
                wait_s = 60.0
            await asyncio.sleep(min(max(wait_s, 1.0), 60.0))

    async def _until_due(self) -> float:
        last = await self.last()
        if last is None:
            # A hub that has just begun has nothing to prune, and everything else to do.
            return 0.0
        due = last.began_at + timedelta(seconds=self._settings.every_s)
        return (due - self._runtime.clock.now()).total_seconds()

    async def sweep(self) -> Sweep:
        """Prune everything that has had its time.

        Raises:
            Conflict: Another worker is at it.
        """
        runtime = self._runtime
        await self._lease.hold()
        began_at, started = runtime.clock.now(), runtime.clock.monotonic()
        tally = _Tally()
        try:
            for cut in self.policy().cuts(began_at):
                await self._cut(cut, tally)
            done = Sweep(
                began_at,
                round(runtime.clock.monotonic() - started, 3),
                tally.slices,
                round(tally.longest_s, 4),
                tally.examined,
                {table: count for table, count in tally.counts.items() if count},
            )
            await self._keep(done)
        finally:
            await self._lease.let_go()
        return done

    async def _cut(self, cut: Cut, tally: _Tally) -> None:
        runtime, settings = self._runtime, self._settings
        slice_s = settings.slice_s * (5 if runtime.store.name == "postgres" else 1)
        after: str | None = None
        limit = SLICE_FIRST
        while True:
            await self._lease.hold()
            done = await runtime.store.prune(runtime.scope, cut, limit, after)
            took = done.seconds
            tally.add(done.counts, done.examined, took)
            for table, count in done.counts.items():
                runtime.figures.pruned[table] += count
            after = done.next
            if after is None:
                break
            if took > slice_s:
                limit = max(limit // 2, SLICE_LEAST)
            elif took < slice_s / 2:
                limit = min(limit * 2, SLICE_MOST)
            await asyncio.sleep(took * (1 / settings.share - 1))

    # -- the lease and the record --------------------------------------------------------------------------

    async def _known(self) -> Cursor | None:
        return await self._runtime.store.cursor(self._runtime.scope, SOURCE)

    async def _keep(self, done: Sweep) -> None:
        runtime = self._runtime
        known = await self._known()
        version = known.version if known is not None else 0
        row = Cursor(runtime.tenant, SOURCE, done.encode(), version + 1, runtime.clock.now())
        result = (await runtime.store.commit([Unit([PutCursor(row, version)])]))[0]
        if result.error is not None:
            raise result.error


@dataclass(slots=True)
class _Tally:
    slices: int = 0
    longest_s: float = 0.0
    examined: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, counts: Mapping[str, int], examined: int, took_s: float) -> None:
        """Count a slice."""
        self.slices += 1
        self.examined += examined
        self.longest_s = max(self.longest_s, took_s)
        for table, count in counts.items():
            self.counts[table] = self.counts.get(table, 0) + count
