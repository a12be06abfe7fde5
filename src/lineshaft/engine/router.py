"""Routing: an event starts or continues processes, by the rules of the active release.

Events of one key are routed one after another. An event whose rule cannot be evaluated becomes a dead letter
with its reason; one that no rule is about is marked so and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from lineshaft.base.errors import HubError, InputError, NotFound, UnexpectedError
from lineshaft.base.ids import lane_of
from lineshaft.bpmn.kernel import commands
from lineshaft.bpmn.kernel.machine import Rejection
from lineshaft.engine.facts import letter_fact
from lineshaft.engine.notices import Notices
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.routes import Route
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.serial import Serial
from lineshaft.engine.starts import refusal, waits_for_a_condition
from lineshaft.engine.steps import Steps, message_job
from lineshaft.engine.transaction import Transaction
from lineshaft.engine.words import kept
from lineshaft.feel import codec as values
from lineshaft.store.rows import DeadLetter, Event, Job
from lineshaft.store.writes import PutDeadLetter, PutJob, RouteEvent

START_TYPE = "lineshaft.process.start"
"""The event by which a person or a program starts a process directly."""


class Router:
    """Routes events."""

    def __init__(
        self, runtime: Runtime, steps: Steps, offer_job: Callable[[Job], None], notices: Notices
    ) -> None:
        self._notices = notices
        self._runtime = runtime
        self._steps = steps
        self._offer_job = offer_job
        self._serial = Serial()
        self._in_hand: set[str] = set()
        self._owned: dict[str, tuple[int | None, int]] = {}
        """By key: the ownership of its lane under which its events in hand were taken, and how many."""
        self.on_routed: Callable[[], None] = lambda: None
        """Told when an event is not in hand any more."""

    def __len__(self) -> int:
        return len(self._in_hand)

    def offer(self, event: Event) -> None:
        """Take over an event that is durable."""
        mark = f"{event.source} {event.id}"
        runtime = self._runtime
        if mark in self._in_hand or not runtime.keeper.holds(event.lane):
            return
        if len(self._in_hand) >= runtime.config.in_hand_max:
            return
        token = runtime.keeper.token(event.lane)
        owned, count = self._owned.get(event.key, (token, 0))
        if owned != token:
            # Older ones of the key are about to be let go of; it comes again behind them.
            return
        self._in_hand.add(mark)
        self._owned[event.key] = (token, count + 1)

        async def work() -> None:
            try:
                # Where the lane was lost, an older event of the key may have been refused just before this
                # one: both stay in the store, and come again in their order.
                if token == runtime.keeper.token(event.lane):
                    await self._route(event)
            finally:
                self._in_hand.discard(mark)
                self._let_go(event.key)
                if token == runtime.keeper.token(event.lane):
                    runtime.freshness.finished(mark)
                self.on_routed()

        runtime.spawn(self._serial.run(event.key, work), event.lane)

    def _let_go(self, key: str) -> None:
        token, count = self._owned[key]
        if count > 1:
            self._owned[key] = (token, count - 1)
        else:
            del self._owned[key]

    def take(self, events: list[Event], poll: int) -> int:
        """Take over events that a poll found; return how many were new."""
        count = 0
        for event in events:
            mark = f"{event.source} {event.id}"
            if mark not in self._in_hand and not self._runtime.freshness.is_stale(mark, poll):
                self.offer(event)
                count += 1
        return count

    async def _route(self, event: Event) -> None:
        runtime = self._runtime
        release = await runtime.releases.active()
        if release is None:
            return
        # A lease that has run out is for the store to refuse: then the lane is lost for those behind, too.
        try:
            tx = self._plan(event, release)
        except HubError as error:
            tx = self._dead(event, error)
        except Exception as error:  # noqa: BLE001 - our bug: the event is kept for a person, others go on
            runtime.observer.bug(f"routing {event.type}", error)
            tx = self._dead(event, UnexpectedError(f"{type(error).__name__}: {error}"))
        result = await runtime.write(tx)
        if result.error is not None and result.error.code == "bad_row":
            await runtime.write(self._dead(event, result.error))

    def _plan(self, event: Event, release: LoadedRelease) -> Transaction:
        tx = self._runtime.begin(event.lane)
        data = values.decode(event.payload) if event.payload else {}
        if event.type == START_TYPE:
            self._start_directly(tx, event, release, data)
            note = None
        else:
            facts = facts_of(event, data)
            routes = [route for route in release.routes if route.matches(facts)]
            followed = [self._follow(tx, event, facts, route, release) for route in routes]
            note = event.note if any(followed) else "condition not met" if routes else "no route"
        tx.writes.insert(0, RouteEvent(event.tenant, event.source, event.id, tx.now, note))
        return tx

    def _start_directly(
        self, tx: Transaction, event: Event, release: LoadedRelease, data: dict[str, Any]
    ) -> None:
        program = release.program(data["process_id"])
        command = commands.StartInstance(
            variables=data.get("variables") or {}, business_key=data.get("business_key")
        )
        _check(refusal(program, command, tx.now))
        self._steps.start(
            tx,
            release,
            program,
            command,
            lane=event.lane,
            instance_id=data.get("instance_id"),
            department=event.department,
        )

    def _follow(
        self,
        tx: Transaction,
        event: Event,
        facts: dict[str, Any],
        route: Route,
        release: LoadedRelease,
    ) -> bool:
        """Let a rule start or tell something; ``False``: no condition of its process is true."""
        runtime = self._runtime
        key = str(route.key.evaluate(facts, strict=True)) if route.key is not None else event.key
        variables = route.variables_of(facts)
        if not isinstance(variables, dict):
            raise NotFound(f"Expected a context from the variables of route {route.name}.")
        department = (
            route.department.evaluate(facts, strict=True)
            if route.department is not None
            else event.department
        )
        if route.start is not None:
            lane = lane_of(event.tenant, key)
            command = commands.StartInstance(variables=variables, business_key=key)
            program = release.program(route.start)
            refused = refusal(program, command, tx.now)
            if refused is not None and waits_for_a_condition(program):
                return False
            _check(refused)
            payload = {
                "process_id": route.start,
                "variables": variables,
                "business_key": key,
                "department": department,
            }
            if lane == event.lane:
                self._steps.start(tx, release, program, command, lane=lane, department=department)
            else:
                job = Job(
                    tenant=event.tenant,
                    id=f"start/{_mark(event)}/{route.name}",
                    lane=lane,
                    kind="start",
                    due_at=tx.now,
                    created_at=tx.now,
                    payload=values.encode(payload),
                    priority=event.priority,
                )
                self._owe(tx, job)
        else:
            assert route.message is not None
            job = message_job(
                tenant=event.tenant,
                message_id=f"{_mark(event)}/{route.name}",
                name=route.message,
                key=key,
                variables=variables,
                ttl_s=route.ttl_s if route.ttl_s is not None else runtime.config.message_ttl_s,
                now=tx.now,
                priority=event.priority,
            )
            self._owe(tx, job)
        return True

    def _owe(self, tx: Transaction, job: Job) -> None:
        tx.add(PutJob(job))
        tx.then(lambda: self._offer_job(job))

    def _dead(self, event: Event, error: HubError) -> Transaction:
        tx = self._runtime.begin(event.lane)
        tx.add(RouteEvent(event.tenant, event.source, event.id, tx.now, f"dead: {error.code}"))
        letter = DeadLetter(
            tenant=event.tenant,
            id=self._runtime.ids.new(),
            subject="event",
            subject_id=f"{event.source} {event.id}",
            lane=event.lane,
            status="open",
            error_class="invalid",
            cause=blake2b(f"route/{event.type}/{error.code}".encode(), digest_size=10).hexdigest(),
            error_text=kept(error),
            created_at=tx.now,
            business_key=event.key,
            department=event.department,
            payload=event.payload,
        )
        tx.add(PutDeadLetter(letter))
        if self._runtime.config.tells_facts:
            tx.add(letter_fact(letter))
        self._notices.dead_letter(tx, letter, event, error)
        return tx


def _check(refused: Rejection | None) -> None:
    if refused is not None:
        raise InputError(refused.message, code=refused.code)


def facts_of(event: Event, data: Any) -> dict[str, Any]:
    """Return what the expressions of a route see of an event."""
    facts = {
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "id": event.id,
        "key": event.key,
        "time": event.occurred_at or event.received_at,
        "data": data,
    }
    return {**facts, "event": facts}


def _mark(event: Event) -> str:
    """Return a short text that stands for (source, id) in the ids of what follows from an event."""
    return blake2b(f"{event.source}\0{event.id}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
