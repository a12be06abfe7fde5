"""``release``: from one environment to the next as a file, compared before it counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.app.reaching import loads
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

commands = typer.Typer(help="Releases between environments. 发布迁移。", no_args_is_help=True)
ExportFile = Annotated[Path, typer.Argument(help="The export. 导出文件。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="release")


@commands.command("export")
def export_release(context: typer.Context, file: ExportFile, as_json: AsJson = False) -> None:
    """Write the active release to a file; secrets are named in it, never carried. 导出当前版本。"""
    around = here(context)
    with around.api() as api:
        found = loads(api.fetch("/releases/active/export"))
    file.write_text(json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    if as_json:
        out_json({"file": str(file), "release": found["release"], "needs": found["needs"]})
        return
    around.say(
        "{pack} ({release}): {count} files in {file}",
        "{pack}({release}):{count} 个文件,已写入 {file}",
        pack=found["pack"],
        release=found["release"][:12],
        count=len(found["files"]),
        file=file,
    )
    _needs(around, found["needs"], around.word("needs there", "目标环境需要"))


@commands.command("compare")
def compare_release(context: typer.Context, file: ExportFile, as_json: AsJson = False) -> None:
    """Say what importing a release would change here, and what it lacks. 对比导出文件与当前版本。"""
    around = here(context)
    with around.api() as api:
        found = api.send("POST", "/releases/compare", {"export": _read(file)})
    if as_json:
        out_json(found)
    else:
        _tell(around, found)


@commands.command("import")
def import_release(
    context: typer.Context,
    file: ExportFile,
    *,
    note: Annotated[str, typer.Option(help="What is new. 说明。")] = "",
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help="Though settings or secrets are missing. 接受缺项。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. 不再询问。")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a release, ask, and make it the active one (production: two persons). 导入版本。"""
    around = here(context)
    export = _read(file)
    with around.api() as api:
        seen = api.send("POST", "/releases/compare", {"export": export})
        if not as_json:
            _tell(around, seen)
        if not yes and not as_json:
            typer.confirm(around.word("Import it?", "确认导入?"), abort=True)
        wish = {"export": export, "active": seen["active"], "note": note, "accept_missing": accept_missing}
        made = api.send("POST", "/releases/import", wish)
    if as_json:
        out_json(made)
    elif made["status"] == "proposed":
        around.say("It waits for a second person: proposal {id}.", "已提交,待他人复核:{id}。", id=made["id"])
    else:
        around.say("Release {id} is active.", "版本 {id} 已生效。", id=made["id"][:12])


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            text(
                "Expected an export in {file}, but: {error}",
                "{file} 不是有效的导出文件:{error}",
                file=file,
                error=error,
            )
        ) from error
    if not isinstance(found, dict):
        raise InputError(text("Expected an export in {file}.", "{file} 不是有效的导出文件。", file=file))
    return found


def _tell(around: Surroundings, found: dict[str, Any]) -> None:
    around.say(
        "{pack} ({release}) from {there} to {here}: {count} files differ, {same} do not",
        "{pack}({release}),{there} → {here}:{count} 个文件不同,{same} 个相同",
        pack=found["pack"],
        release=found["release"][:12],
        there=found["environment"] or "?",
        here=found["here"] or "?",
        count=len(found["files"]),
        same=found["unchanged"],
    )
    for each in found["files"]:
        out(f"{each['change']} {each['path']}  +{each['lines_added']} -{each['lines_removed']}")
        if each["diff"] and each["change"] == "changed":
            out(each["diff"])
    for each in found["addresses"]:
        around.say(
            "{path} holds addresses, which would be used here too: {addresses}",
            "{path} 写有地址,导入后本环境也会使用:{addresses}",
            path=each["path"],
            addresses=", ".join(each["addresses"]),
        )
    _needs(around, found["missing"], around.word("missing here", "本环境缺少"))


def _needs(around: Surroundings, needs: list[dict[str, Any]], heading: str) -> None:
    rows = [
        (each["system"], ", ".join(each["settings"]), ", ".join(each["secrets"]), each.get("problem") or "")
        for each in needs
    ]
    if rows:
        out(heading)
        words = (("system", "系统"), ("settings", "设置"), ("secrets", "密钥"), ("problem", "异常"))
        table(tuple(around.word(*each) for each in words), rows)
