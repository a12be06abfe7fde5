"""Credentials at work: fixed ones, sessions with re-login, tokens, CSRF. Secrets live nowhere longer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Protocol

from lineshaft.base.errors import ConnectorError, ExpressionError, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.extras import add_extras
from lineshaft.connectors.http.jar import Jar
from lineshaft.connectors.http.judging import Case, open_answer
from lineshaft.connectors.http.model import (
    AuthRule,
    BasicAuth,
    CsrfAuth,
    FixedAuth,
    JarAuth,
    JwtAuth,
    LoginStep,
    NoAuth,
    OAuth1Auth,
    OAuth2Auth,
    RequestRule,
    SessionAuth,
    SignatureAuth,
    WsSecurityAuth,
)
from lineshaft.connectors.http.signing import OAuth1, Signed
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.tokens import Jwt, KeptToken, read_kept, token_request
from lineshaft.connectors.http.transport import Prepared, Reply
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.ws_security import WsSecurity
from lineshaft.sdk.registry import Connection

Prepare = Callable[[RequestRule, Names], Prepared]
Send = Callable[[Prepared], Awaitable[Reply]]
"""Sends a login request: never announced as a write."""
_TOKENS: Final = "oauth2"
_DENIED_FIRST_S: Final = 10.0
_DENIED_MOST_S: Final = 600.0
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator(Protocol):
    """Adds credentials to requests."""

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Log in where that is needed; return what the login kept (``session`` in expressions)."""
        ...

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Add what this target asks for; may log in."""
        ...

    def expired(self, names: Names) -> bool:
        """Whether this answer says that the session has ended."""
        ...

    def forget(self, session: int) -> bool:
        """Drop a session that has ended, if it is the present one; tells whether a new login can help."""
        ...


class _Fixed:
    """Credentials that do not change from call to call."""

    def __init__(self, rule: FixedAuth | BasicAuth | NoAuth, vault: Vault) -> None:
        self._rule = rule
        self._vault = vault

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        rule = self._rule
        if isinstance(rule, FixedAuth):
            add_extras(prepared, rule.extras, {"settings": settings}, self._vault)
        elif isinstance(rule, BasicAuth):
            user = as_text(fill(rule.user, {"settings": settings}, self._vault))
            password = as_text(fill(rule.password, {"settings": settings}, self._vault))
            pair = f"{user}:{password}".encode()
            encoded = base64.b64encode(pair).decode("ascii")
            self._vault.remember(encoded)
            prepared.headers["Authorization"] = f"Basic {encoded}"

    def expired(self, names: Names) -> bool:
        return False

    def forget(self, session: int) -> bool:
        return False


class _Renewed(ABC):
    """What sessions and fetched tokens share: one login for many calls, and rest after a denial.

    A login that was denied is not tried again at once: an account that is locked helps nobody. The rest grows
    from ten seconds to ten minutes and ends when the secrets change.
    """

    def __init__(self, vault: Vault, connection: Connection) -> None:
        self._vault = vault
        self._connection = connection
        self._lock = asyncio.Lock()
        self._until: float | None = None
        self._number = 0
        self._alive = False
        self._denials = 0
        self._denied: ConnectorError | None = None
        self._rest_until = 0.0
        self._denied_with = b""

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self._usable():
            async with self._lock:
                if not self._usable():
                    await self._renewed(settings)
        return self.kept()

    def kept(self) -> Mapping[str, Any]:
        return {}

    def forget(self, session: int) -> bool:
        if session == self._number:
            self._alive = False
        return True

    def forgive(self) -> None:
        """Let the next login go at once: a person asks for it."""
        self._rest_until = 0.0

    def _usable(self) -> bool:
        if not self._alive:
            return False
        return self._until is None or self._connection.clock.monotonic() < self._until

    async def _renewed(self, settings: Mapping[str, Any]) -> None:
        now = self._connection.clock.monotonic()
        if self._denied is not None and now < self._rest_until and self._denied_with == self._vault.state():
            raise self._denied.with_traceback(None)
        try:
            lasts_s = await self._login(settings)
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                rest = min(_DENIED_MOST_S, _DENIED_FIRST_S * 2**self._denials)
                self._denials += 1
                self._denied, self._denied_with = error, self._vault.state()
                self._rest_until = now + rest
            raise
        self._denied, self._denials = None, 0
        self._number += 1
        self._alive = True
        self._until = None if lasts_s is None else self._connection.clock.monotonic() + max(0.0, lasts_s)

    @abstractmethod
    async def _login(self, settings: Mapping[str, Any]) -> float | None:
        """Log in; return how long it lasts, in seconds (``None``: until it is denied)."""

    def _case(self) -> Case:
        return Case(
            self._connection.system,
            "login",
            reads_only=True,
            now=self._connection.clock.now(),
            redact=self._vault.redact,
        )

    def _denial(self, reply: Reply) -> ConnectorError:
        words = self._vault.redact(reply.body[:1000].decode("utf-8", "replace"))
        # A login server that is ill has not judged the credentials.
        ill = reply.status >= 500 or reply.status == 429
        return Unavailable(
            text(
                "{system} did not accept the login: {words}",
                "{system} 登录失败:{words}",
                system=self._connection.system,
                words=words or str(reply.status),
            ),
            code="login_unavailable" if ill else "wrong_credentials",
            vendor_code=str(reply.status),
            vendor_text=words,
            hint=text("check the connection's credentials", "请检查连接的凭据"),
        )


class _Session(_Renewed):
    """A login whose token is kept until it expires; many calls share one login."""

    def __init__(
        self,
        rule: SessionAuth,
        vault: Vault,
        connection: Connection,
        prepare: Prepare,
        send: Send,
        *,
        base_path: str,
    ) -> None:
        super().__init__(vault, connection)
        self._rule = rule
        self._base_path = base_path
        self._prepare = prepare
        self._send = send
        self._token: str | None = None
        self._cookies: dict[str, str] = {}
        self._kept: dict[str, Any] = {}

    def kept(self) -> Mapping[str, Any]:
        return self._kept

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        await self.ready(settings)
        prepared.session = self._number
        rule = self._rule
        names = {"token": self._token, "session": self._kept, "settings": settings}
        if rule.header and self._token is not None:
            value: Any = self._token
            if rule.value is not None:
                value = rule.value.given(names, self._vault)
            prepared.headers[rule.header] = as_text(value)
        add_extras(prepared, rule.extras, names, self._vault)
        if rule.cookies:
            prepared.cookies.update(self._cookies)

    def expired(self, names: Names) -> bool:
        if self._rule.expired is None:
            return names.get("status") == 401
        return self._rule.expired.lenient(names) is True

    async def _login(self, settings: Mapping[str, Any]) -> float | None:
        rule = self._rule
        kept: dict[str, Any] = {}
        cookies: dict[str, str] = {}
        names: Names = {}
        reply = None
        for step in rule.logins:
            given: dict[str, Any] = {"settings": settings, "session": kept, "key": "", "payload": {}}
            given["now"] = self._connection.clock.now()
            prepared = self._prepare(step.request, given)
            prepared.cookies.update(cookies)
            if step.sign is not None:
                await Signed(step.sign, self._vault, self._connection, self._base_path).apply(
                    prepared, settings
                )
            reply = await self._send(prepared)
            names = {
                **open_answer(reply, given, self._case(), prepared.form_of()),
                "cookies": {**cookies, **reply.cookies},
            }
            self._check(step, reply, names)
            cookies |= reply.cookies
            self._keep(step, names, kept, reply)
        assert reply is not None
        try:
            token = as_text(rule.token.given(names, self._vault)) if rule.token is not None else None
            lasts = rule.expires_in_s.value(names) if rule.expires_in_s is not None else None
        except ExpressionError as error:
            raise self._denial(reply) from error
        if rule.token is not None and not token:
            raise self._denial(reply)
        for value in (token, *cookies.values()):
            if value:
                self._vault.remember(value)
        self._token, self._cookies, self._kept = token, cookies if rule.cookies else {}, kept
        return None if lasts is None else float(lasts) - rule.margin_s

    def _check(self, step: LoginStep, reply: Reply, names: Names) -> None:
        if step.success is not None:
            good = step.success.lenient(names) is True
        else:
            # Many web logins answer with a redirect to the start page.
            good = 200 <= reply.status < 300 or (self._rule.cookies and 300 <= reply.status < 400)
        if not good:
            raise self._denial(reply)

    def _keep(self, step: LoginStep, names: Names, kept: dict[str, Any], reply: Reply) -> None:
        for name, expression in step.keep.items():
            try:
                kept[name] = expression.given({**names, "session": kept}, self._vault)
            except ExpressionError as error:
                raise self._denial(reply) from error
            if isinstance(kept[name], str):
                self._vault.remember(kept[name])

    async def close(self, settings: Mapping[str, Any]) -> None:
        """Log out where the manifest says how: some targets count sessions."""
        rule = self._rule
        if rule.logout is None or not self._usable():
            return
        try:
            prepared = self._prepare(
                rule.logout, {"settings": settings, "session": self._kept, "payload": {}}
            )
            await self.apply(prepared, settings)
            await self._send(prepared)
        except (ConnectorError, ExpressionError):
            return


class _OAuth2(_Renewed):
    """Tokens of a token endpoint; a refresh token is used where one was given.

    A target may give a new refresh token with each use and refuse the former one. So tokens are exchanged by
    one worker at a time, what came is durable before it is used, and who waited takes what the other got.
    """

    def __init__(self, rule: OAuth2Auth, vault: Vault, connection: Connection, send: Send) -> None:
        super().__init__(vault, connection)
        self._rule = rule
        self._send = send
        self._token = ""
        self._refresh: str | None = None
        self._exchanges = rule.grant == "password"
        """The target gives refresh tokens, as far as we know."""
        self._answer: Mapping[str, Any] = {}

    def kept(self) -> Mapping[str, Any]:
        return {"token": self._answer}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        await self.ready(settings)
        prepared.session = self._number
        prepared.headers[self._rule.header] = self._rule.prefix + self._token
        names = {"settings": settings, "token": self._token, "session": self.kept()}
        add_extras(prepared, self._rule.extras, names, self._vault)

    def expired(self, names: Names) -> bool:
        if self._rule.expired is None:
            return names.get("status") == 401
        return self._rule.expired.lenient(names) is True

    async def _login(self, settings: Mapping[str, Any]) -> float | None:
        declared = None
        if self._rule.refresh_token is not None:
            declared = as_text(fill(self._rule.refresh_token, {"settings": settings}, self._vault))
        elif not self._exchanges:
            return await self._fetch(settings, None)
        async with self._connection.keep.alone(_TOKENS):
            kept = await self._kept_tokens(settings, declared)
            if kept is not None and kept.access and kept.access != self._token:
                lasts_s = (kept.ends_at - self._connection.clock.now()).total_seconds()
                if lasts_s > 0:
                    self._token, self._answer = kept.access, {"access_token": kept.access}
                    self._vault.remember(kept.access)
                    return lasts_s
            return await self._exchanged(settings, declared, kept.refresh if kept is not None else None)

    async def _kept_tokens(self, settings: Mapping[str, Any], declared: str | None) -> KeptToken | None:
        """Return what the last exchange brought, unless somebody has logged in anew since."""
        found = read_kept(await self._connection.keep.load(_TOKENS))
        if found is None or found.origin != self._origin(settings, declared):
            return None
        for value in (found.access, found.refresh):
            self._vault.remember(value)
        return found

    def _origin(self, settings: Mapping[str, Any], declared: str | None) -> str:
        """Return a digest of whose tokens they are: other credentials begin anew."""
        rule, names = self._rule, {"settings": settings}
        parts = [declared or ""]
        for template in (rule.client_id, rule.user, rule.password):
            parts.append(as_text(fill(template, names, self._vault)) if template is not None else "")
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def _exchanged(
        self, settings: Mapping[str, Any], declared: str | None, kept: str | None
    ) -> float | None:
        """Try the newest refresh token, then the one that a person gave, then the credentials themselves."""
        tries = [each for each in dict.fromkeys((kept, self._refresh, declared)) if each]
        if self._rule.grant != "refresh_token":
            tries.append("")
        for place, token in enumerate(tries, 1):
            self._refresh = None
            try:
                lasts_s = await self._fetch(settings, token or None)
            except ConnectorError as error:
                # A refresh token that has ended is no reason to stop where there is something else.
                if error.code != "wrong_credentials" or place == len(tries):
                    raise
                continue
            refresh = self._refresh or token
            if refresh:
                now = self._connection.clock.now()
                ends_at = now + timedelta(seconds=lasts_s if lasts_s is not None else 0)
                origin = self._origin(settings, declared)
                saved = KeptToken(origin, self._token if lasts_s is not None else "", ends_at, refresh)
                await self._connection.keep.save(_TOKENS, saved.text())
            return lasts_s
        raise AssertionError("a refresh token is declared, or there are credentials")

    async def _fetch(self, settings: Mapping[str, Any], refresh_token: str | None) -> float | None:
        rule = self._rule
        prepared = token_request(rule, settings, self._vault, self._connection, refresh_token)
        reply = await self._send(prepared)
        names = open_answer(reply, {"settings": settings}, self._case())
        answer = names["answer"] if isinstance(names["answer"], Mapping) else {}
        found = rule.token.lenient(names) if rule.token is not None else answer.get("access_token")
        token = as_text(found)
        if reply.status >= 300 or not token:
            raise self._denial(reply)
        self._token, self._answer = token, answer
        self._vault.remember(token)
        renewed = answer.get("refresh_token")
        if renewed:
            self._exchanges = True
            self._refresh = as_text(renewed)
            self._vault.remember(self._refresh)
        try:
            lasts = float(answer.get("expires_in") or 0)
        except (TypeError, ValueError):
            lasts = 0.0
        # A margin that is longer than the token lives would fetch one for each call.
        return lasts - min(rule.margin_s, lasts / 5) if lasts > 0 else None


class _Csrf:
    """Any credentials, and a token that writes have to show beside them."""

    def __init__(
        self, rule: CsrfAuth, inner: Authenticator, prepare: Prepare, send: Send, vault: Vault
    ) -> None:
        self._rule = rule.csrf
        self.inner = inner
        self._prepare = prepare
        self._send = send
        self._vault = vault
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._cookies: dict[str, str] = {}
        self._number = 0

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self.inner.ready(settings)

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        await self.inner.apply(prepared, settings)
        if prepared.method in _READS:
            if self._rule.cookies:
                prepared.cookies.update(self._cookies)
            return
        async with self._lock:
            if self._token is None:
                await self._fetch(settings)
        assert self._token is not None
        prepared.headers[self._rule.header] = self._token
        if self._rule.cookies:
            prepared.cookies.update(self._cookies)
        prepared.session += self._number * 1_000_000

    async def _fetch(self, settings: Mapping[str, Any]) -> None:
        session = await self.inner.ready(settings)
        prepared = self._prepare(
            self._rule.request, {"settings": settings, "session": session, "payload": {}}
        )
        await self.inner.apply(prepared, settings)
        reply = await self._send(prepared)
        names = {"status": reply.status, "headers": reply.headers, "cookies": reply.cookies, "answer": None}
        names["answer"] = reply.body.decode("utf-8", "replace")
        token = as_text(self._rule.token.lenient(names))
        if not token:
            raise Unavailable(
                text(
                    "Expected a CSRF token from {path}, but none came (status {status})",
                    "未从 {path} 取得 CSRF 令牌(状态 {status})",
                    path=prepared.path,
                    status=reply.status,
                ),
                code="wrong_credentials" if reply.status in (401, 403) else "csrf_missing",
                vendor_code=str(reply.status),
                hint=text("look at auth.csrf", "请核对 auth.csrf"),
            )
        for value in (token, *reply.cookies.values()):
            self._vault.remember(value)
        self._token, self._cookies = token, dict(reply.cookies)
        self._number += 1

    def expired(self, names: Names) -> bool:
        if self._refused(names):
            return True
        return self.inner.expired(names)

    def _refused(self, names: Names) -> bool:
        if self._rule.expired is not None:
            return self._rule.expired.lenient(names) is True
        said = str(names.get("headers", {}).get(self._rule.header.lower(), ""))
        return names.get("status") == 403 and said.lower() == "required"

    def forget(self, session: int) -> bool:
        if session // 1_000_000 in (0, self._number):
            self._token, self._cookies = None, {}
        self.inner.forget(session % 1_000_000)
        return True


class Credentials:
    """The authenticator of a connector, with what sessions need at the end and when a person asks again."""

    def __init__(self, authenticator: Authenticator) -> None:
        self.authenticator = authenticator

    def forgive(self) -> None:
        """Let the next login go at once."""
        inner = self._innermost()
        if isinstance(inner, _Renewed):
            inner.forgive()

    async def close(self, settings: Mapping[str, Any]) -> None:
        """Log out where the manifest says how."""
        inner = self._innermost()
        if isinstance(inner, _Session):
            await inner.close(settings)

    def _innermost(self) -> Authenticator:
        found = self.authenticator
        while isinstance(found, _Csrf | Jar):
            found = found.inner
        return found


def make_authenticator(
    rule: AuthRule, vault: Vault, connection: Connection, prepare: Prepare, send: Send, *, base_url: str
) -> Authenticator:
    """Return the authenticator for a manifest's ``auth`` section."""
    if isinstance(rule, JarAuth):
        inner = make_authenticator(rule.inner, vault, connection, prepare, send, base_url=base_url)
        return Jar(rule, inner, vault)
    if isinstance(rule, CsrfAuth):
        inner = make_authenticator(rule.inner, vault, connection, prepare, send, base_url=base_url)
        return _Csrf(rule, inner, prepare, send, vault)
    if isinstance(rule, SessionAuth):
        return _Session(rule, vault, connection, prepare, send, base_path=_path_of(base_url))
    if isinstance(rule, OAuth2Auth):
        return _OAuth2(rule, vault, connection, send)
    if isinstance(rule, JwtAuth):
        return Jwt(rule, vault, connection)
    if isinstance(rule, OAuth1Auth):
        return OAuth1(rule, vault, connection, base_url)
    if isinstance(rule, SignatureAuth):
        return Signed(rule, vault, connection, _path_of(base_url))
    if isinstance(rule, WsSecurityAuth):
        return WsSecurity(rule, vault, connection)
    return _Fixed(rule, vault)


def _path_of(base_url: str) -> str:
    rest = base_url.partition("://")[2]
    return ("/" + rest.partition("/")[2]).rstrip("/") if "/" in rest else ""
