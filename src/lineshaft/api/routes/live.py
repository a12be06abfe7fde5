"""Live updates: server-sent events with small facts; whoever hears one reads anew what they show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import StreamingResponse

from lineshaft.api.access import Reader, ServicesOf, who_calls
from lineshaft.api.json_edge import dumps
from lineshaft.api.routing import make_router
from lineshaft.insight.live import Listener

router = make_router("live")

QUIET_S: Final = 15.0
"""After this time without a fact a comment is sent, so that nobody on the way takes the line for dead."""
GATHER_S: Final = 0.3
"""Facts are gathered for this long: many commits, one message."""


@router.get("/events/stream", response_class=StreamingResponse)
async def stream_facts(request: Request, services: ServicesOf, caller: Reader) -> StreamingResponse:
    """Stream what changes, as far as the caller may see it (server-sent events).

    Each event `facts` is `{"seq": n, "facts": [{"topic": …, "id": …}]}`; a gap in `seq` or a new connection
    asks for a fresh look at everything. The stream ends when the caller is signed out.
    """
    listener = services.live.listen(caller.scope)

    async def lines() -> AsyncIterator[bytes]:
        try:
            async for line in _lines(request, services, listener):
                yield line
        finally:
            services.live.leave(listener)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def _lines(request: Request, services: ServicesOf, listener: Listener) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n: hello\n\n"
    seq = 0
    while not listener.closed:
        facts = await listener.facts(QUIET_S)
        if await who_calls(services, request) is None:
            return
        if not facts:
            yield b": quiet\n\n"
            continue
        seq += 1
        body = dumps({"seq": seq, "facts": [{"topic": each.topic, "id": each.id} for each in facts]})
        yield b"id: %d\nevent: facts\ndata: %b\n\n" % (seq, body)
        await asyncio.sleep(GATHER_S)
