"""Faulty targets: outside systems that refuse, hang, lose their answers, commit late and count everything.

A target lives outside the hub's processes: what it was sent it carries out, whether or not the caller still
lives. It knows the truth (what was really carried out, and how often) that the oracle compares with.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lineshaft.base.errors import (
    Invalid,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text
from lineshaft.sdk import (
    CallContext,
    ChangePage,
    CheckStep,
    ConnectorSpec,
    DocumentFact,
    ItemOutcome,
    OperationSpec,
    Outcome,
    ResourceSpec,
)
from simulation.loop import Process, SimulatedLoop

SETTLES_S = 8.0
"""Longer than a lease: whoever takes a lane over must still wait."""
TIMEOUT_S = 2.0


def _operation(name: str, safety: Any, *, reads_only: bool = False) -> OperationSpec:
    return OperationSpec(
        name,
        Text(name, name),
        safety,
        settles_within_s=SETTLES_S if safety == "probe" else 0.0,
        timeout_s=TIMEOUT_S,
        reads_only=reads_only,
    )


OPERATIONS = (
    _operation("keyed", "idempotency_key"),
    _operation("natural", "natural_key"),
    _operation("probed", "probe"),
    _operation("bare", "none"),
    _operation("look", "none", reads_only=True),
    _operation("notify", "idempotency_key"),
)


@dataclass(slots=True)
class Deed:
    """One piece of work as its sender means it: which document, which step."""

    sent: int = 0
    done: int = 0
    """How often it took effect."""
    repeats: int = 0
    """How often the target knew that it had done it already."""
    pending: int = 0
    """Arrived and not yet carried out: a late commit."""
    keys: set[str] = field(default_factory=set)
    verdict: str | None = None
    """``refused`` or ``invalid``, once the target has said so."""


FATES = (
    "slow",
    "request_lost",
    "answer_lost",
    "late",
    "hangs_done",
    "hangs_late",
    "hangs_never",
    "http_500_but_done",
    "garbage",
    "unstorable",
    "rate_limited",
    "missing_reference",
    "refused",
    "invalid",
)
"""The ways in which a call does not just go well."""


class Target:
    """One outside system."""

    def __init__(self, name: str, loop: SimulatedLoop, chance: random.Random, trouble: float) -> None:
        self.name = name
        self.loop = loop
        self.chance = chance
        self.trouble = trouble
        """How likely a call ends badly; 0 once the world is calm."""
        self.cap = chance.choice((1, 2, 3, 8))
        self.is_down = False
        self.outages = 0
        self.deeds: dict[tuple[str, str], Deed] = {}
        """By document and step."""
        self.order: dict[str, list[str]] = {}
        """For steps that ask for order: by key, what was carried out one after another."""
        self.answers: dict[str, dict[str, Any]] = {}
        """By idempotency key (and by natural key): what was answered."""
        self.known: set[str] = set()
        """References that have appeared."""
        self.calling: list[Process] = []
        self.calling_max = 0
        self.faults: Counter[str] = Counter()
        self.calls = 0
        self._unlucky: Counter[str] = Counter()
        self.note: Callable[[str], None] = lambda what: None
        self.script: dict[str, list[str]] = {}
        """For scenes: by operation, the fates of its first calls."""
        self.before_sending: Callable[[str], Awaitable[None]] | None = None
        self.on_sent: Callable[[str], None] = lambda operation: None
        self.spec = ConnectorSpec(name, Text(name, name), operations=OPERATIONS, concurrency_max=self.cap)

    # -- what a caller sees --------------------------------------------------------------------------------

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation, or fail in one of the many ways."""
        self.calls += 1
        # Now and then connecting takes long: a lot can happen between the mark and the first byte.
        slow = self.trouble and self.chance.random() < 0.1
        await asyncio.sleep(self.chance.random() * (TIMEOUT_S * 0.9 if slow else 0.02))
        if self.is_down:
            self.faults["down"] += 1
            if self.chance.random() < 0.1:
                await asyncio.sleep(TIMEOUT_S * 2)
            raise Unavailable(f"{self.name} refuses connections")
        if self.before_sending is not None:
            await self.before_sending(operation)
        context.sending()
        self.on_sent(operation)
        deed = self._deed(payload, context.key)
        deed.sent += 1
        deed.keys.add(context.key)
        fate = self._fate(operation, context.key, deed)
        self.note(f"   {self.name}.{operation} {context.key} is sent by {_caller()}: {fate}")
        with _Counted(self):
            return await self._go(fate, operation, payload, context)

    async def probe(self, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for an earlier call."""
        self.calls += 1
        await asyncio.sleep(self.chance.random() * 0.02)
        if self.is_down or self.chance.random() < self.trouble * 0.3:
            raise Unavailable(f"{self.name} cannot be asked")
        answer = self.answers.get(context.key)
        self.note(f"   {self.name} is asked by {_caller()} for {context.key}: {answer}")
        await asyncio.sleep(self.chance.random() * 0.02)
        return Outcome(answer, number=answer["number"]) if answer is not None else None

    async def check(self) -> list[CheckStep]:
        """Tell whether it is there."""
        await asyncio.sleep(self.chance.random() * 0.02)
        if self.is_down:
            raise Unavailable(f"{self.name} refuses connections")
        return [CheckStep(Text("read", "read"), True, Text("ok", "ok"))]

    # -- how it behaves --------------------------------------------------------------------------------------

    def _deed(self, payload: Mapping[str, Any], key: str) -> Deed:
        if "order" in payload:
            return self.deeds.setdefault((str(payload["order"]), str(payload["step"])), Deed())
        return self.deeds.setdefault((f"notice {payload['system']}", key), Deed())

    def on_missing(self, reference: str) -> None:
        """Say that a call misses a reference, before its caller hears of it."""

    def _fate(self, operation: str, key: str, deed: Deed) -> str:
        if self.script.get(operation):
            return self.script[operation].pop(0)
        if deed.verdict is not None:
            return deed.verdict
        if self.chance.random() >= self.trouble or self._unlucky[key] >= 2:
            return "fine"
        fate = self.chance.choice(FATES)
        if fate in ("refused", "invalid"):
            if deed.done or deed.pending or operation in ("look", "notify"):
                return "fine"
            deed.verdict = fate
        elif fate == "missing_reference":
            if key in self.known or deed.done or deed.pending:
                return "fine"
        elif fate != "slow":
            self._unlucky[key] += 1
        return fate

    async def _go(
        self, fate: str, operation: str, payload: Mapping[str, Any], context: CallContext
    ) -> Outcome:
        if fate != "fine":
            self.faults[fate] += 1
        chance = self.chance.random
        travel_s = chance() * 0.05
        match fate:
            case "fine" | "slow":
                if fate == "slow":
                    travel_s += chance() * TIMEOUT_S * 0.9
                return await self._commit(operation, payload, context.key, travel_s)
            case "answer_lost" | "http_500_but_done" | "garbage":
                await self._commit(operation, payload, context.key, travel_s)
                raise OutcomeUnknown(_WORDS[fate])
            case "unstorable":
                outcome = await self._commit(operation, payload, context.key, travel_s)
                if self.chance.random() < 0.5:
                    return replace(outcome, answer={**outcome.answer, "note": "\ud800"})
                return replace(outcome, documents=(DocumentFact("order", "\x00", "1"),))
            case "late":
                self._commit_later(operation, payload, context.key, chance() * SETTLES_S * 0.99)
            case "latest":
                self._commit_later(operation, payload, context.key, SETTLES_S * 0.99)
            case "hangs_done":
                await self._commit(operation, payload, context.key, travel_s)
            case "hangs_late":
                later_s = chance() * SETTLES_S * 0.99
                self._commit_later(operation, payload, context.key, later_s)
            case _:
                pass
        await asyncio.sleep(TIMEOUT_S * 3 if fate.startswith("hangs") else travel_s)
        match fate:
            case "rate_limited":
                raise RateLimited("too many calls", wait_s=0.2 + chance())
            case "missing_reference":
                reference = f"part:{self.name}:{context.key}"
                self.on_missing(reference)
                raise MissingReference("unknown part", reference=reference)
            case "refused":
                raise Refused(
                    "over the credit limit", vendor_code="E42", vendor_text="信用额度不足\x00\ud800"
                )
            case "invalid":
                raise Invalid("a field is wrong", vendor_code="E7")
            case _:
                raise OutcomeUnknown("connection reset")

    async def _commit(self, operation: str, payload: Mapping[str, Any], key: str, delay_s: float) -> Outcome:
        """Carry it out in the target's own time, whatever becomes of the caller meanwhile."""
        reply: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def carry_out() -> None:
            outcome = self._carry_out(operation, payload, key)
            if not reply.done():
                reply.set_result(outcome)

        self._outside(delay_s, carry_out, payload, key)
        return await reply

    def _commit_later(self, operation: str, payload: Mapping[str, Any], key: str, delay_s: float) -> None:
        self._outside(delay_s, lambda: self._carry_out(operation, payload, key), payload, key)

    def _outside(self, delay_s: float, work: Any, payload: Mapping[str, Any], key: str) -> None:
        deed = self._deed(payload, key)
        deed.pending += 1

        def arrived() -> None:
            deed.pending -= 1
            work()
            self.note(f"   {self.name} carries out {key}")

        self.loop.call_later(delay_s, arrived, context=_OUTSIDE)

    def _carry_out(self, operation: str, payload: Mapping[str, Any], key: str) -> Outcome:
        deed = self._deed(payload, key)
        handle = f"{payload['order']}/{payload['step']}" if operation == "natural" else key
        known = self.answers.get(handle) if operation in ("keyed", "natural", "notify") else None
        if known is not None:
            deed.repeats += 1
            return Outcome(known, number=known["number"], repeated=True)
        answer = {"number": f"{self.name}-{len(self.answers) + 1}"}
        if operation != "look":
            deed.done += 1
            self.answers[handle] = answer
            group = payload.get("group")
            if group is not None:
                self.order.setdefault(str(group), []).append(str(payload["order"]))
        return Outcome(answer, number=answer["number"])


_WORDS = {
    "answer_lost": "connection reset",
    "http_500_but_done": "HTTP 500",
    "garbage": "the answer is not JSON: \x00\ud800<html>",
}


def _caller() -> Process:
    return asyncio.get_running_loop().process_now  # type: ignore[attr-defined, no-any-return]


class _Counted:
    """A call under way, as the target sees it: it ends when the caller lets go or dies."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._process = _caller()

    def __enter__(self) -> None:
        target = self._target
        target.calling.append(self._process)
        target.calling = [process for process in target.calling if process.alive]
        target.calling_max = max(target.calling_max, len(target.calling))

    def __exit__(self, *_: object) -> None:
        if self._process in self._target.calling:
            self._target.calling.remove(self._process)


def _outside_context() -> Any:
    import contextvars

    return contextvars.Context()


_OUTSIDE = _outside_context()


class TargetConnector:
    """One node's connector to a target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def spec(self) -> ConnectorSpec:
        return self._target.spec

    async def open(self) -> None:
        """Nothing to make ready."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def check(self) -> list[CheckStep]:
        return await self._target.check()

    async def describe(self) -> list[ResourceSpec]:
        return []

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        del resource, record_id
        return None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        del resource
        return ChangePage((), cursor or b"")

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        return await self._target.call(operation, payload, context)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        del operation
        return await self._target.probe(payload, context)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return [ItemOutcome(await self.call(operation, item, context)) for item in items]
