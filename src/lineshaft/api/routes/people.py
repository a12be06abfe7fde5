"""People: users, departments, positions, roles. What changes is in the audit log in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends

from lineshaft.api.access import ServicesOf, allow
from lineshaft.api.granting import PROPOSED, answer_proposed, propose_grant
from lineshaft.api.json_edge import Json
from lineshaft.api.people_views import (
    DepartmentPage,
    DepartmentView,
    NamedView,
    PasswordSetView,
    PositionPage,
    PositionView,
    RoleMatrixView,
    RoleView,
    UserMadeView,
    UserPage,
    UserView,
)
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DoneView, TitleView
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.security.actions import ACTIONS
from lineshaft.security.duties import SecondPersonNeeded
from lineshaft.security.members import Department, Position, User, channel_of
from lineshaft.security.people import Caller
from lineshaft.security.roles import Role

router = make_router("people")

PeopleReader = Annotated[Caller, Depends(allow("people.read"))]
PeopleManager = Annotated[Caller, Depends(allow("people.manage", noted=False))]
RoleManager = Annotated[Caller, Depends(allow("roles.manage", noted=False))]


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to add."""

    login: str
    name: str
    department: str = ""
    positions: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    email: str = ""
    password: str | None = None
    """For the first sign-in; without it the hub chooses one and shows it this once."""
    source: Literal["local", "ldap", "oidc"] = "local"
    subject: str = ""
    """For another source: the person's own id there."""


@dataclass(frozen=True, slots=True)
class UserChange:
    """What shall be different; what is not given stays."""

    name: str | None = None
    department: str | None = None
    positions: list[str] | None = None
    roles: list[str] | None = None
    email: str | None = None
    channel: str | None = None
    """How they want to be told: a system that tells single people, or empty for mail; with `channel_name`."""
    channel_name: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class PasswordWish:
    """A password for the next sign-in; without it the hub chooses one."""

    password: str | None = None


@dataclass(frozen=True, slots=True)
class DepartmentWish:
    """What a department is."""

    zh: str
    en: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class PositionWish:
    """What a position is."""

    zh: str
    en: str
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RoleWish:
    """What a role of the firm's own is."""

    zh: str
    en: str
    actions: list[str] = field(default_factory=list)
    rows: Literal["all", "tree", "own"] = "tree"
    fields: dict[str, Literal["all", "own"]] = field(default_factory=dict)


@router.get("/users", response_model=UserPage)
async def list_users(
    services: ServicesOf, caller: PeopleReader, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """Return people, the newest first."""
    page = await services.directory.page(caller, cursor, limit)
    return Json(UserPage([UserView.of(each) for each in page.items], page.next))


@router.post("/users", response_model=UserMadeView, status_code=201)
async def add_user(wish: NewUser, services: ServicesOf, caller: PeopleManager) -> Json:
    """Add a person; a password that the hub chose is shown this once.

    Where granting takes two persons they are added without roles, and `proposal` names what waits.
    """
    user = User(
        wish.name,
        wish.department,
        tuple(wish.positions),
        tuple(wish.roles),
        wish.email,
        source=wish.source,
        subject=wish.subject,
    )
    proposal = None
    try:
        once = await services.directory.add_user(wish.login, user, caller, wish.password)
    except SecondPersonNeeded:
        bare = msgspec.structs.replace(user, roles=(), positions=())
        once = await services.directory.add_user(wish.login, bare, caller, wish.password)
        changes = {"roles": user.roles, "positions": user.positions}
        about = ", ".join([*user.roles, *user.positions])
        proposal = await propose_grant(services, caller, "user", wish.login, changes, about=about)
    view = UserView.of(await services.directory.user(wish.login))
    return Json(UserMadeView(view, once, proposal), 201)


@router.get("/users/{login}", response_model=UserView)
async def get_user(login: str, services: ServicesOf, caller: PeopleReader) -> Json:
    """Return a person."""
    return Json(UserView.of(await services.directory.seen(login, caller)))


@router.patch("/users/{login}", response_model=UserView, responses=PROPOSED)
async def change_user(login: str, wish: UserChange, services: ServicesOf, caller: PeopleManager) -> Json:
    """Change a person; whoever is not active any more is signed out everywhere.

    Where granting takes two persons and they would have more roles, the whole change waits (202).
    """
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name in ("name", "department", "positions", "roles", "email", "active")
        if (value := getattr(wish, name)) is not None
    }
    if wish.channel is not None:
        changes |= channel_of(wish.channel, wish.channel_name or "")
    try:
        kept = await services.directory.change_user(login, changes, caller)
    except SecondPersonNeeded:
        about = ", ".join([*changes.get("roles", ()), *changes.get("positions", ())])
        return answer_proposed(await propose_grant(services, caller, "user", login, changes, about=about))
    if not kept.value.active:
        await services.sessions.sign_out_everywhere(f"user:{kept.id}")
    return Json(UserView.of(kept))


@router.put("/users/{login}/password", response_model=PasswordSetView)
async def reset_password(login: str, wish: PasswordWish, services: ServicesOf, caller: PeopleManager) -> Json:
    """Set a person's password for their next sign-in; all their sessions end."""
    once = await services.directory.set_password(login, wish.password, caller)
    await services.sessions.sign_out_everywhere(f"user:{login}")
    await services.signing_in.unlock(login)
    return Json(PasswordSetView(login, once))


@router.delete("/users/{login}/totp", response_model=DoneView)
async def reset_totp(login: str, services: ServicesOf, caller: PeopleManager) -> Json:
    """Ask a person who has lost the phone for no code any more."""
    await services.directory.managed(login, caller)
    await services.signing_in.end_totp(login)
    return Json(DoneView(login, "ended"))


@router.delete("/users/{login}/sessions", response_model=DoneView)
async def end_user_sessions(login: str, services: ServicesOf, caller: PeopleManager) -> Json:
    """Sign a person out everywhere."""
    await services.directory.managed(login, caller)
    ended = await services.sessions.sign_out_everywhere(f"user:{login}")
    return Json(DoneView(str(ended), "ended"))


@router.get("/departments", response_model=DepartmentPage)
async def list_departments(services: ServicesOf, caller: PeopleReader) -> Json:
    """Return all departments."""
    book = await services.directory.book()
    return Json(
        DepartmentPage([DepartmentView.of(name, each) for name, each in sorted(book.departments.items())])
    )


@router.put("/departments/{department_id}", response_model=DepartmentView)
async def put_department(
    department_id: str, wish: DepartmentWish, services: ServicesOf, caller: PeopleManager
) -> Json:
    """Add or change a department."""
    value = Department(wish.zh, wish.en, wish.parent)
    await services.directory.put_department(department_id, value, caller)
    return Json(DepartmentView.of(department_id, value))


@router.delete("/departments/{department_id}", response_model=DoneView)
async def remove_department(department_id: str, services: ServicesOf, caller: PeopleManager) -> Json:
    """Remove a department that nobody is in."""
    await services.directory.remove(services.directory.departments, department_id, caller)
    return Json(DoneView(department_id, "removed"))


@router.get("/positions", response_model=PositionPage)
async def list_positions(services: ServicesOf, caller: PeopleReader) -> Json:
    """Return all positions."""
    book = await services.directory.book()
    return Json(PositionPage([PositionView.of(name, each) for name, each in sorted(book.positions.items())]))


@router.put("/positions/{position_id}", response_model=PositionView, responses=PROPOSED)
async def put_position(
    position_id: str, wish: PositionWish, services: ServicesOf, caller: RoleManager
) -> Json:
    """Add or change a position; all who hold it have its roles."""
    value = Position(wish.zh, wish.en, tuple(wish.roles))
    try:
        await services.directory.put_position(position_id, value, caller)
    except SecondPersonNeeded:
        about = ", ".join(value.roles)
        return answer_proposed(
            await propose_grant(services, caller, "position", position_id, value, about=about)
        )
    return Json(PositionView.of(position_id, value))


@router.delete("/positions/{position_id}", response_model=DoneView)
async def remove_position(position_id: str, services: ServicesOf, caller: RoleManager) -> Json:
    """Remove a position that nobody holds."""
    await services.directory.remove(services.directory.positions, position_id, caller)
    return Json(DoneView(position_id, "removed"))


@router.get("/roles", response_model=RoleMatrixView)
async def list_roles(services: ServicesOf, caller: PeopleReader) -> Json:
    """Return the matrix: all roles with their actions, rows and fields."""
    book = await services.directory.book()
    return Json(
        RoleMatrixView(
            [RoleView.of(each) for each in book.roles.values()],
            RoleMatrixView.actions_named(),
            [
                NamedView(name, TitleView.of(words))
                for name, words in services.directory.field_classes().items()
            ],
        )
    )


@router.put("/roles/{role_id}", response_model=RoleView, responses=PROPOSED)
async def put_role(role_id: str, wish: RoleWish, services: ServicesOf, caller: RoleManager) -> Json:
    """Add or change a role of the firm's own; shipped ones stay as they are."""
    unknown = sorted(set(wish.actions) - set(ACTIONS)) + sorted(
        set(wish.fields) - set(services.directory.field_classes())
    )
    if unknown:
        raise InputError(
            text(
                "There is no action or class {names}.",
                "没有动作或字段类别 {names}。",
                names=", ".join(unknown),
            ),
            code="role_invalid",
        )
    role = Role(role_id, wish.zh, wish.en, frozenset(wish.actions), wish.rows, dict(wish.fields))
    try:
        await services.directory.put_role(role_id, role, caller)
    except SecondPersonNeeded:
        return answer_proposed(await propose_grant(services, caller, "role", role_id, role))
    return Json(RoleView.of(role))


@router.delete("/roles/{role_id}", response_model=DoneView)
async def remove_role(role_id: str, services: ServicesOf, caller: RoleManager) -> Json:
    """Remove a role that nobody has."""
    await services.directory.remove(services.directory.roles, role_id, caller)
    return Json(DoneView(role_id, "removed"))
