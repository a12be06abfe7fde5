"""A transaction in the making: what one work item changes, gathered until it becomes one ``Unit``.

Live state moves on at once; the unit says what to make durable. If the unit is not written, whoever
submitted it drops the live state of ``touched`` instances and reads them again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, cast

from lineshaft.bpmn.kernel import codec
from lineshaft.bpmn.kernel.state import ROOT
from lineshaft.store.rows import History, Instance, InstanceScope, InstanceStatus, Variable
from lineshaft.store.writes import (
    AddHistory,
    DeleteScope,
    DeleteVariable,
    InsertInstance,
    PutScope,
    PutVariable,
    Unit,
    UpdateInstance,
    Write,
)

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel import Event as KernelEvent
    from lineshaft.bpmn.kernel import Step
    from lineshaft.engine.instances import Live


@dataclass(slots=True)
class Touched:
    """What happened to one instance within the transaction."""

    live: Live
    is_new: bool
    expected: int
    scopes_changed: set[int] = field(default_factory=set)
    scopes_removed: set[int] = field(default_factory=set)
    variables_set: dict[tuple[int, str], object] = field(default_factory=dict)
    variables_new: set[tuple[int, str]] = field(default_factory=set)
    variables_removed: set[tuple[int, str]] = field(default_factory=set)
    events: list[KernelEvent] = field(default_factory=list)
    release: str | None = None


class Transaction:
    """Gathers writes, touched instances, and what to do once it is durable."""

    def __init__(self, now: datetime, lane: int | None) -> None:
        self.now = now
        self.lane = lane
        self.writes: list[Write] = []
        self.touched: dict[str, Touched] = {}
        self.after: list[Callable[[], None]] = []
        self.undo: list[Callable[[], None]] = []

    def add(self, write: Write) -> None:
        """Write this too."""
        self.writes.append(write)

    def then(self, action: Callable[[], None]) -> None:
        """Do this when it is durable."""
        self.after.append(action)

    def otherwise(self, action: Callable[[], None]) -> None:
        """Do this when it was not written."""
        self.undo.append(action)

    def touch(self, live: Live, *, is_new: bool = False) -> Touched:
        """Say that ``live`` is changed by this transaction."""
        touched = self.touched.get(live.id)
        if touched is None:
            touched = self.touched[live.id] = Touched(live, is_new, live.version)
        return touched

    def record(self, live: Live, step: Step) -> None:
        """Take over what a step decided: its delta into the live state, its events into the history."""
        touched = self.touch(live)
        delta = step.delta
        stored = live.state.variables
        for key in delta.variables_set:
            if key not in touched.variables_set and key not in touched.variables_removed:
                scope, name = key
                if (values := stored.get(scope)) is None or name not in values:
                    touched.variables_new.add(key)
        live.state.apply(delta)
        touched.scopes_changed.update(delta.scopes_changed)
        touched.scopes_removed.update(delta.scopes_removed)
        for key, value in delta.variables_set.items():
            touched.variables_set[key] = value
            touched.variables_removed.discard(key)
        for key in delta.variables_removed:
            touched.variables_set.pop(key, None)
            touched.variables_removed.add(key)
        touched.events.extend(step.events)

    def finish(self) -> Unit:
        """Encode the touched instances and return the unit."""
        writes: list[Write] = []
        for touched in self.touched.values():
            _write_instance(touched, self.now, writes)
        writes.extend(self.writes)
        return Unit(writes, self.lane)


def _write_instance(touched: Touched, now: datetime, writes: list[Write]) -> None:
    live = touched.live
    state = live.state
    tenant, instance_id = live.tenant, live.id
    version = touched.expected + 1
    live.version = version
    if ROOT in touched.scopes_changed or live.scope0 is None:
        scope0 = state.scopes.get(ROOT)
        live.scope0 = codec.encode_scope(scope0) if scope0 is not None else b""
    # A bug in the kernel stops the instance as it is; the kernel itself does not know that state.
    status = cast(InstanceStatus, "frozen" if live.status == "frozen" else state.status)
    ended_at = now if status in ("completed", "terminated") else None
    root = codec.encode_root(state)
    incidents = len(state.incidents)
    if touched.is_new:
        writes.append(
            InsertInstance(
                Instance(
                    tenant=tenant,
                    id=instance_id,
                    lane=live.lane,
                    process_id=live.program.process_id,
                    release=live.release.id,
                    program=live.program.digest,
                    status=status,
                    version=version,
                    root=root,
                    scope0=live.scope0,
                    started_at=now,
                    business_key=live.business_key,
                    department=live.department,
                    ended_at=ended_at,
                    parent_id=live.parent_id,
                    parent_token=live.parent_token,
                    incidents=incidents,
                )
            )
        )
    else:
        writes.append(
            UpdateInstance(
                tenant=tenant,
                id=instance_id,
                expected=touched.expected,
                version=version,
                status=status,
                root=root,
                scope0=live.scope0,
                incidents=incidents,
                ended_at=ended_at,
                release=touched.release,
                program=live.program.digest if touched.release else None,
            )
        )
    for scope in touched.scopes_changed:
        if scope != ROOT and scope in state.scopes:
            writes.append(
                PutScope(InstanceScope(tenant, instance_id, scope, codec.encode_scope(state.scopes[scope])))
            )
    for scope in touched.scopes_removed:
        if scope != ROOT:
            writes.append(DeleteScope(tenant, instance_id, scope))
    _write_variables(touched, writes)
    if touched.events:
        writes.append(
            AddHistory(
                History(
                    tenant, instance_id, version, now, codec.encode_events(touched.events), live.department
                )
            )
        )


def _write_variables(touched: Touched, writes: list[Write]) -> None:
    live = touched.live
    tenant, instance_id = live.tenant, live.id
    for key, value in touched.variables_set.items():
        scope, name = key
        row = Variable(tenant, instance_id, scope, name, live.stored_form(value))
        writes.append(PutVariable(row, key in touched.variables_new))
    for scope, name in touched.variables_removed:
        writes.append(DeleteVariable(tenant, instance_id, scope, name))
