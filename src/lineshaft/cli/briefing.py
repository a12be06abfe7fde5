"""``briefing``: what the morning's briefing would say now, and sending it now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import typer

from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json

commands = typer.Typer(help="The morning's briefing. 晨报:查看、发送。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="briefing")


@commands.command("show")
def show_briefing(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what the briefing would say now. 查看当前晨报。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/briefing")
    if as_json:
        out_json(found)
        return
    for line in _lines(around, found):
        out(line)


def _lines(around: Surroundings, found: dict[str, Any]) -> list[str]:
    language = around.language
    lines = [
        f"{around.word('Under way', '在途')}: {found['open']} {_worth(found['backlog'])}".rstrip(),
        f"{around.word('Late', '超期')}: {found['late']}",
        f"{around.word('Refused', '被驳回')}: {found['refused']}",
        f"{around.word('Abnormal in money', '异常金额')}: {_worth(found['abnormal']) or 0}",
    ]
    lines += [
        f"{each['holder'][language]} ({each['title'][language]}): {each['orders']}"
        for each in found["stages"]
    ]
    for each in found["missed"]:
        sign = "≤" if each["better"] == "lower" else "≥"
        lines.append(
            f"{each['title'][language]}: {each['value']} {each['unit']}"
            f" ({around.word('target', '目标')} {sign} {each['target']} {each['unit']})"
        )
    return lines


def _worth(sums: list[dict[str, str]]) -> str:
    return " ".join(f"{each['currency']} {Decimal(each['amount']):,.2f}" for each in sums)


@commands.command("send")
def send_briefing(context: typer.Context) -> None:
    """Send the briefing now. 立即发送晨报。"""
    around = here(context)
    with around.api() as api:
        api.send("POST", "/briefing", {})
    around.say("The briefing is on its way.", "晨报已发送。")
