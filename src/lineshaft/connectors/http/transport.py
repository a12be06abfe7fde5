"""One request, one answer, over aiohttp; and what a failure means: nothing sent, or not known.

The connection hook is the heart: ``sending`` is called when a connection stands (TLS included) and no byte
of the request has left. Until then every failure is ``Unavailable``; from then on it is ``OutcomeUnknown``,
except for requests that only read. There is no retry here: aiohttp's own repeat of idempotent methods on a
dead connection is stopped. Not for judging an answer's content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from yarl import URL

from lineshaft.base.errors import ConnectorError, OutcomeUnknown, Unavailable
from lineshaft.base.text import text

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class Prepared:
    """A request ready to go; authentication still adds to it."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]


class _Sending:
    """Whether the bytes of the current request may have left."""

    __slots__ = ("hook", "sent")

    def __init__(self, hook: Callable[[], None] | None) -> None:
        self.hook = hook
        self.sent = False

    def begin(self) -> None:
        if self.sent:
            raise aiohttp.ServerDisconnectedError("the connection was lost; the request is not sent again")
        if self.hook is not None:
            self.hook()
        self.sent = True


_current: ContextVar[_Sending | None] = ContextVar("lineshaft_http_sending", default=None)


class _HookedConnector(aiohttp.TCPConnector):
    """A connection pool that announces each use of a connection before its first byte."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        connection = await super().connect(req, traces, timeout)
        sending = _current.get()
        if sending is not None:
            try:
                sending.begin()
            except BaseException:
                connection.close()
                raise
        return connection


class Transport:
    """The HTTP session of one connected system."""

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        concurrency_max: int,
        connect_timeout_s: float,
        keep_alive_s: float,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self._concurrency_max = concurrency_max
        self._connect_timeout_s = connect_timeout_s
        self._keep_alive_s = keep_alive_s
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session; connections are made when needed."""
        pool = _HookedConnector(limit=self._concurrency_max, keepalive_timeout=self._keep_alive_s)
        self._session = aiohttp.ClientSession(
            connector=pool,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": "lineshaft", "Accept": "application/json, */*;q=0.5"},
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def url(self, prepared: Prepared) -> URL:
        """Return the whole address of a request."""
        query = f"?{prepared.query}" if prepared.query else ""
        return URL(f"{self.base_url}{prepared.path}{query}", encoded=True)

    async def exchange(
        self,
        prepared: Prepared,
        *,
        timeout_s: float,
        reads_only: bool,
        sending: Callable[[], None] | None = None,
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        Raises:
            Unavailable: Nothing was sent; or the request only reads.
            OutcomeUnknown: It may have been sent and there is no whole answer.
        """
        assert self._session is not None, "open() comes first"
        state = _Sending(sending)
        token = _current.set(state)
        try:
            return await self._exchange(self._session, prepared, timeout_s)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._failure(prepared, error, state.sent and not reads_only) from error
        finally:
            _current.reset(token)

    async def _exchange(self, session: aiohttp.ClientSession, prepared: Prepared, timeout_s: float) -> Reply:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, self._connect_timeout_s))
        async with session.request(
            prepared.method,
            self.url(prepared),
            headers=prepared.headers,
            data=prepared.body,
            allow_redirects=False,
            timeout=timeout,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise aiohttp.ClientPayloadError("the answer is too large")
            headers = {name.lower(): value for name, value in response.headers.items()}
            cookies = {name: morsel.value for name, morsel in response.cookies.items()}
            return Reply(response.status, headers, bytes(body), cookies)

    def _failure(self, prepared: Prepared, error: Exception, unknown: bool) -> ConnectorError:
        # The query is left out of the message: it may carry a token.
        what = f"{prepared.method} {prepared.path}"
        cause = _cause(error)
        if unknown:
            return OutcomeUnknown(
                text(
                    "{system}: {what} was sent, but no whole answer came ({cause})",
                    "{system}:{what} 已发出,但未收到完整应答({cause})",
                    system=self.system,
                    what=what,
                    cause=cause,
                ),
                vendor_text=cause,
            )
        return Unavailable(
            text(
                "{system} could not be reached for {what} ({cause})",
                "{system} 无法访问:{what}({cause})",
                system=self.system,
                what=what,
                cause=cause,
            ),
            vendor_text=cause,
        )


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"TLS: {error.__class__.__name__}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "host name not found"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "connection lost"
    return error.__class__.__name__
