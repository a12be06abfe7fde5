"""``demo``: a sandbox factory with a hub, to look at and to try out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lineshaft.cli.surroundings import AsJson, here, out


class Approval(StrEnum):
    """Who approves shipments in the OA."""

    AUTO = "auto"
    MANUAL = "manual"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo_command)


def demo_command(
    context: typer.Context,
    *,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Simulated seconds per second; 1440: a day is a minute (default; 14400 with --once). 速度。",
        ),
    ] = None,
    orders: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Real orders to carry over (CSV). 真实订单目录。"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="A few orders, then end. 只跑一轮。")] = False,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept. 数据目录。")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The hub's port; 0: any. 端口。")] = 8420,
    instant: Annotated[
        bool,
        typer.Option("--instant", help="CRM and ERP only, which delivers at once. 仅 CRM 与 ERP,立即发货。"),
    ] = False,
    approval: Annotated[
        Approval, typer.Option(help="Shipments in the OA: by themselves, or by hand. 发货审批:自动或手工。")
    ] = Approval.AUTO,
    scenario: Annotated[
        str | None, typer.Option(help="Play one scenario, or all, and judge it row by row. 演示并核对场景。")
    ] = None,
    faults: Annotated[
        int | None,
        typer.Option(help="With --scenario: the seed of the faults it is played under. 故障种子。"),
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option(help="Another pack, with the systems it needs; orders are yours to enter. 方案包。"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a sandbox factory and a hub; show each order's way. 启动仿真工厂与系统。"""
    from lineshaft.app.demo.running import Wish, demo

    around = here(context)
    folder = data or Path(".lineshaft") / (pack or ("orders" if orders is not None else "demo"))
    pace = speed or (14_400.0 if once else 1_440.0)
    wish = Wish(folder, port, pace, orders, once, as_json, around.language, instant, approval.value)
    wish = replace(wish, scenario=scenario, faults=faults, pack=pack)
    raise typer.Exit(asyncio.run(demo(wish, out)))
