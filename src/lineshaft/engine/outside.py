"""Outside work 外部任务: tasks of a type that no connected system offers, carried out by workers of the firm.

A worker takes jobs of a type for a while (a lease), and completes each, fails it, or throws a business error.
A lease that runs out makes the job free again: a worker that died has lost nothing. Leases lie in the store,
so that it does not matter which process a worker speaks to. Whoever finishes a job first has finished it;
a second worker is told that there is no such job any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, NotFound
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, text, to_column
from lineshaft.bpmn.kernel import Command, commands, effects
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.words import WORDS_MAX, storable
from lineshaft.feel import codec as values
from lineshaft.security.fields import restored
from lineshaft.store.port import Store
from lineshaft.store.rows import FINAL_EFFECTS, Effect, Job, Record
from lineshaft.store.writes import DeleteRecord, PutJob, PutRecord, Unit, UpdateEffect, Write

KIND: Final = "outside"
HUB: Final = "hub"
_FAR: Final = timedelta(days=36_500)
_ORDERED_MAX: Final = 10_000
"""Open effects of a lane that are looked through for one with an order key."""


class Lease(msgspec.Struct, frozen=True):
    """What is kept about a job beside its effect."""

    effect: str
    instance: str
    token: int
    element: str
    process: str
    release: str
    kind: str
    retries: int
    worker: str = ""


@dataclass(frozen=True, slots=True)
class OutsideJob:
    """A job as a worker gets it."""

    key: str
    type: str
    lease: Lease
    headers: Mapping[str, str]
    variables: Mapping[str, Any]
    until: datetime


def is_outside(task_type: str, release: LoadedRelease) -> bool:
    """Tell whether a task type is for workers outside: its first word names no system of the release."""
    system = task_type.partition(".")[0]
    return system != HUB and not any(
        kind == "systems" and name.rpartition(".")[0] == system for kind, name in release.files
    )


def key_of(*parts: str) -> str:
    """Return a number (as text) for something of the hub, always the same; 62 bits."""
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") >> 2)


def offer(row: Effect, call: effects.Call, process_id: str) -> PutRecord:
    """Return the write that puts a job up for workers, together with its effect."""
    lease = Lease(
        effect=row.id,
        instance=row.instance_id or "",
        token=call.token,
        element=call.element,
        process=process_id,
        release=row.release,
        kind=call.kind,
        retries=call.retries,
    )
    return PutRecord(
        Record(
            tenant=row.tenant,
            kind=KIND,
            id=key_of(row.tenant, row.id),
            version=1,
            at=row.created_at,
            owner=call.type,
            state="open",
            due_at=row.created_at,
            content=msgspec.json.encode(lease),
        ),
        0,
    )


class OutsideWork:
    """The jobs of workers outside."""

    def __init__(self, store: Store, clock: Clock, tenant: str, *, shown: Store | None = None) -> None:
        """Make it; ``shown`` is the store as a worker may read it, its sensitive fields masked."""
        self._shown = shown if shown is not None else store
        self._store = store
        self._clock = clock
        self._tenant = tenant
        self._rows = Scope.of_engine(tenant)

    async def activate(
        self,
        scope: Scope,
        task_type: str,
        worker: str,
        timeout: timedelta,
        *,
        most: int,
        fetch: Collection[str] = (),
    ) -> list[OutsideJob]:
        """Take up to ``most`` jobs of a type; nobody else gets them before ``timeout`` has passed."""
        now = self._clock.now()
        found = await self._store.due_records(self._rows, KIND, now, most, owners=[task_type])
        taken: list[tuple[Record, Lease, Effect]] = []
        units: list[Unit] = []
        for row in found:
            lease = _lease(row)
            effect = await self._shown.effect(scope, lease.effect)
            if effect is None:
                # Another department's: it is for a worker that may see it.
                continue
            if effect.status in FINAL_EFFECTS:
                # It was cancelled, or settled by hand: nobody has to do it any more.
                await self._store.commit([Unit([DeleteRecord(self._tenant, KIND, row.id)])])
                continue
            if not await self._is_first(effect):
                continue
            lease = msgspec.structs.replace(lease, worker=worker)
            held = _moved(row, lease, "leased", now + timeout)
            started = UpdateEffect(
                effect.tenant, effect.id, "attempted", attempts=effect.attempts + 1, attempted_at=now
            )
            taken.append((held, lease, effect))
            units.append(Unit([PutRecord(held, row.version), started]))
        if not units:
            return []
        results = await self._store.commit(units)
        return [
            _job(held, lease, effect, fetch)
            for (held, lease, effect), result in zip(taken, results, strict=True)
            if result.status == "written"
        ]

    async def complete(self, scope: Scope, key: str, variables: Mapping[str, Any], *, by: str) -> None:
        """A worker has done a job; its process goes on with ``variables``."""
        row, lease, effect = await self._known(scope, key)
        now = self._clock.now()
        variables = _whole(variables, effect)
        evidence = values.encode({"answer": variables, "worker": lease.worker, "by": by})
        settled = UpdateEffect(effect.tenant, effect.id, "done", settled_at=now, evidence=evidence)
        from lineshaft.engine.steps import attempt_of

        await self._end(
            row, settled, effect, commands.CompleteJob(lease.token, variables, attempt_of(effect))
        )

    async def fail(
        self,
        scope: Scope,
        key: str,
        *,
        retries: int,
        message: str,
        backoff: timedelta = timedelta(0),
        by: str,
    ) -> None:
        """A worker could not do a job: it is free again after ``backoff``; without retries an incident."""
        row, lease, effect = await self._known(scope, key)
        now = self._clock.now()
        said = to_column(Text(storable(message), storable(message)), WORDS_MAX)
        if retries > 0:
            freed = _moved(
                row, msgspec.structs.replace(lease, retries=retries, worker=""), "open", now + backoff
            )
            noted = UpdateEffect(effect.tenant, effect.id, "intended", error_class="failed", error_text=said)
            await self._write([PutRecord(freed, row.version), noted])
            return
        settled = UpdateEffect(
            effect.tenant, effect.id, "refused", settled_at=now, error_class="failed", error_text=said
        )
        words = storable(message) or f"{by}: no retries left"
        await self._end(row, settled, effect, commands.FailJob(lease.token, words, 0, "job_failed"))

    async def throw(
        self, scope: Scope, key: str, code: str, message: str, variables: Mapping[str, Any]
    ) -> None:
        """A worker found a business error; it goes to whatever catches ``code`` in the process."""
        row, lease, effect = await self._known(scope, key)
        said = storable(f"{code}: {message}" if message else code)
        settled = UpdateEffect(
            effect.tenant,
            effect.id,
            "refused",
            settled_at=self._clock.now(),
            error_class="refused",
            error_text=to_column(Text(said, said), WORDS_MAX),
        )
        command = commands.ThrowError(lease.token, code, storable(message), _whole(variables, effect))
        await self._end(row, settled, effect, command)

    async def change(
        self, scope: Scope, key: str, *, retries: int | None = None, timeout: timedelta | None = None
    ) -> None:
        """Give a job other retries, or its worker more (or less) time from now on."""
        row, lease, _ = await self._known(scope, key)
        if timeout is not None and row.state != "leased":
            raise Conflict(text("Nobody works on this job now.", "该任务当前无人处理。"), code="not_leased")
        due_at = self._clock.now() + timeout if timeout is not None else row.due_at
        if retries is not None:
            lease = msgspec.structs.replace(lease, retries=retries)
        await self._write([PutRecord(_moved(row, lease, row.state, due_at), row.version)])

    # -- parts -----------------------------------------------------------------------------------------------

    async def _known(self, scope: Scope, key: str) -> tuple[Record, Lease, Effect]:
        row = await self._store.record(self._rows, KIND, key)
        effect = await self._store.effect(scope, _lease(row).effect) if row is not None else None
        if row is None or effect is None or effect.status in FINAL_EFFECTS:
            raise _gone(key)
        return row, _lease(row), effect

    async def _is_first(self, effect: Effect) -> bool:
        """Tell whether no older work of the same order key is still open."""
        if effect.order_key is None:
            return True
        oldest = await self._store.open_effects(
            self._rows, [effect.lane], self._clock.now() + _FAR, _ORDERED_MAX
        )
        return any(each.id == effect.id for each in oldest)

    async def _end(self, row: Record, settled: UpdateEffect, effect: Effect, command: Command) -> None:
        from lineshaft.engine.steps import encode_command

        now = self._clock.now()
        job = Job(
            tenant=effect.tenant,
            id=f"command/outside/{effect.id}",
            lane=effect.lane,
            kind="command",
            due_at=now,
            created_at=now,
            instance_id=effect.instance_id,
            payload=encode_command(command),
        )
        result = (
            await self._store.commit([Unit([settled, DeleteRecord(self._tenant, KIND, row.id), PutJob(job)])])
        )[0]
        if result.status == "duplicate":
            # Somebody else was first.
            raise _gone(row.id)
        if result.error is not None:
            raise result.error

    async def _write(self, writes: Sequence[Write]) -> None:
        result = (await self._store.commit([Unit(list(writes))]))[0]
        if result.status == "duplicate":
            raise Conflict(text("The job was finished meanwhile.", "该任务已被完成。"), code="already_done")
        if result.error is not None:
            raise result.error


def _lease(row: Record) -> Lease:
    return msgspec.json.decode(row.content, type=Lease)


def _moved(row: Record, lease: Lease, state: str, due_at: datetime | None) -> Record:
    return replace(
        row, version=row.version + 1, state=state, due_at=due_at, content=msgspec.json.encode(lease)
    )


def _job(held: Record, lease: Lease, effect: Effect, fetch: Collection[str]) -> OutsideJob:
    request = values.decode(effect.request)
    payload = request["payload"]
    wanted = {name: payload[name] for name in fetch if name in payload} if fetch else payload
    assert held.due_at is not None
    return OutsideJob(held.id, held.owner, lease, request.get("headers") or {}, wanted, held.due_at)


def _whole(variables: Mapping[str, Any], effect: Effect) -> dict[str, Any]:
    """Return what a worker answers; what it was shown masked and gives back is what it was."""
    whole: dict[str, Any] = restored(dict(variables), values.decode(effect.request)["payload"])
    return whole


def _gone(key: str) -> NotFound:
    return NotFound(
        text(
            "There is no job {key}; it was finished, cancelled, or never there.",
            "没有任务 {key};可能已完成或已取消。",
            key=key,
        )
    )
