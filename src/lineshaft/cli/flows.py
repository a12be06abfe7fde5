"""``flows``: what keeps systems in step, how it stands, and what people decide for it."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from lineshaft.base.errors import Conflict
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table

Name = Annotated[str, typer.Argument(help="The flow. 同步流。")]
_LOOK_S = 0.5
_ENDS = ("written", "unchanged", "filtered", "older", "late", "held", "failed", "parked")
"""What becomes of a record that was read: one of these."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("pause")(pause_command)
    group.command("resume")(resume_command)
    group.command("run")(run_command)
    group.command("rewind")(rewind_command)
    group.command("decisions")(decisions_command)
    group.command("decide")(decide_command)
    app.add_typer(group, name="flows", help="Keep systems in step: state, errors, decisions. 同步流。")


def list_command(context: typer.Context, as_json: AsJson = False) -> None:
    """List the flows of the active release. 同步流一览。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/flows")
    if as_json:
        out_json(found)
        return
    headings = (
        ("同步流", "状态", "系统", "已读", "已写", "失败", "待决定", "超时")
        if around.language == "zh"
        else ("flow", "status", "systems", "read", "written", "failed", "to decide", "overdue")
    )
    table(headings, [_line(each) for each in found])


def _line(flow: dict[str, Any]) -> tuple[object, ...]:
    counts = flow["counts"]
    waiting = {each["status"]: each["count"] for each in flow["waiting"]}
    arrow = " <-> " if flow["two_way"] else " -> "
    systems = arrow.join(end["system"] for end in flow["ends"])
    shown = [counts.get(name, 0) for name in ("read", "written", "failed")]
    return (
        flow["name"],
        flow["status"],
        systems,
        *shown,
        waiting.get("conflict", 0),
        counts.get("overdue", 0),
    )


def show_command(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show one flow: counts, delays, what waits, the newest errors. 同步流详情。"""
    around = here(context)
    with around.api() as api:
        flow = api.get(f"/flows/{quote(name, safe='')}")
    if as_json:
        out_json(flow)
        return
    out(f"{flow['name']}  {flow['title'][around.language]}  {flow['status']}  {flow['reason']}".rstrip())
    table((around.word("count", "计数"), ""), sorted(flow["counts"].items()))
    table(
        (around.word("delay up to, s", "延迟不超过(秒)"), ""),
        [(each["up_to_s"] or "…", each["count"]) for each in flow["delays"] if each["count"]],
    )
    table(
        (around.word("waits", "等待"), "", around.word("since", "自")),
        [(each["status"], each["count"], each["oldest_at"][:19]) for each in flow["waiting"]],
    )
    for each in flow["errors"]:
        out(f"{each['at'][:19]}  {each['key']}  {each['system']}  {each['text']}")


def pause_command(
    context: typer.Context, name: Name, reason: Annotated[str, typer.Option(help="Why. 原因。")]
) -> None:
    """Let a flow read and write nothing. 暂停同步流。"""
    _send(context, name, "pause", {"reason": reason})


def resume_command(context: typer.Context, name: Name) -> None:
    """Let a paused flow go on. 恢复同步流。"""
    _send(context, name, "resume", {})


def run_command(
    context: typer.Context,
    name: Name,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Wait so many seconds for its end. 等待秒数。")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Read a flow's sources now, to their end; with --wait, report what came of it. 立即运行(初始装载)。"""
    around = here(context)
    path = f"/flows/{quote(name, safe='')}"
    with around.api() as api:
        before = api.get(path)
        api.send("POST", f"{path}/run", {})
        after = before
        for _ in range(round(wait_s / _LOOK_S)):
            time.sleep(_LOOK_S)
            after = api.get(path)
            if after["counts"].get("runs", 0) > before["counts"].get("runs", 0):
                break
        else:
            if wait_s:
                raise Conflict(
                    text("The run has not ended in {s} s.", "运行在 {s} 秒内未结束。", s=wait_s),
                    code="run_goes_on",
                )
    counts = {
        each: after["counts"].get(each, 0) - before["counts"].get(each, 0) for each in sorted(after["counts"])
    }
    parts = {each: counts[each] for each in _ENDS if counts.get(each)}
    adds_up = _one_target(after) and counts.get("read", 0) == sum(parts.values())
    report = {"flow": name, "counts": counts, "waiting": after["waiting"], "errors": after["errors"]}
    if as_json:
        out_json({**report, "adds_up": adds_up})
        return
    if wait_s:
        table((around.word("count", "计数"), ""), [each for each in counts.items() if each[1]])
        if adds_up and parts:
            out(f"read {counts['read']} = {' + '.join(f'{part} {count}' for part, count in parts.items())}")
        if counts.get("parked"):
            out(
                around.word("What they wait for: lineshaft xref waiting", "等待的编码:lineshaft xref waiting")
            )
    for each in after["errors"] if wait_s else ():
        out(f"{each['key']}  {each['system']}  {each['text']}")


def _one_target(flow: dict[str, Any]) -> bool:
    """Tell whether each record has one end: with several targets it is written several times."""
    return not flow["two_way"] and sum(end["writes"] is not None for end in flow["ends"]) == 1


def rewind_command(
    context: typer.Context,
    name: Name,
    side: Annotated[str, typer.Option(help="The system to read again; all where empty. 系统。")] = "",
    position: Annotated[str, typer.Option(help="From here (hex); the beginning where empty. 位置。")] = "",
) -> None:
    """Read again from a position or the beginning; what is unchanged is not written. 回退读取位置。"""
    _send(context, name, "rewind", {"side": side, "position": position or None})


def decisions_command(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """List the records that both sides have changed. 待决定的冲突。"""
    around = here(context)
    with around.api() as api:
        page = api.get(f"/flows/{quote(name, safe='')}/decisions", limit=200)
    if as_json:
        out_json(page)
        return
    systems = [each["system"] for each in page["items"][0]["fields"][0]["sides"]] if page["items"] else []
    table(
        (around.word("record", "记录"), around.word("field", "字段"), *systems, around.word("since", "自")),
        [
            (
                each["key"],
                field["name"],
                *(side["value"] for side in field["sides"]),
                each["since"][:19],
            )
            for each in page["items"]
            for field in each["fields"]
        ],
    )


def decide_command(
    context: typer.Context,
    name: Name,
    *,
    key: Annotated[str, typer.Argument(help="The record. 记录。")],
    field: Annotated[str, typer.Argument(help="The field. 字段。")],
    choice: Annotated[str, typer.Argument(help="The system whose value counts. 采用的系统。")],
    value: Annotated[str, typer.Option(help="Another value, with the choice `value`. 其他值。")] = "",
) -> None:
    """Say what is to stand in an open field on both sides. 决定冲突字段。"""
    body = {"key": key, "field": field, "choice": choice, "value": value or None}
    _send(context, name, "decisions", body)


def _send(context: typer.Context, name: str, act: str, body: dict[str, Any]) -> None:
    around = here(context)
    with around.api() as api:
        done = api.send("POST", f"/flows/{quote(name, safe='')}/{act}", body)
    out(f"{done['id']}: {done['status']}")
