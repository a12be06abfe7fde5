"""Mail over a real SMTP server on loopback: what arrives, and what a lost answer means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.mail import MAIL, MailConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised
from support.mail_server import PASSWORD, MailServer

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
