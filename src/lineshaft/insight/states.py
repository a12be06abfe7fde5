"""States of documents that no state map knows: found, counted, never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lineshaft.base.errors import HubError
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine.runtime import Runtime
from lineshaft.insight.alerting import Alert, Alerts
from lineshaft.sdk.states import StateMap
from lineshaft.store.port import Store

EVERY_S: Final = 60.0
_WATCH: Final = "unmapped-state"
_WINDOW: Final = 5_000
_NUMBERS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class UnmappedState:
    """A state that documents of a system have and no map knows."""

    document: str
    system: str
    state: str
    count: int
    numbers: tuple[str, ...]
    """Of the newest of them."""


async def unmapped_states(store: Store, scope: Scope, spec: StateMap) -> list[UnmappedState]:
    """Return the unmapped states of the newest 5,000 documents of which the map knows kind and system."""
    if not spec.documents:
        return []
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in await store.recent_documents(scope, window=_WINDOW, limit=_WINDOW):
        if spec.knows(row.kind, row.system) and spec.read(row.kind, row.system, row.status) is None:
            found.setdefault((row.kind, row.system, row.status), []).append(row.number)
    return [
        UnmappedState(*key, len(numbers), tuple(numbers[:_NUMBERS_MAX]))
        for key, numbers in sorted(found.items())
    ]


class StateWatch:
    """Raises an alert for each state that is in no map, and closes it when it is mapped or gone."""

    def __init__(self, runtime: Runtime, alerts: Alerts, spec: Callable[[], StateMap]) -> None:
        self._runtime = runtime
        self._alerts = alerts
        self._spec = spec

    async def run(self) -> None:
        """Look now and then; runs until it is cancelled."""
        while True:
            try:
                await self.look()
            except HubError as error:
                self._runtime.observer.trouble("states", error)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once; several workers that look at once open an alert once."""
        runtime = self._runtime
        spec = self._spec()
        now = runtime.clock.now()
        wanted = set()
        for each in await unmapped_states(runtime.store, runtime.scope, spec):
            alert = Alert(
                kind="state",
                watch=_WATCH,
                cause=f"{each.document}/{each.system}/{each.state}",
                node=f"{each.system} {each.document} {each.state or '-'}",
                owner=Text("Master data", "主数据"),
                since=now,
                limit_s=0.0,
                key=each.numbers[0],
                title=Text("State without a map", "状态未对照"),
            )
            wanted.add(alert.id)
            await self._alerts.open(alert)
        for record in await self._alerts.opened(f"state/{_WATCH}"):
            if record.id not in wanted:
                await self._alerts.close(record)
