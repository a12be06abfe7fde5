"""Who is calling, and what they may do.

An action is one word that a route asks for (``security.actions``); a role bundles some (``security.roles``).
Which rows and fields a caller may see is not decided here: it goes as ``Scope`` into every read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lineshaft.base.errors import NotAllowed
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.security.actions import Action
from lineshaft.security.roles import FORMER, SHIPPED, actions_of

Right = Action
ROLES: Final[Mapping[str, frozenset[Action]]] = {
    **{name: role.actions for name, role in SHIPPED.items()},
    **{former: SHIPPED[name].actions for former, name in FORMER.items()},
}
"""The shipped roles (and their former names) with what they allow."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody (or some program) that has shown who it is."""

    name: str
    scope: Scope
    roles: frozenset[str] = field(default_factory=frozenset)
    actions: frozenset[Action] | None = None
    """What it may do; ``None``: what its shipped roles allow."""
    kind: Literal["user", "token", "demo", "own"] = "token"
    """A person, a program's token, a demo's role, or the hub's own command line."""
    id: str = ""
    """The person's login, or the token's id."""
    must: Literal["", "password"] = ""
    """What a person must do before anything else: choose a password of their own."""

    @property
    def rights(self) -> frozenset[Action]:
        """Everything it may do."""
        if self.must:
            return frozenset()
        return self.actions if self.actions is not None else actions_of(self.roles)

    def may(self, action: Action) -> bool:
        """Tell whether it may do ``action``."""
        return action in self.rights

    def require(self, action: Action) -> None:
        """Raise ``NotAllowed`` where the caller may not do ``action``; the message names it."""
        if self.must == "password":
            raise NotAllowed(
                text("Choose a password of your own first.", "请先设置自己的密码。"),
                code="password_change_needed",
            )
        if action not in self.rights:
            raise NotAllowed(
                text(
                    "Expected the right `{right}`, but {name} has not got it (roles: {roles}).",
                    "需要权限 `{right}`,而 {name} 没有(角色:{roles})。",
                    right=action,
                    name=self.name,
                    roles=", ".join(sorted(self.roles)) or "-",
                ),
                code="right_missing",
                hint=text("Ask an administrator for a role that has it.", "请向管理员申请具有该权限的角色。"),
            )
