"""One outage, one mail: a real hub, a target that goes away, and the mail box of the IT team."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import socket
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from simulation.processes import Flow, file_of
from unit.api.conftest import FixedTokens

TARGET = """format: 1
connector: http
name: erp
label: {zh: 金算 ERP, en: Abacus ERP}
auth: {kind: none}
operations:
  order.save:
    label: {zh: 保存订单, en: Save an order}
    method: POST
    path: /orders
    body: {number: payload.order}
    safety: {kind: idempotency_key, header: Idempotency-Key}
  note.add:
    label: {zh: 追加备注, en: Add a note}
    method: POST
    path: /notes
    body: {number: payload.order}
    safety: {kind: none}
answers:
  statuses: {422: invalid}
  code: answer.code
  text: answer.message
check: {method: GET, path: /}
"""
ROUTES = """format: 1
routes:
  - {on: order, start: deliver, key: data.order, variables: {order: data.order}}
"""


FEED = """format: 1
connector: http
name: feed
label: {zh: 看板数据, en: Board feed}
auth: {kind: none}
resources:
  news:
    label: {zh: 消息, en: News}
    fields: {id: string!}
    changes:
      path: /news
      records: answer.items
      cursor: {next: answer.next, start: 0}
      interval_s: 1
      event_types: [feed.news]
      id: item.id
      type: '"feed.news"'
      subject: item.id
      data: item
check: {method: GET, path: /}
"""
POLLED = "sources:\n  - {system: feed, poll: news, interval_s: 0.1}\n"


class MailBox:
    """A real SMTP server that keeps everything."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.transports: list[asyncio.BaseTransport] = []

    async def start(self) -> int:
        def make() -> SMTP:
            return SMTP(self, loop=asyncio.get_running_loop(), hostname="mail.example")

        self.server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        return "250 taken"


class Target:
    """An HTTP server on a fixed port that can be away."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.saved: list[str] = []
        self.refuses = False
        self.runner: web.AppRunner | None = None

    async def come(self) -> None:
        application = web.Application()
        application.router.add_post("/orders", self.save)
        application.router.add_post("/notes", self.drop)
        application.router.add_get("/news", self.news)
        application.router.add_get("/", self.hello)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def go(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    async def hello(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def news(self, request: web.Request) -> web.Response:
        return web.json_response({"items": [], "next": 0})

    async def drop(self, request: web.Request) -> web.Response:
        """Do it, and say nothing."""
        self.saved.append((await request.json())["number"])
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def save(self, request: web.Request) -> web.Response:
        if self.refuses:
            return web.json_response({"message": "field `unit` is wrong"}, status=422)
        self.saved.append((await request.json())["number"])
        return web.json_response({})


async def until(true: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.02)


@pytest.fixture
async def mails() -> AsyncIterator[tuple[MailBox, int]]:
    box = MailBox()
    port = await box.start()
    yield box, port
    box.server.close()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    target = Target()
    yield target
    await target.go()


async def hub_of(
    folder: Path,
    target: Target,
    port: int,
    language: str,
    *,
    answers: str = "",
    connected: bool = True,
    operation: str = "order.save",
    feed: bool = False,
) -> Hub:
    options = {"data_dir": str(folder)}
    system = f'[systems.erp]\nbase_url = "http://127.0.0.1:{target.port}"' if connected else ""
    if feed:
        system += f'\n[systems.feed]\nbase_url = "http://127.0.0.1:{target.port}"'
    file = folder / "hub.toml"
    file.write_text(
        f"""
[server]
public_url = "https://hub.factory.example"
[engine]
retry_gaps_s = [0.05, 0.05, 0.05]
check_gaps_s = [0.3]
poll_s = 0.1
[alerts]
mail_to = ["it@factory.example", "night@factory.example"]
mail_from = "hub@factory.example"
smtp_host = "127.0.0.1"
smtp_port = {port}
language = "{language}"
gather_s = 1.5
{system}
""",
        encoding="utf-8",
    )
    hub = build(read_config(file=file, options=options), {}, tokens=FixedTokens())
    flow = Flow().element("startEvent", "start").element("endEvent", "end").call("save", f"erp.{operation}")
    process = file_of("deliver", flow.chain("start", "save", "end"))
    process = process.replace(
        b'<bpmn:process id="deliver"', '<bpmn:process id="deliver" name="订单交付"'.encode()
    )
    files = {
        "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
        "systems/erp.yaml": TARGET.replace("answers:\n", f"answers:\n{answers}").encode(),
        "flows/routes.yaml": (ROUTES + (POLLED if feed else "")).encode(),
        "processes/deliver.bpmn": process,
        **({"systems/feed.yaml": FEED.encode()} if feed else {}),
    }
    await hub.start()
    await hub.publish(files_of(files), by="test", note="")
    return hub


async def send(hub: Hub, *orders: str) -> None:
    await hub.intake.accept([Incoming("shop", each, "order", {"order": each}, key=each) for each in orders])


async def test_outage_makes_one_mail_and_its_end_another(
    tmp_path: Path, mails: tuple[MailBox, int], target: Target
) -> None:
    box, port = mails
    hub = await hub_of(tmp_path, target, port, "zh")
    try:
        await send(hub, "SO-1001")
        await until(lambda: len(box.received) == 1)
        await send(hub, *(f"SO-{number}" for number in range(2000, 2020)))
        await target.come()
        await until(lambda: len(box.received) == 2 and len(target.saved) == 21)
    finally:
        await hub.stop()
    outage, over = box.received
    assert outage["Subject"] == "[Lineshaft] 金算 ERP 连接中断"
    assert outage["To"] == "it@factory.example, night@factory.example"
    words = outage.get_content()
    for each in (
        "SO-1001",
        "订单交付",
        "调用次数:4",
        "order.save",
        "https://hub.factory.example/dead-letters/",
    ):
        assert each in words
    assert over["Subject"].startswith("[Lineshaft] 金算 ERP 已恢复(中断 ")
    assert "笔单据正按先后顺序补发" in over.get_content()


async def test_system_that_only_tells_is_down_when_it_falls_silent_and_comes_back(
    tmp_path: Path, mails: tuple[MailBox, int], target: Target
) -> None:
    box, port = mails
    hub = await hub_of(tmp_path, target, port, "zh", feed=True)
    try:
        await until(lambda: len(box.received) == 1)
        states = await hub.store.system_states(hub.scope)
        assert {name: each.circuit for name, each in states.items()} == {"feed": "open"}
        await target.come()
        await until(lambda: len(box.received) == 2)
    finally:
        await hub.stop()
    outage, over = box.received
    assert outage["Subject"] == "[Lineshaft] 看板数据 连接中断"
    assert "查看:https://hub.factory.example/" in outage.get_content().splitlines()
    assert over["Subject"].startswith("[Lineshaft] 看板数据 已恢复")


async def test_outcomes_that_only_a_person_can_find_out_make_one_mail(
    tmp_path: Path, mails: tuple[MailBox, int], target: Target
) -> None:
    box, port = mails
    await target.come()
    hub = await hub_of(tmp_path, target, port, "both", operation="note.add")
    try:
        await send(hub, *(f"SO-{number}" for number in range(5000, 5012)))
        await until(lambda: len(box.received) == 1)
    finally:
        await hub.stop()
    assert sorted(target.saved) == [f"SO-{number}" for number in range(5000, 5012)]
    [mail] = box.received
    assert "12 笔单据在 金算 ERP 的结果待核实" in mail["Subject"]
    assert "12 documents: the outcome in Abacus ERP is unknown" in mail["Subject"]
    assert "https://hub.factory.example/unknown" in mail.get_content()


async def test_many_failures_of_one_cause_make_one_mail_with_their_number(
    tmp_path: Path, mails: tuple[MailBox, int], target: Target
) -> None:
    box, port = mails
    await target.come()
    target.refuses = True
    hub = await hub_of(tmp_path, target, port, "both")
    try:
        await send(hub, *(f"SO-{number}" for number in range(3000, 3050)))
        await until(lambda: len(box.received) == 1)
        # One more like them does not make another mail within the quiet time.
        await send(hub, "SO-4000")
        await until(lambda: not hub.worker.jobs.ids and not len(hub.worker.calls))
    finally:
        await hub.stop()
    [mail] = box.received
    assert "50 笔单据异常" in mail["Subject"]
    assert "50 documents failed" in mail["Subject"]
    assert "the first of them" in mail.get_content()
