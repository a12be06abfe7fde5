"""Policies: what a pack says about how its calls are made: retries, urgency, order behind trouble.

They stand in a pack's ``flows`` folder, beside routes and sources::

    format: 1
    policies:
      - {system: erp, retry_gaps_s: [1, 5, 20]}               # pauses before each retry
      - {operation: erp.stock.post, on_stuck: hold_key}
      - {process: month-end, priority: batch}
      - {process: order-to-delivery, operation: erp.sales_order.create, priority: urgent}

The narrowest word counts, setting by setting: a process's own for an operation, then the operation's, the
process's, the system's; a header of the task itself (``priority``, ``on_stuck``) stands above all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.engine.config import RetryPolicy
from lineshaft.sdk.pack import ON_STUCK, POLICY_KEYS, PRIORITIES

RETRIES_MAX: Final = 20
_GAP_S_MAX: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry: whom it is about, and what it says; ``None``: nothing."""

    system: str | None = None
    operation: str | None = None
    """With its system in front."""
    process: str | None = None
    retry: RetryPolicy | None = None
    priority: int | None = None
    on_stuck: str | None = None

    @property
    def rank(self) -> int:
        """How narrow it is: the greater counts first."""
        return (self.operation is not None) * 2 + (self.process is not None)

    def is_about(self, process: str | None, system: str, operation: str) -> bool:
        """Tell whether it speaks of a call."""
        return (
            self.process in (None, process)
            and self.system in (None, system)
            and self.operation in (None, f"{system}.{operation}")
        )


class Policies:
    """All policies of a release."""

    def __init__(self, entries: Iterable[Policy] = ()) -> None:
        self._entries = sorted(entries, key=lambda each: -each.rank)

    def of(self, process: str | None, system: str, operation: str) -> Policy:
        """Return what holds for a call."""
        found = Policy()
        if not self._entries:
            return found
        retry = priority = on_stuck = None
        for each in self._entries:
            if each.is_about(process, system, operation):
                retry = retry or each.retry
                priority = priority if priority is not None else each.priority
                on_stuck = on_stuck or each.on_stuck
        return Policy(retry=retry, priority=priority, on_stuck=on_stuck)


def read_policies(file: str, entries: Iterable[Any], problems: list[Problem]) -> list[Policy]:
    """Read the entries of one file; what is wrong joins ``problems``."""
    found = []
    for number, entry in enumerate(entries, 1):
        before = len(problems)
        policy = _read(entry, Place(file=file, path=f"policies[{number}]"), problems)
        if len(problems) == before:
            found.append(policy)
    return found


def _read(entry: Any, place: Place, problems: list[Problem]) -> Policy:
    if not isinstance(entry, Mapping):
        problems.append(Problem("policy", text("Expected a table.", "应为一个表。"), place))
        return Policy()

    def wrong(name: str, expected: Text) -> None:
        said = text("Expected {what}, but `{name}` is {value}.", "`{name}` 应为{what},实际为 {value}。",
                    what=expected, name=name, value=entry[name])  # fmt: skip
        problems.append(Problem("policy", said, place))

    for name in sorted(set(map(str, entry)) - POLICY_KEYS):
        known = ", ".join(sorted(POLICY_KEYS))
        said = text("Expected one of {known}, but found `{name}`.", "未知的键 `{name}`,可用:{known}。",
                    known=known, name=name)  # fmt: skip
        problems.append(Problem("policy", said, place))
    whom = {name: entry.get(name) for name in ("system", "operation", "process")}
    for name, value in whom.items():
        if value is not None and not isinstance(value, str):
            wrong(name, text("a name", "名称"))
    if not any(whom.values()):
        said = text("Expected a system, an operation or a process.", "应写明 system、operation 或 process。")
        problems.append(Problem("policy", said, place))
    retry = _retry(entry.get("retry_gaps_s"))
    if "retry_gaps_s" in entry and retry is None:
        wrong("retry_gaps_s", text("up to 20 pauses in seconds", "不超过 20 个以秒为单位的间隔"))
    priority = entry.get("priority")
    if priority is not None and priority not in PRIORITIES:
        wrong("priority", text("one of {all}", "{all} 之一", all=", ".join(PRIORITIES)))
    on_stuck = entry.get("on_stuck")
    if on_stuck is not None and on_stuck not in ON_STUCK:
        wrong("on_stuck", text("one of {all}", "{all} 之一", all=", ".join(ON_STUCK)))
    return Policy(
        whom["system"], whom["operation"], whom["process"], retry, PRIORITIES.get(str(priority)), on_stuck
    )


def _retry(value: Any) -> RetryPolicy | None:
    if not isinstance(value, list) or len(value) > RETRIES_MAX:
        return None
    if any(isinstance(gap, bool) or not isinstance(gap, int | float) for gap in value):
        return None
    if any(not 0 < gap <= _GAP_S_MAX for gap in value):
        return None
    return RetryPolicy(tuple(float(gap) for gap in value))


def priority_of(word: str | None) -> int | None:
    """Return the class that a header names: a word, or its number."""
    if word is None:
        return None
    word = word.strip()
    return PRIORITIES.get(word, int(word) if word.lstrip("-").isdigit() else None)
