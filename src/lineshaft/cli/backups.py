"""``backup``, ``restore``, ``backups``: the whole store in one file, and back into either database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineshaft.cli.surroundings import AsJson, Surroundings, here, out_json, table

Store = Annotated[str | None, typer.Option(help="Store's address. 存储地址。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)
    app.command("backups")(backups_command)


def backup_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to. 备份文件。")],
    store: Store = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read it back and prove it. 校验。")] = False,
    as_json: AsJson = False,
) -> None:
    """Write everything the store holds into a file; a hub may be at work. 备份。"""
    from lineshaft.app import archives

    around = here(context)
    manifest = archives.backup(around.config(store__url=store), file, verify=verify)
    if as_json:
        out_json({"file": str(file), "made_at": manifest.made_at, "counts": manifest.rows_by_table})
    else:
        _counts(around, manifest.rows_by_table)
        around.say("The backup is in {file}", "备份已写入 {file}", file=file)


def restore_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup. 备份文件。")],
    store: Store = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove what the store holds. 覆盖目标存储。")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Prove the file only; restore nothing. 仅校验文件。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into a store, SQLite or PostgreSQL; no hub may run on it. 恢复。"""
    from lineshaft.app import archives

    around = here(context)
    if verify:
        manifest, doubtful = archives.verify(file), 0
    else:
        manifest, doubtful = archives.restore(around.config(store__url=store), file, over=replace)
    if as_json:
        out_json({"made_at": manifest.made_at, "counts": manifest.rows_by_table, "doubtful": doubtful})
        return
    _counts(around, manifest.rows_by_table)
    if verify:
        around.say("The backup of {at} is whole.", "{at} 的备份完整无误。", at=manifest.made_at[:19])
        return
    around.say("The store is as it was at {at}.", "存储已恢复到 {at}。", at=manifest.made_at[:19])
    if doubtful:
        around.say(
            "The hub went on after this backup: {count} calls may have gone out since and are judged as "
            "after a crash (repeated with their key, looked for, or left to you).",
            "备份后系统仍在运行:{count} 个调用可能已发出,将按异常中断处理(凭键重发、先查询或人工核实)。",
            count=doubtful,
        )


def backups_command(
    context: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Let the hub make one now. 立即备份。")] = False,
    as_json: AsJson = False,
) -> None:
    """List the hub's own backups and when the next is due. 查看自动备份。"""
    around = here(context)
    with around.api() as api:
        if now:
            api.send("POST", "/backups")
        found = api.get("/backups")
    if as_json:
        out_json(found)
        return
    table(
        (around.word("at", "时间"), around.word("file", "文件"), "MB", "s", around.word("trouble", "异常")),
        (
            (
                each["at"][:19],
                each["file"],
                round(each["size"] / 1e6, 2),
                each["seconds"],
                (each["trouble"] or {}).get(around.language, ""),
            )
            for each in found["items"]
        ),
    )
    if found["next_at"]:
        around.say(
            "The next one: {at}, in {folder}; {keep} are kept.",
            "下一次:{at},目录 {folder},保留 {keep} 份。",
            at=found["next_at"][:16],
            folder=found["folder"],
            keep=found["keep"],
        )


def _counts(around: Surroundings, counts: dict[str, int]) -> None:
    rows = [(name, count) for name, count in counts.items() if count]
    table((around.word("table", "数据表"), around.word("rows", "行数")), rows)
