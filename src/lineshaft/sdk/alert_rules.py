"""Rules of alerts that look at the hub's own desk, and ``tell``: how urgent, told to whom, where, how often.

In ``watches/*.yaml``, beside ``stuck``, ``delays`` and ``expectations``:

    approvals:                                    # work of people piles up 审批积压
      - name: approvals-waiting
        title: {zh: 审批积压, en: Approvals pile up}
        process: "*"
        limit: 20                                 # so many open tasks of one person (or group) …
        older_s: 14400                            # … that have waited so long
        tell: {to: [chief], channels: [mail, dingtalk], remind_s: 1800, escalate_s: 7200, escalate_to: [ceo]}
    failures:                                     # documents fail: one alert per cause 同步失败
      - {name: sync-failed, title: {zh: 同步失败, en: A sync fails}, system: "*", limit: 1}
    interfaces:                                   # a system cannot be reached 接口中断
      - {name: interface-down, title: {zh: 接口中断, en: An interface is down}, system: "*", limit_s: 60}

``tell.to`` names people by login, role, position, department or mail address; nobody: those of ``[alerts]
mail_to``. A channel is ``mail``, or a system with an operation ``notice.send`` (a group robot).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table

NAME: Final = r"[a-z][a-z0-9-]*"
Severity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
MAIL: Final = "mail"
REMIND_MOST: Final = 3
_SOONEST_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Tell:
    """How urgent an alert is, who hears of it by which channels, and how often."""

    severity: Severity = "warning"
    to: tuple[str, ...] = ()
    """Logins, roles, positions, departments or mail addresses; none: whom the configuration names."""
    channels: tuple[str, ...] = (MAIL,)
    quiet_s: float | None = None
    """After a notice of one cause the next of the same is held back for this time, and told together with
    others then; ``None``: as ``[alerts] quiet_s`` says."""
    remind_s: float | None = None
    """While nobody has acknowledged it, it is told again after this time …"""
    remind_most: int = REMIND_MOST
    """… but not more often than this."""
    escalate_s: float | None = None
    """When nobody has acknowledged it for this time, it is told to …"""
    escalate_to: tuple[str, ...] = ()
    enabled: bool = True
    """``False``: nobody looks for it."""


USUAL: Final = Tell()
"""What holds where a rule says nothing of it."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """How many tasks of one person may wait, and how long."""

    name: str
    title: Text
    process: str
    limit: int
    older_s: float
    owner: Text
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As it was written."""

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"approvals/{self.name}"


@dataclass(frozen=True, slots=True)
class FailureRule:
    """How many documents may have failed for one cause."""

    name: str
    title: Text
    system: str
    limit: int
    owner: Text
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"sync/{self.name}"


@dataclass(frozen=True, slots=True)
class InterfaceRule:
    """How long a system may be away."""

    name: str
    title: Text
    system: str
    limit_s: float
    owner: Text
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"interface/{self.name}"


def read_approvals(table: Table, problems: Problems) -> ApprovalRule:
    """Read a rule of the section ``approvals``."""
    name = table.text("name", required=True, pattern=NAME) or ""
    rule = ApprovalRule(
        name,
        table.label("title", name),
        table.text("process") or "*",
        table.integer("limit", 1, least=1),
        table.number("older_s", 0.0) or 0.0,
        table.label("owner", ""),
        read_tell(table, problems),
        written(table),
    )
    table.done()
    return rule


def read_failures(table: Table, problems: Problems) -> FailureRule:
    """Read a rule of the section ``failures``."""
    name = table.text("name", required=True, pattern=NAME) or ""
    rule = FailureRule(
        name,
        table.label("title", name),
        table.text("system") or "*",
        table.integer("limit", 1, least=1),
        table.label("owner", ""),
        read_tell(table, problems),
        written(table),
    )
    table.done()
    return rule


def read_interfaces(table: Table, problems: Problems) -> InterfaceRule:
    """Read a rule of the section ``interfaces``."""
    name = table.text("name", required=True, pattern=NAME) or ""
    rule = InterfaceRule(
        name,
        table.label("title", name),
        table.text("system") or "*",
        table.number("limit_s", 0.0) or 0.0,
        table.label("owner", ""),
        read_tell(table, problems),
        written(table),
    )
    table.done()
    return rule


def written(table: Table) -> Mapping[str, Any]:
    """Return a rule as it was written, to be shown and changed."""
    value = table.node.plain()
    return value if isinstance(value, dict) else {}


def read_tell(rule: Table, problems: Problems) -> Tell:
    """Read what a rule says of telling people; nothing said: a warning, by mail."""
    table = rule.table("tell")
    if table is None:
        return USUAL
    severity = table.choice("severity", SEVERITIES, "warning")
    tell = Tell(
        next((each for each in SEVERITIES if each == severity), "warning"),
        table.texts("to"),
        table.texts("channels") if "channels" in table.entries else (MAIL,),
        table.number("quiet_s", None),
        table.number("remind_s", None),
        table.integer("remind_most", REMIND_MOST),
        table.number("escalate_s", None),
        table.texts("escalate_to"),
        table.flag("enabled", default=True),
    )
    table.take("channels")
    if tell.remind_s is not None and tell.remind_s < _SOONEST_S:
        message = text("Expected remind_s to be at least 60", "remind_s 不能小于 60 秒")
        problems.add("tell_often", message, table.place)
    if tell.escalate_s is not None and not tell.escalate_to:
        message = text(
            "Expected escalate_to to name somebody", "填写 escalate_s 时,escalate_to 应指明升级对象"
        )
        problems.add("tell_nobody", message, table.place)
    table.done()
    return tell
