"""A real SMTP server (aiosmtpd) on loopback that can be told to say no, or to vanish."""

from __future__ import annotations

import asyncio
import email
import email.policy
import warnings
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "m4il-s3cret"


class MailProtocol(SMTP):
    """One connection, which tells when it has ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ended = asyncio.Event()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.ended.set()


class MailServer:
    """A real SMTP server that can be told to say no, or to vanish."""

    def __init__(self) -> None:
        self.plan = ""
        self.lasting = True
        """The plan holds for every message, not for the next one alone."""
        self.arrived = 0
        """Messages whose content began to come."""
        self.received: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.port = 0
        self.protocols: list[MailProtocol] = []

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self.make, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    def make(self) -> MailProtocol:
        with warnings.catch_warnings():
            # It warns of passwords without TLS; here they stay on loopback.
            warnings.simplefilter("ignore")
            protocol = MailProtocol(
                self,
                authenticator=self.login,
                auth_require_tls=False,
                auth_required=True,
                loop=asyncio.get_running_loop(),
                hostname="mail.example",
            )
        self.protocols.append(protocol)
        return protocol

    async def stop(self) -> None:
        self.server.close()
        for protocol in self.protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
            await protocol.ended.wait()

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # noqa: N802 - the server looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.plan in ("unknown_recipient", "invalid"):
            return "550 5.1.1 no such mailbox"
        if self.plan == "greylist":
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        plan, self.plan = self.plan, self.plan if self.lasting else ""
        self.arrived += 1
        if plan == "echo_secret":
            return f"554 5.7.1 you sent {PASSWORD}"
        if plan in ("server_error", "dead_connection", "half_answer", "garbage"):
            if plan == "half_answer":
                server.transport.write(b"25")
            if plan == "garbage":
                server.transport.write(b"<html>oops</html>\r\n" * 20)
            server.transport.close()
            return "250 nobody hears it"
        if plan == "refuse":
            return "554 5.7.1 content refused"
        if plan == "busy":
            return "452 4.3.1 no space"
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.recipients += envelope.rcpt_tos
        if plan == "lost_reply":
            server.transport.abort()
        if plan == "hang":
            await asyncio.Event().wait()
        return "250 taken"
