"""Roles: the matrix of who may do which action, on which rows, and see which classes of fields. Data.

A role says three things: its actions, its rows (``all`` departments, the ``tree`` below one's own department,
``own`` department only), and for each class of sensitive fields whether it is seen in ``all`` rows or in
those of one's ``own`` department only. What no role of a caller grants, the caller has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, text
from lineshaft.security.actions import (
    BUILDING,
    EVERYTHING,
    OPERATING,
    RULING,
    SEEING,
    SENDING,
    TECHNICAL,
    WORKING,
    Action,
)

Rows = Literal["all", "tree", "own"]
Sight = Literal["all", "own"]

FIELD_CLASSES: Final[dict[str, Text]] = {
    "cost": text("Cost", "成本"),
    "margin": text("Margin and profit", "毛利与利润"),
    "balance": text("Balance and credit of a customer", "客户余额与信用额度"),
    "salary": text("Salary", "薪资"),
    "bank": text("Bank accounts", "银行账户"),
    "identity": text("Identity papers", "身份证件"),
    "contact": text("Phone numbers and private addresses", "电话与私人地址"),
}
"""The classes of sensitive fields that the hub ships; a pack may add its own."""


class Role(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role 角色."""

    id: str
    zh: str
    en: str
    actions: frozenset[str] = frozenset()
    rows: Rows = "tree"
    fields: dict[str, Sight] = {}
    """Class of fields → where it is seen."""
    shipped: bool = False


def _shipped(name: str, zh: str, en: str, actions: frozenset[Action], rows: Rows, **fields: Sight) -> Role:
    return Role(name, zh, en, actions, rows, dict(fields), True)


_SEES_ALL: Final[dict[str, Sight]] = dict.fromkeys(FIELD_CLASSES, "all")
_ASKED: Final = frozenset({"people.read", "proposals.read", "proposals.approve"})

SHIPPED: Final[dict[str, Role]] = {
    role.id: role
    for role in (
        _shipped("administrator", "系统管理员", "Administrator", EVERYTHING, "all", **_SEES_ALL),
        _shipped(
            "it",
            "IT 运维",
            "IT operations",
            TECHNICAL | OPERATING | WORKING,
            "all",
            cost="all",
            margin="all",
            balance="all",
            contact="all",
        ),
        _shipped(
            "engineer",
            "集成工程师",
            "Integration engineer",
            TECHNICAL | OPERATING | WORKING | SENDING | BUILDING | {"config.export", "config.import"},
            "all",
            cost="all",
            margin="all",
            balance="all",
            contact="all",
        ),
        _shipped("sales", "销售", "Sales", SEEING | WORKING, "tree", balance="own", contact="own"),
        _shipped("planner", "计划", "Planner", SEEING | WORKING, "tree"),
        _shipped("buyer", "采购", "Buyer", SEEING | WORKING, "tree", cost="all", contact="all"),
        _shipped("warehouse", "仓储", "Warehouse", SEEING | WORKING, "tree", contact="all"),
        _shipped("technician", "维修", "Maintenance", SEEING | WORKING, "tree", contact="all"),
        _shipped(
            "hr",
            "人事",
            "Human resources",
            SEEING | WORKING,
            "all",
            contact="all",
            identity="all",
            salary="all",
        ),
        _shipped(
            "finance",
            "财务",
            "Finance",
            SEEING | WORKING | RULING | {"letters.read", "proposals.read", "proposals.approve"},
            "all",
            cost="all",
            margin="all",
            balance="all",
            bank="all",
        ),
        _shipped(
            "management",
            "管理层",
            "Management",
            SEEING | WORKING | RULING | {"kpis.set"},
            "all",
            cost="all",
            margin="all",
            balance="all",
        ),
        _shipped(
            "auditor",
            "审计",
            "Auditor",
            TECHNICAL | {"audit.read", "people.read", "proposals.read"},
            "all",
            cost="all",
            margin="all",
            balance="all",
        ),
        _shipped("viewer", "只读", "Viewer", SEEING | TECHNICAL, "all", contact="all"),
        _shipped("clerk", "业务员", "Clerk", SEEING | WORKING, "all", contact="all"),
        _shipped("machine", "程序", "Machine", SENDING, "all"),
        _shipped("worker", "外部程序", "Worker outside", SENDING | {"jobs.work"}, "all"),
    )
}
"""The roles that come with the hub. A firm adds its own; these stay as they are."""

FORMER: Final = {"admin": "administrator", "operator": "it", "developer": "engineer"}
"""Names that roles had before."""


def named(role: str) -> str:
    """Return a role's name of today."""
    return FORMER.get(role, role)


def actions_of(roles: Iterable[str], known: Mapping[str, Role] = SHIPPED) -> frozenset[Action]:
    """Return everything that roles allow; unknown ones allow nothing."""
    found = (known.get(named(role)) for role in roles)
    return frozenset(action for role in found if role is not None for action in role.actions)


def allows_more(role: Role, before: Role) -> bool:
    """Tell whether a role allows, or lets see, anything that it did not before."""
    wide = ("own", "tree", "all")
    sights = {
        name: sight for name, sight in role.fields.items() if before.fields.get(name) not in (sight, "all")
    }
    return bool(role.actions - before.actions or sights) or wide.index(role.rows) > wide.index(before.rows)


def scope_of(
    tenant: str,
    roles: Iterable[str],
    *,
    known: Mapping[str, Role] = SHIPPED,
    home: Iterable[str] = (),
    below: Mapping[str, frozenset[str]] | None = None,
    classes: Iterable[str] = FIELD_CLASSES,
    departments: Iterable[str] | None = None,
) -> Scope:
    """Return what somebody with these roles may see.

    Args:
        tenant: The firm.
        roles: Their roles.
        known: All roles there are.
        home: Their own departments.
        below: Each department with all below it, itself included.
        classes: All classes of sensitive fields.
        departments: Given where the rows are said outright (a token's), whatever the roles say.
    """
    names = frozenset(named(role) for role in roles)
    held = [known[name] for name in names if name in known]
    own = frozenset(home)
    rows: frozenset[str] | None
    if departments is not None:
        rows = frozenset(departments)
    elif any(role.rows == "all" for role in held):
        rows = None
    elif any(role.rows == "tree" for role in held):
        rows = own.union(*((below or {}).get(each, frozenset({each})) for each in own))
    else:
        rows = own
    everywhere = {name for role in held for name, sight in role.fields.items() if sight == "all"}
    at_home = {name for role in held for name, sight in role.fields.items() if sight == "own"} - everywhere
    hidden = frozenset(classes) - everywhere - at_home
    # Where all rows are one's own department's or below it, these are home too.
    around = own.union(*((below or {}).get(each, frozenset()) for each in own))
    return Scope(tenant, rows, names, hidden, frozenset(at_home), around)
