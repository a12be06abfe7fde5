"""Granting rights with two persons: one proposes a grant, another approves and thereby makes it.

Both must themselves have what is granted. What is kept of a proposal holds no password and no token: a
person is added at once without roles, and an approved token shows its text at its first rotation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from lineshaft.api.json_edge import Json
from lineshaft.api.services import Services
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.security.duties import Proposal
from lineshaft.security.members import Position
from lineshaft.security.people import Caller
from lineshaft.security.roles import Role
from lineshaft.security.tokens import TokenWish

GRANT: Final = "roles.manage"
"""The action of all these proposals."""


@dataclass(frozen=True, slots=True)
class ProposedView:
    """Nothing is changed yet: it waits for a second person."""

    id: str
    """Of the proposal."""
    status: str = "proposed"


PROPOSED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": ProposedView, "description": "It waits for a second person."}
}
"""The answer of a route whose grant is proposed."""


async def propose_grant(
    services: Services, caller: Caller, grant: str, name: str, wish: object, *, about: str = ""
) -> str:
    """Propose a grant; return the proposal's id.

    Args:
        services: The API's.
        caller: Who proposes it; they have been found to have what is granted.
        grant: ``user``, ``position``, ``role`` or ``token``.
        name: Whose.
        wish: What ``carry_out`` needs; no secret.
        about: What is granted, in words.
    """
    what = f"{grant} {name}: {about}" if about else f"{grant} {name}"
    request = {"grant": grant, "name": name, "wish": msgspec.to_builtins(wish)}
    return await services.duties.propose(caller, "roles", GRANT, what, request)


def answer_proposed(proposal: str) -> Json:
    """Return the answer that says so."""
    return Json(ProposedView(proposal), 202)


async def carry_out(services: Services, caller: Caller, proposal: Proposal) -> None:
    """Make an approved grant; ``caller`` is who approved it."""
    grant, name, wish = (proposal.request[each] for each in ("grant", "name", "wish"))
    directory = services.directory
    if grant == "user":
        changes = {key: tuple(value) if isinstance(value, list) else value for key, value in wish.items()}
        kept = await directory.change_user(name, changes, caller, approved=True)
        if not kept.value.active:
            await services.sessions.sign_out_everywhere(f"user:{kept.id}")
    elif grant == "position":
        await directory.put_position(name, msgspec.convert(wish, Position), caller, approved=True)
    elif grant == "role":
        await directory.put_role(name, msgspec.convert(wish, Role), caller, approved=True)
    elif grant == "token":
        expires_at = wish.get("expires_at")
        made = TokenWish(**{**wish, "expires_at": datetime.fromisoformat(expires_at) if expires_at else None})
        both = replace(caller, name=f"{proposal.by} + {caller.name}")
        # Its text is for who asked for it, and goes to nobody now.
        await services.token_shelf.create(made, both, approved=True)
    else:
        raise NotFound(text("There is no grant {name}.", "没有授权类型 {name}。", name=grant))
