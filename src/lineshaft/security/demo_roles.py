"""The roles of the demo's factory: taken with one click, in a demo's hub only.

They stand for the people who meet in such a factory; their rights are those of the hub's ordinary roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, text
from lineshaft.security.people import Caller


@dataclass(frozen=True, slots=True)
class DemoRole:
    """Somebody of the demo's factory."""

    name: str
    title: Text
    about: Text
    """What this person comes for."""
    roles: frozenset[str]

    def caller(self) -> Caller:
        """Return who this is to the hub."""
        return Caller(self.name, Scope("default", None, self.roles), self.roles)


_CLERK = frozenset({"clerk"})

DEMO_ROLES: Final = (
    DemoRole(
        "sales",
        text("Sales", "销售"),
        text("Where is my customer's order?", "我客户的订单走到哪了?"),
        _CLERK,
    ),
    DemoRole(
        "planning",
        text("Planning", "计划"),
        text("What must be made, and what waits?", "要生产什么,卡在哪里?"),
        _CLERK,
    ),
    DemoRole(
        "warehouse",
        text("Warehouse", "仓库"),
        text("What ships, what comes in?", "发什么货,收什么料?"),
        _CLERK,
    ),
    DemoRole(
        "finance", text("Finance", "财务"), text("Does every document agree?", "单据是否对得上?"), _CLERK
    ),
    DemoRole(
        "it",
        text("IT", "IT"),
        text("Systems, failed documents, replay", "系统状态、异常单据、重发"),
        frozenset({"admin"}),
    ),
    DemoRole(
        "boss",
        text("Director", "老板"),
        text("How does the whole factory run?", "整个工厂运转得怎样?"),
        frozenset({"viewer"}),
    ),
)
