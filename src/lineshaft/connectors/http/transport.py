"""One request, one answer; and what a failure means: nothing sent, or not known.

The moment of sending is the heart: ``sending`` is called when a connection stands (TLS included) and no byte
of the request has left. Until then every failure is ``Unavailable``; from then on it is ``OutcomeUnknown``,
except for requests that only read. There is no retry here. Not for judging an answer's content.

An ordinary request goes over a line of our own (``pool``, ``line``), which costs a fraction of what a client
library does. Proxies, streamed bodies, downloads and whatever else is out of the ordinary go over aiohttp;
its own repeat of idempotent methods on a dead connection is stopped.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

from lineshaft.base.errors import ConfigError, ConnectorError, Invalid, OutcomeUnknown, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.http.failures import FAILURES, cause_of, remedy_of
from lineshaft.connectors.http.line import Answer
from lineshaft.connectors.http.pool import Origin, Pool, default_context
from lineshaft.connectors.http.soap import SoapParts, write_soap
from lineshaft.connectors.http.wire import Unreadable, encode
from lineshaft.connectors.http.xmltree import NotXml
from lineshaft.sdk.trace import TRACEPARENT

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
_REDIRECTS_MAX: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGENT: Final = "lineshaft"
_ACCEPT: Final = "application/json, */*;q=0.5"
_FRAMING: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"}
)
"""Headers that say how a message ends or who gets it: a request that brings its own goes over aiohttp."""
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_USUAL: Final = (
    ("user-agent", f"User-Agent: {_AGENT}\r\n"),
    ("accept", f"Accept: {_ACCEPT}\r\n"),
    ("accept-encoding", "Accept-Encoding: gzip, deflate\r\n"),
)
"""What every request says that does not say it itself."""
_BASES_MAX: Final = 64
_WRITTEN: Final = "/?&=:@!$'()*+,;%~-._[]#"
_NO_TARGET: Final = re.compile(r"[^\x21-\x7e]")
_NO_NAME: Final = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]|\A\Z")
_NO_VALUE: Final = re.compile(r"[\r\n\0]")


@dataclass(slots=True)
class Prepared:
    """A request ready to go; authentication still adds to it.

    ``content`` is the body as a value, until ``seal`` writes it: credentials may have to go into it.
    """

    method: str
    path: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    content: Any = None
    has_content: bool = False
    encoding: str = "json"
    nesting: str = "brackets"
    charset: str = "utf-8"
    body: bytes | None = None
    base: str | None = None
    """Another base address than the connection's."""
    session: int = 0
    """The login it goes with, so that an old refusal does not end a new session."""
    soap: SoapParts | None = None
    """What its envelope has beside its body, where it is one."""
    stream: Callable[[], AsyncIterator[bytes]] | None = None
    """A body that is too large to be held; made anew for each sending."""

    @property
    def query(self) -> str:
        """The query as it is sent."""
        return urlencode(self.pairs)

    def form_of(self, form: str = "auto") -> str:
        """Return how the answer is read: that of an envelope is one, whatever its content type says."""
        return "soap" if form == "auto" and self.soap is not None else form

    def seal(self) -> bytes:
        """Write the body, once; return its bytes.

        Raises:
            Unreadable: It cannot be written in its encoding.
        """
        if self.body is None and self.soap is not None:
            try:
                self.body, headers = write_soap(self.content, self.encoding, self.soap)
            except NotXml as error:
                raise Unreadable(str(error)) from error
            self.headers = {**headers, **self.headers}
        elif self.body is None and self.has_content:
            self.body, kind = encode(self.content, self.encoding, nesting=self.nesting, charset=self.charset)
            if not any(name.lower() == "content-type" for name in self.headers):
                self.headers["Content-Type"] = kind
        return self.body or b""


def addressed(method: str, address: str) -> Prepared:
    """Return a request to a path below the base address, or to a whole address."""
    if not address.startswith(("http://", "https://")):
        return Prepared(method, address)
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Prepared(method, path, base=f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it, for a traffic log and for recordings. It holds secrets as sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    reply: Reply | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Security:
    """How the connection itself is secured; from the connection's settings."""

    ca_file: str = ""
    """Certificates (PEM) that are trusted besides the machine's: a firm's own authority."""
    client_cert_file: str = ""
    client_key_file: str = ""
    proxy_url: str = ""

    def context(self) -> ssl.SSLContext:
        """Return the TLS context.

        Raises:
            ConfigError: A file is missing or is no PEM.
        """
        found = ssl.create_default_context()
        try:
            if self.ca_file:
                found.load_verify_locations(self.ca_file)
            if self.client_cert_file:
                found.load_cert_chain(self.client_cert_file, self.client_key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                text(
                    "Expected certificates in PEM form in ca_file and client_cert_file, but: {error}",
                    "ca_file 与 client_cert_file 应为 PEM 证书:{error}",
                    error=error,
                ),
                code="certificate_unreadable",
            ) from error
        return found


@dataclass(frozen=True, slots=True)
class _Base:
    """What is the same for all requests below one base address."""

    origin: Origin
    path: str
    host: bytes
    """The line of the head that names the host."""


def _base_of(address: str) -> _Base | None:
    """Return a base address taken apart; ``None``: it is none of the ordinary ones."""
    url = URL(address)
    if url.scheme not in ("http", "https") or url.raw_user or url.raw_query_string or not url.raw_host:
        return None
    origin = Origin(url.scheme, url.raw_host, url.port or 0)
    path = url.raw_path if url.raw_path != "/" or address.endswith("/") else ""
    return _Base(origin, path, f"Host: {url.host_port_subcomponent}\r\n".encode())


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


def _expire(waiter: asyncio.Future[Answer]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


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
        security: Security | None = None,
    ) -> None:
        self.system = system
        self.tape: Callable[[Exchange], None] | None = None
        """Told of every exchange, where somebody records or watches."""
        self.security = security if security is not None else Security()
        self.base_url = base_url.rstrip("/")
        self._origin = URL(self.base_url).origin()
        self._concurrency_max = concurrency_max
        self._connect_timeout_s = connect_timeout_s
        self._keep_alive_s = keep_alive_s
        self._pool: Pool | None = None
        self._session: aiohttp.ClientSession | None = None
        self._bases: dict[str, _Base | None] = {}

    def open(self) -> None:
        """Make ready; connections are made when needed."""
        # Without TLS nothing of it is loaded: a plant's hub opens hundreds of these.
        own = self.security.context() if self._needs_context() else None
        self._pool = Pool(
            lines_max=self._concurrency_max,
            connect_timeout_s=self._connect_timeout_s,
            keep_alive_s=self._keep_alive_s,
            answer_bytes_max=ANSWER_BYTES_MAX,
            context=default_context if own is None else lambda: own,
        )

    def _client(self) -> aiohttp.ClientSession:
        """Return the session for what is out of the ordinary."""
        assert self._pool is not None, "open() comes first"
        if self._session is None:
            secure = self.security.context() if self._needs_context() else True
            pool = _HookedConnector(
                limit=self._concurrency_max, keepalive_timeout=self._keep_alive_s, ssl=secure
            )
            self._session = aiohttp.ClientSession(
                connector=pool,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers={"User-Agent": _AGENT, "Accept": _ACCEPT},
            )
        return self._session

    async def close(self) -> None:
        """Close every connection."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _needs_context(self) -> bool:
        return bool(self.security.ca_file or self.security.client_cert_file)

    def url(self, prepared: Prepared) -> URL:
        """Return the whole address of a request."""
        base = (prepared.base or self.base_url).rstrip("/")
        query = ""
        if prepared.pairs:
            query = ("&" if "?" in prepared.path else "?") + prepared.query
        made = URL(f"{base}{prepared.path}{query}", encoded=True)
        declared = self._origin if prepared.base is None else URL(base).origin()
        if made.origin() != declared:
            # A path such as `@elsewhere/` or `.elsewhere/` would lead to a host that nobody has declared.
            raise self._other_host()
        return made

    def _other_host(self) -> Invalid:
        return Invalid(
            text(
                "{system}: the path leads to another host than the setting base_url says",
                "{system}:路径指向了 base_url 以外的主机",
                system=self.system,
            ),
            code="other_host",
        )

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
        prepared.seal()
        state = _Sending(sending)
        try:
            reply = await self._exchange(prepared, timeout_s, state)
        except FAILURES as error:
            failure = self._failure(prepared, error, state.sent and not reads_only)
            if self.tape is not None:
                self._tell(prepared, None, cause_of(error))
            raise failure from error
        if self.tape is not None:
            self._tell(prepared, reply, "")
        if reads_only and prepared.method in ("GET", "HEAD") and reply.status in _REDIRECTS:
            return await self._followed(prepared, reply, timeout_s)
        return reply

    async def _followed(self, prepared: Prepared, reply: Reply, timeout_s: float) -> Reply:
        """Follow the redirects of a reading, as long as they stay with the same host."""
        for _ in range(_REDIRECTS_MAX):
            place = reply.headers.get("location")
            if reply.status not in _REDIRECTS or place is None:
                break
            here, there = urlsplit(reply.url), urlsplit(urljoin(reply.url, place))
            if (here.scheme, here.netloc) != (there.scheme, there.netloc):
                break
            further = Prepared(
                prepared.method,
                there.path + (f"?{there.query}" if there.query else ""),
                headers=prepared.headers,
                cookies=prepared.cookies,
                base=f"{there.scheme}://{there.netloc}",
            )
            try:
                reply = await self._exchange(further, timeout_s, _Sending(None))
            except FAILURES as error:
                raise self._failure(further, error, unknown=False) from error
            self._tell(further, reply, "")
        return reply

    async def _exchange(self, prepared: Prepared, timeout_s: float, state: _Sending) -> Reply:
        base = self._ordinary(prepared)
        if base is not None:
            return await self._over_line(base, prepared, timeout_s, state)
        token = _current.set(state)
        try:
            return await self._over_session(prepared, timeout_s)
        finally:
            _current.reset(token)

    def _ordinary(self, prepared: Prepared) -> _Base | None:
        """Return where a request goes that a line of our own can carry; ``None``: that takes aiohttp."""
        if prepared.stream is not None or prepared.method == "HEAD" or self.security.proxy_url:
            return None
        address = prepared.base or self.base_url
        if address in self._bases:
            base = self._bases[address]
        else:
            if len(self._bases) >= _BASES_MAX:
                self._bases.clear()
            base = self._bases[address] = _base_of(address.rstrip("/"))
        if base is None or any(name.lower() in _FRAMING for name in prepared.headers):
            return None
        return base

    async def _over_line(self, base: _Base, prepared: Prepared, timeout_s: float, state: _Sending) -> Reply:
        pool = self._pool
        assert pool is not None, "open() comes first"
        target = self._target(base, prepared)
        head = _head(prepared, base, target)
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        line = pool.kept(base.origin) or await pool.lend(base.origin, timeout_s)
        try:
            state.begin()
            waiter = line.ask(head, prepared.body)
            timer = loop.call_at(until, _expire, waiter)
            try:
                answer = await waiter
            finally:
                timer.cancel()
        except BaseException:
            line.abort()
            raise
        finally:
            pool.give_back(base.origin, line)
        url = f"{(prepared.base or self.base_url).rstrip('/')}{prepared.path}"
        if prepared.pairs:
            url += ("&" if "?" in prepared.path else "?") + prepared.query
        return Reply(answer.status, answer.headers, answer.body, answer.cookies, url)

    def _target(self, base: _Base, prepared: Prepared) -> str:
        path = prepared.path
        if not base.path and path and path[0] not in "/?#":
            raise self._other_host()
        target = f"{base.path}{path}"
        if prepared.pairs:
            target += ("&" if "?" in path else "?") + prepared.query
        target = target.partition("#")[0]
        if not target.startswith("/"):
            target = "/" + target
        if _NO_TARGET.search(target) is not None:
            target = quote(target, safe=_WRITTEN)
        return target

    async def _over_session(self, prepared: Prepared, timeout_s: float) -> Reply:
        async with self._asked(self._client(), prepared, timeout_s) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise aiohttp.ClientPayloadError("the answer is too large")
            return _reply(response, bytes(body))

    @asynccontextmanager
    async def _asked(
        self, session: aiohttp.ClientSession, prepared: Prepared, timeout_s: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, self._connect_timeout_s))
        headers = _headers(prepared)
        async with session.request(
            prepared.method,
            self.url(prepared),
            headers=headers,
            data=prepared.stream() if prepared.stream is not None else prepared.body,
            allow_redirects=False,
            timeout=timeout,
            proxy=self.security.proxy_url or None,
        ) as response:
            yield response

    async def download(
        self, prepared: Prepared, *, timeout_s: float, chunk_bytes: int = 64 * 1024
    ) -> AsyncIterator[Reply | bytes]:
        """Yield the head of an answer (its body empty), then its content in pieces as they come.

        Where the status is no success the body stands in the head, and nothing follows.

        Raises:
            Unavailable: It broke off.
        """
        prepared.seal()
        try:
            async with self._asked(self._client(), prepared, timeout_s) as response:
                if response.status >= 300:
                    yield _reply(response, await response.content.read(ANSWER_BYTES_MAX))
                    return
                yield _reply(response, b"")
                async for chunk in response.content.iter_chunked(chunk_bytes):
                    yield chunk
        except FAILURES as error:
            raise self._failure(prepared, error, unknown=False) from error

    def _tell(self, prepared: Prepared, reply: Reply | None, error: str) -> None:
        if self.tape is not None:
            url = str(self.url(prepared))
            sent = dict(prepared.headers)
            if prepared.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in prepared.cookies.items())
            self.tape(Exchange(prepared.method, url, sent, prepared.body or b"", reply, error))

    def _failure(self, prepared: Prepared, error: Exception, unknown: bool) -> ConnectorError:
        # The query is left out of the message: it may carry a token.
        what = f"{prepared.method} {prepared.path}"
        cause = cause_of(error)
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
            hint=remedy_of(error),
        )


def _headers(prepared: Prepared) -> dict[str, str]:
    """Return the headers of a request, with its cookies and the trace it is a part of."""
    headers = dict(prepared.headers)
    if (trace := TRACEPARENT.get()) and not any(name.lower() == "traceparent" for name in headers):
        headers["traceparent"] = trace
    if prepared.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in prepared.cookies.items())
    return headers


def _head(prepared: Prepared, base: _Base, target: str) -> bytes:
    """Return the head of a request.

    Raises:
        ValueError: A name or a value would break the head apart.
    """
    headers = _headers(prepared)
    parts = [f"{prepared.method} {target} HTTP/1.1\r\n"]
    given = set()
    for name, value in headers.items():
        if _NO_NAME.search(name) is not None or _NO_VALUE.search(value) is not None:
            raise ValueError(f"the header {name!r} cannot be sent")
        given.add(name.lower())
        parts.append(f"{name}: {value}\r\n")
    for name, value in _USUAL:
        if name not in given:
            parts.append(value)
    body = prepared.body
    if body is not None:
        if "content-type" not in given:
            parts.append("Content-Type: application/octet-stream\r\n")
        parts.append(f"Content-Length: {len(body)}\r\n\r\n")
    else:
        parts.append("\r\n" if prepared.method in _BODILESS else "Content-Length: 0\r\n\r\n")
    first, *others = parts
    return first.encode() + base.host + "".join(others).encode()


def _reply(response: aiohttp.ClientResponse, body: bytes) -> Reply:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        # Several lines of one name are one list (RFC 9110, 5.3); Link comes so.
        small = name.lower()
        headers[small] = f"{headers[small]}, {value}" if small in headers and small != "set-cookie" else value
    cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    return Reply(response.status, headers, body, cookies, str(response.url))
