"""Who a caller is to the inbox: the names tasks call them by, their groups, and for whom they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from lineshaft.api.services import Services
from lineshaft.base.errors import NotFound
from lineshaft.base.text import Text, text
from lineshaft.engine.task_acts import Person
from lineshaft.security.demo_roles import DemoRole
from lineshaft.security.members import Department, Position, User
from lineshaft.security.people import Caller

_PEOPLE_MAX: Final = 200


def present_roles(services: Services) -> list[DemoRole]:
    """Return the demo's roles for whom there is something to do in the active release."""
    connected = {each.name for each in services.systems.all()}
    return [role for role in services.sessions.demo_roles if not role.system or role.system in connected]


async def group_titles(services: Services) -> Callable[[str], Text]:
    """Return what tells the name for people of a group that a task is open to."""
    book = await services.directory.book()
    known = {
        name: Text(each.en, each.zh)
        for shelf in (book.departments, book.positions, book.roles)
        for name, each in shelf.items()
    }
    titles = {said: title for title in known.values() for said in (title.zh, title.en)} | known
    return lambda name: titles.get(name) or Text(name, name)


async def person_of(services: Services, caller: Caller, *, with_others: bool = True) -> Person:
    """Return who a caller is; a group may be named by a role, a position, a department, or its title."""
    book = await services.directory.book()
    groups: set[str] = set()
    for name in caller.roles:
        role = book.roles.get(name)
        groups |= {name, role.zh, role.en} if role is not None else {name}
    if caller.kind == "user":
        user = (await services.directory.user(caller.id)).value
        groups |= _groups_of(user, book.positions, book.departments)
    me = Person(
        caller.id or caller.name,
        caller.name,
        frozenset(each for each in groups if each),
        caller.may("instances.operate"),
    )
    if not with_others:
        return me
    others = []
    for giver in await services.inbox.givers(me.id):
        found = await _caller_named(services, giver)
        if found is not None:
            others.append(await person_of(services, found, with_others=False))
    return msgspec.structs.replace(me, others=tuple(others))


def _groups_of(
    user: User, positions: Mapping[str, Position], departments: Mapping[str, Department]
) -> set[str]:
    groups = {user.department, *user.positions}
    for each in user.positions:
        if each in positions:
            groups |= {positions[each].zh, positions[each].en}
    if user.department in departments:
        groups |= {departments[user.department].zh, departments[user.department].en}
    return groups


async def _caller_named(services: Services, person_id: str) -> Caller | None:
    """Return somebody who may do tasks; ``None`` where there is none of that name."""
    for role in services.sessions.demo_roles:
        if role.name == person_id:
            return role.caller()
    return await services.directory.caller_of(person_id)


def _does_tasks(caller: Caller) -> bool:
    """Tell whether somebody may do tasks; also before they have chosen their first password."""
    return caller.may("tasks.work") or (caller.actions is not None and "tasks.work" in caller.actions)


async def colleague(services: Services, person_id: str) -> Person:
    """Return somebody to whom a task may be given; raises ``NotFound``."""
    found = await _caller_named(services, person_id.strip())
    if found is None or not _does_tasks(found):
        raise NotFound(
            text(
                "There is nobody {name} who does tasks.",
                "没有可办理待办的人员 {name}。",
                name=person_id[:100],
            )
        )
    return Person(found.id or found.name, found.name)


async def colleagues(services: Services, part: str) -> list[tuple[str, Text]]:
    """Return who may be given a task: id and name, by id; those with ``part`` in one of them."""
    found = {role.name: role.title for role in present_roles(services) if _does_tasks(role.caller())}
    for kept in await services.directory.users.all():
        who = await services.directory.caller_of(kept.id) if kept.value.active else None
        if who is not None and _does_tasks(who):
            found[kept.id] = Text(who.name, who.name)
    wanted = part.strip().lower()
    rows = [
        (name, title)
        for name, title in sorted(found.items())
        if wanted in f"{name} {title.en} {title.zh}".lower()
    ]
    return rows[:_PEOPLE_MAX]
