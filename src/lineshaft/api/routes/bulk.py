"""Bulk work: a plan that shows what would be done, a job that does it, and what became of each item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query
from pydantic import Field
from starlette.requests import Request

from lineshaft.api.access import LanguageOf, ServicesOf, allow_any, permitted
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.base.errors import NotFound
from lineshaft.base.text import Language, of_column, text
from lineshaft.engine.bulk import JOB, PLAN, Bulk, Item, ItemState
from lineshaft.security.actions import Action
from lineshaft.security.fields import without_numbers
from lineshaft.security.people import Caller

router = make_router("bulk work")

ASKED: Final[dict[str, Action]] = {
    "replay": "letters.repair",
    "discard": "letters.repair",
    "cancel": "instances.operate",
    "resolve": "instances.operate",
}
"""What is done with many → the action that doing it with one asks for."""
BulkWorker = Annotated[Caller, Depends(allow_any("letters.repair", "instances.operate"))]


@dataclass(frozen=True, slots=True)
class BulkFilter:
    """Which items: named, or all that have every value given.

    ``replay`` and ``discard`` know ``ids``, ``system``, ``cause``; ``cancel`` knows ``ids``, ``process_id``,
    ``business_key``, ``status``; ``resolve`` knows ``ids`` (instance, ``/``, number) and ``process_id``.
    """

    ids: Annotated[list[str] | None, Field(max_length=10_000)] = None
    system: str | None = None
    cause: str | None = None
    process_id: str | None = None
    business_key: str | None = None
    status: Literal["active", "suspended", "frozen"] | None = None

    def chosen(self) -> dict[str, Any]:
        """Return the values given."""
        names = ("ids", "system", "cause", "process_id", "business_key", "status")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class WishedPlan:
    """What shall be done with many, and why."""

    action: Literal["replay", "discard", "cancel", "resolve"]
    filter: BulkFilter
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class WishedJob:
    """A plan to carry out; ``digest`` says which items were looked at."""

    plan_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class PlannedItemView:
    """An item of a plan."""

    id: str
    label: str
    about: str

    @classmethod
    def of(cls, item: Item, *, strange: bool = False) -> PlannedItemView:
        """Return the view of an item; ``strange``: it was looked at by somebody who may see more."""
        return cls(item.id, item.label, (without_numbers(item.about) or "") if strange else item.about)


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a job would do; it lasts for an hour."""

    id: str
    action: str
    reason: str
    filter: dict[str, Any]
    state: str
    """``planned``, or ``used`` by a job."""
    count: int
    digest: str
    """Of all items and their states; a job begins only while it is the same."""
    created_at: datetime
    created_by: str
    items: list[PlannedItemView] = field(default_factory=list)
    """The first hundred; all of them at ``/plans/{id}/items``."""


@dataclass(frozen=True, slots=True)
class PlannedItemPage:
    """What a plan's filter finds now, by id."""

    items: list[PlannedItemView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class BulkJobView:
    """A job and how far it is."""

    id: str
    action: str
    reason: str
    filter: dict[str, Any]
    state: str
    """``running``, ``done``, ``cancelled``."""
    count: int
    done: int
    failed: int
    plan_id: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Bulk) -> BulkJobView:
        """Return the view of a job."""
        work = job.work
        return cls(
            job.id,
            work.action,
            work.reason,
            work.filter,
            job.state,
            work.count,
            work.done,
            work.failed,
            work.plan,
            job.at,
            work.by,
            work.ended_at,
        )


@dataclass(frozen=True, slots=True)
class BulkJobPage:
    """Jobs, newest first."""

    items: list[BulkJobView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class BulkItemView:
    """What became of one item."""

    id: str
    label: str
    about: str
    state: str
    """``waiting``, ``done``, ``failed``."""
    message: str
    """Why it failed, in the caller's language."""

    @classmethod
    def of(cls, state: str, found: ItemState, language: Language, *, strange: bool) -> BulkItemView:
        """Return the view of an item; ``strange``: it was looked at by somebody who may see more."""
        item = found.item
        message = of_column(found.message).in_language(language) if found.message else ""
        if strange:
            return cls(
                item.id, item.label, without_numbers(item.about) or "", state, without_numbers(message) or ""
            )
        return cls(item.id, item.label, item.about, state, message)


@dataclass(frozen=True, slots=True)
class BulkItemPage:
    """Items of a job."""

    items: list[BulkItemView]
    next: str | None = None


@router.post("/plans", response_model=PlanView, status_code=201)
async def plan_bulk_work(
    request: Request, wish: WishedPlan, services: ServicesOf, caller: BulkWorker
) -> Json:
    """Show exactly what would be done with all that a filter finds; nothing is changed."""
    await permitted(request, ASKED[wish.action])
    plan, items = await services.bulk.plan(
        caller.scope, wish.action, wish.filter.chosen(), by=caller.name, reason=wish.reason.strip()
    )
    return Json(_plan(plan, items), 201)


@router.get("/plans/{plan_id}", response_model=PlanView)
async def get_plan(plan_id: str, services: ServicesOf, caller: BulkWorker) -> Json:
    """Return a plan."""
    return Json(_plan(await _found(services, caller, PLAN, plan_id), []))


@router.get("/plans/{plan_id}/items", response_model=PlannedItemPage)
async def list_planned_items(
    plan_id: str, services: ServicesOf, caller: BulkWorker, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """Return what a plan's filter finds now, by id."""
    plan = await _found(services, caller, PLAN, plan_id)
    found = sorted(await services.bulk.planned(plan), key=lambda each: each.id)
    items, after = page_of(found, lambda each: each.id, cursor, limit)
    strange = _is_strange(caller, plan)
    return Json(PlannedItemPage([PlannedItemView.of(each, strange=strange) for each in items], after))


@router.post("/jobs", response_model=BulkJobView, status_code=202)
async def start_bulk_job(request: Request, wish: WishedJob, services: ServicesOf, caller: BulkWorker) -> Json:
    """Do what a plan showed; 409 where its items have changed since then."""
    plan = await services.bulk.find(PLAN, wish.plan_id)
    await permitted(request, ASKED[plan.work.action])
    return Json(BulkJobView.of(await services.bulk.start(wish.plan_id, wish.digest, by=caller.name)), 202)


@router.get("/jobs", response_model=BulkJobPage)
async def list_bulk_jobs(
    services: ServicesOf,
    caller: BulkWorker,
    state: Literal["running", "done", "cancelled"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return jobs, newest first."""
    page = await services.bulk.jobs(state=state, cursor=cursor, limit=limit)
    seen = [BulkJobView.of(each) for each in page.items if _may_see(caller, each)]
    return Json(BulkJobPage(seen, page.next))


@router.get("/jobs/{job_id}", response_model=BulkJobView)
async def get_bulk_job(
    job_id: str,
    services: ServicesOf,
    caller: BulkWorker,
    wait_s: Annotated[float, Query(ge=0, le=30, description="wait so long for its end")] = 0,
) -> Json:
    """Return a job and how far it is."""
    await _found(services, caller, JOB, job_id)
    return Json(BulkJobView.of(await services.bulk.wait(job_id, float(wait_s))))


@router.get("/jobs/{job_id}/items", response_model=BulkItemPage)
async def list_bulk_items(
    job_id: str,
    services: ServicesOf,
    caller: BulkWorker,
    language: LanguageOf,
    *,
    state: Literal["waiting", "done", "failed"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return what became of each item."""
    strange = _is_strange(caller, await _found(services, caller, JOB, job_id))
    page = await services.bulk.items(job_id, state=state, cursor=cursor, limit=limit)
    return Json(
        BulkItemPage([BulkItemView.of(*each, language, strange=strange) for each in page.items], page.next)
    )


@router.delete("/jobs/{job_id}", response_model=BulkJobView)
async def cancel_bulk_job(request: Request, job_id: str, services: ServicesOf, caller: BulkWorker) -> Json:
    """Begin no more items of a job; those that are done stay done."""
    found = await _found(services, caller, JOB, job_id)
    await permitted(request, ASKED[found.work.action])
    return Json(BulkJobView.of(await services.bulk.cancel(job_id)))


def _may_see(caller: Caller, found: Bulk) -> bool:
    """Tell whether a caller may know of a plan or a job: its items may be another department's."""
    if not caller.may(ASKED[found.work.action]):
        return False
    return caller.scope.departments is None or found.work.by == caller.name


def _is_strange(caller: Caller, found: Bulk) -> bool:
    """Tell whether what a plan or a job says of its items was written for somebody who may see more."""
    hidden = caller.scope.masked_fields | caller.scope.own_fields
    return found.work.by != caller.name and not hidden <= {*found.work.masked, *found.work.own}


async def _found(services: ServicesOf, caller: Caller, kind: str, name: str) -> Bulk:
    found = await services.bulk.find(kind, name)
    if not _may_see(caller, found):
        raise NotFound(text("There is no such job or plan: {id}.", "没有该任务或方案:{id}。", id=name))
    return found


def _plan(plan: Bulk, items: list[Item]) -> PlanView:
    work = plan.work
    return PlanView(
        plan.id,
        work.action,
        work.reason,
        work.filter,
        plan.state,
        work.count,
        work.digest,
        plan.at,
        work.by,
        [PlannedItemView.of(each) for each in items[:100]],
    )
