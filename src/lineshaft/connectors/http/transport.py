"""One request, one answer, over aiohttp; and what a failure means: nothing sent, or not known.

The connection hook is the heart: ``sending`` is called when a connection stands (TLS included) and no byte
of the request has left. Until then every failure is ``Unavailable``; from then on it is ``OutcomeUnknown``,
except for requests that only read. There is no retry here: aiohttp's own repeat of idempotent methods on a
dead connection is stopped. Not for judging an answer's content.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

from lineshaft.base.errors import ConfigError, ConnectorError, Invalid, OutcomeUnknown, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.soap import SoapParts, write_soap
from lineshaft.connectors.http.wire import Unreadable, encode
from lineshaft.connectors.http.xmltree import NotXml
from lineshaft.sdk.trace import TRACEPARENT

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
_REDIRECTS_MAX: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


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
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session; connections are made when needed."""
        # Without TLS nothing of it is loaded: a plant's hub opens hundreds of these.
        secure = self.security.context() if self._needs_context() else True
        pool = _HookedConnector(limit=self._concurrency_max, keepalive_timeout=self._keep_alive_s, ssl=secure)
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
            raise Invalid(
                text(
                    "{system}: the path leads to another host than the setting base_url says",
                    "{system}:路径指向了 base_url 以外的主机",
                    system=self.system,
                ),
                code="other_host",
            )
        return made

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
        prepared.seal()
        state = _Sending(sending)
        token = _current.set(state)
        try:
            reply = await self._exchange(self._session, prepared, timeout_s)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = self._failure(prepared, error, state.sent and not reads_only)
            self._tell(prepared, None, _cause(error))
            raise failure from error
        finally:
            _current.reset(token)
        self._tell(prepared, reply, "")
        if reads_only and prepared.method in ("GET", "HEAD") and reply.status in _REDIRECTS:
            return await self._followed(prepared, reply, timeout_s)
        return reply

    async def _followed(self, prepared: Prepared, reply: Reply, timeout_s: float) -> Reply:
        """Follow the redirects of a reading, as long as they stay with the same host."""
        assert self._session is not None
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
                reply = await self._exchange(self._session, further, timeout_s)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise self._failure(further, error, unknown=False) from error
            self._tell(further, reply, "")
        return reply

    async def _exchange(self, session: aiohttp.ClientSession, prepared: Prepared, timeout_s: float) -> Reply:
        async with self._asked(session, prepared, timeout_s) as response:
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
        headers = dict(prepared.headers)
        if (trace := TRACEPARENT.get()) and not any(name.lower() == "traceparent" for name in headers):
            headers["traceparent"] = trace
        if prepared.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in prepared.cookies.items())
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
        assert self._session is not None, "open() comes first"
        prepared.seal()
        try:
            async with self._asked(self._session, prepared, timeout_s) as response:
                if response.status >= 300:
                    yield _reply(response, await response.content.read(ANSWER_BYTES_MAX))
                    return
                yield _reply(response, b"")
                async for chunk in response.content.iter_chunked(chunk_bytes):
                    yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
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
            hint=remedy_of(error),
        )


def _reply(response: aiohttp.ClientResponse, body: bytes) -> Reply:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        # Several lines of one name are one list (RFC 9110, 5.3); Link comes so.
        small = name.lower()
        headers[small] = f"{headers[small]}, {value}" if small in headers and small != "set-cookie" else value
    cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    return Reply(response.status, headers, body, cookies, str(response.url))


def remedy_of(error: Exception) -> Text | None:
    """Return what to do about a failure of the connection itself."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return text(
            "its certificate is not trusted by this machine: put your firm's authority (PEM) under the "
            "setting ca_file, or correct the host name in base_url",
            "本机不信任其证书:将企业根证书(PEM)写入设置 ca_file,或更正 base_url 中的主机名",
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return text(
            "does base_url need http:// instead of https://?", "base_url 是否应为 http:// 而非 https://?"
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return text("check the host name in base_url", "请核对 base_url 中的主机名")
    if isinstance(error, aiohttp.ClientConnectorError):
        return text(
            "check host and port in base_url; is the system running, and does a firewall stand between?",
            "请核对 base_url 的主机与端口;系统是否在运行?是否被防火墙阻断?",
        )
    return None


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
