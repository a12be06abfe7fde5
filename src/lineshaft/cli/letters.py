"""``dead-letters``: failed items: list, show, replay, discard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lineshaft.app.reaching import segment
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out_json, table

commands = typer.Typer(help="Failed items. 异常单据。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="dead-letters")


@commands.command("list")
def list_letters(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="open, replayed, resolved, discarded. 状态。")] = "open",
    system: Annotated[str | None, typer.Option(help="Of one system. 系统。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first. 列出异常单据。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/dead-letters", status=status, system=system, limit=limit)
    if as_json:
        out_json(page)
        return
    headings = ("id", "since", "number", "operation", "error")
    rows = [
        (
            each["id"],
            each["created_at"][:19],
            each["business_key"],
            f"{each['system']}.{each['operation']}" if each["system"] else each["subject_id"],
            f"{each['error_class']}: {each['error_text'][:100]}",
        )
        for each in page["items"]
    ]
    table(headings, rows)


@commands.command("show")
def show_letter(context: typer.Context, letter: str) -> None:
    """Show one with its payload, as JSON. 查看。"""
    with here(context).api() as api:
        out_json(api.get(f"/dead-letters/{segment(letter)}"))


@commands.command("replay")
def replay_letter(
    context: typer.Context,
    letter: str,
    payload: Annotated[Path | None, typer.Option(help="Corrected payload (JSON). 修正后的内容。")] = None,
    as_json: AsJson = False,
) -> None:
    """Send one on its way again. 重放。"""
    around = here(context)
    body = None
    if payload is not None:
        try:
            body = json.loads(payload.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                text(
                    "Expected JSON in {path}, but: {error}",
                    "无法读取 {path}:{error}",
                    path=payload,
                    error=error,
                )
            ) from error
    with around.api() as api:
        answer = api.send("POST", f"/dead-letters/{segment(letter)}/replay", {"payload": body})
    if as_json:
        out_json(answer)
    else:
        around.say("Dead letter {id} is on its way again.", "异常单据 {id} 已重放。", id=letter)


@commands.command("discard")
def discard_letter(context: typer.Context, letter: str, as_json: AsJson = False) -> None:
    """Close one without a replay. 作废。"""
    around = here(context)
    with around.api() as api:
        answer = api.send("POST", f"/dead-letters/{segment(letter)}/discard")
    if as_json:
        out_json(answer)
    else:
        around.say("Dead letter {id} is closed.", "异常单据 {id} 已关闭。", id=letter)
