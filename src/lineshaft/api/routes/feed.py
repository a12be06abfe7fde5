"""The event feed: what happened in the hub, in one order, for programs that read at their own pace."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lineshaft.api.access import Reader, ServicesOf, who_calls
from lineshaft.api.json_edge import Json, dumps
from lineshaft.api.problems import problem
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.base.errors import InputError
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.facts import KINDS
from lineshaft.feel import codec as values
from lineshaft.store.rows import Fact

router = make_router("feed")

QUIET_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class FactView:
    """Something that has happened."""

    id: str
    seq: int
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Fact) -> FactView:
        """Return the view of a fact."""
        return cls(row.id, row.seq or 0, row.kind, row.subject, row.at, values.decode(row.payload))


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Facts in their order; ``next`` is always there: ask with it again for what comes later."""

    items: list[FactView]
    next: str


Kinds = Annotated[list[str] | None, Query(alias="type", description=f"only these: {', '.join(KINDS)}")]
After = Annotated[
    str | None, Query(max_length=60, description="`next` of an earlier answer; `now`: from now on")
]


@router.get("/feed", response_model=FeedPage)
async def read_feed(
    request: Request,
    services: ServicesOf,
    caller: Reader,
    *,
    cursor: After = None,
    kinds: Kinds = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait_s: Annotated[float, Query(ge=0, le=30, description="wait so long for the first")] = 0,
) -> Response:
    """Return what happened after a cursor, oldest first; kept for seven days (410 where it is gone)."""
    after = await _position(services, cursor)
    if await _has_gap(services, after):
        return _gone(request)
    wanted = _known(kinds)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + float(wait_s)
    while True:
        found = await services.store.facts(caller.scope, after, limit, kinds=wanted)
        left = deadline - loop.time()
        if found or left <= 0:
            last = found[-1].seq or after if found else after
            return Json(FeedPage([FactView.of(each) for each in found], _cursor(last)))
        await services.facts.wait(left)


@router.get("/feed/stream", response_class=StreamingResponse)
async def stream_feed(
    request: Request, services: ServicesOf, caller: Reader, cursor: After = "now", kinds: Kinds = None
) -> Response:
    """Stream what happens (server-sent events); whoever comes back with `Last-Event-ID` misses nothing."""
    after = await _position(services, request.headers.get("last-event-id") or cursor)
    if await _has_gap(services, after):
        return _gone(request)
    wanted = _known(kinds)

    async def lines() -> AsyncIterator[bytes]:
        position = after
        yield b"retry: 3000\n: hello\n\n"
        loop = asyncio.get_running_loop()
        spoke = loop.time()
        while not services.live.closed:
            if await who_calls(services, request) is None:
                return
            found = await services.store.facts(caller.scope, position, 100, kinds=wanted)
            for row in found:
                position = row.seq or position
                body = dumps(FactView.of(row))
                yield b"id: %b\nevent: fact\ndata: %b\n\n" % (_cursor(position).encode(), body)
            if found:
                spoke = loop.time()
            elif loop.time() - spoke > QUIET_S:
                spoke = loop.time()
                yield b": quiet\n\n"
            else:
                await services.facts.wait(1.0)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def _position(services: Services, cursor: str | None) -> int:
    if cursor is None:
        return 0
    if cursor == "now":
        return await services.facts.last()
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        mark, _, number = packed.partition(".")
        found = int(number)
        if mark != "f" or not 0 <= found < 2**62 or not number.isdecimal():
            raise ValueError(number)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            text(
                "Expected `next` of an earlier answer, but got {cursor}.",
                "游标 {cursor} 无效。",
                cursor=ascii(cursor[:60]),
            ),
            code="cursor_invalid",
        ) from error
    return found


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"f.{position}".encode()).rstrip(b"=").decode()


async def _has_gap(services: Services, after: int) -> bool:
    """Tell whether something that comes after a cursor has been forgotten already."""
    if after == 0:
        return False
    oldest = await services.store.facts(Scope.of_engine(services.tenant), 0, 1)
    if oldest:
        return (oldest[0].seq or 0) > after + 1
    return after < await services.facts.last()


def _gone(request: Request) -> Response:
    return problem(
        request,
        410,
        code="feed_gap",
        detail=text("What came after this cursor is not kept any more.", "该游标之后的部分事件已不再保留。"),
        hint=text(
            "Look at the present state, then read on from `cursor=now`.",
            "请先查询当前状态,再从 `cursor=now` 继续读取。",
        ),
    )


def _known(kinds: list[str] | None) -> list[str]:
    unknown = sorted(set(kinds or ()) - set(KINDS))
    if unknown:
        raise InputError(
            text(
                "Expected types among {known}, but there is {found}.",
                "类型应为 {known} 之一,实际为 {found}。",
                known=", ".join(KINDS),
                found=", ".join(unknown)[:200],
            ),
            code="kind_unknown",
        )
    return kinds or []
