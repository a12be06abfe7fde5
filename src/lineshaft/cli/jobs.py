"""``jobs``: bulk work: plan it, do just that, follow it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table

_WAIT_S = 10

commands = typer.Typer(help="Bulk work. 批量任务。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="jobs")


@commands.command("plan")
def plan(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="replay, discard, cancel, resolve. 操作。")],
    chosen: Annotated[
        list[str], typer.Option("--where", help="system=erp, cause=…, process_id=… 筛选条件。")
    ],
    reason: Annotated[str, typer.Option(help="Why. 原因(留痕)。")],
    as_json: AsJson = False,
) -> None:
    """Show exactly what would be done; nothing is changed. 生成方案。"""
    around = here(context)
    pairs = [each.partition("=") for each in chosen]
    if any(not mark for _, mark, _ in pairs):
        raise InputError(text("Expected --where NAME=VALUE.", "--where 应为 名称=值。"))
    wish = {"action": action, "filter": {name: value for name, _, value in pairs}, "reason": reason}
    with around.api() as api:
        found = api.send("POST", "/plans", wish)
    if as_json:
        out_json(found)
        return
    table(("id", "number", "about"), ((each["id"], each["label"], each["about"]) for each in found["items"]))
    around.say(
        "{count} items. Do it: lineshaft jobs run {id} {digest}",
        "共 {count} 项。执行:lineshaft jobs run {id} {digest}",
        count=found["count"],
        id=found["id"],
        digest=found["digest"],
    )


@commands.command("run")
def run(context: typer.Context, plan_id: str, digest: str, as_json: AsJson = False) -> None:
    """Do what a plan showed, and wait for its end. 执行方案。"""
    around = here(context)
    with around.api() as api:
        job = api.send("POST", "/jobs", {"plan_id": plan_id, "digest": digest})
        while job["state"] == "running":
            job = api.get(f"/jobs/{segment(job['id'])}", wait_s=_WAIT_S)
    if as_json:
        out_json(job)
    else:
        _say(around, job)
    if job["failed"]:
        raise typer.Exit(1)


@commands.command("list")
def list_jobs(context: typer.Context, as_json: AsJson = False) -> None:
    """List jobs, newest first. 列出任务。"""
    with here(context).api() as api:
        page = api.get("/jobs", limit=100)
    if as_json:
        out_json(page)
        return
    table(
        ("id", "action", "state", "done", "failed", "of", "by", "reason"),
        (
            (
                each["id"], each["action"], each["state"], each["done"], each["failed"],
                each["count"], each["created_by"], each["reason"],
            )
            for each in page["items"]
        ),
    )  # fmt: skip


@commands.command("show")
def show_job(
    context: typer.Context,
    job_id: str,
    state: Annotated[str | None, typer.Option(help="waiting, done, failed. 状态。")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a job and what became of its items. 查看任务。"""
    around = here(context)
    with around.api() as api:
        job = api.get(f"/jobs/{segment(job_id)}")
        page = api.get(f"/jobs/{segment(job_id)}/items", state=state, limit=500)
    if as_json:
        out_json({"job": job, "items": page["items"]})
        return
    for each in page["items"]:
        out(f"{each['id']}  {each['state']}  {each['label']}  {each['message']}")
    _say(around, job)


@commands.command("cancel")
def cancel_job(context: typer.Context, job_id: str, as_json: AsJson = False) -> None:
    """Begin no more of its items. 终止任务。"""
    around = here(context)
    with around.api() as api:
        job = api.send("DELETE", f"/jobs/{segment(job_id)}")
    if as_json:
        out_json(job)
    else:
        _say(around, job)


def _say(around: Any, job: dict[str, Any]) -> None:
    around.say(
        "Job {id}: {state}, {done} of {count} done, {failed} failed.",
        "任务 {id}:{state},共 {count} 项,完成 {done} 项,失败 {failed} 项。",
        id=job["id"],
        state=job["state"],
        done=job["done"],
        count=job["count"],
        failed=job["failed"],
    )
