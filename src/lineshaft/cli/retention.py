"""``retention``: how long records are kept, and pruning them now."""

from __future__ import annotations

from typing import Any

import typer

from lineshaft.cli.surroundings import AsJson, Surroundings, here, out_json, table

commands = typer.Typer(help="How long records are kept. 数据保留。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="retention")


@commands.command("show")
def show_retention(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the policy and what the last sweep removed. 查看保留策略与上次清理结果。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/retention")
    if as_json:
        out_json(found)
        return
    forever = around.word("for ever", "永久")
    table(
        (around.word("kind", "类别"), around.word("days", "天数"), around.word("origin", "来源")),
        [(each["kind"], each["days"] or forever, each["origin"]) for each in found["policy"]]
        + [(each["process"], each["days"] or forever, "pack") for each in found["processes"]],
    )
    if found["last"] is not None:
        _say(around, found["last"])


@commands.command("run")
def run_retention(context: typer.Context, as_json: AsJson = False) -> None:
    """Prune now what has had its time. 立即清理到期数据。"""
    around = here(context)
    with around.api() as api:
        found = api.send("POST", "/retention/run")
    if as_json:
        out_json(found)
    else:
        _say(around, found)


def _say(around: Surroundings, sweep: dict[str, Any]) -> None:
    removed = ", ".join(f"{name} {count}" for name, count in sweep["counts"].items()) or "0"
    around.say(
        "Sweep of {at}: removed {removed}; {slices} slices, the longest {longest} ms.",
        "{at} 清理:删除 {removed};共 {slices} 批,最长一批 {longest} 毫秒。",
        at=sweep["began_at"][:19],
        removed=removed,
        slices=sweep["slices"],
        longest=round(float(sweep["longest_slice_s"]) * 1000, 1),
    )
