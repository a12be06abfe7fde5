"""``token``: who may speak to the API."""

from __future__ import annotations

from typing import Annotated

import typer

from lineshaft.app.system_clock import SystemClock
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table
from lineshaft.security.people import ROLES
from lineshaft.security.tokens import FileTokens, TokenWish

commands = typer.Typer(help="Tokens of the API. 访问令牌。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="token")


def _tokens(around: Surroundings) -> FileTokens:
    return FileTokens(around.config().data_dir / "tokens.json")


@commands.command("create")
def create(
    context: typer.Context,
    name: str,
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(ROLES)}. 角色。")],
    department: Annotated[
        list[str] | None, typer.Option(help="Sees only these departments. 仅限部门。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is printed this once. 创建令牌。"""
    around = here(context)
    record, token = _tokens(around).create(
        TokenWish(name, role, departments=department or None), SystemClock().now()
    )
    if as_json:
        out_json({"id": record.id, "name": record.name, "token": token})
    else:
        out(token)


@commands.command("list")
def list_tokens(context: typer.Context, as_json: AsJson = False) -> None:
    """List tokens; never their text. 列出令牌。"""
    records = _tokens(here(context)).records()
    if as_json:
        out_json(
            [{"id": e.id, "name": e.name, "roles": e.roles, "created_at": e.created_at} for e in records]
        )
    else:
        table(
            ("id", "name", "roles", "made"),
            [
                (each.id, each.name, ", ".join(each.roles), f"{each.created_at:%Y-%m-%d %H:%M}")
                for each in records
            ],
        )


@commands.command("revoke")
def revoke(context: typer.Context, token_id: str) -> None:
    """End a token. 吊销令牌。"""
    around = here(context)
    _tokens(around).revoke(token_id)
    around.say("Token {id} is no longer valid.", "令牌 {id} 已失效。", id=token_id)
