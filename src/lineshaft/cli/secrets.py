"""``secret``: what stands behind ``secret:NAME``; set and never shown."""

from __future__ import annotations

import sys

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table
from lineshaft.security.vault import VARIABLE, new_key

commands = typer.Typer(help="Secrets, sealed in the store. 密钥。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="secret")


@commands.command("set")
def set_secret(context: typer.Context, name: str) -> None:
    """Set a secret: asked for without showing it, or read from standard input. 设置密钥。"""
    around = here(context)
    if sys.stdin.isatty():
        value = typer.prompt(around.word("Value", "值"), hide_input=True)
    else:
        value = sys.stdin.read().rstrip("\n")
    with around.api() as api:
        api.send("PUT", f"/secrets/{segment(name)}", {"value": value})
    around.say("The secret {name} is set.", "密钥 {name} 已设置。", name=name)


@commands.command("list")
def list_secrets(context: typer.Context, as_json: AsJson = False) -> None:
    """List secrets by name; never their values. 列出密钥名称。"""
    with here(context).api() as api:
        found = api.get("/secrets")["items"]
    if as_json:
        out_json(found)
    else:
        rows = [(e["name"], e["set_at"][:16], e["set_by"], e["key_id"], e["problem"]) for e in found]
        table(("name", "set (UTC)", "by", "master key", "problem"), rows)


@commands.command("remove")
def remove_secret(context: typer.Context, name: str) -> None:
    """Forget a secret. 删除密钥。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/secrets/{segment(name)}")
    around.say("The secret {name} is forgotten.", "密钥 {name} 已删除。", name=name)


@commands.command("new-key")
def make_key(context: typer.Context) -> None:
    """Print a new master key, to be put before the old one. 生成新的主密钥。"""
    out(new_key())
    here(context).say(
        "Put it first in {variable} (new,old), restart, then: lineshaft secret reseal",
        "请写在 {variable} 最前面(新,旧),重启后执行:lineshaft secret reseal",
        variable=VARIABLE,
    )


@commands.command("reseal")
def reseal(context: typer.Context) -> None:
    """Bring everything sealed under the newest master key. 用最新主密钥重新加密。"""
    around = here(context)
    with around.api() as api:
        done = api.send("POST", "/secrets/reseal", {})
    around.say("{count} brought over.", "已重新加密 {count} 项。", count=done["id"])
