"""``hook``: from where webhooks may come."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from lineshaft.cli.surroundings import AsJson, here, out_json, table

commands = typer.Typer(help="From where webhooks may come. 回调来源限制。", no_args_is_help=True)
Hook = Annotated[str, typer.Argument(help="A system, or SYSTEM/HOOK. 系统或“系统/回调”。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="hook")


@commands.command("list")
def list_rules(context: typer.Context, as_json: AsJson = False) -> None:
    """List the rules. 列出来源规则。"""
    with here(context).api() as api:
        found = api.get("/hook-addresses")["items"]
    if as_json:
        out_json(found)
    else:
        rows = [
            (
                each["hook"],
                " ".join(each["addresses"]),
                "configuration" if each["configured"] else each["set_by"],
                (each["set_at"] or "")[:16],
            )
            for each in found
        ]
        table(("hook", "from", "by", "set (UTC)"), rows)


@commands.command("allow")
def allow(
    context: typer.Context,
    hook: Hook,
    addresses: Annotated[list[str], typer.Argument(help="Addresses, networks: 10.1.0.0/16. 地址或网段。")],
) -> None:
    """Take webhooks from these addresses only. 仅允许从指定地址回调。"""
    around = here(context)
    with around.api() as api:
        rule = api.send("PUT", f"/hook-addresses/{quote(hook)}", {"addresses": addresses})
    around.say(
        "{hook} may come from: {addresses}",
        "{hook} 允许的来源:{addresses}",
        hook=rule["hook"],
        addresses=" ".join(rule["addresses"]),
    )


@commands.command("forget")
def forget(context: typer.Context, hook: Hook) -> None:
    """Take a rule away. 删除来源规则。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/hook-addresses/{quote(hook)}")
    around.say("The rule for {hook} is removed.", "{hook} 的来源规则已删除。", hook=hook)
