"""Jobs: timers, starts, messages, signals, children, checks: what the engine owes besides calls.

A job is done by the unit that takes it (``TakeJob``): carried out twice, the second unit is a duplicate and
changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from lineshaft.base.errors import BadRow, HubError, StoreUnavailable
from lineshaft.bpmn.kernel import commands
from lineshaft.bpmn.program import Program
from lineshaft.engine.instances import Live, StateTooNew
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.serial import Serial
from lineshaft.engine.starts import Starts
from lineshaft.engine.steps import Steps, attempt_of, decode_command, message_job
from lineshaft.engine.transaction import Transaction
from lineshaft.feel import codec as values
from lineshaft.store.rows import Effect, Job, Message, Subscription
from lineshaft.store.writes import (
    DeleteMessage,
    DeleteSubscription,
    PutJob,
    PutMessage,
    TakeJob,
    UnitResult,
    UpdateEffect,
)

LEFT_S: Final = 30.0
"""How long a job that only a newer version can carry out is not looked at again."""
Handler = Callable[[Job], Awaitable[None]]


class Jobs:
    """Carries out jobs."""

    def __init__(
        self,
        runtime: Runtime,
        steps: Steps,
        again: Callable[[Effect, float], None],
        let_go: Callable[[Effect], bool],
        starts: Starts,
    ) -> None:
        self._runtime = runtime
        self._starts = starts
        self._let_go = let_go
        self._steps = steps
        self._again = again
        self._serial = Serial()
        self._in_hand: set[str] = set()
        self._left: dict[str, float] = {}
        self.handlers: dict[str, Handler] = {
            "timer": self._timer,
            "start": self._start,
            "correlate": self._correlate,
            "match": self._match,
            "deliver": self._deliver,
            "signal": self._signal,
            "child": self._child,
            "cancel_child": self._cancel_child,
            "cancel_call": self._cancel_call,
            "command": self._command,
            "superseded": self._superseded,
        }

    def __len__(self) -> int:
        return len(self._in_hand)

    @property
    def ids(self) -> list[str]:
        """The jobs in hand, and those left to a newer worker for now."""
        now = self._runtime.clock.monotonic()
        self._left = {job: until for job, until in self._left.items() if until > now}
        return [*self._in_hand, *self._left]

    def offer(self, job: Job) -> None:
        """Take over a job that is durable; one that is not due yet is taken at its time."""
        runtime = self._runtime
        if not runtime.keeper.holds(job.lane) or job.id in self._in_hand or job.id in self._left:
            return
        delay_s = (job.due_at - runtime.clock.now()).total_seconds()
        if delay_s > 0:
            if delay_s < 60:
                asyncio.get_running_loop().call_later(delay_s, self.offer, job)
            return
        if len(self._in_hand) >= runtime.config.in_hand_max:
            return
        self._in_hand.add(job.id)
        if job.instance_id is None:
            runtime.spawn(self._run(job), job.lane)
        else:
            # What is asked of one instance happens in the order in which it was asked.
            runtime.spawn(self._serial.run(job.instance_id, lambda: self._run(job)), job.lane)

    def take(self, jobs: list[Job], poll: int) -> int:
        """Take over jobs that a poll found; return how many were new."""
        count = 0
        for job in jobs:
            if job.id not in self._in_hand and not self._runtime.freshness.is_stale(job.id, poll):
                self.offer(job)
                count += 1
        return count

    async def _run(self, job: Job) -> None:
        try:
            handler = self.handlers.get(job.kind)
            if handler is None:
                # A newer version of the hub wrote it: leave it to a worker that knows it.
                self._runtime.observer.trouble("job", LookupError(job.kind))
                return
            await handler(job)
        except StateTooNew as error:
            self._runtime.observer.trouble(f"job {job.kind}", error)
            self._left[job.id] = self._runtime.clock.monotonic() + LEFT_S
        except StoreUnavailable as error:
            self._runtime.observer.trouble(f"job {job.kind}", error)
        except HubError as error:
            self._runtime.observer.trouble(f"job {job.kind}", error)
            await self._postpone(job)
        except Exception as error:  # noqa: BLE001 - our bug: told, and not tried again without a pause
            self._runtime.observer.bug(f"job {job.kind}", error)
            await self._postpone(job)
        finally:
            self._in_hand.discard(job.id)
            self._runtime.freshness.finished(job.id)

    async def _postpone(self, job: Job) -> None:
        """A job that cannot be carried out now comes again in growing gaps."""
        tx = self._runtime.begin(job.lane)
        due_at = tx.now + timedelta(seconds=min(3600, 2 ** min(job.attempts, 12)))
        # Taken first: a job that somebody carried out meanwhile must not come back.
        tx.add(TakeJob(job.tenant, job.id))
        tx.add(PutJob(replace(job, due_at=due_at, attempts=job.attempts + 1)))
        await self._runtime.write(tx)

    # -- for one instance ----------------------------------------------------------------------------------

    async def _on_instance(
        self, job: Job, command: commands.Command, *extra: Any
    ) -> tuple[str, Transaction | None]:
        """Apply a command to the job's instance; return the verdict (``gone`` where there is none)."""
        assert job.instance_id is not None
        live = await self._runtime.live(job.instance_id, job.lane)
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if live is None:
            if self._runtime.keeper.holds(job.lane):
                await self._runtime.write(tx)
            return "gone", None
        applied = self._steps.apply(tx, live, command)
        for write in extra:
            tx.add(write)
        if applied.status == "rejected":
            return "rejected", tx
        result = await self._runtime.write(tx)
        if isinstance(result.error, BadRow):
            await self._freeze(job, command, result.error)
        return applied.status, None

    async def _freeze(self, job: Job, command: commands.Command, error: BadRow) -> None:
        """What the step made cannot be stored, and never will: the instance stops, and a person sees why."""
        assert job.instance_id is not None
        live = await self._runtime.live(job.instance_id, job.lane)
        if live is None:
            return
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        self._steps.freeze(tx, live, command, error)
        await self._write(tx)

    async def _write(self, tx: Transaction) -> UnitResult:
        """Make a transaction durable; what cannot be stored is told, and tried again in growing gaps.

        Raises:
            BadRow: Something in it cannot be stored.
        """
        result = await self._runtime.write(tx)
        if isinstance(result.error, BadRow):
            raise result.error
        return result

    async def _timer(self, job: Job) -> None:
        _, tx = await self._on_instance(job, commands.FireTimer(job.token or 0))
        if tx is not None:
            await self._runtime.write(tx)

    async def _command(self, job: Job) -> None:
        command = decode_command(job.payload)
        if isinstance(command, commands.Migrate):
            await self._migrate(job, command)
            return
        _, tx = await self._on_instance(job, command)
        if tx is not None:
            await self._runtime.write(tx)

    async def _migrate(self, job: Job, command: commands.Migrate) -> None:
        """Move an instance to the active release; one that does not fit into it stays as it is."""
        runtime = self._runtime
        assert job.instance_id is not None
        live = await runtime.live(job.instance_id, job.lane)
        release = await runtime.releases.active()
        if live is None and not runtime.keeper.holds(job.lane):
            return
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if live is not None and release is not None:
            old = live.program.process_id
            program = release.programs.get(command.elements.get(old, old))
            if program is not None:
                self._steps.migrate(tx, live, release, program, command)
        await self._write(tx)

    async def _child(self, job: Job) -> None:
        data = values.decode(job.payload)
        token = job.token or 0
        command: commands.Command
        if data["status"] == "completed" and data["error_code"] is None:
            command = commands.CompleteChild(token, data["variables"])
        else:
            command = commands.FailChild(
                token, data["error_code"] or "terminated", data["error_message"], data["variables"]
            )
        _, tx = await self._on_instance(job, command)
        if tx is not None:
            await self._write(tx)

    async def _cancel_child(self, job: Job) -> None:
        runtime = self._runtime
        assert job.instance_id is not None
        children = await runtime.store.children(runtime.scope, job.instance_id)
        running = [
            child
            for child in children
            if child.parent_token == job.token and child.status in ("active", "suspended", "frozen")
        ]
        lives = [await runtime.live(child.id, job.lane) for child in running]
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        for live in lives:
            if live is not None:
                self._steps.apply(tx, live, commands.Cancel("parent"))
        await self._write(tx)

    async def _cancel_call(self, job: Job) -> None:
        """Effects that were not called yet never will be; one under way brings its evidence all the same."""
        runtime = self._runtime
        page = await runtime.store.effects(runtime.scope, instance_id=job.instance_id, limit=1000)
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        newest = int(values.decode(job.payload)["attempt"]) if job.payload else None
        for effect in page.items:
            if newest is not None and (attempt_of(effect) or 0) > newest:
                # The token has asked anew since: that answer is wanted.
                continue
            # Where an answer was lost it may have been done: that is found out, not written off.
            open_still = effect.status == "parked" or (
                effect.status in ("intended", "attempted") and effect.error_class != "unknown"
            )
            if effect.token == job.token and open_still and self._let_go(effect):
                tx.add(UpdateEffect(effect.tenant, effect.id, "cancelled", settled_at=tx.now))
        await self._write(tx)

    async def _start(self, job: Job) -> None:
        release = await self._runtime.releases.active()
        if release is None:
            raise HubError("There is no active release.", code="no_release")
        data = values.decode(job.payload)
        program = release.program(data["process_id"])
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        command = commands.StartInstance(
            variables=data["variables"],
            business_key=data["business_key"],
            start_element=data.get("start_element"),
        )
        self._steps.start(tx, release, program, command, lane=job.lane, department=data.get("department"))
        await self._write(tx)

    # -- messages and signals --------------------------------------------------------------------------------

    async def _correlate(self, job: Job) -> None:
        data = values.decode(job.payload)
        await self._serial.run(_mark(data), lambda: self._correlate_one(job, data))

    async def _correlate_one(self, job: Job, data: dict[str, Any]) -> None:
        runtime = self._runtime
        name, key = data["name"], data["key"]
        waiting = await runtime.store.subscriptions(runtime.scope, "message", name, key, 1)
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if waiting:
            self._deliver_to(tx, waiting[0], data, job.priority)
        else:
            started = await self._start_by_message(tx, job, data)
            ttl_s = float(data["ttl_s"])
            if started == "busy" and tx.now < job.created_at + timedelta(seconds=ttl_s):
                # Its process runs for this key; when that run has ended, the message starts the next one.
                due_at = tx.now + timedelta(seconds=min(60, 2 ** min(job.attempts, 6)))
                tx.add(PutJob(replace(job, due_at=due_at, attempts=job.attempts + 1)))
            elif started == "none" and ttl_s > 0:
                tx.add(PutMessage(_message(job, data, tx.now, ttl_s)))
        await self._write(tx)

    async def _start_by_message(
        self, tx: Transaction, job: Job, data: dict[str, Any]
    ) -> Literal["started", "busy", "none"]:
        """Start the processes that begin with this message, one run per key at a time."""
        runtime = self._runtime
        release = await runtime.releases.active()
        starts = release.starts("message", data["name"]) if release is not None else []
        started = busy = False
        chosen: list[tuple[Program, str, dict[str, Any]]] = []
        for program, element in starts:
            if data["key"]:
                running = await runtime.store.instances(
                    runtime.scope,
                    process_id=program.process_id,
                    business_key=data["key"],
                    status="active",
                    limit=1,
                )
                if running.items:
                    busy = True
                    continue
            started = True
            variables = await self._starts.gather(
                tx, program, element, ("message", data["name"]), data["variables"]
            )
            if variables is not None:
                chosen.append((program, element, variables))
        # Nothing may come between the first step and the handing over of the unit.
        for program, element, variables in chosen:
            assert release is not None
            command = commands.StartInstance(
                variables=variables, start_element=element, business_key=data["key"] or None
            )
            self._steps.start(tx, release, program, command, lane=job.lane)
        return "started" if started else "busy" if busy else "none"

    async def _match(self, job: Job) -> None:
        data = values.decode(job.payload)
        await self._serial.run(_mark(data), lambda: self._match_one(job, data))

    async def _match_one(self, job: Job, data: dict[str, Any]) -> None:
        """A new subscription looks for a message that came before it."""
        runtime = self._runtime
        now = runtime.clock.now()
        kept = await runtime.store.messages(runtime.scope, data["name"], data["key"], now)
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if kept:
            waiting = await runtime.store.subscriptions(
                runtime.scope, "message", data["name"], data["key"], 100
            )
            mine = [
                each for each in waiting if each.instance_id == job.instance_id and each.number == job.token
            ]
            messages = kept if mine and not mine[0].once else kept[:1]
            for subscription in mine:
                for message in messages:
                    content = {
                        **data,
                        "id": message.id,
                        "variables": values.decode(message.payload),
                        "ttl_s": str((message.expires_at - now).total_seconds()),
                    }
                    tx.add(DeleteMessage(job.tenant, message.id))
                    self._deliver_to(tx, subscription, content)
        await self._write(tx)

    def _deliver_to(
        self, tx: Transaction, subscription: Subscription, data: dict[str, Any], priority: int = 1
    ) -> None:
        if subscription.once:
            # Taken at once, so that the next message does not choose it too.
            tx.add(DeleteSubscription(subscription.tenant, subscription.instance_id, subscription.number))
        delivery = Job(
            tenant=subscription.tenant,
            id=f"deliver/{data['id']}/{subscription.instance_id}/{subscription.number}",
            lane=subscription.lane,
            kind="deliver",
            due_at=tx.now,
            created_at=tx.now,
            instance_id=subscription.instance_id,
            token=subscription.number,
            payload=values.encode(data),
            priority=priority,
        )
        tx.add(PutJob(delivery))
        tx.then(lambda: self.offer(delivery))

    async def _deliver(self, job: Job) -> None:
        data = values.decode(job.payload)
        verdict, tx = await self._on_instance(job, commands.Correlate(job.token or 0, data["variables"]))
        if verdict != "rejected" or tx is None:
            if verdict == "gone" and "key" in data and self._runtime.keeper.holds(job.lane):
                tx = self._runtime.begin(job.lane)
            else:
                return
        if "key" in data:
            # Whoever waited is gone: the message looks for the next one.
            again = message_job(
                tenant=job.tenant,
                message_id=f"{data['id']}+",
                name=data["name"],
                key=data["key"],
                variables=data["variables"],
                ttl_s=float(data["ttl_s"]),
                now=tx.now,
            )
            tx.add(PutJob(again))
            tx.then(lambda: self.offer(again))
        await self._write(tx)

    async def _signal(self, job: Job) -> None:
        runtime = self._runtime
        data = values.decode(job.payload)
        waiting = await runtime.store.subscriptions(runtime.scope, "signal", data["name"], None, 100_000)
        release = await runtime.releases.active()
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        for subscription in waiting:
            self._deliver_to(tx, subscription, data)
        chosen = []
        for program, element in release.starts("signal", data["name"]) if release is not None else []:
            variables = await self._starts.gather(
                tx, program, element, ("signal", data["name"]), data["variables"]
            )
            if variables is not None:
                chosen.append((program, element, variables))
        for program, element, variables in chosen:
            assert release is not None
            command = commands.StartInstance(variables=variables, start_element=element)
            self._steps.start(tx, release, program, command, lane=job.lane)
        await self._write(tx)

    async def _superseded(self, job: Job) -> None:
        """Who waited for a state that a newer one has overtaken goes on, and knows it (``superseded``)."""
        runtime = self._runtime
        data = values.decode(job.payload)
        page = await runtime.store.effects(
            runtime.scope, business_key=data["business_key"], status="superseded", limit=1000
        )
        overtaken = [
            (await runtime.live(each.instance_id, job.lane), each.token or 0)
            for each in page.items
            if each.order_key == data["order_key"]
            and each.settled_at == data["at"]
            and each.instance_id is not None
        ]
        answer = commands.CompleteJob(0, {"superseded": True})
        result = await self._tell_all(job, overtaken, answer)
        if isinstance(result.error, BadRow):
            # The step's outputs cannot do without the target's answer: a person must look.
            words = "A newer state has overtaken this call, but the step needs its answer 该状态已被更新取代"
            failed = commands.FailJob(0, words, 0, "superseded")
            live = [(await runtime.live(each.id, job.lane), token) for each, token in overtaken if each]
            await self._tell_all(job, live, failed)

    async def _tell_all(
        self,
        job: Job,
        waiting: list[tuple[Live | None, int]],
        command: commands.CompleteJob | commands.FailJob,
    ) -> UnitResult:
        """Give those of the instances that still wait the same command, and take the job."""
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        for live, token in waiting:
            if live is not None and token in live.state.owners:
                self._steps.apply(tx, live, replace(command, token=token))
        return await self._runtime.write(tx)


def _mark(data: dict[str, Any]) -> str:
    return f"{data['name']}\0{data['key']}"


def _message(job: Job, data: dict[str, Any], now: datetime, ttl_s: float) -> Message:
    return Message(
        tenant=job.tenant,
        id=data["id"],
        name=data["name"],
        key=data["key"],
        payload=values.encode(data["variables"]),
        created_at=now,
        expires_at=now + timedelta(seconds=ttl_s),
    )
