"""Credentials at work: headers, sessions with re-login, signatures. Secrets live here and nowhere longer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from lineshaft.base.errors import ConfigError, ConnectorError, ExpressionError, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, as_text, fill
from lineshaft.connectors.http.judging import Case, open_answer
from lineshaft.connectors.http.model import (
    AuthRule,
    BasicAuth,
    HeaderAuth,
    NoAuth,
    RequestRule,
    SessionAuth,
    SignatureAuth,
)
from lineshaft.connectors.http.transport import Prepared, Reply
from lineshaft.sdk.registry import Connection

Sender = Callable[[RequestRule, Names], Awaitable[Reply]]
"""Sends a login request: never announced as a write."""
_REDACT_LEAST: Final = 4


class Vault:
    """Hands out the connection's secrets and removes them from texts that people will read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return a secret.

        Raises:
            ConfigError: The connection does not have it.
        """
        try:
            value = self._connection.secret(name)
        except KeyError as error:
            raise ConfigError(
                text(
                    "Expected the secret {name} for {system}, but it is not set",
                    "{system} 缺少密钥 {name}",
                    name=name,
                    system=self._connection.system,
                ),
                code="secret_missing",
                hint=text("set it with the connection", "请在连接中设置"),
            ) from error
        self.remember(value)
        return value

    def remember(self, value: str) -> None:
        """Keep a value out of texts from now on (a session's token)."""
        if len(value) >= _REDACT_LEAST:
            self._known.add(value)

    def redact(self, words: str) -> str:
        """Return ``words`` with every known secret blotted out."""
        for value in self._known:
            if value in words:
                words = words.replace(value, "***")
        return words


class Authenticator(Protocol):
    """Adds credentials to requests."""

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Add what this target asks for; may log in."""
        ...

    def expired(self, names: Names) -> bool:
        """Whether this answer says that the session has ended."""
        ...

    def forget(self) -> bool:
        """Drop what has expired; tells whether a new login can help."""
        ...


class _Fixed:
    """Credentials that do not change from call to call."""

    def __init__(self, rule: HeaderAuth | BasicAuth | NoAuth, vault: Vault) -> None:
        self._rule = rule
        self._vault = vault

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        rule = self._rule
        if isinstance(rule, HeaderAuth):
            prepared.headers[rule.header] = rule.prefix + self._vault(rule.secret.name)
        elif isinstance(rule, BasicAuth):
            user = as_text(fill(rule.user, {"settings": settings}, self._vault))
            pair = f"{user}:{self._vault(rule.password.name)}".encode()
            encoded = base64.b64encode(pair).decode("ascii")
            self._vault.remember(encoded)
            prepared.headers["Authorization"] = f"Basic {encoded}"

    def expired(self, names: Names) -> bool:
        return False

    def forget(self) -> bool:
        return False


class _Signed:
    """A keyed hash over each request."""

    def __init__(self, rule: SignatureAuth, vault: Vault, connection: Connection, base_path: str) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection
        self._base_path = base_path

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        rule = self._rule
        now = self._connection.clock.now()
        names = {
            "method": prepared.method,
            "path": self._base_path + prepared.path,
            "query": prepared.query,
            "body": (prepared.body or b"").decode("utf-8", "replace"),
            "timestamp": str(int(now.timestamp())),
            "timestamp_ms": str(int(now.timestamp() * 1000)),
            "nonce": self._connection.nonce(),
            "settings": settings,
        }
        key = decode_key(self._vault(rule.key.name), rule.key_encoding)
        message = as_text(rule.message.value(names)).encode()
        signature = keyed_hash(key, message, rule.algorithm, rule.encoding)
        if rule.value is not None:
            signature = as_text(rule.value.value({**names, "signature": signature}))
        prepared.headers[rule.header] = signature
        if rule.headers is not None:
            more = fill(rule.headers, names, self._vault)
            prepared.headers.update({name: as_text(value) for name, value in more.items()})

    def expired(self, names: Names) -> bool:
        return False

    def forget(self) -> bool:
        return False


class _Session:
    """A login whose token is kept until it expires; many calls share one login."""

    def __init__(self, rule: SessionAuth, vault: Vault, connection: Connection, send: Sender) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection
        self._send = send
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._cookies: Mapping[str, str] = {}
        self._until: float | None = None
        self._logins = 0

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        if not self._usable():
            async with self._lock:
                if not self._usable():
                    await self._login(settings)
        rule = self._rule
        if rule.header and self._token is not None:
            value: Any = self._token
            if rule.value is not None:
                value = rule.value.value({"token": self._token, "settings": settings})
            prepared.headers[rule.header] = as_text(value)
        if rule.headers is not None:
            names = {"token": self._token, "settings": settings}
            more = fill(rule.headers, names, self._vault)
            prepared.headers.update({name: as_text(value) for name, value in more.items()})
        if rule.cookies and self._cookies:
            prepared.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def expired(self, names: Names) -> bool:
        if self._rule.expired is None:
            return names.get("status") == 401
        return self._rule.expired.lenient(names) is True

    def forget(self) -> bool:
        self._token, self._cookies, self._until = None, {}, None
        return True

    def _usable(self) -> bool:
        if self._token is None and not self._cookies:
            return False
        return self._until is None or self._connection.clock.monotonic() < self._until

    async def _login(self, settings: Mapping[str, Any]) -> None:
        rule = self._rule
        reply = await self._send(rule.login, {"settings": settings})
        case = Case(
            self._connection.system,
            "login",
            reads_only=True,
            now=self._connection.clock.now(),
            redact=self._vault.redact,
        )
        names = {**open_answer(reply, {"settings": settings}, case), "cookies": reply.cookies}
        good = rule.success.lenient(names) is True if rule.success is not None else 200 <= reply.status < 300
        if not good:
            raise self._denied(reply)
        try:
            token = as_text(rule.token.value(names)) if rule.token is not None else None
            lasts = rule.expires_in_s.value(names) if rule.expires_in_s is not None else None
        except ExpressionError as error:
            raise self._denied(reply) from error
        for value in (token, *reply.cookies.values()):
            if value:
                self._vault.remember(value)
        self._token, self._cookies = token, dict(reply.cookies) if rule.cookies else {}
        self._until = None
        if lasts is not None:
            self._until = self._connection.clock.monotonic() + max(0.0, float(lasts) - rule.margin_s)

    def _denied(self, reply: Reply) -> ConnectorError:
        words = self._vault.redact(reply.body[:1000].decode("utf-8", "replace"))
        return Unavailable(
            text(
                "{system} did not accept the login: {words}",
                "{system} 登录失败:{words}",
                system=self._connection.system,
                words=words,
            ),
            code="wrong_credentials",
            vendor_code=str(reply.status),
            vendor_text=words,
            hint=text("check the connection's credentials", "请检查连接的凭据"),
        )


def make_authenticator(
    rule: AuthRule, vault: Vault, connection: Connection, send: Sender, base_path: str
) -> Authenticator:
    """Return the authenticator for a manifest's ``auth`` section."""
    if isinstance(rule, SessionAuth):
        return _Session(rule, vault, connection, send)
    if isinstance(rule, SignatureAuth):
        return _Signed(rule, vault, connection, base_path)
    return _Fixed(rule, vault)


def keyed_hash(key: bytes, message: bytes, algorithm: str, encoding: str) -> str:
    """Return the HMAC (RFC 2104) of ``message`` as text in ``hex`` or ``base64``."""
    digest = hmac.new(key, message, getattr(hashlib, algorithm)).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode("ascii")


def decode_key(key: str, encoding: str) -> bytes:
    """Return the bytes of a key that is kept as text, base64 or hex.

    Raises:
        ConfigError: It is not in that encoding.
    """
    try:
        if encoding == "base64":
            return base64.b64decode(key, validate=True)
        if encoding == "hex":
            return bytes.fromhex(key)
    except ValueError as error:
        raise ConfigError(
            text("Expected a signing key in {encoding}", "签名密钥应为 {encoding} 编码", encoding=encoding),
            code="secret_encoding",
        ) from error
    return key.encode()
