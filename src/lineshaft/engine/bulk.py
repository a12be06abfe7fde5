"""Bulk work 批量处理: first a plan that shows exactly what would be done, then a job that does just that.

A plan names every item that a filter found, and its state. A job begins only while the filter still finds
the same items in the same states. Both lie in the store: a job that was under way when its process died is
carried on, and no item is done twice, because each is closed by what closes it alone as well.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, HubError, InputError, NotFound, StoreError
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import of_column, text
from lineshaft.bpmn.kernel import commands
from lineshaft.engine.operations import Operations
from lineshaft.engine.words import kept
from lineshaft.store.port import Page, Store
from lineshaft.store.rows import Record
from lineshaft.store.writes import PutRecord, Unit, Write

Action = Literal["replay", "discard", "cancel", "resolve"]
"""Of dead letters (``replay``, ``discard``), of instances (``cancel``), of their incidents (``resolve``)."""

PLAN: Final = "bulk_plan"
JOB: Final = "bulk_job"
ITEM: Final = "bulk_item"
ITEMS_MAX: Final = 10_000
"""Items of one plan; more are done by several."""
PLAN_LASTS: Final = timedelta(hours=1)
_AT_ONCE: Final = 25
_LEASE_S: Final = 15.0
_LOOK_S: Final = 2.0

FILTERS: Final[dict[Action, frozenset[str]]] = {
    "replay": frozenset({"ids", "system", "cause"}),
    "discard": frozenset({"ids", "system", "cause"}),
    "cancel": frozenset({"ids", "process_id", "business_key", "status"}),
    "resolve": frozenset({"ids", "process_id"}),
}


class Item(msgspec.Struct, frozen=True):
    """One thing of a plan."""

    id: str
    """Of a dead letter or an instance; of an incident the instance's, ``/`` and its number."""
    label: str
    """What people call it: a business key or a document's number."""
    about: str
    """For people: the operation and error of a dead letter, the process of an instance."""
    mark: str
    """Its state; another one makes the plan stale."""


class Work(msgspec.Struct, frozen=True):
    """What a plan or a job is about."""

    action: str
    filter: dict[str, Any]
    reason: str
    by: str
    departments: list[str] | None
    roles: list[str]
    digest: str
    count: int
    plan: str = ""
    done: int = 0
    failed: int = 0
    ended_at: datetime | None = None
    masked: list[str] = []
    """Classes of fields that whoever asked for it does not see."""
    own: list[str] = []
    home: list[str] = []

    def scope(self, tenant: str) -> Scope:
        """Return what whoever asked for it may see."""
        departments = frozenset(self.departments) if self.departments is not None else None
        roles, masked, own = frozenset(self.roles), frozenset(self.masked), frozenset(self.own)
        return Scope(tenant, departments, roles, masked, own, frozenset(self.home))


class ItemState(msgspec.Struct, frozen=True):
    """One item of a job."""

    number: int
    item: Item
    message: str = ""
    """Why it failed: a column of both languages (``of_column``)."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """A plan or a job as it stands."""

    id: str
    state: str
    """``planned``, ``used``; ``running``, ``cancelled``, ``done``."""
    at: datetime
    work: Work


class BulkWork:
    """Plans and jobs."""

    def __init__(self, store: Store, operations: Operations, clock: Clock, ids: Ids, tenant: str) -> None:
        """Make them; ``store`` is as people read it, masked: what a plan says of its items is shown."""
        self._store = store
        self._operations = operations
        self._clock = clock
        self._ids = ids
        self._tenant = tenant
        self._rows = Scope.of_engine(tenant)
        self._woken = asyncio.Event()
        self._moved = asyncio.Condition()

    # -- plans ---------------------------------------------------------------------------------------------

    async def plan(
        self, scope: Scope, action: Action, chosen: dict[str, Any], *, by: str, reason: str
    ) -> tuple[Bulk, list[Item]]:
        """Return a plan and its items; nothing is changed.

        Raises:
            InputError: The filter has what the action does not know, or finds more than ``ITEMS_MAX``.
        """
        unknown = sorted(set(chosen) - FILTERS[action])
        if unknown or not chosen:
            raise InputError(
                text(
                    "Expected a filter of {known} for {action}, but it has: {found}.",
                    "{action} 的筛选条件应为 {known},实际为:{found}。",
                    action=action,
                    known=", ".join(sorted(FILTERS[action])),
                    found=", ".join(unknown) or "-",
                ),
                code="filter_invalid",
            )
        items = await self._find(scope, action, chosen)
        work = Work(
            action=action,
            filter=chosen,
            reason=reason,
            by=by,
            departments=sorted(scope.departments) if scope.departments is not None else None,
            roles=sorted(scope.roles),
            digest=_digest(items),
            count=len(items),
            masked=sorted(scope.masked_fields),
            own=sorted(scope.own_fields),
            home=sorted(scope.home),
        )
        now = self._clock.now()
        row = self._row(PLAN, self._ids.new(), work, "planned", now=now, due_at=now + PLAN_LASTS)
        await self._write([PutRecord(row, 0)])
        return _bulk(row), items

    async def start(self, plan_id: str, digest: str, *, by: str) -> Bulk:
        """Begin a job that does what a plan showed.

        Raises:
            NotFound: There is no such plan of this caller, or it has expired.
            Conflict: It was begun already, or what it found is not so any more.
        """
        row = await self._store.record(self._rows, PLAN, plan_id)
        now = self._clock.now()
        if row is None or row.due_at is None or row.due_at <= now or _work(row).by != by:
            raise NotFound(
                text(
                    "There is no plan {id} of yours, or it has expired; make a new one.",
                    "没有您的方案 {id},或已过期;请重新生成。",
                    id=plan_id,
                )
            )
        work = _work(row)
        if row.state != "planned":
            raise Conflict(text("This plan was carried out already.", "该方案已执行过。"), code="plan_used")
        items = await self._find(work.scope(self._tenant), _action(work), work.filter)
        if digest != work.digest or _digest(items) != work.digest:
            raise Conflict(
                text(
                    "What the plan showed has changed: it had {before} items, now there are {now}.",
                    "方案显示的内容已变化:原有 {before} 项,现为 {now} 项。",
                    before=work.count,
                    now=len(items),
                ),
                code="plan_stale",
                hint=text("Make a new plan and look at it.", "请重新生成方案并确认。"),
            )
        job_id = self._ids.new()
        job = self._row(
            JOB, job_id, msgspec.structs.replace(work, plan=plan_id), "running", now=now, due_at=now
        )
        used = replace(row, version=row.version + 1, state="used")
        rows = [
            self._item(job_id, ItemState(number, item), "waiting", now) for number, item in enumerate(items)
        ]
        await self._write(
            [PutRecord(used, row.version), PutRecord(job, 0), *(PutRecord(each, 0) for each in rows)]
        )
        self._woken.set()
        return _bulk(job)

    # -- jobs ----------------------------------------------------------------------------------------------

    async def find(self, kind: str, bulk_id: str) -> Bulk:
        """Return a plan or a job; raises ``NotFound``."""
        row = await self._store.record(self._rows, kind, bulk_id)
        if row is None:
            raise NotFound(text("There is no such job or plan: {id}.", "没有该任务或方案:{id}。", id=bulk_id))
        return _bulk(row)

    async def jobs(self, *, state: str | None, cursor: str | None, limit: int) -> Page[Bulk]:
        """Return jobs, newest first."""
        page = await self._store.records(self._rows, JOB, state=state, cursor=cursor, limit=limit)
        return Page([_bulk(each) for each in page.items], page.next)

    async def items(
        self, job_id: str, *, state: str | None, cursor: str | None, limit: int
    ) -> Page[tuple[str, ItemState]]:
        """Return the items of a job with their states, last ones first."""
        page = await self._store.records(
            self._rows, ITEM, owner=job_id, state=state, cursor=cursor, limit=limit
        )
        return Page(
            [(each.state, msgspec.json.decode(each.content, type=ItemState)) for each in page.items],
            page.next,
        )

    async def planned(self, plan: Bulk) -> list[Item]:
        """Return what a plan's filter finds now."""
        return await self._find(plan.work.scope(self._tenant), _action(plan.work), plan.work.filter)

    async def cancel(self, job_id: str) -> Bulk:
        """Begin no more items; those that are done stay done. Raises ``Conflict`` where it has ended."""
        while True:
            row = await self._store.record(self._rows, JOB, job_id)
            if row is None:
                raise NotFound(text("There is no job {id}.", "没有任务 {id}。", id=job_id))
            if row.state != "running":
                raise Conflict(text("The job has ended already.", "该任务已结束。"), code="job_ended")
            now = self._clock.now()
            work = msgspec.structs.replace(_work(row), ended_at=now)
            ended = replace(
                row,
                version=row.version + 1,
                state="cancelled",
                due_at=None,
                content=msgspec.json.encode(work),
            )
            result = (await self._store.commit([Unit([PutRecord(ended, row.version)])]))[0]
            if result.error is None:
                await self._tell()
                return _bulk(ended)

    async def wait(self, job_id: str, seconds: float) -> Bulk:
        """Return a job when it has ended, or after a while as it stands."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.find(JOB, job_id)
            left = deadline - asyncio.get_running_loop().time()
            if found.state != "running" or left <= 0:
                return found
            try:
                async with asyncio.timeout(min(left, _LOOK_S)), self._moved:
                    await self._moved.wait()
            except TimeoutError:
                pass

    async def run(self, worker: str) -> None:
        """Carry jobs out, in one process at a time, until it is cancelled."""
        while True:
            try:
                if await self._store.acquire_source(worker, "bulk", _LEASE_S) is not None:
                    while await self.carry_on(worker):
                        pass
            except StoreError:
                # Nothing was written, or it is read anew: the next look carries on.
                pass
            self._woken.clear()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def carry_on(self, worker: str) -> bool:
        """Do a part of the oldest job; return whether there is more to do."""
        due = await self._store.due_records(self._rows, JOB, self._clock.now(), 1)
        if not due:
            return False
        job = due[0]
        waiting = await self._store.due_records(
            self._rows, ITEM, self._clock.now(), _AT_ONCE, owners=[job.id]
        )
        work = _work(job)
        writes: list[Write] = []
        for row in waiting:
            item = msgspec.json.decode(row.content, type=ItemState)
            message = await self._do(job.id, work, item.item)
            state = "failed" if message else "done"
            work = msgspec.structs.replace(
                work, done=work.done + (not message), failed=work.failed + bool(message)
            )
            ended = replace(
                row,
                version=row.version + 1,
                state=state,
                due_at=None,
                content=msgspec.json.encode(msgspec.structs.replace(item, message=message)),
            )
            writes.append(PutRecord(ended, row.version))
        over = len(waiting) < _AT_ONCE
        now = self._clock.now()
        if over:
            work = msgspec.structs.replace(work, ended_at=now)
        moved = replace(
            job,
            version=job.version + 1,
            state="done" if over else "running",
            due_at=None if over else job.due_at,
            content=msgspec.json.encode(work),
        )
        writes.append(PutRecord(moved, job.version))
        result = (await self._store.commit([Unit(writes)]))[0]
        if result.error is not None and waiting:
            # Somebody cancelled the job meanwhile: what was done is written down all the same.
            await self._count_late(job.id, writes[:-1], work)
        await self._tell()
        return await self._store.acquire_source(worker, "bulk", _LEASE_S) is not None

    async def _count_late(self, job_id: str, writes: list[Write], work: Work) -> None:
        row = await self._store.record(self._rows, JOB, job_id)
        if row is None:
            return
        stopped = msgspec.structs.replace(_work(row), done=work.done, failed=work.failed)
        late = replace(row, version=row.version + 1, content=msgspec.json.encode(stopped))
        await self._store.commit([Unit([*writes, PutRecord(late, row.version)])])

    async def _do(self, job_id: str, work: Work, item: Item) -> str:
        """Do one item; return why it cannot be done, or nothing."""
        scope = work.scope(self._tenant)
        by = f"{work.by}: {work.reason}" if work.reason else work.by
        actions: dict[str, Callable[[], Awaitable[Any]]] = {
            "replay": lambda: self._operations.replay(scope, item.id, by=by),
            "discard": lambda: self._operations.discard(scope, item.id, by=by),
            "cancel": lambda: self._operations.command(
                scope, item.id, commands.Cancel(by), command_id=f"{job_id}/{item.id}"
            ),
            "resolve": lambda: self._operations.command(
                scope,
                item.id.rpartition("/")[0],
                commands.ResolveIncident(int(item.id.rpartition("/")[2]), by),
                command_id=f"{job_id}/{item.id}",
            ),
        }
        try:
            await actions[work.action]()
        except Conflict as error:
            letter = await self._store.dead_letter(scope, item.id)
            wanted = "replayed" if work.action == "replay" else "discarded"
            if letter is not None and letter.status == wanted and letter.closed_by == by:
                # It was done by this job, whose process died before it could say so.
                return ""
            return kept(error)
        except StoreError:
            raise
        except HubError as error:
            return kept(error)
        return ""

    # -- finding -------------------------------------------------------------------------------------------

    async def _find(self, scope: Scope, action: Action, chosen: dict[str, Any]) -> list[Item]:
        finders: dict[Action, Callable[[Scope, dict[str, Any]], AsyncIterator[Item]]] = {
            "replay": self._letters,
            "discard": self._letters,
            "cancel": self._instances,
            "resolve": self._incidents,
        }
        found: list[Item] = []
        async for item in finders[action](scope, chosen):
            found.append(item)
            if len(found) > ITEMS_MAX:
                raise InputError(
                    text(
                        "Expected at most {limit} items, but there are more; narrow the filter.",
                        "最多 {limit} 项,实际更多;请缩小筛选范围。",
                        limit=ITEMS_MAX,
                    ),
                    code="too_many",
                )
        return found

    async def _letters(self, scope: Scope, chosen: dict[str, Any]) -> AsyncIterator[Item]:
        wanted = _ids(chosen)
        if wanted is not None:
            for name in wanted:
                row = await self._store.dead_letter(scope, name)
                if row is None:
                    raise NotFound(text("There is no dead letter {id}.", "没有异常单据 {id}。", id=name))
                yield _letter(row)
            return
        async for row in _all(
            lambda cursor: self._store.dead_letters(
                scope, system=chosen.get("system"), cause=chosen.get("cause"), cursor=cursor, limit=500
            )
        ):
            yield _letter(row)

    async def _instances(self, scope: Scope, chosen: dict[str, Any]) -> AsyncIterator[Item]:
        wanted = _ids(chosen)
        if wanted is not None:
            known = await self._store.load_instances(scope, wanted)
            for name in wanted:
                if name not in known:
                    raise NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=name))
                row = known[name].instance
                yield Item(row.id, row.business_key or "", row.process_id, row.status)
            return
        status = chosen.get("status", "active")
        async for row in _all(
            lambda cursor: self._store.instances(
                scope,
                process_id=chosen.get("process_id"),
                business_key=chosen.get("business_key"),
                status=status,
                cursor=cursor,
                limit=500,
            )
        ):
            yield Item(row.id, row.business_key or "", row.process_id, row.status)

    async def _incidents(self, scope: Scope, chosen: dict[str, Any]) -> AsyncIterator[Item]:
        wanted = _ids(chosen)
        process_id = chosen.get("process_id")
        async for row in _all(lambda cursor: self._store.incidents(scope, cursor=cursor, limit=500)):
            name = f"{row.instance_id}/{row.number}"
            if (wanted is None or name in wanted) and process_id in (None, row.process_id):
                yield Item(name, row.business_key or "", f"{row.element}: {row.message[:200]}", "open")

    # -- rows ----------------------------------------------------------------------------------------------

    def _row(
        self, kind: str, name: str, work: Work, state: str, *, now: datetime, due_at: datetime | None
    ) -> Record:
        return Record(
            tenant=self._tenant,
            kind=kind,
            id=name,
            version=1,
            at=now,
            state=state,
            due_at=due_at,
            content=msgspec.json.encode(work),
        )

    def _item(self, job_id: str, item: ItemState, state: str, now: datetime) -> Record:
        return Record(
            tenant=self._tenant,
            kind=ITEM,
            id=f"{job_id}/{item.number:06d}",
            version=1,
            at=now,
            owner=job_id,
            state=state,
            due_at=now,
            content=msgspec.json.encode(item),
        )

    async def _write(self, writes: list[Write]) -> None:
        result = (await self._store.commit([Unit(writes)]))[0]
        if result.error is not None:
            raise result.error

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()


def _ids(chosen: dict[str, Any]) -> list[str] | None:
    found = chosen.get("ids")
    return list(dict.fromkeys(found)) if found is not None else None


async def _all(page_of: Callable[[str | None], Awaitable[Page[Any]]]) -> AsyncIterator[Any]:
    cursor: str | None = None
    while True:
        page = await page_of(cursor)
        for row in page.items:
            yield row
        cursor = page.next
        if cursor is None:
            return


def _letter(row: Any) -> Item:
    what = f"{row.system}.{row.operation}" if row.system else row.subject_id
    told = of_column(row.error_text).in_language("en")
    return Item(row.id, row.business_key or "", f"{what}: {told[:200]}", f"{row.status}/{row.attempts}")


def _digest(items: list[Item]) -> str:
    found = hashlib.sha256()
    for item in sorted(items, key=lambda each: each.id):
        for part in (item.id, item.mark):
            encoded = part.encode("utf-8", "surrogatepass")
            found.update(len(encoded).to_bytes(4, "big") + encoded)
    return found.hexdigest()


def _work(row: Record) -> Work:
    return msgspec.json.decode(row.content, type=Work)


def _action(work: Work) -> Action:
    return next(each for each in FILTERS if each == work.action)


def _bulk(row: Record) -> Bulk:
    return Bulk(row.id, row.state, row.at, _work(row))
