"""Mail over a real SMTP server on loopback: what arrives, and what a lost answer means."""

from __future__ import annotations

import asyncio
import email
import email.policy
import warnings
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.mail import MAIL, MailConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised

MANIFEST = """\
format: 1
connector: mail
name: notices
auth: {user: secret:mail_user, password: secret:mail_password}
messages:
  order.shipped:
    label: {en: Order shipped, zh: 已发货通知}
    to: payload.email
    language: payload.language
    subject: {zh: "订单 {payload.number} 已发货", en: "Order {payload.number} has been shipped"}
    text:
      zh: "您好,订单 {payload.number} 已发货,数量 {payload.quantity}。"
      en: "Order {payload.number} is on its way, quantity {payload.quantity}."
"""
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
        if self.plan == "unknown_recipient":
            return "550 5.1.1 no such mailbox"
        if self.plan == "greylist":
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.plan == "refuse":
            return "554 5.7.1 content refused"
        if self.plan == "busy":
            return "452 4.3.1 no space"
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.recipients += envelope.rcpt_tos
        if self.plan == "lost_reply":
            server.transport.abort()
        if self.plan == "hang":
            await asyncio.Event().wait()
        return "250 taken"


def payload(**changes: Any) -> dict[str, Any]:
    return {"email": "buyer@example.com", "language": "zh", "number": "SO-1", "quantity": 500} | changes


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


def connect(server: MailServer, password: str = PASSWORD, port: int | None = None) -> MailConnector:
    known = {"mail_user": "hub", "mail_password": password}
    settings = {"host": "127.0.0.1", "port": port or server.port, "sender": "hub@plant.example",
                "sender_name": "张三车间"}  # fmt: skip
    connection = Connection("notices", settings, known.__getitem__, FixedClock())
    return MAIL.read(MANIFEST.encode(), "notices.yaml").connect(connection)


async def test_a_message_arrives_in_the_readers_language(server: MailServer) -> None:
    connector = connect(server)
    await connector.call("order.shipped", payload(), context("k-1"))
    await connector.call("order.shipped", payload(language="en"), context("k-2"))
    chinese, english = server.received
    assert chinese["Subject"] == "订单 SO-1 已发货"
    assert chinese.get_content().strip() == "您好,订单 SO-1 已发货,数量 500。"
    assert english["Subject"] == "Order SO-1 has been shipped"
    assert str(chinese["From"]) == "张三车间 <hub@plant.example>"
    assert chinese["Auto-Submitted"] == "auto-generated"
    assert server.recipients == ["buyer@example.com"] * 2


async def test_a_repeat_has_the_same_message_id_and_another_effect_has_not(server: MailServer) -> None:
    connector = connect(server)
    for key in ("k-1", "k-1", "k-2"):
        await connector.call("order.shipped", payload(), context(key))
    first, second, third = (message["Message-ID"] for message in server.received)
    assert first == second != third
    assert first.endswith("@plant.example>")


async def test_sending_is_announced_once_and_only_before_the_data(server: MailServer) -> None:
    connector = connect(server)
    gate = Gate()
    await connector.call("order.shipped", payload(), context(gate=gate))
    assert gate.calls == 1
    server.plan = "unknown_recipient"
    await raised(Invalid, connector.call("order.shipped", payload(), context(gate=gate)))
    assert gate.calls == 1


@pytest.mark.parametrize(
    ("plan", "kind", "code"),
    [
        ("unknown_recipient", Invalid, "550"),
        ("greylist", Unavailable, "451"),
        ("refuse", Refused, "554"),
        ("busy", Unavailable, "452"),
    ],
)
async def test_a_clear_no_has_its_class_and_the_servers_words(
    server: MailServer, plan: str, kind: type[Invalid], code: str
) -> None:
    server.plan = plan
    error = await raised(kind, connect(server).call("order.shipped", payload(), context()))
    assert error.vendor_code == code
    assert error.vendor_text
    assert server.received == []


async def test_a_lost_answer_after_the_data_is_unknown(server: MailServer) -> None:
    server.plan = "lost_reply"
    await raised(OutcomeUnknown, connect(server).call("order.shipped", payload(), context()))
    assert len(server.received) == 1


async def test_no_answer_after_the_data_is_unknown(server: MailServer) -> None:
    server.plan = "hang"
    work = connect(server).call("order.shipped", payload(), context(timeout_s=0.5))
    await raised(OutcomeUnknown, work)


async def test_an_unreachable_server_is_unavailable_and_nothing_was_announced(server: MailServer) -> None:
    gate = Gate()
    error = await raised(
        Unavailable, connect(server, port=1).call("order.shipped", payload(), context(gate=gate))
    )
    assert (error.code, gate.calls) == ("unreachable", 0)


async def test_wrong_credentials_say_so_and_are_not_shown(server: MailServer) -> None:
    connector = connect(server, password="wr0ng-pass")
    error = await raised(Unavailable, connector.call("order.shipped", payload(), context()))
    assert error.code == "wrong_credentials"
    assert "wr0ng" not in str(error)
    assert [step.ok for step in await connector.check()] == [True, False]
    assert [step.ok for step in await connect(server).check()] == [True, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "buyer@example.com\r\nBcc: all@example.com"},
        {"email": "buyer@example.com, other@example.com"},
        {"email": "Buyer <buyer@example.com>"},
        {"email": "not an address"},
        {"email": None},
        {"number": "SO-1\r\nBcc: all@example.com"},
        {"number": "SO-1\nX: y"},
        {"language": "fr"},
    ],
)
async def test_what_would_break_a_header_is_invalid_and_sends_nothing(
    server: MailServer, changes: dict[str, Any]
) -> None:
    gate = Gate()
    await raised(Invalid, connect(server).call("order.shipped", payload(**changes), context(gate=gate)))
    assert gate.calls == 0
    assert server.received == []


async def test_several_recipients_get_it_together(server: MailServer) -> None:
    many = payload(email=["a@example.com", "b@例子.测试"])
    outcome = await connect(server).call("order.shipped", many, context())
    assert server.recipients == ["a@example.com", "b@xn--fsqu00a.xn--0zwm56d"]
    assert outcome.answer["recipients"] == server.recipients
