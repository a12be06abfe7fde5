"""Steps: a command goes to a live instance, and what the kernel asks for becomes writes.

Everything here is synchronous: between reading the live state and handing the unit to the committer nobody
else can touch the instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final, Protocol

from lineshaft.base.ids import Ids, lane_of
from lineshaft.base.text import Text
from lineshaft.bpmn import kernel
from lineshaft.bpmn.kernel import commands, effects
from lineshaft.bpmn.program import Program
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.facts import fact
from lineshaft.engine.figures import Figures
from lineshaft.engine.instances import Instances, Live
from lineshaft.engine.node_notices import facts_of, notice_job
from lineshaft.engine.outside import is_outside, offer
from lineshaft.engine.policies import priority_of
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.systems import Operation, Systems
from lineshaft.engine.task_due import KIND as TASK_DUE
from lineshaft.engine.task_due import due_job
from lineshaft.engine.transaction import Transaction
from lineshaft.engine.words import storable
from lineshaft.feel import codec as values
from lineshaft.store.rows import Effect, Incident, Job, Subscription, Task
from lineshaft.store.writes import (
    CloseIncident,
    DeleteJob,
    DeleteSubscription,
    EndTask,
    InsertEffect,
    PutIncident,
    PutJob,
    PutSubscription,
    PutTask,
)


class Offers(Protocol):
    """Where new work goes once it is durable."""

    def admit(self, operation: Operation, effect_id: str) -> bool:
        """Ask for a place to call at once; ``True`` reserves it."""
        ...

    def offer_effect(self, effect: Effect, payload: dict[str, Any] | None, *, admitted: bool) -> None:
        """Hand over a new effect."""
        ...

    def offer_job(self, job: Job) -> None:
        """Hand over a new job."""
        ...

    def give_back(self, operation: Operation, effect_id: str) -> None:
        """The place that ``admit`` reserved is not needed."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a command."""

    status: str
    """``done``, ``rejected``, ``deferred`` (kept until a person resumes the instance) or ``frozen``."""
    code: str = ""
    message: Text | None = None


_DONE = Applied("done")
_FROZEN_INCIDENT = -1
"""The number of the incident that says why an instance is frozen; the kernel's own are positive."""
_FOR_FROZEN = (commands.Resume, commands.Cancel)
"""What a person may try with a frozen instance; everything else waits for it."""


RESTORED: Final = ("restore", "last")
"""Kind and id of the record of the last restore; its content: ``made_at`` of the backup."""


class Steps:
    """Applies commands and performs what the kernel asks for."""

    def __init__(
        self,
        instances: Instances,
        systems: Systems,
        ids: Ids,
        config: EngineConfig,
        offers: Offers,
        on_bug: Callable[[str, BaseException], None],
    ) -> None:
        self._instances = instances
        self._systems = systems
        self._ids = ids
        self._config = config
        self._offers = offers
        self._on_bug = on_bug
        self.figures = Figures()
        self.doubt_before: datetime | None = None
        """Runs that began before this were restored from a backup, after which they may have gone further."""
        self.restored_at: datetime | None = None
        self._performers: dict[type, Callable[[Transaction, Live, Any], None]] = {
            effects.Call: self._call,
            effects.CancelCall: self._cancel_call,
            effects.Notify: self._notify,
            effects.OpenTask: self._open_task,
            effects.CloseTask: self._close_task,
            effects.StartTimer: self._start_timer,
            effects.CancelTimer: self._cancel_timer,
            effects.Subscribe: self._subscribe,
            effects.Unsubscribe: self._unsubscribe,
            effects.ThrowMessage: self._throw_message,
            effects.ThrowSignal: self._throw_signal,
            effects.StartChild: self._start_child,
            effects.CancelChild: self._cancel_child,
            effects.Escalate: self._escalate,
            effects.Decide: self._decide,
            effects.RunScript: self._run_script,
            effects.OpenIncident: self._open_incident,
            effects.CloseIncident: self._close_incident,
            effects.EndInstance: self._end_instance,
        }

    def start(
        self,
        tx: Transaction,
        release: LoadedRelease,
        program: Program,
        command: commands.StartInstance,
        *,
        lane: int,
        instance_id: str | None = None,
        department: str | None = None,
        parent: Live | None = None,
        parent_token: int | None = None,
    ) -> Live:
        """Begin an instance within ``tx``."""
        new_id = instance_id or self._ids.new()
        live = Live(
            tenant=self._config.tenant,
            id=new_id,
            lane=lane,
            release=release,
            program=program,
            state=kernel.InstanceState.empty(instance_id=new_id),
            version=0,
            business_key=command.business_key,
            department=department,
            parent_id=parent.id if parent is not None else None,
            parent_token=parent_token,
        )
        tx.touch(live, is_new=True)
        self._instances.keep(live)
        self._tell(tx, live, "instance.started", new_id, {})
        self.apply(tx, live, command)
        return live

    def _tell(self, tx: Transaction, live: Live, kind: str, subject: str, more: dict[str, Any]) -> None:
        """Let other programs know."""
        if not self._config.tells_facts:
            return
        about = {
            "instance_id": live.id,
            "process_id": live.program.process_id,
            "business_key": live.business_key,
            "parent_id": live.parent_id,
        }
        tx.add(fact(live.tenant, kind, subject, tx.now, about | more, department=live.department))

    def apply(self, tx: Transaction, live: Live, command: kernel.Command) -> Applied:
        """Carry out a command; its writes and effects join ``tx``."""
        if live.status == "frozen" and not isinstance(command, _FOR_FROZEN):
            return self._hold(tx, live, command)
        return self._step(tx, live, live.program, command)

    def migrate(
        self, tx: Transaction, live: Live, release: LoadedRelease, program: Program, command: commands.Migrate
    ) -> Applied:
        """Move an instance to another version, also while it is on hold or frozen."""
        applied = self._step(tx, live, program, command)
        if applied.status == "done":
            live.release, live.program = release, program
            tx.touch(live).release = release.id
        return applied

    def _step(self, tx: Transaction, live: Live, program: Program, command: kernel.Command) -> Applied:
        began = perf_counter()
        try:
            step = kernel.step(program, live.state, command, tx.now)
        except Exception as error:  # noqa: BLE001 - a bug in the kernel stops this instance only
            self._on_bug(live.id, error)
            return self.freeze(tx, live, command, error)
        if step.rejection is not None:
            return Applied("rejected", step.rejection.code, step.rejection.message)
        if live.status == "frozen" and not isinstance(command, commands.Migrate):
            live.status = "active"
            tx.add(CloseIncident(live.tenant, live.id, _FROZEN_INCIDENT, tx.now))
        try:
            tx.record(live, step)
            for effect in step.effects:
                self._performers[type(effect)](tx, live, effect)
            self.figures.steps.add(perf_counter() - began)
        except Exception:
            # The live state has moved on, but nothing of it will be written: read it again.
            self._instances.abandon(tx.touched)
            raise
        return _DONE

    # -- commands that cannot be carried out now -----------------------------------------------------

    def _hold(self, tx: Transaction, live: Live, command: kernel.Command) -> Applied:
        """Keep the command with the instance; it is carried out when a person lets that go on."""
        tx.record(live, kernel.hold(live.program, live.state, command, tx.now))
        return Applied("deferred", "frozen")

    def freeze(self, tx: Transaction, live: Live, command: kernel.Command, error: BaseException) -> Applied:
        """Stop an instance that cannot carry a command out; it keeps the command for a person."""
        was_frozen = live.status == "frozen"
        live.status = "frozen"
        tx.touch(live)
        tx.add(
            PutIncident(
                Incident(
                    tenant=live.tenant,
                    instance_id=live.id,
                    number=_FROZEN_INCIDENT,
                    token=0,
                    element=live.program.process_id,
                    code="frozen",
                    message=storable(f"{type(error).__name__}: {error}"),
                    opened_at=tx.now,
                    process_id=live.program.process_id,
                    business_key=live.business_key,
                    department=live.department,
                )
            )
        )
        if not was_frozen and not isinstance(command, commands.StartInstance):
            self._hold(tx, live, command)
        return Applied("frozen", "frozen")

    # -- effects, one method each ------------------------------------------------------------------------

    def _call(self, tx: Transaction, live: Live, effect: effects.Call) -> None:
        operation = self._systems.operation(effect.type)
        effect_id = f"{live.id}/{effect.token}/{effect.attempt}"
        system, _, name = effect.type.partition(".")
        policy = live.release.policies.of(live.program.process_id, system, name)
        on_stuck = effect.headers.get("on_stuck") or policy.on_stuck or "pass"
        priority = priority_of(effect.headers.get("priority"))
        ordered = on_stuck in ("hold_key", "supersede")
        payload = _without(effect.variables, effect.spare)
        admitted = (
            operation is not None
            and operation.is_repeatable
            and not ordered
            and self._offers.admit(operation, effect_id)
        )
        doubtful = self._may_be_done(live, operation)
        row = Effect(
            tenant=live.tenant,
            id=effect_id,
            lane=live.lane,
            system=operation.system if operation is not None else "",
            operation=operation.name if operation is not None else effect.type,
            safety=operation.spec.safety if operation is not None else "none",
            idempotency_key=effect_id,
            # What may be repeated is marked together with its intention: one commit less.
            status="attempted" if admitted or doubtful else "intended",
            created_at=tx.now,
            due_at=tx.now,
            request=values.join(
                {
                    "payload": values.join({name: live.stored_form(each) for name, each in payload.items()}),
                    "headers": values.encode(dict(effect.headers)),
                }
            ),
            instance_id=live.id,
            token=effect.token,
            element=effect.element,
            business_key=live.business_key,
            order_key=f"{effect.type.partition('.')[0]}/{live.business_key or live.id}" if ordered else None,
            on_stuck="hold_key" if on_stuck == "hold_key" else "supersede" if ordered else "pass",
            priority=priority if priority is not None else 1 if policy.priority is None else policy.priority,
            attempts=1 if admitted or doubtful else 0,
            # A call that may have gone out before the restore was over by then.
            attempted_at=tx.now if admitted else self.restored_at if doubtful else None,
            department=live.department,
            release=live.release.id,
        )
        tx.add(InsertEffect(row, supersede=on_stuck == "supersede"))
        if on_stuck == "supersede" and live.business_key is not None:
            self._owe(tx, superseded_job(row))
        if operation is None and is_outside(effect.type, live.release):
            tx.add(offer(row, effect, live.program.process_id))
        if operation is not None and not ordered:
            tx.then(lambda: self._offers.offer_effect(row, payload, admitted=admitted))
            if admitted:
                tx.otherwise(lambda: self._offers.give_back(operation, effect_id))

    def _may_be_done(self, live: Live, operation: Operation | None) -> bool:
        """Tell whether a run that was restored may have made this call already, after its backup.

        A repeat under its key or onto a natural key is safe; anything else is judged as after a crash.
        """
        return (
            self.doubt_before is not None
            and live.started_at is not None
            and live.started_at <= self.doubt_before
            and operation is not None
            and not operation.is_repeatable
        )

    def _cancel_call(self, tx: Transaction, live: Live, effect: effects.CancelCall) -> None:
        job = Job(
            tenant=live.tenant,
            id=f"cancel_call/{live.id}/{effect.token}"
            + (f"/{effect.attempt}" if effect.attempt is not None else ""),
            lane=live.lane,
            kind="cancel_call",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=live.id,
            token=effect.token,
            payload=values.encode({"attempt": effect.attempt}) if effect.attempt is not None else b"",
        )
        self._owe(tx, job)

    def _open_task(self, tx: Transaction, live: Live, effect: effects.OpenTask) -> None:
        told = {"token": effect.token, "element": effect.element, "name": effect.name}
        self._tell(tx, live, "task.opened", f"{live.id}/{effect.token}", told)
        task = Task(
            tenant=live.tenant,
            instance_id=live.id,
            token=effect.token,
            element=effect.element,
            name=effect.name,
            status="open",
            created_at=tx.now,
            assignee=effect.assignee,
            candidate_groups=effect.candidate_groups,
            candidate_users=effect.candidate_users,
            due_at=effect.due_at,
            follow_up_at=effect.follow_up_at,
            priority=effect.priority,
            form=effect.form,
            process_id=live.program.process_id,
            business_key=live.business_key,
            department=live.department,
            payload=values.encode(_without(effect.variables, effect.spare)),
        )
        tx.add(PutTask(task))
        if task.due_at is not None:
            late = facts_of(live, effect.late) if effect.late is not None else None
            self._owe(tx, due_job(task, live.lane, effect.headers, tx.now, late))

    def _notify(self, tx: Transaction, live: Live, effect: effects.Notify) -> None:
        self._owe(tx, notice_job(live, effect, tx.now))

    def _close_task(self, tx: Transaction, live: Live, effect: effects.CloseTask) -> None:
        tx.add(EndTask(live.tenant, live.id, effect.token, "cancelled", tx.now))
        tx.add(DeleteJob(live.tenant, f"{TASK_DUE}/{live.id}/{effect.token}"))

    def _start_timer(self, tx: Transaction, live: Live, effect: effects.StartTimer) -> None:
        job = Job(
            tenant=live.tenant,
            id=f"timer/{live.id}/{effect.timer}",
            lane=live.lane,
            kind="timer",
            due_at=effect.due_at,
            created_at=tx.now,
            instance_id=live.id,
            token=effect.timer,
        )
        self._owe(tx, job)

    def _cancel_timer(self, tx: Transaction, live: Live, effect: effects.CancelTimer) -> None:
        tx.add(DeleteJob(live.tenant, f"timer/{live.id}/{effect.timer}"))

    def _subscribe(self, tx: Transaction, live: Live, effect: effects.Subscribe) -> None:
        row = Subscription(
            tenant=live.tenant,
            instance_id=live.id,
            number=effect.subscription,
            lane=live.lane,
            kind=effect.kind,
            name=effect.name,
            key=effect.key,
            created_at=tx.now,
            once=effect.once,
        )
        tx.add(PutSubscription(row))
        if effect.kind == "message":
            # A message may have come before: its lane looks, so that no wake-up is lost between the two.
            key = effect.key or ""
            job = Job(
                tenant=live.tenant,
                id=f"match/{live.id}/{effect.subscription}",
                lane=lane_of(live.tenant, key),
                kind="match",
                due_at=tx.now,
                created_at=tx.now,
                instance_id=live.id,
                token=effect.subscription,
                payload=values.encode({"name": effect.name, "key": key}),
            )
            self._owe(tx, job)

    def _unsubscribe(self, tx: Transaction, live: Live, effect: effects.Unsubscribe) -> None:
        tx.add(DeleteSubscription(live.tenant, live.id, effect.subscription))

    def _throw_message(self, tx: Transaction, live: Live, effect: effects.ThrowMessage) -> None:
        job = message_job(
            tenant=live.tenant,
            message_id=f"{live.id}/{effect.token}/{live.version + 1}",
            name=effect.name,
            key=effect.key or "",
            variables=dict(effect.variables),
            ttl_s=effect.ttl_s if effect.ttl_s is not None else self._config.message_ttl_s,
            now=tx.now,
        )
        self._owe(tx, job)

    def _throw_signal(self, tx: Transaction, live: Live, effect: effects.ThrowSignal) -> None:
        job = signal_job(
            tenant=live.tenant,
            signal_id=f"{live.id}/{effect.token}/{live.version + 1}",
            name=effect.name,
            variables=dict(effect.variables),
            now=tx.now,
        )
        self._owe(tx, job)

    def _start_child(self, tx: Transaction, live: Live, effect: effects.StartChild) -> None:
        program = live.release.programs.get(effect.process_id)
        if program is None:
            message = f"Release {live.release.id[:12]} has no process {effect.process_id}."
            self.apply(tx, live, commands.FailJob(effect.token, message, 0, "called_element"))
            return
        command = commands.StartInstance(
            variables=effect.variables,
            business_key=effect.business_key or live.business_key,
            catches=effect.catches,
        )
        # A child lives in its parent's lane, so that both are always in the same hands.
        self.start(
            tx,
            live.release,
            program,
            command,
            lane=live.lane,
            department=live.department,
            parent=live,
            parent_token=effect.token,
        )

    def _cancel_child(self, tx: Transaction, live: Live, effect: effects.CancelChild) -> None:
        job = Job(
            tenant=live.tenant,
            id=f"cancel_child/{live.id}/{effect.token}",
            lane=live.lane,
            kind="cancel_child",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=live.id,
            token=effect.token,
        )
        self._owe(tx, job)

    def _escalate(self, tx: Transaction, live: Live, effect: effects.Escalate) -> None:
        if live.parent_id is None or live.parent_token is None:
            return
        command = commands.EscalateChild(live.parent_token, effect.code, dict(effect.variables))
        job = Job(
            tenant=live.tenant,
            id=f"escalate/{live.id}/{live.version + 1}/{effect.code}",
            lane=live.lane,
            kind="command",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=live.parent_id,
            payload=encode_command(command),
        )
        self._owe(tx, job)

    def _decide(self, tx: Transaction, live: Live, effect: effects.Decide) -> None:
        try:
            value = live.release.decide(effect.decision_id, dict(effect.variables), tx.now)
        except Exception as error:  # noqa: BLE001 - whatever a decision raises stops this element only
            command: kernel.Command = commands.FailJob(effect.token, str(error), 0, "decision_failed")
        else:
            command = commands.CompleteDecision(effect.token, value)
        self.apply(tx, live, command)

    def _run_script(self, tx: Transaction, live: Live, effect: effects.RunScript) -> None:
        message = (
            f"Expected a FEEL script, but element {effect.element} has one in {effect.language!r}: "
            "use FEEL, or a service task of a function that a pack registers."
        )
        self.apply(tx, live, commands.FailJob(effect.token, message, 0, "script_language"))

    def _open_incident(self, tx: Transaction, live: Live, effect: effects.OpenIncident) -> None:
        message = storable(effect.message)
        told = {"number": effect.incident, "element": effect.element, "code": effect.code, "message": message}
        self._tell(tx, live, "incident.opened", f"{live.id}/{effect.incident}", told)
        tx.add(
            PutIncident(
                Incident(
                    tenant=live.tenant,
                    instance_id=live.id,
                    number=effect.incident,
                    token=effect.token,
                    element=effect.element,
                    code=effect.code,
                    message=message,
                    opened_at=tx.now,
                    process_id=live.program.process_id,
                    business_key=live.business_key,
                    department=live.department,
                )
            )
        )

    def _close_incident(self, tx: Transaction, live: Live, effect: effects.CloseIncident) -> None:
        tx.add(CloseIncident(live.tenant, live.id, effect.incident, tx.now))
        self._tell(tx, live, "incident.closed", f"{live.id}/{effect.incident}", {"number": effect.incident})

    def _end_instance(self, tx: Transaction, live: Live, effect: effects.EndInstance) -> None:
        tx.then(lambda: self._instances.drop(live.id))
        told = {"status": effect.status, "error_code": effect.error_code}
        self._tell(tx, live, "instance.ended", live.id, told)
        if live.parent_id is None or live.parent_token is None:
            return
        payload = {
            "status": effect.status,
            "variables": dict(effect.variables),
            "error_code": effect.error_code,
            "error_message": effect.error_message,
        }
        job = Job(
            tenant=live.tenant,
            id=f"child/{live.id}",
            lane=live.lane,
            kind="child",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=live.parent_id,
            token=live.parent_token,
            payload=values.encode(payload),
        )
        self._owe(tx, job)

    def _owe(self, tx: Transaction, job: Job) -> None:
        tx.add(PutJob(job))
        tx.then(lambda: self._offers.offer_job(job))


def _without(variables: Mapping[str, Any], spare: tuple[str, ...]) -> dict[str, Any]:
    """Return what is stored with a call or task: a round of a loop has its item, not the whole collection."""
    found = dict(variables)
    for name in spare:
        found.pop(name, None)
    return found


def command_job(live: Live, command: kernel.Command, job_id: str, now: Any) -> Job:
    """Return a job that will carry out ``command`` on its instance."""
    return Job(
        tenant=live.tenant,
        id=f"command/{job_id}",
        lane=live.lane,
        kind="command",
        due_at=now,
        created_at=now,
        instance_id=live.id,
        payload=encode_command(command),
    )


def encode_command(command: kernel.Command) -> bytes:
    """Return a command as stored: its class's name and its fields."""
    # What is as it always was is left out: a worker of an earlier version need not know a newer field.
    fields = {
        name: getattr(command, name)
        for name, field in command.__dataclass_fields__.items()
        if field.default is MISSING or getattr(command, name) != field.default
    }
    plain = {
        name: dict(value) if name in ("variables", "elements", "changes") else value
        for name, value in fields.items()
    }
    return values.encode({"command": type(command).__name__, "fields": plain})


def decode_command(data: bytes) -> kernel.Command:
    """Return the command that ``encode_command`` stored."""
    stored = values.decode(data)
    kind = getattr(commands, stored["command"])
    integers = {"token", "timer", "subscription", "incident", "retries", "scope", "attempt"}
    fields = {
        name: int(value) if name in integers and value is not None else value
        for name, value in stored["fields"].items()
    }
    command: kernel.Command = kind(**fields)
    return command


def attempt_of(effect: Effect) -> int | None:
    """Return which of its token's calls an effect is, by its id; ``None`` where no token asked for it."""
    number = effect.id.rpartition("/")[2]
    return int(number) if effect.token is not None and number.isdigit() else None


def superseded_job(effect: Effect) -> Job:
    """Return the job that lets go on who waited for what ``effect`` has superseded."""
    payload = {"business_key": effect.business_key, "order_key": effect.order_key, "at": effect.created_at}
    return Job(
        tenant=effect.tenant,
        id=f"superseded/{effect.id}",
        lane=effect.lane,
        kind="superseded",
        due_at=effect.created_at,
        created_at=effect.created_at,
        payload=values.encode(payload),
    )


def message_job(
    *,
    tenant: str,
    message_id: str,
    name: str,
    key: str,
    variables: dict[str, Any],
    ttl_s: float,
    now: Any,
    priority: int = 1,
) -> Job:
    """Return the job that brings a message to whoever waits for (name, key)."""
    return Job(
        tenant=tenant,
        id=f"correlate/{message_id}",
        lane=lane_of(tenant, key),
        kind="correlate",
        due_at=now,
        created_at=now,
        payload=values.encode(
            {"id": message_id, "name": name, "key": key, "variables": variables, "ttl_s": str(ttl_s)}
        ),
        priority=priority,
    )


def signal_job(*, tenant: str, signal_id: str, name: str, variables: dict[str, Any], now: Any) -> Job:
    """Return the job that broadcasts a signal."""
    return Job(
        tenant=tenant,
        id=f"signal/{signal_id}",
        lane=lane_of(tenant, f"signal:{name}"),
        kind="signal",
        due_at=now,
        created_at=now,
        payload=values.encode({"id": signal_id, "name": name, "variables": variables}),
    )
