"""What went on with each system today, cheap at a million calls a day: only what is new is counted.

What was counted up to a minute ago does not change any more (a row becomes visible at most a few seconds
after the time it bears), so it is kept; a look counts what came after it. The first look of a day counts the
whole day, once for all who look.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from lineshaft.base.scope import Scope
from lineshaft.store.port import Activity, Store

SETTLED: Final = timedelta(seconds=60)
"""What is older than this is counted for good."""
KEPT_MAX: Final = 64
"""Different questions (scopes and times) whose counts are kept."""

Key = tuple[str, frozenset[str] | None, datetime]


@dataclass(slots=True)
class _Counted:
    until: datetime
    calls: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, found: list[Activity]) -> None:
        for each in found:
            self.calls[each.system] = self.calls.get(each.system, 0) + each.calls
            self.events[each.system] = self.events.get(each.system, 0) + each.events


class ActivityBook:
    """Keeps what was counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[Key, _Counted] = OrderedDict()

    async def since(self, scope: Scope, since: datetime, now: datetime) -> list[Activity]:
        """Return what went on with each system since a time, as ``Store.activity`` does."""
        key = (scope.tenant, scope.departments, since)
        counted = self._kept.get(key)
        if counted is None:
            counted = self._kept[key] = _Counted(since)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        async with counted.lock:
            settled = now - SETTLED
            if settled - counted.until > SETTLED:
                counted.add(await self._store.activity(scope, counted.until, until=settled, errors_since=now))
                counted.until = settled
            newest = await self._store.activity(scope, counted.until, errors_since=since)
            return self._together(counted, newest)

    @staticmethod
    def _together(counted: _Counted, newest: list[Activity]) -> list[Activity]:
        found = {each.system: each for each in newest}
        for system in counted.calls.keys() | counted.events.keys():
            each = found.get(system, Activity(system, 0, 0))
            calls = each.calls + counted.calls.get(system, 0)
            told = each.events + counted.events.get(system, 0)
            if calls or told or each.error_at is not None:
                found[system] = replace(each, calls=calls, events=told)
        return [found[system] for system in sorted(found)]
