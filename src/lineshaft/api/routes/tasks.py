"""Tasks: work for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.api.access import ServicesOf, TaskReader, TaskWorker
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DoneView, TaskPage, TaskView

router = make_router("tasks")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a person filled in."""

    variables: dict[str, Any] = field(default_factory=dict)


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


@router.post("/tasks/{instance_id}/{token}/complete", response_model=DoneView, status_code=202)
async def complete_task(
    instance_id: str, token: int, completion: Completion, services: ServicesOf, caller: TaskWorker
) -> Json:
    """Complete a task; its process goes on."""
    await services.operations.complete_task(
        caller.scope, instance_id, token, completion.variables, by=caller.name
    )
    return Json(DoneView(f"{instance_id}/{token}", "completed"), 202)
