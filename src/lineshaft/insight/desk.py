"""What rules of alerts find on the hub's own desk: work that piles up, documents that fail, systems away.

Each returns alerts by group: one per person whose work piles up, per cause of failures, per system; a group
is of one department, so that whoever sees its documents sees its alert.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from lineshaft.engine.runtime import Runtime
from lineshaft.insight.alerting import Alert, together
from lineshaft.sdk.alert_rules import ApprovalRule, FailureRule, InterfaceRule
from lineshaft.store.rows import DeadLetter, Task

COUNTED_MAX: Final = 10_000
"""So many tasks or failed documents are counted, the oldest first."""
_PAGE: Final = 500


class Desk:
    """Looks at tasks, failed documents and systems."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def approvals(self, rule: ApprovalRule) -> dict[str, Alert]:
        """Return whose work piles up."""
        now = self._runtime.clock.now()
        before = now - timedelta(seconds=rule.older_s)
        waiting: list[Alert] = []
        for task in await self._old_tasks(rule):
            if task.created_at > before:
                break
            person = task.assignee or next(iter((*task.candidate_users, *task.candidate_groups)), "")
            group = f"{person}/{task.department or ''}"
            waiting.append(
                Alert(
                    "approvals",
                    rule.name,
                    f"{group}@{now.timestamp():.0f}",
                    task.name or task.element,
                    rule.owner,
                    task.created_at,
                    rule.older_s,
                    task.business_key or "",
                    title=rule.title,
                    department=task.department,
                    group=group,
                    to=(person,) if person else (),
                )
            )
        return {group: each for group, each in together(waiting).items() if each.count >= rule.limit}

    async def _old_tasks(self, rule: ApprovalRule) -> list[Task]:
        found: list[Task] = []
        cursor: str | None = None
        while len(found) < COUNTED_MAX:
            page = await self._runtime.store.tasks(self._runtime.scope, cursor=cursor, limit=_PAGE)
            found += [task for task in page.items if matches(rule.process, task.process_id)]
            cursor = page.next
            if cursor is None:
                break
        return found

    async def failures(self, rule: FailureRule) -> dict[str, Alert]:
        """Return why documents fail, of each cause how many; those of an outage are the outage's."""
        failed: list[Alert] = []
        for letter in await self._letters():
            if letter.outage or not matches(rule.system, letter.system or ""):
                continue
            group = f"{letter.cause}/{letter.department or ''}"
            node = f"{letter.system}.{letter.operation}" if letter.operation else letter.system or ""
            failed.append(
                Alert(
                    "sync",
                    rule.name,
                    f"{group}@{letter.id}",
                    node or letter.subject_id,
                    rule.owner,
                    letter.created_at,
                    0.0,
                    letter.business_key or "",
                    title=rule.title,
                    department=letter.department,
                    group=group,
                    system=letter.system or "",
                )
            )
        return {group: each for group, each in together(failed).items() if each.count >= rule.limit}

    async def _letters(self) -> list[DeadLetter]:
        found: list[DeadLetter] = []
        cursor: str | None = None
        while len(found) < COUNTED_MAX:
            page = await self._runtime.store.dead_letters(self._runtime.scope, cursor=cursor, limit=_PAGE)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found

    async def interfaces(self, rule: InterfaceRule) -> dict[str, Alert]:
        """Return which systems cannot be reached."""
        runtime = self._runtime
        now = runtime.clock.now()
        away: dict[str, Alert] = {}
        for name, state in (await runtime.store.system_states(runtime.scope)).items():
            since = state.since or now
            is_long = now - since >= timedelta(seconds=rule.limit_s)
            if state.circuit != "open" or not is_long or not matches(rule.system, name):
                continue
            away[name] = Alert(
                "interface",
                rule.name,
                f"{name}@{since.timestamp():.0f}",
                name,
                rule.owner,
                since,
                rule.limit_s,
                title=rule.title,
                group=name,
                system=name,
            )
        return away


def matches(pattern: str, name: str) -> bool:
    """Tell whether ``name`` is meant; ``*`` stands for any run of characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
