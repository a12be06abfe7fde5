"""Live instances: the state of running processes, read once and kept while this worker owns their lane.

The store stays the truth: whatever is not certain (a failed commit, a lost lane) is dropped here and read
again. A fenced commit makes sure that nobody else wrote meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lineshaft.base.errors import OperationalError
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import InstanceState, codec
from lineshaft.bpmn.kernel.state import ROOT
from lineshaft.bpmn.program import Program
from lineshaft.engine.releases import LoadedRelease, Releases
from lineshaft.feel import codec as values
from lineshaft.store.port import Store
from lineshaft.store.rows import StoredInstance

_KEPT_MAX: Final = 32
"""Encoded values that are kept for each instance."""
_NAMES_MAX: Final = 50_000
"""Instances whose process is still known after they were given up."""


@dataclass(slots=True)
class Live:
    """One running instance in memory."""

    tenant: str
    id: str
    lane: int
    release: LoadedRelease
    program: Program
    state: InstanceState
    version: int
    business_key: str | None = None
    department: str | None = None
    parent_id: str | None = None
    parent_token: int | None = None
    scope0: bytes | None = None
    kept: dict[int, tuple[object, bytes]] = field(default_factory=dict)
    """Lists and contexts of the variables with their stored forms, by identity: values never change."""
    status: str = "active"
    """As stored; ``frozen`` stands only here, never in the kernel's state."""
    started_at: datetime | None = None
    """Of one that was read from the store."""

    def stored_form(self, value: Any) -> bytes:
        """Return a variable's stored form, encoded once as long as the value is the same object."""
        if value.__class__ is not dict and value.__class__ is not list:
            return values.encode(value)
        found = self.kept.get(id(value))
        if found is None:
            if len(self.kept) >= _KEPT_MAX:
                self.kept.clear()
            found = self.kept[id(value)] = (value, values.encode(value))
        return found[1]


class StateTooNew(OperationalError):
    """A newer version of the hub wrote this instance: it is left to a worker of that version."""

    default_code = "state_too_new"


class Instances:
    """The instances in memory, the least recently used given up first."""

    def __init__(self, store: Store, releases: Releases, scope: Scope, kept_max: int) -> None:
        self._store = store
        self._releases = releases
        self._scope = scope
        self._kept_max = kept_max
        self._live: OrderedDict[str, Live] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Live | None]] = {}
        self._processes: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def all(self) -> list[Live]:
        """Return every instance that is in memory."""
        return list(self._live.values())

    def held(self, instance_id: str) -> Live | None:
        """Return an instance that is in memory."""
        live = self._live.get(instance_id)
        if live is not None:
            self._live.move_to_end(instance_id)
        return live

    def process_of(self, instance_id: str) -> str | None:
        """Return the process of an instance that is or was in memory; ``None`` where it is not known."""
        return self._processes.get(instance_id)

    async def get(self, instance_id: str) -> Live | None:
        """Return an instance, read from the store where it is not in memory."""
        live = self.held(instance_id)
        if live is not None:
            return live
        task = self._loading.get(instance_id)
        if task is None:
            task = asyncio.create_task(self._load(instance_id))
            self._loading[instance_id] = task
            task.add_done_callback(lambda _: self._loading.pop(instance_id, None))
        return await asyncio.shield(task)

    def keep(self, live: Live) -> None:
        """Hold an instance in memory."""
        self._live[live.id] = live
        self._processes[live.id] = live.program.process_id
        if len(self._processes) > _NAMES_MAX:
            self._processes.popitem(last=False)
        if len(self._live) > self._kept_max:
            self._live.popitem(last=False)

    def drop(self, instance_id: str) -> None:
        """Forget an instance; it is read again when it is needed."""
        self._live.pop(instance_id, None)

    def abandon(self, instance_ids: Iterable[str]) -> None:
        """Forget instances whose live state has moved on without being written."""
        for instance_id in instance_ids:
            self.drop(instance_id)

    def drop_lanes(self, lanes: Iterable[int]) -> None:
        """Forget all instances of lanes that are not ours any more."""
        gone = frozenset(lanes)
        for instance_id in [live.id for live in self._live.values() if live.lane in gone]:
            del self._live[instance_id]

    async def _load(self, instance_id: str) -> Live | None:
        found = await self._store.load_instances(self._scope, [instance_id])
        stored = found.get(instance_id)
        if stored is None:
            return None
        live = await self._restore(stored)
        self.keep(live)
        return live

    async def _restore(self, stored: StoredInstance) -> Live:
        row = stored.instance
        release = await self._releases.get(row.release)
        program = release.program(row.process_id)
        scopes = {ROOT: row.scope0, **stored.scopes} if row.scope0 else dict(stored.scopes)
        state = _state_of(
            row.id,
            row.root,
            scopes,
            {key: values.decode(value) for key, value in stored.variables.items()},
        )
        return Live(
            tenant=row.tenant,
            id=row.id,
            lane=row.lane,
            release=release,
            program=program,
            state=state,
            version=row.version,
            business_key=row.business_key,
            department=row.department,
            parent_id=row.parent_id,
            parent_token=row.parent_token,
            scope0=row.scope0,
            status=row.status,
            started_at=row.started_at,
        )


def _state_of(instance_id: str, *rows: Any) -> InstanceState:
    """Return the kernel's state of its rows; raises ``StateTooNew``."""
    try:
        return codec.decode_state(instance_id, *rows)
    except codec.NewerState as error:
        raise StateTooNew(
            text(
                "Instance {id} was written by a newer version of the hub and waits for a worker of that one.",
                "流程实例 {id} 由更新版本写入,将等待该版本的工作进程处理。",
                id=instance_id,
            )
        ) from error
