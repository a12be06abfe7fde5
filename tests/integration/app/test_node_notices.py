"""Node notifications: people of a node hear of it, by the channel each chose (real SMTP, a robot)."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import quoteattr

from integration.app.test_alerts import ROUTES, TARGET, MailBox, Target, until
from integration.connectors.test_notice_robots import SECRETS, Robots
from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.connectors.products import product_manifest
from lineshaft.engine.inbox import Wish
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from lineshaft.engine.task_acts import Person
from lineshaft.security.members import User
from lineshaft.security.records import written
from simulation.processes import ON_REFUSED, REFUSED, Flow, file_of
from unit.api.conftest import FixedTokens

SENSITIVE = "format: 1\nfields:\n  cost: [unit_price]\n"


def properties(**given: str) -> str:
    rows = "".join(
        f'<zeebe:property name="notify.{name.replace("__", ".")}" value={quoteattr(value)}/>'
        for name, value in given.items()
    )
    return f"<zeebe:properties>{rows}</zeebe:properties>"


def _process(due: str) -> bytes:
    told = properties(
        entered__to="assignee",
        entered__subject__zh="{{order_no}} 待审批,{{total}} 元",
        entered__subject__en="{{order_no}} waits for you, {{total}} CNY",
        entered__text="单价 {{unit_price}},客户 {{customer.name}}",
        done__to='=["sales"]',
        done__when="agreed = true",
        rejected__to="sales",
        rejected__when="agreed = false",
        late__to="manager",
    )
    approve = (
        f'<bpmn:extensionElements><zeebe:userTask/>{told}<zeebe:assignmentDefinition assignee="=approver"/>'
        f'<zeebe:taskSchedule dueDate="=now() + duration(&quot;{due}&quot;)"/></bpmn:extensionElements>'
    )
    flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "no")
    flow.element("userTask", "approve", approve, ' name="审批 Approve"')
    save = (
        '<bpmn:extensionElements><zeebe:taskDefinition type="erp.order.save"/>'
        f"{properties(rejected__to='sales', rejected__text='{{error.message}}')}"
        "</bpmn:extensionElements>"
    )
    flow.element("serviceTask", "save", save, ' name="下单 Order"')
    flow.boundary("refused", "save", ON_REFUSED).link("refused", "no")
    return file_of("deliver", flow.chain("start", "approve", "save", "end"), REFUSED)


async def _hub(folder: Path, target: Target, mail_port: int, robots: Robots, due: str = "P9D") -> Hub:
    file = folder / "hub.toml"
    file.write_text(
        f"""
[server]
public_url = "https://hub.factory.example"
[engine]
poll_s = 0.1
[alerts]
language = "both"
mail_to = ["it@factory.example"]
mail_from = "hub@factory.example"
smtp_host = "127.0.0.1"
smtp_port = {mail_port}
[systems.erp]
base_url = "http://127.0.0.1:{target.port}"
[systems.notice_dingtalk]
base_url = "{robots.url}"
""",
        encoding="utf-8",
    )
    secrets = {f"LINESHAFT_SECRET_{name.upper()}": value for name, value in SECRETS.items()}
    hub = build(read_config(file=file, options={"data_dir": str(folder)}), secrets, tokens=FixedTokens())
    names = ("order_no", "approver", "total", "unit_price", "customer", "order")
    given = ", ".join(f"{name}: data.{name}" for name in names)
    files = {
        "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
        "systems/erp.yaml": TARGET.replace("{422: invalid}", "{422: refused}").encode(),
        "systems/notice_dingtalk.yaml": product_manifest("notice_dingtalk"),
        "sensitive/fields.yaml": SENSITIVE.encode(),
        "flows/routes.yaml": ROUTES.replace("{order: data.order}", f"{{{given}}}").encode(),
        "processes/deliver.bpmn": _process(due),
    }
    await hub.start()
    await hub.publish(files_of(files), by="test", note="")
    users = hub.guards.directory.users
    for login, user in (
        ("wang", User("王经理", roles=("operations",), email="wang@factory.example",
                      channel="notice_dingtalk", channel_name="13800000001")),
        ("li", User("李销售", roles=("sales",), email="li@factory.example")),
        ("manager", User("总监", email="manager@factory.example", channel="gone", channel_name="1")),
    ):  # fmt: skip
        await written(hub.store, users.put(login, user, None, hub.clock.now()))
    return hub


async def _accept(hub: Hub, number: str) -> None:
    data = {"order": number, "order_no": number, "approver": "wang", "total": "12800.50"}
    data |= {"unit_price": "91.7", "customer": {"name": "海川机械"}}
    await hub.intake.accept([Incoming("shop", number, "order", data, key=number)])


async def test_people_of_a_node_are_told_on_the_phone_or_by_mail_of_what_happens_to_it(
    tmp_path: Path,
) -> None:
    box, target, robots = MailBox(), Target(), Robots()
    port = await box.start()
    await target.come()
    await robots.start()
    target.refuses = True
    hub = await _hub(tmp_path, target, port, robots)
    try:
        for number in ("SO-1", "SO-2"):
            await _accept(hub, number)
        await until(lambda: len(robots.shown) == 2)
        shown = next(each for each in robots.shown if "SO-1" in str(each))
        # The approver hears of it on the phone, filled in; a price is in no message.
        assert "SO-1 待审批,12800.50 元" in shown["markdown"]["title"]
        assert "SO-1 waits for you, 12800.50 CNY" in shown["markdown"]["text"]
        assert "海川机械" in shown["markdown"]["text"]
        assert "91.7" not in str(robots.shown)
        assert "@13800000001" in shown["markdown"]["text"]
        assert shown["at"] == {"atMobiles": ["13800000001"], "isAtAll": False}
        assert box.received == []
        # A person refuses, and then the ERP does: sales hear of both, and nobody that it was done.
        await _finish(hub, "SO-2", {"agreed": False})
        await until(lambda: len(box.received) == 2)
        person, system = sorted(box.received, key=lambda each: "下单" in each["Subject"])
        assert {person["To"], system["To"]} == {"li@factory.example"}
        assert "已驳回:审批 (SO-2)" in person["Subject"]
        assert "Refused: Approve (SO-2)" in person["Subject"]
        assert "已驳回:下单 (SO-2)" in system["Subject"]
        assert "field `unit` is wrong" in system.get_content()
        target.refuses = False
        await _finish(hub, "SO-1", {"agreed": True})
        await until(lambda: len(box.received) == 3)
        assert "已完成:审批 (SO-1)" in box.received[2]["Subject"]
        done = {each.instance_id for each in (await hub.store.tasks(hub.scope, status="completed")).items}
        links = re.findall(r"https://hub.factory.example/tasks/([^/]+)/", box.received[2].get_content())
        assert links[0] in done
    finally:
        await hub.stop()
        await robots.runner.cleanup()
        await target.go()
        box.server.close()


async def test_a_task_that_is_late_is_told_once_to_whom_its_node_names(tmp_path: Path) -> None:
    box, target, robots = MailBox(), Target(), Robots()
    port = await box.start()
    await target.come()
    await robots.start()
    hub = await _hub(tmp_path, target, port, robots, due="PT0.2S")
    try:
        await _accept(hub, "SO-3")
        # The channel that the manager chose is gone: the mail is left to them.
        await until(lambda: any("已超时:审批 (SO-3)" in each["Subject"] for each in box.received))
        [late] = [each for each in box.received if "已超时" in each["Subject"]]
        assert late["To"] == "manager@factory.example"
        assert any(
            "待办已到期" in each["Subject"] and each["To"] == "wang@factory.example" for each in box.received
        )
    finally:
        await hub.stop()
        await robots.runner.cleanup()
        await target.go()
        box.server.close()


async def _finish(hub: Hub, key: str, values: dict[str, object]) -> None:
    inbox = hub.services.inbox
    person = Person("wang", "王经理", frozenset({"operations"}))
    page = await hub.store.tasks(hub.scope, limit=50)
    [task] = [each for each in page.items if each.business_key == key]
    found = await inbox.find(hub.scope, task.instance_id, task.token)
    await inbox.finish(person, found, Wish(values=values))
