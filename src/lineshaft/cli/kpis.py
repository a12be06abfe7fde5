"""``kpi``: key figures as they stand, the records behind them, and what they shall be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

commands = typer.Typer(help="Key figures. 指标:查看、明细、设置。", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="The figure's name. 指标名。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="kpi")


@commands.callback()
def list_kpis(context: typer.Context, as_json: AsJson = False) -> None:
    """List all key figures: value, baseline, target. 列出全部指标。"""
    if context.invoked_subcommand is not None:
        return
    around = here(context)
    with around.api() as api:
        page = api.get("/kpis")
    if as_json:
        out_json(page)
        return
    headings = (
        ("名称", "指标", "当前值", "基线", "目标", "达成", "明细数", "责任方")
        if around.language == "zh"
        else ("name", "figure", "value", "baseline", "target", "met", "records", "owner")
    )
    table(headings, (_row(around, each) for each in page["items"]))


def _row(around: Surroundings, each: dict[str, Any]) -> tuple[object, ...]:
    met = {True: around.word("yes", "是"), False: around.word("no", "否"), None: "–"}[each["met"]]
    return (
        each["name"],
        each["title"][around.language],
        _shown(each["value"], each["unit"]),
        _shown(each["baseline"], each["unit"]),
        _shown(each["target"], each["unit"]),
        met,
        each["listed"],
        each["owner"][around.language],
    )


def _shown(value: str | None, unit: str) -> str:
    return "–" if value is None else f"{value} {unit}".strip()


@commands.command("show")
def show_kpi(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show a figure, its formula and the records behind it. 查看指标、公式与明细。"""
    around = here(context)
    with around.api() as api:
        found = api.get(f"/kpis/{segment(name)}")
    if as_json:
        out_json(found)
        return
    kpi = found["kpi"]
    out(f"{kpi['title'][around.language]}: {_shown(kpi['value'], kpi['unit'])}")
    out(kpi["formula"])
    headings = (
        ("单号", "时间", "值", "内容", "状态")
        if around.language == "zh"
        else ("number", "at", "value", "what", "status")
    )
    rows = (
        (each["number"], each["at"], each["value"], each["what"], each["status"]) for each in found["rows"]
    )
    table(headings, rows)


@commands.command("set")
def set_kpi(
    context: typer.Context,
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="Its definition, YAML. 指标定义文件。")
    ] = None,
    target: Annotated[float | None, typer.Option(help="Only its target. 仅修改目标。")] = None,
) -> None:
    """Change a figure or its target, or make one; it holds at once. 修改或新增指标。"""
    around = here(context)
    with around.api() as api:
        if file is not None:
            definition = yaml.safe_load(file.read_text(encoding="utf-8"))
        else:
            definition = api.get(f"/kpis/{segment(name)}")["kpi"]["definition"]
        if target is not None:
            definition = {**definition, "target": target}
        kept = api.send("PUT", f"/kpis/{segment(name)}", {"definition": definition})
    around.say(
        "{name} is at version {version}.",
        "{name} 已更新为第 {version} 版。",
        name=name,
        version=kept["version"],
    )


@commands.command("reset")
def reset_kpi(context: typer.Context, name: Name) -> None:
    """Let the pack's figure hold again. 还原指标。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/kpis/{segment(name)}")
    around.say("{name} is as it was shipped.", "{name} 已还原。", name=name)
