"""``xref``: cross-references: find, bind, re-key, merge, unbind, history, Excel, and what waits for them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

commands = typer.Typer(
    help="Cross-references and what waits for them. 编码对照与待匹配。", no_args_is_help=True
)
Why = Annotated[str, typer.Option("--why", help="The reason, for the history. 原因。")]
Type = Annotated[str | None, typer.Option("--type", help="Type of object. 对象类型。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="xref")


@commands.command("find")
def find(context: typer.Context, number: str, as_json: AsJson = False) -> None:
    """Show all ids of what any id belongs to. 按任一编码查找。"""
    around = here(context)
    with around.api() as api:
        page = api.get(f"/bindings/{segment(number)}")
    _bindings(around, page, as_json)


@commands.command("list")
def list_all(
    context: typer.Context,
    *,
    part: Annotated[str, typer.Argument(help="Part of an id or name. 编码或名称的一部分。")] = "",
    object_type: Type = None,
    system: Annotated[str | None, typer.Option(help="Of one system. 系统。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """List cross-references, the newest first. 列出编码对照。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/bindings", part=part, object_type=object_type, system=system, limit=limit)
    _bindings(around, page, as_json)


@commands.command("bind")
def bind(
    context: typer.Context,
    *,
    object_type: str,
    ids: Annotated[list[str], typer.Argument(help="system:id …, all the same object. 系统:编码。")],
    object_id: Annotated[str, typer.Option("--object", help="The object's own id. 对象编号。")] = "",
    label: Annotated[str, typer.Option(help="Its name. 名称。")] = "",
    moves: Annotated[bool, typer.Option("--move", help="Take the first id from another. 改绑。")] = False,
    why: Why = "",
) -> None:
    """Say that ids of systems are the same object; what waited for it goes on. 建立编码对照。"""
    around = here(context)
    (system, local_id), *others = [_pair(each) for each in ids]
    wish = {
        "object_type": object_type, "system": system, "local_id": local_id, "object_id": object_id,
        "label": label, "moves": moves, "siblings": dict(others),
    }  # fmt: skip
    with around.api() as api:
        api.send("PUT", "/bindings", {"items": [wish], "why": why})
    around.say("Bound.", "已建立对照。")


@commands.command("rekey")
def rekey(
    context: typer.Context, *, object_type: str, system: str, old: str, new: str, why: Why = ""
) -> None:
    """A system has renamed its record; the old id still finds it. 改码。"""
    around = here(context)
    wish = {"object_type": object_type, "system": system, "old": old, "new": new, "why": why}
    with around.api() as api:
        api.send("POST", "/binding-rekeys", wish)
    around.say("{old} of {system} is {new} now.", "{system} 的 {old} 已改为 {new}。", **wish)


@commands.command("merge")
def merge(context: typer.Context, object_type: str, keep: str, gone: str, why: Why = "") -> None:
    """Two objects are one; all ids find the one that is kept. 合并两个对象。"""
    around = here(context)
    wish = {"object_type": object_type, "keep": keep, "gone": gone, "why": why}
    with around.api() as api:
        api.send("POST", "/binding-merges", wish)
    around.say("{gone} is part of {keep} now.", "{gone} 已并入 {keep}。", **wish)


@commands.command("unbind")
def unbind(context: typer.Context, object_type: str, system: str, local_id: str, why: Why = "") -> None:
    """Take a cross-reference away. 解除编码对照。"""
    around = here(context)
    wish = {"object_type": object_type, "system": system, "local_id": local_id, "why": why}
    with around.api() as api:
        api.send("POST", "/binding-removals", wish)
    around.say("{local_id} of {system} finds nothing any more.", "{system} 的 {local_id} 已解除。", **wish)


@commands.command("history")
def history(
    context: typer.Context,
    object_type: Type = None,
    object_id: Annotated[str | None, typer.Option("--object", help="Of one object. 对象编号。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Rows. 条数。")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who changed what, when and why. 变更历史。"""
    around = here(context)
    with around.api() as api:
        page = api.get("/binding-changes", object_type=object_type, object_id=object_id, limit=limit)
    if as_json:
        out_json(page)
        return
    headings = (
        ("时间", "操作", "人员", "对象", "系统", "编码", "变为/并入", "原因")
        if around.language == "zh"
        else ("at", "what", "by", "object", "system", "id", "other", "why")
    )
    table(
        headings,
        [
            (
                each["at"][:19], each["what"], each["by"], f"{each['object_type']}/{each['object_id']}",
                each["system"], each["local_id"], each["other"], each["why"],
            )
            for each in page["items"]
        ],
    )  # fmt: skip


@commands.command("export")
def export(context: typer.Context, file: Path, object_type: Type = None) -> None:
    """Write cross-references into an Excel file. 导出 Excel。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/binding-workbook", object_type=object_type)
    file.write_bytes(base64.b64decode(found["content"]))
    around.say("Written: {file}", "已导出:{file}", file=file)
    if found["truncated"]:
        around.say("There is more than one file takes; choose a type.", "超出单个文件容量,请按对象类型导出。")


@commands.command("import")
def import_file(
    context: typer.Context,
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change. 只检查。")] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Read cross-references from an Excel file, all of them or none. 导入 Excel。"""
    around = here(context)
    content = base64.b64encode(file.read_bytes()).decode()
    with around.api() as api:
        found = api.send("POST", "/binding-workbook", {"content": content, "dry_run": dry_run, "why": why})
    if as_json:
        out_json(found)
    else:
        for line in found["problems"]:
            out(line)
        around.say(
            "{rows} rows, {changed} bindings new or changed; written: {written}.",
            "{rows} 行,{changed} 条新增或变更;已写入:{written}。",
            rows=found["rows"],
            changed=found["changed"],
            written=found["written"],
        )
    if found["problems"]:
        raise typer.Exit(2)


@commands.command("waiting")
def waiting(
    context: typer.Context,
    reference: Annotated[str | None, typer.Argument(help="type:system:id; one in detail. 单个引用。")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits for a missing reference, and what may be meant. 待匹配。"""
    around = here(context)
    with around.api() as api:
        path = "/waiting-references" if reference is None else f"/waiting-references/{segment(reference)}"
        found = api.get(path)
    if as_json:
        out_json(found)
        return
    rows = found["items"] if reference is None else [found["awaited"]]
    for each in rows:
        out(f"{each['oldest_at'][:19]}  {each['text'][around.language]}  {each['reference']}")
    if reference is None:
        return
    for each in found["items"]:
        out(f"  {each['since'][:19]}  {each['number']}  {each['what']}")
    for each in found["candidates"]:
        ids = ", ".join(f"{system}:{local}" for system, local in each["ids"].items())
        out(f"  ? {each['object_id']}  {each['label']}  {ids}  {float(each['score']):.2f}")


@commands.command("reject")
def reject(
    context: typer.Context,
    reference: str,
    reason: Annotated[str, typer.Option("--reason", help="Goes back to the source. 退回原因。")],
) -> None:
    """Give up what waits for a reference; the reason goes back. 驳回待匹配单据。"""
    around = here(context)
    with around.api() as api:
        api.send("POST", "/waiting-rejections", {"reference": reference, "reason": reason})
    around.say("Rejected.", "已驳回。")


@commands.command("states")
def states(
    context: typer.Context,
    *,
    document: Annotated[str | None, typer.Argument(help="Kind of document. 单据类型。")] = None,
    system: Annotated[str | None, typer.Option(help="Check a state of this system. 系统。")] = None,
    state: Annotated[str | None, typer.Option(help="The state. 状态。")] = None,
    target: Annotated[str, typer.Option(help="What it is called there. 目标系统。")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the state maps and what is in none, or check one state. 状态对照。"""
    around = here(context)
    with around.api() as api:
        if document and system and state is not None:
            found = api.get("/state-map-check", document=document, system=system, state=state, target=target)
            out_json(found)
            raise typer.Exit(0 if found["mapped"] else 2)
        found = api.get("/state-maps")
    if as_json:
        out_json(found)
        return
    for each in found["items"]:
        if document in (None, each["document"]):
            out(each["document"])
            for row in each["states"]:
                ids = ", ".join(f"{name}: {'/'.join(raws)}" for name, raws in row["systems"].items() if raws)
                out(f"  {row['state']}  {row['label'][around.language]}  {ids}")
    for each in found["unmapped"]:
        around.say(
            "Not mapped: {document} {state} of {system}, {count} ({numbers})",
            "未对照:{system} 的 {document} 状态 {state},{count} 张({numbers})",
            **{**each, "numbers": ", ".join(each["numbers"])},
        )


def _bindings(around: Surroundings, page: dict[str, Any], as_json: bool) -> None:
    if as_json:
        out_json(page)
        return
    headings = (
        ("类型", "对象", "系统", "编码", "名称", "状态", "时间", "人员")
        if around.language == "zh"
        else ("type", "object", "system", "id", "name", "state", "at", "by")
    )
    table(
        headings,
        [
            (
                each["object_type"], each["object_id"], each["system"], each["local_id"], each["label"],
                each["state"], each["bound_at"][:19], each["bound_by"],
            )
            for each in page["items"]
        ],
    )  # fmt: skip


def _pair(given: str) -> tuple[str, str]:
    system, _, local_id = given.partition(":")
    if not system or not local_id:
        raise InputError(
            text("Expected system:id, but it is {given}.", "应为 系统:编码,实际为 {given}。", given=given)
        )
    return system, local_id
