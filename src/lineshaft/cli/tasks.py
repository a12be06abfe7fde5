"""``tasks``: what waits for a person: list, show, act, delegate."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from lineshaft.app.reaching import segment
from lineshaft.base.errors import InputError
from lineshaft.base.text import both_names, text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, json_object, out, out_json, table

commands = typer.Typer(help="Tasks of people. 待办任务。", no_args_is_help=True)
BOXES: Final = ("todo", "done", "started", "copied")
ACTS: Final = ("approve", "return", "hand_over", "add_approver", "comment", "copy", "urge")
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="As the list names it: RUN/NUMBER. 任务编号。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="tasks")


@commands.command("list")
def list_tasks(
    context: typer.Context,
    box: Annotated[str, typer.Option(help=f"{', '.join(BOXES)}. 待办、已办、我发起、抄送。")] = "todo",
    everyone: Annotated[
        bool, typer.Option("--everyone", help="All open tasks, not only one's own. 全部未完成任务。")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List a box of one's own, or all open tasks. 列出任务。"""
    around = here(context)
    with around.api() as api:
        if everyone:
            page = api.get("/tasks", status="open", limit=limit)
        else:
            page = api.get("/inbox", box=_one_of(box, BOXES), limit=limit)
    if as_json:
        out_json(page)
        return
    headings = (
        ("任务", "单号", "流程", "名称", "处理人", "期限")
        if around.language == "zh"
        else ("task", "number", "process", "name", "whose", "due")
    )
    table(headings, (_row(around, each) for each in page["items"]))


@commands.command("show")
def show_task(context: typer.Context, task: TaskId) -> None:
    """Show one with its form, values and what may be done, as JSON. 查看任务。"""
    with here(context).api() as api:
        out_json(api.get(_path(task)))


@commands.command("act")
def act_on_task(
    context: typer.Context,
    task: TaskId,
    act: Annotated[
        str, typer.Argument(help=f"{', '.join(ACTS)}. 同意、退回、转办、加签、批注、抄送、催办。")
    ],
    *,
    values: Annotated[
        str, typer.Option(help="What the form asks for (JSON), with approve. 表单内容。")
    ] = "{}",
    note: Annotated[str, typer.Option(help="A comment. 意见。")] = "",
    to: Annotated[
        str, typer.Option(help="A colleague; of return the step to go back to. 同事,或退回到的环节。")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Approve a task, or return, hand over, comment, urge. 处理任务。"""
    around = here(context)
    wish = {"act": _one_of(act, ACTS), "note": note, "variables": json_object(values), "to": to}
    with around.api() as api:
        answer = api.send("POST", f"{_path(task)}/acts", wish)
    if as_json:
        out_json(answer)
    else:
        around.say("{task}: {act} is done.", "{task}:已执行 {act}。", task=task, act=act)


@commands.command("colleagues")
def list_colleagues(
    context: typer.Context,
    part: Annotated[str, typer.Argument(help="A part of the name. 姓名的一部分。")] = "",
    as_json: AsJson = False,
) -> None:
    """List people to whom a task may be given. 列出可转交的同事。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/colleagues", part=part)
    if as_json:
        out_json(page)
    else:
        for each in page["items"]:
            out(f"{each['id']}  {each['name'][around.language]}")


@commands.command("delegate")
def delegate(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="Who stands in. 代理人。")],
    *,
    begins: Annotated[str, typer.Option("--from", help="A time with a zone. 开始时间(带时区)。")],
    ends: Annotated[str, typer.Option("--until", help="A time with a zone. 结束时间(带时区)。")],
    note: Annotated[str, typer.Option(help="Why. 原因。")] = "",
    as_json: AsJson = False,
) -> None:
    """Let a colleague do one's tasks for a while. 委托同事代办。"""
    around = here(context)
    wish = {"taker": to, "begins_at": begins, "ends_at": ends, "note": note}
    with around.api() as api:
        answer = api.send("POST", "/delegations", wish)
    if as_json:
        out_json(answer)
    else:
        around.say(
            "{to} stands in until {ends} (delegation {id}).",
            "{to} 代办至 {ends}(委托 {id})。",
            to=to,
            ends=ends,
            id=answer["id"],
        )


def _path(task: str) -> str:
    run, slash, token = task.rpartition("/")
    if not slash or not token.isdigit():
        raise InputError(
            text(
                "Expected a task such as RUN/7, but it is {task}.",
                "任务编号应如 RUN/7,实际为 {task}。",
                task=task,
            ),
            hint=text("lineshaft tasks list names them", "lineshaft tasks list 会列出编号"),
        )
    return f"/tasks/{segment(run)}/{token}"


def _one_of(given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        listed = ", ".join(known)
        raise InputError(
            text(
                "Expected one of {listed}, but it is {given}.",
                "应为 {listed} 之一,实际为 {given}。",
                listed=listed,
                given=given,
            )
        )
    return given


def _row(around: Surroundings, each: dict[str, Any]) -> tuple[object, ...]:
    whose = each["assignee"] or ", ".join(each.get("groups") or each.get("candidate_groups") or [])
    title, process = each.get("title"), each.get("process")
    return (
        f"{each['instance_id']}/{each['token']}",
        each.get("business_key") or "",
        process[around.language] if process else each.get("process_id", ""),
        title[around.language] if title else both_names(each["name"]).in_language(around.language),
        whose,
        (each.get("due_at") or "")[:16],
    )
