"""The connector of the faulty target: sorts its answers into the six classes, as a manifest would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lineshaft.base.errors import Invalid, OutcomeUnknown, RateLimited, Refused
from lineshaft.connectors.http.transport import Prepared
from lineshaft.sdk import CallContext, Outcome
from support.recording_connector import TIMEOUT_S, RecordingConnector


class FaultyConnector(RecordingConnector):
    """Talks to the faulty target."""

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        headers = {"Idempotency-Key": context.key, "Content-Type": "application/json"}
        body = json.dumps(dict(payload)).encode()
        reply = await self._transport.exchange(
            Prepared("POST", f"/{operation}", headers=headers, body=body),
            timeout_s=TIMEOUT_S,
            reads_only=False,
            sending=context.sending,
        )
        if reply.status == 422:
            raise Refused("over the credit limit", vendor_code="E42")
        if reply.status == 400:
            raise Invalid("no such unit", vendor_code="E7")
        if reply.status == 429:
            raise RateLimited("too many", wait_s=0.1)
        try:
            answer = json.loads(reply.body)
            number, repeated = answer["number"], answer["repeated"]
        except (ValueError, KeyError) as error:
            raise OutcomeUnknown(f"HTTP {reply.status}, not understood") from error
        return Outcome({"number": number}, number=number, repeated=repeated)
