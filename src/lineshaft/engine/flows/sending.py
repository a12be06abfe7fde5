"""Sending the batches of a round: attempted in one commit, all targets at once, a verdict for each record.

The six classes of errors decide for each record as they do for every call: refused and invalid ones become
dead letters, unavailable and limited ones come again later, one whose outcome is unknown is repeated where
that is safe and otherwise shown to a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from lineshaft.base.errors import (
    ConnectorError,
    HubError,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from lineshaft.base.text import text
from lineshaft.engine.flows.batch import Batch, Outgoing, send
from lineshaft.engine.flows.ground import Deed, Ground, bury, commit, item_of
from lineshaft.engine.flows.model import Flow, Target
from lineshaft.engine.flows.state import FlowState
from lineshaft.engine.systems import Operation
from lineshaft.sdk import ItemOutcome
from lineshaft.store.writes import DeleteFlowItem, InsertEffect, PutFlowItem

Guard = Callable[[], None]


def operation_of(ground: Ground, system: str, name: str) -> Operation:
    """Return an operation of a target.

    Raises:
        Unavailable: It has none of that name, as far as this worker knows.
    """
    found = ground.systems.operation(f"{system}.{name}")
    if found is None:
        raise Unavailable(
            text("{system} has no operation {name}.", "{system} 没有操作 {name}。", system=system, name=name),
            code="operation_unknown",
        )
    return found


def batches_of(
    ground: Ground, flow: Flow, state: FlowState, target: Target, items: Sequence[Outgoing], *, create: bool
) -> list[Batch]:
    """Return the batch of a target, or none where there is nothing to write."""
    if not items:
        return []
    name = target.create if create and target.create is not None else target.operation
    operation = operation_of(ground, target.system, name)
    kept = flow.rules is not None or operation.spec.safety != "natural_key"
    mark = ".new" if create else ""
    batch_id = f"flow/{flow.name}/{target.system}/{state.version + 1}{mark}"
    return [Batch(batch_id, target.system, operation.name, operation.spec, list(items), kept)]


async def send_all(
    ground: Ground, flow: Flow, state: FlowState, batches: Sequence[Batch], guard: Guard
) -> tuple[FlowState, list[HubError]]:
    """Mark the batches as attempted and send them; those without results have failed as a whole.

    Returns:
        The flow's state behind the mark, and why batches failed.
    """
    runtime = ground.runtime
    now = runtime.clock.now()
    draft = state.copy()
    draft.open = tuple(batch.id for batch in batches)
    inserted = [InsertEffect(batch.effect(runtime.tenant, flow.name, now)) for batch in batches]
    state = await commit(ground, flow, Deed(draft, list(inserted)))
    if flow.rate_per_s is not None:
        # The cap holds over all targets of the flow: this much time belongs to what is sent now.
        pause = asyncio.create_task(asyncio.sleep(sum(len(b.items) for b in batches) / flow.rate_per_s))
    else:
        pause = None
    try:
        results = await asyncio.gather(
            *(send(batch, ground.systems, guard) for batch in batches), return_exceptions=True
        )
        if pause is not None:
            await pause
    finally:
        if pause is not None:
            pause.cancel()
    errors: list[HubError] = []
    for result in results:
        if isinstance(result, HubError):
            errors.append(result)
        elif isinstance(result, BaseException):
            raise result
    return state, errors


def evidence(ground: Ground, deed: Deed, batches: Sequence[Batch]) -> None:
    """Bring the evidence of batches that have results; the others stay open."""
    runtime = ground.runtime
    now = runtime.clock.now()
    deed.writes.extend(batch.evidence(runtime.tenant, now) for batch in batches if batch.results is not None)
    deed.state.open = tuple(batch.id for batch in batches if batch.results is None)


def failed(
    ground: Ground, flow: Flow, deed: Deed, item: Outgoing, batch: Batch, *, result: ItemOutcome, side: str
) -> str:
    """Deal with a record that was not written.

    Returns:
        What it is now: ``dead``, or ``waiting`` where it comes again by itself.
    """
    error = result.error
    assert error is not None
    assert item.taken is not None
    taken = item.taken
    gap_s = _gap_s(flow, taken.attempts, error)
    if isinstance(error, MissingReference):
        taken.attempts += 1
    comes_again = isinstance(error, (Unavailable, RateLimited)) or (
        isinstance(error, OutcomeUnknown) and batch.spec.safety in ("natural_key", "idempotency_key")
    )
    if comes_again and gap_s is not None:
        due_at = ground.runtime.clock.now() + timedelta(seconds=gap_s)
        counted = 0 if isinstance(error, RateLimited) else 1
        later = replace(taken, attempts=taken.attempts + counted)
        deed.writes.append(PutFlowItem(item_of(ground, flow, later, side, status="due", due_at=due_at)))
        deed.state.counts["repeated"] += 1
        return "waiting"
    bury(ground, flow, deed, taken, system=batch.system, operation=batch.operation, error=error)
    if taken.item is not None:
        deed.writes.append(DeleteFlowItem(ground.runtime.tenant, flow.name, taken.item))
    return "dead"


def _gap_s(flow: Flow, attempts: int, error: ConnectorError) -> float | None:
    if isinstance(error, RateLimited):
        return error.wait_s or 1.0
    return flow.retry_gaps_s[attempts] if attempts < len(flow.retry_gaps_s) else None
