"""People: employees, departments, positions, accounts, onboarding. Pure values (SCIM words for accounts)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lineshaft.canonical.extended import Extended, Sourced


@dataclass(frozen=True, slots=True)
class Department(Sourced):
    """A department 部门."""

    code: str
    name: str
    parent_code: str | None = None
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class Entitlement(Extended):
    """What somebody may use in a system 权限."""

    system: str
    role: str


@dataclass(frozen=True, slots=True)
class Position(Sourced):
    """A position 岗位 and what it may use: one row of the matrix."""

    code: str
    name: str
    department_code: str = ""
    entitlements: tuple[Entitlement, ...] = ()


@dataclass(frozen=True, slots=True)
class Employee(Sourced):
    """An employee 员工."""

    code: str
    name: str
    department_code: str = ""
    position_code: str = ""
    manager: str | None = None
    email: str = ""
    mobile: str = ""
    joined_on: date | None = None
    left_on: date | None = None
    status: Literal["joining", "active", "on_leave", "left"] = "active"


@dataclass(frozen=True, slots=True)
class Account(Sourced):
    """An employee's account in one system 账号."""

    employee_code: str
    system: str
    user_name: str
    roles: tuple[str, ...] = ()
    status: Literal["wanted", "active", "locked", "removed"] = "wanted"


@dataclass(frozen=True, slots=True)
class OnboardingTask(Sourced):
    """Something that a new colleague needs 入职任务: 工位, 门禁卡 …"""

    number: str
    employee_code: str
    title: str
    assigned_to: str = ""
    due_date: date | None = None
    status: Literal["open", "done", "cancelled"] = "open"


def accounts_wanted(
    employee: Employee, positions: Iterable[Position], accounts: Iterable[Account]
) -> list[Entitlement]:
    """Return what an employee's position grants and no active account of theirs gives yet."""
    granted = [
        each
        for position in positions
        if position.code == employee.position_code
        for each in position.entitlements
    ]
    have = {
        (account.system, role)
        for account in accounts
        if account.employee_code == employee.code and account.status == "active"
        for role in account.roles
    }
    return [each for each in granted if (each.system, each.role) not in have]
