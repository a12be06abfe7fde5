"""A line: one kept connection that carries one HTTP/1.1 exchange after another, and nothing else.

The bytes of an answer are parsed by httptools (llhttp, Node's parser). There is no retry, no redirect, no
cookie jar and no header that nobody asked for; an answer is whole or it is an error. What a connection brings
while nobody asked closes it: it could be taken for the next answer.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final, cast

import httptools

HEAD_BYTES_MAX: Final = 64 * 1024
_BODILESS: Final = frozenset({204, 304})


class Broken(OSError):
    """The connection ended, or what came over it is no whole answer."""


class TooLarge(Broken):
    """The answer is larger than what is taken in."""


@dataclass(slots=True)
class Answer:
    """A whole answer; header names in small letters, several lines of one name as one list."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str]


class Line(asyncio.Protocol):
    """One connection. ``ask`` it, wait for the future, then see whether it ``is_free`` for the next."""

    def __init__(self, answer_bytes_max: int) -> None:
        self._bytes_max = answer_bytes_max
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        # Old servers write bare line feeds, blanks behind a chunk's size, and more than one of a header.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._waiter: asyncio.Future[Answer] | None = None
        self._goes_on = True
        self._spoilt = False
        self.idle_since = 0.0
        self._begin()

    def _begin(self) -> None:
        self._status = 0
        self._headers: dict[str, str] = {}
        self._cookie_lines: list[str] = []
        self._body: list[bytes] = []
        self._head_bytes = 0
        self._body_bytes = 0
        self._has_head = False

    # -- for the caller ------------------------------------------------------------------------------

    def ask(self, head: bytes, body: bytes | None) -> asyncio.Future[Answer]:
        """Send a request; the future brings the answer, ``Broken``, or what the network says.

        Whoever gives the future up must ``abort`` the line.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Broken("the connection was lost before the request")
        self._begin()
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        if body is None or len(body) <= HEAD_BYTES_MAX:
            transport.write(head + body if body else head)
        else:
            transport.writelines((head, body))
        return waiter

    @property
    def is_free(self) -> bool:
        """Tell whether the next request may go over it."""
        transport = self._transport
        return (
            self._goes_on
            and not self._spoilt
            and self._waiter is None
            and transport is not None
            and not transport.is_closing()
            # An answer that came before the whole request had left: the rest would be read as the next one.
            and transport.get_write_buffer_size() == 0
        )

    def abort(self) -> None:
        """Close it at once."""
        self._waiter = None
        self._spoilt = True
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close it in good order."""
        self._spoilt = True
        if self._transport is not None:
            self._transport.close()

    # -- for the loop --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._waiter is None:
            self.abort()
            return
        if not self._has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            cause = error.__context__
            self._fail(cause if isinstance(cause, Broken) else Broken(f"no HTTP answer: {error}"))
            return
        if not self._has_head and self._head_bytes > HEAD_BYTES_MAX:
            self._fail(TooLarge("the head of the answer is too large"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended: for an answer without a declared length that is its end."""
        self._goes_on = False
        if self._waiter is None:
            return
        if exc is None and self._has_head and self._lasts_until_the_end():
            self._finish()
        else:
            self._fail(exc if isinstance(exc, OSError) else Broken("the connection was lost"))

    def _lasts_until_the_end(self) -> bool:
        chunked = "chunked" in self._headers.get("transfer-encoding", "").lower()
        return not chunked and "content-length" not in self._headers

    # -- for the parser ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins; one after the answer is one too many."""
        if self._waiter is None:
            self._spoilt = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers behind the body are left out."""
        if self._has_head:
            return
        small = name.decode("latin-1").lower()
        words = value.decode("utf-8", "surrogateescape").strip()
        if small == "set-cookie":
            self._cookie_lines.append(words)
        elif small in self._headers:
            # Several lines of one name are one list (RFC 9110, 5.3); Link comes so.
            words = f"{self._headers[small]}, {words}"
        self._headers[small] = words

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._status = self._parser.get_status_code()
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > self._bytes_max:
            raise TooLarge("the answer is too large")

    def on_message_complete(self) -> None:
        """The answer is whole, or it was an interim one (RFC 9110, 15.2)."""
        if 100 <= self._status < 200:
            self._begin()
            return
        self._goes_on = self._parser.should_keep_alive()
        if self._waiter is not None:
            self._finish()

    def _finish(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        coding = self._headers.get("content-encoding")
        try:
            if coding is not None and body and self._status not in _BODILESS:
                body = unpacked(body, coding, self._bytes_max)
        except Broken as error:
            self._spoilt = True
            waiter.set_exception(error)
            return
        cookies = _cookies(self._cookie_lines) if self._cookie_lines else {}
        waiter.set_result(Answer(self._status, self._headers, body, cookies))

    def _fail(self, error: Exception) -> None:
        waiter = self._waiter
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)


def unpacked(body: bytes, coding: str, bytes_max: int) -> bytes:
    """Return a body without its content coding (RFC 9110, 8.4.1).

    Raises:
        Broken: It cannot be unpacked, or is larger than ``bytes_max`` then.
    """
    for each in reversed([one.strip().lower() for one in coding.split(",")]):
        if each in ("", "identity"):
            continue
        if each not in ("gzip", "x-gzip", "deflate"):
            raise Broken(f"an answer in the coding {each} was not asked for")
        # `deflate` is zlib by the standard, and raw deflate by habit.
        raw = each == "deflate" and body[:1] and body[0] & 0x0F != 8
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
        try:
            body = unpacker.decompress(body, bytes_max + 1)
        except zlib.error as error:
            raise Broken(f"the answer cannot be unpacked: {error}") from error
        if len(body) > bytes_max:
            raise TooLarge("the answer is too large")
        if not unpacker.eof:
            raise Broken("the packed answer breaks off")
    return body


def _cookies(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(line)
        except CookieError:
            jar.clear()
        if jar:
            found |= {name: morsel.value for name, morsel in jar.items()}
        elif "=" in line:
            name, _, value = line.partition(";")[0].partition("=")
            found[name.strip()] = value.strip()
    return found
