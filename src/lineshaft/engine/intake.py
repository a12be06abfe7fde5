"""Intake: what comes in is durable before it is acknowledged, and taken in once per (source, id)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from lineshaft.base.clock import Clock
from lineshaft.base.errors import InputError
from lineshaft.base.ids import lane_of
from lineshaft.base.limits import Limits
from lineshaft.base.text import text
from lineshaft.engine.committer import Committer
from lineshaft.engine.documents import document_writes
from lineshaft.engine.router import START_TYPE
from lineshaft.engine.routes import SourceRule
from lineshaft.feel import codec as values
from lineshaft.sdk import Change, DocumentFact
from lineshaft.store.rows import Event
from lineshaft.store.writes import InsertEvent, Unit

Verdict = Literal["accepted", "duplicate"]


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
        self._committer = committer
        self._clock = clock
        self._tenant = tenant
        self._limits = limits
        self._offer = offer

    async def accept(self, incoming: Sequence[Incoming]) -> list[Verdict]:
        """Make events durable; returns once they are.

        Raises:
            InputError: an event is too large or lacks an attribute; none of the batch was taken.
            StoreError: the database refused one (for example a forbidden character).
        """
        now = self._clock.now()
        rows = [self._row(each, now) for each in incoming]
        units = [self._unit(each, row) for each, row in zip(incoming, rows, strict=True)]
        results = await self._committer.commit_all(units)
        verdicts: list[Verdict] = []
        for row, result in zip(rows, results, strict=True):
            if result.error is not None:
                raise result.error
            if result.status == "written":
                self._offer(row)
                verdicts.append("accepted")
            else:
                verdicts.append("duplicate")
        return verdicts

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
        return Unit([InsertEvent(row), *documents])

    def _row(self, incoming: Incoming, now: datetime) -> Event:
        key = incoming.key or incoming.subject or incoming.id
        for name, value in (("source", incoming.source), ("id", incoming.id), ("type", incoming.type)):
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
            payload=payload,
            priority=incoming.priority,
        )
