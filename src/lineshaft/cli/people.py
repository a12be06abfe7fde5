"""``user``, ``department``, ``position``, ``role``: people and what they may do."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out_json, table

users = typer.Typer(help="People. 用户。", no_args_is_help=True)
departments = typer.Typer(help="Departments. 部门。", no_args_is_help=True)
positions = typer.Typer(help="Positions. 岗位。", no_args_is_help=True)
roles = typer.Typer(help="Roles and the matrix of rights. 角色与权限矩阵。", no_args_is_help=True)

Title = Annotated[str, typer.Option(help="Its name. 名称。")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for name, commands in (
        ("user", users),
        ("department", departments),
        ("position", positions),
        ("role", roles),
    ):
        app.add_typer(commands, name=name)


@users.command("add")
def add_user(
    context: typer.Context,
    login: str,
    *,
    name: Annotated[str, typer.Option(help="As people call them. 姓名。")] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role. 角色。")] = None,
    position: Annotated[list[str] | None, typer.Option(help="A position. 岗位。")] = None,
    department: Annotated[str, typer.Option(help="Their department. 部门。")] = "",
    email: Annotated[str, typer.Option(help="Their mail address. 邮箱。")] = "",
    source: Annotated[str, typer.Option(help="local, ldap or oidc. 来源。")] = "local",
    as_json: AsJson = False,
) -> None:
    """Add a person; the first password is printed this once. 添加用户。"""
    around = here(context)
    wish = {
        "login": login,
        "name": name or login,
        "roles": role or [],
        "positions": position or [],
        "department": department,
        "email": email,
        "source": source,
    }
    with around.api() as api:
        made = api.send("POST", "/users", wish)
    _tell_password(around, made["user"]["login"], made["password"], made if as_json else None)


@users.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """List people. 列出用户。"""
    found: list[dict[str, Any]] = []
    with here(context).api() as api:
        cursor = None
        while True:
            page = api.get("/users", cursor=cursor, limit=500)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
    if as_json:
        out_json(found)
        return
    rows = [
        (
            each["login"],
            each["name"],
            each["department"],
            ", ".join([*each["roles"], *each["positions"]]),
            each["source"],
            "" if each["active"] else "-",
        )
        for each in found
    ]
    table(("login", "name", "department", "roles", "source", "active"), rows)


@users.command("change")
def change_user(
    context: typer.Context,
    login: str,
    *,
    name: Annotated[str | None, typer.Option(help="As people call them. 姓名。")] = None,
    role: Annotated[list[str] | None, typer.Option(help="All their roles. 全部角色。")] = None,
    position: Annotated[list[str] | None, typer.Option(help="All their positions. 全部岗位。")] = None,
    department: Annotated[str | None, typer.Option(help="Their department. 部门。")] = None,
    channel: Annotated[
        str | None, typer.Option(help="System that tells them, or '' for mail. 通知渠道。")
    ] = None,
    channel_name: Annotated[
        str | None, typer.Option(help="Who they are there: a number, an id. 在该渠道的标识。")
    ] = None,
    active: Annotated[bool | None, typer.Option(help="May they come in? 是否启用。")] = None,
) -> None:
    """Change a person; what is not given stays. 修改用户。"""
    around = here(context)
    wish = {
        "name": name,
        "roles": role or None,
        "positions": position or None,
        "department": department,
        "channel": channel,
        "channel_name": channel_name,
        "active": active,
    }
    with around.api() as api:
        api.send("PATCH", f"/users/{segment(login)}", {k: v for k, v in wish.items() if v is not None})
    around.say("{login} is changed.", "用户 {login} 已修改。", login=login)


@users.command("password")
def reset_password(context: typer.Context, login: str, as_json: AsJson = False) -> None:
    """Set a password for the next sign-in; it is printed this once. 重置密码。"""
    around = here(context)
    with around.api() as api:
        made = api.send("PUT", f"/users/{segment(login)}/password", {})
    _tell_password(around, login, made["password"], made if as_json else None)


@users.command("sign-out")
def sign_out(context: typer.Context, login: str) -> None:
    """End all sessions of a person. 强制下线。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/users/{segment(login)}/sessions")
    around.say("{login} is signed out everywhere.", "{login} 已在所有设备下线。", login=login)


@users.command("reset-code")
def reset_code(context: typer.Context, login: str) -> None:
    """Ask a person who lost the phone for no code any more. 解除动态验证码。"""
    around = here(context)
    with around.api() as api:
        api.send("DELETE", f"/users/{segment(login)}/totp")
    around.say("{login} needs no code any more.", "{login} 不再需要验证码。", login=login)


def _tell_password(around: Surroundings, login: str, password: str | None, as_json: Any) -> None:
    if as_json is not None:
        out_json(as_json)
    elif password is not None:
        around.say(
            "{login} signs in with {password} (shown this once)",
            "{login} 的初始密码:{password}(仅显示这一次)",
            login=login,
            password=password,
        )
    else:
        around.say("{login} is added.", "用户 {login} 已添加。", login=login)


@departments.command("put")
def put_department(
    context: typer.Context, department_id: str, zh: Title, en: Title, parent: Title = ""
) -> None:
    """Add or change a department. 添加或修改部门。"""
    around = here(context)
    with around.api() as api:
        path = f"/departments/{segment(department_id)}"
        api.send("PUT", path, {"zh": zh, "en": en, "parent": parent})
    around.say("Department {id} is kept.", "部门 {id} 已保存。", id=department_id)


@departments.command("list")
def list_departments(context: typer.Context, as_json: AsJson = False) -> None:
    """List departments. 列出部门。"""
    _list(context, "/departments", ("id", "title", "parent"), as_json)


@departments.command("remove")
def remove_department(context: typer.Context, department_id: str) -> None:
    """Remove a department that nobody is in. 删除部门。"""
    _remove(context, f"/departments/{segment(department_id)}", department_id)


@positions.command("put")
def put_position(
    context: typer.Context,
    position_id: str,
    zh: Title,
    en: Title,
    role: Annotated[list[str] | None, typer.Option(help="A role. 角色。")] = None,
) -> None:
    """Add or change a position: all who hold it have its roles. 添加或修改岗位。"""
    around = here(context)
    with around.api() as api:
        path = f"/positions/{segment(position_id)}"
        api.send("PUT", path, {"zh": zh, "en": en, "roles": role or []})
    around.say("Position {id} is kept.", "岗位 {id} 已保存。", id=position_id)


@positions.command("list")
def list_positions(context: typer.Context, as_json: AsJson = False) -> None:
    """List positions. 列出岗位。"""
    _list(context, "/positions", ("id", "title", "roles"), as_json)


@positions.command("remove")
def remove_position(context: typer.Context, position_id: str) -> None:
    """Remove a position that nobody holds. 删除岗位。"""
    _remove(context, f"/positions/{segment(position_id)}", position_id)


@roles.command("put")
def put_role(
    context: typer.Context,
    role_id: str,
    *,
    zh: Title,
    en: Title,
    action: Annotated[list[str] | None, typer.Option(help="An action. 动作。")] = None,
    rows: Annotated[str, typer.Option(help="all, tree or own. 数据范围。")] = "tree",
    field: Annotated[
        list[str] | None, typer.Option(help="Class of fields seen, e.g. cost or balance=own. 可见字段类别。")
    ] = None,
) -> None:
    """Add or change a role of the firm's own. 添加或修改角色。"""
    around = here(context)
    fields = {name: sight or "all" for name, _, sight in (each.partition("=") for each in field or [])}
    body = {"zh": zh, "en": en, "actions": action or [], "rows": rows, "fields": fields}
    with around.api() as api:
        api.send("PUT", f"/roles/{segment(role_id)}", body)
    around.say("Role {id} is kept.", "角色 {id} 已保存。", id=role_id)


@roles.command("list")
def list_roles(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the matrix: each role with its actions, rows and fields. 显示权限矩阵。"""
    around = here(context)
    with around.api() as api:
        found = api.get("/roles")
    if as_json:
        out_json(found)
        return
    rows = [
        (
            each["id"],
            each["title"][around.language],
            each["rows"],
            ", ".join(f"{k}={v}" if v != "all" else k for k, v in each["fields"].items()),
            len(each["actions"]),
        )
        for each in found["roles"]
    ]
    table(("id", "title", "rows", "fields", "actions"), rows)


@roles.command("remove")
def remove_role(context: typer.Context, role_id: str) -> None:
    """Remove a role that nobody has. 删除角色。"""
    _remove(context, f"/roles/{segment(role_id)}", role_id)


def _list(context: typer.Context, path: str, names: tuple[str, ...], as_json: bool) -> None:
    around = here(context)
    with around.api() as api:
        found = api.get(path)["items"]
    if as_json:
        out_json(found)
        return

    def cell(value: Any) -> str:
        if isinstance(value, dict):
            return str(value[around.language])
        return ", ".join(value) if isinstance(value, list) else str(value)

    table(names, [[cell(each[name]) for name in names] for each in found])


def _remove(context: typer.Context, path: str, name: str) -> None:
    around = here(context)
    with around.api() as api:
        api.send("DELETE", path)
    around.say("{name} is removed.", "{name} 已删除。", name=name)
