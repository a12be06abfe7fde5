"""The connector of the recording target: plain HTTP, ``sending`` right before the bytes leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from lineshaft.base.errors import OutcomeUnknown, Unavailable
from lineshaft.base.text import Text
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
        self._base = base
        self._session: aiohttp.ClientSession | None = None
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
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self) -> list[CheckStep]:
        try:
            async with self._client().get(f"{self._base}/probed?key=none"):
                pass
        except aiohttp.ClientError as error:
            raise Unavailable(str(error)) from error
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
        context.sending()
        try:
            async with self._client().post(
                f"{self._base}/{operation}", json=dict(payload), headers={"Idempotency-Key": context.key}
            ) as response:
                if response.status != 200:
                    raise OutcomeUnknown(f"HTTP {response.status}")
                answer = await response.json()
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(str(error)) from error
        except aiohttp.ClientError as error:
            raise OutcomeUnknown(str(error)) from error
        return Outcome({"number": answer["number"]}, number=answer["number"], repeated=answer["repeated"])

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        del operation, payload
        try:
            async with self._client().get(f"{self._base}/probed", params={"key": context.key}) as response:
                if response.status == 404:
                    return None
                answer = await response.json()
        except aiohttp.ClientError as error:
            raise Unavailable(str(error)) from error
        return Outcome({"number": answer["number"]}, number=answer["number"])

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return [ItemOutcome(await self.call(operation, item, context)) for item in items]

    def _client(self) -> aiohttp.ClientSession:
        assert self._session is not None, "open first"
        return self._session
