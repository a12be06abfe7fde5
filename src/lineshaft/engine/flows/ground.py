"""What every flow of a worker stands on, and how its commits are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from lineshaft.base.errors import HubError, MissingReference
from lineshaft.base.ids import lane_of
from lineshaft.engine.crossref import Wish
from lineshaft.engine.facts import letter_fact
from lineshaft.engine.flows.model import Flow
from lineshaft.engine.flows.state import FlowState
from lineshaft.engine.flows.taking import Resolve, Taken
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.engine.words import kept, storable
from lineshaft.feel import codec as values
from lineshaft.mapping import Reference
from lineshaft.store.rows import DeadLetter, Effect, FlowItem
from lineshaft.store.writes import CloseDeadLetter, PutCursor, PutDeadLetter, Unit, Write

Park = Callable[[Flow, Taken, FlowItem, Sequence[Reference], datetime], list[Write]]
"""Returns the writes by which a record waits for its references, and comes again as this item."""

Bind = Callable[[Sequence[Wish], str], Awaitable[list[Write]]]
"""Returns the writes by which wishes are bound, in the name of the second one; raises ``Conflict``."""


async def nothing_known(references: Sequence[Reference]) -> Mapping[Reference, str]:
    """Answer no reference: for flows whose mappings look nothing up."""
    del references
    return {}


@dataclass(slots=True)
class Ground:
    """Shared by all flows of a worker."""

    runtime: Runtime
    systems: Systems
    notices: Notices | None = None
    resolve: Resolve = nothing_known
    park: Park | None = None
    """Where nobody parks, a record whose reference is missing becomes a dead letter."""
    bind: Bind | None = None


@dataclass(slots=True)
class Deed:
    """What a commit of a flow brings: the flow's own state and everything that goes with it."""

    state: FlowState
    writes: list[Write] = field(default_factory=list)
    aside: list[Unit] = field(default_factory=list)
    """Units that may turn out to be done already, without harm to the rest."""
    after: list[Callable[[], None]] = field(default_factory=list)


async def commit(ground: Ground, flow: Flow, deed: Deed) -> FlowState:
    """Write a deed; return the flow's state as it stands then.

    Raises:
        WriteConflict: Another worker has moved the flow on: nothing of the deed was written.
        StoreError: The database did not take it.
    """
    runtime = ground.runtime
    row = deed.state.row(runtime.tenant, flow.name, runtime.clock.now())
    unit = Unit([PutCursor(row, deed.state.version), *deed.writes])
    result, *_ = await runtime.store.commit([unit, *deed.aside])
    if result.error is not None:
        raise result.error
    for action in deed.after:
        action()
    state = deed.state
    state.version += 1
    return state


def letter_id(flow: str, system: str, key: str) -> str:
    """Return the id of the dead letter of a record: there is one at most for each target."""
    return f"flow/{flow}/{system}/{blake2b(key.encode(), digest_size=10).hexdigest()}"


def bury(
    ground: Ground, flow: Flow, deed: Deed, taken: Taken, *, system: str, operation: str, error: HubError
) -> None:
    """Make a dead letter of a record that cannot be written; it shows the record as it came."""
    runtime = ground.runtime
    now = runtime.clock.now()
    words = "".join(
        "#" if each.isdigit() else each for each in (getattr(error, "vendor_code", None) or str(error))
    )
    mark = storable(f"{flow.name}/{system}.{operation}/{error.code}/{words}")
    letter = DeadLetter(
        tenant=runtime.tenant,
        id=letter_id(flow.name, system, taken.key),
        subject="flow",
        subject_id=f"{flow.name} {taken.key}",
        lane=lane_of(runtime.tenant, taken.key),
        status="open",
        error_class=getattr(error, "default_code", "invalid"),
        cause=blake2b(mark.encode("utf-8", "replace"), digest_size=10).hexdigest(),
        error_text=kept(error),
        created_at=now,
        system=system,
        operation=operation,
        business_key=taken.key,
        payload=values.encode({"payload": _storable_record(taken.raw)}),
        attempts=taken.attempts + 1,
    )
    deed.writes.append(PutDeadLetter(letter))
    deed.state.counts["failed"] += 1
    deed.state.failed(taken.key, system, kept(error), now)
    if runtime.config.tells_facts:
        deed.writes.append(letter_fact(letter))
    if ground.notices is not None:
        told = runtime.begin(None)
        stand_in = Effect(
            tenant=runtime.tenant,
            id=letter.id,
            lane=letter.lane,
            system=system,
            operation=operation,
            safety="none",
            idempotency_key=letter.id,
            status="dead",
            created_at=now,
            due_at=now,
            business_key=taken.key,
            attempts=letter.attempts,
        )
        ground.notices.dead_letter(told, letter, stand_in, error)
        deed.writes.extend(told.writes)
        deed.after.extend(told.after)
    runtime.figures.dead_letters[system] += 1


def _storable_record(record: Mapping[str, Any]) -> Any:
    try:
        values.encode(record)
    except Exception:  # noqa: BLE001 - half a character, a value without an encoding: shown as text
        return {"record": storable(str(dict(record)))}
    return dict(record)


def resolved(ground: Ground, flow: Flow, deed: Deed, system: str, key: str) -> None:
    """A record was written after all: its dead letter is over, where it is still open."""
    now = ground.runtime.clock.now()
    closing = CloseDeadLetter(
        ground.runtime.tenant, letter_id(flow.name, system, key), "resolved", now, f"flow {flow.name}"
    )
    deed.aside.append(Unit([closing]))


def item_of(
    ground: Ground, flow: Flow, taken: Taken, system: str, *, status: str, due_at: datetime, name: str = ""
) -> FlowItem:
    """Return the entry by which a record comes again."""
    payload = {
        "kind": "record",
        "key": taken.key,
        "raw": dict(taken.raw),
        "version": taken.version,
        "attempts": taken.attempts,
        "at": taken.at,
    }
    return FlowItem(
        tenant=ground.runtime.tenant,
        flow=flow.name,
        id=name or taken.item or ground.runtime.ids.new(),
        key=taken.key,
        status=status,
        at=taken.at,
        due_at=due_at,
        side=system,
        payload=values.encode(payload),
    )


def waits_for(ground: Ground, flow: Flow, deed: Deed, taken: Taken, *, side: str, operation: str) -> None:
    """A record whose reference is not known waits for exactly that."""
    runtime = ground.runtime
    now = runtime.clock.now()
    if ground.park is None:
        first = taken.missing[0]
        told = MissingReference(f"no match for {first}", reference=str(first))
        bury(ground, flow, deed, taken, system=side, operation=operation, error=told)
        return
    item = item_of(ground, flow, taken, side, status="due", due_at=now)
    deed.writes.extend(ground.park(flow, taken, item, taken.missing, now))
    deed.state.counts["parked"] += 1
