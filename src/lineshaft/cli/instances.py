"""``instance``: what a person does to a run of a process that is under way 人工干预."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out_json

commands = typer.Typer(help="Runs of processes. 流程实例。", no_args_is_help=True)
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log. 原因。")]
Values = Annotated[str | None, typer.Option("--variables", help="Values (JSON). 变量(JSON)。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="instance")


@commands.command("show")
def show(context: typer.Context, instance: str) -> None:
    """Print where a run stands and what it holds (JSON). 显示。"""
    with here(context).api() as api:
        out_json(api.get(f"/instances/{instance}"))


@commands.command("suspend")
def suspend(context: typer.Context, instance: str, reason: Why, as_json: AsJson = False) -> None:
    """Hold a run. 暂停。"""
    _do(context, f"/instances/{instance}/suspend", {"reason": reason}, as_json)


@commands.command("resume")
def resume(context: typer.Context, instance: str, reason: Why, as_json: AsJson = False) -> None:
    """Let a run go on. 继续。"""
    _do(context, f"/instances/{instance}/resume", {"reason": reason}, as_json)


@commands.command("cancel")
def cancel(context: typer.Context, instance: str, reason: Why, as_json: AsJson = False) -> None:
    """End a run; what it has done stays done. 终止。"""
    _do(context, f"/instances/{instance}/cancel", {"reason": reason}, as_json)


@commands.command("set")
def set_variables(
    context: typer.Context, instance: str, reason: Why, variables: Values = None, as_json: AsJson = False
) -> None:
    """Set variables of a run. 修改变量。"""
    _do(context, f"/instances/{instance}/variables", _with(variables, reason), as_json)


@commands.command("retry")
def retry(context: typer.Context, instance: str, incident: int, reason: Why, as_json: AsJson = False) -> None:
    """Let a run try again where an incident stopped it. 重试。"""
    _do(context, f"/incidents/{instance}/{incident}/resolve", {"reason": reason}, as_json)


@commands.command("skip")
def skip(
    context: typer.Context,
    instance: str,
    element: str,
    *,
    reason: Why,
    variables: Values = None,
    as_json: AsJson = False,
) -> None:
    """End an element in which a run waits; the flow goes on behind it. 跳过节点。"""
    _do(context, f"/instances/{instance}/elements/{element}/skip", _with(variables, reason), as_json)


@commands.command("leave")
def leave(context: typer.Context, instance: str, element: str, reason: Why, as_json: AsJson = False) -> None:
    """End an element in which a run waits; the flow does not go on. 离开节点。"""
    _do(context, f"/instances/{instance}/elements/{element}/leave", {"reason": reason}, as_json)


@commands.command("begin")
def begin(
    context: typer.Context,
    instance: str,
    element: str,
    *,
    reason: Why,
    variables: Values = None,
    as_json: AsJson = False,
) -> None:
    """Begin an element by hand: to do a step again, or to go back. 从某节点重新开始。"""
    _do(context, f"/instances/{instance}/elements/{element}/begin", _with(variables, reason), as_json)


@commands.command("assign")
def assign(
    context: typer.Context, instance: str, token: int, assignee: str, *, reason: Why, as_json: AsJson = False
) -> None:
    """Hand a task over to another person. 转办。"""
    _do(context, f"/tasks/{instance}/{token}/assign", {"assignee": assignee, "reason": reason}, as_json)


def _with(variables: str | None, reason: str) -> dict[str, Any]:
    try:
        values = json.loads(variables) if variables else {}
    except ValueError as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error)
        ) from error
    return {"variables": values, "reason": reason}


def _do(context: typer.Context, path: str, wish: dict[str, Any], as_json: bool) -> None:
    around = here(context)
    with around.api() as api:
        answer = api.send("POST", path, wish)
    if as_json:
        out_json(answer)
    else:
        around.say("Given; the run carries it out in its turn.", "已提交,流程将依次执行。")
