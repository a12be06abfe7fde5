"""A manifest of kind ``mail`` at work: the sdk's ``Connector`` over SMTP (RFC 5321).

A message goes to all its recipients or to none. Until the server has been asked to take the data nothing has
happened; once the data is on its way and no answer comes, nobody can tell whether it was delivered, and SMTP
has no way to ask. So the safety of every message is ``none``: an unknown one waits for a person.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import aiosmtplib

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.mail.composing import compose, message_id
from lineshaft.connectors.mail.manifest import MailManifest
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec
from lineshaft.sdk.undeclared import undeclared

_CHECK_TIMEOUT_S: Final = 10.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_MODES: Final = ("off", "starttls", "implicit")
_TEMPORARY: Final = range(400, 500)


class MailConnector:
    """One connected mail server."""

    def __init__(self, manifest: MailManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._settings = settings_of(manifest, connection)
        self._sender = str(self._settings["sender"])
        self._domain = self._sender.rpartition("@")[2]

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet: each message has a connection of its own."""

    async def close(self) -> None:
        """Nothing is kept open."""

    async def check(self) -> list[CheckStep]:
        """Reach the server and log in; no message is sent."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S), self._server():
                pass
        except TimeoutError:
            return [CheckStep(reach, False, text("no answer in time", "未及时答复"))]
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            return [CheckStep(reach, False, error.message)]
        return [_good(reach), _good(login)]

    async def describe(self) -> list[ResourceSpec]:
        """There is nothing to read."""
        return []

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Mail cannot be read back; raises ``Invalid``."""
        raise self._unknown("resource", resource)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Mail cannot be polled; raises ``Invalid``."""
        raise self._unknown("resource", resource)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Send one message."""
        rule = self._manifest.messages.get(operation)
        if rule is None:
            raise self._unknown("operation", operation)
        identity = message_id(self._connection.system, operation, context.key, self._domain)
        try:
            message, recipients = compose(
                rule,
                {"payload": payload, "key": context.key},
                sender=self._sender,
                sender_name=str(self._settings.get("sender_name") or ""),
                identity=identity,
                now=self._connection.clock.now(),
            )
        except ExpressionError as error:
            raise Invalid(self._about(error.message), code="message_incomplete", hint=error.hint) from error
        sent = taken = False
        try:
            async with asyncio.timeout(min(context.timeout_s, rule.timeout_s)), self._server() as server:
                await self._envelope(server, recipients)
                context.sending()
                sent = True
                await self._data(server, message.as_bytes())
                taken = True
        except TimeoutError:
            # A server that is slow to say goodbye has taken the message all the same.
            if not taken:
                raise self._lost(sent=sent) from None
        return Outcome({"message_id": identity, "recipients": recipients}, identity)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """SMTP cannot be asked; raises ``Invalid``."""
        raise self._unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Send a message for each item; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    # -- SMTP -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connect, secure the connection, log in; say goodbye at the end."""
        host = str(self._settings["host"])
        mode = str(self._settings.get("tls") or ("off" if host in _LOOPBACK else "starttls"))
        default_port = {"off": 25, "starttls": 587, "implicit": 465}[mode]
        server = aiosmtplib.SMTP(
            hostname=host,
            port=int(self._settings.get("port") or default_port),
            local_hostname=self._domain,
            timeout=self._manifest.connect_timeout_s,
            use_tls=mode == "implicit",
            start_tls=mode == "starttls",
            tls_context=ssl.create_default_context() if mode != "off" else None,
        )
        try:
            await server.connect()
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            server.close()
            raise Unavailable(
                self._about(
                    Text(f"cannot be reached: {type(error).__name__}", f"无法连接:{type(error).__name__}")
                ),
                code="unreachable",
            ) from None
        try:
            await self._login(server)
            yield server
            await self._goodbye(server)
        finally:
            server.close()

    async def _login(self, server: aiosmtplib.SMTP) -> None:
        user, password = self._manifest.user_secret, self._manifest.password_secret
        if user is None or password is None:
            return
        secret = self._connection.secret
        try:
            await server.login(secret(user), secret(password))
        except aiosmtplib.SMTPResponseException as error:
            if error.code in _TEMPORARY:
                raise self._no(error, "log in") from None
            raise Unavailable(
                self._about(Text("does not accept the credentials", "不接受当前凭据")),
                code="wrong_credentials",
                vendor_code=str(error.code),
            ) from None
        except (aiosmtplib.SMTPException, OSError):
            raise Unavailable(
                self._about(Text("cannot log in here", "无法登录")), code="wrong_credentials"
            ) from None

    async def _envelope(self, server: aiosmtplib.SMTP, recipients: list[str]) -> None:
        """Name sender and recipients; the first "no" ends it, before anything was sent to anybody."""
        try:
            await server.mail(self._sender)
            for recipient in recipients:
                await server.rcpt(recipient)
        except aiosmtplib.SMTPRecipientRefused as error:
            if error.code in _TEMPORARY:
                raise self._no(error, "RCPT") from None
            raise Invalid(
                self._about(
                    text(
                        "does not know the recipient {recipient}: {words}",
                        "不接受收件人 {recipient}:{words}",
                        recipient=error.recipient,
                        words=self._redacted(error.message),
                    )
                ),
                code="recipient_refused",
                vendor_code=str(error.code),
                vendor_text=self._redacted(error.message),
            ) from None
        except aiosmtplib.SMTPResponseException as error:
            raise self._no(error, "MAIL") from None
        except (aiosmtplib.SMTPException, OSError):
            raise self._lost(sent=False) from None

    async def _data(self, server: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            await server.data(content)
        except aiosmtplib.SMTPResponseException as error:
            # A server that cannot be understood has perhaps taken it.
            if not 400 <= error.code < 600:
                raise self._lost(sent=True) from None
            raise self._no(error, "DATA") from None
        except (aiosmtplib.SMTPException, OSError):
            raise self._lost(sent=True) from None

    async def _goodbye(self, server: aiosmtplib.SMTP) -> None:
        """The message is taken already: whatever goes wrong now does not matter."""
        try:
            await server.quit()
        except (aiosmtplib.SMTPException, OSError):
            return

    # -- words ------------------------------------------------------------------------------------

    def _no(self, error: aiosmtplib.SMTPResponseException, step: str) -> ConnectorError:
        words = self._redacted(error.message)
        message = self._about(
            text(
                "says no to {step}: {code} {words}",
                "拒绝 {step}:{code} {words}",
                step=step,
                code=error.code,
                words=words,
            )
        )
        kind = Unavailable if error.code in _TEMPORARY else Refused
        return kind(message, vendor_code=str(error.code), vendor_text=words)

    def _lost(self, *, sent: bool) -> ConnectorError:
        if not sent:
            return Unavailable(
                self._about(Text("the connection broke, nothing was sent", "连接中断,未发送")),
                code="connection_lost",
            )
        return OutcomeUnknown(
            self._about(Text("took the message, but its answer is lost", "已接收邮件数据,但未收到答复")),
            hint=text("ask the recipient, or look into the server's log", "请询问收件人或查看邮件服务器日志"),
        )

    def _redacted(self, words: str) -> str:
        for name in self._manifest.secrets:
            try:
                words = words.replace(self._connection.secret(name), "***")
            except KeyError:
                continue
        return words

    def _about(self, message: Text) -> Text:
        return text(
            "{system} {en}",
            "{system}:{zh}",
            system=self._connection.system,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        return undeclared(self._connection.system, kind, name)


def settings_of(manifest: MailManifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings.

    Raises:
        ConfigError: A required setting is missing, one is not known, or the sender is no address.
    """
    settings = connection.settings
    wrong = []
    if settings.get("tls") not in (None, *_MODES):
        wrong.append(f"tls: {settings['tls']}")
    sender = str(settings.get("sender") or "a@b")
    if sender.count("@") != 1 or not sender.isascii() or any(mark in sender for mark in " <>\r\n,;"):
        wrong.append("sender")
    return checked_settings(connection, manifest.settings, wrong=wrong)


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
