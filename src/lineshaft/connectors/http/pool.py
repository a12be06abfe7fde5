"""The kept connections of one system: as many at a time as its cap says, each used again until it is old.

A connection is made when none is free. Several addresses of one host are tried side by side (RFC 8305), so
that one that does not answer costs a quarter of a second and not the whole time limit.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import aiohappyeyeballs

from lineshaft.connectors.http.line import Line

_NEXT_ADDRESS_AFTER_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: all that a connection is about."""

    scheme: str
    host: str
    port: int


class NotConnected(OSError):
    """No connection could be made: nothing was sent."""

    def __init__(self, kind: Literal["name", "certificate", "tls", "address"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@lru_cache(maxsize=1)
def default_context() -> ssl.SSLContext:
    """Return the TLS context of whoever has no certificates of its own; made once, it is not cheap."""
    return ssl.create_default_context()


class Pool:
    """Lends lines.

    Args:
        lines_max: How many are lent at a time, over all origins.
        connect_timeout_s: How long making one may take.
        keep_alive_s: How long one is kept that nobody uses.
        answer_bytes_max: The largest answer.
        context: Returns the TLS context, for origins that need one.
    """

    def __init__(
        self,
        *,
        lines_max: int,
        connect_timeout_s: float,
        keep_alive_s: float,
        answer_bytes_max: int,
        context: Callable[[], ssl.SSLContext] = default_context,
    ) -> None:
        self._free_places = lines_max
        self._connect_timeout_s = connect_timeout_s
        self._keep_alive_s = keep_alive_s
        self._answer_bytes_max = answer_bytes_max
        self._context = context
        self._idle: dict[Origin, list[Line]] = {}
        self._queue: deque[asyncio.Future[None]] = deque()
        self._lent: set[Line] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    def kept(self, origin: Origin) -> Line | None:
        """Lend a connection that stands, if there is one and a place; it must be ``given_back``."""
        if self._queue or not self._free_places:
            return None
        line = self._usable(origin)
        if line is not None:
            self._free_places -= 1
            self._lent.add(line)
        return line

    async def lend(self, origin: Origin, timeout_s: float) -> Line:
        """Lend a connection, as soon as there is a place; it must be ``given_back``.

        Raises:
            NotConnected: The host cannot be reached.
            TimeoutError: There was no place, or no connection, in time.
        """
        async with asyncio.timeout(timeout_s):
            await self._place()
            try:
                line = self._usable(origin)
                if line is None:
                    line = await self._connected(origin)
                if self._is_closed:
                    line.abort()
                    raise NotConnected("address", "closed meanwhile")
            except BaseException:
                self._give_up_place()
                raise
        self._lent.add(line)
        return line

    def give_back(self, origin: Origin, line: Line) -> None:
        """Take a line back: for the next one, or to be closed."""
        self._lent.discard(line)
        if line.is_free and not self._is_closed and self._keep_alive_s > 0:
            loop = asyncio.get_running_loop()
            line.idle_since = loop.time()
            self._idle.setdefault(origin, []).append(line)
            if self._sweep is None:
                self._sweep = loop.call_later(self._keep_alive_s, self._close_old)
        else:
            line.abort()
        self._give_up_place()

    async def close(self) -> None:
        """Close every connection; those that are lent break off."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for line in [each for lines in self._idle.values() for each in lines]:
            line.close()
        for line in list(self._lent):
            line.abort()
        self._idle.clear()
        # The transports close in the next rounds of the loop.
        await asyncio.sleep(0)

    # -- places --------------------------------------------------------------------------------------

    async def _place(self) -> None:
        if self._free_places and not self._queue:
            self._free_places -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._give_up_place()
            else:
                with suppress(ValueError):
                    self._queue.remove(turn)
            raise

    def _give_up_place(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free_places += 1

    # -- lines ---------------------------------------------------------------------------------------

    def _usable(self, origin: Origin) -> Line | None:
        """Take the line that was used last: the others grow old and are closed."""
        lines = self._idle.get(origin)
        if not lines:
            return None
        oldest = asyncio.get_running_loop().time() - self._keep_alive_s
        while lines:
            line = lines.pop()
            if line.is_free and line.idle_since > oldest:
                return line
            line.close()
        return None

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._keep_alive_s
        self._sweep = None
        for origin, lines in list(self._idle.items()):
            kept = [each for each in lines if each.idle_since > oldest and each.is_free]
            for each in lines:
                if each not in kept:
                    each.close()
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]
        if self._idle:
            first = min(each.idle_since for lines in self._idle.values() for each in lines)
            self._sweep = loop.call_at(first + self._keep_alive_s + 0.01, self._close_old)

    async def _connected(self, origin: Origin) -> Line:
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NotConnected("name", "host name not found") from error
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                connection = await aiohappyeyeballs.start_connection(
                    addresses, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S, loop=loop
                )
        except TimeoutError:
            raise
        except OSError as error:
            raise NotConnected("address", error.strerror or "connection refused") from error
        try:
            return await self._secured(origin, connection)
        except BaseException:
            connection.close()
            raise

    async def _secured(self, origin: Origin, connection: socket.socket) -> Line:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_secure = origin.scheme == "https"
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: Line(self._answer_bytes_max),
                sock=connection,
                ssl=self._context() if is_secure else None,
                server_hostname=origin.host if is_secure else None,
            )
        except ssl.CertificateError as error:
            raise NotConnected("certificate", f"TLS: {error.verify_message}") from error
        except OSError as error:
            # The other side may as well just hang up on what it does not understand.
            reason = f"TLS: {getattr(error, 'reason', None) or type(error).__name__}"
            raise NotConnected("tls" if is_secure else "address", reason) from error
        return line
