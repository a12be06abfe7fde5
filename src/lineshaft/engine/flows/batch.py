"""One batch for one target: a line in the effect ledger, a call, and a result for each record.

The line is there before the call (``attempted``) and names what is written, with a digest for each record;
the evidence is in it afterwards. Where the target finds a record again by its natural key and the flow can
make the batch anew from its source, the payloads are left out of the line. Its ``due_at`` lies beyond all
time: it is the flow's affair, and no worker takes it for a call of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from lineshaft.base.errors import (
    ConnectorError,
    Invalid,
    LeaseLost,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.ids import lane_of
from lineshaft.base.text import text
from lineshaft.engine.flows.taking import Taken
from lineshaft.engine.systems import Operation, Systems
from lineshaft.feel import codec as values
from lineshaft.sdk import CallContext, ItemOutcome, OperationSpec
from lineshaft.store.rows import Effect
from lineshaft.store.writes import UpdateEffect

NEVER: Final = datetime(9000, 1, 1, tzinfo=UTC)
_PER_RECORD_S: Final = 0.05
"""What each record of a batch may take beyond the operation's own time."""


@dataclass(slots=True)
class Outgoing:
    """A record that is to be written."""

    key: str
    payload: Mapping[str, Any]
    digest: str
    taken: Taken | None = None
    fields: Mapping[str, Any] | None = None
    """Of a flow in both directions: the fields of the shared shape that change by it."""
    notes: tuple[str, ...] = ()
    """What was decided on the way, for the ledger."""


@dataclass(slots=True)
class Batch:
    """What is written by one call."""

    id: str
    system: str
    operation: str
    spec: OperationSpec
    items: list[Outgoing]
    keeps_payloads: bool
    results: list[ItemOutcome] | None = None
    attempts: int = 1

    def effect(self, tenant: str, flow: str, now: datetime) -> Effect:
        """Return its line in the ledger, before the call."""
        records: list[dict[str, Any]] = []
        for each in self.items:
            record: dict[str, Any] = {"key": each.key, "digest": each.digest}
            if self.keeps_payloads:
                record["payload"] = dict(each.payload)
            if each.fields is not None:
                record["fields"] = dict(each.fields)
            if each.notes:
                record["notes"] = list(each.notes)
            records.append(record)
        return Effect(
            tenant=tenant,
            id=self.id,
            lane=lane_of(tenant, f"flow:{flow}"),
            system=self.system,
            operation=self.operation,
            safety=self.spec.safety,
            idempotency_key=self.id,
            status="attempted",
            created_at=now,
            due_at=NEVER,
            request=values.encode({"payload": {"flow": flow, "records": records}}),
            attempts=1,
            attempted_at=now,
            business_key=flow,
        )

    def evidence(self, tenant: str, now: datetime) -> UpdateEffect:
        """Return what became of it."""
        results = self.results or []
        failed = [
            {"key": item.key, "error": result.error.default_code, "text": str(result.error)[:200]}
            for item, result in zip(self.items, results, strict=True)
            if result.error is not None
        ]
        answer = {"written": len(results) - len(failed), "failed": failed}
        numbers = {
            item.key: result.outcome.number
            for item, result in zip(self.items, results, strict=True)
            if result.outcome is not None and result.outcome.number
        }
        if numbers:
            answer["numbers"] = numbers
        return UpdateEffect(
            tenant,
            self.id,
            "done",
            settled_at=now,
            attempts=self.attempts,
            evidence=values.encode({"answer": answer}),
        )


def stored_batch(effect: Effect, operation: Operation) -> Batch:
    """Return the batch of a line whose call may have been made; without payloads it has no items."""
    records = values.decode(effect.request)["payload"]["records"]
    kept = bool(records) and "payload" in records[0]
    items = [
        Outgoing(each["key"], each["payload"], each["digest"], None, each.get("fields"))
        for each in (records if kept else ())
    ]
    return Batch(
        effect.id, effect.system, operation.name, operation.spec, items, kept, attempts=effect.attempts + 1
    )


def digest_of(payload: Mapping[str, Any]) -> str:
    """Return the digest of what is written: equal records have equal ones."""
    return blake2b(values.encode(payload), digest_size=12).hexdigest()


async def send(batch: Batch, systems: Systems, may_call: Callable[[], None]) -> None:
    """Write a batch; its results are set for each record.

    Raises:
        Unavailable: Nothing was sent; the batch as a whole may be sent again.
        RateLimited: As above, after a while.
        OutcomeUnknown: It may have been written, in part or whole.
        LeaseLost: This worker must not write any more; nothing was sent.
    """
    connector = systems.connector(batch.system)
    if connector is None:
        raise Unavailable(
            text("There is no system {system}.", "没有系统 {system}。", system=batch.system),
            code="system_missing",
        )
    sent = False

    def sending() -> None:
        nonlocal sent
        may_call()
        sent = True

    async def part(items: Sequence[Outgoing], key: str) -> list[ItemOutcome]:
        context = CallContext(key, batch.attempts, batch.spec.timeout_s, sending)
        limit_s = batch.spec.timeout_s + _PER_RECORD_S * len(items)
        try:
            async with asyncio.timeout(limit_s):
                return await connector.write(batch.operation, [each.payload for each in items], context)
        except (Refused, Invalid) as error:
            # The whole of it was turned away for the sake of some: which ones, is found by halves.
            if len(items) == 1:
                return [ItemOutcome(error=error)]
            half = len(items) // 2
            first = await part(items[:half], f"{key}.0")
            return [*first, *await part(items[half:], f"{key}.1")]
        except TimeoutError:
            late = text(
                "{system} did not answer in time.", "{system} 未在限定时间内应答。", system=batch.system
            )
            raise (OutcomeUnknown(late) if sent else Unavailable(late, code="timeout")) from None

    may_call()
    try:
        results = await part(batch.items, batch.id)
    except (ConnectorError, LeaseLost):
        raise
    if len(results) != len(batch.items):
        raise OutcomeUnknown(
            text(
                "Expected {count} results of {system}, but got {found}.",
                "{system} 应返回 {count} 个结果,实际为 {found} 个。",
                count=len(batch.items),
                system=batch.system,
                found=len(results),
            )
        )
    batch.results = results


async def find_out(batch: Batch, systems: Systems, may_call: Callable[[], None]) -> list[Outgoing]:
    """Ask the target for each record of a batch whose outcome is unknown whether it was written.

    Returns:
        Those that were not; the others have their results.
    """
    connector = systems.connector(batch.system)
    assert connector is not None, "whoever asks has seen the system"
    found: list[ItemOutcome] = []
    missing: list[Outgoing] = []
    for number, item in enumerate(batch.items):
        context = CallContext(f"{batch.id}/{number}", batch.attempts, batch.spec.timeout_s, may_call)
        outcome = await connector.probe(batch.operation, item.payload, context)
        found.append(ItemOutcome(outcome=outcome))
        if outcome is None:
            missing.append(item)
    batch.results = found
    return missing
