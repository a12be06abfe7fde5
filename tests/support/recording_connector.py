"""The connector of the recording target, over the product's own transport.

It is the transport that asks for the lease, when a connection stands and no byte has left: a worker that was
stopped while it connected does not send when it wakes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from lineshaft.base.errors import OutcomeUnknown
from lineshaft.base.text import Text
from lineshaft.connectors.http.transport import Prepared, Reply, Transport
from lineshaft.sdk import (
    CallContext,
    ChangePage,
    CheckStep,
    ConnectorSpec,
    ItemOutcome,
    OperationSpec,
    Outcome,
    ResourceSpec,
)

TIMEOUT_S = 1.0
SETTLES_S = 0.3


def _operation(name: str, safety: Any) -> OperationSpec:
    return OperationSpec(name, Text(name, name), safety, settles_within_s=SETTLES_S, timeout_s=TIMEOUT_S)


class RecordingConnector:
    """Talks to the recording target."""

    def __init__(self, base: str, concurrency_max: int = 16) -> None:
        self._transport = Transport(
            "target",
            base,
            concurrency_max=concurrency_max,
            connect_timeout_s=TIMEOUT_S,
            keep_alive_s=15.0,
        )
        self.spec = ConnectorSpec(
            "target",
            Text("target", "target"),
            operations=(
                _operation("keyed", "idempotency_key"),
                _operation("natural", "natural_key"),
                _operation("probed", "probe"),
                _operation("bare", "none"),
            ),
            concurrency_max=concurrency_max,
        )

    async def open(self) -> None:
        self._transport.open()

    async def close(self) -> None:
        await self._transport.close()

    async def check(self) -> list[CheckStep]:
        await self._asked("none")
        return [CheckStep(Text("read", "read"), True, Text("ok", "ok"))]

    async def describe(self) -> list[ResourceSpec]:
        return []

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        del resource, record_id
        return None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        del resource
        return ChangePage((), cursor or b"")

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        headers = {"Idempotency-Key": context.key, "Content-Type": "application/json"}
        body = json.dumps(dict(payload)).encode()
        reply = await self._transport.exchange(
            Prepared("POST", f"/{operation}", headers=headers, body=body),
            timeout_s=TIMEOUT_S,
            reads_only=False,
            sending=context.sending,
        )
        if reply.status != 200:
            raise OutcomeUnknown(f"HTTP {reply.status}")
        answer = json.loads(reply.body)
        return Outcome({"number": answer["number"]}, number=answer["number"], repeated=answer["repeated"])

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        del operation, payload
        reply = await self._asked(context.key)
        if reply.status == 404:
            return None
        number = json.loads(reply.body)["number"]
        return Outcome({"number": number}, number=number)

    async def _asked(self, key: str) -> Reply:
        query = urlencode({"key": key})
        return await self._transport.exchange(
            Prepared("GET", f"/probed?{query}"), timeout_s=TIMEOUT_S, reads_only=True
        )

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return [ItemOutcome(await self.call(operation, item, context)) for item in items]
