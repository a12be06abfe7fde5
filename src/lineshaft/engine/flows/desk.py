"""What people see of flows and ask of them: state, pause, resume, run, rewind, decisions, replays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.flows.agreement import Known
from lineshaft.engine.flows.model import Flow
from lineshaft.engine.flows.orders import KIND, Order
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.releases import Releases
from lineshaft.feel import codec as values
from lineshaft.store.port import FlowBacklog, Page, Store
from lineshaft.store.rows import FlowItem, FlowRecord, Record
from lineshaft.store.writes import PutFlowItem, PutRecord, Unit

_REASON_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class FlowStanding:
    """A flow and how it stands."""

    flow: Flow
    state: FlowState
    order: Order
    backlog: tuple[FlowBacklog, ...]
    seen_at: datetime | None
    """When it last committed anything."""


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field that a person decides: what each side has, since when, and edits that were covered."""

    name: str
    values: Mapping[str, Any]
    edits: Mapping[str, Mapping[str, Any]]
    covered: tuple[Mapping[str, Any], ...]
    agreed: Any = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A record with open fields."""

    flow: str
    key: str
    since: datetime
    fields: tuple[OpenField, ...]
    records: Mapping[str, Mapping[str, Any] | None]
    """The whole record of each side, as it should stand there now."""


class FlowDesk:
    """People's requests about flows; the worker that holds the flow carries them out."""

    def __init__(self, store: Store, shown: Store, releases: Releases, clock: Clock, ids: Ids) -> None:
        """Make it.

        Args:
            store: The store, with nothing masked.
            shown: The store as people may see it.
            releases: Where the flows of the active release are.
            clock: The time.
            ids: Where ids come from.
        """
        self._store, self._shown, self._releases = store, shown, releases
        self._clock, self._ids = clock, ids

    async def flows(self) -> list[Flow]:
        """Return the flows of the active release, by name."""
        release = await self._releases.active()
        return sorted(release.flows, key=lambda flow: flow.name) if release is not None else []

    async def flow(self, name: str) -> Flow:
        """Return one flow; raises ``NotFound``."""
        for flow in await self.flows():
            if flow.name == name:
                return flow
        raise NotFound(text("There is no flow {name}.", "没有同步流 {name}。", name=name))

    async def standings(self, scope: Scope) -> list[FlowStanding]:
        """Return all flows and how they stand."""
        backlog = await self._shown.flow_backlog(scope)
        return [await self._standing(scope, flow, backlog) for flow in await self.flows()]

    async def standing(self, scope: Scope, name: str) -> FlowStanding:
        """Return how one flow stands; raises ``NotFound``."""
        return await self._standing(scope, await self.flow(name), await self._shown.flow_backlog(scope))

    async def _standing(self, scope: Scope, flow: Flow, backlog: list[FlowBacklog]) -> FlowStanding:
        row = await self._shown.cursor(scope, source_name(flow.name))
        order = Order.of(await self._shown.record(scope, KIND, flow.name))
        own = tuple(each for each in backlog if each.flow == flow.name)
        return FlowStanding(flow, FlowState.of(row), order, own, row.updated_at if row is not None else None)

    # -- what is asked for ---------------------------------------------------------------------------------

    async def pause(self, scope: Scope, name: str, *, by: str, reason: str = "") -> Order:
        """Let nothing be read or written by a flow until it is resumed; what is under way ends."""
        return await self._change(scope, name, paused=True, by=by, reason=reason[:_REASON_MAX])

    async def resume(self, scope: Scope, name: str, *, by: str) -> Order:
        """Let a paused flow go on."""
        return await self._change(scope, name, paused=False, by=by, reason="")

    async def run(self, scope: Scope, name: str, *, by: str) -> Order:
        """Read the sources now, to their end."""
        return await self._change(scope, name, by=by, runs=True)

    async def rewind(
        self, scope: Scope, name: str, *, by: str, side: str = "", position: str | None = None
    ) -> Order:
        """Read again from a position (hex, as the state shows it), or from the beginning.

        What is unchanged is not written again.

        Raises:
            InputError: The flow does not read that system, or the position is none.
        """
        flow = await self.flow(name)
        systems = [each.system for each in flow.sides]
        if side and side not in systems:
            told = text(
                "Expected one of {systems}, but it is {side}.",
                "应为 {systems} 之一,实际为 {side}。",
                systems=", ".join(systems),
                side=side,
            )
            raise InputError(told)
        try:
            bytes.fromhex(position or "")
        except ValueError:
            raise InputError(
                text("Expected a position in hex digits.", "位置应为十六进制。"), code="position_unreadable"
            ) from None
        wanted = dict.fromkeys([side] if side else systems, position)
        return await self._change(scope, name, by=by, rewind=wanted)

    async def _change(
        self,
        scope: Scope,
        name: str,
        *,
        runs: bool = False,
        rewind: Mapping[str, str | None] | None = None,
        **over: Any,
    ) -> Order:
        await self.flow(name)
        row = await self._store.record(scope, KIND, name)
        order = Order.of(row)
        version = order.version + 1
        order = replace(order, version=version, **over)
        if runs:
            order = replace(order, run=version)
        if rewind is not None:
            order = replace(order, rewind=rewind, rewind_at=version)
        at = row.at if row is not None else self._clock.now()
        changed = Record(scope.tenant, KIND, name, version, at, content=order.content())
        result = (await self._store.commit([Unit([PutRecord(changed, version - 1)])]))[0]
        if result.error is not None:
            raise Conflict(text("Somebody else was faster; look again.", "已有其他人处理,请刷新后再看。"))
        return order

    # -- decisions -----------------------------------------------------------------------------------------

    async def decisions(
        self, scope: Scope, name: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[Decision]:
        """Return the records of a flow with fields that both sides have changed, newest first."""
        flow = await self.flow(name)
        page = await self._shown.open_flow_records(scope, name, "conflict", cursor=cursor, limit=limit)
        return Page([_decision(flow, row) for row in page.items], page.next)

    async def decide(
        self, scope: Scope, name: str, key: str, field: str, choice: str, *, by: str, value: Any = None
    ) -> None:
        """Take a decision: the value of the side ``choice``, or (``value``) another one.

        Raises:
            NotFound: Nothing is open there.
            InputError: There is no such side.
        """
        flow = await self.flow(name)
        row = (await self._store.flow_records(scope, name, "", [key])).get(key)
        known = Known.of(values.decode(row.content)) if row is not None else Known()
        if field not in known.open:
            raise NotFound(
                text(
                    "Nothing is open for {field} of {key}.",
                    "{key} 的 {field} 没有待决定的冲突。",
                    field=field,
                    key=key,
                )
            )
        if choice != "value" and choice not in [each.system for each in flow.sides]:
            raise InputError(text("There is no side {side}.", "没有系统 {side}。", side=choice))
        now = self._clock.now()
        payload = {"kind": "decide", "key": key, "field": field, "choice": choice, "value": value, "by": by}
        item = FlowItem(scope.tenant, name, self._ids.new(), key, "due", now, now, "", values.encode(payload))
        result = (await self._store.commit([Unit([PutFlowItem(item)])]))[0]
        if result.error is not None:
            raise result.error


def _decision(flow: Flow, row: FlowRecord) -> Decision:
    known = Known.of(values.decode(row.content))
    systems = [each.system for each in flow.sides]
    fields = tuple(
        OpenField(
            name,
            {system: shown.get(system) for system in systems},
            {system: known.edits.get(system, {}).get(name, {}) for system in systems},
            tuple(shown.get("covered", ())),
            known.agreed.get(name),
        )
        for name, shown in sorted(known.open.items())
    )
    records = {system: known.believed(system) for system in systems}
    return Decision(flow.name, row.key, row.at, fields, records)
