"""A late task: told when it is due, urged each half hour, to the manager at the third time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lineshaft.app.logs import LogObserver
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.clock import FixedClock
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.task_acts import ACT, Act
from lineshaft.engine.task_due import TaskDeadlines, due_job
from lineshaft.engine.transaction import Transaction
from lineshaft.feel import codec
from lineshaft.security.records import Shelf
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Job
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, written

HEADERS = {"urgeEvery": "PT30M", "escalateAfter": "PT1H", "escalateTo": "manager"}


class _Alone(Runtime):
    """A worker that is alone with its store: no lanes to be held."""

    async def write(self, tx: Transaction) -> Any:
        [result] = await self.store.commit([replace(tx.finish(), lane=None)])
        for action in tx.after:
            action()
        return result


async def test_a_task_is_told_when_due_urged_every_half_hour_and_escalated_at_the_third_time() -> None:
    clock = FixedClock(T0)
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()
    config = replace(EngineConfig(), notice_operation="alerts.notice")
    runtime = _Alone(store, clock, SystemIds(), "w1", config, LogObserver())
    notices = Notices(runtime, lambda e, s: None, lambda job: None)

    async def reach(names: Sequence[str]) -> list[str]:
        return [f"{name}@factory.example" for name in names]

    notices.reach = reach
    owed: list[Job] = []
    deadlines = TaskDeadlines(runtime, owed.append, notices)
    task = a.task("i1", 1, assignee="li", due_at=at(3600), business_key="PO-1")
    owed.append(due_job(task, 7, HEADERS, T0))
    await written(store, w.PutTask(task), w.PutJob(owed[-1]))
    for _ in range(4):
        job = owed.pop()
        clock.advance((job.due_at - clock.now()).total_seconds())
        await deadlines.due(job)
    jobs = [job for job in await store.due_jobs(ENGINE, range(256), at(10**6), 50) if job.kind == "notice"]
    told = sorted((codec.decode(job.payload) for job in jobs), key=lambda facts: facts["at"])
    assert [((facts["at"] - T0).total_seconds() / 60, facts["urges"], facts["to"]) for facts in told] == [
        (60, 1, ["li@factory.example"]),
        (90, 2, ["li@factory.example"]),
        (120, 3, ["li@factory.example", "manager@factory.example"]),
        (150, 4, ["li@factory.example", "manager@factory.example"]),
    ]
    assert [facts["above"] for facts in told] == [[], [], ["manager"], []]
    acts = [each.value.kind for each in await Shelf(store, "default", ACT, Act).all()]
    assert sorted(acts) == ["escalated", "urged", "urged", "urged", "urged"]
