"""Who is calling, and what they may do: the caller, the rights, and the roles that bundle rights.

A right is one word that a route asks for. Row scope is not decided here: a caller carries it as ``Scope``
into every read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from lineshaft.base.errors import NotAllowed
from lineshaft.base.scope import Scope
from lineshaft.base.text import text

Right = Literal["read", "work", "operate", "deploy", "intake", "administer"]
"""``read`` see documents and runs · ``work`` complete tasks · ``operate`` replay, decide, pause ·
``deploy`` publish releases · ``intake`` hand events and messages in · ``administer`` tokens and settings."""

ROLES: Final[dict[str, frozenset[Right]]] = {
    "viewer": frozenset({"read"}),
    "clerk": frozenset({"read", "work"}),
    "operator": frozenset({"read", "work", "operate"}),
    "developer": frozenset({"read", "work", "operate", "deploy", "intake"}),
    "machine": frozenset({"intake"}),
    "admin": frozenset({"read", "work", "operate", "deploy", "intake", "administer"}),
}
"""The roles a token may carry."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody (or some program) that has shown who it is."""

    name: str
    scope: Scope
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def rights(self) -> frozenset[Right]:
        """Everything its roles allow."""
        return frozenset(right for role in self.roles for right in ROLES.get(role, frozenset()))

    def require(self, right: Right) -> None:
        """Raise ``NotAllowed`` where the caller lacks ``right``; the message names it."""
        if right not in self.rights:
            raise NotAllowed(
                text(
                    "Expected the right `{right}`, but {name} has: {rights}.",
                    "需要权限 `{right}`,而 {name} 仅有:{rights}。",
                    right=right,
                    name=self.name,
                    rights=", ".join(sorted(self.rights)) or "-",
                ),
                code="right_missing",
                hint=text("Ask an administrator for a role that has it.", "请向管理员申请具有该权限的角色。"),
            )
