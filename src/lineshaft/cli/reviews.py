"""``review``: what business and IT say of a process, and who has signed its present version 评审."""

from __future__ import annotations

from typing import Annotated

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, here, out_json, table

commands = typer.Typer(help="Reviews of processes. 流程评审。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="review")


@commands.command("show")
def show(context: typer.Context, process: str, as_json: AsJson = False) -> None:
    """Print comments and signatures of the present version. 显示评论与签署。"""
    around = here(context)
    with around.api() as api:
        found = api.get(f"/processes/{segment(process)}/review")
    if as_json:
        out_json(found)
        return
    rows = [
        (each["id"], each["element"], each["side"], each["by"], each["text"], each["closed_by"])
        for each in found["comments"]
    ]
    table(("comment", "node", "side", "by", "text", "dealt with"), rows)
    signed = [(each["side"], each["by"], each["at"], each["note"]) for each in found["signatures"]]
    table(("signed for", "by", "at", "note"), signed)
    if found["agreed"]:
        around.say("Both sides have signed version {it}.", "双方均已签署版本 {it}。", it=found["digest"])
    else:
        around.say("Version {it} is not signed by both.", "版本 {it} 尚未由双方签署。", it=found["digest"])


@commands.command("comment")
def comment(
    context: typer.Context,
    process: str,
    words: str,
    node: Annotated[str, typer.Option(help="A node; the whole process without it. 节点。")] = "",
) -> None:
    """Comment on a node, or on the whole process. 评论。"""
    around = here(context)
    with around.api() as api:
        made = api.send("POST", f"/processes/{segment(process)}/comments", {"text": words, "element": node})
    around.say("Comment {id} is kept.", "评论 {id} 已保存。", id=made["id"])


@commands.command("close")
def close(context: typer.Context, process: str, comment: str) -> None:
    """Say that a comment is dealt with. 关闭评论。"""
    around = here(context)
    with around.api() as api:
        api.send("POST", f"/processes/{segment(process)}/comments/{segment(comment)}/close", {})
    around.say("Comment {id} is closed.", "评论 {id} 已关闭。", id=comment)


@commands.command("sign")
def sign(
    context: typer.Context,
    process: str,
    version: Annotated[str, typer.Argument(help="The digest that `review show` prints. 版本摘要。")],
    note: Annotated[str, typer.Option(help="A word with it. 意见。")] = "",
) -> None:
    """Sign the version that one has looked at. 签署。"""
    around = here(context)
    with around.api() as api:
        api.send("POST", f"/processes/{segment(process)}/signatures", {"digest": version, "note": note})
    around.say("Version {it} is signed.", "版本 {it} 已签署。", it=version)
