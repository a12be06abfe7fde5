"""What has just changed, told to whoever looks: small facts, never the data itself.

A fact says "something about this changed"; who hears it reads anew what it shows, within its own scope. Facts
are made from what was committed by this process; what others commit is told as a stir, after which everything
may be new. A listener that falls behind gets fewer, wider facts, never an endless queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.scope import Scope
from lineshaft.engine.bulk import JOB
from lineshaft.engine.task_acts import DESK
from lineshaft.insight.alerting import KIND as ALERT
from lineshaft.store import writes as w
from lineshaft.store.writes import Unit, UnitResult, Write

IDS_MAX: Final = 100
"""Facts of one topic a listener holds; above it the topic alone is told."""

TOPICS: Final = (
    "systems",
    "effects",
    "dead-letters",
    "instances",
    "incidents",
    "tasks",
    "events",
    "documents",
    "bindings",
    "releases",
    "alerts",
    "jobs",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something of ``topic`` has changed: the one called ``id``, or (``""``) any."""

    topic: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    fact: Fact
    tenant: str
    department: str | None
    known: bool
    """Whether the write says to whose department its row belongs."""


class Listener:
    """Somebody who looks, with what has changed since they last heard."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._pending: dict[str, dict[str, None]] = {}
        self._more = asyncio.Event()
        self.closed = False

    async def facts(self, timeout_s: float) -> list[Fact]:
        """Wait for facts and return them; none where ``timeout_s`` seconds brought nothing."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._more.wait()
        except TimeoutError:
            return []
        self._more.clear()
        pending, self._pending = self._pending, {}
        return [
            Fact(topic, name)
            for topic, names in pending.items()
            for name in (names if len(names) <= IDS_MAX else ("",))
        ]

    def close(self) -> None:
        """Tell nothing more, and let whoever waits go."""
        self.closed = True
        self._more.set()

    def hear(self, seen: _Seen) -> None:
        """Take a fact in, as far as the scope may know of it."""
        if seen.tenant != self._scope.tenant:
            return
        name = seen.fact.id
        if self._scope.departments is not None:
            if seen.known and seen.department not in self._scope.departments:
                return
            if not seen.known:
                # That something happened is no secret; to whom it happened may be one.
                name = ""
        names = self._pending.setdefault(seen.fact.topic, {})
        if len(names) <= IDS_MAX:
            names[name] = None
        self._more.set()

    def stir(self) -> None:
        """Everything may be new."""
        for topic in TOPICS:
            self._pending.setdefault(topic, {})[""] = None
        self._more.set()


class LiveFeed:
    """Tells listeners what was committed."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self.closed = False
        """Whether all listening has been ended."""

    @property
    def is_heard(self) -> bool:
        """Tell whether anybody listens: where nobody does, a commit costs nothing more."""
        return bool(self._listeners)

    def listen(self, scope: Scope) -> Listener:
        """Begin to listen; give it back with ``leave``."""
        listener = Listener(scope)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    def committed(self, units: Sequence[Unit], results: Sequence[UnitResult]) -> None:
        """Tell what these units have changed."""
        for unit, result in zip(units, results, strict=True):
            if result.status == "written":
                for seen in _facts_of(unit.writes):
                    for listener in self._listeners:
                        listener.hear(seen)

    def stir(self) -> None:
        """Others have written: everything may be new."""
        for listener in self._listeners:
            listener.stir()

    def close(self) -> None:
        """End all listening."""
        self.closed = True
        for listener in tuple(self._listeners):
            listener.close()


def _facts_of(writes: Sequence[Write]) -> Iterator[_Seen]:
    for write in writes:
        made = _FACTS.get(type(write))
        if isinstance(write, w.PutRecord) and write.row.kind in _RECORDS:
            made = (_RECORDS[write.row.kind], _field("id"))
        if made is not None:
            topic, name = made
            # A write of a whole row has it as `row`; the others name what they change.
            row: Any = getattr(write, "row", write)
            known = row is not write and hasattr(row, "department")
            yield _Seen(Fact(topic, name(row)), row.tenant, getattr(row, "department", None), known)


def _field(name: str) -> Callable[[Any], str]:
    return lambda row: str(getattr(row, name))


_RECORDS: Final = {ALERT: "alerts", JOB: "jobs", DESK: "tasks"}
"""Topics of what lies in records, by their kind."""

_FACTS: Final[Mapping[type, tuple[str, Callable[[Any], str]]]] = {
    w.InsertEvent: ("events", _field("id")),
    w.RouteEvent: ("events", _field("id")),
    w.InsertInstance: ("instances", _field("id")),
    w.UpdateInstance: ("instances", _field("id")),
    w.InsertEffect: ("effects", _field("id")),
    w.UpdateEffect: ("effects", _field("id")),
    w.PutTask: ("tasks", _field("instance_id")),
    w.EndTask: ("tasks", _field("instance_id")),
    w.PutIncident: ("incidents", _field("instance_id")),
    w.CloseIncident: ("incidents", _field("instance_id")),
    w.PutDeadLetter: ("dead-letters", _field("id")),
    w.CloseDeadLetter: ("dead-letters", _field("id")),
    w.PutSystemState: ("systems", _field("system")),
    w.PutDocument: ("documents", _field("number")),
    w.PutDocumentLink: ("documents", lambda row: ""),
    w.PutBinding: ("bindings", lambda row: ""),
    w.PutRelease: ("releases", lambda row: ""),
}
