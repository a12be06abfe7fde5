"""Calls: the way of an effect from *intended* over *attempted* to its evidence.

Before a call the ledger says ``attempted``; after it one unit brings the evidence together with the step of
the process that waited for it. A worker that finds an effect ``attempted`` which it did not call itself does
not know what became of it, and acts by the operation's declared safety.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lineshaft.base.errors import (
    BadRow,
    ConnectorError,
    Invalid,
    LeaseLost,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.text import text
from lineshaft.engine.call_watch import CallWatch
from lineshaft.engine.instances import StateTooNew
from lineshaft.engine.protection import Gate, Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.settle import Settle
from lineshaft.engine.systems import Operation, Systems
from lineshaft.engine.turns import Turn, Turns
from lineshaft.engine.words import storable
from lineshaft.feel import codec as values
from lineshaft.sdk import CallContext, Outcome
from lineshaft.store.rows import Effect
from lineshaft.store.writes import Unit, UnitResult, UpdateEffect


@dataclass(slots=True)
class InHand:
    """An effect this worker is dealing with."""

    effect: Effect
    token: int | None
    """The ownership of its lane under which it was taken: under another one it is out of date."""
    payload: dict[str, Any] | None = None
    ahead: bool = False
    """It is marked, and waits only for a free place: nothing was sent yet."""
    set_aside: bool = False
    """Its verdict could not be stored; what is written now says so."""
    called_before: datetime | None = None
    """When it was called the last time before this one."""
    conclude: Callable[[], None] | None = None
    """Writes the verdict down; kept so that it can be done again on the instance as it stands by then."""


class Calls:
    """Carries out effects."""

    def __init__(self, runtime: Runtime, systems: Systems, protection: Protection, settle: Settle) -> None:
        self._runtime = runtime
        self._systems = systems
        self._protection = protection
        self._settle = settle
        self._turns = Turns(runtime)
        self._in_hand: dict[str, InHand] = {}
        self._calling = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._admitted: set[str] = set()
        """Effects with a place to call at once, whose unit is being written."""
        self._asleep: dict[str, tuple[int, asyncio.TimerHandle]] = {}
        """Effects that are taken in hand again at their time, with their lanes."""
        self._stopping = False
        settle.on_settled = self._settled
        self.on_room: Callable[[], None] = lambda: None
        self.on_hidden: Callable[[Gate], None] = lambda gate: None
        """A new effect stays in the store behind what other processes owe."""
        self.on_left: Callable[[], None] = lambda: None
        """Told when a call has given its place back."""

    def __len__(self) -> int:
        return len(self._in_hand)

    @property
    def ids(self) -> list[str]:
        """The effects in hand."""
        return list(self._in_hand)

    @property
    def room(self) -> int:
        """How much new work may begin: what is under way goes first, else everything is half done.

        What waits for systems that are slow or away must not stop the others. Of a system that is away, or
        has more than it can take, nothing is counted; all others together leave one share of the places free.
        """
        places = self._runtime.config.calls_max
        lengths = [
            gate.waiting
            for gate in self._protection.gates()
            if gate.waiting and not gate.is_full and not gate.is_closed
        ]
        share = places // (len(lengths) + 1)
        return max(0, places - self._calling - sum(min(each, share) for each in lengths))

    # -- new work ----------------------------------------------------------------------------------------

    def admit(self, operation: Operation, effect_id: str) -> bool:
        """Reserve a place to call at once, or to call soon: either way no further mark is needed."""
        config = self._runtime.config
        if self._stopping or not self._runtime.keeper.is_in_time:
            return False
        if len(self._in_hand) >= config.in_hand_max:
            return False
        gate = self._protection.gate(operation.system)
        if self._calling < config.calls_max and gate.try_enter(effect_id):
            self._calling += 1
        elif not gate.try_queue(effect_id):
            return False
        self._admitted.add(effect_id)
        return True

    def give_back(self, operation: Operation, effect_id: str) -> None:
        """Give back what ``admit`` reserved."""
        self._admitted.discard(effect_id)
        gate = self._protection.gate(operation.system)
        if not gate.arrives(effect_id):
            self._leave(gate, effect_id)

    def offer(self, effect: Effect, payload: dict[str, Any] | None, *, admitted: bool) -> None:
        """Take over an effect that was just written."""
        self._admitted.discard(effect.id)
        self._wake_up(effect.id)
        gate = self._protection.gate(effect.system)
        ahead = admitted and gate.arrives(effect.id)
        if not self._runtime.keeper.holds(effect.lane) or effect.id in self._in_hand:
            if admitted and not ahead:
                self._leave(gate, effect.id)
            return
        if not admitted and self._stays_in_the_store(gate, effect.id):
            if gate.comes_late(effect, payload):
                return
            gate.stays_behind()
            if gate.wants_more():
                self.on_room()
            elif gate.hides(effect.priority, self.flow_of(effect) or effect.operation):
                self.on_hidden(gate)
            return
        self._in_hand[effect.id] = InHand(effect, self._runtime.keeper.token(effect.lane), payload, ahead)
        if ahead and gate.turns_away(effect.id):
            self._unmark(effect.id)
        elif admitted and not ahead:
            self._turns.put(self._call_now, effect.id, effect.lane)
        else:
            self._enter_or_wait(effect, self.flow_of(effect) or effect.operation)

    def end_poll(self, gate: Gate, marks: int, *, found_all: bool) -> None:
        """A poll has handed over what it found for a system; what has come meanwhile follows."""
        for effect, payload in gate.end_poll(marks, found_all=found_all):
            self.offer(effect, payload, admitted=False)

    def _stays_in_the_store(self, gate: Gate, effect_id: str) -> bool:
        """Tell whether a poll is to bring an effect at its place in the order."""
        if gate.suspect == effect_id:
            return gate.is_closed
        full = len(self._in_hand) >= self._runtime.config.in_hand_max
        return full or gate.skipped or gate.turns_away(effect_id)

    def take(self, effects: list[Effect], poll: int, processes: Mapping[str, str]) -> int:
        """Take over effects that a poll found; return how many were new.

        Where too much waits already, the older one takes the place of the newest, and one of a process that
        has few places that of one that has many.

        Args:
            effects: What was found.
            poll: The number of the poll.
            processes: By instance: its process, as far as it matters and is not known here.
        """
        count = 0
        for effect in effects:
            if effect.id in self._in_hand or effect.id in self._admitted:
                continue
            if self._stopping or self._runtime.freshness.is_stale(effect.id, poll):
                continue
            token = self._runtime.keeper.token(effect.lane)
            if token is None:
                continue
            gate = self._protection.gate(effect.system)
            if self._systems.connector(effect.system) is None:
                continue
            flow = self.flow_of(effect) or processes.get(effect.instance_id or "", effect.operation)
            displaced = gate.make_room(effect.priority, effect.created_at.timestamp(), effect.id, flow)
            if displaced is not None:
                self._unmark(displaced)
            if gate.turns_away(effect.id):
                continue
            # What sleeps is due by now and was read afresh: its old copy must not come after it. Nor may what
            # was offered while the poll read: by then it may have been called, with an outcome nobody knows.
            self._wake_up(effect.id)
            gate.found(effect.id)
            self._in_hand[effect.id] = InHand(effect, token)
            self._enter_or_wait(effect, flow)
            count += 1
        return count

    def again(self, effect: Effect, delay_s: float) -> None:
        """Take an effect in hand again at its time, without waiting for a poll."""
        self._wake_up(effect.id)
        if self._stopping or not self._runtime.keeper.holds(effect.lane):
            self._protection.gate(effect.system).clear_suspicion(effect.id)
            return
        handle = asyncio.get_running_loop().call_later(delay_s, self.offer_again, effect)
        self._asleep[effect.id] = (effect.lane, handle)

    def offer_again(self, effect: Effect) -> None:
        """The time has come."""
        self._asleep.pop(effect.id, None)
        self.offer(effect, None, admitted=False)
        if effect.id not in self._in_hand:
            self._protection.gate(effect.system).clear_suspicion(effect.id)

    def _wake_up(self, effect_id: str) -> None:
        sleeping = self._asleep.pop(effect_id, None)
        if sleeping is not None:
            sleeping[1].cancel()

    def stop(self) -> None:
        """Begin no more calls; those under way end."""
        self._stopping = True
        for effect_id in list(self._asleep):
            self._wake_up(effect_id)
        for gate in self._protection.gates():
            self.close_gate(gate)

    def drop_lanes(self, lanes: frozenset[int]) -> None:
        """Let go of what waits in lanes that are not ours any more."""
        for item in [each for each in self._in_hand.values() if each.effect.lane in lanes]:
            gate = self._protection.gate(item.effect.system)
            if gate.is_waiting(item.effect.id):
                # What is marked ahead stays so: its next owner repeats it under its key.
                gate.forget(item.effect.id)
                del self._in_hand[item.effect.id]
        for effect_id in [each for each, (lane, _) in self._asleep.items() if lane in lanes]:
            self._wake_up(effect_id)
            for gate in self._protection.gates():
                gate.clear_suspicion(effect_id)

    def let_go(self, effect: Effect) -> bool:
        """Give up an effect that only waits; return whether nobody has called it or is about to."""
        effect_id = effect.id
        item = self._in_hand.get(effect_id)
        if effect.status == "attempted" and (item is None or not item.ahead):
            return False
        self._wake_up(effect_id)
        if item is None:
            for each in self._protection.gates():
                if each.clear_suspicion(effect_id):
                    self.on_room()
            return effect_id not in self._admitted
        gate = self._protection.gate(item.effect.system)
        if not gate.is_waiting(effect_id):
            return False
        gate.forget(effect_id)
        del self._in_hand[effect_id]
        return True

    def close_gate(self, gate: Gate) -> None:
        """The system may not be called: what waits for it stays in the store."""
        for effect_id in gate.drain():
            self._unmark(effect_id)

    def _unmark(self, effect_id: str) -> None:
        """An effect goes back into the store; where it was marked ahead, as one that was not tried."""
        item = self._in_hand.get(effect_id)
        if item is not None and item.ahead:
            item.ahead = False
            self._settle.not_sent(item.effect)
        else:
            self._in_hand.pop(effect_id, None)

    def pump(self) -> None:
        """Let go on whatever may."""
        for gate in self._protection.gates():
            self._pump(gate)

    # -- gates -------------------------------------------------------------------------------------------

    def flow_of(self, effect: Effect) -> str | None:
        """Return with what an effect has its turns: its process; ``None`` where that is not known here."""
        if effect.instance_id is None:
            return effect.operation
        return self._runtime.instances.process_of(effect.instance_id)

    def _enter_or_wait(self, effect: Effect, flow: str) -> None:
        gate = self._protection.gate(effect.system)
        if self._stopping:
            self._unmark(effect.id)
            return
        gate.wait(effect.id, effect.priority, effect.created_at.timestamp(), flow)
        self._pump(gate)

    def pump_gate(self, gate: Gate) -> None:
        """Let go on whatever may call one system."""
        self._pump(gate)

    def _pump(self, gate: Gate) -> None:
        gate.serve_askers()
        # Leases that are about to end are still good for a commit, and for no call: what were marked now
        # would be taken back, found and marked again, until they are renewed.
        may_begin = self._runtime.keeper.is_in_time and not self._stopping
        while may_begin and self._calling < self._runtime.config.calls_max:
            effect_id = gate.next_waiting()
            if effect_id is None:
                break
            item = self._in_hand.get(effect_id)
            if item is None:
                gate.leave(effect_id)
                continue
            self._calling += 1
            self._turns.put(self._work, effect_id, item.effect.lane)
        if gate.wants_more():
            self.on_room()
        wait_s = gate.resumes_in_s() if gate.waiting else None
        if wait_s is not None and gate.system not in self._timers:
            self._timers[gate.system] = asyncio.get_running_loop().call_later(
                wait_s + 0.001, self._resume, gate
            )

    def _resume(self, gate: Gate) -> None:
        self._timers.pop(gate.system, None)
        self._pump(gate)

    def _leave(self, gate: Gate, effect_id: str) -> None:
        gate.leave(effect_id)
        self._calling -= 1
        self._pump(gate)
        self.on_left()

    # -- one effect --------------------------------------------------------------------------------------

    async def _work(self, effect_id: str, turn: Turn) -> None:
        """Deal with an effect whose place is reserved."""
        item = self._in_hand.get(effect_id)
        if item is None:
            raise LookupError(f"effect {effect_id} is not in hand")
        effect = item.effect
        operation = self._systems.operation(f"{effect.system}.{effect.operation}")
        if operation is None:
            await self._finish_error(effect, _unknown_operation(effect), None)
        elif item.ahead:
            item.ahead = False
            await self._call_now(effect_id, turn)
        elif effect.status == "intended":
            if await self._mark_attempted(effect):
                await self._call_now(effect_id, turn)
        elif operation.is_repeatable:
            item.effect = replace(effect, error_class="unknown")
            await self._call_now(effect_id, turn)
        elif operation.spec.safety == "probe":
            await self._find_out(effect, operation)
        else:
            self._leave(self._protection.gate(effect.system), effect.id)
            self._settle.unknown(effect, operation, OutcomeUnknown(_LOST))

    async def _mark_attempted(self, effect: Effect) -> bool:
        """Say in the ledger that a call is about to be made."""
        now = self._runtime.clock.now()
        attempts = self._calls_that_count(effect) + 1
        unit = Unit(
            [
                UpdateEffect(
                    effect.tenant,
                    effect.id,
                    "attempted",
                    attempts=attempts,
                    attempted_at=now,
                )
            ],
            effect.lane,
        )
        result = await self._runtime.committer(effect.lane).commit(unit)
        if result.status != "written":
            self._leave(self._protection.gate(effect.system), effect.id)
            self._settled(effect, result)
            return False
        item = self._in_hand[effect.id]
        item.effect = replace(effect, status="attempted", attempts=attempts, attempted_at=now)
        item.called_before = effect.attempted_at
        return True

    def _calls_that_count(self, effect: Effect) -> int:
        """Calls made before the last outage of the system ended do not count: it is over and done with."""
        gate = self._protection.gate(effect.system)
        return 0 if gate.has_recovered_since(effect.attempted_at) else effect.attempts

    async def _call_now(self, effect_id: str, turn: Turn) -> None:
        item = self._in_hand[effect_id]
        effect = item.effect
        operation = self._systems.operation(f"{effect.system}.{effect.operation}")
        connector = self._systems.connector(effect.system)
        if operation is None or connector is None:
            await self._finish_error(effect, _unknown_operation(effect), None)
            return
        sent = False

        def sending() -> None:
            nonlocal sent
            self._assert_mine(item)
            sent = True

        payload = item.payload if item.payload is not None else payload_of(effect)
        context = CallContext(effect.idempotency_key, effect.attempts, operation.spec.timeout_s, sending)
        watch = CallWatch(self._runtime, effect)
        try:
            self._assert_mine(item)
            try:
                async with turn.within(operation.spec.timeout_s):
                    with watch:
                        outcome = await connector.call(operation.name, payload, context)
            finally:
                turn.returned()
        except LeaseLost:
            self._leave(self._protection.gate(effect.system), effect.id)
            self._settle.not_sent(effect)
        except TimeoutError:
            await self._finish_error(effect, _no_answer(effect, operation, sent=sent), operation)
        except ConnectorError as error:
            await self._finish_error(effect, error, operation)
        except Exception as error:  # noqa: BLE001 - a connector's bug must not take the worker with it
            self._runtime.observer.bug(f"connector {effect.system}", error)
            await self._finish_error(effect, _connector_bug(effect, error, sent=sent), operation)
        else:
            await self._finish(effect, outcome)

    async def _find_out(self, effect: Effect, operation: Operation) -> None:
        """Probe whether an earlier call was carried out, once it has had the time to settle."""
        now = self._runtime.clock.now()
        if effect.status == "unknown":
            # Its end was seen, or its longest time was counted already: ``due_at`` says when it is settled.
            settled_at = effect.due_at
        else:
            # The call may have begun long after it was marked, but not after its worker had lost the lane.
            begun_at = max(effect.attempted_at or now, self._runtime.keeper.held_since(effect.lane) or now)
            spec = operation.spec
            settled_at = begun_at + timedelta(seconds=spec.timeout_s + spec.settles_within_s)
        gate = self._protection.gate(effect.system)
        if now < settled_at:
            self._leave(gate, effect.id)
            self._settle.unknown(effect, operation, OutcomeUnknown(_LOST), again_at=settled_at)
            return
        connector = self._systems.connector(effect.system)
        assert connector is not None
        context = CallContext(
            effect.idempotency_key,
            effect.attempts,
            operation.spec.timeout_s,
            lambda: self._runtime.keeper.assert_may_call(effect.lane),
        )
        try:
            async with asyncio.timeout(operation.spec.timeout_s):
                outcome = await connector.probe(operation.name, payload_of(effect), context)
        except LeaseLost:
            self._leave(gate, effect.id)
            self._forget(effect.id)
        except (ConnectorError, TimeoutError) as error:
            self._leave(gate, effect.id)
            self._settle.probe_failed(effect, operation, error)
        except Exception as error:  # noqa: BLE001 - as above
            self._runtime.observer.bug(f"connector {effect.system}", error)
            self._leave(gate, effect.id)
            self._settle.probe_failed(effect, operation, error)
        else:
            if outcome is not None:
                await self._finish(effect, outcome)
            else:
                self._leave(gate, effect.id)
                self._settle.not_done(effect, operation)

    async def _finish(self, effect: Effect, outcome: Outcome) -> None:
        gate = self._protection.gate(effect.system)
        if gate.clear_suspicion():
            self.on_room()
        self._leave(gate, effect.id)
        await self._conclude(effect, lambda: self._settle.done(effect, outcome))

    async def _finish_error(self, effect: Effect, error: ConnectorError, operation: Operation | None) -> None:
        gate = self._protection.gate(effect.system)
        if isinstance(error, Unavailable) and not gate.is_closed and error.about is None:
            # Before the place is free again: else the next one would run into the same outage.
            gate.suspect_is(effect.id)
        self._leave(gate, effect.id)
        if not isinstance(error, Refused) and not self._is_mine(effect):
            # Another worker deals with it by now; only what the target decided is news.
            self._forget(effect.id)
            return
        item = self._in_hand.get(effect.id)
        if item is not None and gate.has_recovered_since(item.called_before):
            # The outage in which the calls before it failed had ended, which was not known here yet.
            effect = replace(effect, attempts=min(effect.attempts, 1))
        await self._conclude(effect, lambda: self._settle.failed(effect, error, operation))

    async def _conclude(self, effect: Effect, verdict: Callable[[], None]) -> None:
        """Write a verdict down as soon as the instance is in memory."""
        item = self._in_hand.get(effect.id)
        if item is not None:
            item.conclude = verdict
        if effect.instance_id is not None:
            instances = self._runtime.instances
            while instances.held(effect.instance_id) is None:
                # It may be dropped again between being read and this turn.
                try:
                    live = await self._runtime.live(effect.instance_id, effect.lane)
                except StateTooNew as error:
                    # It stays attempted: whoever understands the instance finds out what became of it.
                    self._runtime.observer.trouble("evidence", error)
                    live = None
                if live is None:
                    self._forget(effect.id)
                    return
        try:
            verdict()
        except Exception as error:  # noqa: BLE001 - an answer without an encoding, such as half a character
            if effect.instance_id is not None:
                self._runtime.instances.drop(effect.instance_id)
            message = storable(f"{type(error).__name__}: {error}")
            self._settled(effect, UnitResult("failed", BadRow(message)))

    def _is_mine(self, effect: Effect) -> bool:
        """Tell whether this is still the ownership under which the effect was taken in hand."""
        item = self._in_hand.get(effect.id)
        return item is not None and item.token == self._runtime.keeper.token(effect.lane)

    def _assert_mine(self, item: InHand) -> None:
        keeper = self._runtime.keeper
        lane = item.effect.lane
        keeper.assert_may_call(lane)
        if item.token != keeper.token(lane):
            raise LeaseLost(text("Lane {lane} had another owner.", "通道 {lane} 曾易主。", lane=lane))

    def _settled(self, effect: Effect, result: UnitResult) -> None:
        """The fate of this round is committed (or was refused)."""
        item = self._in_hand.get(effect.id)
        code = result.error.code if result.error is not None else None
        if code == "write_conflict" and item is not None and item.conclude is not None:
            # The instance moved on meanwhile: what the target answered holds all the same.
            self._runtime.spawn(self._conclude(effect, item.conclude), effect.lane)
            return
        if result.error is not None and code == "bad_row" and item is not None and not item.set_aside:
            # It stays in hand until that is written.
            item.set_aside = True
            operation = self._systems.operation(f"{effect.system}.{effect.operation}")
            self._settle.set_aside(effect, operation, result.error)
            return
        self._forget(effect.id)

    def _forget(self, effect_id: str) -> None:
        item = self._in_hand.pop(effect_id, None)
        if item is None:
            return
        self._runtime.freshness.finished(effect_id)
        if item.effect.order_key is not None:
            # The next one of its key can be found now.
            self.on_room()
        if effect_id not in self._asleep:
            gate = self._protection.gate(item.effect.system)
            if gate.clear_suspicion(effect_id):
                self._pump(gate)
                self.on_room()


_LOST = text(
    "The answer of an earlier call was lost; whether it was carried out is not known yet.",
    "先前一次调用的回复丢失,是否已执行尚待核实。",
)


def payload_of(effect: Effect) -> Mapping[str, Any]:
    """Return the payload an effect carries."""
    payload: Mapping[str, Any] = values.decode(effect.request)["payload"]
    return payload


def _no_answer(effect: Effect, operation: Operation, *, sent: bool) -> ConnectorError:
    message = text(
        "{system} did not answer {operation} within {seconds} s.",
        "{system} 在 {seconds} 秒内未应答 {operation}。",
        system=effect.system,
        operation=operation.name,
        seconds=operation.spec.timeout_s,
    )
    return OutcomeUnknown(message) if sent else Unavailable(message)


def _connector_bug(effect: Effect, error: Exception, *, sent: bool) -> ConnectorError:
    message = text(
        "The connector of {system} failed with {kind}: {error}",
        "{system} 的连接器出错 {kind}:{error}",
        system=effect.system,
        kind=type(error).__name__,
        error=error,
    )
    return OutcomeUnknown(message) if sent else Invalid(message)


def _unknown_operation(effect: Effect) -> ConnectorError:
    return Invalid(
        text(
            "System {system} has no operation {operation} any more; deploy one that has it, then replay.",
            "系统 {system} 已没有操作 {operation};请发布包含该操作的版本后重放。",
            system=effect.system,
            operation=effect.operation,
        )
    )
