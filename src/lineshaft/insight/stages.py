"""The stages of one order: which documents stand in each, how far each is, and since when.

Stages are the pack's (``lineshaft.sdk.trail``); here they are filled with the documents that follow from one
order, line to line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from lineshaft.insight.timeline import Flow, TracedDocument, TracedLink, decimal_of, shown
from lineshaft.insight.words import Words
from lineshaft.sdk.trail import DocumentState, StageSpec, TrailSpec

StageState = Literal["pending", "active", "done", "failed", "skipped", "cancelled"]
"""``skipped``: a later stage went on without it, e.g. goods from stock need no production."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of an order's line has come to a stage."""

    stage: str
    quantity: str
    of: str
    done: bool
    """Whether the documents that carry it have finished their part."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of the order and how far it is."""

    line: str
    item: str
    quantity: str
    unit: str
    amount: str | None
    currency: str | None
    status: Words
    state: str
    reached: list[Reached]
    name: str = ""
    """What the item is called, in the language that was asked for."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of an order."""

    name: str
    title: Words
    holder: Words
    state: StageState
    since: datetime | None
    done_at: datetime | None
    late: bool
    share: float | None
    """How much of what was ordered has come here, 0 to 1; ``None`` where quantities do not tell."""
    documents: list[str]
    systems: list[str]
    awaits: tuple[str, ...] = ()
    """Elements in which a process waits for this stage."""
    waiting: bool = False
    """A process waits for it now."""


class Downstream:
    """What follows from one document, itself included."""

    def __init__(
        self, root: TracedDocument, documents: Iterable[TracedDocument], links: list[TracedLink]
    ) -> None:
        self.root = root
        self._flow = Flow(links)
        known = {each.id: each for each in documents}
        after: dict[str, set[str]] = {}
        for link in links:
            after.setdefault(link.from_id, set()).add(link.to_id)
        found = {root.id: root}
        front = [root.id]
        while front:
            fresh = {to for each in front for to in after.get(each, ())} & set(known) - set(found)
            found |= {each: known[each] for each in fresh}
            front = sorted(fresh)
        self.documents = [each for each in known.values() if each.id in found]

    def reached(self, line: str) -> Mapping[str, Decimal]:
        """Return how much of a line of the root reached each document."""
        return self._flow.reached(self.root.id, line)


def states_of(
    spec: TrailSpec,
    documents: Iterable[TracedDocument],
    links: list[TracedLink],
    stage_by_id: Mapping[str, str | None],
) -> dict[str, DocumentState]:
    """Return each document's state, as its system says or as what follows from it shows.

    An instruction that nobody ticks off is carried out all the same once documents of its own stage that are
    finished have taken over all of its quantity.
    """
    known = {each.id: each for each in documents}
    told = {each.id: spec.status(each.system, each.kind, each.status).state for each in known.values()}
    out = dict(told)
    for name, document in known.items():
        if told[name] not in ("open", "active"):
            continue
        after = [
            link
            for link in links
            if link.from_id == name
            and told.get(link.to_id) == "done"
            and stage_by_id.get(link.to_id) == stage_by_id.get(name)
        ]
        own = sum((decimal_of(each.quantity) for each in document.lines), Decimal(0))
        taken = sum((decimal_of(each.quantity) for each in after if each.quantity is not None), Decimal(0))
        if 0 < own <= taken:
            out[name] = "done"
    return out


def order_lines(
    spec: TrailSpec,
    following: Downstream,
    stage_by_id: Mapping[str, str | None],
    states: Mapping[str, DocumentState],
) -> list[OrderLine]:
    """Return the order's lines with what of each has come to each stage."""
    root = following.root
    out = []
    kinds = {each.id: f"{each.system}.{each.kind}" for each in following.documents}
    for line in root.lines:
        sums: dict[tuple[str, str], list[Decimal]] = {}
        for target, quantity in following.reached(line.line).items():
            stage = stage_by_id.get(target)
            if stage is None or states.get(target) in (None, "cancelled", "failed"):
                continue
            pair = sums.setdefault((stage, kinds[target]), [Decimal(0), Decimal(0)])
            pair[0] += quantity
            pair[1] += quantity if states[target] == "done" else Decimal(0)
        # Two kinds of paper about the same goods (an order and its report) are not added up.
        best: dict[str, tuple[Decimal, Decimal]] = {}
        for (stage, _), (all_of_it, finished) in sums.items():
            known = best.get(stage, (Decimal(0), Decimal(0)))
            best[stage] = (max(known[0], all_of_it), max(known[1], finished))
        ordered = decimal_of(line.quantity)
        reached = [
            Reached(name, shown(most), line.quantity, finished >= ordered > 0)
            for name, (most, finished) in best.items()
        ]
        word = spec.status(root.system, root.kind, line.status) if line.status else None
        out.append(
            OrderLine(
                line.line,
                line.item,
                line.quantity,
                line.unit,
                line.amount,
                line.currency,
                Words.of(word.title) if word is not None else Words("", ""),
                word.state if word is not None else "",
                reached,
            )
        )
    return out


def stages_of(
    spec: TrailSpec,
    following: Downstream,
    lines: list[OrderLine],
    stage_by_id: Mapping[str, str | None],
    *,
    states: Mapping[str, DocumentState],
    waits: Collection[str],
    now: datetime,
) -> list[Stage]:
    """Return every stage of the pack, filled; ``waits`` are the elements in which the processes stand."""
    open_lines = [each for each in lines if each.state != "cancelled" and decimal_of(each.quantity) > 0]
    out = []
    for stage in spec.stages:
        here = [each for each in following.documents if stage_by_id.get(each.id) == stage.name]
        made = _stage(stage, here, states, open_lines, now)
        out.append(replace(made, waiting=made.state != "done" and not set(waits).isdisjoint(stage.elements)))
    return _with_skipped(out)


def _stage(
    stage: StageSpec,
    documents: list[TracedDocument],
    states: Mapping[str, DocumentState],
    lines: list[OrderLine],
    now: datetime,
) -> Stage:
    alive = [each for each in documents if states[each.id] != "cancelled"]
    shares = [_share(line, stage.name) for line in lines]
    known = [share for share in shares if share is not None]
    share = float(sum(known, Decimal(0)) / len(shares)) if known and shares else None
    state: StageState
    if not documents:
        state = "pending"
    elif not alive:
        state = "cancelled"
    elif any(states[each.id] == "failed" for each in alive):
        state = "failed"
    elif all(states[each.id] == "done" for each in alive) and (
        not stage.covers_order
        or all(any(r.stage == stage.name and r.done for r in line.reached) for line in lines)
    ):
        state = "done"
    else:
        state = "active"
    since = min((each.created_at for each in documents if each.created_at is not None), default=None)
    done_at = max((each.updated_at for each in alive), default=None) if state == "done" else None
    late = (
        state == "active"
        and stage.within_h is not None
        and since is not None
        and now - since > timedelta(hours=stage.within_h)
    )
    return Stage(
        stage.name,
        Words.of(stage.title),
        _holder(stage, alive, states),
        state,
        since,
        done_at,
        late,
        share,
        [each.id for each in documents],
        sorted({each.system for each in documents}),
        stage.elements,
    )


def _holder(stage: StageSpec, documents: list[TracedDocument], states: Mapping[str, DocumentState]) -> Words:
    """Return who has a stage in hand: as its newest unfinished document says, or as the pack does."""
    for document in reversed(documents) if stage.holder_field else ():
        said = document.fields.get(stage.holder_field)
        if states[document.id] in ("open", "active") and isinstance(said, str) and said:
            return Words(said, said)
    return Words.of(stage.holder)


def _is_whole(line: OrderLine, stage: str) -> bool:
    return any(each.stage == stage and each.done for each in line.reached)


def _share(line: OrderLine, stage: str) -> Decimal | None:
    for each in line.reached:
        if each.stage == stage:
            return min(Decimal(1), decimal_of(each.quantity) / decimal_of(line.quantity))
    return None


def _with_skipped(stages: list[Stage]) -> list[Stage]:
    """Mark stages without a document as left out where a later one has documents."""
    out: list[Stage] = []
    later = False
    for stage in reversed(stages):
        if stage.state == "pending" and later:
            stage = replace(stage, state="skipped")
        later = later or stage.state in ("active", "done") or stage.waiting
        out.append(stage)
    return out[::-1]
