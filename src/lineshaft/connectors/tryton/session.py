"""One logged-in session with a Tryton database: login, preferences, calls, and what an error means.

Tryton keeps a call in one transaction: an error it reports itself (HTTP 200 with ``error``, or 503 for a
lock it could not get) means that nothing happened. There is no retry here but for one case: a call that was
turned away because the session had ended is made once more after a new login.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any, Final
from urllib.parse import quote

from lineshaft.base.errors import (
    ConfigError,
    ConnectorError,
    Invalid,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.transport import Prepared, Reply, Transport
from lineshaft.connectors.tryton.wire import Unreadable, decode_answer, encode_call
from lineshaft.sdk.registry import Connection

_WORDS_MAX: Final = 1_000
_WAIT_DEFAULT_S: Final = 5.0

Sending = Callable[[], None]

time_left: ContextVar[float] = ContextVar("lineshaft_tryton_time", default=60.0)
"""How long each request of the call at hand may take."""


class Warned(Exception):
    """Tryton asks "are you sure?" (``UserWarning``); nothing happened. Never leaves the connector."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(name, words)
        self.name = name
        """As Tryton keeps it: a hash of the records that it asks about, and what it asks."""
        self.kind = name.rpartition(".")[2]
        """What it asks, such as ``effective_date_future``."""
        self.words = words


class Session:
    """Calls to one database of one Tryton server."""

    def __init__(
        self, connection: Connection, transport: Transport, database: str, secrets: tuple[str, str]
    ) -> None:
        self.system = connection.system
        self._connection = connection
        self._transport = transport
        self._path = f"/{quote(database, safe='')}/rpc/"
        self._secrets = secrets
        self._numbers = count(1)
        self._header: str | None = None
        self._hidden: set[str] = set()
        self._gate = asyncio.Lock()
        self.user_id = 0
        self.context: Mapping[str, Any] = {}
        """The user's preferences: company, employee, language. Every call carries them."""

    async def log_in(self) -> None:
        """Log in where that has not happened yet.

        Raises:
            Unavailable: Not reached, or the credentials are not accepted (``wrong_credentials``).
            ConfigError: A secret is not set.
        """
        async with self._gate:
            if self._header is not None:
                return
            user, password = (self._secret(name) for name in self._secrets)
            reply = await self._post("common.db.login", [user, {"password": password}, "en"], None)
            if reply.status in (401, 403):
                raise self._denied(str(reply.status))
            if reply.status == 404:
                raise Unavailable(
                    self._about(Text("has no such database", "没有该数据库")), code="database_missing"
                )
            found = self._result(reply, "login", reads_only=True)
            if not isinstance(found, list) or len(found) < 2:
                raise self._denied(str(reply.status))
            self.user_id, token = int(found[0]), str(found[1])
            pair = f"{user}:{self.user_id}:{token}".encode()
            header = base64.b64encode(pair).decode("ascii")
            self._hidden |= {token, header}
            self._header = f"Session {header}"
            # Without the company of the preferences, required defaults are missing in every later call.
            reply = await self._post("model.res.user.get_preferences", [True, {}], self._header)
            self.context = self._result(reply, "preferences", reads_only=True)

    async def read(self, method: str, *params: Any) -> Any:
        """Make a call that changes nothing.

        Raises:
            ConnectorError: One of the six classes; never *unknown*.
        """
        return await self._call(method, params, sending=None)

    async def write(
        self, method: str, *params: Any, sending: Sending, context: Mapping[str, Any] | None = None
    ) -> Any:
        """Make a call that changes something; ``context`` goes with it besides the user's own.

        Raises:
            Warned: Tryton asks whether that is meant.
            ConnectorError: One of the six classes.
        """
        return await self._call(method, params, sending=sending, context=context)

    async def search(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        limit: int | None = None,
        order: Sequence[Any] | None = None,
    ) -> list[Mapping[str, Any]]:
        """Return the records of a model that a domain finds."""
        rows = await self.read(f"model.{model}.search_read", list(domain), 0, limit, order, list(fields))
        if not isinstance(rows, list):
            raise self.unreadable(f"{model}.search_read")
        return rows

    def redact(self, words: str) -> str:
        """Return ``words`` without any secret, cut to what people read."""
        for name in self._secrets:
            try:
                self._hidden.add(self._connection.secret(name))
            except KeyError:
                continue
        for value in self._hidden:
            if len(value) >= 4:
                words = words.replace(value, "***")
        return words[:_WORDS_MAX]

    def unreadable(self, what: str) -> ConnectorError:
        """Return the error for an answer that is not as the protocol says, to a call that only reads."""
        return Unavailable(
            self._about(text("has answered {what} in no known form", "对 {what} 的应答无法识别", what=what)),
            code="answer_unreadable",
        )

    # -- sending ---------------------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        params: Sequence[Any],
        *,
        sending: Sending | None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        for last in (False, True):
            await self.log_in()
            header = self._header
            # The context is always the last positional parameter.
            body = [*params, {**self.context, **(context or {})}]
            reply = await self._post(method, body, header, sending=sending)
            if reply.status != 401:
                return self._result(reply, method, reads_only=sending is None)
            if self._header == header:
                self._header = None
            if last:
                break
        raise self._denied("401")

    async def _post(
        self,
        method: str,
        params: list[Any],
        header: str | None,
        *,
        sending: Sending | None = None,
    ) -> Reply:
        prepared = Prepared("POST", self._path, body=encode_call(next(self._numbers), method, params))
        prepared.headers["Content-Type"] = "application/json"
        if header is not None:
            prepared.headers["Authorization"] = header
        return await self._transport.exchange(
            prepared, timeout_s=time_left.get(), reads_only=sending is None, sending=sending
        )

    def _result(self, reply: Reply, what: str, *, reads_only: bool) -> Any:
        if reply.status != 200:
            raise self._by_status(reply, what, reads_only=reads_only)
        try:
            answer = decode_answer(reply.body)
        except Unreadable as error:
            raise self._unclear(what, str(error), "answer_unreadable", reads_only=reads_only) from None
        if "error" in answer:
            raise self._by_error(answer["error"], what)
        return answer["result"]

    # -- what an error means ---------------------------------------------------------------------------------

    def _by_error(self, error: Any, what: str) -> Exception:
        """Judge an error that Tryton tells: the transaction was rolled back, so nothing happened."""
        parts = error if isinstance(error, list) else [error]
        kind = str(parts[0]) if parts else ""
        detail = parts[1] if len(parts) > 1 else ""
        details = detail if isinstance(detail, list) else [detail]
        words = self.redact(" ".join(str(part) for part in details[:2] if part))
        if kind == "UserWarning":
            return Warned(str(details[0]), self.redact(" ".join(str(part) for part in details[1:3] if part)))
        if kind == "UserError":
            # A third part is the domain that a value breaks: wrong data, not a decision.
            broken = len(details) > 2 and bool(details[2])
            return (Invalid if broken else Refused)(
                self._no(what, words), vendor_code=kind, vendor_text=words
            )
        if kind == "ConcurrencyException":
            return Unavailable(self._no(what, words), vendor_code=kind, vendor_text=words)
        if kind == "LoginException":
            return self._denied(kind)
        if kind == "RateLimitException":
            return RateLimited(self._no(what, words), wait_s=_WAIT_DEFAULT_S, vendor_code=kind)
        words = self.redact(f"{kind} {words}".strip())
        return Invalid(self._no(what, words), vendor_code="error", vendor_text=words)

    def _by_status(self, reply: Reply, what: str, *, reads_only: bool) -> ConnectorError:
        status = reply.status
        words = self.redact(reply.body[:2000].decode("utf-8", "replace").strip())
        message = self._no(what, f"HTTP {status}")
        if status == 429:
            after = reply.headers.get("retry-after", "")
            wait_s = float(after) if after.isdigit() else _WAIT_DEFAULT_S
            return RateLimited(message, wait_s=wait_s, vendor_code="429", vendor_text=words)
        if status == 503:
            # A lock that could not be had in time; what the call did was rolled back.
            return Unavailable(message, vendor_code="503", vendor_text=words)
        if status >= 500:
            return self._unclear(what, words, str(status), reads_only=reads_only)
        return Invalid(message, vendor_code=str(status), vendor_text=words)

    def _unclear(self, what: str, words: str, code: str, *, reads_only: bool) -> ConnectorError:
        message = self._about(text("gave no clear answer to {what}", "对 {what} 没有明确应答", what=what))
        kind = Unavailable if reads_only else OutcomeUnknown
        return kind(message, vendor_code=code, vendor_text=self.redact(words))

    def _denied(self, code: str) -> ConnectorError:
        return Unavailable(
            self._about(Text("does not accept the credentials", "不接受当前凭据")),
            code="wrong_credentials",
            vendor_code=code,
            hint=text("check the connection's credentials", "请检查连接的凭据"),
        )

    def _secret(self, name: str) -> str:
        try:
            return self._connection.secret(name)
        except KeyError as error:
            raise ConfigError(
                text(
                    "Expected the secret {name} for {system}, but it is not set",
                    "{system} 缺少密钥 {name}",
                    name=name,
                    system=self.system,
                ),
                code="secret_missing",
                hint=text("set it with the connection", "请在连接中设置"),
            ) from error

    def _no(self, what: str, words: str) -> Text:
        return text(
            "{system}, {what}: {words}", "{system},{what}:{words}", system=self.system, what=what, words=words
        )

    def _about(self, message: Text) -> Text:
        return text(
            "{system} {en}",
            "{system} {zh}",
            system=self.system,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )
