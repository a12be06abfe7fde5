"""Workers outside, in the shape of Camunda 8's REST API: a firm keeps the workers it has.

Of that API there is what a job worker and whoever starts processes and sends messages needs. Keys are
numbers written as text. The tenant is always ``<default>``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.access import Sender, ServicesOf, allow, services_of
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import ExactRoute
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.outside import OutsideJob, key_of
from lineshaft.security.people import Caller

router = APIRouter(
    prefix="/v2",
    tags=["workers outside"],
    route_class=ExactRoute,
    generate_unique_id_function=lambda route: str(route.name),
)

_DECIDING: Final = frozenset({"adHocSubProcess", "userTask"})
"""Jobs whose result says what becomes of an element."""
JobWorker = Annotated[Caller, Depends(allow("jobs.work"))]

TENANT: Final = "<default>"
WAIT_S: Final = 10.0
"""How long a worker that does not say waits for jobs."""
WAIT_S_MAX: Final = 60.0
_LOOK_S: Final = 1.0
_PAUSE_S: Final = 0.02
_KINDS: Final = {"task": "BPMN_ELEMENT", "listener": "EXECUTION_LISTENER", "task_listener": "TASK_LISTENER"}

Milliseconds = Annotated[int, Field(ge=1, le=604_800_000)]
Variables = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobActivationRequest:
    """Which jobs a worker wants; times are in milliseconds."""

    type: Annotated[str, Field(min_length=1, max_length=200)]
    timeout: Milliseconds
    maxJobsToActivate: Annotated[int, Field(ge=1, le=1_000)]  # noqa: N815 - the names of that API
    worker: str | None = ""
    fetchVariable: list[str] | None = None  # noqa: N815
    requestTimeout: int | None = 0  # noqa: N815
    """How long to wait for the first; 0: ten seconds, less than 0: not at all."""
    tenantIds: list[str] | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class ActivatedJobResult:
    """A job that is the worker's until ``deadline``."""

    type: str
    processDefinitionId: str  # noqa: N815
    processDefinitionVersion: int  # noqa: N815
    elementId: str  # noqa: N815
    customHeaders: dict[str, Any]  # noqa: N815
    worker: str
    retries: int
    deadline: int
    """Milliseconds since 1970."""
    variables: dict[str, Any]
    tenantId: str  # noqa: N815
    jobKey: str  # noqa: N815
    processInstanceKey: str  # noqa: N815
    processDefinitionKey: str  # noqa: N815
    elementInstanceKey: str  # noqa: N815
    kind: str
    listenerEventType: str = "UNSPECIFIED"  # noqa: N815
    tags: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, job: OutsideJob) -> ActivatedJobResult:
        """Return a job in that API's words."""
        lease = job.lease
        return cls(
            type=job.type,
            processDefinitionId=lease.process,
            processDefinitionVersion=1,
            elementId=lease.element,
            customHeaders=dict(job.headers),
            worker=lease.worker,
            retries=lease.retries,
            deadline=int(job.until.timestamp() * 1000),
            variables=dict(job.variables),
            tenantId=TENANT,
            jobKey=job.key,
            processInstanceKey=instance_key(lease.instance),
            processDefinitionKey=key_of("process", lease.release, lease.process),
            elementInstanceKey=key_of("element", lease.instance, str(lease.token)),
            kind=_KINDS.get(lease.kind, "BPMN_ELEMENT"),
        )


@dataclass(frozen=True, slots=True)
class JobActivationResult:
    """What a worker got."""

    jobs: list[ActivatedJobResult]


@dataclass(frozen=True, slots=True)
class JobCompletionRequest:
    """What a worker found out."""

    variables: Variables | None = None
    result: dict[str, Any] | None = None
    """What it decides where it leads an ad-hoc sub-process (``activateElements``,
    ``isCompletionConditionFulfilled``, ``isCancelRemainingInstances``) or listens to a user task (``denied``,
    ``corrections``); ``type`` says which."""

    def answer(self) -> dict[str, Any]:
        """Return what the process gets."""
        if (self.result or {}).get("type") not in _DECIDING:
            return dict(self.variables or {})
        decided = {name: value for name, value in (self.result or {}).items() if value is not None}
        return {**(self.variables or {}), **{name: decided[name] for name in decided if name != "type"}}


@dataclass(frozen=True, slots=True)
class JobFailRequest:
    """Why a worker could not do it."""

    retries: Annotated[int, Field(ge=0, le=1_000)] = 0
    errorMessage: str | None = ""  # noqa: N815
    retryBackOff: Annotated[int, Field(ge=0, le=604_800_000)] = 0  # noqa: N815
    """Milliseconds."""
    variables: Variables | None = None


@dataclass(frozen=True, slots=True)
class JobErrorRequest:
    """A business error."""

    errorCode: Annotated[str, Field(min_length=1, max_length=200)]  # noqa: N815
    errorMessage: str | None = ""  # noqa: N815
    variables: Variables | None = None


@dataclass(frozen=True, slots=True)
class JobChangeset:
    """What is changed of a job."""

    retries: Annotated[int | None, Field(ge=1, le=1_000)] = None
    timeout: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class JobUpdateRequest:
    """A change of a job."""

    changeset: JobChangeset


@dataclass(frozen=True, slots=True)
class ProcessInstanceCreation:
    """A process to start, by its id."""

    processDefinitionId: Annotated[str, Field(min_length=1, max_length=200)]  # noqa: N815
    variables: Variables | None = None
    tenantId: str | None = None  # noqa: N815
    businessId: str | None = None  # noqa: N815
    awaitCompletion: bool = False  # noqa: N815
    """Not possible here: an instance may run for days."""


@dataclass(frozen=True, slots=True)
class ProcessInstanceResult:
    """An instance that was begun, or has run."""

    processDefinitionId: str  # noqa: N815
    processDefinitionVersion: int  # noqa: N815
    processDefinitionKey: str  # noqa: N815
    processInstanceKey: str  # noqa: N815
    tenantId: str  # noqa: N815
    variables: dict[str, Any]
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MessagePublication:
    """A message; kept for ``timeToLive`` milliseconds where nobody waits for it yet."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    correlationKey: Annotated[str | None, Field(max_length=200)] = ""  # noqa: N815
    timeToLive: Annotated[int, Field(ge=0, le=31_536_000_000)] = 0  # noqa: N815
    messageId: Annotated[str | None, Field(max_length=200)] = None  # noqa: N815
    """Sent again with the same id, it is the same message."""
    variables: Variables | None = None
    tenantId: str | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class MessagePublicationResult:
    """A message that was published."""

    tenantId: str  # noqa: N815
    messageKey: str  # noqa: N815


@dataclass(frozen=True, slots=True)
class MessageCorrelation:
    """A message that somebody must be waiting for."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    correlationKey: Annotated[str | None, Field(max_length=200)] = ""  # noqa: N815
    variables: Variables | None = None
    tenantId: str | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class MessageCorrelationResult:
    """Who got a message."""

    tenantId: str  # noqa: N815
    messageKey: str  # noqa: N815
    processInstanceKey: str  # noqa: N815


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """A part of the hub."""

    partitionId: int = 1  # noqa: N815
    role: str = "leader"
    health: str = "healthy"


@dataclass(frozen=True, slots=True)
class BrokerInfo:
    """A process of the hub."""

    nodeId: int  # noqa: N815
    host: str
    port: int
    partitions: list[PartitionResult]
    version: str


@dataclass(frozen=True, slots=True)
class TopologyResult:
    """The hub, as a cluster of one."""

    brokers: list[BrokerInfo]
    clusterSize: int  # noqa: N815
    partitionsCount: int  # noqa: N815
    replicationFactor: int  # noqa: N815
    gatewayVersion: str  # noqa: N815
    lastCompletedChangeId: str  # noqa: N815


@router.get("/topology", response_model=TopologyResult)
async def get_topology(request: Request, services: ServicesOf, caller: JobWorker) -> Json:
    """Say that the hub is there; clients ask before they begin."""
    host, port = request.scope.get("server") or ("", 0)
    version = f"8.8.0-lineshaft-{services.version}"
    broker = BrokerInfo(0, str(host), int(port or 0), [PartitionResult()], version)
    return Json(TopologyResult([broker], 1, 1, 1, version, "0"))


@router.post("/jobs/activation", response_model=JobActivationResult)
async def activate_jobs(
    request: Request, wish: JobActivationRequest, services: ServicesOf, caller: JobWorker
) -> Json:
    """Take jobs of a type; where there are none, wait until one comes or the time is over."""
    asked = wish.requestTimeout or 0
    wait_s = WAIT_S if asked == 0 else 0.0 if asked < 0 else min(asked / 1000, WAIT_S_MAX)
    jobs = await _activated(request, caller.scope, wish, wait_s)
    return Json(JobActivationResult([ActivatedJobResult.of(each) for each in jobs]))


async def _activated(
    request: Request, scope: Scope, wish: JobActivationRequest, wait_s: float
) -> list[OutsideJob]:
    services = services_of(request)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    # Listened to before the first look, so that nothing comes unheard between the two.
    listener = services.live.listen(Scope.of_engine(services.tenant))
    try:
        while True:
            jobs = await services.outside.activate(
                scope,
                wish.type,
                (wish.worker or "")[:200],
                timedelta(milliseconds=wish.timeout),
                most=wish.maxJobsToActivate,
                fetch=wish.fetchVariable or (),
            )
            left = deadline - loop.time()
            if jobs or left <= 0 or listener.closed:
                return jobs
            await listener.facts(min(left, _LOOK_S))
            # Many commits, one look.
            await asyncio.sleep(_PAUSE_S)
            if await request.is_disconnected():
                # A worker that was stopped while it waited: its jobs would lie until their lease is over.
                return []
    finally:
        services.live.leave(listener)


@router.post("/jobs/{job_key}/completion", status_code=204, response_class=Response)
async def complete_job(
    job_key: str, services: ServicesOf, caller: JobWorker, done: JobCompletionRequest | None = None
) -> Response:
    """Say that a job is done; its process goes on with the variables."""
    answer = done.answer() if done is not None else {}
    await services.outside.complete(caller.scope, job_key, answer, by=caller.name)
    return Response(status_code=204)


@router.post("/jobs/{job_key}/failure", status_code=204, response_class=Response)
async def fail_job(
    job_key: str, services: ServicesOf, caller: JobWorker, failure: JobFailRequest | None = None
) -> Response:
    """Say that a job could not be done: it is free again after a while, or, without retries, an incident."""
    found = failure or JobFailRequest()
    await services.outside.fail(
        caller.scope,
        job_key,
        retries=found.retries,
        message=found.errorMessage or "",
        backoff=timedelta(milliseconds=found.retryBackOff),
        by=caller.name,
    )
    return Response(status_code=204)


@router.post("/jobs/{job_key}/error", status_code=204, response_class=Response)
async def throw_job_error(
    job_key: str, error: JobErrorRequest, services: ServicesOf, caller: JobWorker
) -> Response:
    """Throw a business error that the process may catch."""
    await services.outside.throw(
        caller.scope, job_key, error.errorCode, error.errorMessage or "", error.variables or {}
    )
    return Response(status_code=204)


@router.patch("/jobs/{job_key}", status_code=204, response_class=Response)
async def update_job(
    job_key: str, update: JobUpdateRequest, services: ServicesOf, caller: JobWorker
) -> Response:
    """Give a job other retries, or its worker more time from now on."""
    timeout = update.changeset.timeout
    await services.outside.change(
        caller.scope,
        job_key,
        retries=update.changeset.retries,
        timeout=timedelta(milliseconds=timeout) if timeout is not None else None,
    )
    return Response(status_code=204)


@router.post("/process-instances", response_model=ProcessInstanceResult)
async def create_process_instance(
    wish: ProcessInstanceCreation, services: ServicesOf, caller: Sender
) -> Json:
    """Start a process by its id; the answer comes as soon as that is durable."""
    if wish.awaitCompletion:
        raise InputError(
            text(
                "An instance may run for days: start it without awaitCompletion, and ask for its state.",
                "流程实例可能运行数天:请不带 awaitCompletion 启动,再查询其状态。",
            ),
            code="await_completion",
        )
    release = await services.store.active_release(caller.scope)
    process = (
        await services.processes.get(caller.scope, release.id, wish.processDefinitionId)
        if release is not None
        else None
    )
    if release is None or process is None:
        raise NotFound(text("There is no process {id}.", "没有流程 {id}。", id=wish.processDefinitionId))
    instance_id = key_of("instance", services.ids.new())
    await services.intake.start(
        wish.processDefinitionId,
        wish.variables or {},
        instance_id=instance_id,
        business_key=wish.businessId,
    )
    return Json(
        ProcessInstanceResult(
            wish.processDefinitionId,
            1,
            key_of("process", release.id, wish.processDefinitionId),
            instance_id,
            TENANT,
            wish.variables or {},
        )
    )


@router.post("/messages/publication", response_model=MessagePublicationResult)
async def publish_process_message(message: MessagePublication, services: ServicesOf, caller: Sender) -> Json:
    """Publish a message for whoever waits for it, now or within its time to live."""
    key = message.correlationKey or ""
    message_id = (
        f"v2/{key_of(caller.name, message.name, key, message.messageId)}"
        if message.messageId
        else services.ids.new()
    )
    await services.operations.publish(
        caller.scope,
        message.name,
        key,
        message.variables or {},
        ttl_s=message.timeToLive / 1000,
        message_id=message_id,
    )
    return Json(MessagePublicationResult(TENANT, key_of("message", message_id)))


@router.post("/messages/correlation", response_model=MessageCorrelationResult)
async def correlate_process_message(
    message: MessageCorrelation, services: ServicesOf, caller: Sender
) -> Json:
    """Bring a message to an instance that waits for it; 404 where none does."""
    scope = Scope.of_engine(services.tenant)
    key = message.correlationKey or ""
    waiting = await services.store.subscriptions(scope, "message", message.name, key, 1)
    if not waiting:
        raise NotFound(
            text(
                "Nobody waits for the message {name} with the key {key}.",
                "没有流程在等待消息 {name}(键 {key})。",
                name=message.name,
                key=key,
            )
        )
    message_id = services.ids.new()
    await services.operations.publish(
        caller.scope, message.name, key, message.variables or {}, ttl_s=60.0, message_id=message_id
    )
    found = instance_key(waiting[0].instance_id)
    return Json(MessageCorrelationResult(TENANT, key_of("message", message_id), found))


def instance_key(instance_id: str) -> str:
    """Return the number of an instance; one that was started by number has it as its id."""
    return instance_id if instance_id.isdecimal() else key_of("instance", instance_id)
