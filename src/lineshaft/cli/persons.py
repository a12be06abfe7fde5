"""``person``: what the hub holds about one person, and its erasure."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.app.reaching import Api
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table

commands = typer.Typer(help="One person's data. 个人数据。", no_args_is_help=True)

KnownBy = Annotated[
    list[str],
    typer.Argument(help="E-mail, telephone, name … of the person. 可识别此人的邮箱、电话、姓名等。"),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="person")


@commands.command("export")
def export_person(
    context: typer.Context,
    known_by: KnownBy,
    to: Annotated[Path | None, typer.Option(help="Write it there (JSON). 输出文件。")] = None,
) -> None:
    """Write everything the hub holds about a person, as JSON. 导出个人数据。"""
    around = here(context)
    with around.api() as api:
        found = _all(api, "/persons/export", {"known_by": known_by})
    content = {"known_by": known_by, "found": found["found"], "items": found["items"]}
    if to is None:
        out_json(content)
        return
    to.write_text(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    around.say(
        "{count} records are in {path}", "共 {count} 条记录,已写入 {path}", count=len(found["items"]), path=to
    )


@commands.command("erase")
def erase_person(
    context: typer.Context,
    known_by: KnownBy,
    reason: Annotated[str, typer.Option(help="Why; kept with the record. 原因(留痕)。")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase without asking. 直接清除。")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase what the hub holds about a person, after a look at how much it is. 清除个人数据。"""
    around = here(context)
    with around.api() as api:
        if not yes:
            seen = _all(api, "/persons/export", {"known_by": known_by})
            if not as_json:
                _counts(around, seen, ("found",))
            yes = (
                not as_json
                and sys.stdin.isatty()
                and typer.confirm(around.word("Erase this for ever?", "确认永久清除以上数据?"))
            )
            if not yes:
                if as_json:
                    out_json({"found": seen["found"]})
                else:
                    around.say(
                        "Nothing was erased. Add --yes and --reason to erase it.",
                        "尚未清除。确认无误后,请加上 --yes 和 --reason。",
                    )
                return
        if not reason.strip():
            raise InputError(text("Expected --reason: why it is erased.", "请用 --reason 写明清除原因。"))
        done = _all(api, "/persons/erase", {"known_by": known_by, "reason": reason})
    if as_json:
        out_json({name: done[name] for name in ("erasure", "erased", "kept")})
        return
    _counts(around, done, ("erased", "kept"))
    if done["kept"]:
        around.say(
            "Work that is under way still needs some of it; erase again when it has ended.",
            "部分数据仍被进行中的业务使用;结束后请再次清除。",
        )


@commands.command("erasures")
def list_erasures(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was erased: when, by whom, why, how much. 清除记录。"""
    with here(context).api() as api:
        page = api.get("/persons/erasures")
    if as_json:
        out_json(page)
        return
    table(
        ("id", "at", "by", "erased", "kept", "reason"),
        (
            (
                each["id"],
                each["at"][:19],
                each["by"],
                _sum(each["erased"]),
                _sum(each["kept"]),
                each["reason"],
            )
            for each in page["items"]
        ),
    )


def _sum(counts: dict[str, Any]) -> int:
    return sum(int(count) for count in counts.values())


def _all(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Go through all steps; return their sums."""
    total: dict[str, Any] = {"found": {}, "erased": {}, "kept": {}, "items": [], "erasure": None}
    after: str | None = None
    while True:
        step = api.send("POST", path, {**body, "after": after})
        for name in ("found", "erased", "kept"):
            for each, count in step[name].items():
                total[name][each] = total[name].get(each, 0) + int(count)
        total["items"] += step["items"]
        total["erasure"] = step["erasure"]
        after = step["next"]
        if after is None:
            return total


def _counts(around: Surroundings, found: dict[str, Any], names: tuple[str, ...]) -> None:
    words = {"found": ("found", "找到"), "erased": ("erased", "已清除"), "kept": ("kept", "保留")}
    tables = sorted({each for name in names for each in found[name]})
    if not tables:
        out(around.word("Nothing was found.", "未找到任何数据。"))
        return
    headings = [around.word("table", "数据表"), *[around.word(*words[name]) for name in names]]
    table(headings, [(each, *[found[name].get(each, 0) for name in names]) for each in tables])
