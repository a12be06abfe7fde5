"""Intake: what comes in is durable before it is acknowledged, and taken in once per (source, id)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from lineshaft.base.clock import Clock
from lineshaft.base.errors import BadRow, InputError, StoreUnavailable
from lineshaft.base.ids import lane_of
from lineshaft.base.limits import Limits
from lineshaft.base.text import Text, text
from lineshaft.engine.committer import Committer
from lineshaft.engine.documents import document_writes
from lineshaft.engine.figures import Figures
from lineshaft.engine.health import StoreHealth
from lineshaft.engine.router import START_TYPE
from lineshaft.engine.routes import SourceRule
from lineshaft.engine.traces import Span, Spans, span_id, trace_id
from lineshaft.feel import codec as values
from lineshaft.sdk import Change, DocumentFact
from lineshaft.store.cursors import micros_of
from lineshaft.store.rows import Event, FlowItem
from lineshaft.store.writes import InsertEvent, PutFlowItem, Unit, UnitResult

Verdict = Literal["accepted", "duplicate"]
WAIT_S: Final = 10.0
"""How long a sender waits for the database before it is told to come again."""
_NOTE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event as it came: CloudEvents attributes and its data."""

    source: str
    id: str
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    subject: str | None = None
    key: str | None = None
    """The business key that orders it; the subject, or the id, by default."""
    occurred_at: datetime | None = None
    department: str | None = None
    priority: int = 1
    system: str = ""
    """The connected system it comes from, where it comes from one."""
    documents: tuple[DocumentFact, ...] = ()
    """What it tells about documents of that system, for the chain of documents."""
    doubt: Text | None = None
    """What it tells about documents could not be read: why."""
    traceparent: str = ""
    """The trace that it came with (W3C trace context)."""


def incoming_of(system: str, change: Change, rule: SourceRule | None) -> Incoming:
    """Return the event of a change that a connector has read or received.

    The source is the resource it is about (its type without the last word), not the way it came: so a change
    that comes by webhook and by poll is taken in once.
    """
    incoming = Incoming(
        source="/".join(change.type.split(".")[:-1]) or system,
        id=change.id,
        type=change.type,
        data=change.data,
        subject=change.subject,
        key=change.subject,
        occurred_at=change.occurred_at,
        system=system,
        documents=change.documents,
        doubt=change.doubt,
        priority=rule.priority if rule is not None else 1,
    )
    if rule is None or rule.key is None:
        return incoming
    facts = {
        "type": incoming.type,
        "source": incoming.source,
        "subject": incoming.subject,
        "id": incoming.id,
        "time": incoming.occurred_at,
        "data": dict(incoming.data),
    }
    key = rule.key.evaluate({**facts, "event": facts}, strict=False)
    return replace(incoming, key=str(key)) if key not in (None, "") else incoming


class Intake:
    """Takes events in."""

    def __init__(
        self,
        committer: Committer,
        clock: Clock,
        tenant: str,
        limits: Limits,
        offer: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.health: StoreHealth | None = None
        """Says whether the store takes what is written; ``None``: nobody knows."""
        self.wait_s = WAIT_S
        self._committer = committer
        self._clock = clock
        self._tenant = tenant
        self._limits = limits
        self._offer = offer
        self.to_flows: Callable[[Event, Mapping[str, Any]], tuple[Sequence[FlowItem], bool]] | None = None
        """Says which flows take an event, and whether only they do: then nothing has to route it."""
        self.on_flows: Callable[[], None] = lambda: None
        """Told when something waits for a flow."""
        self.figures = Figures()
        self.spans: Spans | None = None

    async def accept(self, incoming: Sequence[Incoming]) -> list[Verdict]:
        """Make events durable; returns once they are.

        Raises:
            InputError: an event is too large or lacks an attribute; none of the batch was taken.
            StoreUnavailable: the database takes nothing now. What was waited for in vain may still be taken
                in when it is back; who sends it again sends a duplicate, which is no harm.
            StoreError: the database refused one (for example a forbidden character).
        """
        if self.health is not None:
            self.health.check()
        now = self._clock.now()
        rows = [self._row(each, now) for each in incoming]
        units = [self._unit(each, row) for each, row in zip(incoming, rows, strict=True)]
        results = await self._committed(units)
        verdicts: list[Verdict] = []
        self.figures.events["failed"] += sum(result.error is not None for result in results)
        for row, result in zip(rows, results, strict=True):
            if isinstance(result.error, BadRow):
                # It is the sender's to mend: a character that cannot be stored, a text too long.
                raise InputError(result.error.message)
            if result.error is not None:
                raise result.error
            if result.status == "written":
                self._offer(row)
                self.on_flows()
                verdicts.append("accepted")
            else:
                verdicts.append("duplicate")
        for verdict in verdicts:
            self.figures.events[verdict] += 1
        if self.spans is not None:
            for row, each in zip(rows, incoming, strict=True):
                self.spans.add(_span(row, each.traceparent, now, self._clock.now()))
        return verdicts

    async def _committed(self, units: list[Unit]) -> list[UnitResult]:
        """Commit; a sender is not kept waiting for ever."""
        try:
            async with asyncio.timeout(self.wait_s):
                return await self._committer.commit_all(units)
        except TimeoutError:
            if self.health is not None:
                self.health.check()
            message = text(
                "Expected the database to take the events in {seconds} s, but it did not; send them again.",
                "数据库未在 {seconds} 秒内保存事件;请重新发送。",
                seconds=self.wait_s,
            )
            raise StoreUnavailable(message) from None

    async def start(
        self,
        process_id: str,
        variables: Mapping[str, Any],
        *,
        instance_id: str,
        business_key: str | None = None,
        idempotency_key: str | None = None,
        department: str | None = None,
    ) -> Verdict:
        """Start a process; the same ``idempotency_key`` again starts nothing."""
        data = {
            "process_id": process_id,
            "variables": dict(variables),
            "business_key": business_key,
            "instance_id": instance_id,
        }
        event = Incoming(
            source="lineshaft/start",
            id=idempotency_key or instance_id,
            type=START_TYPE,
            data=data,
            subject=process_id,
            key=business_key or instance_id,
            department=department,
        )
        return (await self.accept([event]))[0]

    def _unit(self, incoming: Incoming, row: Event) -> Unit:
        """The event and the documents it tells about; nothing of it where the event is a duplicate."""
        documents = document_writes(
            self._tenant,
            incoming.system,
            incoming.documents,
            now=row.received_at,
            business_key=row.key,
            department=row.department,
        )
        items: Sequence[FlowItem] = ()
        if self.to_flows is not None:
            items, is_all = self.to_flows(row, incoming.data)
            if items and is_all:
                row = replace(row, routed_at=row.received_at, note="flow")
        return Unit([InsertEvent(row), *map(PutFlowItem, items), *documents])

    def _row(self, incoming: Incoming, now: datetime) -> Event:
        key = incoming.key or incoming.subject or incoming.id
        attributes = ("source", incoming.source), ("id", incoming.id), ("type", incoming.type), ("key", key)
        for name, value in attributes:
            if not value or len(value) > self._limits.key_characters_max:
                raise InputError(
                    text(
                        "Expected `{name}` with 1 to {limit} characters, but it has {count}.",
                        "`{name}` 应为 1 到 {limit} 个字符,实际为 {count} 个。",
                        name=name,
                        limit=self._limits.key_characters_max,
                        count=len(value),
                    )
                )
        payload = values.encode(dict(incoming.data))
        if len(payload) > self._limits.event_bytes_max:
            raise InputError(
                text(
                    "Expected at most {limit} bytes, but event {id} has {count}.",
                    "事件 {id} 有 {count} 字节,超过上限 {limit} 字节。",
                    limit=self._limits.event_bytes_max,
                    id=incoming.id,
                    count=len(payload),
                )
            )
        return Event(
            tenant=self._tenant,
            source=incoming.source,
            id=incoming.id,
            type=incoming.type,
            key=key,
            lane=lane_of(self._tenant, key),
            received_at=now,
            subject=incoming.subject,
            occurred_at=incoming.occurred_at,
            department=incoming.department,
            note=_noted(incoming.doubt),
            payload=payload,
            priority=incoming.priority,
        )


def _noted(doubt: Text | None) -> str | None:
    """Return what stands beside an event of which not everything could be read."""
    if doubt is None:
        return None
    return f"{doubt.in_language('zh')} | {doubt.in_language('en')}"[:_NOTE_MAX]


def _span(row: Event, cause: str, began_at: datetime, ended_at: datetime) -> Span:
    """Return the span of an event's intake, linked to the trace that it came with."""
    return Span(
        trace_id(row.tenant, row.key),
        span_id(f"{row.source} {row.id}"),
        row.type,
        "intake",
        micros_of(began_at) * 1000,
        micros_of(ended_at) * 1000,
        attributes={
            "lineshaft.source": row.source,
            "lineshaft.event": row.id,
            "lineshaft.business_key": row.key,
        },
        link=cause,
    )
