"""The board 订单看板: where all orders stand at once, what is late or refused, and what is to be delivered.

Made by the same rules as the trail of a single order, over the newest documents, so that a figure of the
board and the page of an order never contradict each other.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language
from lineshaft.insight.search import customer_of, is_order, text_of
from lineshaft.insight.stages import Downstream, Stage, order_lines, stages_of, states_of
from lineshaft.insight.timeline import (
    TracedDocument,
    TracedLink,
    traced_documents,
    traced_links,
)
from lineshaft.insight.trail import amount_of, currency_of, is_past, stages_by_id
from lineshaft.insight.words import Words
from lineshaft.sdk.trail import TrailSpec
from lineshaft.store.port import Store
from lineshaft.store.rows import Document, DocumentLine, DocumentLink

WINDOW: Final = 5_000
"""The newest documents that are looked at, of all systems."""
LASTS_S: Final = 5.0
"""How long what was found is shown again."""
_TOGETHER: Final = 1_000
_SCOPES_MAX: Final = 50

OrderState = Literal["open", "done", "refused", "cancelled"]
"""``refused``: a system has said no, and the order waits for its people."""


@dataclass(frozen=True, slots=True)
class BoardOrder:
    """An order as a line of the board."""

    number: str
    system: str
    customer: str | None
    amount: str | None
    currency: str | None
    ordered_on: str | None
    due_on: str | None
    state: OrderState
    status: Words
    stage: str | None
    """The stage it stands in; of a finished order the last one."""
    stage_title: Words
    holder: Words
    since: datetime | None
    """When it came into that stage."""
    late: bool
    done_at: datetime | None
    on_time: bool | None
    """Of a finished order with a due day: whether it was kept."""
    begun_at: datetime | None = None
    """When the order itself came to the hub."""
    handled_at: datetime | None = None
    """When the first document of another system followed from it: somebody else carries it out now."""

    @property
    def worth(self) -> Decimal | None:
        """The amount as a number; ``None`` where it is not known or may not be seen."""
        try:
            return Decimal(self.amount) if self.amount is not None else None
        except InvalidOperation:
            return None


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in one currency."""

    currency: str
    amount: str


@dataclass(frozen=True, slots=True)
class BoardStage:
    """How many orders stand in a stage, and what they are worth."""

    name: str
    title: Words
    holder: Words
    orders: int
    late: int
    worth: list[Money]


@dataclass(frozen=True, slots=True)
class Board:
    """The figures of all orders."""

    at: datetime
    """When it was counted."""
    stages: list[BoardStage]
    """Open orders by the stage they stand in."""
    open: int
    late: int
    refused: int
    done: int
    on_time: int
    due: int
    """Finished orders that had a due day; ``on_time`` of them kept it."""
    backlog: list[Money]
    """What open orders are worth."""
    without_amount: int
    """Open orders of which no amount is known (or may be seen): they are not in ``backlog``."""
    complete: bool
    """False where there are more documents than are looked at: older orders are not counted."""


@dataclass(slots=True)
class _Counted:
    until: float = 0.0
    at: datetime | None = None
    orders: list[BoardOrder] = field(default_factory=list)
    complete: bool = True
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class BoardBook:
    """Counts for many who look at the same board; what was counted is at most a few seconds old."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[tuple[Scope, Language], _Counted] = OrderedDict()

    async def board(self, scope: Scope, spec: TrailSpec, language: Language) -> Board:
        """Return the figures within what ``scope`` may see."""
        kept = await self._look(scope, spec, language)
        assert kept.at is not None
        return board_of(spec, kept.orders, kept.at, complete=kept.complete)

    async def orders(self, scope: Scope, spec: TrailSpec, language: Language) -> list[BoardOrder]:
        """Return the orders behind the figures, newest first."""
        return (await self._look(scope, spec, language)).orders

    async def _look(self, scope: Scope, spec: TrailSpec, language: Language) -> _Counted:
        kept = self._kept.setdefault((scope, language), _Counted())
        self._kept.move_to_end((scope, language))
        while len(self._kept) > _SCOPES_MAX:
            self._kept.popitem(last=False)
        async with kept.lock:
            if kept.at is None or self._clock.monotonic() >= kept.until:
                now = self._clock.now()
                kept.orders, kept.complete = await orders_of(self._store, scope, spec, now, language)
                kept.at = now
                kept.until = self._clock.monotonic() + LASTS_S
        return kept


async def orders_of(
    store: Store, scope: Scope, spec: TrailSpec, now: datetime, language: Language
) -> tuple[list[BoardOrder], bool]:
    """Return the orders among the newest documents, newest first, and whether these are all there are."""
    found = await store.recent_documents(scope, window=WINDOW, limit=WINDOW)
    orders = [each for each in found if is_order(spec, each)]
    known = {each.id: each for each in found}
    links: dict[tuple[str, str, str, str], DocumentLink] = {}
    lines: dict[str, list[DocumentLine]] = {}
    for some in _parts(sorted(known)):
        for link in await store.document_links(scope, some):
            links[link.from_id, link.from_line, link.to_id, link.to_line] = link
        for line in await store.document_lines(scope, some):
            lines.setdefault(line.document_id, []).append(line)
    after: dict[str, list[DocumentLink]] = {}
    before: dict[str, list[DocumentLink]] = {}
    for link in links.values():
        after.setdefault(link.from_id, []).append(link)
        before.setdefault(link.to_id, []).append(link)
    made = []
    for order in orders:
        chain = _chain(order.id, known, after)
        # A line that came together from several orders is shared out among them: all that flowed in counts.
        flowed = [link for each in chain for link in before.get(each, ())]
        documents = [known[each] for each in chain]
        own = [line for each in chain for line in lines.get(each, ())]
        made.append(
            _order(spec, traced_documents(documents, own, flowed), traced_links(flowed), now, language)
        )
    return made, len(found) < WINDOW


def board_of(spec: TrailSpec, orders: Sequence[BoardOrder], at: datetime, *, complete: bool) -> Board:
    """Return the figures of orders."""
    still = [each for each in orders if each.state == "open"]
    judged = [each.on_time for each in orders if each.state == "done" and each.on_time is not None]
    stages = []
    for stage in spec.stages:
        here = [each for each in still if each.stage == stage.name]
        stages.append(
            BoardStage(
                stage.name,
                Words.of(stage.title),
                Words.of(stage.holder),
                len(here),
                sum(each.late for each in here),
                worth_of(here),
            )
        )
    return Board(
        at=at,
        stages=stages,
        open=len(still),
        late=sum(each.late for each in still),
        refused=sum(each.state == "refused" for each in orders),
        done=sum(each.state == "done" for each in orders),
        on_time=sum(judged),
        due=len(judged),
        backlog=worth_of(still),
        without_amount=sum(each.worth is None for each in still),
        complete=complete,
    )


def _order(
    spec: TrailSpec,
    documents: list[TracedDocument],
    links: list[TracedLink],
    now: datetime,
    language: Language,
) -> BoardOrder:
    root = documents[0]
    stage_by_id = stages_by_id(spec, documents, links)
    states = states_of(spec, documents, links, stage_by_id)
    following = Downstream(root, documents, links)
    lines = order_lines(spec, following, stage_by_id, states)
    stages = stages_of(spec, following, lines, stage_by_id, states=states, waits=(), now=now)
    word = spec.status(root.system, root.kind, root.status)
    at = next((each for each in stages if each.state not in ("done", "skipped")), None)
    state: OrderState = "open"
    if word.state == "cancelled":
        state = "cancelled"
    elif word.state == "failed":
        state = "refused"
    elif at is None:
        state = "done"
    last = at or stages[-1]
    due_on = text_of(root.fields, "due_on", "due_date", "delivery_date")
    done_at = (
        max((each.done_at for each in stages if each.done_at), default=None) if state == "done" else None
    )
    overdue = due_on is not None and is_past(due_on, now)
    return BoardOrder(
        number=root.number,
        system=root.system,
        customer=customer_of(root.fields, language),
        amount=amount_of(root),
        currency=currency_of(root),
        ordered_on=text_of(root.fields, "ordered_on", "order_date"),
        due_on=due_on,
        state=state,
        status=Words.of(word.title),
        stage=last.name,
        stage_title=last.title,
        holder=last.holder,
        since=_since(stages, last),
        late=state == "open" and (overdue or any(each.late for each in stages)),
        done_at=done_at,
        on_time=not is_past(due_on, done_at) if due_on is not None and done_at is not None else None,
        begun_at=root.created_at,
        handled_at=_handled_at(root, following),
    )


def _handled_at(root: TracedDocument, following: Downstream) -> datetime | None:
    elsewhere = [each.created_at for each in following.documents if each.system != root.system]
    return min((at for at in elsewhere if at is not None), default=None)


def _since(stages: list[Stage], at: Stage) -> datetime | None:
    """Return when an order came into a stage: its first document there, or the end of what was before."""
    if at.since is not None:
        return at.since
    before = stages[: stages.index(at)]
    return max((each.done_at for each in before if each.done_at is not None), default=None)


def _chain(root: str, known: dict[str, Document], after: dict[str, list[DocumentLink]]) -> list[str]:
    """Return a document and all that follows from it, what comes first first."""
    depth = {root: 0}
    front = [root]
    while front:
        following = []
        for each in front:
            for link in after.get(each, ()):
                if link.to_id in known and link.to_id not in depth:
                    depth[link.to_id] = depth[each] + 1
                    following.append(link.to_id)
        front = following
    return sorted(
        depth, key=lambda each: (depth[each], known[each].created_at or known[each].updated_at, each)
    )


def worth_of(orders: Iterable[BoardOrder]) -> list[Money]:
    """Return what orders are worth, a sum for each currency, the greatest first."""
    sums: dict[str, Decimal] = {}
    for each in orders:
        if each.worth is not None:
            sums[each.currency or ""] = sums.get(each.currency or "", Decimal(0)) + each.worth
    return [Money(currency, f"{sums[currency]:f}") for currency in sorted(sums, key=lambda each: -sums[each])]


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER))
