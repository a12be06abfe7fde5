"""An alert reaches whom it names by mail (real SMTP) and three robots (doubles that check signatures)."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from integration.app.test_alerts import ROUTES, TARGET, MailBox, Target, until
from integration.connectors.test_notice_robots import SECRETS, Robots
from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.connectors.products import product_manifest
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from lineshaft.security.members import User
from lineshaft.security.records import written
from simulation.processes import Flow, file_of
from unit.api.conftest import FixedTokens

CALLBACK = (
    '<bpmn:message id="callback" name="callback"><bpmn:extensionElements>'
    '<zeebe:subscription correlationKey="=order"/></bpmn:extensionElements></bpmn:message>'
)
ROBOTS = ("notice_dingtalk", "notice_feishu", "notice_wecom")
WATCHES = f"""format: 1
failures:
  - name: sync-failed
    title: {{zh: 订单同步失败, en: Orders fail}}
    owner: {{zh: 集成组, en: Integration}}
    tell: {{severity: critical, to: [keeper], channels: [mail, {", ".join(ROBOTS)}], quiet_s: 3600}}
stuck:
  - process: ship
    element: decided
    limit_s: 0.2
    title: {{zh: 发货审批没有回音, en: No answer}}
    owner: {{zh: 物流部, en: Logistics}}
    tell: {{to: [keeper]}}
"""


async def _hub(
    folder: Path,
    target: Target,
    mail_port: int,
    robots: Robots,
    look_s: float = 3_000,
    briefing_to: str = "",
) -> Hub:
    # No day of the week has a briefing of its own accord: whether a test passes is not for the hour to say.
    systems = "".join(
        f'[systems.{name}]\nbase_url = "{robots.url}"\n'
        + ('hook = "hook-1"\n' if name == "notice_feishu" else "")
        for name in ROBOTS
    )
    file = folder / "hub.toml"
    file.write_text(
        f"""
[server]
public_url = "https://hub.factory.example"
[engine]
poll_s = 0.1
[briefing]
to = [{briefing_to}]
days = []
[alerts]
mail_to = ["it@factory.example"]
mail_from = "hub@factory.example"
smtp_host = "127.0.0.1"
smtp_port = {mail_port}
gather_s = 3000
look_s = {look_s}
[systems.erp]
base_url = "http://127.0.0.1:{target.port}"
{systems}""",
        encoding="utf-8",
    )
    secrets = {f"LINESHAFT_SECRET_{name.upper()}": value for name, value in SECRETS.items()}
    hub = build(read_config(file=file, options={"data_dir": str(folder)}), secrets, tokens=FixedTokens())
    flow = Flow().element("startEvent", "start").element("endEvent", "end").call("save", "erp.order.save")
    waits = Flow().element("startEvent", "start").element("endEvent", "end").wait_for("decided", "callback")
    files = {
        "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
        "systems/erp.yaml": TARGET.encode(),
        "flows/routes.yaml": (
            ROUTES + "  - {on: notice, start: ship, key: data.order, variables: {order: data.order}}\n"
        ).encode(),
        "watches/all.yaml": WATCHES.encode(),
        "processes/deliver.bpmn": file_of("deliver", flow.chain("start", "save", "end")),
        "processes/ship.bpmn": file_of("ship", waits.chain("start", "decided", "end"), CALLBACK),
        **{f"systems/{name}.yaml": product_manifest(name) for name in ROBOTS},
    }
    await hub.start()
    await hub.publish(files_of(files), by="test", note="")
    users = hub.guards.directory.users
    keeper = User("张工", roles=("it",), email="zhang@factory.example")
    await written(hub.store, users.put("keeper", keeper, None, hub.clock.now()))
    return hub


async def test_many_failures_are_told_once_to_the_person_by_mail_and_three_robots(tmp_path: Path) -> None:
    box, target, robots = MailBox(), Target(), Robots()
    port = await box.start()
    await target.come()
    await robots.start()
    target.refuses = True
    hub = await _hub(tmp_path, target, port, robots)
    try:
        orders = [f"SO-{number}" for number in range(1, 31)]
        await hub.intake.accept(
            [Incoming("shop", each, "order", {"order": each}, key=each) for each in orders]
        )
        failed: list[str] = []

        async def count() -> None:
            while len(failed) < len(orders):
                page = await hub.store.dead_letters(hub.scope, limit=100)
                failed[:] = [letter.id for letter in page.items]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), 0.02)

        await asyncio.wait_for(count(), 30)
        await hub.keeping.watches.sweep()
        await until(lambda: len(box.received) == 1 and len(robots.shown) == 3)
        await hub.keeping.watches.sweep()
        page = await hub.keeping.alerts.page(hub.scope, "open", None, None, 50)
    finally:
        await hub.stop()
        await target.go()
        await robots.runner.cleanup()
        box.server.close()
    [alert] = page.items
    assert (alert.alert.count, alert.care.told) == (30, 1)
    [mail] = box.received
    assert mail["To"] == "zhang@factory.example"
    assert mail["Subject"] == "[Lineshaft] 订单同步失败(共 30 笔)"
    words = mail.get_content()
    for each in ("级别:严重", "数量:30", "erp.order.save", "责任方:集成组", "keeper", "/alerts"):
        assert each in words, each
    shown = [str(each) for each in robots.shown]
    assert all("订单同步失败" in each and "keeper" in each for each in shown)
    # Two of the three are signed; a wrong signature shows nothing.
    assert len(robots.signs) == 2


async def test_a_dropped_callback_is_told_with_node_and_owner_at_its_limit(tmp_path: Path) -> None:
    box, target, robots = MailBox(), Target(), Robots()
    port = await box.start()
    hub = await _hub(tmp_path, target, port, robots, look_s=0.2)
    try:
        await hub.intake.accept([Incoming("shop", "n1", "notice", {"order": "FH-1"}, key="FH-1")])
        # The approval's callback never comes.
        await until(lambda: len(box.received) == 1)
        [alert] = (await hub.keeping.alerts.page(hub.scope, "open", None, None, 50)).items
    finally:
        await hub.stop()
        await robots.runner.cleanup()
        box.server.close()
    assert (alert.alert.kind, alert.alert.node, alert.alert.key) == ("stuck", "decided", "FH-1")
    [mail] = box.received
    assert mail["Subject"] == "[Lineshaft] 发货审批没有回音:流程卡住"
    words = mail.get_content()
    for each in ("单据:FH-1", "环节:decided", "责任方:物流部", "通知:keeper"):
        assert each in words, each


async def test_the_briefing_comes_by_mail_in_short_lines_with_links(tmp_path: Path) -> None:
    box, target, robots = MailBox(), Target(), Robots()
    port = await box.start()
    await robots.start()
    hub = await _hub(tmp_path, target, port, robots, briefing_to='"boss@factory.example"')
    try:
        await hub.keeping.briefings.send()
        await until(lambda: bool(box.received), 10)
        [mail] = box.received
        assert mail["To"] == "boss@factory.example"
        text = mail.get_content()
        assert "在途:0 单" in text
        assert "https://hub.factory.example/board?figure=late" in text
    finally:
        await hub.stop()
        await robots.runner.cleanup()
        box.server.close()
