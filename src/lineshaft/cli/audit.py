"""``audit``: who did what; whether anybody has laid hands on the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineshaft.cli.surroundings import AsJson, here, out, out_json, table

commands = typer.Typer(help="The audit log. 审计日志。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="audit")


@commands.command("list")
def list_lines(
    context: typer.Context,
    *,
    actor: Annotated[str | None, typer.Option(help="Who. 操作人。")] = None,
    action: Annotated[str | None, typer.Option(help="What, or its beginning. 动作或其开头。")] = None,
    subject: Annotated[str | None, typer.Option(help="To which thing. 对象。")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on (RFC 3339). 起始时间。")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time. 截止时间。")] = None,
    limit: Annotated[int, typer.Option(help="Lines at most. 行数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the newest lines. 查看最近的记录。"""
    with here(context).api() as api:
        query = {"actor": actor, "action": action, "subject": subject, "since": since, "until": until}
        found = api.get("/audit", **query, limit=limit)["items"]
    if as_json:
        out_json(found)
        return
    rows = [
        (
            each["seq"],
            each["at"][:19].replace("T", " "),
            each["actor"],
            each["action"],
            each["outcome"],
            each["subject"],
            each["address"],
        )
        for each in found
    ]
    table(("no", "at (UTC)", "who", "action", "outcome", "subject", "from"), rows)


@commands.command("verify")
def verify(
    context: typer.Context,
    anchor: Annotated[
        list[str] | None, typer.Option(help="An end the log had, as verify printed it. 先前的锚点。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole log; print its end, to be kept elsewhere. 核验日志是否被改动。"""
    around = here(context)
    with around.api() as api:
        verdict = api.send("POST", "/audit/check", {"anchors": anchor or []})
    if as_json:
        out_json(verdict)
    elif verdict["sound"]:
        around.say(
            "Sound: {lines} lines, {erased} of them erased by rule. Its end: {anchor}",
            "完好:共 {lines} 行,其中 {erased} 行按规则清除。末尾锚点:{anchor}",
            **{name: verdict[name] for name in ("lines", "erased", "anchor")},
        )
    else:
        for each in verdict["findings"]:
            out(f"  {each['message']}")
        around.say("The log was tampered with.", "日志被改动过。")
    if not verdict["sound"]:
        raise typer.Exit(1)


@commands.command("export")
def export(context: typer.Context, file: Path) -> None:
    """Write the whole log as JSON lines. 导出全部日志。"""
    around = here(context)
    with around.api() as api:
        content = api.fetch("/audit/export")
    file.write_bytes(content)
    around.say("{lines} lines in {file}", "已导出 {lines} 行到 {file}", lines=content.count(b"\n"), file=file)
