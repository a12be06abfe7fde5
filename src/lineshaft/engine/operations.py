"""What people do with the hub: replay, decide, complete, resolve, pause. Every act names who did it.

These are requests: they are durable when the method returns, and the worker that owns the lane carries
them out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, NotAllowed, NotFound
from lineshaft.base.ids import Ids, lane_of
from lineshaft.base.scope import Scope
from lineshaft.base.text import of_column, text
from lineshaft.bpmn.kernel import Command, commands
from lineshaft.engine.flows.waiting import replay_item
from lineshaft.engine.parking import REJECT
from lineshaft.engine.references import release_lane
from lineshaft.engine.steps import attempt_of, encode_command, message_job, signal_job
from lineshaft.engine.words import storable
from lineshaft.feel import codec as values
from lineshaft.sdk import OperationSpec
from lineshaft.security.fields import restored
from lineshaft.store.port import Store
from lineshaft.store.rows import DeadLetter, Effect, Instance, Job, SystemState
from lineshaft.store.writes import (
    CloseDeadLetter,
    EndTask,
    InsertEffect,
    InsertEvent,
    PutFlowItem,
    PutJob,
    PutSystemState,
    Unit,
    UpdateEffect,
    Write,
)


class Operations:
    """People's requests, within what ``scope`` lets them see."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        needs_two: Callable[[str], bool] = lambda operation: False,
    ) -> None:
        """Make them.

        Args:
            store: The store, with nothing masked.
            clock: The time.
            ids: Where ids come from.
            needs_two: Tells whether a repair of this operation is one person's proposal and another's deed.
        """
        self._needs_two = needs_two
        self._store = store
        self._clock = clock
        self._ids = ids

    # -- dead letters and unknown outcomes -----------------------------------------------------------------

    async def replay(
        self,
        scope: Scope,
        letter_id: str,
        *,
        by: str,
        payload: Mapping[str, Any] | None = None,
        approved: bool = False,
    ) -> None:
        """Send a dead letter on its way again, with ``payload`` where a person has corrected it.

        Raises:
            NotAllowed: It needs a second person, and nobody has ``approved``.
        """
        letter = await self._open_letter(scope, letter_id)
        self._check_second(letter.operation, approved)
        now = self._clock.now()
        writes: list[Write] = [CloseDeadLetter(scope.tenant, letter_id, "replayed", now, by)]
        if letter.subject == "effect":
            effect = await self._effect(scope, letter.subject_id)
            request = None
            if payload is not None:
                stored = values.decode(effect.request)
                whole = restored(dict(payload), stored.get("payload"))
                request = values.encode({**stored, "payload": whole})
            writes.append(
                UpdateEffect(scope.tenant, effect.id, "intended", due_at=now, attempts=0, request=request)
            )
        elif letter.subject == "flow":
            corrected = payload
            if payload is not None:
                corrected = restored(dict(payload), values.decode(letter.payload).get("payload"))
            writes.append(PutFlowItem(replay_item(letter, corrected, now)))
        else:
            source, _, event_id = letter.subject_id.partition(" ")
            event = await self._store.event(scope, source, event_id)
            if event is None:
                raise NotFound(text("The event is gone.", "该事件已不存在。"))
            content = event.payload
            if payload is not None:
                content = values.encode(restored(dict(payload), values.decode(event.payload)))
            writes.append(
                InsertEvent(
                    replace(
                        event,
                        id=f"{event.id}/replay/{letter_id}",
                        payload=content,
                        received_at=now,
                        routed_at=None,
                        note=None,
                    )
                )
            )
        await self._write(writes)

    def _check_second(self, operation: str | None, approved: bool) -> None:
        if not approved and self._needs_two(operation or ""):
            raise NotAllowed(
                text(
                    "This needs a second person: propose it by replaying it singly.",
                    "此单据需他人复核:请单独重发以提交复核。",
                ),
                code="second_person_needed",
            )

    async def discard(self, scope: Scope, letter_id: str, *, by: str) -> None:
        """Close a dead letter without a replay.

        An instance that waits for the call then has an incident that names it: the wait does not end in
        silence, and whoever resolves the incident lets the call be made anew. Later items of the same key
        go on.
        """
        letter = await self._open_letter(scope, letter_id)
        now = self._clock.now()
        writes: list[Write] = [CloseDeadLetter(scope.tenant, letter_id, "discarded", now, by)]
        if letter.subject == "effect":
            effect = await self._effect(scope, letter.subject_id)
            writes.append(UpdateEffect(scope.tenant, effect.id, "cancelled", settled_at=now))
            if effect.instance_id is not None and effect.token is not None:
                told = of_column(letter.error_text).in_language("en")
                words = storable(f"Dead letter discarded by {by} 异常单据已由 {by} 作废: {told}")
                command = commands.FailJob(effect.token, words, 0, "discarded")
                writes.append(
                    PutJob(self._command_job(scope.tenant, effect.instance_id, effect.lane, command))
                )
        await self._write(writes)

    async def decide_unknown(
        self,
        scope: Scope,
        effect_id: str,
        verdict: Literal["done", "not_done"],
        *,
        by: str,
        answer: Mapping[str, Any] | None = None,
        approved: bool = False,
    ) -> None:
        """Settle an unknown outcome: it was done (with this answer), or it was not and is called again."""
        effect = await self._effect(scope, effect_id)
        if effect.status != "unknown":
            raise Conflict(
                text(
                    "Expected an unknown outcome, but {id} is {status}.",
                    "{id} 的状态是 {status},不是结果待核实。",
                    id=effect_id,
                    status=effect.status,
                )
            )
        self._check_second(effect.operation, approved)
        now = self._clock.now()
        if verdict == "not_done":
            settled = UpdateEffect(scope.tenant, effect_id, "intended", due_at=now, error_class="not_done")
            await self._write([settled])
            return
        answer = restored(dict(answer or {}), None)
        evidence = values.encode({"answer": answer, "decided_by": by})
        writes: list[Write] = [
            UpdateEffect(
                scope.tenant, effect_id, "done", settled_at=now, evidence=evidence, late_evidence=True
            )
        ]
        if effect.instance_id is not None and effect.token is not None:
            command = commands.CompleteJob(effect.token, dict(answer or {}), attempt_of(effect))
            writes.append(PutJob(self._command_job(scope.tenant, effect.instance_id, effect.lane, command)))
        await self._write(writes)

    # -- instances -----------------------------------------------------------------------------------------

    async def complete_task(
        self, scope: Scope, instance_id: str, token: int, variables: Mapping[str, Any], *, by: str
    ) -> None:
        """A person finished a task."""
        instance = await self._instance(scope, instance_id)
        page = await self._store.tasks(scope, instance_id=instance_id, limit=1000)
        task = next((each for each in page.items if each.token == token), None)
        if task is None:
            raise Conflict(text("The task is not open any more.", "该待办已不在办理中。"))
        shown = values.decode(task.payload) if task.payload else None
        command = commands.CompleteTask(token, restored(dict(variables), shown), by)
        await self._write(
            [
                EndTask(scope.tenant, instance_id, token, "completed", self._clock.now(), by),
                PutJob(self._command_job(scope.tenant, instance_id, instance.lane, command)),
            ]
        )

    async def command(
        self, scope: Scope, instance_id: str, command: Command, *, command_id: str | None = None
    ) -> str:
        """Give an instance a command; returns the id of the job that carries it out.

        Given again with the same ``command_id``, it is the same command.
        """
        instance = await self._instance(scope, instance_id)
        job = self._command_job(scope.tenant, instance_id, instance.lane, command)
        if command_id is not None:
            job = replace(job, id=f"command/{command_id}")
        await self._write([PutJob(job)])
        return job.id

    async def publish(
        self,
        scope: Scope,
        name: str,
        key: str,
        variables: Mapping[str, Any],
        *,
        ttl_s: float = 3600.0,
        message_id: str | None = None,
    ) -> None:
        """Publish a message; sent again with the same ``message_id`` it is the same one."""
        job = message_job(
            tenant=scope.tenant,
            message_id=message_id or self._ids.new(),
            name=name,
            key=key,
            variables=dict(variables),
            ttl_s=ttl_s,
            now=self._clock.now(),
        )
        await self._write([PutJob(job)])

    async def signal(self, scope: Scope, name: str, variables: Mapping[str, Any]) -> None:
        """Broadcast a signal to whoever waits for it and to what it starts."""
        job = signal_job(
            tenant=scope.tenant,
            signal_id=self._ids.new(),
            name=name,
            variables=dict(variables),
            now=self._clock.now(),
        )
        await self._write([PutJob(job)])

    # -- systems and references ------------------------------------------------------------------------------

    async def pause(self, scope: Scope, system: str, *, by: str, reason: str) -> None:
        """Hold everything back from a system."""
        await self._change_system(scope, system, by=by, paused=True, reason=reason)

    async def resume(self, scope: Scope, system: str, *, by: str) -> None:
        """Let a paused system be called again."""
        await self._change_system(scope, system, by=by, paused=False, reason=None)

    async def call(
        self,
        scope: Scope,
        system: str,
        operation: OperationSpec,
        payload: Mapping[str, Any],
        *,
        by: str,
        call_id: str | None = None,
        business_key: str | None = None,
    ) -> str:
        """Owe a system one call of no process; returns the effect. With the same ``call_id`` it is the same.

        Raises:
            NotAllowed: A call of this kind is one person's proposal and another's deed.
        """
        if self._needs_two(f"{system}.{operation.name}"):
            raise NotAllowed(
                text(
                    "{system}.{operation} needs a second person: nobody calls it by hand.",
                    "{system}.{operation} 需他人复核,不能手工调用。",
                    system=system,
                    operation=operation.name,
                ),
                code="second_person_needed",
                hint=text("Start the process that does it.", "请发起相应流程。"),
            )
        now = self._clock.now()
        effect_id = f"hand/{call_id or self._ids.new()}"
        effect = Effect(
            tenant=scope.tenant,
            id=effect_id,
            lane=lane_of(scope.tenant, effect_id),
            system=system,
            operation=operation.name,
            safety=operation.safety,
            idempotency_key=effect_id,
            status="intended",
            created_at=now,
            due_at=now,
            request=values.encode({"payload": dict(payload), "headers": {"by": by}}),
            business_key=business_key,
        )
        [result] = await self._store.commit([Unit([InsertEffect(effect)])])
        if result.error is not None:
            raise result.error
        return effect_id

    async def reject_parked(
        self, scope: Scope, reference: str, *, by: str, reason: str, items: Collection[str] | None = None
    ) -> None:
        """Give up what waits for a reference (or those of ``items``): the reason goes back to the source.

        Raises:
            NotFound: Nothing waits for it.
        """
        if not await self._store.awaited(scope, references=[reference]):
            raise NotFound(
                text("Nothing waits for {reference}.", "没有单据等待 {reference}。", reference=reference)
            )
        now = self._clock.now()
        asked = {
            "reference": reference,
            "reason": storable(reason),
            "by": by,
            "items": sorted(items) if items is not None else None,
        }
        job = Job(
            tenant=scope.tenant,
            id=f"{REJECT}/{self._ids.new()}",
            lane=release_lane(scope.tenant),
            kind=REJECT,
            due_at=now,
            created_at=now,
            payload=values.encode(asked),
        )
        await self._write([PutJob(job)])

    # -- parts -----------------------------------------------------------------------------------------------

    async def _change_system(
        self, scope: Scope, system: str, *, by: str, paused: bool, reason: str | None
    ) -> None:
        states = await self._store.system_states(scope)
        state = states.get(system) or SystemState(scope.tenant, system, 0)
        changed = replace(
            state,
            version=state.version + 1,
            paused=paused,
            reason=reason,
            since=self._clock.now(),
            changed_by=by,
        )
        await self._write([PutSystemState(changed, state.version)])

    async def _open_letter(self, scope: Scope, letter_id: str) -> DeadLetter:
        letter = await self._store.dead_letter(scope, letter_id)
        if letter is None:
            raise NotFound(text("There is no dead letter {id}.", "没有异常单据 {id}。", id=letter_id))
        if letter.status != "open":
            raise Conflict(
                text(
                    "The dead letter was {status} by {by}.",
                    "该异常单据已由 {by} 处理:{status}。",
                    status=letter.status,
                    by=letter.closed_by,
                )
            )
        return letter

    async def _effect(self, scope: Scope, effect_id: str) -> Effect:
        effect = await self._store.effect(scope, effect_id)
        if effect is None:
            raise NotFound(text("There is no effect {id}.", "写入台账中没有 {id}。", id=effect_id))
        return effect

    async def _instance(self, scope: Scope, instance_id: str) -> Instance:
        found = await self._store.load_instances(scope, [instance_id])
        if instance_id not in found:
            raise NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=instance_id))
        return found[instance_id].instance

    def _command_job(self, tenant: str, instance_id: str, lane: int, command: Command) -> Job:
        now = self._clock.now()
        return Job(
            tenant=tenant,
            id=f"command/{self._ids.new()}",
            lane=lane,
            kind="command",
            due_at=now,
            created_at=now,
            instance_id=instance_id,
            payload=encode_command(command),
        )

    async def _write(self, writes: list[Write]) -> None:
        result = (await self._store.commit([Unit(writes)]))[0]
        if result.error is not None:
            raise result.error
        if result.status == "duplicate":
            raise Conflict(
                text("Somebody else was faster; look again.", "已有其他人处理,请刷新后再看。"),
                code="already_done",
            )
