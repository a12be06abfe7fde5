"""``deploy`` and ``pull``: packs into the hub and back to files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.app.reaching import Api
from lineshaft.base.errors import Conflict, NotFound
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, here, out_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("deploy")(deploy)
    app.command("pull")(pull)


def upload(files: dict[str, bytes]) -> list[dict[str, str]]:
    """Return a pack's files as the API takes them."""
    found = []
    for path, content in files.items():
        try:
            found.append({"path": path, "text": content.decode("utf-8")})
        except UnicodeDecodeError:
            found.append({"path": path, "base64": base64.b64encode(content).decode()})
    return found


def deploy(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A pack's folder, or a shipped pack's name. 方案包。")],
    note: Annotated[str, typer.Option(help="What is new. 说明。")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a pack and make it the active release. 发布方案包。"""
    from lineshaft.app.packs import files_in, folder_of

    around = here(context)
    files = files_in(folder_of(path))
    with around.api() as api:
        answer = api.send("POST", "/releases", {"files": upload(files), "note": note})
    if as_json:
        out_json(answer)
        return
    around.say(
        "Release {id}: {count} files, processes {processes}",
        "发布版本 {id}:{count} 个文件,流程 {processes}",
        id=answer["id"][:12],
        count=len(files),
        processes=", ".join(answer["processes"]) or "-",
    )


def pull(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Folder to write to. 目标目录。")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite other content. 覆盖。")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the active release's files to a folder. 取回发布版本。"""
    around = here(context)
    with around.api() as api:
        releases = api.get("/releases")["items"]
        if not releases:
            raise NotFound(text("There is no active release.", "没有已发布的版本。"))
        files = _fetch(api, releases[0]["files"])
    other = sorted(
        inside
        for inside, content in files.items()
        if (path / inside).is_file() and (path / inside).read_bytes() != content
    )
    if other and not force:
        raise Conflict(
            text("These files differ: {files}", "以下文件内容不同:{files}", files=", ".join(other)),
            hint=text("--force overwrites them.", "可用 --force 覆盖。"),
        )
    for inside, content in files.items():
        target = path / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if as_json:
        out_json({"release": releases[0]["id"], "files": sorted(files)})
    else:
        around.say("{count} files in {path}", "已写入 {count} 个文件:{path}", count=len(files), path=path)


def _fetch(api: Api, files: list[dict[str, Any]]) -> dict[str, bytes]:
    found = {}
    for each in files:
        inside = each["name"] if each["kind"] == "pack" else f"{each['kind']}/{each['name']}"
        parts = Path(inside).parts
        if Path(inside).is_absolute() or ".." in parts:
            raise Conflict(text("The release has an unsafe path: {path}", "不安全的路径:{path}", path=inside))
        found[inside] = api.fetch(f"/releases/active/files/{inside}")
    return found
