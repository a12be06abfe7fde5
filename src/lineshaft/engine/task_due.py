"""Deadlines of tasks 办理时限: when one has passed, the hub urges, and in the end asks somebody else too.

The step that opens a task with a due time owes a job for that time. The job urges and comes again after
``urgeEvery``; once ``escalateAfter`` has gone by, whom ``escalateTo`` names may act on the task too (task
headers of the model: ISO 8601 durations; people or groups, separated by commas). Each time those of them who
have a mail address get a mail. A task that is done, or
that was given another due time meanwhile, is let be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.base.errors import ExpressionError
from lineshaft.bpmn.kernel import schedule
from lineshaft.engine.facts import fact
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.task_acts import ACT, DESK, SLIP, Act, ActKind, Desk, Slip, key_of
from lineshaft.feel import codec as values
from lineshaft.security.records import Kept, Shelf
from lineshaft.store.rows import Job, Task
from lineshaft.store.writes import PutJob, TakeJob, Write

KIND: Final = "task_due"
URGE_EVERY: Final = timedelta(days=1)
_SOONEST: Final = timedelta(minutes=1)
_HUB: Final = "Lineshaft"


def due_job(
    task: Task,
    lane: int,
    headers: Mapping[str, str],
    now: datetime,
    late: Mapping[str, Any] | None = None,
) -> Job:
    """Return what is owed for the due time of a task; ``late``: what its node wants told then, once."""
    assert task.due_at is not None
    payload = {
        "due_at": task.due_at,
        "urge_every": headers.get("urgeEvery", ""),
        "escalate_after": headers.get("escalateAfter", ""),
        "escalate_to": headers.get("escalateTo", ""),
        **({"late": dict(late)} if late is not None else {}),
    }
    return Job(
        tenant=task.tenant,
        id=f"{KIND}/{key_of(task.instance_id, task.token)}",
        lane=lane,
        kind=KIND,
        due_at=task.due_at,
        created_at=now,
        token=task.token,
        instance_id=task.instance_id,
        payload=values.encode(payload),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A task whose time has passed."""

    task: Task
    desk: Kept[Desk] | None
    plan: Mapping[str, Any]
    now: datetime

    @property
    def known(self) -> Desk:
        return self.desk.value if self.desk is not None else Desk()

    @property
    def escalates_at(self) -> datetime | None:
        if not self.plan["escalate_to"] or self.known.escalated_at is not None:
            return None
        return _later(self.plan["due_at"], self.plan["escalate_after"], timedelta(0))


class TaskDeadlines:
    """Carries out the jobs of due tasks."""

    def __init__(self, runtime: Runtime, offer: Callable[[Job], None], notices: Notices) -> None:
        self._runtime = runtime
        self._notices = notices
        self._offer = offer
        tenant = runtime.tenant
        self._desks = Shelf(runtime.store, tenant, DESK, Desk)
        self._acts = Shelf(runtime.store, tenant, ACT, Act)
        self._slips = Shelf(runtime.store, tenant, SLIP, Slip)

    async def due(self, job: Job) -> None:
        """Urge whoever has the task; escalate it where its time for that has come."""
        runtime = self._runtime
        plan = values.decode(job.payload)
        page = await runtime.store.tasks(runtime.scope, instance_id=job.instance_id, limit=1000)
        task = next((each for each in page.items if each.token == job.token), None)
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if task is not None and task.due_at == plan["due_at"]:
            key = key_of(task.instance_id, task.token)
            case = _Case(task, await self._desks.get(key), plan, tx.now)
            for write in self._writes(case, key):
                tx.add(write)
            self._notices.late_task(tx, await self._facts(case, key))
            if plan.get("late") is not None and case.known.urges == 0:
                self._notices.node(tx, f"{key}/late", plan["late"])
            next_at = tx.now + max(_later(tx.now, plan["urge_every"], URGE_EVERY) - tx.now, _SOONEST)
            wanted = case.escalates_at
            if wanted is not None and tx.now < wanted < next_at:
                next_at = wanted
            follow = replace(job, due_at=next_at, attempts=0)
            tx.add(PutJob(follow))
            tx.then(lambda: self._offer(follow))
        await runtime.write(tx)

    def _writes(self, case: _Case, key: str) -> list[Write]:
        """Return what an urge (and an escalation) writes."""
        at, known = case.escalates_at, case.known
        escalates = at is not None and at <= case.now
        to = tuple(each.strip() for each in case.plan["escalate_to"].split(",") if each.strip())
        desk = Desk(
            signers=known.signers,
            also=(*known.also, *to) if escalates else known.also,
            urges=known.urges + 1,
            urged_at=case.now,
            escalated_at=case.now if escalates else known.escalated_at,
        )
        writes: list[Write] = [self._desks.put(key, desk, case.desk, case.now, owner=case.task.instance_id)]
        writes += self._told(case, key, "urged", "")
        if escalates:
            writes += self._told(case, key, "escalated", ", ".join(to))
            writes += [self._slip(case, key, each) for each in to]
        return writes

    async def _facts(self, case: _Case, key: str) -> dict[str, Any]:
        """Return what the mail says to whoever has the task, and to whom it climbs."""
        task, at = case.task, case.escalates_at
        people = [task.assignee] if task.assignee else [*task.candidate_users, *task.candidate_groups]
        above: list[str] = []
        if at is not None and at <= case.now:
            above = [each.strip() for each in case.plan["escalate_to"].split(",") if each.strip()]
        return {
            "name": f"{key}/{case.now.isoformat()}",
            "key": key,
            "task": task.name or task.element,
            "business_key": task.business_key,
            "due_at": task.due_at,
            "people": people,
            "above": above,
            "urges": case.known.urges + 1,
            "department": task.department,
            "to": await self._notices.reach([*people, *case.known.also, *above]),
        }

    def _told(self, case: _Case, key: str, kind: ActKind, to: str) -> list[Write]:
        task = case.task
        act = Act(kind, task.token, task.name, case.now, _HUB, to=to)
        # In this order in the run's history: an escalation comes after its urge.
        name = f"{key}/{case.now.isoformat()}/{1 if kind == 'escalated' else 0}"
        data = {
            "token": task.token,
            "name": task.name,
            "instance_id": task.instance_id,
            "process_id": task.process_id,
            "business_key": task.business_key,
            "assignee": task.assignee,
            "due_at": task.due_at,
            "to": to or None,
        }
        return [
            self._acts.put(name, act, None, case.now, owner=task.instance_id),
            fact(task.tenant, f"task.{kind}", key, case.now, data, department=task.department),
        ]

    def _slip(self, case: _Case, key: str, to: str) -> Write:
        task = case.task
        slip = Slip(
            box="escalated",
            instance_id=task.instance_id,
            token=task.token,
            name=task.name,
            process_id=task.process_id,
            at=case.now,
            by=_HUB,
            kind="escalated",
            business_key=task.business_key,
            department=task.department,
        )
        # Told once only: the desk remembers that it was escalated.
        return self._slips.put(f"{to}/escalated/{key}", slip, None, case.now, owner=f"escalated:{to}")


def _later(start: datetime, duration: str, otherwise: timedelta) -> datetime:
    """Return ``start`` later by an ISO 8601 duration; one that is none counts as not given."""
    try:
        return schedule.add_duration(start, duration) if duration else start + otherwise
    except (ExpressionError, ValueError):
        return start + otherwise
