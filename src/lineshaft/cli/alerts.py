"""``alerts`` and ``expectations``: what did not happen in time, what was done about it, and the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

_KINDS: Final = {
    "order": ("order overdue", "订单超期"),
    "stock": ("stock low", "库存低位"),
    "receipt": ("receipt overdue", "回款超时"),
    "approvals": ("approvals", "审批积压"),
    "sync": ("sync fails", "同步失败"),
    "interface": ("system down", "接口中断"),
    "stuck": ("stuck", "流程卡住"),
    "delay": ("late", "同步延迟"),
    "missing": ("missing", "应到未到"),
    "drift": ("interface", "接口变更"),
    "state": ("state", "状态未对照"),
}
"""What an alert is about, in English and Chinese."""
_SEVERITIES: Final = {
    "info": ("info", "提示"),
    "warning": ("warning", "警告"),
    "critical": ("critical", "严重"),
}

commands = typer.Typer(
    help="What did not happen in time. 预警:列出、处理、规则。", invoke_without_command=True
)

Ids = Annotated[
    list[str], typer.Argument(help="Of the alerts, as `lineshaft alerts --json` says. 预警编号。")
]
Text = Annotated[str, typer.Option("--text", help="What to note. 备注。")]
RuleName = Annotated[str, typer.Argument(help="kind/name, e.g. stock/stock-low. 规则名。")]
Minutes = Annotated[
    int, typer.Option("--minutes", min=0, help="For how long; 0: no longer. 分钟数,0 为解除。")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="alerts")
    app.command("expectations")(expectations_command)


@commands.callback()
def list_alerts(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open or closed. 状态。")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs that stand still, writes that are late, and what is missing. 预警:卡住、延迟、应到未到。"""
    if context.invoked_subcommand is not None:
        return
    around = here(context)
    with around.api() as api:
        page = api.get("/alerts", state=state, limit=limit)
    if as_json:
        out_json(page)
        return
    headings = (
        ("编号", "级别", "类型", "预警", "数量", "单号", "环节", "责任方", "处理人", "开始", "关闭")
        if around.language == "zh"
        else (
            "id", "severity", "kind", "watch", "count", "number", "node", "owner", "taken by", "since", "end",
        )
    )  # fmt: skip
    table(headings, (_row(around, each) for each in page["items"]))


def _row(around: Surroundings, each: dict[str, Any]) -> tuple[object, ...]:
    return (
        each["id"],
        around.word(*_SEVERITIES.get(each["severity"], (each["severity"],) * 2)),
        around.word(*_KINDS.get(each["kind"], (each["kind"],) * 2)),
        each["title"][around.language],
        each["count"],
        each["key"] or each["instance"],
        each["node"],
        each["owner"][around.language],
        each["assignee"] or each["acknowledged_by"],
        each["since"][:19],
        (each["closed_at"] or "")[:19],
    )


@commands.command("show")
def show_alert(
    context: typer.Context,
    alert: Annotated[str, typer.Argument(help="Of the alert. 预警编号。")],
    as_json: AsJson = False,
) -> None:
    """Show an alert and what was done with it. 查看预警与处理记录。"""
    around = here(context)
    with around.api() as api:
        found = api.get(f"/alerts/{segment(alert)}")
    if as_json:
        out_json(found)
        return
    each = found["alert"]
    keys = ", ".join(each["keys"] or [each["key"]])
    out(f"{each['title'][around.language]}  {each['node']}  {keys}  × {each['count']}")
    table(("at", "by", "act", "text"), ((n["at"][:19], n["by"], n["act"], n["text"]) for n in found["notes"]))


def _act(context: typer.Context, ids: list[str], act: str, **more: object) -> None:
    around = here(context)
    with around.api() as api:
        done = api.send("POST", "/alert-acts", {"ids": ids, "act": act, **more})
    around.say("{count} done.", "已处理 {count} 条。", count=len(done["items"]))


@commands.command("acknowledge")
def acknowledge(context: typer.Context, ids: Ids, text: Text = "") -> None:
    """Say that you have it in hand. 认领。"""
    _act(context, ids, "acknowledge", text=text)


@commands.command("assign")
def assign(
    context: typer.Context,
    ids: Ids,
    to: Annotated[str, typer.Option("--to", help="Their login. 处理人账号。")],
) -> None:
    """Give them to somebody. 指派。"""
    _act(context, ids, "assign", person=to)


@commands.command("comment")
def comment(context: typer.Context, ids: Ids, text: Text) -> None:
    """Note something. 备注。"""
    _act(context, ids, "comment", text=text)


@commands.command("resolve")
def resolve(
    context: typer.Context,
    ids: Ids,
    useful: Annotated[
        bool | None, typer.Option("--useful/--useless", help="Was this useful? 是否有用。")
    ] = None,
    text: Text = "",
) -> None:
    """Close them. 关闭。"""
    _act(context, ids, "resolve", text=text, useful=useful)


@commands.command("mute")
def mute(context: typer.Context, ids: Ids, minutes: Minutes = 60) -> None:
    """Tell nobody of them for a time. 静默预警。"""
    _act(context, ids, "mute", mute_s=minutes * 60)


@commands.command("figures")
def figures(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=366, help="Of how many days. 天数。")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show mean times to acknowledge and to repair, and the noise rate. 处理时效与误报率。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/alert-figures", days=days)
    if as_json:
        out_json(found)
        return
    noise = found["noise"]
    rows = (
        (around.word("opened", "新增"), found["opened"]),
        (around.word("open now", "未解除"), found["open"]),
        (around.word("not acknowledged", "未认领"), found["unacknowledged"]),
        (
            around.word("mean time to acknowledge, min", "平均认领时间(分钟)"),
            _minutes(found["acknowledge_s"]),
        ),
        (around.word("mean time to repair, min", "平均修复时间(分钟)"), _minutes(found["repair_s"])),
        (around.word("target, min", "目标(分钟)"), _minutes(found["target_s"])),
        (around.word("noise, %", "误报率(%)"), f"{float(noise) * 100:.1f}" if noise is not None else "-"),
    )
    table((around.word("figure", "指标"), around.word("value", "数值")), rows)


def _minutes(seconds: object) -> str:
    return f"{float(str(seconds)) / 60:,.1f}" if seconds is not None else "-"


@commands.command("rules")
def list_rules(context: typer.Context, as_json: AsJson = False) -> None:
    """List the rules as they hold now. 列出预警规则。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/alert-rules")
    if as_json:
        out_json(page)
        return
    headings = (
        ("规则", "名称", "级别", "通知", "渠道", "启用", "版本", "静默至")
        if around.language == "zh"
        else ("rule", "title", "severity", "to", "channels", "on", "version", "muted until")
    )
    table(
        headings,
        (
            (
                each["id"],
                each["title"][around.language],
                around.word(*_SEVERITIES[each["severity"]]),
                ", ".join(each["to"]),
                ", ".join(each["channels"]),
                "✓" if each["enabled"] else "",
                each["version"],
                (each["muted_until"] or "")[:19],
            )
            for each in page["items"]
        ),
    )


@commands.command("rule")
def show_rule(context: typer.Context, rule: RuleName, as_json: AsJson = False) -> None:
    """Print a rule as YAML, to be changed and given to `set-rule`. 输出规则。"""
    with here(context).api() as api:
        found = api.get(f"/alert-rules/{segment(rule)}")
    if as_json:
        out_json(found)
        return
    plain = {name: _plain(value) for name, value in found["definition"].items()}
    out(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False).rstrip())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    return float(value)


@commands.command("set-rule")
def set_rule(
    context: typer.Context,
    rule: RuleName,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML. 规则文件。")],
) -> None:
    """Change a rule, or make one. 修改或新增规则。"""
    around = here(context)
    definition = yaml.safe_load(file.read_text(encoding="utf-8"))
    with around.api() as api:
        kept = api.send("PUT", f"/alert-rules/{segment(rule)}", {"definition": definition})
    around.say(
        "{rule} is at version {version}.",
        "{rule} 已更新为第 {version} 版。",
        rule=rule,
        version=kept["version"],
    )


@commands.command("reset-rule")
def reset_rule(context: typer.Context, rule: RuleName) -> None:
    """Let the pack's rule hold again. 还原规则。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/alert-rules/{segment(rule)}")
    around.say("{rule} is reset.", "{rule} 已还原。", rule=rule)


@commands.command("mute-rule")
def mute_rule(context: typer.Context, rule: RuleName, minutes: Minutes = 60) -> None:
    """Tell nobody of a rule's alerts for a time. 静默规则。"""
    around = here(context)
    with around.api() as api:
        api.send("POST", "/alert-rule-mutes", {"rule": rule, "mute_s": minutes * 60})
    around.say("{rule} is set.", "{rule} 已设置。", rule=rule)


def expectations_command(context: typer.Context, as_json: AsJson = False) -> None:
    """List what should follow events, and how it stands. 应到未到。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/expectations")
    if as_json:
        out_json(page)
        return
    headings = (
        ("名称", "触发", "应有", "时限(秒)", "待到", "逾期", "责任方")
        if around.language == "zh"
        else ("name", "after", "expected", "within, s", "pending", "late", "owner")
    )
    table(
        headings,
        (
            (
                each["title"][around.language],
                each["after"],
                each["expect"],
                round(each["within_s"]),
                each["pending"],
                each["late"],
                each["owner"][around.language],
            )
            for each in page["items"]
        ),
    )
