"""Who hears of an alert or a late task: addresses of people named by login, role, position or department."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineshaft.engine.notices import Reach
from lineshaft.security import members
from lineshaft.security.directory import Directory
from lineshaft.security.members import NAME
from lineshaft.security.roles import named


def reach_of(directory: Callable[[], Directory]) -> Reach:
    """Return what finds addresses; a name that nobody has reaches nobody.

    Args:
        directory: Returns the firm's people.
    """

    async def reach(names: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        people = directory()
        groups: set[str] = set()
        for name in names:
            if "@" in name:
                found[name] = None
                continue
            plain = name.strip().casefold()
            kept = await people.users.get(plain) if NAME.fullmatch(plain) else None
            if kept is None:
                groups.add(named(plain))
            elif kept.value.active and kept.value.email:
                found[kept.value.email] = None
        if groups:
            book = await people.book()
            for each in await people.users.all():
                user = each.value
                held = {*members.roles_of(user, book.positions), *user.positions, user.department}
                if user.active and user.email and groups & {named(one) for one in held}:
                    found[user.email] = None
        return list(found)

    return reach
