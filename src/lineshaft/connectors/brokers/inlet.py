"""Messages as changes, and when a broker is told that they may go. What both protocols share.

A page of messages is acknowledged when its events are durable: for a listener when the next page is asked
for, for a poll when the next one comes with the cursor that this page was given. Until then the broker keeps
them, and gives them to whoever asks next if we are gone.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.bodies import Unreadable, decoded
from lineshaft.connectors.brokers.model import InRule
from lineshaft.sdk.outcomes import Change, ChangePage

HOLD_S: Final = 60.0
"""So long a polled page is kept for us: then the connection is closed, and somebody else may have it."""
_POLL_WAIT_S: Final = 0.1
_SHOWN: Final = 2_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came."""

    content: bytes
    id: str
    """Its own id; empty where it has none."""
    meta: Mapping[str, Any]
    """What expressions see as ``message``."""
    handle: Any
    """What the protocol needs to acknowledge it."""
    at: datetime | None = None


class Inlet(Protocol):
    """An open subscription."""

    async def take(self, most: int, wait_s: float | None) -> list[Delivery]:
        """Return the next messages; waits for the first one, for ever or so long.

        Raises:
            Unavailable: The subscription has ended.
        """
        ...

    async def settle(self, deliveries: Sequence[Delivery], rejected: Sequence[Delivery]) -> None:
        """Tell the broker that these may go, and that nobody can read those."""
        ...

    async def close(self) -> None:
        """Give back what was not settled."""
        ...


Opening = Callable[[InRule, bool], Awaitable[Inlet]]
"""Opens a resource's inlet; told whether we have read from it before."""


@dataclass(frozen=True, slots=True)
class _Page:
    changes: tuple[Change, ...]
    cursor: bytes
    good: tuple[Delivery, ...]
    rejected: tuple[Delivery, ...]


class Reading:
    """Reads one resource, by polls or as a listener."""

    def __init__(self, rule: InRule, opening: Opening, nonce: Callable[[], str]) -> None:
        self._rule = rule
        self._opening = opening
        self._nonce = nonce
        self._inlet: Inlet | None = None
        self._held: _Page | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def poll(self, cursor: bytes | None) -> ChangePage:
        """Return the next page, or the last one again where its cursor was not stored."""
        check_cursor(cursor)
        async with self._turn:
            self._hold()
            try:
                return await self._polled(cursor)
            except BaseException:
                await self._let_go()
                raise

    async def _polled(self, cursor: bytes | None) -> ChangePage:
        if self._inlet is None:
            self._inlet = await self._opening(self._rule, cursor is not None)
        held = self._held
        if held is not None and held.cursor != cursor:
            return ChangePage(held.changes, held.cursor, more=True)
        if held is not None:
            self._held = None
            await self._inlet.settle(held.good, held.rejected)
        found = await self._inlet.take(self._rule.page, _POLL_WAIT_S)
        if not found:
            return ChangePage((), cursor if cursor is not None else encode_cursor("0"))
        page = self._held = self._page(found)
        return ChangePage(page.changes, page.cursor, more=True)

    async def listen(self, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield pages as messages come; see ``lineshaft.sdk.connector.Listener``."""
        check_cursor(cursor)
        inlet = await self._opening(self._rule, cursor is not None)
        try:
            while True:
                found = await inlet.take(self._rule.page, None)
                page = self._page(found)
                if page.changes:
                    # The queue keeps the place: the cursor only says that there is one.
                    yield ChangePage(page.changes, cursor or encode_cursor("0"))
                await inlet.settle(page.good, page.rejected)
        finally:
            await inlet.close()

    async def close(self) -> None:
        """Give back what is held."""
        async with self._turn:
            await self._let_go()
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)

    # -- holding -----------------------------------------------------------------------------------

    def _hold(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(HOLD_S, self._expire)

    def _expire(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._give_back())

    async def _give_back(self) -> None:
        async with self._turn:
            await self._let_go()

    async def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        inlet, self._inlet, self._held = self._inlet, None, None
        if inlet is not None:
            await inlet.close()

    # -- messages as changes -----------------------------------------------------------------------

    def _page(self, deliveries: Sequence[Delivery]) -> _Page:
        changes, good, rejected = [], [], []
        for delivery in deliveries:
            try:
                changes.append(self._change(delivery))
                good.append(delivery)
            except Unreadable as problem:
                if self._rule.unreadable == "reject":
                    rejected.append(delivery)
                    continue
                changes.append(self._unreadable(delivery, problem.message))
                good.append(delivery)
        return _Page(tuple(changes), encode_cursor(self._nonce()), tuple(good), tuple(rejected))

    def _change(self, delivery: Delivery) -> Change:
        rule = self._rule
        body = decoded(delivery.content, rule.body)
        names = {"body": body, "message": delivery.meta}
        try:
            subject = rule.subject.words(names)
            identity = rule.id.words(names) if rule.id is not None else delivery.id
        except ExpressionError as error:
            raise Unreadable(error.message) from None
        if not subject:
            source = rule.subject.source
            raise Unreadable(text("{source} is empty", "{source} 为空", source=source))
        data = dict(body) if isinstance(body, dict) else {"value": body}
        data["from_message"] = dict(delivery.meta)
        return Change(f"{rule.name}/{identity or self._nonce()}", rule.type, subject, data, delivery.at)

    def _unreadable(self, delivery: Delivery, message: Text) -> Change:
        identity = delivery.id or self._nonce()
        data = {
            "problem": message.to_dict(),
            "content_base64": base64.b64encode(delivery.content).decode(),
            "content": delivery.content.decode("utf-8", "replace")[:_SHOWN],
            "from_message": dict(delivery.meta),
        }
        rule = self._rule
        return Change(f"{rule.name}/{identity}/unreadable", rule.unreadable_type, identity, data, delivery.at)


def encode_cursor(page: str) -> bytes:
    """Return the cursor's bytes: versioned JSON. It names a page; the place is the broker's to keep."""
    return msgspec.json.encode({"v": 1, "page": page})


def check_cursor(cursor: bytes | None) -> None:
    """See that a cursor is one of ours.

    Raises:
        Invalid: It is not.
    """
    if cursor is None:
        return
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1 or not isinstance(raw["page"], str):
            raise KeyError("v")
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise Invalid(
            text("Expected a cursor of a message broker", "游标不是消息连接器的格式"),
            code="cursor_unreadable",
        ) from error


def plain(value: Any) -> Any:
    """Return a header's value as FEEL and the store have it."""
    if value is None or isinstance(value, bool | str | Decimal | datetime):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)
