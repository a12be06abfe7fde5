"""What a person does to a run that is under way 人工干预: hold it, mend it, skip a step, go back, hand over.

Each asks for a reason, which stands in the run's history with the person's name; the audit log has who did
what. A run carries it out when its turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.api.access import InstanceOperator, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.text import text
from lineshaft.bpmn import kernel
from lineshaft.bpmn.kernel import commands
from lineshaft.insight.waiting import tokens_in
from lineshaft.security.people import Caller

router = make_router("instances")
_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Deed:
    """Why somebody does it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Data:
    """Values to set, and why."""

    reason: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HandOver:
    """Whose task it is from now on, and why."""

    reason: str
    assignee: str


@router.post("/instances/{instance_id}/suspend", response_model=DoneView, status_code=202)
async def suspend_instance(
    instance_id: str, deed: Deed, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Hold an instance: nothing of it goes on until it is resumed; calls under way end."""
    return await _give(services, caller, instance_id, commands.Suspend(_reason(caller, deed.reason)))


@router.post("/instances/{instance_id}/resume", response_model=DoneView, status_code=202)
async def resume_instance(
    instance_id: str, deed: Deed, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Let an instance go on that was held, or that was frozen by a mistake which is mended by now."""
    return await _give(services, caller, instance_id, commands.Resume(_reason(caller, deed.reason)))


@router.post("/instances/{instance_id}/variables", response_model=DoneView, status_code=202)
async def set_instance_variables(
    instance_id: str, data: Data, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Set variables of an instance; what was sent with the old values stays sent."""
    if not data.variables:
        raise InputError(text("Expected at least one variable.", "请至少给出一个变量。"))
    command = commands.SetVariables(data.variables, reason=_reason(caller, data.reason))
    return await _give(services, caller, instance_id, command)


@router.post("/instances/{instance_id}/elements/{element}/skip", response_model=DoneView, status_code=202)
async def skip_element(
    instance_id: str, element: str, data: Data, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """End an element in which an instance waits, as if that had come; the flow goes on behind it.

    A call that was not sent yet never will be. With `variables` as its result.
    """
    reason = _reason(caller, data.reason)
    for token in await _tokens(services, caller, instance_id, element):
        command = commands.CompleteElement(token, data.variables, reason)
        await services.operations.command(caller.scope, instance_id, command)
    return Json(DoneView(f"{instance_id}/{element}", "skipped"), 202)


@router.post("/instances/{instance_id}/elements/{element}/leave", response_model=DoneView, status_code=202)
async def leave_element(
    instance_id: str, element: str, deed: Deed, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """End an element in which an instance waits; its flow does not go on: begin another element before."""
    reason = _reason(caller, deed.reason)
    for token in await _tokens(services, caller, instance_id, element):
        await services.operations.command(caller.scope, instance_id, commands.CancelElement(token, reason))
    return Json(DoneView(f"{instance_id}/{element}", "left"), 202)


@router.post("/instances/{instance_id}/elements/{element}/begin", response_model=DoneView, status_code=202)
async def begin_element(
    instance_id: str, element: str, data: Data, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Begin an element of an instance by hand: to do a step again, or to go back."""
    found = (await services.store.load_instances(caller.scope, [instance_id])).get(instance_id)
    if found is None:
        raise _none(instance_id)
    process = await services.processes.get(caller.scope, found.instance.release, found.instance.process_id)
    if process is not None and element not in process.elements:
        raise NotFound(
            text("There is no element {element} in it.", "流程中没有节点 {element}。", element=element)
        )
    command = commands.ActivateElement(element, variables=data.variables, reason=_reason(caller, data.reason))
    return await _give(services, caller, instance_id, command)


@router.post("/tasks/{instance_id}/{token}/assign", response_model=DoneView, status_code=202)
async def assign_task(
    instance_id: str, token: int, wish: HandOver, services: ServicesOf, caller: InstanceOperator
) -> Json:
    """Hand a task over to another person."""
    tasks = await services.store.tasks(caller.scope, instance_id=instance_id, limit=500)
    if not any(each.token == token and each.status == "open" for each in tasks.items):
        raise NotFound(
            text("There is no open task {id}.", "没有待办任务 {id}。", id=f"{instance_id}/{token}")
        )
    command = commands.ChangeTask(token, {"assignee": wish.assignee}, _reason(caller, wish.reason))
    return await _give(services, caller, instance_id, command)


def _reason(caller: Caller, reason: str) -> str:
    """Return who does it and why; nobody does it without saying that."""
    said = reason.strip()
    if not said or len(said) > _REASON_MAX:
        raise InputError(
            text(
                "Expected a reason of 1 to {most} characters.",
                "请填写原因(1 至 {most} 个字符)。",
                most=_REASON_MAX,
            )
        )
    return f"{caller.name}: {said}"


async def _give(services: Services, caller: Caller, instance_id: str, command: kernel.Command) -> Json:
    return Json(DoneView(await services.operations.command(caller.scope, instance_id, command)), 202)


async def _tokens(services: Services, caller: Caller, instance_id: str, element: str) -> list[int]:
    """Return the branches of an instance that stand in an element."""
    history = await services.store.history(caller.scope, instance_id)
    if not history:
        raise _none(instance_id)
    found = tokens_in(history, element)
    if not found:
        raise Conflict(
            text(
                "Expected {id} to stand in {element}, but it does not.",
                "流程实例 {id} 当前不在节点 {element}。",
                id=instance_id,
                element=element,
            ),
            code="not_there",
        )
    return found


def _none(instance_id: str) -> NotFound:
    return NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=instance_id))
