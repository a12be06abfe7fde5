"""Tasks: work for people. The inbox with its boxes, what one does with a task, and who stands in for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import Field

from lineshaft.api.access import ServicesOf, TaskReader, TaskWorker, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.audit import zoned
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.services import Services
from lineshaft.api.standing_in import colleague, colleagues, group_titles, person_of
from lineshaft.api.task_views import (
    ActView,
    ColleaguePage,
    ColleagueView,
    DelegationPage,
    DelegationView,
    FormView,
    InboxCountsView,
    InboxItemView,
    InboxPage,
    SignerView,
    StepView,
    TaskDetailView,
)
from lineshaft.api.views import DoneView, TaskPage, TaskView, TitleView, decoded
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine.forms import checked, chosen, with_choices
from lineshaft.engine.inbox import Found, Wish
from lineshaft.engine.task_acts import Person, Slip
from lineshaft.security.people import Caller
from lineshaft.store.port import Page
from lineshaft.store.rows import Task

router = make_router("tasks")

Actor = Annotated[Caller, Depends(allow("tasks.work", noted=False))]
Box = Literal["todo", "done", "started", "copied"]
ActName = Literal["approve", "return", "hand_over", "add_approver", "comment", "copy", "urge"]
_COUNTED_MAX = 100


@dataclass(frozen=True, slots=True)
class Completion:
    """What a person filled in."""

    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActWish:
    """What a person does with a task."""

    act: ActName
    note: Annotated[str, Field(max_length=1000)] = ""
    variables: dict[str, Any] = field(default_factory=dict)
    """Of `approve`: what was filled in."""
    to: Annotated[str, Field(max_length=200)] = ""
    """A colleague's id; of `return` the step to go back to, the last one where not given."""


@dataclass(frozen=True, slots=True)
class DelegationWish:
    """Who stands in, and for how long."""

    taker: Annotated[str, Field(min_length=1, max_length=200)]
    begins_at: datetime
    ends_at: datetime
    note: Annotated[str, Field(max_length=1000)] = ""


@router.get("/tasks", response_model=TaskPage)
async def list_tasks(
    services: ServicesOf,
    caller: TaskReader,
    status: str = "open",
    assignee: str | None = None,
    instance_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return tasks, oldest first."""
    page = await services.store.tasks(
        caller.scope, status=status, assignee=assignee, instance_id=instance_id, cursor=cursor, limit=limit
    )
    return Json(TaskPage([TaskView.of(each) for each in page.items], page.next))


@router.get("/inbox", response_model=InboxPage)
async def list_inbox(
    services: ServicesOf, caller: TaskReader, box: Box = "todo", cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """Return one's own tasks: to do (oldest first), done, started by oneself, copied (newest first)."""
    page = await inbox_page(services, caller, box, cursor, limit)
    return Json(InboxPage(page.items, page.next))


async def inbox_page(
    services: Services, caller: Caller, box: Box, cursor: str | None, limit: int
) -> Page[InboxItemView]:
    """Return one page of a box."""
    person = await person_of(services, caller)
    scope = caller.scope
    if box == "todo":
        found = await services.inbox.todo(scope, person, cursor, limit)
        return Page(await _task_lines(services, scope, found.items), found.next)
    slips = await services.inbox.box(scope, person, box, cursor, limit)
    if box == "started":
        return Page(await _started_lines(services, scope, slips.items), slips.next)
    names = await _process_names(services, scope, [(each.release, each.process_id) for each in slips.items])
    lines = [
        InboxItemView.of_slip(each, name, "completed" if box == "done" else "")
        for each, name in zip(slips.items, names, strict=True)
    ]
    return Page(lines, slips.next)


async def _task_lines(
    services: Services, scope: Scope, found: Sequence[tuple[Task, str]]
) -> list[InboxItemView]:
    loaded = await services.store.load_instances(scope, {task.instance_id for task, _ in found})
    releases = [
        (loaded[task.instance_id].instance.release if task.instance_id in loaded else "", task.process_id)
        for task, _ in found
    ]
    names = await _process_names(services, scope, releases)
    desks = await asyncio.gather(*(services.inbox.desk_of(task) for task, _ in found))
    forms = [
        await services.forms.get(scope, release, task.form)
        for (task, _), (release, _) in zip(found, releases, strict=True)
    ]
    now = services.clock.now()
    group_title = await group_titles(services)
    return [
        InboxItemView.of_task(task, name, desk, now, stands_for, group_title=group_title, form=form)
        for (task, stands_for), name, desk, form in zip(found, names, desks, forms, strict=True)
    ]


async def _started_lines(services: Services, scope: Scope, slips: Sequence[Slip]) -> list[InboxItemView]:
    """Return for each run its open tasks, or the run itself where nobody has to do anything."""
    loaded = await services.store.load_instances(scope, [each.instance_id for each in slips])
    lines: list[InboxItemView] = []
    for slip in slips:
        stored = loaded.get(slip.instance_id)
        if stored is None:
            continue
        tasks = (await services.store.tasks(scope, instance_id=slip.instance_id, limit=20)).items
        if tasks:
            lines += await _task_lines(services, scope, [(task, "") for task in tasks])
            continue
        [name] = await _process_names(services, scope, [(stored.instance.release, slip.process_id)])
        lines.append(InboxItemView.of_slip(slip, name, stored.instance.status))
    return lines


async def _process_names(services: Services, scope: Scope, wanted: Sequence[tuple[str, str]]) -> list[Text]:
    found = []
    for release, process_id in wanted:
        process = await services.processes.get(scope, release, process_id)
        found.append(process.title if process is not None else Text(process_id, process_id))
    return found


@router.get("/inbox/counts", response_model=InboxCountsView)
async def count_inbox(services: ServicesOf, caller: TaskReader) -> Json:
    """Return how many tasks wait for the caller, and how many of them are late."""
    person = await person_of(services, caller)
    page = await services.inbox.todo(caller.scope, person, None, _COUNTED_MAX)
    now = services.clock.now()
    late = sum(task.due_at is not None and task.due_at < now for task, _ in page.items)
    return Json(InboxCountsView(len(page.items), late))


@router.get("/colleagues", response_model=ColleaguePage)
async def list_colleagues(
    services: ServicesOf, caller: TaskWorker, part: Annotated[str, Query(max_length=100)] = ""
) -> Json:
    """Return whom one may give a task to: their id and name, nothing more."""
    found = await colleagues(services, part)
    return Json(ColleaguePage([ColleagueView(name, TitleView.of(title)) for name, title in found]))


@router.get("/tasks/{instance_id}/{token}", response_model=TaskDetailView)
async def get_task(instance_id: str, token: int, services: ServicesOf, caller: TaskReader) -> Json:
    """Return a task with its form, what was done with it, and what the caller may do."""
    scope = caller.scope
    found = await services.inbox.find(scope, instance_id, token, masked=True)
    task, release = found.task, found.instance.release
    person = await person_of(services, caller)
    process = await services.processes.get(scope, release, task.process_id)
    form = await services.forms.get(scope, release, task.form)
    variables = decoded(task.payload)
    steps = await services.inbox.earlier_steps(scope, found) if task.status == "open" else []

    def named(element: str) -> Text:
        return process.element(element) if process is not None else Text(element, element)

    acts = [
        ActView.of(each, named(each.to) if each.kind == "returned" else None)
        for each in await services.inbox.acts(instance_id)
    ]
    title = process.title if process is not None else Text(task.process_id, task.process_id)
    stands_for = person.acts_for(task, found.known.also) or ""
    return Json(
        TaskDetailView(
            InboxItemView.of_task(
                task,
                title,
                found.known,
                services.clock.now(),
                stands_for,
                group_title=await group_titles(services),
            ),
            task.element,
            task.process_id,
            release,
            FormView.of(with_choices(form, variables)) if form is not None else None,
            variables,
            task.ended_by,
            task.ended_at,
            acts,
            [SignerView.of(each) for each in found.known.signers],
            _may(caller, person, found, bool(steps)),
            [StepView(each, TitleView.of(named(each))) for each in steps],
        )
    )


def _may(caller: Caller, person: Person, found: Found, can_return: bool) -> list[str]:
    """Return what a caller may do with a task now."""
    if not caller.may("tasks.work"):
        return []
    if found.task.status != "open":
        return ["comment", "copy"]
    if found.asked(person) is not None:
        return ["agree", "comment", "copy", "urge"]
    is_theirs = person.operates or person.acts_for(found.task, found.known.also) is not None
    if not is_theirs:
        return ["comment", "copy", "urge"]
    out = [] if found.known.missing else ["approve"]
    out += ["return"] if can_return else []
    return [*out, "hand_over", "add_approver", "comment", "copy", "urge"]


@router.post("/tasks/{instance_id}/{token}/acts", response_model=DoneView, status_code=202)
async def act_on_task(
    instance_id: str, token: int, wish: ActWish, services: ServicesOf, caller: Actor
) -> Json:
    """Approve, return, hand over, ask for another approval, comment, copy to somebody, or urge."""
    inbox = services.inbox
    person = await person_of(services, caller)
    found = await inbox.find(caller.scope, instance_id, token)
    gives = wish.act in ("hand_over", "add_approver", "copy")
    made = Wish(
        wish.note,
        wish.variables,
        await colleague(services, wish.to) if gives and wish.to else None,
        wish.to if wish.act == "return" else "",
    )
    if wish.act == "approve":
        await _finish(services, caller, person, found, made)
    elif wish.act == "return":
        await inbox.send_back(caller.scope, person, found, made)
    elif wish.act == "hand_over":
        await inbox.hand_over(person, found, made)
    elif wish.act == "add_approver":
        await inbox.add_approver(person, found, made)
    elif wish.act == "comment":
        await inbox.comment(person, found, made)
    elif wish.act == "copy":
        await inbox.copy(person, found, made)
    else:
        await inbox.urge(person, found, made)
    return Json(DoneView(f"{instance_id}/{token}", wish.act), 202)


@router.post("/tasks/{instance_id}/{token}/complete", response_model=DoneView, status_code=202)
async def complete_task(
    instance_id: str, token: int, completion: Completion, services: ServicesOf, caller: Actor
) -> Json:
    """Complete a task; its process goes on."""
    person = await person_of(services, caller)
    found = await services.inbox.find(caller.scope, instance_id, token)
    await _finish(services, caller, person, found, Wish(values=completion.variables))
    return Json(DoneView(f"{instance_id}/{token}", "completed"), 202)


async def _finish(services: Services, caller: Caller, person: Person, found: Found, wish: Wish) -> None:
    """Let the process go on with what its form lets through; without a form, with what was sent."""
    form = await services.forms.get(caller.scope, found.instance.release, found.task.form)
    if form is not None and found.asked(person) is None:
        known = with_choices(form, decoded(found.task.payload))
        filled = checked(known, wish.values or {})
        choice = chosen(known, filled)
        said = (choice.in_language("zh"), choice.in_language("en")) if choice is not None else None
        wish = Wish(wish.note, filled, wish.to, wish.step, submits=known.is_filled_in, chose=said)
    await services.inbox.finish(person, found, wish)


@router.get("/delegations", response_model=DelegationPage)
async def list_delegations(services: ServicesOf, caller: TaskReader) -> Json:
    """Return who stands in for the caller, and for whom the caller stands in, while it is not over."""
    person = await person_of(services, caller, with_others=False)
    found = await services.inbox.delegations(person)
    return Json(DelegationPage([DelegationView.of(each, person.id) for each in found]))


@router.post("/delegations", response_model=DoneView, status_code=201)
async def make_delegation(wish: DelegationWish, services: ServicesOf, caller: Actor) -> Json:
    """Let somebody do one's tasks for a while, within the rows that they see themselves."""
    person = await person_of(services, caller, with_others=False)
    to = await colleague(services, wish.taker)
    zoned(wish.begins_at, wish.ends_at)
    key = await services.inbox.delegate(person, to, wish.begins_at, wish.ends_at, wish.note)
    return Json(DoneView(key, "made"), 201)


@router.delete("/delegations/{delegation_id}", response_model=DoneView)
async def end_delegation(delegation_id: str, services: ServicesOf, caller: Actor) -> Json:
    """Take a delegation back."""
    await services.inbox.end_delegation(await person_of(services, caller, with_others=False), delegation_id)
    return Json(DoneView(delegation_id, "ended"))
