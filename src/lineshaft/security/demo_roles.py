"""The roles of the demo's factory: taken with one click, in a demo's hub only.

They stand for the people who meet in such a factory; their rights and what they see of fields are those of
the hub's ordinary roles. The demo's factory has no departments, so all see all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lineshaft.base.text import Text, text
from lineshaft.security.people import Caller
from lineshaft.security.roles import scope_of


@dataclass(frozen=True, slots=True)
class DemoRole:
    """Somebody of the demo's factory."""

    name: str
    title: Text
    about: Text
    """What this person comes for."""
    roles: frozenset[str]
    system: str = ""
    """There is something for them to do where this system is connected; ``""``: everywhere."""

    def caller(self) -> Caller:
        """Return who this is to the hub."""
        scope = replace(scope_of("default", self.roles), departments=None)
        return Caller(self.name, scope, self.roles, kind="demo", id=self.name)


DEMO_ROLES: Final = (
    DemoRole(
        "sales",
        text("Sales", "销售"),
        text("Where is my customer's order?", "我客户的订单走到哪了?"),
        frozenset({"sales"}),
    ),
    DemoRole(
        "planning",
        text("Planning", "计划"),
        text("What must be made, and what waits?", "要生产什么,卡在哪里?"),
        frozenset({"planner"}),
    ),
    DemoRole(
        "warehouse",
        text("Warehouse", "仓库"),
        text("What ships, what comes in?", "发什么货,收什么料?"),
        frozenset({"warehouse"}),
    ),
    DemoRole(
        "buyer",
        text("Purchasing", "采购"),
        text("What is ordered, what is short, what differs?", "订了什么,缺什么,差在哪?"),
        frozenset({"buyer"}),
        system="srm",
    ),
    DemoRole(
        "finance",
        text("Finance", "财务"),
        text("Does every document agree?", "单据是否对得上?"),
        frozenset({"finance"}),
    ),
    DemoRole(
        "technician",
        text("Maintenance", "维修"),
        text("Which machine is down, and what do I need?", "哪台设备坏了,要什么备件?"),
        frozenset({"technician"}),
        system="itsm",
    ),
    DemoRole(
        "hr",
        text("Human resources", "人事"),
        text("Is everything ready for who comes?", "新人的账号、工位办好了吗?"),
        frozenset({"hr"}),
        system="hrm",
    ),
    DemoRole(
        "it",
        text("IT", "IT"),
        text("Systems, failed documents, replay", "系统状态、异常单据、重发"),
        frozenset({"administrator", "it"}),
    ),
    DemoRole(
        "boss",
        text("Director", "老板"),
        text("How does the whole factory run?", "整个工厂运转得怎样?"),
        frozenset({"management"}),
    ),
)
