"""``token``: which programs may speak to the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from lineshaft.app.reaching import segment
from lineshaft.app.system_clock import SystemClock
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table
from lineshaft.security.roles import SHIPPED

_TIMES = ("created_at", "expires_at", "used_at")

_TIMES = ("created_at", "expires_at", "used_at")

commands = typer.Typer(help="Tokens of the API. 访问令牌。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="token")


@commands.command("create")
def create(
    context: typer.Context,
    name: str,
    *,
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(SHIPPED)}, or your own. 角色。")],
    department: Annotated[
        list[str] | None, typer.Option(help="Sees only these departments. 仅限部门。")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Good for this action only. 仅限动作。")] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="May be used from here only, e.g. 10.1.0.0/16. 仅限来源地址。")
    ] = None,
    days: Annotated[float | None, typer.Option(help="Ends after so many days. 有效天数。")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is printed this once. 创建令牌。"""
    ends = SystemClock().now() + timedelta(days=days) if days is not None else None
    wish = {
        "name": name,
        "roles": role,
        "departments": department or None,
        "scopes": only or None,
        "addresses": address or [],
        "expires_at": ends.isoformat() if ends is not None else None,
    }
    with here(context).api() as api:
        made = api.send("POST", "/tokens", wish)
    if as_json:
        out_json({"id": made["id"], "name": name, "token": made["token"]})
    else:
        out(made["token"])


@commands.command("list")
def list_tokens(context: typer.Context, as_json: AsJson = False) -> None:
    """List tokens; never their text. 列出令牌。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/tokens")["items"]
    if as_json:
        out_json(found)
        return
    headings = ("id", "name", "roles", "made", "ends", "used")
    rows = [
        (
            each["id"],
            each["name"],
            ", ".join(each["roles"]),
            *(str(each[key] or "-")[:16].replace("T", " ") for key in _TIMES),
        )
        for each in found
    ]
    table(headings, rows)


@commands.command("rotate")
def rotate(
    context: typer.Context,
    token_id: str,
    overlap_hours: Annotated[
        float, typer.Option(help="The old one stays good so long. 新旧重叠小时数。")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Give a token a new secret; it is printed this once. 轮换令牌。"""
    with here(context).api() as api:
        made = api.send(
            "POST", f"/tokens/{segment(token_id)}/rotate", {"overlap_s": int(overlap_hours * 3600)}
        )
    if as_json:
        out_json(made)
    else:
        out(made["token"])


@commands.command("revoke")
def revoke(context: typer.Context, token_id: str) -> None:
    """End a token. 吊销令牌。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/tokens/{segment(token_id)}")
    around.say("Token {id} is no longer valid.", "令牌 {id} 已失效。", id=token_id)
