"""Spans to a collector: OTLP over HTTP in its JSON form, in batches, beside the work.

A collector that is away costs nothing but the spans: what does not fit the queue is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import aiohttp

from lineshaft.engine.traces import Span, parts

QUEUE_MAX: Final = 10_000
BATCH_MAX: Final = 500
PAUSE_S: Final = 1.0
_SERVER, _CLIENT = 2, 3


class OtlpSpans:
    """Takes spans and sends them.

    Args:
        url: The collector, e.g. ``http://127.0.0.1:4318/v1/traces``.
        headers: For example a key of the collector.
        resource: Who we are: ``service.name``, ``service.version`` …
    """

    def __init__(self, url: str, headers: Mapping[str, str], resource: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(headers)
        self._resource = _attributes(resource)
        self._queue: deque[Span] = deque()
        self.dropped = 0
        self.sent = 0

    def add(self, span: Span) -> None:
        """See ``traces.Spans``."""
        if len(self._queue) >= QUEUE_MAX:
            self.dropped += 1
        else:
            self._queue.append(span)

    async def run(self) -> None:
        """Send now and then; runs until it is cancelled, then sends what is left once."""
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session:
            try:
                while True:
                    await asyncio.sleep(PAUSE_S)
                    await self._flush(session)
            except asyncio.CancelledError:
                with suppress(TimeoutError):
                    async with asyncio.timeout(2.0):
                        await self._flush(session)
                raise

    async def _flush(self, session: aiohttp.ClientSession) -> None:
        while self._queue:
            count = min(len(self._queue), BATCH_MAX)
            batch = [self._queue.popleft() for _ in range(count)]
            try:
                async with session.post(self._url, json=self._body(batch)) as answer:
                    if answer.status < 300:
                        self.sent += count
                        continue
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.dropped += count
            return

    def _body(self, spans: Sequence[Span]) -> dict[str, Any]:
        scope = {"scope": {"name": "lineshaft"}, "spans": [_shown(span) for span in spans]}
        return {"resourceSpans": [{"resource": {"attributes": self._resource}, "scopeSpans": [scope]}]}


def _shown(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _CLIENT if span.kind == "call" else _SERVER,
        "startTimeUnixNano": str(span.began_ns),
        "endTimeUnixNano": str(span.ended_ns),
        "attributes": _attributes(span.attributes),
        "status": {"code": 2, "message": span.error} if span.error else {"code": 1},
    }
    cause = parts(span.link) if span.link else None
    if cause is not None:
        found["links"] = [{"traceId": cause[0], "spanId": cause[1]}]
    return found


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]
