"""Flows as they leave the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineshaft.api.views import TitleView
from lineshaft.base.text import Language, of_column
from lineshaft.engine.flows.desk import Decision, FlowStanding, OpenField
from lineshaft.engine.flows.state import DELAYS_S


@dataclass(frozen=True, slots=True)
class FlowEndView:
    """A system of a flow: what is read there and how far, what is written there."""

    system: str
    reads: str | None = None
    trigger: str | None = None
    read_at: datetime | None = None
    """When it was read last."""
    position: str | None = None
    """How far, in hex: what ``rewind`` takes."""
    writes: str | None = None


@dataclass(frozen=True, slots=True)
class FlowErrorView:
    """One of the newest errors."""

    key: str
    system: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OverdueView:
    """A record that took longer than it may."""

    key: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class DelayClassView:
    """How many records took up to so many seconds; the last class has no end."""

    up_to_s: int | None
    count: int


@dataclass(frozen=True, slots=True)
class WaitingView:
    """How many records wait, in which state, since when."""

    status: str
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class FlowView:
    """A flow and how it stands."""

    name: str
    title: TitleView
    two_way: bool
    ends: list[FlowEndView]
    status: str
    """``running``, ``paused`` or ``waiting`` (nothing was read yet)."""
    changed_by: str
    reason: str
    due_within_s: float | None
    on_stuck: str
    counts: dict[str, int]
    """``read``, ``written``, ``unchanged``, ``echoes``, ``late``, ``failed``, ``conflicts`` and others."""
    delays: list[DelayClassView]
    overdue: list[OverdueView]
    errors: list[FlowErrorView]
    waiting: list[WaitingView]
    due_at: datetime | None
    seen_at: datetime | None

    @classmethod
    def of(cls, standing: FlowStanding, language: Language) -> FlowView:
        """Return the view of a flow."""
        flow, state = standing.flow, standing.state
        status = (
            "paused" if standing.order.paused else "running" if standing.seen_at is not None else "waiting"
        )
        bounds: list[int | None] = [*DELAYS_S, None]
        return cls(
            flow.name,
            TitleView.of(flow.label),
            flow.rules is not None,
            _ends(standing),
            status,
            standing.order.by,
            standing.order.reason,
            flow.due_within_s,
            flow.on_stuck,
            {name: count for name, count in sorted(state.counts.items()) if count},
            [DelayClassView(bound, count) for bound, count in zip(bounds, state.delays, strict=True)],
            [OverdueView(each["key"], float(each["seconds"]), each["at"]) for each in state.overdue[::-1]],
            [
                FlowErrorView(
                    each["key"], each["system"], of_column(each["text"]).in_language(language), each["at"]
                )
                for each in state.errors[::-1]
            ],
            [WaitingView(each.status, each.count, each.oldest_at) for each in standing.backlog],
            state.due_at,
            standing.seen_at,
        )


def _ends(standing: FlowStanding) -> list[FlowEndView]:
    flow, state = standing.flow, standing.state
    found: dict[str, FlowEndView] = {}
    for side in flow.sides:
        place = state.sides.get(side.system)
        position = place.position.hex() if place is not None and place.position is not None else None
        read_at = place.read_at if place is not None else None
        found[side.system] = FlowEndView(side.system, side.resource, side.trigger, read_at, position)
    for target in flow.targets:
        before = found.get(target.system, FlowEndView(target.system))
        found[target.system] = FlowEndView(
            target.system, before.reads, before.trigger, before.read_at, before.position, target.operation
        )
    return list(found.values())


@dataclass(frozen=True, slots=True)
class SideValueView:
    """What one side has in an open field, and the edit that brought it."""

    system: str
    value: Any
    was: Any = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenFieldView:
    """A field that both sides have changed."""

    name: str
    sides: list[SideValueView]
    covered: list[SideValueView]
    """Edits that a write of the hub has covered before it knew of them."""
    agreed: Any

    @classmethod
    def of(cls, field: OpenField) -> OpenFieldView:
        """Return the view of a field."""
        sides = [
            SideValueView(
                system, value, field.edits.get(system, {}).get("was"), field.edits.get(system, {}).get("at")
            )
            for system, value in field.values.items()
        ]
        covered = [SideValueView(each["side"], each["value"]) for each in field.covered]
        return cls(field.name, sides, covered, field.agreed)


@dataclass(frozen=True, slots=True)
class SideRecordView:
    """The whole record of one side."""

    system: str
    record: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A record that waits for a decision, with both edits side by side."""

    flow: str
    key: str
    since: datetime
    fields: list[OpenFieldView]
    records: list[SideRecordView]

    @classmethod
    def of(cls, decision: Decision) -> DecisionView:
        """Return the view of a decision."""
        return cls(
            decision.flow,
            decision.key,
            decision.since,
            [OpenFieldView.of(field) for field in decision.fields],
            [
                SideRecordView(system, dict(record) if record is not None else None)
                for system, record in decision.records.items()
            ],
        )


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """A part of the decisions of a flow."""

    items: list[DecisionView]
    next: str | None
