"""``unknown``: calls of which nobody knows whether they were carried out."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out_json, table

commands = typer.Typer(help="Unknown outcomes. 结果待核实。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="unknown")


@commands.command("list")
def list_unknown(context: typer.Context, as_json: AsJson = False) -> None:
    """List them. 列出。"""
    with here(context).api() as api:
        page = api.get("/unknown-outcomes", limit=500)
    if as_json:
        out_json(page)
        return
    rows = [
        (
            each["id"],
            each["business_key"],
            f"{each['system']}.{each['operation']}",
            each["attempted_at"] or "",
        )
        for each in page["items"]
    ]
    table(("id", "number", "operation", "called at"), rows)


@commands.command("decide")
def decide(
    context: typer.Context,
    effect: str,
    done: Annotated[
        bool | None, typer.Option("--done/--not-done", help="Was it carried out? 是否已执行?")
    ] = None,
    answer: Annotated[str | None, typer.Option(help="What the system answered (JSON). 系统的应答。")] = None,
    as_json: AsJson = False,
) -> None:
    """Settle one, after looking into the other system. 核实。"""
    around = here(context)
    if done is None:
        raise InputError(text("Expected --done or --not-done.", "请指定 --done 或 --not-done。"))
    try:
        content = json.loads(answer) if answer else None
    except ValueError as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error)
        ) from error
    body = {"effect_id": effect, "verdict": "done" if done else "not_done", "answer": content}
    with around.api() as api:
        found = api.send("POST", "/unknown-outcomes/decide", body)
    if as_json:
        out_json(found)
    else:
        around.say("Settled: {id}", "已核实:{id}", id=effect)
