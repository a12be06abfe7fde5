"""``alerts`` and ``expectations``: what did not happen in time."""

from __future__ import annotations

from typing import Annotated

import typer

from lineshaft.cli.surroundings import AsJson, here, out_json, table


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("alerts")(alerts_command)
    app.command("expectations")(expectations_command)


def alerts_command(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open or closed. 状态。")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs that stand still, writes that are late, and what is missing. 预警:卡住、延迟、应到未到。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/alerts", state=state, limit=limit)
    if as_json:
        out_json(page)
        return
    headings = (
        ("类型", "预警", "单号", "环节", "责任方", "开始", "关闭")
        if around.language == "zh"
        else ("kind", "watch", "number", "node", "owner", "since", "closed")
    )
    table(
        headings,
        (
            (
                each["kind"],
                each["title"][around.language],
                each["key"] or each["instance"],
                each["node"],
                each["owner"][around.language],
                each["since"][:19],
                (each["closed_at"] or "")[:19],
            )
            for each in page["items"]
        ),
    )


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
