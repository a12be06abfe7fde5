"""Parking 待匹配: what waits for a reference goes on when it appears, in order; who can help is asked.

Everything that leaves the parked state by appearing or by a person's rejection is decided in one lane, one
job after another, so that nothing is released twice or both released and rejected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from lineshaft.base.ids import lane_of
from lineshaft.bpmn.kernel import commands
from lineshaft.engine.references import MISSED, RELEASE, SKEW_S, parts_of, reference_of
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.serial import Serial
from lineshaft.engine.steps import encode_command
from lineshaft.engine.transaction import Transaction
from lineshaft.feel import codec as values
from lineshaft.store.rows import Effect, Event, Job, Parked
from lineshaft.store.writes import DeleteParked, InsertEvent, PutJob, TakeJob, Unit, UpdateEffect

REJECT: Final = "reject_parked"
MISSING_TYPE: Final = "lineshaft.reference.missing"
"""The type of the event that asks for a reference; its data: ``type``, ``system``, ``id``, ``reference``,
``waiting``. A route starts what helps: a process that fetches the record, or a task for a steward."""
SOURCE: Final = "lineshaft/references"
_BATCH: Final = 1_000
_NOT_ASKED: Final = frozenset({"schema"})
"""What no record is missing for: a changed interface, which has its own alert."""


class Parking:
    """Carries out the jobs about references."""

    def __init__(
        self,
        runtime: Runtime,
        again: Callable[[Effect, float], None],
        offer_job: Callable[[Job], None],
        offer_event: Callable[[Event], None],
    ) -> None:
        self._runtime = runtime
        self._again = again
        self._offer_job = offer_job
        self._offer_event = offer_event
        self._serial = Serial()
        self.handlers = {
            RELEASE: lambda job: self._serial.run("", lambda: self._release(job)),
            MISSED: lambda job: self._serial.run("", lambda: self._missed(job)),
            REJECT: lambda job: self._serial.run("", lambda: self._reject(job)),
        }

    # -- it appeared ---------------------------------------------------------------------------------------

    async def _release(self, job: Job) -> None:
        """What waited for any id of these objects goes on, oldest first."""
        runtime = self._runtime
        data = values.decode(job.payload)
        references = {data["reference"]} if "reference" in data else await self._references(data["objects"])
        tx = runtime.begin(job.lane)
        count = 0
        for each in await runtime.store.awaited(runtime.scope, references=references):
            effects = await runtime.store.parked(runtime.scope, each.reference, _BATCH - count)
            records = await runtime.store.parked_records(runtime.scope, each.reference, _BATCH - count)
            self._let_go(tx, effects, records)
            count += len(effects) + len(records)
            if count >= _BATCH:
                break
        else:
            tx.add(TakeJob(job.tenant, job.id))
        if count >= _BATCH:
            # The rest follows: the job stays, and is taken again at once.
            tx.then(lambda: self._offer_job(job))
        await runtime.write(tx)

    async def _references(self, objects: list[list[str]]) -> set[str]:
        runtime = self._runtime
        by_type: dict[str, list[str]] = {}
        for object_type, object_id in objects:
            by_type.setdefault(object_type, []).append(object_id)
        out: set[str] = set()
        for object_type, ids in by_type.items():
            rows = await runtime.store.object_bindings(runtime.scope, object_type, ids)
            out |= {reference_of(row.object_type, row.system, row.local_id) for row in rows}
        return out

    def _let_go(self, tx: Transaction, effects: list[Effect], records: list[Parked]) -> None:
        for effect in effects:
            tx.add(UpdateEffect(effect.tenant, effect.id, "intended", due_at=tx.now))
            released = replace(effect, status="intended", due_at=tx.now)
            tx.then(lambda released=released: self._again(released, 0.0))  # type: ignore[misc]
        for record in records:
            job = Job(
                tenant=record.tenant,
                id=record.id,
                lane=record.lane,
                kind=record.kind,
                # Among those that are due the oldest goes first: the order in which they came.
                due_at=record.created_at,
                created_at=record.created_at,
                payload=record.payload,
                priority=record.priority,
            )
            tx.add(DeleteParked(record.tenant, record.id))
            tx.add(PutJob(job))
            tx.then(lambda job=job: self._offer_job(job))  # type: ignore[misc]

    # -- it is missed --------------------------------------------------------------------------------------

    async def _missed(self, job: Job) -> None:
        """Look once more, now that whoever binds must see what waits; then ask who can help."""
        runtime = self._runtime
        reference = values.decode(job.payload)["reference"]
        object_type, system, local_id = parts_of(reference)
        found = await runtime.store.bindings(runtime.scope, object_type, system, [local_id])
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if found:
            rows = await runtime.store.object_bindings(runtime.scope, object_type, list(found.values()))
            newest = max(row.bound_at for row in rows) + timedelta(seconds=SKEW_S)
            effects = await runtime.store.parked(runtime.scope, reference, _BATCH)
            records = await runtime.store.parked_records(runtime.scope, reference, _BATCH)
            # Who looked after the last change has seen it, and waits for another one.
            missed = [each for each in effects if (each.attempted_at or each.created_at) < newest]
            self._let_go(tx, missed, [each for each in records if each.parked_at < newest])
        await self._ask(reference, object_type, system, local_id)
        await runtime.write(tx)

    async def _ask(self, reference: str, object_type: str, system: str, local_id: str) -> None:
        """Take in an event that asks for the reference, once for all that wait for it at a time."""
        runtime = self._runtime
        waiting = await runtime.store.awaited(runtime.scope, references=[reference])
        if not waiting or object_type in _NOT_ASKED:
            return
        [each] = waiting
        now = runtime.clock.now()
        tenant = runtime.scope.tenant
        event = Event(
            tenant=tenant,
            source=SOURCE,
            id=f"{reference}@{each.oldest_at:%Y%m%dT%H%M%S.%f}",
            type=MISSING_TYPE,
            key=reference,
            lane=lane_of(tenant, reference),
            received_at=now,
            subject=reference,
            payload=values.encode(
                {
                    "type": object_type,
                    "system": system,
                    "id": local_id,
                    "reference": reference,
                    "waiting": each.effects + each.records,
                }
            ),
        )
        [result] = await runtime.store.commit([Unit([InsertEvent(event)])])
        if result.status == "written":
            self._offer_event(event)

    # -- a person says no ----------------------------------------------------------------------------------

    async def _reject(self, job: Job) -> None:
        """What waits for a reference is given up, with the reason going back to where it came from."""
        runtime = self._runtime
        data = values.decode(job.payload)
        reference, reason, by = data["reference"], data["reason"], data["by"]
        chosen = set(data["items"]) if data["items"] is not None else None
        tx = runtime.begin(job.lane)
        effects = await runtime.store.parked(runtime.scope, reference, _BATCH)
        records = await runtime.store.parked_records(runtime.scope, reference, _BATCH)
        for effect in effects:
            if chosen is None or effect.id in chosen:
                self._refuse(tx, effect, reason, by)
        for record in records:
            if chosen is None or record.id in chosen:
                told = {"payload": record.payload, "reason": reason, "by": by}
                rejected = Job(
                    tenant=record.tenant,
                    id=record.id,
                    lane=record.lane,
                    kind=f"{record.kind}_rejected",
                    due_at=record.created_at,
                    created_at=record.created_at,
                    payload=values.encode(told),
                    priority=record.priority,
                )
                tx.add(DeleteParked(record.tenant, record.id))
                tx.add(PutJob(rejected))
                tx.then(lambda rejected=rejected: self._offer_job(rejected))  # type: ignore[misc]
        if chosen is not None or max(len(effects), len(records)) < _BATCH:
            tx.add(TakeJob(job.tenant, job.id))
        else:
            tx.then(lambda: self._offer_job(job))
        await runtime.write(tx)

    def _refuse(self, tx: Transaction, effect: Effect, reason: str, by: str) -> None:
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "refused",
                settled_at=tx.now,
                error_class="refused",
                error_text=reason,
            )
        )
        if effect.instance_id is None or effect.token is None:
            return
        refusal: dict[str, Any] = {
            "refusal": {"code": "reference_rejected", "reason": reason, "system": effect.system, "by": by}
        }
        command = commands.ThrowError(effect.token, "refused", reason, refusal)
        told = Job(
            tenant=effect.tenant,
            id=f"rejected/{effect.id}/{effect.attempts}/{tx.now:%Y%m%d%H%M%S%f}",
            lane=effect.lane,
            kind="command",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=effect.instance_id,
            payload=encode_command(command),
        )
        tx.add(PutJob(told))
        tx.then(lambda: self._offer_job(told))
