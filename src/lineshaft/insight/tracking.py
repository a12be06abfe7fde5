"""What a customer may see of their own order 订单跟踪: how far it is, line by line, and when it arrives.

Made from the same facts as the trail, but a closed list of them: no price, no other order or customer, no
process, no document but the order and its deliveries, no reason of a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from lineshaft.base.scope import Scope
from lineshaft.insight.items import item_names
from lineshaft.insight.search import text_of
from lineshaft.insight.stages import Downstream, Stage, order_lines, stages_of, states_of
from lineshaft.insight.timeline import Timeline, TracedDocument, TracedLine, decimal_of, trace
from lineshaft.insight.trail import stages_by_id
from lineshaft.insight.words import Words, words
from lineshaft.sdk.trail import TrailSpec
from lineshaft.store.port import Store

DELIVERY: Final = "despatch_advice"
"""The kind of document that says what has left."""
Tone = Literal["done", "active", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class TrackedStage:
    """A stage of the order; ``state`` as of ``lineshaft.insight.stages``, never ``failed``."""

    title: Words
    state: str


@dataclass(frozen=True, slots=True)
class TrackedLine:
    """A line: what was ordered, and how much of it has left."""

    line: str
    item: str
    name: Words
    quantity: Decimal
    shipped: Decimal
    unit: Words
    status: Words
    state: str


@dataclass(frozen=True, slots=True)
class TrackedDelivery:
    """What left together; ``arrives_on`` where its system said how many days it takes."""

    number: str
    shipped_on: date
    arrives_on: date | None
    carrier: str
    contents: list[tuple[Words, Decimal, Words]]
    """Name, quantity, unit."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """An order as its customer sees it."""

    number: str
    tone: Tone
    headline: Words
    ordered_on: date | None
    due_on: date | None
    stages: list[TrackedStage]
    lines: list[TrackedLine]
    deliveries: list[TrackedDelivery]


async def tracked(
    store: Store, scope: Scope, document: str, *, spec: TrailSpec, now: datetime
) -> Tracked | None:
    """Return what the customer of ``document`` (``system/kind/number``) may see, if it is there."""
    found = await store.documents(scope, [document])
    if not found:
        return None
    timeline = await trace(store, scope, found[0].number)
    root = next((each for each in timeline.documents if each.id == document), None)
    return _drawn(timeline, root, spec, now) if root is not None else None


def _drawn(timeline: Timeline, root: TracedDocument, spec: TrailSpec, now: datetime) -> Tracked:
    by_id = stages_by_id(spec, timeline.documents, timeline.links)
    states = states_of(spec, timeline.documents, timeline.links, by_id)
    following = Downstream(root, timeline.documents, timeline.links)
    names = item_names(root.fields)
    progress = order_lines(spec, following, by_id, states)
    stages = stages_of(spec, following, progress, by_id, states=states, waits=(), now=now)
    left = [
        each
        for each in following.documents
        if each.kind == DELIVERY and states[each.id] not in ("cancelled", "failed")
    ]
    deliveries = [_delivery(each, root, following, names, spec) for each in left]
    shipped = _shipped(following, left)
    lines = [_line(each, root, shipped.get(each.line, Decimal(0)), names, spec) for each in root.lines]
    tone, headline = _headline(spec, root, stages, lines, deliveries)
    return Tracked(
        root.number,
        tone,
        headline,
        _day(text_of(root.fields, "ordered_on", "order_date")),
        _day(text_of(root.fields, "due_on", "due_date", "delivery_date")),
        _shown(stages),
        lines,
        sorted(deliveries, key=lambda each: (each.shipped_on, each.number)),
    )


def _shipped(following: Downstream, left: list[TracedDocument]) -> dict[str, Decimal]:
    """Return how much of each line has left."""
    ways = {each.line: following.reached(each.line) for each in following.root.lines}
    return {
        line: sum((reached.get(each.id, Decimal(0)) for each in left), Decimal(0))
        for line, reached in ways.items()
    }


def _line(
    line: TracedLine, root: TracedDocument, shipped: Decimal, names: Mapping[str, Words], spec: TrailSpec
) -> TrackedLine:
    word = spec.status(root.system, root.kind, line.status)
    return TrackedLine(
        line.line,
        line.item,
        names.get(line.item) or Words("", ""),
        decimal_of(line.quantity),
        shipped,
        Words.of(spec.unit(line.unit)),
        Words.of(word.title) if line.status else Words("", ""),
        "done" if shipped >= decimal_of(line.quantity) > 0 else word.state,
    )


def _delivery(
    document: TracedDocument,
    root: TracedDocument,
    following: Downstream,
    names: Mapping[str, Words],
    spec: TrailSpec,
) -> TrackedDelivery:
    contents = []
    for line in root.lines:
        quantity = following.reached(line.line).get(document.id, Decimal(0))
        if quantity:
            name = names.get(line.item) or Words(line.item, line.item)
            contents.append((name, quantity, Words.of(spec.unit(line.unit))))
    told = document.created_at or document.updated_at
    shipped_on = _day(text_of(document.fields, "shipped_on")) or told.astimezone().date()
    days = _whole(document.fields.get("eta_days"))
    return TrackedDelivery(
        document.number,
        shipped_on,
        shipped_on + timedelta(days=days) if days is not None else None,
        text_of(document.fields, "carrier") or "",
        contents,
    )


def _shown(stages: list[Stage]) -> list[TrackedStage]:
    """Return the stages as the customer sees them.

    That something went wrong inside is the firm's own affair until it has settled it; and a stage that only
    part of the order has gone past is still to come for the rest.
    """
    found = []
    under_way = False
    for place, each in enumerate(stages):
        state: str = "active" if each.state == "failed" else each.state
        if state == "skipped" and under_way:
            state = "pending"
        # The order itself may stay open to its end; what is made is what comes before the goods.
        under_way = under_way or (place > 0 and state == "active")
        found.append(TrackedStage(each.title, state))
    return found


def _headline(
    spec: TrailSpec,
    root: TracedDocument,
    stages: list[Stage],
    lines: list[TrackedLine],
    deliveries: list[TrackedDelivery],
) -> tuple[Tone, Words]:
    """Return the one sentence that answers "where is my order?"."""
    state = spec.status(root.system, root.kind, root.status).state
    if state == "cancelled":
        return "cancelled", words("This order was cancelled.", "订单已取消。")
    if state == "failed":
        return "failed", words(
            "We still have a question about this order and will get in touch with you.",
            "订单还需与您确认,我们会尽快联系您。",
        )
    wanted = [each for each in lines if each.state != "cancelled"]
    if deliveries:
        newest = max(deliveries, key=lambda each: (each.shipped_on, each.number))
        arrives = (newest.arrives_on - newest.shipped_on).days if newest.arrives_on else None
        soon = _soon(arrives)
        if wanted and all(each.shipped >= each.quantity for each in wanted):
            return "done", words("Shipped{soon}.", "已发货{soon}", soon=soon)
        return "active", words("Partly shipped{soon}.", "部分已发货{soon}", soon=soon)
    here = next((each for each in stages if each.state in ("active", "failed")), None) or next(
        (each for each in stages if each.state == "pending"), None
    )
    if here is None:
        return "active", words("We have your order.", "订单已收到。")
    return "active", words("In work: {stage}.", "处理中:{stage}", stage=here.title)


def _soon(days: int | None) -> Words:
    if days is None:
        return Words("", "")
    return words(
        ", expected in {days} day" if days == 1 else ", expected in {days} days",
        ",预计 {days} 天到达",
        days=days,
    )


def _day(told: str | None) -> date | None:
    try:
        return date.fromisoformat(told[:10]) if told else None
    except ValueError:
        return None


def _whole(told: Any) -> int | None:
    try:
        found = int(told)
    except (TypeError, ValueError):
        return None
    return found if 0 <= found <= 3_650 else None
