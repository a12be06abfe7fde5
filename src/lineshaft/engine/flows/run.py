"""One flow at work, round by round: obey, finish what was under way, carry what waits, read each side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from lineshaft.base.errors import ConnectorError, HubError, Invalid, OutcomeUnknown, RateLimited, Unavailable
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import schedule
from lineshaft.engine.flows import oneway, twoway
from lineshaft.engine.flows.batch import Batch, find_out, send, stored_batch
from lineshaft.engine.flows.binding import bind
from lineshaft.engine.flows.ground import Deed, Ground, commit
from lineshaft.engine.flows.model import Flow, Side
from lineshaft.engine.flows.orders import KIND, Order
from lineshaft.engine.flows.sending import Guard
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.flows.taking import Taken, take, take_change
from lineshaft.feel import codec as values
from lineshaft.sdk import ChangePage, ItemOutcome
from lineshaft.store.rows import FlowItem
from lineshaft.store.writes import PutFlowItem, UpdateEffect

_READ_TIMEOUT_S: Final = 60.0
_IDLE_S: Final = 1.0
_INTERVAL_S: Final = 10.0


class FlowRun:
    """A flow of a worker that holds its lease."""

    def __init__(self, ground: Ground, flow: Flow, guard: Guard) -> None:
        self.ground = ground
        self.flow = flow
        self._guard = guard
        self._state: FlowState | None = None
        self._next_read: dict[str, float] = {}

    async def round(self) -> float:
        """Do what is to be done now; return how long to wait before the next round, in seconds.

        Raises:
            ConnectorError: A system failed as a whole; nothing is lost, the round is to be made again.
            StoreError: The database did not take it; the same.
        """
        try:
            return await self._round()
        except BaseException:
            # What stands in the store counts.
            self._state = None
            raise

    async def _round(self) -> float:
        runtime = self.ground.runtime
        state = self._state
        if state is None:
            state = FlowState.of(await runtime.store.cursor(runtime.scope, source_name(self.flow.name)))
        order = Order.of(await runtime.store.record(runtime.scope, KIND, self.flow.name))
        state = await self._obey(state, order)
        for effect_id in state.open:
            state = await self._finish(state, effect_id)
        self._state = state
        if order.paused:
            return _IDLE_S
        state, had_items = await self._items(state)
        wait_s = 0.0 if had_items else _IDLE_S
        for side in self.flow.sides:
            if side.trigger == "event":
                wait_s = min(wait_s, 0.1)
                continue
            state, side_wait_s = await self._side(state, side)
            wait_s = min(wait_s, side_wait_s)
        self._state = state
        return wait_s

    async def _obey(self, state: FlowState, order: Order) -> FlowState:
        """Carry out what was asked for since the last time."""
        if order.version <= state.handled:
            return state
        draft = state.copy()
        draft.handled = order.version
        if order.run > state.handled:
            draft.running = True
            self._next_read.clear()
        if order.rewind_at > state.handled:
            for system, position in order.rewind.items():
                side = draft.side(system)
                side.position = None if position is None else bytes.fromhex(position)
                side.drained = None
            draft.running = True
            self._next_read.clear()
        return await commit(self.ground, self.flow, Deed(draft))

    # -- what was under way --------------------------------------------------------------------------------

    async def _finish(self, state: FlowState, effect_id: str) -> FlowState:
        """Find out about a batch that was attempted and has no evidence."""
        runtime, flow = self.ground.runtime, self.flow
        effect = await runtime.store.effect(runtime.scope, effect_id)
        draft = state.copy()
        draft.open = tuple(each for each in state.open if each != effect_id)
        if effect is None or effect.status != "attempted":
            return await commit(self.ground, flow, Deed(draft))
        operation = self.ground.systems.operation(f"{effect.system}.{effect.operation}")
        batch = stored_batch(effect, operation) if operation is not None else None
        if batch is None or not batch.keeps_payloads:
            # Its source tells it again, and the target knows its records by their natural keys.
            closing = UpdateEffect(
                runtime.tenant, effect_id, "cancelled", settled_at=runtime.clock.now(), error_class="repeated"
            )
            return await commit(self.ground, flow, Deed(draft, [closing]))
        counted = UpdateEffect(
            runtime.tenant, effect_id, "attempted", attempts=batch.attempts, attempted_at=runtime.clock.now()
        )
        state = await commit(self.ground, flow, Deed(state.copy(), [counted]))
        draft.version = state.version
        await self._settle_unknown(batch)
        if flow.rules is not None:
            return await twoway.finish_batch(self.ground, flow, state, batch)
        return await self._one_way_evidence(draft, batch)

    async def _settle_unknown(self, batch: Batch) -> None:
        """Repeat a batch where that is safe, ask for its records, or leave them to a person."""
        safety = batch.spec.safety
        if safety in ("natural_key", "idempotency_key") or batch.spec.reads_only:
            await send(batch, self.ground.systems, self._guard)
        elif safety == "probe":
            effect_age = batch.spec.settles_within_s + batch.spec.timeout_s
            await asyncio.sleep(min(effect_age, 1.0))
            missing = await find_out(batch, self.ground.systems, self._guard)
            found = batch.results or []
            if missing:
                rest = replace(batch, id=f"{batch.id}/again", items=missing, results=None)
                await send(rest, self.ground.systems, self._guard)
                done = iter(rest.results or [])
                batch.results = [each if each.outcome is not None else next(done) for each in found]
        else:
            told = text(
                "{system} did not say whether it was written, and cannot be asked.",
                "{system} 未答复是否已写入,且无法查询。",
                system=batch.system,
            )
            batch.results = [ItemOutcome(error=OutcomeUnknown(told)) for _ in batch.items]

    async def _one_way_evidence(self, draft: FlowState, batch: Batch) -> FlowState:
        """Bring the evidence; what is known of the records follows from the page that is read again."""
        runtime = self.ground.runtime
        deed = Deed(draft, [batch.evidence(runtime.tenant, runtime.clock.now())])
        oneway.settle_again(self.ground, self.flow, deed, batch)
        await bind(self.ground, self.flow, deed, batch, None)
        return await commit(self.ground, self.flow, deed)

    # -- what waits ----------------------------------------------------------------------------------------

    async def _items(self, state: FlowState) -> tuple[FlowState, bool]:
        runtime, flow = self.ground.runtime, self.flow
        now = runtime.clock.now()
        items = await runtime.store.flow_items(runtime.scope, flow.name, "due", now, flow.batch)
        if flow.on_stuck == "hold_key" and state.counts["held"] > state.counts["unheld"]:
            freed = await oneway.release_held(self.ground, flow)
            if freed:
                draft = state.copy()
                draft.counts["unheld"] += len(freed)
                puts = [PutFlowItem(replace(item, status="due", due_at=now)) for item in freed]
                return await commit(self.ground, flow, Deed(draft, list(puts))), True
        if not items:
            return state, False
        after = state.copy()
        if flow.rules is not None:
            carried = await twoway.carry_items(self.ground, flow, state, after, items, guard=self._guard)
        else:
            taken, dropped = self._taken_of(items, after)
            carried = await oneway.carry(
                self.ground, flow, state, after, taken, guard=self._guard, dropped=dropped
            )
        return self._good(carried), True

    def _taken_of(self, items: Sequence[FlowItem], after: FlowState) -> tuple[list[Taken], list[str]]:
        now = self.ground.runtime.clock.now()
        found: list[Taken] = []
        dropped: list[str] = []
        for item in items:
            content: dict[str, Any] = values.decode(item.payload)
            if content["kind"] == "event":
                each = take(self.flow.source, content["facts"], now)
                after.counts["read"] += 1
                if each is None:
                    after.counts["filtered"] += 1
                    dropped.append(item.id)
                    continue
                each.item = item.id
                found.append(each)
                continue
            raw = content["raw"]
            version = None if content["version"] is None else int(content["version"])
            each = Taken(content["key"], raw, raw, content["at"], version, item.id, int(content["attempts"]))
            each.is_replay = bool(content.get("replay"))
            found.append(each)
        return found, dropped

    # -- reading -------------------------------------------------------------------------------------------

    async def _side(self, state: FlowState, side: Side) -> tuple[FlowState, float]:
        """Read a page of a side where it is time for it; return how long to wait for the next one."""
        runtime = self.ground.runtime
        steady = runtime.clock.monotonic()
        now = runtime.clock.now()
        if side.trigger in ("schedule", "manual") and not state.running:
            if side.trigger == "manual":
                return state, _IDLE_S
            due_at, _, _ = schedule.first("cycle", side.cycle, now)
            if state.due_at is None:
                draft = state.copy()
                draft.due_at = due_at
                state = await commit(self.ground, self.flow, Deed(draft))
            assert state.due_at is not None
            if now < state.due_at:
                return state, min(_IDLE_S, (state.due_at - now).total_seconds())
            draft = state.copy()
            draft.due_at, draft.running = due_at, True
            state = await commit(self.ground, self.flow, Deed(draft))
        left_s = self._next_read.get(side.system, 0.0) - steady
        if left_s > 0:
            return state, left_s
        state, more = await self._page(state, side)
        if more:
            return state, 0.0
        interval_s = side.interval_s or self._interval_s(side)
        self._next_read[side.system] = runtime.clock.monotonic() + interval_s
        if state.running and side is self.flow.sides[-1]:
            draft = state.copy()
            draft.running = False
            draft.counts["runs"] += 1
            state = await commit(self.ground, self.flow, Deed(draft))
        return state, interval_s

    def _interval_s(self, side: Side) -> float:
        connector = self.ground.systems.connector(side.system)
        for each in connector.spec.triggers if connector is not None else ():
            if each.name == side.resource or each.resource == side.resource:
                return each.interval_s
        return _INTERVAL_S

    async def _page(self, state: FlowState, side: Side) -> tuple[FlowState, bool]:
        runtime, flow = self.ground.runtime, self.flow
        began = runtime.clock.now()
        page = await self._changes(side, state.side(side.system).position)
        after = state.copy()
        place = after.side(side.system)
        place.position = page.cursor
        place.read_at = began
        taken = []
        for change in page.changes:
            if not change.is_record:
                continue
            each = take_change(side, change, began)
            after.counts["read"] += 1
            if each is None:
                after.counts["filtered"] += 1
            else:
                taken.append(each)
        if not page.more:
            # For the next page: whatever was written before this reading began has been told by then.
            place.drained = began
        if flow.rules is not None:
            carried = await twoway.carry(
                self.ground, flow, state, after, side, taken=taken, guard=self._guard
            )
        else:
            carried = await oneway.carry(self.ground, flow, state, after, taken, guard=self._guard)
        return self._good(carried), page.more

    async def _changes(self, side: Side, position: bytes | None) -> ChangePage:
        connector = self.ground.systems.connector(side.system)
        if connector is None:
            raise Unavailable(
                text("There is no system {system}.", "没有系统 {system}。", system=side.system),
                code="system_missing",
            )
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                return await connector.changes(side.resource, position)
        except TimeoutError:
            late = text(
                "{system} did not answer in time.", "{system} 未在限定时间内应答。", system=side.system
            )
            raise Unavailable(late, code="timeout") from None

    def _good(self, carried: oneway.Carried) -> FlowState:
        """Return the state; an error of a whole batch ends the round."""
        if carried.errors:
            raise _worst(carried.errors)
        return carried.state


def _worst(errors: Sequence[HubError]) -> HubError:
    """Return the error that tells most about what to do."""
    order = (OutcomeUnknown, RateLimited, Unavailable, Invalid, ConnectorError)
    return min(errors, key=lambda each: next((n for n, cls in enumerate(order) if isinstance(each, cls)), 9))


def wait_after(error: BaseException, failures: int, gaps_s: Sequence[float]) -> timedelta:
    """Return how long a flow rests after its system has failed for the ``failures``-th time in a row."""
    if isinstance(error, RateLimited) and error.wait_s:
        return timedelta(seconds=error.wait_s)
    return timedelta(seconds=gaps_s[min(failures, len(gaps_s)) - 1])
