"""Who hears of an alert, a late task or an event of a node: people by login, role, position or department."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineshaft.engine.node_notices import Contact, Contacts
from lineshaft.engine.notices import Reach
from lineshaft.security import members
from lineshaft.security.directory import Directory
from lineshaft.security.members import NAME, User
from lineshaft.security.roles import named


def reach_of(directory: Callable[[], Directory]) -> Reach:
    """Return what finds mail addresses; a name that nobody has reaches nobody.

    Args:
        directory: Returns the firm's people.
    """

    async def reach(names: Sequence[str]) -> list[str]:
        found = [each if isinstance(each, str) else each.email for each in await _meant(directory(), names)]
        return list(dict.fromkeys(each for each in found if each))

    return reach


def contacts_of(directory: Callable[[], Directory], tells: Callable[[str], bool]) -> Contacts:
    """Return what finds out how each person wants to be told: by the channel they chose, else by mail.

    Args:
        directory: Returns the firm's people.
        tells: Tells whether there is a system of that name that tells single people; one that is gone
            leaves its people their mail.
    """

    async def contacts(names: Sequence[str]) -> list[Contact]:
        found: dict[Contact, None] = {}
        for each in await _meant(directory(), names):
            if isinstance(each, str):
                found[Contact(each)] = None
            elif each.channel and each.channel_name and tells(each.channel):
                found[Contact(each.channel_name, each.channel)] = None
            elif each.email:
                found[Contact(each.email)] = None
        return list(found)

    return contacts


async def _meant(people: Directory, names: Sequence[str]) -> list[User | str]:
    """Return the active people of these names, and the names that are mail addresses themselves."""
    found: list[User | str] = []
    groups: set[str] = set()
    for name in names:
        if "@" in name:
            found.append(name)
            continue
        plain = name.strip().casefold()
        kept = await people.users.get(plain) if NAME.fullmatch(plain) else None
        user = kept.value if kept is not None else None
        if user is None:
            groups.add(named(plain))
        elif user.active:
            found.append(user)
    if groups:
        book = await people.book()
        for each in await people.users.all():
            user = each.value
            held = {*members.roles_of(user, book.positions), *user.positions, user.department, user.name}
            if user.active and groups & {named(one) for one in held}:
                found.append(user)
    return found
