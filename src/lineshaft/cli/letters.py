"""``dead-letters``: failed items: by cause, list, show, replay, discard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lineshaft.app.reaching import Api, segment
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

_WAIT_S: Final = 10
"""How long one question waits for a job's end."""

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
    _table(around, page["items"])


@commands.command("show")
def show_letter(context: typer.Context, letter: str) -> None:
    """Show one with its payload, as JSON. 查看。"""
    with here(context).api() as api:
        out_json(api.get(f"/dead-letters/{segment(letter)}"))


@commands.command("causes")
def list_causes(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="open, replayed, resolved, discarded. 状态。")] = "open",
    as_json: AsJson = False,
) -> None:
    """List why items failed, the most frequent cause first. 按原因汇总异常单据。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/dead-letter-causes", status=status)
    if as_json:
        out_json(page)
        return
    headings = (
        ("原因编号", "数量", "最早", "最近", "操作", "错误")
        if around.language == "zh"
        else ("cause", "count", "oldest", "newest", "operation", "error")
    )
    table(
        headings,
        (
            (
                each["cause"], each["count"], each["oldest_at"][:19], each["newest_at"][:19],
                _operation(each), _error(each),
            )
            for each in page["items"]
        ),
    )  # fmt: skip
    if page["items"]:
        around.say(
            "Look at what a cause would replay: lineshaft dead-letters replay --cause CAUSE",
            "查看某一原因将重放的单据:lineshaft dead-letters replay --cause 原因编号",
        )


@commands.command("replay")
def replay_letter(
    context: typer.Context,
    letters: Annotated[list[str] | None, typer.Argument(help="One or several. 一个或多个编号。")] = None,
    *,
    payload: Annotated[
        Path | None, typer.Option(help="Corrected payload of one (JSON). 单个的修正内容。")
    ] = None,
    cause: Annotated[str | None, typer.Option(help="All open ones of a cause. 同一原因的全部。")] = None,
    system: Annotated[str | None, typer.Option(help="All open ones of a system. 同一系统的全部。")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with each of several. 原因(留痕)。")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking. 直接重放。")] = False,
    as_json: AsJson = False,
) -> None:
    """Send one on its way again, or several after a look at them. 重放。"""
    around = here(context)
    named = letters or []
    many = cause is not None or system is not None
    if many == bool(named) or (payload is not None and len(named) != 1):
        raise InputError(
            text(
                "Expected dead letters, or --cause or --system instead; --payload goes with exactly one.",
                "请给出异常单据编号,或改用 --cause、--system;--payload 只能用于一个编号。",
            )
        )
    with around.api() as api:
        if len(named) == 1:
            _replay_one(around, api, named[0], payload, as_json)
            return
        if many:
            chosen: dict[str, Any] = {"cause": cause, "system": system}
        else:
            chosen = {"ids": list(dict.fromkeys(named))}
        _replay_many(around, api, chosen, reason, yes=yes, as_json=as_json)


def _replay_one(around: Surroundings, api: Api, letter: str, payload: Path | None, as_json: bool) -> None:
    content = None
    if payload is not None:
        try:
            content = json.loads(payload.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                text(
                    "Expected JSON in {path}, but: {error}",
                    "无法读取 {path}:{error}",
                    path=payload,
                    error=error,
                )
            ) from error
    answer = api.send("POST", f"/dead-letters/{segment(letter)}/replay", {"payload": content})
    if as_json:
        out_json(answer)
    else:
        around.say("Dead letter {id} is on its way again.", "异常单据 {id} 已重放。", id=letter)


def _replay_many(
    around: Surroundings, api: Api, chosen: dict[str, Any], reason: str, *, yes: bool, as_json: bool
) -> None:
    """Show exactly what would be sent; send just that, once somebody has said yes."""
    plan = _plan(api, chosen, reason)
    if not as_json:
        around.say("{count} dead letters:", "共 {count} 笔异常单据:", count=plan["count"])
        _planned(around, plan["items"])
    if not plan["count"]:
        if as_json:
            out_json({"count": 0, "items": []})
        return
    if not yes and not as_json and sys.stdin.isatty():
        yes = typer.confirm(around.word("Replay these?", "确认重放以上单据?"))
        if yes and not reason:
            reason = typer.prompt(around.word("Why", "原因"))
            plan = _plan(api, chosen, reason) | {"digest": plan["digest"]}
    if not yes:
        if as_json:
            out_json({"count": plan["count"], "plan": plan["id"], "items": plan["items"]})
        else:
            around.say(
                "Nothing was sent. Add --yes and --reason to replay these.",
                "尚未重放。确认无误后,请加上 --yes 和 --reason。",
            )
        return
    if not reason.strip():
        raise InputError(text("Expected --reason: why they are replayed.", "请用 --reason 写明重放原因。"))
    job = api.send("POST", "/jobs", {"plan_id": plan["id"], "digest": plan["digest"]})
    while job["state"] == "running":
        job = api.get(f"/jobs/{segment(job['id'])}", wait_s=_WAIT_S)
    items = _every(api, f"/jobs/{segment(job['id'])}/items")
    failed = [each for each in items if each["state"] != "done"]
    if as_json:
        out_json({"count": job["count"], "replayed": job["done"], "job": job["id"], "items": items})
    else:
        for each in failed:
            out(f"{each['id']}  {each['message'] or each['state']}")
        around.say(
            "{good} of {count} are on their way again (job {job}).",
            "共 {count} 笔,已重放 {good} 笔(任务 {job})。",
            good=job["done"],
            count=job["count"],
            job=job["id"],
        )
    if failed:
        raise typer.Exit(1)


def _plan(api: Api, chosen: dict[str, Any], reason: str) -> dict[str, Any]:
    """Return a plan with all of its items."""
    wish = {"action": "replay", "filter": chosen, "reason": reason.strip() or "-"}
    plan: dict[str, Any] = api.send("POST", "/plans", wish)
    if plan["count"] > len(plan["items"]):
        plan["items"] = _every(api, f"/plans/{segment(plan['id'])}/items")
    return plan


def _every(api: Api, path: str) -> list[dict[str, Any]]:
    """Return all rows of a list."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get(path, cursor=cursor, limit=500)
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def _planned(around: Surroundings, found: list[dict[str, Any]]) -> None:
    headings = (
        ("编号", "单号", "操作与错误") if around.language == "zh" else ("id", "number", "operation: error")
    )
    table(headings, ((each["id"], each["label"], each["about"]) for each in found))


def _table(around: Surroundings, found: list[dict[str, Any]]) -> None:
    headings = (
        ("编号", "时间", "单号", "操作", "错误")
        if around.language == "zh"
        else ("id", "since", "number", "operation", "error")
    )
    table(
        headings,
        (
            (each["id"], each["created_at"][:19], each["business_key"], _operation(each), _error(each))
            for each in found
        ),
    )


def _operation(each: dict[str, Any]) -> str:
    return f"{each['system']}.{each['operation']}" if each["system"] else each.get("subject_id", "")


def _error(each: dict[str, Any]) -> str:
    return f"{each['error_class']}: {each['error_text'][:100]}"


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
