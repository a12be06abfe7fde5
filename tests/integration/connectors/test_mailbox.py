"""New mail out of a real IMAP server (Dovecot): attachments, charsets, cursors, IDLE, large messages."""

from __future__ import annotations

import asyncio
import base64
import tracemalloc
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConfigError, DefinitionError, Invalid, LeaseLost, NotFound, Unavailable
from lineshaft.connectors.mailbox import MAILBOX, MailboxConnector
from lineshaft.sdk.connector import Streamer
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised
from support.dovecot import Dovecot
from tools.postgres import free_port

pytestmark = pytest.mark.needs("dovecot")

PASSWORD = 'mail "s3cret" {5}'
MANIFEST = """
format: 1
connector: mailbox
name: orders_mail
auth: {user: secret:user, password: secret:password}
resources:
  mail:
    label: {en: Orders by mail, zh: 邮件订单}
    page: 2
    inline_kilobytes: 10
    megabytes_max: 1
    when: not(item.automatic)
    type: '"mail.received"'
    subject: item.from.address
    event_types: [mail.received]
operations:
  mail.file: {action: move, resource: mail, id: payload.id, to: '"已处理"'}
  mail.mark: {action: flag, resource: mail, id: payload.id, flags: ["\\\\Seen", done]}
  mail.find: {action: find, resource: mail, where: {subject: payload.subject, from: payload.from}}
"""


@pytest_asyncio.fixture
async def server(tmp_path: Any) -> AsyncIterator[Dovecot]:
    server = Dovecot(tmp_path, "orders", PASSWORD)
    await server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def mailbox(server: Dovecot) -> AsyncIterator[MailboxConnector]:
    connector = connect(server)
    yield connector
    await connector.close()


def connect(server: Dovecot, password: str = PASSWORD, **settings: Any) -> MailboxConnector:
    known = {"user": "orders", "password": password}
    given = {"host": "127.0.0.1", "port": server.port, **settings}
    connection = Connection("orders_mail", given, known.__getitem__, FixedClock())
    return MAILBOX.read(MANIFEST.encode(), "mail.yaml").connect(connection)


def message(subject: str, **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "李娜 <Li.Na@customer.example>"
    made["To"] = "orders@firm.example"
    made["Subject"] = subject
    made["Date"] = "Sun, 22 Nov 2026 16:00:00 +0800"
    made["Message-ID"] = f"<{subject.encode().hex()}@customer.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(f"正文:{subject}")
    return made


async def all_of(mailbox: MailboxConnector, cursor: bytes | None = None) -> tuple[list[Change], bytes]:
    seen: list[Change] = []
    while True:
        page = await mailbox.changes("mail", cursor)
        seen += page.changes
        cursor = page.cursor
        if not page.more:
            return seen, cursor


async def test_new_mail_is_told_once_across_restarts(server: Dovecot, mailbox: MailboxConnector) -> None:
    for number in range(5):
        server.put(f"m{number}", message(f"订单 {number}").as_bytes())
    seen, cursor = await all_of(mailbox)
    assert [change.data["subject"] for change in seen] == [f"订单 {number}" for number in range(5)]
    assert {change.subject for change in seen} == {"li.na@customer.example"}
    assert (await all_of(mailbox, cursor))[0] == []
    again = connect(server)
    server.put("m9", message("订单 9").as_bytes())
    late, _ = await all_of(again, cursor)
    assert [change.data["subject"] for change in late] == ["订单 9"]
    first = late[0].data
    assert (first["text"], first["from"]["name"]) == ("正文:订单 9\n", "李娜")
    assert first["date"].isoformat() == "2026-11-22T08:00:00+00:00"
    assert late[0].occurred_at is not None
    await again.close()


async def test_a_folder_that_is_numbered_anew_is_read_again_under_the_same_ids(server: Dovecot) -> None:
    for number in range(3):
        server.put(f"m{number}", message(f"订单 {number}").as_bytes())
    before = connect(server)
    seen, cursor = await all_of(before)
    await before.close()
    server.stop()
    server.number_anew()
    await asyncio.to_thread(lambda: None)
    await server.start()
    after = connect(server)
    again, later = await all_of(after, cursor)
    assert [change.id for change in again] == [change.id for change in seen]
    assert later != cursor
    await after.close()


async def test_attachments_and_chinese_charsets_come_out_as_they_were(
    server: Dovecot, mailbox: MailboxConnector
) -> None:
    made = message("附件", References="<a@x> <b@x>")
    made.add_attachment("数量,1\n".encode("gb18030"), "text", "csv", filename="../订单.csv")
    made.add_attachment(bytes(20_000), "application", "octet-stream", filename="图.pdf")
    server.put("m1", made.as_bytes())
    old = (
        b"From: =?GB2312?B?" + base64.b64encode("王".encode("gb18030")) + b"?= <w@x.example>\r\n"
        b"Subject: =?gbk?B?" + base64.b64encode("询价单".encode("gbk")) + b"?=\r\n"
        b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "㐀生僻字䶮".encode("gb18030") + b"\r\n"
    )  # fmt: skip
    server.put("m2", old)
    server.put("m3", message("自动回复", Auto_Submitted="auto-replied").as_bytes())
    seen, _ = await all_of(mailbox)
    by_subject = {change.data["subject"]: change.data for change in seen}
    assert set(by_subject) == {"附件", "询价单"}
    small, large = by_subject["附件"]["attachments"]
    assert (small["name"], base64.b64decode(small["base64"]).decode("gb18030")) == ("_订单.csv", "数量,1\n")
    assert (large["name"], large["size"], large["base64"]) == ("图.pdf", 20_000, None)
    assert by_subject["询价单"]["text"] == "㐀生僻字䶮\n"
    assert by_subject["询价单"]["from"] == {"name": "王", "address": "w@x.example"}
    identity = by_subject["附件"]["id"]
    content = b"".join([part async for part in mailbox.download("mail", f"{identity}/2")])
    assert content == bytes(20_000)
    with pytest.raises(NotFound):
        _ = [part async for part in mailbox.download("mail", f"{identity}/3")]


async def test_a_listener_is_told_at_once_and_goes_on_from_its_cursor(server: Dovecot) -> None:
    mailbox = connect(server)
    server.put("m1", message("订单 1").as_bytes())
    pages = mailbox.listen("mail", None)
    first = await anext(pages)
    assert [change.data["subject"] for change in first.changes] == ["订单 1"]
    waiting = asyncio.ensure_future(anext(pages))
    await asyncio.sleep(0)
    server.put("m2", message("订单 2").as_bytes())
    second = await asyncio.wait_for(waiting, 20)
    assert [change.data["subject"] for change in second.changes] == ["订单 2"]
    await pages.aclose()
    assert (await all_of(mailbox, second.cursor))[0] == []
    pages = mailbox.listen("mail", second.cursor)
    waiting = asyncio.ensure_future(anext(pages))
    server.put("m3", message("订单 3").as_bytes())
    assert [change.data["subject"] for change in (await waiting).changes] == ["订单 3"]
    waiting = asyncio.ensure_future(anext(pages))
    await asyncio.sleep(0)
    server.stop()
    await raised(Unavailable, waiting)
    await mailbox.close()


async def test_mail_is_found_marked_and_filed_once(server: Dovecot, mailbox: MailboxConnector) -> None:
    for subject in ("订单 7", "询价 8"):
        server.put(subject, message(subject).as_bytes())
    found = await mailbox.call("mail.find", {"subject": "订单", "from": "li.na@"}, context())
    assert (found.answer["count"], found.answer["records"][0]["subject"]) == (1, "订单 7")
    payload = {"id": found.answer["records"][0]["id"]}
    with pytest.raises(LeaseLost):
        await mailbox.call("mail.file", payload, context(gate=Gate(closed=True)))
    gate = Gate()
    await mailbox.call("mail.mark", payload, context(gate=gate))
    assert gate.calls == 1
    first = await mailbox.call("mail.file", payload, context())
    again = await mailbox.call("mail.file", payload, context())
    assert (first.repeated, again.repeated) == (False, True)
    assert await mailbox.read("mail", payload["id"]) is None
    seen, _ = await all_of(mailbox)
    assert [change.data["subject"] for change in seen] == ["询价 8"]
    await raised(Invalid, mailbox.call("mail.file", {"id": "1/1"}, context()))
    await raised(Invalid, mailbox.call("mail.file", {"id": "x"}, context()))


async def test_wrong_credentials_and_strange_servers_are_told_without_the_secret(
    server: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong, secure = connect(server, "wr0ng"), connect(server, port=server.tls_port, tls="implicit")
    trusted = connect(server, tls="starttls", ca_file=str(server.certificate))
    away = connect(server, port=free_port())
    for _ in range(20):
        error = await raised(Unavailable, wrong.changes("mail", None))
        if error.vendor_code != "UNAVAILABLE":  # on a busy machine the server's own parts wait for each other
            break
    assert error.code == "wrong_credentials"
    assert [step.ok for step in await wrong.check()] == [True, False]
    assert "wr0ng" not in f"{error}{error.vendor_text}{caplog.text}"
    assert [step.ok for step in await secure.check()] == [False]
    assert [step.ok for step in await trusted.check()] == [True, True, True]
    assert [step.ok for step in await away.check()] == [False]
    with pytest.raises(ConfigError, match="clear"):
        connect(server, host="mail.firm.example", tls="off")
    for each in (wrong, secure, trusted, away):
        await each.close()


async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(
    server: Dovecot, mailbox: MailboxConnector
) -> None:
    assert isinstance(mailbox, Streamer)
    head = message("大附件").as_bytes()
    server.put("big", head + b"\r\n".join([b"x" * 998] * 50_000))
    (change,), _ = await all_of(mailbox)
    assert change.data["too_large"]
    assert change.data["subject"] == "大附件"
    size = 0
    tracemalloc.start()
    try:
        async for piece in mailbox.download("mail", change.data["id"]):
            size += len(piece)
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert size == change.data["size"] > 50_000_000


def test_what_is_wrong_with_a_manifest_is_told_with_its_line() -> None:
    broken = MANIFEST.replace("secret:password", "hunter2").replace("where: {subject", "where: {topic")
    with pytest.raises(DefinitionError) as caught:
        MAILBOX.read(broken.encode(), "mail.yaml")
    codes = {problem.code: problem.place for problem in caught.value.problems}
    assert codes["secret_literal"].line == 5
    assert codes["unknown_key"].path == "operations.mail.find.where.topic"
